/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * connect.c: connections to nwfilter:///system
 *
 * A connection carries no state of ours. Close comes from whichever thread drops the last reference, often the one of
 * the event loop, so it does nothing. The connection to a hypervisor driver that shares our nwfilter table never comes
 * here.
 */
#include "driver/libvirt/connect.h"
#include "driver/libvirt/calibrate.h"
#include "driver/libvirt/call.h"
#include "driver/libvirt/messages.h"
#include "driver/libvirt/symbols.h"

#include <glib/gi18n-lib.h>

/* libvirt has chosen us by the scheme; only one path has a meaning. */
static gboolean
path_is_system(virConnectPtr conn, GError **error)
{
    g_autofree char *uri = virConnectGetURI(conn);
    g_autofree char *path = NULL;
    g_autofree char *shown = NULL;

    if (uri && g_uri_split(uri, G_URI_FLAGS_PARSE_RELAXED, NULL, NULL, NULL, NULL, &path, NULL, NULL, NULL) &&
        g_strcmp0(path, "/system") == 0)
        return TRUE;
    shown = nwf_clip(uri ? uri : ""); /* of any length, from anybody */
    return nwf_set_error(error, NWF_ERROR_INTERNAL, _("the URI '%s' is not known; try nwfilter:///system"), shown);
}

int
nwf_connect_open(virConnectPtr conn, G_GNUC_UNUSED virConnectAuthPtr auth, G_GNUC_UNUSED void *config,
                 unsigned int flags)
{
    g_autoptr(GError) error = NULL;

    if (nwf_calibrate_opens(conn))
        return NWF_ABI_OPEN_SUCCESS;

    g_auto(NwfCall) call = nwf_call_begin();
    if (!call.valid || !nwf_flags_fit("connectOpen", flags, VIR_CONNECT_RO))
        return NWF_ABI_OPEN_ERROR;
    if (!path_is_system(conn, &error)) {
        nwf_report(error);
        return NWF_ABI_OPEN_ERROR;
    }
    return nwf_symbols.virConnectOpenEnsureACL(conn) >= 0 ? NWF_ABI_OPEN_SUCCESS : NWF_ABI_OPEN_ERROR;
}

int
nwf_connect_close(G_GNUC_UNUSED virConnectPtr conn)
{
    return 0;
}

int
nwf_connect_is_encrypted(G_GNUC_UNUSED virConnectPtr conn)
{
    return 0;
}

int
nwf_connect_is_secure(G_GNUC_UNUSED virConnectPtr conn)
{
    return 1;
}

int
nwf_connect_is_alive(G_GNUC_UNUSED virConnectPtr conn)
{
    return 1;
}
