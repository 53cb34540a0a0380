/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call.h: calls from libvirt, and whether the driver takes them
 *
 * Each function that libvirt calls begins a call and ends it when it returns. The driver takes calls while it runs;
 * before and after it refuses them with the reason. The engine is not freed while a call that may use it runs.
 */
#pragma once

#include "driver/engine/engine.h"
#include "driver/libvirt/abi.h"

/** nwf_calls_start: calls are taken from now on; @engine is (transfer full), NULL in an unprivileged daemon. */
void nwf_calls_start(NwfEngine *engine, NwfDialect dialect);

/** nwf_calls_refuse: the driver cannot work: calls fail with @reason from now on. The first reason stays. */
void nwf_calls_refuse(const GError *reason);

/** nwf_calls_refused: whether the driver is in the state that nwf_calls_refuse() makes. */
gboolean nwf_calls_refused(void);

/**
 * nwf_calls_stop: takes no more calls, waits up to ten seconds for those that run and as long for the engine's own
 * work, then frees the engine. Returns FALSE if calls or firewall tools are still running; the engine is not freed
 * then.
 */
gboolean nwf_calls_stop(void);

/* An unprivileged daemon has a driver without an engine: lists are empty, nothing is found, nothing can be made. */
typedef struct NwfCall {
    gboolean valid;     /* FALSE: refused, the error is reported */
    NwfEngine *engine;  /* NULL: unprivileged */
    NwfReading reading; /* how documents of clients are read, unless they ask for validation */
} NwfCall;

/** nwf_call_begin: the caller keeps the call in a g_auto(NwfCall), which ends it. */
NwfCall nwf_call_begin(void);
void nwf_call_end(NwfCall *call);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfCall, nwf_call_end)

/**
 * nwf_call_return_memory: gives memory back to the system if large filters were freed; at the end of calls that may
 * have done so, when they hold nothing any more
 */
void nwf_call_return_memory(void);

/** nwf_call_can_change: FALSE with NWF_ERROR_OPERATION_INVALID in an unprivileged daemon. */
gboolean nwf_call_can_change(const NwfCall *call, GError **error);

/* A handle is libvirt's object that stands for a filter or a binding. */
typedef gpointer (*NwfHandleMake)(virConnectPtr conn, gconstpointer object);
typedef void (*NwfHandleFree)(gpointer handle);

/**
 * nwf_call_list_handles: the answer to a call that lists objects; all of them or none
 * @objects: what to make handles of
 * @handles: (out): a new, NULL-ended array for free(); NULL if only the number is wanted
 *
 * Returns: the number of objects, or -1 with the error reported
 */
int nwf_call_list_handles(virConnectPtr conn, const GPtrArray *objects, NwfHandleMake make, NwfHandleFree free_one,
                          gpointer **handles);
