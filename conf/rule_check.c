/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rule_check.c: what spans several attributes of a rule, and how messages name a rule
 *
 * Signs: masks, ends of ranges and codes take the sign of the primary attribute of their family. Without it a type's
 * end and codes, which mean something alone, keep their own; all others have no effect then and are printed as
 * positive, as released drivers do.
 *
 * A set's flags are `src` unless given. A note names whatever makes a rule match more than its text says, or has no
 * effect; texts are quoted as they were written.
 */
#include "conf/filter_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

char *
nwf_rule_label(const NwfRulePlace *place, const char *element, const char *attribute, const char *value)
{
    g_autofree char *filter = nwf_clip(place->filter);
    g_autofree char *name = nwf_clip(element);
    g_autofree char *quoted_attribute = attribute ? nwf_clip(attribute) : NULL;
    g_autofree char *quoted = value ? nwf_clip(value) : NULL;
    if (!attribute)
        return g_strdup_printf(_("filter '%s', rule at line %u: <%s>"), filter, place->line, name);
    return g_strdup_printf(_("filter '%s', rule at line %u: <%s %s='%s'>"), filter, place->line, name, quoted_attribute,
                           quoted ? quoted : "");
}

void
nwf_rule_note(const NwfRulePlace *place, const char *element, const char *attribute, const char *value,
              const char *remark)
{
    g_autofree char *label = NULL;
    if (!nwf_notes_wanted(place->notes))
        return;
    label = nwf_rule_label(place, element, attribute, value);
    nwf_note(place->notes, "%s: %s", label, remark);
}

static gboolean
has_field(const NwfRule *rule, NwfMatch match)
{
    int index = nwf_protocol_index(rule->protocol, match);
    return index >= 0 && rule->fields[index].present;
}

void
nwf_rule_place_clear(NwfRulePlace *place)
{
    for (guint i = 0; i < NWF_ATTRIBUTES_MAX; i++)
        g_clear_pointer(&place->written[i], g_free);
    g_clear_pointer(&place->unknown, g_free);
}

static gboolean
has_ports(const NwfRule *rule)
{
    static const guint32 with_ports[] = {6, 17, 33, 132};
    int index = nwf_protocol_index(rule->protocol, NWF_MATCH_IP_PROTOCOL);
    const NwfField *field = &rule->fields[index];
    for (guint i = 0; i < G_N_ELEMENTS(with_ports); i++)
        if (field->present && !field->variable && field->value.number == with_ports[i])
            return TRUE;
    return FALSE;
}

gboolean
nwf_rule_check_ports(const NwfRule *rule, const NwfRulePlace *place, GError **error)
{
    if (rule->protocol->layer != NWF_LAYER_ETHERNET)
        return TRUE;
    for (guint i = 0; i < rule->protocol->n_attributes; i++) {
        if (rule->protocol->attributes[i].type != NWF_TYPE_PORT || !rule->fields[i].present || has_ports(rule))
            continue;
        g_autofree char *label =
            nwf_rule_label(place, rule->protocol->name, rule->protocol->attributes[i].name, place->written[i]);
        return nwf_set_error(error, NWF_ERROR_INTERNAL,
                             _("%s: a port needs protocol='tcp', 'udp', 'sctp' or '33' (dccp) in the same rule"),
                             label);
    }
    return TRUE;
}

static void
complete_sign(NwfRule *rule, guint index)
{
    NwfMatch primary = rule->protocol->attributes[index].primary;
    if (primary == NWF_MATCH_NONE || !rule->fields[index].present)
        return;
    if (has_field(rule, primary))
        rule->fields[index].negated = rule->fields[nwf_protocol_index(rule->protocol, primary)].negated;
    else if (primary != NWF_MATCH_TYPE)
        rule->fields[index].negated = FALSE;
}

static void
complete_set_flags(NwfRule *rule)
{
    int index = nwf_protocol_index(rule->protocol, NWF_MATCH_IPSET_FLAGS);
    if (index < 0 || !has_field(rule, NWF_MATCH_IPSET) || rule->fields[index].present)
        return;
    rule->fields[index].present = TRUE;
    rule->fields[index].value.set_flags.count = 1;
}

static void
remark(const NwfRule *rule, guint index, const NwfRulePlace *place, const char *words)
{
    nwf_rule_note(place, rule->protocol->name, rule->protocol->attributes[index].name, place->written[index], words);
}

static void
remark_without_effect(const NwfRule *rule, guint index, const NwfRulePlace *place)
{
    NwfMatch needs = rule->protocol->attributes[index].needs;
    g_autofree char *text = NULL;
    if (needs == NWF_MATCH_NONE || has_field(rule, needs))
        return;
    text = g_strdup_printf(_("this has no effect without '%s': the rule matches more than it says"),
                           rule->protocol->attributes[nwf_protocol_index(rule->protocol, needs)].name);
    remark(rule, index, place, text);
}

/* Whether a negated variable is a list is known when a port gives its values (plan/values.c). */
static void
remark_negation(const NwfRule *rule, guint index, const NwfRulePlace *place)
{
    if (rule->fields[index].negated && rule->protocol->attributes[index].match == NWF_MATCH_STATE)
        remark(rule, index, place, _("match='no' has no effect on states"));
}

static void
remark_hidden_ranges(const NwfRule *rule, const NwfRulePlace *place)
{
    static const NwfMatch pairs[][2] = {{NWF_MATCH_SRC_IP_FROM, NWF_MATCH_SRC_IP},
                                        {NWF_MATCH_DST_IP_FROM, NWF_MATCH_DST_IP}};
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (has_field(rule, pairs[i][0]) && has_field(rule, pairs[i][1]))
            remark(rule, (guint)nwf_protocol_index(rule->protocol, pairs[i][0]), place,
                   _("a range has no effect beside a single address"));
}

static void
remark_statematch(const NwfRule *rule, const NwfRulePlace *place)
{
    if (!rule->statematch && (!rule->protocol || rule->protocol->layer == NWF_LAYER_ETHERNET))
        nwf_rule_note(place, "rule", NULL, NULL,
                      _("statematch has no effect here: only elements of the IP level have states"));
}

gboolean
nwf_rule_parse_end(NwfRule *rule, const NwfRulePlace *place, GError **error)
{
    if (nwf_notes_wanted(place->notes))
        remark_statematch(rule, place);
    if (!rule->protocol && place->unknown)
        nwf_rule_note(place, place->unknown, NULL, NULL,
                      _("the element is unknown and is ignored: the rule has no other one and matches everything"));
    if (!rule->protocol)
        return TRUE;
    complete_set_flags(rule);
    for (guint i = 0; i < rule->protocol->n_attributes; i++) {
        complete_sign(rule, i);
        if (nwf_notes_wanted(place->notes) && rule->fields[i].present) {
            remark_without_effect(rule, i, place);
            remark_negation(rule, i, place);
        }
    }
    if (nwf_notes_wanted(place->notes))
        remark_hidden_ranges(rule, place);
    return nwf_rule_check_ports(rule, place, error);
}
