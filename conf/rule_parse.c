/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rule_parse.c: <rule> and the elements in it
 *
 * The first known element decides the protocol. Later elements of the same name are merged into it attribute by
 * attribute, and the later text wins; all others are ignored. Attributes are read as they stand, and the first one that
 * does not fit is the error.
 *
 * Limits: what spans several attributes is in rule_check.c.
 */
#include "conf/filter_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Index of the word of a required attribute in @words; -1 with @error if there is none or it is unknown. */
static int
read_word(const NwfXmlTag *tag, const char *attribute, const char *const *words, const NwfRulePlace *place,
          GError **error)
{
    g_autofree char *text = nwf_xml_attribute(tag, attribute);
    g_autofree char *label = NULL;
    g_autofree char *known = NULL;

    for (int i = 0; text && words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    known = g_strjoinv(", ", (char **)words);
    label = nwf_rule_label(place, "rule", text ? attribute : NULL, text);
    if (text)
        nwf_set_error(error, NWF_ERROR_RULE_WORD, _("%s: expected one of %s"), label, known);
    else
        nwf_set_error(error, NWF_ERROR_RULE_INCOMPLETE, _("%s: the attribute '%s' is missing; expected one of %s"),
                      label, attribute, known);
    return -1;
}

/* Sets @priority, which keeps its default if the text is odd; only newer releases refuse what is no number. */
static gboolean
read_priority(const NwfXmlTag *tag, int *priority, const NwfRulePlace *place, GError **error)
{
    g_autofree char *text = nwf_xml_attribute(tag, "priority");
    gint32 number = 0;

    if (!text)
        return TRUE;
    if (nwf_signed_read(text, &number) && number >= NWF_PRIORITY_MIN && number <= NWF_PRIORITY_MAX) {
        *priority = number;
        return TRUE;
    }
    g_autofree char *label = nwf_rule_label(place, "rule", "priority", text);
    if (place->dialect >= NWF_DIALECT_11 && !nwf_signed_read(text, &number))
        return nwf_set_error(error, NWF_ERROR_RULE_PRIORITY, _("%s: the priority is not a number from %d to %d"), label,
                             (int)NWF_PRIORITY_MIN, (int)NWF_PRIORITY_MAX);
    g_autofree char *remark = g_strdup_printf(_("the priority is not a number from %d to %d; %d is used instead"),
                                              (int)NWF_PRIORITY_MIN, (int)NWF_PRIORITY_MAX, *priority);
    nwf_rule_note(place, "rule", "priority", text, remark);
    return TRUE;
}

static gboolean
read_statematch(const NwfXmlTag *tag, const NwfRulePlace *place)
{
    g_autofree char *text = nwf_xml_attribute(tag, "statematch");
    if (!text || g_ascii_strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)
        return TRUE;
    if (strcmp(text, "0") == 0 || g_ascii_strcasecmp(text, "false") == 0)
        return FALSE;
    nwf_rule_note(place, "rule", "statematch", text, _("this counts as 'true'; only '0' and 'false' switch it off"));
    return TRUE;
}

NwfRule *
nwf_rule_parse_start(const NwfXmlTag *tag, NwfRulePlace *place, GError **error)
{
    g_autofree NwfRule *rule = g_new0(NwfRule, 1);
    int action = read_word(tag, "action", nwf_action_words, place, error);
    int direction = action < 0 ? -1 : read_word(tag, "direction", nwf_direction_words, place, error);

    if (direction < 0)
        return NULL;
    rule->action = (NwfAction)action;
    rule->direction = (NwfDirection)(direction + 1);
    rule->priority = NWF_PRIORITY_DEFAULT;
    rule->line = place->line;
    if (!read_priority(tag, &rule->priority, place, error))
        return NULL;
    rule->statematch = read_statematch(tag, place);
    return g_steal_pointer(&rule);
}

/* A literal; the end of a range of IPv6 addresses may be IPv4, because released drivers accept nothing else there. */
static gboolean
read_literal(NwfField *field, const NwfAttribute *attribute, const char *text, NwfNotes *notes, GError **error)
{
    if (nwf_value_parse(&field->value, attribute->type, text, notes, error))
        return TRUE;
    if (attribute->type != NWF_TYPE_IPV6 || attribute->match != NWF_MATCH_DST_IP_TO ||
        !nwf_value_parse(&field->value, NWF_TYPE_IPV4, text, NULL, NULL))
        return FALSE;
    g_clear_error(error);
    field->value.ipv4 = TRUE;
    nwf_note(notes, _("an IPv6 address is needed here; no port can use this filter"));
    return TRUE;
}

static gboolean
read_field(NwfField *field, const NwfAttribute *attribute, const char *text, NwfNotes *notes, GError **error)
{
    NwfField read = {.present = TRUE};
    if (*text == '$')
        read.variable = nwf_variable_parse(text, notes, error);
    if (*text == '$' ? !read.variable : !read_literal(&read, attribute, text, notes, error))
        return FALSE;
    nwf_field_clear(field, attribute->type);
    *field = read;
    return TRUE;
}

/* One attribute of an element into its field; remarks about the value get the place of the attribute. @text: (transfer
 * full). */
static gboolean
take_attribute(NwfRule *rule, guint index, char *text, gboolean negated, NwfRulePlace *place, GError **error)
{
    const NwfAttribute *attribute = &rule->protocol->attributes[index];
    g_autoptr(NwfNotes) remarks = nwf_notes_wanted(place->notes) ? nwf_notes_new() : NULL;

    g_free(place->written[index]);
    place->written[index] = text;
    if (!read_field(&rule->fields[index], attribute, text, remarks, error)) {
        g_autofree char *label = nwf_rule_label(place, rule->protocol->name, attribute->name, text);
        nwf_hint(rule->protocol, index, text, error);
        g_prefix_error(error, "%s: ", label);
        return FALSE;
    }
    rule->fields[index].negated = negated;
    rule->fields[index].element = rule->n_elements;
    for (guint i = 0; remarks && i < remarks->len; i++)
        nwf_rule_note(place, rule->protocol->name, attribute->name, text, g_ptr_array_index(remarks, i));
    return TRUE;
}

static gboolean
read_sign(const NwfXmlTag *tag, const NwfRulePlace *place)
{
    g_autofree char *text = nwf_xml_attribute(tag, "match");
    if (!text || strcmp(text, "yes") == 0)
        return FALSE;
    if (strcmp(text, "no") == 0)
        return TRUE;
    nwf_rule_note(place, nwf_xml_name(tag), "match", text, _("this counts as 'yes'; only 'no' negates"));
    return FALSE;
}

/* What an unknown element means for a rule that has no known one yet, its end tells. */
static void
remark_unknown_element(const NwfRule *rule, const char *name, NwfRulePlace *place)
{
    if (!rule->protocol && !place->unknown)
        place->unknown = g_strdup(name);
    else
        nwf_rule_note(place, name, NULL, NULL, _("the element is unknown and is ignored"));
}

/* Gives the rule its protocol, or finds out that the element does not count. */
static gboolean
choose_protocol(NwfRule **rule, const NwfXmlTag *tag, NwfRulePlace *place)
{
    const NwfProtocol *protocol = nwf_protocol_find(nwf_xml_name(tag));
    if (protocol && protocol == (*rule)->protocol)
        return TRUE;
    if (!protocol) {
        remark_unknown_element(*rule, nwf_xml_name(tag), place);
        return FALSE;
    }
    if ((*rule)->protocol) {
        nwf_rule_note(place, nwf_xml_name(tag), NULL, NULL, _("a second protocol in a rule is ignored"));
        return FALSE;
    }
    if (place->unknown)
        nwf_rule_note(place, place->unknown, NULL, NULL, _("the element is unknown and is ignored"));
    *rule = nwf_rule_new_open(*rule, protocol);
    return TRUE;
}

/* The row of @attribute, or -1. */
static int
find_row(const NwfProtocol *protocol, const NwfXmlAttribute *attribute)
{
    for (guint i = 0; attribute->declared && i < protocol->n_attributes; i++)
        if (strcmp(protocol->attributes[i].name, attribute->name) == 0)
            return (int)i;
    return -1;
}

static void
remark_unknown_attribute(const NwfXmlTag *tag, const NwfXmlAttribute *attribute, const char *text,
                         const NwfRulePlace *place)
{
    g_autofree char *name =
        attribute->prefix ? g_strdup_printf("%s:%s", attribute->prefix, attribute->name) : g_strdup(attribute->name);
    nwf_rule_note(place, nwf_xml_name(tag), name, text,
                  _("the attribute is unknown and is ignored: the rule matches more than it says"));
}

gboolean
nwf_rule_parse_element(NwfRule **rule, const NwfXmlTag *tag, NwfRulePlace *place, GError **error)
{
    gboolean taken[NWF_ATTRIBUTES_MAX] = {FALSE}; /* of attributes that differ in their prefix the first one counts */
    gboolean negated = FALSE;
    NwfXmlAttribute attribute;

    if (!choose_protocol(rule, tag, place))
        return TRUE;
    negated = read_sign(tag, place);
    for (guint i = 0; nwf_xml_attribute_at(tag, i, &attribute); i++) {
        int row = find_row((*rule)->protocol, &attribute);
        g_autofree char *text = nwf_xml_attribute_text(tag, i);
        gboolean sign = attribute.declared && strcmp(attribute.name, "match") == 0;
        if (row < 0 && !sign)
            remark_unknown_attribute(tag, &attribute, text, place);
        if (row < 0 || taken[row])
            continue;
        taken[row] = TRUE;
        if (!take_attribute(*rule, (guint)row, g_steal_pointer(&text), negated, place, error))
            return FALSE;
    }
    (*rule)->n_elements++;
    return place->dialect >= NWF_DIALECT_11 || nwf_rule_check_ports(*rule, place, error);
}
