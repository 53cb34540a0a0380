/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thread.c: a thread of ours in somebody else's process
 *
 * A signal that is sent to a process goes to any of its threads that does not block it. So all are blocked before the
 * thread starts, which inherits that.
 */
#include "driver/run/thread.h"

#include <glib/gi18n-lib.h>
#include <signal.h>

GThread *
nwf_thread_new(const char *name, GThreadFunc run, gpointer data, GError **error)
{
    g_autoptr(GError) local = NULL;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    GThread *thread = g_thread_try_new(name, run, data, &local);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!thread)
        nwf_set_error(error, NWF_ERROR_SYSTEM, _("cannot start a thread: %s"), local->message);
    return thread;
}
