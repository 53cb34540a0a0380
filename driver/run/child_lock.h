/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * child_lock.h: a daemon ends the tools that a killed daemon left running
 */
#pragma once

#include <sys/types.h>

#include "conf/error.h"

typedef struct NwfChildLock NwfChildLock;

/**
 * nwf_child_lock_new:
 * @path: a file that is made if it is not there, the same for every daemon that does the same work
 *
 * When it returns, no child that an earlier daemon started with the lock of the same @path is alive.
 *
 * Returns: (transfer full), or NULL with NWF_ERROR_SYSTEM if the file cannot be used or such a child does not end
 */
NwfChildLock *nwf_child_lock_new(const char *path, GError **error);
void nwf_child_lock_free(NwfChildLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfChildLock, nwf_child_lock_free)

/** nwf_child_lock_fd: what a child has to hold open while it lives; -1 if @lock is NULL. */
int nwf_child_lock_fd(const NwfChildLock *lock);

/** nwf_child_lock_note: the process group that holds @lock (may be NULL) now; 0: none, or it has no number yet. */
void nwf_child_lock_note(NwfChildLock *lock, pid_t group);
