/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agree.c: two states of one table, compared port by port
 *
 * Rules are compared in the words of the tool's listing, byte by byte. No word is interpreted here, so nothing can be
 * taken for equal that is not; what looks different and means the same costs a batch that changes nothing.
 */
#include "driver/tech/ebiptables/agree.h"

#include <string.h>

static gboolean
same_dispatch(const NwfState *a, const NwfState *b, const char *port)
{
    for (guint i = 0; i < NWF_DISPATCHES; i++)
        if (nwf_state_dispatch(a, port, i) != nwf_state_dispatch(b, port, i) ||
            nwf_state_is_behind(a, port, i) != nwf_state_is_behind(b, port, i))
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

static gboolean
same_text(const NwfState *a, const NwfState *b, GHashTable *names)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        const char *of_a = nwf_state_listed(a, name), *of_b = nwf_state_listed(b, name);
        if (!of_a || !of_b || strcmp(of_a, of_b) != 0)
            return FALSE;
    }
    return TRUE;
}

gboolean
nwf_agree_in_reach(const NwfState *a, const NwfState *b, const char *port)
{
    g_autoptr(GHashTable) of_a = nwf_state_owned(a, port);
    g_autoptr(GHashTable) of_b = nwf_state_owned(b, port);
    gboolean same = same_names(of_a, of_b);

    for (guint i = 0; same && i < NWF_DISPATCHES; i++)
        same = (nwf_state_dispatch(a, port, i) > 0) == (nwf_state_dispatch(b, port, i) > 0);
    return same;
}

gboolean
nwf_agree_in_outline(const NwfState *a, const NwfState *b, const char *port)
{
    g_autoptr(GHashTable) of_a = nwf_state_owned(a, port);
    g_autoptr(GHashTable) of_b = nwf_state_owned(b, port);

    return same_dispatch(a, b, port) && same_names(of_a, of_b);
}

gboolean
nwf_agree_in_rules(const NwfState *held, const NwfState *wanted, const char *port)
{
    g_autoptr(GHashTable) names = nwf_state_owned(wanted, port);

    return same_text(held, wanted, names);
}

gboolean
nwf_agree(const NwfState *held, const NwfState *wanted, const char *port)
{
    return nwf_agree_in_outline(held, wanted, port) && nwf_agree_in_rules(held, wanted, port);
}
