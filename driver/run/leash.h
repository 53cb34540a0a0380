/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leash.h: no child of a daemon that died works on unnoticed
 */
#pragma once

#include <sys/types.h>

#include "conf/error.h"

typedef struct NwfLeash NwfLeash;

/**
 * nwf_leash_new:
 * @path: a file that is made if it is not there, the same for every daemon that does the same work
 *
 * When it returns, no child that an earlier daemon started with the leash of the same @path is alive.
 *
 * Returns: (transfer full), or NULL with NWF_ERROR_SYSTEM if the file cannot be used or such a child does not end
 */
NwfLeash *nwf_leash_new(const char *path, GError **error);
void nwf_leash_free(NwfLeash *leash);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLeash, nwf_leash_free)

/** nwf_leash_fd: what a child has to hold open while it lives. */
int nwf_leash_fd(const NwfLeash *leash);

/** nwf_leash_note: the process group that holds it now; 0: none, or one that has no number yet. */
void nwf_leash_note(NwfLeash *leash, pid_t group);
