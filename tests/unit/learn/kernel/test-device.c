/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-device.c: devices that go, come, are others of the same name, or are not known
 */
#include <sys/resource.h>

#include "tests/unit/learn/kernel/talk.h"

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
    talk_lease("vnet0", 1, 5);
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
    talk_lease("vnet1", 2, 5);
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
    talk_lease("vnet1", 2, 6);
    scene_expect(scene, "vnet1", "10.0.0.5 10.0.0.6");
    scene_end(scene);
}

/*
 * Here the VMs' ends are the macvtaps themselves, g-out and g-far; "to out" comes in from outside, through the device
 * below. The neighbour at g-far uses the VM's MAC address, and says first what the VM never said.
 */
static void
test_a_macvtap_learns_from_its_own_frames_alone(void)
{
    Scene *scene = scene_begin();
    const guint8 *mac = vm_mac;

    net_run("ip link add low0 type veth peer name out; ip link set low0 up; ip link set out up;"
            "ip link add link low0 name g-out address %02x:%02x:%02x:%02x:%02x:%02x type macvtap mode bridge;"
            "ip link add link low0 name g-far address 52:54:00:00:77:77 type macvtap mode bridge;"
            "ip link set g-out up; ip link set g-far up",
            mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    net_wait("out");
    scene_watch(scene, "g-out", 1, "dhcp");
    g_usleep(50000);
    net_send("out", 1, "to request xid=6 want=10.0.0.66 sid=10.0.0.1 op=1 esrc=vm edst=all sport=68 dport=67");
    net_send("out", 1, "to ack xid=6 yi=10.0.0.66 time=3600 sid=10.0.0.1");
    talk_ask("far", 1, "from request xid=7 want=10.0.0.67 sid=10.0.0.1");
    net_send("out", 1, "to ack xid=7 yi=10.0.0.67 time=3600 sid=10.0.0.1");
    talk_ask("out", 1, "from request xid=8 want=10.0.0.5 sid=10.0.0.1");
    net_send("out", 1, "to ack xid=8 yi=10.0.0.5 time=3600 sid=10.0.0.1");
    scene_expect(scene, "g-out", "10.0.0.5");
    scene_watch(scene, "g-out", 1, "any");
    g_usleep(50000);
    net_send("out", 1, "to arp 10.0.0.66 10.0.0.1 esrc=vm edst=all arpmac=vm");
    net_send("far", 1, "from arp 10.0.0.67 10.0.0.1");
    g_usleep(50000); /* another way: what the neighbour sent is there first */
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
    scene_logged(scene, "network devices cannot be listed");
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_usleep(1500000); /* the table is filled again */
    scene_expect(scene, "vnet0", "");
    net_send("vnet0", 1, "from arp 10.0.0.5 10.0.0.1");
    net_send("vnet0", 1, TALK_LAST);
    scene_expect(scene, "vnet0", TALK_LAST_ADDRESS);
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
    net_run(
        "ip link set vnet0 down; ip link set vnet0 name vnet9; ip link set g-vnet0 name g-vnet9; ip link set vnet9 up");
    net_wait("vnet9");
    g_usleep(50000);
    net_send("vnet9", 1, "from arp 10.0.0.5 10.0.0.1"); /* of the MAC of the name before */
    net_send("vnet9", 9, "from arp 10.0.0.9 10.0.0.1");
    scene_expect(scene, "vnet9", "10.0.0.9");
    scene_expect(scene, "vnet0", "");
    scene_end(scene);
}

static const TalkTest tests[] = {
    {"/learn/device/flap", test_a_port_that_goes_down_and_up},
    {"/learn/device/later", test_watched_before_the_device_comes},
    {"/learn/device/another", test_another_device_of_the_same_name},
    {"/learn/device/macvtap", test_a_macvtap_learns_from_its_own_frames_alone},
    {"/learn/device/unknown", test_nothing_is_learned_while_devices_are_unknown},
    {"/learn/device/renamed", test_a_renamed_device_is_another_port},
};

int
main(int argc, char **argv)
{
    return talk_main(argc, argv, tests, G_N_ELEMENTS(tests), NULL);
}
