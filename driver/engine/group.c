/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * group.c: requests to the applier, and waiting for their answers
 *
 * A caller makes a group, hands it to the queue and sleeps until the applier has answered. Groups that are posted
 * together, or while a batch runs, ride in one batch.
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/engine/internal.h"

static void
swap_free(gpointer data)
{
    NwfSwap *swap = data;
    g_free(swap->name);
    g_clear_pointer(&swap->old, nwf_port_unref);
    g_clear_pointer(&swap->new, nwf_port_unref);
    g_free(swap);
}

NwfGroup *
nwf_group_new(const NwfGroupKind *kind)
{
    NwfGroup *group = g_new0(NwfGroup, 1);
    group->kind = kind;
    group->swaps = g_ptr_array_new_with_free_func(swap_free);
    group->notes = nwf_notes_new();
    return group;
}

void
nwf_group_free(NwfGroup *group)
{
    if (!group)
        return;
    g_free(group->portdev);
    g_free(group->file);
    g_clear_pointer(&group->binding, nwf_binding_unref);
    g_clear_pointer(&group->filter, nwf_filter_unref);
    g_clear_pointer(&group->old_filter, nwf_filter_unref);
    g_clear_pointer(&group->new_filter, nwf_filter_unref);
    g_clear_pointer(&group->new_shapes, g_hash_table_unref);
    g_clear_pointer(&group->pending, nwf_store_abandon);
    g_free(group->remove_name);
    g_ptr_array_unref(group->swaps);
    g_ptr_array_unref(group->notes);
    g_clear_pointer(&group->in_kernel, g_ptr_array_unref);
    g_clear_error(&group->error);
    g_free(group);
}

/* Takes over @new; @old is shared with the tables. What an unplaced port holds is not known. */
void
nwf_group_swap(NwfGroup *group, const char *name, NwfPort *old, NwfPort *new)
{
    NwfSwap *swap = g_new0(NwfSwap, 1);
    swap->name = g_strdup(name);
    swap->old = old ? nwf_port_ref(old) : NULL;
    swap->new = new;
    swap->unsure = group->unsure || (old && old->unplaced);
    g_ptr_array_add(group->swaps, swap);
}

/* Posts all groups at once, so that they share batches, and returns when each has its answer. */
void
nwf_group_run_all(NwfEngine *engine, GPtrArray *groups)
{
    g_mutex_lock(&engine->lock);
    for (guint i = 0; i < groups->len; i++) {
        NwfGroup *group = g_ptr_array_index(groups, i);
        if (engine->stopping) {
            nwf_set_error(&group->error, NWF_ERROR_OPERATION_INVALID, _("the nwfilter driver is being stopped"));
            group->answered = TRUE;
        } else {
            g_queue_push_tail(&engine->queue, group);
        }
    }
    g_cond_signal(&engine->wake);
    for (guint i = 0; i < groups->len; i++) {
        NwfGroup *group = g_ptr_array_index(groups, i);
        while (!group->answered)
            g_cond_wait(&engine->answered, &engine->lock);
    }
    g_mutex_unlock(&engine->lock);
}

gboolean
nwf_group_run(NwfEngine *engine, NwfGroup *group, GError **error)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();

    g_ptr_array_add(one, group);
    nwf_group_run_all(engine, one);
    if (group->error) {
        g_propagate_error(error, g_steal_pointer(&group->error));
        return FALSE;
    }
    return TRUE;
}
