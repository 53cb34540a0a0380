/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gate.h: bounds how many callers wait for the applier
 */
#pragma once

#include "conf/error.h"

/* How many callers wait for the applier; and how long others wait until one of these was answered, in microseconds. */
enum { NWF_GATE_INSIDE = 8, NWF_GATE_PATIENCE = 10 * G_USEC_PER_SEC };

typedef struct NwfGate NwfGate;

/** nwf_gate_new: @inside and @patience as above. */
NwfGate *nwf_gate_new(guint inside, gint64 patience);
void nwf_gate_free(NwfGate *gate);

/** nwf_gate_enter: FALSE with NWF_ERROR_FIREWALL if the caller has to give up; else it leaves later. */
gboolean nwf_gate_enter(NwfGate *gate, GError **error);
/** nwf_gate_leave: the caller was answered. */
void nwf_gate_leave(NwfGate *gate);
