/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-any.c: mode any: what teaches an address, what does not, and what may replace it
 */
#include "tests/unit/learn/kernel/talk.h"

typedef struct AnyCase {
    const char *name, *frame, *address; /* NULL: the frame teaches nothing */
} AnyCase;

static const AnyCase any_cases[] = {
    {"ip", "from ip 10.0.0.5 10.0.0.1", "10.0.0.5"},
    {"arp-request", "from arp 10.0.0.5 10.0.0.1", "10.0.0.5"},
    {"arp-reply", "from arp-reply 10.0.0.5 10.0.0.1", "10.0.0.5"},
    {"arp-announcement", "from arp 10.0.0.5 10.0.0.5", "10.0.0.5"},
    {"arp-probe", "from arp 0.0.0.0 10.0.0.5", NULL},
    {"loopback", "from ip 127.0.0.1 10.0.0.1", NULL},
    {"multicast", "from ip 224.1.1.1 10.0.0.1", NULL},
    {"this-network", "from ip 0.1.2.3 10.0.0.1", NULL},
    {"ipv6", "from type=86dd", NULL},
    {"tagged", "from ip 10.0.0.5 10.0.0.1 tagged", NULL},
    {"foreign-mac", "from ip 10.0.0.5 10.0.0.1 esrc=other", NULL},
    {"neighbour-with-the-vms-mac", "to ip 10.0.0.5 10.0.0.1 esrc=vm edst=all", NULL},
    {"neighbours-arp-with-the-vms-mac", "to arp 10.0.0.5 10.0.0.1 esrc=vm edst=all", NULL},
    {"offer", "to offer xid=7 yi=10.0.0.5 sid=10.0.0.1", NULL},
    {"ack-unasked", TALK_ACK, NULL},
};

static void
test_any(gconstpointer data)
{
    const AnyCase *row = data;
    Scene *scene = scene_of_one("any");

    net_send("vnet0", 1, row->frame);
    if (row->address == NULL)
        net_send("vnet0", 1, TALK_LAST);
    scene_expect(scene, "vnet0", row->address != NULL ? row->address : TALK_LAST_ADDRESS);
    net_send("vnet0", 1, "from ip 10.0.0.77 10.0.0.1");
    g_usleep(50000);
    g_assert_cmpuint(scene_reports(scene, "vnet0"), ==, 1);
    scene_end(scene);
}

static void
test_any_other_replaces_a_link_local_one(void)
{
    Scene *scene = scene_of_one("any");

    net_send("vnet0", 1, "from ip 169.254.7.7 10.0.0.1");
    scene_expect(scene, "vnet0", "169.254.7.7");
    net_send("vnet0", 1, "from ip 10.0.0.5 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

static void
test_an_ack_replaces_what_a_packet_taught(void)
{
    Scene *scene = scene_of_one("any");

    net_send("vnet0", 1, "from ip 10.0.0.66 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.66");
    talk_lease("vnet0", 1, 5);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

static void
test_nobody_learns_what_another_has(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    net_port("vnet1");
    net_port("vnet2");
    net_run("ip addr add 10.0.0.1/24 dev lo; ip link add br0 type bridge; ip link set vnet0 master br0; "
            "ip link set vnet1 master br0");
    scene_reserve(scene, "vnet1", "10.0.0.8 10.0.0.9");
    scene_watch(scene, "vnet0", 1, "any");
    scene_watch(scene, "vnet1", 2, "any");
    scene_watch(scene, "vnet2", 3, "any");
    g_usleep(50000);
    net_send("vnet0", 1, "from ip 10.0.0.1 10.0.0.2"); /* the host's */
    scene_logged(scene, "vnet0': 10.0.0.1 is not learned");
    net_send("vnet0", 1, "from ip 10.0.0.9 10.0.0.1"); /* configured */
    net_send("vnet0", 1, "from ip 10.0.0.5 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    net_send("vnet1", 2, "from ip 10.0.0.5 10.0.0.1"); /* learned */
    net_send("vnet1", 2, "from ip 10.0.0.6 10.0.0.1");
    scene_expect(scene, "vnet1", "10.0.0.6");
    net_send("vnet2", 3, "from ip 10.0.0.9 10.0.0.1"); /* of another bridge: no harm */
    scene_expect(scene, "vnet2", "10.0.0.9");
    net_run("ip addr add 10.0.3.1/24 dev vnet2");
    scene_unwatch(scene, "vnet1");
    scene_watch(scene, "vnet1", 2, "any");
    g_usleep(50000);
    net_send("vnet1", 2, "from ip 10.0.3.1 10.0.0.1"); /* the host's since a moment ago */
    net_send("vnet1", 2, TALK_LAST);
    scene_expect(scene, "vnet1", TALK_LAST_ADDRESS);
    scene_end(scene);
}

static void
test_only_what_is_allowed(void)
{
    Scene *scene = scene_of_one("any allowed=10.1.0.0/16");

    net_send("vnet0", 1, "from ip 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, "from ip 10.1.0.5 10.0.0.1");
    scene_expect(scene, "vnet0", "10.1.0.5");
    scene_watch(scene, "vnet0", 1, "any allowed=10.1.0.0/24");
    scene_expect(scene, "vnet0", "10.1.0.5");
    scene_watch(scene, "vnet0", 1, "any allowed=10.2.0.0/16");
    scene_expect(scene, "vnet0", "");
    g_usleep(50000);
    net_send("vnet0", 1, "from ip 10.2.0.5 10.0.0.1");
    scene_expect(scene, "vnet0", "10.2.0.5");
    scene_end(scene);
}

static void
add_any_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(any_cases); i++) {
        g_autofree char *path = g_strdup_printf("/learn/any/%s", any_cases[i].name);
        g_test_add_data_func(path, &any_cases[i], test_any);
    }
}

static const TalkTest tests[] = {
    {"/learn/any/link-local", test_any_other_replaces_a_link_local_one},
    {"/learn/any/ack-replaces", test_an_ack_replaces_what_a_packet_taught},
    {"/learn/any/held", test_nobody_learns_what_another_has},
    {"/learn/any/allowed", test_only_what_is_allowed},
};

int
main(int argc, char **argv)
{
    return talk_main(argc, argv, tests, G_N_ELEMENTS(tests), add_any_cases);
}
