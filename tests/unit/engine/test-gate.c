/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-gate.c: how many callers wait for the applier, and what becomes of the others
 */
#include "driver/engine/gate.h"

enum { INSIDE = 2, PATIENCE = G_USEC_PER_SEC / 2 };

static gpointer
enter(gpointer gate)
{
    return GINT_TO_POINTER(nwf_gate_enter(gate, NULL));
}

static void
assert_refused(NwfGate *gate)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(nwf_gate_enter(gate, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
}

static NwfGate *
full(void)
{
    NwfGate *gate = nwf_gate_new(INSIDE, PATIENCE);

    for (guint i = 0; i < INSIDE; i++)
        g_assert_true(nwf_gate_enter(gate, NULL));
    return gate;
}

static void
test_who_waits_comes_in(void)
{
    NwfGate *gate = full();
    GThread *caller = g_thread_new("caller", enter, gate);

    nwf_gate_leave(gate);
    g_assert_true(g_thread_join(caller));
    nwf_gate_free(gate);
}

/* The first one waits as long as is allowed; after that nobody waits, until somebody inside was answered. */
static void
test_nobody_waits_for_ever(void)
{
    NwfGate *gate = full();
    gint64 begin = g_get_monotonic_time();
    GThread *others[] = {g_thread_new("caller", enter, gate), g_thread_new("caller", enter, gate)};

    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(g_thread_join(others[i]));
    g_assert_cmpint(g_get_monotonic_time() - begin, >=, PATIENCE);
    for (guint i = 0; i < 1000; i++) /* half a second each would be minutes */
        assert_refused(gate);
    nwf_gate_leave(gate);
    g_assert_true(nwf_gate_enter(gate, NULL));
    begin = g_get_monotonic_time();
    assert_refused(gate);
    g_assert_cmpint(g_get_monotonic_time() - begin, >=, PATIENCE); /* it waits again */
    nwf_gate_free(gate);
}

/* While those inside are answered, each within the allowed time, nobody is refused, however long all take. */
static void
test_slow_is_not_stuck(void)
{
    NwfGate *gate = nwf_gate_new(1, 2 * G_USEC_PER_SEC);
    GThread *others[6];

    g_assert_true(nwf_gate_enter(gate, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        others[i] = g_thread_new("caller", enter, gate);
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) { /* together longer than one caller may wait for nothing */
        g_usleep(G_USEC_PER_SEC / 2);
        nwf_gate_leave(gate);
    }
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_true(g_thread_join(others[i]));
    assert_refused(gate);
    nwf_gate_free(gate);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/gate/who-waits-comes-in", test_who_waits_comes_in);
    g_test_add_func("/engine/gate/slow-is-not-stuck", test_slow_is_not_stuck);
    g_test_add_func("/engine/gate/nobody-waits-for-ever", test_nobody_waits_for_ever);
    return g_test_run();
}
