/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inhibit.h: keeps the daemon from going idle
 */
#pragma once

#include "driver/libvirt/abi.h"

/** nwf_inhibit_use: from now on @function is called; the daemon passed it to the start. NULL: nothing is called. */
void nwf_inhibit_use(NwfAbiInhibit function, void *opaque);

/** nwf_inhibit: the engine's callback: whether there are bindings. @unused: the engine's data for its callback */
void nwf_inhibit(gboolean inhibit, gpointer unused);

/** nwf_inhibit_forget: the daemon ends; its function is not called any more. */
void nwf_inhibit_forget(void);
