/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * execute.c: groups become true: in the kernel, in the files, in the tables
 *
 * Each group is prepared against the tables; those that can be prepared are applied in runs of at most SLICE_PORTS
 * ports. The technology takes all ports of a run or none. When a run is refused it is halved until the group that the
 * kernel does not take is alone, so that one bad group costs its neighbours some tool runs and nothing else. A refused
 * group may yield (a stored binding becomes a closed port) or wait (it is tried again later); else its caller gets the
 * tool's words.
 *
 * Searching for the bad one is bounded: by the time that refused runs may take together (a tool that hangs costs its
 * time limit at each try), and by the first port that cannot even be closed, because then the tool does not work. The
 * groups that are left are given up with the last refusal.
 *
 * After the kernel, the group's files: a rename that fails takes the kernel back. After the files, the tables, under
 * the lock. If the kernel cannot be taken back, by us or by the technology, what it holds is unknown: the ports keep
 * their old objects, marked as unplaced, so that the old rules are written again later.
 */
#include <glib/gi18n-lib.h>

#include "driver/engine/internal.h"

enum { SLICE_PORTS = 200, TOLD_MAX = 4096 };
enum { PATIENCE = 15 * G_TIME_SPAN_SECOND }; /* for refused runs of one batch */

/* What is known of the tools while one batch is executed. */
typedef struct Attempt {
    gint64 wasted;   /* in refused runs */
    gboolean broken; /* a port could not even be closed */
    GError *last;    /* refusal */
} Attempt;

/* ---- changes ---- */

/* (transfer full): what the port had before, or should have had: a bound port whose rules were never placed is closed.
 */
static NwfPlan *
plan_before(const NwfSwap *swap)
{
    if (!swap->old)
        return NULL;
    g_autoptr(NwfPort) port = nwf_port_copy(swap->old);
    if (!port->plan && port->unplaced)
        nwf_build_closed(port);
    return port->plan ? nwf_plan_ref(port->plan) : NULL;
}

static NwfPortChange *
change_of(const NwfSwap *swap, gboolean back)
{
    NwfPlan *new = swap->new ? swap->new->plan : NULL;
    g_autoptr(NwfPlan) before = back || !swap->unsure ? plan_before(swap) : NULL;

    return nwf_port_change_new(swap->name, back ? new : before, back ? before : new);
}

static gboolean
apply_slice(NwfEngine *engine, GPtrArray *swaps, guint from, guint to, gboolean back, NwfNotes *notes, GError **error)
{
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);

    for (guint i = from; i < to; i++) {
        const NwfSwap *swap = g_ptr_array_index(swaps, i);
        if (!swap->new || !swap->new->unplaced)
            g_ptr_array_add(changes, change_of(swap, back));
    }
    return changes->len == 0 || nwf_guard_apply(engine, changes, notes, error);
}

/* What the kernel holds of the swap's port is not known any more: later its old rules are written again, or all removed. */
static void
mark_unplaced(NwfEngine *engine, const NwfSwap *swap)
{
    if (!swap->old) {
        g_hash_table_add(engine->leftovers, g_strdup(swap->name));
        return;
    }
    NwfPort *port = nwf_port_copy(swap->old);
    port->unplaced = TRUE;
    g_mutex_lock(&engine->lock);
    g_hash_table_replace(engine->ports, g_strdup(swap->name), port);
    g_mutex_unlock(&engine->lock);
}

static void
take_back(NwfEngine *engine, GPtrArray *swaps, guint to)
{
    for (guint from = 0; from < to; from += SLICE_PORTS) {
        guint end = MIN(from + SLICE_PORTS, to);
        g_autoptr(GError) error = NULL;
        if (apply_slice(engine, swaps, from, end, TRUE, NULL, &error))
            continue;
        nwf_engine_log(engine, NWF_LOG_ERROR, "engine",
                       _("the old rules cannot be put back; this is tried again later: %s"), error->message);
        for (guint i = from; i < end; i++)
            mark_unplaced(engine, g_ptr_array_index(swaps, i));
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

/* ---- groups ---- */

/* With @unasked what was logged before is left out: a VM must not be able to fill the log with its filter's oddities. */
static void
log_notes(NwfEngine *engine, const char *source, const char *subject, NwfNotes *notes, gboolean unasked)
{
    if (g_hash_table_size(engine->told) > TOLD_MAX)
        g_hash_table_remove_all(engine->told);
    for (guint i = 0; i < notes->len;) {
        char *line = g_strconcat(subject ? subject : "", ": ", g_ptr_array_index(notes, i), NULL);
        if (!g_hash_table_add(engine->told, line) && unasked)
            g_ptr_array_remove_index(notes, i);
        else
            i++;
    }
    nwf_engine_log_notes(engine, source, subject, notes);
}

static gboolean
apply_run(NwfEngine *engine, GPtrArray *groups, guint from, guint to, Attempt *attempt)
{
    g_autoptr(GPtrArray) swaps = g_ptr_array_new();
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    gint64 begin = g_get_monotonic_time();
    gboolean unasked = TRUE;
    GError *error = NULL;

    for (guint i = from; i < to; i++) {
        NwfGroup *group = g_ptr_array_index(groups, i);
        unasked &= group->unasked;
        for (guint j = 0; j < group->swaps->len; j++)
            g_ptr_array_add(swaps, g_ptr_array_index(group->swaps, j));
    }
    if (apply_swaps(engine, swaps, notes, &error)) {
        log_notes(engine, "tech", NULL, notes, unasked);
        return TRUE;
    }
    attempt->wasted += g_get_monotonic_time() - begin;
    g_clear_error(&attempt->last);
    attempt->last = error;
    return FALSE;
}

static void
give_up(NwfEngine *engine, GPtrArray *groups, guint from, guint to, Attempt *attempt)
{
    for (guint i = from; i < to; i++) {
        NwfGroup *group = g_ptr_array_index(groups, i);
        if (group->swaps->len == 0)
            continue; /* asks nothing of the kernel */
        if (group->kind->wait) {
            group->kind->wait(engine, group, attempt->last);
            attempt->broken = TRUE;
        } else {
            group->error = g_error_copy(attempt->last);
        }
    }
}

/* Groups [from, to) as one run; halved while it is refused. A group that stays refused waits or has its error set. */
static void
apply_groups(NwfEngine *engine, GPtrArray *groups, guint from, guint to, Attempt *attempt)
{
    if (from < to && (attempt->broken || attempt->wasted > PATIENCE)) {
        give_up(engine, groups, from, to, attempt);
        return;
    }
    if (apply_run(engine, groups, from, to, attempt))
        return;
    if (to - from > 1) {
        guint middle = from + (to - from) / 2;
        apply_groups(engine, groups, from, middle, attempt);
        apply_groups(engine, groups, middle, to, attempt);
        return;
    }
    NwfGroup *group = g_ptr_array_index(groups, from);
    if (group->kind->yield && group->kind->yield(engine, group, attempt->last))
        apply_groups(engine, groups, from, to, attempt);
    else
        give_up(engine, groups, from, to, attempt);
}

/* Cuts the groups into runs of at most SLICE_PORTS ports; a group is never cut here. */
static void
apply_all(NwfEngine *engine, GPtrArray *groups)
{
    Attempt attempt = {0};
    guint ports = 0, first = 0;

    for (guint i = 0; i < groups->len; i++) {
        NwfGroup *group = g_ptr_array_index(groups, i);
        if (ports > 0 && ports + group->swaps->len > SLICE_PORTS) {
            apply_groups(engine, groups, first, i, &attempt);
            first = i;
            ports = 0;
        }
        ports += group->swaps->len;
    }
    if (first < groups->len)
        apply_groups(engine, groups, first, groups->len, &attempt);
    g_clear_error(&attempt.last);
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

static gboolean
is_in_trouble(const NwfPort *port)
{
    return port && (port->closed || port->unplaced || port->postponed);
}

static void
log_end_of_trouble(NwfEngine *engine, NwfGroup *group)
{
    for (guint i = 0; i < group->swaps->len; i++) {
        const NwfSwap *swap = g_ptr_array_index(group->swaps, i);
        if (is_in_trouble(swap->old) && swap->new && !is_in_trouble(swap->new))
            nwf_engine_log(engine, NWF_LOG_INFO, "engine", _("port '%s' is filtered again"), swap->name);
    }
}

/* The group has failed: what is left of it goes, ports that the technology could not take back are seen to. */
static void
drop_group(NwfEngine *engine, NwfGroup *group)
{
    NwfBackend *backend = engine->config.backend;

    for (guint i = 0; i < group->swaps->len; i++) {
        const NwfSwap *swap = g_ptr_array_index(group->swaps, i);
        if (!backend->is_certain(backend, swap->name))
            mark_unplaced(engine, swap);
    }
    g_clear_pointer(&group->pending, nwf_store_abandon); /* here: the next group may be about the same file */
}

/* After the kernel: the group's files, its objects. */
static void
finish_group(NwfEngine *engine, NwfGroup *group)
{
    if (!group->error && !secure_files(group, &group->error))
        take_back(engine, group->swaps, group->swaps->len);
    if (group->error) {
        drop_group(engine, group);
        return;
    }
    log_notes(engine, "engine", group->portdev, group->notes, group->unasked);
    log_end_of_trouble(engine, group);

    if (group->filter)
        nwf_build_forget(engine, group->filter->name);
    g_mutex_lock(&engine->lock);
    publish_locked(engine, group);
    g_mutex_unlock(&engine->lock);
    for (guint i = 0; i < group->swaps->len; i++)
        nwf_learning_follow(engine, g_ptr_array_index(group->swaps, i));
}

static void
update_inhibit(NwfEngine *engine)
{
    gboolean wanted = g_hash_table_size(engine->ports) > 0;

    if (!engine->config.inhibit || wanted == engine->inhibited)
        return;
    engine->config.inhibit(wanted, engine->config.inhibit_data);
    engine->inhibited = wanted;
}

void
nwf_execute(NwfEngine *engine, GPtrArray *groups)
{
    g_autoptr(GPtrArray) prepared = g_ptr_array_new();

    for (guint i = 0; i < groups->len; i++) {
        NwfGroup *group = g_ptr_array_index(groups, i);
        if (group->kind->prepare(engine, group, &group->error))
            g_ptr_array_add(prepared, group);
    }
    apply_all(engine, prepared);
    for (guint i = 0; i < prepared->len; i++)
        finish_group(engine, g_ptr_array_index(prepared, i));
    update_inhibit(engine);
}
