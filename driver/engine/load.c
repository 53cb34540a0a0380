/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load.c: definitions and bindings from their files
 *
 * Files are read one by one; one that cannot be read, does not parse, or clashes with what is loaded already is logged
 * with its name and passed over, whatever state the others are in. Filters load in the order of their file names, so that the same
 * directory always gives the same result.
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/engine/internal.h"

static void
refuse_file(NwfEngine *engine, const char *directory, const char *name, const GError *why)
{
    nwf_engine_log(engine, NWF_LOG_ERROR, "store", _("file '%s/%s.xml' is passed over: %s"), directory, name, why->message);
}

static NwfFilter *
parse_filter_file(NwfEngine *engine, const char *name, const char *text, const GError *problem, GError **error)
{
    NwfReading reading = { .dialect = engine->config.dialect };
    g_autoptr(NwfNotes) notes = nwf_notes_new();

    if (problem) {
        g_propagate_error(error, g_error_copy(problem));
        return NULL;
    }
    g_autoptr(NwfFilter) filter = nwf_filter_parse(text, &reading, notes, error);
    if (!filter)
        return NULL;
    if (strcmp(filter->name, name) != 0) {
        nwf_set_error(error, NWF_ERROR_XML_VALUE, _("it defines a filter of another name, '%s'"), filter->name);
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
        nwf_engine_log(engine, NWF_LOG_WARNING, "store", _("uuid of filter '%s' cannot be saved: %s"), filter->name,
                       error->message);
    nwf_engine_log_notes(engine, "store", filter->name, notes);
}

/* ---- start ---- */

static void
load_filter(const char *name, const char *text, const GError *problem, gpointer data)
{
    NwfEngine *engine = data;
    g_autoptr(GError) error = NULL;
    const NwfFilter *old;

    g_autoptr(NwfFilter) filter = parse_filter_file(engine, name, text, problem, &error);
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
    return nwf_store_load(engine->filter_store, load_filter, engine, error);
}

/* A binding in a file of another name would come back after it was deleted: it gets its own file. */
static gboolean
rename_file(NwfEngine *engine, const char *wrong, const NwfBinding *binding, GError **error)
{
    if (!nwf_store_check_name(binding->portdev, NWF_ERROR_XML_VALUE, error))
        return FALSE;
    g_autofree char *xml = nwf_binding_status_format(binding, NULL, engine->config.dialect);
    NwfPending *pending = nwf_store_prepare(engine->binding_store, binding->portdev, NULL, xml, error);
    return pending && nwf_store_commit(pending, NULL, error) && nwf_store_remove(engine->binding_store, wrong, NULL, error);
}

static void
load_binding(const char *name, const char *text, const GError *problem, gpointer data)
{
    NwfEngine *engine = data;
    NwfReading reading = { .dialect = engine->config.dialect };
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfBinding) binding = NULL;

    if (problem)
        error = g_error_copy(problem);
    else
        binding = nwf_binding_status_parse(text, &reading, notes, &error);
    if (binding && g_hash_table_contains(engine->ports, binding->portdev)) {
        nwf_set_error(&error, NWF_ERROR_OPERATION_FAILED, _("port '%s' is bound by another file"), binding->portdev);
        g_clear_pointer(&binding, nwf_binding_unref);
    }
    if (!binding) {
        refuse_file(engine, engine->config.binding_dir, name, error);
        return;
    }
    nwf_engine_log_notes(engine, "store", name, notes);
    if (strcmp(binding->portdev, name) != 0 && !rename_file(engine, name, binding, &error))
        nwf_engine_log(engine, NWF_LOG_WARNING, "store", _("file '%s/%s.xml' belongs to port '%s' and cannot be renamed: %s"),
                       engine->config.binding_dir, name, binding->portdev, error->message);
    g_hash_table_replace(engine->ports, g_strdup(binding->portdev), nwf_port_new(binding));
}

gboolean
nwf_load_bindings(NwfEngine *engine, GError **error)
{
    return nwf_store_load(engine->binding_store, load_binding, engine, error);
}

/* ---- reload ---- */

/*
 * A file without uuid that defines a filter in force keeps that filter's uuid, and gets it written into the file.
 * A changed definition is a redefinition like any other, but for the file, which stays as the user wrote it.
 */
static void
reload_filter(const char *name, const char *text, const GError *problem, gpointer data)
{
    NwfEngine *engine = data;
    g_autoptr(GError) error = NULL;
    gboolean had_no_uuid = FALSE;

    g_autoptr(NwfFilter) filter = parse_filter_file(engine, name, text, problem, &error);
    g_autoptr(NwfFilter) current = filter ? nwf_engine_filter_by_name(engine, name, NULL) : NULL;
    if (filter && filter->uuid_generated) {
        had_no_uuid = TRUE;
        if (current)
            memcpy(filter->uuid, current->uuid, sizeof(filter->uuid));
    }
    if (filter && (!current || !nwf_filter_equal(filter, current))) {
        g_autoptr(NwfGroup) group = nwf_group_new(&nwf_define_kind);
        group->filter = nwf_filter_ref(filter);
        group->keep_file = !had_no_uuid;
        had_no_uuid = FALSE;
        nwf_group_run(engine, group, &error);
    }
    if (error)
        refuse_file(engine, engine->config.filter_dir, name, error);
    else if (had_no_uuid)
        save_uuid(engine, filter);
}

gboolean
nwf_reload_filters(NwfEngine *engine, GError **error)
{
    return nwf_store_load(engine->filter_store, reload_filter, engine, error);
}
