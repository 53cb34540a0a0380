/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-examples.c: what single rules become
 *
 * The rows are the observed behaviour of the stock driver, save those marked "mended", where the driver does better on
 * purpose (docs/differences.md).
 */
#include "story.h"

#define RULE(action, direction, element) "<rule action='" action "' direction='" direction "'>" element "</rule>"

typedef struct Example {
    const char *name, *rules, *params, *expected;
} Example;

static const Example ip_examples[] = {
    {"accept-out", RULE("accept", "out", "<tcp dstportstart='80'/>"), NULL,
     "FI tcp dport=80 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"
     "FO tcp sport=80 state=ESTABLISHED dir=REPLY ACCEPT\n"
     "HI tcp dport=80 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"},
    {"accept-in", RULE("accept", "in", "<tcp dstportstart='22'/>"), NULL,
     "FI tcp sport=22 state=ESTABLISHED dir=REPLY RETURN\n"
     "FO tcp dport=22 state=NEW,ESTABLISHED dir=ORIGINAL ACCEPT\n"
     "HI tcp sport=22 state=ESTABLISHED dir=REPLY RETURN\n"},
    {"accept-inout",
     RULE("accept", "inout", "<tcp srcipaddr='10.1.2.3' srcipmask='24' dstportstart='80' dstportend='90'/>"), NULL,
     "FI tcp dst=10.1.2.3/24 sport=80-90 RETURN\n"
     "FO tcp src=10.1.2.3/24 dport=80-90 ACCEPT\n"
     "HI tcp dst=10.1.2.3/24 sport=80-90 RETURN\n"},
    {"drop-out", RULE("drop", "out", "<tcp dstportstart='7'/>"), NULL,
     "FI tcp dport=7 DROP\n"
     "FO tcp sport=7 DROP\n"
     "HI tcp dport=7 DROP\n"},
    {"reject-in", RULE("reject", "in", "<tcp-ipv6 dstportstart='3'/>"), NULL,
     "FI6 tcp-ipv6 sport=3 REJECT\n"
     "FO6 tcp-ipv6 dport=3 REJECT\n"
     "HI6 tcp-ipv6 sport=3 REJECT\n"},
    {"return-out", RULE("return", "out", "<udp srcportstart='7'/>"), NULL,
     "FI udp sport=7 RETURN\n"
     "FO udp dport=7 RETURN\n"
     "HI udp sport=7 RETURN\n"},
    {"continue-in", RULE("continue", "in", "<udp srcportstart='7'/>"), NULL,
     "FI udp dport=7 CONTINUE\n"
     "FO udp sport=7 CONTINUE\n"
     "HI udp dport=7 CONTINUE\n"},
    {"statematch-off", "<rule action='accept' direction='out' statematch='false'><tcp dstportstart='7'/></rule>", NULL,
     "FI tcp dport=7 RETURN\n"
     "FO tcp sport=7 ACCEPT\n"
     "HI tcp dport=7 RETURN\n"},
    {"statematch-off-silences-state",
     "<rule action='accept' direction='in' statematch='0'><tcp dstportstart='7' state='NEW'/></rule>", NULL,
     "FI tcp sport=7 RETURN\n"
     "FO tcp dport=7 ACCEPT\n"
     "HI tcp sport=7 RETURN\n"},
    {"state-list-in", RULE("accept", "in", "<tcp dstportstart='7' state='NEW'/>"), NULL,
     "FI (empty)\n"
     "FO tcp dport=7 state=NEW ACCEPT\n"
     "HI (empty)\n"},
    {"state-list-drop-out", RULE("drop", "out", "<all state='INVALID'/>"), NULL,
     "FI all state=INVALID DROP\n"
     "FO (empty)\n"
     "HI all state=INVALID DROP\n"},
    {"state-list-accept-out", RULE("accept", "out", "<all state='ESTABLISHED,RELATED'/>"), NULL,
     "FI all state=ESTABLISHED,RELATED RETURN\n"
     "FO (empty)\n"
     "HI all state=ESTABLISHED,RELATED RETURN\n"},
    {"state-list-inout", RULE("accept", "inout", "<udp dstportstart='7' state='NEW'/>"), NULL,
     "FI udp sport=7 state=NEW RETURN\n"
     "FO udp dport=7 state=NEW ACCEPT\n"
     "HI udp sport=7 state=NEW RETURN\n"},
    {"state-none", RULE("accept", "out", "<udp dstportstart='7' state='NONE'/>"), NULL,
     "FI udp dport=7 RETURN\n"
     "FO (empty)\n"
     "HI udp dport=7 RETURN\n"},
    {"state-empty-is-absent", RULE("accept", "out", "<udp dstportstart='7' state=''/>"), NULL,
     "FI udp dport=7 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"
     "FO udp sport=7 state=ESTABLISHED dir=REPLY ACCEPT\n"
     "HI udp dport=7 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"},
    {"icmp-type-in", RULE("accept", "in", "<icmp type='8'/>"), NULL,
     "FI (empty)\n"
     "FO icmp icmp=8 state=NEW,ESTABLISHED ACCEPT\n"
     "HI (empty)\n"},
    {"icmp-type-inout-mended", RULE("drop", "inout", "<icmp type='8'/>"), NULL,
     "FI icmp icmp=8 DROP\n"
     "FO icmp icmp=8 DROP\n"
     "HI icmp icmp=8 DROP\n"},
    {"icmp-without-type", RULE("accept", "out", "<icmp code='3'/>"), NULL,
     "FI icmp state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"
     "FO icmp state=ESTABLISHED dir=REPLY ACCEPT\n"
     "HI icmp state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"},
    {"icmpv6-type-out", RULE("accept", "out", "<icmpv6 type='128' code='0'/>"), NULL,
     "FI6 icmpv6 icmp=128/0 state=NEW,ESTABLISHED RETURN\n"
     "FO6 (empty)\n"
     "HI6 icmpv6 icmp=128/0 state=NEW,ESTABLISHED RETURN\n"},
    {"connlimit-out", RULE("drop", "out", "<tcp connlimit-above='2' dstportstart='22' state='NEW'/>"), NULL,
     "FI tcp dport=22 state=NEW connlimit=2 DROP\n"
     "FO (empty)\n"
     "HI tcp dport=22 state=NEW connlimit=2 DROP\n"},
    {"connlimit-accept-has-no-state", RULE("accept", "in", "<tcp connlimit-above='2' dstportstart='22' state='NEW'/>"),
     NULL,
     "FI (empty)\n"
     "FO tcp dport=22 connlimit=2 ACCEPT\n"
     "HI (empty)\n"},
    {"connlimit-inout", RULE("drop", "inout", "<udp connlimit-above='3'/>"), NULL,
     "FI (empty)\n"
     "FO udp connlimit=3 DROP\n"
     "HI (empty)\n"},
    {"negated-port-mended", RULE("accept", "out", "<tcp match='no' dstportstart='80'/>"), NULL,
     "FI tcp !dport=80 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"
     "FO tcp !sport=80 state=ESTABLISHED dir=REPLY ACCEPT\n"
     "HI tcp !dport=80 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"},
    {"negated-source-port-leaves-destination-mended",
     RULE("drop", "out", "<tcp match='no' srcportstart='80'/><tcp dstportstart='81'/>"), NULL,
     "FI tcp !sport=80 dport=81 DROP\n"
     "FO tcp !dport=80 sport=81 DROP\n"
     "HI tcp !sport=80 dport=81 DROP\n"},
    {"states-and-comments-have-no-sign", RULE("drop", "out", "<udp match='no' dscp='1' state='NEW' comment='c'/>"),
     NULL,
     "FI udp !dscp=1 state=NEW comment=c DROP\n"
     "FO (empty)\n"
     "HI udp !dscp=1 state=NEW comment=c DROP\n"},
    {"negated-range", RULE("accept", "out", "<udp match='no' srcipfrom='1.2.3.4' srcipto='1.2.3.9' dscp='33'/>"), NULL,
     "FI udp !src-range=1.2.3.4-1.2.3.9 !dscp=33 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"
     "FO udp !dst-range=1.2.3.4-1.2.3.9 !dscp=33 state=ESTABLISHED dir=REPLY ACCEPT\n"
     "HI udp !src-range=1.2.3.4-1.2.3.9 !dscp=33 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"},
    {"mac-accept-in", RULE("accept", "in", "<tcp srcmacaddr='1:2:3:4:5:6' dstportstart='22'/>"), NULL,
     "FI tcp sport=22 state=ESTABLISHED dir=REPLY RETURN\n"
     "FO tcp smac=01:02:03:04:05:06 dport=22 state=NEW,ESTABLISHED dir=ORIGINAL ACCEPT\n"
     "HI tcp sport=22 state=ESTABLISHED dir=REPLY RETURN\n"},
    {"icmp-type-without-states", "<rule action='accept' direction='out' statematch='false'><icmp type='8'/></rule>",
     NULL,
     "FI icmp icmp=8 RETURN\n"
     "FO (empty)\n"
     "HI icmp icmp=8 RETURN\n"},
    {"icmp-type-drop-out", RULE("drop", "out", "<icmp type='8'/>"), NULL,
     "FI icmp icmp=8 DROP\n"
     "FO (empty)\n"
     "HI icmp icmp=8 DROP\n"},
    {"icmp-type-with-mac", RULE("accept", "in", "<icmp srcmacaddr='1:2:3:4:5:6' type='8'/>"), NULL,
     "FI (empty)\n"
     "FO icmp smac=01:02:03:04:05:06 icmp=8 state=NEW,ESTABLISHED ACCEPT\n"
     "HI (empty)\n"},
    {"mac-accept-inout", RULE("accept", "inout", "<tcp srcmacaddr='1:2:3:4:5:6' dstportstart='22'/>"), NULL,
     "FI tcp sport=22 RETURN\n"
     "FO tcp smac=01:02:03:04:05:06 dport=22 ACCEPT\n"
     "HI tcp sport=22 RETURN\n"},
    {"mac-with-states", RULE("accept", "out", "<tcp srcmacaddr='1:2:3:4:5:6' state='NEW'/>"), NULL,
     "FI tcp smac=01:02:03:04:05:06 state=NEW RETURN\n"
     "FO (empty)\n"
     "HI tcp smac=01:02:03:04:05:06 state=NEW RETURN\n"},
    {"mac-and-code-alone", RULE("accept", "out", "<icmp code='3' srcmacaddr='1:2:3:4:5:6'/>"), NULL,
     "FI icmp smac=01:02:03:04:05:06 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"
     "FO (empty)\n"
     "HI icmp smac=01:02:03:04:05:06 state=NEW,ESTABLISHED dir=ORIGINAL RETURN\n"},
    {"reject-with-states-inout", RULE("reject", "inout", "<udp dstportstart='7' state='NEW'/>"), NULL,
     "FI udp sport=7 state=NEW REJECT\n"
     "FO udp dport=7 state=NEW REJECT\n"
     "HI udp sport=7 state=NEW REJECT\n"},
    {"state-none-inout", RULE("drop", "inout", "<all state='NONE' dscp='3'/>"), NULL,
     "FI all dscp=3 DROP\n"
     "FO all dscp=3 DROP\n"
     "HI all dscp=3 DROP\n"},
    {"connlimit-without-states",
     "<rule action='accept' direction='out' statematch='false'><tcp connlimit-above='2' dstportstart='22'/></rule>",
     NULL,
     "FI tcp dport=22 connlimit=2 RETURN\n"
     "FO (empty)\n"
     "HI tcp dport=22 connlimit=2 RETURN\n"},
    {"lists-in-swapped-copies", RULE("return", "in", "<udp srcipaddr='$A' dstipaddr='$B[@3]'/>"),
     "A=1.1.1.1,2.2.2.2 B=5.5.5.5,6.6.6.6",
     "FI udp dst=1.1.1.1 src=5.5.5.5 RETURN\nFI udp dst=2.2.2.2 src=5.5.5.5 RETURN\n"
     "FI udp dst=1.1.1.1 src=6.6.6.6 RETURN\nFI udp dst=2.2.2.2 src=6.6.6.6 RETURN\n"
     "FO udp src=1.1.1.1 dst=5.5.5.5 RETURN\nFO udp src=2.2.2.2 dst=5.5.5.5 RETURN\n"
     "FO udp src=1.1.1.1 dst=6.6.6.6 RETURN\nFO udp src=2.2.2.2 dst=6.6.6.6 RETURN\n"
     "HI udp dst=1.1.1.1 src=5.5.5.5 RETURN\nHI udp dst=2.2.2.2 src=5.5.5.5 RETURN\n"
     "HI udp dst=1.1.1.1 src=6.6.6.6 RETURN\nHI udp dst=2.2.2.2 src=6.6.6.6 RETURN\n"},
    {"set", RULE("accept", "out", "<all ipset='tr4' ipsetflags='src,dst'/>"), NULL,
     "FI all state=NEW,ESTABLISHED dir=ORIGINAL set=tr4:src,dst RETURN\n"
     "FO all state=ESTABLISHED dir=REPLY set=tr4:dst,src ACCEPT\n"
     "HI all state=NEW,ESTABLISHED dir=ORIGINAL set=tr4:src,dst RETURN\n"},
    {"order-of-conditions",
     RULE("drop", "in",
          "<tcp srcmacaddr='1:2:3:4:5:6' srcipaddr='1.1.1.1' dstipfrom='2.2.2.2' dstipto='2.2.2.9' dscp='5' "
          "connlimit-above='4' state='NEW' ipset='s' ipsetflags='src' srcportstart='1' dstportstart='2' option='3' "
          "flags='SYN/ALL' comment='hello'/>"),
     NULL,
     "FI (empty)\n"
     "FO tcp smac=01:02:03:04:05:06 src=1.1.1.1 dst-range=2.2.2.2-2.2.2.9 dscp=5 flags=SYN/ALL sport=1 dport=2 "
     "option=3 "
     "state=NEW set=s:src connlimit=4 comment=hello DROP\n"
     "HI (empty)\n"},
    {"every-ip-protocol-reaches-its-layer",
     RULE("drop", "out", "<udplite/>") RULE("drop", "out", "<esp/>") RULE("drop", "out", "<ah/>")
         RULE("drop", "out", "<igmp/>") RULE("drop", "out", "<sctp dstportstart='7'/>") RULE(
             "drop", "out", "<udplite-ipv6/>") RULE("drop", "out", "<esp-ipv6/>") RULE("drop", "out", "<ah-ipv6/>")
             RULE("drop", "out", "<sctp-ipv6/>") RULE("drop", "out", "<udp-ipv6/>") RULE("drop", "out", "<all-ipv6/>"),
     NULL,
     "FI udplite DROP\nFI esp DROP\nFI ah DROP\nFI igmp DROP\nFI sctp dport=7 DROP\n"
     "FO udplite DROP\nFO esp DROP\nFO ah DROP\nFO igmp DROP\nFO sctp sport=7 DROP\n"
     "HI udplite DROP\nHI esp DROP\nHI ah DROP\nHI igmp DROP\nHI sctp dport=7 DROP\n"
     "FI6 udplite-ipv6 DROP\nFI6 esp-ipv6 DROP\nFI6 ah-ipv6 DROP\nFI6 sctp-ipv6 DROP\nFI6 udp-ipv6 DROP\nFI6 all-ipv6 "
     "DROP\n"
     "FO6 udplite-ipv6 DROP\nFO6 esp-ipv6 DROP\nFO6 ah-ipv6 DROP\nFO6 sctp-ipv6 DROP\nFO6 udp-ipv6 DROP\nFO6 all-ipv6 "
     "DROP\n"
     "HI6 udplite-ipv6 DROP\nHI6 esp-ipv6 DROP\nHI6 ah-ipv6 DROP\nHI6 sctp-ipv6 DROP\nHI6 udp-ipv6 DROP\nHI6 all-ipv6 "
     "DROP\n"},
    {"range-yields-to-address", RULE("drop", "out", "<all srcipaddr='1.1.1.1' srcipfrom='2.2.2.2' srcipto='2.2.2.3'/>"),
     NULL, "FI all src=1.1.1.1 DROP\nFO all dst=1.1.1.1 DROP\nHI all src=1.1.1.1 DROP\n"},
    {"range-without-end", RULE("drop", "out", "<all dstipfrom='2.2.2.2'/>"), NULL,
     "FI all dst-range=2.2.2.2 DROP\nFO all src-range=2.2.2.2 DROP\nHI all dst-range=2.2.2.2 DROP\n"},
    {"masks-and-ends-need-a-start",
     RULE("drop", "out", "<tcp srcipmask='8' dstipto='2.2.2.2' srcportend='9' dstportend='9'/>"), NULL,
     "FI tcp DROP\nFO tcp DROP\nHI tcp DROP\n"},
};

static const Example ethernet_examples[] = {
    {"mac-inout",
     RULE("drop", "inout",
          "<mac srcmacaddr='52:54:00:00:00:00' srcmacmask='ff:ff:ff:00:00:00' dstmacaddr='01:00:5e:00:00:00' "
          "dstmacmask='ff:ff:ff:80:00:00' protocolid='arp'/>"),
     NULL,
     "I mac dmac=52:54:00:00:00:00/ff:ff:ff:00:00:00 smac=01:00:5e:00:00:00/ff:ff:ff:80:00:00 type=arp DROP\n"
     "O mac smac=52:54:00:00:00:00/ff:ff:ff:00:00:00 dmac=01:00:5e:00:00:00/ff:ff:ff:80:00:00 type=arp DROP\n"},
    {"arp-inout",
     RULE("drop", "inout",
          "<arp arpsrcipaddr='10.1.2.3' arpdstipaddr='10.2.0.0' arpdstipmask='255.255.0.0' "
          "arpsrcmacaddr='1:2:3:4:5:6' opcode='2'/>"),
     NULL,
     "I arp op=Reply arp-dmac=01:02:03:04:05:06 arp-dst=10.1.2.3 arp-src=10.2.0.0/16 DROP\n"
     "O arp op=Reply arp-smac=01:02:03:04:05:06 arp-src=10.1.2.3 arp-dst=10.2.0.0/16 DROP\n"},
    {"arp-target-keeps-its-own-mask-mended",
     RULE("drop", "out", "<arp arpsrcipaddr='10.1.0.0' arpsrcipmask='16' arpdstipaddr='10.2.3.4'/>"), NULL,
     "I arp arp-src=10.1.0.0/16 arp-dst=10.2.3.4 DROP\n"},
    {"arp-not-gratuitous", RULE("accept", "out", "<arp match='no' gratuitous='true'/>"), NULL,
     "I arp !gratuitous=true ACCEPT\n"},
    {"gratuitous-false-is-nothing", RULE("accept", "out", "<arp match='no' gratuitous='false' opcode='1'/>"), NULL,
     "I arp !op=Request ACCEPT\n"},
    {"vlan", RULE("drop", "out", "<vlan match='no' vlanid='5'/>"), NULL, "I vlan !vlan=5 DROP\n"},
    {"vlan-encap", RULE("drop", "in", "<vlan encap-protocol='arp'/>"), NULL, "O vlan encap=arp DROP\n"},
    {"stp",
     RULE("accept", "in",
          "<stp root-priority='0x1234' root-priority-hi='0x2345' root-cost='0x11223344' root-cost-hi='0x22334455'/>"),
     NULL, "O stp root-prio=0x1234-0x2345 root-cost=0x11223344-0x22334455 ACCEPT\n"},
    {"stp-inout-never-swaps",
     RULE("drop", "inout", "<stp type='0' sender-address='1:1:1:1:1:1' port='3' port-hi='4'/>"), NULL,
     "I stp stp-type=0 sender-addr=01:01:01:01:01:01 stp-port=3-4 DROP\n"
     "O stp stp-type=0 sender-addr=01:01:01:01:01:01 stp-port=3-4 DROP\n"},
    {"stp-all-fields",
     RULE("drop", "out",
          "<stp srcmacaddr='2:2:2:2:2:2' type='0' flags='1' root-address='1:1:1:1:1:1' "
          "root-address-mask='ff:ff:ff:ff:ff:00' "
          "sender-priority='5' age='1' age-hi='2' max-age='3' hello-time='4' forward-delay='5' forward-delay-hi='6'/>"),
     NULL,
     "I stp smac=02:02:02:02:02:02 stp-type=0 stp-flags=1 root-addr=01:01:01:01:01:01/ff:ff:ff:ff:ff:00 sender-prio=5 "
     "age=1-2 max-age=3 "
     "hello=4 delay=5-6 DROP\n"},
    {"ip-inout",
     RULE("accept", "inout",
          "<ip srcipaddr='10.1.2.3' protocol='tcp' srcportstart='20' dstportstart='100' dstportend='200'/>"),
     NULL,
     "I ip dst=10.1.2.3 proto=tcp dport=20 sport=100-200 ACCEPT\n"
     "O ip src=10.1.2.3 proto=tcp sport=20 dport=100-200 ACCEPT\n"},
    {"ip-dscp-is-one-condition",
     RULE("drop", "out", "<ip dscp='33'/>") RULE("drop", "out", "<ipv6 match='no' dscp='1'/>"), NULL,
     "I ip dscp=33 DROP\nI ipv6 !dscp=1 DROP\n"},
    {"ipv6-types", RULE("accept", "out", "<ipv6 protocol='icmpv6' type='1' typeend='11' code='10' codeend='11'/>"),
     NULL, "I ipv6 proto=icmpv6 icmp=1-11/10-11 ACCEPT\n"},
    {"ipv6-code-end-alone", RULE("accept", "out", "<ipv6 protocol='icmpv6' codeend='3'/>"), NULL,
     "I ipv6 proto=icmpv6 icmp=0-255/0-3 ACCEPT\n"},
    {"ipv6-type-alone", RULE("accept", "out", "<ipv6 protocol='icmpv6' type='135'/>"), NULL,
     "I ipv6 proto=icmpv6 icmp=135-135/0-255 ACCEPT\n"},
    {"ipv6-type-end-alone", RULE("accept", "inout", "<ipv6 protocol='icmpv6' typeend='4'/>"), NULL,
     "I ipv6 proto=icmpv6 icmp=0-4/0-255 ACCEPT\nO ipv6 proto=icmpv6 icmp=0-4/0-255 ACCEPT\n"},
    {"reject-is-drop", RULE("reject", "out", "<mac protocolid='ipv6'/>"), NULL, "I mac type=ipv6 DROP\n"},
    {"return-and-continue", RULE("return", "out", "<mac/>") RULE("continue", "in", "<mac/>"), NULL,
     "I mac RETURN\nO mac CONTINUE\n"},
    {"no-element", RULE("accept", "inout", ""), NULL, "I ACCEPT\nO ACCEPT\n"},
    {"rarp",
     RULE("accept", "in",
          "<rarp dstmacaddr='ff:ff:ff:ff:ff:ff' opcode='Request_Reverse' hwtype='1' protocoltype='0x800'/>"),
     NULL, "O rarp dmac=ff:ff:ff:ff:ff:ff htype=1 ptype=0x800 op=Request_Reverse ACCEPT\n"},
    {"comments-end-at-this-layer", RULE("accept", "out", "<ip srcipaddr='1.1.1.1' comment='x'/>"), NULL,
     "I ip src=1.1.1.1 ACCEPT\n"},
    {"unused-variable-multiplies", RULE("drop", "out", "<ip protocol='tcp' srcipmask='$M'/>"), "M=8,16",
     "I ip proto=tcp DROP\nI ip proto=tcp DROP\n"},
    {"element-beside-list", RULE("drop", "out", "<ip srcmacaddr='$MAC' srcipaddr='$A[@1]' dstipaddr='$B[1]'/>"),
     "MAC=52:54:00:7b:35:93 A=1.1.1.1,2.2.2.2 B=5.5.5.5,6.6.6.6",
     "I ip smac=52:54:00:7b:35:93 src=1.1.1.1 dst=6.6.6.6 DROP\n"
     "I ip smac=52:54:00:7b:35:93 src=2.2.2.2 dst=6.6.6.6 DROP\n"},
    {"arp-lists-and-lonely-mask",
     RULE("drop", "out",
          "<arp srcmacmask='ff:ff:ff:00:00:00' arpsrcipaddr='$A' arpdstipaddr='$A[@1]' gratuitous='yes'/>"),
     "A=1.1.1.1,2.2.2.2",
     "I arp arp-src=1.1.1.1 arp-dst=1.1.1.1 gratuitous=true DROP\n"
     "I arp arp-src=2.2.2.2 arp-dst=1.1.1.1 gratuitous=true DROP\n"
     "I arp arp-src=1.1.1.1 arp-dst=2.2.2.2 gratuitous=true DROP\n"
     "I arp arp-src=2.2.2.2 arp-dst=2.2.2.2 gratuitous=true DROP\n"},
    {"two-lists", RULE("accept", "out", "<ip srcipaddr='$A[@1]' dstipaddr='$B[@2]'/>"),
     "A=1.1.1.1,2.2.2.2 B=5.5.5.5,6.6.6.6",
     "I ip src=1.1.1.1 dst=5.5.5.5 ACCEPT\n"
     "I ip src=2.2.2.2 dst=5.5.5.5 ACCEPT\n"
     "I ip src=1.1.1.1 dst=6.6.6.6 ACCEPT\n"
     "I ip src=2.2.2.2 dst=6.6.6.6 ACCEPT\n"},
};

static void
test_example(gconstpointer data)
{
    const Example *example = data;

    assert_plan(example->rules, example->params, NULL, example->expected);
}

static void
add_examples(const char *folder, const Example *examples, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/plan/%s/%s", folder, examples[i].name);

        g_test_add_data_func(path, &examples[i], test_example);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_examples("ip", ip_examples, G_N_ELEMENTS(ip_examples));
    add_examples("ethernet", ethernet_examples, G_N_ELEMENTS(ethernet_examples));
    return g_test_run();
}
