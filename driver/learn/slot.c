/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slot.c: one capture of a session; see slot.h
 */
#include "driver/learn/slot.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sys/epoll.h>

/* Microseconds in which a slot over a rate limit is not read. */
static const gint64 pauses[NWF_BUDGETS] = {
    [NWF_BUDGET_FROM_VM] = 50 * 1000,
    [NWF_BUDGET_ANSWERS] = 50 * 1000,
    [NWF_BUDGET_STRAY] = 5 * 1000, /* of 20,000 frames a second the buffer holds those of 16 ms */
};
enum {
    TURN_FRAMES = 16, /* at most read from a socket before all others had their turn */
    CATCH_UP = 512,   /* more than its buffer holds */
};

/* ---- opening ---- */

void
nwf_slot_shut_locked(NwfSlot *slot)
{
    NwfLearnContext *context = slot->session->context;

    if (!slot->capture)
        return;
    if (slot->resume == NWF_NEVER)
        epoll_ctl(context->poll, EPOLL_CTL_DEL, slot->capture->fd, NULL);
    slot->resume = NWF_NEVER;
    slot->lost += nwf_capture_lost(slot->capture);
    g_ptr_array_add(context->closing, g_steal_pointer(&slot->capture));
}

static gboolean
poll_slot(NwfSlot *slot, GError **error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};

    if (epoll_ctl(slot->session->context->poll, EPOLL_CTL_ADD, slot->capture->fd, &event) == 0)
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_SYSTEM, _("the socket cannot be waited for: %s"), g_strerror(errno));
}

gboolean
nwf_slot_open_locked(NwfSlot *slot, const NwfCaptureKind *kind, GError **error)
{
    if (slot->capture)
        return nwf_capture_change(slot->capture, kind, error);
    slot->capture = nwf_capture_open(kind, error);
    if (!slot->capture)
        return FALSE;
    if (poll_slot(slot, error))
        return TRUE;
    g_clear_pointer(&slot->capture, nwf_capture_free); /* @closing is the thread's, which need not be the caller */
    return FALSE;
}

gboolean
nwf_slot_fits_locked(const NwfSlot *slot, const NwfCaptureKind *kind)
{
    return !slot->capture || slot->capture->kind.ifindex == kind->ifindex;
}

guint64
nwf_slot_lost_locked(NwfSlot *slot)
{
    return slot->lost + (slot->capture ? nwf_capture_lost(slot->capture) : 0);
}

/* ---- frames ---- */

typedef struct Turn {
    NwfSlot *slot;
    gint64 now;
    gboolean accepted, over[NWF_BUDGETS];
} Turn;

static void
log_outcome(NwfSession *session, const NwfOutcome *outcome, gint64 now)
{
    NwfLearnContext *context = session->context;
    const char *name = session->terms->portdev, *why = nwf_refusal_text(outcome->refusal);
    char address[NWF_ADDRESS_TEXT];
    gboolean report = outcome->report && now - session->refusal_logged >= NWF_REPORT_AGAIN;

    nwf_address_format(address, &outcome->address);
    if (outcome->refusal == NWF_REFUSAL_NONE && outcome->accepted)
        nwf_learn_log_locked(context, NWF_LEARN_DEBUG, _("port '%s': believed: %s"), name, address);
    if (outcome->refusal == NWF_REFUSAL_NONE)
        return;
    if (nwf_address_is_set(&outcome->address))
        nwf_learn_log_locked(context, report ? NWF_LEARN_WARNING : NWF_LEARN_DEBUG,
                             _("port '%s': %s is not learned: %s"), name, address, why);
    else
        nwf_learn_log_locked(context, NWF_LEARN_DEBUG, _("port '%s': nothing is learned: %s"), name, why);
    if (report)
        session->refusal_logged = now;
}

static void
log_over(NwfSession *session, NwfBudget budget, gint64 now)
{
    guint64 dropped = nwf_ratelimit_overflow(&session->inspector->limits[budget], now);

    if (dropped > 0)
        nwf_learn_log_locked(
            session->context, NWF_LEARN_WARNING,
            budget == NWF_BUDGET_FROM_VM
                ? _("port '%s': the VM sends too much that may teach an address; %llu were passed over")
            : budget == NWF_BUDGET_ANSWERS
                ? _("port '%s': the VM is sent too many DHCP messages; %llu were passed over")
                : _("port '%s': the VM is sent too many DHCP messages that answer nothing it asked; %llu were passed "
                    "over"),
            session->terms->portdev, (unsigned long long)dropped);
}

void
nwf_slot_guard_locked(NwfSession *session, gint64 now)
{
    if (!session->flooded)
        session->flooded = session->stale = session->context->stale = TRUE;
    session->calm_at = now + NWF_CALM;
    nwf_learn_schedule_locked(session->context, session->calm_at);
}

static void
pause_slot(const Turn *turn)
{
    NwfSlot *slot = turn->slot;
    NwfSession *session = slot->session;
    gint64 pause = 0;

    for (guint budget = 0; budget < NWF_BUDGETS; budget++)
        if (turn->over[budget]) {
            pause = MAX(pause, pauses[budget]);
            log_over(session, budget, turn->now);
        }
    if (turn->over[NWF_BUDGET_STRAY])
        nwf_slot_guard_locked(session, turn->now);
    if (pause == 0)
        return;
    epoll_ctl(session->context->poll, EPOLL_CTL_DEL, slot->capture->fd, NULL);
    slot->resume = turn->now + pause;
    nwf_learn_schedule_locked(session->context, slot->resume);
}

static guint read_slot(NwfSlot *slot, guint max, gint64 now);

/*
 * What goes to the VM may answer what came from it a moment earlier, through the other socket. When the answer is here
 * the question is there; it is read first.
 */
static void
on_frame(NwfBytes frame, gsize wire_length, gpointer data)
{
    Turn *turn = data;
    NwfSession *session = turn->slot->session;
    NwfLearnDirection direction = turn->slot->capture->kind.direction;
    NwfSlot *from = &session->slots[NWF_SLOT_FROM_VM];

    if (direction == NWF_TO_VM && from->capture && from->resume == NWF_NEVER)
        read_slot(from, CATCH_UP, turn->now);
    NwfOutcome outcome = nwf_inspector_frame(session->inspector, frame, wire_length, direction, turn->now);
    turn->accepted |= outcome.accepted;
    if (outcome.refusal == NWF_REFUSAL_RATE)
        turn->over[outcome.budget] = TRUE;
    else
        log_outcome(session, &outcome, turn->now);
}

/* Returns: how many frames were read */
static guint
read_slot(NwfSlot *slot, guint max, gint64 now)
{
    NwfSession *session = slot->session;
    guint64 questions = session->inspector->transactions.version;
    Turn turn = {.slot = slot, .now = now};

    guint n = nwf_capture_read(slot->capture, max, on_frame, &turn);
    if (n > 0)
        nwf_learn_count_locked(session->context, now);
    if (turn.accepted || (session->flooded && session->inspector->transactions.version != questions))
        session->stale = session->context->stale = TRUE;
    pause_slot(&turn);
    return n;
}

/* A flooded port's slots are emptied, as long as all such ports together may have that in this turn. */
static void
read_share(NwfSlot *slot, gint64 now)
{
    NwfLearnContext *context = slot->session->context;
    guint more = slot->session->flooded ? MIN(context->catch_up, CATCH_UP) : 0;
    guint n = read_slot(slot, TURN_FRAMES + more, now);

    if (n > TURN_FRAMES)
        context->catch_up -= n - TURN_FRAMES;
}

void
nwf_slot_read_locked(NwfSlot *slot, gint64 now)
{
    /* Retired, or over its limit since the event: then its captures go in this turn, or it waits. */
    if (!slot->session->inspector || !slot->capture || slot->resume != NWF_NEVER)
        return;
    /* Another device by now, or all are unknown, and so is who has which address: its captures go in this turn. */
    if (slot->capture->kind.ifindex == nwf_learn_index_locked(slot->session->context, slot->session->terms->portdev))
        read_share(slot, now);
}

/* ---- time ---- */

gint64
nwf_slot_resume_locked(NwfSlot *slot, gint64 now, GError **error)
{
    if (slot->resume > now)
        return slot->resume;
    slot->resume = NWF_NEVER;
    if (!poll_slot(slot, error)) {
        slot->resume = now; /* it is not polled */
        nwf_slot_shut_locked(slot);
    }
    return NWF_NEVER;
}
