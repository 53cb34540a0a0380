# SPDX-License-Identifier: LGPL-2.1-or-later
"""
world.py: the few values that filters and frames have in common

Values are taken from small pools, so that a generated frame often is what a generated rule speaks of, or is next to it. The stations and
their addresses are those of nwflab.guests.
"""

from nwflab.guests import A, B, C, HOST

STATIONS = (A, B, C)
STRANGERS = ("52:54:00:66:66:66", "52:54:00:77:00:0f", "02:00:5e:10:00:01")
GROUPS = ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33:33:00:00:00:01")
BRIDGE_GROUP = "01:80:c2:00:00:00"
MACS = (A.mac, B.mac, C.mac, *STRANGERS[:2], GROUPS[0])
MAC_MASKS = ("ff:ff:ff:00:00:00", "ff:ff:ff:ff:ff:f0", "ff:ff:ff:ff:ff:ff", "80:00:00:00:00:00", "ff:ff:ff:80:00:00")
ADDRESSES = {4: (A.ip, B.ip, C.ip, "10.77.3.4", "192.0.2.7", "224.0.0.251"),
             6: (A.ip6, B.ip6, C.ip6, "fd77::3:4", "2001:db8::7", "ff02::fb")}
MASKS = {4: ("8", "16", "24", "27", "31", "32", "0"), 6: ("8", "64", "112", "125", "127", "128", "0")}
PORTS = (22, 53, 80, 443, 1024, 40000, 0, 65535)
DSCPS = (0, 1, 10, 46, 63)
ICMP_TYPES = {4: (8, 0, 3, 13, 14, 11, 5, 18, 42, 255), 6: (128, 129, 1, 3, 135, 136, 133, 143, 139, 255)}
TCP_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32}
TCP_OPTIONS = (2, 3, 4, 8, 253)
STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID")
ETHERTYPES = {"arp": 0x0806, "rarp": 0x8035, "ipv4": 0x0800, "ipv6": 0x86DD, "vlan": 0x8100}
OTHER_TYPES = (0x0600, 0x88B5, 0x88CC, 0x8100, 0x86DD, 0x0800)
VLANS = (0, 1, 5, 4094)
PROTOCOLS = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132, "udplite": 136}
BINDINGS = {A: "vnetA", B: "vnetB"}


def ip_of(station, version):
    """The station's address."""
    return station.ip if version == 4 else station.ip6


__all__ = ["A", "B", "C", "HOST", "STATIONS"]
