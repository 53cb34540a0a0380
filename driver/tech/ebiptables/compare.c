/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compare.c: two models of one table, compared port by port
 *
 * Rules are compared in the words of the tool's listing, byte by byte. No word is interpreted here, so nothing can be
 * taken for equal that is not; what looks different and means the same costs a batch that changes nothing.
 */
#include "driver/tech/ebiptables/model.h"

gboolean
nwf_compare_reach(const NwfModel *a, const NwfModel *b, const char *port)
{
    g_autoptr(GHashTable) of_a = nwf_model_owned(a, port), of_b = nwf_model_owned(b, port);
    gboolean same = g_hash_table_size(of_a) == g_hash_table_size(of_b);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, of_a);
    while (same && g_hash_table_iter_next(&iter, &name, NULL))
        same = g_hash_table_contains(of_b, name);
    for (guint i = 0; same && i < NWF_DISPATCHES; i++)
        same = (nwf_model_dispatch(a, port, i) > 0) == (nwf_model_dispatch(b, port, i) > 0);
    return same;
}

gboolean
nwf_compare_outline(const NwfModel *a, const NwfModel *b, const char *port)
{
    gboolean same = nwf_compare_reach(a, b, port);

    for (guint i = 0; same && i < NWF_DISPATCHES; i++)
        same = nwf_model_dispatch(a, port, i) == nwf_model_dispatch(b, port, i) &&
               nwf_model_is_shadowed(a, port, i) == nwf_model_is_shadowed(b, port, i);
    return same;
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
