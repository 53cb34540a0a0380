# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_ethernet.py: addresses and kinds of frames (mac, no element at all)
"""

from lane import FORGED, case, inverted, passes, refuses, root, stops, swallows
from nwflab.frames import BROADCAST, arp, ether, neighbour_ask, ping6, rarp, tcp, udp, udp6
from nwflab.guests import HOST, A, B, C

GROUP, GROUP_MAC = "224.0.0.251", "01:00:5e:00:00:fb"
GROUP6_MAC = "33:33:00:00:00:fb"

case("own-mac", "A guest sends from its own Ethernet address only, whatever the frame carries.",
     root("<rule id='own' action='accept' direction='out' priority='100'><mac srcmacaddr='$MAC'/></rule>"
          "<rule id='rest' action='drop' direction='out'><mac/></rule>"),
     passes(A >> C, udp(), needs="own"),
     passes(A >> C, arp(), needs="own"),
     stops(A >> C, udp(src_mac=FORGED), needs="rest"),
     stops(A >> C, arp(src_mac=FORGED), needs="rest"),
     stops(A >> C, ether(src_mac=FORGED), needs="rest"),
     stops(A >> B, udp6(src_mac=FORGED), needs="rest"),
     stops(A >> HOST, udp(src_mac=FORGED), needs="rest"),
     passes(C >> A, udp(src_mac=FORGED)))

case("mac-negated", "match='no' speaks of everybody else.",
     root("<rule id='others' action='drop' direction='in'><mac match='no' srcmacaddr='52:54:00:77:00:0c'/></rule>"),
     passes(C >> A, udp()),
     stops(B >> A, udp(), needs="others"),
     stops(C >> A, udp(src_mac=FORGED), needs="others"))

case("mac-mask", "A mask leaves the vendor's half of an address.",
     root("<rule id='vendor' action='drop' direction='in'>"
          "<mac srcmacaddr='52:54:00:00:00:00' srcmacmask='ff:ff:ff:00:00:00'/></rule>"),
     stops(C >> A, udp(), needs="vendor"),
     passes(C >> A, udp(src_mac="52:54:01:77:00:0c")))

case("no-broadcast", "Broadcast frames stay with the guest, others leave.",
     root("<rule id='all' action='drop' direction='out'><mac dstmacaddr='ff:ff:ff:ff:ff:ff'/></rule>"),
     stops(A >> C, udp(dst="10.77.255.255", dst_mac=BROADCAST), needs="all"),
     stops(A >> C, arp(), needs=inverted("all")),
     passes(A >> C, udp()),
     passes(C >> A, arp()))

case("no-multicast", "A masked destination catches IPv4's groups and leaves IPv6's alone.",
     root("<rule id='groups' action='drop' direction='out'>"
          "<mac dstmacaddr='01:00:5e:00:00:00' dstmacmask='ff:ff:ff:80:00:00'/></rule>"),
     stops(A >> C, udp(dst=GROUP, dst_mac=GROUP_MAC), needs="groups"),
     passes(A >> C, udp6(dst="ff02::fb", dst_mac=GROUP6_MAC)),
     passes(A >> C, udp()))

case("only-ipv4-and-arp", "EtherTypes by name and by number; all others are dropped, both ways.",
     root("<rule id='v4' action='accept' direction='inout'><mac protocolid='ipv4'/></rule>"
          "<rule id='arp' action='accept' direction='inout'><mac protocolid='0x806'/></rule>"
          "<rule id='rest' action='drop' direction='inout' priority='1000'/>"),
     passes(A >> C, tcp(), needs="v4"),
     passes(C >> A, tcp(), needs="v4"),
     passes(A >> C, arp(), needs="arp"),
     passes(C >> A, arp(op=2), needs="arp"),
     stops(A >> C, udp6(), needs="rest"),
     stops(A >> C, ping6(), needs="rest"),
     stops(C >> A, neighbour_ask(), needs="rest"),
     stops(A >> C, rarp(), needs="rest"),
     stops(A >> C, ether(), needs="rest"),
     stops(A >> C, udp(vlan=5), needs="rest"),
     stops(C >> A, udp(vlan=5), needs="rest"))

case("no-ipv6", "A guest without IPv6.",
     root("<rule id='v6' action='drop' direction='inout'><mac protocolid='ipv6'/></rule>"),
     stops(A >> C, udp6(), needs="v6"),
     stops(C >> A, ping6(), needs="v6"),
     stops(A >> HOST, udp6(), needs="v6"),
     passes(A >> C, udp()),
     passes(A >> C, arp()))

case("inout-is-swapped",
     "An inout rule describes the frame to the guest; the guest's own frames match with the ends swapped.",
     root("<rule id='peer' action='accept' direction='inout' priority='100'>"
          "<mac srcmacaddr='52:54:00:77:00:0c'/></rule>"
          "<rule id='rest' action='drop' direction='inout'/>"),
     passes(C >> A, udp(), needs="peer"),
     passes(A >> C, udp(), needs="peer"),
     stops(B >> A, udp(), needs="rest"),
     stops(A >> B, udp(), needs="rest"))

case("out-only", "A rule of one direction leaves the other alone.",
     root("<rule id='out' action='drop' direction='out'/>"),
     stops(A >> C, udp(), needs="out"),
     passes(C >> A, udp()),
     passes(HOST >> A, udp()))

case("in-only", "The host's own frames are frames to the guest as well.",
     root("<rule id='in' action='drop' direction='in'/>"),
     stops(C >> A, udp(), needs="in"),
     stops(HOST >> A, udp(), needs="in"),
     stops(HOST >> A, arp(), needs="in"),
     passes(A >> C, udp()),
     passes(A >> HOST, udp()))

case("ethernet-reject-is-silent", "On the Ethernet layer reject means drop: nobody is told.",
     root("<rule id='no' action='reject' direction='out'><ip protocol='udp'/></rule>"),
     swallows(A >> C, udp(), needs="no"),
     passes(A >> C, tcp()))

case("ip-reject-answers", "On the IP layers the sender is told, from the host's own address.",
     root("<rule id='no' action='reject' direction='out'><udp dstportstart='7'/></rule>"
          "<rule id='no6' action='reject' direction='out'><udp-ipv6 dstportstart='7'/></rule>"),
     refuses(A >> C, udp(dport=7), needs="no"),
     refuses(A >> C, udp6(dport=7), needs="no6"),
     passes(A >> C, udp(dport=8)))

case("continue-does-nothing", "continue goes on with the next rule.",
     root("<rule action='continue' direction='out' priority='100'><mac/></rule>"
          "<rule id='drop' action='drop' direction='out' priority='200'><mac protocolid='arp'/></rule>"),
     stops(A >> C, arp(), needs="drop"),
     passes(A >> C, udp()))

case("comments-are-harmless", "A comment at the Ethernet layer is kept in the document and changes no rule.",
     root("<rule id='drop' action='drop' direction='out'>"
          "<mac protocolid='arp' comment='-j ACCEPT; `true` $(true)'/></rule>"),
     stops(A >> C, arp(), needs="drop"),
     passes(A >> C, udp()))
