/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conntrack.h: a small model of the kernel's connection tracking
 *
 * The model answers in which states a packet may be. Usually that is one. Where the model does not know enough (a TCP
 * segment out of order, a packet of a connection whose first packet may or may not have passed) it is several. The
 * model never claims more than it knows.
 *
 * Source: conntrack(8), the kernel's documentation of the nf_conntrack sysctls, and what the kernel was seen to do.
 * Assumed: default sysctls, no helpers, no expectations, no NAT, no zones.
 */
#pragma once

#include "plan/plan.h"
#include "packet/frame.h"

typedef struct NwfConntrack NwfConntrack;
typedef struct NwfConnection NwfConnection;

/* One more state than rules can ask for: seen, but deliberately not tracked. */
enum { NWF_STATE_UNTRACKED = 32, NWF_STATES_TRACKED = NWF_STATE_NEW | NWF_STATE_ESTABLISHED | NWF_STATE_INVALID };
/* One more direction than rules can ask for: the packet belongs to no connection. */
enum { NWF_CT_NONE = 4 };

/* What is known of one packet. */
typedef struct NwfTracked {
    guint states;              /* possible states: NWF_STATE_* */
    guint directions;          /* possible directions: NWF_CT_* */
    NwfConnection *connection; /* owned by the packet while it is new, else by the table; NULL if none */
    gboolean fresh;            /* begins the connection */
} NwfTracked;

NwfConntrack *nwf_conntrack_new(gboolean verify_checksums);
void nwf_conntrack_free(NwfConntrack *conntrack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfConntrack, nwf_conntrack_free)

/** nwf_conntrack_see: tracks a packet and fills @tracked, which the caller must give to nwf_conntrack_finish(). */
void nwf_conntrack_see(NwfConntrack *conntrack, const NwfIp *ip, gint64 now, NwfTracked *tracked);

typedef enum NwfOutcome {
    NWF_OUTCOME_DROPPED,
    NWF_OUTCOME_PASSED,
    NWF_OUTCOME_DOUBTFUL,
} NwfOutcome;

/** nwf_conntrack_finish: reports what became of the packet; a connection begins only if its first packet passes. */
void nwf_conntrack_finish(NwfConntrack *conntrack, NwfTracked *tracked, NwfOutcome outcome);

/* Results of nwf_conntrack_count() that are no number. */
enum {
    NWF_COUNT_UNKNOWN = -1,
    NWF_COUNT_REFUSED = -2, /* the same, and the kernel may drop the packet: it is of no live connection */
};

/**
 * nwf_conntrack_count:
 * @rule: whose limit is asked; each rule counts by itself
 * @certain: FALSE if the kernel may not have come to the limit at all, which then makes this and all later counts
 * unknown
 *
 * Counts the connection of @tracked for the packet's source address, as a rule with a connection limit does.
 *
 * Returns: the number of connections from there that this rule has counted and that are not closed, or NWF_COUNT_*
 */
int nwf_conntrack_count(NwfConntrack *conntrack, const NwfPlanRule *rule, const NwfIp *ip, const NwfTracked *tracked,
                        gboolean certain);
