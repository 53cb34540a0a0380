/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-attributes.c: no copy of a rule loses a condition
 *
 * A rule that lost one would match more than its text says. Here all attributes of all elements are tried; what the
 * rules become as a whole is in test-examples.c.
 */
#include "every_attribute.h"

/* Whether the rule describes the frame as it travels through the chain, and not the answer to it. */
static gboolean
is_swapped(const AttributeRule *rule, NwfHook hook)
{
    if (rule->protocol->layer == NWF_LAYER_ETHERNET)
        return hook == NWF_HOOK_FROM_VM && rule->direction == NWF_DIRECTION_INOUT;
    return (hook == NWF_HOOK_FORWARD_OUT) == (rule->direction == NWF_DIRECTION_OUT);
}

static gboolean
tries(const AttributeRule *rule, NwfMatch match)
{
    for (guint i = 0; i < G_N_ELEMENTS(rule->tried) && rule->tried[i]; i++)
        if (attribute_lead(rule->protocol, rule->tried[i])->match == match)
            return TRUE;
    return FALSE;
}

/* Why a rule of an IP layer may have no copy for the way back: plan/copies.c. */
static gboolean
may_lack_a_way_back(const AttributeRule *rule)
{
    gboolean inout = rule->direction == NWF_DIRECTION_INOUT;

    return tries(rule, NWF_MATCH_CONNLIMIT) || tries(rule, NWF_MATCH_SRC_MAC) ||
           (!inout && (tries(rule, NWF_MATCH_STATE) || tries(rule, NWF_MATCH_TYPE)));
}

/* What a copy leaves out on purpose, as docs/format.md says. */
static gboolean
is_left_out(const AttributeRule *rule, const NwfAttribute *lead, gboolean swapped)
{
    if (rule->protocol->layer == NWF_LAYER_ETHERNET)
        return lead->match == NWF_MATCH_COMMENT;
    return (lead->match == NWF_MATCH_SRC_MAC && swapped) ||
           (lead->match == NWF_MATCH_STATE && rule->action == NWF_ACTION_ACCEPT && tries(rule, NWF_MATCH_CONNLIMIT));
}

static const NwfCondition *
find(const NwfPlanRule *copy, NwfMatch match)
{
    for (guint i = 0; i < copy->conditions->len; i++)
        if (g_array_index(copy->conditions, NwfCondition, i).match == match)
            return &g_array_index(copy->conditions, NwfCondition, i);
    return NULL;
}

static void
check_copy(const AttributeRule *rule, const NwfPlanRule *copy, gboolean swapped)
{
    for (guint i = 0; i < G_N_ELEMENTS(rule->tried) && rule->tried[i]; i++) {
        const NwfAttribute *attribute = rule->tried[i], *lead = attribute_lead(rule->protocol, attribute);
        const NwfAttribute *other = swapped ? attribute_counterpart(rule->protocol, lead) : lead;
        if (is_left_out(rule, lead, swapped))
            continue;
        const NwfCondition *condition = other ? find(copy, other->match) : NULL;
        if (!condition)
            g_error("%s: a copy has no condition for %s", rule->text, attribute->name);
        if (!attribute_operand(rule->protocol, attribute, condition, swapped))
            g_error("%s: a copy does not compare with the value of %s", rule->text, attribute->name);
        gboolean signless = lead->match == NWF_MATCH_STATE || lead->match == NWF_MATCH_COMMENT;
        if (condition->negated != (rule->negated && !signless))
            g_error("%s: a copy has the wrong sign at %s", rule->text, attribute->name);
    }
}

/* The rule is in every chain of its direction, and in those of the way back unless there is a reason. */
static void
check(const AttributeRule *rule)
{
    guint n_own = 0, n_back = 0;

    for (guint i = 0; rule->plan && i < rule->plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(rule->plan->chains, i);
        gboolean swapped = is_swapped(rule, chain->hook);
        g_assert_cmpuint(chain->rules->len, <=, 1);
        if (chain->rules->len == 0)
            continue;
        *(swapped ? &n_back : &n_own) += 1;
        check_copy(rule, g_ptr_array_index(chain->rules, 0), swapped);
    }
    if (!rule->plan)
        return;
    gboolean ip = rule->protocol->layer != NWF_LAYER_ETHERNET, out = rule->direction == NWF_DIRECTION_OUT;
    guint own = ip && out ? 2 : 1;
    guint back = ip ? 3 - own : rule->direction == NWF_DIRECTION_INOUT ? 1 : 0;
    if (n_own != own || (n_back != back && !(ip && n_back == 0 && may_lack_a_way_back(rule))))
        g_error("%s: %u copies as written, %u for the way back", rule->text, n_own, n_back);
}

static void
test_no_copy_loses_a_condition(void)
{
    every_attribute(check);
}

static void
test_no_condition_stands_in_anothers_way(void)
{
    every_pair(check);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/attributes/each", test_no_copy_loses_a_condition);
    g_test_add_func("/plan/attributes/pairs", test_no_condition_stands_in_anothers_way);
    return g_test_run();
}
