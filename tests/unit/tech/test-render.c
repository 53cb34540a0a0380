/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-render.c: batches for the tools, word by word
 *
 * Each folder of cases/ is a test: the batches that lead from before/ (or an empty kernel) to the case are compared
 * with expected.batch. With NWF_WRITE_EXPECTED set in the environment the files are written instead; then read the
 * difference before you commit it. That the kernel takes these batches and what it makes of them is shown by kernel/.
 */
#include "tests/unit/tech/harness.h"

#include <glib/gstdio.h>
#include <string.h>

static const char *const tools[] = {"ebtables", "iptables", "ip6tables"};

/* Brings @model to the old plans of @changes. */
static void
reach_before(NwfModel *model, NwfLayer layer, GPtrArray *changes)
{
    g_autoptr(GPtrArray) earlier = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < changes->len; i++) {
        const NwfPlanChange *change = g_ptr_array_index(changes, i);
        g_ptr_array_add(earlier, nwf_plan_change_new(change->port, NULL, change->old_plan));
    }
    g_autoptr(NwfBatch) batch = nwf_render(model, layer, earlier, &error);
    g_assert_no_error(error);
    nwf_model_applied(model, batch->text->str);
}

static char *
batches_of(GPtrArray *changes)
{
    GString *out = g_string_new(NULL);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfModel) model = nwf_model_new(layer);
        g_autoptr(GError) error = NULL;
        reach_before(model, layer, changes);
        g_autoptr(NwfBatch) batch = nwf_render(model, layer, changes, &error);
        g_assert_no_error(error);
        if (batch->n_lines > 0)
            g_string_append_printf(out, "# %s\n%s", tools[layer], batch->text->str);
    }
    return g_string_free(out, FALSE);
}

static void
compare_with_file(const char *batches, const char *path)
{
    if (g_getenv("NWF_WRITE_EXPECTED")) {
        g_assert_true(g_file_set_contents(path, batches, -1, NULL));
        return;
    }
    g_autofree char *expected = harness_text(path);
    g_assert_cmpstr(batches, ==, expected);
}

static void
test_case_gives_expected_batches(gconstpointer name)
{
    g_autofree char *folder = harness_path("cases", name, NULL);
    g_autofree char *path = g_build_filename(folder, "expected.batch", NULL);
    g_autoptr(GPtrArray) changes = harness_changes(folder);
    g_autofree char *batches = batches_of(changes);

    compare_with_file(batches, path);
}

/* Every rule of a batch is traced to the filter and line it comes from, every other line to its port or to nobody. */
static void
test_origins_keep_step_with_lines(gconstpointer name)
{
    g_autofree char *folder = harness_path("cases", name, NULL);
    g_autoptr(GPtrArray) changes = harness_changes(folder);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfModel) model = nwf_model_new(layer);
        g_autoptr(NwfBatch) batch = nwf_render(model, layer, changes, NULL);
        g_auto(GStrv) lines = g_strsplit(batch->text->str, "\n", -1);

        g_assert_cmpuint(batch->n_lines, ==, batch->origins->len);
        g_assert_cmpuint(batch->n_lines, ==,
                         g_strv_length(lines) - (batch->n_lines > 0) - (batch->n_lines == 0 && *lines));
        for (guint i = 0; i < batch->n_lines; i++) {
            const NwfOrigin *origin = &g_array_index(batch->origins, NwfOrigin, i);
            gboolean framing = strchr("*C", lines[i][0]) != NULL;
            g_assert_true(*lines[i]);
            if (framing)
                g_assert_null(origin->port);
            if (origin->filter) {
                g_assert_true(g_str_has_prefix(lines[i], "-A "));
                g_assert_cmpuint(origin->line, >, 0);
                g_assert_nonnull(origin->port);
            }
        }
    }
}

/* Shipped filters are not ours to copy: they are read where the package has put them, if they are ones known here. */
static const struct {
    const char *checksum; /* how the SHA-256 of all files in the order of their names begins */
    const char *expected;
} shipped[] = {
    {"c3d60e67", "shipped.batch"},    /* 9.0.0, 11.3.0 */
    {"d83ead93", "shipped-12.batch"}, /* 12.8.0: QEMU's announcements are RARP only, and end all other RARP */
};

static const char shipped_directory[] = "/usr/share/libvirt/nwfilter";

/* The file of expectations for the filters of this machine, or NULL. */
static const char *
expected_of_shipped(GPtrArray *names)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(shipped_directory, g_ptr_array_index(names, i), NULL);
        g_autofree char *text = harness_text(path);
        g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text));
    }
    for (guint i = 0; i < G_N_ELEMENTS(shipped); i++)
        if (g_str_has_prefix(g_checksum_get_string(checksum), shipped[i].checksum))
            return shipped[i].expected;
    g_test_message("%u filters with checksum %.8s", names->len, g_checksum_get_string(checksum));
    return NULL;
}

static void
test_shipped_filters(void)
{
    g_autoptr(GPtrArray) names = harness_names(shipped_directory);
    g_autoptr(GString) all = g_string_new(NULL);
    const char *expected = expected_of_shipped(names);

    if (!expected) {
        g_test_skip("the filters of this machine are not those of a known release of libvirt");
        return;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *root = g_strndup(g_ptr_array_index(names, i), strlen(g_ptr_array_index(names, i)) - 4);
        const char *params = strstr(root, "v6")
                                 ? "IPV6=fe80::1 DHCPSERVER=fe80::3"
                                 : "IP=10.0.0.1 IP=10.0.0.2 DHCPSERVER=10.0.0.3 GATEWAY_MAC=52:54:00:00:00:01";
        g_autoptr(NwfPlan) plan = harness_plan_from(shipped_directory, root, params);
        g_autoptr(GPtrArray) changes = harness_change("vnet0", NULL, plan);
        g_autofree char *batches = batches_of(changes);
        g_string_append_printf(all, "## %s\n%s", root, batches);
    }
    g_autofree char *path = harness_path(expected, NULL);
    compare_with_file(all->str, path);
}

/* --- what a batch must not do --- */

#define ACCEPT_ALL "<rule action='accept' direction='inout'/>"
/* Takes a dispatch rule out and puts it back: refused if somebody has flushed the table. */
#define ASKS_I     "-D PREROUTING -i v -j libvirt-I-v\n-A PREROUTING -i v -j libvirt-I-v\n"
#define ASKS_O     "-D POSTROUTING -o v -j libvirt-O-v\n-A POSTROUTING -o v -j libvirt-O-v\n"
#define DROP_TCP   "<rule action='drop' direction='out'><tcp/></rule>"

static NwfModel *
model_of(NwfLayer layer, const char *listing)
{
    NwfModel *model = nwf_model_new(layer);
    g_autoptr(GError) error = NULL;

    nwf_model_read(model, listing, &error);
    g_assert_no_error(error);
    return model;
}

static void
assert_batch(const NwfModel *model, NwfLayer layer, GPtrArray *changes, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfBatch) batch = nwf_render(model, layer, changes, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(batch->text->str, ==, expected);
}

static void
test_equal_plans_need_no_batch(void)
{
    g_autoptr(NwfPlan) a = harness_plan(ACCEPT_ALL DROP_TCP);
    g_autoptr(NwfPlan) b = harness_plan(ACCEPT_ALL DROP_TCP);
    g_autoptr(GPtrArray) changes = harness_change("vnet0", a, b);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfModel) model = nwf_model_new(layer);
        assert_batch(model, layer, changes, "");
    }
}

/* Somebody flushed the table: what is not there is not deleted. */
static void
test_removal_from_an_empty_table_is_nothing(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(ACCEPT_ALL DROP_TCP);
    g_autoptr(GPtrArray) changes = harness_change("vnet0", plan, NULL);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfModel) model = nwf_model_new(layer);
        assert_batch(model, layer, changes, "");
    }
}

/* An interrupted run of the stock driver left temporary chains, linked and not; all go with the next change. */
static void
test_leftovers_of_an_interrupted_run_go(void)
{
    g_autoptr(NwfModel) model = model_of(NWF_LAYER_ETHERNET, "*nat\n"
                                                             ":PREROUTING ACCEPT\n"
                                                             ":POSTROUTING ACCEPT\n"
                                                             ":libvirt-J-v ACCEPT\n:J-v-mac ACCEPT\n"
                                                             ":libvirt-P-v ACCEPT\n:P-v-ipv4 ACCEPT\n"
                                                             "-A PREROUTING -i v -j libvirt-J-v\n"
                                                             "-A libvirt-J-v -j J-v-mac\n"
                                                             "-A libvirt-P-v -p IPv4 -j P-v-ipv4\n");
    g_autoptr(NwfPlan) plan = harness_plan("<rule action='drop' direction='out'/>");
    g_autoptr(GPtrArray) changes = harness_change("v", NULL, plan);

    assert_batch(model, NWF_LAYER_ETHERNET, changes,
                 "*nat\n"
                 ":libvirt-I-v ACCEPT\n"
                 "-F J-v-mac\n-F P-v-ipv4\n-F libvirt-J-v\n-F libvirt-P-v\n"
                 "-A libvirt-I-v -j DROP\n"
                 "-A PREROUTING -i v -j libvirt-I-v\n"
                 "-D PREROUTING -i v -j libvirt-J-v\n"
                 "-X J-v-mac\n-X P-v-ipv4\n-X libvirt-J-v\n-X libvirt-P-v\n");
}

/* Doubled rules, the old form of libvirt-out, an in-post rule without chains: one of each remains, or none. */
static void
test_dispatch_rules_are_put_right(void)
{
    static const char listing[] =
        "*filter\n"
        ":FORWARD ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n"
        ":libvirt-in - [0:0]\n:libvirt-out - [0:0]\n:libvirt-in-post - [0:0]\n:libvirt-host-in - [0:0]\n"
        ":FI-v - [0:0]\n:FO-v - [0:0]\n:HI-v - [0:0]\n"
        "-A FORWARD -j libvirt-in\n-A FORWARD -s 1.1.1.1/32 -j ACCEPT\n-A FORWARD -j libvirt-in\n"
        "-A libvirt-in -m physdev --physdev-in v -g FI-v\n"
        "-A libvirt-in -m physdev --physdev-in v -g FI-v\n"
        "-A libvirt-out -m physdev  --physdev-out v -g FO-v\n"
        "-A libvirt-in-post -m physdev --physdev-in v -j ACCEPT\n"
        "-A libvirt-in-post -m physdev --physdev-in w -j ACCEPT\n"
        "COMMIT\n";
    g_autoptr(NwfModel) model = model_of(NWF_LAYER_IPV4, listing);
    g_autoptr(NwfPlan) plan = harness_plan("<rule action='drop' direction='out'><tcp state='NEW'/></rule>");
    g_autoptr(GPtrArray) changes = harness_change("v", NULL, plan);
    g_autoptr(GPtrArray) gone = harness_change("w", NULL, NULL);

    assert_batch(model, NWF_LAYER_IPV4, changes,
                 "*filter\n"
                 ":FI-v - [0:0]\n:FO-v - [0:0]\n:HI-v - [0:0]\n"
                 "-A FI-v -p tcp -m conntrack --ctstate NEW -j DROP\n"
                 "-A HI-v -p tcp -m conntrack --ctstate NEW -j DROP\n"
                 "-D libvirt-in -m physdev --physdev-in v -g FI-v\n"
                 "-A libvirt-out -m physdev --physdev-is-bridged --physdev-out v -g FO-v\n"
                 "-D libvirt-out -m physdev --physdev-out v -g FO-v\n"
                 "-A libvirt-host-in -m physdev --physdev-in v -g HI-v\n"
                 "-D FORWARD -j libvirt-in\n-D FORWARD -j libvirt-in\n"
                 "-I FORWARD 1 -j libvirt-in\n-I FORWARD 2 -j libvirt-out\n-I FORWARD 3 -j libvirt-in-post\n"
                 "-I INPUT 1 -j libvirt-host-in\n"
                 "COMMIT\n");
    g_assert_true(nwf_model_holds(model, "w"));
    g_autoptr(NwfBatch) batch = nwf_render(model, NWF_LAYER_IPV4, gone, NULL);
    g_assert_nonnull(strstr(batch->text->str, "-D libvirt-in-post -m physdev --physdev-in w -j ACCEPT\n"));
    g_assert_null(strstr(batch->text->str, "FI-v"));
}

/* "I-a-mac-ipv4" can be read for the ports a and a-mac; the one whose root leads there has it. */
static void
test_ports_that_share_a_name_are_kept_apart(void)
{
    static const char listing[] = "*nat\n:libvirt-I-a ACCEPT\n:libvirt-I-a-mac ACCEPT\n:I-a-mac-ipv4 ACCEPT\n"
                                  "-A PREROUTING -i a -j libvirt-I-a\n-A PREROUTING -i a-mac -j libvirt-I-a-mac\n"
                                  "-A libvirt-I-a-mac -p IPv4 -j I-a-mac-ipv4\n-A libvirt-I-a -j DROP\n";
    g_autoptr(NwfModel) model = model_of(NWF_LAYER_ETHERNET, listing);
    g_autoptr(GPtrArray) removal = harness_change("a", NULL, NULL);
    g_autofree char *folder = harness_path("cases", "e19-sub-chain", NULL);
    g_autoptr(GPtrArray) example = harness_changes(folder);
    NwfPlan *with_ipv4 = ((NwfPlanChange *)g_ptr_array_index(example, 0))->new_plan;
    g_autoptr(GPtrArray) refill = harness_change("a-mac", NULL, with_ipv4);
    g_autoptr(NwfBatch) refilled = nwf_render(model, NWF_LAYER_ETHERNET, refill, NULL);

    assert_batch(model, NWF_LAYER_ETHERNET, removal,
                 "*nat\n-F libvirt-I-a\n-D PREROUTING -i a -j libvirt-I-a\n-X libvirt-I-a\n");
    g_assert_nonnull(refilled);
    g_assert_null(strstr(refilled->text->str, "-X"));
    g_assert_null(strstr(refilled->text->str, "libvirt-I-a "));
}

static NwfPlan *
plan_with_chain(const char *chain)
{
    g_autofree char *directory = g_dir_make_tmp("nwf-XXXXXX", NULL);
    g_autofree char *root = g_build_filename(directory, "root.xml", NULL);
    g_autofree char *inner = g_build_filename(directory, "inner.xml", NULL);
    g_autofree char *text =
        g_strdup_printf("<filter name='inner' chain='%s'><rule action='drop' direction='out'/></filter>", chain);

    g_assert_true(g_file_set_contents(root, "<filter name='root'><filterref filter='inner'/></filter>", -1, NULL));
    g_assert_true(g_file_set_contents(inner, text, -1, NULL));
    NwfPlan *plan = harness_plan_from(directory, "root", "IP=10.0.0.1");
    g_assert_cmpint(g_remove(root) | g_remove(inner) | g_rmdir(directory), ==, 0);
    return plan;
}

/* Both would need I-a-mac-ipv4: refused, whether the other is already there or in the same batch. */
static void
test_two_owners_of_one_name_are_refused(void)
{
    g_autoptr(NwfModel) model = nwf_model_new(NWF_LAYER_ETHERNET);
    g_autoptr(NwfPlan) mac_ipv4 = plan_with_chain("mac-ipv4");
    g_autoptr(NwfPlan) ipv4 = plan_with_chain("ipv4");
    g_autoptr(GPtrArray) both = harness_change("a", NULL, mac_ipv4);
    g_autoptr(GPtrArray) second = harness_change("a-mac", NULL, ipv4);
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(both, nwf_plan_change_new("a-mac", NULL, ipv4));
    g_assert_null(nwf_render(model, NWF_LAYER_ETHERNET, both, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    g_clear_error(&error);

    g_ptr_array_set_size(both, 1);
    g_autoptr(NwfBatch) first = nwf_render(model, NWF_LAYER_ETHERNET, both, &error);
    g_assert_no_error(error);
    nwf_model_applied(model, first->text->str);
    g_assert_null(nwf_render(model, NWF_LAYER_ETHERNET, second, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    g_assert_nonnull(strstr(error->message, "'a-mac' and 'a' would share the chain 'I-a-mac-ipv4'"));
}

/* The administrator's own rule leads into our sub-chain: deleting it would make the tool refuse everything. */
static void
test_a_chain_with_a_foreign_user_is_left(void)
{
    static const char listing[] = "*nat\n:libvirt-I-v ACCEPT\n:I-v-mac ACCEPT\n:mine ACCEPT\n"
                                  "-A PREROUTING -i v -j libvirt-I-v\n-A libvirt-I-v -j I-v-mac\n-A mine -j I-v-mac\n";
    g_autoptr(NwfModel) model = model_of(NWF_LAYER_ETHERNET, listing);
    g_autoptr(GPtrArray) changes = harness_change("v", NULL, NULL);

    assert_batch(model, NWF_LAYER_ETHERNET, changes,
                 "*nat\n-F libvirt-I-v\n-D PREROUTING -i v -j libvirt-I-v\n-X libvirt-I-v\n");
}

/* Closing takes the sub-chains with it, so the batch after it starts clean. */
static void
test_closing_drops_in_both_directions(void)
{
    static const char listing[] = "*nat\n:libvirt-I-v ACCEPT\n:I-v-mac ACCEPT\n"
                                  "-A PREROUTING -i v -j libvirt-I-v\n-A libvirt-I-v -j I-v-mac\n-A I-v-mac -j DROP\n";
    g_autoptr(NwfModel) model = model_of(NWF_LAYER_ETHERNET, listing);
    g_autoptr(NwfRules) closed = nwf_rules_new_closed();
    g_autoptr(GPtrArray) changes = harness_change("v", NULL, nwf_rules_plan(closed, NULL));

    assert_batch(model, NWF_LAYER_ETHERNET, changes,
                 "*nat\n:libvirt-I-v ACCEPT\n:libvirt-O-v ACCEPT\n-F libvirt-I-v\n-F I-v-mac\n"
                 "-A libvirt-I-v -j DROP\n-A libvirt-O-v -j DROP\n" ASKS_I
                 "-A POSTROUTING -o v -j libvirt-O-v\n-X I-v-mac\n");
}

/*
 * Chains that stay the same are left out, but only where our own batch was the last that is known of them: what was
 * listed since may be anybody's.
 */
static void
test_what_was_listed_is_written_again(void)
{
    static const char listing[] = "*nat\n:libvirt-I-v ACCEPT\n:libvirt-O-v ACCEPT\n"
                                  "-A PREROUTING -i v -j libvirt-I-v\n-A POSTROUTING -o v -j libvirt-O-v\n";
    g_autoptr(NwfModel) model = nwf_model_new(NWF_LAYER_ETHERNET);
    g_autoptr(NwfPlan) old_plan = harness_plan("<rule action='drop' direction='out'><mac protocolid='0x1001'/></rule>"
                                               "<rule action='drop' direction='in'><mac protocolid='0x1002'/></rule>");
    g_autoptr(NwfPlan) new_plan = harness_plan("<rule action='drop' direction='out'><mac protocolid='0x1001'/></rule>"
                                               "<rule action='drop' direction='in'><mac protocolid='0x1003'/></rule>");
    g_autoptr(GPtrArray) changes = harness_change("v", old_plan, new_plan);

    reach_before(model, NWF_LAYER_ETHERNET, changes);
    assert_batch(model, NWF_LAYER_ETHERNET, changes,
                 "*nat\n:libvirt-O-v ACCEPT\n-F libvirt-O-v\n-A libvirt-O-v -p 0x1003 -j DROP\n" ASKS_I ASKS_O);
    g_assert_true(nwf_model_read(model, listing, NULL));
    assert_batch(model, NWF_LAYER_ETHERNET, changes,
                 "*nat\n:libvirt-I-v ACCEPT\n:libvirt-O-v ACCEPT\n-F libvirt-I-v\n-F libvirt-O-v\n"
                 "-A libvirt-I-v -p 0x1001 -j DROP\n"
                 "-A libvirt-O-v -p 0x1003 -j DROP\n" ASKS_I ASKS_O);
}

static void
test_names_that_tools_misread_are_refused(void)
{
    static const char *const good[] = {"vnet0", "a", "-j", "a-mac", "br0.5", "tap:1", "012345678901234", "\xc3\xa4"};
    static const char *const bad[] = {"",   "vnet+", "a b", "a\tb", "a\nb", "!a",
                                      "#a", "a\"b",  "a'b", "a\\b", "a/b",  "0123456789012345"};

    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(nwf_port_name_check(good[i], NULL));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(nwf_port_name_check(bad[i], &error));
        g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
    }
}

/* 252 lines for one rule: a list can take a port past the bound that the plan itself keeps. */
static void
test_lines_of_a_port_are_bounded(void)
{
    g_autoptr(GString) rules = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 79; i++)
        g_string_append(rules, "<rule action='return' direction='out'><ip match='no' dscp='1'/></rule>");
    g_autoptr(NwfPlan) fits = harness_plan(rules->str);
    g_string_append(rules, "<rule action='return' direction='out'><ip match='no' dscp='1'/></rule>");
    g_autoptr(NwfPlan) too_many = harness_plan(rules->str);

    g_assert_true(nwf_render_check("v", fits, &error));
    g_assert_no_error(error);
    g_assert_false(nwf_render_check("v", too_many, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = harness_path("cases", NULL);
    g_autoptr(GPtrArray) cases = harness_names(folder);

    g_assert_cmpuint(cases->len, >, 30);
    for (guint i = 0; i < cases->len; i++) {
        const char *name = g_ptr_array_index(cases, i);
        g_autofree char *golden = g_strconcat("/tech/render/case/", name, NULL);
        g_autofree char *origins = g_strconcat("/tech/render/origins/", name, NULL);
        g_test_add_data_func(golden, name, test_case_gives_expected_batches);
        g_test_add_data_func(origins, name, test_origins_keep_step_with_lines);
    }
    g_test_add_func("/tech/render/shipped", test_shipped_filters);
    g_test_add_func("/tech/render/equal-plans", test_equal_plans_need_no_batch);
    g_test_add_func("/tech/render/removal-from-empty", test_removal_from_an_empty_table_is_nothing);
    g_test_add_func("/tech/render/leftovers", test_leftovers_of_an_interrupted_run_go);
    g_test_add_func("/tech/render/dispatch", test_dispatch_rules_are_put_right);
    g_test_add_func("/tech/render/shared-name", test_ports_that_share_a_name_are_kept_apart);
    g_test_add_func("/tech/render/two-owners", test_two_owners_of_one_name_are_refused);
    g_test_add_func("/tech/render/foreign-user", test_a_chain_with_a_foreign_user_is_left);
    g_test_add_func("/tech/render/closing", test_closing_drops_in_both_directions);
    g_test_add_func("/tech/render/listed", test_what_was_listed_is_written_again);
    g_test_add_func("/tech/render/port-names", test_names_that_tools_misread_are_refused);
    g_test_add_func("/tech/render/bound", test_lines_of_a_port_are_bounded);
    return g_test_run();
}
