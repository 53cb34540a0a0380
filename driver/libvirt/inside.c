/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inside.c: the engine's answers, or those of an empty house
 */
#include "driver/libvirt/inside.h"

#include <glib/gi18n-lib.h>

gboolean
nwf_inside_can_change(const NwfCall *call, GError **error)
{
    return call->engine || nwf_set_error(error, NWF_ERROR_OPERATION_INVALID,
                                         _("network filters need a privileged daemon; this one runs for a user"));
}

NwfFilter *
nwf_inside_filter_by_name(const NwfCall *call, const char *name, GError **error)
{
    if (call->engine)
        return nwf_engine_filter_by_name(call->engine, name, error);
    g_autofree char *shown = nwf_clip(name);
    nwf_set_error(error, NWF_ERROR_NO_FILTER, _("no network filter is named '%s'"), shown);
    return NULL;
}

NwfFilter *
nwf_inside_filter_by_uuid(const NwfCall *call, const guint8 uuid[16], GError **error)
{
    if (call->engine)
        return nwf_engine_filter_by_uuid(call->engine, uuid, error);
    char text[37];
    nwf_uuid_format(text, uuid);
    nwf_set_error(error, NWF_ERROR_NO_FILTER, _("no network filter has the uuid %s"), text);
    return NULL;
}

GPtrArray *
nwf_inside_filters(const NwfCall *call)
{
    return call->engine ? nwf_engine_filters(call->engine) : g_ptr_array_new();
}

NwfBinding *
nwf_inside_binding(const NwfCall *call, const char *portdev, GError **error)
{
    if (call->engine)
        return nwf_engine_binding(call->engine, portdev, error);
    g_autofree char *shown = nwf_clip(portdev);
    nwf_set_error(error, NWF_ERROR_NO_BINDING, _("port '%s' has no filter binding"), shown);
    return NULL;
}

GPtrArray *
nwf_inside_bindings(const NwfCall *call)
{
    return call->engine ? nwf_engine_bindings(call->engine) : g_ptr_array_new();
}
