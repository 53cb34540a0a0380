/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * links.c: the network devices of the host; see links.h
 *
 * Two sockets. One is subscribed to changes and stays. The other is made for each filling of the table, after the
 * subscription: whatever changes while the table is filled is then said again by a message, and as a message tells the whole
 * state of its device, taking in one that is already known does no harm.
 *
 * Bridges send messages of their own about their ports in the same form (family AF_BRIDGE), where "deleted" means
 * "is no port any more". These are not about devices and are passed over.
 */
#include "driver/watch/links.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { RECEIVE_BUFFER = 1 << 20, FILL_SECONDS = 2, FILL_TRIES = 10, MESSAGES_SIZE = 1 << 15 };

typedef struct HostAddress {
    guint32 index;
    guint8 family; /* 4 or 6 */
    guint8 bytes[16];
} HostAddress;

struct NwfLinks {
    struct mnl_socket *socket;
    GHashTable *by_index;  /* owns the NwfLink */
    GHashTable *by_name;   /* name -> NwfLink */
    GHashTable *addresses; /* a set of HostAddress */
    gboolean stale;        /* messages were lost: fill it anew */
    gboolean changed;
};

/* ---- the table ---- */

static guint
address_hash(gconstpointer data)
{
    const HostAddress *address = data;
    guint hash = address->index * 31 + address->family;

    for (guint i = 0; i < sizeof(address->bytes); i++)
        hash = hash * 33 + address->bytes[i];
    return hash;
}

static gboolean
address_equal(gconstpointer a, gconstpointer b)
{
    const HostAddress *x = a, *y = b;

    return x->index == y->index && x->family == y->family && memcmp(x->bytes, y->bytes, sizeof(x->bytes)) == 0;
}

static gboolean
address_is_of(gpointer address, G_GNUC_UNUSED gpointer value, gpointer index)
{
    return ((const HostAddress *)address)->index == GPOINTER_TO_UINT(index);
}

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

    g_hash_table_foreach_remove(links->addresses, address_is_of, GUINT_TO_POINTER(index));
    if (link == NULL)
        return;
    forget_name(links, link);
    g_hash_table_remove(links->by_index, GUINT_TO_POINTER(index));
    links->changed = TRUE;
}

static void
take_link(NwfLinks *links, const NwfLink *news)
{
    NwfLink *link = g_hash_table_lookup(links->by_index, GUINT_TO_POINTER(news->index));

    if (link != NULL && link->master == news->master && link->up == news->up && strcmp(link->name, news->name) == 0 &&
        g_hash_table_lookup(links->by_name, link->name) == link)
        return;
    if (link == NULL) {
        link = g_new0(NwfLink, 1);
        g_hash_table_insert(links->by_index, GUINT_TO_POINTER(news->index), link);
    } else {
        forget_name(links, link);
    }
    *link = *news;
    g_hash_table_replace(links->by_name, link->name, link);
    links->changed = TRUE;
}

/* ---- messages ---- */

static int
on_link_attribute(const struct nlattr *attribute, void *data)
{
    NwfLink *link = data;

    if (mnl_attr_get_type(attribute) == IFLA_IFNAME && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
        g_strlcpy(link->name, mnl_attr_get_str(attribute), sizeof(link->name));
    if (mnl_attr_get_type(attribute) == IFLA_MASTER && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
        link->master = mnl_attr_get_u32(attribute);
    return MNL_CB_OK;
}

static void
on_link(NwfLinks *links, const struct nlmsghdr *message)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    NwfLink link = {0};

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family != AF_UNSPEC || info->ifi_index <= 0)
        return;
    link.index = (guint)info->ifi_index;
    link.up = (info->ifi_flags & IFF_UP) != 0;
    mnl_attr_parse(message, sizeof(*info), on_link_attribute, &link);
    if (message->nlmsg_type == RTM_DELLINK)
        forget_link(links, link.index);
    else if (link.name[0] != '\0')
        take_link(links, &link);
}

/* The address of this end: IFA_LOCAL where there is one, as on point-to-point links, else IFA_ADDRESS. */
typedef struct Ends {
    const struct nlattr *local, *address;
} Ends;

static int
on_address_attribute(const struct nlattr *attribute, void *data)
{
    Ends *ends = data;

    if (mnl_attr_get_type(attribute) == IFA_LOCAL)
        ends->local = attribute;
    if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
        ends->address = attribute;
    return MNL_CB_OK;
}

static void
add_address(NwfLinks *links, const HostAddress *address)
{
    HostAddress *copy = g_new(HostAddress, 1);

    *copy = *address;
    g_hash_table_add(links->addresses, copy);
}

static void
on_address(NwfLinks *links, const struct nlmsghdr *message)
{
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
    HostAddress address = {0};
    Ends ends = {NULL, NULL};
    gsize length;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
        (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
        return;
    mnl_attr_parse(message, sizeof(*info), on_address_attribute, &ends);
    ends.local = ends.local != NULL ? ends.local : ends.address;
    length = info->ifa_family == AF_INET ? 4 : 16;
    if (ends.local == NULL || mnl_attr_get_payload_len(ends.local) != length)
        return;
    address.index = info->ifa_index;
    address.family = info->ifa_family == AF_INET ? 4 : 6;
    memcpy(address.bytes, mnl_attr_get_payload(ends.local), length);
    if (message->nlmsg_type == RTM_DELADDR)
        g_hash_table_remove(links->addresses, &address);
    else
        add_address(links, &address);
}

static int
on_message(const struct nlmsghdr *message, void *data)
{
    switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        on_link(data, message);
        break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
        on_address(data, message);
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

/* ---- filling ---- */

typedef struct mnl_socket NwfMnlSocket;

static void
socket_close(NwfMnlSocket *socket)
{
    if (socket != NULL)
        mnl_socket_close(socket);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfMnlSocket, socket_close)

static struct mnl_socket *
socket_open(int flags, unsigned int groups, GError **error)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);

    if (socket != NULL && mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) == 0)
        return socket;
    nwf_set_error(error, NWF_ERROR_SYSTEM, _("changes of network devices cannot be listened for: %s"),
                  g_strerror(errno));
    socket_close(socket);
    return NULL;
}

static gboolean
ask(struct mnl_socket *socket, guint16 type, guint32 sequence)
{
    char buffer[NLMSG_HDRLEN + 64];
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    gsize size = type == RTM_GETLINK ? sizeof(struct ifinfomsg) : sizeof(struct ifaddrmsg);

    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request->nlmsg_seq = sequence;
    mnl_nlmsg_put_extra_header(request, size); /* all zero: of every family */
    return mnl_socket_sendto(socket, request, request->nlmsg_len) >= 0;
}

/* Takes in the answer. FALSE with EINTR: the list changed meanwhile, and some of it may be missing. */
static gboolean
take_answer(NwfLinks *links, struct mnl_socket *socket, guint32 sequence)
{
    g_autofree char *buffer = g_malloc(MESSAGES_SIZE);
    gssize length;
    int rc = MNL_CB_OK;

    while (rc > MNL_CB_STOP) {
        length = mnl_socket_recvfrom(socket, buffer, MESSAGES_SIZE);
        if (length < 0)
            return FALSE;
        rc = mnl_cb_run(buffer, (gsize)length, sequence, mnl_socket_get_portid(socket), on_message, links);
        if (rc < 0)
            return FALSE;
    }
    return TRUE;
}

/* A socket for each try: what is left of an interrupted answer goes with it. */
static gboolean
fill(NwfLinks *links, guint16 type, GError **error)
{
    struct timeval limit = {.tv_sec = FILL_SECONDS};

    for (guint32 sequence = 1; sequence <= FILL_TRIES; sequence++) {
        g_autoptr(NwfMnlSocket) socket = socket_open(0, 0, error);
        if (socket == NULL)
            return FALSE;
        setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (ask(socket, type, sequence) && take_answer(links, socket, sequence))
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
    g_hash_table_remove_all(links->addresses);
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
    g_autoptr(NwfLinks) links = g_new0(NwfLinks, 1);
    int size = RECEIVE_BUFFER;

    links->by_index = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    links->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    links->addresses = g_hash_table_new_full(address_hash, address_equal, g_free, NULL);
    links->socket = socket_open(SOCK_NONBLOCK, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, error);
    if (links->socket == NULL)
        return NULL;
    if (setsockopt(nwf_links_fd(links), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(nwf_links_fd(links), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return fill_all(links, error) ? g_steal_pointer(&links) : NULL;
}

void
nwf_links_free(NwfLinks *links)
{
    if (links == NULL)
        return;
    socket_close(links->socket);
    g_hash_table_unref(links->by_name);
    g_hash_table_unref(links->by_index);
    g_hash_table_unref(links->addresses);
    g_free(links);
}

int
nwf_links_fd(const NwfLinks *links)
{
    return mnl_socket_get_fd(links->socket);
}

gboolean
nwf_links_read(NwfLinks *links, GError **error)
{
    g_autofree char *buffer = g_malloc(MESSAGES_SIZE);
    gssize length;

    links->changed = FALSE;
    for (;;) {
        length = mnl_socket_recvfrom(links->socket, buffer, MESSAGES_SIZE);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            break;
        if (mnl_cb_run(buffer, (gsize)length, 0, 0, on_message, links) < 0)
            links->stale = TRUE;
    }
    if (errno != EAGAIN)
        links->stale = TRUE; /* ENOBUFS, ENOSPC: messages were lost */
    if (links->stale)
        fill_all(links, error);
    return links->changed;
}

const NwfLink *
nwf_links_find(const NwfLinks *links, const char *name)
{
    return g_hash_table_lookup(links->by_name, name);
}

gboolean
nwf_links_has_address(const NwfLinks *links, guint8 family, const guint8 *bytes)
{
    GHashTableIter iter;
    gpointer key;
    const HostAddress *address;

    g_hash_table_iter_init(&iter, links->addresses);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        address = key;
        if (address->family == family && memcmp(address->bytes, bytes, family == 4 ? 4 : 16) == 0)
            return TRUE;
    }
    return FALSE;
}
