/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner.c: what the engine calls; see learner.h and learner_inside.h
 *
 * Each call changes book and tables at once, under the lock, so that the next one sees it. A new port's captures are
 * opened by the caller, so that no frame is missed that a VM sends when the call has returned; all else about sockets
 * is the thread's, which is woken and follows.
 */
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "driver/learn/learner_inside.h"
#include "driver/learn/state_file.h"

/* ---- small things ---- */

gint64
nwf_learner_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

void
nwf_learner_wake(NwfLearner *learner)
{
    guint64 one = 1;

    while (write(learner->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

void
nwf_learner_schedule_locked(NwfLearner *learner, gint64 at)
{
    learner->due = MIN(learner->due, at);
}

void
nwf_learner_log_locked(NwfLearner *learner, NwfLearnLevel level, const char *format, ...)
{
    NwfLine line = {.level = level};
    va_list args;

    va_start(args, format);
    line.text = g_strdup_vprintf(format, args);
    va_end(args);
    g_array_append_val(learner->lines, line);
}

guint
nwf_learner_index_locked(const NwfLearner *learner, const char *name)
{
    const NwfLink *link = nwf_links_find(learner->links, name);

    return link != NULL ? link->index : 0;
}

static gboolean
is_live(const NwfLease *lease, const NwfLearnTerms *terms, gint64 now)
{
    return (lease->infinite || lease->expiry > now) &&
           (terms->allowed == NULL || nwf_allowed_has(terms->allowed, &lease->address));
}

GArray *
nwf_learner_list_locked(NwfLearner *learner, const NwfLearnTerms *terms)
{
    NwfSession *port = g_hash_table_lookup(learner->ports, terms->portdev);
    GArray *list = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    g_autoptr(GArray) leases = NULL;
    char key[NWF_KEY_LENGTH + 1];
    gint64 now = nwf_learner_now();

    if (port != NULL && nwf_learn_terms_same_client(port->terms, terms)) {
        leases = nwf_lease_db_leases(nwf_inspector_book(port->core));
    } else {
        nwf_lease_key_format(key, terms->owner, terms->mac);
        leases = nwf_lease_db_peek(learner->db, terms->portdev, nwf_learner_index_locked(learner, terms->portdev), key,
                                   terms->mode, terms->max);
    }
    for (guint i = 0; i < leases->len && list->len < terms->max; i++) {
        const NwfLease *lease = &g_array_index(leases, NwfLease, i);
        if (is_live(lease, terms, now))
            g_array_append_val(list, lease->address);
    }
    return list;
}

/* ---- start and end ---- */

static GArray *
copy_list(const GArray *list)
{
    GArray *copy = g_array_new(FALSE, FALSE, sizeof(NwfAddress));

    if (list->len > 0)
        g_array_append_vals(copy, list->data, list->len);
    return copy;
}

static void
make_tables(NwfLearner *learner, const NwfLearnerConfig *config)
{
    learner->config = *config;
    learner->state_path = g_build_filename(config->state_dir, "state", NULL);
    learner->counters_path = g_build_filename(config->state_dir, "counters", NULL);
    learner->lease_path = g_strdup(config->lease_file);
    learner->config.state_dir = learner->config.lease_file = NULL; /* the caller's */
    learner->poll = learner->wake = learner->timer = -1;
    g_mutex_init(&learner->lock);
    learner->db = nwf_lease_db_new();
    learner->ports = g_hash_table_new(g_str_hash, g_str_equal);
    learner->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    learner->given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    learner->retired = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_session_free);
    learner->closing = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_capture_free);
    learner->lines = g_array_new(FALSE, FALSE, sizeof(NwfLine));
    learner->due = learner->links_again = learner->save = learner->counters = learner->armed = NWF_NEVER;
    learner->save_told = learner->counters_told = G_MININT64 / 2;
}

static gboolean
poll_fd(NwfLearner *learner, int fd, gpointer mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};

    return fd >= 0 && epoll_ctl(learner->poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static gboolean
make_descriptors(NwfLearner *learner, GError **error)
{
    learner->links = nwf_links_new(error);
    if (learner->links == NULL)
        return FALSE;
    learner->poll = epoll_create1(EPOLL_CLOEXEC);
    learner->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    learner->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (learner->poll >= 0 && poll_fd(learner, learner->wake, &learner->wake) &&
        poll_fd(learner, learner->timer, &learner->timer) &&
        poll_fd(learner, nwf_links_fd(learner->links), &learner->links))
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_SYSTEM, _("address learning cannot start: %s"), g_strerror(errno));
}

/* Of a device that is not there any more nothing is remembered: its number never comes again. */
static void
drop_gone(const NwfLearner *learner, GArray *records)
{
    for (guint i = records->len; i-- > 0;) {
        const NwfRecord *record = &g_array_index(records, NwfRecord, i);
        if (record->mode == NWF_LEARN_ANY && nwf_learner_index_locked(learner, record->name) != record->ifindex)
            g_array_remove_index(records, i);
    }
}

static void
read_files(NwfLearner *learner)
{
    NwfClock clock = {.boot = nwf_learner_now(), .wall = g_get_real_time()};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) records = NULL;

    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &learner->boot_id, NULL, &error)) {
        nwf_note(notes, "%s", error->message);
        learner->boot_id = g_strdup("unknown");
    }
    g_strstrip(learner->boot_id);
    records = nwf_state_load(learner->state_path, learner->lease_path, learner->boot_id, &clock, notes);
    drop_gone(learner, records);
    nwf_lease_db_restore(learner->db, records);
    nwf_lease_db_expire(learner->db, clock.boot);
    learner->saved = nwf_lease_db_changes(learner->db);
    for (guint i = 0; i < notes->len; i++)
        nwf_learner_log_locked(learner, NWF_LEARN_WARNING, "%s", (const char *)g_ptr_array_index(notes, i));
}

/* The daemon's signals are its own threads' affair. */
static gboolean
start_thread(NwfLearner *learner, GError **error)
{
    g_autoptr(GError) local = NULL;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    learner->thread = g_thread_try_new("nwf-learner", nwf_learner_thread, learner, &local);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (learner->thread == NULL)
        return nwf_set_error(error, NWF_ERROR_SYSTEM, _("cannot start a thread: %s"), local->message);
    return TRUE;
}

NwfLearner *
nwf_learner_new(const NwfLearnerConfig *config, GError **error)
{
    NwfLearner *learner = g_new0(NwfLearner, 1);

    make_tables(learner, config);
    if (make_descriptors(learner, error)) {
        read_files(learner);
        learner->compare = TRUE;
        nwf_learner_wake(learner);
        if (start_thread(learner, error))
            return learner;
    }
    nwf_learner_free(learner);
    return NULL;
}

static void
stop_thread(NwfLearner *learner)
{
    if (learner->thread == NULL)
        return;
    g_mutex_lock(&learner->lock);
    learner->stopping = TRUE;
    g_mutex_unlock(&learner->lock);
    nwf_learner_wake(learner);
    g_thread_join(learner->thread);
}

static void
free_ports(NwfLearner *learner)
{
    GHashTableIter iter;
    gpointer port;

    g_hash_table_iter_init(&iter, learner->ports);
    while (g_hash_table_iter_next(&iter, NULL, &port))
        nwf_session_free(port);
    g_hash_table_unref(learner->ports);
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
    if (learner == NULL)
        return;
    stop_thread(learner);
    free_ports(learner);
    g_ptr_array_unref(learner->retired);
    g_ptr_array_unref(learner->closing);
    nwf_lease_db_free(learner->db);
    nwf_links_free(learner->links);
    g_hash_table_unref(learner->held);
    g_hash_table_unref(learner->given);
    for (guint i = 0; i < learner->lines->len; i++)
        g_free(g_array_index(learner->lines, NwfLine, i).text);
    g_array_unref(learner->lines);
    close_fd(learner->poll);
    close_fd(learner->wake);
    close_fd(learner->timer);
    g_free(learner->state_path);
    g_free(learner->counters_path);
    g_free(learner->lease_path);
    g_free(learner->boot_id);
    g_mutex_clear(&learner->lock);
    g_free(learner);
}

void
nwf_learner_begin(NwfLearner *learner)
{
    GHashTableIter iter;
    gpointer port;

    g_mutex_lock(&learner->lock);
    learner->begun = TRUE;
    g_hash_table_iter_init(&iter, learner->ports);
    while (g_hash_table_iter_next(&iter, NULL, &port))
        nwf_session_look_locked(port, nwf_learner_now());
    g_mutex_unlock(&learner->lock);
    nwf_learner_wake(learner);
}

/* ---- watching ---- */

/* What the engine knows of the port is what it asked for last; if that is not true any more, it is told. */
static void
take_given_locked(NwfLearner *learner, NwfSession *port)
{
    const GArray *given = g_hash_table_lookup(learner->given, port->terms->portdev);

    if (given == NULL)
        return;
    g_array_unref(port->told);
    port->told = copy_list(given);
    g_hash_table_remove(learner->given, port->terms->portdev);
}

static void
retire_locked(NwfLearner *learner, NwfSession *port)
{
    g_hash_table_remove(learner->ports, port->terms->portdev);
    nwf_session_retire_locked(port);
}

static void
watch_locked(NwfLearner *learner, NwfLearnTerms *terms)
{
    NwfSession *port = g_hash_table_lookup(learner->ports, terms->portdev);
    gboolean new = port == NULL || !nwf_learn_terms_same_client(port->terms, terms);

    if (port != NULL && nwf_learn_terms_equal(port->terms, terms))
        return;
    if (!new) {
        g_hash_table_steal(learner->ports, terms->portdev);
        nwf_session_change_locked(port, terms);
    } else {
        if (port != NULL)
            retire_locked(learner, port);
        port = nwf_session_new_locked(learner, terms);
    }
    g_hash_table_insert(learner->ports, port->terms->portdev, port);
    take_given_locked(learner, port);
    if (new)
        nwf_session_look_locked(port, nwf_learner_now());
    learner->counters = MIN(learner->counters, nwf_learner_now() + NWF_COUNTERS);
    nwf_learner_schedule_locked(learner, learner->counters);
}

void
nwf_learner_watch(NwfLearner *learner, NwfLearnTerms *terms)
{
    g_mutex_lock(&learner->lock);
    watch_locked(learner, terms);
    g_mutex_unlock(&learner->lock);
    nwf_learner_wake(learner);
}

void
nwf_learner_unwatch(NwfLearner *learner, const char *portdev)
{
    NwfSession *port;

    g_mutex_lock(&learner->lock);
    port = g_hash_table_lookup(learner->ports, portdev);
    g_hash_table_remove(learner->given, portdev);
    if (port != NULL) {
        retire_locked(learner, port);
        learner->counters = MIN(learner->counters, nwf_learner_now() + NWF_COUNTERS);
        nwf_learner_schedule_locked(learner, learner->counters);
    }
    g_mutex_unlock(&learner->lock);
    nwf_learner_wake(learner);
}

GArray *
nwf_learner_addresses(NwfLearner *learner, const NwfLearnTerms *terms)
{
    GArray *list;

    g_mutex_lock(&learner->lock);
    list = nwf_learner_list_locked(learner, terms);
    if (g_hash_table_size(learner->given) >= NWF_GIVEN_MAX)
        g_hash_table_remove_all(learner->given); /* of ports that never came: at worst a report too many */
    g_hash_table_replace(learner->given, g_strdup(terms->portdev), copy_list(list));
    g_mutex_unlock(&learner->lock);
    return list;
}

void
nwf_learner_reserve(NwfLearner *learner, const char *portdev, const GArray *addresses)
{
    g_mutex_lock(&learner->lock);
    if (addresses != NULL && addresses->len > 0)
        g_hash_table_replace(learner->held, g_strdup(portdev), copy_list(addresses));
    else
        g_hash_table_remove(learner->held, portdev);
    g_mutex_unlock(&learner->lock);
}
