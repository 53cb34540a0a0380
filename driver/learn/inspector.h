/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inspector.h: what becomes of one frame that was seen at a port
 *
 * Puts the pure parts together in their order: budget, sight, transactions, usable, book, counters. No thread, no
 * socket, no clock of its own: whoever captures hands in bytes, the way they went and the time.
 */
#pragma once

#include "driver/learn/lease_db.h"
#include "driver/learn/ratelimit.h"

typedef struct NwfLearnOptions {
    guint8 mac[6];
    const char *name; /* the port's interface */
    guint ifindex;    /* 0: not there now */
    const char *key;  /* nwf_lease_key_format() */
    NwfLearnMode mode;
    guint max;                 /* CTRL_IP_MAX, else NWF_LEASES_DEFAULT */
    const NwfAddress *servers; /* DHCPSERVER; copied */
    gsize n_servers;
    NwfAllowed *allowed;    /* CTRL_IP_ALLOWED or NULL; a reference is taken */
    NwfAddressOwner holder; /* NULL: nobody */
    gpointer holder_data;
} NwfLearnOptions;

typedef struct NwfInspector NwfInspector;

/** nwf_inspector_new: opens a port of @book, which must live longer. */
NwfInspector *nwf_inspector_new(NwfLeaseDb *db, const NwfLearnOptions *options);
/** nwf_inspector_free: closes it. */
void nwf_inspector_free(NwfInspector *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfInspector, nwf_inspector_free)

/**
 * nwf_inspector_trust: other servers, networks and cap from now on, as in @options; of the rest nothing changes, and
 * what was learned and asked stays.
 */
void nwf_inspector_trust(NwfInspector *port, const NwfLearnOptions *options);

/* What came of a frame, for one debug line of the log. */
typedef struct NwfOutcome {
    NwfRefusal refusal;
    gboolean accepted;  /* the book was changed or a lease renewed */
    NwfAddress address; /* that it was about, if any */
    gboolean news;      /* a refusal that was not told for this address before: worth a line for the administrator */
} NwfOutcome;

/** nwf_inspector_frame: parameters as of nwf_classify(). */
NwfOutcome nwf_inspector_frame(NwfInspector *port, NwfBytes frame, gsize wire_length, NwfLearnDirection direction,
                               gint64 now);

/* What the kernel's filters of the port should let through now. */
typedef enum NwfWants {
    NWF_WANT_DHCP = 1,    /* UDP 68 to 67 from the VM, 67 to 68 with its chaddr to it */
    NWF_WANT_SOURCES = 2, /* ARP and IPv4 from the VM */
} NwfWants;
/** nwf_inspector_wants: @until: (out): when to ask again at the latest, or NWF_NEVER; also ask after each accepted
 * frame. */
NwfWants nwf_inspector_wants(const NwfInspector *port, gint64 now, gint64 *until);

/** nwf_inspector_book: (transfer none): for its list, version and times. */
NwfLeasePort *nwf_inspector_book(const NwfInspector *port);
const NwfCounters *nwf_inspector_counters(const NwfInspector *port);
/** nwf_inspector_rate_news: what nwf_ratelimit_overflow() of @way says. */
guint64 nwf_inspector_rate_news(NwfInspector *port, NwfLearnDirection direction, gint64 now);
