/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * normalize.c: what becomes of a rule once its values are known
 *
 * Conditions that say nothing vanish; a range of ports that came from one variable becomes two operands; combinations
 * that no packet or no tool can satisfy are refused with the place, the attributes and their values.
 *
 * The same code normalizes the template as far as its operands are literal, and the plan for the rest. It passes over
 * conditions with an open operand. A rule of an IP layer that excludes all packets is not made at all.
 *
 * ICMPv6 that the kernel never tracks (neighbour discovery, multicast listener reports) has no state that could match:
 * a state nobody asked for is left out for it. A state that was asked for stays.
 */
#include "plan/plan_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Conditions whose second operand is the end of a range that begins with the first. */
static const NwfMatch ranges[] = {
    NWF_MATCH_SRC_PORT,
    NWF_MATCH_DST_PORT,
    NWF_MATCH_STP_ROOT_PRIORITY,
    NWF_MATCH_STP_ROOT_COST,
    NWF_MATCH_STP_SENDER_PRIORITY,
    NWF_MATCH_STP_PORT,
    NWF_MATCH_STP_AGE,
    NWF_MATCH_STP_MAX_AGE,
    NWF_MATCH_STP_HELLO_TIME,
    NWF_MATCH_STP_FORWARD_DELAY,
    NWF_MATCH_TYPE,
};

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_DCCP = 33, PROTOCOL_ICMPV6 = 58, PROTOCOL_SCTP = 132 };

static const guint8 with_ports[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_DCCP, PROTOCOL_SCTP};

static gboolean
is_literal(const NwfCondition *condition)
{
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++)
        if (condition->operands[i].present && !nwf_operand_is_literal(&condition->operands[i]))
            return FALSE;
    return TRUE;
}

static const NwfCondition *
find(const NwfPlanRule *rule, NwfMatch match)
{
    for (guint i = 0; i < rule->conditions->len; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);

        if (condition->match == match)
            return condition;
    }
    return NULL;
}

/* ---- what says nothing ---- */

static gboolean
is_untracked(const NwfPlanRule *rule)
{
    const NwfCondition *type = find(rule, NWF_MATCH_TYPE);
    guint32 number;

    if (!rule->protocol || rule->protocol->layer != NWF_LAYER_IPV6 || rule->protocol->ip_protocol != PROTOCOL_ICMPV6)
        return FALSE;
    if (!type || type->negated || !is_literal(type))
        return FALSE;
    number = type->operands[0].value.number;
    return (number >= 130 && number <= 136) || number == 143;
}

static gboolean
says_nothing(const NwfCondition *condition, gboolean untracked)
{
    if (condition->automatic)
        return untracked;
    if (!is_literal(condition))
        return FALSE;
    switch (condition->match) {
    case NWF_MATCH_ARP_GRATUITOUS:
        return condition->operands[0].value.number == 0;
    case NWF_MATCH_STATE:
        return (condition->operands[0].value.number & ~(guint32)NWF_STATE_NONE) == 0;
    default:
        return FALSE;
    }
}

/* ---- what says that nothing matches ---- */

/* The opposite of everything. The tools refuse such a condition, or leave it out and let everything match. */
static gboolean
excludes_all(const NwfCondition *condition)
{
    const NwfOperand *first = &condition->operands[0], *last = &condition->operands[1];

    switch (condition->match) {
    case NWF_MATCH_SRC_IP:
    case NWF_MATCH_DST_IP:
        return condition->negated && last->present && last->value.number == 0;
    case NWF_MATCH_SRC_PORT:
    case NWF_MATCH_DST_PORT:
        return condition->negated && first->value.range.first == 0 &&
               (last->present ? last : first)->value.range.last == G_MAXUINT16;
    case NWF_MATCH_TCP_FLAGS:
        return first->value.tcp.mask == 0 && (first->value.tcp.flags == 0) == condition->negated;
    default:
        return FALSE;
    }
}

gboolean
nwf_rule_never_matches(const NwfPlanRule *rule)
{
    if (!rule->protocol || rule->protocol->layer == NWF_LAYER_ETHERNET)
        return FALSE;
    for (guint i = 0; i < rule->conditions->len; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);

        if (is_literal(condition) && excludes_all(condition))
            return TRUE;
    }
    return FALSE;
}

/* ---- what cannot be ---- */

static int
compare(const NwfOperand *a, const NwfOperand *b)
{
    const NwfValue *x = &a->value, *y = &b->value;

    switch (a->type) {
    case NWF_TYPE_IPV4:
        return memcmp(x->address, y->address, 4);
    case NWF_TYPE_IPV6:
        return memcmp(x->address, y->address, 16);
    case NWF_TYPE_PORT:
        return x->range.first - y->range.last;
    default:
        return x->number < y->number ? -1 : x->number > y->number;
    }
}

/* The tools take such a range of addresses, and of the ports of iptables's udp: nothing lies in it. */
static gboolean
ends_before_it_begins(const NwfPlanRule *rule, const NwfCondition *condition)
{
    gboolean is_range = FALSE;

    if (rule->protocol->ip_protocol == PROTOCOL_UDP)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(ranges); i++)
        is_range = is_range || ranges[i] == condition->match;
    for (guint i = 0; is_range && i < NWF_OPERANDS_MAX; i += 2) {
        const NwfOperand *start = &condition->operands[i], *end = start + 1;

        if (start->present && start->type == NWF_TYPE_PORT && start->value.range.first > start->value.range.last)
            return TRUE;
        if (start->present && end->present && compare(start, end) > 0)
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
    const NwfCondition *protocol = find(rule, NWF_MATCH_IP_PROTOCOL);

    if (rule->protocol->layer != NWF_LAYER_ETHERNET)
        return FALSE;
    if (!protocol || protocol->negated)
        return TRUE;
    return is_literal(protocol) && memchr(accepted, (int)protocol->operands[0].value.number, n) == NULL;
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

/* Only source addresses of spanning tree frames can be compared: their destination is given. */
static gboolean
has_no_way_back(const NwfPlanRule *rule, const NwfCondition *condition)
{
    return rule->swapped && nwf_match_mirror(condition->match) != condition->match &&
           nwf_protocol_index(rule->protocol, condition->match) < 0;
}

/* What a tool would refuse has the code of its refusal; here the message can name the place, and no tool needs to run. */
static const struct {
    gboolean (*is_wrong)(const NwfPlanRule *rule, const NwfCondition *condition);
    gboolean needs_values;
    NwfErrorCode code;
    const char *text;
} faults[] = {
    {has_no_way_back, FALSE, NWF_ERROR_INTERNAL,
     N_("one rule cannot compare this in both directions: use direction='in' or 'out'")},
    {has_ports_without_protocol, FALSE, NWF_ERROR_FIREWALL,
     N_("ports need a protocol that has them (tcp, udp, sctp or 33), not negated")},
    {has_type_without_protocol, FALSE, NWF_ERROR_FIREWALL, N_("types and codes need protocol='icmpv6', not negated")},
    {mixes_addresses, TRUE, NWF_ERROR_FIREWALL, N_("a range of IPv6 addresses cannot end with an IPv4 address")},
    {is_range_in_range, TRUE, NWF_ERROR_FIREWALL,
     N_("a range of ports cannot be an end of another range: use single ports")},
    {ends_before_it_begins, TRUE, NWF_ERROR_FIREWALL, N_("the range ends before it begins")},
    {is_reserved_vlan, TRUE, NWF_ERROR_FIREWALL, N_("ebtables cannot match VLAN 4095; accepted are 0 to 4094")},
};

static gboolean
refuse(const NwfPlanRule *rule, const NwfCondition *condition, NwfErrorCode code, const char *text, GError **error)
{
    NwfMatch primary = rule->swapped ? nwf_match_mirror(condition->match) : condition->match;
    const NwfMatch *family = nwf_match_family(primary);
    g_autoptr(GString) quote = g_string_new(NULL);

    for (guint i = 0; i < NWF_OPERANDS_MAX; i++) {
        const NwfOperand *operand = &condition->operands[i];
        NwfMatch match = i == 0 ? primary : family ? family[i] : NWF_MATCH_NONE;
        int index = nwf_protocol_index(rule->protocol, match);

        if (!operand->present || index < 0)
            continue;
        g_string_append_printf(quote, " %s", rule->protocol->attributes[index].name);
        if (!nwf_operand_is_literal(operand))
            continue;
        g_string_append(quote, "='");
        nwf_value_format(quote, &operand->value, operand->type);
        g_string_append(quote, "'");
    }
    return nwf_set_error(error, code, _("filter '%s', rule at line %u: <%s%s>: %s"), rule->filter, rule->line,
                         rule->protocol->name, quote->str, _(text));
}

static gboolean
check(const NwfPlanRule *rule, const NwfCondition *condition, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        if (faults[i].needs_values && !is_literal(condition))
            continue;
        if (faults[i].is_wrong(rule, condition))
            return refuse(rule, condition, faults[i].code, faults[i].text, error);
    }
    return TRUE;
}

static void
split_range(NwfCondition *condition)
{
    NwfOperand *start = &condition->operands[0], *end = &condition->operands[1];

    if (start->type != NWF_TYPE_PORT || !nwf_operand_is_literal(start) || end->present ||
        start->value.range.first == start->value.range.last)
        return;
    *end = *start;
    end->value.range.first = end->value.range.last;
    start->value.range.last = start->value.range.first;
}

gboolean
nwf_rule_normalize(NwfPlanRule *rule, GError **error)
{
    gboolean untracked = is_untracked(rule);

    for (guint i = 0; i < rule->conditions->len;) {
        NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);

        if (says_nothing(condition, untracked)) {
            g_array_remove_index(rule->conditions, i);
            continue;
        }
        if (!check(rule, condition, error))
            return FALSE;
        split_range(condition);
        i++;
    }
    return TRUE;
}
