/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request_restore.c: bound ports are brought in line, ports that nobody binds are released
 *
 * At start, after a reload, when a definition appears and when somebody changed the kernel, each port is a request of
 * its own: one that cannot be built, or that the kernel refuses, becomes a closed port and harms no other. If not even
 * that can be put in place because there is no tool, nobody knows what the kernel holds of the port, and it is tried
 * again later. So is a port that was filtered until its rules had to be written again: what the kernel took once it
 * should take again. Nothing of this is an error to anybody; it is logged when it begins and when it ends, not at each
 * try.
 */
#include "driver/engine/port_rules.h"

#include <glib/gi18n-lib.h>
#include <net/if.h>

static gboolean
is_in_state(const NwfPort *port, NwfWhich which, NwfKnown known)
{
    return port->state.which == which && port->state.known == known;
}

/* Whether a line of the log said before that the port is closed, or that nobody knows. */
static gboolean
was_in_trouble(const NwfPort *port)
{
    return port->state.which == NWF_WHICH_CLOSED || (port->state.known == NWF_KNOWN_UNKNOWN && !nwf_port_is_new(port));
}

static void
log_closed(const NwfApplier *applier, const NwfPort *old, const GError *why)
{
    if (!was_in_trouble(old))
        nwf_engine_log(applier->config, NWF_LOG_ERROR, "engine", _("port '%s' is closed: %s"), old->binding->portdev,
                       why->message);
}

static gboolean
build_restored(const NwfApplier *applier, NwfRequest *request, NwfPort *port, GError **error)
{
    if (request->restored == NWF_RESTORED_SAME && port->state.known != NWF_KNOWN_UNKNOWN)
        return TRUE;
    if (request->restored < NWF_RESTORED_WAITING || !port->terms)
        return nwf_port_build(applier, request, port, error);
    if (request->restored == NWF_RESTORED_RESTING)
        nwf_note(request->notes, _("its learned addresses change more often than its rules can be made; it has those "
                                   "of a port without address while it has to wait"));
    return nwf_port_build_resting(applier, port, error);
}

static gboolean
prepare_restore(const NwfApplier *applier, NwfRequest *request, GError **error G_GNUC_UNUSED)
{
    g_autoptr(NwfPort) existing = nwf_catalog_port(applier->catalog, request->portdev);
    g_autoptr(GError) why = NULL;

    if (!existing)
        return TRUE; /* unbound since the request was made */
    g_autoptr(NwfPort) port = nwf_port_copy(existing);
    nwf_port_saw_device(port, if_nametoindex(request->portdev));
    if (!build_restored(applier, request, port, &why)) {
        log_closed(applier, existing, why);
        nwf_port_close_for(port, why);
    }
    nwf_request_update(request, existing, g_steal_pointer(&port));
    return TRUE;
}

/* Rules with learned addresses were refused: the port goes on with those that it had while it knew none. */
static gboolean
keep_learning(const NwfApplier *applier, const NwfPortUpdate *update, const GError *why)
{
    NwfPort *port = update->new;

    if (!port->terms || port->state.which != NWF_WHICH_FILTER ||
        !nwf_port_build_interim(applier, port, NWF_KNOWN_REFUSED, NULL))
        return FALSE;
    if (!is_in_state(update->old, NWF_WHICH_INTERIM, NWF_KNOWN_REFUSED))
        nwf_engine_log(applier->config, NWF_LOG_ERROR, "engine",
                       _("port '%s' is not opened for its addresses; this is tried again later: %s"),
                       port->binding->portdev, why->message);
    return TRUE;
}

static gboolean
fall_back_restore(const NwfApplier *applier, NwfRequest *request, const GError *why)
{
    const NwfPortUpdate *update = &g_array_index(request->updates, NwfPortUpdate, 0);
    const NwfPort *old = update->old;

    if (!update->new || update->new->state.which == NWF_WHICH_CLOSED)
        return FALSE;
    if (keep_learning(applier, update, why))
        return TRUE;
    log_closed(applier, old, why);
    gboolean once_held =
        old->state.which == NWF_WHICH_CLOSED ? old->state.known != NWF_KNOWN_ACKNOWLEDGED : old->rules != NULL;
    if (once_held)
        nwf_port_close(update->new, NWF_KNOWN_REFUSED);
    else
        nwf_port_close_for(update->new, why);
    return TRUE;
}

static gboolean
defer_restore(const NwfApplier *applier, NwfRequest *request, const GError *why)
{
    NwfPortUpdate *update = &g_array_index(request->updates, NwfPortUpdate, 0);

    if (!update->old)
        return FALSE;
    gboolean again = update->old->state.known == NWF_KNOWN_UNKNOWN && !nwf_port_is_new(update->old);
    nwf_engine_log(applier->config, again ? NWF_LOG_DEBUG : NWF_LOG_ERROR, "engine",
                   _("port '%s' can be neither filtered nor closed; this is tried again later: %s"), request->portdev,
                   why->message);
    nwf_port_unref(update->new);
    update->new = nwf_port_copy_unknown(update->old);
    return TRUE;
}

static gboolean
prepare_release(const NwfApplier *applier, NwfRequest *request, GError **error G_GNUC_UNUSED)
{
    g_autoptr(NwfPort) existing = nwf_catalog_port(applier->catalog, request->portdev);

    if (existing)
        return TRUE; /* bound since the request was made */
    nwf_engine_log(applier->config, NWF_LOG_INFO, "engine", _("port '%s' has no filter binding: its rules are removed"),
                   request->portdev);
    nwf_request_release(request, request->portdev);
    return TRUE;
}

const NwfRequestKind *
nwf_restore_kind_of(NwfCatalog *catalog, const char *portdev)
{
    return nwf_catalog_is_bound(catalog, portdev) ? &nwf_restore_kind : &nwf_release_kind;
}

GPtrArray *
nwf_restore_requests(NwfCatalog *catalog, GPtrArray *in_kernel)
{
    g_autoptr(GPtrArray) ports = nwf_catalog_ports(catalog);
    GPtrArray *requests = nwf_requests_new();

    for (guint i = 0; i < ports->len; i++)
        nwf_requests_add(requests, &nwf_restore_kind, ((const NwfPort *)g_ptr_array_index(ports, i))->binding->portdev);
    for (guint i = 0; in_kernel && i < in_kernel->len; i++)
        if (!nwf_catalog_is_bound(catalog, g_ptr_array_index(in_kernel, i)))
            nwf_requests_add(requests, &nwf_release_kind, g_ptr_array_index(in_kernel, i));
    for (guint i = 0; i < requests->len; i++)
        ((NwfRequest *)g_ptr_array_index(requests, i))->unsure = TRUE;
    return requests;
}

const NwfRequestKind nwf_restore_kind = {
    .prepare = prepare_restore, .fall_back = fall_back_restore, .defer = defer_restore};
const NwfRequestKind nwf_release_kind = {.prepare = prepare_release};
