/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netlink.c: questions to the kernel over netlink, and what it announces
 *
 * The kernel reports lost announcements as an error of the socket, once, and drops all that come until the socket is
 * empty; what waits there is older than the loss. So the socket is emptied then, and nothing of it is passed on. A
 * message that cannot be read counts as lost, too.
 */
#include "driver/run/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { MESSAGES_SIZE = 1 << 16, SEQUENCE = 1, ANSWER_SECONDS = 1 };

void
nwf_netlink_free(NwfNetlink *netlink)
{
    if (netlink)
        mnl_socket_close(netlink);
}

int
nwf_netlink_fd(const NwfNetlink *netlink)
{
    return mnl_socket_get_fd(netlink);
}

static NwfNetlink *
open_socket(int bus, int flags)
{
    g_autoptr(NwfNetlink) netlink = mnl_socket_open2(bus, SOCK_CLOEXEC | flags);

    return netlink && mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) == 0 ? g_steal_pointer(&netlink) : NULL;
}

NwfNetlink *
nwf_netlink_listen(int bus, const int *groups, guint n, int buffer)
{
    g_autoptr(NwfNetlink) netlink = open_socket(bus, SOCK_NONBLOCK);

    if (!netlink)
        return NULL;
    if (setsockopt(nwf_netlink_fd(netlink), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0)
        setsockopt(nwf_netlink_fd(netlink), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    for (guint i = 0; i < n; i++) {
        int group = groups[i];
        if (mnl_socket_setsockopt(netlink, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
            return NULL;
    }
    return g_steal_pointer(&netlink);
}

gboolean
nwf_netlink_receive(NwfNetlink *netlink, guint max, mnl_cb_t on_message, gpointer data)
{
    g_autofree char *buffer = g_malloc(MESSAGES_SIZE);
    gboolean whole = TRUE;

    for (guint i = 0; i < max || !whole; i++) {
        gssize length = mnl_socket_recvfrom(netlink, buffer, MESSAGES_SIZE);
        if (length < 0 && errno == EAGAIN)
            break;
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno != ENOBUFS && errno != ENOSPC)
            return FALSE;
        whole = whole && length >= 0 && mnl_cb_run(buffer, (gsize)length, 0, 0, on_message, data) >= 0;
    }
    return whole;
}

struct nlmsghdr *
nwf_netlink_request(char *buffer, guint16 type, guint16 flags, gsize head)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_REQUEST | flags;
    request->nlmsg_seq = SEQUENCE;
    mnl_nlmsg_put_extra_header(request, head);
    return request;
}

gboolean
nwf_netlink_ask(int bus, struct nlmsghdr *request, guint seconds, mnl_cb_t on_answer, gpointer data)
{
    g_autoptr(NwfNetlink) netlink = open_socket(bus, 0);
    g_autofree char *buffer = g_malloc(MESSAGES_SIZE);
    struct timeval limit = {.tv_sec = seconds};
    int rc = MNL_CB_OK;

    if (!netlink)
        return FALSE;
    setsockopt(nwf_netlink_fd(netlink), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (mnl_socket_sendto(netlink, request, request->nlmsg_len) < 0)
        return FALSE;
    while (rc > MNL_CB_STOP) {
        gssize length = mnl_socket_recvfrom(netlink, buffer, MESSAGES_SIZE);
        if (length < 0 && errno == EINTR)
            continue;
        rc = length < 0 ? -1
                        : mnl_cb_run(buffer, (gsize)length, SEQUENCE, mnl_socket_get_portid(netlink), on_answer, data);
        if (!(request->nlmsg_flags & NLM_F_DUMP) && rc == MNL_CB_OK)
            return TRUE;
    }
    return rc == MNL_CB_STOP;
}

void
nwf_netlink_attributes(const struct nlmsghdr *message, gsize head, const struct nlattr **of, guint n)
{
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, head) if (mnl_attr_get_type(attribute) < n) of[mnl_attr_get_type(attribute)] =
        attribute;
}

const struct nlattr *
nwf_netlink_find(const struct nlattr *nest, guint16 type)
{
    const struct nlattr *attribute, *found = NULL;

    if (nest)
        mnl_attr_for_each_nested(attribute, nest) if (mnl_attr_get_type(attribute) == type) found = attribute;
    return found;
}

const char *
nwf_netlink_text(const struct nlattr *attribute)
{
    return attribute && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attribute) : NULL;
}

guint32
nwf_netlink_number(const struct nlattr *attribute)
{
    return attribute && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0 ? ntohl(mnl_attr_get_u32(attribute)) : 0;
}

static int
on_answer(const struct nlmsghdr *message, void *number)
{
    const struct nlattr *of[NFTA_GEN_MAX + 1] = {NULL};

    if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN) {
        nwf_netlink_attributes(message, sizeof(struct nfgenmsg), of, G_N_ELEMENTS(of));
        *(guint32 *)number = nwf_netlink_number(of[NFTA_GEN_ID]);
    }
    return MNL_CB_OK;
}

gboolean
nwf_nft_generation(guint32 *generation)
{
    char buffer[NLMSG_HDRLEN + 64];
    struct nlmsghdr *request =
        nwf_netlink_request(buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0, sizeof(struct nfgenmsg));

    *generation = 0;
    return nwf_netlink_ask(NETLINK_NETFILTER, request, ANSWER_SECONDS, on_answer, generation) && *generation != 0;
}
