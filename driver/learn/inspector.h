/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inspector.h: what becomes of one frame that was seen at a port
 *
 * Puts the pure parts together in their order: rate limit, classify, transactions, address policy, lease database,
 * counters. It has no thread, no socket and no clock: the session passes bytes, their direction and the time.
 *
 * Three token buckets limit what is looked at: NWF_RATELIMIT_RATE messages a second, NWF_RATELIMIT_BURST at once, of
 * what comes from the VM, of answers to its open questions, and of all other answers to it. What is over is dropped,
 * counted, and reported once a minute. To which bucket an answer belongs is seen at a glance, by its transaction number
 * and, where servers are listed, by its source: forged answers use up the bucket of real ones only if their sender
 * knows an open question's number and, where servers are listed, sends with the address of one.
 */
#pragma once

#include "driver/learn/lease_db.h"

enum { NWF_RATELIMIT_RATE = 20, NWF_RATELIMIT_BURST = 60 };

/* All zero is a full bucket that was never used. Times are CLOCK_BOOTTIME in microseconds. */
typedef struct NwfRateLimit {
    gboolean used;
    gint64 filled;    /* when it was last filled up */
    gint64 tokens;    /* in millionths */
    guint64 dropped;  /* in all */
    guint64 reported; /* of these */
    gint64 reported_at;
} NwfRateLimit;

/** nwf_ratelimit_take: FALSE if this message is over the limit; it is counted then. */
gboolean nwf_ratelimit_take(NwfRateLimit *limit, gint64 now);
/** nwf_ratelimit_overflow: how many were dropped since this was last not 0; at most once a minute not 0. */
guint64 nwf_ratelimit_overflow(NwfRateLimit *limit, gint64 now);

typedef enum NwfBudget {
    NWF_BUDGET_FROM_VM,
    NWF_BUDGET_ANSWERS, /* that may be to open questions */
    NWF_BUDGET_STRAY,   /* all else to the VM */
    NWF_BUDGETS
} NwfBudget;

/* Others read its fields, inspector.c alone changes them. */
typedef struct NwfInspector {
    NwfLeaseDb *db;
    NwfLeasePort *port; /* in the database */
    NwfAddressPolicy policy;
    NwfTransactions transactions;
    NwfRateLimit limits[NWF_BUDGETS];
    NwfCounters counters;
} NwfInspector;

/**
 * nwf_inspector_new: opens the port of @terms in @db, which must live longer.
 * @ifindex: of the port's interface; 0: not there now
 * @owner: asked with @owner_data who has an address; NULL: nobody
 * @taken: called with @owner_data when a lease of a server in DHCPSERVER has come into force; NULL: nothing is done
 */
NwfInspector *nwf_inspector_new(NwfLeaseDb *db, NwfLearnTerms *terms, guint ifindex, NwfAddressOwner owner,
                                NwfAddressTaken taken, gpointer owner_data);
/** nwf_inspector_free: closes the port. */
void nwf_inspector_free(NwfInspector *inspector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfInspector, nwf_inspector_free)

/** nwf_inspector_change: other terms of the same client from now on; what was learned and asked stays. */
void nwf_inspector_change(NwfInspector *inspector, NwfLearnTerms *terms);

/* What came of a frame, for one debug line of the log. */
typedef struct NwfOutcome {
    NwfRefusal refusal;
    NwfBudget budget;   /* that it was counted in */
    gboolean accepted;  /* the database was changed or a lease renewed */
    NwfAddress address; /* that it was about, if any */
    gboolean report; /* a refusal that was not reported for this address before: worth a line for the administrator */
} NwfOutcome;

/** nwf_inspector_frame: parameters as of nwf_classify(). */
NwfOutcome nwf_inspector_frame(NwfInspector *inspector, NwfBytes frame, gsize wire_length, NwfLearnDirection direction,
                               gint64 now);

/* What the kernel's filters of the port should let through now. */
typedef enum NwfWants {
    NWF_WANT_DHCP = 1,    /* UDP 68 to 67 from the VM, 67 to 68 with its chaddr to it */
    NWF_WANT_SOURCES = 2, /* ARP and IPv4 from the VM */
} NwfWants;

/**
 * nwf_inspector_wants: also to be asked after each accepted frame.
 * @until: (out): when to ask again at the latest, or NWF_NEVER
 */
NwfWants nwf_inspector_wants(const NwfInspector *inspector, gint64 now, gint64 *until);
