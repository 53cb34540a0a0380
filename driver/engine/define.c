/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * define.c: a filter is defined, redefined, undefined
 *
 * Definitions change alone in their batch. A redefinition builds the new plan of every port whose tree contains the
 * filter before anything is touched; if one cannot be built nothing changes anywhere. Ports without a device never
 * stand in the way: they are closed if they cannot be built or the kernel does not take them, and they do not keep a
 * filter from being undefined.
 */
#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <string.h>

#include "driver/engine/internal.h"

/* ---- clashes and loops ---- */

static gboolean
check_identity(NwfEngine *engine, const NwfFilter *filter, const NwfFilter **old, GError **error)
{
    const NwfFilter *same_name = g_hash_table_lookup(engine->filters, filter->name);
    const NwfFilter *same_uuid = g_hash_table_lookup(engine->uuids, filter->uuid);
    char uuid[37];

    if (same_uuid && strcmp(same_uuid->name, filter->name) != 0) {
        nwf_uuid_format(uuid, filter->uuid);
        return nwf_set_error(
            error, NWF_ERROR_OPERATION_FAILED,
            _("filter '%s' cannot have the uuid %s: filter '%s' has it, and filters cannot be renamed"), filter->name,
            uuid, same_uuid->name);
    }
    if (same_name && !same_uuid) {
        nwf_uuid_format(uuid, same_name->uuid);
        return nwf_set_error(error, NWF_ERROR_OPERATION_FAILED,
                             _("filter '%s' already exists with uuid %s: a new definition must carry the same uuid"),
                             filter->name, uuid);
    }
    *old = same_name;
    return TRUE;
}

static gboolean
check_loop(NwfEngine *engine, const NwfFilter *filter, GError **error)
{
    if (!nwf_tree_reaches(filter, filter->name, nwf_engine_lookup_filter, engine))
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_OPERATION_FAILED,
                         _("filter '%s' would refer to itself, directly or through other filters"), filter->name);
}

gboolean
nwf_define_check(NwfEngine *engine, const NwfFilter *filter, const NwfFilter **old, GError **error)
{
    return nwf_store_check_name(filter->name, NWF_ERROR_ARGUMENT, error) &&
           check_identity(engine, filter, old, error) && check_loop(engine, filter, error);
}

/* ---- define ---- */

static gboolean
rebuild_port(NwfEngine *engine, NwfGroup *group, NwfPort *existing, GError **error)
{
    const char *name = existing->binding->portdev;
    g_autoptr(NwfPort) port = nwf_port_copy(existing);

    if (!nwf_build_or_close(engine, port, group, error)) {
        g_autofree char *place = g_strdup_printf(_("port '%s'"), name);
        g_prefix_error(error, "%s: ", place);
        return FALSE;
    }
    nwf_group_swap(group, name, existing, g_steal_pointer(&port));
    return TRUE;
}

/* Closed ports are visited when the definition is in force: a port that is broken already stands in nobody's way. */
static gboolean
rebuild_users(NwfEngine *engine, NwfGroup *group, GError **error)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        NwfPort *port = value;
        if (port->tree && !port->closed && nwf_tree_uses(port->tree, group->filter->name) &&
            !rebuild_port(engine, group, port, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
nwf_define_prepare(NwfEngine *engine, NwfGroup *group, GError **error)
{
    const NwfFilter *old = NULL;
    NwfFilter *filter = group->filter;

    if (!nwf_define_check(engine, filter, &old, error))
        return FALSE;
    group->changed = !old || !nwf_filter_equal(old, filter);
    if (group->changed) {
        group->new_shapes = nwf_shape_table_new();
        if (!rebuild_users(engine, group, error))
            return FALSE;
    }
    if (!group->keep_file) {
        g_autofree char *xml = nwf_filter_format(filter, engine->config.dialect);
        char uuid[37];
        nwf_uuid_format(uuid, filter->uuid);
        group->pending = nwf_store_prepare(engine->filter_store, filter->name, uuid, xml, error);
        if (!group->pending)
            return FALSE;
    }
    group->old_filter = old ? nwf_filter_ref((NwfFilter *)old) : NULL;
    group->new_filter = nwf_filter_ref(filter);
    return TRUE;
}

/* After a refusal nobody knows whose rules it was: once, the ports without a device are taken out of the way. */
static gboolean
yield_define(NwfEngine *engine G_GNUC_UNUSED, NwfGroup *group, const GError *why)
{
    gboolean yielded = FALSE;

    for (guint i = 0; i < group->swaps->len; i++) {
        NwfSwap *swap = g_ptr_array_index(group->swaps, i);
        if (swap->new->closed || !swap->new->plan || if_nametoindex(swap->name) != 0)
            continue;
        nwf_note(group->notes, _("port '%s' has no device and is closed: %s"), swap->name, why->message);
        nwf_build_closed(swap->new);
        yielded = TRUE;
    }
    return yielded;
}

/* ---- undefine ---- */

/* Whether @filter is in the tree of @port; of a tree that is not there, because filters are missing, the root is known.
 */
static gboolean
uses(const NwfPort *port, const char *filter)
{
    return port->tree ? nwf_tree_uses(port->tree, filter) : strcmp(port->binding->filter, filter) == 0;
}

static gboolean
check_unused(NwfEngine *engine, const NwfFilter *filter, GError **error)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const NwfPort *port = value;
        if (uses(port, filter->name) && if_nametoindex(port->binding->portdev) != 0)
            return nwf_set_error(error, NWF_ERROR_OPERATION_INVALID,
                                 _("nwfilter is in use: filter '%s' by port '%s' of '%s'"), filter->name,
                                 port->binding->portdev, port->binding->owner_name);
    }
    return TRUE;
}

/* Redefined is the same filter still; another name with this uuid is not meant, see prepare_unbind(). */
static gboolean
prepare_undefine(NwfEngine *engine, NwfGroup *group, GError **error)
{
    NwfFilter *filter = g_hash_table_lookup(engine->uuids, group->filter->uuid);
    char uuid[37];

    if (!filter || strcmp(filter->name, group->filter->name) != 0) {
        nwf_uuid_format(uuid, group->filter->uuid);
        return nwf_set_error(error, NWF_ERROR_NO_FILTER, _("no network filter has the uuid %s"), uuid);
    }
    if (!check_unused(engine, filter, error))
        return FALSE;
    group->old_filter = nwf_filter_ref(filter);
    group->remove_from = engine->filter_store;
    group->remove_name = g_strdup(filter->name);
    return TRUE;
}

const NwfGroupKind nwf_define_kind = {.exclusive = TRUE, .prepare = nwf_define_prepare, .yield = yield_define};
const NwfGroupKind nwf_reload_kind = {.exclusive = TRUE, .prepare = nwf_reload_prepare, .yield = yield_define};
const NwfGroupKind nwf_undefine_kind = {.exclusive = TRUE, .prepare = prepare_undefine};

NwfFilter *
nwf_engine_define(NwfEngine *engine, NwfFilter *filter, GError **error)
{
    g_autoptr(NwfGroup) group = nwf_group_new(&nwf_define_kind);

    group->filter = nwf_filter_ref(filter);
    if (!nwf_group_run(engine, group, error))
        return NULL;
    return nwf_filter_ref(filter);
}

gboolean
nwf_engine_undefine(NwfEngine *engine, NwfFilter *filter, GError **error)
{
    g_autoptr(NwfGroup) group = nwf_group_new(&nwf_undefine_kind);

    group->filter = nwf_filter_ref(filter);
    return nwf_group_run(engine, group, error);
}
