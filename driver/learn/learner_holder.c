/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner_holder.c: who has an address already
 *
 * The host: any of its interfaces. Other ports: those of the same bridge, by learning or by configuration. Ports that are
 * in no bridge, macvtaps among them, count as being in one together: better to refuse an address that may be free than to let a
 * VM take its neighbour's. VLANs of one bridge are not told apart. A port whose device is away has nothing.
 */
#include <string.h>

#include "driver/learn/learner_inside.h"

static gboolean
is_neighbour(const NwfLearner *learner, const NwfWatched *port, const char *name)
{
    const NwfLink *own = nwf_links_find(learner->links, port->request->portdev);
    const NwfLink *other = nwf_links_find(learner->links, name);

    return own != NULL && other != NULL && own->index != other->index && own->master == other->master;
}

static gboolean
book_port_is_neighbour(const NwfBookPort *other, gpointer data)
{
    const NwfWatched *port = data;

    return is_neighbour(port->learner, port, nwf_book_port_name(other));
}

static gboolean
has(const GArray *addresses, const NwfAddress *address)
{
    for (guint i = 0; i < addresses->len; i++)
        if (nwf_address_equal(&g_array_index(addresses, NwfAddress, i), address))
            return TRUE;
    return FALSE;
}

static gboolean
is_configured_for_another(const NwfWatched *port, const NwfAddress *address)
{
    GHashTableIter iter;
    gpointer name, addresses;

    g_hash_table_iter_init(&iter, port->learner->held);
    while (g_hash_table_iter_next(&iter, &name, &addresses))
        if (has(addresses, address) && is_neighbour(port->learner, port, name))
            return TRUE;
    return FALSE;
}

NwfReason
nwf_learner_holder_locked(const NwfAddress *address, gpointer watched)
{
    NwfWatched *port = watched;
    NwfLearner *learner = port->learner;

    if (nwf_links_has_address(learner->links, address->family, address->bytes))
        return NWF_REASON_HELD_BY_HOST;
    if (is_configured_for_another(port, address) ||
        nwf_book_holder(learner->book, address, port->key, book_port_is_neighbour, port) != NULL)
        return NWF_REASON_HELD_BY_PORT;
    return NWF_REASON_NONE;
}
