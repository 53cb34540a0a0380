/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.c: a watched port, its captures and the frames that come out of them
 *
 * What should be captured follows from two things: the device that has the name now, and what the port still wants to
 * know. nwf_session_look_locked() compares that with what is open; it is called whenever one of the two may have
 * changed, and does nothing when all is as it should be. A capture stays open while its device is down: it comes up
 * with the device.
 *
 * When a way has used up its budget it is not read for a moment: the kernel drops what does not fit, and a flood costs
 * a few wake-ups a second.
 */
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/epoll.h>

#include "driver/learn/learner_inside.h"

/* ---- making and ending ---- */

static NwfLearnOptions
options_of(NwfSession *port)
{
    const NwfLearnTerms *terms = port->terms;
    NwfLearnOptions options = {.name = terms->portdev, .key = port->key, .mode = terms->mode, .max = terms->max};

    memcpy(options.mac, terms->mac, sizeof(options.mac));
    options.ifindex = nwf_learner_index_locked(port->learner, terms->portdev);
    options.servers = (const NwfAddress *)(const void *)terms->servers->data;
    options.n_servers = terms->servers->len;
    options.allowed = terms->allowed;
    options.holder = nwf_learner_address_owner_locked;
    options.holder_data = port;
    return options;
}

static void
mark(NwfSession *port)
{
    port->dirty = port->compare = TRUE;
    port->learner->dirty = port->learner->compare = TRUE;
}

NwfSession *
nwf_session_new_locked(NwfLearner *learner, NwfLearnTerms *terms)
{
    NwfSession *port = g_new0(NwfSession, 1);
    NwfLearnOptions options;

    port->learner = learner;
    port->terms = nwf_learn_terms_ref(terms);
    nwf_lease_key_format(port->key, terms->owner, terms->mac);
    port->told = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    port->reported = port->open_told = port->news_told = G_MININT64 / 2;
    port->pace = NWF_COALESCE;
    port->report = port->wants_until = port->open_again = NWF_NEVER;
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++)
        port->slots[direction] = (NwfSlot){.port = port, .resume = NWF_NEVER};
    options = options_of(port);
    port->core = nwf_inspector_new(learner->db, &options);
    mark(port);
    return port;
}

/* An address of mode any that is not allowed any more would stand in the way of a better one. */
static void
forget_what_is_not_allowed(NwfSession *port)
{
    NwfLeasePort *entry = nwf_inspector_book(port->core);
    const NwfLease *lease = nwf_lease_db_first(entry);

    if (port->terms->mode == NWF_LEARN_ANY && lease != NULL && port->terms->allowed != NULL &&
        !nwf_allowed_has(port->terms->allowed, &lease->address))
        nwf_lease_db_forget(port->learner->db, entry);
}

void
nwf_session_change_locked(NwfSession *port, NwfLearnTerms *terms)
{
    NwfLearnTerms *before = port->terms;
    NwfLearnOptions options;

    port->terms = nwf_learn_terms_ref(terms);
    options = options_of(port);
    nwf_inspector_trust(port->core, &options);
    nwf_learn_terms_unref(before);
    forget_what_is_not_allowed(port);
    mark(port);
}

void
nwf_session_retire_locked(NwfSession *port)
{
    nwf_inspector_free(g_steal_pointer(&port->core));
    g_ptr_array_add(port->learner->retired, port);
    port->learner->compare = TRUE; /* addresses of its key may be those of another port too */
}

void
nwf_session_free(NwfSession *port)
{
    nwf_inspector_free(port->core);
    nwf_learn_terms_unref(port->terms);
    g_array_unref(port->told);
    g_free(port);
}

/* ---- captures ---- */

static void
shut(NwfSlot *slot)
{
    NwfLearner *learner = slot->port->learner;

    if (slot->capture == NULL)
        return;
    if (slot->resume == NWF_NEVER)
        epoll_ctl(learner->poll, EPOLL_CTL_DEL, nwf_capture_fd(slot->capture), NULL);
    slot->resume = NWF_NEVER;
    slot->lost += nwf_capture_lost(slot->capture);
    g_ptr_array_add(learner->closing, g_steal_pointer(&slot->capture));
}

void
nwf_session_shut_locked(NwfSession *port)
{
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++)
        shut(&port->slots[direction]);
}

static gboolean
poll_slot(NwfSlot *slot, GError **error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};

    if (epoll_ctl(slot->port->learner->poll, EPOLL_CTL_ADD, nwf_capture_fd(slot->capture), &event) == 0)
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_SYSTEM, _("the socket cannot be waited for: %s"), g_strerror(errno));
}

static gboolean
open_slot(NwfSlot *slot, const NwfCaptureKind *kind, GError **error)
{
    if (slot->capture != NULL)
        return nwf_capture_fits(slot->capture, kind) || nwf_capture_change(slot->capture, kind, error);
    slot->capture = nwf_capture_open(kind, error);
    if (slot->capture == NULL)
        return FALSE;
    if (poll_slot(slot, error))
        return TRUE;
    g_clear_pointer(&slot->capture, nwf_capture_free); /* the caller need not be the thread, whose the others are */
    return FALSE;
}

/* Shuts what is not open for the device of @kind; all if it is NULL. */
static void
shut_unfit(NwfSession *port, const NwfCaptureKind *kind)
{
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++) {
        const NwfCapture *capture = port->slots[direction].capture;
        const NwfCaptureKind *open = capture != NULL ? nwf_capture_kind(capture) : NULL;
        if (open != NULL && (kind == NULL || open->ifindex != kind->ifindex || open->lower != kind->lower))
            shut(&port->slots[direction]);
    }
}

static void
tell_failure(NwfSession *port, const GError *error, gint64 now)
{
    port->open_delay = CLAMP(port->open_delay * 2, NWF_OPEN_AGAIN, NWF_OPEN_AGAIN_MAX);
    port->open_again = now + port->open_delay;
    nwf_learner_schedule_locked(port->learner, port->open_again);
    if (now - port->open_told < NWF_TELL_AGAIN || g_error_matches(error, NWF_CAPTURE_ERROR, NWF_CAPTURE_GONE))
        return; /* gone: the message of its end is on its way */
    port->open_told = now;
    nwf_learner_log_locked(port->learner, NWF_LEARN_ERROR,
                           _("port '%s': no addresses can be learned now, it stays as closed as it is: %s"),
                           port->terms->portdev, error->message);
}

/* The device where its frames are captured; 0: it, or the port's own, is not there. */
static guint
capture_device(const NwfSession *port)
{
    const NwfLearnTerms *terms = port->terms;
    guint own = nwf_learner_index_locked(port->learner, terms->portdev);

    return own == 0 || terms->linkdev == NULL ? own : nwf_learner_index_locked(port->learner, terms->linkdev);
}

static void
look_at_device(NwfSession *port, gint64 now)
{
    NwfLeasePort *entry = nwf_inspector_book(port->core);
    guint index = nwf_learner_index_locked(port->learner, port->terms->portdev);
    guint before = nwf_lease_port_ifindex(entry);

    if (index != port->seen && index != 0 && port->learner->begun)
        nwf_learner_drop_conflicts_locked(port, now);
    port->seen = index != 0 ? index : port->seen;
    if (index == 0 || index == before)
        return;
    if (before != 0)
        nwf_learner_log_locked(port->learner, NWF_LEARN_INFO, _("port '%s': another device has this name now"),
                               port->terms->portdev);
    nwf_lease_db_device(port->learner->db, entry, index);
    port->learner->compare = TRUE;
}

/* What is asked of the capture of one way. A longer list of servers is compared here, not in the kernel. */
static void
set_frames(NwfCaptureKind *kind, const NwfSession *port, NwfLearnDirection direction, NwfWants wants)
{
    const GArray *servers = port->terms->servers;

    kind->direction = direction;
    kind->sources = direction == NWF_FROM_VM && (wants & NWF_WANT_SOURCES) != 0;
    kind->n_servers = direction == NWF_TO_VM && servers->len <= NWF_CAPTURE_SERVERS ? servers->len : 0;
    for (guint i = 0; i < kind->n_servers; i++)
        kind->servers[i] = nwf_address_number(&g_array_index(servers, NwfAddress, i));
}

void
nwf_session_look_locked(NwfSession *port, gint64 now)
{
    const NwfLearnTerms *terms = port->terms;
    g_autoptr(GError) error = NULL;
    NwfCaptureKind kind = {.lower = terms->linkdev != NULL && strcmp(terms->linkdev, terms->portdev) != 0};
    NwfWants wants;

    port->dirty = FALSE;
    look_at_device(port, now);
    kind.ifindex = capture_device(port);
    wants = nwf_inspector_wants(port->core, now, &port->wants_until);
    if (!port->learner->begun)
        wants = 0;
    nwf_learner_schedule_locked(port->learner, port->wants_until);
    memcpy(kind.mac, terms->mac, sizeof(kind.mac));
    port->open_again = NWF_NEVER;
    shut_unfit(port, wants != 0 && kind.ifindex != 0 ? &kind : NULL);
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS && wants != 0 && kind.ifindex != 0 && error == NULL;
         direction++) {
        set_frames(&kind, port, direction, wants);
        open_slot(&port->slots[direction], &kind, &error);
    }
    if (error != NULL)
        tell_failure(port, error, now);
    else
        port->open_delay = 0;
}

/* ---- frames ---- */

typedef struct Turn {
    NwfSlot *slot;
    NwfLearnDirection direction;
    gint64 now;
    gboolean accepted, over;
} Turn;

static void
log_outcome(NwfSession *port, const NwfOutcome *outcome, gint64 now)
{
    NwfLearner *learner = port->learner;
    const char *name = port->terms->portdev, *why = nwf_refusal_text(outcome->refusal);
    char address[NWF_ADDRESS_TEXT];
    gboolean news = outcome->news && now - port->news_told >= NWF_TELL_AGAIN;

    nwf_address_format(address, &outcome->address);
    if (outcome->refusal == NWF_REFUSAL_NONE) {
        if (outcome->accepted)
            nwf_learner_log_locked(learner, NWF_LEARN_DEBUG, _("port '%s': believed: %s"), name, address);
        return;
    }
    if (nwf_address_is_set(&outcome->address))
        nwf_learner_log_locked(learner, news ? NWF_LEARN_WARNING : NWF_LEARN_DEBUG,
                               _("port '%s': %s is not learned: %s"), name, address, why);
    else
        nwf_learner_log_locked(learner, NWF_LEARN_DEBUG, _("port '%s': nothing is learned: %s"), name, why);
    if (news)
        port->news_told = now;
}

static void
pause_slot(NwfSlot *slot, NwfLearnDirection direction, gint64 now)
{
    NwfSession *port = slot->port;
    guint64 news = nwf_inspector_rate_news(port->core, direction, now);

    epoll_ctl(port->learner->poll, EPOLL_CTL_DEL, nwf_capture_fd(slot->capture), NULL);
    slot->resume = now + NWF_PAUSE;
    nwf_learner_schedule_locked(port->learner, slot->resume);
    if (news > 0 && direction == NWF_FROM_VM)
        nwf_learner_log_locked(port->learner, NWF_LEARN_WARNING,
                               _("port '%s': the VM sends too much that may teach an address; %llu were passed over"),
                               port->terms->portdev, (unsigned long long)news);
    if (news > 0 && direction == NWF_TO_VM)
        nwf_learner_log_locked(port->learner, NWF_LEARN_WARNING,
                               _("port '%s': the VM is sent too many DHCP messages; %llu were passed over"),
                               port->terms->portdev, (unsigned long long)news);
}

static void read_slot(NwfSlot *slot, guint max, gint64 now);

/*
 * What goes to the VM may answer what came from it, through the other socket: a moment ago, but earlier. When the
 * answer is here the question is there; it is looked at first.
 */
static void
catch_up(NwfSession *port, gint64 now)
{
    NwfSlot *from = &port->slots[NWF_FROM_VM];

    if (from->capture != NULL && from->resume == NWF_NEVER)
        read_slot(from, NWF_CATCH_UP, now);
}

static void
on_frame(NwfBytes frame, gsize wire_length, gpointer data)
{
    Turn *turn = data;
    NwfSession *port = turn->slot->port;
    NwfOutcome outcome;

    if (turn->direction == NWF_TO_VM)
        catch_up(port, turn->now);
    outcome = nwf_inspector_frame(port->core, frame, wire_length, turn->direction, turn->now);
    turn->accepted |= outcome.accepted;
    if (outcome.refusal == NWF_REFUSAL_RATE)
        turn->over = TRUE;
    else
        log_outcome(port, &outcome, turn->now);
}

static void
read_slot(NwfSlot *slot, guint max, gint64 now)
{
    NwfSession *port = slot->port;
    NwfLearner *learner = port->learner;
    Turn turn = {.slot = slot, .direction = (NwfLearnDirection)(slot - port->slots), .now = now};

    if (nwf_capture_read(slot->capture, max, on_frame, &turn) > 0 && learner->counters == NWF_NEVER) {
        learner->counters = now + NWF_COUNTERS;
        nwf_learner_schedule_locked(learner, learner->counters);
    }
    if (turn.accepted)
        port->dirty = learner->dirty = learner->compare = TRUE;
    if (turn.over)
        pause_slot(slot, turn.direction, now);
}

void
nwf_session_read_locked(NwfSlot *slot, gint64 now)
{
    /* Not watched any more, or over its budget since the event: then its captures go in this turn, or it waits. */
    if (slot->port->core == NULL || slot->capture == NULL || slot->resume != NWF_NEVER)
        return;
    /* Another device by now, or all are unknown, and so is who has which address: its captures go in this turn. */
    if (nwf_capture_kind(slot->capture)->ifindex == capture_device(slot->port))
        read_slot(slot, NWF_TURN_FRAMES, now);
}

/* ---- time ---- */

static gint64
resume_slot(NwfSlot *slot, gint64 now)
{
    g_autoptr(GError) error = NULL;

    if (slot->resume > now)
        return slot->resume;
    slot->resume = NWF_NEVER;
    if (!poll_slot(slot, &error)) {
        slot->resume = now;
        shut(slot);
        tell_failure(slot->port, error, now);
    }
    return NWF_NEVER;
}

gint64
nwf_session_due_locked(NwfSession *port, gint64 now)
{
    gint64 next = NWF_NEVER;

    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++)
        next = MIN(next, resume_slot(&port->slots[direction], now));
    if (port->open_again <= now || port->wants_until <= now)
        nwf_session_look_locked(port, now);
    return MIN(MIN(next, port->report), MIN(port->open_again, port->wants_until));
}
