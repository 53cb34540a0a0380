/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-nft-monitor.c: the number of the last transaction
 */
#include "driver/watch/nft_monitor.h"

#include <sched.h>

static guint32
number(void)
{
    guint32 generation = 0;

    g_assert_true(nwf_nft_generation(&generation));
    return generation;
}

/* A question whose answer was lost leaves nothing behind that a later one could read: each has a socket of its own. */
static void
test_each_question_has_its_own_answer(void)
{
    g_autoptr(NwfNftMonitor) monitor = nwf_nft_monitor_new(NULL);

    if (!monitor) {
        g_test_skip("the kernel has no nf_tables");
        return;
    }
    guint32 first = number();
    for (guint i = 1; i < 10; i++) {
        g_autofree char *line = g_strdup_printf("nft add table inet t%u", i);
        g_assert_true(g_spawn_command_line_sync(line, NULL, NULL, NULL, NULL));
        g_assert_cmpuint(number(), ==, first + i);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (unshare(CLONE_NEWNET) != 0) {
        g_print("1..0 # SKIP needs root and namespaces\n");
        return 77;
    }
    g_test_add_func("/watch/nft-monitor/number", test_each_question_has_its_own_answer);
    return g_test_run();
}
