/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.c: one port that is watched; see session.h
 */
#include "driver/learn/session.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define PACE           (20 * 1000) /* microseconds between two reports; doubles while changes go on */
#define PACE_MAX       (500 * 1000)
#define QUIET          (1 * G_USEC_PER_SEC) /* after which the pace is PACE again */
#define PAUSE          (50 * 1000)          /* how long a direction over its rate limit is not read */
#define OPEN_AGAIN     (1 * G_USEC_PER_SEC) /* doubles with each failure */
#define OPEN_AGAIN_MAX (60 * G_USEC_PER_SEC)
#define COUNTERS_LATE  (2 * G_USEC_PER_SEC) /* how late the file of counters may be */
enum {
    TURN_FRAMES = 16, /* at most read from a socket, 32 of a port, before all others had their turn */
    CATCH_UP = 512,   /* more than its buffer holds */
};

/* ---- what sessions share ---- */

gint64
nwf_learn_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

void
nwf_learn_schedule_locked(NwfLearnContext *context, gint64 at)
{
    context->due = MIN(context->due, at);
}

void
nwf_learn_count_locked(NwfLearnContext *context, gint64 now)
{
    context->save_counters = MIN(context->save_counters, now + COUNTERS_LATE);
    nwf_learn_schedule_locked(context, context->save_counters);
}

void
nwf_learn_log_locked(NwfLearnContext *context, NwfLearnLevel level, const char *format, ...)
{
    NwfLogLine line = {.level = level};
    va_list args;

    va_start(args, format);
    line.text = g_strdup_vprintf(format, args);
    va_end(args);
    g_array_append_val(context->lines, line);
}

guint
nwf_learn_index_locked(const NwfLearnContext *context, const char *name)
{
    const NwfLink *link = nwf_links_find(context->links, name);

    return link ? link->index : 0;
}

/* ---- what it has learned ---- */

GArray *
nwf_session_addresses_locked(const NwfLearnContext *context, const NwfSession *session, const NwfLearnTerms *terms,
                             gint64 now, guint64 *version)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    g_autoptr(GArray) leases = NULL;

    if (session && nwf_learn_terms_same_client(session->terms, terms)) {
        const NwfLeaseSet *set = session->inspector->port->set;
        leases = g_array_ref(set->entries);
        *version = set->version;
    } else {
        char key[NWF_KEY_LENGTH + 1];
        nwf_lease_key_format(key, terms->owner, terms->mac);
        leases = nwf_lease_db_peek(context->db, terms->portdev, nwf_learn_index_locked(context, terms->portdev), key,
                                   terms->mode, version);
    }
    for (guint i = 0; i < MIN(leases->len, terms->max); i++) {
        const NwfLease *lease = &g_array_index(leases, NwfLease, i);
        if ((lease->infinite || lease->expiry > now) &&
            (!terms->allowed || nwf_allowed_has(terms->allowed, &lease->address)))
            g_array_append_val(list, lease->address);
    }
    return list;
}

static void
log_missing(NwfSession *session, const GArray *from, const GArray *in, gboolean learned)
{
    char text[NWF_ADDRESS_TEXT];

    for (guint i = 0; i < from->len; i++) {
        const NwfAddress *address = &g_array_index(from, NwfAddress, i);
        if (!nwf_addresses_have(in, address))
            nwf_learn_log_locked(session->context, NWF_LEARN_INFO,
                                 learned ? _("port '%s': has the address %s")
                                         : _("port '%s': has the address %s no more"),
                                 session->terms->portdev, nwf_address_format(text, address));
    }
}

void
nwf_session_compare_locked(NwfSession *session, gint64 now)
{
    const NwfLeaseSet *set = session->inspector->port->set;
    guint64 version;

    if (set->version == session->compared)
        return;
    g_autoptr(GArray) list = nwf_session_addresses_locked(session->context, session, session->terms, now, &version);
    session->compared = set->version;
    log_missing(session, list, session->addresses, TRUE);
    log_missing(session, session->addresses, list, FALSE);
    g_array_unref(session->addresses);
    session->addresses = g_steal_pointer(&list);
    /* Also if the list is as before: somebody may have asked while an address was gone. */
    if (session->report == NWF_NEVER)
        session->report = MAX(now, session->reported + session->pace);
    nwf_learn_schedule_locked(session->context, session->report);
}

gboolean
nwf_session_take_report_locked(NwfSession *session, gint64 now)
{
    gboolean quiet = now - session->reported >= QUIET;

    if (session->report > now)
        return FALSE;
    session->pace = quiet ? PACE : MIN(session->pace * 2, PACE_MAX);
    session->report = NWF_NEVER;
    session->reported = now;
    return TRUE;
}

void
nwf_session_describe_locked(NwfSession *session, GKeyFile *file, const char *group)
{
    const NwfInspector *inspector = session->inspector;
    g_autoptr(GString) addresses = g_string_new(NULL);
    char text[NWF_ADDRESS_TEXT];
    gboolean open = FALSE;
    guint64 lost = 0;

    for (guint i = 0; i < session->addresses->len; i++)
        g_string_append_printf(addresses, "%s;",
                               nwf_address_format(text, &g_array_index(session->addresses, NwfAddress, i)));
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++) {
        NwfSlot *slot = &session->slots[direction];
        lost += slot->lost + (slot->capture ? nwf_capture_lost(slot->capture) : 0);
        open |= slot->capture != NULL;
    }
    g_key_file_set_string(file, group, "name", session->terms->portdev);
    g_key_file_set_string(file, group, "mode", nwf_learn_mode_words[session->terms->mode]);
    g_key_file_set_string(file, group, "key", inspector->port->key);
    g_key_file_set_string(file, group, "capture", open ? "yes" : "no");
    g_key_file_set_value(file, group, "addresses", addresses->str);
    g_key_file_set_uint64(file, group, "seen", inspector->counters.seen);
    g_key_file_set_uint64(file, group, "accepted", inspector->counters.accepted);
    g_key_file_set_uint64(file, group, "lost", lost);
    nwf_counters_write(&inspector->counters, file, group);
}

/* ---- who has an address already ---- */

/*
 * The host: any of its interfaces. Other ports: those of the same bridge, by learning or by configuration. Ports that
 * are in no bridge, macvtaps among them, count as being in one together: better to refuse an address that may be free
 * than to let a VM take its neighbour's. VLANs of one bridge are not distinguished. A port whose device is away has
 * nothing.
 *
 * So an address may become another's while its guest is away, and the guest's lease goes on. When it comes back the
 * lease gives way to what the host has, to a configured address and to another lease, but not to what a VM merely
 * shows: else any guest in mode any could take the addresses of those who are away.
 */
typedef struct Asker {
    const NwfLinks *links;
    const char *name;
    gboolean leases_alone; /* what a VM merely shows does not count */
} Asker;

static gboolean
is_neighbour(const Asker *asker, const char *name)
{
    const NwfLink *own = nwf_links_find(asker->links, asker->name);
    const NwfLink *other = nwf_links_find(asker->links, name);

    return own && other && own->index != other->index && own->master == other->master;
}

static gboolean
counts(const NwfLeasePort *other, gpointer data)
{
    const Asker *asker = data;

    return is_neighbour(asker, other->name) && (!asker->leases_alone || other->mode == NWF_LEARN_DHCP ||
                                                nwf_lease_db_first(other)->source == NWF_SOURCE_ACK);
}

/* Whose @address is, but for the port of @session; NWF_REFUSAL_NONE: nobody's. */
static NwfRefusal
owner_of(const NwfSession *session, const NwfAddress *address, gboolean leases_alone)
{
    const NwfLearnContext *context = session->context;
    const NwfLeasePort *port = session->inspector->port;
    Asker asker = {context->links, port->name, leases_alone};
    GHashTableIter iter;
    gpointer name, addresses;

    if (nwf_links_has_address(context->links, address->family, address->bytes))
        return NWF_REFUSAL_HELD_BY_HOST;
    g_hash_table_iter_init(&iter, context->reserved);
    while (g_hash_table_iter_next(&iter, &name, &addresses))
        if (nwf_addresses_have(addresses, address) && is_neighbour(&asker, name))
            return NWF_REFUSAL_HELD_BY_PORT;
    return nwf_lease_db_owner(context->db, address, port->key, counts, &asker) ? NWF_REFUSAL_HELD_BY_PORT
                                                                               : NWF_REFUSAL_NONE;
}

/* ---- making and ending ---- */

static NwfRefusal
find_owner(const NwfAddress *address, gpointer data)
{
    return owner_of(data, address, FALSE);
}

/* What the port has now, on terms that are new to it, is not reported: the engine compares versions after this. */
static void
begin_terms(NwfSession *session, NwfLearnTerms *terms)
{
    NwfLearnTerms *before = session->terms;

    session->terms = nwf_learn_terms_ref(terms);
    session->compared = session->inspector->port->set->version;
    g_clear_pointer(&session->addresses, g_array_unref);
    session->addresses =
        nwf_session_addresses_locked(session->context, session, terms, nwf_learn_now(), &session->compared);
    nwf_learn_terms_unref(before);
    session->stale = session->context->stale = TRUE;
}

NwfSession *
nwf_session_new_locked(NwfLearnContext *context, NwfLearnTerms *terms)
{
    NwfSession *session = g_new0(NwfSession, 1);
    guint device = nwf_learn_index_locked(context, terms->portdev);

    session->context = context;
    session->reported = session->failure_logged = session->refusal_logged = G_MININT64 / 2;
    session->pace = PACE;
    session->report = session->wants_until = session->open_again = NWF_NEVER;
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++)
        session->slots[direction] = (NwfSlot){.session = session, .resume = NWF_NEVER};
    session->inspector = nwf_inspector_new(context->db, terms, device, find_owner, session);
    begin_terms(session, terms);
    return session;
}

void
nwf_session_change_locked(NwfSession *session, NwfLearnTerms *terms)
{
    NwfLeasePort *port = session->inspector->port;
    const NwfLease *lease = nwf_lease_db_first(port);

    nwf_inspector_change(session->inspector, terms);
    begin_terms(session, terms);
    /* An address of mode any that is not allowed any more would keep a better one out. */
    if (terms->mode == NWF_LEARN_ANY && lease && terms->allowed && !nwf_allowed_has(terms->allowed, &lease->address))
        nwf_lease_db_forget(session->context->db, port);
}

void
nwf_session_free(NwfSession *session)
{
    nwf_inspector_free(session->inspector);
    nwf_learn_terms_unref(session->terms);
    g_array_unref(session->addresses);
    g_free(session);
}

/* ---- captures ---- */

static void
shut(NwfSlot *slot)
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

void
nwf_session_shut_locked(NwfSession *session)
{
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++)
        shut(&session->slots[direction]);
}

static gboolean
poll_slot(NwfSlot *slot, GError **error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};

    if (epoll_ctl(slot->session->context->poll, EPOLL_CTL_ADD, slot->capture->fd, &event) == 0)
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_SYSTEM, _("the socket cannot be waited for: %s"), g_strerror(errno));
}

static gboolean
open_slot(NwfSlot *slot, const NwfCaptureKind *kind, GError **error)
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

/* Shuts what is not open for the device of @kind. */
static void
shut_unfit(NwfSession *session, const NwfCaptureKind *kind)
{
    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++) {
        NwfSlot *slot = &session->slots[direction];
        if (slot->capture && (slot->capture->kind.ifindex != kind->ifindex || slot->capture->kind.lower != kind->lower))
            shut(slot);
    }
}

static void
retry_later(NwfSession *session, const GError *error, gint64 now)
{
    session->open_delay = CLAMP(session->open_delay * 2, OPEN_AGAIN, OPEN_AGAIN_MAX);
    session->open_again = now + session->open_delay;
    nwf_learn_schedule_locked(session->context, session->open_again);
    if (now - session->failure_logged < NWF_REPORT_AGAIN || g_error_matches(error, NWF_CAPTURE_ERROR, NWF_CAPTURE_GONE))
        return; /* gone: the kernel announces that, and links.h reads it */
    session->failure_logged = now;
    nwf_learn_log_locked(session->context, NWF_LEARN_ERROR,
                         _("port '%s': no addresses can be learned now, it stays as closed as it is: %s"),
                         session->terms->portdev, error->message);
}

/* The device where its frames are captured; 0: it, or the port's own, is not there. */
static guint
capture_device(const NwfSession *session)
{
    const NwfLearnTerms *terms = session->terms;
    guint own = nwf_learn_index_locked(session->context, terms->portdev);

    return own == 0 || !terms->linkdev ? own : nwf_learn_index_locked(session->context, terms->linkdev);
}

/* The port's device has come: leases that are another's by now end, unless another port of the guest kept them in use.
 */
static void
drop_conflicts(NwfSession *session, gint64 now)
{
    NwfLeasePort *port = session->inspector->port;
    char text[NWF_ADDRESS_TEXT];

    if (port->mode != NWF_LEARN_DHCP || port->set->ports > 1)
        return;
    g_autoptr(GArray) leases = nwf_lease_db_leases(port);
    for (guint i = 0; i < leases->len; i++) {
        const NwfAddress *address = &g_array_index(leases, NwfLease, i).address;
        const NwfLeaseEvent end = {.kind = NWF_LEASE_ENDED, .address = *address};
        if (owner_of(session, address, TRUE) == NWF_REFUSAL_NONE)
            continue;
        nwf_lease_db_apply(session->context->db, port, &end, now);
        nwf_learn_log_locked(session->context, NWF_LEARN_WARNING,
                             _("port '%s': %s, which its guest had by a lease, is another's by now"), port->name,
                             nwf_address_format(text, address));
    }
}

static void
follow_device(NwfSession *session, gint64 now)
{
    NwfLearnContext *context = session->context;
    NwfLeasePort *port = session->inspector->port;
    guint index = nwf_learn_index_locked(context, port->name);

    if (index == 0)
        return;
    if (index != session->device && context->begun)
        drop_conflicts(session, now);
    session->device = index;
    if (port->ifindex != 0 && port->ifindex != index)
        nwf_learn_log_locked(context, NWF_LEARN_INFO, _("port '%s': another device has this name now"), port->name);
    nwf_lease_db_device(context->db, port, index);
}

/* What the capture of one direction is asked for. A longer list of servers is compared here, not in the kernel. */
static void
set_frames(NwfCaptureKind *kind, const NwfSession *session, NwfLearnDirection direction, NwfWants wants)
{
    const GArray *servers = session->terms->servers;

    kind->direction = direction;
    kind->sources = direction == NWF_FROM_VM && (wants & NWF_WANT_SOURCES) != 0;
    kind->n_servers = direction == NWF_TO_VM && servers->len <= NWF_CAPTURE_SERVERS ? servers->len : 0;
    for (guint i = 0; i < kind->n_servers; i++)
        kind->servers[i] = nwf_address_number(&g_array_index(servers, NwfAddress, i));
}

void
nwf_session_update_locked(NwfSession *session, gint64 now)
{
    const NwfLearnTerms *terms = session->terms;
    g_autoptr(GError) error = NULL;
    NwfCaptureKind kind = {.lower = terms->linkdev && strcmp(terms->linkdev, terms->portdev) != 0};

    session->stale = FALSE;
    follow_device(session, now);
    kind.ifindex = capture_device(session);
    memcpy(kind.mac, terms->mac, sizeof(kind.mac));
    NwfWants wants = nwf_inspector_wants(session->inspector, now, &session->wants_until);
    nwf_learn_schedule_locked(session->context, session->wants_until);
    session->open_again = NWF_NEVER;
    if (wants == 0 || kind.ifindex == 0 || !session->context->begun) {
        nwf_session_shut_locked(session);
    } else {
        shut_unfit(session, &kind);
        for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS && !error; direction++) {
            set_frames(&kind, session, direction, wants);
            open_slot(&session->slots[direction], &kind, &error);
        }
    }
    if (error)
        retry_later(session, error, now);
    else
        session->open_delay = 0;
}

/* ---- frames ---- */

typedef struct Turn {
    NwfSlot *slot;
    NwfLearnDirection direction;
    gint64 now;
    gboolean accepted, over;
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
pause_slot(NwfSlot *slot, NwfLearnDirection direction, gint64 now)
{
    NwfSession *session = slot->session;
    guint64 dropped = nwf_ratelimit_overflow(&session->inspector->limits[direction], now);

    epoll_ctl(session->context->poll, EPOLL_CTL_DEL, slot->capture->fd, NULL);
    slot->resume = now + PAUSE;
    nwf_learn_schedule_locked(session->context, slot->resume);
    if (dropped > 0)
        nwf_learn_log_locked(
            session->context, NWF_LEARN_WARNING,
            direction == NWF_FROM_VM
                ? _("port '%s': the VM sends too much that may teach an address; %llu were passed over")
                : _("port '%s': the VM is sent too many DHCP messages; %llu were passed over"),
            session->terms->portdev, (unsigned long long)dropped);
}

static void read_slot(NwfSlot *slot, guint max, gint64 now);

/*
 * What goes to the VM may answer what came from it a moment earlier, through the other socket. When the answer is here
 * the question is there; it is read first.
 */
static void
on_frame(NwfBytes frame, gsize wire_length, gpointer data)
{
    Turn *turn = data;
    NwfSession *session = turn->slot->session;
    NwfSlot *from = &session->slots[NWF_FROM_VM];

    if (turn->direction == NWF_TO_VM && from->capture && from->resume == NWF_NEVER)
        read_slot(from, CATCH_UP, turn->now);
    NwfOutcome outcome = nwf_inspector_frame(session->inspector, frame, wire_length, turn->direction, turn->now);
    turn->accepted |= outcome.accepted;
    if (outcome.refusal == NWF_REFUSAL_RATE)
        turn->over = TRUE;
    else
        log_outcome(session, &outcome, turn->now);
}

static void
read_slot(NwfSlot *slot, guint max, gint64 now)
{
    NwfSession *session = slot->session;
    Turn turn = {.slot = slot, .direction = (NwfLearnDirection)(slot - session->slots), .now = now};

    if (nwf_capture_read(slot->capture, max, on_frame, &turn) > 0)
        nwf_learn_count_locked(session->context, now);
    if (turn.accepted)
        session->stale = session->context->stale = TRUE;
    if (turn.over)
        pause_slot(slot, turn.direction, now);
}

void
nwf_session_read_locked(NwfSlot *slot, gint64 now)
{
    /* Retired, or over its limit since the event: then its captures go in this turn, or it waits. */
    if (!slot->session->inspector || !slot->capture || slot->resume != NWF_NEVER)
        return;
    /* Another device by now, or all are unknown, and so is who has which address: its captures go in this turn. */
    if (slot->capture->kind.ifindex == capture_device(slot->session))
        read_slot(slot, TURN_FRAMES, now);
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
        slot->resume = now; /* it is not polled */
        shut(slot);
        retry_later(slot->session, error, now);
    }
    return NWF_NEVER;
}

gint64
nwf_session_due_locked(NwfSession *session, gint64 now)
{
    gint64 next = NWF_NEVER;

    for (guint direction = 0; direction < NWF_LEARN_DIRECTIONS; direction++)
        next = MIN(next, resume_slot(&session->slots[direction], now));
    if (session->open_again <= now || session->wants_until <= now)
        nwf_session_update_locked(session, now);
    return MIN(MIN(next, session->report), MIN(session->open_again, session->wants_until));
}
