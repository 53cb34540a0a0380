/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-mended.c: where the plan does better than the stock driver, and what it refuses with a clear text
 */
#include "story.h"

#define RULE(action, direction, element) "<rule action='" action "' direction='" direction "'>" element "</rule>"

/* Dropping one station's packets must not drop the answers of all others. */
static void
test_mac_keeps_its_rule_one_way(void)
{
    assert_plan(RULE("drop", "in", "<tcp srcmacaddr='1:2:3:4:5:6' dstportstart='22'/>"), NULL, NULL,
                "FI (empty)\nFO tcp smac=01:02:03:04:05:06 dport=22 DROP\nHI (empty)\n");
    assert_plan(
        RULE("return", "out", "<tcp srcmacaddr='1:2:3:4:5:6' dstportstart='22'/>"), NULL, NULL,
        "FI tcp smac=01:02:03:04:05:06 dport=22 RETURN\nFO (empty)\nHI tcp smac=01:02:03:04:05:06 dport=22 RETURN\n");
    assert_plan(RULE("reject", "inout", "<all srcmacaddr='1:2:3:4:5:6' srcipaddr='1.1.1.1'/>"), NULL, NULL,
                "FI (empty)\nFO all smac=01:02:03:04:05:06 src=1.1.1.1 REJECT\nHI (empty)\n");
}

/* If only the MAC condition was there, no copy for the way back is made; states and sets do not count. */
static void
test_mac_alone_has_no_way_back(void)
{
    assert_plan(
        RULE("accept", "out", "<udp srcmacaddr='1:2:3:4:5:6' ipset='s' comment='c'/>"), NULL, NULL,
        "FI udp smac=01:02:03:04:05:06 state=NEW,ESTABLISHED dir=ORIGINAL set=s:src comment=c RETURN\nFO (empty)\n"
        "HI udp smac=01:02:03:04:05:06 state=NEW,ESTABLISHED dir=ORIGINAL set=s:src comment=c RETURN\n");
}

/* Sets count in every protocol, missing flags mean the source, and the sign is honoured. */
static void
test_sets_everywhere(void)
{
    assert_plan(RULE("drop", "out", "<tcp ipset='s' ipsetflags='dst,src,src'/>"), NULL, NULL,
                "FI tcp set=s:dst,src,src DROP\nFO tcp set=s:src,dst,dst DROP\nHI tcp set=s:dst,src,src DROP\n");
    assert_plan(RULE("drop", "in", "<all-ipv6 match='no' ipset='s'/>"), NULL, NULL,
                "FI6 all-ipv6 !set=s:dst DROP\nFO6 all-ipv6 !set=s:src DROP\nHI6 all-ipv6 !set=s:dst DROP\n");
}

/* An inout rule with an ICMP type acts both ways, with the same type. */
static void
test_icmp_type_both_ways(void)
{
    assert_plan(RULE("accept", "inout", "<icmp srcipaddr='1.1.1.1' type='8' code='0' state='NEW'/>"), NULL, NULL,
                "FI icmp dst=1.1.1.1 icmp=8/0 state=NEW RETURN\nFO icmp src=1.1.1.1 icmp=8/0 state=NEW ACCEPT\n"
                "HI icmp dst=1.1.1.1 icmp=8/0 state=NEW RETURN\n");
}

/* The kernel does not track neighbour discovery: a state would never match. */
static void
test_untracked_icmpv6(void)
{
    static const struct {
        guint type;
        gboolean tracked;
    } cases[] = {{129, TRUE}, {130, FALSE}, {135, FALSE}, {136, FALSE}, {137, TRUE}, {142, TRUE}, {143, FALSE}};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *literal = g_strdup_printf(RULE("accept", "out", "<icmpv6 type='%u'/>"), cases[i].type);
        g_autofree char *params = g_strdup_printf("T=%u", cases[i].type);
        g_autofree char *expected = g_strdup_printf("FI6 icmpv6 icmp=%u%s RETURN\n", cases[i].type,
                                                    cases[i].tracked ? " state=NEW,ESTABLISHED" : "");

        assert_plan(literal, NULL, "FI6", expected);
        assert_plan(RULE("accept", "out", "<icmpv6 type='$T'/>"), params, "FI6", expected);
    }
}

/* A state that was asked for stays, and so does that of all types but one; IPv4 has no such types. */
static void
test_untracked_only_where_sure(void)
{
    assert_plan(RULE("drop", "out", "<icmpv6 type='135' state='INVALID'/>"), NULL, "FI6",
                "FI6 icmpv6 icmp=135 state=INVALID DROP\n");
    assert_plan(RULE("accept", "out", "<icmpv6 match='no' type='135'/>"), NULL, "FI6",
                "FI6 icmpv6 !icmp=135 state=NEW,ESTABLISHED RETURN\n");
    assert_plan(RULE("accept", "out", "<icmp type='135'/>"), NULL, "FI",
                "FI icmp icmp=135 state=NEW,ESTABLISHED RETURN\n");
}

static void
test_refusals(void)
{
    assert_refused(RULE("drop", "in", "<tcp dstportstart='$A'/>"), "A=30:22", NWF_ERROR_INTERNAL, "rule at line 1",
                   "30:22", NULL);
    assert_refused(RULE("drop", "inout", "<stp srcmacaddr='1:1:1:1:1:1'/>"), NULL, NWF_ERROR_INTERNAL, "rule at line 1",
                   "srcmacaddr='01:01:01:01:01:01'", "both directions", NULL);
    assert_refused(RULE("drop", "inout", "<stp srcmacaddr='$MAC'/>"), "MAC=1:1:1:1:1:1", NWF_ERROR_INTERNAL,
                   "<stp srcmacaddr>", "both directions", NULL);
}

/* Nothing lies in such a range, and the tools take it. */
static void
test_ranges_of_nothing(void)
{
    assert_plan(RULE("drop", "out", "<udp srcipfrom='$A' srcipto='10.0.0.1'/>"), "A=10.0.0.9", "FI",
                "FI udp src-range=10.0.0.9-10.0.0.1 DROP\n");
    assert_plan(RULE("drop", "out", "<udp-ipv6 srcportstart='30' srcportend='22'/>"), NULL, "FI6",
                "FI6 udp-ipv6 sport=30-22 DROP\n");
}

/* "All but everything" is no packet. Tools leave such a condition out, or refuse it, so the rule is left out. */
static void
test_all_but_everything(void)
{
    static const char *const elements[] = {
        "<tcp match='no' srcportstart='0' srcportend='65535'/>",
        "<udp-ipv6 match='no' dstportstart='$P'/>",
        "<all match='no' dstipaddr='10.0.0.1' dstipmask='0'/>",
        "<tcp match='no' flags='NONE/NONE'/>",
        "<tcp flags='NONE/SYN'/>",
    };

    for (guint i = 0; i < G_N_ELEMENTS(elements); i++) {
        g_autofree char *rule = g_strdup_printf("<rule action='accept' direction='in'>%s</rule>", elements[i]);
        gboolean ipv6 = strstr(elements[i], "ipv6") != NULL;

        assert_plan(rule, "P=0:65535", NULL,
                    ipv6 ? "FI6 (empty)\nFO6 (empty)\nHI6 (empty)\n" : "FI (empty)\nFO (empty)\nHI (empty)\n");
    }
    assert_plan(RULE("drop", "out", "<tcp match='no' dstportstart='1' dstportend='65535'/>"), NULL, "FI",
                "FI tcp !dport=1-65535 DROP\n");
    assert_plan(RULE("drop", "out", "<ip match='no' srcipaddr='10.0.0.1' srcipmask='0'/>"), NULL, "I",
                "I ip !src=10.0.0.1/0 DROP\n");
}

/* The bounds of a range may be equal, and a variable protocol may turn out right. */
static void
test_close_to_refusal(void)
{
    assert_plan(RULE("drop", "out", "<tcp dstportstart='30' dstportend='30'/>"), NULL, "FI",
                "FI tcp dport=30-30 DROP\n");
    assert_plan(RULE("drop", "out", "<vlan vlanid='4094'/>"), NULL, "I", "I vlan vlan=4094 DROP\n");
    assert_plan(RULE("drop", "out", "<ipv6 protocol='$P' type='1'/>"), "P=icmpv6", "I",
                "I ipv6 proto=icmpv6 icmp=1-1/0-255 DROP\n");
    assert_plan(RULE("drop", "out", "<udp-ipv6 dstipfrom='fe80::1' dstipto='fe80::9'/>"), NULL, "FI6",
                "FI6 udp-ipv6 dst-range=fe80::1-fe80::9 DROP\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/mended/mac-keeps-its-rule-one-way", test_mac_keeps_its_rule_one_way);
    g_test_add_func("/plan/mended/mac-alone-has-no-way-back", test_mac_alone_has_no_way_back);
    g_test_add_func("/plan/mended/sets-everywhere", test_sets_everywhere);
    g_test_add_func("/plan/mended/icmp-type-both-ways", test_icmp_type_both_ways);
    g_test_add_func("/plan/mended/untracked-icmpv6", test_untracked_icmpv6);
    g_test_add_func("/plan/mended/untracked-only-where-sure", test_untracked_only_where_sure);
    g_test_add_func("/plan/mended/refusals", test_refusals);
    g_test_add_func("/plan/mended/ranges-of-nothing", test_ranges_of_nothing);
    g_test_add_func("/plan/mended/all-but-everything", test_all_but_everything);
    g_test_add_func("/plan/mended/close-to-refusal", test_close_to_refusal);
    return g_test_run();
}
