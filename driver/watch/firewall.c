/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * firewall.c: who changes the rules of nf_tables, and where; see firewall.h
 *
 * The messages of a transaction come in one piece when it is committed, with the number last. What they say about a rule
 * beyond its place is not read. If more comes than the socket holds, the kernel says so, and that is told.
 *
 * Source: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h.
 */
#include "driver/watch/firewall.h"

#include "driver/run/netlink.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

enum { RECEIVE_BUFFER = 16 << 20, TURN_MESSAGES = 1000, ANSWER_SECONDS = 1 };

struct NwfFirewall {
    NwfNetlink *announcements;
};

/* Where a message of each kind says which table and which chain it is about; 0: it names none. */
typedef struct Place {
    guint16 table, chain;
} Place;

enum { ATTRIBUTES = 8 };

static const Place places[] = {
    [NFT_MSG_NEWTABLE] = {NFTA_TABLE_NAME, 0},
    [NFT_MSG_DELTABLE] = {NFTA_TABLE_NAME, 0},
    [NFT_MSG_NEWCHAIN] = {NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME},
    [NFT_MSG_DELCHAIN] = {NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME},
    [NFT_MSG_NEWRULE] = {NFTA_RULE_TABLE, NFTA_RULE_CHAIN},
    [NFT_MSG_DELRULE] = {NFTA_RULE_TABLE, NFTA_RULE_CHAIN},
};

typedef struct Hearing {
    const NwfFirewallEars *ears;
    gpointer data;
} Hearing;

static void
on_generation(const struct nlmsghdr *message, const Hearing *hearing)
{
    const struct nlattr *of[NFTA_GEN_MAX + 1] = {NULL};

    nwf_netlink_attributes(message, sizeof(struct nfgenmsg), of, G_N_ELEMENTS(of));
    const char *program = nwf_netlink_text(of[NFTA_GEN_PROC_NAME]);
    hearing->ears->done(nwf_netlink_number(of[NFTA_GEN_ID]), nwf_netlink_number(of[NFTA_GEN_PROC_PID]),
                        program ? program : "", hearing->data);
}

/* The name of a chain that was not made just now may be a new one: then the table counts as changed. */
static void
on_change(const struct nlmsghdr *message, guint kind, const Hearing *hearing)
{
    const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
    gboolean renamed = kind == NFT_MSG_NEWCHAIN && !(message->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL));
    const struct nlattr *of[ATTRIBUTES] = {NULL};

    nwf_netlink_attributes(message, sizeof(*head), of, G_N_ELEMENTS(of));
    const char *table = nwf_netlink_text(of[places[kind].table]);
    const char *chain = places[kind].chain && !renamed ? nwf_netlink_text(of[places[kind].chain]) : NULL;
    if (table && (chain || renamed || !places[kind].chain))
        hearing->ears->touched(head->nfgen_family, table, chain, hearing->data);
}

static int
on_message(const struct nlmsghdr *message, void *hearing)
{
    guint kind = NFNL_MSG_TYPE(message->nlmsg_type);

    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
        mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg))
        return MNL_CB_OK;
    if (kind == NFT_MSG_NEWGEN)
        on_generation(message, hearing);
    else if (kind < G_N_ELEMENTS(places) && places[kind].table)
        on_change(message, kind, hearing);
    return MNL_CB_OK;
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
nwf_firewall_generation(guint32 *generation)
{
    char buffer[NLMSG_HDRLEN + 64];
    struct nlmsghdr *request =
        nwf_netlink_request(buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0, sizeof(struct nfgenmsg));

    *generation = 0;
    return nwf_netlink_ask(NETLINK_NETFILTER, request, ANSWER_SECONDS, on_answer, generation) && *generation != 0;
}

NwfFirewall *
nwf_firewall_new(GError **error)
{
    static const int group = NFNLGRP_NFTABLES;
    g_autoptr(NwfFirewall) firewall = g_new0(NwfFirewall, 1);
    guint32 generation;

    firewall->announcements = nwf_netlink_listen(NETLINK_NETFILTER, &group, 1, RECEIVE_BUFFER);
    if (!firewall->announcements)
        nwf_set_error(error, errno == EPROTONOSUPPORT ? NWF_ERROR_UNSUPPORTED : NWF_ERROR_SYSTEM,
                      _("changes of firewall rules cannot be listened for: %s"), g_strerror(errno));
    else if (!nwf_firewall_generation(&generation))
        nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("the kernel has no nf_tables"));
    else
        return g_steal_pointer(&firewall);
    return NULL;
}

void
nwf_firewall_free(NwfFirewall *firewall)
{
    if (!firewall)
        return;
    nwf_netlink_free(firewall->announcements);
    g_free(firewall);
}

int
nwf_firewall_fd(const NwfFirewall *firewall)
{
    return nwf_netlink_fd(firewall->announcements);
}

void
nwf_firewall_read(NwfFirewall *firewall, const NwfFirewallEars *ears, gpointer data)
{
    Hearing hearing = {ears, data};

    if (!nwf_netlink_receive(firewall->announcements, TURN_MESSAGES, on_message, &hearing))
        ears->lost(data);
}
