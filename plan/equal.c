/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * equal.c: whether two plans mean the same
 *
 * Compared is what reaches the kernel: chains, rules, conditions and their order. Where a rule came from does not
 * count, so that moving a rule inside its document is no work.
 */
#include "plan/inside.h"

static gboolean
operand_equal(const NwfOperand *a, const NwfOperand *b)
{
    if (a->present != b->present)
        return FALSE;
    return !a->present || (a->type == b->type && nwf_value_equal(&a->value, &b->value, a->type));
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
    if ((a->target != NULL) != (b->target != NULL) ||
        (a->target != NULL && !g_str_equal(a->target->suffix, b->target->suffix)))
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
    if (a->layer != b->layer || a->hook != b->hook || g_strcmp0(a->suffix, b->suffix) != 0 || a->rules->len != b->rules->len)
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
    gboolean a_uses = a != NULL && a->uses[layer], b_uses = b != NULL && b->uses[layer];
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
    } while (x != NULL);
    return TRUE;
}
