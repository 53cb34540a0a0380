/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * applier.c: the one thread that changes the kernel
 *
 * It takes what waits in the queue, as far as the groups can go together: groups about different ports can; a change of
 * definitions goes alone. Each group is prepared against the tables; those that can be prepared are applied in runs of at most
 * SLICE_PORTS ports. The technology takes all ports of a run or none. When a run is refused it is
 * halved until the group that the kernel does not take is alone, so that one bad group costs its neighbours some tool runs and nothing
 * else. A refused group may yield (a stored binding becomes a closed port); else its caller gets the tool's words.
 *
 * After the kernel, the group's files: a rename that fails takes the kernel back. After the files, the tables, under the
 * lock. After the tables, the answer.
 *
 * Ports that the kernel did not take at start (no tool could be run) are tried again with growing delays.
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/engine/internal.h"

enum { SLICE_PORTS = 200 };
enum { RETRY_FIRST = 1 * G_TIME_SPAN_SECOND, RETRY_LAST = 60 * G_TIME_SPAN_SECOND };

/* ---- the kernel ---- */

static NwfPlan *
plan_of(const NwfPort *port)
{
    return port ? port->plan : NULL;
}

static GPtrArray *
changes_of(GPtrArray *swaps, guint from, guint to, gboolean back)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);
    for (guint i = from; i < to; i++) {
        NwfSwap *swap = g_ptr_array_index(swaps, i);
        if (swap->new && swap->new->unplaced)
            continue;
        NwfPlan *old = swap->unsure ? NULL : plan_of(swap->old);
        NwfPlan *new = plan_of(swap->new);
        g_ptr_array_add(changes, nwf_port_change_new(swap->name, back ? new : old, back ? old : new));
    }
    return changes;
}

static gboolean
apply_slice(NwfEngine *engine, GPtrArray *swaps, guint from, guint to, gboolean back, NwfNotes *notes, GError **error)
{
    g_autoptr(GPtrArray) changes = changes_of(swaps, from, to, back);
    if (changes->len == 0)
        return TRUE;
    return engine->config.backend->apply(engine->config.backend, changes, notes, error);
}

static void
take_back(NwfEngine *engine, GPtrArray *swaps, guint to)
{
    for (guint from = 0; from < to; from += SLICE_PORTS) {
        g_autoptr(GError) error = NULL;
        if (!apply_slice(engine, swaps, from, MIN(from + SLICE_PORTS, to), TRUE, NULL, &error))
            nwf_engine_log(engine, NWF_LOG_ERROR, "engine", _("cannot put the old rules back: %s"), error->message);
    }
}

/* All swaps or none, in slices. */
static gboolean
apply_swaps(NwfEngine *engine, GPtrArray *swaps, NwfNotes *notes, GError **error)
{
    for (guint from = 0; from < swaps->len; from += SLICE_PORTS) {
        if (!apply_slice(engine, swaps, from, MIN(from + SLICE_PORTS, swaps->len), FALSE, notes, error)) {
            take_back(engine, swaps, from);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
apply_run(NwfEngine *engine, GPtrArray *groups, guint from, guint to, NwfNotes *notes, GError **error)
{
    g_autoptr(GPtrArray) swaps = g_ptr_array_new();
    for (guint i = from; i < to; i++) {
        NwfGroup *group = g_ptr_array_index(groups, i);
        for (guint j = 0; j < group->swaps->len; j++)
            g_ptr_array_add(swaps, g_ptr_array_index(group->swaps, j));
    }
    return apply_swaps(engine, swaps, notes, error);
}

/* Groups [from, to) as one run; halved while it is refused. A group that stays refused has its error set. */
static void
apply_groups(NwfEngine *engine, GPtrArray *groups, guint from, guint to)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;

    if (apply_run(engine, groups, from, to, notes, &error)) {
        nwf_engine_log_notes(engine, "tech", NULL, notes);
        return;
    }
    if (to - from > 1) {
        guint middle = from + (to - from) / 2;
        apply_groups(engine, groups, from, middle);
        apply_groups(engine, groups, middle, to);
        return;
    }
    NwfGroup *group = g_ptr_array_index(groups, from);
    if (group->kind->yield && group->kind->yield(engine, group, error))
        apply_groups(engine, groups, from, to);
    else
        group->error = g_steal_pointer(&error);
}

/* ---- files and tables ---- */

static gboolean
secure_files(NwfGroup *group, GError **error)
{
    if (group->pending)
        return nwf_store_commit(g_steal_pointer(&group->pending), group->notes, error);
    if (group->remove_from)
        return nwf_store_remove(group->remove_from, group->remove_name, group->notes, error);
    return TRUE;
}

static void
publish_locked(NwfEngine *engine, NwfGroup *group)
{
    if (group->old_filter) {
        g_hash_table_remove(engine->uuids, group->old_filter->uuid);
        g_hash_table_remove(engine->filters, group->old_filter->name);
    }
    if (group->new_filter) {
        g_hash_table_replace(engine->uuids, group->new_filter->uuid, group->new_filter);
        g_hash_table_replace(engine->filters, group->new_filter->name, nwf_filter_ref(group->new_filter));
    }
    for (guint i = 0; i < group->swaps->len; i++) {
        NwfSwap *swap = g_ptr_array_index(group->swaps, i);
        if (swap->new)
            g_hash_table_replace(engine->ports, g_strdup(swap->name), nwf_port_ref(swap->new));
        else
            g_hash_table_remove(engine->ports, swap->name);
    }
}

static void
update_inhibit(NwfEngine *engine)
{
    gboolean wanted = g_hash_table_size(engine->ports) > 0;

    if (engine->config.inhibit && wanted != engine->inhibited)
        engine->config.inhibit(wanted, engine->config.inhibit_data);
    engine->inhibited = wanted;
}

/* The kernel took the group: its files, its objects. */
static void
finish_group(NwfEngine *engine, NwfGroup *group)
{
    if (group->error)
        return;
    if (!secure_files(group, &group->error)) {
        take_back(engine, group->swaps, group->swaps->len);
        return;
    }
    nwf_engine_log_notes(engine, "engine", group->portdev, group->notes);

    g_mutex_lock(&engine->lock);
    publish_locked(engine, group);
    g_mutex_unlock(&engine->lock);
}

/* ---- batches ---- */

/* Takes the groups from the head of the queue that can go together. */
static GPtrArray *
take_batch_locked(NwfEngine *engine)
{
    g_autoptr(GHashTable) ports = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *batch = g_ptr_array_new();

    while (!g_queue_is_empty(&engine->queue)) {
        NwfGroup *group = g_queue_peek_head(&engine->queue);
        if (batch->len > 0 && (group->kind->exclusive || g_hash_table_contains(ports, group->portdev)))
            break;
        g_ptr_array_add(batch, g_queue_pop_head(&engine->queue));
        if (group->kind->exclusive)
            break;
        g_hash_table_add(ports, group->portdev);
    }
    return batch;
}

static void
run_batch(NwfEngine *engine, GPtrArray *batch)
{
    g_autoptr(GPtrArray) prepared = g_ptr_array_new();
    guint ports = 0, first = 0;

    for (guint i = 0; i < batch->len; i++) {
        NwfGroup *group = g_ptr_array_index(batch, i);
        if (group->kind->prepare(engine, group, &group->error))
            g_ptr_array_add(prepared, group);
    }
    for (guint i = 0; i < prepared->len; i++) {
        NwfGroup *group = g_ptr_array_index(prepared, i);
        if (ports > 0 && ports + group->swaps->len > SLICE_PORTS) {
            apply_groups(engine, prepared, first, i);
            first = i;
            ports = 0;
        }
        ports += group->swaps->len;
    }
    if (first < prepared->len)
        apply_groups(engine, prepared, first, prepared->len);

    for (guint i = 0; i < prepared->len; i++)
        finish_group(engine, g_ptr_array_index(prepared, i));
    update_inhibit(engine);
}

/* ---- ports that wait for something ---- */

static gboolean
is_closed(const NwfPort *port)
{
    return port->closed;
}

static gboolean
is_unplaced(const NwfPort *port)
{
    return port->unplaced;
}

/* Restores the ports that are in the given state, if there are any. */
static void
revisit(NwfEngine *engine, gboolean (*in_state)(const NwfPort *port))
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_group_free);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        NwfPort *port = value;
        if (!in_state(port))
            continue;
        NwfGroup *group = nwf_group_new(&nwf_restore_kind);
        group->portdev = g_strdup(port->binding->portdev);
        g_ptr_array_add(groups, group);
    }
    run_batch(engine, groups);
}

/* A definition changed, or was tried: shapes made with it may be wrong, ports that could not be built may be right now. */
static void
after_definition(NwfEngine *engine, NwfGroup *group)
{
    if (group->filter)
        nwf_build_forget(engine, group->filter->name);
    if (!group->error && group->filter)
        revisit(engine, is_closed);
}

static void
plan_retry(NwfEngine *engine)
{
    GHashTableIter iter;
    gpointer value;
    gboolean waiting = FALSE;

    g_hash_table_iter_init(&iter, engine->ports);
    while (!waiting && g_hash_table_iter_next(&iter, NULL, &value))
        waiting = is_unplaced(value);
    if (!waiting) {
        engine->retry_at = engine->retry_delay = 0;
    } else if (!engine->retry_at) {
        engine->retry_delay = CLAMP(engine->retry_delay * 2, RETRY_FIRST, RETRY_LAST);
        engine->retry_at = g_get_monotonic_time() + engine->retry_delay;
    }
}

/* ---- the thread ---- */

typedef enum Wake { WAKE_STOP, WAKE_WORK, WAKE_RETRY } Wake;

static Wake
wait_for_work_locked(NwfEngine *engine)
{
    while (g_queue_is_empty(&engine->queue)) {
        if (engine->stopping)
            return WAKE_STOP;
        if (!engine->retry_at)
            g_cond_wait(&engine->wake, &engine->lock);
        else if (!g_cond_wait_until(&engine->wake, &engine->lock, engine->retry_at))
            return WAKE_RETRY;
    }
    return WAKE_WORK;
}

static void
work(NwfEngine *engine, GPtrArray *batch)
{
    run_batch(engine, batch);
    for (guint i = 0; i < batch->len; i++)
        after_definition(engine, g_ptr_array_index(batch, i));
}

gpointer
nwf_applier_thread(gpointer data)
{
    NwfEngine *engine = data;
    Wake wake;

    g_mutex_lock(&engine->lock);
    while ((wake = wait_for_work_locked(engine)) != WAKE_STOP) {
        g_autoptr(GPtrArray) batch = take_batch_locked(engine);
        g_mutex_unlock(&engine->lock);
        if (wake == WAKE_RETRY) {
            engine->retry_at = 0;
            revisit(engine, is_unplaced);
        }
        work(engine, batch);
        plan_retry(engine);
        g_mutex_lock(&engine->lock);
        for (guint i = 0; i < batch->len; i++)
            ((NwfGroup *)g_ptr_array_index(batch, i))->answered = TRUE;
        g_cond_broadcast(&engine->answered);
    }
    g_mutex_unlock(&engine->lock);
    return NULL;
}
