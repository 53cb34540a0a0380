/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outline.c: the chains of a table and what leads to them, asked of the kernel itself
 *
 * Whoever adds a rule with nft to a table that iptables made ("nft add rule ip filter FORWARD ct state established
 * accept") may make it one that iptables-save does not list any more, though it goes on changing it. The kernel tells
 * all rules over netlink, as expressions. Of these we understand the few that dispatch rules and base jumps are made
 * of:
 *
 *   meta iifname, cmp      -i NAME
 *   meta oifname, cmp      -o NAME
 *   match physdev          -m physdev …
 *   counter                nothing
 *   immediate, a verdict   -j CHAIN, -g CHAIN, -j ACCEPT, …
 *
 * Everything else, and every name that would need quotes, becomes an option that is in no rule of ours. So what a rule
 * leads to is known, and whether it is of a form of ours, but not what else it does.
 *
 * Limits: what a map of verdicts leads to is not seen. A chain that only such a map leads to cannot be deleted.
 *
 * Chains and rules are two questions. The answers count only if both are of the same generation of the rules.
 *
 * Source: linux/netfilter/nf_tables.h and nf_tables_compat.h, linux/netfilter/xt_physdev.h, libmnl's documentation.
 */
#include "driver/tech/ebiptables/outline.h"

#include "driver/run/netlink.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_physdev.h>
#include <string.h>

#define UNKNOWN " --unknown"

enum { TRIES = 10, ANSWER_SECONDS = 5, PAUSE_US = 1000 };

/* One answer of the kernel while it is read. */
typedef struct Reading {
    const NwfTable *table;
    GString *text;
    guint generation; /* the part of its number that is in each message; 0 before the first */
    gboolean mixed;   /* there were two */
} Reading;

/* A rule while its expressions are read. */
typedef struct Rule {
    GString *text;
    const char *option; /* of the device whose name is in @where; NULL: of none */
    guint32 where;
} Rule;

/* Whether @name stands for itself in a listing. The names of bound ports do, and so do those of our chains. */
static gboolean
is_plain(const char *name)
{
    gboolean plain = name && *name;

    for (; plain && *name; name++)
        plain = g_ascii_isgraph(*name) && !strchr("\"'\\", *name);
    return plain;
}

/* ---- expressions ---- */

static void
append(Rule *rule, const char *option, const char *name)
{
    if (is_plain(name))
        g_string_append_printf(rule->text, " %s %s", option, name);
    else
        g_string_append(rule->text, UNKNOWN);
}

static void
read_meta(Rule *rule, const struct nlattr *data)
{
    guint32 key = nwf_netlink_number(nwf_netlink_find(data, NFTA_META_KEY));

    if (nwf_netlink_find(data, NFTA_META_SREG) || (key != NFT_META_IIFNAME && key != NFT_META_OIFNAME)) {
        g_string_append(rule->text, UNKNOWN);
        return;
    }
    rule->option = key == NFT_META_IIFNAME ? "-i" : "-o";
    rule->where = nwf_netlink_number(nwf_netlink_find(data, NFTA_META_DREG));
}

/* A name that is compared without its end stands for all that begin so. */
static void
read_cmp(Rule *rule, const struct nlattr *data)
{
    const struct nlattr *value = nwf_netlink_find(nwf_netlink_find(data, NFTA_CMP_DATA), NFTA_DATA_VALUE);
    const char *name = value ? mnl_attr_get_payload(value) : NULL;
    gboolean whole = name && memchr(name, '\0', mnl_attr_get_payload_len(value));

    if (rule->option && whole && nwf_netlink_number(nwf_netlink_find(data, NFTA_CMP_OP)) == NFT_CMP_EQ &&
        nwf_netlink_number(nwf_netlink_find(data, NFTA_CMP_SREG)) == rule->where)
        append(rule, rule->option, name);
    else
        g_string_append(rule->text, UNKNOWN);
    rule->option = NULL;
}

static gboolean
is_whole_name(const char name[IFNAMSIZ], const char mask[IFNAMSIZ])
{
    gsize length = strnlen(name, IFNAMSIZ);

    return length < IFNAMSIZ && strspn(mask, "\xff") > length;
}

static void
read_match(Rule *rule, const struct nlattr *data)
{
    const struct nlattr *block = nwf_netlink_find(data, NFTA_MATCH_INFO);
    char masks[2][IFNAMSIZ + 1] = {{0}};
    struct xt_physdev_info info;

    if (g_strcmp0(nwf_netlink_text(nwf_netlink_find(data, NFTA_MATCH_NAME)), "physdev") != 0 || !block ||
        mnl_attr_get_payload_len(block) < sizeof(info)) {
        g_string_append(rule->text, UNKNOWN);
        return;
    }
    memcpy(&info, mnl_attr_get_payload(block), sizeof(info));
    memcpy(masks[0], info.in_mask, IFNAMSIZ);
    memcpy(masks[1], info.out_mask, IFNAMSIZ);
    g_string_append(rule->text, " -m physdev");
    if (info.bitmask & XT_PHYSDEV_OP_IN)
        append(rule, "--physdev-in", is_whole_name(info.physindev, masks[0]) ? info.physindev : NULL);
    if (info.bitmask & XT_PHYSDEV_OP_OUT)
        append(rule, "--physdev-out", is_whole_name(info.physoutdev, masks[1]) ? info.physoutdev : NULL);
    if (info.bitmask & XT_PHYSDEV_OP_BRIDGED)
        g_string_append(rule->text, " --physdev-is-bridged");
    if (info.invert || info.bitmask & ~(XT_PHYSDEV_OP_IN | XT_PHYSDEV_OP_OUT | XT_PHYSDEV_OP_BRIDGED))
        g_string_append(rule->text, UNKNOWN);
}

static void
read_immediate(Rule *rule, const struct nlattr *data)
{
    const struct nlattr *verdict = nwf_netlink_find(nwf_netlink_find(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT);
    gint32 code = (gint32)nwf_netlink_number(nwf_netlink_find(verdict, NFTA_VERDICT_CODE));

    if (!verdict)
        g_string_append(rule->text, UNKNOWN);
    else if (code == NFT_JUMP || code == NFT_GOTO)
        append(rule, code == NFT_JUMP ? "-j" : "-g", nwf_netlink_text(nwf_netlink_find(verdict, NFTA_VERDICT_CHAIN)));
    else
        append(rule, "-j", code == NF_ACCEPT ? "ACCEPT" : code == NF_DROP ? "DROP" : "RETURN");
}

/* In the order in which they are looked for. */
static const struct {
    const char *name;
    void (*read)(Rule *rule, const struct nlattr *data);
} expressions[] = {
    {"counter", NULL}, {"meta", read_meta}, {"cmp", read_cmp}, {"immediate", read_immediate}, {"match", read_match},
};

static void
read_expression(Rule *rule, const struct nlattr *expression)
{
    const char *name = nwf_netlink_text(nwf_netlink_find(expression, NFTA_EXPR_NAME));
    const struct nlattr *data = nwf_netlink_find(expression, NFTA_EXPR_DATA);

    for (guint i = 0; i < G_N_ELEMENTS(expressions); i++)
        if (g_strcmp0(expressions[i].name, name) == 0) {
            if (expressions[i].read)
                expressions[i].read(rule, data);
            return;
        }
    g_string_append(rule->text, UNKNOWN);
}

/* ---- chains and rules ---- */

/* The attributes of a message that is about @reading's table, by type; FALSE: it is about another. */
static gboolean
attributes_of(Reading *reading, const struct nlmsghdr *message, guint16 table_type, const struct nlattr **of, guint n)
{
    const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*head))
        return FALSE;
    guint generation = ntohs(head->res_id) + 1u;
    reading->mixed = reading->mixed || (reading->generation && reading->generation != generation);
    reading->generation = generation;
    nwf_netlink_attributes(message, sizeof(*head), of, n);
    return head->nfgen_family == reading->table->family &&
           g_strcmp0(nwf_netlink_text(of[table_type]), reading->table->name) == 0;
}

static int
on_chain(const struct nlmsghdr *message, void *data)
{
    const struct nlattr *of[NFTA_CHAIN_MAX + 1] = {NULL};
    Reading *reading = data;

    if (attributes_of(reading, message, NFTA_CHAIN_TABLE, of, G_N_ELEMENTS(of)) &&
        is_plain(nwf_netlink_text(of[NFTA_CHAIN_NAME])))
        g_string_append_printf(reading->text, ":%s -\n", nwf_netlink_text(of[NFTA_CHAIN_NAME]));
    return MNL_CB_OK;
}

static int
on_rule(const struct nlmsghdr *message, void *data)
{
    const struct nlattr *of[NFTA_RULE_MAX + 1] = {NULL}, *expression;
    Reading *reading = data;
    Rule rule = {.text = reading->text};

    if (!attributes_of(reading, message, NFTA_RULE_TABLE, of, G_N_ELEMENTS(of)) ||
        !is_plain(nwf_netlink_text(of[NFTA_RULE_CHAIN])))
        return MNL_CB_OK;
    g_string_append_printf(rule.text, "-A %s", nwf_netlink_text(of[NFTA_RULE_CHAIN]));
    if (of[NFTA_RULE_EXPRESSIONS])
        mnl_attr_for_each_nested(expression, of[NFTA_RULE_EXPRESSIONS]) read_expression(&rule, expression);
    g_string_append(rule.text, rule.option ? UNKNOWN "\n" : "\n");
    return MNL_CB_OK;
}

/* ---- the questions ---- */

static gboolean
ask(guint16 kind, mnl_cb_t on_answer, Reading *reading)
{
    char buffer[NLMSG_HDRLEN + 128];
    struct nlmsghdr *request =
        nwf_netlink_request(buffer, (guint16)(NFNL_SUBSYS_NFTABLES << 8 | kind), NLM_F_DUMP, sizeof(struct nfgenmsg));

    ((struct nfgenmsg *)mnl_nlmsg_get_payload(request))->nfgen_family = reading->table->family;
    if (kind == NFT_MSG_GETRULE)
        mnl_attr_put_strz(request, NFTA_RULE_TABLE, reading->table->name);
    return nwf_netlink_ask(NETLINK_NETFILTER, request, ANSWER_SECONDS, on_answer, reading) && !reading->mixed;
}

char *
nwf_outline(const NwfTable *table)
{
    for (guint i = 0; i < TRIES; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        Reading reading = {.table = table, .text = text};

        g_usleep(i * PAUSE_US);
        g_string_append_printf(text, "*%s\n", table->name);
        if (ask(NFT_MSG_GETCHAIN, on_chain, &reading) && ask(NFT_MSG_GETRULE, on_rule, &reading))
            return g_string_free(g_steal_pointer(&text), FALSE);
    }
    return NULL; /* it was changed each time, or the kernel does not answer */
}
