/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-end.c: the end of a privileged daemon while a call does not return
 */
#include "driver/libvirt/call.h"
#include "driver/libvirt/state_driver.h"
#include "tests/unit/libvirt/privileged.h"
#include "tests/unit/tech/kernel/sandbox.h"

#include <sys/mount.h>

#define LOCK "/run/libvirt/nwfilter/driver.pid"

int nwfilterRegister(void);

/* The engine goes on then: another daemon must not begin before this process has ended. */
static void
test_the_lock_stays_while_a_call_runs(void)
{
    g_assert_cmpint(nwf_state_driver.initialize(true, NULL, false, NULL, NULL), ==, NWF_ABI_INIT_COMPLETE);
    NwfCall call = nwf_call_begin();
    g_assert_true(call.valid && call.engine);
    g_assert_true(g_file_test(LOCK, G_FILE_TEST_EXISTS));
    g_assert_cmpint(nwf_state_driver.cleanup(), ==, 0);
    g_assert_true(g_file_test(LOCK, G_FILE_TEST_EXISTS));
    nwf_call_end(&call);
    g_assert_cmpint(nwf_state_driver.cleanup(), ==, 0); /* all calls have ended now */
    g_assert_false(g_file_test(LOCK, G_FILE_TEST_EXISTS));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!sandbox_enter() || mount("none", "/etc/libvirt", "tmpfs", 0, NULL) != 0) {
        g_print("1..0 # SKIP needs root, namespaces and the folder /etc/libvirt\n");
        return 77;
    }
    sandbox_fresh();
    silence_libvirt();
    g_assert_cmpint(nwfilterRegister(), ==, 0);
    g_test_add_func("/driver/end/the-lock-stays-while-a-call-runs", test_the_lock_stays_while_a_call_runs);
    return g_test_run();
}
