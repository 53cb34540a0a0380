/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * harness.c: cases from folders, plans from a few words
 *
 * Everything goes the real way through conf and plan, so a case is what a user would write. A fault in a case's own
 * files ends the test at once.
 */
#include "tests/unit/tech/harness.h"

#include "conf/binding.h"

#include <string.h>

static const NwfReading reading = {NWF_DIALECT_12, FALSE};

char *
harness_path(const char *first, ...)
{
    g_autofree char *root = g_test_build_filename(G_TEST_DIST, ".", NULL);
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    va_list more;

    g_ptr_array_add(parts, root);
    va_start(more, first);
    for (const char *part = first; part; part = va_arg(more, const char *))
        g_ptr_array_add(parts, (gpointer)part);
    va_end(more);
    g_ptr_array_add(parts, NULL);
    return g_build_filenamev((char **)parts->pdata);
}

char *
harness_text(const char *path)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
harness_names(const char *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    return names;
}

static NwfFilter *
lookup(const char *name, gpointer filters)
{
    return g_hash_table_lookup(filters, name);
}

static NwfPlan *
build(GHashTable *filters, const char *root, const NwfParams *params)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfTree) tree = nwf_tree_new(root, lookup, filters, &error);
    g_assert_no_error(error);
    g_autoptr(NwfRules) rules = nwf_rules_of_tree(tree, params, NULL, NULL, &error);
    g_assert_no_error(error);
    NwfPlan *plan = nwf_rules_plan(rules, &error);
    g_assert_no_error(error);
    return nwf_plan_ref(plan);
}

static GHashTable *
filters_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)nwf_filter_unref);
}

static void
add_filter(GHashTable *filters, const char *xml)
{
    g_autoptr(GError) error = NULL;
    NwfFilter *filter = nwf_filter_parse(xml, &reading, NULL, &error);

    g_assert_no_error(error);
    g_hash_table_replace(filters, filter->name, filter);
}

/* name of the port -> plan */
static GHashTable *
plans_of(const char *folder)
{
    GHashTable *plans = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)nwf_plan_unref);
    g_autoptr(GHashTable) filters = filters_new();
    g_autoptr(GPtrArray) names = harness_names(folder);

    for (guint pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < names->len; i++) {
            const char *name = g_ptr_array_index(names, i);
            gboolean is_binding = g_str_has_prefix(name, "binding");
            if (!g_str_has_suffix(name, ".xml") || is_binding != (pass == 1))
                continue;
            g_autofree char *path = g_build_filename(folder, name, NULL);
            g_autofree char *text = harness_text(path);
            g_autoptr(GError) error = NULL;
            if (!is_binding) {
                add_filter(filters, text);
                continue;
            }
            g_autoptr(NwfBinding) binding = nwf_binding_parse(text, &reading, NULL, &error);
            g_assert_no_error(error);
            g_autoptr(NwfParams) params = nwf_params_copy(binding->params);
            nwf_params_add(params, "MAC", HARNESS_MAC);
            g_hash_table_insert(plans, g_strdup(binding->portdev), build(filters, binding->filter, params));
        }
    }
    return plans;
}

static void
add_ports(GPtrArray *changes, GHashTable *ports, GHashTable *before, GHashTable *after)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, ports);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (ports == before || !g_hash_table_contains(before, name))
            g_ptr_array_add(names, name);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        const char *port = g_ptr_array_index(names, i);
        g_ptr_array_add(changes,
                        nwf_plan_change_new(port, g_hash_table_lookup(before, port), g_hash_table_lookup(after, port)));
    }
}

GPtrArray *
harness_changes(const char *folder)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autofree char *earlier = g_build_filename(folder, "before", NULL);
    g_autoptr(GHashTable) before = plans_of(earlier);
    g_autoptr(GHashTable) after = plans_of(folder);

    add_ports(changes, before, before, after);
    add_ports(changes, after, before, after);
    return changes;
}

static NwfPlan *
closed_plan(void)
{
    g_autoptr(NwfRules) closed = nwf_rules_new_closed();

    return nwf_plan_ref(nwf_rules_plan(closed, NULL));
}

NwfPlan *
harness_plan(const char *rules)
{
    g_autoptr(GHashTable) filters = filters_new();
    g_autoptr(NwfParams) params = nwf_params_new();

    if (!rules)
        return closed_plan();
    g_autofree char *xml = g_strdup_printf("<filter name='root'>%s</filter>", rules);
    add_filter(filters, xml);
    nwf_params_add(params, "MAC", HARNESS_MAC);
    return build(filters, "root", params);
}

NwfPlan *
harness_plan_from(const char *directory, const char *root, const char *params)
{
    g_autoptr(GHashTable) filters = filters_new();
    g_autoptr(GPtrArray) names = harness_names(directory);
    g_autoptr(NwfParams) values = nwf_params_new();
    g_auto(GStrv) words = g_strsplit(params, " ", -1);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, g_ptr_array_index(names, i), NULL);
        g_autofree char *text = harness_text(path);
        add_filter(filters, text);
    }
    nwf_params_add(values, "MAC", HARNESS_MAC);
    for (guint i = 0; words[i]; i++) {
        g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);
        g_assert_true(nwf_params_add(values, pair[0], pair[1]));
    }
    return build(filters, root, values);
}

GPtrArray *
harness_change(const char *port, NwfPlan *old_plan, NwfPlan *new_plan)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);

    g_ptr_array_add(changes, nwf_plan_change_new(port, old_plan, new_plan));
    return changes;
}

GPtrArray *
harness_lines(const char *text, const char *prefix)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++)
        if (g_str_has_prefix(lines[i], prefix))
            g_ptr_array_add(found, g_strdup(lines[i]));
    return found;
}
