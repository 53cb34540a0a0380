/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.c: one port that is watched; see session.h
 */
#include "driver/learn/session.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/learn/claims.h"
#include "driver/learn/slot.h"

#define PACE           (20 * 1000) /* microseconds between two reports; doubles while changes go on */
#define PACE_MAX       (500 * 1000)
#define QUIET          (1 * G_USEC_PER_SEC) /* after which the pace is PACE again */
#define OPEN_AGAIN     (1 * G_USEC_PER_SEC) /* doubles with each failure */
#define OPEN_AGAIN_MAX (60 * G_USEC_PER_SEC)

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
    for (guint role = 0; role < NWF_SLOTS; role++) {
        lost += nwf_slot_lost_locked(&session->slots[role]);
        open |= session->slots[role].capture != NULL;
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

/* ---- making and ending ---- */

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
    session->reported = session->failure_logged = session->refusal_logged = session->answers_logged = G_MININT64 / 2;
    session->pace = PACE;
    session->report = session->wants_until = session->open_again = session->calm_at = NWF_NEVER;
    for (guint role = 0; role < NWF_SLOTS; role++)
        session->slots[role] = (NwfSlot){.session = session, .resume = NWF_NEVER};
    session->inspector =
        nwf_inspector_new(context->db, terms, device, nwf_claims_find_locked, nwf_claims_take_locked, session);
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

/* What the third slot saw, and nobody has read, the second one saw, too. */
static void
calm(NwfSession *session)
{
    nwf_slot_shut_locked(&session->slots[NWF_SLOT_ANSWERS]);
    session->flooded = FALSE;
    session->calm_at = NWF_NEVER;
}

void
nwf_session_shut_locked(NwfSession *session)
{
    for (guint role = 0; role < NWF_SLOTS; role++)
        nwf_slot_shut_locked(&session->slots[role]);
    calm(session);
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

static void
follow_device(NwfSession *session)
{
    NwfLearnContext *context = session->context;
    NwfLeasePort *port = session->inspector->port;
    guint index = nwf_learn_index_locked(context, port->name);

    if (index == 0)
        return;
    if (index != session->device && context->begun)
        nwf_claims_drop_lost_locked(session);
    session->device = index;
    if (port->ifindex != 0 && port->ifindex != index)
        nwf_learn_log_locked(context, NWF_LEARN_INFO, _("port '%s': another device has this name now"), port->name);
    nwf_lease_db_device(context->db, port, index);
}

G_STATIC_ASSERT((int)NWF_CAPTURE_XIDS == (int)NWF_TRANSACTIONS_MAX);

/* What the capture of one slot is asked for. A longer list of servers is compared here, not in the kernel. */
static void
set_frames(NwfCaptureKind *kind, NwfSession *session, NwfSlotRole role, NwfWants wants, gint64 now)
{
    const GArray *servers = session->terms->servers;
    gint64 until;

    kind->direction = role == NWF_SLOT_FROM_VM ? NWF_FROM_VM : NWF_TO_VM;
    kind->sources = role == NWF_SLOT_FROM_VM && (wants & NWF_WANT_SOURCES) != 0;
    kind->n_servers = role != NWF_SLOT_FROM_VM && servers->len <= NWF_CAPTURE_SERVERS ? servers->len : 0;
    for (guint i = 0; i < kind->n_servers; i++)
        kind->servers[i] = nwf_address_number(&g_array_index(servers, NwfAddress, i));
    kind->narrow = role == NWF_SLOT_ANSWERS;
    if (!kind->narrow)
        return;
    kind->n_xids = nwf_transactions_open(&session->inspector->transactions, now, kind->xids, &until);
    session->wants_until = MIN(session->wants_until, until);
}

/* No harm yet: what the VM gets is captured all the same. The next question tries again. */
static void
warn_of_answers(NwfSession *session, const GError *error, gint64 now)
{
    if (now - session->answers_logged < NWF_REPORT_AGAIN || g_error_matches(error, NWF_CAPTURE_ERROR, NWF_CAPTURE_GONE))
        return;
    session->answers_logged = now;
    nwf_learn_log_locked(session->context, NWF_LEARN_WARNING,
                         _("port '%s': while the VM is flooded with DHCP messages an answer to it may be missed: %s"),
                         session->terms->portdev, error->message);
}

static void
open_captures(NwfSession *session, NwfCaptureKind *kind, NwfWants wants, gint64 now, GError **error)
{
    g_autoptr(GError) answers_error = NULL;

    for (guint role = 0; role < NWF_SLOTS; role++)
        if (!nwf_slot_fits_locked(&session->slots[role], kind))
            nwf_slot_shut_locked(&session->slots[role]);
    for (guint role = 0; role < NWF_SLOT_ANSWERS; role++) {
        set_frames(kind, session, role, wants, now);
        if (!nwf_slot_open_locked(&session->slots[role], kind, error))
            return;
    }
    if (!session->flooded)
        return;
    set_frames(kind, session, NWF_SLOT_ANSWERS, wants, now);
    if (!nwf_slot_open_locked(&session->slots[NWF_SLOT_ANSWERS], kind, &answers_error))
        warn_of_answers(session, answers_error, now);
}

void
nwf_session_update_locked(NwfSession *session, gint64 now)
{
    const NwfLearnTerms *terms = session->terms;
    const NwfLink *link = nwf_links_find(session->context->links, terms->portdev);
    NwfCaptureKind kind = {.ifindex = link ? link->index : 0, .macvlan = link && link->macvlan};
    g_autoptr(GError) error = NULL;

    session->stale = FALSE;
    if (session->calm_at <= now)
        calm(session);
    follow_device(session);
    memcpy(kind.mac, terms->mac, sizeof(kind.mac));
    NwfWants wants = nwf_inspector_wants(session->inspector, now, &session->wants_until);
    session->open_again = NWF_NEVER;
    if (wants == 0 || kind.ifindex == 0 || !session->context->begun)
        nwf_session_shut_locked(session);
    else
        open_captures(session, &kind, wants, now, &error);
    nwf_learn_schedule_locked(session->context, session->wants_until);
    if (error)
        retry_later(session, error, now);
    else
        session->open_delay = 0;
}

/* ---- time ---- */

static gint64
resume(NwfSlot *slot, gint64 now)
{
    g_autoptr(GError) error = NULL;
    gint64 next = nwf_slot_resume_locked(slot, now, &error);

    if (error)
        retry_later(slot->session, error, now);
    return next;
}

gint64
nwf_session_due_locked(NwfSession *session, gint64 now)
{
    gint64 next = NWF_NEVER;

    for (guint role = 0; role < NWF_SLOTS; role++)
        next = MIN(next, resume(&session->slots[role], now));
    if (session->open_again <= now || session->wants_until <= now || session->calm_at <= now)
        nwf_session_update_locked(session, now);
    next = MIN(MIN(next, session->report), session->calm_at);
    return MIN(next, MIN(session->open_again, session->wants_until));
}
