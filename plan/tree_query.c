/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree_query.c: questions about filters and trees: which filter can be reached, which variables have no value
 *
 * Reachability follows only filters that exist, each once, without recursion, so that neither a long chain of
 * references nor a wide net of them costs more than its size.
 *
 * A variable has a value if the binding or a reference on the way to the rule gives it; an element access also needs
 * the list to be long enough. The binding wins over every reference, the outer reference over the inner one.
 */
#include "plan/plan_private.h"

static gboolean
has_value(const NwfTreeRule *at, guint index, const NwfParams *params)
{
    const NwfVariable *variable = at->rule->fields[index].variable;
    const GPtrArray *list = params ? nwf_params_get(params, variable->name) : NULL;

    if (!list)
        list = nwf_tree_given(at, index);
    if (!list || list->len == 0)
        return FALSE;
    return variable->access == NWF_ACCESS_ITERATOR || variable->index < list->len;
}

static void
add_missing(GPtrArray *missing, GHashTable *listed, const NwfVariable *variable)
{
    GString *spelling = g_string_new(NULL);

    nwf_variable_spelling(spelling, variable);
    if (g_hash_table_contains(listed, spelling->str)) {
        g_string_free(spelling, TRUE);
        return;
    }
    g_ptr_array_add(missing, g_string_free(spelling, FALSE));
    g_hash_table_add(listed, missing->pdata[missing->len - 1]);
}

GPtrArray *
nwf_tree_missing(const NwfTree *tree, const NwfParams *params)
{
    GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < nwf_tree_n_rules(tree); i++) {
        const NwfTreeRule *at = nwf_tree_rule(tree, i);
        guint n_fields = at->rule->protocol ? at->rule->protocol->n_attributes : 0;

        for (guint j = 0; j < n_fields; j++) {
            const NwfField *field = &at->rule->fields[j];

            if (field->present && field->variable && !has_value(at, j, params))
                add_missing(missing, listed, field->variable);
        }
    }
    return missing;
}

gboolean
nwf_tree_reaches(const NwfFilter *from, const char *target, NwfFilterLookup lookup, gpointer data)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_filter_unref);
    g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_filter_unref);

    g_ptr_array_add(waiting, nwf_filter_ref((NwfFilter *)from));
    while (waiting->len > 0) {
        NwfFilter *filter = g_ptr_array_steal_index_fast(waiting, waiting->len - 1);

        g_ptr_array_add(done, filter); /* keeps the names in @seen alive */
        for (guint i = 0; i < filter->entries->len; i++) {
            const NwfEntry *entry = g_ptr_array_index(filter->entries, i);
            NwfFilter *next;

            if (!entry->ref || !g_hash_table_add(seen, entry->ref->filter))
                continue;
            if (g_str_equal(entry->ref->filter, target))
                return TRUE;
            next = lookup(entry->ref->filter, data);
            if (next)
                g_ptr_array_add(waiting, nwf_filter_ref(next));
        }
    }
    return FALSE;
}
