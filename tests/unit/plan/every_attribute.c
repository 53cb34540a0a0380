/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * every_attribute.c: rules with each attribute of each element, see every_attribute.h
 *
 * What belongs together is found in the names and in the columns of the table of elements, never in the tables of
 * plan/, which are tested with this.
 */
#include "every_attribute.h"

#include <string.h>

#include "story.h"

/* For an attribute that leads a condition, and for one that follows: the two ends of a range differ. */
static const char *const samples[NWF_TYPES][2] = {
    [NWF_TYPE_U8] = {"7", "9"},
    [NWF_TYPE_U16] = {"7", "9"},
    [NWF_TYPE_U32] = {"7", "9"},
    [NWF_TYPE_U16_DECIMAL] = {"3"},
    [NWF_TYPE_DSCP] = {"33"},
    [NWF_TYPE_VLANID] = {"77"},
    [NWF_TYPE_ETHERTYPE] = {"0x1234"},
    [NWF_TYPE_ENCAP] = {"0x1234"},
    [NWF_TYPE_ARP_PROTOCOL] = {"0x1234"},
    [NWF_TYPE_ARP_OPCODE] = {"3"},
    [NWF_TYPE_IP_PROTOCOL] = {"6"},
    [NWF_TYPE_PORT] = {"80", "90"},
    [NWF_TYPE_MAC] = {"52:54:00:00:00:01"},
    [NWF_TYPE_MAC_MASK] = {NULL, "ff:ff:ff:00:00:00"},
    [NWF_TYPE_IPV4] = {"10.1.2.3", "10.1.2.9"},
    [NWF_TYPE_IPV4_MASK] = {NULL, "24"},
    [NWF_TYPE_IPV6] = {"fd00::3", "fd00::9"},
    [NWF_TYPE_IPV6_MASK] = {NULL, "64"},
    [NWF_TYPE_BOOL] = {"true"},
    [NWF_TYPE_STATE] = {"NEW,RELATED"},
    [NWF_TYPE_TCP_FLAGS] = {"SYN,ACK/SYN"},
    [NWF_TYPE_IPSET] = {"guests"},
    [NWF_TYPE_IPSET_FLAGS] = {NULL, "src,dst,dst"},
    [NWF_TYPE_COMMENT] = {"why"},
};

static const char *const actions[] = {"drop", "accept", "reject", "return", "continue"};
static const NwfAction action_values[] = {NWF_ACTION_DROP, NWF_ACTION_ACCEPT, NWF_ACTION_REJECT, NWF_ACTION_RETURN,
                                          NWF_ACTION_CONTINUE};
static const char *const directions[] = {"in", "out", "inout"};
static const NwfDirection direction_values[] = {NWF_DIRECTION_IN, NWF_DIRECTION_OUT, NWF_DIRECTION_INOUT};

/* ---- what belongs together ---- */

const NwfAttribute *
attribute_lead(const NwfProtocol *protocol, const NwfAttribute *attribute)
{
    NwfMatch lead = attribute->needs != NWF_MATCH_NONE ? attribute->needs : attribute->primary;
    int index = lead == NWF_MATCH_NONE ? -1 : nwf_protocol_index(protocol, lead);

    return index < 0 ? attribute : &protocol->attributes[index];
}

const NwfAttribute *
attribute_counterpart(const NwfProtocol *protocol, const NwfAttribute *attribute)
{
    static const char *const ends[][2] = {{"src", "dst"}, {"dst", "src"}};

    for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_auto(GStrv) parts = g_strsplit(attribute->name, ends[i][0], 2);
        g_autofree char *name = g_strjoinv(ends[i][1], parts);
        if (!parts[1])
            continue;
        for (guint j = 0; j < protocol->n_attributes; j++)
            if (strcmp(protocol->attributes[j].name, name) == 0)
                return &protocol->attributes[j];
        return NULL;
    }
    return attribute;
}

static const char *
sample_of(const NwfProtocol *protocol, const NwfAttribute *attribute)
{
    const char *sample = samples[attribute->type][attribute_lead(protocol, attribute) != attribute];

    if (!sample)
        g_error("there is no sample for %s of %s", attribute->name, protocol->name);
    return sample;
}

const NwfOperand *
attribute_operand(const NwfProtocol *protocol, const NwfAttribute *attribute, const NwfCondition *condition,
                  gboolean swapped)
{
    NwfValue value = {0};
    const NwfOperand *found = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(nwf_value_parse(&value, attribute->type, sample_of(protocol, attribute), NULL, &error));
    g_assert_no_error(error);
    if (attribute->type == NWF_TYPE_IPSET_FLAGS && swapped)
        value.set_flags.dst ^= (guint8)((1u << value.set_flags.count) - 1);
    for (guint i = 0; !found && i < NWF_OPERANDS_MAX; i++) {
        const NwfOperand *operand = &condition->operands[i];
        if (operand->present && operand->type == attribute->type &&
            nwf_value_equal(&operand->value, &value, attribute->type))
            found = operand;
    }
    nwf_value_clear(&value, attribute->type);
    return found;
}

/* ---- rules ---- */

/* The attribute with its sample; a text that no parameter can have, as a list with commas, stands in the rule itself.
 */
static void
put(const AttributeRule *rule, const NwfAttribute *attribute, GString *element, NwfParams *params)
{
    const char *sample = sample_of(rule->protocol, attribute);
    g_autofree char *word = g_strdup_printf(" %s='", attribute->name);
    g_autofree char *variable = g_strdelimit(g_ascii_strup(attribute->name, -1), "-", '_');

    if (strstr(element->str, word))
        return;
    if (rule->variable && nwf_params_add(params, variable, sample))
        g_string_append_printf(element, "%s$%s[0]'", word, variable);
    else
        g_string_append_printf(element, "%s%s'", word, sample);
}

/* Whether the rule would have to compare in both directions what can be compared in one. */
static gboolean
is_one_way(const AttributeRule *rule)
{
    gboolean is = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(rule->tried) && rule->tried[i]; i++)
        is = is || !attribute_counterpart(rule->protocol, rule->tried[i]);
    return is && rule->protocol->layer == NWF_LAYER_ETHERNET && rule->direction == NWF_DIRECTION_INOUT;
}

static void
visit_rule(AttributeRule *rule, const char *action, const char *direction, void (*visit)(const AttributeRule *rule))
{
    g_autoptr(GString) element = g_string_new(rule->negated ? " match='no'" : "");
    g_autoptr(NwfParams) params = nwf_params_new();
    g_autoptr(GError) error = NULL;
    gboolean ports = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(rule->tried) && rule->tried[i]; i++) {
        put(rule, attribute_lead(rule->protocol, rule->tried[i]), element, params);
        put(rule, rule->tried[i], element, params);
        ports = ports || rule->tried[i]->type == NWF_TYPE_PORT;
    }
    ports = ports && nwf_protocol_index(rule->protocol, NWF_MATCH_IP_PROTOCOL) >= 0;
    rule->text = g_strdup_printf("<rule action='%s' direction='%s'><%s%s/>%s%s%s</rule>", action, direction,
                                 rule->protocol->name, element->str, ports ? "<" : "",
                                 ports ? rule->protocol->name : "", ports ? " protocol='tcp'/>" : "");
    g_autoptr(World) world = world_of_rules(rule->text);
    g_autoptr(NwfTree) tree = world_tree(world, "root", &error);
    g_autoptr(NwfRules) rules = nwf_rules_of_tree(tree, params, NULL, NULL, &error);
    rule->plan = rules ? nwf_rules_plan(rules, &error) : NULL;
    if ((rule->plan == NULL) != is_one_way(rule))
        g_error("%s: %s", rule->text, error ? error->message : "this should be refused");
    visit(rule);
    g_clear_pointer(&rule->text, g_free);
}

static void
each_direction(AttributeRule *rule, guint action, void (*visit)(const AttributeRule *rule))
{
    rule->action = action_values[action];
    for (guint i = 0; i < G_N_ELEMENTS(directions); i++) {
        rule->direction = direction_values[i];
        visit_rule(rule, actions[action], directions[i], visit);
    }
}

void
every_attribute(void (*visit)(const AttributeRule *rule))
{
    for (guint i = 0; i < NWF_PROTOCOLS; i++)
        for (guint j = 0; j < nwf_protocols[i].n_attributes; j++)
            for (guint form = 0; form < 4; form++) {
                AttributeRule rule = {&nwf_protocols[i], {&nwf_protocols[i].attributes[j]}};
                rule.negated = (form & 1) != 0;
                rule.variable = (form & 2) != 0;
                for (guint action = 0; action < G_N_ELEMENTS(actions); action++)
                    each_direction(&rule, action, visit);
            }
}

/* Beside an address a range of addresses has no effect, which a note says when the filter is defined. */
static gboolean
hides(const NwfAttribute *a, const NwfAttribute *b)
{
    return (a->match == NWF_MATCH_SRC_IP && b->match == NWF_MATCH_SRC_IP_FROM) ||
           (a->match == NWF_MATCH_DST_IP && b->match == NWF_MATCH_DST_IP_FROM);
}

void
every_pair(void (*visit)(const AttributeRule *rule))
{
    for (guint i = 0; i < NWF_PROTOCOLS; i++) {
        const NwfProtocol *protocol = &nwf_protocols[i];
        for (guint j = 0; j < protocol->n_attributes; j++)
            for (guint k = j + 1; k < protocol->n_attributes; k++) {
                AttributeRule rule = {protocol, {&protocol->attributes[j], &protocol->attributes[k]}};
                if (hides(attribute_lead(protocol, rule.tried[0]), attribute_lead(protocol, rule.tried[1])))
                    continue;
                for (guint action = 0; action < 2; action++)
                    each_direction(&rule, action, visit);
            }
    }
}
