/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * batch.h: a batch while it is written
 *
 * A batch has an order that makes every name exist before it is used and unused before it goes: first chains are
 * declared, old ones emptied, rules written, dispatch rules put right, and last the old chains deleted. Ports are
 * written one after the other, each into all these sections; the sections are joined at the end.
 */
#pragma once

#include "driver/tech/ebiptables/render.h"

typedef enum NwfSection {
    NWF_SECTION_DECLARE,
    NWF_SECTION_FLUSH,
    NWF_SECTION_RULES,
    NWF_SECTION_DISPATCH,
    NWF_SECTION_DELETE,
    NWF_SECTIONS
} NwfSection;

typedef struct NwfDraftBatch {
    NwfBatch *batch;
    GString *text[NWF_SECTIONS];
    GArray *origins[NWF_SECTIONS]; /* (element-type NwfOrigin) */
} NwfDraftBatch;

void nwf_draft_batch_init(NwfDraftBatch *draft, NwfLayer layer);
void nwf_draft_batch_clear(NwfDraftBatch *draft);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfDraftBatch, nwf_draft_batch_clear)

/** nwf_draft_line: begins a line of @port (may be NULL); the caller appends to the returned text, without newline. */
GString *nwf_draft_line(NwfDraftBatch *draft, NwfSection section, const char *port);

/** nwf_draft_line_of_rule: the same for a line that stands for @rule. */
GString *nwf_draft_line_of_rule(NwfDraftBatch *draft, const char *port, const NwfPlanRule *rule);

/** nwf_draft_join: (transfer full): the finished batch. */
NwfBatch *nwf_draft_join(NwfDraftBatch *draft);
