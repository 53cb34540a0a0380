/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-rules.c: rules as a whole: their attributes, merging of elements, signs, what spans several attributes
 */
#include "story.h"

#include <string.h>

typedef struct Case {
    const char *elements;
    const char *printed; /* of both dialects, or of the oldest one */
    const char *newer;   /* NULL: the same */
} Case;

static void
check_cases(const Case *cases, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *xml = story_rule(cases[i].elements);
        g_autofree char *oldest = story_elements(cases[i].elements, NWF_DIALECT_9);
        g_autofree char *newer = story_elements(cases[i].elements, NWF_DIALECT_11);
        g_test_message("%s", cases[i].elements);
        g_assert_cmpstr(oldest, ==, cases[i].printed);
        g_assert_cmpstr(newer, ==, cases[i].newer ? cases[i].newer : cases[i].printed);
        story_settled(xml, NWF_DIALECT_9);
        story_settled(xml, NWF_DIALECT_11);
    }
}

static const Case merging[] = {
    {"<tcp/>", "<tcp/>", NULL},
    {"<bogus/><tcp/>", "<tcp/>", NULL},
    {"<tcp srcipaddr='10.0.0.1'/><udp srcipaddr='bad'/><tcp dscp='5'/>", "<tcp srcipaddr='10.0.0.1' dscp='5'/>", NULL},
    {"<tcp dscp='5'/><tcp dscp='6'/>", "<tcp dscp='6'/>", NULL},
    {"<tcp match='no' dscp='5'/><tcp dscp='0x6'/>", "<tcp dscp='0x6'/>", NULL},
    {"<tcp dscp='5'/><tcp match='no' dscp='6'/>", "<tcp match='no' dscp='6'/>", NULL},
    {"<tcp comment='$A'/><tcp comment='b'/>", "<tcp comment='b'/>", NULL},
    {"<tcp comment='a'/><tcp comment='$B'/>", "<tcp comment='$B'/>", NULL},
    {"<tcp dscp='5'/><tcp/>", "<tcp dscp='5'/>", NULL},
    {"<tcp match='no'/>", "<tcp/>", NULL},
    /* the stock driver garbles a comment when a later element has a dscp */
    {"<udp comment='50'/><udp dscp='22'/>", "<udp dscp='22' comment='50'/>", NULL},
    {"<x:tcp xmlns:x='u' dscp='5'/>", "<tcp dscp='5'/>", NULL},
    {"<x:tcp dscp='5'/>", "", NULL},
    {"<tcp xmlns:x='u' x:dscp='5' dscp='6'/>", "<tcp dscp='5'/>", NULL},
    {"<tcp x:dscp='5'/>", "<tcp/>", NULL},
};

static void
test_merging(void)
{
    check_cases(merging, G_N_ELEMENTS(merging));
}

static const Case signs[] = {
    {"<tcp match='yes' dscp='5'/>", "<tcp dscp='5'/>", NULL},
    {"<tcp match='NO' dscp='5'/>", "<tcp dscp='5'/>", NULL},
    {"<tcp match='' dscp='5'/>", "<tcp dscp='5'/>", NULL},
    /* each element of a run; all positive ones first */
    {"<arp match='no' hwtype='1' opcode='Reply'/><arp protocoltype='5' arpsrcipaddr='10.0.0.1'/>",
     "<arp match='no' hwtype='1'/><arp protocoltype='5'/><arp match='no' opcode='Reply'/>"
     "<arp arpsrcipaddr='10.0.0.1'/>",
     "<arp protocoltype='5' arpsrcipaddr='10.0.0.1'/><arp match='no' hwtype='1' opcode='Reply'/>"},
    /* masks go with their address */
    {"<tcp match='no' srcipaddr='10.0.0.0'/><tcp srcipmask='8'/>",
     "<tcp match='no' srcipaddr='10.0.0.0' srcipmask='8'/>", NULL},
    {"<tcp srcipaddr='10.0.0.0'/><tcp match='no' srcipmask='8'/>", "<tcp srcipaddr='10.0.0.0' srcipmask='8'/>", NULL},
    {"<tcp match='no' srcipmask='8'/>", "<tcp srcipmask='8'/>", NULL},
    {"<mac match='no' srcmacmask='ff:ff:ff:0:0:0'/>", "<mac srcmacmask='ff:ff:ff:00:00:00'/>", NULL},
    {"<stp match='no' age-hi='5'/>", "<stp age-hi='5'/>", NULL},
    /* but not these */
    {"<arp match='no' srcmacmask='ff:ff:ff:0:0:0'/>", "<arp match='no' srcmacmask='ff:ff:ff:00:00:00'/>", NULL},
    {"<ip match='no' protocol='tcp' dstportend='5'/>", "<ip match='no' protocol='tcp' dstportend='5'/>", NULL},
    /* the two ranges of ports are two conditions (stock gives both the sign of srcportstart) */
    {"<tcp match='no' dstportstart='22'/>", "<tcp match='no' dstportstart='22'/>", NULL},
    {"<udp match='no' dstportstart='22' dstportend='25'/>", "<udp match='no' dstportstart='22' dstportend='25'/>",
     NULL},
    {"<sctp-ipv6 match='no' srcportstart='1' srcportend='2'/><sctp-ipv6 dstportstart='3' dstportend='4'/>",
     "<sctp-ipv6 match='no' srcportstart='1' srcportend='2'/><sctp-ipv6 dstportstart='3' dstportend='4'/>",
     "<sctp-ipv6 dstportstart='3' dstportend='4'/><sctp-ipv6 match='no' srcportstart='1' srcportend='2'/>"},
    {"<tcp srcportstart='1'/><tcp match='no' dstportstart='3'/>",
     "<tcp srcportstart='1'/><tcp match='no' dstportstart='3'/>", NULL},
    {"<tcp match='no' dstportend='5'/>", "<tcp dstportend='5'/>", NULL},
    {"<tcp match='no' srcportend='5'/>", "<tcp srcportend='5'/>", NULL},
    /* parts of an ICMP type stand alone, too (stock loses their sign) */
    {"<icmp match='no' code='1'/>", "<icmp match='no' code='1'/>", NULL},
    {"<icmpv6 match='no' code='1'/>", "<icmpv6 match='no' code='1'/>", NULL},
    {"<ipv6 match='no' protocol='icmpv6' typeend='5' code='1' codeend='2'/>",
     "<ipv6 match='no' protocol='icmpv6' typeend='5' code='1' codeend='2'/>", NULL},
    {"<icmp match='no' type='8'/><icmp code='0'/>", "<icmp match='no' type='8' code='0'/>", NULL},
    {"<icmp type='8'/><icmp match='no' code='0'/>", "<icmp type='8' code='0'/>", NULL},
    /* printed, though it has no effect */
    {"<tcp match='no' state='NEW' comment='x'/>", "<tcp match='no' state='NEW' comment='x'/>", NULL},
};

static void
test_signs(void)
{
    check_cases(signs, G_N_ELEMENTS(signs));
}

static const Case sets[] = {
    {"<tcp ipset='a'/>", "<tcp ipset='a' ipsetflags='src'/>", NULL},
    {"<all ipset='a'/>", "<all ipset='a' ipsetflags='src'/>", NULL},
    {"<udp-ipv6 ipset='$A'/>", "<udp-ipv6 ipset='$A' ipsetflags='src'/>", NULL},
    {"<udp ipset=''/>", "<udp ipset='' ipsetflags='src'/>", NULL},
    {"<tcp ipset='a' ipsetflags='dst,src'/>", "<tcp ipset='a' ipsetflags='dst,src'/>", NULL},
    {"<tcp ipset='a' ipsetflags='$F'/>", "<tcp ipset='a' ipsetflags='$F'/>", NULL},
    {"<tcp ipset='a'/><tcp ipsetflags='dst'/>", "<tcp ipset='a' ipsetflags='dst'/>", NULL},
    {"<tcp ipsetflags='dst'/>", "<tcp ipsetflags='dst'/>", NULL},
    {"<tcp match='no' ipset='a' ipsetflags='dst'/>", "<tcp match='no' ipset='a' ipsetflags='dst'/>", NULL},
    {"<tcp match='no' ipset='a'/>", "<tcp match='no' ipset='a'/><tcp ipsetflags='src'/>",
     "<tcp ipsetflags='src'/><tcp match='no' ipset='a'/>"},
};

static void
test_sets(void)
{
    check_cases(sets, G_N_ELEMENTS(sets));
}

static const Case additions[] = {
    {"<igmp-ipv6 srcipaddr='fe80::2'/>", "<igmp-ipv6 srcipaddr='fe80::2'/>", NULL},
    {"<tcp-ipv6 option='3' comment='c' flags='SYN/SYN'/>", "<tcp-ipv6 option='3' flags='SYN/SYN' comment='c'/>", NULL},
    {"<ipv6 dscp='0x2E' comment='c' protocol='tcp' dstportend='7'/>",
     "<ipv6 protocol='tcp' dstportend='7' dscp='0x2e' comment='c'/>", NULL},
    {"<all-ipv6 dstipfrom='::1' dstipto='::5'/>", "<all-ipv6 dstipfrom='::1' dstipto='::5'/>", NULL},
    {"<all-ipv6 dstipfrom='::1' dstipto='10.1'/>", "<all-ipv6 dstipfrom='::1' dstipto='10.0.0.1'/>", NULL},
};

static void
test_additions(void)
{
    check_cases(additions, G_N_ELEMENTS(additions));
}

/* An IPv4 address at the end of an IPv6 range is kept as what it is, and nowhere else accepted. */
static void
test_ipv4_in_ipv6_range(void)
{
    g_autofree char *xml = story_rule("<udp-ipv6 dstipto='10.0.0.1'/>");
    g_autofree char *from = story_rule("<udp-ipv6 dstipfrom='10.0.0.1'/>");
    g_autofree char *source = story_rule("<udp-ipv6 srcipto='10.0.0.1'/>");
    g_autofree char *wrong = story_rule("<udp-ipv6 dstipto='nonsense'/>");
    g_autoptr(NwfFilter) filter = story_parse(xml, NWF_DIALECT_9);
    const NwfRule *rule = story_first_rule(filter);
    for (guint i = 0; i < rule->protocol->n_attributes; i++)
        g_assert_cmpint(nwf_rule_field(rule, i)->value.ipv4, ==,
                        rule->protocol->attributes[i].match == NWF_MATCH_DST_IP_TO);
    story_refused(from, NWF_DIALECT_9, NWF_ERROR_INTERNAL, "dstipfrom='10.0.0.1'>: expected an IPv6 address");
    story_refused(source, NWF_DIALECT_9, NWF_ERROR_INTERNAL, "srcipto='10.0.0.1'>: expected an IPv6 address");
    story_refused(wrong, NWF_DIALECT_9, NWF_ERROR_INTERNAL, "dstipto='nonsense'>: expected an IPv6 address");
}

/* All attributes are looked at in the order of the table, the last wrong one is told; the first wrong element ends it.
 */
static void
test_last_error_is_told(void)
{
    static const char *const cases[][2] = {
        {"<tcp dscp='bad1' srcmacaddr='bad2' srcipaddr='bad3'/>", "dscp='bad1'"},
        {"<tcp srcmacaddr='bad1'/><tcp dscp='bad2'/>", "srcmacaddr='bad1'"},
        {"<tcp dscp='bad1'/><tcp srcmacaddr='bad2'/>", "dscp='bad1'"},
        {"<ip dstportstart='5' protocol='bad'/>", "protocol='bad'"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = story_rule(cases[i][0]);
        story_refused(xml, NWF_DIALECT_9, NWF_ERROR_INTERNAL, cases[i][1]);
        story_refused(xml, NWF_DIALECT_11, NWF_ERROR_INTERNAL, cases[i][1]);
    }
}

static const struct {
    const char *elements;
    gboolean oldest, newer; /* accepted */
} ports[] = {
    {"<ip protocol='tcp' dstportstart='1'/>", TRUE, TRUE},
    {"<ip protocol='17' srcportstart='1'/>", TRUE, TRUE},
    {"<ip protocol='33' srcportend='1'/>", TRUE, TRUE},
    {"<ipv6 protocol='sctp' dstportend='1'/>", TRUE, TRUE},
    {"<ip match='no' protocol='tcp' dstportstart='1'/>", TRUE, TRUE},
    {"<ip protocol='tcp' dstportstart='$P'/>", TRUE, TRUE},
    {"<ip protocol='tcp'/><ip dstportstart='1'/>", TRUE, TRUE},
    {"<ip dstportstart='1'/><ip protocol='tcp'/>", FALSE, TRUE},
    {"<ip protocol='tcp' dstportstart='1'/><ip protocol='icmp'/>", FALSE, FALSE},
    {"<ip dstportstart='1'/>", FALSE, FALSE},
    {"<ip protocol='udplite' dstportstart='1'/>", FALSE, FALSE},
    {"<ip protocol='icmp' srcportstart='1'/>", FALSE, FALSE},
    {"<ipv6 protocol='$X' srcportstart='1'/>", FALSE, FALSE},
    {"<ipv6 srcportend='$P'/>", FALSE, FALSE},
    {"<ipv6 protocol='58' type='5'/>", TRUE, TRUE},
    {"<ipv6 type='5'/>", TRUE, TRUE},
    {"<tcp dstportstart='1'/>", TRUE, TRUE},
};

static void
check_ports(const char *elements, NwfDialect dialect, gboolean accepted)
{
    g_autofree char *xml = story_rule(elements);
    g_autofree char *dump = story_dump(xml, dialect);
    g_test_message("%s", elements);
    g_assert_cmpint(g_str_has_prefix(dump, "<filter"), ==, accepted);
    if (!accepted)
        story_refused(xml, dialect, NWF_ERROR_INTERNAL, "a port needs protocol=");
}

static void
test_ports_need_a_protocol(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(ports); i++) {
        check_ports(ports[i].elements, NWF_DIALECT_9, ports[i].oldest);
        check_ports(ports[i].elements, NWF_DIALECT_11, ports[i].newer);
    }
}

static const struct {
    const char *attributes;
    NwfErrorCode code; /* NWF_ERROR_CODES: accepted */
    int priority;
    gboolean statematch;
} heads[] = {
    {"action='drop' direction='in'", NWF_ERROR_CODES, 500, TRUE},
    {"action='continue' direction='inout' priority='-1000'", NWF_ERROR_CODES, -1000, TRUE},
    {"action='accept' direction='out' priority='1000'", NWF_ERROR_CODES, 1000, TRUE},
    {"action='reject' direction='out' priority=' +007'", NWF_ERROR_CODES, 7, TRUE},
    {"action='return' direction='out' priority='-0'", NWF_ERROR_CODES, 0, TRUE},
    {"action='drop' direction='in' priority='1001'", NWF_ERROR_CODES, 500, TRUE},
    {"action='drop' direction='in' priority='-1001'", NWF_ERROR_CODES, 500, TRUE},
    {"action='drop' direction='in' statematch='0'", NWF_ERROR_CODES, 500, FALSE},
    {"action='drop' direction='in' statematch='FALSE'", NWF_ERROR_CODES, 500, FALSE},
    {"action='drop' direction='in' statematch='no'", NWF_ERROR_CODES, 500, TRUE},
    {"action='drop' direction='in' statematch='00'", NWF_ERROR_CODES, 500, TRUE},
    {"action='drop' direction='in' statematch='true'", NWF_ERROR_CODES, 500, TRUE},
    {"direction='in'", NWF_ERROR_RULE_INCOMPLETE, 0, TRUE},
    {"action='drop'", NWF_ERROR_RULE_INCOMPLETE, 0, TRUE},
    {"action='' direction='in'", NWF_ERROR_RULE_WORD, 0, TRUE},
    {"action='DROP' direction='in'", NWF_ERROR_RULE_WORD, 0, TRUE},
    {"action='drop ' direction='in'", NWF_ERROR_RULE_WORD, 0, TRUE},
    {"action='drop' direction='both'", NWF_ERROR_RULE_WORD, 0, TRUE},
    {"action='nonsense'", NWF_ERROR_RULE_WORD, 0, TRUE},
};

static void
test_heads(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_autofree char *inside = g_strdup_printf("<rule %s/>", heads[i].attributes);
        g_autofree char *xml = story_filter(inside);
        g_autoptr(NwfFilter) filter = NULL;
        if (heads[i].code != NWF_ERROR_CODES) {
            story_refused(xml, NWF_DIALECT_9, heads[i].code, "filter 'f', rule at line 1: <rule");
            story_refused(xml, NWF_DIALECT_11, heads[i].code, "filter 'f', rule at line 1: <rule");
            continue;
        }
        filter = story_parse(xml, NWF_DIALECT_11);
        g_assert_cmpint(story_first_rule(filter)->priority, ==, heads[i].priority);
        g_assert_cmpint(story_first_rule(filter)->statematch, ==, heads[i].statematch);
        story_settled(xml, NWF_DIALECT_11);
    }
}

/* A priority that is no number: silently 500 in the oldest dialect, an error in newer ones. */
static void
test_priorities_without_number(void)
{
    static const char *const texts[] = {"", "abc", "5 ", "0x5", "1.5", "99999999999"};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *inside = g_strdup_printf("<rule action='drop' direction='in' priority='%s'/>", texts[i]);
        g_autofree char *xml = story_filter(inside);
        g_autoptr(NwfFilter) filter = story_parse(xml, NWF_DIALECT_9);
        g_assert_cmpint(story_first_rule(filter)->priority, ==, 500);
        story_refused(xml, NWF_DIALECT_11, NWF_ERROR_RULE_PRIORITY, "priority='");
        story_refused(xml, NWF_DIALECT_12, NWF_ERROR_RULE_PRIORITY, "priority='");
    }
}

static void
test_lines(void)
{
    g_autofree char *xml = story_filter("\n<rule action='drop' direction='in'/>\n\n<filterref filter='x'/>\n"
                                        "<rule action='drop'\n direction='in'><tcp/></rule>");
    g_autoptr(NwfFilter) filter = story_parse(xml, NWF_DIALECT_9);
    g_assert_cmpuint(((NwfEntry *)g_ptr_array_index(filter->entries, 0))->rule->line, ==, 2);
    g_assert_cmpuint(((NwfEntry *)g_ptr_array_index(filter->entries, 1))->ref->line, ==, 4);
    g_assert_cmpuint(((NwfEntry *)g_ptr_array_index(filter->entries, 2))->rule->line, ==, 6);
}

static void
test_lines_beyond_16_bits(void)
{
    g_autofree char *empty = g_strnfill(70000, '\n');
    g_autofree char *inside = g_strconcat(empty, "<rule action='drop' direction='in'/>", NULL);
    g_autofree char *xml = story_filter(inside);
    g_autoptr(NwfFilter) filter = story_parse(xml, NWF_DIALECT_9);
    g_assert_cmpuint(story_first_rule(filter)->line, ==, 70001);
}

/* A value that holds what belongs into two attributes, or is a list: the error says how it is written. NULL: no hint. */
static const struct {
    const char *element, *hint;
} hints[] = {
    {"<all dstipaddr='10.0.0.0/8'/>", "; this is written as dstipaddr='10.0.0.0' dstipmask='8'"},
    {"<all srcipfrom='10.0.0.0/255.0.0.0'/>", "; this is written as srcipaddr='10.0.0.0' srcipmask='255.0.0.0'"},
    {"<ipv6 srcipaddr='fe80::/64'/>", "; this is written as srcipaddr='fe80::' srcipmask='64'"},
    {"<ip srcipaddr='$NET/24'/>", "; this is written as srcipaddr='$NET' srcipmask='24'"},
    {"<arp arpsrcipaddr='10.0.0.0/8'/>", "; this is written as arpsrcipaddr='10.0.0.0' arpsrcipmask='8'"},
    {"<mac srcmacaddr='52:54:0:0:0:0/ff:ff:0:0:0:0'/>",
     "; this is written as srcmacaddr='52:54:0:0:0:0' srcmacmask='ff:ff:0:0:0:0'"},
    {"<tcp dstportstart='80-90'/>", "; this is written as dstportstart='80' dstportend='90'"},
    {"<tcp dstportend='80-90'/>", "; this is written as dstportstart='80' dstportend='90'"},
    {"<udp srcportstart='80:90'/>", "; this is written as srcportstart='80' srcportend='90'"},
    {"<all srcipaddr='10.0.0.1-10.0.0.9'/>", "; this is written as srcipfrom='10.0.0.1' srcipto='10.0.0.9'"},
    {"<stp age='5-9'/>", "; this is written as age='5' age-hi='9'"},
    {"<tcp dstportstart='80,443'/>", "; a list is written as one rule for each value"},
    {"<tcp dstportstart='80, 443'/>", "; a list is written as one rule for each value"},
    {"<all srcipaddr='10.0.0.1,10.0.0.2'/>", "; a list is written as one rule for each value"},
    {"<ip srcipaddr='$A,$B'/>", "; a list is written as one rule for each value"},
    {"<mac protocolid='arp,ipv4'/>", "; a list is written as one rule for each value"},
    {"<all dstipaddr='10.0.0.0/33'/>", NULL},
    {"<all dstipaddr='10.0.0.1:80'/>", NULL},
    {"<all dstipaddr='10.0.0.1-9'/>", NULL},
    {"<ip srcipaddr='10.0.0.1-10.0.0.9'/>", NULL}, /* has no range */
    {"<tcp dstportstart='80-'/>", NULL},
    {"<tcp dstportstart='-80'/>", NULL},
    {"<tcp dstportstart=','/>", NULL},
    {"<tcp dstportstart='http'/>", NULL},
    {"<tcp flags='SYN'/>", NULL},
};

static void
test_hints(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(hints); i++) {
        g_autofree char *xml = story_rule(hints[i].element);
        g_autofree char *refusal = story_dump(xml, NWF_DIALECT_11);
        g_test_message("%s: %s", hints[i].element, refusal);
        g_assert_true(g_str_has_prefix(refusal, "error "));
        g_assert_cmpint(strstr(refusal, "; ") != NULL, ==, hints[i].hint != NULL);
        g_assert_true(!hints[i].hint || strstr(refusal, hints[i].hint));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/rules/merging", test_merging);
    g_test_add_func("/conf/rules/signs", test_signs);
    g_test_add_func("/conf/rules/sets", test_sets);
    g_test_add_func("/conf/rules/additions", test_additions);
    g_test_add_func("/conf/rules/ipv4-in-ipv6-range", test_ipv4_in_ipv6_range);
    g_test_add_func("/conf/rules/last-error", test_last_error_is_told);
    g_test_add_func("/conf/rules/ports", test_ports_need_a_protocol);
    g_test_add_func("/conf/rules/heads", test_heads);
    g_test_add_func("/conf/rules/priorities", test_priorities_without_number);
    g_test_add_func("/conf/rules/lines", test_lines);
    g_test_add_func("/conf/rules/many-lines", test_lines_beyond_16_bits);
    g_test_add_func("/conf/rules/hints", test_hints);
    return g_test_run();
}
