/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_set.h: one list of addresses, of a port in mode any or of a key in mode dhcp
 *
 * Decides what may be added, renewed and ended. Only lease_db.c changes a set; it also knows which ports have it.
 */
#pragma once

#include "packet/dhcp.h"
#include "driver/learn/refusal.h"

/* From what an address was learned, least trusted first. */
typedef enum NwfLeaseSource { NWF_SOURCE_IP, NWF_SOURCE_ARP, NWF_SOURCE_ACK, NWF_SOURCES } NwfLeaseSource;
extern const char *const nwf_lease_source_words[NWF_SOURCES]; /* for files; never translated */

enum { NWF_KEY_LENGTH = 36 + 1 + 17 };  /* nwf_lease_key_format() */
#define NWF_GRACE (60 * G_USEC_PER_SEC) /* how long mode any may replace its first address */
#define NWF_NEVER G_MAXINT64

typedef struct NwfLease {
    NwfAddress address;
    NwfLeaseSource source;
    gboolean infinite;      /* always in mode any */
    gint64 expiry;          /* CLOCK_BOOTTIME; 0 if infinite */
    gint64 learned;         /* CLOCK_BOOTTIME: when the address came; mode any: when the first one came */
    gint64 granted;         /* CLOCK_BOOTTIME: when it was learned or renewed last */
    NwfAddress server;      /* of an ACK */
    NwfAddress next_server; /* siaddr of it */
    NwfClientId client;     /* of the question */
} NwfLease;

typedef struct NwfLeaseSet {
    GArray *entries;              /* of NwfLease, in order of arrival */
    guint64 version;              /* grows when an address comes, goes or is replaced by another */
    guint64 renewals;             /* grows when times and sources alone change */
    guint64 *last_version;        /* highest version of any set of the database */
    char key[NWF_KEY_LENGTH + 1]; /* mode dhcp */
    guint ports;                  /* of mode dhcp that have this set; lease_db.c */
    GList *abandoned;             /* its place among the sets without ports; lease_db.c */
} NwfLeaseSet;

enum { NWF_VERSION_NOTHING = 1, NWF_VERSION_REMEMBERED = 2 }; /* of a new set, and of one with a remembered address */

/** nwf_lease_set_new: empty; @last_version must live longer. */
NwfLeaseSet *nwf_lease_set_new(guint64 *last_version);
void nwf_lease_set_free(NwfLeaseSet *set);

/** nwf_lease_set_show: mode any: the VM uses the address of @shown; lease_db.h says when that counts. */
NwfRefusal nwf_lease_set_show(NwfLeaseSet *set, const NwfLease *shown, gint64 now);
/** nwf_lease_set_grant: mode dhcp: adds @lease or renews that of its address. */
NwfRefusal nwf_lease_set_grant(NwfLeaseSet *set, const NwfLease *lease, guint max);
NwfRefusal nwf_lease_set_end(NwfLeaseSet *set, const NwfAddress *address);
void nwf_lease_set_clear(NwfLeaseSet *set);
/** nwf_lease_set_expire: ends what is over at @now. Returns: TRUE if anything was */
gboolean nwf_lease_set_expire(NwfLeaseSet *set, gint64 now);
/** nwf_lease_set_next_expiry: when the next lease ends, or NWF_NEVER. */
gint64 nwf_lease_set_next_expiry(const NwfLeaseSet *set);
