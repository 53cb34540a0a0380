/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * specialise.c: template and values become a plan
 *
 * A rule of the template is written once for each combination of tuples of its groups, the first group varying fastest.
 * The copies of a rule stand together at its place.
 */
#include "plan/plan_private.h"

#include <string.h>

static void
operand_fill(NwfOperand *to, const NwfOperand *from, const NwfPlanRule *rule, const NwfValues *values,
             const guint *steps)
{
    const NwfTuples *tuples;

    if (!from->present)
        return;
    if (nwf_operand_is_literal(from)) {
        nwf_operand_literal(to, from->type, &from->value);
        return;
    }
    tuples = nwf_rule_tuples(rule, (guint)from->group, values);
    nwf_operand_literal(to, from->type,
                        &tuples->cells[steps[from->group] * tuples->columns->len + (guint)from->column]);
    if (from->mirrored)
        nwf_set_flags_mirror(&to->value);
}

static NwfPlanRule *
instance(const NwfPlanRule *rule, const NwfValues *values, const guint *steps)
{
    NwfPlanRule *made = nwf_plan_rule_new(rule->verdict);

    made->protocol = rule->protocol;
    made->swapped = rule->swapped;
    made->line = rule->line;
    if (rule->filter)
        made->filter = g_ref_string_acquire(rule->filter);
    g_array_set_size(made->conditions, rule->conditions->len);
    for (guint i = 0; i < rule->conditions->len; i++) {
        const NwfCondition *from = &g_array_index(rule->conditions, NwfCondition, i);
        NwfCondition *to = &g_array_index(made->conditions, NwfCondition, i);

        *to = (NwfCondition){from->match, from->negated, from->automatic};
        for (guint j = 0; j < NWF_OPERANDS_MAX; j++)
            operand_fill(&to->operands[j], &from->operands[j], rule, values, steps);
    }
    return made;
}

static gboolean
next_combination(const NwfPlanRule *rule, const NwfValues *values, guint *steps)
{
    for (guint i = 0; i < nwf_rule_n_groups(rule); i++) {
        if (++steps[i] < nwf_rule_tuples(rule, i, values)->n)
            return TRUE;
        steps[i] = 0;
    }
    return FALSE;
}

static gboolean
write_rule(NwfChain *chain, const NwfPlanRule *rule, const NwfValues *values, GHashTable *targets, GError **error)
{
    guint steps[NWF_ATTRIBUTES_MAX] = {0};

    do {
        g_autoptr(NwfPlanRule) made = instance(rule, values, steps);

        if (rule->target)
            made->target = g_hash_table_lookup(targets, rule->target);
        if (nwf_rule_n_groups(rule) > 0 && !nwf_rule_normalize(made, error))
            return FALSE;
        if (!nwf_rule_never_matches(made))
            g_ptr_array_add(chain->rules, g_steal_pointer(&made));
    } while (next_combination(rule, values, steps));
    return TRUE;
}

NwfPlan *
nwf_plan_new(const NwfTemplate *t, const NwfValues *values, GError **error)
{
    g_autoptr(NwfPlan) plan = NULL;
    g_autoptr(GHashTable) targets = g_hash_table_new(NULL, NULL);

    g_return_val_if_fail(values ? values->tuples->len == t->groups->len : t->groups->len == 0, NULL);
    plan = g_new0(NwfPlan, 1);
    g_atomic_ref_count_init(&plan->refs);
    memcpy(plan->uses, t->uses, sizeof(plan->uses));
    plan->chains = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_chain_free);
    for (guint i = 0; i < t->chains->len; i++) {
        NwfChain *from = g_ptr_array_index(t->chains, i);
        NwfChain *chain = nwf_chain_new(from->layer, from->hook, from->suffix, from->kind);

        g_ptr_array_add(plan->chains, chain);
        g_hash_table_insert(targets, from, chain);
    }
    for (guint i = 0; i < t->chains->len; i++) {
        const NwfChain *from = g_ptr_array_index(t->chains, i);
        NwfChain *chain = g_ptr_array_index(plan->chains, i);

        for (guint j = 0; j < from->rules->len; j++)
            if (!write_rule(chain, g_ptr_array_index(from->rules, j), values, targets, error))
                return NULL;
        plan->n_rules += chain->rules->len;
    }
    return g_steal_pointer(&plan);
}

static void
plan_free(NwfPlan *plan)
{
    g_ptr_array_unref(plan->chains);
    g_free(plan);
}
NWF_DEFINE_REFS(NwfPlan, nwf_plan, plan_free)
