/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claims.c: who has an address already; see claims.h
 */
#include "driver/learn/claims.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct Asker {
    const NwfLinks *links;
    const char *name;
    gboolean leases_alone; /* what a VM merely shows does not count */
} Asker;

static gboolean
is_neighbour(const Asker *asker, const char *name)
{
    const NwfLink *own = nwf_links_find(asker->links, asker->name);
    const NwfLink *other = nwf_links_find(asker->links, name);

    return own && other && own->index != other->index && own->master == other->master;
}

static gboolean
counts(const NwfLeasePort *other, gpointer data)
{
    const Asker *asker = data;

    return is_neighbour(asker, other->name) && (!asker->leases_alone || other->mode == NWF_LEARN_DHCP ||
                                                nwf_lease_db_first(other)->source == NWF_SOURCE_ACK);
}

/* Whose @address is, but for the port of @session; NWF_REFUSAL_NONE: nobody's. */
static NwfRefusal
owner_of(const NwfSession *session, const NwfAddress *address, gboolean leases_alone)
{
    const NwfLearnContext *context = session->context;
    const NwfLeasePort *port = session->inspector->port;
    Asker asker = {context->links, port->name, leases_alone};
    GHashTableIter iter;
    gpointer name, addresses;

    if (nwf_links_has_address(context->links, address->family, address->bytes))
        return NWF_REFUSAL_HELD_BY_HOST;
    g_hash_table_iter_init(&iter, context->reserved);
    while (g_hash_table_iter_next(&iter, &name, &addresses))
        if (nwf_addresses_have(addresses, address) && is_neighbour(&asker, name))
            return NWF_REFUSAL_HELD_BY_PORT;
    return nwf_lease_db_owner(context->db, address, port->key, counts, &asker) ? NWF_REFUSAL_HELD_BY_PORT
                                                                               : NWF_REFUSAL_NONE;
}

NwfRefusal
nwf_claims_find_locked(const NwfAddress *address, gpointer data)
{
    return owner_of(data, address, FALSE);
}

void
nwf_claims_drop_lost_locked(NwfSession *session, gint64 now)
{
    NwfLeasePort *port = session->inspector->port;
    char text[NWF_ADDRESS_TEXT];

    if (port->mode != NWF_LEARN_DHCP || port->set->ports > 1)
        return;
    g_autoptr(GArray) leases = nwf_lease_db_leases(port);
    for (guint i = 0; i < leases->len; i++) {
        const NwfAddress *address = &g_array_index(leases, NwfLease, i).address;
        const NwfLeaseEvent end = {.kind = NWF_LEASE_ENDED, .address = *address};
        if (owner_of(session, address, TRUE) == NWF_REFUSAL_NONE)
            continue;
        nwf_lease_db_apply(session->context->db, port, &end, now);
        nwf_learn_log_locked(session->context, NWF_LEARN_WARNING,
                             _("port '%s': %s, which its guest had by a lease, is another's by now"), port->name,
                             nwf_address_format(text, address));
    }
}
