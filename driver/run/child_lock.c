/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * child_lock.c: a daemon ends the tools that a killed daemon left running
 *
 * A daemon that is killed while a tool runs leaves the tool behind, and it may change the kernel when the next daemon
 * has read the tables already. So each daemon locks a file, and its children hold the locked file open. The lock (of
 * flock(2)) belongs to the open file, not to a process: it ends when the last of them has ended. The next daemon opens
 * the file anew; if it is locked there are orphans. The process group of the one that ran stands in the file. It is
 * killed, and the lock is waited for.
 *
 * A group is noted after its start and erased after its end, since its number may become somebody else's then, and the
 * lock may be held by a child that the daemon has forked and that has not called exec yet. An orphan whose number was
 * not noted is waited for only; tools end by themselves.
 *
 * Limits: an orphan that neither can be killed nor ends within PATIENCE is given up.
 */
#include "driver/run/child_lock.h"

#include "driver/run/fd.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

enum { PATIENCE = 8 * G_TIME_SPAN_SECOND, STEP = 5 * 1000 };
enum { FD_MIN = 10 }; /* out of the way of what a child's descriptors are put to */

struct NwfChildLock {
    Fd fd;
};

int
nwf_child_lock_fd(const NwfChildLock *lock)
{
    return lock ? lock->fd : -1;
}

/* A file of one line of fixed length, so that writing it again needs no truncation. */
void
nwf_child_lock_note(NwfChildLock *lock, pid_t group)
{
    char line[16];
    int length = snprintf(line, sizeof(line), "%-12d\n", (int)group);

    if (lock && pwrite(lock->fd, line, (size_t)length, 0) != length)
        g_debug("the lock cannot be written: %s", g_strerror(errno));
}

/* Kills the orphan and waits until its end. */
static gboolean
end_orphan(NwfChildLock *lock)
{
    gint64 end = g_get_monotonic_time() + PATIENCE;
    char line[16] = "";
    pid_t group = pread(lock->fd, line, sizeof(line) - 1, 0) > 0 ? (pid_t)strtol(line, NULL, 10) : 0;

    if (group > 1)
        kill(-group, SIGKILL);
    while (g_get_monotonic_time() < end) {
        if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
            return TRUE;
        g_usleep(STEP);
    }
    return FALSE;
}

static int
open_file(const char *path)
{
    g_auto(Fd) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN);
}

NwfChildLock *
nwf_child_lock_new(const char *path, GError **error)
{
    g_autoptr(NwfChildLock) lock = g_new0(NwfChildLock, 1);

    lock->fd = open_file(path);
    if (lock->fd < 0 || (flock(lock->fd, LOCK_EX | LOCK_NB) < 0 && errno != EWOULDBLOCK)) {
        nwf_set_error(error, NWF_ERROR_SYSTEM, _("the file '%s' cannot be used: %s"), path, g_strerror(errno));
        return NULL;
    }
    if (flock(lock->fd, LOCK_EX | LOCK_NB) < 0 && !end_orphan(lock)) {
        nwf_set_error(error, NWF_ERROR_SYSTEM, _("a firewall tool that an earlier daemon started does not end"));
        return NULL;
    }
    nwf_child_lock_note(lock, 0);
    return g_steal_pointer(&lock);
}

void
nwf_child_lock_free(NwfChildLock *lock)
{
    if (!lock)
        return;
    fd_clear(&lock->fd);
    g_free(lock);
}
