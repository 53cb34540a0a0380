/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * budget.c: how much of what others send is looked at, and what became of it
 */
#include "driver/learn/budget.h"

#define TOKEN G_GINT64_CONSTANT(1000000)
#define FULL  (NWF_BUDGET_BURST * TOKEN)

gboolean
nwf_budget_take(NwfBudget *budget, gint64 now)
{
    gint64 elapsed = now - budget->filled;

    if (!budget->used || elapsed > G_USEC_PER_SEC * NWF_BUDGET_BURST / NWF_BUDGET_RATE)
        budget->tokens = FULL;
    else if (elapsed > 0)
        budget->tokens = MIN(FULL, budget->tokens + elapsed * NWF_BUDGET_RATE);
    budget->used = TRUE;
    budget->filled = now;
    if (budget->tokens < TOKEN) {
        budget->dropped++;
        return FALSE;
    }
    budget->tokens -= TOKEN;
    return TRUE;
}

guint64
nwf_budget_news(NwfBudget *budget, gint64 now)
{
    guint64 news = budget->dropped - budget->told;

    if (news == 0 || (budget->told > 0 && now - budget->told_at < NWF_BUDGET_TELL))
        return 0;
    budget->told = budget->dropped;
    budget->told_at = now;
    return news;
}

void
nwf_counters_refuse(NwfCounters *counters, NwfReason reason)
{
    counters->refused[reason]++;
    if (reason != NWF_REASON_NONE)
        counters->last = reason;
}

gboolean
nwf_counters_tell(NwfCounters *counters, const NwfAddress *address, gint64 now)
{
    NwfTold *place = &counters->told[counters->next_told];

    for (guint i = 0; i < NWF_REFUSED_MAX; i++)
        if (nwf_address_equal(&counters->told[i].address, address))
            return FALSE;
    if (nwf_address_is_set(&place->address) && now - place->at < NWF_BUDGET_TELL)
        return FALSE;
    *place = (NwfTold){*address, now};
    counters->next_told = (counters->next_told + 1) % NWF_REFUSED_MAX;
    return TRUE;
}
