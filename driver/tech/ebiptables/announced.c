/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * announced.c: what the kernel announces while a tool runs
 *
 * The kernel announces each transaction of nf_tables before the call that commits it returns. So when a tool has ended,
 * its transaction was announced, or there was none. The announcement carries the address of the tool's netlink socket,
 * which the kernel makes of the number of its process as we count it, also in a container.
 *
 * ebtables-restore commits what it has read when its input ends. So its transaction does not prove that it has read the
 * whole batch; what stands last in a batch does: changes of the chains that lead to all ports (NWF_SECTION_DISPATCH)
 * and deleted chains. They are counted. A batch without any of these proves nothing.
 *
 * Source: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h, nf_tables of Linux 6.18 as it behaves.
 */
#include "driver/tech/ebiptables/announced.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

enum { RECEIVE_BUFFER = 16 << 20, MESSAGES_SIZE = 1 << 16 };

struct NwfAnnounced {
    struct mnl_socket *socket;
};

/* What is looked for, and what was found. */
typedef struct Search {
    NwfLayer layer;
    guint32 sender;
    guint transactions; /* whoever made them */
    gboolean own;       /* one was the sender's */
    guint dispatch;     /* rules that the sender made or removed in chains that lead to all ports */
    guint deleted;      /* chains that it deleted */
} Search;

static int
on_rule_attribute(const struct nlattr *attribute, void *data)
{
    Search *search = data;

    if (mnl_attr_get_type(attribute) == NFTA_RULE_CHAIN && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0 &&
        nwf_chain_leads_to_all(search->layer, mnl_attr_get_str(attribute)))
        search->dispatch++;
    return MNL_CB_OK;
}

static int
on_message(const struct nlmsghdr *message, void *data)
{
    Search *search = data;
    gboolean own = message->nlmsg_pid == search->sender;
    guint kind = NFNL_MSG_TYPE(message->nlmsg_type);

    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
        return MNL_CB_OK;
    if (kind == NFT_MSG_NEWGEN) {
        search->transactions++;
        search->own = search->own || own;
    } else if (own && (kind == NFT_MSG_NEWRULE || kind == NFT_MSG_DELRULE)) {
        mnl_attr_parse(message, sizeof(struct nfgenmsg), on_rule_attribute, search);
    } else if (own && kind == NFT_MSG_DELCHAIN) {
        search->deleted++;
    }
    return MNL_CB_OK;
}

NwfProof
nwf_announced_proof(NwfAnnounced *announced, const NwfBatch *batch, pid_t pid)
{
    g_autofree char *buffer = g_malloc(MESSAGES_SIZE);
    Search search = {.layer = batch->layer, .sender = (guint32)pid};
    gssize length;

    if (!announced)
        return NWF_PROOF_UNKNOWN;
    while ((length = mnl_socket_recvfrom(announced->socket, buffer, MESSAGES_SIZE)) >= 0 || errno == EINTR)
        if (length > 0 && mnl_cb_run(buffer, (gsize)length, 0, 0, on_message, &search) < 0)
            return NWF_PROOF_UNKNOWN;
    if (errno != EAGAIN)
        return NWF_PROOF_UNKNOWN; /* ENOBUFS: some were lost */
    if (search.own && batch->n_dispatch + batch->n_deleted > 0 && search.dispatch >= batch->n_dispatch &&
        search.deleted >= batch->n_deleted)
        return NWF_PROOF_DONE;
    return search.transactions == 0 ? NWF_PROOF_NOTHING : NWF_PROOF_UNKNOWN;
}

NwfAnnounced *
nwf_announced_new(void)
{
    g_autoptr(NwfAnnounced) announced = g_new0(NwfAnnounced, 1);
    int group = NFNLGRP_NFTABLES, size = RECEIVE_BUFFER;

    announced->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!announced->socket || mnl_socket_bind(announced->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_setsockopt(announced->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return NULL;
    if (setsockopt(mnl_socket_get_fd(announced->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(mnl_socket_get_fd(announced->socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return g_steal_pointer(&announced);
}

void
nwf_announced_free(NwfAnnounced *announced)
{
    if (!announced)
        return;
    g_clear_pointer(&announced->socket, mnl_socket_close);
    g_free(announced);
}
