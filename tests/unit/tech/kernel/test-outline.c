/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-outline.c: tables in which somebody has put rules, with nft, that the tools cannot list
 */
#include "driver/tech/ebiptables/outline.h"
#include "driver/tech/ebiptables/parse_rule.h"
#include "tests/unit/tech/kernel/subject.h"

#include <string.h>

#define ILLEGIBLE_IPV4   "ip filter FORWARD ct state established,related accept"
#define ILLEGIBLE_INPUT  "ip filter INPUT meta skuid 5 counter"
#define ILLEGIBLE_IPV6   "ip6 filter FORWARD ct state established,related accept"
#define ILLEGIBLE_BRIDGE "bridge nat PREROUTING meta mark set numgen inc mod 2"

static NwfModel *
listed(NwfLayer layer)
{
    g_autofree char *text = sandbox_listing(layer);
    NwfModel *state = nwf_model_new(layer);
    g_autoptr(GError) error = NULL;

    nwf_model_read(state, text, &error);
    g_assert_no_error(error);
    return state;
}

static NwfModel *
outlined(NwfLayer layer)
{
    g_autofree char *text = nwf_outline(&nwf_ebiptables_tables[layer]);
    NwfModel *state = nwf_model_new(layer);

    g_assert_nonnull(text);
    nwf_model_read_outline(state, text);
    g_assert_true(state->outlined);
    return state;
}

/* The outline says of each port what the listing says, and of base jumps; and that it can be compared with nothing. */
static void
assert_same_outline(const char *what)
{
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfModel) by_tool = listed(layer), by_kernel = outlined(layer);
        g_autoptr(GPtrArray) ports = nwf_model_ports(by_tool), same = nwf_model_ports(by_kernel);

        g_test_message("%s, layer %d: %u ports", what, layer, ports->len);
        g_assert_cmpuint(ports->len, ==, same->len);
        g_assert_cmpint(nwf_model_base_is_right(by_tool), ==, nwf_model_base_is_right(by_kernel));
        for (guint i = 0; i < NWF_BASE_JUMPS; i++)
            g_assert_cmpuint(by_tool->base_jumps[i], ==, by_kernel->base_jumps[i]);
        for (guint i = 0; i < ports->len; i++) {
            g_assert_cmpstr(g_ptr_array_index(ports, i), ==, g_ptr_array_index(same, i));
            g_assert_true(nwf_compare_outline(by_tool, by_kernel, g_ptr_array_index(ports, i)));
            g_assert_false(nwf_compare(by_kernel, by_tool, g_ptr_array_index(ports, i)));
        }
    }
}

/* Every case of the printer, in the kernel. */
static void
test_says_what_the_listing_says(void)
{
    g_autofree char *folder = harness_path("..", "cases", NULL);
    g_autoptr(GPtrArray) names = harness_names(folder);

    g_assert_cmpuint(names->len, >, 20);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = harness_path("..", "cases", g_ptr_array_index(names, i), NULL);
        g_autoptr(GPtrArray) changes = harness_changes(path);
        g_autoptr(GError) error = NULL;

        sandbox_fresh();
        g_autoptr(Backend) backend = backend_new();
        if (!apply_plans(backend, changes, NULL, &error)) {
            g_test_message("%s: %s", (char *)g_ptr_array_index(names, i), error->message); /* wants a set, or is refused */
            continue;
        }
        assert_same_outline(g_ptr_array_index(names, i));
    }
}

/* All forms of dispatch rules, and forms that come near to them but are somebody else's. */
static void
test_knows_its_own_forms(void)
{
    sandbox_fresh();
    for (guint i = 0; i < NWF_DISPATCHES; i++) {
        const NwfDispatch *dispatch = &nwf_dispatches[i];
        g_autofree char *target = nwf_dispatch_target(dispatch, "v");
        g_autoptr(GString) spec = g_string_new(NULL);
        nwf_dispatch_spec(spec, dispatch, "v");
        const char *tool = dispatch->ip ? "iptables" : "ebtables -t nat";
        g_autofree char *script = g_strdup_printf(
            "%s -N %s 2>/dev/null || :; %s -N %s 2>/dev/null || :; %s -A %s", tool, dispatch->ip ? dispatch->base : "mine", tool,
            target ? target : "mine", tool, spec->str);
        g_free(sandbox_run(script));
    }
    assert_same_outline("all forms");
    for (NwfLayer layer = NWF_LAYER_ETHERNET; layer <= NWF_LAYER_IPV4; layer++) {
        g_autoptr(NwfModel) state = outlined(layer);
        for (guint i = 0; i < NWF_DISPATCHES; i++)
            g_assert_cmpuint(nwf_model_dispatch(state, "v", i), ==,
                             nwf_dispatches[i].ip == nwf_layer_is_ip(layer) ? 1 : 0);
    }

    sandbox_fresh();
    g_free(sandbox_run("for p in a b c d e; do ebtables -t nat -N libvirt-I-$p; iptables -N FI-$p; done; iptables -N libvirt-in;"
                       "ebtables -t nat -A PREROUTING -i a -p ARP -j libvirt-I-a;"
                       "ebtables -t nat -A PREROUTING -i b+ -j libvirt-I-b;"
                       "ebtables -t nat -A PREROUTING ! -i c -j libvirt-I-c;"
                       "ebtables -t nat -A PREROUTING -i d -s 02:00:00:00:00:01 -j libvirt-I-d;"
                       "ebtables -t nat -A PREROUTING -j libvirt-I-e;"
                       "iptables -A libvirt-in -m physdev --physdev-in a -p tcp -g FI-a;"
                       "iptables -A libvirt-in -m physdev --physdev-in b+ -g FI-b;"
                       "iptables -A libvirt-in -m physdev ! --physdev-in c -g FI-c;"
                       "iptables -A libvirt-in -m physdev --physdev-in d -j FI-d;"
                       "iptables -A libvirt-in -m physdev --physdev-in e --physdev-is-bridged -g FI-e;"
                       "iptables -A FORWARD -p tcp -j libvirt-in"));
    assert_same_outline("none of ours");
    for (NwfLayer layer = NWF_LAYER_ETHERNET; layer <= NWF_LAYER_IPV4; layer++) {
        g_autoptr(NwfModel) state = outlined(layer);
        g_autoptr(GPtrArray) ports = nwf_model_ports(state);
        g_assert_cmpuint(ports->len, ==, 0);
        g_assert_cmpuint(state->base_jumps[0], ==, 0);
    }
}

static void
test_no_table_is_an_empty_one(void)
{
    sandbox_fresh();
    g_autofree char *text = nwf_outline(&nwf_ebiptables_tables[NWF_LAYER_IPV4]);
    g_assert_cmpstr(text, ==, "*filter\n");
}

/* Puts a rule that the tools cannot list first or last into each of our tables. */
static void
make_illegible(const char *how)
{
    g_autofree char *script =
        g_strdup_printf("nft '%s rule " ILLEGIBLE_IPV4 "; %s rule " ILLEGIBLE_INPUT "; %s rule " ILLEGIBLE_IPV6
                        "; %s rule " ILLEGIBLE_BRIDGE "'",
                        how, how, how, how);
    g_free(sandbox_run(script));
}

static void
make_legible(void)
{
    g_free(sandbox_run("for c in 'ip filter FORWARD' 'ip filter INPUT' 'ip6 filter FORWARD' 'bridge nat PREROUTING'; do "
                       "  nft -a list chain $c | sed -n 's/.*\\(skuid\\|ct state\\|numgen\\).*# handle //p' | "
                       "  while read -r n; do nft delete rule $c handle $n; done; "
                       "done"));
}

/* Ports are made, changed, taken over and removed as if nobody had put anything there. */
static void
test_life_beside_illegible_rules(gconstpointer how)
{
    g_autoptr(NwfPlan) old_plan = harness_plan(ETHERNET_A IPV4_A IPV6_A);
    g_autoptr(NwfPlan) new_plan = harness_plan(ETHERNET_A ETHERNET_B IPV4_B IPV6_A);
    g_autoptr(GPtrArray) ports = NULL;

    sandbox_fresh();
    g_autoptr(Backend) untouched = backend_new();
    apply(untouched, "v", NULL, old_plan);
    apply(untouched, "w", NULL, new_plan);
    g_autofree char *wanted = everything();

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, new_plan);
    make_illegible(how);
    g_assert_true(reread(backend, NULL, &ports, NULL));
    apply(backend, "v", NULL, old_plan);
    apply(backend, "w", NULL, old_plan);
    apply(backend, "w", old_plan, new_plan);

    g_autoptr(Backend) next = backend_new(); /* after a restart */
    g_clear_pointer(&ports, g_ptr_array_unref);
    g_assert_true(next->read(next, &ports, NULL, NULL));
    g_assert_cmpuint(ports->len, ==, 2);
    apply(next, "v", NULL, old_plan);
    apply(next, "w", NULL, new_plan);
    g_autofree char *forward = sandbox_run("nft list chain ip filter FORWARD");
    const char *ours = strstr(forward, "jump libvirt-in "), *theirs = strstr(forward, "established");
    g_assert_nonnull(theirs);
    if (ours)
        g_assert_true(ours < theirs);
    else
        g_assert_nonnull(strstr(forward, "jump libvirt-in"));
    make_legible();
    g_clear_pointer(&ports, g_ptr_array_unref);
    g_assert_true(reread(next, NULL, &ports, NULL));
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();
    g_assert_true(apply_plans(next, nothing, NULL, NULL));
    g_autofree char *after = everything();
    g_assert_cmpstr(after, ==, wanted);
    apply(next, "w", NULL, NULL);
    apply(next, "v", NULL, NULL);
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
    assert_listing(NWF_LAYER_IPV4, BASE_ONLY);
}

/*
 * A port is removed as well: what leads to its chains may have to stay, but leads to nothing. It is asked for once, and done
 * when the tables are legible again. Meanwhile a port of the same name has its rules.
 */
static void
test_removed_beside_illegible_rules(gconstpointer how)
{
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A ETHERNET_B IPV4_A IPV6_A);
    g_autoptr(GPtrArray) ports = NULL;

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, plan);
    apply(backend, "w", NULL, plan);
    make_illegible(how);
    g_autoptr(Backend) next = backend_new();
    apply(next, "w", NULL, NULL);
    apply(next, "v", NULL, NULL);
    g_autofree char *chain = sandbox_run("nft list chain bridge nat libvirt-I-v");
    assert_lacks(chain, "drop");
    assert_lacks(chain, "accept");
    g_free(sandbox_record());
    g_autoptr(Backend) third = backend_new();
    g_free(sandbox_record());
    apply(third, "v", NULL, NULL);
    assert_ran("");
    apply(third, "v", NULL, plan);
    g_autofree char *full = sandbox_run("nft list chain bridge nat libvirt-I-v; nft list chain bridge nat PREROUTING");
    assert_contains(full, "drop");
    assert_contains(full, "jump libvirt-I-v");
    apply(third, "v", plan, NULL);
    make_legible();
    g_assert_true(reread(third, NULL, &ports, NULL));
    for (guint i = 0; i < ports->len; i++)
        apply(third, g_ptr_array_index(ports, i), NULL, NULL);
    assert_listing(NWF_LAYER_ETHERNET, EMPTY_NAT);
    assert_listing(NWF_LAYER_IPV4, BASE_ONLY);
}

/* Rules before ours in a base chain of ours: ours are put before them, once. */
static void
test_illegible_rules_in_a_base_chain(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(IPV4_A);
    g_autoptr(GPtrArray) ports = NULL, nothing = g_ptr_array_new();

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, plan);
    g_autofree char *wanted = everything();
    g_free(sandbox_run("nft 'insert rule ip filter libvirt-in ct state established accept'"));
    g_assert_true(reread(backend, NULL, &ports, NULL));
    apply(backend, "v", plan, plan);
    g_autofree char *chain = sandbox_run("nft list chain ip filter libvirt-in");
    g_assert_true(strstr(chain, "FI-v") < strstr(chain, "established"));
    g_free(sandbox_record());
    g_autoptr(Backend) next = backend_new();
    g_free(sandbox_record());
    g_assert_true(apply_plans(next, nothing, NULL, NULL));
    assert_ran("");
    apply(next, "v", NULL, plan);
    g_autofree char *same = sandbox_run("nft list chain ip filter libvirt-in");
    g_assert_cmpstr(same, ==, chain);
    g_free(sandbox_run("n=$(nft -a list chain ip filter libvirt-in | sed -n 's/.*established.*handle //p'); "
                       "nft delete rule ip filter libvirt-in handle $n"));
    g_clear_pointer(&ports, g_ptr_array_unref);
    g_assert_true(reread(next, NULL, &ports, NULL));
    apply(next, "v", plan, plan);
    g_autofree char *after = everything();
    g_assert_cmpstr(after, ==, wanted);
}

/* What stands before such a rule is found by the tools: a leftover of the stock driver does not stay before our rule. */
static void
test_ours_before_illegible_rules(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(IPV4_A);
    g_autoptr(GPtrArray) ports = NULL;

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    apply(backend, "v", NULL, plan);
    g_free(sandbox_run("iptables -N FJ-v; iptables -I libvirt-in -m physdev --physdev-in v -g FJ-v;"
                       "for c in libvirt-in libvirt-out libvirt-in-post libvirt-host-in; do "
                       "nft add rule ip filter $c ct state established accept; done"));
    g_assert_true(reread(backend, NULL, &ports, NULL));
    apply(backend, "v", NULL, plan);
    g_autofree char *bound = sandbox_run("nft list table ip filter");
    assert_lacks(bound, "FJ-v");
    assert_contains(bound, "goto FI-v");
    apply(backend, "v", plan, NULL);
    g_autofree char *released = sandbox_run("nft list table ip filter");
    assert_lacks(released, "physdev");
    assert_lacks(released, "-v");
    assert_contains(released, "established");
}

/* Somebody else has many rules elsewhere, and goes on changing them: the outline is of one table, and told in time. */
static void
test_others_are_busy(void)
{
    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    g_autoptr(NwfPlan) plan = harness_plan(IPV4_A);
    apply(backend, "v", NULL, plan);
    g_free(sandbox_run("{ echo 'add table ip crowd'; echo 'add chain ip crowd many'; "
                       "seq 1 10000 | sed 's/.*/add rule ip crowd many tcp dport & drop/'; } | nft -f -;"
                       "(i=0; while [ $i -lt 100 ]; do nft add table ip noise; nft delete table ip noise; i=$((i+1)); "
                       "done) >/dev/null 2>&1 &"));
    for (guint i = 0; i < 50; i++) {
        g_autofree char *text = nwf_outline(&nwf_ebiptables_tables[NWF_LAYER_IPV4]);
        g_assert_nonnull(text);
        assert_contains(text, "-g FI-v");
        assert_lacks(text, "crowd");
        g_usleep(10 * 1000);
    }
}

static void
add(void)
{
    static const KernelTest tests[] = {
        {"outline/says-what-the-listing-says", test_says_what_the_listing_says},
        {"outline/knows-its-own-forms", test_knows_its_own_forms},
        {"outline/no-table", test_no_table_is_an_empty_one},
        {"outline/base-chain", test_illegible_rules_in_a_base_chain},
        {"outline/before", test_ours_before_illegible_rules},
        {"outline/busy", test_others_are_busy},
    };

    add_tests(tests, G_N_ELEMENTS(tests));
    g_test_add_data_func("/tech/kernel/outline/life/behind", "add", test_life_beside_illegible_rules);
    g_test_add_data_func("/tech/kernel/outline/life/before", "insert", test_life_beside_illegible_rules);
    g_test_add_data_func("/tech/kernel/outline/removed/behind", "add", test_removed_beside_illegible_rules);
    g_test_add_data_func("/tech/kernel/outline/removed/before", "insert", test_removed_beside_illegible_rules);
}

int
main(int argc, char **argv)
{
    return kernel_main(argc, argv, add);
}
