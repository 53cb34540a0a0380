# SPDX-License-Identifier: LGPL-2.1-or-later
"""
dhcp.py: DHCP messages by hand, byte by byte where a test wants it

A message is made of its header's fields and a list of options, each a code and bytes; what a test does not name is what an
honest client or server would send. options=RAW bytes instead of a list are taken as they are, without END.

    ask(A, REQUEST, xid=7, options=[(50, ip("10.77.0.10"))])     what the guest A broadcasts
    tell(C, A, ACK, xid=7, yiaddr="10.77.0.10")                  what the server C answers

Limits: scapy fills in lengths and checksums below the message; lies about those are options of frame().
"""

import socket
import struct

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

from nwflab.frames import BROADCAST, Frame

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
COOKIE = b"\x63\x82\x53\x63"
NONE, EVERYBODY = "0.0.0.0", "255.255.255.255"
FOREVER = 0xFFFFFFFF
END, PAD = b"\xff", b"\0"


def ip(text):
    """An address as four bytes."""
    return socket.inet_aton(text)


def number(value):
    """A number as four bytes."""
    return struct.pack("!I", value)


def mac_bytes(text):
    """A MAC address as six bytes."""
    return bytes.fromhex(text.replace(":", ""))


def options_bytes(options):
    """Options with their END."""
    return b"".join(bytes([code, len(value)]) + value for code, value in options) + END


def message(op, mac, xid, options, ciaddr=NONE, yiaddr=NONE, siaddr=NONE, giaddr=NONE, htype=1, hlen=6, sname=b"", file=b"",
            cookie=COOKIE, size=300):
    """The payload of the datagram, at least `size` bytes as BOOTP has it."""
    head = struct.pack("!BBBBIHH4s4s4s4s16s64s128s", op, htype, hlen, 0, xid, 0, 0, ip(ciaddr), ip(yiaddr), ip(siaddr), ip(giaddr),
                       mac_bytes(mac), sname, file)
    text = head + cookie + (options if isinstance(options, bytes) else options_bytes(options))
    return text + bytes(max(0, size - len(text)))


def frame(label, payload, src_mac, dst_mac, src, dst, sport, dport, vlan=None, fields=None, udp_fields=None):
    """The Frame around a message; fields= and udp_fields= are scapy's for the IP and UDP headers."""
    head = Ether(src=src_mac, dst=dst_mac)
    if vlan is not None:
        head = head / Dot1Q(vlan=vlan)
    packet = head / IP(src=src, dst=dst, **(fields or {})) / UDP(sport=sport, dport=dport, **(udp_fields or {})) / Raw(payload)
    return Frame(label, lambda path, marker: packet)


def ask(guest, kind, xid=1, options=(), src=NONE, dst=EVERYBODY, src_mac=None, dst_mac=BROADCAST, mac=None, op=1, sport=68,
        dport=67, vlan=None, **header):
    """A client's message; `mac` is the hardware address in it."""
    listed = options if isinstance(options, bytes) else [(53, bytes([kind])), *options]
    payload = message(op, mac or guest.mac, xid, listed, **header)
    return frame(f"client message {kind}", payload, src_mac or guest.mac, dst_mac, src, dst, sport, dport, vlan=vlan)


def tell(server, guest, kind, xid=1, yiaddr=NONE, seconds=3600, options=(), src=None, dst=EVERYBODY, src_mac=None,
         dst_mac=BROADCAST, mac=None, op=2, sport=67, dport=68, identifier=None, vlan=None, fields=None, udp_fields=None, **header):
    """A server's message; seconds=None leaves option 51 out, identifier=None takes the sender for option 54."""
    listed = options
    if not isinstance(options, bytes):
        listed = [(53, bytes([kind])), (54, ip(identifier or src or server.ip))]
        listed += [(51, number(seconds))] if seconds is not None else []
        listed += options
    payload = message(op, mac or guest.mac, xid, listed, yiaddr=yiaddr, **header)
    return frame(f"server message {kind}", payload, src_mac or server.mac, dst_mac, src or server.ip, dst, sport, dport, vlan=vlan,
                 fields=fields, udp_fields=udp_fields)
