/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inhibit.h: keeping the daemon from going idle
 */
#pragma once

#include "driver/libvirt/abi.h"

/** nwf_inhibit_use: the daemon's function, as it came with the start; NULL is fine. */
void nwf_inhibit_use(NwfAbiInhibit function, void *opaque);

/** nwf_inhibit: for the engine; only changes reach the daemon. @unused: the engine's data for its callback */
void nwf_inhibit(gboolean inhibit, gpointer unused);

/** nwf_inhibit_forget: the daemon is ending; its function is not called any more. */
void nwf_inhibit_forget(void);
