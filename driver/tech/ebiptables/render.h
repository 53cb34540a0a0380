/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * render.h: plans as input of ebtables-restore, iptables-restore and ip6tables-restore
 *
 * Pure: text out of plans and of what is known to be in the kernel (state.h). The companion command prints the same
 * batches as the daemon applies.
 */
#pragma once

#include "driver/tech/backend.h"
#include "driver/tech/ebiptables/state.h"

/* A batch for one tool. */
typedef struct NwfBatch {
    NwfLayer layer;
    GString *text;
    guint n_lines;
    GArray *origins; /* (element-type NwfOrigin): one for each line of text, so that a tool's "line 7" finds its rule */
} NwfBatch;

typedef struct NwfOrigin {
    const char *port;   /* interned; NULL for lines that belong to no port */
    const char *filter; /* interned; NULL if the line is no rule of a filter */
    guint line;
} NwfOrigin;

NwfBatch *nwf_batch_new(NwfLayer layer);
void nwf_batch_free(NwfBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfBatch, nwf_batch_free)

/**
 * nwf_render:
 * @state: what the layer's table holds; not changed
 * @changes: (element-type NwfPortChange)
 *
 * Returns: (transfer full): one batch that makes the layer hold the new plans of all ports, or NULL if there is nothing
 *   to do. Chains are declared and filled in place, dispatch rules added or removed, chains no longer needed deleted.
 */
NwfBatch *nwf_render(const NwfState *state, NwfLayer layer, GPtrArray *changes);

/** nwf_render_closing: a batch that only closes the ports at the Ethernet layer, ahead of a change in several layers. */
NwfBatch *nwf_render_closing(const NwfState *state, GPtrArray *changes);
