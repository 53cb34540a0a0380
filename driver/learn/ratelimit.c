/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ratelimit.c: how much of what others send is looked at, and what became of it
 */
#include "driver/learn/ratelimit.h"

#define TOKEN G_GINT64_CONSTANT(1000000)
#define FULL  (NWF_RATELIMIT_BURST * TOKEN)

gboolean
nwf_ratelimit_take(NwfRateLimit *limit, gint64 now)
{
    gint64 elapsed = now - limit->filled;

    if (!limit->used || elapsed > G_USEC_PER_SEC * NWF_RATELIMIT_BURST / NWF_RATELIMIT_RATE)
        limit->tokens = FULL;
    else if (elapsed > 0)
        limit->tokens = MIN(FULL, limit->tokens + elapsed * NWF_RATELIMIT_RATE);
    limit->used = TRUE;
    limit->filled = now;
    if (limit->tokens < TOKEN) {
        limit->dropped++;
        return FALSE;
    }
    limit->tokens -= TOKEN;
    return TRUE;
}

guint64
nwf_ratelimit_overflow(NwfRateLimit *limit, gint64 now)
{
    guint64 news = limit->dropped - limit->told;

    if (news == 0 || (limit->told > 0 && now - limit->told_at < NWF_RATELIMIT_TELL))
        return 0;
    limit->told = limit->dropped;
    limit->told_at = now;
    return news;
}

void
nwf_counters_refuse(NwfCounters *counters, NwfRefusal refusal)
{
    counters->refused[refusal]++;
    if (refusal != NWF_REFUSAL_NONE)
        counters->last = refusal;
}

gboolean
nwf_counters_report(NwfCounters *counters, const NwfAddress *address, gint64 now)
{
    NwfReported *place = &counters->told[counters->next_told];

    for (guint i = 0; i < NWF_REFUSED_MAX; i++)
        if (nwf_address_equal(&counters->told[i].address, address))
            return FALSE;
    if (nwf_address_is_set(&place->address) && now - place->at < NWF_RATELIMIT_TELL)
        return FALSE;
    *place = (NwfReported){*address, now};
    counters->next_told = (counters->next_told + 1) % NWF_REFUSED_MAX;
    return TRUE;
}
