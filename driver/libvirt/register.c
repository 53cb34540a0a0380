/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * register.c: the one function that libvirt looks for in the module
 *
 * Runs in the daemon's main thread while it loads its modules, before any other of our functions. The hypervisor
 * drivers that are loaded after us take the shared table as it stands here; its slots are filled later, by calibration.
 * Without the functions that the driver needs to work the table is not shared, and connections to us are told why.
 *
 * Messages are in the daemon's language, which the daemon sets, not we. GLib looks translations up only where those of
 * the program itself are there: without libvirt's own catalogue for that language all messages are English.
 *
 * If libvirt cannot even register a driver there are two ways: to fail, which ends the daemon, or to stay silent, which
 * is as if no module were there. The latter is right where other drivers live in the same daemon, but clients of a
 * daemon that is for network filters alone would wait for ever.
 */
#include "driver/libvirt/call.h"
#include "driver/libvirt/connect_driver.h"
#include "driver/libvirt/messages.h"
#include "driver/libvirt/state_driver.h"
#include "driver/libvirt/symbols.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

/* The only symbol that others see. */
__attribute__((visibility("default"))) int nwfilterRegister(void);

static gboolean
daemon_is_ours_alone(void)
{
    return g_strcmp0(program_invocation_short_name, "virtnwfilterd") == 0;
}

static int
register_drivers(gboolean share)
{
    if (nwf_symbols.virRegisterConnectDriver(&nwf_connect_driver, false) < 0)
        return -1;
    if (share && nwf_symbols.virSetSharedNWFilterDriver(nwf_nwfilter_table) < 0)
        return -1;
    return nwf_symbols.virRegisterStateDriver(&nwf_state_driver) < 0 ? -1 : 0;
}

int
nwfilterRegister(void)
{
    g_autoptr(GError) error = NULL;
    NwfSymbolsFound found;

    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");

    found = nwf_symbols_load(&error);
    if (error)
        nwf_log_libvirt(NWF_LOG_ERROR, _("the nwfilter driver is switched off: %s"), error->message);
    if (found == NWF_SYMBOLS_UNUSABLE)
        return daemon_is_ours_alone() ? -1 : 0;
    if (found == NWF_SYMBOLS_PARTIAL)
        nwf_calls_refuse(error);
    return register_drivers(found == NWF_SYMBOLS_ALL);
}
