# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_chains.py: in which order rules are asked, and where a frame goes on
"""

from lane import case, inverted, passes, root, stops
from nwflab.frames import arp, ether, rarp, tcp, udp, udp6
from nwflab.guests import A, C
from nwflab.texts import filter_xml


def refs(*names):
    """References to other filters."""
    return "".join(f"<filterref filter='{name}'/>" for name in names)


case("priority-decides", "The smaller priority is asked first, wherever it stands in the document.",
     root("<rule id='late' action='drop' direction='out' priority='300'><ip/></rule>"
          "<rule id='early' action='accept' direction='out' priority='200'><ip dstipaddr='10.77.0.12'/></rule>"
          "<rule id='first' action='drop' direction='out' priority='-100'>"
          "<ip protocol='udp' dstportstart='7'/></rule>"),
     passes(A >> C, udp(), needs="early"),
     stops(A >> C, udp(dport=7), needs="first"),
     stops(A >> C, udp(dst="10.77.0.99"), needs="late"))

case("document-order-decides-a-tie", "Equal priorities keep the order of the document.",
     root("<rule id='first' action='accept' direction='out'><ip protocol='udp'/></rule>"
          "<rule id='second' action='drop' direction='out'><ip/></rule>"
          "<rule action='accept' direction='out'><ip/></rule>"),
     passes(A >> C, udp(), needs="first"),
     passes(A >> C, udp(), needs=inverted("first")))

case("end-of-chain-accepts",
     "A frame that runs off the end of a sub-chain is accepted; it does not come back to the root.",
     root("<rule id='own' action='accept' direction='inout' priority='400'><mac protocolid='arp'/></rule>"
          f"<rule id='rest' action='drop' direction='out' priority='900'><mac/></rule>{refs('lane-v4')}"),
     filter_xml("lane-v4", "<rule id='one' action='drop' direction='out'>"
                           "<ip dstipaddr='10.77.0.99'/></rule>", chain="ipv4"),
     passes(A >> C, udp(), needs="one"),
     stops(A >> C, udp(dst="10.77.0.99"), needs=inverted("one")),
     passes(A >> C, arp(), needs="own"),
     stops(A >> C, udp6(), needs="rest"))

case("return-goes-back", "return leaves the sub-chain for the rest of the root chain.",
     root(f"<rule id='ok' action='accept' direction='out' priority='400'><ip dstipaddr='10.77.0.12'/></rule>"
          f"<rule id='rest' action='drop' direction='out' priority='900'/>{refs('lane-v4')}"),
     filter_xml("lane-v4", "<rule id='back' action='return' direction='out' priority='100'><ip srcipaddr='$IP'/></rule>"
                "<rule id='end' action='drop' direction='out' priority='200'/>", chain="ipv4"),
     passes(A >> C, udp(), needs=("ok", "back")),
     stops(A >> C, udp(dst="10.77.0.99"), needs="rest"),
     stops(A >> C, udp(src="10.77.0.66"), needs="end"))

case("return-from-root", "return in the root chain ends the filter: the frame goes on its way.",
     root("<rule id='back' action='return' direction='out' priority='100'><ip protocol='udp'/></rule>"
          "<rule id='rest' action='drop' direction='out' priority='200'/>"),
     passes(A >> C, udp(), needs="back"),
     stops(A >> C, arp(), needs="rest"))

case("root-rule-before-chain", "A root rule stands before a chain if its priority is smaller than the chain's.",
     root("<rule id='early' action='accept' direction='out' priority='-701'>"
          f"<ip protocol='udp'/></rule>{refs('lane-v4')}"),
     filter_xml("lane-v4", "<rule id='drop' action='drop' direction='out'/>", chain="ipv4", priority="-700"),
     passes(A >> C, udp(), needs="early"),
     stops(A >> C, tcp(), needs="drop"),
     passes(A >> C, arp()))

case("chain-first-on-a-tie", "At equal priority the chain is asked before the root rule.",
     root(f"<rule id='same' action='accept' direction='out' priority='-700'><ip/></rule>{refs('lane-v4')}"),
     filter_xml("lane-v4", "<rule id='drop' action='drop' direction='out'><ip protocol='udp'/></rule>", chain="ipv4",
                priority="-700"),
     stops(A >> C, udp(), needs="drop"),
     passes(A >> C, arp()))

case("chains-in-order", "Chains of one protocol are asked by their priority; the first that decides wins.",
     root(refs("lane-2", "lane-1")),
     filter_xml("lane-1", "<rule id='first' action='accept' direction='out'><arp opcode='1'/></rule>"
                "<rule id='back' action='return' direction='out' priority='900'/>", chain="arp-one", priority="-520"),
     filter_xml("lane-2", "<rule id='second' action='drop' direction='out'/>", chain="arp-two", priority="-510"),
     passes(A >> C, arp(), needs="first"),
     stops(A >> C, arp(op=2), needs=("back", "second")))

case("chain-priority-of-its-own", "A chain's priority may put it before chains of other protocols.",
     root(refs("lane-mac", "lane-arp")),
     filter_xml("lane-mac", "<rule id='all' action='drop' direction='out'/>", chain="mac-x", priority="100"),
     filter_xml("lane-arp", "<rule id='arp' action='accept' direction='out'>"
                            "<arp/></rule>", chain="arp-x", priority="50"),
     passes(A >> C, arp(), needs="arp"),
     stops(A >> C, udp(), needs="all"))

case("chain-guards", "A chain sees the frames of its protocol only, although its rules would match all.",
     root(refs("lane-arp", "lane-rarp", "lane-v6", "lane-vlan")),
     *(filter_xml(f"lane-{name}", f"<rule id='{name}' action='drop' direction='out'/>", chain=chain)
       for name, chain in (("arp", "arp"), ("rarp", "rarp"), ("v6", "ipv6-all"), ("vlan", "vlan"))),
     stops(A >> C, arp(), needs="arp"),
     stops(A >> C, rarp(), needs="rarp"),
     stops(A >> C, udp6(), needs="v6"),
     stops(A >> C, ether(vlan=9), needs="vlan"),
     passes(A >> C, udp()),
     passes(A >> C, ether()))

case("two-filters-share-a-chain", "Rules of two filters in one chain are ordered together by priority.",
     root(refs("lane-x", "lane-y")),
     filter_xml("lane-x", "<rule id='drop' action='drop' direction='out' priority='600'><ip/></rule>", chain="ipv4-s"),
     filter_xml("lane-y", "<rule id='udp' action='accept' direction='out' priority='550'><ip protocol='udp'/></rule>",
                chain="ipv4-s"),
     passes(A >> C, udp(), needs="udp"),
     stops(A >> C, tcp(), needs="drop"),
     passes(A >> C, arp()))

case("chains-of-equal-priority", "Chains of equal priority are asked in the order of the document.",
     root(refs("lane-3", "lane-1", "lane-2")),
     filter_xml("lane-1", "<rule id='one' action='drop' direction='out'/>", chain="arp-1", priority="-500"),
     filter_xml("lane-2", "<rule action='accept' direction='out'/>", chain="arp-2", priority="-500"),
     filter_xml("lane-3", "<rule id='three' action='accept' direction='out'><arp opcode='1'/></rule>"
                "<rule id='back' action='return' direction='out' priority='900'/>", chain="arp-3", priority="-500"),
     passes(A >> C, arp(), needs=inverted("three")),
     stops(A >> C, arp(op=2), needs="one"),
     ours="K7: the stock driver's order is that of a hash table")

case("one-chain-two-priorities", "Of two priorities that are given for one chain the smaller one counts.",
     root(f"<rule id='root' action='drop' direction='out' priority='-300'><ip protocol='udp' dstportstart='9'/></rule>"
          f"{refs('lane-x', 'lane-y')}"),
     filter_xml("lane-x", "<rule id='udp' action='accept' direction='out' priority='-400'><ip protocol='udp'/></rule>",
                chain="ipv4-p", priority="-500"),
     filter_xml("lane-y", "<rule action='accept' direction='out' priority='20'>"
                          "<ip/></rule>", chain="ipv4-p", priority="-100"),
     passes(A >> C, udp(), needs=inverted("udp")),
     ours="K8: the stock driver refuses the binding")

case("nested-references", "A filter of a chain may refer to one of another chain; all hang below the root.",
     root(f"<rule id='rest' action='drop' direction='out' priority='1000'/>{refs('lane-v4')}"),
     filter_xml("lane-v4", f"<rule id='v4' action='accept' direction='out'/>{refs('lane-arp')}", chain="ipv4"),
     filter_xml("lane-arp", "<rule id='arp' action='accept' direction='out'/>", chain="arp"),
     passes(A >> C, udp(), needs="v4"),
     passes(A >> C, arp(), needs="arp"),
     stops(A >> C, udp6(), needs="rest"))

case("ip-layer-ignores-chains", "Rules of the IP layers come after all root rules, whatever their chain and priority.",
     root("<rule id='root' action='accept' direction='out' priority='900'>"
          f"<udp dstportstart='9'/></rule>{refs('lane-v4')}"),
     filter_xml("lane-v4", "<rule id='chain' action='drop' direction='out' priority='-900'>"
                           "<udp/></rule>", chain="ipv4"),
     passes(A >> C, udp(), needs="root"),
     stops(A >> C, udp(dport=10), needs="chain"))

case("ethernet-before-ip", "A frame needs the consent of both layers.",
     root("<rule id='eth' action='accept' direction='out' priority='100'><ip protocol='udp'/></rule>"
          "<rule id='other' action='drop' direction='out' priority='200'><mac/></rule>"
          "<rule id='udp' action='drop' direction='out' priority='300'><udp dstportstart='9'/></rule>"),
     stops(A >> C, udp(), needs="udp"),
     passes(A >> C, udp(dport=10), needs="eth"),
     stops(A >> C, arp(), needs="other"))

case("named-rest", "A filter that is referenced for its last word.",
     root(f"<rule id='v4' action='accept' direction='inout'><ip/></rule>{refs('no-other-l2-traffic')}"),
     passes(C >> A, udp(), needs="v4"),
     stops(C >> A, udp6(), needs="no-other-l2-traffic:1"))
