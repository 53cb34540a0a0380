/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-netlink.c: announcements that were lost, and the number of the last transaction of nf_tables
 */
#include "driver/run/netlink.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BUFFER = 8192, FLOOD = 200 };

/* Each turn is announced to listeners of network devices. */
static void
turn_loopback(guint times)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo"};

    g_assert_cmpint(fd, >=, 0);
    for (guint i = 0; i < times; i++) {
        g_assert_cmpint(ioctl(fd, SIOCGIFFLAGS, &request), ==, 0);
        request.ifr_flags ^= IFF_UP;
        g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &request), ==, 0);
    }
    close(fd);
}

static int
count(const struct nlmsghdr *message G_GNUC_UNUSED, void *data)
{
    ++*(guint *)data;
    return MNL_CB_OK;
}

/* What waits when a loss is reported is older than what the caller asks for then: it must not come afterwards. */
static void
test_nothing_older_comes_after_a_loss(void)
{
    static const int group = RTNLGRP_LINK;
    g_autoptr(NwfNetlink) netlink = nwf_netlink_listen(NETLINK_ROUTE, &group, 1, BUFFER);

    g_assert_nonnull(netlink);
    for (guint round = 0; round < 3; round++) {
        guint n = 0;
        turn_loopback(FLOOD);
        g_assert_false(nwf_netlink_receive(netlink, 1, count, &n));
        g_assert_true(nwf_netlink_receive(netlink, G_MAXUINT, count, &n));
        g_assert_cmpuint(n, ==, 0);
        turn_loopback(1); /* announced again: the kernel drops nothing any more */
        g_assert_true(nwf_netlink_receive(netlink, G_MAXUINT, count, &n));
        g_assert_cmpuint(n, >, 0);
    }
}

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
    guint32 first;

    if (!nwf_nft_generation(&first)) {
        g_test_skip("the kernel has no nf_tables");
        return;
    }
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
    g_test_add_func("/run/netlink/nothing-older-comes-after-a-loss", test_nothing_older_comes_after_a_loss);
    g_test_add_func("/run/netlink/number", test_each_question_has_its_own_answer);
    return g_test_run();
}
