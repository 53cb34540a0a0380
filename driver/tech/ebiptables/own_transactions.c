/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * own_transactions.c: which transactions of nf_tables were ours
 *
 * The kernel numbers its transactions. We ask for the number of the last one before and after each call. If the number
 * grew by as many as the tools made for certain, all in between were ours; runs that were refused do not count, for
 * somebody else may be why. Else those are ours that came from processes which we started. Process numbers alone would
 * not do, since the kernel counts processes otherwise than a daemon in a container, and uses them again.
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

/* The numbers may pass their greatest value: only differences count. */
gboolean
nwf_own_transactions_has(const NwfOwnTransactions *own, guint32 generation, guint32 process)
{
    for (const GList *i = own->calls.tail; i; i = i->prev) {
        const Call *call = i->data;
        guint32 n_announced = 0;
        gboolean ran = FALSE;

        if (generation - call->before - 1 >= call->after - call->before)
            continue;
        for (guint j = 0; j < call->runs->len; j++) {
            const NwfRun *run = &g_array_index(call->runs, NwfRun, j);
            n_announced += run->announced ? 1 : 0;
            ran = ran || (guint32)run->process == process;
        }
        return call->after - call->before == n_announced || ran;
    }
    return FALSE;
}
