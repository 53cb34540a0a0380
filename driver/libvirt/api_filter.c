/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * api_filter.c: functions of the nwfilter table that are about filters
 *
 * Each begins a call, finds its filter, asks access control, and does its work. The connection may belong to a
 * hypervisor driver that shares our table: it serves only as an argument for libvirt's functions. A handle stands for a
 * uuid; each use looks the filter up, and fails if there is none any more.
 */
#include "driver/libvirt/api.h"
#include "driver/libvirt/call.h"
#include "driver/libvirt/messages.h"
#include "driver/libvirt/symbols.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* A filter as the access checks read it. */
static NwfAbiFilterDef
def_of(const char *name, const guint8 uuid[16])
{
    NwfAbiFilterDef def = {.name = (char *)name};

    memcpy(def.uuid, uuid, sizeof def.uuid);
    return def;
}

/* Whether @conn may do what @ensure checks; if not, libvirt has reported the error. */
static gboolean
may(virConnectPtr conn, NwfFilterEnsure ensure, const char *name, const guint8 uuid[16])
{
    NwfAbiFilterDef def = def_of(name, uuid);

    return ensure(conn, &def) >= 0;
}

/* Returns: (transfer full) (element-type NwfFilter): the filters that @conn may see */
static GPtrArray *
visible_filters(const NwfCall *call, virConnectPtr conn, NwfFilterCheck check)
{
    g_autoptr(GPtrArray) all = call->engine ? nwf_engine_filters(call->engine) : g_ptr_array_new();
    g_autoptr(GPtrArray) visible = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_filter_unref);

    for (guint i = 0; i < all->len; i++) {
        NwfFilter *filter = all->pdata[i];
        NwfAbiFilterDef def = def_of(filter->name, filter->uuid);

        if (check(conn, &def))
            g_ptr_array_add(visible, nwf_filter_ref(filter));
    }
    return g_steal_pointer(&visible);
}

int
nwf_api_num_of_filters(virConnectPtr conn)
{
    g_auto(NwfCall) call = nwf_call_begin();

    if (!call.valid || nwf_symbols.virConnectNumOfNWFiltersEnsureACL(conn) < 0)
        return -1;
    g_autoptr(GPtrArray) filters = visible_filters(&call, conn, nwf_symbols.virConnectNumOfNWFiltersCheckACL);
    return (int)filters->len;
}

int
nwf_api_list_filters(virConnectPtr conn, char **names, int names_max)
{
    g_auto(NwfCall) call = nwf_call_begin();

    if (!call.valid || nwf_symbols.virConnectListNWFiltersEnsureACL(conn) < 0)
        return -1;
    g_autoptr(GPtrArray) filters = visible_filters(&call, conn, nwf_symbols.virConnectListNWFiltersCheckACL);
    int count = MIN((int)filters->len, names_max);
    for (int i = 0; i < count; i++)
        names[i] = g_strdup(((NwfFilter *)filters->pdata[i])->name);
    return count;
}

static gpointer
filter_handle(virConnectPtr conn, gconstpointer object)
{
    const NwfFilter *filter = object;

    return nwf_symbols.virGetNWFilter(conn, filter->name, filter->uuid);
}

static void
free_filter_handle(gpointer handle)
{
    virNWFilterFree(handle);
}

int
nwf_api_list_all_filters(virConnectPtr conn, virNWFilterPtr **handles, unsigned int flags)
{
    if (!nwf_flags_fit("connectListAllNWFilters", flags, 0))
        return -1;
    g_auto(NwfCall) call = nwf_call_begin();
    if (!call.valid || nwf_symbols.virConnectListAllNWFiltersEnsureACL(conn) < 0)
        return -1;
    g_autoptr(GPtrArray) filters = visible_filters(&call, conn, nwf_symbols.virConnectListAllNWFiltersCheckACL);
    return nwf_call_list_handles(conn, filters, filter_handle, free_filter_handle, (gpointer **)handles);
}

/* Returns: (transfer full): @found if there is one and @ensure allows it; else NULL and the error is reported */
static NwfFilter *
allowed(virConnectPtr conn, NwfFilter *found, NwfFilterEnsure ensure, const GError *error)
{
    g_autoptr(NwfFilter) filter = found;

    if (!filter)
        return nwf_report(error);
    return may(conn, ensure, filter->name, filter->uuid) ? g_steal_pointer(&filter) : NULL;
}

static NwfFilter *
find_by_uuid(const NwfCall *call, virConnectPtr conn, const guint8 uuid[16], NwfFilterEnsure ensure)
{
    g_autoptr(GError) error = NULL;
    NwfFilter *found = NULL;

    if (call->engine) {
        found = nwf_engine_filter_by_uuid(call->engine, uuid, &error);
    } else {
        char text[37];

        nwf_uuid_format(text, uuid);
        nwf_set_error(&error, NWF_ERROR_NO_FILTER, _("no network filter has the uuid %s"), text);
    }
    return allowed(conn, found, ensure, error);
}

virNWFilterPtr
nwf_api_filter_lookup_by_name(virConnectPtr conn, const char *name)
{
    g_auto(NwfCall) call = nwf_call_begin();
    g_autofree char *shown = nwf_clip(name);
    g_autoptr(GError) error = NULL;
    NwfFilter *found = NULL;

    if (!call.valid)
        return NULL;
    if (call.engine)
        found = nwf_engine_filter_by_name(call.engine, name, &error);
    else
        nwf_set_error(&error, NWF_ERROR_NO_FILTER, _("no network filter is named '%s'"), shown);
    g_autoptr(NwfFilter) filter = allowed(conn, found, nwf_symbols.virNWFilterLookupByNameEnsureACL, error);
    return filter ? filter_handle(conn, filter) : NULL;
}

virNWFilterPtr
nwf_api_filter_lookup_by_uuid(virConnectPtr conn, const unsigned char *uuid)
{
    g_auto(NwfCall) call = nwf_call_begin();

    if (!call.valid)
        return NULL;
    g_autoptr(NwfFilter) filter = find_by_uuid(&call, conn, uuid, nwf_symbols.virNWFilterLookupByUUIDEnsureACL);
    return filter ? filter_handle(conn, filter) : NULL;
}

/*
 * Takes name and uuid from @xml. A document without uuid means the filter of its name, if there is one: it gets that
 * one's uuid, else a random one.
 */
static gboolean
identify(const NwfCall *call, const char *xml, char **name, guint8 uuid[16], GError **error)
{
    gboolean generated;

    if (!nwf_filter_identify(xml, name, uuid, &generated, error))
        return FALSE;
    g_autoptr(NwfFilter) current = generated ? nwf_engine_filter_by_name(call->engine, *name, NULL) : NULL;
    if (current)
        memcpy(uuid, current->uuid, sizeof current->uuid);
    return TRUE;
}

/*
 * Parses @xml and checks that it is the filter that access control was asked about. A document without uuid gets the
 * one with which access control was asked.
 */
static NwfFilter *
parse_identified(const char *xml, const NwfReading *reading, const char *name, const guint8 uuid[16], GError **error)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfFilter) filter = nwf_filter_parse(xml, reading, notes, error);

    if (!filter)
        return NULL;
    if (filter->uuid_generated)
        memcpy(filter->uuid, uuid, sizeof filter->uuid);
    if (strcmp(filter->name, name) != 0 || memcmp(filter->uuid, uuid, sizeof filter->uuid) != 0) {
        nwf_set_error(error, NWF_ERROR_INTERNAL, _("filter '%s': access control was asked about filter '%s'"),
                      filter->name, name);
        return NULL;
    }
    nwf_log_notes(notes);
    return g_steal_pointer(&filter);
}

/*
 * Access control is asked before the document is validated or built, and sees only name and uuid: a client who may not
 * define filters costs no work and learns nothing else. Only a text that is no filter document is refused before,
 * because there is nothing to ask about.
 *
 * What access control allowed is to replace the filter of that uuid. The applier compares the uuids again, and nothing
 * can come between that and the replacement, so a filter that has got the name meanwhile is never replaced.
 */
static virNWFilterPtr
define(virConnectPtr conn, const char *xml, unsigned int flags)
{
    if (!nwf_flags_fit("nwfilterDefineXMLFlags", flags, VIR_NWFILTER_DEFINE_VALIDATE))
        return NULL;
    g_auto(NwfCall) call = nwf_call_begin();
    NwfReading reading = call.reading;
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfFilter) filter = NULL;
    g_autofree char *name = NULL;
    guint8 uuid[16];

    if (!call.valid)
        return NULL;
    if (!nwf_call_can_change(&call, &error) || !identify(&call, xml, &name, uuid, &error))
        return nwf_report(error);
    if (!may(conn, nwf_symbols.virNWFilterDefineXMLFlagsEnsureACL, name, uuid))
        return NULL;
    reading.validate = (flags & VIR_NWFILTER_DEFINE_VALIDATE) != 0;
    filter = parse_identified(xml, &reading, name, uuid, &error);
    g_autoptr(NwfFilter) defined = filter ? nwf_engine_define(call.engine, filter, &error) : NULL;
    return defined ? filter_handle(conn, defined) : nwf_report(error);
}

virNWFilterPtr
nwf_api_filter_define_flags(virConnectPtr conn, const char *xml, unsigned int flags)
{
    virNWFilterPtr handle = define(conn, xml, flags);

    nwf_call_return_memory();
    return handle;
}

virNWFilterPtr
nwf_api_filter_define(virConnectPtr conn, const char *xml)
{
    return nwf_api_filter_define_flags(conn, xml, 0);
}

/* The filter that @handle stands for, if there is one and @ensure allows it; else NULL and the error is reported. */
static NwfFilter *
filter_of(const NwfCall *call, virNWFilterPtr handle, NwfFilterEnsure ensure)
{
    guint8 uuid[VIR_UUID_BUFLEN];

    if (!call->valid)
        return NULL;
    virNWFilterGetUUID(handle, uuid);
    return find_by_uuid(call, nwf_abi_connection_of(handle), uuid, ensure);
}

static int
undefine(virNWFilterPtr handle)
{
    g_auto(NwfCall) call = nwf_call_begin();
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfFilter) filter = filter_of(&call, handle, nwf_symbols.virNWFilterUndefineEnsureACL);

    if (!filter)
        return -1;
    if (!nwf_engine_undefine(call.engine, filter, &error)) {
        nwf_report(error);
        return -1;
    }
    return 0;
}

int
nwf_api_filter_undefine(virNWFilterPtr handle)
{
    int result = undefine(handle);

    nwf_call_return_memory();
    return result;
}

char *
nwf_api_filter_xml(virNWFilterPtr handle, unsigned int flags)
{
    if (!nwf_flags_fit("nwfilterGetXMLDesc", flags, 0))
        return NULL;
    g_auto(NwfCall) call = nwf_call_begin();
    g_autoptr(NwfFilter) filter = filter_of(&call, handle, nwf_symbols.virNWFilterGetXMLDescEnsureACL);
    return filter ? nwf_filter_format(filter, call.reading.dialect) : NULL;
}
