/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_set.h: one list of addresses; for book.c alone
 *
 * Belongs to a port (any) or to a key (dhcp). Says what may be added, renewed and ended, and counts its changes.
 */
#pragma once

#include "driver/learn/lease_db.h"

typedef struct NwfLeaseSet {
    GArray *entries;  /* of NwfLease, in order of arrival */
    guint64 version;  /* of the set of addresses */
    guint64 renewals; /* of times and origins */
} NwfLeaseSet;

NwfLeaseSet *nwf_lease_set_new(void);
void nwf_lease_set_free(NwfLeaseSet *leases);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLeaseSet, nwf_lease_set_free)

/** nwf_lease_set_find: the entry, valid until the next change, or NULL. */
NwfLease *nwf_lease_set_find(const NwfLeaseSet *leases, const NwfAddress *address);
/** nwf_lease_set_show: mode any: what book.h says of its one address. */
NwfRefusal nwf_lease_set_show(NwfLeaseSet *leases, const NwfLease *seen, gint64 now);
/** nwf_lease_set_grant: mode dhcp: adds @lease or renews that of its address. */
NwfRefusal nwf_lease_set_grant(NwfLeaseSet *leases, const NwfLease *lease, guint max);
NwfRefusal nwf_lease_set_end(NwfLeaseSet *leases, const NwfAddress *address);
void nwf_lease_set_clear(NwfLeaseSet *leases);
gboolean nwf_lease_set_expire(NwfLeaseSet *leases, gint64 now);
gint64 nwf_lease_set_next_expiry(const NwfLeaseSet *leases);
