/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * links.c: the network devices of the host and the addresses it has
 *
 * The table is filled after the subscription to changes: what changes meanwhile comes again as a message. A message
 * tells the whole state of its device, so one about what is already known does no harm. Messages from before a loss are
 * not applied to the new table (netlink.h).
 *
 * Bridges send messages of their own about their ports in the same form (family AF_BRIDGE), where "deleted" means
 * "is no port any more". These are not about devices and are passed over.
 */
#include "driver/watch/links.h"

#include "driver/run/netlink.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

enum { RECEIVE_BUFFER = 1 << 20, FILL_SECONDS = 2, FILL_TRIES = 10 };

/* Compared as memory, so it has no padding. */
typedef struct HostAddress {
    guint32 index;
    guint32 family; /* 4 or 6 */
    guint8 bytes[16];
} HostAddress;

struct NwfLinks {
    NwfNetlink *socket;
    GHashTable *by_index; /* owns the NwfLink */
    GHashTable *by_name;  /* name -> NwfLink */
    GArray *addresses;    /* of HostAddress, each once */
    gboolean stale;       /* messages were lost: fill it anew */
    gboolean changed;
};

/* ---- the table ---- */

/* A name may have gone over to another device since; then it stays with that one. */
static void
forget_name(NwfLinks *links, const NwfLink *link)
{
    if (g_hash_table_lookup(links->by_name, link->name) == link)
        g_hash_table_remove(links->by_name, link->name);
}

static void
forget_link(NwfLinks *links, guint index)
{
    NwfLink *link = g_hash_table_lookup(links->by_index, GUINT_TO_POINTER(index));

    for (guint i = links->addresses->len; i-- > 0;)
        if (g_array_index(links->addresses, HostAddress, i).index == index)
            g_array_remove_index_fast(links->addresses, i);
    if (!link)
        return;
    forget_name(links, link);
    g_hash_table_remove(links->by_index, GUINT_TO_POINTER(index));
    links->changed = TRUE;
}

static void
take_link(NwfLinks *links, const NwfLink *now)
{
    NwfLink *link = g_hash_table_lookup(links->by_index, GUINT_TO_POINTER(now->index));

    if (link && link->master == now->master && link->up == now->up && strcmp(link->name, now->name) == 0 &&
        strcmp(link->kind, now->kind) == 0 && g_hash_table_lookup(links->by_name, link->name) == link)
        return;
    if (!link) {
        link = g_new0(NwfLink, 1);
        g_hash_table_insert(links->by_index, GUINT_TO_POINTER(now->index), link);
    } else {
        forget_name(links, link);
    }
    *link = *now;
    g_hash_table_replace(links->by_name, link->name, link);
    links->changed = TRUE;
}

/* ---- messages ---- */

/* What kind of device the attributes of @info (may be NULL) say. */
static void
take_kind(NwfLink *link, const struct nlattr *info)
{
    const char *kind = nwf_netlink_text(nwf_netlink_find(info, IFLA_INFO_KIND));

    g_strlcpy(link->kind, kind ? kind : "", sizeof(link->kind));
    link->macvlan = strcmp(link->kind, "macvlan") == 0 || strcmp(link->kind, "macvtap") == 0;
}

static void
on_link(NwfLinks *links, const struct nlmsghdr *message)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *of[IFLA_LINKINFO + 1] = {NULL};
    NwfLink link = {0};

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family != AF_UNSPEC || info->ifi_index <= 0)
        return;
    link.index = (guint)info->ifi_index;
    link.up = (info->ifi_flags & IFF_UP) != 0;
    nwf_netlink_attributes(message, sizeof(*info), of, G_N_ELEMENTS(of));
    if (of[IFLA_MASTER] && mnl_attr_validate(of[IFLA_MASTER], MNL_TYPE_U32) >= 0)
        link.master = mnl_attr_get_u32(of[IFLA_MASTER]);
    take_kind(&link, of[IFLA_LINKINFO]);
    if (nwf_netlink_text(of[IFLA_IFNAME]))
        g_strlcpy(link.name, nwf_netlink_text(of[IFLA_IFNAME]), sizeof(link.name));
    if (message->nlmsg_type == RTM_DELLINK)
        forget_link(links, link.index);
    else if (link.name[0] != '\0')
        take_link(links, &link);
}

/* The address of this end: IFA_LOCAL where there is one, as on point-to-point links, else IFA_ADDRESS. */
static void
on_address(NwfLinks *links, const struct nlmsghdr *message)
{
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *of[IFA_LOCAL + 1] = {NULL};
    HostAddress address = {0};

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
        (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
        return;
    nwf_netlink_attributes(message, sizeof(*info), of, G_N_ELEMENTS(of));
    const struct nlattr *own = of[IFA_LOCAL] ? of[IFA_LOCAL] : of[IFA_ADDRESS];
    gsize length = info->ifa_family == AF_INET ? 4 : 16;
    if (!own || mnl_attr_get_payload_len(own) != length)
        return;
    address.index = info->ifa_index;
    address.family = info->ifa_family == AF_INET ? 4 : 6;
    memcpy(address.bytes, mnl_attr_get_payload(own), length);
    for (guint i = links->addresses->len; i-- > 0;)
        if (memcmp(&g_array_index(links->addresses, HostAddress, i), &address, sizeof(address)) == 0)
            g_array_remove_index_fast(links->addresses, i);
    if (message->nlmsg_type == RTM_NEWADDR)
        g_array_append_val(links->addresses, address);
}

static int
on_message(const struct nlmsghdr *message, void *data)
{
    guint16 type = message->nlmsg_type;

    if (type == RTM_NEWLINK || type == RTM_DELLINK)
        on_link(data, message);
    else if (type == RTM_NEWADDR || type == RTM_DELADDR)
        on_address(data, message);
    return MNL_CB_OK;
}

/* ---- filling ---- */

static gboolean
fill(NwfLinks *links, guint16 type, GError **error)
{
    char buffer[NLMSG_HDRLEN + 64];
    gsize head = type == RTM_GETLINK ? sizeof(struct ifinfomsg) : sizeof(struct ifaddrmsg);

    for (guint i = 0; i < FILL_TRIES; i++) {
        struct nlmsghdr *request = nwf_netlink_request(buffer, type, NLM_F_DUMP, head); /* of every family */
        if (nwf_netlink_ask(NETLINK_ROUTE, request, FILL_SECONDS, on_message, links))
            return TRUE;
        if (errno != EINTR)
            break;
    }
    return nwf_set_error(error, NWF_ERROR_SYSTEM, _("network devices cannot be listed: %s"), g_strerror(errno));
}

static void
forget_all(NwfLinks *links)
{
    g_hash_table_remove_all(links->by_name);
    g_hash_table_remove_all(links->by_index);
    g_array_set_size(links->addresses, 0);
}

/* All or nothing: devices without their addresses would look as if the host had none. */
static gboolean
fill_all(NwfLinks *links, GError **error)
{
    forget_all(links);
    links->changed = TRUE;
    links->stale = TRUE;
    if (fill(links, RTM_GETLINK, error) && fill(links, RTM_GETADDR, error))
        links->stale = FALSE;
    else
        forget_all(links);
    return !links->stale;
}

/* ---- the outside ---- */

NwfLinks *
nwf_links_new(GError **error)
{
    static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
    g_autoptr(NwfLinks) links = g_new0(NwfLinks, 1);

    links->by_index = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    links->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    links->addresses = g_array_new(FALSE, FALSE, sizeof(HostAddress));
    links->socket = nwf_netlink_listen(NETLINK_ROUTE, groups, G_N_ELEMENTS(groups), RECEIVE_BUFFER);
    if (!links->socket) {
        nwf_set_error(error, NWF_ERROR_SYSTEM, _("changes of network devices cannot be listened for: %s"),
                      g_strerror(errno));
        return NULL;
    }
    return fill_all(links, error) ? g_steal_pointer(&links) : NULL;
}

void
nwf_links_free(NwfLinks *links)
{
    if (!links)
        return;
    nwf_netlink_free(links->socket);
    g_hash_table_unref(links->by_name);
    g_hash_table_unref(links->by_index);
    g_array_unref(links->addresses);
    g_free(links);
}

int
nwf_links_fd(const NwfLinks *links)
{
    return nwf_netlink_fd(links->socket);
}

gboolean
nwf_links_read(NwfLinks *links, GError **error)
{
    links->changed = FALSE;
    if (!nwf_netlink_receive(links->socket, G_MAXUINT, on_message, links) || links->stale)
        fill_all(links, error);
    return links->changed;
}

const NwfLink *
nwf_links_find(const NwfLinks *links, const char *name)
{
    return g_hash_table_lookup(links->by_name, name);
}

const NwfLink *
nwf_links_at(const NwfLinks *links, guint index)
{
    return g_hash_table_lookup(links->by_index, GUINT_TO_POINTER(index));
}

gboolean
nwf_links_has_address(const NwfLinks *links, guint8 family, const guint8 *bytes)
{
    for (guint i = 0; i < links->addresses->len; i++) {
        const HostAddress *address = &g_array_index(links->addresses, HostAddress, i);
        if (address->family == family && memcmp(address->bytes, bytes, family == 4 ? 4 : 16) == 0)
            return TRUE;
    }
    return FALSE;
}
