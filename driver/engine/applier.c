/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * applier.c: the one thread that changes the kernel
 *
 * It takes what waits in the queue, as far as the groups can go together: groups about different ports can; a change of
 * definitions goes alone. They are executed (execute.c), then their callers are answered, all at once.
 *
 * Three kinds of ports are visited again. Closed ones after each change of a definition, because it may be what they
 * lacked. Those whose learned addresses changed, at once. Unplaced ones, whose rules the kernel did not take or may
 * have lost, and postponed ones, with growing delays; with the same delays the leftovers of failed creates are removed.
 * A queue that never gets empty puts none of these off. The same holds for what others do to the kernel (heal.c).
 */
#include "driver/engine/internal.h"

enum { RETRY_FIRST = 1 * G_TIME_SPAN_SECOND, RETRY_LAST = 60 * G_TIME_SPAN_SECOND };

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

/* ---- ports that wait for something ---- */

static gboolean
is_closed(const NwfPort *port)
{
    return port->closed;
}

static gboolean
waits(const NwfPort *port)
{
    return port->unplaced || port->postponed;
}

/* Restores the ports of the table whose values are in the given state, if there are any. */
static void
restore_ports(NwfEngine *engine, GHashTable *names, gboolean (*in_state)(const NwfPort *port))
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_group_free);
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (in_state && !in_state(value))
            continue;
        NwfGroup *group = nwf_group_new(&nwf_restore_kind);
        group->portdev = g_strdup(name);
        group->unasked = TRUE;
        g_ptr_array_add(groups, group);
    }
    nwf_execute(engine, groups);
}

/* Removes what failed changes may have left of ports that nobody binds. */
static void
remove_leftovers(NwfEngine *engine)
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_group_free);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, engine->leftovers);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        NwfGroup *group = nwf_group_new(&nwf_release_kind);
        group->portdev = g_strdup(name);
        group->unsure = TRUE;
        g_ptr_array_add(groups, group);
    }
    nwf_execute(engine, groups);
    for (guint i = 0; i < groups->len; i++) {
        const NwfGroup *group = g_ptr_array_index(groups, i);
        if (!group->error)
            g_hash_table_remove(engine->leftovers, group->portdev);
    }
}

static void
revisit(NwfEngine *engine, gboolean (*in_state)(const NwfPort *port))
{
    restore_ports(engine, engine->ports, in_state);
}

/* A definition changed: ports that could not be built may be right now. */
static void
after_definition(NwfEngine *engine, NwfGroup *group)
{
    if (!group->error && group->changed)
        revisit(engine, is_closed);
}

static void
plan_retry(NwfEngine *engine)
{
    GHashTableIter iter;
    gpointer value;
    gboolean waiting = g_hash_table_size(engine->leftovers) > 0;

    g_hash_table_iter_init(&iter, engine->ports);
    while (!waiting && g_hash_table_iter_next(&iter, NULL, &value))
        waiting = waits(value);
    if (!waiting) {
        engine->retry_at = engine->retry_delay = 0;
    } else if (!engine->retry_at) {
        engine->retry_delay = CLAMP(engine->retry_delay * 2, RETRY_FIRST, RETRY_LAST);
        engine->retry_at = g_get_monotonic_time() + engine->retry_delay;
    }
}

/* ---- the thread ---- */

/* Why the applier is awake: any of these. */
typedef enum Wake { WAKE_STOP = 1 << 0, WAKE_WORK = 1 << 1, WAKE_RETRY = 1 << 2, WAKE_HEAL = 1 << 3 } Wake;

/* Sleeps until somebody signals, or it is @a or @b, of which 0 is never. */
static void
sleep_locked(NwfEngine *engine, gint64 a, gint64 b)
{
    gint64 until = a && b ? MIN(a, b) : MAX(a, b);

    if (until)
        g_cond_wait_until(&engine->wake, &engine->lock, until);
    else
        g_cond_wait(&engine->wake, &engine->lock);
}

/* What is due; nothing is put off by something else. */
static Wake
due_locked(NwfEngine *engine, gint64 heal_at)
{
    gint64 now = g_get_monotonic_time();
    gboolean work = !g_queue_is_empty(&engine->queue);
    Wake wake = 0;

    if (!engine->stopping && heal_at && now >= heal_at)
        wake |= WAKE_HEAL;
    if (!engine->stopping && engine->retry_at && now >= engine->retry_at)
        wake |= WAKE_RETRY;
    if (work || (!engine->stopping && g_hash_table_size(engine->changed) > 0))
        wake |= WAKE_WORK;
    return engine->stopping && !work ? WAKE_STOP : wake;
}

static Wake
wait_for_work_locked(NwfEngine *engine)
{
    while (TRUE) {
        gint64 heal_at = nwf_heal_due_locked(engine);
        Wake wake = due_locked(engine, heal_at);
        if (wake)
            return wake;
        sleep_locked(engine, engine->retry_at, heal_at);
    }
}

/* (element-type NwfNews): what the guard has told; none if it is not time yet. */
static GPtrArray *
take_news_locked(NwfEngine *engine, Wake wake)
{
    GPtrArray *news = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_news_free);

    while ((wake & WAKE_HEAL) && !g_queue_is_empty(&engine->news))
        g_ptr_array_add(news, g_queue_pop_head(&engine->news));
    return news;
}

/* The set of ports whose addresses changed; it begins anew. */
static GHashTable *
take_changed_locked(NwfEngine *engine)
{
    GHashTable *changed = engine->changed;

    engine->changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return changed;
}

static void
work(NwfEngine *engine, Wake wake, GPtrArray *news, GPtrArray *batch, GHashTable *changed)
{
    if (wake & WAKE_HEAL)
        nwf_heal(engine, news);
    if (wake & WAKE_RETRY) {
        engine->retry_at = 0;
        revisit(engine, waits);
        remove_leftovers(engine);
    }
    nwf_execute(engine, batch);
    restore_ports(engine, changed, NULL);
    for (guint i = 0; i < batch->len; i++)
        after_definition(engine, g_ptr_array_index(batch, i));
    plan_retry(engine);
    nwf_restore_retire_stock(engine);
    nwf_heal_plan(engine);
}

/* Before any other work. */
static void
begin(NwfEngine *engine)
{
    nwf_restore_take_over(engine);
    plan_retry(engine);
    nwf_restore_retire_stock(engine);
    nwf_heal_plan(engine);
    nwf_learner_begin(engine->learner);
    nwf_guard_begin(engine->guard);
    g_mutex_lock(&engine->lock);
    engine->begun = TRUE;
    g_cond_broadcast(&engine->answered);
    g_mutex_unlock(&engine->lock);
}

gpointer
nwf_applier_thread(gpointer data)
{
    NwfEngine *engine = data;
    Wake wake;

    begin(engine);
    g_mutex_lock(&engine->lock);
    while ((wake = wait_for_work_locked(engine)) != WAKE_STOP) {
        g_autoptr(GPtrArray) batch = take_batch_locked(engine);
        g_autoptr(GHashTable) changed = take_changed_locked(engine);
        g_autoptr(GPtrArray) news = take_news_locked(engine, wake);
        g_mutex_unlock(&engine->lock);
        work(engine, wake, news, batch, changed);
        g_mutex_lock(&engine->lock);
        for (guint i = 0; i < batch->len; i++)
            ((NwfGroup *)g_ptr_array_index(batch, i))->answered = TRUE;
        g_cond_broadcast(&engine->answered);
    }
    g_mutex_unlock(&engine->lock);
    return NULL;
}
