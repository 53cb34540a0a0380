/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claims.c: who has an address already; see claims.h
 */
#include "driver/learn/claims.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* What of others counts: all, their leases alone, or their leases of listed servers alone; or what is none of these. */
typedef enum Claims { ALL, LEASES, LISTED_LEASES, UNLISTED } Claims;

typedef struct Asker {
    const NwfLinks *links;
    const char *name;
    const NwfAddress *address;
    Claims claims;
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
    gboolean listed = nwf_lease_db_has_listed(other, asker->address);

    if (!is_neighbour(asker, other->name))
        return FALSE;
    switch (asker->claims) {
    case LEASES:
        return other->mode == NWF_LEARN_DHCP || nwf_lease_db_first(other)->source == NWF_SOURCE_ACK;
    case LISTED_LEASES:
        return listed;
    case UNLISTED:
        return !listed;
    case ALL:
    default:
        return TRUE;
    }
}

static NwfLeasePort *
port_with(NwfSession *session, const NwfAddress *address, Claims claims)
{
    const NwfLearnContext *context = session->context;
    Asker asker = {context->links, session->inspector->port->name, address, claims};

    return nwf_lease_db_owner(context->db, address, session->inspector->port->key, counts, &asker);
}

/* Whose @address is, but for the port of @session; NWF_REFUSAL_NONE: nobody's. */
static NwfRefusal
owner_of(NwfSession *session, const NwfAddress *address, Claims claims)
{
    const NwfLearnContext *context = session->context;
    Asker asker = {context->links, session->inspector->port->name, address, claims};
    GHashTableIter iter;
    gpointer name, addresses;

    if (nwf_links_has_address(context->links, address->family, address->bytes))
        return NWF_REFUSAL_HELD_BY_HOST;
    g_hash_table_iter_init(&iter, context->reserved);
    while (g_hash_table_iter_next(&iter, &name, &addresses))
        if (nwf_addresses_have(addresses, address) && is_neighbour(&asker, name))
            return NWF_REFUSAL_HELD_BY_PORT;
    return port_with(session, address, claims) ? NWF_REFUSAL_HELD_BY_PORT : NWF_REFUSAL_NONE;
}

NwfRefusal
nwf_claims_find_locked(const NwfAddress *address, gboolean listed, gpointer session)
{
    return owner_of(session, address, listed ? LISTED_LEASES : ALL);
}

void
nwf_claims_take_locked(const NwfAddress *address, gpointer data)
{
    NwfSession *session = data;
    NwfLearnContext *context = session->context;
    NwfLeasePort *other;
    char text[NWF_ADDRESS_TEXT];

    while ((other = port_with(session, address, UNLISTED))) {
        nwf_learn_log_locked(context, NWF_LEARN_WARNING,
                             _("port '%s': %s is forgotten: a server in DHCPSERVER gave it to port '%s'"), other->name,
                             nwf_address_format(text, address), session->terms->portdev);
        nwf_lease_db_drop(context->db, other, address);
        context->stale = context->all_stale = TRUE; /* it wants to see more again */
    }
}

void
nwf_claims_drop_lost_locked(NwfSession *session)
{
    NwfLeasePort *port = session->inspector->port;
    char text[NWF_ADDRESS_TEXT];

    if (port->mode != NWF_LEARN_DHCP || port->set->ports > 1)
        return;
    g_autoptr(GArray) leases = nwf_lease_db_leases(port);
    for (guint i = 0; i < leases->len; i++) {
        const NwfAddress *address = &g_array_index(leases, NwfLease, i).address;
        gboolean listed = nwf_lease_db_has_listed(port, address);
        if (owner_of(session, address, listed ? LISTED_LEASES : LEASES) != NWF_REFUSAL_NONE) {
            nwf_lease_db_drop(session->context->db, port, address);
            nwf_learn_log_locked(session->context, NWF_LEARN_WARNING,
                                 _("port '%s': %s, which its guest had by a lease, is another's by now"), port->name,
                                 nwf_address_format(text, address));
        } else if (listed) {
            nwf_claims_take_locked(address, session);
        }
    }
}
