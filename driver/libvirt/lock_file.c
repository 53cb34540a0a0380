/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock_file.c: DIRECTORY/driver.pid, used as the stock driver uses it
 *
 * The lock is a POSIX write lock on the first byte, so that a daemon with the stock driver and one with this driver
 * keep each other out. Such a lock is lost when the process closes any descriptor of the file: it is opened here once
 * and nowhere else. The holder removes the file before it releases the lock. So whoever has got a lock checks that the
 * path still names the file that it locked, and tries again if not.
 */
#include "driver/libvirt/lock_file.h"
#include "driver/run/fd.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

struct NwfLockFile {
    char *path;
    int fd;
};

/* No file is replaced more often than this between opening and checking it. */
enum { ATTEMPTS_MAX = 100 };

/* A locked descriptor of @path, or -1 with errno. */
static int
open_locked(const char *path)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    struct stat ours, named;

    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        g_auto(Fd) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0 || fcntl(fd, F_SETLK, &range) < 0 || fstat(fd, &ours) < 0)
            return -1;
        if (stat(path, &named) == 0 && named.st_dev == ours.st_dev && named.st_ino == ours.st_ino)
            return fd_steal(&fd);
    }
    errno = EAGAIN;
    return -1;
}

NwfLockFile *
nwf_lock_file_take(const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "driver.pid", NULL);
    g_autofree char *parent = g_path_get_dirname(directory);
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    ssize_t length = (ssize_t)strlen(pid);
    g_auto(Fd) fd = -1;

    if (g_mkdir_with_parents(parent, 0755) == 0 && g_mkdir_with_parents(directory, 0700) == 0)
        fd = open_locked(path);
    if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)length, 0) != length) {
        const char *cause = errno == EAGAIN ? _("another daemon holds it") : g_strerror(errno);

        nwf_set_error(error, NWF_ERROR_SYSTEM, _("Failed to acquire pid file '%s': %s"), path, cause);
        return NULL;
    }
    NwfLockFile *lock = g_new(NwfLockFile, 1);
    *lock = (NwfLockFile){.path = g_steal_pointer(&path), .fd = fd_steal(&fd)};
    return lock;
}

void
nwf_lock_file_drop(NwfLockFile *lock)
{
    g_unlink(lock->path);
    close(lock->fd);
    g_free(lock->path);
    g_free(lock);
}
