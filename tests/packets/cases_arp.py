# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_arp.py: ARP, RARP, tags and spanning tree
"""

from lane import FORGED, case, passes, root, stops
from nwflab.frames import NOBODY, arp, ether, rarp, stp, udp
from nwflab.guests import HOST, A, B, C

STRANGER = "10.77.0.66"
REST = "<rule id='rest' action='drop' direction='inout' priority='1000'/>"
MASKED_SOURCE = "<rule id='net' action='accept' direction='out'>" \
                "<arp arpsrcipaddr='10.77.9.0' arpsrcipmask='24' %s/></rule>"

case("arp-sender", "Who asks or answers for an address must own it, and the card too.",
     root("<rule id='mac' action='drop' direction='out' priority='100'><arp match='no' arpsrcmacaddr='$MAC'/></rule>"
          "<rule id='ip' action='drop' direction='out' priority='200'><arp match='no' arpsrcipaddr='$IP'/></rule>"),
     passes(A >> C, arp()),
     passes(A >> C, arp(op=2)),
     stops(A >> C, arp(sender_mac=FORGED), needs="mac"),
     stops(A >> C, arp(op=2, sender_mac=FORGED), needs="mac"),
     stops(A >> C, arp(sender_ip=STRANGER), needs="ip"),
     stops(A >> C, arp(op=2, sender_ip=C.ip), needs="ip"),
     stops(A >> C, arp(sender_ip="0.0.0.0"), needs="ip"),
     stops(A >> HOST, arp(op=2, sender_ip=C.ip), needs="ip"),
     passes(C >> A, arp(op=2, sender_ip=STRANGER)))

case("arp-opcode", "Opcodes by name and by number.",
     root("<rule id='ask' action='accept' direction='out'><arp opcode='Request'/></rule>"
          "<rule id='tell' action='accept' direction='in'><arp opcode='2'/></rule>"
          f"{REST}"),
     passes(A >> C, arp(), needs="ask"),
     stops(A >> C, arp(op=2), needs="rest"),
     passes(C >> A, arp(op=2), needs="tell"),
     stops(C >> A, arp(), needs="rest"))

case("arp-kind", "Hardware type and protocol type.",
     root("<rule id='hw' action='drop' direction='out'><arp hwtype='6'/></rule>"
          "<rule id='proto' action='drop' direction='out'><arp protocoltype='0x88cc'/></rule>"),
     stops(A >> C, arp(hwtype=6), needs="hw"),
     stops(A >> C, arp(ptype=0x88CC), needs="proto"),
     passes(A >> C, arp()))

case("arp-target", "Whom is asked for: address and card of the target.",
     root("<rule id='ip' action='drop' direction='out'><arp arpdstipaddr='10.77.0.66'/></rule>"
          "<rule id='mac' action='drop' direction='out'><arp arpdstmacaddr='52:54:00:66:66:66'/></rule>"),
     stops(A >> C, arp(target_ip=STRANGER), needs="ip"),
     stops(A >> C, arp(op=2, target_mac=FORGED), needs="mac"),
     passes(A >> C, arp(target_mac=NOBODY)))

case("arp-mask", "A masked sender matches its network.",
     root(MASKED_SOURCE % "" + REST),
     passes(A >> C, arp(sender_ip="10.77.9.200"), needs="net"),
     stops(A >> C, arp(sender_ip="10.77.8.200"), needs="rest"))

case("arp-target-has-no-mask", "A target without a mask is one address, also beside a masked sender.",
     root(MASKED_SOURCE % "arpdstipaddr='10.77.0.12'" + REST),
     passes(A >> C, arp(sender_ip="10.77.9.1"), needs="net"),
     stops(A >> C, arp(sender_ip="10.77.9.1", target_ip="10.77.0.99"), needs="rest", fixed="K5"))

case("arp-gratuitous", "Gratuitous ARP, which names the sender as target, and its opposite.",
     root("<rule id='selfish' action='drop' direction='out'><arp gratuitous='true'/></rule>"
          "<rule id='others' action='drop' direction='in'><arp match='no' gratuitous='true'/></rule>"),
     stops(A >> C, arp(target_ip=A.ip), needs="selfish"),
     passes(A >> C, arp()),
     stops(C >> A, arp(), needs="others"),
     passes(C >> A, arp(target_ip=C.ip)))

case("arp-inout", "Sender and target change places in the guest's half of an inout rule.",
     root("<rule id='peer' action='accept' direction='inout'>"
          "<arp arpsrcipaddr='10.77.0.12' arpdstipaddr='10.77.0.10' arpsrcmacaddr='52:54:00:77:00:0c'/></rule>" + REST),
     passes(C >> A, arp(op=2), needs="peer"),
     passes(A >> C, arp(op=2, target_mac=C.mac), needs="peer"),
     stops(A >> C, arp(op=2, target_mac=FORGED), needs="rest"),
     stops(B >> A, arp(op=2), needs="rest"))

case("arp-link-addresses", "The Ethernet header of an ARP frame is matched beside its body.",
     root("<rule id='cast' action='accept' direction='out'>"
          "<arp srcmacaddr='$MAC' dstmacaddr='ff:ff:ff:ff:ff:ff'/></rule>"
          + REST),
     passes(A >> C, arp(), needs="cast"),
     stops(A >> C, arp(op=2), needs="rest"),
     stops(A >> C, arp(src_mac=FORGED), needs="rest"))

case("rarp", "RARP has ARP's attributes and a type of its own.",
     root("<rule id='announce' action='accept' direction='out'>"
          "<rarp opcode='Request_Reverse' arpsrcmacaddr='$MAC' arpsrcipaddr='0.0.0.0'/></rule>"
          "<rule id='rarp' action='drop' direction='inout' priority='900'><rarp/></rule>"),
     passes(A >> C, rarp(), needs="announce"),
     stops(A >> C, rarp(op=4), needs="rarp"),
     stops(A >> C, rarp(sender_mac=FORGED), needs="rarp"),
     stops(C >> A, rarp(), needs="rarp"),
     passes(A >> C, arp()))

case("vlan-id", "Tagged frames by the number of their network.",
     root("<rule id='five' action='accept' direction='inout'><vlan vlanid='5'/></rule>"
          "<rule id='tagged' action='drop' direction='inout' priority='900'><vlan/></rule>"),
     passes(A >> C, udp(vlan=5), needs="five"),
     passes(C >> A, arp(vlan=5), needs="five"),
     stops(A >> C, udp(vlan=6), needs="tagged"),
     stops(C >> A, ether(vlan=6), needs="tagged"),
     passes(A >> C, udp()))

case("vlan-negated", "Every network but one.",
     root("<rule id='not' action='drop' direction='out'><vlan match='no' vlanid='0x005'/></rule>"),
     passes(A >> C, udp(vlan=5)),
     stops(A >> C, udp(vlan=4095 - 1), needs="not"),
     passes(A >> C, udp()))

case("vlan-source", "The addresses of a tagged frame.",
     root("<rule id='own' action='drop' direction='out'><vlan match='no' srcmacaddr='$MAC'/></rule>"),
     stops(A >> C, udp(vlan=5, src_mac=FORGED), needs="own"),
     passes(A >> C, udp(vlan=5)),
     passes(A >> C, udp(src_mac=FORGED)))

case("vlan-content", "What a tagged frame carries.",
     root("<rule id='arp' action='drop' direction='out'><vlan encap-protocol='arp'/></rule>"
          "<rule id='own' action='drop' direction='out'><vlan encap-protocol='0x88b5'/></rule>"),
     stops(A >> C, arp(vlan=5), needs="arp", fixed="K3"),
     stops(A >> C, ether(vlan=5), needs="own", fixed="K3"),
     stops(A >> C, ether(vlan=5, inner_type=0x0806), needs="arp", fixed="K3"),
     passes(A >> C, udp(vlan=5)),
     passes(A >> C, arp()))

case("tagged-frames-evade-ip",
     "A documented limit: rules of ip and arp do not look behind a tag, rules of mac and vlan do.",
     root("<rule id='ip' action='drop' direction='out'><ip/></rule>"
          "<rule id='arp' action='drop' direction='out'><arp/></rule>"
          "<rule id='udp' action='drop' direction='out'><udp/></rule>"
          "<rule id='tag' action='drop' direction='out'>"
          "<mac protocolid='vlan' dstmacaddr='52:54:00:77:00:0b'/></rule>"),
     stops(A >> C, udp()),
     stops(A >> C, arp(), needs="arp"),
     passes(A >> C, udp(vlan=5)),
     passes(A >> C, arp(vlan=5)),
     stops(A >> B, udp(vlan=5), needs="tag"))

# -- spanning tree -----------------------------------------------------------------------------------------------------

BPDU = dict(rootid=0x2000, rootmac="00:11:22:33:44:55", pathcost=200, bridgeid=0x3000, bridgemac="00:11:22:33:44:66",
            portid=7, age=3, maxage=20, hellotime=2, fwddelay=15)


def bpdu(**other):
    """A BPDU of the usual values, some of them changed, laid out as the kernel's match reads it."""
    return stp(as_kernel_reads=True, **{**BPDU, **other})


def stp_rule(name, attributes, direction="out"):
    """A rule that drops BPDUs."""
    return f"<rule id='{name}' action='drop' direction='{direction}'><stp {attributes}/></rule>"


case("stp-all", "A guest that must not speak spanning tree.",
     root(stp_rule("stp", "")),
     stops(A >> C, stp(**BPDU), needs="stp"),
     passes(C >> A, stp(**BPDU)),
     passes(A >> C, udp()))

case("stp-sender-address", "Who sent a BPDU.",
     root(stp_rule("own", "match='no' srcmacaddr='$MAC'")),
     stops(A >> C, stp(src_mac=FORGED, **BPDU), needs="own"),
     passes(A >> C, stp(**BPDU)))

case("stp-type", "A configuration BPDU, the only type that the kernel looks into.",
     root(stp_rule("type", "type='0'")),
     stops(A >> C, bpdu(), needs="type"),
     passes(A >> C, bpdu(bpdutype=0x80)))

case("stp-flags", "The flags of a BPDU.",
     root(stp_rule("flags", "flags='0x01'")),
     stops(A >> C, bpdu(bpduflags=1), needs="flags"),
     passes(A >> C, bpdu()))

case("stp-root", "The root that is claimed: priority range, masked address, cost range.",
     root(stp_rule("prio", "root-priority='0x100' root-priority-hi='0x200'")
          + stp_rule("addr", "root-address='00:aa:00:00:00:00' root-address-mask='ff:ff:00:00:00:00'")
          + stp_rule("cost", "root-cost='0x11223344' root-cost-hi='0x22334455'")),
     stops(A >> C, bpdu(rootid=0x180), needs="prio"),
     passes(A >> C, bpdu(rootid=0x201)),
     stops(A >> C, bpdu(rootmac="00:aa:99:99:99:99"), needs="addr"),
     passes(A >> C, bpdu(rootmac="00:ab:99:99:99:99")),
     stops(A >> C, bpdu(pathcost=0x11223344), needs="cost"),
     stops(A >> C, bpdu(pathcost=0x22334455), needs="cost"),
     passes(A >> C, bpdu(pathcost=0x22334456)))

case("stp-sender", "The bridge that speaks: priority, address, port.",
     root(stp_rule("prio", "sender-priority='0x100' sender-priority-hi='0x200'")
          + stp_rule("addr", "sender-address='00:aa:00:00:00:01' sender-address-mask='ff:ff:ff:ff:ff:ff'")
          + stp_rule("port", "port='100' port-hi='200'")),
     stops(A >> C, bpdu(bridgeid=0x200), needs="prio"),
     stops(A >> C, bpdu(bridgemac="00:aa:00:00:00:01"), needs="addr"),
     stops(A >> C, bpdu(portid=100), needs="port"),
     passes(A >> C, bpdu(portid=201)),
     passes(A >> C, bpdu()))

case("stp-times", "Age, maximum age, hello time and forward delay, in units of a 256th of a second.",
     root(stp_rule("age", "age='5120' age-hi='7680'", "in") + stp_rule("max", "max-age='7680' max-age-hi='10240'", "in")
          + stp_rule("hello", "hello-time='1280'", "in") + stp_rule("delay", "match='no' forward-delay='3840'", "in")),
     stops(C >> A, bpdu(age=25), needs="age"),
     stops(C >> A, bpdu(maxage=35), needs="max"),
     stops(C >> A, bpdu(hellotime=5), needs="hello"),
     stops(C >> A, bpdu(fwddelay=20), needs="delay"),
     passes(C >> A, bpdu()))
