/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ratelimit.h: how much of what others send is looked at, and what became of it
 *
 * A token bucket for each port and way: NWF_RATELIMIT_RATE messages a second, NWF_RATELIMIT_BURST at once. What is over
 * is dropped and counted, and told once a minute. The kernel's filters let only the port's own messages come this far,
 * so that a flood costs its own sender's port alone.
 *
 * The counters of a port say what was seen and why it was refused. Refused addresses are remembered, a few, so that
 * each is told once in the log and not with every packet.
 */
#pragma once

#include "driver/learn/address.h"
#include "driver/learn/refusal.h"

enum { NWF_RATELIMIT_RATE = 20, NWF_RATELIMIT_BURST = 60, NWF_REFUSED_MAX = 16 };
#define NWF_RATELIMIT_TELL (60 * G_USEC_PER_SEC)

/* All zero is a full bucket that was never used. Times are CLOCK_BOOTTIME in microseconds. */
typedef struct NwfRateLimit {
    gboolean used;
    gint64 filled;   /* when it was last filled up */
    gint64 tokens;   /* in millionths */
    guint64 dropped; /* in all */
    guint64 told;    /* of these, what was told */
    gint64 told_at;
} NwfRateLimit;

/** nwf_ratelimit_take: FALSE if this message is over the budget; it is counted then. */
gboolean nwf_ratelimit_take(NwfRateLimit *limit, gint64 now);
/** nwf_ratelimit_overflow: how many were dropped since this was last not 0; at most once a minute not 0. */
guint64 nwf_ratelimit_overflow(NwfRateLimit *limit, gint64 now);

typedef struct NwfReported {
    NwfAddress address;
    gint64 at;
} NwfReported;

typedef struct NwfCounters {
    guint64 seen;
    guint64 accepted;              /* what changed or renewed something */
    guint64 refused[NWF_REFUSALS]; /* NWF_REFUSAL_RATE among them; NWF_REFUSAL_NONE: looked at, nothing to learn or
                                      refuse */
    NwfRefusal last;
    NwfAddress last_server; /* of the last believed message of a server */
    NwfReported told[NWF_REFUSED_MAX];
    guint next_told;
} NwfCounters;

void nwf_counters_refuse(NwfCounters *counters, NwfRefusal refusal);
/**
 * nwf_counters_report: whether a refusal of @address is news; remembers it. However many addresses a VM tries, no more
 * than NWF_REFUSED_MAX a minute are.
 */
gboolean nwf_counters_report(NwfCounters *counters, const NwfAddress *address, gint64 now);
