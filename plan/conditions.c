/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conditions.c: from the attributes of a rule to conditions
 *
 * Attributes come in families: an address and its mask, the two ends of a range, a type and its code. The first of a
 * family is the primary one; it gives the condition its name, its sign and its place. Another one without its primary
 * attribute makes no condition (a note said so when the filter was defined). The one exception are the ICMPv6 types of
 * the Ethernet element ipv6, where each of the four numbers may stand alone: a missing start is 0, a missing end is the
 * start, or 255.
 *
 * The swapped copy of a rule describes the packet on its way back: source and destination change places and conditions
 * keep the place of the attribute they came from.
 */
#include "plan/plan_private.h"

#include <string.h>

/* The primary match first, then the others; unused places are NWF_MATCH_NONE. */
static const NwfMatch families[][NWF_OPERANDS_MAX] = {
    {NWF_MATCH_SRC_MAC, NWF_MATCH_SRC_MAC_MASK},
    {NWF_MATCH_DST_MAC, NWF_MATCH_DST_MAC_MASK},
    {NWF_MATCH_STP_ROOT_PRIORITY, NWF_MATCH_STP_ROOT_PRIORITY_HI},
    {NWF_MATCH_STP_ROOT_ADDRESS, NWF_MATCH_STP_ROOT_ADDRESS_MASK},
    {NWF_MATCH_STP_ROOT_COST, NWF_MATCH_STP_ROOT_COST_HI},
    {NWF_MATCH_STP_SENDER_PRIORITY, NWF_MATCH_STP_SENDER_PRIORITY_HI},
    {NWF_MATCH_STP_SENDER_ADDRESS, NWF_MATCH_STP_SENDER_ADDRESS_MASK},
    {NWF_MATCH_STP_PORT, NWF_MATCH_STP_PORT_HI},
    {NWF_MATCH_STP_AGE, NWF_MATCH_STP_AGE_HI},
    {NWF_MATCH_STP_MAX_AGE, NWF_MATCH_STP_MAX_AGE_HI},
    {NWF_MATCH_STP_HELLO_TIME, NWF_MATCH_STP_HELLO_TIME_HI},
    {NWF_MATCH_STP_FORWARD_DELAY, NWF_MATCH_STP_FORWARD_DELAY_HI},
    {NWF_MATCH_ARP_SRC_IP, NWF_MATCH_ARP_SRC_IP_MASK},
    {NWF_MATCH_ARP_DST_IP, NWF_MATCH_ARP_DST_IP_MASK},
    {NWF_MATCH_SRC_IP, NWF_MATCH_SRC_IP_MASK},
    {NWF_MATCH_DST_IP, NWF_MATCH_DST_IP_MASK},
    {NWF_MATCH_SRC_IP_FROM, NWF_MATCH_SRC_IP_TO},
    {NWF_MATCH_DST_IP_FROM, NWF_MATCH_DST_IP_TO},
    {NWF_MATCH_SRC_PORT, NWF_MATCH_SRC_PORT_END},
    {NWF_MATCH_DST_PORT, NWF_MATCH_DST_PORT_END},
    {NWF_MATCH_TYPE, NWF_MATCH_TYPE_END, NWF_MATCH_CODE, NWF_MATCH_CODE_END},
    {NWF_MATCH_IPSET, NWF_MATCH_IPSET_FLAGS},
};

static const NwfMatch mirrors[][2] = {
    {NWF_MATCH_SRC_MAC, NWF_MATCH_DST_MAC},         {NWF_MATCH_ARP_SRC_MAC, NWF_MATCH_ARP_DST_MAC},
    {NWF_MATCH_ARP_SRC_IP, NWF_MATCH_ARP_DST_IP},   {NWF_MATCH_SRC_IP, NWF_MATCH_DST_IP},
    {NWF_MATCH_SRC_IP_FROM, NWF_MATCH_DST_IP_FROM}, {NWF_MATCH_SRC_PORT, NWF_MATCH_DST_PORT},
};

/* The family of @primary, by the number of their operand; NULL if it stands alone. */
const NwfMatch *
nwf_match_family(NwfMatch primary)
{
    for (guint i = 0; i < G_N_ELEMENTS(families); i++)
        if (families[i][0] == primary)
            return families[i];
    return NULL;
}

gboolean
nwf_match_follows(NwfMatch match)
{
    for (guint i = 0; i < G_N_ELEMENTS(families); i++)
        for (guint j = 1; j < NWF_OPERANDS_MAX; j++)
            if (families[i][j] == match)
                return TRUE;
    return FALSE;
}

NwfMatch
nwf_match_mirror(NwfMatch match)
{
    for (guint i = 0; i < G_N_ELEMENTS(mirrors); i++)
        for (guint j = 0; j < 2; j++)
            if (mirrors[i][j] == match)
                return mirrors[i][1 - j];
    return match;
}

void
nwf_set_flags_mirror(NwfValue *flags)
{
    flags->set_flags.dst = (guint8)(~flags->set_flags.dst & ((1u << flags->set_flags.count) - 1));
}

void
nwf_source_init(NwfSource *source, const NwfTreeRule *origin)
{
    const NwfProtocol *protocol = origin->rule->protocol;

    memset(source, 0, sizeof(*source));
    source->origin = origin;
    source->rule = origin->rule;
    source->groups = g_array_new(FALSE, FALSE, sizeof(guint));
    source->filter = g_ref_string_new(origin->filter->name);
    for (guint i = 0; i < NWF_MATCHES; i++)
        source->at[i] = -1;
    for (guint i = 0; i < NWF_ATTRIBUTES_MAX; i++)
        source->places[i] = (NwfPlace){-1, -1};
    for (guint i = 0; protocol && i < protocol->n_attributes; i++)
        if (nwf_rule_field(source->rule, i)->present)
            source->at[protocol->attributes[i].match] = (int)i;
}

void
nwf_source_clear(NwfSource *source)
{
    g_array_unref(source->groups);
    g_ref_string_release(source->filter);
}

const NwfField *
nwf_source_field(const NwfSource *source, NwfMatch match)
{
    return source->at[match] < 0 ? NULL : nwf_rule_field(source->rule, (guint)source->at[match]);
}

/* An empty copy of the rule. */
NwfPlanRule *
nwf_source_rule(const NwfSource *source, NwfVerdict verdict, gboolean swapped)
{
    NwfPlanRule *rule = nwf_plan_rule_new(verdict);

    rule->protocol = source->rule->protocol;
    rule->swapped = swapped;
    rule->groups = g_array_ref(source->groups);
    rule->filter = g_ref_string_acquire(source->filter);
    rule->line = source->rule->line;
    return rule;
}

static void
operand_init(NwfOperand *operand, const NwfSource *source, NwfMatch match)
{
    int index = source->at[match];
    NwfType type;

    if (index < 0)
        return;
    type = source->rule->protocol->attributes[index].type;
    if (!nwf_rule_field(source->rule, (guint)index)->variable) {
        nwf_operand_literal(operand, type, &nwf_rule_field(source->rule, (guint)index)->value);
        return;
    }
    operand->present = TRUE;
    operand->type = type;
    operand->group = source->places[index].group;
    operand->column = source->places[index].column;
}

/* One range of numbers with a start, an end, or both: ICMPv6 at the Ethernet layer. */
static void
range_complete(NwfOperand *range)
{
    if (!range[1].present && range[0].present)
        range[1] = range[0]; /* U8: nothing owned */
    else if (!range[1].present)
        nwf_operand_number(&range[1], NWF_TYPE_U8, 255);
    if (!range[0].present)
        nwf_operand_number(&range[0], NWF_TYPE_U8, 0);
}

static const NwfField *
first_of_family(const NwfSource *source, NwfMatch primary)
{
    const NwfMatch *family = nwf_match_family(primary);
    const NwfField *field = nwf_source_field(source, primary);

    if (primary != NWF_MATCH_TYPE || source->rule->protocol->layer != NWF_LAYER_ETHERNET)
        return field;
    for (guint i = 1; !field && i < NWF_OPERANDS_MAX; i++)
        field = nwf_source_field(source, family[i]);
    return field;
}

static void
ipset_flags_complete(NwfOperand *flags, gboolean swapped)
{
    const NwfValue source_address = {.set_flags = {.count = 1}};

    if (!flags->present)
        nwf_operand_literal(flags, NWF_TYPE_IPSET_FLAGS, &source_address);
    if (!swapped)
        return;
    if (nwf_operand_is_literal(flags))
        nwf_set_flags_mirror(&flags->value);
    else
        flags->mirrored = TRUE;
}

/* Adds the condition of the family of @primary to @rule. Returns: whether the rule has it. */
gboolean
nwf_source_add(const NwfSource *source, NwfPlanRule *rule, NwfMatch primary)
{
    const NwfField *first = first_of_family(source, primary);
    const NwfMatch *family = nwf_match_family(primary);
    NwfCondition condition = {0};

    if (!first)
        return FALSE;
    condition.match = rule->swapped ? nwf_match_mirror(primary) : primary;
    /* The sign of states and comments is printed by dumpxml and means nothing to packets. */
    condition.negated = first->negated && primary != NWF_MATCH_STATE && primary != NWF_MATCH_COMMENT;
    operand_init(&condition.operands[0], source, primary);
    for (guint i = 1; family && i < NWF_OPERANDS_MAX && family[i] != NWF_MATCH_NONE; i++)
        operand_init(&condition.operands[i], source, family[i]);
    if (primary == NWF_MATCH_TYPE && source->rule->protocol->layer == NWF_LAYER_ETHERNET) {
        range_complete(&condition.operands[0]);
        range_complete(&condition.operands[2]);
    }
    if (primary == NWF_MATCH_IPSET)
        ipset_flags_complete(&condition.operands[1], rule->swapped);
    g_array_append_val(rule->conditions, condition);
    return TRUE;
}
