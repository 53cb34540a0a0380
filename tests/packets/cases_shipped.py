# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_shipped.py: the filters that libvirt ships, each with what it lets pass and what it stops

A filter that only accepts is shown before one that drops the rest: no-other-l2-traffic for the root chain, lane-v4
and lane-v6 for the chains of IPv4 and IPv6 (whose end would accept).
"""

import functools
import pathlib

from lane import FORGED, case, passes, root, stops
from nwflab.frames import (BROADCAST, arp, dhcp_ask, dhcp_tell, ether, neighbour_ask, ping, ping6, rarp, tcp, udp, udp6)
from nwflab.guests import HOST, A, B, C
from nwflab.texts import filter_xml

STRANGER, STRANGER6 = "10.77.0.66", "fd77::66"
GROUP, GROUP_MAC = "224.0.0.251", "01:00:5e:00:00:fb"
GROUP6, GROUP6_MAC = "ff02::fb", "33:33:00:00:00:fb"
REST = "<rule id='{0}' action='drop' direction='inout' priority='1000'/>"
V4 = filter_xml("lane-v4", REST.format("v4"), chain="ipv4")
V6 = filter_xml("lane-v6", REST.format("v6"), chain="ipv6")
L2 = "no-other-l2-traffic"

# Releases since 12 ship this filter without the historic EtherType.
ANNOUNCE = pathlib.Path("/usr/share/libvirt/nwfilter/qemu-announce-self.xml")
HISTORIC = not ANNOUNCE.exists() or "protocolid='0x835'" in ANNOUNCE.read_text(encoding="utf-8")

dhcp6_ask = functools.partial(udp6, src="fe80::a", dst="ff02::1:2", dst_mac="33:33:00:01:00:02", sport=546, dport=547)
dhcp6_tell = functools.partial(udp6, sport=547, dport=546)


def refs(*names):
    """A root filter that refers to others."""
    return root("".join(f"<filterref filter='{name}'/>" for name in names))


def shipped(name, story, *parts, **keywords):
    """A case of a shipped filter; bound directly unless documents are given."""
    if not any(isinstance(part, str) for part in parts):
        keywords["filter"] = name
    case(f"shipped-{name}", story, *parts, **keywords)


# -- those that accept -------------------------------------------------------------------------------------------------

shipped("allow-arp", "All ARP, both ways.",
        refs("allow-arp", L2),
        passes(A >> C, arp(), needs="allow-arp:1"),
        passes(C >> A, arp(op=2), needs="allow-arp:1"),
        stops(A >> C, udp(), needs=f"{L2}:1"))

shipped("allow-ipv4", "All IPv4, both ways.",
        refs("allow-ipv4", L2),
        passes(A >> C, udp(), needs="allow-ipv4:1"),
        passes(C >> A, tcp(), needs="allow-ipv4:1"),
        stops(A >> C, udp6(), needs=f"{L2}:1"))

shipped("allow-ipv6", "All IPv6, both ways.",
        refs("allow-ipv6", L2),
        passes(A >> C, udp6(), needs="allow-ipv6:1"),
        passes(C >> A, ping6(), needs="allow-ipv6:1"),
        stops(A >> C, udp(), needs=f"{L2}:1"))

shipped("allow-incoming-ipv4", "IPv4 to the guest only.",
        refs("allow-incoming-ipv4", L2),
        passes(C >> A, udp(), needs="allow-incoming-ipv4:1"),
        stops(A >> C, udp(), needs=f"{L2}:1"),
        stops(C >> A, udp6(), needs=f"{L2}:1"))

shipped("allow-incoming-ipv6", "IPv6 to the guest only.",
        refs("allow-incoming-ipv6", L2),
        passes(C >> A, udp6(), needs="allow-incoming-ipv6:1"),
        stops(A >> C, udp6(), needs=f"{L2}:1"),
        stops(C >> A, udp(), needs=f"{L2}:1"))

shipped("allow-dhcp", "A guest may ask for an address, and anybody may offer one.",
        refs("allow-dhcp", "lane-v4"), V4,
        passes(A >> C, dhcp_ask(), needs="allow-dhcp:1"),
        passes(B >> A, dhcp_tell(), needs="allow-dhcp:2"),
        stops(A >> C, dhcp_ask(src=A.ip), needs="v4"),
        stops(A >> C, dhcp_tell(), needs="v4"),
        stops(C >> A, udp(), needs="v4"))

shipped("allow-dhcp-server", "Only the given servers may offer one.",
        refs("allow-dhcp-server", "lane-v4"), V4,
        passes(A >> C, dhcp_ask(), needs="allow-dhcp-server:1"),
        passes(C >> A, dhcp_tell(), needs="allow-dhcp-server:2"),
        passes(HOST >> A, dhcp_tell(), needs="allow-dhcp-server:2"),
        stops(B >> A, dhcp_tell(), needs="v4"),
        params=(("DHCPSERVER", C.ip), ("DHCPSERVER", HOST.ip)))

shipped("allow-dhcpv6", "The same for DHCPv6.",
        refs("allow-dhcpv6", "lane-v6"), V6,
        passes(A >> C, dhcp6_ask(), needs="allow-dhcpv6:1"),
        passes(B >> A, dhcp6_tell(), needs="allow-dhcpv6:2"),
        stops(A >> C, dhcp6_ask(src=A.ip6), needs="v6"),
        stops(C >> A, udp6(), needs="v6"))

shipped("allow-dhcpv6-server", "DHCPv6 with given servers.",
        refs("allow-dhcpv6-server", "lane-v6"), V6,
        passes(A >> C, dhcp6_ask(), needs="allow-dhcpv6-server:1"),
        passes(C >> A, dhcp6_tell(), needs="allow-dhcpv6-server:2"),
        stops(B >> A, dhcp6_tell(), needs="v6"),
        params=(("DHCPSERVER", C.ip6),))

# -- those that drop ---------------------------------------------------------------------------------------------------

shipped("no-mac-spoofing", "Frames leave with the guest's own Ethernet address.",
        passes(A >> C, ether(), needs="no-mac-spoofing:1"),
        stops(A >> C, ether(src_mac=FORGED), needs="no-mac-spoofing:2"),
        passes(C >> A, ether(src_mac=FORGED)))

shipped("no-ip-spoofing", "IPv4 leaves with the guest's own addresses; without one only datagrams (DHCP).",
        passes(A >> C, tcp(), needs="no-ip-spoofing:2"),
        passes(A >> C, dhcp_ask(), needs="no-ip-spoofing:1"),
        stops(A >> C, tcp(src="0.0.0.0"), needs="no-ip-spoofing:3"),
        stops(A >> C, udp(src=STRANGER), needs="no-ip-spoofing:3"),
        stops(A >> HOST, ping(src=STRANGER), needs="no-ip-spoofing:3"),
        passes(A >> C, udp6()))

shipped("no-ipv6-spoofing", "IPv6 leaves with the guest's own address; from link-local ones only datagrams.",
        passes(A >> C, ping6(), needs="no-ipv6-spoofing:2"),
        passes(A >> C, dhcp6_ask(), needs="no-ipv6-spoofing:1"),
        stops(A >> C, neighbour_ask(src="fe80::a"), needs="no-ipv6-spoofing:3"),
        stops(A >> C, udp6(src=STRANGER6), needs="no-ipv6-spoofing:3"),
        passes(A >> C, udp()),
        params=(("IPV6", A.ip6),))

shipped("no-arp-mac-spoofing", "ARP speaks of the guest's own card.",
        passes(A >> C, arp(), needs="no-arp-mac-spoofing:1"),
        stops(A >> C, arp(op=2, sender_mac=FORGED), needs="no-arp-mac-spoofing:2"),
        passes(A >> C, arp(op=2, sender_ip=STRANGER), needs="no-arp-mac-spoofing:1"))

shipped("no-arp-ip-spoofing", "ARP speaks of the guest's own addresses; probes from 0.0.0.0 are none of them.",
        passes(A >> C, arp(), needs="no-arp-ip-spoofing:1"),
        stops(A >> C, arp(op=2, sender_ip=STRANGER), needs="no-arp-ip-spoofing:2"),
        stops(A >> C, arp(sender_ip="0.0.0.0"), needs="no-arp-ip-spoofing:2"))

shipped("no-arp-spoofing", "Both.",
        passes(A >> C, arp(), needs=("no-arp-mac-spoofing:1", "no-arp-ip-spoofing:1")),
        stops(A >> C, arp(op=2, sender_mac=FORGED), needs="no-arp-mac-spoofing:2"),
        stops(A >> C, arp(op=2, sender_ip=STRANGER), needs="no-arp-ip-spoofing:2"))

shipped("no-ip-multicast", "No IPv4 multicast from the guest.",
        stops(A >> C, udp(dst=GROUP, dst_mac=GROUP_MAC), needs="no-ip-multicast:1"),
        stops(A >> C, udp(dst="239.255.255.255", dst_mac=GROUP_MAC), needs="no-ip-multicast:1"),
        passes(A >> C, udp()),
        passes(C >> A, udp(dst=GROUP, dst_mac=GROUP_MAC)))

shipped("no-ipv6-multicast", "No IPv6 multicast from the guest.",
        stops(A >> C, udp6(dst=GROUP6, dst_mac=GROUP6_MAC), needs="no-ipv6-multicast:1"),
        passes(A >> C, udp6()),
        passes(C >> A, udp6(dst=GROUP6, dst_mac=GROUP6_MAC)))

shipped("no-mac-broadcast", "No broadcast frames that carry IPv4.",
        stops(A >> C, udp(dst="255.255.255.255", dst_mac=BROADCAST), needs="no-mac-broadcast:1"),
        passes(A >> C, udp()),
        passes(A >> C, arp()))

shipped("no-other-l2-traffic", "Nothing at all.",
        stops(A >> C, udp(), needs=f"{L2}:1"),
        stops(C >> A, arp(), needs=f"{L2}:1"),
        stops(A >> HOST, udp6(), needs=f"{L2}:1"))

shipped("no-other-rarp-traffic", "No RARP.",
        stops(A >> C, rarp(), needs="no-other-rarp-traffic:1"),
        stops(C >> A, rarp(), needs="no-other-rarp-traffic:1"),
        passes(A >> C, arp()))

# -- announcements and compositions ------------------------------------------------------------------------------------

SELF = "qemu-announce-self-rarp"

shipped(SELF, "QEMU may announce this guest with RARP, and no other.",
        refs(SELF, "no-other-rarp-traffic"),
        passes(A >> C, rarp(dst_mac=BROADCAST), needs=f"{SELF}:1"),
        passes(C >> A, rarp(dst_mac=BROADCAST, sender_mac=A.mac, target_mac=A.mac), needs=f"{SELF}:2"),
        stops(A >> C, rarp(dst_mac=BROADCAST, sender_mac=FORGED), needs="no-other-rarp-traffic:1"),
        stops(A >> C, rarp(dst_mac=BROADCAST, sender_ip=A.ip), needs="no-other-rarp-traffic:1"))

shipped("qemu-announce-self", "The same together with the EtherType of old announcements.",
        refs("qemu-announce-self", L2),
        passes(A >> C, rarp(dst_mac=BROADCAST), needs=f"{SELF}:1"),
        stops(A >> C, rarp(dst_mac=BROADCAST, op=4), needs="no-other-rarp-traffic:1"),
        *((passes(A >> C, ether(type=0x0835), needs="qemu-announce-self:1"),) if HISTORIC else ()),
        stops(A >> C, ether(), needs=f"{L2}:1"))

shipped("clean-traffic", "No forged address on any layer; ARP and IPv4 in and out; nothing else.",
        passes(A >> C, udp(), needs=("clean-traffic:1", "no-mac-spoofing:1", "no-ip-spoofing:2")),
        passes(C >> A, udp(), needs="allow-incoming-ipv4:1"),
        passes(A >> C, arp(), needs=("clean-traffic:2", "no-arp-mac-spoofing:1", "no-arp-ip-spoofing:1")),
        passes(C >> A, arp(op=2), needs="clean-traffic:2"),
        passes(A >> C, dhcp_ask(), needs="no-ip-spoofing:1"),
        stops(A >> C, udp(src_mac=FORGED), needs="no-mac-spoofing:2"),
        stops(A >> C, udp(src=STRANGER), needs="no-ip-spoofing:3"),
        stops(A >> C, arp(op=2, sender_mac=FORGED), needs="no-arp-mac-spoofing:2"),
        stops(A >> C, arp(op=2, sender_ip=STRANGER), needs="no-arp-ip-spoofing:2"),
        stops(A >> C, udp6(), needs=f"{L2}:1"),
        stops(C >> A, udp6(), needs=f"{L2}:1"),
        stops(A >> C, udp(vlan=5), needs=f"{L2}:1"),
        passes(A >> C, rarp(dst_mac=BROADCAST), needs=f"{SELF}:1"),
        stops(A >> C, rarp(dst_mac=BROADCAST, sender_mac=FORGED), needs="no-other-rarp-traffic:1"))

shipped("clean-traffic-gateway",
        "clean-traffic with one gateway, here C: ARP with everybody, all else with the gateway only.",
        passes(A >> C, udp(), needs="clean-traffic-gateway:3"),
        passes(C >> A, udp(), needs="clean-traffic-gateway:2"),
        passes(B >> A, arp(), needs="clean-traffic-gateway:1"),
        stops(A >> B, udp(), needs=f"{L2}:1"),
        stops(B >> A, udp(), needs=f"{L2}:1"),
        stops(A >> C, udp(src_mac=FORGED), needs="no-mac-spoofing:2"),
        stops(A >> C, udp(src=STRANGER), needs="no-ip-spoofing:3"),
        stops(A >> C, arp(op=2, sender_ip=STRANGER), needs="no-arp-ip-spoofing:2"),
        params=(("GATEWAY_MAC", C.mac),))
