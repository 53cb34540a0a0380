/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-pace.c: guests that change their addresses all the time
 *
 * The clock is the stage's: it says how long a change of the kernel took, and what time it is. So each story is exact,
 * on a machine of any speed.
 */
#include "tests/unit/engine/stage.h"

enum { COST = 300 * G_TIME_SPAN_MILLISECOND, ALLOWANCE = 2 * G_TIME_SPAN_SECOND, REST = 20 * COST - ALLOWANCE };

/* As stage_two_ports(); a change of the kernel takes COST from now on, and "va" has just changed. */
static Stage *
a_slow_change(void)
{
    g_autoptr(GError) error = NULL;
    Stage *stage = stage_two_ports();

    fake_backend_slow(stage->fake, &stage->clock, COST);
    fake_learner_learn("va", "10.0.0.6");
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_true(stage_is_right(stage, "va"));
    g_assert_false(stage_waits(stage, "va"));
    stage_check(stage);
    return stage;
}

/* After a change a port waits for the next one many times as long as it took; meanwhile it keeps what it may have. */
static void
test_a_further_address_waits(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stage) stage = a_slow_change();

    guint calls = fake_backend_calls(stage->fake);
    fake_learner_learn("va", "10.0.0.6 10.0.0.7");
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "va", FILTER, ACKNOWLEDGED);
    g_assert_false(stage_is_right(stage, "va"));
    g_assert_true(stage_waits(stage, "va"));
    stage_check(stage);
    stage_pass(stage, REST - 1);
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_cmpuint(fake_backend_calls(stage->fake), ==, calls);
    stage_pass(stage, 1);
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_true(stage_is_right(stage, "va"));
    g_assert_false(stage_waits(stage, "va"));
    stage_check(stage);
}

/* However often it changes: what a port has lost it is not allowed behind that turn, at the cost of one change. */
static void
test_a_lost_address_does_not_wait(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stage) stage = a_slow_change();
    guint calls = fake_backend_calls(stage->fake);

    for (guint i = 0; i < 40; i++) {
        g_autofree char *address = i % 2 ? g_strdup_printf("10.0.1.%u", i) : NULL;
        fake_learner_learn("va", address);
        expect_done(stage_turn(stage, NULL, &error));
        assert_state(stage, "va", INTERIM, ACKNOWLEDGED);
        stage_check(stage);
    }
    g_assert_cmpuint(fake_backend_calls(stage->fake), ==, calls + 1);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "'va': its learned addresses change more often"), ==, 1);
    stage_pass(stage, REST); /* the second change has its rest, too */
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "va", INTERIM, ACKNOWLEDGED);
    stage_pass(stage, 10 * G_TIME_SPAN_SECOND - REST);
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "va", FILTER, ACKNOWLEDGED);
    g_assert_true(stage_is_right(stage, "va"));
    stage_check(stage);
}

/* Honest guests change their addresses more than once at a time; when that is cheap nothing waits. */
static void
test_some_cheap_changes_do_not_wait(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    fake_backend_slow(stage->fake, &stage->clock, COST / 20);
    for (guint i = 0; i < 6; i++) {
        g_autofree char *address = g_strdup_printf("10.0.1.%u", i);
        fake_learner_learn("va", address);
        expect_done(stage_turn(stage, NULL, &error));
        g_assert_true(stage_is_right(stage, "va"));
        stage_check(stage);
    }
    for (guint i = 0; i < 6; i++) {
        fake_learner_learn("va", i % 2 ? "10.0.2.1" : "10.0.2.2");
        expect_done(stage_turn(stage, NULL, &error));
    }
    g_assert_true(stage_waits(stage, "va"));
    stage_check(stage);
}

/* The longest rest is bounded, however slow the kernel is. */
static void
test_a_rest_is_bounded(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stage) stage = stage_two_ports();

    fake_backend_slow(stage->fake, &stage->clock, G_TIME_SPAN_MINUTE);
    fake_learner_learn("va", "10.0.0.6");
    expect_done(stage_turn(stage, NULL, &error));
    fake_learner_learn("va", "10.0.0.6 10.0.0.7");
    stage_pass(stage, G_TIME_SPAN_MINUTE - 1);
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_true(stage_waits(stage, "va"));
    stage_pass(stage, 1);
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_true(stage_is_right(stage, "va"));
}

/* What users do is not put off: a definition gives a port that waits its addresses, and a bind is not slowed. */
static void
test_calls_do_not_wait(void)
{
    g_autoptr(Stage) stage = a_slow_change();
    g_autoptr(GError) error = NULL;

    fake_learner_learn("va", "10.0.0.8");
    expect_done(stage_turn(stage, NULL, NULL));
    assert_state(stage, "va", INTERIM, ACKNOWLEDGED);
    expect_done(stage_turn(stage, stage_bind("vb", "web"), &error));
    g_assert_true(stage_is_right(stage, "vb"));
    expect_done(stage_turn(stage, stage_define("own", OWN_ADDRESS ETHER("1002")), &error));
    g_assert_true(stage_is_right(stage, "va"));
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_false(stage_waits(stage, "va"));
    stage_check(stage);
}

/* Two ports whose rules do not fit into one slice, and both have learned before. */
static Stage *
two_large_ports(void)
{
    g_autoptr(GError) error = NULL;
    Stage *stage = stage_new();
    g_autoptr(GString) body = g_string_new(OWN_ADDRESS);

    for (guint i = 0; i < 3000; i++)
        g_string_append(body, ETHER("1001"));
    expect_done(stage_turn(stage, stage_define("web", ETHER("1001")), &error));
    expect_done(stage_turn(stage, stage_define("own", body->str), &error));
    expect_done(stage_turn(stage, stage_bind("va", "own"), &error));
    expect_done(stage_turn(stage, stage_bind("vb", "own"), &error));
    fake_learner_learn("va", "10.0.0.1");
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_true(stage_is_right(stage, "va"));
    stage_check(stage);
    return stage;
}

static void
is_answered(FakeBackend *fake G_GNUC_UNUSED, gpointer data)
{
    g_assert_true(((const NwfRequest *)data)->answered);
}

/* A call that came in the same turn is answered before learned addresses get their rules, and one that comes between
 * two slices waits for one of them alone. */
static void
test_calls_come_before_learned_addresses(void)
{
    g_autoptr(Stage) stage = two_large_ports();
    g_autoptr(GError) error = NULL;
    NwfRequest *bind = stage_bind("lo", "web");

    fake_learner_learn("va", "10.0.0.1 10.0.0.2");
    fake_learner_learn("vb", "10.0.0.3");
    fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_TAKES});
    fake_backend_then(stage->fake, (FakeStep){FAKE_TAKES, is_answered, bind, FALSE});
    guint calls = fake_backend_calls(stage->fake);
    expect_done(stage_turn(stage, bind, &error));
    g_assert_cmpuint(fake_backend_calls(stage->fake), ==, calls + 2);
    g_assert_true(stage_is_right(stage, "vb")); /* it had never learned, so it is first */
    g_assert_true(stage_waits(stage, "va"));
    stage_check(stage);
    expect_done(stage_turn(stage, stage_bind("vc", "web"), &error));
    g_assert_cmpuint(fake_backend_calls(stage->fake), ==, calls + 4);
    g_assert_true(stage_is_right(stage, "va"));
    stage_check(stage);
}

/* Behind a slice that is full a port has to wait, too: what it lost it is not allowed meanwhile. */
static void
test_a_full_slice_allows_nothing_lost(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stage) stage = two_large_ports();

    fake_learner_learn("va", "10.0.0.4");
    fake_learner_learn("vb", "10.0.0.3");
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_true(stage_is_right(stage, "vb"));
    assert_state(stage, "va", INTERIM, ACKNOWLEDGED);
    stage_check(stage);
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_true(stage_is_right(stage, "va"));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "its learned addresses change more often"), ==, 0);
    stage_check(stage);
}

/* So many ports of 40 rules that have an address each. */
static Stage *
many_ports(guint n)
{
    g_autoptr(GError) error = NULL;
    Stage *stage = stage_new();
    g_autoptr(GString) body = g_string_new(OWN_ADDRESS);

    for (guint i = 1; i < 40; i++)
        g_string_append(body, ETHER("1001"));
    expect_done(stage_turn(stage, stage_define("own", body->str), &error));
    for (guint i = 0; i < n; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i), *address = g_strdup_printf("10.0.%u.%u", i / 200, i % 200);
        fake_learner_learn(port, address);
        expect_done(stage_turn(stage, stage_bind(port, "own"), &error));
        g_assert_true(stage_is_right(stage, port));
    }
    return stage;
}

static void
all_lose_their_addresses(guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        fake_learner_learn(port, NULL);
    }
}

static guint
count_waiting(Stage *stage, guint n)
{
    guint waiting = 0;

    for (guint i = 0; i < n; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        waiting += stage_waits(stage, port);
    }
    return waiting;
}

/* After the host has slept the leases of all guests end at once: all follow in that turn, at once, and nobody is
 * blamed. */
static void
test_many_leases_end_at_once(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stage) stage = many_ports(100);
    guint calls = fake_backend_calls(stage->fake);

    all_lose_their_addresses(100);
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_cmpuint(fake_backend_calls(stage->fake), ==, calls + 1);
    g_assert_cmpuint(count_waiting(stage, 100), ==, 0);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "its learned addresses change more often"), ==, 0);
    stage_check(stage);
}

/* More than fit into a turn wait for the others, without what they lost, and nobody is blamed either. */
static void
test_very_many_leases_end_at_once(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stage) stage = many_ports(300);

    all_lose_their_addresses(300);
    expect_done(stage_turn(stage, NULL, &error));
    guint waiting = count_waiting(stage, 300);
    g_assert_cmpuint(waiting, >=, 300 - 5000 / 40);
    stage_check(stage);
    for (guint i = 0; waiting > 0; i++) {
        g_assert_cmpuint(i, <, 20);
        expect_done(stage_turn(stage, NULL, &error));
        g_assert_cmpuint(count_waiting(stage, 300), <, waiting);
        waiting = count_waiting(stage, 300);
        stage_check(stage);
    }
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "its learned addresses change more often"), ==, 0);
}

/* Small ports share a slice. */
static void
test_small_ports_share_a_slice(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stage) stage = stage_two_ports();

    expect_done(stage_turn(stage, stage_bind("vb", "own"), &error));
    expect_done(stage_turn(stage, stage_bind("vc", "own"), &error));
    guint calls = fake_backend_calls(stage->fake);
    fake_learner_learn("va", "10.0.0.6");
    fake_learner_learn("vb", "10.0.0.7");
    fake_learner_learn("vc", "10.0.0.8");
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_cmpuint(fake_backend_calls(stage->fake), ==, calls + 1);
    stage_check(stage);
}

/* A port that is unbound while it waits is forgotten; bound again it has the rules of what it knows. */
static void
test_a_port_goes_while_it_waits(void)
{
    g_autoptr(Stage) stage = a_slow_change();
    g_autoptr(GError) error = NULL;

    fake_learner_learn("va", "10.0.0.7");
    expect_done(stage_turn(stage, NULL, &error));
    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    g_assert_false(stage_waits(stage, "va"));
    g_assert_null(fake_backend_holds(stage->fake, "va"));
    expect_done(stage_turn(stage, stage_bind("va", "own"), &error));
    g_assert_true(stage_is_right(stage, "va"));
    stage_check(stage);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/pace/further", test_a_further_address_waits);
    g_test_add_func("/engine/pace/lost", test_a_lost_address_does_not_wait);
    g_test_add_func("/engine/pace/cheap", test_some_cheap_changes_do_not_wait);
    g_test_add_func("/engine/pace/bounded", test_a_rest_is_bounded);
    g_test_add_func("/engine/pace/calls", test_calls_do_not_wait);
    g_test_add_func("/engine/pace/order", test_calls_come_before_learned_addresses);
    g_test_add_func("/engine/pace/full", test_a_full_slice_allows_nothing_lost);
    g_test_add_func("/engine/pace/many", test_many_leases_end_at_once);
    g_test_add_func("/engine/pace/very-many", test_very_many_leases_end_at_once);
    g_test_add_func("/engine/pace/shared", test_small_ports_share_a_slice);
    g_test_add_func("/engine/pace/unbound", test_a_port_goes_while_it_waits);
    return g_test_run();
}
