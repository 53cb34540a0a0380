/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-firewall.c: the number of the last transaction
 */
#include "driver/watch/firewall.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>
#include <sys/socket.h>

enum { FDS = 64 };

static guint32
number_of(NwfFirewall *firewall)
{
    guint32 number = 0;

    g_assert_true(nwf_firewall_generation(firewall, &number));
    return number;
}

/* Asks over @fd, and leaves the answer there. */
static void
ask_and_go(int fd, guint32 sequence)
{
    char buffer[64];
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

    request->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
    request->nlmsg_flags = NLM_F_REQUEST;
    request->nlmsg_seq = sequence;
    mnl_nlmsg_put_extra_header(request, sizeof(struct nfgenmsg));
    g_assert_cmpint(send(fd, buffer, request->nlmsg_len, 0), ==, request->nlmsg_len);
}

static gboolean
is_netlink(int fd)
{
    int family = 0;
    socklen_t length = sizeof(family);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) == 0 && family == AF_NETLINK;
}

/* Answers to questions whose askers gave up are passed over, however many there are. */
static void
test_late_answers_are_passed_over(void)
{
    g_autoptr(NwfFirewall) firewall = nwf_firewall_new(NULL);

    if (!firewall) {
        g_test_skip("the kernel has no nf_tables");
        return;
    }
    guint32 first = number_of(firewall);
    for (int fd = 0; fd < FDS; fd++)
        for (guint i = 0; is_netlink(fd) && fd != nwf_firewall_fd(firewall) && i < 3; i++)
            ask_and_go(fd, 1000 + i);
    g_assert_true(g_spawn_command_line_sync("nft add table inet a", NULL, NULL, NULL, NULL));
    g_assert_cmpuint(number_of(firewall), ==, first + 1);
    g_assert_true(g_spawn_command_line_sync("nft add table inet b", NULL, NULL, NULL, NULL));
    g_assert_cmpuint(number_of(firewall), ==, first + 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (unshare(CLONE_NEWNET) != 0) {
        g_print("1..0 # SKIP needs root and namespaces\n");
        return 77;
    }
    g_test_add_func("/watch/firewall/late-answers", test_late_answers_are_passed_over);
    return g_test_run();
}
