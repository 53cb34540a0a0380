/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story.c: see story.h
 */
#include "story.h"

static const NwfReading reading = {NWF_DIALECT_12, FALSE};

World *
world_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)nwf_filter_unref);
}

void
world_add(World *world, const char *documents)
{
    g_auto(GStrv) parts = g_strsplit(documents, "</filter>", -1);

    for (guint i = 0; parts[i + 1] != NULL; i++) {
        g_autofree char *document = g_strconcat(parts[i], "</filter>", NULL);
        g_autoptr(GError) error = NULL;
        NwfFilter *filter = nwf_filter_parse(g_strchug(document), &reading, NULL, &error);

        g_assert_no_error(error);
        g_hash_table_replace(world, filter->name, filter);
    }
}

World *
world_of_rules(const char *rules)
{
    World *world = world_new();
    g_autofree char *document = g_strdup_printf("<filter name='root'>%s</filter>", rules);

    world_add(world, document);
    return world;
}

NwfFilter *
world_lookup(const char *name, gpointer world)
{
    return g_hash_table_lookup(world, name);
}

NwfTree *
world_tree(World *world, const char *root, GError **error)
{
    return nwf_tree_new(root, world_lookup, world, error);
}

NwfParams *
params_of(const char *text)
{
    NwfParams *params = nwf_params_new();
    g_auto(GStrv) words = g_strsplit(text != NULL ? text : "", " ", -1);

    for (guint i = 0; words[i] != NULL && *words[i] != '\0'; i++) {
        g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);
        g_auto(GStrv) values = g_strsplit(pair[1], ",", -1);

        for (guint j = 0; values[j] != NULL; j++)
            g_assert_true(nwf_params_add(params, pair[0], values[j]));
    }
    return params;
}

NwfTemplate *
template_of(World *world, const char *params, GError **error)
{
    g_autoptr(NwfTree) tree = world_tree(world, "root", error);
    g_autoptr(NwfParams) supplied = params_of(params);

    return tree != NULL ? nwf_template_new(tree, supplied, error) : NULL;
}

static int
service_port(const char *name, G_GNUC_UNUSED gpointer data)
{
    return g_str_equal(name, "http") ? 80 : -1;
}

NwfPlan *
plan_of(World *world, const char *params, GError **error)
{
    g_autoptr(NwfTree) tree = world_tree(world, "root", error);
    g_autoptr(NwfParams) supplied = params_of(params);
    const NwfHost host = {service_port, NULL};
    g_autoptr(NwfRules) rules = tree != NULL ? nwf_rules_of_tree(tree, supplied, &host, NULL, error) : NULL;
    NwfPlan *plan = rules != NULL ? nwf_rules_plan(rules, error) : NULL;

    return plan != NULL ? nwf_plan_ref(plan) : NULL;
}

void
assert_world_plan(World *world, const char *params, const char *chain, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = plan_of(world, params, &error);
    g_autofree char *all = NULL, *text = NULL;

    g_assert_no_error(error);
    all = plan_text(plan);
    text = chain != NULL ? lines_of(all, chain) : g_strdup(all);
    g_assert_cmpstr(text, ==, expected);
}

void
assert_plan(const char *rules, const char *params, const char *chain, const char *expected)
{
    g_autoptr(World) world = world_of_rules(rules);

    assert_world_plan(world, params, chain, expected);
}

void
assert_refused(const char *rules, const char *params, NwfErrorCode code, ...)
{
    g_autoptr(World) world = world_of_rules(rules);
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = plan_of(world, params, &error);
    const char *word;
    va_list words;

    g_assert_null(plan);
    g_assert_error(error, NWF_ERROR, (int)code);
    va_start(words, code);
    while ((word = va_arg(words, const char *)) != NULL)
        if (strstr(error->message, word) == NULL)
            g_error("\"%s\" does not say \"%s\"", error->message, word);
    va_end(words);
}
