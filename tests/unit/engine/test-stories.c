/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-stories.c: what the engine does when things happen at the same time
 *
 * Each story orders events that real tools, guests and other programs bring in any order, and then looks at the files,
 * the catalog and the kernel. "vX" are ports without a device, "lo" is one with a device.
 */
#include "tests/unit/engine/stage.h"

#include <glib/gstdio.h>
#include <string.h>

#define BAD_LINE "\n" ETHER("9999") /* line 2 */

static void
refuse(Stage *stage, guint times)
{
    for (guint i = 0; i < times; i++)
        fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_REFUSES});
}

/* ---- definitions ---- */

/* A port whose address changes in the turn in which a definition is refused gets the rules of the one in force. */
static void
test_a_refused_definition_does_not_come_into_force(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    fake_learner_learn("va", "10.0.0.6");
    refuse(stage, 2); /* also with "va" closed, because it has no device */
    expect_refused(stage_turn(stage, stage_define("own", OWN_ADDRESS ETHER("1002")), &error), NWF_ERROR_FIREWALL);
    g_assert_true(stage_is_right(stage, "va"));
    stage_check(stage);
}

/* Of what cannot be built, nothing is left either. */
static void
test_a_definition_that_cannot_be_built_leaves_nothing(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    expect_refused(stage_turn(stage, stage_define("web", "<filterref filter='missing'/>"), &error), NWF_ERROR_INTERNAL);
    fake_backend_refuse_line(stage->fake, 2, TRUE);
    expect_refused(stage_turn(stage, stage_define("web", BAD_LINE), &error), NWF_ERROR_FIREWALL);
    expect_done(stage_turn(stage, stage_unbind(stage, "lo"), &error));
    expect_done(stage_turn(stage, stage_bind("lo", "web"), &error));
    g_assert_true(stage_is_right(stage, "lo"));
    stage_check(stage);
}

/* The kernel is taken back when a file cannot be put in place, and the candidate's rules are gone. */
static void
test_a_file_that_fails_takes_the_kernel_back(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(stage->config.filter_dir, "web.xml.new", NULL);
    g_autofree char *in_the_way = g_build_filename(path, "x", NULL);

    g_assert_cmpint(g_mkdir_with_parents(in_the_way, 0700), ==, 0);
    expect_refused(stage_turn(stage, stage_define("web", ETHER("1002")), &error), NWF_ERROR_SYSTEM);
    g_assert_cmpint(g_rmdir(in_the_way), ==, 0);
    g_assert_cmpint(g_rmdir(path), ==, 0);
    stage_check(stage);
}

static void
learn_in_the_middle(FakeBackend *fake G_GNUC_UNUSED, gpointer address)
{
    fake_learner_learn("va", address);
}

/* An address that changes while the kernel takes the old one's rules is not lost, whatever the turn was about. */
static void
test_an_address_changes_in_the_middle(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    fake_backend_then(stage->fake, (FakeStep){FAKE_TAKES, learn_in_the_middle, "10.0.0.7", FALSE});
    expect_done(stage_turn(stage, stage_define("own", OWN_ADDRESS ETHER("1002")), &error));
    expect_done(stage_turn(stage, NULL, &error));
    stage_check(stage);

    fake_backend_then(stage->fake, (FakeStep){FAKE_TAKES, learn_in_the_middle, NULL, FALSE});
    fake_learner_learn("va", "10.0.0.8");
    expect_done(stage_turn(stage, NULL, &error));
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "va", INTERIM, ACKNOWLEDGED);
    stage_check(stage);
}

/* Nobody listens yet to the learner of a port that is being bound: what changes meanwhile is asked for afterwards. */
static void
test_an_address_changes_while_a_port_is_bound(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    fake_backend_then(stage->fake, (FakeStep){FAKE_TAKES, learn_in_the_middle, "10.0.0.9", FALSE});
    expect_done(stage_turn(stage, stage_bind("va", "own"), &error));
    expect_done(stage_turn(stage, NULL, &error));
    stage_check(stage);
}

/* ---- refusals ---- */

/* The one of many that the kernel refuses costs the others nothing, whether the backend knows the culprit or not. */
static void
one_bad_of_many(gboolean silent, guint most_calls)
{
    g_autoptr(Stage) stage = stage_new();
    g_autoptr(GPtrArray) requests = nwf_requests_new();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_define("web", ETHER("1001")), &error));
    expect_done(stage_turn(stage, stage_define("bad", BAD_LINE), &error));
    fake_backend_refuse_line(stage->fake, 2, FALSE);
    for (guint i = 0; i < 40; i++) {
        g_autofree char *port = g_strdup_printf("v%u", i);
        g_ptr_array_add(requests, stage_bind(port, i == 17 ? "bad" : "web"));
        if (silent)
            fake_backend_then(stage->fake, (FakeStep){.silent = TRUE});
    }
    guint before = fake_backend_calls(stage->fake);
    g_auto(NwfTurn) turn = {.requests = g_ptr_array_ref(requests),
                            .relearned = g_hash_table_new(g_str_hash, g_str_equal),
                            .events = g_ptr_array_new()};
    nwf_scheduler_turn(stage->applier, &turn);
    for (guint i = 0; i < 40; i++)
        g_assert_no_error(
            ((NwfRequest *)g_ptr_array_index(requests, i))->error); /* "v17" has no device: it is closed */
    g_assert_true(stage_is_closed(stage, "v17"));
    g_assert_cmpuint(fake_backend_calls(stage->fake) - before, <=, most_calls);
    fake_backend_forget(stage->fake);
    stage_check(stage);
}

static void
test_a_culprit_is_known(void)
{
    one_bad_of_many(FALSE, 2);
}

static void
test_a_culprit_is_searched(void)
{
    one_bad_of_many(TRUE, 14);
}

/* A port with a device is not closed for its caller: the call fails and leaves nothing. */
static void
test_a_refused_bind_leaves_nothing(void)
{
    g_autoptr(Stage) stage = stage_new();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_define("bad", BAD_LINE), &error));
    fake_backend_refuse_line(stage->fake, 2, FALSE);
    expect_refused(stage_turn(stage, stage_bind("lo", "bad"), &error), NWF_ERROR_FIREWALL);
    g_assert_cmpuint(fake_backend_size(stage->fake), ==, 0);
    stage_check(stage);
}

/* Rules with an address that the kernel refuses: the interim ones stay, and it is tried again. */
static void
test_a_refused_address_is_tried_again(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    refuse(stage, 1);
    fake_learner_learn("va", "10.0.0.6");
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "va", INTERIM, REFUSED);
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, "'va' is not opened for its addresses"), ==, 1);
    stage_check(stage);
    stage_retry(stage);
    assert_state(stage, "va", FILTER, ACKNOWLEDGED);
    g_assert_cmpuint(engine_logged(NWF_LOG_INFO, "'va' is filtered again"), ==, 1);
    stage_check(stage);
}

/* ---- outcomes that nobody knows ---- */

/* A create whose outcome is not known fails, and what it may have left is removed later. */
static void
test_an_unknown_create_leaves_nothing_in_the_end(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_LOSES});
    fake_backend_break(stage->fake, TRUE);
    expect_refused(stage_turn(stage, stage_bind("vb", "web"), &error), NWF_ERROR_FIREWALL);
    g_assert_nonnull(fake_backend_holds(stage->fake, "vb"));
    stage_check(stage);
    stage_retry(stage);
    g_assert_nonnull(fake_backend_holds(stage->fake, "vb"));
    fake_backend_break(stage->fake, FALSE);
    stage_retry(stage);
    g_assert_null(fake_backend_holds(stage->fake, "vb"));
    stage_check(stage);
}

/* A redefinition whose outcome is not known: the old rules are written again. */
static void
test_an_unknown_redefinition_goes_back(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_LOSES});
    expect_refused(stage_turn(stage, stage_define("web", ETHER("1002")), &error), NWF_ERROR_FIREWALL);
    assert_state(stage, "lo", FILTER, UNKNOWN);
    stage_check(stage);
    stage_retry(stage);
    assert_state(stage, "lo", FILTER, ACKNOWLEDGED);
    stage_check(stage);
}

/* ---- what others do ---- */

static void
flush_in_the_middle(FakeBackend *fake, gpointer data)
{
    fake_backend_flush(fake);
    stage_event(data, NULL);
}

/* A flush in the middle of a call is put right in the next turn; with and without reassert(). */
static void
test_a_flush_in_the_middle(void)
{
    for (guint without = 0; without < 2; without++) {
        g_autoptr(Stage) stage = stage_two_ports();
        g_autoptr(GError) error = NULL;

        if (without)
            fake_backend_forbid_reassert(stage->fake);
        fake_backend_then(stage->fake, (FakeStep){FAKE_TAKES, flush_in_the_middle, stage, FALSE});
        expect_done(stage_turn(stage, stage_define("own", OWN_ADDRESS ETHER("1002")), &error));
        g_assert_null(fake_backend_holds(stage->fake, "lo"));
        expect_done(stage_turn(stage, NULL, &error));
        g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "changed from outside"), ==, 1);
        stage_check(stage);
    }
}

/* A port that loses its rules, and whose rules the kernel refuses then, is closed and opened when they are taken again.
 */
static void
test_rules_that_are_refused_later(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    fake_backend_forbid_reassert(stage->fake);
    expect_done(stage_turn(stage, stage_define("web", BAD_LINE), &error));
    fake_backend_refuse_line(stage->fake, 2, FALSE);
    fake_backend_set(stage->fake, "lo", NULL);
    stage_event(stage, "lo");
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "lo", CLOSED, REFUSED);
    stage_check(stage);
    fake_backend_refuse_line(stage->fake, 0, FALSE);
    stage_retry(stage);
    assert_state(stage, "lo", FILTER, ACKNOWLEDGED);
    stage_check(stage);
}

/* That the kernel once had a port's rules is not forgotten while the port cannot even be closed. */
static void
test_a_closed_port_is_tried_until_it_is_open(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    fake_backend_forbid_reassert(stage->fake);
    expect_done(stage_turn(stage, stage_define("web", BAD_LINE), &error));
    fake_backend_refuse_line(stage->fake, 2, FALSE);
    fake_backend_set(stage->fake, "lo", NULL);
    stage_event(stage, "lo");
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "lo", CLOSED, REFUSED);
    fake_backend_break(stage->fake, TRUE);
    fake_backend_set(stage->fake, "lo", NULL);
    stage_event(stage, "lo");
    expect_done(stage_turn(stage, NULL, &error));
    assert_state(stage, "lo", CLOSED, UNKNOWN);
    fake_backend_break(stage->fake, FALSE);
    stage_retry(stage);
    assert_state(stage, "lo", CLOSED, REFUSED);
    fake_backend_refuse_line(stage->fake, 0, FALSE);
    stage_retry(stage);
    assert_state(stage, "lo", FILTER, ACKNOWLEDGED);
    stage_check(stage);
}

/* Rules of a port that nobody binds, which somebody loads again, are removed. */
static void
test_rules_of_nobody(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(NwfRules) rules = nwf_rules_ref(fake_backend_holds(stage->fake, "lo"));
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_unbind(stage, "lo"), &error));
    fake_backend_set(stage->fake, "lo", rules);
    stage_event(stage, "lo");
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_null(fake_backend_holds(stage->fake, "lo"));
    stage_check(stage);
}

/* Our own transactions whose announcements were lost are nobody's fault, and nothing is looked at because of them. */
static void
test_own_changes_that_were_lost(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;
    guint32 before = fake_backend_generation(stage->fake);

    expect_done(stage_turn(stage, stage_define("web", ETHER("1002")), &error));
    expect_done(stage_turn(stage, stage_define("own", OWN_ADDRESS ETHER("1002")), &error));
    stage_loss(stage, before);
    fake_learner_learn("va", "10.0.0.6");
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_DEBUG, "changed from outside"), ==, 0);
    g_assert_cmpint(stage->applier->reconciler.not_before, ==, 0);
    stage_check(stage);

    /* what somebody did among them is found */
    expect_done(stage_turn(stage, stage_define("web", ETHER("1003")), &error));
    fake_backend_set(stage->fake, "lo", NULL);
    expect_done(stage_turn(stage, stage_define("own", OWN_ADDRESS), &error));
    stage_loss(stage, before);
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "changed from outside by an unknown program"), ==, 1);
    stage_check(stage);
}

/* A look in whose turn addresses change blames nobody for that, and makes no later one wait; with and without
 * reassert(). */
static void
test_learned_addresses_are_no_quarrel(void)
{
    for (guint without = 0; without < 2; without++) {
        g_autoptr(Stage) stage = stage_two_ports();
        g_autoptr(GError) error = NULL;

        if (without)
            fake_backend_forbid_reassert(stage->fake);
        for (guint i = 0; i < 10; i++) {
            g_autofree char *address = g_strdup_printf("10.0.1.%u", i);
            fake_learner_learn("va", address);
            stage_event(stage, i % 2 ? "va" : NULL);
            expect_done(stage_turn(stage, NULL, &error));
            g_assert_true(stage_is_right(stage, "va"));
        }
        g_assert_cmpuint(engine_logged(NWF_LOG_DEBUG, "changed from outside"), ==, 0);
        g_assert_cmpuint(stage->applier->reconciler.repairs, ==, 0);
        fake_backend_flush(stage->fake);
        stage_event(stage, NULL);
        expect_done(stage_turn(stage, NULL, &error));
        g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "changed from outside"), ==, 1);
        g_assert_cmpuint(stage->applier->reconciler.repairs, ==, 1);
        stage_check(stage);
    }
}

/* ---- starts ---- */

/* A start without a working backend: the ports are tried again until it works, and it is logged once. */
static void
test_a_start_without_a_backend(void)
{
    g_autoptr(Stage) stage = stage_two_ports();

    fake_backend_flush(stage->fake);
    fake_backend_break(stage->fake, TRUE);
    stage_restart(stage);
    assert_state(stage, "lo", CLOSED, UNKNOWN);
    stage_retry(stage);
    g_assert_cmpuint(engine_logged(NWF_LOG_ERROR, "'lo' can be neither filtered nor closed"), ==, 1);
    fake_backend_break(stage->fake, FALSE);
    stage_retry(stage);
    assert_state(stage, "lo", FILTER, ACKNOWLEDGED);
    g_assert_cmpuint(engine_logged(NWF_LOG_INFO, "'lo' is filtered again"), ==, 1);
    stage_check(stage);
}

/* A binding whose filter is gone is closed, and opened by the definition that it lacked. */
static void
test_a_definition_opens_what_lacked_it(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autofree char *path = g_build_filename(stage->config.filter_dir, "web.xml", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_unlink(path), ==, 0);
    stage_restart(stage);
    assert_state(stage, "lo", CLOSED, ACKNOWLEDGED);
    stage_check(stage);
    expect_done(stage_turn(stage, stage_define("web", ETHER("1003")), &error));
    assert_state(stage, "lo", FILTER, ACKNOWLEDGED);
    stage_check(stage);
}

/* More ports than one call may have: all or none, in several calls. */
static void
test_a_definition_in_slices(void)
{
    g_autoptr(Stage) stage = stage_new();
    g_autoptr(GError) error = NULL;

    fake_backend_limit(stage->fake, 3);
    expect_done(stage_turn(stage, stage_define("web", ETHER("1001")), &error));
    for (guint i = 0; i < 10; i++) {
        g_autofree char *port = i ? g_strdup_printf("v%u", i) : g_strdup("lo");
        expect_done(stage_turn(stage, stage_bind(port, "web"), &error));
    }
    for (guint i = 0; i < 2; i++) {
        fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_TAKES});
        fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_TAKES});
        fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_REFUSES}); /* the third slice */
        fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_TAKES});   /* and two back */
        fake_backend_then(stage->fake, (FakeStep){.outcome = FAKE_TAKES});
    }
    expect_refused(stage_turn(stage, stage_define("web", ETHER("1002")), &error), NWF_ERROR_FIREWALL);
    fake_backend_forget(stage->fake);
    stage_check(stage);
    expect_done(stage_turn(stage, stage_define("web", ETHER("1002")), &error));
    stage_check(stage);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } stories[] = {
        {"define/refused", test_a_refused_definition_does_not_come_into_force},
        {"define/cannot-be-built", test_a_definition_that_cannot_be_built_leaves_nothing},
        {"define/file", test_a_file_that_fails_takes_the_kernel_back},
        {"define/address", test_an_address_changes_in_the_middle},
        {"bind/address", test_an_address_changes_while_a_port_is_bound},
        {"define/slices", test_a_definition_in_slices},
        {"refusal/culprit", test_a_culprit_is_known},
        {"refusal/search", test_a_culprit_is_searched},
        {"refusal/bind", test_a_refused_bind_leaves_nothing},
        {"refusal/address", test_a_refused_address_is_tried_again},
        {"unknown/create", test_an_unknown_create_leaves_nothing_in_the_end},
        {"unknown/redefinition", test_an_unknown_redefinition_goes_back},
        {"foreign/flush", test_a_flush_in_the_middle},
        {"foreign/refused-later", test_rules_that_are_refused_later},
        {"foreign/closed-twice", test_a_closed_port_is_tried_until_it_is_open},
        {"foreign/nobody", test_rules_of_nobody},
        {"foreign/own-lost", test_own_changes_that_were_lost},
        {"foreign/learned", test_learned_addresses_are_no_quarrel},
        {"start/no-backend", test_a_start_without_a_backend},
        {"start/missing-filter", test_a_definition_opens_what_lacked_it},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strconcat("/engine/stories/", stories[i].name, NULL);
        g_test_add_func(path, stories[i].run);
    }
    return g_test_run();
}
