/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ethernet.c: the copies of a rule at the Ethernet layer
 *
 * A rule "out" filters frames from the VM, a rule "in" frames to the VM, as written. A rule "inout" describes the frame
 * that travels to the VM; its copy for frames from the VM has source and destination swapped. Conditions stand in the
 * order of the attribute table. Comments have no place in this layer.
 *
 * Nothing can be sent back from here, so reject is drop.
 */
#include "plan/inside.h"

static const NwfVerdict verdicts[] = {
    [NWF_ACTION_DROP] = NWF_VERDICT_DROP,         [NWF_ACTION_ACCEPT] = NWF_VERDICT_ACCEPT,
    [NWF_ACTION_REJECT] = NWF_VERDICT_DROP,       [NWF_ACTION_RETURN] = NWF_VERDICT_RETURN,
    [NWF_ACTION_CONTINUE] = NWF_VERDICT_CONTINUE,
};

/* Whether the attribute at @index leads a condition; of the ICMPv6 numbers the first one present does. */
static NwfMatch
leader_at(const NwfSource *source, guint index)
{
    NwfMatch match = source->rule->protocol->attributes[index].match;
    const NwfMatch *types = nwf_match_family(NWF_MATCH_TYPE);

    if (!source->rule->fields[index].present || match == NWF_MATCH_COMMENT)
        return NWF_MATCH_NONE;
    if (!nwf_match_follows(match))
        return match;
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++)
        if (source->at[types[i]] >= 0)
            return types[i] == match ? NWF_MATCH_TYPE : NWF_MATCH_NONE;
    return NWF_MATCH_NONE;
}

static gboolean
copy(NwfDraft *draft, const NwfSource *source, NwfHook hook, gboolean swapped, GError **error)
{
    g_autoptr(NwfPlanRule) rule = nwf_source_rule(source, verdicts[source->rule->action], swapped);
    guint n_attributes = rule->protocol != NULL ? rule->protocol->n_attributes : 0;

    for (guint i = 0; i < n_attributes; i++) {
        NwfMatch leader = leader_at(source, i);

        if (leader != NWF_MATCH_NONE)
            nwf_source_add(source, rule, leader);
    }
    return nwf_draft_add(draft, source, hook, g_steal_pointer(&rule), error);
}

gboolean
nwf_ethernet_copies(NwfDraft *draft, const NwfSource *source, GError **error)
{
    NwfDirection direction = source->rule->direction;

    if ((direction & NWF_DIRECTION_OUT) != 0 &&
        !copy(draft, source, NWF_HOOK_FROM_VM, direction == NWF_DIRECTION_INOUT, error))
        return FALSE;
    return (direction & NWF_DIRECTION_IN) == 0 || copy(draft, source, NWF_HOOK_TO_VM, FALSE, error);
}
