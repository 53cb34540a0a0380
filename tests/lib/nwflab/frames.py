# SPDX-License-Identifier: LGPL-2.1-or-later
"""
frames.py: what guests send, in as few words as a test can use

A Frame is a recipe: udp(dport=53) becomes bytes only when sender, receiver and marker are known, so the same recipe
can be sent by anybody to anybody. Without options a frame is honest: addresses are the sender's and the receiver's
own. Lies are options: src_mac=, dst_mac=, src=, dst= (network addresses), sender_ip= and so on (ARP). Every frame
carries its marker, eight bytes that no other frame has, where it disturbs nobody: in the payload, in an experimental
TCP option, behind an ARP body.

The frames of one TCP conversation (syn, syn_ack, ack, data, answer, fin, rst) have fixed sequence numbers that fit
each other, so that connection tracking accepts them in this order without any guest having a socket.

Limits: scapy builds the bytes; nothing here looks at a received frame but for its marker.
"""

import functools
import struct
from dataclasses import dataclass
from typing import Callable

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6MLReport, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptUnknown, ICMPv6Unknown, IPv6,
                                IPv6ExtHdrDestOpt, PadN, in6_chksum)
from scapy.layers.l2 import ARP, LLC, STP, Dot1Q, Dot3, Ether
from scapy.layers.sctp import (SCTP, SCTPChunkCookieEcho, SCTPChunkInit, SCTPChunkInitAck, SCTPChunkParamStateCookie)
from scapy.packet import Packet, Raw
from scapy.utils import checksum, inet_aton

BROADCAST = "ff:ff:ff:ff:ff:ff"
NOBODY = "00:00:00:00:00:00"
BRIDGE_GROUP = "01:80:c2:00:00:00"
MARKER_SIZE = 8

CLIENT_PORT = 40000
CLIENT_START, SERVER_START = 1000, 5000  # sequence numbers of the two SYN
LINK_OPTIONS = ("src_mac", "dst_mac", "vlan", "inner_type")
NET_OPTIONS = ("src", "dst", "v6", "tos", "ttl", "fragment", "more", "extension")


@dataclass(frozen=True)
class Station:
    """Somebody on the bridge, by the addresses that honest frames carry."""

    name: str
    mac: str
    ip: str
    ip6: str

    def __rshift__(self, receiver):
        return Path(self, receiver)

    def __str__(self):
        return self.name


@dataclass(frozen=True)
class Path:
    """Who sends to whom; written A >> B."""

    sender: Station
    receiver: Station

    @property
    def back(self):
        """The way of an answer."""
        return Path(self.receiver, self.sender)

    def __str__(self):
        return f"{self.sender}>{self.receiver}"


@dataclass(frozen=True)
class Frame:
    """A recipe for a frame, with the words that made it."""

    label: str
    build: Callable[[Path, bytes], Packet]

    def bytes_for(self, path, marker):
        """The frame on `path`."""
        return bytes(self.build(path, marker))

    def __str__(self):
        return self.label


def _recipe(make):
    """Turns make(path, marker, **options) into a function of the options alone that returns a Frame."""
    @functools.wraps(make)
    def with_options(**options):
        words = [make.__name__, *(f"{name}={value}" for name, value in options.items())]
        return Frame(" ".join(words), lambda path, marker: make(path, marker, **options))
    return with_options


# -- layers below ------------------------------------------------------------------------------------------------------


def _link(path, ethertype, src_mac=None, dst_mac=None, vlan=None, inner_type=None):
    """The Ethernet header, with an 802.1Q tag if `vlan` is given."""
    head = Ether(src=src_mac or path.sender.mac, dst=dst_mac or path.receiver.mac)
    if vlan is None:
        head.type = ethertype
        return head
    head.type = 0x8100
    return head / Dot1Q(vlan=vlan, type=ethertype if inner_type is None else inner_type)


def _net(path, number, src=None, dst=None, v6=False, tos=0, ttl=64, fragment=0, more=False, extension=False, **link):
    """Ethernet and IP headers; `fragment` is an offset in units of eight bytes, `extension` adds an IPv6 header."""
    if v6:
        head = IPv6(src=src or path.sender.ip6, dst=dst or path.receiver.ip6, tc=tos, hlim=ttl)
        if not extension:
            head.nh = number
            return _link(path, 0x86DD, **link) / head
        return _link(path, 0x86DD, **link) / head / IPv6ExtHdrDestOpt(nh=number, options=[PadN(optdata=b"\0" * 4)])
    head = IP(src=src or path.sender.ip, dst=dst or path.receiver.ip, proto=number, tos=tos, ttl=ttl, frag=fragment,
              flags="MF" if more else 0, id=1)
    return _link(path, 0x0800, **link) / head


@_recipe
def ether(path, marker, type=0x88B5, **link):  # pylint: disable=redefined-builtin
    """A frame of any EtherType (default: one for local experiments)."""
    return _link(path, type, **link) / Raw(marker + bytes(46 - MARKER_SIZE))


@_recipe
def stp(path, marker, src_mac=None, as_kernel_reads=False, **fields):
    """A spanning-tree BPDU; fields as scapy names them (rootid=, rootmac=, pathcost=, bridgeid=, portid=, age=, …).

    Linux's match for BPDU fields takes the protocol number, two bytes in the standard, for one byte and so reads all
    that follows one byte early. as_kernel_reads=True makes the BPDU that it takes for one with these fields.
    """
    head = Dot3(src=src_mac or path.sender.mac, dst=BRIDGE_GROUP) / LLC(dsap=0x42, ssap=0x42, ctrl=3)
    body = bytes(STP(**fields))
    return head / Raw(body[as_kernel_reads:] + marker)


def _arp_body(path, marker, ethertype, op, fields):
    link = {name: fields.pop(name) for name in LINK_OPTIONS if name in fields}
    body = ARP(op=op, hwsrc=fields.pop("sender_mac", path.sender.mac), psrc=fields.pop("sender_ip", path.sender.ip),
               hwdst=fields.pop("target_mac", NOBODY), pdst=fields.pop("target_ip", path.receiver.ip), **fields)
    link.setdefault("dst_mac", BROADCAST if op in (1, 3) else path.receiver.mac)
    return _link(path, ethertype, **link) / body / Raw(marker + bytes(18 - MARKER_SIZE))


@_recipe
def arp(path, marker, op=1, **fields):
    """An ARP packet, by default a request for the receiver's address; also hwtype= and ptype=."""
    return _arp_body(path, marker, 0x0806, op, fields)


@_recipe
def rarp(path, marker, op=3, **fields):
    """A RARP packet, by default what QEMU announces a guest with."""
    for name, value in (("sender_ip", "0.0.0.0"), ("target_ip", "0.0.0.0"), ("target_mac", path.sender.mac)):
        fields.setdefault(name, value)
    return _arp_body(path, marker, 0x8035, op, fields)


# -- transports --------------------------------------------------------------------------------------------------------


@_recipe
def udp(path, marker, sport=CLIENT_PORT, dport=9, **below):
    """A datagram."""
    return _net(path, 17, **below) / UDP(sport=sport, dport=dport) / Raw(marker)


def _tcp(path, marker, sport, dport, flags, seq, ack, text=b"", options=(), **below):
    carried = [*options, (253, marker)]
    head = TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack, options=carried)
    return _net(path, 6, **below) / head / Raw(text)


@_recipe
def tcp(path, marker, sport=CLIENT_PORT, dport=9, flags="S", seq=CLIENT_START, ack=0, options=(), **below):
    """A TCP segment on its own, by default the first of a connection."""
    return _tcp(path, marker, sport, dport, flags, seq, ack, options=options, **below)


def _spoken(name, flags, seq, ack, text=b"", by_server=False):
    """One line of the conversation between `client` (a port) and the server's port."""
    def line(path, marker, port=9, client=CLIENT_PORT, after=0, **below):
        words = below.pop("text", text)
        ports = (port, client) if by_server else (client, port)
        return _tcp(path, marker, *ports, flags, seq + after, ack, words, **below)
    line.__name__ = name
    line.__doc__ = f"A segment of a conversation ({flags}); port= is the server's, after= counts bytes said before."
    return _recipe(line)


PING, PONG = b"ping", b"pong"
syn = _spoken("syn", "S", CLIENT_START, 0)
syn_ack = _spoken("syn_ack", "SA", SERVER_START, CLIENT_START + 1, by_server=True)
ack = _spoken("ack", "A", CLIENT_START + 1, SERVER_START + 1)
data = _spoken("data", "PA", CLIENT_START + 1, SERVER_START + 1, PING)
answer = _spoken("answer", "PA", SERVER_START + 1, CLIENT_START + 1 + len(PING), PONG, by_server=True)
rst = _spoken("rst", "R", CLIENT_START + 1, 0)


def _transport_checksum(packet, number, segment):
    """The Internet checksum of `segment` under the IP header of `packet`."""
    if IPv6 in packet:
        return in6_chksum(number, packet[IPv6], segment)
    head = packet[IP]
    pseudo = struct.pack("!4s4sBBH", inet_aton(head.src), inet_aton(head.dst), 0, number, len(segment))
    return checksum(pseudo + segment)


@_recipe
def udplite(path, marker, sport=CLIENT_PORT, dport=9, **below):
    """A UDP-Lite datagram with full coverage."""
    packet = _net(path, 136, **below)
    segment = struct.pack("!HHHH", sport, dport, 0, 0) + marker
    value = _transport_checksum(packet, 136, segment)
    return packet / Raw(segment[:6] + struct.pack("!H", value) + segment[8:])


@_recipe
def sctp_init(path, marker, sport=CLIENT_PORT, dport=9, **below):
    """The first packet of an SCTP association."""
    chunk = SCTPChunkInit(init_tag=1, a_rwnd=65535, n_out_streams=1, n_in_streams=1, init_tsn=1,
                          params=[SCTPChunkParamStateCookie(cookie=marker)])
    return _net(path, 132, **below) / SCTP(sport=sport, dport=dport, tag=0) / chunk


@_recipe
def sctp_init_ack(path, marker, sport=9, dport=CLIENT_PORT, **below):
    """The server's answer to sctp_init."""
    chunk = SCTPChunkInitAck(init_tag=2, a_rwnd=65535, n_out_streams=1, n_in_streams=1, init_tsn=1,
                             params=[SCTPChunkParamStateCookie(cookie=marker)])
    return _net(path, 132, **below) / SCTP(sport=sport, dport=dport, tag=1) / chunk


@_recipe
def sctp_cookie(path, marker, sport=CLIENT_PORT, dport=9, **below):
    """The client's third packet."""
    return _net(path, 132, **below) / SCTP(sport=sport, dport=dport, tag=2) / SCTPChunkCookieEcho(cookie=marker)


@_recipe
def protocol(path, marker, number, **below):
    """A packet of any IP protocol; an authentication header protects a datagram, since trackers look behind it."""
    if number == 51:
        packet = _net(path, 51, **below)
        segment = struct.pack("!HHHH", CLIENT_PORT, 9, 8 + MARKER_SIZE, 0) + marker
        value = _transport_checksum(packet, 17, segment)
        return packet / Raw(struct.pack("!BBHIII", 17, 2, 0, 1, 1, 0) + segment[:6] + struct.pack("!H", value) + marker)
    return _net(path, number, **below) / Raw(struct.pack("!II", 0x11000000, 1) + marker)


# -- control messages --------------------------------------------------------------------------------------------------


@_recipe
def ping(path, marker, ident=7, seq=1, **below):
    """An ICMP echo request; pong answers it."""
    return _net(path, 1, **below) / ICMP(type=8, id=ident, seq=seq) / Raw(marker)


@_recipe
def pong(path, marker, ident=7, seq=1, **below):
    """An ICMP echo reply."""
    return _net(path, 1, **below) / ICMP(type=0, id=ident, seq=seq) / Raw(marker)


@_recipe
def icmp(path, marker, type, code=0, **below):  # pylint: disable=redefined-builtin
    """An ICMP message of any type without meaning behind its header."""
    return _net(path, 1, **below) / ICMP(type=type, code=code) / Raw(marker)


@_recipe
def unreachable(path, marker, of, code=3, **below):
    """The ICMP error about the frame `of` that came the other way."""
    quoted = of.build(path.back, marker).getlayer(IP)
    return _net(path, 1, **below) / ICMP(type=3, code=code) / Raw(bytes(quoted))


@_recipe
def ping6(path, marker, ident=7, seq=1, **below):
    """An ICMPv6 echo request."""
    return _net(path, 58, v6=True, **below) / ICMPv6EchoRequest(id=ident, seq=seq, data=marker)


@_recipe
def pong6(path, marker, ident=7, seq=1, **below):
    """An ICMPv6 echo reply."""
    return _net(path, 58, v6=True, **below) / ICMPv6EchoReply(id=ident, seq=seq, data=marker)


def _neighbour(message, **fields):
    def make(path, marker, **below):
        target = {"tgt": path.receiver.ip6} if message in (ICMPv6ND_NS, ICMPv6ND_NA) else {}
        option = ICMPv6NDOptUnknown(type=253, data=marker + bytes(6))
        return _net(path, 58, v6=True, ttl=255, **below) / message(**target, **fields) / option
    return make


def _named(name, text, make):
    make.__name__, make.__doc__ = name, text
    return _recipe(make)


neighbour_ask = _named("neighbour_ask", "Neighbour solicitation (135).", _neighbour(ICMPv6ND_NS))
neighbour_tell = _named("neighbour_tell", "Neighbour advertisement (136).", _neighbour(ICMPv6ND_NA))
router_ask = _named("router_ask", "Router solicitation (133).", _neighbour(ICMPv6ND_RS))
router_tell = _named("router_tell", "Router advertisement (134).", _neighbour(ICMPv6ND_RA))


@_recipe
def group_report(path, marker, **below):
    """Multicast listener report (131)."""
    return _net(path, 58, v6=True, ttl=1, **below) / ICMPv6MLReport(mladdr="ff02::77") / Raw(marker)


@_recipe
def icmp6(path, marker, type, code=0, **below):  # pylint: disable=redefined-builtin
    """An ICMPv6 message of any type without meaning behind its header."""
    return _net(path, 58, v6=True, **below) / ICMPv6Unknown(type=type, code=code) / Raw(bytes(4) + marker)


udp6 = functools.partial(udp, v6=True)
tcp6 = functools.partial(tcp, v6=True)
udplite6 = functools.partial(udplite, v6=True)
protocol6 = functools.partial(protocol, v6=True)
sctp_init6 = functools.partial(sctp_init, v6=True)
sctp_init_ack6 = functools.partial(sctp_init_ack, v6=True)

# What a guest without an address asks, and what it is told.
dhcp_ask = functools.partial(udp, src="0.0.0.0", dst="255.255.255.255", dst_mac=BROADCAST, sport=68, dport=67)
dhcp_tell = functools.partial(udp, sport=67, dport=68)
