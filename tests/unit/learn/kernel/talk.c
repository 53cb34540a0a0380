/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * talk.c: what guests and servers say in the tests of the learner; see talk.h
 */
#include "tests/unit/learn/kernel/talk.h"

void
talk_ask(const char *port, guint vm, const char *line)
{
    net_send(port, vm, line);
    g_usleep(5000);
}

void
talk_lease(const char *port, guint vm, guint last)
{
    g_autofree char *question = g_strdup_printf("from request xid=%u want=10.0.0.%u sid=10.0.0.1", 2 + last, last);
    g_autofree char *answer = g_strdup_printf("to ack xid=%u yi=10.0.0.%u time=3600 sid=10.0.0.1", 2 + last, last);

    talk_ask(port, vm, question);
    net_send(port, vm, answer);
}

Scene *
scene_of_one(const char *mode)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, mode);
    g_usleep(50000);
    return scene;
}

int
talk_main(int argc, char **argv, const TalkTest *tests, gsize n, void (*more)(void))
{
    g_test_init(&argc, &argv, NULL);
    if (!net_enter()) {
        g_print("1..0 # SKIP needs root and network namespaces\n");
        return 77;
    }
    for (gsize i = 0; i < n; i++)
        g_test_add_func(tests[i].path, tests[i].run);
    if (more != NULL)
        more();
    return g_test_run();
}
