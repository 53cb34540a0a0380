/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lower.c: what a rule of the plan becomes when a tool cannot say it in one
 *
 * There is one such condition: DSCP at the Ethernet layer. The field is six bits of the TOS byte and ebtables compares
 * all eight, so a value stands for four bytes, 4n to 4n+3.
 *
 *   - "Is n" is four rules.
 *   - "Is not n" calls a helper chain: four rules that return for n, then the verdict. Its policy is RETURN, so that its
 *     end goes back too.
 *   - "Is not n" with verdict RETURN cannot use a helper, whose RETURN would lead back into this very chain. So it is one
 *     rule for each of the other 252 bytes.
 */
#include "driver/tech/ebiptables/lower.h"

#include "driver/tech/ebiptables/names.h"

NwfForm
nwf_lower_form(NwfLayer layer, const NwfPlanRule *rule, guint *dscp)
{
    if (nwf_layer_is_ip(layer))
        return NWF_FORM_PLAIN;
    for (guint i = 0; i < rule->conditions->len; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);
        if (condition->match != NWF_MATCH_DSCP)
            continue;
        *dscp = condition->operands[0].value.number;
        if (!condition->negated)
            return NWF_FORM_EQUAL;
        return rule->verdict == NWF_VERDICT_RETURN ? NWF_FORM_OTHERS : NWF_FORM_HELPER;
    }
    return NWF_FORM_PLAIN;
}

guint
nwf_lower_lines(NwfLayer layer, const NwfPlanRule *rule)
{
    static const guint lines[] = {
        [NWF_FORM_PLAIN] = 1,
        [NWF_FORM_EQUAL] = NWF_TOS_PER_DSCP,
        [NWF_FORM_HELPER] = 1 + 1 + NWF_TOS_PER_DSCP + 1,
        [NWF_FORM_OTHERS] = NWF_TOS_BYTES - NWF_TOS_PER_DSCP,
    };
    guint dscp;

    return lines[nwf_lower_form(layer, rule, &dscp)];
}

GPtrArray *
nwf_lower_names(const NwfPlan *plan, NwfLayer layer, const char *port)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    guint helpers[NWF_HOOKS] = {0}, dscp;

    for (guint i = 0; plan && i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);
        if (chain->layer != layer)
            continue;
        g_ptr_array_add(names, nwf_chain_name(chain, port));
        for (guint j = 0; j < chain->rules->len; j++)
            if (nwf_lower_form(layer, g_ptr_array_index(chain->rules, j), &dscp) == NWF_FORM_HELPER)
                g_ptr_array_add(names, nwf_helper_name(chain->hook, port, helpers[chain->hook]++));
    }
    return names;
}
