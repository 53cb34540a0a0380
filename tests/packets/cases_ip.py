# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_ip.py: ip and ipv6, the elements that look into a packet on the Ethernet layer
"""

from lane import FORGED, case, passes, root, stops
from nwflab.frames import (arp, group_report, icmp6, neighbour_ask, neighbour_tell, ping, ping6, pong6, router_ask,
                           router_tell, tcp, tcp6, udp, udp6)
from nwflab.guests import HOST, A, B, C

STRANGER, STRANGER6 = "10.77.0.66", "fd77::66"
REST = "<rule id='rest' action='drop' direction='inout' priority='1000'/>"

case("own-ip", "A guest sends from its own network address only; the other direction is free.",
     root("<rule id='own' action='accept' direction='out' priority='100'><ip srcipaddr='$IP'/></rule>"
          "<rule id='rest' action='drop' direction='out' priority='200'><ip/></rule>"),
     passes(A >> C, udp(), needs="own"),
     passes(A >> HOST, ping(), needs="own"),
     stops(A >> C, udp(src=STRANGER), needs="rest"),
     stops(A >> C, tcp(src=C.ip), needs="rest"),
     stops(A >> HOST, ping(src=STRANGER), needs="rest"),
     passes(A >> C, arp()),
     passes(C >> A, udp(src=STRANGER)))

case("ip-network", "Masked addresses, the mask as a length and as an address.",
     root("<rule id='near' action='accept' direction='out'>"
          "<ip dstipaddr='10.77.0.77' dstipmask='255.255.255.0'/></rule>"
          "<rule id='far' action='accept' direction='out'><ip dstipaddr='192.0.2.0' dstipmask='28'/></rule>" + REST),
     passes(A >> C, udp(), needs="near"),
     passes(A >> C, udp(dst="192.0.2.15"), needs="far"),
     stops(A >> C, udp(dst="192.0.2.16"), needs="rest"))

case("ip-negated", "Everybody but one.",
     root("<rule id='not' action='drop' direction='in'><ip match='no' srcipaddr='10.77.0.12' srcipmask='32'/></rule>"),
     passes(C >> A, udp()),
     stops(B >> A, udp(), needs="not"),
     stops(HOST >> A, udp(), needs="not"),
     passes(B >> A, arp()))

case("ip-ports", "A protocol with ranges of ports.",
     root("<rule id='web' action='accept' direction='out'>"
          "<ip protocol='tcp' dstportstart='80' dstportend='90'/></rule>"
          "<rule id='low' action='accept' direction='out'>"
          "<ip protocol='17' srcportstart='1000' dstportstart='53'/></rule>"
          + REST),
     passes(A >> C, tcp(dport=80), needs="web"),
     passes(A >> C, tcp(dport=90), needs="web"),
     stops(A >> C, tcp(dport=91), needs="rest"),
     stops(A >> C, udp(dport=80), needs="rest"),
     passes(A >> C, udp(sport=1000, dport=53), needs="low"),
     stops(A >> C, udp(sport=1001, dport=53), needs="rest"))

case("ip-inout", "Addresses and ports change places in the guest's half of an inout rule.",
     root("<rule id='talk' action='accept' direction='inout'>"
          "<ip srcipaddr='10.77.0.12' protocol='udp' srcportstart='20' dstportstart='100' dstportend='200'/></rule>"
          + REST),
     passes(C >> A, udp(sport=20, dport=150), needs="talk"),
     passes(A >> C, udp(sport=150, dport=20), needs="talk"),
     stops(A >> C, udp(sport=20, dport=150), needs="rest"),
     stops(B >> A, udp(sport=20, dport=150), needs="rest"))

case("ip-link-addresses", "Ethernet addresses beside network addresses: the pair must be the guest's.",
     root("<rule id='pair' action='accept' direction='out'><ip srcmacaddr='$MAC' srcipaddr='$IP'/></rule>" + REST),
     passes(A >> C, udp(), needs="pair"),
     stops(A >> C, udp(src_mac=FORGED), needs="rest"),
     stops(A >> C, udp(src=STRANGER), needs="rest"))

case("ip-protocol-negated", "Nothing but TCP.",
     root("<rule id='not' action='drop' direction='out'><ip match='no' protocol='tcp'/></rule>"),
     passes(A >> C, tcp()),
     stops(A >> C, udp(), needs="not"),
     stops(A >> C, ping(), needs="not"))

case("ip-dscp", "dscp speaks of the six upper bits of the TOS byte, whatever the two lower ones say.",
     root("<rule id='ef' action='drop' direction='out'><ip dscp='46'/></rule>"),
     stops(A >> C, udp(tos=46 << 2), needs="ef", fixed="K2"),
     stops(A >> C, udp(tos=46 << 2 | 3), needs="ef", fixed="K2"),
     passes(A >> C, udp(tos=46), fixed="K2"),
     passes(A >> C, udp()))

case("ip-dscp-accept", "The one class that may leave.",
     root("<rule id='ef' action='accept' direction='out'><ip dscp='46'/></rule>" + REST),
     passes(A >> C, udp(tos=46 << 2), needs="ef", fixed="K2"),
     passes(A >> C, udp(tos=46 << 2 | 1), needs="ef", fixed="K2"),
     stops(A >> C, udp(tos=44 << 2), needs="rest"))

case("ip-dscp-negated", "Every class but one is dropped.",
     root("<rule id='not' action='drop' direction='out'><ip match='no' dscp='46'/></rule>"),
     passes(A >> C, udp(tos=46 << 2), fixed="K2"),
     passes(A >> C, udp(tos=46 << 2 | 2), fixed="K2"),
     stops(A >> C, udp(tos=45 << 2), needs="not"),
     stops(A >> C, udp(), needs="not"))

case("own-ip6", "A guest sends IPv6 from its own address and from link-local ones.",
     root("<rule id='link' action='accept' direction='out'><ipv6 srcipaddr='fe80::' srcipmask='10'/></rule>"
          "<rule id='own' action='accept' direction='out'><ipv6 srcipaddr='$IPV6'/></rule>"
          "<rule id='rest' action='drop' direction='out' priority='900'><ipv6/></rule>"),
     passes(A >> C, udp6(), needs="own"),
     passes(A >> C, udp6(src="fe80::1"), needs="link"),
     passes(A >> C, udp6(src="febf::1"), needs="link"),
     stops(A >> C, udp6(src="fec0::1"), needs="rest"),
     stops(A >> C, ping6(src=STRANGER6), needs="rest"),
     passes(A >> C, udp()),
     params=(("IPV6", A.ip6),))

case("ip6-ports", "IPv6 has ports, too.",
     root("<rule id='dns' action='accept' direction='out'><ipv6 protocol='udp' dstportstart='53'/></rule>"
          "<rule id='web' action='accept' direction='out'>"
          "<ipv6 dstipaddr='fd77::c' protocol='tcp' dstportstart='80' dstportend='81'/></rule>" + REST),
     passes(A >> C, udp6(dport=53), needs="dns"),
     passes(A >> C, tcp6(dport=81), needs="web"),
     stops(A >> B, tcp6(dport=81), needs="rest"),
     stops(A >> C, udp6(dport=54), needs="rest"),
     stops(A >> C, udp(dport=53), needs="rest"))

case("ip6-negated", "Everybody but one, in IPv6.",
     root("<rule id='not' action='drop' direction='in'><ipv6 match='no' srcipaddr='fd77::c'/></rule>"),
     passes(C >> A, udp6()),
     stops(B >> A, udp6(), needs="not"))

case("ip6-control-types", "Ranges of ICMPv6 types on the Ethernet layer: neighbours yes, routers no.",
     root("<rule id='nd' action='accept' direction='inout'><ipv6 protocol='icmpv6' type='135' typeend='136'/></rule>"
          "<rule id='ping' action='accept' direction='out'>"
          "<ipv6 protocol='icmpv6' type='128' code='0'/></rule>" + REST),
     passes(A >> C, neighbour_ask(), needs="nd"),
     passes(C >> A, neighbour_tell(), needs="nd"),
     passes(A >> C, ping6(), needs="ping"),
     stops(C >> A, ping6(), needs="rest"),
     stops(A >> C, router_tell(), needs="rest"),
     stops(A >> C, router_ask(), needs="rest"),
     stops(A >> C, group_report(), needs="rest"))

case("ip6-control-codes", "A range of codes of every type.",
     root("<rule id='codes' action='drop' direction='out'><ipv6 protocol='icmpv6' code='2' codeend='3'/></rule>"),
     stops(A >> C, icmp6(type=200, code=2), needs="codes"),
     stops(A >> C, icmp6(type=201, code=3), needs="codes"),
     passes(A >> C, icmp6(type=200, code=4)))

case("ip6-no-router", "A guest that must not play router.",
     root("<rule id='ra' action='drop' direction='out'><ipv6 protocol='icmpv6' type='134'/></rule>"),
     stops(A >> C, router_tell(), needs="ra"),
     passes(A >> C, router_ask()),
     passes(C >> A, router_tell()),
     passes(A >> C, pong6()))

case("ip6-extension-headers", "A header before the transport hides nothing from the Ethernet layer.",
     root("<rule id='drop' action='drop' direction='out'><ipv6 protocol='udp' dstportstart='9'/></rule>"),
     stops(A >> C, udp6(), needs="drop"),
     stops(A >> C, udp6(extension=True), needs="drop"),
     passes(A >> C, udp6(dport=10)))

case("ip6-dscp", "The traffic class of IPv6, which the stock driver's ipv6 element does not know.",
     root("<rule id='ef' action='drop' direction='out'><ipv6 dscp='46'/></rule>"),
     stops(A >> C, udp6(tos=46 << 2), needs="ef"),
     stops(A >> C, udp6(tos=46 << 2 | 1), needs="ef"),
     passes(A >> C, udp6(tos=45 << 2)),
     ours="L7: the stock driver ignores the attribute and would drop all of IPv6")

case("ip-fragments", "A documented limit: only the first fragment has ports, so a rule with ports lets the others by.",
     root("<rule id='drop' action='drop' direction='out'><ip protocol='udp' dstportstart='9'/></rule>"
          "<rule id='udp' action='drop' direction='out'><ip protocol='udp' dstipaddr='10.77.0.11'/></rule>"),
     stops(A >> C, udp(more=True), needs="drop"),
     passes(A >> C, udp(fragment=100, sport=0x4141, dport=0x4141)),
     stops(A >> B, udp(fragment=100, sport=0x4141, dport=0x4141), needs="udp"))
