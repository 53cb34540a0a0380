/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-learner.c: real frames through real devices into the learner, and what it says
 */
#include <string.h>
#include <sys/resource.h>

#include "tests/unit/learn/kernel/scene.h"

#define REQUEST "from request xid=7 want=10.0.0.5 sid=10.0.0.1"
#define ACK     "to ack xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1"

/* What is sent after something else shows, once learned, that the something else was seen and taught nothing. */
#define LAST      "from arp 10.9.9.9 10.9.9.1"
#define LAST_ADDR "10.9.9.9"

/* A server has the question before it answers; a frame through a veth pair takes a moment. */
static void
ask(const char *port, guint vm, const char *line)
{
    net_send(port, vm, line);
    g_usleep(5000);
}

/* ---- mode any ---- */

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
    {"ack-unasked", ACK, NULL},
};

static void
test_any(gconstpointer data)
{
    const AnyCase *row = data;
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(50000);
    net_send("vnet0", 1, row->frame);
    if (row->address == NULL)
        net_send("vnet0", 1, LAST);
    scene_expect(scene, "vnet0", row->address != NULL ? row->address : LAST_ADDR);
    net_send("vnet0", 1, "from ip 10.0.0.77 10.0.0.1");
    g_usleep(50000);
    g_assert_cmpuint(scene_reports(scene, "vnet0"), ==, 1);
    scene_end(scene);
}

static void
test_any_other_replaces_a_link_local_one(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(50000);
    net_send("vnet0", 1, "from ip 169.254.7.7 10.0.0.1");
    scene_expect(scene, "vnet0", "169.254.7.7");
    net_send("vnet0", 1, "from ip 10.0.0.5 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

static void
test_an_ack_replaces_what_a_packet_taught(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(50000);
    net_send("vnet0", 1, "from ip 10.0.0.66 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.66");
    ask("vnet0", 1, REQUEST);
    net_send("vnet0", 1, ACK);
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
    scene_hold(scene, "vnet1", "10.0.0.8 10.0.0.9");
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
    net_send("vnet1", 2, LAST);
    scene_expect(scene, "vnet1", LAST_ADDR);
    scene_end(scene);
}

static void
test_only_what_is_allowed(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "any allowed=10.1.0.0/16");
    g_usleep(50000);
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

/* ---- mode dhcp ---- */

static void
test_dhcp_whole_exchange(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, "from ip 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, "from discover xid=6");
    net_send("vnet0", 1, "to offer xid=6 yi=10.0.0.5 sid=10.0.0.1");
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.66 time=3600 sid=10.0.0.1"); /* unasked */
    ask("vnet0", 1, REQUEST);
    net_send("vnet0", 1, ACK);
    scene_expect(scene, "vnet0", "10.0.0.5");
    ask("vnet0", 1, "from request xid=8 want=10.0.0.6 sid=10.0.0.1");
    net_send("vnet0", 1, "to ack xid=8 yi=10.0.0.6 time=3600 sid=10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    net_send("vnet0", 1, "to decline xid=9 want=10.0.0.6");             /* nobody else can */
    net_send("vnet0", 1, "from release xid=9 ci=10.0.0.5 src=10.0.0.5");
    scene_expect(scene, "vnet0", "10.0.0.6");
    scene_end(scene);
}

/* Much else keeps the learner busy; what is to be read first is a frame to the VM, before question and answer. */
static void
test_a_busy_learner_sees_the_question_before_its_answer(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    scene_stall(scene, "vnet0", 1);
    net_send("vnet0", 1, "to ack xid=4712 yi=10.0.0.250 time=3600 sid=10.0.0.1");
    net_send("vnet0", 1, REQUEST);
    g_usleep(20000);
    net_send("vnet0", 1, ACK);
    g_usleep(20000);
    scene_go_on(scene);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

static void
test_a_lease_ends_in_time(void)
{
    Scene *scene = scene_begin();
    gint64 begin, end;

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    ask("vnet0", 1, REQUEST);
    begin = g_get_monotonic_time();
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.5 time=2 sid=10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    g_assert_cmpuint(scene_reports(scene, "vnet0"), ==, 1);
    while (scene_reports(scene, "vnet0") < 2 && g_get_monotonic_time() < begin + 4 * G_USEC_PER_SEC)
        g_usleep(5000);
    end = g_get_monotonic_time();
    scene_expect(scene, "vnet0", "");
    g_assert_cmpint(end - begin, >=, 1900000);
    g_assert_cmpint(end - begin, <=, 3000000);
    scene_end(scene);
}

static void
test_trusted_servers_may_change(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.3");
    g_usleep(50000);
    ask("vnet0", 1, REQUEST);
    net_send("vnet0", 1, ACK);
    g_usleep(50000);
    scene_expect(scene, "vnet0", "");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.3,10.0.0.1");
    g_usleep(50000);
    net_send("vnet0", 1, ACK); /* the question is still open */
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.3");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

/* A neighbour who knows the VM's MAC address, and can send from any address but those of the servers. */
static void
test_others_answers_do_not_drown_those_of_listed_servers(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp servers=10.0.0.3,10.0.0.1");
    g_usleep(50000);
    ask("vnet0", 1, REQUEST);
    net_send_times("vnet0", 1, "to ack src=10.0.0.66 xid=7 yi=10.0.0.5 time=3600 sid=10.0.0.1", 5000);
    net_send("vnet0", 1, ACK);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

/* Leases belong to owner and MAC: both ports have them, and they outlive both. */
static void
test_two_ports_of_one_key(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    net_port("vnet1");
    scene_watch(scene, "vnet0", 1, "dhcp");
    scene_watch(scene, "vnet1", 1, "dhcp");
    g_usleep(50000);
    ask("vnet0", 1, REQUEST);
    net_send("vnet0", 1, ACK);
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_unwatch(scene, "vnet0");
    scene_unwatch(scene, "vnet1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_watch(scene, "vnet1", 1, "dhcp");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_end(scene);
}

/* What a guest had leased before it was away has become another's. A guess is no reason to give it up, a lease is. */
static void
test_a_lease_of_one_who_was_away_gives_way(void)
{
    Scene *scene = scene_begin();

    net_run("ip link add br0 type bridge");
    for (guint i = 0; i < 3; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        net_port(name);
        net_run("ip link set %s master br0", name);
    }
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    ask("vnet0", 1, REQUEST);
    net_send("vnet0", 1, ACK);
    scene_expect(scene, "vnet0", "10.0.0.5");
    ask("vnet0", 1, "from request xid=8 want=10.0.0.6 sid=10.0.0.1");
    net_send("vnet0", 1, "to ack xid=8 yi=10.0.0.6 time=3600 sid=10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5 10.0.0.6");
    scene_unwatch(scene, "vnet0");
    scene_watch(scene, "vnet1", 2, "dhcp");
    scene_watch(scene, "vnet2", 3, "any");
    g_usleep(50000);
    ask("vnet1", 2, REQUEST);
    net_send("vnet1", 2, ACK);
    scene_expect(scene, "vnet1", "10.0.0.5");
    net_send("vnet2", 3, "from arp 10.0.0.6 10.0.0.1");
    scene_expect(scene, "vnet2", "10.0.0.6");
    scene_watch(scene, "vnet0", 1, "dhcp");
    scene_expect(scene, "vnet0", "10.0.0.6");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_logged(scene, "3 port 'vnet0': 10.0.0.5");
    scene_end(scene);
}

/* ---- devices ---- */

static void
test_a_port_that_goes_down_and_up(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    net_port("vnet1");
    scene_watch(scene, "vnet0", 1, "dhcp");
    scene_watch(scene, "vnet1", 2, "any");
    g_usleep(50000);
    net_run("ip link set vnet0 down; ip link set vnet1 down; sleep 0.1; ip link set vnet0 up; ip link set vnet1 up");
    net_wait("vnet0");
    net_wait("vnet1");
    ask("vnet0", 1, REQUEST);
    net_send("vnet0", 1, ACK);
    net_send("vnet1", 2, "from arp 10.0.0.6 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_expect(scene, "vnet1", "10.0.0.6");
    net_run("ip link set vnet0 down; ip link set vnet1 down; sleep 0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_expect(scene, "vnet1", "10.0.0.6");
    scene_end(scene);
}

static void
test_watched_before_the_device_comes(void)
{
    Scene *scene = scene_begin();

    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(20000);
    net_port("vnet0");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_end(scene);
}

/* The name alone does not make it the same device; leases are the VM's, not the device's. */
static void
test_another_device_of_the_same_name(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    net_port("vnet1");
    scene_watch(scene, "vnet0", 1, "any");
    scene_watch(scene, "vnet1", 2, "dhcp");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    ask("vnet1", 2, REQUEST);
    net_send("vnet1", 2, ACK);
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_expect(scene, "vnet1", "10.0.0.5");
    net_run("ip link del vnet0; ip link del vnet1; sleep 0.1");
    scene_expect(scene, "vnet0", "10.0.0.66"); /* nobody else is there */
    net_port("vnet0");
    net_port("vnet1");
    scene_expect(scene, "vnet0", "");
    scene_expect(scene, "vnet1", "10.0.0.5");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.7 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.7");
    ask("vnet1", 2, "from request xid=8 want=10.0.0.6 sid=10.0.0.1");
    net_send("vnet1", 2, "to ack xid=8 yi=10.0.0.6 time=3600 sid=10.0.0.1");
    scene_expect(scene, "vnet1", "10.0.0.5 10.0.0.6");
    scene_end(scene);
}

/* In this one the VM's end is the macvtap itself; "to" comes in from outside, through the device below. */
static void
test_a_macvtap_learns_at_the_device_below(void)
{
    Scene *scene = scene_begin();
    const guint8 *mac = vm_mac;

    net_run("ip link add low0 type veth peer name out; ip link set low0 up; ip link set out up;"
            "ip link add link low0 name g-out address %02x:%02x:%02x:%02x:%02x:%02x type macvtap mode bridge;"
            "ip link set g-out up", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    net_wait("out");
    scene_watch(scene, "g-out", 1, "dhcp linkdev=low0");
    g_usleep(50000);
    net_send("out", 1, "to request xid=7 want=10.0.0.66 sid=10.0.0.1 op=1 esrc=vm edst=all sport=68 dport=67"); /* a forgery */
    net_send("out", 1, "to ack xid=7 yi=10.0.0.66 time=3600 sid=10.0.0.1");
    ask("out", 1, "from request xid=8 want=10.0.0.5 sid=10.0.0.1");
    net_send("out", 1, "to ack xid=8 yi=10.0.0.5 time=3600 sid=10.0.0.1");
    scene_expect(scene, "g-out", "10.0.0.5");
    scene_watch(scene, "g-out", 1, "any linkdev=low0");
    g_usleep(50000);
    net_send("out", 1, "to arp 10.0.0.66 10.0.0.1 esrc=vm edst=all arpmac=vm");
    net_send("out", 1, "from arp 10.0.0.5 10.0.0.1");
    scene_expect(scene, "g-out", "10.0.0.5");
    scene_end(scene);
}

/* Messages about devices were lost, and the table cannot be filled again: nobody knows who is whose neighbour. */
static void
test_nothing_is_learned_while_devices_are_unknown(void)
{
    Scene *scene = scene_begin();
    struct rlimit limit, few;

    net_port("vnet0");
    net_port("vnet1");
    net_run("ip link add br0 type bridge; ip link set vnet0 master br0; ip link set vnet1 master br0;"
            "ip addr add 10.0.0.1/24 dev lo");
    scene_watch(scene, "vnet0", 1, "any");
    scene_watch(scene, "vnet1", 2, "any");
    g_usleep(50000);
    net_send("vnet1", 2, "from arp 10.0.0.5 10.0.0.1");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_stall(scene, "vnet0", 1);
    net_run("for i in $(seq 3000); do echo link set dev lo mtu $((2000 + i)); done | ip -batch -");
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    few = (struct rlimit){.rlim_cur = 3, .rlim_max = limit.rlim_max};
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
    scene_go_on(scene);
    scene_logged(scene, "network devices cannot be listened for");
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_usleep(1500000); /* the table is filled again */
    scene_expect(scene, "vnet0", "");
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, LAST);
    scene_expect(scene, "vnet0", LAST_ADDR);
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_end(scene);
}

static void
test_a_renamed_device_is_another_port(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "any");
    scene_watch(scene, "vnet9", 9, "any");
    g_usleep(50000);
    net_run("ip link set vnet0 down; ip link set vnet0 name vnet9; ip link set g-vnet0 name g-vnet9; ip link set vnet9 up");
    net_wait("vnet9");
    g_usleep(50000);
    net_send("vnet9", 1, "from arp 10.0.0.5 10.0.0.1"); /* of the MAC of the name before */
    net_send("vnet9", 9, "from arp 10.0.0.9 10.0.0.1");
    scene_expect(scene, "vnet9", "10.0.0.9");
    scene_expect(scene, "vnet0", "");
    scene_end(scene);
}

/* ---- restart ---- */

static void
test_a_restart_forgets_nothing(void)
{
    Scene *scene = scene_begin();

    net_port("vnet0");
    net_port("vnet1");
    net_port("vnet2");
    scene_watch(scene, "vnet0", 1, "any");
    scene_watch(scene, "vnet1", 2, "dhcp");
    scene_watch(scene, "vnet2", 3, "any");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    ask("vnet1", 2, REQUEST);
    net_send("vnet1", 2, ACK);
    net_send("vnet2", 3, "from arp 10.0.0.67 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_expect(scene, "vnet2", "10.0.0.67");
    scene_stop(scene);
    net_run("ip link del vnet2; sleep 0.1");
    net_port("vnet2");
    scene_start(scene);
    scene_expect(scene, "vnet0", "10.0.0.66"); /* asked before it is watched */
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_expect(scene, "vnet2", "");          /* a new device has not learned it */
    scene_watch(scene, "vnet0", 1, "any");
    scene_watch(scene, "vnet1", 2, "dhcp");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.77 10.0.0.1");
    g_usleep(50000);
    scene_expect(scene, "vnet0", "10.0.0.66"); /* no second choice */
    scene_expect(scene, "vnet1", "10.0.0.5");
    scene_unwatch(scene, "vnet0");
    scene_restart(scene);
    scene_expect(scene, "vnet0", ""); /* the binding was deleted */
    scene_end(scene);
}

/* When a daemon starts its ports come one after the other. Who comes first does not get what is another's. */
static void
test_the_first_port_takes_nothing_from_the_others(void)
{
    Scene *scene = scene_begin();

    net_run("ip link add br0 type bridge");
    for (guint i = 0; i < 4; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        net_port(name);
        net_run("ip link set %s master br0", name);
    }
    scene_watch(scene, "vnet1", 2, "any");
    scene_watch(scene, "vnet2", 3, "dhcp");
    g_usleep(50000);
    net_send("vnet1", 2, "from arp 10.0.0.66 10.0.0.1");
    ask("vnet2", 3, REQUEST);
    net_send("vnet2", 3, ACK);
    scene_expect(scene, "vnet1", "10.0.0.66");
    scene_expect(scene, "vnet2", "10.0.0.5");
    scene_stop(scene);
    scene_wake(scene);
    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(50000);
    for (guint i = 0; i < 3; i++) {
        net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
        net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
        net_send("vnet0", 1, "from arp 10.0.0.8 10.0.0.1");
        g_usleep(50000);
    }
    scene_watch(scene, "vnet1", 2, "any");
    scene_watch(scene, "vnet2", 3, "dhcp");
    scene_hold(scene, "vnet3", "10.0.0.8");
    scene_expect(scene, "vnet0", "");
    nwf_learner_begin(scene->learner);
    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, "from arp 10.0.0.8 10.0.0.1");
    net_send("vnet0", 1, LAST); /* without a pause: it listens when begin() returns */
    scene_expect(scene, "vnet0", LAST_ADDR);
    scene_expect(scene, "vnet1", "10.0.0.66");
    scene_expect(scene, "vnet2", "10.0.0.5");
    scene_end(scene);
}

/* What is on disk when the engine is told is what a killed daemon leaves, if it is killed at once. */
static void
test_what_was_reported_is_on_disk(void)
{
    Scene *scene = scene_begin();
    g_autofree char *path = g_build_filename(scene->dir, "learn", "state", NULL);

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_stop(scene);
    g_assert_nonnull(scene->state);
    g_assert_true(g_file_set_contents(path, scene->state, -1, NULL));
    scene_start(scene);
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_end(scene);
}

/* Between the engine's asking and its watching: nobody would ever tell it that the address is not the VM's any more. */
static void
test_what_ended_before_it_was_watched_is_reported(void)
{
    Scene *scene = scene_begin();
    NwfLearnRequest *request;
    guint before;

    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "dhcp");
    g_usleep(50000);
    ask("vnet0", 1, REQUEST);
    net_send("vnet0", 1, "to ack xid=7 yi=10.0.0.5 time=1 sid=10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.5");
    scene_unwatch(scene, "vnet0");
    scene_expect(scene, "vnet0", "10.0.0.5"); /* asked */
    before = scene_reports(scene, "vnet0");
    g_usleep(1200000);
    request = g_hash_table_lookup(scene->requests, "vnet0");
    nwf_learner_watch(scene->learner, request);
    for (guint i = 0; i < 500 && scene_reports(scene, "vnet0") == before; i++)
        g_usleep(2000);
    g_assert_cmpuint(scene_reports(scene, "vnet0"), ==, before + 1);
    scene_expect(scene, "vnet0", "");
    scene_end(scene);
}

/* Files that cannot be written are told of, and stop nothing. */
static void
test_a_directory_that_cannot_be_written(void)
{
    Scene *scene = scene_begin();

    net_run("mkdir -p '%s'; rm -rf '%s/learn'; echo > '%s/learn'", scene->dir, scene->dir, scene->dir);
    net_port("vnet0");
    scene_watch(scene, "vnet0", 1, "any");
    g_usleep(50000);
    net_send("vnet0", 1, "from arp 10.0.0.66 10.0.0.1");
    scene_expect(scene, "vnet0", "10.0.0.66");
    scene_logged(scene, "3 learned addresses may be lost");
    scene_end(scene);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!net_enter()) {
        g_print("1..0 # SKIP needs root and network namespaces\n");
        return 77;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(any_cases); i++) {
        g_autofree char *path = g_strdup_printf("/learn/learner/any/%s", any_cases[i].name);
        g_test_add_data_func(path, &any_cases[i], test_any);
    }
    g_test_add_func("/learn/learner/any/link-local", test_any_other_replaces_a_link_local_one);
    g_test_add_func("/learn/learner/any/ack-replaces", test_an_ack_replaces_what_a_packet_taught);
    g_test_add_func("/learn/learner/any/held", test_nobody_learns_what_another_has);
    g_test_add_func("/learn/learner/any/allowed", test_only_what_is_allowed);
    g_test_add_func("/learn/learner/dhcp/exchange", test_dhcp_whole_exchange);
    g_test_add_func("/learn/learner/dhcp/busy", test_a_busy_learner_sees_the_question_before_its_answer);
    g_test_add_func("/learn/learner/dhcp/end", test_a_lease_ends_in_time);
    g_test_add_func("/learn/learner/dhcp/ended-before", test_what_ended_before_it_was_watched_is_reported);
    g_test_add_func("/learn/learner/dhcp/servers", test_trusted_servers_may_change);
    g_test_add_func("/learn/learner/dhcp/drowned", test_others_answers_do_not_drown_those_of_listed_servers);
    g_test_add_func("/learn/learner/dhcp/two-ports", test_two_ports_of_one_key);
    g_test_add_func("/learn/learner/dhcp/away", test_a_lease_of_one_who_was_away_gives_way);
    g_test_add_func("/learn/learner/device/flap", test_a_port_that_goes_down_and_up);
    g_test_add_func("/learn/learner/device/later", test_watched_before_the_device_comes);
    g_test_add_func("/learn/learner/device/another", test_another_device_of_the_same_name);
    g_test_add_func("/learn/learner/device/macvtap", test_a_macvtap_learns_at_the_device_below);
    g_test_add_func("/learn/learner/device/unknown", test_nothing_is_learned_while_devices_are_unknown);
    g_test_add_func("/learn/learner/device/renamed", test_a_renamed_device_is_another_port);
    g_test_add_func("/learn/learner/restart/kept", test_a_restart_forgets_nothing);
    g_test_add_func("/learn/learner/restart/first", test_the_first_port_takes_nothing_from_the_others);
    g_test_add_func("/learn/learner/restart/on-disk", test_what_was_reported_is_on_disk);
    g_test_add_func("/learn/learner/restart/unwritable", test_a_directory_that_cannot_be_written);
    return g_test_run();
}
