/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state_driver.c: start, reload and end of the driver in the daemon
 *
 * Start, in this order: the lock that keeps other daemons out; libvirt's slots, before the engine's threads; libxml2's
 * tables, before any client can have anything validated, by us or by libvirt; the configuration; the engine, which
 * brings all stored bindings up; then calls are taken. Two things end the daemon: another daemon that holds the lock,
 * and the root directory of an embedded driver. After any other failure the daemon lives and each call fails with the
 * reason: a daemon without filters is better than one that takes all guests' management away, because guests that need
 * a filter do not start without it, and the rules of those that run stay in the kernel.
 *
 * An unprivileged daemon has a driver without an engine and takes no lock.
 *
 * End: the driver waits for running calls and firewall tools, but not for ever, and frees the engine and the lock if
 * none is left; rules and files stay. If some still run, so does the engine, and the lock stays until the process has
 * ended; the next daemon ends the tool.
 *
 * A daemon that is started on demand ends when no client is connected. While there are bindings it must not end,
 * because learning and the repair of rules would end with it. The daemon counts inhibitions, so its function is called
 * only when that changes. It passes the function as an argument whose place changed once between releases. So an
 * address that is not in a loaded program or library is never called.
 */
#include "driver/libvirt/state_driver.h"
#include "conf/schema.h"
#include "driver/libvirt/calibrate.h"
#include "driver/libvirt/call.h"
#include "driver/libvirt/config.h"
#include "driver/libvirt/lock_file.h"
#include "driver/libvirt/messages.h"
#include "driver/libvirt/symbols.h"
#include "driver/run/command.h"

#include <dlfcn.h>
#include <glib/gi18n-lib.h>

/* The stock driver's places. They belong to the daemon's package, not to the prefix of ours. */
#define FILTER_DIR  "/etc/libvirt/nwfilter"
#define CONFIG_FILE "/etc/libvirt/nwfilter.conf"
#define LOCK_DIR    "/run/libvirt/nwfilter"
#define CHILD_LOCK  "/run/libvirt/nwfilter/tools"
#define BINDING_DIR "/run/libvirt/nwfilter-binding"
#define LEARN_DIR   "/run/libvirt/nwfilter-learn"
#define LEASE_FILE  "/run/libvirt/network/nwfilter.leases"

/* How long the daemon waits for its ports to be filtered before it answers clients, in microseconds: whoever starts it
 * finds all done, unless there are a thousand ports or a tool that hangs. */
#define PATIENCE (1 * G_USEC_PER_SEC)

static NwfLockFile *lock_file; /* only initialize and cleanup use it */

static struct {
    GMutex lock;
    NwfAbiInhibit function; /* NULL: there is none, or the daemon ends */
    void *opaque;
    gboolean held;
} inhibitor;

static void
set_inhibit(NwfAbiInhibit function, void *opaque)
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

/* The engine's callback: whether there are bindings. */
static void
on_inhibit(gboolean inhibit, G_GNUC_UNUSED gpointer unused)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&inhibitor.lock);

    if (!inhibitor.function || inhibitor.held == inhibit)
        return;
    inhibitor.held = inhibit;
    inhibitor.function(inhibit, inhibitor.opaque);
}

/* What a report of a fault needs; docs/install.md says how to see it. */
static void
log_versions(unsigned long version, const char *backend)
{
    nwf_log_libvirt(NWF_LOG_INFO, _("libvirt-driver-nwfilter %s starts: libvirt %lu.%lu.%lu, backend %s"), NWF_VERSION,
                    version / 1000000, version / 1000 % 1000, version % 1000, backend);
}

/* A tool may take half a minute, at the start as well; the log tells what is waited for. */
static void
on_slow(const char *program, guint seconds, guint limit)
{
    g_autofree char *message = g_strdup_printf(
        _("%s has been running for %u s, and changes of filters and bindings wait for it; it is killed after %u s"),
        program, seconds, limit);

    nwf_log(NWF_LOG_WARNING, "tech", message);
}

static NwfEngine *
start_engine(unsigned long version, NwfDialect dialect, GError **error)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    NwfConfig config;

    gboolean fine = nwf_config_read(CONFIG_FILE, &config, notes, error);
    nwf_log_notes(notes);
    if (!fine)
        return NULL;
    log_versions(version, config.backend->name);
    const NwfBackendOptions options = {config.require_bridge_netfilter, CHILD_LOCK};
    NwfEngineConfig wanted = {
        .filter_dir = FILTER_DIR,
        .binding_dir = BINDING_DIR,
        .learn_dir = LEARN_DIR,
        .lease_file = LEASE_FILE,
        .open_until_known = config.learning_open_until_known,
        .strict = config.strict,
        .dialect = dialect,
        .backend = config.backend->new (&options),
        .log = nwf_log,
        .inhibit = on_inhibit,
    };
    nwf_command_when_slow(on_slow);
    NwfEngine *engine = nwf_engine_new(&wanted, error);
    if (engine)
        nwf_engine_settle(engine, PATIENCE);
    return engine;
}

static gboolean
start(gboolean privileged, unsigned long version, GError **error)
{
    NwfDialect dialect = nwf_dialect_of_version(version);

    nwf_errors_set_dialect(dialect);
    if (!nwf_calibrate(error))
        return FALSE;
    nwf_schema_prepare();
    NwfEngine *engine = NULL;
    if (!privileged)
        log_versions(version, "none");
    else if (!(engine = start_engine(version, dialect, error)))
        return FALSE;
    nwf_calls_start(engine, dialect);
    return TRUE;
}

static int
state_initialize(bool privileged, const char *root, G_GNUC_UNUSED bool monolithic, NwfAbiInhibit inhibit, void *opaque)
{
    g_autoptr(GError) error = NULL;
    unsigned long version = 0;

    if (root)
        nwf_set_error(&error, NWF_ERROR_ARGUMENT, _("the nwfilter driver cannot be embedded (root '%s')"), root);
    else if (privileged)
        lock_file = nwf_lock_file_take(LOCK_DIR, &error);
    if (error) {
        nwf_report(error);
        return NWF_ABI_INIT_ERROR; /* the daemon ends */
    }
    virGetVersion(&version, NULL, NULL);
    if (version >= NWF_ABI_VERSION_MONOLITHIC)
        set_inhibit(inhibit, opaque);

    if (!nwf_calls_refused() && !start(privileged, version, &error))
        nwf_calls_refuse(error);
    if (error)
        nwf_log_libvirt(NWF_LOG_ERROR, _("the nwfilter driver is switched off: %s"), error->message);
    return NWF_ABI_INIT_COMPLETE;
}

static int
state_reload(void)
{
    g_autoptr(GError) error = NULL;

    if (nwf_calls_refused())
        return 0;
    g_auto(NwfCall) call = nwf_call_begin();
    if (call.valid && call.engine && !nwf_engine_reload(call.engine, &error))
        nwf_log_libvirt(NWF_LOG_ERROR, _("not all network filters could be reloaded: %s"), error->message);
    return 0;
}

static int
state_cleanup(void)
{
    set_inhibit(NULL, NULL);
    if (!nwf_calls_stop())
        nwf_log_libvirt(NWF_LOG_WARNING, _("calls or firewall tools are still running while the daemon ends"));
    else if (lock_file)
        nwf_lock_file_drop(g_steal_pointer(&lock_file));
    return 0;
}

NwfAbiStateDriver nwf_state_driver = {
    .name = "NWFilter",
    .initialize = state_initialize,
    .cleanup = state_cleanup,
    .reload = state_reload,
};
