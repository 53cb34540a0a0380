/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inbox.c: what other threads hand to the applier
 *
 * The only file that takes the inbox's lock. A caller posts requests and sleeps until the applier has answered;
 * requests that are posted together, or while a batch runs, share the next batch. Requests about different ports can go
 * together; a change of definitions goes alone.
 *
 * A turn takes everything that is due; no kind of work delays another. Of learned addresses it does a slice, behind the
 * requests (relearn.c).
 *
 * Limits: more than CHAINS_MAX chains or EVENTS_MAX events that wait are replaced by one event about everything.
 */
#include "driver/engine/inbox.h"

#include <glib/gi18n-lib.h>

enum { CHAINS_MAX = 200000, EVENTS_MAX = 1000 };

struct NwfInbox {
    GMutex lock;           /* over all below */
    GCond work;            /* the applier has something to do */
    GCond answered;        /* a request was answered, or the applier is ready, or has ended */
    GQueue requests;       /* of NwfRequest, which belong to their callers */
    GHashTable *relearned; /* set of names of ports */
    GQueue events;         /* of NwfChangeEvent */
    gboolean closed;
    gboolean ready;
    gboolean ended; /* the applier was told that there is nothing left */
};

static GHashTable *
names_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

NwfInbox *
nwf_inbox_new(void)
{
    NwfInbox *inbox = g_new0(NwfInbox, 1);

    g_mutex_init(&inbox->lock);
    g_cond_init(&inbox->work);
    g_cond_init(&inbox->answered);
    g_queue_init(&inbox->requests);
    g_queue_init(&inbox->events);
    inbox->relearned = names_new();
    return inbox;
}

void
nwf_inbox_free(NwfInbox *inbox)
{
    g_queue_clear_full(&inbox->events, (GDestroyNotify)nwf_change_event_free);
    g_hash_table_unref(inbox->relearned);
    g_cond_clear(&inbox->answered);
    g_cond_clear(&inbox->work);
    g_mutex_clear(&inbox->lock);
    g_free(inbox);
}

/* ---- events ---- */

static void
touched_free(gpointer data)
{
    NwfTouched *touched = data;

    g_free((char *)touched->chain);
    g_free(touched);
}

NwfChangeEvent *
nwf_change_event_new(gboolean everything)
{
    NwfChangeEvent *event = g_new0(NwfChangeEvent, 1);

    event->touched = g_ptr_array_new_with_free_func(touched_free);
    event->everything = everything;
    return event;
}

void
nwf_change_event_touch(NwfChangeEvent *event, const NwfTable *table, const char *chain)
{
    NwfTouched *touched = g_new0(NwfTouched, 1);

    *touched = (NwfTouched){table, g_strdup(chain)};
    g_ptr_array_add(event->touched, touched);
}

void
nwf_change_event_free(NwfChangeEvent *event)
{
    if (!event)
        return;
    g_ptr_array_unref(event->touched);
    g_free(event->program);
    g_free(event);
}

static gboolean
is_full_locked(const NwfInbox *inbox, const NwfChangeEvent *event)
{
    guint chains = event->touched->len;

    for (const GList *i = inbox->events.head; i; i = i->next)
        chains += ((const NwfChangeEvent *)i->data)->touched->len;
    return chains > CHAINS_MAX || inbox->events.length >= EVENTS_MAX;
}

/* @event, and all that wait, become one about everything. It keeps the numbers of their transactions, if all have some.
 */
static void
swallow_locked(NwfInbox *inbox, NwfChangeEvent *event)
{
    const NwfChangeEvent *oldest = g_queue_peek_head(&inbox->events);
    gboolean numbered = event->first != 0;

    for (const GList *i = inbox->events.head; i; i = i->next)
        numbered = numbered && ((const NwfChangeEvent *)i->data)->first != 0;
    event->first = numbered && oldest ? oldest->first : numbered ? event->first : 0;
    event->last = numbered ? event->last : 0;
    event->process = 0;
    g_clear_pointer(&event->program, g_free);
    g_ptr_array_set_size(event->touched, 0);
    event->everything = TRUE;
    g_queue_clear_full(&inbox->events, (GDestroyNotify)nwf_change_event_free);
}

/* ---- for all threads ---- */

void
nwf_inbox_run(NwfInbox *inbox, GPtrArray *requests)
{
    g_mutex_lock(&inbox->lock);
    for (guint i = 0; i < requests->len; i++) {
        NwfRequest *request = g_ptr_array_index(requests, i);
        if (inbox->closed) {
            nwf_set_error(&request->error, NWF_ERROR_OPERATION_INVALID, _("the nwfilter driver is being stopped"));
            request->answered = TRUE;
        } else {
            g_queue_push_tail(&inbox->requests, request);
        }
    }
    g_cond_signal(&inbox->work);
    for (guint i = 0; i < requests->len; i++) {
        const NwfRequest *request = g_ptr_array_index(requests, i);
        while (!request->answered)
            g_cond_wait(&inbox->answered, &inbox->lock);
    }
    g_mutex_unlock(&inbox->lock);
}

gboolean
nwf_inbox_run_one(NwfInbox *inbox, NwfRequest *request, GError **error)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();

    g_ptr_array_add(one, request);
    nwf_inbox_run(inbox, one);
    if (!request->error)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&request->error));
    return FALSE;
}

void
nwf_inbox_post_relearned(NwfInbox *inbox, const char *portdev)
{
    g_mutex_lock(&inbox->lock);
    g_hash_table_add(inbox->relearned, g_strdup(portdev));
    g_cond_signal(&inbox->work);
    g_mutex_unlock(&inbox->lock);
}

void
nwf_inbox_post_event(NwfInbox *inbox, NwfChangeEvent *event)
{
    g_mutex_lock(&inbox->lock);
    if (is_full_locked(inbox, event))
        swallow_locked(inbox, event);
    g_queue_push_tail(&inbox->events, event);
    g_cond_signal(&inbox->work);
    g_mutex_unlock(&inbox->lock);
}

void
nwf_inbox_close(NwfInbox *inbox)
{
    g_mutex_lock(&inbox->lock);
    inbox->closed = TRUE;
    g_cond_signal(&inbox->work);
    g_mutex_unlock(&inbox->lock);
}

static gboolean
wait_for(NwfInbox *inbox, const gboolean *what, gint64 limit)
{
    gint64 until = g_get_monotonic_time() + limit;

    g_mutex_lock(&inbox->lock);
    while (!*what && g_cond_wait_until(&inbox->answered, &inbox->lock, until))
        continue;
    gboolean is = *what;
    g_mutex_unlock(&inbox->lock);
    return is;
}

gboolean
nwf_inbox_wait_ready(NwfInbox *inbox, gint64 limit)
{
    return wait_for(inbox, &inbox->ready, limit);
}

gboolean
nwf_inbox_wait_empty(NwfInbox *inbox, gint64 limit)
{
    return wait_for(inbox, &inbox->ended, limit);
}

/* ---- for the applier ---- */

void
nwf_turn_clear(NwfTurn *turn)
{
    g_clear_pointer(&turn->requests, g_ptr_array_unref);
    g_clear_pointer(&turn->relearned, g_hash_table_unref);
    g_clear_pointer(&turn->events, g_ptr_array_unref);
}

/* Takes the requests from the head of the queue that can go together. */
static GPtrArray *
take_batch_locked(NwfInbox *inbox)
{
    g_autoptr(GHashTable) ports = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *batch = g_ptr_array_new();

    while (!g_queue_is_empty(&inbox->requests)) {
        NwfRequest *request = g_queue_peek_head(&inbox->requests);
        if (batch->len > 0 && (request->kind->exclusive || g_hash_table_contains(ports, request->portdev)))
            break;
        g_ptr_array_add(batch, g_queue_pop_head(&inbox->requests));
        if (request->kind->exclusive)
            break;
        g_hash_table_add(ports, request->portdev);
    }
    return batch;
}

/* The earliest time at which a timer ends; 0: none runs. */
static gint64
next_end_locked(const NwfInbox *inbox, const NwfTimers *timers)
{
    const gint64 ends[] = {timers->retry_at, timers->poll_at, timers->relearn_at,
                           g_queue_is_empty((GQueue *)&inbox->events) ? 0 : MAX(timers->events_at, 1)};
    gint64 first = 0;

    for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
        if (ends[i] && (!first || ends[i] < first))
            first = ends[i];
    return inbox->closed ? 0 : first;
}

static gboolean
is_over(gint64 end)
{
    return end && g_get_monotonic_time() >= end;
}

gboolean
nwf_inbox_take(NwfInbox *inbox, const NwfTimers *timers, NwfTurn *turn)
{
    g_mutex_lock(&inbox->lock);
    while (g_queue_is_empty(&inbox->requests)) {
        gint64 end = next_end_locked(inbox, timers);
        if (inbox->closed || g_hash_table_size(inbox->relearned) > 0 || is_over(end))
            break;
        if (end)
            g_cond_wait_until(&inbox->work, &inbox->lock, end);
        else
            g_cond_wait(&inbox->work, &inbox->lock);
    }
    gboolean more = !inbox->closed || !g_queue_is_empty(&inbox->requests);
    gboolean take_events = !inbox->closed && !g_queue_is_empty(&inbox->events) && is_over(MAX(timers->events_at, 1));
    turn->retry = !inbox->closed && is_over(timers->retry_at);
    turn->reconcile = take_events || (!inbox->closed && is_over(timers->poll_at));
    turn->requests = take_batch_locked(inbox);
    turn->relearned = g_steal_pointer(&inbox->relearned);
    inbox->relearned = names_new();
    turn->events = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_change_event_free);
    while (take_events && !g_queue_is_empty(&inbox->events))
        g_ptr_array_add(turn->events, g_queue_pop_head(&inbox->events));
    inbox->ended = !more;
    if (inbox->ended)
        g_cond_broadcast(&inbox->answered);
    g_mutex_unlock(&inbox->lock);
    return more;
}

void
nwf_inbox_answer(NwfInbox *inbox, GPtrArray *requests)
{
    g_mutex_lock(&inbox->lock);
    for (guint i = 0; i < requests->len; i++)
        ((NwfRequest *)g_ptr_array_index(requests, i))->answered = TRUE;
    g_cond_broadcast(&inbox->answered);
    g_mutex_unlock(&inbox->lock);
}

void
nwf_inbox_set_ready(NwfInbox *inbox)
{
    g_mutex_lock(&inbox->lock);
    inbox->ready = TRUE;
    g_cond_broadcast(&inbox->answered);
    g_mutex_unlock(&inbox->lock);
}
