/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job.h: what the files of the backend share: the backend, and one call of its apply
 */
#pragma once

#include "driver/tech/ebiptables/tool.h"

typedef struct NwfEbiptables {
    NwfBackend backend;
    gboolean require_bridge_netfilter;
    char *lock_path; /* may be NULL */
    NwfChildLock *lock;
    NwfTool tools[NWF_LAYERS];
    NwfPlan *closed;
    GHashTable *uncertain;    /* ports whose rules are not what the caller thinks */
    gboolean cannot_rehearse; /* this was said */
} NwfEbiptables;

/* One port while a call of apply works on it. */
typedef struct NwfJobPort {
    const NwfPortChange *change;
    NwfPlan *known[NWF_LAYERS]; /* what the kernel certainly holds; NULL: ask the state */
    gboolean held;              /* there was something of this port before */
    gboolean differs[NWF_LAYERS];
    gboolean closes; /* is closed ahead of the other layers */
} NwfJobPort;

typedef struct NwfJob {
    NwfEbiptables *self;
    GArray *ports;     /* (element-type NwfJobPort) */
    gboolean in_doubt; /* the stage that failed may have been taken nevertheless, the first or the second time */
} NwfJob;

/** nwf_job_had: whether the layer has something of @port before the change. */
gboolean nwf_job_had(const NwfJob *job, const NwfJobPort *port, NwfLayer layer);

/** nwf_look: layers of ports of which nothing is known, but that hold exactly what they should, do not differ. */
void nwf_look(NwfJob *job, NwfNotes *notes);

/* The backend's functions of the same names. */
gboolean nwf_ebiptables_apply(NwfBackend *backend, GPtrArray *changes, NwfNotes *notes, GError **error);
gboolean nwf_ebiptables_retire_stock(NwfBackend *backend, GError **error);
gboolean nwf_ebiptables_look(NwfBackend *backend, GPtrArray *touched, GPtrArray **ports, GError **error);
