/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state_ask.c: what of ours is in the tables: the questions
 *
 * Two of them are the printer's: which chains belong to a port (walk from its root chains, whose names are unambiguous,
 * over names that are this port's), and does anybody else lead into one of them.
 */
#include "driver/tech/ebiptables/state_inside.h"

#include <string.h>

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
nwf_state_ports(const NwfState *state)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, state->ports);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    return names;
}

gboolean
nwf_state_has_chain(const NwfState *state, const char *name)
{
    return g_hash_table_contains(state->chains, name);
}

const char *
nwf_state_listed(const NwfState *state, const char *name)
{
    const NwfStateChain *chain = g_hash_table_lookup(state->chains, name);

    return chain && chain->listed ? chain->listed->str : NULL;
}

gboolean
nwf_state_written(const NwfState *state, const char *name)
{
    const NwfStateChain *chain = g_hash_table_lookup(state->chains, name);

    return chain && chain->written;
}

/* Adds the chains of @port that @name, a chain that is in @owned, leads to. */
static void
own_what_it_leads_to(const NwfState *state, GHashTable *owned, GQueue *open, const char *root, const char *name,
                     const char *port)
{
    const NwfStateChain *chain = g_hash_table_lookup(state->chains, name);

    for (guint i = 0; i < chain->leads_to->len; i++) {
        const char *next = g_ptr_array_index(chain->leads_to, i);
        if (g_hash_table_contains(state->chains, next) && nwf_chain_name_is_sub(next, root, port) &&
            g_hash_table_add(owned, g_strdup(next)))
            g_queue_push_tail(open, (gpointer)next);
    }
}

GHashTable *
nwf_state_owned(const NwfState *state, const char *port)
{
    GHashTable *owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < NWF_DISPATCHES; i++) {
        g_autofree char *root = nwf_dispatch_target(&nwf_dispatches[i], port);
        g_auto(GQueue) open = G_QUEUE_INIT;
        const char *name = root;

        if (!root || nwf_dispatches[i].ip != nwf_layer_is_ip(state->layer) ||
            !g_hash_table_contains(state->chains, root) || !g_hash_table_add(owned, g_strdup(root)))
            continue;
        for (; name; name = g_queue_pop_head(&open))
            own_what_it_leads_to(state, owned, &open, root, name, port);
    }
    return owned;
}

gboolean
nwf_state_holds(const NwfState *state, const char *port)
{
    g_autoptr(GHashTable) owned = nwf_state_owned(state, port);

    return g_hash_table_size(owned) > 0 || g_hash_table_contains(state->ports, port);
}

void
nwf_state_confirm(NwfState *state, const char *port)
{
    g_autoptr(GHashTable) owned = nwf_state_owned(state, port);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, owned);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        ((NwfStateChain *)g_hash_table_lookup(state->chains, name))->written = TRUE;
}

gboolean
nwf_state_shared(const NwfState *state, const char *name, GHashTable *owned)
{
    const NwfStateChain *chain = g_hash_table_lookup(state->chains, name);
    guint own = 0;
    GHashTableIter iter;
    gpointer from;

    if (!chain)
        return FALSE;
    g_hash_table_iter_init(&iter, owned);
    while (g_hash_table_iter_next(&iter, &from, NULL)) {
        const NwfStateChain *mine = g_hash_table_lookup(state->chains, from);
        for (guint i = 0; mine && i < mine->leads_to->len; i++)
            own += g_str_equal(g_ptr_array_index(mine->leads_to, i), name);
    }
    return chain->references > own;
}

/* Of all ways to read @name as port and suffix, the one that a root chain confirms. */
char *
nwf_state_other_owner(const NwfState *state, const char *name, const char *port)
{
    if (state->layer != NWF_LAYER_ETHERNET || !g_hash_table_contains(state->chains, name) || !name[0] || name[1] != '-')
        return NULL;
    for (const char *dash = strchr(name + 2, '-'); dash; dash = strchr(dash + 1, '-')) {
        g_autofree char *other = g_strndup(name + 2, (gsize)(dash - name - 2));
        if (g_str_equal(other, port))
            continue;
        g_autoptr(GHashTable) owned = nwf_state_owned(state, other);
        if (g_hash_table_contains(owned, name))
            return g_steal_pointer(&other);
    }
    return NULL;
}

guint
nwf_state_dispatch(const NwfState *state, const char *port, guint dispatch)
{
    const NwfStatePort *of_port = g_hash_table_lookup(state->ports, port);

    return of_port ? of_port->count[dispatch] : 0;
}

gboolean
nwf_state_is_behind(const NwfState *state, const char *port, guint dispatch)
{
    const NwfStatePort *of_port = g_hash_table_lookup(state->ports, port);

    return nwf_layer_is_ip(state->layer) && of_port && (of_port->behind & 1u << dispatch);
}

gboolean
nwf_state_has_strangers(const NwfState *state, guint dispatch)
{
    return nwf_layer_is_ip(state->layer) && nwf_state_chain_has_strangers(state, nwf_dispatches[dispatch].base);
}

guint
nwf_state_base_jump(const NwfState *state, guint jump)
{
    return state->base_jumps[jump];
}

gboolean
nwf_state_base_is_right(const NwfState *state)
{
    gboolean right = !state->astray;

    for (guint i = 0; i < NWF_BASE_JUMPS; i++) {
        guint want = nwf_state_has_chain(state, nwf_base_jumps[i].base) ? 1 : 0;
        right = right && (state->outlined ? state->base_jumps[i] >= want : state->base_jumps[i] == want);
    }
    return right;
}

gboolean
nwf_state_is_stuck(const NwfState *state, const char *port, guint dispatch)
{
    gboolean is_first = nwf_layer_is_ip(state->layer) && nwf_state_dispatch(state, port, dispatch) == 1 &&
                        !nwf_state_is_behind(state, port, dispatch);

    return state->outlined && !is_first && nwf_state_chain_has_strangers(state, nwf_dispatches[dispatch].base);
}

gboolean
nwf_state_is_empty(const NwfState *state, const char *name)
{
    const NwfStateChain *chain = g_hash_table_lookup(state->chains, name);

    return chain && !chain->strangers;
}

gboolean
nwf_state_is_outlined(const NwfState *state)
{
    return state->outlined;
}
