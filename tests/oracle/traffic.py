# SPDX-License-Identifier: LGPL-2.1-or-later
"""
traffic.py: frames that a filter is about, or nearly

Most frames are made for one rule: they have the values that it names, in the direction in which they travel, then one or two fields are
moved next to the value, swapped or exchanged, and now and then something odd happens to the frame: a tag, extension headers, cut off or
padded, wrong lengths and checksums, all ones. The rest are conversations (whose order means something to connection tracking) and
fragments.

Invariants: the same tree and seed give the same frames; fragments of one tree do not fit to those that another left in the kernel. Each frame carries a marker of its own if there is room for one. Conversations
have ports of their own; frames that the host sends past its own connection tracking belong to nobody's conversation.
"""

import ipaddress
import itertools
import random
import struct
from dataclasses import dataclass

import craft
import world
from craft import Sketch
from nwflab.guests import A, B, C, D, HOST
from world import ip_of

SWAPPED = {"src": "dst", "spa": "tpa", "sha": "tha", "sport": "dport", "src_mac": "dst_mac"}
SWAPPED |= {there: here for here, there in SWAPPED.items()}
# Attribute to field; ranges and masks are handled with their leader.
FIELDS = {"srcmacaddr": "src_mac", "dstmacaddr": "dst_mac", "protocolid": "type", "vlanid": "vlan", "encap-protocol": "type",
          "hwtype": "htype", "protocoltype": "ptype", "opcode": "op", "arpsrcmacaddr": "sha", "arpdstmacaddr": "tha",
          "arpsrcipaddr": "spa", "arpdstipaddr": "tpa", "srcipaddr": "src", "dstipaddr": "dst", "srcipfrom": "src", "dstipfrom": "dst",
          "protocol": "proto", "srcportstart": "sport", "dstportstart": "dport", "dscp": "tos", "type": "icmp_type", "typeend": "icmp_type",
          "code": "icmp_code", "codeend": "icmp_code", "option": "tcp_options", "flags": "flags"}
BPDU_FIELDS = {"type": "bpdu_type", "srcmacaddr": "src_mac"}
MASKS = {"srcmacaddr": "srcmacmask", "dstmacaddr": "dstmacmask", "arpsrcipaddr": "arpsrcipmask", "arpdstipaddr": "arpdstipmask",
         "srcipaddr": "srcipmask", "dstipaddr": "dstipmask", "root-address": "root-address-mask", "sender-address": "sender-address-mask"}
ENDS = {"srcipfrom": "srcipto", "dstipfrom": "dstipto", "srcportstart": "srcportend", "dstportstart": "dstportend", "type": "typeend",
        "code": "codeend"}
OPCODES = {"Request": 1, "Reply": 2}
KINDS = {4: ("udp", "tcp", "icmp", "sctp", "udplite", "igmp", "ip"), 6: ("udp6", "tcp6", "icmp6", "sctp6", "udplite6", "ip6")}
NUMBERS = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 132: "sctp", 136: "udplite"}
OF_ELEMENT = {"esp": 50, "ah": 51, "igmp": 2}


@dataclass(frozen=True)
class Shot:
    """A frame and who sends it."""

    sender: object
    sketch: Sketch

    @property
    def text(self):
        """The frame."""
        return self.sketch.bytes()

    def ends(self):
        """Where the bridge brings it."""
        target = self.text[:6]
        others = [station for station in (A, B, C, D) if station is not self.sender]
        if target[:5] == craft.mac(world.BRIDGE_GROUP)[:5] and target[5]:
            return []  # addresses that a bridge keeps to itself
        if target[0] & 1:
            return others + ([HOST] if self.sender is not HOST else [])
        known = {craft.mac(station.mac): station for station in (A, B, C, D, HOST)}.get(target)
        if known is None:
            return others
        return [known] if known is not self.sender else []

    def __str__(self):
        return f"{self.sender}: {self.sketch}\n    {self.text.hex()}"


class Maker:
    """Makes the frames for one tree."""

    def __init__(self, tree, seed):
        self.tree = tree
        self.random = random.Random(f"{seed} {tree.name} frames")
        self.serial = itertools.count(1)

    def chance(self, share):
        """Whether something of this likelihood happens."""
        return self.random.random() < share

    def choose(self, pool):
        """One of them."""
        return self.random.choice(list(pool))

    def marker(self):
        """Eight bytes of its own for each frame."""
        return struct.pack("!II", 0x6F726163, next(self.serial))

    # -- honest frames -----------------------------------------------------------------------------------------------------

    def honest(self, kind, sender, receiver):
        """A frame without lies."""
        sketch = Sketch(kind, src_mac=sender.mac, dst_mac=receiver.mac, marker=self.marker())
        if sketch.version:
            sketch = sketch.put(src=ip_of(sender, sketch.version), dst=ip_of(receiver, sketch.version), id=self.random.randrange(1 << 16))
        if kind in ("arp", "rarp"):
            sketch = sketch.put(sha=sender.mac, spa=sender.ip, tpa=receiver.ip, op=self.choose((1, 2)))
        if kind == "stp":
            sketch = sketch.put(dst_mac=world.BRIDGE_GROUP, early=self.chance(0.7) or None)
        if kind.startswith("tcp"):
            sketch = sketch.put(sport=20000 + next(self.serial), flags=self.choose((2, 2, 16, 18, 17, 4, 0, 63)))
        if kind.startswith("icmp"):
            sketch = sketch.put(icmp_type=self.choose(world.ICMP_TYPES[sketch.version]), ident=next(self.serial) & 0xFFFF)
        return sketch

    def kind_for(self, rule):
        """A kind of frame that the rule's element is about."""
        protocol = rule.protocol
        if protocol in (None, "mac", "vlan"):
            return self.choose(("ether", "arp", "rarp", "udp", "tcp", "icmp6", "udp6"))
        if protocol in ("arp", "rarp", "stp"):
            return protocol
        if protocol in ("ip", "ipv6"):
            number = world.PROTOCOLS.get(self.tree.values(rule.text("protocol", "udp"))[0])
            if protocol == "ipv6" and number == 58:
                return "icmp6"
            return NUMBERS.get(number, "ip") + ("6" if protocol == "ipv6" else "")
        version = "6" if rule.layer == "v6" else ""
        name = protocol.removesuffix("-ipv6")
        if name == "all":
            return self.choose(KINDS[6 if version else 4])
        if name == "icmpv6":
            return "icmp6"
        return ("ip" if name in OF_ELEMENT and (version or name != "igmp") else name) + version

    # -- frames for a rule -------------------------------------------------------------------------------------------------

    def for_rule(self, rule):
        """A frame that the rule matches, before anything is changed."""
        from_guest = {"out": 0.85, "in": 0.15}.get(rule.direction, 0.5) > self.random.random()
        guest = self.choose((A, A, B)) if self.tree.both else A
        other = self.choose([station for station in (A, B, C, C, HOST) if station is not guest])
        sender, receiver = (guest, other) if from_guest else (other, guest)
        sketch = self.honest(self.kind_for(rule), sender, receiver)
        if rule.protocol in OF_ELEMENT or (rule.protocol or "").removesuffix("-ipv6") in OF_ELEMENT:
            sketch = sketch.put(proto=OF_ELEMENT[rule.protocol.removesuffix("-ipv6")])
        if rule.protocol == "vlan":
            sketch = sketch.put(vlan=self.choose(world.VLANS))
        swap = (rule.direction == "out") != from_guest
        for name in rule.texts():
            sketch = self._follow(sketch, rule, name, swap)
        return sender, sketch

    def _follow(self, sketch, rule, name, swap):
        """The frame with what the rule says about an attribute."""
        if rule.protocol == "stp":
            field = BPDU_FIELDS.get(name, name.replace("-", "_"))
        else:
            field = FIELDS.get(name)
        if field is None or name in MASKS.values() or name.endswith("-hi") or name in ENDS.values() and ENDS_BACK[name] in rule.texts():
            return sketch if name != "gratuitous" else sketch.put(tpa=sketch.get("spa"))
        if swap:
            field = SWAPPED.get(field, field)
        value = self._value(rule, name)
        if value is None or (field == "proto" and not sketch.version):
            return sketch
        if rule.negated(name) and self.chance(0.5):
            value = self._beside(field, value)
        return sketch.put(**{field: value})

    def _value(self, rule, name):
        """One of the values that the attribute stands for, in the form of a sketch's field."""
        text = self.choose(self.tree.values(rule.text(name)))
        if name in ("state", "connlimit-above", "comment"):
            return None
        if name in MASKS and rule.has(MASKS[name]) and self.chance(0.7):
            return self._masked(text, self.choose(self.tree.values(rule.text(MASKS[name]))))
        end = ENDS.get(name, name + "-hi")
        if rule.has(end) and self.chance(0.7):
            return self._between(text, self.choose(self.tree.values(rule.text(end))))
        if name == "flags" and rule.protocol != "stp":
            return self._flags(text)
        if name == "option":
            return bytes((int(text, 0), self.choose((2, 4, 2, 0)))) + self.choose((b"", bytes(6)))
        if name == "dscp":
            return int(text, 0) << 2 | self.choose((0, 0, 1, 3))
        named = {**OPCODES, **world.ETHERTYPES, **world.PROTOCOLS} if name in ("opcode", "protocolid", "encap-protocol", "protocol") else {}
        if text in named:
            return named[text]
        return text if ":" in text or "." in text else int(text, 0)

    def _masked(self, text, mask):
        """An address that differs only where the mask has zeros."""
        if ":" in mask and mask.count(":") == 5:
            noise = bytes(self.random.randrange(256) for _ in range(6))
            kept = bytes(a & m | n & ~m & 0xFF for a, m, n in zip(craft.mac(text), craft.mac(mask), noise))
            return ":".join(f"{byte:02x}" for byte in kept)
        network = ipaddress.ip_network(f"{text}/{mask}", strict=False)
        return str(network[self.random.randrange(min(network.num_addresses, 1 << 16))])

    def _between(self, first, last):
        """A value between the two, often an end."""
        if ":" in first or "." in first:
            low, high = int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last))
            made = ipaddress.IPv6Address if ":" in first else ipaddress.IPv4Address
            return str(made(self.choose((low, high, self.random.randint(low, high)))))
        low, high = int(first, 0), int(last, 0)
        return self.choose((low, high, self.random.randint(low, high)))

    def _flags(self, text):
        mask, flags = (sum(world.TCP_FLAGS.get(name, 63 if name == "ALL" else 0) for name in side.split(",")) for side in text.split("/"))
        return flags | self.random.randrange(64) & ~mask

    # -- changes -----------------------------------------------------------------------------------------------------------

    def _beside(self, field, value):
        """Another value for a field, often the next one."""
        if field in ("src_mac", "dst_mac", "sha", "tha") or isinstance(value, str) and value.count(":") == 5:
            last = int(value[-2:], 16) ^ 1
            return self.choose((*world.MACS, f"{value[:-2]}{last:02x}"))
        if isinstance(value, str):
            number = int(ipaddress.ip_address(value))
            made = ipaddress.IPv6Address if ":" in value else ipaddress.IPv4Address
            high = (1 << made(0).max_prefixlen) - 1
            return self.choose((str(made(min(high, number + 1))), str(made(max(0, number - 1))), *world.ADDRESSES[made(0).version]))
        if isinstance(value, bytes):
            return self.choose((b"", b"\x01\x01\x02\x04\x05\xb4", b"\xfd\x02"))
        high = {"type": 0xFFFF, "sport": 0xFFFF, "dport": 0xFFFF, "htype": 0xFFFF, "ptype": 0xFFFF, "op": 0xFFFF, "vlan": 0xFFF,
                "root_cost": 0xFFFFFFFF}.get(field, 0xFF)
        wide = ("root_priority", "sender_priority", "port", "age", "max_age", "hello_time", "forward_delay")
        return self.choose((value + 1, value - 1, value ^ 0x80, 0)) & (0xFFFF if field in wide else high)

    def change(self, sketch):
        """The frame with one field moved, swapped or exchanged."""
        fields = [name for name in sketch.fields if name in set(FIELDS.values()) | {"flags", "root_priority", "root_cost", "port", "max_age"}]
        if self.chance(0.2) and sketch.get("src") and sketch.get("sport") is not None:
            pairs = (("src", "dst"), ("sport", "dport"))
            here, there = self.choose(pairs)
            return sketch.put(**{here: sketch.get(there, 9), there: sketch.get(here)})
        if not fields:
            return sketch
        field = self.choose(fields)
        return sketch.put(**{field: self._beside(field, sketch.get(field))})

    def odd(self, sketch):
        """The frame with something odd."""
        size = len(sketch.bytes())
        ways = [
            {"vlan": self.choose(world.VLANS), "tpid": self.choose((None, None, 0x88A8))},
            {"cut": self.random.randint(14, max(14, size - 1))}, {"cut": self.random.randint(14, 34)},
            {"padding": self.random.randint(1, 30)}, {"all": self.choose((0, 0xFF)), "size": self.choose((0, 1, 20, 46, 60))},
            {"dst_mac": self.choose(world.GROUPS)}, {"dst_mac": self.choose(world.STRANGERS)},
            {"src_mac": self.choose((*world.STRANGERS, "00:00:00:00:00:00", world.GROUPS[0]))},
        ]
        if sketch.kind in ("arp", "rarp"):
            ways += [{"hlen": self.choose((0, 5, 7, 8, 255))}, {"plen": self.choose((0, 3, 16))}, {"htype": 6}, {"ptype": 0x86DD},
                     {"tpa": sketch.get("spa")}, {"sha": self.choose(world.MACS)}] * 2
        if sketch.version:
            ways += [{"longer": self.choose((-1, 1, 8, -8, 100))}, {"ip_version": self.choose((4, 6, 5))}, {"tos": self.random.randrange(256)},
                     {"wrong_transport_sum": 1}]
        if sketch.version == 4:
            ways += [{"options": self.choose((b"\x01\x01\x01\x00", b"\x01" * 40))}, {"words": self.choose((4, 6, 15))}, {"wrong_sum": 1},
                     {"offset": self.choose((8, 16, 1480))}, {"more": 1}, {"offset": 8, "more": 1}] * 2
        if sketch.version == 6:
            numbers = (0, 43, 44, 51, 60, 59)
            ways += [{"extensions": (self.choose(numbers),)}, {"extensions": (0, self.choose(numbers))}, {"extensions": (0, 43, 60)},
                     {"extensions": (44,), "offset": self.choose((8, 16)), "more": self.choose((0, 1))}, {"extensions": (60, 44), "more": 1},
                     {"flow": self.choose((9, 53, 0x9C40))}] * 2
        if sketch.kind.startswith("tcp"):
            ways += [{"doff": self.choose((0, 4, 6, 15))}, {"flags": self.random.randrange(256)}]
        if sketch.kind.startswith("udp"):
            ways += [{"udp_longer": self.choose((-8, -1, 1))}, {"coverage": self.choose((8, 1, 4))}]
        if sketch.kind == "stp":
            ways += [{"early": None if sketch.get("early") else True}, {"bpdu_type": self.choose((0x80, 2))}, {"dst_mac": A.mac}]
        return sketch.put(**self.choose(ways))

    def single(self):
        """One frame."""
        sender, sketch = self.for_rule(self.choose(self.tree.rules))
        for _ in range(self.choose((0, 0, 1, 1, 1, 2))):
            sketch = self.change(sketch)
        if self.chance(0.3):
            sketch = self.odd(sketch)
        if sender is HOST:
            sketch = self._from_host(sketch)
        return [Shot(sender, sketch)]

    def _from_host(self, sketch):
        """What the lane sends for the host goes past its IP stack: nobody's conversation, and no tags, which a device would add."""
        sketch = sketch.put(vlan=None, tpid=None, extensions=None)
        if not sketch.version:
            return sketch
        if sketch.kind.removesuffix("6") in ("tcp", "udp"):
            return sketch.put(sport=30000 + next(self.serial))
        return sketch.put(type=0x88B5)

    # -- conversations and fragments -----------------------------------------------------------------------------------------

    def _speakers(self):
        guest = self.choose((A, B)) if self.tree.both else A
        other = self.choose([station for station in (B, C) if station is not guest])
        return (guest, other) if self.chance(0.5) else (other, guest)

    def _port(self):
        known = [int(value, 0) for rule in self.tree.rules for name in ("dstportstart", "srcportstart") if rule.has(name)
                 for value in self.tree.values(rule.text(name))]
        return self.choose((*known, 80))

    def _said(self, kind, speaker, listener, **fields):
        return Shot(speaker, self.honest(kind, speaker, listener).put(**fields))

    def conversation(self):
        """Frames whose order matters."""
        version = self.choose({"ipv4": (4,), "ipv6": (6,)}.get(self.tree.theme, (4, 4, 6)))
        tail = "6" if version == 6 else ""
        return self.choose((self._tcp, self._tcp, self._udp, self._ping, self._sctp, self._error))(tail, *self._speakers())

    def _tcp(self, tail, client, server):
        """A handshake, a question, an answer, goodbye; maybe cut short, maybe by somebody who joins late."""
        there, back = {"sport": 41000 + next(self.serial), "dport": self._port()}, {}
        back = {"sport": there["dport"], "dport": there["sport"]}
        lines = [(client, {"flags": 2, "seq": 1000}), (server, {"flags": 18, "seq": 5000, "ack": 1001}),
                 (client, {"flags": 16, "seq": 1001, "ack": 5001}), (client, {"flags": 24, "seq": 1001, "ack": 5001}),
                 (server, {"flags": 24, "seq": 5001, "ack": 1009}),
                 self.choose(((client, {"flags": 17, "seq": 1009, "ack": 5009}), (server, {"flags": 20, "seq": 5009, "ack": 1009}))),
                 (server, {"flags": 17, "seq": 5009, "ack": 1018})]
        if self.chance(0.3):
            lines = lines[self.choose((1, 2, 3)):]
        lines = lines[:self.random.randint(2, len(lines))]
        result = []
        for speaker, fields in lines:
            listener, ports = (server, there) if speaker is client else (client, back)
            shot = self._said(f"tcp{tail}", speaker, listener, **ports, **fields)
            silent = not fields["flags"] & 8  # only what is pushed has a text
            result.append(Shot(speaker, shot.sketch.put(marker=b"" if silent else shot.sketch.get("marker"))) if silent and
                          fields["flags"] != 17 else shot)
        return result

    def _udp(self, tail, client, server):
        ports = {"sport": 41000 + next(self.serial), "dport": self._port()}
        ask = self._said(f"udp{tail}", client, server, **ports)
        answer = self._said(f"udp{tail}", server, client, sport=ports["dport"], dport=ports["sport"])
        return self.choose(([ask, answer], [ask, answer, ask], [answer, ask, answer], [ask, ask]))

    def _ping(self, tail, client, server):
        kind, ident = f"icmp{tail}", next(self.serial) & 0xFFFF
        types = (128, 129) if tail else self.choose(((8, 0), (13, 14)))
        ask = self._said(kind, client, server, icmp_type=types[0], ident=ident)
        answer = self._said(kind, server, client, icmp_type=types[1], ident=ident)
        return self.choose(([ask, answer], [answer, ask, answer], [ask, answer, ask]))

    def _sctp(self, tail, client, server):
        there = {"sport": 41000 + next(self.serial), "dport": self._port()}
        back = {"sport": there["dport"], "dport": there["sport"]}
        kind = f"sctp{tail}"
        return [self._said(kind, client, server, **there, chunk=1, init_tag=7), self._said(kind, server, client, **back, chunk=2, tag=7, init_tag=8),
                self._said(kind, client, server, **there, chunk=10, tag=8), self._said(kind, server, client, **back, chunk=11, tag=7)]

    def _error(self, tail, client, server):
        """An error about a datagram that was sent, or not."""
        asked = self._udp(tail, client, server)[0]
        quote = asked.text[14:]
        error = self._said(f"icmp{tail}", server, client, icmp_type=1 if tail else 3, icmp_code=4 if tail else 3, quote=quote, ident=0, seq=0)
        return [asked, error] if self.chance(0.7) else [error]

    def fragments(self):
        """A packet in pieces: in order, the other way round, without an end, twice, or overlapping."""
        speaker, listener = self._speakers()
        kind = self.choose(("udp", "udp6", "tcp", "icmp", "udp"))
        whole = self.honest(kind, speaker, listener).put(dport=self._port(), text=bytes(self.random.randrange(256) for _ in range(40)))
        segment = whole.segment()
        cut = self.choose((8, 16, 24))
        first = {"offset": 0, "size": cut, "more": 1}
        last = {"offset": cut, "size": len(segment)}
        inner = {"offset": cut - 8, "size": 16, "more": 1}
        order = self.choose(([first, last], [last, first], [first], [last], [first, first, last], [first, inner, last]))
        extensions = (44,) if kind.endswith("6") else None
        return [Shot(speaker, whole.put(fragment_of=segment, extensions=extensions, **piece)) for piece in order]

    def shots(self, count):
        """So many frames."""
        result = []
        talk = {"state": 0.3, "ipv4": 0.08, "ipv6": 0.08, "anything": 0.05}.get(self.tree.theme, 0.01)
        while len(result) < count:
            lot = self.random.random()
            if lot < talk:
                result += self.conversation()
            elif lot < talk + 0.04:
                result += self.fragments()
            else:
                result += [shot for shot in self.single() if shot.ends()]
        return result[:count]


ENDS_BACK = {end: start for start, end in ENDS.items()}
