/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reconcile.h: what others did to the kernel is put right
 */
#pragma once

#include "driver/engine/applier.h"

/** nwf_reconcile: puts right what @events (element-type NwfChangeEvent, which it changes) and silent tables say. */
void nwf_reconcile(NwfApplier *applier, GPtrArray *events);

/** nwf_reconcile_plan: sets the timers for the time until the next turn. */
void nwf_reconcile_plan(NwfApplier *applier);

/**
 * nwf_read_kernel: what of ours is in the kernel; what belongs to no port is put right
 * @in_kernel: (out) (transfer full) (element-type utf8): names of ports
 */
gboolean nwf_read_kernel(NwfApplier *applier, GPtrArray **in_kernel, NwfNotes *notes, GError **error);

/** nwf_log_failures: logs the errors of @requests, whose callers nobody is. */
void nwf_log_failures(const NwfEngineConfig *config, GPtrArray *requests);
