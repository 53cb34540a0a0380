/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * api_binding.c: functions of the nwfilter table that are about bindings
 *
 * As in api_filter.c; a handle stands for the name of a port device.
 */
#include "driver/libvirt/api.h"
#include "driver/libvirt/call.h"
#include "driver/libvirt/messages.h"
#include "driver/libvirt/symbols.h"

#include <glib/gi18n-lib.h>

static gpointer
binding_handle(virConnectPtr conn, gconstpointer object)
{
    const NwfBinding *binding = object;

    return nwf_symbols.virGetNWFilterBinding(conn, binding->portdev, binding->filter);
}

static void
free_binding_handle(gpointer handle)
{
    virNWFilterBindingFree(handle);
}

/* A binding as the access checks read it; @linkdev may be NULL. */
static NwfAbiBindingDef
def_of(const char *portdev, const char *linkdev, const char *filter)
{
    return (NwfAbiBindingDef){.portdev = (char *)portdev, .linkdev = (char *)linkdev, .filter = (char *)filter};
}

int
nwf_api_list_all_bindings(virConnectPtr conn, virNWFilterBindingPtr **handles, unsigned int flags)
{
    if (!nwf_flags_fit("connectListAllNWFilterBindings", flags, 0))
        return -1;
    g_auto(NwfCall) call = nwf_call_begin();
    if (!call.valid || nwf_symbols.virConnectListAllNWFilterBindingsEnsureACL(conn) < 0)
        return -1;

    g_autoptr(GPtrArray) all = call.engine ? nwf_engine_bindings(call.engine) : g_ptr_array_new();
    g_autoptr(GPtrArray) visible = g_ptr_array_new();
    for (guint i = 0; i < all->len; i++) {
        NwfBinding *binding = all->pdata[i];
        NwfAbiBindingDef def = def_of(binding->portdev, binding->linkdev, binding->filter);

        if (nwf_symbols.virConnectListAllNWFilterBindingsCheckACL(conn, &def))
            g_ptr_array_add(visible, binding);
    }
    return nwf_call_list_handles(conn, visible, binding_handle, free_binding_handle, (gpointer **)handles);
}

/* The binding of @portdev, if there is one and @ensure allows it; else NULL and the error is reported. */
static NwfBinding *
binding_of(const NwfCall *call, virConnectPtr conn, const char *portdev, NwfBindingEnsure ensure)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfBinding) binding = NULL;
    g_autofree char *shown = nwf_clip(portdev);

    if (call->engine)
        binding = nwf_engine_binding(call->engine, portdev, &error);
    else
        nwf_set_error(&error, NWF_ERROR_NO_BINDING, _("port '%s' has no filter binding"), shown);
    if (!binding)
        return nwf_report(error);
    NwfAbiBindingDef def = def_of(binding->portdev, binding->linkdev, binding->filter);
    return ensure(conn, &def) >= 0 ? g_steal_pointer(&binding) : NULL;
}

virNWFilterBindingPtr
nwf_api_binding_lookup(virConnectPtr conn, const char *portdev)
{
    g_auto(NwfCall) call = nwf_call_begin();

    if (!call.valid)
        return NULL;
    g_autoptr(NwfBinding) binding =
        binding_of(&call, conn, portdev, nwf_symbols.virNWFilterBindingLookupByPortDevEnsureACL);
    return binding ? binding_handle(conn, binding) : NULL;
}

/* Parses @xml and checks that it is the binding that access control was asked about. */
static NwfBinding *
parse_identified(const char *xml, const NwfReading *reading, const NwfBindingIdentity *identity, GError **error)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfBinding) binding = nwf_binding_parse(xml, reading, notes, error);

    if (!binding)
        return NULL;
    if (g_strcmp0(binding->portdev, identity->portdev) != 0 || g_strcmp0(binding->linkdev, identity->linkdev) != 0 ||
        g_strcmp0(binding->filter, identity->filter) != 0) {
        nwf_set_error(error, NWF_ERROR_INTERNAL, _("port '%s': access control was asked about port '%s'"),
                      binding->portdev, identity->portdev);
        return NULL;
    }
    nwf_log_notes(notes);
    return g_steal_pointer(&binding);
}

/* Access control is asked first, see nwf_api_filter_define_flags(). */
virNWFilterBindingPtr
nwf_api_binding_create(virConnectPtr conn, const char *xml, unsigned int flags)
{
    if (!nwf_flags_fit("nwfilterBindingCreateXML", flags, VIR_NWFILTER_BINDING_CREATE_VALIDATE))
        return NULL;
    g_auto(NwfCall) call = nwf_call_begin();
    NwfReading reading = call.reading;
    g_auto(NwfBindingIdentity) identity = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfBinding) binding = NULL;

    if (!call.valid)
        return NULL;
    if (!nwf_call_can_change(&call, &error) || !nwf_binding_identify(xml, &identity, &error))
        return nwf_report(error);
    NwfAbiBindingDef def = def_of(identity.portdev, identity.linkdev, identity.filter);
    if (nwf_symbols.virNWFilterBindingCreateXMLEnsureACL(conn, &def) < 0)
        return NULL;
    reading.validate = (flags & VIR_NWFILTER_BINDING_CREATE_VALIDATE) != 0;
    binding = parse_identified(xml, &reading, &identity, &error);
    g_autoptr(NwfBinding) bound = binding ? nwf_engine_bind(call.engine, binding, &error) : NULL;
    return bound ? binding_handle(conn, bound) : nwf_report(error);
}

int
nwf_api_binding_delete(virNWFilterBindingPtr handle)
{
    g_auto(NwfCall) call = nwf_call_begin();
    g_autoptr(GError) error = NULL;

    if (!call.valid)
        return -1;
    g_autoptr(NwfBinding) binding =
        binding_of(&call, nwf_abi_connection_of(handle), virNWFilterBindingGetPortDev(handle),
                   nwf_symbols.virNWFilterBindingDeleteEnsureACL);
    if (!binding)
        return -1;
    if (!nwf_engine_unbind(call.engine, binding, &error)) {
        nwf_report(error);
        return -1;
    }
    return 0;
}

char *
nwf_api_binding_xml(virNWFilterBindingPtr handle, unsigned int flags)
{
    if (!nwf_flags_fit("nwfilterBindingGetXMLDesc", flags, 0))
        return NULL;
    g_auto(NwfCall) call = nwf_call_begin();
    g_autoptr(GError) error = NULL;
    if (!call.valid)
        return NULL;
    g_autoptr(NwfBinding) binding =
        binding_of(&call, nwf_abi_connection_of(handle), virNWFilterBindingGetPortDev(handle),
                   nwf_symbols.virNWFilterBindingGetXMLDescEnsureACL);
    if (!binding)
        return NULL;
    char *xml = nwf_engine_binding_xml(call.engine, binding, &error);
    return xml ? xml : nwf_report(error);
}
