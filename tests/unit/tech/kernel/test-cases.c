/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-cases.c: what the kernel makes of the cases
 *
 * Each case is applied to an empty kernel and the listing held against expected.save, which says what the stock
 * driver's rules look like there; then each change of the cases is made and unmade. And who finds what he wants writes
 * nothing.
 */
#include "tests/unit/tech/kernel/subject.h"

#include <string.h>

static const char *const sections[NWF_LAYERS] = {"[ebtables]", "[iptables]", "[ip6tables]"};

static gboolean
is_of_port(const char *rule)
{
    static const char *const others[] = {"-A PREROUTING", "-A POSTROUTING", "-A FORWARD",        "-A INPUT",
                                         "-A libvirt-in", "-A libvirt-out", "-A libvirt-host-in"};

    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        if (g_str_has_prefix(rule, others[i]))
            return FALSE;
    return TRUE;
}

/* Order of chains in a listing is the tool's affair; order in a chain is not. */
static int
compare_chains(gconstpointer a, gconstpointer b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    g_autofree char *chain_x = g_strndup(x, 3 + strcspn(x + 3, " "));
    g_autofree char *chain_y = g_strndup(y, 3 + strcspn(y + 3, " "));

    return strcmp(chain_x, chain_y);
}

/* Releases of the tools since 1.8.11 print a negation before the option, and IGMP by its number. */
static char *
as_older_releases_print(const char *rules)
{
    g_autoptr(GRegex) negation = g_regex_new(" ! (--?[a-z0-9-]+) (?!-)", 0, 0, NULL);
    g_autoptr(GRegex) igmp = g_regex_new(" -p 2 ", 0, 0, NULL);
    g_autofree char *negated = g_regex_replace(negation, rules, -1, 0, " \\1 ! ", 0, NULL);

    return g_regex_replace(igmp, negated, -1, 0, " -p igmp ", 0, NULL);
}

static char *
rules_by_chain(const char *text)
{
    g_autoptr(GPtrArray) rules = harness_lines(text, "-A ");
    g_autoptr(GString) out = g_string_new(NULL);

    g_ptr_array_sort(rules, compare_chains);
    for (guint i = 0; i < rules->len; i++)
        if (is_of_port(g_ptr_array_index(rules, i)))
            g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(rules, i));
    return as_older_releases_print(out->str);
}

/* The part of an expectation that is for one tool. */
static char *
section_of(const char *text, NwfLayer layer)
{
    const char *begin = strstr(text, sections[layer]);

    if (!begin)
        return g_strdup("");
    begin += strlen(sections[layer]);
    const char *end = strchr(begin, '[');
    while (end && end[-1] != '\n')
        end = strchr(end + 1, '[');
    return end ? g_strndup(begin, (gsize)(end - begin)) : g_strdup(begin);
}

/* The listing is what the specification of the stock driver's rules says, for each case that has one. */
static void
test_the_kernel_shows_the_expected_rules(gconstpointer name)
{
    g_autofree char *case_folder = harness_path("..", "cases", name, NULL);
    g_autofree char *path = g_build_filename(case_folder, "expected.save", NULL);
    g_autoptr(GPtrArray) changes = harness_changes(case_folder);
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_free(sandbox_run("ipset create tr4 hash:ip,port && ipset create tr6 hash:ip,port family inet6"));
    g_autoptr(Backend) backend = backend_new();
    apply_plans(backend, changes, NULL, &error);
    g_assert_no_error(error);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return;
    g_autofree char *expected = harness_text(path);
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autofree char *listing = sandbox_listing(layer);
        g_autofree char *section = section_of(expected, layer);
        g_autofree char *have = rules_by_chain(listing);
        g_autofree char *want = rules_by_chain(section);
        g_assert_cmpstr(have, ==, want);
    }
}

/* Every change of the cases, from what was before to what is after and then to nothing, is taken by the kernel. */
static void
test_changes_leave_nothing_behind(gconstpointer name)
{
    g_autofree char *case_folder = harness_path("..", "cases", name, NULL);
    g_autoptr(GPtrArray) changes = harness_changes(case_folder);
    g_autoptr(GPtrArray) first = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autoptr(GPtrArray) last = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_free(sandbox_run("ipset create tr4 hash:ip,port"));
    g_autoptr(Backend) backend = backend_new();
    for (guint i = 0; i < changes->len; i++) {
        const NwfPlanChange *change = g_ptr_array_index(changes, i);
        g_ptr_array_add(first, nwf_plan_change_new(change->port, NULL, change->old_plan));
        g_ptr_array_add(last, nwf_plan_change_new(change->port, change->new_plan, NULL));
    }
    GPtrArray *steps[] = {first, changes, last};
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        apply_plans(backend, steps[i], NULL, &error);
        g_assert_no_error(error);
    }
    g_autofree char *rest = everything();
    assert_lacks(rest, "vnet");
    assert_lacks(rest, "a-mac");
}

/* A daemon that finds these rules and wants the same ones reads, compares, and writes nothing. */
static void
test_what_is_right_is_not_written(gconstpointer name)
{
    g_autofree char *case_folder = harness_path("..", "cases", name, NULL);
    g_autoptr(GPtrArray) changes = harness_changes(case_folder);
    g_autoptr(GPtrArray) unknown = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autoptr(GError) error = NULL;

    sandbox_fresh();
    g_free(sandbox_run("ipset create tr4 hash:ip,port && ipset create tr6 hash:ip,port family inet6"));
    for (guint i = 0; i < changes->len; i++) {
        const NwfPlanChange *change = g_ptr_array_index(changes, i);
        g_ptr_array_add(unknown, nwf_plan_change_new(change->port, NULL, change->new_plan));
    }
    g_autoptr(Backend) first = backend_new();
    apply_plans(first, unknown, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *before = everything();
    g_autoptr(Backend) second = backend_new();
    apply_plans(second, unknown, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GArray) runs = take_runs(second);
    g_assert_cmpuint(runs->len, ==, 0);
    g_autofree char *after = everything();
    g_assert_cmpstr(before, ==, after);
}

static void
add(void)
{
    g_autofree char *folder = harness_path("..", "cases", NULL);
    static GPtrArray *names; /* lives as long as the tests that point into it */

    names = harness_names(folder);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *shown = g_strconcat("/tech/kernel/shows/", name, NULL);
        g_autofree char *kept = g_strconcat("/tech/kernel/keeps/", name, NULL);
        g_autofree char *changed = g_strconcat("/tech/kernel/changes/", name, NULL);
        g_test_add_data_func(shown, name, test_the_kernel_shows_the_expected_rules);
        g_test_add_data_func(kept, name, test_what_is_right_is_not_written);
        g_test_add_data_func(changed, name, test_changes_leave_nothing_behind);
    }
}

int
main(int argc, char **argv)
{
    return kernel_main(argc, argv, add);
}
