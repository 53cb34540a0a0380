/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parallel.h: the same work for many things, on a few threads
 */
#pragma once

#include "conf/error.h"

/** NwfWork: does the thing @number, in any thread. Returns: FALSE: no other one is to be begun. */
typedef gboolean (*NwfWork)(guint number, gpointer data);

/**
 * nwf_parallel:
 * @name: of the threads
 * @n: number of things
 * @threads: how many at once, at the most
 *
 * Calls @work for each number below @n, once, begun in their order, in threads that have ended when this returns. When
 * one of them says so, no further one is begun: those that were begun are all below some number. No thread is the
 * caller's, so that the work may leave its thread in another namespace.
 *
 * Returns: FALSE with NWF_ERROR_SYSTEM if not a single thread could be started; then nothing was done
 */
gboolean nwf_parallel(const char *name, guint n, guint threads, NwfWork work, gpointer data, GError **error);
