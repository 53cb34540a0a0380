/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bind.c: a port gets a filter, a port is let go
 *
 * Rules match interface names, so they are put in place even if the device is not there yet, and stay until the binding
 * is deleted. A binding for a device that is not there always succeeds, as with the stock driver; if its filter cannot
 * be built or the kernel does not take its rules, the port is closed until that changes, so that the device is never
 * open when it appears.
 */
#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <string.h>

#include "driver/engine/internal.h"

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
check_duplicate(NwfEngine *engine, const NwfPort *existing, const NwfBinding *binding, unsigned ifindex, GError **error)
{
    if (!existing)
        return TRUE;
    if (is_stale(existing, binding, ifindex)) {
        nwf_engine_log(engine, NWF_LOG_WARNING, "engine",
                       _("port '%s': the device of the binding of '%s' is gone, so that of '%s' takes its place"),
                       binding->portdev, existing->binding->owner_name, binding->owner_name);
        return TRUE;
    }
    return nwf_set_error(error, NWF_ERROR_OPERATION_FAILED, _("port '%s' is already bound to filter '%s' by '%s'"),
                         binding->portdev, existing->binding->filter, existing->binding->owner_name);
}

/* The document to store: with the parameters in force. */
static NwfPending *
prepare_file(NwfEngine *engine, const NwfPort *port, GError **error)
{
    g_autoptr(NwfParams) params =
        port->instantiated ? nwf_build_params(port->binding) : nwf_params_copy(port->binding->params);
    g_autofree char *xml = nwf_binding_status_format(port->binding, params, engine->config.dialect);
    return nwf_store_prepare(engine->binding_store, port->binding->portdev, NULL, xml, error);
}

static gboolean
prepare_bind(NwfEngine *engine, NwfGroup *group, GError **error)
{
    const char *name = group->portdev;
    NwfPort *existing = g_hash_table_lookup(engine->ports, name);
    unsigned ifindex = if_nametoindex(name);

    if (!nwf_port_name_is_usable(name, error) || !check_duplicate(engine, existing, group->binding, ifindex, error))
        return FALSE;

    g_autoptr(NwfPort) port = nwf_port_new(group->binding);
    if (!nwf_build_or_close(engine, port, group, error))
        return FALSE;
    group->pending = prepare_file(engine, port, error);
    if (!group->pending)
        return FALSE;
    nwf_group_swap(group, name, existing, g_steal_pointer(&port));
    return TRUE;
}

/* A binding for a device that is not there succeeds, whatever the kernel thinks of its rules. */
static gboolean
yield_bind(NwfEngine *engine G_GNUC_UNUSED, NwfGroup *group, const GError *why)
{
    NwfSwap *swap = g_ptr_array_index(group->swaps, 0);

    if (swap->new->ifindex != 0 || swap->new->closed)
        return FALSE;
    nwf_note(group->notes, _("port '%s' has no device and is closed: %s"), swap->name, why->message);
    nwf_build_closed(swap->new);
    return TRUE;
}

/* Somebody may have asked whether this very binding may be deleted: another one of the same port is not meant. */
static gboolean
prepare_unbind(NwfEngine *engine, NwfGroup *group, GError **error)
{
    NwfPort *existing = g_hash_table_lookup(engine->ports, group->portdev);

    if (!existing || existing->binding != group->binding)
        return nwf_set_error(error, NWF_ERROR_NO_BINDING, _("port '%s' has no filter binding"), group->portdev);
    group->remove_from = engine->binding_store;
    group->remove_name = g_strdup(group->portdev);
    nwf_group_swap(group, group->portdev, existing, NULL);
    return TRUE;
}

const NwfGroupKind nwf_bind_kind = {.prepare = prepare_bind, .yield = yield_bind};
const NwfGroupKind nwf_unbind_kind = {.prepare = prepare_unbind};

NwfBinding *
nwf_engine_bind(NwfEngine *engine, NwfBinding *binding, GError **error)
{
    g_autoptr(NwfGroup) group = nwf_group_new(&nwf_bind_kind);

    group->portdev = g_strdup(binding->portdev);
    group->binding = nwf_binding_ref(binding);
    if (!nwf_group_run(engine, group, error))
        return NULL;
    return nwf_binding_ref(binding);
}

gboolean
nwf_engine_unbind(NwfEngine *engine, NwfBinding *binding, GError **error)
{
    g_autoptr(NwfGroup) group = nwf_group_new(&nwf_unbind_kind);

    group->portdev = g_strdup(binding->portdev);
    group->binding = nwf_binding_ref(binding);
    return nwf_group_run(engine, group, error);
}
