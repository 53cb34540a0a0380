/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leases.h: one list of addresses; for book.c alone
 *
 * Belongs to a port (any) or to a key (dhcp). Says what may be added, renewed and ended, and counts its changes.
 */
#pragma once

#include "driver/learn/book.h"

typedef struct NwfLeases {
    GArray *entries;  /* of NwfLease, in order of arrival */
    guint64 version;  /* of the set of addresses */
    guint64 renewals; /* of times and origins */
} NwfLeases;

NwfLeases *nwf_leases_new(void);
void nwf_leases_free(NwfLeases *leases);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLeases, nwf_leases_free)

/** nwf_leases_find: the entry, valid until the next change, or NULL. */
NwfLease *nwf_leases_find(const NwfLeases *leases, const NwfAddress *address);
/** nwf_leases_lock: mode any: what book.h says of its one address. */
NwfReason nwf_leases_lock(NwfLeases *leases, const NwfLease *seen, gint64 now);
/** nwf_leases_grant: mode dhcp: adds @lease or renews that of its address. */
NwfReason nwf_leases_grant(NwfLeases *leases, const NwfLease *lease, guint max);
NwfReason nwf_leases_end(NwfLeases *leases, const NwfAddress *address);
void nwf_leases_clear(NwfLeases *leases);
gboolean nwf_leases_expire(NwfLeases *leases, gint64 now);
gint64 nwf_leases_next_expiry(const NwfLeases *leases);
