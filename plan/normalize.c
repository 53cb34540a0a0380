/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * normalize.c: what becomes of a rule once its values are known
 *
 * Conditions that say nothing vanish; a range of ports that came from one variable becomes two operands; what a rule
 * cannot say in both directions is refused. What a backend cannot do is not refused here: it says so itself.
 *
 * The same code normalizes the template as far as its operands are literal, and the plan for the rest. It passes over
 * conditions with an open operand. A rule of an IP layer that excludes all packets is not made at all.
 *
 * ICMPv6 that the kernel never tracks (neighbour discovery, multicast listener reports) has no state that could match:
 * a state nobody asked for is left out for it. A state that was asked for stays.
 */
#include "plan/plan_private.h"

#include <glib/gi18n-lib.h>

enum { PROTOCOL_ICMPV6 = 58 };

static gboolean
is_literal(const NwfCondition *condition)
{
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++)
        if (condition->operands[i].present && !nwf_operand_is_literal(&condition->operands[i]))
            return FALSE;
    return TRUE;
}

/* ---- what says nothing ---- */

static gboolean
is_untracked(const NwfPlanRule *rule)
{
    if (!rule->protocol || rule->protocol->layer != NWF_LAYER_IPV6 || rule->protocol->ip_protocol != PROTOCOL_ICMPV6)
        return FALSE;
    for (guint i = 0; i < rule->conditions->len; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);
        guint32 type = condition->operands[0].value.number;

        if (condition->match == NWF_MATCH_TYPE && !condition->negated && is_literal(condition))
            return (type >= 130 && type <= 136) || type == 143;
    }
    return FALSE;
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

gboolean
nwf_plan_rule_refuse(const NwfPlanRule *rule, const NwfCondition *condition, NwfErrorCode code, const char *text,
                     GError **error)
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
                         rule->protocol->name, quote->str, text);
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
        /* Only source addresses of spanning tree frames can be compared: their destination is given. */
        if (rule->swapped && nwf_match_mirror(condition->match) != condition->match &&
            nwf_protocol_index(rule->protocol, condition->match) < 0)
            return nwf_plan_rule_refuse(
                rule, condition, NWF_ERROR_INTERNAL,
                _("one rule cannot compare this in both directions: use direction='in' or 'out'"), error);
        split_range(condition);
        i++;
    }
    return TRUE;
}
