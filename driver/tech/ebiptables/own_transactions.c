/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * own_transactions.c: which transactions of nf_tables were ours
 *
 * The kernel numbers its transactions. We ask for the number of the last one before and after each call. If the number
 * grew by as many as the tools made for certain, all in between were ours; runs that were refused do not count, for
 * somebody else may be why. Else those are ours that came from processes which we started. Several are ours if each is
 * one of a call whose transactions were all ours: so nothing of others can hide among ours whose announcements were
 * lost. Process numbers alone would not do, since the kernel counts processes otherwise than a daemon in a container,
 * and uses them again.
 *
 * Limits: OWN_MAX calls are remembered; older ones were announced long ago.
 */
#include "driver/tech/ebiptables/ebiptables_private.h"

#include "driver/run/netlink.h"

enum { OWN_MAX = 256 };

/* Transactions (@before, @after] ran while we were changing the kernel. */
typedef struct Call {
    guint32 before, after;
    GArray *runs; /* (element-type NwfRun) */
} Call;

static void
call_free(gpointer data)
{
    Call *call = data;

    g_array_unref(call->runs);
    g_free(call);
}

void
nwf_own_transactions_clear(NwfOwnTransactions *own)
{
    g_queue_clear_full(&own->calls, call_free);
    g_array_unref(own->runs);
}

void
nwf_own_transactions_begin(NwfOwnTransactions *own)
{
    if (!nwf_nft_generation(&own->before))
        own->before = 0;
}

gboolean
nwf_own_transactions_end(NwfOwnTransactions *own)
{
    gboolean ran = own->runs->len > 0;
    guint32 after;

    if (own->before && ran && nwf_nft_generation(&after)) {
        Call *call = g_new0(Call, 1);
        *call = (Call){own->before, after, g_array_copy(own->runs)};
        g_queue_push_tail(&own->calls, call);
    }
    if (own->calls.length > OWN_MAX)
        call_free(g_queue_pop_head(&own->calls));
    g_array_set_size(own->runs, 0);
    return ran;
}

static guint32
count_announced(const GArray *runs)
{
    guint32 n = 0;

    for (guint i = 0; i < runs->len; i++)
        n += g_array_index(runs, NwfRun, i).announced ? 1 : 0;
    return n;
}

/* Whether all transactions of @call were ours, or @process, which made one of them, was. */
static gboolean
is_own(const Call *call, guint32 process)
{
    gboolean ran = FALSE;

    for (guint i = 0; i < call->runs->len; i++) {
        const NwfRun *run = &g_array_index(call->runs, NwfRun, i);
        ran = ran || (process && (guint32)run->process == process);
    }
    return call->after - call->before == count_announced(call->runs) || ran;
}

/* The numbers may pass their greatest value: only differences count. From the last one back each call takes its own. */
gboolean
nwf_own_transactions_has(const NwfOwnTransactions *own, guint32 first, guint32 last, guint32 process)
{
    guint32 left = last - first + 1;

    for (const GList *i = own->calls.tail; i; i = i->prev) {
        const Call *call = i->data;
        guint32 taken = first + left - 1 - call->before; /* of its transactions, if it has the last that is left */

        if (taken - 1 >= call->after - call->before)
            continue;
        if (!is_own(call, first == last ? process : 0))
            return FALSE;
        if (taken >= left)
            return TRUE;
        left -= taken;
    }
    return FALSE;
}
