/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * register.c: the one function that libvirt looks for in the module
 *
 * It runs in the daemon's main thread while the daemon loads its modules, before any other function of ours. The
 * hypervisor drivers that are loaded after it share the nwfilter table as it is then; calibration fills the slots
 * later. Without the functions that the driver needs to work the table is not shared, and connections fail with the
 * reason.
 *
 * Messages are in the daemon's language, which the daemon sets. GLib looks translations up only if there are some of
 * the program itself: without libvirt's own catalogue for a language all messages are English.
 *
 * If libvirt cannot even register a driver there are two ways: to fail, which ends the daemon, or to return success, as
 * if there were no module. The latter is right where other drivers live in the same daemon, but clients of a daemon
 * that is for network filters alone would wait for ever.
 */
#include "driver/libvirt/call.h"
#include "driver/libvirt/connect_driver.h"
#include "driver/libvirt/messages.h"
#include "driver/libvirt/state_driver.h"
#include "driver/libvirt/symbols.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

/* The only symbol that the module exports. */
__attribute__((visibility("default"))) int nwfilterRegister(void);

int
nwfilterRegister(void)
{
    g_autoptr(GError) error = NULL;

    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");

    NwfSymbolsFound found = nwf_symbols_load(&error);
    if (error)
        nwf_log_libvirt(NWF_LOG_ERROR, _("the nwfilter driver is switched off: %s"), error->message);
    if (found == NWF_SYMBOLS_UNUSABLE)
        return g_strcmp0(program_invocation_short_name, "virtnwfilterd") == 0 ? -1 : 0;
    if (found == NWF_SYMBOLS_PARTIAL)
        nwf_calls_refuse(error);
    if (nwf_symbols.virRegisterConnectDriver(&nwf_connect_driver, false) < 0)
        return -1;
    if (found == NWF_SYMBOLS_ALL && nwf_symbols.virSetSharedNWFilterDriver(nwf_nwfilter_table) < 0)
        return -1;
    return nwf_symbols.virRegisterStateDriver(&nwf_state_driver) < 0 ? -1 : 0;
}
