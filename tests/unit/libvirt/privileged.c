/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * privileged.c: the driver as a privileged daemon has it, in this process
 *
 * A privileged start would use the host's folders. So the driver starts as in an unprivileged daemon, which finds
 * libvirt's slots, and is then given an engine.
 */
#include "tests/unit/libvirt/privileged.h"

#include "driver/tech/backends.h"

#include "driver/libvirt/call.h"
#include "driver/libvirt/state_driver.h"
#include "tests/unit/tech/kernel/sandbox.h"

#include <dlfcn.h>
#include <libvirt/virterror.h>

int nwfilterRegister(void);

static void
ignore_error(G_GNUC_UNUSED void *data, G_GNUC_UNUSED virErrorPtr error)
{
}

static void
log_nothing(G_GNUC_UNUSED NwfLogLevel level, G_GNUC_UNUSED const char *source, G_GNUC_UNUSED const char *message)
{
}

void
silence_libvirt(void)
{
    virSetErrorFunc(NULL, ignore_error);
}

void
allow_everything(void)
{
    void *(*make)(const char *name) = (void *(*)(const char *))dlsym(RTLD_DEFAULT, "virAccessManagerNew");
    void (*use)(void *manager) = (void (*)(void *))dlsym(RTLD_DEFAULT, "virAccessManagerSetDefault");

    g_assert_true(make && use);
    use(make("none"));
}

virConnectPtr
privileged_start(void)
{
    g_autoptr(GError) error = NULL;
    NwfEngineConfig config = {
        .filter_dir = "/run/libvirt-driver/nwfilter",
        .binding_dir = "/run/libvirt-driver/nwfilter-binding",
        .learn_dir = "/run/libvirt-driver/nwfilter-learn",
        .lease_file = "/run/libvirt-driver/network/nwfilter.leases",
        .dialect = NWF_DIALECT_9,
        .log = log_nothing,
    };

    const NwfBackendOptions options = {FALSE, NULL};

    if (!sandbox_enter())
        return NULL;
    sandbox_fresh();
    silence_libvirt();
    g_assert_cmpint(nwfilterRegister(), ==, 0);
    g_assert_cmpint(nwf_state_driver.initialize(false, NULL, false, NULL, NULL), ==, NWF_ABI_INIT_COMPLETE);
    allow_everything();
    config.backend = nwf_backend_kinds->new(&options);
    NwfEngine *engine = nwf_engine_new(&config, &error);
    g_assert_no_error(error);
    nwf_engine_settle(engine, G_TIME_SPAN_MINUTE);
    nwf_calls_start(engine, NWF_DIALECT_9);
    virConnectPtr conn = virConnectOpen("nwfilter:///system");
    g_assert_nonnull(conn);
    return conn;
}
