/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request_bind.c: a port gets a filter, a port is released
 *
 * Rules match interface names, so they are put in place even if the device is not there yet, and stay until the binding
 * is deleted. A binding for a device that is not there succeeds, as with the stock driver; if its filter cannot be
 * built or the kernel does not take its rules, the port is closed until a definition changes or the daemon reloads, so
 * that the device is never open when it appears. Where the configuration is strict a filter that cannot be built is an
 * error there, too.
 */
#include "driver/engine/port_rules.h"

#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <string.h>

/*
 * An existing binding gives way to a new one if its device is gone, or if the device of that name is another one now
 * and belongs to another owner. A binding that never saw its device is not stale.
 */
static gboolean
is_stale(const NwfPort *port, const NwfBinding *new, unsigned ifindex)
{
    if (port->ifindex == 0 || port->ifindex == ifindex)
        return FALSE;
    return ifindex == 0 || memcmp(port->binding->owner_uuid, new->owner_uuid, sizeof(new->owner_uuid)) != 0;
}

static gboolean
check_duplicate(const NwfApplier *applier, const NwfBinding *binding, const NwfPort *existing, unsigned ifindex,
                GError **error)
{
    if (!existing)
        return TRUE;
    if (is_stale(existing, binding, ifindex)) {
        nwf_engine_log(applier->config, NWF_LOG_WARNING, "engine",
                       _("port '%s': the device of the binding of '%s' is gone, so that of '%s' takes its place"),
                       binding->portdev, existing->binding->owner_name, binding->owner_name);
        return TRUE;
    }
    return nwf_set_error(error, NWF_ERROR_OPERATION_FAILED,
                         _("port '%s': a filter binding already exists (filter '%s', owner '%s')"), binding->portdev,
                         existing->binding->filter, existing->binding->owner_name);
}

static gboolean
prepare_bind(const NwfApplier *applier, NwfRequest *request, GError **error)
{
    const char *name = request->portdev;
    g_autoptr(NwfPort) existing = nwf_catalog_port(applier->catalog, name);
    g_autoptr(NwfPort) port = nwf_port_new(request->binding);

    if (!nwf_port_name_is_usable(name, error) ||
        !check_duplicate(applier, request->binding, existing, if_nametoindex(name), error) ||
        !nwf_port_build_or_close(applier, request, port, error) ||
        (applier->config->strict && !nwf_notes_refuse(request->remarks, error)))
        return FALSE;

    /* The document to store: with the parameters in force. */
    g_autoptr(NwfParams) params = nwf_port_shown_params(port);
    g_autofree char *xml =
        nwf_binding_status_format(port->binding, params, applier->config->dialect, applier->backend->name);
    request->pending = nwf_store_prepare(applier->binding_store, name, NULL, xml, error);
    if (!request->pending)
        return FALSE;
    nwf_request_update(request, existing, g_steal_pointer(&port));
    return TRUE;
}

/* A binding for a device that is not there succeeds, whatever the kernel thinks of its rules. */
static gboolean
fall_back_bind(const NwfApplier *applier G_GNUC_UNUSED, NwfRequest *request, const GError *why)
{
    NwfPort *port = g_array_index(request->updates, NwfPortUpdate, 0).new;

    return port->ifindex == 0 && nwf_port_close_absent(request, port, why);
}

/* Somebody may have asked whether this very binding may be deleted: another one of the same port is not meant. */
static gboolean
prepare_unbind(const NwfApplier *applier, NwfRequest *request, GError **error)
{
    g_autoptr(NwfPort) existing = nwf_catalog_port(applier->catalog, request->portdev);

    if (!existing || existing->binding != request->binding)
        return nwf_set_error(error, NWF_ERROR_NO_BINDING, _("port '%s' has no filter binding"), request->portdev);
    request->remove_from = applier->binding_store;
    request->remove_name = g_strdup(request->portdev);
    nwf_request_update(request, existing, NULL);
    return TRUE;
}

const NwfRequestKind nwf_bind_kind = {.prepare = prepare_bind, .fall_back = fall_back_bind};
const NwfRequestKind nwf_unbind_kind = {.prepare = prepare_unbind};
