/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-links.c: the table of devices and addresses follows the kernel
 */
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include "driver/watch/links.h"
#include "driver/watch/reach.h"
#include "tests/unit/learn/kernel/net.h"

static NwfLinks *
begin(void)
{
    g_autoptr(GError) error = NULL;
    NwfLinks *links;

    net_fresh();
    net_run("ip link add n0 type veth; ip link set n0 up; ip addr add 10.0.0.1/24 dev n0; ip link add br0 type bridge");
    links = nwf_links_new(&error);
    g_assert_no_error(error);
    return links;
}

/* Reads what came; fails if nothing did. */
static gboolean
news(NwfLinks *links)
{
    struct pollfd waiting = {.fd = nwf_links_fd(links), .events = POLLIN};
    g_autoptr(GError) error = NULL;
    gboolean changed;

    g_assert_cmpint(poll(&waiting, 1, 1000), ==, 1);
    changed = nwf_links_read(links, &error);
    g_assert_no_error(error);
    return changed;
}

static gboolean
has(NwfLinks *links, guint8 a, guint8 b, guint8 c, guint8 d)
{
    const guint8 bytes[4] = {a, b, c, d};

    return nwf_links_has_address(links, 4, bytes);
}

static void
test_what_is_there_at_first(void)
{
    static const guint8 loopback6[16] = {[15] = 1};
    g_autoptr(NwfLinks) links = begin();
    const NwfLink *a = nwf_links_find(links, "n0");

    g_assert_nonnull(a);
    g_assert_cmpuint(a->index, ==, if_nametoindex("n0"));
    g_assert_true(a->up);
    g_assert_cmpuint(a->master, ==, 0);
    g_assert_false(nwf_links_find(links, "br0")->up);
    g_assert_null(nwf_links_find(links, "n1"));
    g_assert_true(has(links, 10, 0, 0, 1));
    g_assert_true(has(links, 127, 0, 0, 1));
    g_assert_false(has(links, 10, 0, 0, 255));
    g_assert_true(nwf_links_has_address(links, 6, loopback6));
}

static void
test_devices_come_change_and_go(void)
{
    g_autoptr(NwfLinks) links = begin();
    guint index;

    net_run("ip link add n1 type veth");
    g_assert_true(news(links));
    g_assert_false(nwf_links_find(links, "n1")->up);
    index = nwf_links_find(links, "n1")->index;
    net_run("ip link set n1 up");
    g_assert_true(news(links));
    g_assert_true(nwf_links_find(links, "n1")->up);
    net_run("ip link set n1 down; ip link set n1 name n2");
    g_assert_true(news(links));
    g_assert_null(nwf_links_find(links, "n1"));
    g_assert_cmpuint(nwf_links_find(links, "n2")->index, ==, index);
    net_run("ip link del n2; ip link add n2 type veth");
    g_assert_true(news(links));
    g_assert_cmpuint(nwf_links_find(links, "n2")->index, ==, if_nametoindex("n2"));
    g_assert_cmpuint(nwf_links_find(links, "n2")->index, !=, index);
    net_run("ip link del n2");
    g_assert_true(news(links));
    g_assert_null(nwf_links_find(links, "n2"));
}

static void
test_a_macvlan_is_known(void)
{
    g_autoptr(NwfLinks) links = begin();

    net_run("ip link add u0 link n0 type macvlan mode bridge");
    g_assert_true(news(links));
    g_assert_true(nwf_links_find(links, "u0")->macvlan);
    net_run("ip link set u0 up");
    g_assert_true(news(links));
    g_assert_true(nwf_links_find(links, "u0")->macvlan);
    g_assert_false(nwf_links_find(links, "n0")->macvlan);
    g_autoptr(NwfLinks) later = nwf_links_new(NULL);
    g_assert_true(nwf_links_find(later, "u0")->macvlan);
}

static void
test_kinds(void)
{
    g_autoptr(NwfLinks) links = begin();

    g_assert_cmpstr(nwf_links_find(links, "n0")->kind, ==, "veth");
    g_assert_cmpstr(nwf_links_find(links, "br0")->kind, ==, "bridge");
    g_assert_cmpstr(nwf_links_find(links, "lo")->kind, ==, "");
    g_assert_true(nwf_links_at(links, if_nametoindex("br0")) == nwf_links_find(links, "br0"));
    g_assert_null(nwf_links_at(links, 0));
}

/* Whether rules see a device, by its kind and by what it is a port of. */
static void
test_reach(void)
{
    static const NwfLink bridge = {.index = 1, .name = "br0", .kind = "bridge"};
    static const NwfLink bond = {.index = 2, .name = "bond0", .kind = "bond"};
    static const NwfLink vswitch = {.index = 3, .name = "ovs-system", .kind = "openvswitch"};
    static const NwfLink old = {.index = 4, .name = "odd\xff"}; /* of a driver that does not say what it is */
    static const struct {
        const char *kind;
        const NwfLink *master;
        gboolean unknown; /* the master is not known */
        NwfReach reach;
        const char *text; /* what is said of it, or a part of that */
    } cases[] = {
        {"tun", &bridge, FALSE, NWF_REACH_SEEN, NULL},
        {"tun", &bridge, TRUE, NWF_REACH_SEEN, NULL},
        {"macvlan", &bridge, FALSE, NWF_REACH_SEEN, NULL},
        {"tun", NULL, FALSE, NWF_REACH_NO_BRIDGE, "in no bridge"},
        {"", NULL, FALSE, NWF_REACH_NO_BRIDGE, "in no bridge"},
        {"macvtap", NULL, FALSE, NWF_REACH_MACVTAP, "a macvtap"},
        {"macvlan", NULL, FALSE, NWF_REACH_MACVTAP, "a macvlan"},
        {"tun", &bond, FALSE, NWF_REACH_OTHER_MASTER, "'bond0' (bond)"},
        {"tun", &vswitch, FALSE, NWF_REACH_OTHER_MASTER, "'ovs-system' (openvswitch)"},
        {"tun", &old, FALSE, NWF_REACH_OTHER_MASTER, "(?)"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        NwfLink link = {.index = 9, .name = "v", .master = cases[i].master ? cases[i].master->index : 0};
        const NwfLink *master = cases[i].unknown ? NULL : cases[i].master;
        g_strlcpy(link.kind, cases[i].kind, sizeof(link.kind));
        g_assert_cmpint(nwf_reach_of(&link, master), ==, cases[i].reach);
        g_autofree char *text = nwf_reach_text(cases[i].reach, &link, master);
        g_assert_cmpint(text != NULL, ==, cases[i].text != NULL);
        g_assert_true(!text || (strstr(text, cases[i].text) && g_utf8_validate(text, -1, NULL)));
    }
    g_assert_cmpint(nwf_reach_of(NULL, NULL), ==, NWF_REACH_NO_DEVICE);
    for (guint i = 0; i < NWF_REACHES; i++)
        g_assert_nonnull(nwf_reach_words[i]);
}

/* The bridge itself says "deleted" about a port that leaves it. */
static void
test_leaving_a_bridge_is_not_the_end(void)
{
    g_autoptr(NwfLinks) links = begin();

    net_run("ip link set n0 master br0");
    g_assert_true(news(links));
    g_assert_cmpuint(nwf_links_find(links, "n0")->master, ==, if_nametoindex("br0"));
    net_run("ip link set n0 nomaster");
    g_assert_true(news(links));
    g_assert_nonnull(nwf_links_find(links, "n0"));
    g_assert_cmpuint(nwf_links_find(links, "n0")->master, ==, 0);
    g_assert_true(has(links, 10, 0, 0, 1));
    net_run("ip link set n0 master br0; ip link del br0");
    g_assert_true(news(links));
    g_assert_cmpuint(nwf_links_find(links, "n0")->master, ==, 0);
}

static void
test_addresses_come_and_go(void)
{
    g_autoptr(NwfLinks) links = begin();

    net_run("ip addr add 10.0.0.2/24 dev n0");
    g_assert_false(news(links)); /* no device changed */
    g_assert_true(has(links, 10, 0, 0, 2));
    net_run("ip addr add 10.0.0.2/24 dev br0; ip addr del 10.0.0.2/24 dev n0");
    news(links);
    g_assert_true(has(links, 10, 0, 0, 2));
    net_run("ip addr del 10.0.0.2/24 dev br0");
    news(links);
    g_assert_false(has(links, 10, 0, 0, 2));
    net_run("ip addr add 10.0.9.1 peer 10.0.9.2 dev n0");
    news(links);
    g_assert_true(has(links, 10, 0, 9, 1));
    g_assert_false(has(links, 10, 0, 9, 2));
    net_run("ip link del n0");
    news(links);
    g_assert_false(has(links, 10, 0, 0, 1));
}

/* More messages than the socket takes: the table is filled anew. */
static void
test_lost_messages_are_made_good(void)
{
    g_autoptr(NwfLinks) links = begin();
    int small = 1;

    setsockopt(nwf_links_fd(links), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    net_run("for i in 1 2 3 4 5 6 7 8 9; do ip link add d$i type veth; ip link set d$i up; done; ip link del n0");
    g_assert_true(news(links));
    for (guint i = 1; i <= 9; i++) {
        g_autofree char *name = g_strdup_printf("d%u", i);
        g_assert_nonnull(nwf_links_find(links, name));
        g_assert_true(nwf_links_find(links, name)->up);
    }
    g_assert_null(nwf_links_find(links, "n0"));
    g_assert_false(has(links, 10, 0, 0, 1));
}

static void
test_many_devices(void)
{
    g_autoptr(NwfLinks) links = begin();

    net_run("i=0; while [ $i -lt 150 ]; do echo link add e$i type veth; i=$((i+1)); done | ip -batch -");
    news(links);
    g_autoptr(NwfLinks) fresh = nwf_links_new(NULL);
    for (guint i = 0; i < 150; i++) {
        g_autofree char *name = g_strdup_printf("e%u", i);
        g_assert_cmpuint(nwf_links_find(links, name)->index, ==, nwf_links_find(fresh, name)->index);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!net_enter()) {
        g_print("1..0 # SKIP needs root and network namespaces\n");
        return 77;
    }
    g_test_add_func("/watch/links/first", test_what_is_there_at_first);
    g_test_add_func("/watch/links/devices", test_devices_come_change_and_go);
    g_test_add_func("/watch/links/macvlan", test_a_macvlan_is_known);
    g_test_add_func("/watch/links/kinds", test_kinds);
    g_test_add_func("/watch/links/reach", test_reach);
    g_test_add_func("/watch/links/bridge", test_leaving_a_bridge_is_not_the_end);
    g_test_add_func("/watch/links/addresses", test_addresses_come_and_go);
    g_test_add_func("/watch/links/lost", test_lost_messages_are_made_good);
    g_test_add_func("/watch/links/many", test_many_devices);
    return g_test_run();
}
