/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * limits.c: what the tools cannot do, told before any of them runs
 *
 * The language allows rules that ebtables, iptables or ip6tables refuse. Each is a row here with a text that says what
 * would be taken; the message names the place, which the tools' own words do not. The error has the code of a tool's
 * refusal. One port has a limited number of lines: some rules need many.
 */
#include "driver/tech/ebiptables/print.h"
#include "driver/tech/ebiptables/render.h"

#include <glib/gi18n-lib.h>
#include <string.h>

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_DCCP = 33, PROTOCOL_ICMPV6 = 58, PROTOCOL_SCTP = 132 };

static const guint8 with_ports[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_DCCP, PROTOCOL_SCTP};

/* The tools take such a range of addresses, and of the ports of iptables's udp: nothing lies in it. */
static gboolean
ends_before_it_begins(const NwfPlanRule *rule, const NwfCondition *condition)
{
    if (rule->protocol->ip_protocol == PROTOCOL_UDP)
        return FALSE;
    for (guint i = 0; i < NWF_OPERANDS_MAX; i += 2) {
        const NwfOperand *start = &condition->operands[i], *end = start + 1;
        gboolean ports = start->type == NWF_TYPE_PORT;
        gboolean numbers = !ports && start->type != NWF_TYPE_IPV4 && start->type != NWF_TYPE_IPV6;

        if (!start->present)
            continue;
        if (ports && (start->value.range.first > start->value.range.last ||
                      (end->present && start->value.range.first > end->value.range.last)))
            return TRUE;
        /* elsewhere the second operand is a mask, or flags */
        if (numbers && end->present && end->type == start->type && start->value.number > end->value.number)
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_range_in_range(G_GNUC_UNUSED const NwfPlanRule *rule, const NwfCondition *condition)
{
    const NwfOperand *operands = condition->operands;

    if (operands[0].type != NWF_TYPE_PORT || !operands[1].present)
        return FALSE;
    return operands[0].value.range.first != operands[0].value.range.last ||
           operands[1].value.range.first != operands[1].value.range.last;
}

static gboolean
mixes_addresses(G_GNUC_UNUSED const NwfPlanRule *rule, const NwfCondition *condition)
{
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++) {
        const NwfOperand *operand = &condition->operands[i];

        if (operand->present && operand->type == NWF_TYPE_IPV6 && operand->value.ipv4)
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_reserved_vlan(G_GNUC_UNUSED const NwfPlanRule *rule, const NwfCondition *condition)
{
    return condition->match == NWF_MATCH_VLAN_ID && condition->operands[0].value.number == 4095;
}

/* The protocol is known and is not one of @accepted. */
static gboolean
lacks_protocol(const NwfPlanRule *rule, const guint8 *accepted, gsize n)
{
    const NwfCondition *protocol = nwf_condition_find(rule, NWF_MATCH_IP_PROTOCOL);

    if (rule->protocol->layer != NWF_LAYER_ETHERNET)
        return FALSE;
    if (!protocol || protocol->negated)
        return TRUE;
    return memchr(accepted, (int)protocol->operands[0].value.number, n) == NULL;
}

static gboolean
has_ports_without_protocol(const NwfPlanRule *rule, const NwfCondition *condition)
{
    return (condition->match == NWF_MATCH_SRC_PORT || condition->match == NWF_MATCH_DST_PORT) &&
           lacks_protocol(rule, with_ports, sizeof(with_ports));
}

static gboolean
has_type_without_protocol(const NwfPlanRule *rule, const NwfCondition *condition)
{
    static const guint8 icmpv6 = PROTOCOL_ICMPV6;

    return condition->match == NWF_MATCH_TYPE && lacks_protocol(rule, &icmpv6, 1);
}

static const struct {
    gboolean (*is_wrong)(const NwfPlanRule *rule, const NwfCondition *condition);
    const char *text;
} limits[] = {
    {has_ports_without_protocol, N_("ports need a protocol that has them (tcp, udp, sctp or 33), not negated")},
    {has_type_without_protocol, N_("types and codes need protocol='icmpv6', not negated")},
    {mixes_addresses, N_("a range of IPv6 addresses cannot end with an IPv4 address")},
    {is_range_in_range, N_("a range of ports cannot be an end of another range: use single ports")},
    {ends_before_it_begins, N_("the range ends before it begins")},
    {is_reserved_vlan, N_("ebtables cannot match VLAN 4095; accepted are 0 to 4094")},
};

static gboolean
check_rule(const NwfPlanRule *rule, GError **error)
{
    for (guint i = 0; rule->protocol && i < rule->conditions->len; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);
        for (guint j = 0; j < G_N_ELEMENTS(limits); j++)
            if (limits[j].is_wrong(rule, condition))
                return nwf_plan_rule_refuse(rule, condition, NWF_ERROR_FIREWALL, _(limits[j].text), error);
    }
    return TRUE;
}

gboolean
nwf_render_check(const char *port, const NwfPlan *plan, GError **error)
{
    guint64 lines = 0;

    if (!nwf_port_name_check(port, error))
        return FALSE;
    for (guint i = 0; plan && i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);
        for (guint j = 0; j < chain->rules->len; j++) {
            const NwfPlanRule *rule = g_ptr_array_index(chain->rules, j);
            if (!check_rule(rule, error))
                return FALSE;
            lines += nwf_form_lines(chain->layer, rule);
        }
    }
    if (lines <= NWF_PORT_RULES_MAX)
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_INTERNAL,
                         _("port '%s' needs too many rules of the firewall tools (limit: %d); a dscp at the Ethernet "
                           "level needs 4 of them, a negated one 7, in a rule with action 'return' 252"),
                         port, NWF_PORT_RULES_MAX);
}
