/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hash.c: names for what templates and values mean
 *
 * Each part is written as text, lengths before texts, so that no two different templates are written alike. As in
 * equality, the places of rules do not count. Values are named together with the columns they fill.
 */
#include "plan/inside.h"

#include <string.h>

static void
put_text(GString *out, const char *text)
{
    g_string_append_printf(out, "%d:%s ", text != NULL ? (int)strlen(text) : -1, text != NULL ? text : "");
}

static void
put_value(GString *out, const NwfValue *value, NwfType type)
{
    g_autoptr(GString) text = g_string_new(NULL);

    nwf_value_format(text, value, type);
    put_text(out, text->str);
}

static void
put_condition(GString *out, const NwfCondition *condition)
{
    g_string_append_printf(out, "if %d %d %d ", (int)condition->match, condition->negated, condition->automatic);
    for (guint i = 0; i < NWF_OPERANDS_MAX; i++) {
        const NwfOperand *operand = &condition->operands[i];

        if (!operand->present)
            continue;
        g_string_append_printf(out, "%u %d %d %d %d ", i, (int)operand->type, operand->group, operand->column,
                               operand->mirrored);
        if (nwf_operand_is_literal(operand))
            put_value(out, &operand->value, operand->type);
    }
}

static void
put_rule(GString *out, const NwfPlanRule *rule)
{
    put_text(out, rule->protocol != NULL ? rule->protocol->name : NULL);
    put_text(out, rule->target != NULL ? rule->target->suffix : NULL);
    g_string_append_printf(out, "%d ", (int)rule->verdict);
    for (guint i = 0; rule->groups != NULL && i < rule->groups->len; i++)
        g_string_append_printf(out, "by %u ", g_array_index(rule->groups, guint, i));
    for (guint i = 0; i < rule->conditions->len; i++)
        put_condition(out, &g_array_index(rule->conditions, NwfCondition, i));
    g_string_append_c(out, '\n');
}

static void
put_column(GString *out, const NwfColumn *column)
{
    put_text(out, column->variable->name);
    g_string_append_printf(out, "%d %d ", (int)column->variable->access, (int)column->type);
    if (column->variable->access == NWF_ACCESS_ELEMENT)
        g_string_append_printf(out, "[%u] ", column->variable->index);
    for (guint i = 0; column->constant != NULL && i < column->constant->len; i++)
        put_text(out, g_ptr_array_index(column->constant, i));
}

static void
put_group(GString *out, const GArray *columns)
{
    for (guint i = 0; i < columns->len; i++)
        put_column(out, &g_array_index(columns, NwfColumn, i));
    g_string_append_c(out, '\n');
}

char *
nwf_template_hash(const NwfTemplate *t)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < NWF_LAYERS; i++)
        g_string_append_printf(text, "%d ", t->uses[i]);
    for (guint i = 0; i < t->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(t->chains, i);

        g_string_append_printf(text, "chain %d %d ", (int)chain->layer, (int)chain->hook);
        put_text(text, chain->suffix);
        for (guint j = 0; j < chain->rules->len; j++)
            put_rule(text, g_ptr_array_index(chain->rules, j));
    }
    for (guint i = 0; i < t->groups->len; i++)
        put_group(text, g_ptr_array_index(t->groups, i));
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
}

char *
nwf_values_hash(const NwfValues *values)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < values->tuples->len; i++) {
        const NwfTuples *tuples = g_ptr_array_index(values->tuples, i);

        put_group(text, tuples->columns);
        for (guint j = 0; j < tuples->n * tuples->columns->len; j++)
            put_value(text, &tuples->cells[j],
                      g_array_index(tuples->columns, NwfColumn, j % tuples->columns->len).type);
    }
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
}
