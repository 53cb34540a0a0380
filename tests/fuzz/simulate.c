/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simulate.c: see simulate.h
 */
#include "simulate.h"

#include "tests/unit/plan/story.h"

#define RULE(action, direction, element) "<rule action='" action "' direction='" direction "'>" element "</rule>"
#define ROOT(rules) "<filter name='root'>" rules "</filter>"

/* In the order of fuzz_plan() from 1 on; each document holds the filter "root" and what it refers to. */
static const char *const documents[FUZZ_PLANS] = {
    [1] = ROOT(RULE("drop", "in", "<tcp connlimit-above='2'/>") RULE("accept", "out", "<tcp dstportstart='80'/>")
                   RULE("accept", "out", "<udp/>") RULE("accept", "out", "<icmp/>") RULE("accept", "out", "<icmpv6/>")
                       RULE("accept", "in", "<sctp/>") RULE("accept", "in", "<all state='RELATED,ESTABLISHED'/>")
                           RULE("drop", "inout", "<all/>") RULE("reject", "inout", "<all-ipv6/>")),
    [2] = "<filter name='a' chain='arp' priority='-500'>" RULE("drop", "out", "<arp match='no' arpsrcipaddr='10.0.0.1'/>")
              RULE("return", "inout", "<arp opcode='1' arpsrcmacaddr='52:54:00:00:00:01'/>")
                  RULE("drop", "in", "<arp gratuitous='true'/>") "</filter>"
          "<filter name='v' chain='vlan' priority='-400'>" RULE("accept", "out", "<vlan vlanid='5' encap-protocol='ipv4'/>")
              RULE("drop", "inout", "<vlan/>") "</filter>"
          "<filter name='s' chain='stp' priority='-450'>" RULE("accept", "out", "<stp root-priority='5' root-priority-hi='9'"
              " root-cost='1' root-cost-hi='7' srcmacaddr='52:54:00:00:00:01'/>") RULE("drop", "inout", "<stp type='0' flags='1'/>")
          "</filter>"
          "<filter name='root'><filterref filter='a'/><filterref filter='v'/><filterref filter='s'/>"
              RULE("accept", "in", "<mac srcmacaddr='52:54:00:00:00:02' srcmacmask='ff:ff:ff:ff:00:00' protocolid='0x88b5'/>")
              RULE("drop", "out", "<rarp opcode='3'/>") RULE("drop", "inout", "<mac srcmacaddr='01:00:00:00:00:00'/>") "</filter>",
    [3] = ROOT(RULE("drop", "out", "<ip protocol='udp' dstportstart='50' dstportend='60' dscp='3'/>")
                   RULE("accept", "out", "<ip srcipaddr='10.0.0.0' srcipmask='8' protocol='tcp' srcportstart='1'/>")
                       RULE("drop", "out", "<ipv6 protocol='icmpv6' type='134' typeend='135' code='0' codeend='3'/>")
                           RULE("accept", "in", "<ipv6 srcipaddr='fd00::' srcipmask='8' protocol='tcp' dstportstart='80'/>")
                               RULE("drop", "inout", "<ip/>")),
    [4] = ROOT(RULE("accept", "out", "<tcp option='5' flags='SYN,ACK/SYN'/>") RULE("accept", "in", "<udp ipset='s' ipsetflags='src'/>")
                   RULE("drop", "out", "<udp srcipfrom='10.0.0.1' srcipto='10.0.0.9' dscp='9'/>")
                       RULE("drop", "inout", "<icmp type='8' code='0'/>") RULE("drop", "out", "<udplite/>")
                           RULE("accept", "inout", "<esp-ipv6/>") RULE("drop", "out", "<ah/>")
                               RULE("drop", "in", "<udp-ipv6 dstportstart='53' srcmacaddr='52:54:00:00:00:02'/>")
                                   RULE("accept", "in", "<icmpv6 type='129'/>") RULE("drop", "inout", "<sctp-ipv6 dstportstart='7'/>")),
};

NwfPlan *
fuzz_plan(guint index)
{
    static NwfPlan *plans[FUZZ_PLANS];

    if (plans[index] == NULL && index == FUZZ_PLAN_CLOSED) {
        g_autoptr(NwfRules) closed = nwf_rules_new_closed();
        plans[index] = nwf_plan_ref(nwf_rules_plan(closed, NULL));
    } else if (plans[index] == NULL) {
        g_autoptr(World) world = world_new();
        g_autoptr(GError) error = NULL;

        world_add(world, documents[index]);
        plans[index] = plan_of(world, NULL, &error);
        g_assert_no_error(error);
    }
    return plans[index];
}
