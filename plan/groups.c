/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * groups.c: which variables of a rule advance together
 *
 * A rule is written once for each combination of the values of its groups. Variables with one iterator form one group;
 * an element access ($A[3]) is a group of its own with one value. The iterator 0 comes first, the others follow in
 * order of first use: elements as written, attributes of one element in table order; the first group varies fastest.
 *
 * Groups belong to the template: rules that use the same variables in the same types share one. One rule may have the
 * same group twice ($A[@1] and $A[@2] make all pairs), therefore operands count the groups of their rule.
 *
 * All variables of a rule take part, also those of attributes that make no condition (a comment at the Ethernet layer,
 * a mask without its address): they must have a value, and a list multiplies the rule, as users of libvirt know it.
 */
#include "plan/plan_private.h"

#include <glib/gi18n-lib.h>

char *
nwf_column_place(const NwfColumn *column)
{
    g_autoptr(GString) text = g_string_new("$");

    nwf_variable_show(text, column->variable);
    return g_strdup_printf(_("filter '%s', rule at line %u: <%s %s='%s'>"), column->rule->filter->name,
                           column->rule->rule->line, column->rule->rule->protocol->name, column->attribute, text->str);
}

static gboolean
column_init(NwfColumn *column, const NwfSource *source, guint index, const NwfParams *supplied, GError **error)
{
    const NwfVariable *variable = nwf_rule_field(source->rule, index)->variable;
    gboolean of_binding = supplied && nwf_params_get(supplied, variable->name) != NULL;
    g_autofree char *place = NULL;

    column->variable = variable;
    column->constant = of_binding || !source->origin->given ? NULL : source->origin->given[index];
    column->type = source->rule->protocol->attributes[index].type;
    column->rule = source->origin;
    column->attribute = source->rule->protocol->attributes[index].name;
    if (of_binding)
        return TRUE;
    if (column->constant && (variable->access == NWF_ACCESS_ITERATOR || variable->index < column->constant->len))
        return TRUE;
    place = nwf_column_place(column);
    return nwf_set_error(error, NWF_ERROR_INTERNAL,
                         _("%s: the variable has no value; give it as a parameter of the binding"), place);
}

/* Index of the group of @variable in @groups, a new one if there is none; an element access always has its own. */
static guint
group_for(GPtrArray *groups, const NwfVariable *variable)
{
    for (guint i = 0; i < groups->len && variable->access == NWF_ACCESS_ITERATOR; i++) {
        const NwfVariable *known = g_array_index((GArray *)groups->pdata[i], NwfColumn, 0).variable;

        if (known->access == NWF_ACCESS_ITERATOR && known->index == variable->index)
            return i;
    }
    g_ptr_array_add(groups, g_array_new(FALSE, FALSE, sizeof(NwfColumn)));
    return groups->len - 1;
}

static int
column_in(GArray *columns, const NwfColumn *column)
{
    for (guint i = 0; i < columns->len; i++) {
        const NwfColumn *known = &g_array_index(columns, NwfColumn, i);

        if (known->type == column->type && g_str_equal(known->variable->name, column->variable->name))
            return (int)i;
    }
    g_array_append_vals(columns, column, 1);
    return (int)columns->len - 1;
}

/* What makes two groups the same: where their values come from, and their types. */
static char *
group_key(const GArray *columns)
{
    GString *key = g_string_new(NULL);

    for (guint i = 0; i < columns->len; i++) {
        const NwfColumn *column = &g_array_index(columns, NwfColumn, i);

        g_string_append_printf(key, "%s %d %p ", column->variable->name, (int)column->type,
                               (gconstpointer)column->constant);
        if (column->variable->access == NWF_ACCESS_ELEMENT)
            g_string_append_printf(key, "[%u]", column->variable->index);
    }
    return g_string_free(key, FALSE);
}

static guint
group_intern(NwfTemplate *template, GHashTable *known, GArray *columns)
{
    g_autofree char *key = group_key(columns);
    gpointer index;

    if (g_hash_table_lookup_extended(known, key, NULL, &index))
        return GPOINTER_TO_UINT(index);
    g_ptr_array_add(template->groups, g_array_ref(columns));
    g_hash_table_insert(known, g_steal_pointer(&key), GUINT_TO_POINTER(template->groups->len - 1));
    return template->groups->len - 1;
}

/* Indices of the fields that are variables, in order of use. */
static guint
variables_in_order(const NwfRule *rule, guint order[NWF_ATTRIBUTES_MAX])
{
    guint n = 0;

    for (guint i = 0; i < rule->protocol->n_attributes; i++) {
        guint at = n;

        if (!nwf_rule_field(rule, i)->present || !nwf_rule_field(rule, i)->variable)
            continue;
        for (; at > 0 && nwf_rule_field(rule, order[at - 1])->element > nwf_rule_field(rule, i)->element; at--)
            order[at] = order[at - 1];
        order[at] = i;
        n++;
    }
    return n;
}

/* Fills @groups (of NwfColumn) with the fields whose variable is, or is not, of the first iterator. */
static gboolean
collect(GPtrArray *groups, NwfSource *source, const NwfParams *supplied, gboolean first_iterator, GError **error)
{
    guint order[NWF_ATTRIBUTES_MAX], n = variables_in_order(source->rule, order);

    for (guint at = 0; at < n; at++) {
        guint i = order[at];
        const NwfField *field = nwf_rule_field(source->rule, i);
        NwfColumn column;
        guint group;

        if ((field->variable->access == NWF_ACCESS_ITERATOR && field->variable->index == 0) != first_iterator)
            continue;
        if (!column_init(&column, source, i, supplied, error))
            return FALSE;
        group = group_for(groups, field->variable);
        source->places[i] = (NwfPlace){(int)group, column_in(groups->pdata[group], &column)};
    }
    return TRUE;
}

/* Fills the places and groups of @source. @known maps keys of groups to their index in @template. */
gboolean
nwf_groups_assign(NwfTemplate *template, GHashTable *known, const NwfParams *supplied, NwfSource *source,
                  GError **error)
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

    if (!source->rule->protocol)
        return TRUE;
    if (!collect(groups, source, supplied, TRUE, error) || !collect(groups, source, supplied, FALSE, error))
        return FALSE;
    for (guint i = 0; i < groups->len; i++) {
        guint group = group_intern(template, known, g_ptr_array_index(groups, i));

        g_array_append_val(source->groups, group);
    }
    return TRUE;
}

static gboolean
same_texts(const GPtrArray *a, const GPtrArray *b)
{
    if (!a || !b || a == b)
        return a == b;
    if (a->len != b->len)
        return FALSE;
    for (guint i = 0; i < a->len; i++)
        if (!g_str_equal(g_ptr_array_index(a, i), g_ptr_array_index(b, i)))
            return FALSE;
    return TRUE;
}

static gboolean
same_columns(const GArray *a, const GArray *b)
{
    if (a->len != b->len)
        return FALSE;
    for (guint i = 0; i < a->len; i++) {
        const NwfColumn *one = &g_array_index(a, NwfColumn, i), *other = &g_array_index(b, NwfColumn, i);

        if (one->type != other->type || one->variable->access != other->variable->access ||
            one->variable->index != other->variable->index ||
            !g_str_equal(one->variable->name, other->variable->name) || !same_texts(one->constant, other->constant))
            return FALSE;
    }
    return TRUE;
}

gboolean
nwf_template_same_groups(const NwfTemplate *a, const NwfTemplate *b)
{
    if (a->groups->len != b->groups->len)
        return FALSE;
    for (guint i = 0; i < a->groups->len; i++)
        if (!same_columns(g_ptr_array_index(a->groups, i), g_ptr_array_index(b->groups, i)))
            return FALSE;
    return TRUE;
}
