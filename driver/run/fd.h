/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fd.h: a descriptor that closes itself
 */
#pragma once

#include <errno.h>
#include <glib.h>
#include <unistd.h>

/* g_auto(Fd); -1: none. */
typedef int Fd;

/** fd_clear: closes @fd, if it is open; errno stays. */
static inline void
fd_clear(Fd *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fd, fd_clear)

/** fd_steal: the descriptor, which is the caller's now. */
static inline int
fd_steal(Fd *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}
