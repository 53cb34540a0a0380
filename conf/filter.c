/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.c: life and canonical document of filters
 *
 * The document is byte-equal to what the released drivers print, but for what is listed in docs/differences.md. There
 * are two ways to print a rule with positive and negated attributes: the oldest dialect starts a new element whenever
 * the sign changes along the table, the newer ones print one element with all positive attributes and one with all
 * negated ones.
 *
 * Of up to 25 attributes that an element may have a rule has two or three, and there are filters of ten thousand rules.
 * So a rule that was read keeps the fields that are present, and no others.
 */
#include "conf/filter_private.h"

#include <string.h>

/* A release between the three that were looked at speaks the newer dialect from the next major version on. */
NwfDialect
nwf_dialect_of_version(unsigned long version)
{
    if (version >= 12000000)
        return NWF_DIALECT_12;
    return version >= 10000000 ? NWF_DIALECT_11 : NWF_DIALECT_9;
}

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
    for (guint i = 0, at = 0; rule->protocol && i < rule->protocol->n_attributes; i++)
        if (rule->kept >> i & 1)
            nwf_field_clear(&rule->fields[at++], rule->protocol->attributes[i].type);
    g_free(rule);
}

static guint
n_bits(guint32 mask)
{
    return (guint)__builtin_popcount(mask);
}

G_STATIC_ASSERT(NWF_ATTRIBUTES_MAX < 32);

const NwfField *
nwf_rule_field(const NwfRule *rule, guint index)
{
    static const NwfField absent;

    return rule->kept >> index & 1 ? &rule->fields[n_bits(rule->kept & ((1u << index) - 1))] : &absent;
}

NwfRule *
nwf_rule_new_open(NwfRule *from, const NwfProtocol *protocol)
{
    NwfRule *rule = g_malloc0(sizeof(NwfRule) + protocol->n_attributes * sizeof(NwfField));

    *rule = *from;
    rule->protocol = protocol;
    rule->kept = (1u << protocol->n_attributes) - 1;
    g_free(from);
    return rule;
}

NwfRule *
nwf_rule_close(NwfRule *open)
{
    guint32 present = 0;
    guint at = 0;

    for (guint i = 0; open->protocol && i < open->protocol->n_attributes; i++)
        present |= open->fields[i].present ? 1u << i : 0;
    NwfRule *rule = g_malloc(sizeof(NwfRule) + n_bits(present) * sizeof(NwfField));
    *rule = *open;
    rule->kept = present;
    for (guint i = 0; present >> i; i++)
        if (present >> i & 1)
            rule->fields[at++] = open->fields[i];
    g_free(open);
    return rule;
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

static gint freed_entries; /* atomic */

gboolean
nwf_filters_freed(guint entries)
{
    gint freed = g_atomic_int_get(&freed_entries);

    return (guint)freed >= entries && g_atomic_int_compare_and_exchange(&freed_entries, freed, 0);
}

static void
filter_free(NwfFilter *filter)
{
    g_atomic_int_add(&freed_entries, (gint)filter->entries->len);
    g_free(filter->name);
    g_free(filter->chain);
    g_ptr_array_unref(filter->entries);
    g_free(filter);
}
NWF_DEFINE_REFS(NwfFilter, nwf_filter, filter_free)

void
nwf_filter_add(NwfFilter *filter, NwfRule *rule, NwfFilterRef *ref)
{
    NwfEntry *entry = g_new0(NwfEntry, 1);
    entry->rule = rule;
    entry->ref = ref;
    g_ptr_array_add(filter->entries, entry);
}

/* ---- the canonical document ---- */

const char *const nwf_action_words[] = {"drop", "accept", "reject", "return", "continue", NULL};
const char *const nwf_direction_words[] = {"in", "out", "inout", NULL};

void
nwf_field_format(GString *out, const NwfField *field, NwfType type)
{
    if (!field->variable) {
        nwf_value_format(out, &field->value, type);
        return;
    }
    g_string_append_c(out, '$');
    nwf_variable_spelling(out, field->variable);
}

static void
open_element(GString *out, const NwfRule *rule, gboolean negated)
{
    g_string_append_printf(out, "    <%s%s", rule->protocol->name, negated ? " match='no'" : "");
}

static void
write_attribute(GString *out, const NwfRule *rule, guint index)
{
    g_autoptr(GString) text = g_string_new(NULL);
    nwf_field_format(text, nwf_rule_field(rule, index), rule->protocol->attributes[index].type);
    g_string_append_printf(out, " %s='", rule->protocol->attributes[index].name);
    nwf_xml_escape(out, text->str, FALSE);
    g_string_append_c(out, '\'');
}

/*
 * Writes a new element whenever the sign changes. @sorted: all positive attributes come first, then the negated ones,
 * else the order is that of the table.
 */
static void
write_elements(GString *out, const NwfRule *rule, gboolean sorted)
{
    gboolean open = FALSE, negated = FALSE;
    guint n = rule->protocol->n_attributes;
    for (guint i = 0; i < (sorted ? 2 * n : n); i++) {
        const NwfField *field = nwf_rule_field(rule, i % n);
        if (!field->present || (sorted && field->negated != (i >= n)))
            continue;
        if (open && negated != field->negated)
            g_string_append(out, "/>\n");
        if (!open || negated != field->negated)
            open_element(out, rule, field->negated);
        open = TRUE;
        negated = field->negated;
        write_attribute(out, rule, i % n);
    }
    if (!open)
        open_element(out, rule, FALSE);
    g_string_append(out, "/>\n");
}

static void
write_rule(GString *out, const NwfRule *rule, NwfDialect dialect)
{
    g_string_append_printf(out, "  <rule action='%s' direction='%s' priority='%d'%s", nwf_action_words[rule->action],
                           nwf_direction_words[rule->direction - 1], rule->priority,
                           rule->statematch ? "" : " statematch='false'");
    if (!rule->protocol) {
        g_string_append(out, "/>\n");
        return;
    }
    g_string_append(out, ">\n");
    write_elements(out, rule, dialect >= NWF_DIALECT_11);
    g_string_append(out, "  </rule>\n");
}

char *
nwf_filter_format(const NwfFilter *filter, NwfDialect dialect)
{
    GString *out = g_string_new("<filter name='");
    char uuid[37];

    nwf_uuid_format(uuid, filter->uuid);
    nwf_xml_escape(out, filter->name, FALSE);
    g_string_append_printf(out, "' chain='%s'", filter->chain);
    if (filter->priority != 0 || (filter->priority_explicit && filter->kind->priority != 0))
        g_string_append_printf(out, " priority='%d'", filter->priority);
    g_string_append_printf(out, ">\n  <uuid>%s</uuid>\n", uuid);
    for (guint i = 0; i < filter->entries->len; i++) {
        const NwfEntry *entry = g_ptr_array_index(filter->entries, i);
        if (entry->rule)
            write_rule(out, entry->rule, dialect);
        else
            nwf_filter_ref_format(out, entry->ref->filter, entry->ref->params, 2);
    }
    g_string_append(out, "</filter>\n");
    return g_string_free(out, FALSE);
}

gboolean
nwf_filter_equal(const NwfFilter *a, const NwfFilter *b)
{
    g_autofree char *text_a = nwf_filter_format(a, NWF_DIALECT_11);
    g_autofree char *text_b = nwf_filter_format(b, NWF_DIALECT_11);
    return strcmp(text_a, text_b) == 0;
}
