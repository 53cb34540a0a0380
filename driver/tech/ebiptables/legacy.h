/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * legacy.h: whether a table of the tools' older form has changed, and the lock that all writers take
 */
#pragma once

#include "plan/plan.h"

/** nwf_legacy_is_used: whether the program at @path is of the older form, which does not know nf_tables. */
gboolean nwf_legacy_is_used(const char *path);

/**
 * nwf_legacy_fingerprint: (transfer full): of the rules in the kernel, without their counters; NULL if they cannot be
 * read. Starts no process and takes no lock.
 */
char *nwf_legacy_fingerprint(NwfLayer layer);

/**
 * nwf_legacy_lock: the lock by which programs that change the table of @layer agree, held until it is closed; -1 if the
 * tool takes one by itself, or if somebody else does not let go of it within some seconds. The lock is voluntary.
 */
int nwf_legacy_lock(NwfLayer layer);

/** nwf_legacy_unlock: closes it; nothing for -1. */
void nwf_legacy_unlock(int lock);
