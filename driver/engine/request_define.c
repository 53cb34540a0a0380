/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request_define.c: a filter is defined, redefined, read again, undefined
 *
 * Definitions change alone in their batch. A redefinition builds the new rules of every port whose tree contains the
 * filter before anything is touched; if one cannot be built nothing changes anywhere. All that is made with a filter
 * that is not in force lies in the request. Ports without a device never stand in the way: they are closed if they
 * cannot be built or the kernel does not take them, and they do not keep a filter from being undefined.
 */
#include "driver/engine/load.h"
#include "driver/engine/port_rules.h"
#include "plan/review.h"

#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <string.h>

static gboolean
rebuild_port(const NwfApplier *applier, NwfRequest *request, NwfPort *existing, GError **error)
{
    g_autoptr(NwfPort) port = nwf_port_copy(existing);

    if (!nwf_port_build_or_close(applier, request, port, error)) {
        g_autofree char *place = g_strdup_printf(_("port '%s'"), port->binding->portdev);
        g_prefix_error(error, "%s: ", place);
        return FALSE;
    }
    nwf_request_update(request, existing, g_steal_pointer(&port));
    return TRUE;
}

/* Closed ports are visited when the definition is in force: a port that is broken already stands in nobody's way. */
static gboolean
rebuild_users(const NwfApplier *applier, NwfRequest *request, GError **error)
{
    g_autoptr(GPtrArray) ports = nwf_catalog_ports(applier->catalog);

    for (guint i = 0; i < ports->len; i++) {
        NwfPort *port = g_ptr_array_index(ports, i);
        if (port->filters && port->state.which != NWF_WHICH_CLOSED &&
            nwf_rules_entry_uses(port->filters, request->filter->name) && !rebuild_port(applier, request, port, error))
            return FALSE;
    }
    return TRUE;
}

/* Whether nothing is remarked on in the references of a new definition, or remarks are no fault. */
static gboolean
review(const NwfApplier *applier, NwfRequest *request, GError **error)
{
    nwf_review_references(request->filter, nwf_catalog_peek_filter, applier->catalog, request->remarks);
    return !applier->config->strict || nwf_notes_refuse(request->remarks, error);
}

/* @asked: somebody wants the definition, it was not read from its file. */
static gboolean
prepare_definition(const NwfApplier *applier, NwfRequest *request, gboolean asked, GError **error)
{
    NwfFilter *filter = request->filter;

    if (!nwf_catalog_check_definition(applier->catalog, filter, &request->old_filter, error) ||
        (asked && !review(applier, request, error)))
        return FALSE;
    if (!request->old_filter || !nwf_filter_equal(request->old_filter, filter)) {
        request->new_cache = nwf_rules_cache_new(nwf_catalog_peek_filter, applier->catalog, filter);
        if (!rebuild_users(applier, request, error))
            return FALSE;
    }
    if (!request->keep_file) {
        g_autofree char *xml = nwf_filter_format(filter, applier->config->dialect);
        char uuid[37];
        nwf_uuid_format(uuid, filter->uuid);
        request->pending = nwf_store_prepare(applier->filter_store, filter->name, uuid, xml, error);
        if (!request->pending)
            return FALSE;
    }
    request->new_filter = nwf_filter_ref(filter);
    return TRUE;
}

static gboolean
prepare_define(const NwfApplier *applier, NwfRequest *request, GError **error)
{
    return prepare_definition(applier, request, TRUE, error);
}

/*
 * A file without uuid that defines a filter in force keeps that filter's uuid, and gets it written into the file.
 * A changed definition is a redefinition like any other, but for the file, which stays as the user wrote it. It is
 * remarked on, but never refused for that; its references are looked at when all files were read (nwf_review_kind).
 */
static gboolean
prepare_reload(const NwfApplier *applier, NwfRequest *request, GError **error)
{
    g_autoptr(NwfFilter) current = nwf_catalog_filter(applier->catalog, request->file);
    g_autoptr(NwfNotes) remarks = nwf_notes_new();

    request->filter = nwf_load_filter(applier->config, applier->filter_store, request->file, remarks, error);
    if (!request->filter)
        return FALSE;
    request->keep_file = !request->filter->uuid_generated;
    if (current && request->filter->uuid_generated)
        memcpy(request->filter->uuid, current->uuid, sizeof(current->uuid));
    if (current && request->keep_file && nwf_filter_equal(request->filter, current))
        return TRUE;
    nwf_notes_append(request->remarks, remarks);
    return prepare_definition(applier, request, FALSE, error);
}

/* After a refusal nobody knows whose rules it was: once, the ports without a device are taken out of the way. */
static gboolean
fall_back_define(const NwfApplier *applier G_GNUC_UNUSED, NwfRequest *request, const GError *why)
{
    gboolean changed = FALSE;

    for (guint i = 0; i < request->updates->len; i++)
        changed |= nwf_port_close_absent(request, g_array_index(request->updates, NwfPortUpdate, i).new, why);
    return changed;
}

/* ---- undefine ---- */

/* A port whose device is there keeps its filter; of those without the filter goes, and their names into the notes. */
static gboolean
check_unused(const NwfApplier *applier, const NwfFilter *filter, NwfNotes *notes, GError **error)
{
    g_autoptr(GPtrArray) ports = nwf_catalog_ports(applier->catalog);

    for (guint i = 0; i < ports->len; i++) {
        const NwfPort *port = g_ptr_array_index(ports, i);
        if (!nwf_port_uses(port, filter->name))
            continue;
        if (if_nametoindex(port->binding->portdev) != 0)
            return nwf_set_error(error, NWF_ERROR_OPERATION_INVALID,
                                 _("nwfilter is in use: filter '%s' by port '%s' of '%s'"), filter->name,
                                 port->binding->portdev, port->binding->owner_name);
        nwf_note(notes,
                 _("port '%s' of '%s' has no device and loses its filter: '%s' is undefined; its rules stay until the "
                   "next start or reload, which closes the port unless the filter is defined again"),
                 port->binding->portdev, port->binding->owner_name, filter->name);
    }
    return TRUE;
}

/* A redefined filter is still the same one; a filter of another name that has this uuid now is not meant. */
static gboolean
prepare_undefine(const NwfApplier *applier, NwfRequest *request, GError **error)
{
    g_autoptr(NwfFilter) filter = nwf_catalog_filter_by_uuid(applier->catalog, request->filter->uuid);
    char uuid[37];

    if (!filter || strcmp(filter->name, request->filter->name) != 0) {
        nwf_uuid_format(uuid, request->filter->uuid);
        return nwf_set_error(error, NWF_ERROR_NO_FILTER, _("no network filter has the uuid %s"), uuid);
    }
    if (!check_unused(applier, filter, request->notes, error))
        return FALSE;
    request->remove_from = applier->filter_store;
    request->remove_name = g_strdup(filter->name);
    request->old_filter = g_steal_pointer(&filter);
    return TRUE;
}

const NwfRequestKind nwf_define_kind = {.exclusive = TRUE, .prepare = prepare_define, .fall_back = fall_back_define};
const NwfRequestKind nwf_reload_kind = {.exclusive = TRUE, .prepare = prepare_reload, .fall_back = fall_back_define};
const NwfRequestKind nwf_undefine_kind = {.exclusive = TRUE, .prepare = prepare_undefine};
