/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net.c: ports with VMs behind them; see net.h
 */
#include "tests/unit/learn/kernel/net.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* All frames leave through it; belongs to the network namespace. Closing one takes the kernel some ten milliseconds. */
static int sender = -1;

void
net_here(void)
{
    if (sender >= 0)
        close(sender);
    sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    g_assert_cmpint(sender, >=, 0);
}

gboolean
net_enter(void)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
        return FALSE;
    net_here();
    return TRUE;
}

void
net_fresh(void)
{
    g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
    net_here();
    net_run("ip link set lo up");
}

void
net_run(const char *format, ...)
{
    g_autofree char *script = NULL;
    g_autofree char *err = NULL;
    g_autoptr(GError) error = NULL;
    va_list args;
    int status;

    va_start(args, format);
    script = g_strdup_vprintf(format, args);
    va_end(args);
    const char *argv[] = {"/bin/sh", "-ec", script, NULL};
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &err, &status, &error);
    g_assert_no_error(error);
    if (status != 0)
        g_error("%s: %s", script, err);
}

void
net_port(const char *name)
{
    net_run(
        "ip link add %s type veth peer name g-%s; ip link set %s addrgenmode none; ip link set g-%s addrgenmode none;"
        "ip link set %s up; ip link set g-%s up",
        name, name, name, name, name, name);
    net_wait(name);
}

void
net_bridge(guint n)
{
    net_run("ip link add br0 type bridge");
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("vnet%u", i);
        net_port(name);
        net_run("ip link set %s master br0", name);
    }
}

void
net_wait(const char *name)
{
    net_run("for dev in %s g-%s; do until ip -br link show $dev | grep -q ' UP '; do sleep 0.01; done; done", name,
            name);
}

void
net_mac(guint8 mac[6], guint vm)
{
    memcpy(mac, vm_mac, 6);
    mac[4] = (guint8)(vm >> 8);
    mac[5] = (guint8)vm;
}

static void
replace(guint8 mac[6], guint vm)
{
    if (memcmp(mac, vm_mac, 6) == 0)
        net_mac(mac, vm);
}

guint
net_try_times(const char *name, guint vm, const char *line, guint times)
{
    guint sent = 0;
    g_autofree char *guest = g_strconcat("g-", name, NULL);
    g_autoptr(GByteArray) frame = NULL;
    struct sockaddr_ll to = {.sll_family = AF_PACKET};
    FrameSpec spec;

    frame_parse(&spec, line);
    replace(spec.src, vm);
    replace(spec.dst, vm);
    replace(spec.chaddr, vm);
    replace(spec.arp_mac, vm);
    frame = frame_build(&spec, NULL);
    to.sll_ifindex = (int)if_nametoindex(spec.direction == NWF_FROM_VM ? guest : name);
    g_assert_cmpint(to.sll_ifindex, >, 0);
    for (guint i = 0; i < times; i++)
        sent += sendto(sender, frame->data, frame->len, 0, (struct sockaddr *)&to, sizeof(to)) == (gssize)frame->len;
    return sent;
}

void
net_send_times(const char *name, guint vm, const char *line, guint times)
{
    g_assert_cmpuint(net_try_times(name, vm, line, times), ==, times);
}

void
net_send(const char *name, guint vm, const char *line)
{
    net_send_times(name, vm, line, 1);
}

static guint
count_entries(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

guint
net_descriptors(void)
{
    return count_entries("/proc/self/fd") - 1; /* the one that reads */
}

guint
net_threads(void)
{
    return count_entries("/proc/self/task");
}
