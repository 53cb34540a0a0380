/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-shipped.c: the filters that libvirt ships
 *
 * All of them make a plan; clean-traffic is written out, since it is the filter that most ports have. Skipped where
 * libvirt's configuration is not installed.
 */
#include "story.h"

static const char folder[] = "/usr/share/libvirt/nwfilter";

/* What the shipped filters ask for, in all; the filter for DHCPv6 servers means an IPv6 address by the same name. */
#define COMMON "MAC=52:54:00:7b:35:93 IP=10.0.0.1,10.0.0.2 IPV6=fe80::1 GATEWAY_MAC=52:54:00:00:00:01 DHCPSERVER="

static const char *
params_for(const char *filter)
{
    return strstr(filter, "dhcpv6") != NULL ? COMMON "fe80::2" : COMMON "10.0.0.254";
}

static World *
shipped_filters(void)
{
    World *world = world_new();
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;

        if (g_str_has_suffix(name, ".xml") && g_file_get_contents(path, &text, NULL, NULL))
            world_add(world, text);
    }
    return world;
}

static NwfPlan *
shipped_plan(World *world, const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfTree) tree = world_tree(world, name, &error);
    g_autoptr(NwfParams) supplied = params_of(text);
    g_autoptr(NwfTemplate) template = NULL;
    g_autoptr(NwfValues) values = NULL;
    NwfPlan *plan;

    g_assert_no_error(error);
    template = nwf_template_new(tree, supplied, &error);
    g_assert_no_error(error);
    values = nwf_values_new(template, supplied, NULL, NULL, &error);
    g_assert_no_error(error);
    plan = nwf_plan_new(template, values, &error);
    g_assert_no_error(error);
    return plan;
}

static void
test_every_filter(void)
{
    g_autoptr(World) world = shipped_filters();
    GHashTableIter iter;
    gpointer name;

    if (g_hash_table_size(world) == 0) {
        g_test_skip("no filters are installed");
        return;
    }
    g_hash_table_iter_init(&iter, world);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_autoptr(NwfPlan) plan = shipped_plan(world, name, params_for(name));
        g_autoptr(NwfPlan) again = shipped_plan(world, name, params_for(name));
        g_autofree char *text = plan_text(plan), *same = plan_text(again);

        g_assert_cmpuint(plan->n_rules, >, 0);
        g_assert_cmpstr(text, ==, same);
        for (guint layer = 0; layer < NWF_LAYERS; layer++)
            g_assert_true(nwf_plan_layer_equal(plan, again, layer));
    }
}

/* Between the two parts libvirt 9 has a rule for an announcement that later releases dropped. */
static const char clean_from_vm[] =
    "I JUMP mac\nI JUMP ipv4-ip\nI mac type=ipv4 ACCEPT\nI JUMP arp-mac\nI JUMP arp-ip\nI mac type=arp ACCEPT\n"
    "I JUMP rarp\n";
static const char clean_to_vm[] = "O JUMP ipv4\nO mac type=arp ACCEPT\nO JUMP rarp\nO DROP\n";

static void
test_clean_traffic(void)
{
    g_autoptr(World) world = shipped_filters();
    g_autoptr(NwfPlan) plan = NULL;
    g_autofree char *text = NULL, *from_vm = NULL, *to_vm = NULL, *ip = NULL;

    if (!g_hash_table_contains(world, "clean-traffic")) {
        g_test_skip("clean-traffic is not installed");
        return;
    }
    plan = shipped_plan(world, "clean-traffic", "MAC=52:54:00:7b:35:93 IP=10.0.0.1");
    text = plan_text(plan);
    from_vm = lines_of(text, "I");
    to_vm = lines_of(text, "O");
    ip = lines_of(text, "I/ipv4-ip");
    g_assert_true(g_str_has_prefix(from_vm, clean_from_vm));
    g_assert_true(g_str_has_suffix(from_vm, "I DROP\n"));
    g_assert_cmpstr(to_vm, ==, clean_to_vm);
    g_assert_cmpstr(ip, ==,
                    "I/ipv4-ip ip src=0.0.0.0 proto=udp RETURN\nI/ipv4-ip ip src=10.0.0.1 RETURN\nI/ipv4-ip DROP\n");
    g_assert_cmpuint(plan->chains->len, ==, 9);
    g_assert_false(plan->uses[NWF_LAYER_IPV4]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/shipped/every-filter", test_every_filter);
    g_test_add_func("/plan/shipped/clean-traffic", test_clean_traffic);
    return g_test_run();
}
