/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_objects.c: chains, rules and conditions: how they are made, freed and compared
 *
 * A chain owns its rules, a rule its conditions, a condition its literal values. Names of filters are counted strings,
 * so that thousands of rules share one.
 *
 * Two plans are equal if they mean the same to the kernel: chains, rules, conditions and their order. The comparison
 * ignores where a rule came from, so that moving a rule inside its document writes nothing.
 */
#include "plan/plan_private.h"

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

static void
condition_clear(gpointer data)
{
    NwfCondition *condition = data;

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
    g_array_set_clear_func(rule->conditions, condition_clear);
    return rule;
}

void
nwf_plan_rule_free(NwfPlanRule *rule)
{
    if (!rule)
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
    if (!chain)
        return;
    g_free(chain->suffix);
    g_ptr_array_unref(chain->rules);
    g_free(chain);
}

/* ---- equality ---- */

static gboolean
operand_equal(const NwfOperand *a, const NwfOperand *b)
{
    return a->present == b->present &&
           (!a->present || (a->type == b->type && nwf_value_equal(&a->value, &b->value, a->type)));
}

static gboolean
condition_equal(const NwfCondition *a, const NwfCondition *b)
{
    if (a->match != b->match || a->negated != b->negated)
        return FALSE;
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++)
        if (!operand_equal(&a->operands[i], &b->operands[i]))
            return FALSE;
    return TRUE;
}

static gboolean
rule_equal(const NwfPlanRule *a, const NwfPlanRule *b)
{
    if (a->protocol != b->protocol || a->verdict != b->verdict || a->conditions->len != b->conditions->len)
        return FALSE;
    if ((a->target != NULL) != (b->target != NULL) || (a->target && !g_str_equal(a->target->suffix, b->target->suffix)))
        return FALSE;
    for (guint i = 0; i < a->conditions->len; i++)
        if (!condition_equal(&g_array_index(a->conditions, NwfCondition, i),
                             &g_array_index(b->conditions, NwfCondition, i)))
            return FALSE;
    return TRUE;
}

gboolean
nwf_chain_equal(const NwfChain *a, const NwfChain *b)
{
    if (a->layer != b->layer || a->hook != b->hook || g_strcmp0(a->suffix, b->suffix) != 0 ||
        a->rules->len != b->rules->len)
        return FALSE;
    for (guint i = 0; i < a->rules->len; i++)
        if (!rule_equal(g_ptr_array_index(a->rules, i), g_ptr_array_index(b->rules, i)))
            return FALSE;
    return TRUE;
}

/* The next chain of @layer at or after *@index, or NULL. */
static const NwfChain *
next_chain(const NwfPlan *plan, NwfLayer layer, guint *index)
{
    while (*index < plan->chains->len) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, (*index)++);

        if (chain->layer == layer)
            return chain;
    }
    return NULL;
}

gboolean
nwf_plan_layer_equal(const NwfPlan *a, const NwfPlan *b, NwfLayer layer)
{
    gboolean a_uses = a && a->uses[layer], b_uses = b && b->uses[layer];
    const NwfChain *x, *y;
    guint i = 0, j = 0;

    if (a == b || (!a_uses && !b_uses))
        return TRUE;
    if (!a_uses || !b_uses)
        return FALSE;
    do {
        x = next_chain(a, layer, &i);
        y = next_chain(b, layer, &j);
        if ((x != NULL) != (y != NULL) || (x != NULL && !nwf_chain_equal(x, y)))
            return FALSE;
    } while (x);
    return TRUE;
}
