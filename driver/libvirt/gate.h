/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gate.h: every call from libvirt passes here
 *
 * The gate knows in which state the driver is, lets calls in or answers them with the reason why not, and lets nobody
 * close the engine under a call that is inside.
 */
#pragma once

#include "driver/engine/engine.h"

typedef enum NwfGateState {
    NWF_GATE_NOT_STARTED,
    NWF_GATE_OPEN,
    NWF_GATE_EMPTY,    /* unprivileged daemon: open, but there is nothing and nothing can be made */
    NWF_GATE_DEGRADED, /* the driver cannot work; each call is told why */
    NWF_GATE_CLOSED,
} NwfGateState;

/** nwf_gate_open: calls are let in from now on; @engine is (transfer full), NULL in an unprivileged daemon. */
void nwf_gate_open(NwfEngine *engine, NwfDialect dialect);

/** nwf_gate_degrade: calls are answered with @reason from now on. The first reason stays. */
void nwf_gate_degrade(const GError *reason);

gboolean nwf_gate_is_degraded(void);

/** nwf_gate_close: lets nobody in, waits for those inside, frees the engine. FALSE: they stayed, it lives on. */
gboolean nwf_gate_close(void);

/* What a call holds while it is inside. */
typedef struct NwfPass {
    gboolean valid;    /* FALSE: refused, the error is reported */
    NwfEngine *engine; /* NULL in an unprivileged daemon */
    NwfDialect dialect;
} NwfPass;

/** nwf_gate_enter: to be kept in a g_auto(NwfPass). */
NwfPass nwf_gate_enter(void);
void nwf_pass_return(NwfPass *pass);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfPass, nwf_pass_return)
