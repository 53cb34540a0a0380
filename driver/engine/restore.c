/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * restore.c: bound ports are brought in line, forgotten ones are let go
 *
 * At start, after a reload and when a definition appears, each stored binding is a group of its own: one that cannot be
 * built, or that the kernel refuses, becomes a closed port and harms no other. If not even that can be put in place
 * because there is no tool, the port is marked unplaced and tried again later. So is a port that was filtered until its
 * rules had to be written again: what the kernel took once it should take again. Nothing of this is an error to anybody;
 * it is logged when it begins and when it ends, not at each try.
 *
 * At start, at a reload, or because somebody has put back what he had saved, the kernel may hold rules of ports that have
 * no binding; they are released. But if a port's binding has a file that could not be read, a guest may be behind it: its
 * rules stay.
 */
#include <glib/gi18n-lib.h>
#include <net/if.h>

#include "driver/engine/internal.h"

static gboolean
is_news(const NwfPort *old)
{
    return !old->closed && !old->unplaced;
}

static gboolean
prepare_restore(NwfEngine *engine, NwfGroup *group, GError **error G_GNUC_UNUSED)
{
    NwfPort *existing = g_hash_table_lookup(engine->ports, group->portdev);
    g_autoptr(GError) local = NULL;

    if (!existing)
        return TRUE; /* unbound since the group was made */
    g_autoptr(NwfPort) port = nwf_port_copy(existing);
    nwf_port_saw_device(port, if_nametoindex(group->portdev));
    if (!nwf_build_port(engine, port, group, &local)) {
        if (is_news(existing))
            nwf_engine_log(engine, NWF_LOG_ERROR, "engine", _("port '%s' is closed: %s"), group->portdev,
                           local->message);
        nwf_build_closed(port);
    }
    nwf_group_swap(group, group->portdev, existing, g_steal_pointer(&port));
    return TRUE;
}

/* Rules with learned addresses were refused: the port goes on with those that it had while it knew none. */
static gboolean
keep_learning(NwfEngine *engine, NwfSwap *swap, const GError *why)
{
    NwfPort *port = swap->new;

    if (!port->request || port->postponed || !port->has_addresses)
        return FALSE;
    port->postponed = nwf_build_interim(engine, port, NULL);
    if (port->postponed && !swap->old->postponed)
        nwf_engine_log(engine, NWF_LOG_ERROR, "engine",
                       _("port '%s' is not opened for its addresses; this is tried again later: %s"), swap->name,
                       why->message);
    return port->postponed;
}

static gboolean
yield_restore(NwfEngine *engine, NwfGroup *group, const GError *why)
{
    NwfSwap *swap = g_ptr_array_index(group->swaps, 0);

    if (swap->new->closed)
        return FALSE;
    if (keep_learning(engine, swap, why))
        return TRUE;
    if (is_news(swap->old))
        nwf_engine_log(engine, NWF_LOG_ERROR, "engine", _("port '%s' is closed: %s"), swap->name, why->message);
    nwf_build_closed(swap->new);
    swap->new->postponed = swap->old->closed ? swap->old->postponed : swap->old->plan != NULL;
    return TRUE;
}

static void
wait_restore(NwfEngine *engine, NwfGroup *group, const GError *why)
{
    NwfSwap *swap = g_ptr_array_index(group->swaps, 0);

    nwf_engine_log(engine, swap->old->unplaced ? NWF_LOG_DEBUG : NWF_LOG_ERROR, "engine",
                   _("port '%s' can be neither filtered nor closed; this is tried again later: %s"), swap->name,
                   why->message);
    nwf_port_unref(swap->new);
    swap->new = nwf_port_copy(swap->old);
    swap->new->unplaced = TRUE;
}

static gboolean
prepare_release(NwfEngine *engine, NwfGroup *group, GError **error G_GNUC_UNUSED)
{
    if (g_hash_table_contains(engine->ports, group->portdev))
        return TRUE; /* bound since the group was made */
    nwf_engine_log(engine, NWF_LOG_INFO, "engine", _("port '%s' has no filter binding: its rules are removed"),
                   group->portdev);
    nwf_group_swap(group, group->portdev, NULL, NULL);
    return TRUE;
}

/*
 * What of ours is in the tables; what belongs to no port is put right. Only the applier asks, because one thread at a
 * time may use the technology.
 */
static gboolean
read_tables(NwfEngine *engine, GPtrArray **in_kernel, NwfNotes *notes, GError **error)
{
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();

    if (!engine->config.backend->read(engine->config.backend, in_kernel, notes, error))
        return FALSE;
    if (nwf_guard_apply(engine, nothing, notes, error))
        return TRUE;
    nwf_guard_tell(engine, nwf_news_new_everything()); /* which makes it be tried again */
    return FALSE;
}

static gboolean
prepare_reread(NwfEngine *engine, NwfGroup *group, GError **error)
{
    return read_tables(engine, &group->in_kernel, group->notes, error);
}

static NwfGroup *
unsure_group(const NwfGroupKind *kind, const char *portdev)
{
    NwfGroup *group = nwf_group_new(kind);
    group->portdev = g_strdup(portdev);
    group->unsure = TRUE;
    return group;
}

static gboolean
is_forgotten_locked(NwfEngine *engine, const char *portdev)
{
    return !g_hash_table_contains(engine->ports, portdev) && !g_hash_table_contains(engine->unread, portdev);
}

/*
 * A group for every bound port, and one for each port of @in_kernel (may be NULL) that is forgotten. What the kernel
 * holds of them is not known: it is looked, and what differs is written.
 */
GPtrArray *
nwf_restore_groups(NwfEngine *engine, GPtrArray *in_kernel)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_group_free);
    GHashTableIter iter;
    gpointer name;

    g_mutex_lock(&engine->lock);
    g_hash_table_iter_init(&iter, engine->ports);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(groups, unsure_group(&nwf_restore_kind, name));
    for (guint i = 0; in_kernel && i < in_kernel->len; i++)
        if (is_forgotten_locked(engine, g_ptr_array_index(in_kernel, i)))
            g_ptr_array_add(groups, unsure_group(&nwf_release_kind, g_ptr_array_index(in_kernel, i)));
    g_mutex_unlock(&engine->lock);
    return groups;
}

/* Somebody else may have changed the rules of @portdev: bound, it gets them back, and forgotten, it is released. */
NwfGroup *
nwf_restore_group(NwfEngine *engine, const char *portdev)
{
    g_mutex_lock(&engine->lock);
    gboolean forgotten = is_forgotten_locked(engine, portdev);
    g_mutex_unlock(&engine->lock);
    NwfGroup *group = nwf_group_new(forgotten ? &nwf_release_kind : &nwf_restore_kind);

    group->portdev = g_strdup(portdev);
    return group;
}

void
nwf_restore_log_failures(NwfEngine *engine, GPtrArray *groups)
{
    for (guint i = 0; i < groups->len; i++) {
        NwfGroup *group = g_ptr_array_index(groups, i);
        if (group->error)
            nwf_engine_log(engine, NWF_LOG_ERROR, "engine", _("port '%s': %s"), group->portdev, group->error->message);
    }
}

/* The applier's first work: every stored binding is brought up. Trouble is logged: none of it stops the daemon. */
void
nwf_restore_take_over(NwfEngine *engine)
{
    NwfBackend *backend = engine->config.backend;
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GPtrArray) in_kernel = NULL;
    g_autoptr(GError) error = NULL;

    if (!backend->probe(backend, notes, &error) || !read_tables(engine, &in_kernel, notes, &error))
        nwf_engine_log(engine, NWF_LOG_ERROR, "tech", "%s", error->message);
    nwf_engine_log_notes(engine, "tech", NULL, notes);
    g_autoptr(GPtrArray) groups = nwf_restore_groups(engine, in_kernel);
    nwf_execute(engine, groups);
    nwf_restore_log_failures(engine, groups);
}

/*
 * What the stock driver did with nft goes when every port has its rules from us. A port whose file cannot be read has
 * none but those.
 */
void
nwf_restore_retire_stock(NwfEngine *engine)
{
    NwfBackend *backend = engine->config.backend;
    g_autoptr(GError) error = NULL;

    if (!engine->stock_nft || engine->retry_at || g_hash_table_size(engine->unread) > 0)
        return;
    if (!backend->retire_stock(backend, &error))
        nwf_engine_log(engine, NWF_LOG_ERROR, "tech", "%s", error->message);
    engine->stock_nft = FALSE;
}

const NwfGroupKind nwf_restore_kind = {.prepare = prepare_restore, .yield = yield_restore, .wait = wait_restore};
const NwfGroupKind nwf_release_kind = {.prepare = prepare_release};
const NwfGroupKind nwf_reread_kind = {.exclusive = TRUE, .prepare = prepare_reread};
