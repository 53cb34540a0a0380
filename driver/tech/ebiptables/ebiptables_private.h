/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ebiptables_private.h: what the files of the backend share: the backend, and one call of its apply
 */
#pragma once

#include "driver/tech/ebiptables/tool.h"

typedef struct NwfEbiptables {
    NwfBackend backend;
    gboolean require_bridge_netfilter;
    char *lock_path; /* may be NULL */
    NwfChildLock *lock;
    NwfTool tools[NWF_LAYERS];
    NwfOwnTransactions *own;
    NwfRules *closed;
    GHashTable *uncertain;   /* ports whose rules are not what the caller thinks */
    gboolean dry_run_warned; /* that no dry run is possible was reported */
} NwfEbiptables;

/* One port while a call of apply works on it. */
typedef struct NwfJobPort {
    const NwfPlanChange *change;
    NwfPlan *known[NWF_LAYERS]; /* what the kernel certainly holds; NULL: ask the model */
    gboolean held;              /* there was something of this port before */
    gboolean differs[NWF_LAYERS];
    gboolean closes; /* is closed ahead of the other layers */
} NwfJobPort;

typedef struct NwfJob {
    NwfEbiptables *self;
    GArray *ports;     /* (element-type NwfJobPort) */
    gboolean in_doubt; /* the stage that failed may have been taken nevertheless, the first or the second time */
} NwfJob;

/** nwf_skip_unchanged: layers that hold exactly what they should, though nobody knew, do not differ any more. */
void nwf_skip_unchanged(NwfJob *job, NwfNotes *notes);

/**
 * nwf_write:
 * @changes: (element-type NwfPlanChange): those that @batch was made of
 * @in_doubt: (out): set to TRUE if it failed and nobody knows whether the kernel took the batch
 *
 * Gives @batch to the kernel, proves that it was taken, and follows it. Returns: FALSE with NWF_ERROR_FIREWALL that
 * carries the tool's own words and, where the tool named a line, port, filter and line of the rule.
 */
gboolean nwf_write(NwfTool *tool, GPtrArray *changes, const NwfBatch *batch, gboolean *in_doubt, GError **error);

/**
 * nwf_expected_listing:
 * @changes: (element-type NwfPlanChange): from nothing to plans that have rules at the layer of @tool
 * @listed: (out): an empty model, filled with what the tool lists when it has made the rules of @changes
 *
 * Nothing of the host is touched. Returns: FALSE with NWF_ERROR_SYSTEM if no dry run is possible on this host, with
 *   NWF_ERROR_FIREWALL if the rules or a set were refused, with NWF_ERROR_INTERNAL if the tool reports success without
 *   having made the rules
 */
gboolean nwf_expected_listing(const NwfTool *tool, GPtrArray *changes, NwfModel *listed, GError **error);

/** nwf_ebiptables_apply: the backend's apply for plans: @changes (element-type NwfPlanChange). */
gboolean nwf_ebiptables_apply(NwfEbiptables *self, GPtrArray *changes, NwfNotes *notes, GError **error);
