/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock_file.h: one daemon at a time
 */
#pragma once

#include "conf/error.h"

typedef struct NwfLockFile NwfLockFile;

/**
 * nwf_lock_file_take:
 * @directory: is made with mode 0700 if it is missing
 *
 * Takes the lock and writes our process id. Returns: (transfer full): the lock, or NULL with NWF_ERROR_SYSTEM
 */
NwfLockFile *nwf_lock_file_take(const char *directory, GError **error);

/** nwf_lock_file_drop: removes the file and gives the lock back. */
void nwf_lock_file_drop(NwfLockFile *lock);
