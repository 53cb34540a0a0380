/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * connect_driver.c: connections to nwfilter:///system, and the tables of functions that libvirt calls through
 *
 * From registration until calibration only name, open and close are in the tables; for an empty slot libvirt itself
 * answers "not supported". The name of the hypervisor table is what virConnectGetType() returns, and what virtnwfilterd
 * compares with.
 *
 * A connection has no state of ours. The thread that drops the last reference closes it, often that of the event loop,
 * so closing does nothing. A hypervisor driver's connection can share our nwfilter table, but not the functions of this
 * file.
 */
#include "driver/libvirt/connect_driver.h"
#include "driver/libvirt/call.h"
#include "driver/libvirt/messages.h"
#include "driver/libvirt/symbols.h"

#include <glib/gi18n-lib.h>

static GPrivate to_self; /* virConnectPtr *: while this thread is in nwf_connect_to_self(): what it opened */

virConnectPtr
nwf_connect_to_self(gboolean *opened_here)
{
    virConnectPtr opened = NULL;

    g_private_set(&to_self, &opened);
    virConnectPtr conn = virConnectOpen("nwfilter:///system");
    g_private_set(&to_self, NULL);
    *opened_here = conn && conn == opened;
    return conn;
}

/* libvirt chose this driver by the scheme; only one path is valid. */
static gboolean
path_is_system(virConnectPtr conn, GError **error)
{
    g_autofree char *uri = virConnectGetURI(conn);
    g_autofree char *path = NULL;
    g_autofree char *shown = NULL;

    if (uri && g_uri_split(uri, G_URI_FLAGS_PARSE_RELAXED, NULL, NULL, NULL, NULL, &path, NULL, NULL, NULL) &&
        g_strcmp0(path, "/system") == 0)
        return TRUE;
    shown = nwf_clip(uri ? uri : ""); /* any client may send any length */
    return nwf_set_error(error, NWF_ERROR_INTERNAL, _("the URI '%s' is not known; try nwfilter:///system"), shown);
}

static int
open_connection(virConnectPtr conn, G_GNUC_UNUSED virConnectAuthPtr auth, G_GNUC_UNUSED void *config,
                unsigned int flags)
{
    virConnectPtr *opened = g_private_get(&to_self);
    g_autoptr(GError) error = NULL;

    if (opened) {
        *opened = conn;
        return NWF_ABI_OPEN_SUCCESS;
    }

    g_auto(NwfCall) call = nwf_call_begin();
    if (!call.valid || !nwf_flags_fit("connectOpen", flags, VIR_CONNECT_RO))
        return NWF_ABI_OPEN_ERROR;
    if (!path_is_system(conn, &error)) {
        nwf_report(error);
        return NWF_ABI_OPEN_ERROR;
    }
    return nwf_symbols.virConnectOpenEnsureACL(conn) >= 0 ? NWF_ABI_OPEN_SUCCESS : NWF_ABI_OPEN_ERROR;
}

static int
close_connection(G_GNUC_UNUSED virConnectPtr conn)
{
    return 0;
}

int
nwf_connect_is_encrypted(G_GNUC_UNUSED virConnectPtr conn)
{
    return 0;
}

int
nwf_connect_is_secure_and_alive(G_GNUC_UNUSED virConnectPtr conn)
{
    return 1;
}

NwfAbiSlot nwf_hypervisor_table[NWF_ABI_TABLE_SLOTS] = {
    [NWF_ABI_SLOT_NAME].name = "nwfilter",
    [NWF_ABI_SLOT_OPEN].call = (NwfAbiFunction)open_connection,
    [NWF_ABI_SLOT_CLOSE].call = (NwfAbiFunction)close_connection,
};

NwfAbiSlot nwf_nwfilter_table[NWF_ABI_TABLE_SLOTS] = {
    [NWF_ABI_SLOT_NAME].name = "nwfilter",
};

static const char *const uri_schemes[] = {"nwfilter", NULL};

NwfAbiConnectDriver nwf_connect_driver = {
    .local_only = true,
    .uri_schemes = uri_schemes,
    .hypervisor = nwf_hypervisor_table,
    .nwfilter = nwf_nwfilter_table,
};
