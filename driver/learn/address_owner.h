/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address_owner.h: who has an address already
 *
 * The host: any of its interfaces. Other ports: those of the same bridge, by learning or by configuration. Ports that
 * are in no bridge, macvtaps among them, count as being in one together: better to refuse an address that may be free
 * than to let a VM take its neighbour's. VLANs of one bridge are not distinguished. A port whose device is away has
 * nothing.
 *
 * So an address may become another's while its guest is away, and the guest's lease goes on. When it comes back the
 * lease gives way to what the host has, to a configured address and to another lease, but not to what a VM merely
 * shows: else any guest in mode any could take the addresses of those who are away.
 */
#pragma once

#include "driver/learn/lease_db.h"
#include "driver/watch/links.h"

typedef struct NwfAddressOwners {
    const NwfLeaseDb *db;
    const NwfLinks *links;
    GHashTable *reserved; /* name of a port -> GArray of NwfAddress: what it has by configuration */
} NwfAddressOwners;

/**
 * nwf_address_owners_find: NwfAddressOwner of learn_terms.h for the port @port.
 * @leases_alone: @port has @address by a lease, and what a VM merely shows does not count
 */
NwfRefusal nwf_address_owners_find(const NwfAddressOwners *owners, const NwfLeasePort *port, const NwfAddress *address,
                                   gboolean leases_alone);
