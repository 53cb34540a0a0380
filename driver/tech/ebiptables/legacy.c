/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * legacy.c: whether a table of the tools' older form has changed, and the lock that one of the tools does not take
 *
 * The kernel does not announce changes of ip_tables, ip6_tables and ebtables, as it does for nf_tables. But it hands
 * out a table as one block, in the form in which it was put in. This block, without the counters, is what is compared:
 * any difference makes the backend read the table again with the tools.
 *
 * The blocks' form is that of linux/netfilter_ipv4/ip_tables.h, linux/netfilter_ipv6/ip6_tables.h and
 * linux/netfilter_bridge/ebtables.h. The IP tables have counters in each entry; those of ebtables come apart from them
 * and are not asked for.
 *
 * A tool of this form reads a table, changes it and puts it back. Of two at the same time the kernel refuses one, or
 * one undoes what the other did. The IP tools take a lock by themselves. That of ebtables has to be asked for
 * (--concurrent, as libvirt and firewalld do), and ebtables-restore cannot be asked: so its lock is taken for it.
 *
 * Limits: a change that is made between our own batch and our looking, some milliseconds, counts as ours.
 */
#include "driver/tech/ebiptables/ebiptables_private.h"

#include <fcntl.h>
#include <linux/netfilter_bridge/ebtables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOCK_FOLDER "/var/lib/ebtables"
#define LOCK_FILE   LOCK_FOLDER "/lock"

enum { LOCK_TRIES = 250, LOCK_PAUSE_US = 20 * 1000 };

gboolean
nwf_legacy_is_used(const char *path)
{
    char *real = realpath(path, NULL);
    gboolean legacy = real && strstr(real, "legacy");

    free(real);
    return legacy;
}

/*
 * How to ask for a table of an IP version, and what changes by itself in its entries. But for the size of an entry the
 * structures of both versions are the same.
 */
typedef struct IpForm {
    int domain, level, get_info, get_entries;
    gsize entry, next_offset, comefrom, counters;
} IpForm;

#define IP_FORM(domain, level, info, entries, type)                                                                    \
    {                                                                                                                  \
        domain, level, info, entries, sizeof(type), offsetof(type, next_offset), offsetof(type, comefrom),             \
            offsetof(type, counters)                                                                                   \
    }

static const IpForm ip_forms[NWF_LAYERS] = {
    [NWF_LAYER_IPV4] = IP_FORM(AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES, struct ipt_entry),
    [NWF_LAYER_IPV6] = IP_FORM(AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES, struct ip6t_entry),
};

/* FALSE if the block is not made of entries. */
static gboolean
clear_counters(const IpForm *form, char *block, gsize size)
{
    guint16 next = (guint16)form->entry;
    gsize at = 0;

    for (; at + form->entry <= size && next >= form->entry; at += next) {
        memset(block + at + form->counters, 0, sizeof(struct xt_counters));
        memset(block + at + form->comefrom, 0, sizeof(unsigned int));
        memcpy(&next, block + at + form->next_offset, sizeof(next));
    }
    return at == size;
}

static char *
ip_fingerprint(int fd, const IpForm *form)
{
    struct ipt_getinfo info = {.name = "filter"};
    socklen_t length = sizeof(info);

    if (getsockopt(fd, form->level, form->get_info, &info, &length) < 0)
        return NULL;
    g_autofree struct ipt_get_entries *table = g_malloc0(sizeof(*table) + info.size);
    length = (socklen_t)(sizeof(*table) + info.size);
    g_strlcpy(table->name, info.name, sizeof(table->name));
    table->size = info.size;
    if (getsockopt(fd, form->level, form->get_entries, table, &length) < 0 ||
        !clear_counters(form, (char *)table->entrytable, info.size))
        return NULL;
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)table->entrytable, info.size);
}

static char *
ethernet_fingerprint(int fd)
{
    struct ebt_replace table = {.name = "nat"};
    socklen_t length = sizeof(table);

    if (getsockopt(fd, IPPROTO_IP, EBT_SO_GET_INFO, &table, &length) < 0)
        return NULL;
    g_autofree char *entries = g_malloc0(table.entries_size);
    table.entries = entries;
    table.num_counters = 0;
    length = (socklen_t)(sizeof(table) + table.entries_size);
    if (getsockopt(fd, IPPROTO_IP, EBT_SO_GET_ENTRIES, &table, &length) < 0)
        return NULL;
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)entries, table.entries_size);
}

char *
nwf_legacy_fingerprint(NwfLayer layer)
{
    const IpForm *form = nwf_layer_is_ip(layer) ? &ip_forms[layer] : NULL;
    int fd = socket(form ? form->domain : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    char *fingerprint = fd < 0 ? NULL : form ? ip_fingerprint(fd, form) : ethernet_fingerprint(fd);

    if (fd >= 0)
        close(fd);
    return fingerprint;
}

int
nwf_legacy_lock(NwfLayer layer)
{
    if (nwf_layer_is_ip(layer))
        return -1;
    g_mkdir_with_parents(LOCK_FOLDER, 0700);
    int lock = open(LOCK_FILE, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    for (guint i = 0; lock >= 0 && i < LOCK_TRIES; i++) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0)
            return lock;
        g_usleep(LOCK_PAUSE_US);
    }
    if (lock >= 0)
        close(lock);
    return -1;
}
