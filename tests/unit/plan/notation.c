/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * notation.c: plans as lines of text, see story.h
 */
#include "story.h"

static const char *const names[NWF_MATCHES] = {
    [NWF_MATCH_SRC_MAC] = "smac",
    [NWF_MATCH_DST_MAC] = "dmac",
    [NWF_MATCH_ETHERTYPE] = "type",
    [NWF_MATCH_VLAN_ID] = "vlan",
    [NWF_MATCH_VLAN_ENCAP] = "encap",
    [NWF_MATCH_STP_TYPE] = "stp-type",
    [NWF_MATCH_STP_FLAGS] = "stp-flags",
    [NWF_MATCH_STP_ROOT_PRIORITY] = "root-prio",
    [NWF_MATCH_STP_ROOT_ADDRESS] = "root-addr",
    [NWF_MATCH_STP_ROOT_COST] = "root-cost",
    [NWF_MATCH_STP_SENDER_PRIORITY] = "sender-prio",
    [NWF_MATCH_STP_SENDER_ADDRESS] = "sender-addr",
    [NWF_MATCH_STP_PORT] = "stp-port",
    [NWF_MATCH_STP_AGE] = "age",
    [NWF_MATCH_STP_MAX_AGE] = "max-age",
    [NWF_MATCH_STP_HELLO_TIME] = "hello",
    [NWF_MATCH_STP_FORWARD_DELAY] = "delay",
    [NWF_MATCH_ARP_HWTYPE] = "htype",
    [NWF_MATCH_ARP_PROTOCOL] = "ptype",
    [NWF_MATCH_ARP_OPCODE] = "op",
    [NWF_MATCH_ARP_SRC_MAC] = "arp-smac",
    [NWF_MATCH_ARP_DST_MAC] = "arp-dmac",
    [NWF_MATCH_ARP_SRC_IP] = "arp-src",
    [NWF_MATCH_ARP_DST_IP] = "arp-dst",
    [NWF_MATCH_ARP_GRATUITOUS] = "gratuitous",
    [NWF_MATCH_SRC_IP] = "src",
    [NWF_MATCH_DST_IP] = "dst",
    [NWF_MATCH_SRC_IP_FROM] = "src-range",
    [NWF_MATCH_DST_IP_FROM] = "dst-range",
    [NWF_MATCH_IP_PROTOCOL] = "proto",
    [NWF_MATCH_SRC_PORT] = "sport",
    [NWF_MATCH_DST_PORT] = "dport",
    [NWF_MATCH_DSCP] = "dscp",
    [NWF_MATCH_TYPE] = "icmp",
    [NWF_MATCH_CONNLIMIT] = "connlimit",
    [NWF_MATCH_STATE] = "state",
    [NWF_MATCH_IPSET] = "set",
    [NWF_MATCH_TCP_OPTION] = "option",
    [NWF_MATCH_TCP_FLAGS] = "flags",
    [NWF_MATCH_COMMENT] = "comment",
    [NWF_MATCH_CT_DIRECTION] = "dir",
};

static const char *const verdicts[] = {
    [NWF_VERDICT_ACCEPT] = "ACCEPT", [NWF_VERDICT_DROP] = "DROP",         [NWF_VERDICT_REJECT] = "REJECT",
    [NWF_VERDICT_RETURN] = "RETURN", [NWF_VERDICT_CONTINUE] = "CONTINUE", [NWF_VERDICT_JUMP] = "JUMP",
};

static const char *const hooks[] = {
    [NWF_HOOK_FROM_VM] = "I",      [NWF_HOOK_TO_VM] = "O",    [NWF_HOOK_FORWARD_IN] = "FI",
    [NWF_HOOK_FORWARD_OUT] = "FO", [NWF_HOOK_HOST_IN] = "HI",
};

/* What stands before operand 1, 2 and 3 of a condition. */
static const char *
separators_of(const NwfCondition *condition)
{
    switch (condition->match) {
    case NWF_MATCH_TYPE:
        return "-/-";
    case NWF_MATCH_IPSET:
        return ":";
    case NWF_MATCH_SRC_MAC:
    case NWF_MATCH_DST_MAC:
    case NWF_MATCH_STP_ROOT_ADDRESS:
    case NWF_MATCH_STP_SENDER_ADDRESS:
    case NWF_MATCH_SRC_IP:
    case NWF_MATCH_DST_IP:
    case NWF_MATCH_ARP_SRC_IP:
    case NWF_MATCH_ARP_DST_IP:
        return "/";
    default:
        return "-";
    }
}

static void
put_condition(GString *out, const NwfCondition *condition)
{
    g_assert_nonnull(names[condition->match]);
    g_string_append_printf(out, " %s%s=", condition->negated ? "!" : "", names[condition->match]);
    if (condition->match == NWF_MATCH_CT_DIRECTION) {
        g_string_append(out, condition->operands[0].value.number == NWF_CT_REPLY ? "REPLY" : "ORIGINAL");
        return;
    }
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++) {
        const NwfOperand *operand = &condition->operands[i];

        if (!operand->present)
            continue;
        g_assert_cmpint(operand->group, ==, -1);
        if (i > 0)
            g_string_append_c(out, separators_of(condition)[i - 1]);
        nwf_value_format(out, &operand->value, operand->type);
    }
}

static void
put_chain_name(GString *out, const NwfChain *chain)
{
    g_string_append(out, hooks[chain->hook]);
    if (chain->layer == NWF_LAYER_IPV6)
        g_string_append_c(out, '6');
    if (chain->suffix != NULL)
        g_string_append_printf(out, "/%s", chain->suffix);
}

static void
put_rule(GString *out, const NwfChain *chain, const NwfPlanRule *rule)
{
    put_chain_name(out, chain);
    if (rule->protocol != NULL)
        g_string_append_printf(out, " %s", rule->protocol->name);
    for (guint i = 0; i < rule->conditions->len; i++)
        put_condition(out, &g_array_index(rule->conditions, NwfCondition, i));
    g_string_append_printf(out, " %s", verdicts[rule->verdict]);
    if (rule->target != NULL)
        g_string_append_printf(out, " %s", rule->target->suffix);
    g_string_append_c(out, '\n');
}

char *
plan_text(const NwfPlan *plan)
{
    GString *out = g_string_new(NULL);
    guint n_rules = 0;

    for (guint i = 0; i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);

        g_assert_true(plan->uses[chain->layer]);
        for (guint j = 0; j < chain->rules->len; j++, n_rules++)
            put_rule(out, chain, g_ptr_array_index(chain->rules, j));
        if (chain->rules->len == 0) {
            put_chain_name(out, chain);
            g_string_append(out, " (empty)\n");
        }
    }
    g_assert_cmpuint(plan->n_rules, ==, n_rules);
    return g_string_free(out, FALSE);
}

char *
lines_of(const char *text, const char *chain)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *prefix = g_strconcat(chain, " ", NULL);
    GString *out = g_string_new(NULL);

    for (guint i = 0; lines[i] != NULL; i++)
        if (g_str_has_prefix(lines[i], prefix))
            g_string_append_printf(out, "%s\n", lines[i]);
    return g_string_free(out, FALSE);
}
