# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_lists.py: variables, lists, elements and iterators
"""

from lane import case, inverted, passes, root, stops
from nwflab.frames import arp, tcp, udp
from nwflab.guests import A, B, C

REST = "<rule id='rest' action='drop' direction='inout' priority='1000'/>"
SECOND, THIRD, STRANGER = "10.77.0.20", "10.77.0.30", "10.77.0.66"
OWN_LIST = (("IP", A.ip), ("IP", SECOND), ("IP", THIRD))

case("list-of-addresses", "A guest with three addresses: the rule stands once for each.",
     root("<rule id='own' action='accept' direction='out'><ip srcipaddr='$IP'/></rule>"
          "<rule id='arp' action='accept' direction='out'><arp arpsrcipaddr='$IP'/></rule>" + REST),
     passes(A >> C, udp(), needs="own"),
     passes(A >> C, udp(src=SECOND), needs="own"),
     passes(A >> C, udp(src=THIRD), needs="own"),
     passes(A >> C, arp(sender_ip=THIRD), needs="arp"),
     stops(A >> C, udp(src=STRANGER), needs="rest"),
     stops(A >> C, arp(sender_ip=STRANGER), needs="rest"),
     params=OWN_LIST)

case("element-of-a-list", "$IP[1] is the second address alone.",
     root("<rule id='second' action='accept' direction='out'><ip srcipaddr='$IP[1]'/></rule>" + REST),
     passes(A >> C, udp(src=SECOND), needs="second"),
     stops(A >> C, udp(), needs="rest"),
     stops(A >> C, udp(src=THIRD), needs="rest"),
     params=OWN_LIST)

case("lists-hand-in-hand", "Equal iterators advance together: pairs, not all combinations.",
     root("<rule id='pair' action='accept' direction='out'>"
          "<ip srcipaddr='$IP[@1]' dstipaddr='$PEER[@1]'/></rule>" + REST),
     passes(A >> C, udp(dst="10.77.2.1"), needs="pair"),
     passes(A >> C, udp(src=SECOND, dst="10.77.2.2"), needs="pair"),
     stops(A >> C, udp(dst="10.77.2.2"), needs="rest"),
     stops(A >> C, udp(src=SECOND, dst="10.77.2.1"), needs="rest"),
     params=(("IP", A.ip), ("IP", SECOND), ("PEER", "10.77.2.1"), ("PEER", "10.77.2.2")))

case("lists-multiplied", "Different iterators make all combinations.",
     root("<rule id='all' action='accept' direction='out'>"
          "<ip srcipaddr='$IP[@1]' dstipaddr='$PEER[@2]'/></rule>" + REST),
     passes(A >> C, udp(dst="10.77.2.2"), needs="all"),
     passes(A >> C, udp(src=SECOND, dst="10.77.2.1"), needs="all"),
     stops(A >> C, udp(src=STRANGER, dst="10.77.2.1"), needs="rest"),
     params=(("IP", A.ip), ("IP", SECOND), ("PEER", "10.77.2.1"), ("PEER", "10.77.2.2")))

case("negated-list", "A negated list in a drop rule leaves nobody: each address is 'not' one of the others.",
     root("<rule id='not' action='drop' direction='out'><ip match='no' srcipaddr='$IP'/></rule>"),
     stops(A >> C, udp(), needs="not"),
     stops(A >> C, udp(src=SECOND), needs="not"),
     passes(A >> C, arp()),
     params=(("IP", A.ip), ("IP", SECOND)))

case("list-of-ports", "A list of ports on the IP layers, with state.",
     root("<rule id='web' action='accept' direction='out'><tcp dstportstart='$PORTS'/></rule>"
          "<rule id='all' action='drop' direction='inout' priority='1000'><all/></rule>"),
     passes(A >> C, tcp(dport=80), needs="web"),
     passes(A >> C, tcp(dport=443), needs="web"),
     stops(A >> C, tcp(dport=81), needs="all"),
     params=(("PORTS", "80"), ("PORTS", "443")))

case("ports-by-name", "A port may be called as the services file calls it.",
     root("<rule id='web' action='accept' direction='out'><tcp dstportstart='$PORTS'/></rule>"
          "<rule id='all' action='drop' direction='inout' priority='1000'><all/></rule>"),
     passes(A >> C, tcp(dport=80), needs="web"),
     passes(A >> C, tcp(dport=22), needs="web"),
     stops(A >> C, tcp(dport=81), needs="all"),
     params=(("PORTS", "http"), ("PORTS", "22")))

case("state-from-a-variable", "State and flags may be variables; the stock driver takes them for empty.",
     root("<rule id='new' action='drop' direction='in'><tcp dstportstart='22' state='$STATE'/></rule>"),
     stops(C >> A, tcp(dport=22), needs="new"),
     passes(C >> A, tcp(dport=22, flags="SA", ack=1)),
     params=(("STATE", "NEW"),),
     ours="V2: the stock driver would drop every segment to the port")

case("outer-parameter-wins",
     "The binding's value wins over the one that a reference gives; the reference's is the default.",
     root("<filterref filter='lane-inner'><parameter name='PEER' value='10.77.0.11'/>"
          "<parameter name='PORT' value='7'/></filterref>"),
     """<filter name='lane-inner'><rule id='inner' action='drop' direction='out'>
        <ip dstipaddr='$PEER' protocol='udp' dstportstart='$PORT'/></rule></filter>""",
     stops(A >> C, udp(dport=7), needs="inner"),
     passes(A >> C, udp(dport=8)),
     passes(A >> B, udp(dport=7)),
     params=(("PEER", C.ip),))

case("masks-from-variables", "An address and its mask may both be variables.",
     root("<rule id='net' action='accept' direction='in'><ip srcipaddr='$NET' srcipmask='$LEN'/></rule>" + REST),
     passes(C >> A, udp(), needs="net"),
     passes(C >> A, udp(src="10.77.255.1"), needs="net"),
     stops(C >> A, udp(src="10.78.0.1"), needs="rest"),
     params=(("NET", "10.77.0.0"), ("LEN", "16")))

case("two-references-two-lists", "One filter referenced twice, each time with values of its own.",
     root("<filterref filter='lane-port'><parameter name='PORT' value='7'/></filterref>"
          "<filterref filter='lane-port'><parameter name='PORT' value='9'/></filterref>"),
     """<filter name='lane-port'><rule id='port' action='drop' direction='out'>
        <ip protocol='udp' dstportstart='$PORT'/></rule></filter>""",
     stops(A >> C, udp(dport=7), needs="port"),
     stops(A >> C, udp(dport=9), needs=inverted("port")),
     passes(A >> C, udp(dport=8)))
