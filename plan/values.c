/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * values.c: what a port supplies, typed and in tuples
 *
 * For each group of the template a list of tuples: one row for each step, one cell for each variable. A text is parsed
 * to the type of the attribute that uses it, here and only here, so that no unchecked text comes near a tool. A tuple
 * that equals an earlier one of its group is skipped.
 *
 * Lists that advance together must have the same length; a single value beside a list is an error, as in libvirt.
 *
 * Limits: NWF_PORT_VALUES_MAX values of lists. A few lists can stand in very many groups, which would take time and
 * memory before anybody counts the rules; where so many values make no more rules than are allowed, they are repeated.
 */
#include "plan/plan_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static void
row_clear(const NwfTuples *tuples, guint row)
{
    for (guint i = 0; i < tuples->columns->len; i++)
        nwf_value_clear(&tuples->cells[row * tuples->columns->len + i],
                        g_array_index(tuples->columns, NwfColumn, i).type);
}

static void
tuples_free(gpointer data)
{
    NwfTuples *tuples = data;

    for (guint row = 0; row < tuples->n; row++)
        row_clear(tuples, row);
    g_array_unref(tuples->columns);
    g_free(tuples->cells);
    g_free(tuples);
}

/* The texts of @column, or NULL with @error. */
static const GPtrArray *
texts_of(const NwfColumn *column, const NwfParams *params, GError **error)
{
    const GPtrArray *texts = column->constant;
    const NwfVariable *variable = column->variable;
    g_autofree char *place = NULL;

    if (!texts && params)
        texts = nwf_params_get(params, variable->name);
    if (texts && texts->len > (variable->access == NWF_ACCESS_ELEMENT ? variable->index : 0))
        return texts;
    place = nwf_column_place(column);
    if (!texts)
        nwf_set_error(error, NWF_ERROR_INTERNAL,
                      _("%s: the variable has no value; give it as a parameter of the binding"), place);
    else
        nwf_set_error(error, NWF_ERROR_INTERNAL,
                      _("%s: the list has no value with this index (values: %u, the first has index 0)"), place,
                      texts->len);
    return NULL;
}

static gboolean
uneven(const NwfColumn *a, guint n_a, const NwfColumn *b, guint n_b, GError **error)
{
    g_autofree char *place = nwf_column_place(b);

    return nwf_set_error(
        error, NWF_ERROR_INTERNAL,
        _("%s: this list (values: %u) goes along with '%s' in attribute '%s' (values: %u): make both equally "
          "long, or use different iterators ($%s[@1])"),
        place, n_b, a->variable->name, a->attribute, n_a, b->variable->name);
}

/* Number of steps of a group, 0 with @error; @texts: one list for each column. */
static guint
steps_of(const GArray *columns, const NwfParams *params, GPtrArray *texts, GError **error)
{
    const NwfColumn *first = &g_array_index(columns, NwfColumn, 0);
    guint steps = 1;

    for (guint i = 0; i < columns->len; i++) {
        const NwfColumn *column = &g_array_index(columns, NwfColumn, i);
        const GPtrArray *list = texts_of(column, params, error);

        if (!list)
            return 0;
        g_ptr_array_add(texts, (gpointer)list);
        if (column->variable->access == NWF_ACCESS_ELEMENT)
            continue;
        if (i > 0 && list->len != steps) {
            uneven(first, steps, column, list->len, error);
            return 0;
        }
        steps = list->len;
    }
    return steps;
}

static gboolean
cell_parse(NwfValue *cell, const NwfColumn *column, const char *text, const NwfHost *host, NwfNotes *notes,
           GError **error)
{
    g_autofree char *place = NULL, *shown = NULL, *wrong = NULL;

    if (nwf_value_parse_variable(cell, column->type, text, host, notes, error))
        return TRUE;
    place = nwf_column_place(column);
    shown = nwf_clip(text);
    wrong = g_strdup_printf(_("%s: the variable has the value '%s'"), place, shown);
    g_prefix_error(error, "%s: ", wrong);
    return FALSE;
}

static char *
row_text(const NwfTuples *tuples, guint row)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < tuples->columns->len; i++) {
        nwf_value_format(text, &tuples->cells[row * tuples->columns->len + i],
                         g_array_index(tuples->columns, NwfColumn, i).type);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

/* Parses step @step into the row after the last, and keeps it if it is new. */
static gboolean
add_row(NwfTuples *tuples, GHashTable *seen, GPtrArray *texts, guint step, const NwfHost *host, NwfNotes *notes,
        GError **error)
{
    guint row = tuples->n++;

    for (guint i = 0; i < tuples->columns->len; i++) {
        const NwfColumn *column = &g_array_index(tuples->columns, NwfColumn, i);
        const GPtrArray *list = g_ptr_array_index(texts, i);
        guint index = column->variable->access == NWF_ACCESS_ELEMENT ? column->variable->index : step;

        if (!cell_parse(&tuples->cells[row * tuples->columns->len + i], column, g_ptr_array_index(list, index), host,
                        notes, error))
            return FALSE;
    }
    if (seen && !g_hash_table_add(seen, row_text(tuples, row))) {
        row_clear(tuples, row);
        memset(&tuples->cells[row * tuples->columns->len], 0, tuples->columns->len * sizeof(NwfValue));
        tuples->n--;
    }
    return TRUE;
}

static gboolean
too_many(const GArray *columns, GError **error)
{
    g_autofree char *place = nwf_column_place(&g_array_index(columns, NwfColumn, 0));

    return nwf_set_error(
        error, NWF_ERROR_INTERNAL,
        _("%s: this and other lists make too many values (limit: %d): use shorter lists, or combine fewer"), place,
        NWF_PORT_VALUES_MAX);
}

/* @n_listed: (inout): values of lists so far. */
static gboolean
add_group(NwfValues *values, GArray *columns, const NwfParams *params, guint *n_listed, const NwfHost *host,
          NwfNotes *notes, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    g_autoptr(GHashTable) seen = NULL;
    guint steps = steps_of(columns, params, texts, error);
    NwfTuples *tuples;

    if (steps == 0)
        return FALSE;
    *n_listed += (steps - 1) * columns->len;
    if (*n_listed > NWF_PORT_VALUES_MAX)
        return too_many(columns, error);
    if (steps > 1)
        seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tuples = g_new0(NwfTuples, 1);
    tuples->columns = g_array_ref(columns);
    tuples->cells = g_new0(NwfValue, (gsize)steps * columns->len);
    g_ptr_array_add(values->tuples, tuples);
    for (guint step = 0; step < steps; step++)
        if (!add_row(tuples, seen, texts, step, host, notes, error))
            return FALSE;
    return TRUE;
}

void
nwf_values_remark(const NwfTemplate *t, const NwfValues *values, NwfNotes *notes)
{
    for (guint i = 0; i < t->cautions->len; i++) {
        const NwfCaution *caution = &g_array_index(t->cautions, NwfCaution, i);
        const NwfTuples *tuples = g_ptr_array_index(values->tuples, caution->group);

        if (tuples->n > 1)
            nwf_note(notes,
                     _("filter '%s', rule at line %u: with match='no' a list of several values matches everything: use "
                       "return rules instead"),
                     caution->rule->filter->name, caution->rule->rule->line);
    }
}

NwfValues *
nwf_values_new(const NwfTemplate *t, const NwfParams *params, const NwfHost *host, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfValues) values = g_new0(NwfValues, 1);
    guint n_listed = 0;

    g_atomic_ref_count_init(&values->refs);
    values->tuples = g_ptr_array_new_with_free_func(tuples_free);
    for (guint i = 0; i < t->groups->len; i++)
        if (!add_group(values, g_ptr_array_index(t->groups, i), params, &n_listed, host, notes, error))
            return NULL;
    return g_steal_pointer(&values);
}

static void
values_free(NwfValues *values)
{
    g_ptr_array_unref(values->tuples);
    g_free(values);
}
NWF_DEFINE_REFS(NwfValues, nwf_values, values_free)
