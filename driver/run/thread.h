/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thread.h: a thread of ours in somebody else's process
 */
#pragma once

#include "conf/error.h"

/**
 * nwf_thread_new:
 * @name: of at most 15 bytes
 *
 * Starts a thread that takes no signal of the process: they are for the threads of the daemon.
 *
 * Returns: (transfer full): to be joined; NULL with NWF_ERROR_SYSTEM
 */
GThread *nwf_thread_new(const char *name, GThreadFunc run, gpointer data, GError **error);
