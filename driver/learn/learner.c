/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner.c: what the engine calls, and the learner's thread; see learner.h
 *
 * One mutex guards all that calls from outside touch: database, sessions, reserved addresses, links. It is held for
 * moments: never while a file is written, a socket is closed or a callback runs. Functions named ..._locked run with it
 * held. A call changes database and tables at once, so that the next one sees it. A new port's captures are opened by
 * the caller, so that no frame is missed that a VM sends when the call has returned; all else about sockets is the
 * thread's, which is woken.
 *
 * The thread has one poll loop for all ports. A turn: wait; with the lock held read what came, at most TURN_EVENTS
 * sockets and of each a share that is bounded, for all flooded ports together, too (slot.h), update the sessions that
 * need it, do what is due; without the lock write files, log and call back; close one socket that is not needed any
 * more. The kernel returns ready sockets in turn, so that no port starves another. Sockets and sessions are taken apart
 * only behind the events of a turn: an event never points at freed memory. The timer runs by CLOCK_BOOTTIME: a lease
 * that ended while the host slept ends when it wakes.
 *
 * The files are written before the engine is called, unless they were written just before (saver.h), or cannot be: then
 * the engine is called all the same; of the latter the administrator is warned. What the engine is not called for,
 * renewals, may be on disk a second later. An orderly end writes all.
 */
#include "driver/learn/learner.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "driver/learn/saver.h"
#include "driver/learn/session.h"
#include "driver/learn/slot.h"
#include "driver/run/thread.h"
#include "driver/store/file.h"

#define RENEWALS_LATE (1 * G_USEC_PER_SEC) /* how late the files may be with what is not reported */
#define LINKS_AGAIN   (1 * G_USEC_PER_SEC)
enum { TURN_EVENTS = 32 };

struct NwfLearner {
    NwfLearnerConfig config; /* without its paths */
    char *counters_path;
    GThread *thread;
    int wake, timer;

    GMutex lock;
    NwfLearnContext context;
    GHashTable *sessions; /* name of a port -> NwfSession */
    GPtrArray *retired;   /* of NwfSession: not watched any more, their captures still open */
    gboolean stopping;
    gint64 links_again; /* when to try again to read the devices; NWF_NEVER: they are known */
    guint64 compared;   /* changes of the database when sessions were last compared */

    /* the thread's own, without the lock */
    gint64 armed; /* what the timer is set to */
    NwfSaver *saver;
    gint64 save_warned, counters_warned;
};

static void
wake(NwfLearner *learner)
{
    guint64 one = 1;

    while (write(learner->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* ---- the thread: waiting ---- */

static void
drain(int fd)
{
    guint64 count;

    while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
}

static void
arm(NwfLearner *learner, gint64 due)
{
    struct itimerspec when = {0};

    if (due == learner->armed)
        return;
    learner->armed = due;
    if (due != NWF_NEVER) {
        due = MAX(due, 1); /* 0 would be never */
        when.it_value.tv_sec = due / G_USEC_PER_SEC;
        when.it_value.tv_nsec = due % G_USEC_PER_SEC * 1000;
    }
    timerfd_settime(learner->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int
wait_for(NwfLearner *learner, struct epoll_event *events)
{
    NwfLearnContext *context = &learner->context;
    int n;

    g_mutex_lock(&learner->lock);
    gint64 due = context->due;
    g_mutex_unlock(&learner->lock);
    arm(learner, due);
    do
        n = epoll_wait(context->poll, events, TURN_EVENTS, context->closing->len > 0 ? 0 : -1);
    while (n < 0 && errno == EINTR);
    return n;
}

/* ---- the thread: with the lock ---- */

static void
read_links_locked(NwfLearner *learner, gint64 now)
{
    NwfLearnContext *context = &learner->context;
    g_autoptr(GError) error = NULL;

    learner->links_again = NWF_NEVER;
    if (nwf_links_read(context->links, &error))
        context->stale = context->all_stale = TRUE;
    if (!error)
        return;
    nwf_learn_log_locked(context, NWF_LEARN_ERROR, "%s", error->message);
    learner->links_again = now + LINKS_AGAIN;
    nwf_learn_schedule_locked(context, learner->links_again);
}

static void
take_event_locked(NwfLearner *learner, const struct epoll_event *event, gint64 now)
{
    if (event->data.ptr == &learner->wake)
        drain(learner->wake);
    else if (event->data.ptr == &learner->timer)
        drain(learner->timer);
    else if (event->data.ptr == &learner->context)
        read_links_locked(learner, now);
    else
        nwf_slot_read_locked(event->data.ptr, now);
}

static void
update_sessions_locked(NwfLearner *learner, gint64 now)
{
    NwfLearnContext *context = &learner->context;
    gboolean all = context->all_stale;
    GHashTableIter iter;
    gpointer session;

    for (guint i = 0; i < learner->retired->len; i++)
        nwf_session_shut_locked(g_ptr_array_index(learner->retired, i));
    g_ptr_array_set_size(learner->retired, 0);
    if (!context->stale)
        return;
    context->stale = context->all_stale = FALSE;
    g_hash_table_iter_init(&iter, learner->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &session))
        if (all || ((const NwfSession *)session)->stale)
            nwf_session_update_locked(session, now);
}

static void
do_due_locked(NwfLearner *learner, gint64 now)
{
    NwfLearnContext *context = &learner->context;
    gint64 next = NWF_NEVER;
    GHashTableIter iter;
    gpointer session;

    if (context->due > now)
        return;
    context->due = NWF_NEVER;
    learner->armed = NWF_NEVER; /* it went off */
    if (learner->links_again <= now) {
        read_links_locked(learner, now);
        update_sessions_locked(learner, now); /* nothing else may wake the thread soon */
    }
    nwf_lease_db_expire(context->db, now);
    g_hash_table_iter_init(&iter, learner->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &session))
        next = MIN(next, nwf_session_due_locked(session, now));
    next = MIN(MIN(next, learner->links_again), MIN(nwf_saver_due(learner->saver), context->save_counters));
    nwf_learn_schedule_locked(context, MIN(next, nwf_lease_db_next_expiry(context->db)));
}

static void
compare_locked(NwfLearner *learner, gint64 now)
{
    NwfLearnContext *context = &learner->context;
    guint64 changes = nwf_lease_db_changes(context->db);
    GHashTableIter iter;
    gpointer session;

    if (changes == learner->compared)
        return;
    learner->compared = changes;
    g_hash_table_iter_init(&iter, learner->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &session))
        nwf_session_compare_locked(session, now);
    nwf_learn_schedule_locked(context, nwf_lease_db_next_expiry(context->db));
    nwf_saver_want(learner->saver, changes, now + RENEWALS_LATE);
    nwf_learn_schedule_locked(context, nwf_saver_due(learner->saver));
}

/* ---- the thread: what goes out ---- */

/* Collected with the lock, sent without. */
typedef struct Outgoing {
    GPtrArray *names; /* of ports whose addresses changed */
    GArray *records;  /* for the files, or NULL */
    guint64 changes;  /* of the database that they show */
    NwfClock clock;
    char *counters; /* for the file of counters, or NULL */
    GArray *lines;  /* of NwfLogLine */
} Outgoing;

/*
 * What was seen at each port, as a file for people and programs, which the learner itself never reads. It is a key file
 * with a group for each watched port, numbered because names of devices may have any character. Times and figures are
 * from the start of the daemon, or of watching, if that was later.
 *
 *     [port-1]
 *     name=vnet0
 *     mode=any
 *     key=b2d0…-52:54:00:00:00:01     (uuid of the guest and MAC)
 *     capture=yes                    (no: nothing more to learn, or no device; see the log)
 *     addresses=192.0.2.5;
 *     seen=12
 *     accepted=1
 *     lost=0                         (dropped by the kernel: too many to be read)
 *     refused-arp-probe=3            (a line for each refusal that occurred, by its word)
 *     last-refusal=arp-probe
 *     last-server=192.0.2.1
 */
static char *
format_counters_locked(NwfLearner *learner)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(learner->sessions), (GCompareFunc)strcmp);
    guint number = 0;

    for (GList *name = names; name; name = name->next) {
        g_autofree char *group = g_strdup_printf("port-%u", ++number);
        nwf_session_describe_locked(g_hash_table_lookup(learner->sessions, name->data), file, group);
    }
    return g_key_file_to_data(file, NULL, NULL);
}

static Outgoing
collect_locked(NwfLearner *learner, gint64 now)
{
    NwfLearnContext *context = &learner->context;
    Outgoing out = {.names = g_ptr_array_new_with_free_func(g_free), .lines = context->lines};
    GHashTableIter iter;
    gpointer name, session;

    g_hash_table_iter_init(&iter, learner->sessions);
    while (g_hash_table_iter_next(&iter, &name, &session))
        if (nwf_session_take_report_locked(session, now))
            g_ptr_array_add(out.names, g_strdup(name));
    context->lines = g_array_new(FALSE, FALSE, sizeof(NwfLogLine));
    out.changes = nwf_lease_db_changes(context->db);
    out.clock = (NwfClock){.boot = nwf_learn_now(), .wall = g_get_real_time()};
    if (out.names->len > 0)
        nwf_saver_want(learner->saver, out.changes, now);
    if (learner->stopping ? !nwf_saver_is_current(learner->saver, out.changes) : nwf_saver_due(learner->saver) <= now)
        out.records = nwf_lease_db_records(context->db);
    else
        nwf_learn_schedule_locked(context, nwf_saver_due(learner->saver));
    if (context->save_counters <= now || (learner->stopping && context->save_counters != NWF_NEVER)) {
        out.counters = format_counters_locked(learner);
        context->save_counters = NWF_NEVER;
    }
    return out;
}

/* At most once a minute. Takes @text. */
static void
warn(NwfLearner *learner, gint64 *warned, gint64 now, char *text)
{
    g_autofree char *owned = text;

    if (now - *warned < NWF_REPORT_AGAIN)
        return;
    *warned = now;
    learner->config.log(NWF_LEARN_WARNING, owned, learner->config.data);
}

static void
save(NwfLearner *learner, const Outgoing *out, gint64 now)
{
    g_autoptr(GError) error = NULL;

    if (nwf_saver_write(learner->saver, out->records, out->changes, &out->clock, &error))
        return;
    warn(learner, &learner->save_warned, now,
         g_strdup_printf(_("learned addresses may be lost when the daemon ends now: %s"), error->message));
    g_mutex_lock(&learner->lock);
    nwf_learn_schedule_locked(&learner->context, nwf_saver_due(learner->saver));
    g_mutex_unlock(&learner->lock);
}

/* Files first, then log and callbacks. The counters are figures for people: what cannot be written comes with the next
 * ones. */
static void
send_out(NwfLearner *learner, Outgoing *out, gint64 now)
{
    g_autoptr(GError) error = NULL;

    if (out->records)
        save(learner, out, now);
    for (guint i = 0; i < out->lines->len; i++) {
        NwfLogLine *line = &g_array_index(out->lines, NwfLogLine, i);
        learner->config.log(line->level, line->text, learner->config.data);
        g_free(line->text);
    }
    for (guint i = 0; i < out->names->len; i++)
        learner->config.changed(g_ptr_array_index(out->names, i), learner->config.data);
    if (out->counters && !nwf_file_replace(learner->counters_path, out->counters, &error))
        warn(learner, &learner->counters_warned, now,
             g_strdup_printf(_("what was seen while learning cannot be shown: %s"), error->message));
    g_ptr_array_unref(out->names);
    g_array_unref(out->lines);
    g_clear_pointer(&out->records, g_array_unref);
    g_free(out->counters);
}

/* ---- the thread: its turns ---- */

static gboolean
turn(NwfLearner *learner)
{
    struct epoll_event events[TURN_EVENTS];
    int n = wait_for(learner, events);
    gint64 now = nwf_learn_now();
    GPtrArray *closing = learner->context.closing;

    g_mutex_lock(&learner->lock);
    learner->context.catch_up = NWF_TURN_CATCH_UP;
    for (int i = 0; i < n; i++)
        take_event_locked(learner, &events[i], now);
    update_sessions_locked(learner, now);
    do_due_locked(learner, now);
    compare_locked(learner, now);
    gboolean go_on = !learner->stopping;
    Outgoing out = collect_locked(learner, now);
    g_mutex_unlock(&learner->lock);
    send_out(learner, &out, now);
    if (closing->len > 0)
        g_ptr_array_remove_index_fast(closing, closing->len - 1);
    return go_on;
}

static gpointer
run(gpointer data)
{
    NwfLearner *learner = data;
    GHashTableIter iter;
    gpointer session;

    while (turn(learner))
        continue;
    g_mutex_lock(&learner->lock);
    g_hash_table_iter_init(&iter, learner->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &session))
        nwf_session_shut_locked(session);
    g_mutex_unlock(&learner->lock);
    nwf_captures_close(learner->context.closing);
    return NULL;
}

/* ---- start and end ---- */

static void
make_tables(NwfLearner *learner, const NwfLearnerConfig *config)
{
    NwfLearnContext *context = &learner->context;

    learner->config = *config;
    g_autofree char *state = g_build_filename(config->state_dir, "state", NULL);
    learner->saver = nwf_saver_new(state, config->lease_file);
    learner->counters_path = g_build_filename(config->state_dir, "counters", NULL);
    learner->config.state_dir = learner->config.lease_file = NULL; /* the caller's */
    learner->wake = learner->timer = context->poll = -1;
    g_mutex_init(&learner->lock);
    learner->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)nwf_session_free);
    learner->retired = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_session_free);
    learner->links_again = learner->armed = NWF_NEVER;
    learner->save_warned = learner->counters_warned = G_MININT64 / 2;
    context->db = nwf_lease_db_new();
    context->reserved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    context->closing = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_capture_free);
    context->lines = g_array_new(FALSE, FALSE, sizeof(NwfLogLine));
    context->due = context->save_counters = NWF_NEVER;
}

static gboolean
poll_fd(NwfLearner *learner, int fd, gpointer mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};

    return fd >= 0 && epoll_ctl(learner->context.poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static gboolean
make_descriptors(NwfLearner *learner, GError **error)
{
    NwfLearnContext *context = &learner->context;

    context->links = nwf_links_new(error);
    if (!context->links)
        return FALSE;
    context->poll = epoll_create1(EPOLL_CLOEXEC);
    learner->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    learner->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (context->poll >= 0 && poll_fd(learner, learner->wake, &learner->wake) &&
        poll_fd(learner, learner->timer, &learner->timer) && poll_fd(learner, nwf_links_fd(context->links), context))
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_SYSTEM, _("address learning cannot start: %s"), g_strerror(errno));
}

/* Of a device that is not there any more nothing is remembered: its number never comes again. */
static void
drop_gone(const NwfLearner *learner, GArray *records)
{
    for (guint i = records->len; i-- > 0;) {
        const NwfRecord *record = &g_array_index(records, NwfRecord, i);
        if (record->mode == NWF_LEARN_ANY && nwf_learn_index_locked(&learner->context, record->name) != record->ifindex)
            g_array_remove_index(records, i);
    }
}

static void
read_files(NwfLearner *learner)
{
    NwfLearnContext *context = &learner->context;
    NwfClock clock = {.boot = nwf_learn_now(), .wall = g_get_real_time()};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GArray) records = nwf_saver_load(learner->saver, &clock, notes);

    drop_gone(learner, records);
    nwf_lease_db_restore(context->db, records);
    nwf_lease_db_expire(context->db, clock.boot);
    learner->compared = nwf_lease_db_changes(context->db);
    nwf_saver_begin(learner->saver, learner->compared);
    nwf_learn_schedule_locked(context, nwf_lease_db_next_expiry(context->db));
    for (guint i = 0; i < notes->len; i++)
        nwf_learn_log_locked(context, NWF_LEARN_WARNING, "%s", (const char *)g_ptr_array_index(notes, i));
}

NwfLearner *
nwf_learner_new(const NwfLearnerConfig *config, GError **error)
{
    NwfLearner *learner = g_new0(NwfLearner, 1);

    make_tables(learner, config);
    if (make_descriptors(learner, error)) {
        read_files(learner);
        wake(learner);
        learner->thread = nwf_thread_new("nwf-learner", run, learner, error);
        if (learner->thread)
            return learner;
    }
    nwf_learner_free(learner);
    return NULL;
}

static void
close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void
nwf_learner_free(NwfLearner *learner)
{
    if (!learner)
        return;
    NwfLearnContext *context = &learner->context;
    if (learner->thread) {
        g_mutex_lock(&learner->lock);
        learner->stopping = TRUE;
        g_mutex_unlock(&learner->lock);
        wake(learner);
        g_thread_join(learner->thread);
    }
    g_hash_table_unref(learner->sessions);
    g_ptr_array_unref(learner->retired);
    g_ptr_array_unref(context->closing);
    nwf_lease_db_free(context->db);
    nwf_links_free(context->links);
    g_hash_table_unref(context->reserved);
    for (guint i = 0; i < context->lines->len; i++)
        g_free(g_array_index(context->lines, NwfLogLine, i).text);
    g_array_unref(context->lines);
    close_fd(context->poll);
    close_fd(learner->wake);
    close_fd(learner->timer);
    nwf_saver_free(learner->saver);
    g_free(learner->counters_path);
    g_mutex_clear(&learner->lock);
    g_free(learner);
}

void
nwf_learner_begin(NwfLearner *learner)
{
    GHashTableIter iter;
    gpointer session;

    g_mutex_lock(&learner->lock);
    nwf_lease_db_settle(learner->context.db);
    learner->context.begun = TRUE;
    g_hash_table_iter_init(&iter, learner->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &session))
        nwf_session_update_locked(session, nwf_learn_now());
    g_mutex_unlock(&learner->lock);
    wake(learner);
}

/* ---- watching ---- */

/* The session whose name is @portdev is not watched any more; the thread closes its captures. */
static void
retire_locked(NwfLearner *learner, const char *portdev)
{
    gpointer session = NULL;

    if (!g_hash_table_steal_extended(learner->sessions, portdev, NULL, &session))
        return;
    g_clear_pointer(&((NwfSession *)session)->inspector, nwf_inspector_free); /* nothing is learned any more */
    g_ptr_array_add(learner->retired, session);
    nwf_learn_count_locked(&learner->context, nwf_learn_now());
}

static void
watch_locked(NwfLearner *learner, NwfLearnTerms *terms)
{
    NwfSession *session = g_hash_table_lookup(learner->sessions, terms->portdev);
    gboolean new = !session || !nwf_learn_terms_same_client(session->terms, terms);

    if (session && nwf_learn_terms_equal(session->terms, terms))
        return;
    if (new) {
        retire_locked(learner, terms->portdev);
        session = nwf_session_new_locked(&learner->context, terms);
    } else {
        g_hash_table_steal(learner->sessions, terms->portdev);
        nwf_session_change_locked(session, terms);
    }
    g_hash_table_insert(learner->sessions, terms->portdev, session);
    if (new)
        nwf_session_update_locked(session, nwf_learn_now());
    nwf_learn_count_locked(&learner->context, nwf_learn_now());
}

void
nwf_learner_watch(NwfLearner *learner, NwfLearnTerms *terms)
{
    g_mutex_lock(&learner->lock);
    watch_locked(learner, terms);
    g_mutex_unlock(&learner->lock);
    wake(learner);
}

void
nwf_learner_unwatch(NwfLearner *learner, const char *portdev)
{
    g_mutex_lock(&learner->lock);
    retire_locked(learner, portdev);
    g_mutex_unlock(&learner->lock);
    wake(learner);
}

GArray *
nwf_learner_addresses(NwfLearner *learner, const NwfLearnTerms *terms, guint64 *version)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&learner->lock);
    const NwfSession *session = g_hash_table_lookup(learner->sessions, terms->portdev);

    return nwf_session_addresses_locked(&learner->context, session, terms, nwf_learn_now(), version);
}

guint64
nwf_learner_version(NwfLearner *learner, const NwfLearnTerms *terms)
{
    guint64 version;

    g_array_unref(nwf_learner_addresses(learner, terms, &version));
    return version;
}

void
nwf_learner_reserve(NwfLearner *learner, const char *portdev, const GArray *addresses)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&learner->lock);
    GHashTable *reserved = learner->context.reserved;

    if (addresses && addresses->len > 0)
        g_hash_table_replace(reserved, g_strdup(portdev), g_array_copy((GArray *)addresses));
    else
        g_hash_table_remove(reserved, portdev);
}
