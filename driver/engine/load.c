/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load.c: definitions and bindings from their files
 *
 * Files are read one by one; one that cannot be read, does not parse, or clashes with what is loaded already is logged
 * with its name and passed over, whatever state the others are in. They load in the order of their names, so that the
 * same directory always gives the same result.
 *
 * A reload reads filter files again. Each is read by the applier, as a change of definitions of its own: between
 * reading a file and taking over what it says nobody can define something else.
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/engine/internal.h"

static void
refuse_file(NwfEngine *engine, const char *directory, const char *name, const GError *why)
{
    nwf_engine_log(engine, NWF_LOG_ERROR, "store", _("file '%s/%s.xml' is ignored: %s"), directory, name, why->message);
}

static NwfFilter *
read_filter(NwfEngine *engine, const char *name, GError **error)
{
    NwfReading reading = {.dialect = engine->config.dialect};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autofree char *text = nwf_store_read(engine->filter_store, name, error);

    if (!text)
        return NULL;
    g_autoptr(NwfFilter) filter = nwf_filter_parse(text, &reading, notes, error);
    if (!filter)
        return NULL;
    if (strcmp(filter->name, name) != 0) {
        nwf_set_error(error, NWF_ERROR_XML_VALUE, _("the filter in it has another name, '%s'"), filter->name);
        return NULL;
    }
    nwf_engine_log_notes(engine, "store", name, notes);
    return g_steal_pointer(&filter);
}

/* A filter whose file had no uuid has one now: it must be the same one at the next start. */
static void
save_uuid(NwfEngine *engine, const NwfFilter *filter)
{
    g_autofree char *xml = nwf_filter_format(filter, engine->config.dialect);
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    char uuid[37];

    nwf_uuid_format(uuid, filter->uuid);
    NwfPending *pending = nwf_store_prepare(engine->filter_store, filter->name, uuid, xml, &error);
    if (!pending || !nwf_store_commit(pending, notes, &error))
        nwf_engine_log(engine, NWF_LOG_WARNING, "store", _("the uuid of filter '%s' cannot be saved: %s"), filter->name,
                       error->message);
    nwf_engine_log_notes(engine, "store", filter->name, notes);
}

/* ---- start ---- */

static void
load_filter(NwfEngine *engine, const char *name)
{
    g_autoptr(GError) error = NULL;
    const NwfFilter *old;

    g_autoptr(NwfFilter) filter = read_filter(engine, name, &error);
    if (!filter || !nwf_define_check(engine, filter, &old, &error)) {
        refuse_file(engine, engine->config.filter_dir, name, error);
        return;
    }
    if (filter->uuid_generated)
        save_uuid(engine, filter);
    g_hash_table_replace(engine->uuids, filter->uuid, filter);
    g_hash_table_replace(engine->filters, filter->name, nwf_filter_ref(filter));
}

gboolean
nwf_load_filters(NwfEngine *engine, GError **error)
{
    g_autoptr(GPtrArray) names = nwf_store_list(engine->filter_store, error);

    for (guint i = 0; names && i < names->len; i++)
        load_filter(engine, g_ptr_array_index(names, i));
    return names != NULL;
}

static NwfBinding *
read_binding(NwfEngine *engine, const char *name, GError **error)
{
    NwfReading reading = {.dialect = engine->config.dialect};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autofree char *text = nwf_store_read(engine->binding_store, name, error);
    g_autoptr(NwfBinding) binding = text ? nwf_binding_status_parse(text, &reading, notes, error) : NULL;

    if (!binding || !nwf_port_name_is_usable(binding->portdev, error))
        return NULL;
    nwf_engine_log_notes(engine, "store", name, notes);
    return g_steal_pointer(&binding);
}

/*
 * A binding in a file of another name would come back after it was deleted: the file gets its right name. If there is a
 * file of that name already, then that one counts, and this is a copy that somebody left.
 */
static gboolean
settle_name(NwfEngine *engine, const char *name, const NwfBinding *binding, GError **error)
{
    return strcmp(binding->portdev, name) == 0 ||
           nwf_store_rename(engine->binding_store, name, binding->portdev, error);
}

static void
load_binding(NwfEngine *engine, const char *name)
{
    g_autoptr(GError) error = NULL;

    g_autoptr(NwfBinding) binding = read_binding(engine, name, &error);
    engine->stock_nft = engine->stock_nft || (binding && g_strcmp0(binding->backend, "nftables") == 0);
    if (binding && settle_name(engine, name, binding, &error)) {
        g_hash_table_replace(engine->ports, g_strdup(binding->portdev), nwf_port_new(binding));
        return;
    }
    refuse_file(engine, engine->config.binding_dir, name, error);
    g_hash_table_add(engine->unread, g_strdup(binding ? binding->portdev : name));
}

gboolean
nwf_load_bindings(NwfEngine *engine, GError **error)
{
    g_autoptr(GPtrArray) names = nwf_store_list(engine->binding_store, error);

    for (guint i = 0; names && i < names->len; i++)
        load_binding(engine, g_ptr_array_index(names, i));
    return names != NULL;
}

/* ---- reload ---- */

/*
 * A file without uuid that defines a filter in force keeps that filter's uuid, and gets it written into the file.
 * A changed definition is a redefinition like any other, but for the file, which stays as the user wrote it.
 */
gboolean
nwf_reload_prepare(NwfEngine *engine, NwfGroup *group, GError **error)
{
    const NwfFilter *current = g_hash_table_lookup(engine->filters, group->file);

    group->filter = read_filter(engine, group->file, error);
    if (!group->filter)
        return FALSE;
    group->keep_file = !group->filter->uuid_generated;
    if (current && group->filter->uuid_generated)
        memcpy(group->filter->uuid, current->uuid, sizeof(current->uuid));
    if (current && group->keep_file && nwf_filter_equal(group->filter, current))
        return TRUE;
    return nwf_define_prepare(engine, group, error);
}

gboolean
nwf_reload_filters(NwfEngine *engine, GError **error)
{
    g_autoptr(GPtrArray) names = nwf_store_list(engine->filter_store, error);
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_group_free);

    if (!names)
        return FALSE;
    for (guint i = 0; i < names->len; i++) {
        NwfGroup *group = nwf_group_new(&nwf_reload_kind);
        group->file = g_strdup(g_ptr_array_index(names, i));
        g_ptr_array_add(groups, group);
    }
    nwf_group_run_all(engine, groups);
    for (guint i = 0; i < groups->len; i++) {
        const NwfGroup *group = g_ptr_array_index(groups, i);
        if (group->error)
            refuse_file(engine, engine->config.filter_dir, group->file, group->error);
    }
    return TRUE;
}
