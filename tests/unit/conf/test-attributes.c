/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-attributes.c: every attribute of every protocol in every form
 *
 * Driven by the tables themselves: a new row is tested as soon as it is there.
 */
#include "story.h"

#include <string.h>

typedef struct Form {
    const char *text;
    const char *printed;
} Form;

/* Decimal, hexadecimal, name, list, address, text: each form that a type knows. */
static const Form forms[NWF_TYPES][4] = {
    [NWF_TYPE_U8] = {{"17", "17"}, {"0x1F", "0x1f"}, {"a", "0xa"}},
    [NWF_TYPE_U16] = {{"1700", "1700"}, {"0x1F00", "0x1f00"}, {"abc", "0xabc"}},
    [NWF_TYPE_U32] = {{"170000", "170000"}, {"0x1F0000", "0x1f0000"}, {"abcdef", "0xabcdef"}},
    [NWF_TYPE_U16_DECIMAL] = {{"17", "17"}, {"007", "7"}},
    [NWF_TYPE_DSCP] = {{"46", "46"}, {"0x2E", "0x2e"}},
    [NWF_TYPE_VLANID] = {{"100", "100"}, {"0xFFF", "0xfff"}},
    [NWF_TYPE_ETHERTYPE] = {{"2000", "2000"}, {"0x88CC", "0x88cc"}, {"IPv6", "ipv6"}, {"2048", "ipv4"}},
    [NWF_TYPE_ENCAP] = {{"60", "60"}, {"0x88CC", "0x88cc"}, {"arp", "arp"}, {"0x8035", "rarp"}},
    [NWF_TYPE_ARP_PROTOCOL] = {{"2048", "2048"}, {"0x0800", "0x800"}},
    [NWF_TYPE_ARP_OPCODE] = {{"23", "23"}, {"0x17", "23"}, {"reply", "Reply"}, {"1", "Request"}},
    [NWF_TYPE_IP_PROTOCOL] = {{"6", "tcp"}, {"0x84", "sctp"}, {"UDP", "udp"}, {"33", "33"}},
    [NWF_TYPE_PORT] = {{"22", "22"}, {"0x1F90", "0x1f90"}},
    [NWF_TYPE_MAC] = {{"1:80:C2:0:0:0", "01:80:c2:00:00:00"}},
    [NWF_TYPE_MAC_MASK] = {{"FF:FF:0:0:0:0", "ff:ff:00:00:00:00"}},
    [NWF_TYPE_IPV4] = {{"192.0.2.7", "192.0.2.7"}},
    [NWF_TYPE_IPV4_MASK] = {{"24", "24"}, {"255.255.0.0", "16"}},
    [NWF_TYPE_IPV6] = {{"2001:DB8::7", "2001:db8::7"}},
    [NWF_TYPE_IPV6_MASK] = {{"64", "64"}, {"ffff::", "16"}},
    [NWF_TYPE_BOOL] = {{"yes", "true"}, {"false", "false"}},
    [NWF_TYPE_STATE] = {{"related,new", "NEW,RELATED"}, {"NONE", "NONE"}, {"", ""}},
    [NWF_TYPE_TCP_FLAGS] = {{"all/syn", "ALL/SYN"}, {"/", "NONE/NONE"}},
    [NWF_TYPE_IPSET] = {{"admins", "admins"}},
    [NWF_TYPE_IPSET_FLAGS] = {{"SRC,dst", "src,dst"}},
    [NWF_TYPE_COMMENT] = {{"a &lt;b&gt; &amp; &quot;c&apos;", "a &lt;b&gt; &amp; &quot;c&apos;"}, {"", ""}},
};

static const Form references[] = {
    {"$NAME", "$NAME"}, {"$NAME[@0]", "$NAME"}, {"$N_1[@1000]", "$N_1[@1000]"}, {"$NAME[ 07 ]", "$NAME[7]"}, {"$", "$"},
};

/* A value that the type of each attribute refuses; comments and truth values take anything. */
static const char *const wrong[NWF_TYPES] = {
    [NWF_TYPE_U8] = "256",
    [NWF_TYPE_U16] = "65536",
    [NWF_TYPE_U32] = "4294967296",
    [NWF_TYPE_U16_DECIMAL] = "0x1",
    [NWF_TYPE_DSCP] = "64",
    [NWF_TYPE_VLANID] = "4096",
    [NWF_TYPE_ETHERTYPE] = "0x5ff",
    [NWF_TYPE_ENCAP] = "59",
    [NWF_TYPE_ARP_PROTOCOL] = "65536",
    [NWF_TYPE_ARP_OPCODE] = "answer",
    [NWF_TYPE_IP_PROTOCOL] = "dccp",
    [NWF_TYPE_PORT] = "70000",
    [NWF_TYPE_MAC] = "1:2:3",
    [NWF_TYPE_MAC_MASK] = "1:0:0:0:0:0",
    [NWF_TYPE_IPV4] = "10.0.0.256",
    [NWF_TYPE_IPV4_MASK] = "33",
    [NWF_TYPE_IPV6] = "fe80::g",
    [NWF_TYPE_IPV6_MASK] = "129",
    [NWF_TYPE_STATE] = "OLD",
    [NWF_TYPE_TCP_FLAGS] = "SYN",
    [NWF_TYPE_IPSET] = "a/b",
    [NWF_TYPE_IPSET_FLAGS] = "both",
};

typedef void (*Visit)(const NwfProtocol *protocol, guint index);

static void
each_attribute(Visit visit)
{
    const NwfProtocol *protocol = NULL;
    for (protocol = nwf_protocols; protocol < nwf_protocols + NWF_PROTOCOLS; protocol++)
        for (guint i = 0; i < protocol->n_attributes; i++)
            visit(protocol, i);
}

/* What an attribute cannot stand without: ports of ip and ipv6 need a protocol that has some. */
static const char *
company(const NwfProtocol *protocol, guint index)
{
    gboolean port = protocol->attributes[index].type == NWF_TYPE_PORT;
    return port && protocol->layer == NWF_LAYER_ETHERNET ? "protocol='tcp' " : "";
}

static void
check_form(const NwfProtocol *protocol, guint index, const Form *form, const char *match, NwfDialect dialect)
{
    const char *name = protocol->attributes[index].name;
    g_autofree char *element =
        g_strdup_printf("<%s %s%s%s='%s'/>", protocol->name, match, company(protocol, index), name, form->text);
    g_autofree char *printed = g_strdup_printf(" %s='%s'", name, form->printed);
    g_autofree char *xml = story_rule(element);
    g_autofree char *dump = story_dump(xml, dialect);
    g_autoptr(NwfFilter) filter = story_parse(xml, dialect);
    const NwfRule *rule = story_first_rule(filter);

    if (!strstr(dump, printed))
        g_test_message("%s became %s", element, dump);
    g_assert_nonnull(strstr(dump, printed));
    g_assert_true(rule->protocol == protocol);
    g_assert_true(nwf_rule_field(rule, index)->present);
    g_assert_true((nwf_rule_field(rule, index)->variable != NULL) == (form->text[0] == '$'));
    story_settled(xml, dialect);
}

static void
visit_literals(const NwfProtocol *protocol, guint index)
{
    NwfType type = protocol->attributes[index].type;
    g_assert_nonnull(forms[type][0].text);
    for (guint i = 0; i < G_N_ELEMENTS(forms[type]) && forms[type][i].text; i++) {
        check_form(protocol, index, &forms[type][i], "", NWF_DIALECT_9);
        check_form(protocol, index, &forms[type][i], "", NWF_DIALECT_11);
        check_form(protocol, index, &forms[type][i], "match='no' ", NWF_DIALECT_9);
        check_form(protocol, index, &forms[type][i], "match='no' ", NWF_DIALECT_11);
    }
}

static void
test_literals(void)
{
    each_attribute(visit_literals);
}

static void
visit_variables(const NwfProtocol *protocol, guint index)
{
    /* The protocol of an element that has ports must be literal; company() sees to it. */
    for (guint i = 0; i < G_N_ELEMENTS(references); i++) {
        check_form(protocol, index, &references[i], "", NWF_DIALECT_9);
        check_form(protocol, index, &references[i], "match='no' ", NWF_DIALECT_11);
    }
}

static void
test_variables(void)
{
    each_attribute(visit_variables);
}

/* The message names the line, the attribute and the value as written, and what would be accepted. */
static void
visit_wrong(const NwfProtocol *protocol, guint index)
{
    const NwfAttribute *attribute = &protocol->attributes[index];
    const char *text = wrong[attribute->type];
    g_autofree char *element = NULL;
    g_autofree char *place = NULL;
    g_autofree char *xml = NULL;
    if (!text)
        return;
    element = g_strdup_printf("\n<%s %s%s='%s'/>", protocol->name, company(protocol, index), attribute->name, text);
    place =
        g_strdup_printf("filter 'f', rule at line 1: <%s %s='%s'>: expected ", protocol->name, attribute->name, text);
    xml = story_rule(element);
    story_refused(xml, NWF_DIALECT_9, NWF_ERROR_INTERNAL, place);
    story_refused(xml, NWF_DIALECT_11, NWF_ERROR_INTERNAL, nwf_type_expects(attribute->type));
}

static void
test_wrong_values(void)
{
    each_attribute(visit_wrong);
}

static void
visit_bad_reference(const NwfProtocol *protocol, guint index)
{
    const char *name = protocol->attributes[index].name;
    g_autofree char *element = g_strdup_printf("<%s %s='$A-B'/>", protocol->name, name);
    g_autofree char *place = g_strdup_printf("<%s %s='$A-B'>: expected a variable: $NAME", protocol->name, name);
    g_autofree char *xml = story_rule(element);
    story_refused(xml, NWF_DIALECT_9, NWF_ERROR_INTERNAL, place);
}

static void
test_bad_references(void)
{
    each_attribute(visit_bad_reference);
}

/* Alone, an attribute with a primary one is positive; all others, and parts of an ICMP type, keep match='no'. */
static void
visit_sign(const NwfProtocol *protocol, guint index)
{
    const NwfAttribute *attribute = &protocol->attributes[index];
    gboolean keeps = attribute->primary == NWF_MATCH_NONE || attribute->primary == NWF_MATCH_TYPE;
    g_autofree char *element = g_strdup_printf("<%s match='no' %s%s='%s'/>", protocol->name, company(protocol, index),
                                               attribute->name, forms[attribute->type][0].text);
    g_autofree char *xml = story_rule(element);
    g_autoptr(NwfFilter) filter = story_parse(xml, NWF_DIALECT_9);
    if (nwf_rule_field(story_first_rule(filter), index)->negated != keeps)
        g_test_message("%s", element);
    g_assert_cmpint(nwf_rule_field(story_first_rule(filter), index)->negated, ==, keeps);
}

static void
test_signs_alone(void)
{
    each_attribute(visit_sign);
}

/* Beside its primary an attribute has the sign of it, whatever its own element said. */
static void
visit_led(const NwfProtocol *protocol, guint index)
{
    const NwfAttribute *attribute = &protocol->attributes[index];
    for (guint k = 0; k < protocol->n_attributes; k++) {
        const NwfAttribute *primary = &protocol->attributes[k];
        g_autofree char *element = NULL;
        g_autofree char *xml = NULL;
        g_autoptr(NwfFilter) filter = NULL;
        if (attribute->primary == NWF_MATCH_NONE || primary->match != attribute->primary)
            continue;
        element = g_strdup_printf("<%s match='no' %s='%s'/><%s %s='%s'/>", protocol->name, primary->name,
                                  forms[primary->type][0].text, protocol->name, attribute->name,
                                  forms[attribute->type][0].text);
        xml = story_rule(element);
        filter = story_parse(xml, NWF_DIALECT_9);
        g_assert_true(nwf_rule_field(story_first_rule(filter), k)->negated);
        g_assert_true(nwf_rule_field(story_first_rule(filter), index)->negated);
        return;
    }
    g_assert_cmpint(attribute->primary, ==, NWF_MATCH_NONE);
}

static void
test_signs_with_primary(void)
{
    each_attribute(visit_led);
}

/* All attributes at once, in the opposite order of the table, are printed in the order of the table. */
static void
test_order(void)
{
    const NwfProtocol *protocol = NULL;
    for (protocol = nwf_protocols; protocol < nwf_protocols + NWF_PROTOCOLS; protocol++) {
        g_autoptr(GString) in = g_string_new(NULL);
        g_autoptr(GString) out = g_string_new(NULL);
        g_autofree char *printed = NULL;
        for (guint i = 0; i < protocol->n_attributes; i++) {
            const Form *form = &forms[protocol->attributes[i].type][0];
            g_autofree char *one = g_strdup_printf(" %s='%s'", protocol->attributes[i].name, form->text);
            g_string_prepend(in, one);
            g_string_append_printf(out, " %s='%s'", protocol->attributes[i].name, form->printed);
        }
        g_string_prepend(in, protocol->name);
        g_string_prepend(in, "<");
        g_string_append(in, "/>");
        g_string_prepend(out, protocol->name);
        g_string_prepend(out, "<");
        g_string_append(out, "/>");
        printed = story_elements(in->str, NWF_DIALECT_11);
        g_assert_cmpstr(printed, ==, out->str);
    }
}

static const char *const type_names[NWF_TYPES] = {
    [NWF_TYPE_U8] = "u8",
    [NWF_TYPE_U16] = "u16",
    [NWF_TYPE_U32] = "u32",
    [NWF_TYPE_U16_DECIMAL] = "u16-decimal",
    [NWF_TYPE_DSCP] = "dscp",
    [NWF_TYPE_VLANID] = "vlanid",
    [NWF_TYPE_ETHERTYPE] = "ethertype",
    [NWF_TYPE_ENCAP] = "encap",
    [NWF_TYPE_ARP_PROTOCOL] = "arp-protocol",
    [NWF_TYPE_ARP_OPCODE] = "arp-opcode",
    [NWF_TYPE_IP_PROTOCOL] = "ip-protocol",
    [NWF_TYPE_PORT] = "port",
    [NWF_TYPE_MAC] = "mac",
    [NWF_TYPE_MAC_MASK] = "mac-mask",
    [NWF_TYPE_IPV4] = "ipv4",
    [NWF_TYPE_IPV4_MASK] = "ipv4-mask",
    [NWF_TYPE_IPV6] = "ipv6",
    [NWF_TYPE_IPV6_MASK] = "ipv6-mask",
    [NWF_TYPE_BOOL] = "bool",
    [NWF_TYPE_STATE] = "state",
    [NWF_TYPE_TCP_FLAGS] = "tcp-flags",
    [NWF_TYPE_IPSET] = "ipset",
    [NWF_TYPE_IPSET_FLAGS] = "ipset-flags",
    [NWF_TYPE_COMMENT] = "comment",
};

static const char *
primary_name(const NwfProtocol *protocol, const NwfAttribute *attribute)
{
    for (guint i = 0; i < protocol->n_attributes; i++)
        if (attribute->primary != NWF_MATCH_NONE && protocol->attributes[i].match == attribute->primary)
            return protocol->attributes[i].name;
    return "own";
}

/* The tables say what was observed, line by line. */
static void
test_ledger(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "attributes.txt", NULL);
    g_autofree char *expected = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;
    g_auto(GStrv) ours = NULL;
    const NwfProtocol *protocol = NULL;
    guint comments = 0;
    g_assert_true(g_file_get_contents(path, &expected, NULL, NULL));
    for (protocol = nwf_protocols; protocol < nwf_protocols + NWF_PROTOCOLS; protocol++)
        for (guint i = 0; i < protocol->n_attributes; i++) {
            const NwfAttribute *attribute = &protocol->attributes[i];
            g_string_append_printf(found, "%s %s %s %s\n", protocol->name, attribute->name, type_names[attribute->type],
                                   primary_name(protocol, attribute));
        }
    ours = g_strsplit(found->str, "\n", -1);
    lines = g_strsplit(expected, "\n", -1);
    while (lines[comments][0] == '#')
        comments++;
    g_assert_cmpuint(g_strv_length(lines + comments), ==, g_strv_length(ours));
    for (guint i = 0; ours[i]; i++)
        g_assert_cmpstr(ours[i], ==, lines[comments + i]);
}

static void
test_tables_are_sound(void)
{
    const NwfProtocol *protocol = NULL;
    for (protocol = nwf_protocols; protocol < nwf_protocols + NWF_PROTOCOLS; protocol++) {
        g_assert_true(nwf_protocol_find(protocol->name) == protocol);
        g_assert_cmpuint(protocol->n_attributes, <=, NWF_ATTRIBUTES_MAX);
        for (guint i = 0; i < protocol->n_attributes; i++)
            for (guint k = 0; k < i; k++) {
                g_assert_cmpstr(protocol->attributes[i].name, !=, protocol->attributes[k].name);
                g_assert_cmpint(protocol->attributes[i].match, !=, protocol->attributes[k].match);
            }
    }
    g_assert_null(nwf_protocol_find("TCP"));
    g_assert_null(nwf_protocol_find("icmp-ipv6"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/attributes/ledger", test_ledger);
    g_test_add_func("/conf/attributes/tables-are-sound", test_tables_are_sound);
    g_test_add_func("/conf/attributes/literals", test_literals);
    g_test_add_func("/conf/attributes/variables", test_variables);
    g_test_add_func("/conf/attributes/wrong-values", test_wrong_values);
    g_test_add_func("/conf/attributes/bad-references", test_bad_references);
    g_test_add_func("/conf/attributes/signs-alone", test_signs_alone);
    g_test_add_func("/conf/attributes/signs-with-primary", test_signs_with_primary);
    g_test_add_func("/conf/attributes/order", test_order);
    return g_test_run();
}
