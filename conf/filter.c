/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.c: life of filters
 */
#include "conf/filter_private.h"

#include <string.h>

void
nwf_field_clear(NwfField *field, NwfType type)
{
    if (!field->variable)
        nwf_value_clear(&field->value, type);
    nwf_variable_free(field->variable);
    memset(field, 0, sizeof(*field));
}

void
nwf_rule_free(NwfRule *rule)
{
    if (!rule)
        return;
    for (guint i = 0; rule->protocol && i < rule->protocol->n_attributes; i++)
        nwf_field_clear(&rule->fields[i], rule->protocol->attributes[i].type);
    g_free(rule);
}

void
nwf_filter_ref_free(NwfFilterRef *ref)
{
    if (!ref)
        return;
    g_free(ref->filter);
    nwf_params_free(ref->params);
    g_free(ref);
}

static void
entry_free(gpointer pointer)
{
    NwfEntry *entry = pointer;
    nwf_rule_free(entry->rule);
    nwf_filter_ref_free(entry->ref);
    g_free(entry);
}

NwfFilter *
nwf_filter_new(void)
{
    NwfFilter *filter = g_new0(NwfFilter, 1);
    g_atomic_ref_count_init(&filter->refs);
    filter->entries = g_ptr_array_new_with_free_func(entry_free);
    return filter;
}

NwfFilter *
nwf_filter_ref(NwfFilter *filter)
{
    g_atomic_ref_count_inc(&filter->refs);
    return filter;
}

void
nwf_filter_unref(NwfFilter *filter)
{
    if (!filter || !g_atomic_ref_count_dec(&filter->refs))
        return;
    g_free(filter->name);
    g_free(filter->chain);
    g_ptr_array_unref(filter->entries);
    g_free(filter);
}

void
nwf_filter_add(NwfFilter *filter, NwfRule *rule, NwfFilterRef *ref)
{
    NwfEntry *entry = g_new0(NwfEntry, 1);
    entry->rule = rule;
    entry->ref = ref;
    g_ptr_array_add(filter->entries, entry);
}

gboolean
nwf_filter_equal(const NwfFilter *a, const NwfFilter *b)
{
    g_autofree char *text_a = nwf_filter_format(a, NWF_DIALECT_11);
    g_autofree char *text_b = nwf_filter_format(b, NWF_DIALECT_11);
    return strcmp(text_a, text_b) == 0;
}
