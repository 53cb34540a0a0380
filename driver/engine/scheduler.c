/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scheduler.c: when the applier, the one thread that changes the kernel, does what
 *
 * Its first work is the start: it asks the backend what is in the kernel, brings every stored binding up in shared
 * batches, and releases ports that nobody binds any more. Then it takes what waits in the inbox, turn by turn, and
 * answers the callers of one turn together. Behind the answer some of the ports whose learned addresses changed get
 * their rules (relearn.c); then comes the next turn, with what was asked meanwhile.
 *
 * Ports are visited again: as the table of states says, closed ones after each change of a definition, because it may
 * be what they lacked, and with growing delays those whose rules the kernel refused or may have lost. With the same
 * delays the leftovers of failed changes are removed. A queue that never gets empty puts none of these off, nor learned
 * addresses; the same holds for what others do to the kernel (reconcile.c).
 */
#include "driver/engine/applier.h"

enum { RETRY_FIRST = 1 * G_TIME_SPAN_SECOND, RETRY_LAST = 60 * G_TIME_SPAN_SECOND };

/* ---- ports that are visited again ---- */

/* Restores the ports whose state has the member of NwfStateMeaning at @offset set. */
static void
revisit(NwfApplier *applier, gsize offset)
{
    g_autoptr(GPtrArray) ports = nwf_catalog_ports(applier->catalog), requests = nwf_requests_new();

    for (guint i = 0; i < ports->len; i++) {
        const NwfPort *port = g_ptr_array_index(ports, i);
        if (G_STRUCT_MEMBER(gboolean, nwf_state_meaning(port->state), offset))
            nwf_requests_add(requests, &nwf_restore_kind, port->binding->portdev)->unasked = TRUE;
    }
    nwf_commit(applier, requests);
}

/* Removes what failed changes may have left of ports that nobody binds. */
static void
remove_leftovers(NwfApplier *applier)
{
    g_autoptr(GPtrArray) requests = nwf_requests_new();
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, applier->leftovers);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        nwf_requests_add(requests, &nwf_release_kind, name)->unsure = TRUE;
    nwf_commit(applier, requests);
    for (guint i = 0; i < requests->len; i++) {
        const NwfRequest *request = g_ptr_array_index(requests, i);
        if (!request->error)
            g_hash_table_remove(applier->leftovers, request->portdev);
    }
}

static gboolean
has_retried_ports(const NwfApplier *applier)
{
    g_autoptr(GPtrArray) ports = nwf_catalog_ports(applier->catalog);

    for (guint i = 0; i < ports->len; i++)
        if (nwf_state_meaning(((const NwfPort *)g_ptr_array_index(ports, i))->state)->retried)
            return TRUE;
    return FALSE;
}

static void
plan_retry(NwfApplier *applier)
{
    if (g_hash_table_size(applier->leftovers) == 0 && !has_retried_ports(applier)) {
        applier->retry_at = applier->retry_delay = 0;
    } else if (!applier->retry_at) {
        applier->retry_delay = CLAMP(applier->retry_delay * 2, RETRY_FIRST, RETRY_LAST);
        applier->retry_at = g_get_monotonic_time() + applier->retry_delay;
    }
}

/* ---- turns ---- */

/*
 * What the stock driver did where our backend does not see it goes when every port has its rules from us. A port whose
 * file cannot be read has none but those.
 */
static void
remove_stock_rules(NwfApplier *applier)
{
    g_autoptr(GError) error = NULL;

    if (!applier->stock_rules || applier->retry_at || nwf_catalog_has_unread(applier->catalog))
        return;
    if (!applier->stock_rules->remove_stock(&error))
        nwf_engine_log(applier->config, NWF_LOG_ERROR, "tech", "%s", error->message);
    applier->stock_rules = NULL;
}

static void
plan_next_turn(NwfApplier *applier)
{
    plan_retry(applier);
    remove_stock_rules(applier);
    nwf_reconcile_plan(applier);
}

/* Every stored binding is brought up. Trouble is logged: none of it stops the daemon. */
static void
take_over(NwfApplier *applier)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GPtrArray) in_kernel = NULL;
    g_autoptr(GError) error = NULL;

    if (!applier->backend->probe(applier->backend, notes, &error) ||
        !nwf_read_kernel(applier, &in_kernel, notes, &error))
        nwf_engine_log(applier->config, NWF_LOG_ERROR, "tech", "%s", error->message);
    nwf_engine_log_notes(applier->config, "tech", NULL, notes);
    g_autoptr(GPtrArray) requests = nwf_restore_requests(applier->catalog, in_kernel);
    nwf_commit(applier, requests);
    nwf_log_failures(applier->config, requests);
}

/* What users asked for, and what follows from it; they are answered then. */
static void
carry_out_calls(NwfApplier *applier, GPtrArray *requests)
{
    gboolean defined = FALSE;

    nwf_commit(applier, requests);
    for (guint i = 0; i < requests->len; i++) {
        const NwfRequest *request = g_ptr_array_index(requests, i);
        defined = defined || (!request->error && request->new_cache);
    }
    if (defined)
        revisit(applier, G_STRUCT_OFFSET(NwfStateMeaning, revisited));
    nwf_inbox_answer(applier->inbox, requests);
}

static void
want_relearned(NwfApplier *applier, GHashTable *names)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        nwf_pace_want(applier->pace, name);
}

void
nwf_scheduler_turn(NwfApplier *applier, NwfTurn *turn)
{
    if (turn->reconcile)
        nwf_reconcile(applier, turn->events);
    if (turn->retry) {
        applier->retry_at = 0;
        revisit(applier, G_STRUCT_OFFSET(NwfStateMeaning, retried));
        remove_leftovers(applier);
    }
    carry_out_calls(applier, turn->requests);
    want_relearned(applier, turn->relearned);
    nwf_relearn(applier);
    plan_next_turn(applier);
}

void
nwf_scheduler_begin(NwfApplier *applier)
{
    take_over(applier);
    plan_next_turn(applier);
}

static gboolean
take_turn(NwfApplier *applier)
{
    const NwfTimers timers = {applier->retry_at, applier->reconciler.not_before, applier->reconciler.poll_at,
                              nwf_pace_next(applier->pace)};
    g_auto(NwfTurn) turn = {0};

    if (!nwf_inbox_take(applier->inbox, &timers, &turn))
        return FALSE;
    nwf_scheduler_turn(applier, &turn);
    return TRUE;
}

void
nwf_scheduler_run(NwfApplier *applier)
{
    while (take_turn(applier))
        continue;
}
