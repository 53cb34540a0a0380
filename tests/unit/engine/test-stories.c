/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-stories.c: what the engine does when things happen at the same time
 *
 * Each story orders events that real tools, guests and other programs bring in any order, and then looks at the files, the
 * catalog and the kernel. The backend and the learner are fake, the engine and its files are real.
 */
#include "tests/unit/engine/stage.h"

#define OWN_ADDRESS "<rule action='accept' direction='out'><ip srcipaddr='$IP'/></rule>"

/* ---- a definition that is refused ---- */

static gpointer
define_refused(gpointer data)
{
    Stage *stage = data;
    g_autoptr(GError) error = NULL;

    expect_refused(engine_define(stage->engine, "own", OWN_ADDRESS ETHER("1001"), &error), NWF_ERROR_FIREWALL);
    return NULL;
}

/* While the applier is busy, "own" is defined anew, and then another address is learned for "va": one turn for both. */
static void
define_and_learn(FakeBackend *fake G_GNUC_UNUSED, gpointer data)
{
    Stage *stage = data;

    g_thread_unref(g_thread_new("define", define_refused, stage));
    stage_wait_queue(stage, 1);
    fake_learner_learn("va", "10.0.0.6");
}

/* A port whose address changes in the turn in which a definition is refused gets the rules of the one in force. */
static void
test_a_refused_definition_does_not_come_into_force(void)
{
    g_autoptr(Stage) stage = stage_new();
    g_autoptr(GError) error = NULL;

    expect_done(engine_define(stage->engine, "own", OWN_ADDRESS, &error));
    expect_done(engine_define(stage->engine, "other", ETHER("1002"), &error));
    expect_done(engine_bind(stage->engine, "va", "own", NULL, &error));
    fake_learner_learn("va", "10.0.0.5");
    stage_idle(stage);
    g_assert_true(stage_is_right(stage, "va"));

    fake_backend_then(stage->fake, (FakeStep){FAKE_TAKES, define_and_learn, stage}); /* of the next bind */
    fake_backend_then(stage->fake, (FakeStep){FAKE_REFUSES, NULL, NULL});            /* of the definition */
    fake_backend_then(stage->fake, (FakeStep){FAKE_REFUSES, NULL, NULL});            /* with "va" closed, as it has no device */
    expect_done(engine_bind(stage->engine, "vb", "other", NULL, &error));
    stage_idle(stage);
    g_assert_true(stage_is_right(stage, "va"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/stories/refused-definition", test_a_refused_definition_does_not_come_into_force);
    return g_test_run();
}
