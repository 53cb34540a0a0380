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

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum { RECEIVE_BUFFER = 16 << 20 };

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
on_message(const struct nlmsghdr *message, void *data)
{
    Search *search = data;
    gboolean own = message->nlmsg_pid == search->sender;
    guint kind = NFNL_MSG_TYPE(message->nlmsg_type);
    const struct nlattr *of[NFTA_RULE_CHAIN + 1] = {NULL};

    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
        return MNL_CB_OK;
    if (kind == NFT_MSG_NEWGEN) {
        search->transactions++;
        search->own = search->own || own;
    } else if (own && (kind == NFT_MSG_NEWRULE || kind == NFT_MSG_DELRULE)) {
        nwf_netlink_attributes(message, sizeof(struct nfgenmsg), of, G_N_ELEMENTS(of));
        const char *chain = nwf_netlink_text(of[NFTA_RULE_CHAIN]);
        search->dispatch += chain && nwf_chain_leads_to_all(search->layer, chain);
    } else if (own && kind == NFT_MSG_DELCHAIN) {
        search->deleted++;
    }
    return MNL_CB_OK;
}

NwfNetlink *
nwf_announced_new(void)
{
    static const int group = NFNLGRP_NFTABLES;

    return nwf_netlink_listen(NETLINK_NETFILTER, &group, 1, RECEIVE_BUFFER);
}

NwfProof
nwf_announced_proof(NwfNetlink *announced, const NwfBatch *batch, pid_t pid)
{
    Search search = {.layer = batch->layer, .sender = (guint32)pid};

    if (!announced || !nwf_netlink_receive(announced, G_MAXUINT, on_message, &search))
        return NWF_PROOF_UNKNOWN;
    if (search.own && batch->n_dispatch + batch->n_deleted > 0 && search.dispatch >= batch->n_dispatch &&
        search.deleted >= batch->n_deleted)
        return NWF_PROOF_DONE;
    return search.transactions == 0 ? NWF_PROOF_NOTHING : NWF_PROOF_UNKNOWN;
}
