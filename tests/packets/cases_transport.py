# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_transport.py: the elements of the IP layers and their attributes, one packet at a time
"""

import contextlib
import pathlib
import subprocess

from lane import FORGED, case, passes, root, stops
from nwflab.frames import (arp, icmp, icmp6, ping, ping6, protocol, protocol6, sctp_init, sctp_init6, syn_ack, tcp,
                           tcp6, udp, udp6, udplite, udplite6)
from nwflab.guests import HOST, A, B, C

ALL = "<rule id='all' action='drop' direction='inout' priority='1000'><all/></rule>"
ALL6 = "<rule id='all6' action='drop' direction='inout' priority='1000'><all-ipv6/></rule>"


def accept(name, element, direction="out"):
    """A rule that accepts."""
    return f"<rule id='{name}' action='accept' direction='{direction}'>{element}</rule>"


def drop(name, element, direction="out", **attributes):
    """A rule that drops."""
    extra = "".join(f" {key}='{value}'" for key, value in attributes.items())
    return f"<rule id='{name}' action='drop' direction='{direction}'{extra}>{element}</rule>"


@contextlib.contextmanager
def no_checksums():
    """Connection tracking looks at no checksums, as behind most network cards.

    Otherwise Linux computes that of UDP-Lite with UDP's protocol number and finds every right one wrong.
    """
    setting = pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_checksum")
    before = setting.read_text(encoding="ascii")
    setting.write_text("0", encoding="ascii")
    try:
        yield
    finally:
        setting.write_text(before, encoding="ascii")


case("every-ipv4-protocol", "Each element lets its own protocol out and nothing else.",
     root(accept("tcp", "<tcp dstportstart='9'/>") + accept("udp", "<udp dstportstart='9'/>")
          + accept("sctp", "<sctp dstportstart='9'/>") + accept("lite", "<udplite/>") + accept("esp", "<esp/>")
          + accept("ah", "<ah/>") + accept("igmp", "<igmp/>") + accept("icmp", "<icmp type='8'/>") + ALL),
     passes(A >> C, tcp(), needs="tcp"),
     passes(A >> C, udp(), needs="udp"),
     passes(A >> C, sctp_init(), needs="sctp"),
     passes(A >> C, udplite(), needs="lite"),
     passes(A >> C, protocol(number=50), needs="esp"),
     passes(A >> C, protocol(number=51), needs="ah"),
     passes(A >> C, protocol(number=2), needs="igmp"),
     passes(A >> C, ping(), needs="icmp"),
     stops(A >> C, tcp(dport=8), needs="all"),
     stops(A >> C, protocol(number=47), needs="all"),
     stops(C >> A, ping(), needs="all"),
     passes(A >> C, arp()),
     passes(A >> C, udp6()),
     around=no_checksums)

case("every-ipv6-protocol", "The same for IPv6.",
     root(accept("tcp", "<tcp-ipv6 dstportstart='9'/>") + accept("udp", "<udp-ipv6 dstportstart='9'/>")
          + accept("sctp", "<sctp-ipv6 dstportstart='9'/>") + accept("lite", "<udplite-ipv6/>")
          + accept("esp", "<esp-ipv6/>") + accept("ah", "<ah-ipv6/>") + accept("icmp", "<icmpv6 type='128'/>") + ALL6),
     passes(A >> C, tcp6(), needs="tcp"),
     passes(A >> C, udp6(), needs="udp"),
     passes(A >> C, sctp_init6(), needs="sctp"),
     passes(A >> C, udplite6(), needs="lite"),
     passes(A >> C, protocol6(number=50), needs="esp"),
     passes(A >> C, protocol6(number=51), needs="ah"),
     passes(A >> C, ping6(), needs="icmp"),
     stops(A >> C, udp6(dport=8), needs="all6"),
     stops(C >> A, ping6(), needs="all6"),
     passes(A >> C, udp()),
     around=no_checksums)

case("igmp-in-ipv6", "The element that the format document names and the stock driver ignores.",
     root(drop("igmp", "<igmp-ipv6/>")),
     stops(A >> C, protocol6(number=2), needs="igmp"),
     passes(A >> C, udp6()),
     ours="L8: stock takes an unknown element for none, and the rule for one that matches everything")

case("ip-layer-addresses", "Addresses and masks at the IP layer; the guest's half is swapped.",
     root(accept("net", "<all srcipaddr='10.77.0.12' srcipmask='30'/>", "inout")
          + accept("one", "<udp dstipaddr='10.77.0.77'/>") + ALL),
     passes(C >> A, udp(), needs="net"),
     passes(A >> C, udp(), needs="net"),
     passes(A >> C, udp(dst="10.77.0.77"), needs="one"),
     stops(B >> A, udp(), needs="all"),
     stops(A >> C, tcp(dst="10.77.0.77"), needs="all"))

case("ip-layer-ranges", "Ranges of addresses.",
     root(drop("from", "<udp srcipfrom='10.77.0.100' srcipto='10.77.0.110'/>")
          + drop("to", "<tcp dstipfrom='10.77.0.200' dstipto='10.77.0.210'/>")),
     stops(A >> C, udp(src="10.77.0.100"), needs="from"),
     stops(A >> C, udp(src="10.77.0.110"), needs="from"),
     passes(A >> C, udp(src="10.77.0.111")),
     stops(A >> C, tcp(dst="10.77.0.205"), needs="to"),
     passes(A >> C, tcp(dst="10.77.0.199")))

case("ip6-layer-ranges", "Ranges and masks in IPv6.",
     root(drop("from", "<udp-ipv6 srcipfrom='fd77::100' srcipto='fd77::110'/>")
          + drop("net", "<tcp-ipv6 dstipaddr='2001:db8::' dstipmask='32'/>")),
     stops(A >> C, udp6(src="fd77::105"), needs="from"),
     passes(A >> C, udp6(src="fd77::111")),
     stops(A >> C, tcp6(dst="2001:db8:1::1"), needs="net"),
     passes(A >> C, tcp6(dst="2001:db9::1")))

case("ip6-range-to", "The end of a range of IPv6 targets.",
     root(drop("to", "<udp-ipv6 dstipfrom='fd77::200' dstipto='fd77::210'/>")),
     stops(A >> C, udp6(dst="fd77::208"), needs="to"),
     passes(A >> C, udp6(dst="fd77::211")),
     ours="L5: the stock driver takes only an IPv4 address there")

case("ip-layer-negated", "match='no' on an address and on a range.",
     root(drop("addr", "<udp match='no' dstipaddr='10.77.0.12'/>")
          + drop("range", "<tcp match='no' dstipfrom='10.77.0.12' dstipto='10.77.0.20'/>")),
     passes(A >> C, udp()),
     stops(A >> B, udp(), needs="addr"),
     passes(A >> C, tcp()),
     stops(A >> B, tcp(), needs="range"))

case("port-ranges", "Ranges of source and target ports.",
     root(accept("dst", "<tcp dstportstart='80' dstportend='90'/>")
          + accept("src", "<udp srcportstart='20' srcportend='30'/>") + ALL),
     passes(A >> C, tcp(dport=90), needs="dst"),
     stops(A >> C, tcp(dport=91), needs="all"),
     passes(A >> C, udp(sport=25), needs="src"),
     stops(A >> C, udp(sport=31), needs="all"))

case("all-ports-but-one", "match='no' with a target port only: everything but that port.",
     root(accept("not", "<tcp match='no' dstportstart='22'/>") + ALL),
     passes(A >> C, tcp(dport=80), needs="not", fixed="L1"),
     stops(A >> C, tcp(dport=22), needs="all", fixed="L1"))

case("all-udp-ports-but-one", "The same for datagrams, in a rule that drops.",
     root(drop("not", "<udp-ipv6 match='no' dstportstart='53'/>")),
     passes(A >> C, udp6(dport=53), fixed="L1"),
     stops(A >> C, udp6(dport=9), needs="not", fixed="L1"))

case("dscp-at-ip-layer", "dscp compares six bits, on both IP layers.",
     root(drop("v4", "<udp dscp='46'/>") + drop("v6", "<udp-ipv6 dscp='0x2e'/>")),
     stops(A >> C, udp(tos=46 << 2 | 1), needs="v4"),
     passes(A >> C, udp(tos=46)),
     stops(A >> C, udp6(tos=46 << 2 | 1), needs="v6"),
     passes(A >> C, udp6()))

case("tcp-flags", "Christmas trees and empty segments.",
     root(drop("xmas", "<tcp flags='FIN,PSH,URG/FIN,PSH,URG'/>") + drop("null", "<tcp flags='ALL/NONE'/>")),
     stops(A >> C, tcp(flags="FPU"), needs="xmas"),
     stops(A >> C, tcp(flags=0), needs="null"),
     passes(A >> C, tcp()))

case("tcp-flags-ipv6", "Flags in IPv6, which the stock driver ignores.",
     root(drop("syn", "<tcp-ipv6 flags='SYN,ACK/SYN'/>")),
     stops(A >> C, tcp6(), needs="syn"),
     passes(A >> C, tcp6(flags="A", ack=1)),
     ours="L6: the stock driver would drop all of TCP over IPv6")

case("tcp-option", "A segment with an option.",
     root(drop("mptcp", "<tcp option='30'/>")),
     stops(A >> C, tcp(options=((30, b"\0\1"),)), needs="mptcp"),
     passes(A >> C, tcp()))

case("source-mac-at-ip-layer", "The sender's Ethernet address in a rule of the IP layer.",
     root(drop("peer", "<udp srcmacaddr='52:54:00:77:00:0c'/>", "in")),
     stops(C >> A, udp(), needs="peer"),
     passes(B >> A, udp()),
     passes(C >> A, tcp()))

case("mac-rule-spares-answers",
     "Dropping what one peer sends to a port does not drop the guest's answers to everybody.",
     root(drop("peer", "<tcp srcmacaddr='52:54:00:77:00:0c' dstportstart='22'/>", "in")),
     stops(C >> A, tcp(dport=22), needs="peer"),
     passes(B >> A, tcp(dport=22)),
     passes(A >> B, syn_ack(port=22), fixed="K6"))

case("default-drop-is-both-ways", "A drop rule of one direction drops the other half of the flow, too.",
     root(drop("smtp", "<tcp dstportstart='25'/>")),
     stops(A >> C, tcp(dport=25), needs="smtp"),
     stops(C >> A, syn_ack(port=25), needs="smtp"),
     passes(C >> A, tcp(dport=25)))

case("host-is-a-target", "What the guest sends to the host meets the same rules.",
     root(accept("dns", "<udp dstportstart='53'/>") + accept("ping", "<icmp type='8'/>")
          + accept("v6", "<udp-ipv6 dstportstart='53'/>") + ALL + ALL6),
     passes(A >> HOST, udp(dport=53), needs="dns"),
     passes(A >> HOST, ping(), needs="ping"),
     passes(A >> HOST, udp6(dport=53), needs="v6"),
     stops(A >> HOST, udp(dport=54), needs="all"),
     stops(A >> HOST, tcp(), needs="all"),
     stops(A >> HOST, udp6(dport=54), needs="all6"))

case("host-to-guest-is-open",
     "A documented limit: rules of the IP layers do not see what the host itself sends to the guest.",
     root(ALL),
     stops(C >> A, udp(), needs="all"),
     passes(HOST >> A, udp()))

case("icmp-type-and-code", "Type and code at the IP layer; 'code' alone means nothing.",
     root(drop("net", "<icmp type='3' code='0'/>") + drop("v6", "<icmpv6 type='1' code='4'/>")),
     stops(A >> C, icmp(type=3, code=0), needs="net"),
     passes(A >> C, icmp(type=3, code=1)),
     stops(A >> C, icmp6(type=1, code=4), needs="v6"),
     passes(A >> C, icmp6(type=1, code=3)))

case("comment-is-data", "A comment full of traps is a comment.",
     root(drop("udp", "<udp dstportstart='9' comment='&quot; -j ACCEPT; $(reboot) `id` \\&apos; # %s'/>")),
     stops(A >> C, udp(), needs="udp"),
     passes(A >> C, udp(dport=10)))


# -- sets --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def peers_set():
    """The set nwfpeers with the address of C."""
    subprocess.run(["ipset", "create", "nwfpeers", "hash:ip"], check=True, timeout=20)
    subprocess.run(["ipset", "add", "nwfpeers", C.ip], check=True, timeout=20)
    try:
        yield
    finally:
        subprocess.run(["ipset", "destroy", "nwfpeers"], check=True, timeout=20)


case("set-of-addresses", "A set that somebody else keeps.",
     root(drop("set", "<all ipset='nwfpeers' ipsetflags='dst'/>")),
     stops(A >> C, udp(), needs="set"),
     stops(C >> A, udp(), needs="set"),
     passes(A >> B, udp()),
     around=peers_set)

case("set-with-ports", "A set beside ports.",
     root(drop("set", "<udp dstportstart='9' ipset='nwfpeers' ipsetflags='dst'/>")),
     stops(A >> C, udp(), needs="set"),
     passes(A >> B, udp(), fixed="L3"),
     passes(A >> C, udp(dport=10)),
     around=peers_set)

case("set-negated", "Everybody who is not in the set.",
     root(drop("set", "<all match='no' ipset='nwfpeers' ipsetflags='dst'/>")),
     passes(A >> C, udp(), fixed="L4"),
     stops(A >> B, udp(), needs="set", fixed="L4"),
     around=peers_set)

case("set-without-flags", "Missing flags mean the source.",
     root(drop("set", "<all ipset='nwfpeers'/>", "in")),
     stops(C >> A, udp(), needs="set"),
     passes(B >> A, udp(), fixed="L3"),
     around=peers_set)

case("mac-forged-beside-udp", "A guest's own card at the IP layer.",
     root(drop("forged", "<all match='no' srcmacaddr='$MAC'/>")),
     stops(A >> C, udp(src_mac=FORGED), needs="forged"),
     passes(A >> C, udp()))
