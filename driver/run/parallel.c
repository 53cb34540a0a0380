/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parallel.c: the same work for many things, on a few threads
 *
 * Each thread takes the next number until there is none. A number that was taken is worked on, also if another thread
 * has ended the series meanwhile: so what was begun has no holes. Where the host gives fewer threads than were asked
 * for, those that run do all.
 */
#include "driver/run/parallel.h"

#include "driver/run/thread.h"

typedef struct Crew {
    guint n;
    gint next; /* atomic */
    NwfWork work;
    gpointer data;
} Crew;

static gpointer
run(gpointer data)
{
    Crew *crew = data;
    guint number;

    while ((number = (guint)g_atomic_int_add(&crew->next, 1)) < crew->n)
        if (!crew->work(number, crew->data))
            g_atomic_int_set(&crew->next, (gint)crew->n);
    return NULL;
}

gboolean
nwf_parallel(const char *name, guint n, guint threads, NwfWork work, gpointer data, GError **error)
{
    g_autoptr(GPtrArray) started = g_ptr_array_new();
    g_autoptr(GError) why = NULL;
    Crew crew = {n, 0, work, data};

    for (guint i = 0; !why && i < MIN(n, threads); i++) {
        GThread *thread = nwf_thread_new(name, run, &crew, &why);
        if (thread)
            g_ptr_array_add(started, thread);
    }
    for (guint i = 0; i < started->len; i++)
        g_thread_join(g_ptr_array_index(started, i));
    if (n == 0 || started->len > 0)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}
