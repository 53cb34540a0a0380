/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compare.c: two models of one table, compared port by port
 *
 * Rules are compared in the words of the tool's listing, byte by byte. No word is interpreted here, so nothing can be
 * taken for equal that is not; what looks different and means the same costs a batch that changes nothing.
 */
#include "driver/tech/ebiptables/compare.h"

static gboolean
same_dispatch(const NwfModel *a, const NwfModel *b, const char *port)
{
    for (guint i = 0; i < NWF_DISPATCHES; i++)
        if (nwf_model_dispatch(a, port, i) != nwf_model_dispatch(b, port, i) ||
            nwf_model_is_shadowed(a, port, i) != nwf_model_is_shadowed(b, port, i))
            return FALSE;
    return TRUE;
}

static gboolean
same_names(GHashTable *a, GHashTable *b)
{
    GHashTableIter iter;
    gpointer name;

    if (g_hash_table_size(a) != g_hash_table_size(b))
        return FALSE;
    g_hash_table_iter_init(&iter, a);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (!g_hash_table_contains(b, name))
            return FALSE;
    return TRUE;
}

gboolean
nwf_compare_reach(const NwfModel *a, const NwfModel *b, const char *port)
{
    g_autoptr(GHashTable) of_a = nwf_model_owned(a, port);
    g_autoptr(GHashTable) of_b = nwf_model_owned(b, port);
    gboolean same = same_names(of_a, of_b);

    for (guint i = 0; same && i < NWF_DISPATCHES; i++)
        same = (nwf_model_dispatch(a, port, i) > 0) == (nwf_model_dispatch(b, port, i) > 0);
    return same;
}

gboolean
nwf_compare_outline(const NwfModel *a, const NwfModel *b, const char *port)
{
    return same_dispatch(a, b, port) && nwf_compare_reach(a, b, port);
}

gboolean
nwf_compare_rules(const NwfModel *held, const NwfModel *wanted, const char *port)
{
    g_autoptr(GHashTable) names = nwf_model_owned(wanted, port);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        const NwfModelChain *of_held = nwf_model_chain(held, name), *of_wanted = nwf_model_chain(wanted, name);
        if (!of_held || !of_held->listed || !of_wanted->listed || !g_string_equal(of_held->listed, of_wanted->listed))
            return FALSE;
    }
    return TRUE;
}

gboolean
nwf_compare(const NwfModel *held, const NwfModel *wanted, const char *port)
{
    return nwf_compare_outline(held, wanted, port) && nwf_compare_rules(held, wanted, port);
}
