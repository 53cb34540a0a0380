/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address_owner.c: who has an address already; see address_owner.h
 */
#include "driver/learn/address_owner.h"

/* Which ports the one that asks has as neighbours. */
typedef struct Asker {
    const NwfLinks *links;
    const char *name;
    gboolean leases_alone; /* of neighbours in mode any only what came from an ACK counts */
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

static gboolean
is_reserved_for_a_neighbour(const NwfAddressOwners *owners, const Asker *asker, const NwfAddress *address)
{
    GHashTableIter iter;
    gpointer name, addresses;

    g_hash_table_iter_init(&iter, owners->reserved);
    while (g_hash_table_iter_next(&iter, &name, &addresses))
        if (nwf_addresses_have(addresses, address) && is_neighbour(asker, name))
            return TRUE;
    return FALSE;
}

NwfRefusal
nwf_address_owners_find(const NwfAddressOwners *owners, const NwfLeasePort *port, const NwfAddress *address,
                        gboolean leases_alone)
{
    Asker asker = {owners->links, port->name, leases_alone};

    if (nwf_links_has_address(owners->links, address->family, address->bytes))
        return NWF_REFUSAL_HELD_BY_HOST;
    if (is_reserved_for_a_neighbour(owners, &asker, address) ||
        nwf_lease_db_owner(owners->db, address, port->key, counts, &asker))
        return NWF_REFUSAL_HELD_BY_PORT;
    return NWF_REFUSAL_NONE;
}
