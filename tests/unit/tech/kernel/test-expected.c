/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-expected.c: how the tools would list ports, asked in parts
 */
#include "tests/unit/tech/kernel/subject.h"

#include <string.h>

/* In a tool: whether it runs in a dry run, which has another namespace than the process that started it. */
#define IN_DRY_RUN "[ $(readlink /proc/self/ns/net) != $(readlink /proc/$PPID/ns/net) ]"

enum { COPIES = 2 }; /* ports of each case */

static const NwfTool *
tool_of(Backend *backend, NwfLayer layer)
{
    return &((NwfEbiptables *)backend)->tools[layer];
}

static GPtrArray *
changes_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
}

/* Ports of all plans of the cases that have rules at @layer. */
static GPtrArray *
ports_of_all_cases(NwfLayer layer)
{
    g_autofree char *folder = harness_path("..", "cases", NULL);
    g_autoptr(GPtrArray) names = harness_names(folder), all = changes_new();

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *case_folder = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
        g_autoptr(GPtrArray) changes = harness_changes(case_folder);
        for (guint j = 0; j < COPIES * changes->len; j++) {
            const NwfPlanChange *change = g_ptr_array_index(changes, j % changes->len);
            g_autofree char *port = g_strdup_printf("p%u", all->len);
            if (change->new_plan && change->new_plan->uses[layer])
                g_ptr_array_add(all, nwf_plan_change_new(port, NULL, change->new_plan));
        }
    }
    return g_steal_pointer(&all);
}

static void
assert_same_port(const NwfModel *one, const NwfModel *other, const char *port)
{
    g_autoptr(GHashTable) chains = nwf_model_owned(one, port), others = nwf_model_owned(other, port);
    GHashTableIter iter;
    gpointer name;

    g_assert_cmpuint(g_hash_table_size(chains), >, 0);
    g_assert_cmpuint(g_hash_table_size(chains), ==, g_hash_table_size(others));
    g_hash_table_iter_init(&iter, chains);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        const NwfModelChain *there = nwf_model_chain(other, name);
        g_assert_nonnull(there);
        g_assert_cmpstr(nwf_model_chain(one, name)->listed->str, ==, there->listed->str);
    }
    for (guint i = 0; i < NWF_DISPATCHES; i++)
        g_assert_cmpuint(nwf_model_dispatch(one, port, i), ==, nwf_model_dispatch(other, port, i));
    g_assert_true(nwf_compare(one, other, port) && nwf_compare(other, one, port));
}

/* However the ports of all cases are cut, each is listed byte by byte as in one run of the tool. */
static void
test_parts_are_listed_as_the_whole(gconstpointer data)
{
    NwfLayer layer = GPOINTER_TO_UINT(data);
    g_autoptr(GPtrArray) changes = ports_of_all_cases(layer);
    static const guint lines[] = {1, 10, 30};

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    g_autoptr(GPtrArray) whole = nwf_expected_listings(tool_of(backend, layer), changes, G_MAXUINT);
    g_assert_cmpuint(whole->len, ==, 1);
    const NwfExpected *all = g_ptr_array_index(whole, 0);
    g_assert_no_error(all->error);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GPtrArray) parts = nwf_expected_listings(tool_of(backend, layer), changes, lines[i]);
        guint next = 0;
        g_assert_cmpuint(parts->len, >, 1);
        g_assert_true(lines[i] > 1 || parts->len == changes->len);
        for (guint j = 0; j < parts->len; j++) {
            const NwfExpected *part = g_ptr_array_index(parts, j);
            g_assert_no_error(part->error);
            g_assert_cmpuint(part->from, ==, next);
            for (; next < part->to; next++)
                assert_same_port(all->listed, part->listed, ((NwfPlanChange *)g_ptr_array_index(changes, next))->port);
        }
        g_assert_cmpuint(next, ==, changes->len);
    }
}

static GPtrArray *
ports_with(NwfPlan *plan, guint n)
{
    GPtrArray *changes = changes_new();

    for (guint i = 0; i < n; i++) {
        g_autofree char *port = g_strdup_printf("p%u", i);
        g_ptr_array_add(changes, nwf_plan_change_new(port, NULL, plan));
    }
    return changes;
}

/* Parts are begun in their order; behind one that failed none is begun, and who was begun says why it failed. */
static void
test_a_failure_ends_the_search(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(ETHERNET_A);
    g_autoptr(GPtrArray) changes = ports_with(plan, 12);
    g_autoptr(GString) expected = g_string_new(NULL);
    guint begun = 0;

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    sandbox_spoil("ebtables-restore", "sleep 0.2; exit 2");
    g_autoptr(GPtrArray) parts = nwf_expected_listings(tool_of(backend, NWF_LAYER_ETHERNET), changes, 1);
    g_assert_cmpuint(parts->len, ==, 12);
    for (guint i = 0; i < parts->len; i++) {
        const NwfExpected *part = g_ptr_array_index(parts, i);
        g_assert_null(part->listed);
        g_assert_true(!part->error || begun == i);
        if (part->error) {
            g_assert_error(part->error, NWF_ERROR, NWF_ERROR_FIREWALL);
            g_string_append_printf(expected, "%sebtables-restore", begun++ ? " " : "");
        }
    }
    g_assert_cmpuint(begun, >=, 1);
    g_assert_cmpuint(begun, <, 12);
    assert_ran(expected->str);
}

/* The older tools wait for a lock that all namespaces share: no two of them run at once. */
static void
test_older_tools_take_turns(void)
{
    g_autoptr(NwfPlan) plan = harness_plan(IPV4_A);
    g_autoptr(GPtrArray) changes = ports_with(plan, 4);

    sandbox_fresh();
    g_autoptr(Backend) backend = backend_new();
    NwfTool older = *tool_of(backend, NWF_LAYER_IPV4);
    older.legacy = TRUE;
    sandbox_spoil("iptables-restore",
                  "mkdir /run/turn || exit 7; sleep 0.2; $REAL \"$@\"; s=$?; rmdir /run/turn; exit $s");
    g_autoptr(GPtrArray) parts = nwf_expected_listings(&older, changes, 1);
    for (guint i = 0; i < parts->len; i++)
        g_assert_no_error(((NwfExpected *)g_ptr_array_index(parts, i))->error);
    g_assert_cmpuint(parts->len, ==, 4);
}

/* A rule of its own for each number, so that a plan has many lines. */
static NwfPlan *
long_plan(guint rules)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < rules; i++)
        g_string_append_printf(text, "<rule action='drop' direction='out'><mac protocolid='0x%x'/></rule>", 0x1000 + i);
    return harness_plan(text->str);
}

/* Without the dispatch rules, of which those that were written again have moved to the end. */
static char *
rules_of_ports(const char *listing)
{
    g_autoptr(GPtrArray) rules = harness_lines(listing, "-A libvirt-I-");

    g_ptr_array_add(rules, NULL);
    return g_strjoinv("\n", (char **)rules->pdata);
}

/* Of several parts one is refused for one port: only that port is written again. */
static void
test_only_the_refused_port_is_written(void)
{
    g_autoptr(NwfPlan) plan = long_plan(NWF_EXPECTED_LINES * 3 / 8);
    g_autoptr(GPtrArray) changes = ports_with(plan, 5); /* in parts of two, two and one */
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_autoptr(Backend) first = backend_new();
    apply_plans(first, changes, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *before = everything();
    g_autoptr(Backend) second = backend_new();
    sandbox_spoil("ebtables-restore",
                  "t=$(mktemp -p /run); cat >$t; if " IN_DRY_RUN "; then ! grep -q libvirt-I-p1 $t || exit 2; "
                  "else cp $t /run/written; fi; exec $REAL \"$@\" <$t");
    apply_plans(second, changes, NULL, &error);
    g_assert_no_error(error);
    /* three parts, the two ports of the first one alone, and in earnest */
    g_autofree char *record = sandbox_record();
    g_auto(GStrv) runs = g_strsplit(record, "ebtables-restore", -1);
    g_assert_cmpuint(g_strv_length(runs) - 1, ==, 3 + 2 + 1);
    g_autofree char *written = harness_text("/run/written");
    assert_contains(written, "libvirt-I-p1");
    for (guint i = 0; i < changes->len; i++) {
        const char *port = ((const NwfPlanChange *)g_ptr_array_index(changes, i))->port;
        g_autofree char *chain = g_strconcat("libvirt-I-", port, NULL);
        g_assert_true(g_str_equal(port, "p1") || !strstr(written, chain));
    }
    g_autofree char *after = everything();
    g_autofree char *rules_before = rules_of_ports(before), *rules_after = rules_of_ports(after);
    g_assert_true(strlen(rules_before) > 0 && strcmp(rules_before, rules_after) == 0); /* it is too much to be shown */
}

static void
add(void)
{
    static const char *const names[NWF_LAYERS] = {"ethernet", "ipv4", "ipv6"};
    static const KernelTest tests[] = {
        {"expected/a-failure-ends-the-search", test_a_failure_ends_the_search},
        {"expected/older-tools-take-turns", test_older_tools_take_turns},
        {"expected/only-the-refused-port-is-written", test_only_the_refused_port_is_written},
    };

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autofree char *path = g_strconcat("/tech/kernel/expected/parts-are-listed-as-the-whole/", names[layer], NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(layer), test_parts_are_listed_as_the_whole);
    }
    add_tests(tests, G_N_ELEMENTS(tests));
}

int
main(int argc, char **argv)
{
    return kernel_main(argc, argv, add);
}
