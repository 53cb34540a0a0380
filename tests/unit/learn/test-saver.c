/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-saver.c: how often the files of learned addresses are written
 */
#include "driver/learn/saver.h"

enum { BEGIN = 1000 * G_USEC_PER_SEC, TOOK = 10000, REST = 20 * TOOK };

/* What is wanted is due when it is wanted, until it was written; what is written is not due. */
static void
test_what_is_wanted_is_due(void)
{
    NwfSaver *saver = nwf_saver_new("/nowhere/state", "/nowhere/leases");

    nwf_saver_begin(saver, 7);
    nwf_saver_want(saver, 7, BEGIN);
    g_assert_cmpint(nwf_saver_due(saver), ==, NWF_NEVER);
    nwf_saver_want(saver, 8, BEGIN + 100); /* a renewal */
    nwf_saver_want(saver, 9, BEGIN + 50);
    nwf_saver_want(saver, 10, BEGIN + 200);
    g_assert_cmpint(nwf_saver_due(saver), ==, BEGIN + 50);
    g_assert_false(nwf_saver_is_current(saver, 10));
    nwf_saver_wrote(saver, 10, BEGIN + 50, BEGIN + 60, TRUE);
    g_assert_cmpint(nwf_saver_due(saver), ==, NWF_NEVER);
    g_assert_true(nwf_saver_is_current(saver, 10));
    nwf_saver_free(saver);
}

/* Guests change their leases without a pause: of the time a twentieth is spent on the files. */
static void
test_a_flood_of_changes(void)
{
    NwfSaver *saver = nwf_saver_new("/nowhere/state", "/nowhere/leases");
    gint64 now = BEGIN;
    guint written = 0;

    for (guint64 changes = 1; now < BEGIN + 10 * G_USEC_PER_SEC; changes++, now += 1000) {
        nwf_saver_want(saver, changes, now);
        g_assert_cmpint(nwf_saver_due(saver), <=, now + REST);
        if (nwf_saver_due(saver) > now)
            continue;
        nwf_saver_wrote(saver, changes, now, now + TOOK, TRUE);
        now += TOOK;
        written++;
    }
    g_assert_cmpuint(written, >=, 45);
    g_assert_cmpuint(written, <=, 48);
    nwf_saver_free(saver);
}

/* After a quiet while nothing is put off. */
static void
test_a_rest_ends(void)
{
    NwfSaver *saver = nwf_saver_new("/nowhere/state", "/nowhere/leases");

    nwf_saver_wrote(saver, 1, BEGIN, BEGIN + TOOK, TRUE);
    nwf_saver_want(saver, 2, BEGIN + TOOK + 1);
    g_assert_cmpint(nwf_saver_due(saver), ==, BEGIN + TOOK + REST);
    nwf_saver_wrote(saver, 2, BEGIN + TOOK + REST, BEGIN + TOOK + REST + TOOK, TRUE);
    nwf_saver_want(saver, 3, BEGIN + G_USEC_PER_SEC);
    g_assert_cmpint(nwf_saver_due(saver), ==, BEGIN + G_USEC_PER_SEC);
    nwf_saver_free(saver);
}

/* On a disk that takes seconds no more is lost than 5 seconds of changes. */
static void
test_a_rest_is_bounded(void)
{
    NwfSaver *saver = nwf_saver_new("/nowhere/state", "/nowhere/leases");

    nwf_saver_wrote(saver, 1, BEGIN, BEGIN + 3 * G_USEC_PER_SEC, TRUE);
    nwf_saver_want(saver, 2, BEGIN + 3 * G_USEC_PER_SEC);
    g_assert_cmpint(nwf_saver_due(saver), ==, BEGIN + 8 * G_USEC_PER_SEC);
    nwf_saver_free(saver);
}

/* What could not be written is still wanted. */
static void
test_a_failure_is_tried_again(void)
{
    NwfSaver *saver = nwf_saver_new("/nowhere/state", "/nowhere/leases");

    nwf_saver_want(saver, 1, BEGIN);
    nwf_saver_wrote(saver, 1, BEGIN, BEGIN + 1, FALSE);
    g_assert_cmpint(nwf_saver_due(saver), ==, BEGIN + 1 + 5 * G_USEC_PER_SEC);
    g_assert_false(nwf_saver_is_current(saver, 1));
    nwf_saver_want(saver, 2, BEGIN + 100); /* with the next change, too */
    g_assert_cmpint(nwf_saver_due(saver), ==, BEGIN + 100);
    nwf_saver_free(saver);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/learn/saver/wanted", test_what_is_wanted_is_due);
    g_test_add_func("/learn/saver/flood", test_a_flood_of_changes);
    g_test_add_func("/learn/saver/rest-ends", test_a_rest_ends);
    g_test_add_func("/learn/saver/bounded", test_a_rest_is_bounded);
    g_test_add_func("/learn/saver/again", test_a_failure_is_tried_again);
    return g_test_run();
}
