/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * firewall.c: who changes the rules of nf_tables, and where; see firewall.h
 *
 * The messages of a transaction come in one piece when it is committed, with the number last. What they say about a rule
 * beyond its place is not read. If more comes than the socket holds, the kernel says so, and that is told.
 *
 * The number is asked for over a second socket, so that the answer need not be searched among announcements.
 *
 * Source: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h.
 */
#include "driver/watch/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { RECEIVE_BUFFER = 16 << 20, MESSAGES_SIZE = 1 << 16, TURN_MESSAGES = 1000, ANSWER_SECONDS = 1 };

struct NwfFirewall {
    struct mnl_socket *announcements;
    struct mnl_socket *questions;
    guint32 asked;
};

/* Where a message of each kind says which table and which chain it is about; 0: it names none. */
typedef struct Place {
    guint16 table, chain;
} Place;

static const Place places[] = {
    [NFT_MSG_NEWTABLE] = {NFTA_TABLE_NAME, 0},
    [NFT_MSG_DELTABLE] = {NFTA_TABLE_NAME, 0},
    [NFT_MSG_NEWCHAIN] = {NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME},
    [NFT_MSG_DELCHAIN] = {NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME},
    [NFT_MSG_NEWRULE] = {NFTA_RULE_TABLE, NFTA_RULE_CHAIN},
    [NFT_MSG_DELRULE] = {NFTA_RULE_TABLE, NFTA_RULE_CHAIN},
};

/* What is looked for in a message, and what was found. */
typedef struct Names {
    const Place *place;
    const char *table, *chain;
} Names;

typedef struct Generation {
    guint32 number, process;
    const char *program;
} Generation;

typedef struct Hearing {
    const NwfFirewallEars *ears;
    gpointer data;
} Hearing;

static const char *
text_of(const struct nlattr *attribute)
{
    return mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attribute) : NULL;
}

static int
on_name(const struct nlattr *attribute, void *data)
{
    Names *names = data;
    guint16 type = mnl_attr_get_type(attribute);

    if (type == names->place->table)
        names->table = text_of(attribute);
    else if (type == names->place->chain)
        names->chain = text_of(attribute);
    return MNL_CB_OK;
}

static int
on_generation_attribute(const struct nlattr *attribute, void *data)
{
    Generation *generation = data;
    guint16 type = mnl_attr_get_type(attribute);

    if (type == NFTA_GEN_PROC_NAME)
        generation->program = text_of(attribute);
    else if ((type == NFTA_GEN_ID || type == NFTA_GEN_PROC_PID) && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
        *(type == NFTA_GEN_ID ? &generation->number : &generation->process) = ntohl(mnl_attr_get_u32(attribute));
    return MNL_CB_OK;
}

static Generation
generation_of(const struct nlmsghdr *message)
{
    Generation generation = {.program = NULL};

    mnl_attr_parse(message, sizeof(struct nfgenmsg), on_generation_attribute, &generation);
    return generation;
}

static int
on_message(const struct nlmsghdr *message, void *data)
{
    const Hearing *hearing = data;
    const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
    guint kind = NFNL_MSG_TYPE(message->nlmsg_type);

    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
        mnl_nlmsg_get_payload_len(message) < sizeof(*head))
        return MNL_CB_OK;
    if (kind == NFT_MSG_NEWGEN) {
        Generation generation = generation_of(message);
        hearing->ears->done(generation.number, generation.process, generation.program ? generation.program : "",
                            hearing->data);
    } else if (kind < G_N_ELEMENTS(places) && places[kind].table) {
        Names names = {.place = &places[kind]};
        mnl_attr_parse(message, sizeof(*head), on_name, &names);
        if (kind == NFT_MSG_NEWCHAIN && !(message->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL)))
            names = (Names){.place = &places[NFT_MSG_NEWTABLE], .table = names.table}; /* its name may be a new one */
        if (names.table && (names.chain || !names.place->chain))
            hearing->ears->touched(head->nfgen_family, names.table, names.chain, hearing->data);
    }
    return MNL_CB_OK;
}

/* ---- the number ---- */

static int
on_answer(const struct nlmsghdr *message, void *data)
{
    if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN)
        *(guint32 *)data = generation_of(message).number;
    return MNL_CB_OK;
}

gboolean
nwf_firewall_generation(NwfFirewall *firewall, guint32 *generation)
{
    char buffer[1024];
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    guint32 sequence = ++firewall->asked;
    gssize length;
    int rc = -1;

    request->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
    request->nlmsg_flags = NLM_F_REQUEST;
    request->nlmsg_seq = sequence;
    mnl_nlmsg_put_extra_header(request, sizeof(struct nfgenmsg));
    *generation = 0;
    if (mnl_socket_sendto(firewall->questions, request, request->nlmsg_len) < 0)
        return FALSE;
    do {
        length = mnl_socket_recvfrom(firewall->questions, buffer, sizeof(buffer));
        if (length < 0 && errno != EINTR)
            return FALSE;
        if (length > 0)
            rc = mnl_cb_run(buffer, (gsize)length, sequence, mnl_socket_get_portid(firewall->questions), on_answer,
                            generation);
    } while (length < 0 || (rc < 0 && errno == EPROTO)); /* the answer to a question whose asker has given up */
    return rc >= 0 && *generation != 0;
}

/* ---- the outside ---- */

static struct mnl_socket *
open_socket(int flags, GError **error)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | flags);

    if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0)
        return socket;
    nwf_set_error(error, errno == EPROTONOSUPPORT ? NWF_ERROR_UNSUPPORTED : NWF_ERROR_SYSTEM,
                  _("changes of firewall rules cannot be listened for: %s"), g_strerror(errno));
    if (socket)
        mnl_socket_close(socket);
    return NULL;
}

static gboolean
subscribe(NwfFirewall *firewall, GError **error)
{
    int fd = nwf_firewall_fd(firewall), group = NFNLGRP_NFTABLES, size = RECEIVE_BUFFER;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (mnl_socket_setsockopt(firewall->announcements, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0)
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_SYSTEM, _("changes of firewall rules cannot be listened for: %s"),
                         g_strerror(errno));
}

NwfFirewall *
nwf_firewall_new(GError **error)
{
    g_autoptr(NwfFirewall) firewall = g_new0(NwfFirewall, 1);
    struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    guint32 generation;

    firewall->announcements = open_socket(SOCK_NONBLOCK, error);
    firewall->questions = firewall->announcements ? open_socket(0, error) : NULL;
    if (!firewall->questions || !subscribe(firewall, error))
        return NULL;
    setsockopt(mnl_socket_get_fd(firewall->questions), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (nwf_firewall_generation(firewall, &generation))
        return g_steal_pointer(&firewall);
    nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("the kernel has no nf_tables"));
    return NULL;
}

void
nwf_firewall_free(NwfFirewall *firewall)
{
    if (!firewall)
        return;
    g_clear_pointer(&firewall->announcements, mnl_socket_close);
    g_clear_pointer(&firewall->questions, mnl_socket_close);
    g_free(firewall);
}

int
nwf_firewall_fd(const NwfFirewall *firewall)
{
    return mnl_socket_get_fd(firewall->announcements);
}

void
nwf_firewall_read(NwfFirewall *firewall, const NwfFirewallEars *ears, gpointer data)
{
    g_autofree char *buffer = g_malloc(MESSAGES_SIZE);
    Hearing hearing = {ears, data};

    for (guint i = 0; i < TURN_MESSAGES; i++) {
        gssize length = mnl_socket_recvfrom(firewall->announcements, buffer, MESSAGES_SIZE);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == EAGAIN)
            return;
        if (length < 0 || mnl_cb_run(buffer, (gsize)length, 0, 0, on_message, &hearing) < 0)
            ears->lost(data);
    }
}
