/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reconcile.c: puts right what others changed in the kernel
 *
 * The applier takes the events that the monitor posted, leaves out its own transactions, and asks the backend which
 * ports the others concern. These get back the rules that they have: what the kernel holds of them is compared with
 * what it should hold, and only what differs is written. So a change that did no harm costs some reading. What is to
 * have other rules, because of learned addresses or of a definition, is not this file's: else that would count as a
 * repair, and somebody would be blamed for it.
 *
 * When others repeat it, the first PROMPT repairs are immediate; each further one waits twice as long, up to
 * LAST_DELAY. After CALM without a repair, counted from the end of the last delay, the count starts anew. Reading is
 * limited to about a tenth of the time, however often others change what is not ours in chains that lead to ours.
 *
 * What cannot be read, or belongs to no port and cannot be written, is looked at again after the same delays.
 *
 * Limits: while a look waits, ports may be without rules. Of a series of repairs the log names who was the first, and
 * who was when delays began.
 */
#include "driver/engine/applier.h"

#include <glib/gi18n-lib.h>

enum {
    PROMPT = 5, /* times that are put right at once */
    FIRST_DELAY = 1 * G_TIME_SPAN_SECOND,
    LAST_DELAY = 60 * G_TIME_SPAN_SECOND,
    CALM = 60 * G_TIME_SPAN_SECOND,
    REST = 10,                          /* times the time that a look took is rested after it… */
    REST_MAX = 10 * G_TIME_SPAN_SECOND, /* …but not longer, since ports may be open meanwhile */
    POLL = 1 * G_TIME_SPAN_SECOND,
};

/* ---- when ---- */

void
nwf_reconcile_plan(NwfApplier *applier)
{
    NwfReconciler *reconciler = &applier->reconciler;
    gint64 now = g_get_monotonic_time();

    if (!applier->backend->needs_poll || !applier->backend->needs_poll(applier->backend))
        reconciler->poll_at = 0;
    else if (reconciler->poll_at <= now)
        reconciler->poll_at = MAX(now + POLL, reconciler->not_before);
}

static gint64
delay_of(guint repairs)
{
    if (repairs <= PROMPT)
        return 0;
    return MIN((gint64)FIRST_DELAY << MIN(repairs - PROMPT - 1, 10), LAST_DELAY);
}

/* ---- who ---- */

/* "'nft' (process 123)", or what there is to say. (transfer full) */
static char *
culprit_of(const NwfChangeEvent *event)
{
    g_autofree char *program = g_strescape(event && event->program ? event->program : "", NULL);

    if (*program && event->process)
        return g_strdup_printf(_("'%s' (process %u)"), program, event->process);
    return *program ? g_strdup_printf("'%s'", program) : g_strdup(_("an unknown program"));
}

/* The event to which the touched chain at @first belongs; the first one about everything if there is none. May be NULL.
 */
static const NwfChangeEvent *
event_of(GPtrArray *events, int first)
{
    guint before = 0;

    for (guint i = 0; i < events->len; i++) {
        const NwfChangeEvent *event = g_ptr_array_index(events, i);
        if (event->everything || (first >= 0 && (guint)first < before + event->touched->len))
            return event;
        before += event->touched->len;
    }
    return NULL;
}

static void
log_repair(NwfApplier *applier, const NwfChangeEvent *event)
{
    g_autofree char *who = culprit_of(event);

    if (applier->reconciler.repairs == PROMPT + 1)
        nwf_engine_log(applier->config, NWF_LOG_WARNING, "engine",
                       _("the firewall is changed from outside again and again, the last time by %s; from now on the "
                         "rules of this driver are put right after growing delays of up to %d s"),
                       who, (int)(LAST_DELAY / G_TIME_SPAN_SECOND));
    else
        nwf_engine_log(applier->config, applier->reconciler.repairs == 1 ? NWF_LOG_WARNING : NWF_LOG_DEBUG, "engine",
                       _("the firewall was changed from outside by %s; the rules of this driver are put right"), who);
}

/* ---- what ---- */

/* All that was touched, in one list; NULL: nobody knows what. */
static GPtrArray *
merge(GPtrArray *events)
{
    g_autoptr(GPtrArray) touched = g_ptr_array_new();

    for (guint i = 0; i < events->len; i++) {
        const NwfChangeEvent *event = g_ptr_array_index(events, i);
        if (event->everything)
            return NULL;
        for (guint j = 0; j < event->touched->len; j++)
            g_ptr_array_add(touched, g_ptr_array_index(event->touched, j));
    }
    return g_steal_pointer(&touched);
}

void
nwf_log_failures(const NwfEngineConfig *config, GPtrArray *requests)
{
    for (guint i = 0; i < requests->len; i++) {
        const NwfRequest *request = g_ptr_array_index(requests, i);
        if (request->error)
            nwf_engine_log(config, NWF_LOG_ERROR, "engine", _("port '%s': %s"), request->portdev,
                           request->error->message);
    }
}

/* Asks a backend that can to write what it acknowledged of @ports; the restores then find what is left. */
static void
reassert(NwfApplier *applier, GPtrArray *ports)
{
    g_autoptr(GError) error = NULL;
    gboolean wrote = FALSE;

    if (!applier->backend->reassert)
        return;
    if (!applier->backend->reassert(applier->backend, ports, &wrote, &error))
        nwf_engine_log(applier->config, NWF_LOG_DEBUG, "tech", "%s", error->message);
    applier->writes += wrote;
}

static gboolean
put_right(NwfApplier *applier, GPtrArray *ports, GError **error)
{
    g_autoptr(GPtrArray) requests = nwf_requests_new();
    g_autoptr(NwfNotes) notes = nwf_notes_new();

    reassert(applier, ports);
    for (guint i = 0; i < ports->len; i++) {
        const char *port = g_ptr_array_index(ports, i);
        NwfRequest *request = nwf_requests_add(requests, nwf_restore_kind_of(applier->catalog, port), port);
        request->unasked = TRUE;
        request->restored = NWF_RESTORED_SAME;
    }
    nwf_commit(applier, requests);
    nwf_log_failures(applier->config, requests);
    return nwf_applier_repair(applier, notes, error);
}

/* FALSE: the tables cannot be read, or not all of them be put right, so all is to be looked at later. */
static gboolean
look(NwfApplier *applier, GPtrArray *events, GError **error)
{
    NwfReconciler *reconciler = &applier->reconciler;
    g_autoptr(GPtrArray) touched = merge(events);
    NwfReread found = {NULL, -1};
    guint64 writes = applier->writes;

    gboolean read = applier->backend->reread(applier->backend, touched, &found, error);
    g_autoptr(GPtrArray) ports = found.ports;
    gboolean whole = (!ports || put_right(applier, ports, read ? error : NULL)) && read;
    if (whole && applier->writes != writes) {
        if (g_get_monotonic_time() - reconciler->calm_since > CALM)
            reconciler->repairs = 0;
        reconciler->repairs++;
        log_repair(applier, event_of(events, found.first));
    }
    return whole;
}

/* Everything is looked at again; who did it is not forgotten. */
static void
look_later(NwfApplier *applier, GPtrArray *events, const GError *why)
{
    const NwfChangeEvent *first = events->len > 0 ? g_ptr_array_index(events, 0) : NULL;
    NwfChangeEvent *again = nwf_change_event_new(TRUE);

    nwf_engine_log(applier->config, applier->reconciler.failures ? NWF_LOG_DEBUG : NWF_LOG_ERROR, "tech", "%s",
                   why->message);
    applier->reconciler.failures++;
    again->process = first ? first->process : 0;
    again->program = first ? g_strdup(first->program) : NULL;
    nwf_inbox_post_event(applier->inbox, again);
}

static gboolean
is_own(const NwfApplier *applier, const NwfChangeEvent *event)
{
    return event->first && applier->backend->is_own(applier->backend, event->first, event->last, event->process);
}

void
nwf_reconcile(NwfApplier *applier, GPtrArray *events)
{
    NwfReconciler *reconciler = &applier->reconciler;
    gint64 begin = g_get_monotonic_time();
    guint64 writes = applier->writes;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < events->len;)
        if (is_own(applier, g_ptr_array_index(events, i)))
            g_ptr_array_remove_index(events, i);
        else
            i++;
    if (reconciler->poll_at && begin >= reconciler->poll_at && applier->backend->poll(applier->backend))
        g_ptr_array_add(events, nwf_change_event_new(TRUE));
    if (events->len == 0)
        return;
    if (look(applier, events, &error))
        reconciler->failures = 0;
    else
        look_later(applier, events, error);

    gint64 now = g_get_monotonic_time();
    if (reconciler->failures > 0)
        reconciler->not_before = now + delay_of(PROMPT + reconciler->failures);
    else if (applier->writes != writes)
        reconciler->not_before = reconciler->calm_since = now + delay_of(reconciler->repairs);
    else
        reconciler->not_before = now + MIN(REST * (now - begin), REST_MAX);
}

/* ---- reading ---- */

gboolean
nwf_read_kernel(NwfApplier *applier, GPtrArray **in_kernel, NwfNotes *notes, GError **error)
{
    if (!applier->backend->read(applier->backend, in_kernel, notes, error))
        return FALSE;
    if (nwf_applier_repair(applier, notes, error))
        return TRUE;
    nwf_inbox_post_event(applier->inbox, nwf_change_event_new(TRUE)); /* which makes it be tried again */
    return FALSE;
}

static gboolean
act_reread(NwfApplier *applier, NwfRequest *request, GError **error)
{
    gboolean read = nwf_read_kernel(applier, &request->in_kernel, request->notes, error);

    nwf_engine_log_notes(applier->config, "engine", NULL, request->notes);
    return read;
}

/* Only the applier reads, because one thread at a time may use the backend. */
const NwfRequestKind nwf_reread_kind = {.exclusive = TRUE, .act = act_reread};
