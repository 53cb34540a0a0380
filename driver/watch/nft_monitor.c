/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nft_monitor.c: reports who changes the rules of nf_tables, and where
 *
 * The kernel announces a transaction when it is committed: all its changes, then its number. Of a change only the place
 * is read. If more is announced than the socket holds, the kernel says so. Then the monitor reports which transactions
 * there were since the last one that it has seen the end of: the kernel counts a transaction before it announces it.
 *
 * Source: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h.
 */
#include "driver/watch/nft_monitor.h"

#include "driver/run/netlink.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

enum { RECEIVE_BUFFER = 16 << 20, TURN_MESSAGES = 1000 };

struct NwfNftMonitor {
    NwfNetlink *announcements;
    const NwfMonitorCallbacks *callbacks;
    gpointer data;
    guint32 generation; /* of the last transaction whose end was announced */
};

enum { ATTRIBUTES = 8 };

/* Where a message of each kind says which table and which chain it is about; 0: it names none. */
static const struct {
    guint16 table, chain;
} places[] = {
    [NFT_MSG_NEWTABLE] = {NFTA_TABLE_NAME, 0},
    [NFT_MSG_DELTABLE] = {NFTA_TABLE_NAME, 0},
    [NFT_MSG_NEWCHAIN] = {NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME},
    [NFT_MSG_DELCHAIN] = {NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME},
    [NFT_MSG_NEWRULE] = {NFTA_RULE_TABLE, NFTA_RULE_CHAIN},
    [NFT_MSG_DELRULE] = {NFTA_RULE_TABLE, NFTA_RULE_CHAIN},
};

static void
on_generation(const struct nlmsghdr *message, NwfNftMonitor *monitor)
{
    const struct nlattr *of[NFTA_GEN_MAX + 1] = {NULL};

    nwf_netlink_attributes(message, sizeof(struct nfgenmsg), of, G_N_ELEMENTS(of));
    const char *program = nwf_netlink_text(of[NFTA_GEN_PROC_NAME]);
    monitor->generation = nwf_netlink_number(of[NFTA_GEN_ID]);
    monitor->callbacks->done(monitor->generation, nwf_netlink_number(of[NFTA_GEN_PROC_PID]), program ? program : "",
                             monitor->data);
}

/* The name of a chain that was not made just now may be a new one: then the table counts as changed. */
static void
on_change(const struct nlmsghdr *message, guint kind, const NwfNftMonitor *monitor)
{
    const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
    gboolean renamed = kind == NFT_MSG_NEWCHAIN && !(message->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL));
    const struct nlattr *of[ATTRIBUTES] = {NULL};

    nwf_netlink_attributes(message, sizeof(*head), of, G_N_ELEMENTS(of));
    const char *table = nwf_netlink_text(of[places[kind].table]);
    const char *chain = places[kind].chain && !renamed ? nwf_netlink_text(of[places[kind].chain]) : NULL;
    if (table && (chain || renamed || !places[kind].chain))
        monitor->callbacks->touched(head->nfgen_family, table, chain, monitor->data);
}

static int
on_message(const struct nlmsghdr *message, void *monitor)
{
    guint kind = NFNL_MSG_TYPE(message->nlmsg_type);

    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
        mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg))
        return MNL_CB_OK;
    if (kind == NFT_MSG_NEWGEN)
        on_generation(message, monitor);
    else if (kind < G_N_ELEMENTS(places) && places[kind].table)
        on_change(message, kind, monitor);
    return MNL_CB_OK;
}

NwfNftMonitor *
nwf_nft_monitor_new(const NwfMonitorCallbacks *callbacks, gpointer data, GError **error)
{
    static const int group = NFNLGRP_NFTABLES;
    g_autoptr(NwfNftMonitor) monitor = g_new0(NwfNftMonitor, 1);

    monitor->callbacks = callbacks;
    monitor->data = data;
    monitor->announcements = nwf_netlink_listen(NETLINK_NETFILTER, &group, 1, RECEIVE_BUFFER);
    if (!monitor->announcements)
        nwf_set_error(error, errno == EPROTONOSUPPORT ? NWF_ERROR_UNSUPPORTED : NWF_ERROR_SYSTEM,
                      _("changes of firewall rules cannot be listened for: %s"), g_strerror(errno));
    else if (!nwf_nft_generation(&monitor->generation))
        nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("the kernel has no nf_tables"));
    else
        return g_steal_pointer(&monitor);
    return NULL;
}

void
nwf_nft_monitor_free(NwfNftMonitor *monitor)
{
    if (!monitor)
        return;
    nwf_netlink_free(monitor->announcements);
    g_free(monitor);
}

int
nwf_nft_monitor_fd(const NwfNftMonitor *monitor)
{
    return nwf_netlink_fd(monitor->announcements);
}

static void
report_loss(NwfNftMonitor *monitor)
{
    guint32 before = monitor->generation;

    if (!nwf_nft_generation(&monitor->generation)) {
        monitor->generation = before;
        monitor->callbacks->lost(0, 0, monitor->data);
    } else if (monitor->generation != before) { /* else nobody has changed anything */
        monitor->callbacks->lost(before + 1, monitor->generation, monitor->data);
    }
}

void
nwf_nft_monitor_read(NwfNftMonitor *monitor)
{
    if (!nwf_netlink_receive(monitor->announcements, TURN_MESSAGES, on_message, monitor))
        report_loss(monitor);
}
