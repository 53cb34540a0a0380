/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copies.c: the copies of a rule for the directions of a frame
 *
 * At the Ethernet layer a rule "out" filters frames from the VM and a rule "in" frames to the VM, as written. A rule
 * "inout" describes the frame that travels to the VM; its copy for frames from the VM has source and destination
 * swapped. Conditions stand in the order of the attribute table. Comments have no place in this layer, and nothing can
 * be sent back from it, so reject is drop.
 *
 * At the IP layers each rule goes to three chains: forwarded from the VM (FI), forwarded to the VM (FO), from the VM to
 * the host (HI). In the chain of its own direction a copy is as written, otherwise it is swapped and describes the
 * answers. "inout" is written from the view of a packet to the VM, as "in" is.
 *
 * Accept is RETURN in FI and HI: the packet goes on to the receiver's FO chain or to the host's own rules.
 *
 * Left out are swapped copies
 *   - of rules with a list of states or an ICMP type, unless "inout" (a type names one direction by itself, so that
 *     "inout" makes both copies with the same type);
 *   - of rules with a connection limit: it counts in one direction;
 *   - that would lose their MAC condition (only source addresses can be compared here): for drop, reject and return
 *     always, since they would hit other stations' packets; for accept if nothing but the protocol would remain.
 *
 * States that nobody asked for: an accept rule "in" or "out" lets new connections begin in its direction and answers
 * come back.
 */
#include "plan/plan_private.h"

static const NwfVerdict verdicts[] = {
    [NWF_ACTION_DROP] = NWF_VERDICT_DROP,         [NWF_ACTION_ACCEPT] = NWF_VERDICT_ACCEPT,
    [NWF_ACTION_REJECT] = NWF_VERDICT_REJECT,     [NWF_ACTION_RETURN] = NWF_VERDICT_RETURN,
    [NWF_ACTION_CONTINUE] = NWF_VERDICT_CONTINUE,
};

/* ---- Ethernet ---- */

/* The condition that the attribute at @index makes, if any; of the ICMPv6 numbers the first one present makes it. */
static NwfMatch
primary_at(const NwfSource *source, guint index)
{
    NwfMatch match = source->rule->protocol->attributes[index].match;
    const NwfMatch *types = nwf_match_family(NWF_MATCH_TYPE);

    if (!nwf_rule_field(source->rule, index)->present || match == NWF_MATCH_COMMENT)
        return NWF_MATCH_NONE;
    if (!nwf_match_follows(match))
        return match;
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++)
        if (source->at[types[i]] >= 0)
            return types[i] == match ? NWF_MATCH_TYPE : NWF_MATCH_NONE;
    return NWF_MATCH_NONE;
}

static NwfPlanRule *
ethernet_copy(const NwfSource *source, gboolean swapped)
{
    NwfAction action = source->rule->action == NWF_ACTION_REJECT ? NWF_ACTION_DROP : source->rule->action;
    NwfPlanRule *rule = nwf_source_rule(source, verdicts[action], swapped);
    guint n_attributes = rule->protocol ? rule->protocol->n_attributes : 0;

    for (guint i = 0; i < n_attributes; i++) {
        NwfMatch primary = primary_at(source, i);

        if (primary != NWF_MATCH_NONE)
            nwf_source_add(source, rule, primary);
    }
    return rule;
}

static guint
ethernet_copies(const NwfSource *source, NwfCopy copies[NWF_COPIES_MAX])
{
    NwfDirection direction = source->rule->direction;
    guint n = 0;

    if ((direction & NWF_DIRECTION_OUT) != 0)
        copies[n++] = (NwfCopy){NWF_HOOK_FROM_VM, ethernet_copy(source, direction == NWF_DIRECTION_INOUT)};
    if ((direction & NWF_DIRECTION_IN) != 0)
        copies[n++] = (NwfCopy){NWF_HOOK_TO_VM, ethernet_copy(source, FALSE)};
    return n;
}

/* ---- IP ---- */

/* In the order in which they are printed; the second stands in for the first if that is absent. */
static const NwfMatch order[][2] = {
    {NWF_MATCH_SRC_MAC},
    {NWF_MATCH_SRC_IP, NWF_MATCH_SRC_IP_FROM},
    {NWF_MATCH_DST_IP, NWF_MATCH_DST_IP_FROM},
    {NWF_MATCH_DSCP},
    {NWF_MATCH_TCP_FLAGS},
    {NWF_MATCH_SRC_PORT},
    {NWF_MATCH_DST_PORT},
    {NWF_MATCH_TCP_OPTION},
    {NWF_MATCH_TYPE},
};

/* They follow the states. */
static const NwfMatch tail[] = {NWF_MATCH_IPSET, NWF_MATCH_CONNLIMIT, NWF_MATCH_COMMENT};

/* What decides about copies and states. */
typedef struct NwfTraits {
    gboolean listed; /* has a list of states that counts */
    gboolean typed;  /* names an ICMP type */
    gboolean limited;
    gboolean with_mac;
    gboolean more; /* has a condition that a swapped copy keeps, beside sets, states and comments */
} NwfTraits;

static gboolean
has(const NwfSource *source, NwfMatch match)
{
    return nwf_source_field(source, match) != NULL;
}

static NwfTraits
traits_of(const NwfSource *source)
{
    const NwfField *state = nwf_source_field(source, NWF_MATCH_STATE);
    NwfTraits traits = {
        .listed = source->rule->statematch && state && (state->variable || state->value.number != 0),
        .typed = has(source, NWF_MATCH_TYPE),
        .limited = has(source, NWF_MATCH_CONNLIMIT),
        .with_mac = has(source, NWF_MATCH_SRC_MAC),
    };

    for (guint i = 1; i < G_N_ELEMENTS(order); i++)
        traits.more = traits.more || has(source, order[i][0]) || has(source, order[i][1]);
    return traits;
}

static gboolean
swapped_copy_is_made(const NwfSource *source, const NwfTraits *traits)
{
    NwfAction action = source->rule->action;
    gboolean lets_pass = action == NWF_ACTION_ACCEPT || action == NWF_ACTION_CONTINUE;

    if (traits->limited)
        return FALSE;
    if ((traits->listed || traits->typed) && source->rule->direction != NWF_DIRECTION_INOUT)
        return FALSE;
    return !traits->with_mac || (lets_pass && traits->more);
}

static void
add_automatic(NwfPlanRule *rule, NwfMatch match, NwfType type, guint32 number)
{
    NwfCondition condition = {.match = match, .automatic = TRUE};

    nwf_operand_number(&condition.operands[0], type, number);
    g_array_append_val(rule->conditions, condition);
}

static void
add_states(const NwfSource *source, const NwfTraits *traits, NwfPlanRule *rule)
{
    gboolean accept = source->rule->action == NWF_ACTION_ACCEPT;

    if (!source->rule->statematch || (accept && traits->limited))
        return;
    if (traits->listed) {
        nwf_source_add(source, rule, NWF_MATCH_STATE);
        return;
    }
    if (!accept || source->rule->direction == NWF_DIRECTION_INOUT)
        return;
    add_automatic(rule, NWF_MATCH_STATE, NWF_TYPE_STATE, NWF_STATE_ESTABLISHED | (rule->swapped ? 0 : NWF_STATE_NEW));
    if (!traits->typed)
        add_automatic(rule, NWF_MATCH_CT_DIRECTION, NWF_TYPE_U8, rule->swapped ? NWF_CT_REPLY : NWF_CT_ORIGINAL);
}

static NwfPlanRule *
ip_copy(const NwfSource *source, const NwfTraits *traits, NwfHook hook, gboolean swapped)
{
    NwfVerdict verdict = verdicts[source->rule->action];
    NwfPlanRule *rule;

    if (verdict == NWF_VERDICT_ACCEPT && hook != NWF_HOOK_FORWARD_OUT)
        verdict = NWF_VERDICT_RETURN;
    rule = nwf_source_rule(source, verdict, swapped);
    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        if (order[i][0] == NWF_MATCH_SRC_MAC && swapped)
            continue;
        if (!nwf_source_add(source, rule, order[i][0]))
            nwf_source_add(source, rule, order[i][1]);
    }
    add_states(source, traits, rule);
    for (guint i = 0; i < G_N_ELEMENTS(tail); i++)
        nwf_source_add(source, rule, tail[i]);
    return rule;
}

static guint
ip_copies(const NwfSource *source, NwfCopy copies[NWF_COPIES_MAX])
{
    static const NwfHook hooks[] = {NWF_HOOK_FORWARD_IN, NWF_HOOK_FORWARD_OUT, NWF_HOOK_HOST_IN};
    NwfTraits traits = traits_of(source);
    guint n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(hooks); i++) {
        gboolean to_vm = hooks[i] == NWF_HOOK_FORWARD_OUT;
        gboolean swapped = to_vm == (source->rule->direction == NWF_DIRECTION_OUT);

        if (!swapped || swapped_copy_is_made(source, &traits))
            copies[n++] = (NwfCopy){hooks[i], ip_copy(source, &traits, hooks[i], swapped)};
    }
    return n;
}

guint
nwf_source_copies(const NwfSource *source, NwfCopy copies[NWF_COPIES_MAX])
{
    const NwfProtocol *protocol = source->rule->protocol;

    return protocol && protocol->layer != NWF_LAYER_ETHERNET ? ip_copies(source, copies)
                                                             : ethernet_copies(source, copies);
}
