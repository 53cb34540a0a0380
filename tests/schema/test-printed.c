/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-printed.c: the tables of conf/ and the grammars say the same
 *
 * The grammar has one line for each row of the tables in conf/protocol*.c. Here every row is held against it: as
 * written, as printed in each dialect, as a variable, negated; and every attribute that an element does not have is
 * refused. Who adds a row and forgets the line, or the reverse, is told here.
 *
 * Limits: values are samples, two or more of each type; tests/schema/test_schema.py has the many.
 */
#include "conf/binding.h"
#include "conf/filter.h"
#include "conf/schema.h"

#include <string.h>

enum { SAMPLES_MAX = 8, RANDOM_RULES = 120 };

/* Of each type: what the grammar accepts, and what the parser reads beside that, so that only the print has to fit. */
static const struct {
    const char *plain[SAMPLES_MAX];
    const char *odd[SAMPLES_MAX];
} samples[NWF_TYPES] = {
    [NWF_TYPE_U8] = {{"0", "255", "0xff", "007"}, {"ff", " 7"}},
    [NWF_TYPE_U16] = {{"0", "65535", "0xffff"}, {"abc", "+9"}},
    [NWF_TYPE_U32] = {{"0", "4294967295", "0xffffffff"}, {"abcdef"}},
    [NWF_TYPE_U16_DECIMAL] = {{"0", "65535", "007"}, {" 7"}},
    [NWF_TYPE_DSCP] = {{"0", "63", "0x3f"}, {"2e"}},
    [NWF_TYPE_VLANID] = {{"0", "4095", "0xfff"}, {"fff"}},
    [NWF_TYPE_ETHERTYPE] = {{"arp", "rarp", "ipv4", "ipv6", "vlan", "0x600", "35020"},
                            {"IPv4", "0X0806", "88cc", "2048"}},
    [NWF_TYPE_ENCAP] = {{"arp", "vlan", "0x3c", "60", "0xffff"}, {"IPv6", "0X3C", "3c"}},
    [NWF_TYPE_ARP_PROTOCOL] = {{"0", "65535", "0x800"}, {"abc"}},
    [NWF_TYPE_ARP_OPCODE] = {{"Request", "Reply_Reverse", "DRARP_Error", "InARP_Request", "ARP_NAK", "0", "65535"},
                             {"REQUEST", "drarp_request", "0x10", "ff", "0x3"}},
    [NWF_TYPE_IP_PROTOCOL] = {{"tcp", "udp", "icmpv6", "udplite", "255", "0xfe"}, {"TCP", "3a", "0x84"}},
    [NWF_TYPE_PORT] = {{"0", "65535", "0x50"}, {"abc"}},
    [NWF_TYPE_MAC] = {{"00:11:22:33:44:55", "1:2:3:a:B:c", "FF:ff:FF:ff:FF:ff"}, {"00:11:22:33:44:55 behind"}},
    [NWF_TYPE_MAC_MASK] = {{"ff:ff:ff:00:00:00", "0:0:0:0:0:0"}, {"FF:FF:FF:FF:FF:FE x"}},
    [NWF_TYPE_IPV4] = {{"10.0.0.1", "0.0.0.0", "255.255.255.255", "010.0.0.1"}, {"10.1", "1", "0x0a.0.0.1"}},
    [NWF_TYPE_IPV4_MASK] = {{"0", "32", "255.255.240.0"}, {" 8"}},
    [NWF_TYPE_IPV6] = {{"::", "2001:DB8::10", "1:2:3:4:5:6:7:8", "1:0:3:4:5:6:7:8", "::ffff:192.0.2.1",
                        "64:ff9b::1.2.3.4"},
                       {"fe80::1%1", "fe80::1%lo"}},
    [NWF_TYPE_IPV6_MASK] = {{"0", "128", "ffff:ffff::"}, {" 64"}},
    [NWF_TYPE_BOOL] = {{"true", "yes", "1", "false", "no", "0"}, {"TRUE", "", "maybe"}},
    [NWF_TYPE_STATE] = {{"", "NEW", "INVALID,RELATED,ESTABLISHED,NEW", "NONE,NEW"},
                        {"related , established", "NEWRELATED", ",new,"}},
    [NWF_TYPE_TCP_FLAGS] = {{"SYN/SYN", "FIN,SYN,RST,PSH,ACK,URG/NONE", "ALL/URG"}, {"/", "syn ack/", "/all"}},
    [NWF_TYPE_IPSET] = {{"admins", "a b", "a-b+c.d:e_f"}, {NULL}},
    [NWF_TYPE_IPSET_FLAGS] = {{"src", "DST,src,dst,src,dst,Src"}, {"src,dst,src,dst,src,dst,"}},
    [NWF_TYPE_COMMENT] = {{"", "say &apos;hi&apos; &amp; &lt;stop> \"it\"", "two&#10;lines&#9;x", "\303\274 &#x1f600;",
                           "$NOTE"},
                          {NULL}},
};

static const char *const variables[] = {"$A", "$a_1[0]", "$IP[4294967295]", "$0[@1000]", "$", "$B[ 7 ]"};

static char *
document_of(const char *rules)
{
    return g_strdup_printf("<filter name='x' chain='root'><uuid>5ec00000-0000-4000-8000-000000000001</uuid>%s</filter>",
                           rules);
}

/* A rule with one attribute; its element has what else the parser wants. */
static char *
rule_of(const NwfProtocol *protocol, const NwfAttribute *attribute, const char *value, gboolean negated)
{
    gboolean wants_protocol = attribute->type == NWF_TYPE_PORT && protocol->layer == NWF_LAYER_ETHERNET;
    return g_strdup_printf("<rule action='drop' direction='in'><%s%s%s %s='%s'/></rule>\n", protocol->name,
                           negated ? " match='no'" : "", wants_protocol ? " protocol='tcp'" : "", attribute->name,
                           g_strcmp0(attribute->name, "protocol") == 0 && *value == '$' ? "$P" : value);
}

static void
assert_fits(NwfSchema schema, const char *document)
{
    g_autoptr(GError) error = NULL;
    if (!nwf_schema_validate(schema, document, &error))
        g_test_message("%s", document);
    g_assert_no_error(error);
}

/* What dumpxml makes of the document fits, in each dialect. */
static void
assert_print_fits(const char *document)
{
    for (NwfDialect dialect = NWF_DIALECT_9; dialect <= NWF_DIALECT_12; dialect++) {
        NwfReading reading = {.dialect = dialect};
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfFilter) filter = nwf_filter_parse(document, &reading, NULL, &error);
        g_autofree char *printed = NULL;
        if (!filter)
            g_test_message("%s", document);
        g_assert_no_error(error);
        printed = nwf_filter_format(filter, dialect);
        assert_fits(NWF_SCHEMA_FILTER, printed);
    }
}

static void
add_rules(GString *rules, const NwfProtocol *protocol, const NwfAttribute *attribute, const char *const *values,
          gsize n_values)
{
    for (gsize i = 0; i < n_values && values[i]; i++)
        for (int negated = 0; negated < 2; negated++) {
            g_autofree char *rule = rule_of(protocol, attribute, values[i], negated);
            g_string_append(rules, rule);
        }
}

static void
test_every_row(void)
{
    const NwfProtocol *protocol = NULL;
    guint rows = 0;
    for (protocol = nwf_protocols; protocol < nwf_protocols + NWF_PROTOCOLS; protocol++)
        for (guint a = 0; a < protocol->n_attributes; a++, rows++) {
            const NwfAttribute *attribute = &protocol->attributes[a];
            g_autoptr(GString) rules = g_string_new(NULL);
            g_autofree char *plain = NULL;
            g_autofree char *all = NULL;
            g_assert_nonnull(samples[attribute->type].plain[0]);
            add_rules(rules, protocol, attribute, samples[attribute->type].plain, SAMPLES_MAX);
            add_rules(rules, protocol, attribute, variables, G_N_ELEMENTS(variables));
            plain = document_of(rules->str);
            assert_fits(NWF_SCHEMA_FILTER, plain);
            add_rules(rules, protocol, attribute, samples[attribute->type].odd, SAMPLES_MAX);
            all = document_of(rules->str);
            assert_print_fits(all);
        }
    g_assert_cmpuint(rows, >, 300);
}

static gboolean
has_attribute(const NwfProtocol *protocol, const char *name)
{
    for (guint i = 0; i < protocol->n_attributes; i++)
        if (strcmp(protocol->attributes[i].name, name) == 0)
            return TRUE;
    return FALSE;
}

static void
test_no_other_attribute(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    const NwfProtocol *protocol = NULL;
    for (protocol = nwf_protocols; protocol < nwf_protocols + NWF_PROTOCOLS; protocol++)
        for (guint a = 0; a < protocol->n_attributes; a++)
            g_hash_table_add(names, (gpointer)protocol->attributes[a].name);
    for (protocol = nwf_protocols; protocol < nwf_protocols + NWF_PROTOCOLS; protocol++) {
        GHashTableIter iter;
        gpointer name = NULL;
        g_hash_table_iter_init(&iter, names);
        while (g_hash_table_iter_next(&iter, &name, NULL)) {
            g_autofree char *rule = g_strdup_printf("<rule action='drop' direction='in'><%s %s='$A'/></rule>",
                                                    protocol->name, (char *)name);
            g_autofree char *document = document_of(rule);
            if (nwf_schema_validate(NWF_SCHEMA_FILTER, document, NULL) != has_attribute(protocol, name)) {
                g_test_message("table and grammar differ about <%s %s=>", protocol->name, (char *)name);
                g_test_fail();
            }
        }
    }
}

/* Rules of many attributes with both signs, which the dialects print in different ways. */
static void
test_mixed_signs(void)
{
    for (guint n = 0; n < RANDOM_RULES; n++) {
        const NwfProtocol *protocol = &nwf_protocols[g_test_rand_int_range(0, NWF_PROTOCOLS)];
        g_autoptr(GString) rule =
            g_string_new("<rule action='accept' direction='inout' priority='0' statematch='false'>");
        g_autofree char *document = NULL;
        g_assert_nonnull(protocol);
        for (guint a = 0; a < protocol->n_attributes; a++) {
            const NwfAttribute *attribute = &protocol->attributes[a];
            gboolean variable = g_test_rand_int_range(0, 3) == 0 && strcmp(attribute->name, "protocol") != 0;
            if (g_test_rand_int_range(0, 3) == 0 && strcmp(attribute->name, "protocol") != 0)
                continue;
            g_string_append_printf(
                rule, "<%s%s%s %s='%s'/>", protocol->name, g_test_rand_int_range(0, 2) ? " match='no'" : "",
                attribute->type == NWF_TYPE_PORT && protocol->layer == NWF_LAYER_ETHERNET ? " protocol='6'" : "",
                attribute->name, variable ? "$A[@2]" : samples[attribute->type].plain[g_test_rand_int_range(0, 2)]);
        }
        g_string_append(rule, "</rule>");
        document = document_of(rule->str);
        assert_fits(NWF_SCHEMA_FILTER, document);
        assert_print_fits(document);
    }
}

static void
test_filters_of_any_name(void)
{
    static const char *const documents[] = {
        "<filter name='1 name &amp; \"two\" &lt;three> don&apos;t'/>",
        "<filter name=' .. '/>",
        "<filter name='a&#10;b&#9;c'/>",
        "<filter name='x' chain='arp' priority='0'/>",
        "<filter name='x' chain='stp-12345.:_' priority='-1000'/>",
        "<filter name='x' priority='7'><filterref filter=''/><filterref filter='../&amp;&lt;&apos;'/></filter>",
        ("<filter name='x'><filterref filter='y'><parameter name='' value='1'/><parameter name='0' value='::1.'/>"
         "<parameter name='bad-name' value='1'/><parameter name='IP' value='10.0.0.0/8'/></filterref></filter>"),
        "<filter name='x'><rule action='continue' direction='out' priority='5000' "
        "statematch='FALSE'/><tcp/>text</filter>",
        "<filter name='x'><rule action='return' direction='in' mood='bad'><tpc/><icmp type='8'/><tcp/><icmp "
        "code='0'/></rule></filter>",
        "<filter name='x'><rule action='drop' direction='in'><all-ipv6 dstipfrom='::1' "
        "dstipto='10.0.0.1'/></rule></filter>",
        "<filter name='x'><rule action='drop' direction='in'><tcp ipsetflags='src'/><tcp ipset=''/></rule></filter>",
    };
    for (guint i = 0; i < G_N_ELEMENTS(documents); i++)
        assert_print_fits(documents[i]);
}

static void
test_bindings(void)
{
    static const char document[] =
        "<filterbinding><owner><name>g &amp; &lt;co></name><uuid>5ec00000000040008000000000000001</uuid>"
        "</owner><portdev name='tap&amp;0'/><linkdev name='eth0'/><mac address='1:0:5e:0:0:1'/>"
        "<filterref filter='a &amp; b'><parameter name='IP' value='10.0.0.1'/><parameter name='IP' value='::1'/>"
        "<parameter name='' value='1'/></filterref></filterbinding>";
    for (NwfDialect dialect = NWF_DIALECT_9; dialect <= NWF_DIALECT_12; dialect++) {
        NwfReading reading = {.dialect = dialect};
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfBinding) binding = nwf_binding_parse(document, &reading, NULL, &error);
        g_autofree char *printed = NULL;
        g_assert_no_error(error);
        printed = nwf_binding_format(binding, NULL, dialect, "iptables");
        assert_fits(NWF_SCHEMA_BINDING, printed);
        g_assert_false(nwf_schema_validate(NWF_SCHEMA_FILTER, printed, NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schema/every-row", test_every_row);
    g_test_add_func("/schema/no-other-attribute", test_no_other_attribute);
    g_test_add_func("/schema/mixed-signs", test_mixed_signs);
    g_test_add_func("/schema/filters-of-any-name", test_filters_of_any_name);
    g_test_add_func("/schema/bindings", test_bindings);
    return g_test_run();
}
