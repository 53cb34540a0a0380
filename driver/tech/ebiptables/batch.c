/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * batch.c: a batch while it is written
 *
 * Each line is begun with its newline still to come: the next line of the section, or the joining, ends it. Origins
 * keep step with the lines, so a batch and its origins cannot drift apart.
 *
 * ebtables-restore commits at the end of its input and in its old form knows no COMMIT; the other two need the word.
 */
#include "driver/tech/ebiptables/batch.h"

void
nwf_batch_free(NwfBatch *batch)
{
    if (!batch)
        return;
    g_string_free(batch->text, TRUE);
    g_array_unref(batch->origins);
    g_string_chunk_free(batch->names);
    g_free(batch);
}

void
nwf_draft_batch_init(NwfDraftBatch *draft, NwfLayer layer)
{
    draft->batch = g_new0(NwfBatch, 1);
    draft->batch->layer = layer;
    draft->batch->text = g_string_new(NULL);
    draft->batch->origins = g_array_new(FALSE, TRUE, sizeof(NwfOrigin));
    draft->batch->names = g_string_chunk_new(256);
    for (guint i = 0; i < NWF_SECTIONS; i++) {
        draft->text[i] = g_string_new(NULL);
        draft->origins[i] = g_array_new(FALSE, TRUE, sizeof(NwfOrigin));
    }
}

void
nwf_draft_batch_clear(NwfDraftBatch *draft)
{
    g_clear_pointer(&draft->batch, nwf_batch_free);
    for (guint i = 0; i < NWF_SECTIONS; i++) {
        g_string_free(g_steal_pointer(&draft->text[i]), TRUE);
        g_clear_pointer(&draft->origins[i], g_array_unref);
    }
}

/* The text as it is kept with the batch, NULL for NULL. */
static const char *
keep(NwfDraftBatch *draft, const char *text)
{
    return text ? g_string_chunk_insert_const(draft->batch->names, text) : NULL;
}

static GString *
begin_line(NwfDraftBatch *draft, NwfSection section, NwfOrigin origin)
{
    if (draft->origins[section]->len > 0)
        g_string_append_c(draft->text[section], '\n');
    g_array_append_val(draft->origins[section], origin);
    return draft->text[section];
}

GString *
nwf_draft_line(NwfDraftBatch *draft, NwfSection section, const char *port)
{
    return begin_line(draft, section, (NwfOrigin){.port = keep(draft, port)});
}

GString *
nwf_draft_line_of_rule(NwfDraftBatch *draft, const char *port, const NwfPlanRule *rule)
{
    NwfOrigin origin = {keep(draft, port), keep(draft, rule->filter), rule->line};

    return begin_line(draft, NWF_SECTION_RULES, origin);
}

/* A line that frames the batch. */
static void
frame(NwfBatch *batch, const char *sign, const char *word)
{
    NwfOrigin none = {0};

    g_string_append_printf(batch->text, "%s%s\n", sign, word);
    g_array_append_val(batch->origins, none);
}

NwfBatch *
nwf_draft_join(NwfDraftBatch *draft)
{
    NwfBatch *batch = g_steal_pointer(&draft->batch);
    gboolean empty = TRUE;

    for (guint i = 0; i < NWF_SECTIONS; i++)
        empty = empty && draft->origins[i]->len == 0;
    if (empty)
        return batch;
    frame(batch, "*", nwf_layer_table(batch->layer));
    for (guint i = 0; i < NWF_SECTIONS; i++) {
        if (draft->origins[i]->len == 0)
            continue;
        g_string_append_len(batch->text, draft->text[i]->str, (gssize)draft->text[i]->len);
        g_string_append_c(batch->text, '\n');
        g_array_append_vals(batch->origins, draft->origins[i]->data, draft->origins[i]->len);
    }
    if (nwf_layer_is_ip(batch->layer))
        frame(batch, "", "COMMIT");
    batch->n_lines = batch->origins->len;
    batch->n_dispatch = draft->origins[NWF_SECTION_DISPATCH]->len;
    batch->n_deleted = draft->origins[NWF_SECTION_DELETE]->len;
    return batch;
}
