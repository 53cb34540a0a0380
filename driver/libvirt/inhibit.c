/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inhibit.c: the daemon's inhibit function
 *
 * A daemon that is started on demand ends when no client is connected. While there are bindings it must not end,
 * because learning and the repair of rules would end with it. The daemon counts inhibitions, so its function is called
 * only when that changes.
 *
 * The daemon passes the function as an argument whose place changed once between releases. So an address that is not in
 * a loaded program or library is never called.
 */
#include "driver/libvirt/inhibit.h"
#include "driver/libvirt/messages.h"

#include <dlfcn.h>
#include <glib/gi18n-lib.h>

static struct {
    GMutex lock;
    NwfAbiInhibit function;
    void *opaque;
    gboolean held;
} inhibitor;

void
nwf_inhibit_use(NwfAbiInhibit function, void *opaque)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&inhibitor.lock);
    union {
        NwfAbiInhibit function;
        const void *address;
    } place = {.function = function};
    Dl_info info;

    if (function && !dladdr(place.address, &info)) {
        nwf_log_libvirt(NWF_LOG_WARNING, _("the daemon's inhibit function is not recognised; the daemon may go idle"));
        return;
    }
    inhibitor.function = function;
    inhibitor.opaque = opaque;
}

void
nwf_inhibit(gboolean inhibit, G_GNUC_UNUSED gpointer unused)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&inhibitor.lock);

    if (!inhibitor.function || inhibitor.held == inhibit)
        return;
    inhibitor.held = inhibit;
    inhibitor.function(inhibit, inhibitor.opaque);
}

void
nwf_inhibit_forget(void)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&inhibitor.lock);

    inhibitor.function = NULL;
}
