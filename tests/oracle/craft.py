# SPDX-License-Identifier: LGPL-2.1-or-later
"""
craft.py: frames byte by byte, right ones and wrong ones

A Sketch is a frame as a set of named fields; bytes() writes it down. Fields that are not set are what an honest sender would put there,
lengths and checksums too, so a wrong length is a field that was set. A sketch knows nothing of filters.

    Sketch("udp", src_mac=…, dst_mac=…, src="10.77.0.10", dst="10.77.0.12", dport=53, vlan=5).bytes()

Kinds: ether (any type), arp, rarp, stp, and tcp udp udplite sctp icmp igmp and `ip` (any protocol) over IPv4, the same with a 6 behind
it over IPv6 (icmp6 is ICMPv6).

Limits: one VLAN tag; IPv6 extension headers carry padding only.
"""

import ipaddress
import struct

ETHERTYPE = {"arp": 0x0806, "rarp": 0x8035}
PROTOCOL = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "sctp": 132, "udplite": 136}
HOP_BY_HOP, ROUTING, FRAGMENT, OPTIONS, AH, NONE = 0, 43, 44, 60, 51, 59
MARKER_SIZE = 8


def mac(text):
    """Six bytes."""
    return bytes(int(part, 16) for part in text.split(":"))


def address(text):
    """Four or sixteen bytes."""
    return ipaddress.ip_address(text).packed


def internet_sum(text):
    """The Internet checksum of bytes."""
    text += b"\0" * (len(text) % 2)
    total = sum(struct.unpack(f"!{len(text) // 2}H", text))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def crc32c(text):
    """The checksum of SCTP."""
    crc = 0xFFFFFFFF
    for byte in text:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Sketch:
    """See the opening of this file."""

    def __init__(self, kind, **fields):
        self.kind = kind
        self.fields = fields

    def __str__(self):
        return " ".join([self.kind, *(f"{name}={value.hex() if isinstance(value, bytes) else value}" for name, value in self.fields.items())])

    def get(self, name, default=None):
        """A field, or what it is if nobody set it."""
        return self.fields.get(name, default)

    def put(self, **fields):
        """The sketch with other fields; None takes one away."""
        merged = {name: value for name, value in {**self.fields, **fields}.items() if value is not None}
        return Sketch(self.kind, **merged)

    @property
    def version(self):
        """4, 6, or 0 for what is not IP."""
        if self.kind in ("ether", "stp", *ETHERTYPE):
            return 0
        return 6 if self.kind.endswith("6") else 4

    @property
    def protocol(self):
        """The protocol that the IP header, or the last extension header, names."""
        name = self.kind.removesuffix("6")
        default = 58 if self.kind == "icmp6" else PROTOCOL.get(name, 253)
        return self.get("proto", default)

    # -- writing ---------------------------------------------------------------------------------------------------------

    def bytes(self):
        """The frame."""
        if "all" in self.fields:
            body = bytes([self.fields["all"]]) * self.get("size", 46)
        else:
            body = {0: self._other, 4: self._ipv4, 6: self._ipv6}[self.version]()
        head = mac(self.get("dst_mac")) + mac(self.get("src_mac"))
        if self.get("vlan") is not None:
            head += struct.pack("!HH", self.get("tpid", 0x8100), self.get("vlan"))
        if self.kind == "stp":
            head += struct.pack("!H", len(body))
        else:
            head += struct.pack("!H", self.get("type", ETHERTYPE.get(self.kind, {4: 0x0800, 6: 0x86DD}.get(self.version, 0x88B5))))
        frame = head + body + bytes(self.get("padding", 0))
        return frame[:max(14, self.get("cut", len(frame)))]

    def _other(self):
        if self.kind == "ether":
            return self.get("payload", b"") + self.get("marker", b"") + bytes(30)
        if self.kind == "stp":
            return self._stp()
        sizes = self.get("hlen", 6), self.get("plen", 4)
        return (struct.pack("!HHBBH", self.get("htype", 1), self.get("ptype", 0x0800), *sizes, self.get("op", 1))
                + mac(self.get("sha", self.get("src_mac"))) + address(self.get("spa", "0.0.0.0"))
                + mac(self.get("tha", "00:00:00:00:00:00")) + address(self.get("tpa", "0.0.0.0")) + self.get("marker", b"") + bytes(10))

    def _stp(self):
        """`early` writes the fields one byte early, where the kernel looks for them."""
        body = struct.pack("!B", self.get("bpdu_type", 0)) + struct.pack(
            "!BH6sIH6sHHHHH", self.get("flags", 0), self.get("root_priority", 0x8000), mac(self.get("root_address", "00:00:00:00:00:00")),
            self.get("root_cost", 0), self.get("sender_priority", 0x8000), mac(self.get("sender_address", "00:00:00:00:00:00")),
            self.get("port", 1), self.get("age", 0), self.get("max_age", 20), self.get("hello_time", 2), self.get("forward_delay", 15))
        start = b"\x42\x42\x03\x00\x00" + (b"" if self.get("early") else bytes([self.get("bpdu_version", 0)]))
        return start + body + self.get("marker", b"")

    def _ipv4(self):
        options = self.get("options", b"")
        source, target = address(self.get("src")), address(self.get("dst"))
        body = self._transport(source + target)
        words = self.get("words", 5 + len(options) // 4)
        total = 20 + len(options) + len(body) + self.get("longer", 0)
        part = (0x2000 if self.get("more") else 0) | self.get("offset", 0) // 8
        head = struct.pack("!BBHHHBBH4s4s", self.get("ip_version", 4) << 4 | words, self.get("tos", 0), total & 0xFFFF, self.get("id", 1), part,
                           self.get("ttl", 64), self.protocol, 0, source, target) + options
        total = (internet_sum(head) + self.get("wrong_sum", 0)) & 0xFFFF
        return head[:10] + struct.pack("!H", total) + head[12:] + body

    def _ipv6(self):
        source, target = address(self.get("src")), address(self.get("dst"))
        body = self._transport(source + target)
        following = self.protocol
        headers = list(self.get("extensions", ()))
        for number in reversed(headers):
            body = self._extension(number, following) + body
            following = number
        head = struct.pack("!IHBB16s16s", self.get("ip_version", 6) << 28 | self.get("tos", 0) << 20 | self.get("flow", 0),
                           (len(body) + self.get("longer", 0)) & 0xFFFF, following, self.get("ttl", 64), source, target)
        return head + body

    def _extension(self, number, following):
        if number == FRAGMENT:
            return struct.pack("!BBHI", following, 0, self.get("offset", 0) | bool(self.get("more")), self.get("id", 1))
        if number == ROUTING:
            return struct.pack("!BBBB4s", following, 0, self.get("routing", 4), 0, bytes(4))
        if number == AH:
            return struct.pack("!BBHII", following, 1, 0, 1, 1)
        if number == NONE:
            return b""
        return struct.pack("!BB", following, 0) + b"\x01\x04\0\0\0\0"

    # -- transports --------------------------------------------------------------------------------------------------------

    def _transport(self, addresses):
        if "fragment_of" in self.fields:
            whole = self.fields["fragment_of"]
            start = self.get("offset", 0)
            return whole[start:start + self.get("size", len(whole))]
        name = self.kind.removesuffix("6")
        make = getattr(self, f"_{name}", self._any)
        return make(addresses)

    def segment(self):
        """The transport header and what follows, whole and without the IP header."""
        return self.put(fragment_of=None)._transport(address(self.get("src")) + address(self.get("dst")))

    def _summed(self, addresses, segment, at, covered=None):
        """Puts the checksum with pseudo header at offset `at`."""
        pseudo = struct.pack("!II", len(segment), PROTOCOL.get(self.kind.removesuffix("6"), 0) if self.kind != "icmp6" else 58)
        total = internet_sum(addresses + pseudo + (segment if covered is None else segment[:covered]))
        total = (total + self.get("wrong_transport_sum", 0)) & 0xFFFF
        return segment[:at] + struct.pack("!H", total) + segment[at + 2:]

    def _udp(self, addresses):
        text = self.get("text", b"") + self.get("marker", b"")
        head = struct.pack("!HHHH", self.get("sport", 40000), self.get("dport", 9), 8 + len(text) + self.get("udp_longer", 0), 0)
        return self._summed(addresses, head + text, 6)

    def _udplite(self, addresses):
        head = struct.pack("!HHHH", self.get("sport", 40000), self.get("dport", 9), self.get("coverage", 0), 0)
        return self._summed(addresses, head + self.get("marker", b""), 6, self.get("coverage", 0) or None)

    def _tcp(self, addresses):
        options = self.get("tcp_options", b"")
        options += b"\x01" * (-len(options) % 4)
        offset = self.get("doff", 5 + len(options) // 4)
        head = struct.pack("!HHIIBBHHH", self.get("sport", 40000), self.get("dport", 9), self.get("seq", 1000), self.get("ack", 0),
                           (offset << 4) & 0xFF, self.get("flags", 2), 8192, 0, 0)
        return self._summed(addresses, head + options + self.get("text", b"") + self.get("marker", b""), 16)

    def _sctp(self, _addresses):
        kind, tag = self.get("chunk", 1), self.get("tag", 0)
        body = struct.pack("!IIHHI", self.get("init_tag", 1), 65535, 1, 1, 1) if kind in (1, 2) else b""
        body += self.get("marker", b"") if kind not in (1, 2) else b"\x80\x08" + struct.pack("!H", 4 + MARKER_SIZE) + self.get("marker", bytes(8))
        chunk = struct.pack("!BBH", kind, 0, 4 + len(body)) + body
        head = struct.pack("!HHI", self.get("sport", 40000), self.get("dport", 9), tag)
        total = crc32c(head + bytes(4) + chunk) ^ self.get("wrong_transport_sum", 0)
        return head + struct.pack("<I", total) + chunk

    def _icmp(self, addresses):
        rest = self.get("quote", b"") + self.get("marker", b"")
        head = struct.pack("!BBHHH", self.get("icmp_type", 8), self.get("icmp_code", 0), 0, self.get("ident", 7), self.get("seq", 1))
        if self.kind == "icmp6":
            return self._summed(addresses, head + rest, 2)
        total = (internet_sum(head + rest) + self.get("wrong_transport_sum", 0)) & 0xFFFF
        return head[:2] + struct.pack("!H", total) + head[4:] + rest

    def _igmp(self, _addresses):
        head = struct.pack("!BBH4s", 0x16, 0, 0, bytes([224, 0, 0, 77]))
        return head[:2] + struct.pack("!H", internet_sum(head)) + head[4:] + self.get("marker", b"")

    def _any(self, _addresses):
        if self.protocol == AH:
            return struct.pack("!BBHII", 59, 1, 0, 1, 1) + self.get("marker", b"")
        return struct.pack("!II", 0x11000000, 1) + self.get("marker", b"")
