/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner_loop.c: the learner's thread
 *
 * One poll loop for all ports. A turn: wait; with the lock held take in what came, at most NWF_TURN_FRAMES of a socket
 * and NWF_TURN_EVENTS sockets, look at the ports that need it, do what is due; without the lock send what is to go out;
 * close one socket that is not needed any more. The kernel hands out ready sockets in turn, so that no port starves
 * another.
 *
 * Sockets and ports are taken apart only behind the events of a turn: an event never points at something that is gone.
 *
 * The timer runs by CLOCK_BOOTTIME: a lease that ended while the host slept ends when it wakes.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "driver/learn/learner_inside.h"

/* ---- waiting ---- */

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
    gint64 due;
    int n;

    g_mutex_lock(&learner->lock);
    due = learner->due;
    g_mutex_unlock(&learner->lock);
    arm(learner, due);
    do
        n = epoll_wait(learner->poll, events, NWF_TURN_EVENTS, learner->closing->len > 0 ? 0 : -1);
    while (n < 0 && errno == EINTR);
    return n;
}

/* ---- with the lock ---- */

static void
read_links_locked(NwfLearner *learner, gint64 now)
{
    g_autoptr(GError) error = NULL;
    GHashTableIter iter;
    gpointer port;

    learner->links_again = NWF_NEVER;
    if (nwf_links_read(learner->links, &error)) {
        learner->dirty = TRUE;
        g_hash_table_iter_init(&iter, learner->ports);
        while (g_hash_table_iter_next(&iter, NULL, &port))
            ((NwfSession *)port)->dirty = TRUE;
    }
    if (error == NULL)
        return;
    nwf_learner_log_locked(learner, NWF_LEARN_ERROR, "%s", error->message);
    learner->links_again = now + NWF_OPEN_AGAIN;
    nwf_learner_schedule_locked(learner, learner->links_again);
}

static void
take_event_locked(NwfLearner *learner, const struct epoll_event *event, gint64 now)
{
    if (event->data.ptr == &learner->wake)
        drain(learner->wake);
    else if (event->data.ptr == &learner->timer)
        drain(learner->timer);
    else if (event->data.ptr == &learner->links)
        read_links_locked(learner, now);
    else
        nwf_session_read_locked(event->data.ptr, now);
}

static void
look_locked(NwfLearner *learner, gint64 now)
{
    GHashTableIter iter;
    gpointer value;

    for (guint i = 0; i < learner->retired->len; i++)
        nwf_session_shut_locked(g_ptr_array_index(learner->retired, i));
    g_ptr_array_set_size(learner->retired, 0);
    if (!learner->dirty)
        return;
    learner->dirty = FALSE;
    g_hash_table_iter_init(&iter, learner->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        NwfSession *port = value;
        if (port->dirty)
            nwf_session_look_locked(port, now);
    }
}

static void
do_due_locked(NwfLearner *learner, gint64 now)
{
    gint64 next = NWF_NEVER;
    GHashTableIter iter;
    gpointer port;

    if (learner->due > now)
        return;
    learner->due = NWF_NEVER;
    learner->armed = NWF_NEVER; /* it went off */
    if (learner->links_again <= now)
        read_links_locked(learner, now);
    nwf_lease_db_expire(learner->db, now);
    g_hash_table_iter_init(&iter, learner->ports);
    while (g_hash_table_iter_next(&iter, NULL, &port))
        next = MIN(next, nwf_session_due_locked(port, now));
    next = MIN(MIN(next, learner->links_again), MIN(learner->save, learner->counters));
    nwf_learner_schedule_locked(learner, MIN(next, nwf_lease_db_next_expiry(learner->db)));
}

/* ---- the loop ---- */

static gboolean
turn(NwfLearner *learner)
{
    struct epoll_event events[NWF_TURN_EVENTS];
    int n = wait_for(learner, events);
    gint64 now = nwf_learner_now();
    NwfOutgoing out;
    gboolean go_on;

    g_mutex_lock(&learner->lock);
    for (int i = 0; i < n; i++)
        take_event_locked(learner, &events[i], now);
    look_locked(learner, now);
    do_due_locked(learner, now);
    if (learner->compare || nwf_lease_db_changes(learner->db) != learner->changes)
        nwf_learner_compare_locked(learner, now);
    go_on = !learner->stopping;
    nwf_learner_collect_locked(learner, &out, now);
    g_mutex_unlock(&learner->lock);
    nwf_learner_send(learner, &out, now);
    if (learner->closing->len > 0)
        g_ptr_array_remove_index_fast(learner->closing, learner->closing->len - 1);
    return go_on;
}

static gpointer
close_some(gpointer data)
{
    GAsyncQueue *queue = data;
    NwfCapture *capture;

    while ((capture = g_async_queue_try_pop(queue)) != NULL)
        nwf_capture_free(capture);
    return NULL;
}

/* Those who wait for the kernel at the same time wait together. */
static void
close_all(NwfLearner *learner)
{
    g_autoptr(GAsyncQueue) queue = g_async_queue_new();
    GThread *closers[NWF_CLOSERS] = {NULL};
    guint needed;

    g_ptr_array_set_free_func(learner->closing, NULL);
    for (guint i = 0; i < learner->closing->len; i++)
        g_async_queue_push(queue, g_ptr_array_index(learner->closing, i));
    g_ptr_array_set_size(learner->closing, 0);
    needed = MIN((guint)g_async_queue_length(queue) / 2, NWF_CLOSERS);
    for (guint i = 0; i < needed; i++)
        closers[i] = g_thread_try_new("nwf-closer", close_some, queue, NULL);
    close_some(queue);
    for (guint i = 0; i < needed; i++)
        if (closers[i] != NULL)
            g_thread_join(closers[i]);
}

gpointer
nwf_learner_thread(gpointer data)
{
    NwfLearner *learner = data;
    GHashTableIter iter;
    gpointer port;

    while (turn(learner))
        continue;
    g_mutex_lock(&learner->lock);
    g_hash_table_iter_init(&iter, learner->ports);
    while (g_hash_table_iter_next(&iter, NULL, &port))
        nwf_session_shut_locked(port);
    g_mutex_unlock(&learner->lock);
    close_all(learner);
    return NULL;
}
