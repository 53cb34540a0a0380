/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * render.h: plans as input of ebtables-restore, iptables-restore and ip6tables-restore
 *
 * Pure: text out of plans and of what is known to be in the kernel (model.h). The companion command prints the same
 * batches as the daemon applies.
 */
#pragma once

#include "driver/tech/backend.h"
#include "driver/tech/ebiptables/model.h"

/* One port's part of a batch. */
typedef struct NwfPlanChange {
    char *port;        /* interface name */
    NwfPlan *old_plan; /* what the kernel holds now; NULL: nothing of ours, or unknown */
    NwfPlan *new_plan; /* NULL: remove everything of the port */
} NwfPlanChange;

/** nwf_plan_change_new: keeps references on the plans. */
NwfPlanChange *nwf_plan_change_new(const char *port, NwfPlan *old_plan, NwfPlan *new_plan);
void nwf_plan_change_free(NwfPlanChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfPlanChange, nwf_plan_change_free)

/* A batch for one tool. */
typedef struct NwfBatch {
    NwfLayer layer;
    GString *text;
    guint n_lines;
    guint n_dispatch; /* lines at its end that change chains which lead to all ports */
    guint n_deleted;  /* and behind these, lines that delete chains */
    GArray *origins; /* (element-type NwfOrigin): one for each line of text, so that a tool's "line 7" finds its rule */
    GStringChunk *names; /* of the origins */
} NwfBatch;

typedef struct NwfOrigin {
    const char *port;   /* NULL for lines that belong to no port */
    const char *filter; /* NULL if the line is no rule of a filter */
    guint line;
} NwfOrigin;

void nwf_batch_free(NwfBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfBatch, nwf_batch_free)

/**
 * nwf_render_check:
 *
 * Whether the tools can take @plan for @port at all: NWF_ERROR_INTERNAL for an interface name that the tools cannot
 * take and for a plan that needs more lines than NWF_PORT_RULES_MAX; NWF_ERROR_FIREWALL for a rule that they would
 * refuse, see limits.c.
 */
gboolean nwf_render_check(const char *port, const NwfPlan *plan, GError **error);

/**
 * nwf_render:
 * @model: what the layer's table holds; not changed
 * @changes: (element-type NwfPlanChange): each port at most once
 * @error: NWF_ERROR_FIREWALL if two ports need a chain of the same name
 *
 * Chains are declared and filled in place, dispatch rules added or removed, chains no longer needed deleted.
 *
 * Returns: (transfer full): one batch that makes the layer hold the new plans of all ports; without lines if there is
 *   nothing to do. NULL with @error set.
 */
NwfBatch *nwf_render(const NwfModel *model, NwfLayer layer, GPtrArray *changes, GError **error);

/**
 * nwf_render_no_base: (transfer full): a batch for an IP layer that takes the base chains that have no rules out, and
 * the jumps to them; without lines if there are none
 */
NwfBatch *nwf_render_no_base(const NwfModel *model, NwfLayer layer);
