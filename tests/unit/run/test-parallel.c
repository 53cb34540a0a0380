/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-parallel.c: the same work for many things
 */
#include "driver/run/parallel.h"

enum { THINGS = 100, THREADS = 4, ROUNDS = 200 };

typedef struct Works {
    gint done[THINGS]; /* atomic: how often */
    gint late;         /* atomic: the thing that another one waits for was done */
    guint ends;        /* at this thing; THINGS: never */
} Works;

static gboolean
do_one(guint number, gpointer data)
{
    Works *works = data;

    g_atomic_int_inc(&works->done[number]);
    return number < works->ends;
}

static void
test_each_is_done_once(void)
{
    Works works = {.ends = THINGS};

    g_assert_true(nwf_parallel("test", THINGS, THREADS, do_one, &works, NULL));
    for (guint i = 0; i < THINGS; i++)
        g_assert_cmpint(works.done[i], ==, 1);
    g_assert_true(nwf_parallel("test", 0, THREADS, do_one, &works, NULL));
}

/* Whoever ends the series, and when: what was begun has no holes, and has an end. */
static void
test_the_end_leaves_no_holes(void)
{
    for (guint round = 0; round < ROUNDS; round++) {
        Works works = {.ends = round % 20};
        guint begun = 0;
        g_assert_true(nwf_parallel("test", THINGS, THREADS, do_one, &works, NULL));
        while (begun < THINGS && works.done[begun] == 1)
            begun++;
        g_assert_cmpuint(begun, >, works.ends);
        for (guint i = begun; i < THINGS; i++)
            g_assert_cmpint(works.done[i], ==, 0);
    }
}

/* The first thing is still at work when the second one ends the series. */
static gboolean
do_first_late(guint number, gpointer data)
{
    Works *works = data;

    while (number == 0 && !g_atomic_int_get(&works->late))
        g_usleep(1000);
    g_atomic_int_inc(&works->done[number]);
    if (number == 1)
        g_atomic_int_set(&works->late, TRUE);
    return number == 0;
}

static void
test_what_was_taken_is_done(void)
{
    Works works = {.ends = 0};

    g_assert_true(nwf_parallel("test", THINGS, 2, do_first_late, &works, NULL));
    for (guint i = 0; i < 2; i++)
        g_assert_cmpint(works.done[i], ==, 1);
    for (guint i = 3; i < THINGS; i++)
        g_assert_cmpint(works.done[i], ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/run/parallel/once", test_each_is_done_once);
    g_test_add_func("/run/parallel/holes", test_the_end_leaves_no_holes);
    g_test_add_func("/run/parallel/taken", test_what_was_taken_is_done);
    return g_test_run();
}
