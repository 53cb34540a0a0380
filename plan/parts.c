/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parts.c: life and death of the pieces that templates and plans are made of
 *
 * A chain owns its rules, a rule its conditions, a condition its literal values. Names of filters are counted strings,
 * so that thousands of rules share one.
 */
#include "plan/inside.h"

gboolean
nwf_operand_is_literal(const NwfOperand *operand)
{
    return operand->present && operand->group < 0;
}

void
nwf_operand_literal(NwfOperand *operand, NwfType type, const NwfValue *value)
{
    operand->present = TRUE;
    operand->type = type;
    operand->group = operand->column = -1;
    nwf_value_copy(&operand->value, value, type);
}

void
nwf_operand_number(NwfOperand *operand, NwfType type, guint32 number)
{
    NwfValue value = {.number = number};

    nwf_operand_literal(operand, type, &value);
}

void
nwf_condition_clear(NwfCondition *condition)
{
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++) {
        NwfOperand *operand = &condition->operands[i];

        if (nwf_operand_is_literal(operand))
            nwf_value_clear(&operand->value, operand->type);
    }
}

NwfPlanRule *
nwf_plan_rule_new(NwfVerdict verdict)
{
    NwfPlanRule *rule = g_new0(NwfPlanRule, 1);

    rule->verdict = verdict;
    rule->conditions = g_array_new(FALSE, TRUE, sizeof(NwfCondition));
    g_array_set_clear_func(rule->conditions, (GDestroyNotify)nwf_condition_clear);
    return rule;
}

void
nwf_plan_rule_free(NwfPlanRule *rule)
{
    if (rule == NULL)
        return;
    g_array_unref(rule->conditions);
    g_clear_pointer(&rule->groups, g_array_unref);
    g_clear_pointer(&rule->filter, g_ref_string_release);
    g_free(rule);
}

NwfChain *
nwf_chain_new(NwfLayer layer, NwfHook hook, const char *suffix, const NwfChainKind *kind)
{
    NwfChain *chain = g_new0(NwfChain, 1);

    chain->layer = layer;
    chain->hook = hook;
    chain->suffix = g_strdup(suffix);
    chain->kind = kind;
    chain->rules = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_rule_free);
    return chain;
}

void
nwf_chain_free(NwfChain *chain)
{
    if (chain == NULL)
        return;
    g_free(chain->suffix);
    g_ptr_array_unref(chain->rules);
    g_free(chain);
}
