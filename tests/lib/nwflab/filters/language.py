# SPDX-License-Identifier: LGPL-2.1-or-later
"""
language.py: the language of filters as a table for generators

ELEMENTS has a row for each protocol element, KINDS one for each kind of value. A kind knows the forms in which a value can be
written (for the hand-written filters, which show each form once) and how to make one up; in a variable a value is written
without frills, because the stock driver hands its text to the tools, which read some forms in other ways.

FOLLOWS says whose sign an attribute takes. The stock driver's faults in this are told by exceptions.py.

Source: libvirt's format document and the released drivers, seen from outside. Written down independently of conf/.
"""

from dataclasses import dataclass, replace

STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID")
TCP_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
ETHERTYPES = {"arp": 0x806, "rarp": 0x8035, "ipv4": 0x800, "ipv6": 0x86DD, "vlan": 0x8100}
OPCODES = ("Request", "Reply", "Request_Reverse", "Reply_Reverse", "DRARP_Request", "DRARP_Reply", "DRARP_Error", "InARP_Request",
           "ARP_NAK")
PROTOCOLS = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132, "udplite": 136}
WITH_PORTS = ("tcp", "udp", "sctp", "6", "17", "132", "33", "0x6", "0x11")
ACTIONS = ("accept", "drop", "reject", "return", "continue")
DIRECTIONS = ("in", "out", "inout")
SETS = {"v4": ("nets4", "nets4b"), "v6": ("nets6", "nets6b")}  # that exist in the kernel; per IP version
CHAINS = ("mac", "vlan", "stp", "arp", "rarp", "ipv4", "ipv6")
CHAIN_PRIORITY = {"root": 0, "stp": 0, "mac": -800, "vlan": -750, "ipv4": -700, "ipv6": -600, "arp": -500, "rarp": -400}


# -- values -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """One kind of value: `forms` by name, `make(random)` a literal, `plain(random)` a text for a variable (None: not there)."""

    forms: dict
    make: callable
    plain: callable = None


def spell_number(random, number):
    """A number in one of the ways in which it may be written."""
    return random.choice((str(number), str(number), f"{number:#x}", f"0x{number:X}", f"{number:03d}"))


def number(low, high, forms):
    """Numbers from low to high; the ends are tried more often."""

    def choose(random):
        return random.choice((low, high, random.randint(low, high), random.randint(low, high), random.randint(low, min(high, low + 64))))

    return Kind(forms, lambda random: spell_number(random, choose(random)), lambda random: str(choose(random)))


def hexadecimal(kind):
    """A kind that in a variable is hexadecimal, with or without 0x."""
    return replace(kind, plain=lambda random: random.choice(("{:#06x}", "{:04x}", "{:04X}")).format(int(kind.plain(random))))


def named(names, low, high, forms):
    """Numbers, some of which have names."""
    numbers = number(low, high, {})

    def make(random):
        if random.random() < 0.5:
            return numbers.make(random)
        return random.choice((str, str.upper, str.capitalize))(random.choice(list(names)))

    return Kind(forms, make, numbers.plain)


def a_mac(random):
    """A MAC address."""
    head = random.choice(("52:54:00", "02:00:5e", "01:00:5e", "00:16:3e"))
    text = f"{head}:{random.randint(0, 255):02x}:{random.randint(0, 255):02x}:{random.randint(0, 255):02x}"
    return random.choice((text, "ff:ff:ff:ff:ff:ff")) if random.random() < 0.1 else text


def a_macmask(random):
    """A MAC mask: ones, then zeros."""
    bits = random.choice((8, 24, 24, 25, 32, 40, 47, 48))
    digits = f"{(1 << 48) - (1 << (48 - bits)):012x}"
    return ":".join(digits[i:i + 2] for i in range(0, 12, 2))


def an_ipv4(random):
    """An IPv4 address."""
    return f"{random.choice((10, 172, 192, 224, 255))}.{random.randint(0, 255)}.{random.randint(0, 3)}.{random.randint(0, 255)}"


def an_ipv6(random):
    """An IPv6 address, in the form in which it is printed."""
    return random.choice(("2001:db8::{:x}", "fe80::{:x}", "2001:db8:1:2:3:4:5:{:x}", "ff02::{:x}", "::{:x}")).format(random.randint(1, 0xFFFF))


def dotted(length):
    """A prefix length as a mask."""
    bits = (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF
    return ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))


def colons(length):
    """A prefix length as an IPv6 mask."""
    bits = ((1 << length) - 1) << (128 - length)
    return ":".join(f"{bits >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))


def a_mask(width, written):
    """Masks of addresses that are `width` bits long."""

    def make(random):
        length = random.choice((0, 8, width // 2, width // 2 + 3, width - 8, width - 1, width))
        return random.choice((str(length), str(length), written(length)))

    return make


def a_state(random):
    """A list of states."""
    if random.random() < 0.15:
        return random.choice(("NONE", "NONE,NEW", "", "none"))
    names = random.sample(STATES, random.randint(1, 4))
    return random.choice((",", ", ", " ")).join(random.choice((name, name, name.lower())) for name in names)


def a_flag_list(random, empty):
    """One side of TCP flags."""
    if random.random() < 0.2:
        return random.choice(("ALL", empty))
    return ",".join(random.sample(TCP_FLAGS, random.randint(1, 4)))


def set_flags(random):
    """Flags of a set."""
    return ",".join(random.choice(("src", "dst", "SRC")) for _ in range(random.randint(1, 3)))


def a_comment(random):
    """Words that a tool or a shell could stumble over."""
    words = random.choices(("web", "a", "it's", '"q"', "a;b", "`x`", "100%", "back\\slash", "--jump", "-j DROP", "<tag>", "a&b", "#1", "$(x)", "*",
                            "gr\u00fcn", "[0:0]", "\u4e16", "!", "tab?", "C", "#"), k=random.randint(1, 5))
    text = " ".join(words)
    return text if not text.startswith("$") else "x" + text


U8 = {"decimal": "17", "hex": "0x2A", "low": "0", "high": "255"}
U16 = {"decimal": "1234", "hex": "0xBeef", "low": "0", "high": "65535", "zeros": "007"}
ETHER = {"name": "ipv6", "capitals": "ARP", "decimal": "35020", "hex": "0x88CC"}

KINDS = {
    "u8": number(0, 255, U8),
    "u16": number(0, 0xFFFF, U16),
    "u32": number(0, 0xFFFFFFFF, {"decimal": "100000", "hex": "0x11223344", "low": "0", "high": "4294967295"}),
    "port": number(0, 0xFFFF, U16),
    "limit": Kind({"decimal": "3", "high": "65535", "zeros": "007"}, lambda r: str(r.randint(1, 65535)), lambda r: str(r.randint(1, 99))),
    "dscp": number(0, 63, {"decimal": "33", "hex": "0x2e", "low": "0", "high": "63"}),
    "vlanid": number(0, 4094, {"decimal": "5", "hex": "0xFf", "low": "0", "high": "4094"}),
    "option": number(1, 255, {"decimal": "8", "hex": "0x1F", "high": "255"}),  # the tool refuses 0
    "ethertype": hexadecimal(named(ETHERTYPES, 0x600, 0xFFFF, ETHER)),
    "encap": hexadecimal(named(ETHERTYPES, 0x3C, 0xFFFF, ETHER | {"length": "60"})),
    "arptype": hexadecimal(number(0, 0xFFFF, U16)),
    "opcode": named(OPCODES, 0, 0xFFFF, {"name": "Reply", "lower": "inarp_request", "decimal": "2", "hex": "0x10", "nak": "9"}),
    "protocol": named(PROTOCOLS, 0, 255, {"name": "udp", "capitals": "UDPlite", "decimal": "6", "hex": "0x3a", "unnamed": "47"}),
    "mac": Kind({"long": "52:54:00:7B:35:93", "short": "2:0:5E:a:B:c", "all": "ff:ff:ff:ff:ff:ff"}, a_mac, a_mac),
    "macmask": Kind({"half": "FF:FF:FF:0:0:0", "all": "ff:ff:ff:ff:ff:ff", "odd": "ff:ff:ff:80:00:00"}, a_macmask, a_macmask),
    "ipv4": Kind({"dotted": "10.1.2.3", "short": "10.1", "low": "0.0.0.0", "high": "255.255.255.255"}, an_ipv4, an_ipv4),
    "ipv4mask": Kind({"decimal": "24", "dotted": "255.240.0.0", "low": "0", "high": "32"}, a_mask(32, dotted),
                     lambda random: a_mask(32, str)(random)),
    "ipv6": Kind({"short": "2001:db8::1", "long": "2001:0DB8:0:0:0:0:0:10", "mapped": "::FFFF:192.0.2.1", "any": "::"}, an_ipv6, an_ipv6),
    "ipv6mask": Kind({"decimal": "64", "written": "FFFF:FFFF:FFFF::", "high": "128", "low": "0"}, a_mask(128, colons),
                     lambda random: a_mask(128, str)(random)),
    "bool": Kind({"true": "true", "one": "1", "yes": "yes", "false": "false", "word": "TRUE"},
                 lambda random: random.choice(("true", "yes", "1", "false", "no"))),
    "state": Kind({"one": "NEW", "list": "related , established", "all": "NEW,ESTABLISHED,RELATED,INVALID", "none": "NONE", "empty": ""},
                  a_state),
    "tcpflags": Kind({"one": "SYN/SYN", "list": "rst,syn,fin/syn", "all": "ALL/ACK", "none": "ALL/NONE"},
                     lambda random: f"{a_flag_list(random, 'SYN')}/{a_flag_list(random, 'NONE')}"),
    "set": Kind({"name": "{set}"}, lambda random: "{set}"),
    "setflags": Kind({"one": "src", "two": "SRC,dst", "six": "src,dst,src,dst,src,dst"}, set_flags),
    "comment": Kind({"word": "web", "marks": "say \"hi\" & don't <stop>; `x` $y \\ %s", "letters": "gr\u00fcn \u4e16\u754c", "empty": ""},
                    a_comment),
}


# Values of variables that no attribute of the kind can have; a tool may take some of them, or look them up.
MISFITS = {
    "u8": ("256", "lots", "1.5"), "u16": ("65536", "x"), "u32": ("4294967296",), "port": ("70000", "no_such_service", "::", "22:"),
    "limit": ("0x5", "many"), "dscp": ("64", "AF11"), "vlanid": ("4096", "blue"), "option": ("256",), "arptype": ("10000", "IPv4x"),
    "ethertype": ("5ff", "LOOP", "35020"), "encap": ("3b", "100000"), "opcode": ("Ask", "70000"), "protocol": ("256", "gre", "all"),
    "mac": ("52:54:00", "nobody"), "macmask": ("ffff", "24"), "ipv4": ("localhost", "10.0.0.256", "::1"), "ipv4mask": ("33", "255.0.255.0"),
    "ipv6": ("localhost", "10.0.0.1", "fe80::g"), "ipv6mask": ("129", "255.255.0.0"), "setflags": ("both",),
}


# -- elements -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Element:
    """One protocol element; attributes in the order in which dumpxml prints them."""

    layer: str  # "eth", "v4", "v6"
    attributes: dict
    unknown: tuple = ()  # attributes that the stock driver does not know
    proxy: str = None  # an element that the stock driver knows in its place


MACS = {"srcmacaddr": "mac", "srcmacmask": "macmask", "dstmacaddr": "mac", "dstmacmask": "macmask"}
PORTS = {"srcportstart": "port", "srcportend": "port", "dstportstart": "port", "dstportend": "port"}
COMMENT = {"comment": "comment"}
ICMP = {"type": "u8", "code": "u8"}
ARP = {**MACS, "hwtype": "u16", "protocoltype": "arptype", "opcode": "opcode", "arpsrcmacaddr": "mac", "arpdstmacaddr": "mac",
       "arpsrcipaddr": "ipv4", "arpsrcipmask": "ipv4mask", "arpdstipaddr": "ipv4", "arpdstipmask": "ipv4mask", "gratuitous": "bool",
       **COMMENT}


def addresses(kind):
    """Addresses and masks."""
    return {"srcipaddr": kind, "srcipmask": kind + "mask", "dstipaddr": kind, "dstipmask": kind + "mask"}


def ip_level(kind, *more):
    """What the elements of an IP layer share."""
    result = {"srcmacaddr": "mac", **addresses(kind), "srcipfrom": kind, "srcipto": kind, "dstipfrom": kind, "dstipto": kind, "dscp": "dscp",
              "connlimit-above": "limit", "state": "state", "ipset": "set", "ipsetflags": "setflags"}
    for part in more:
        result |= part
    return result | COMMENT


def with_ends(kind, *names):
    """Attributes NAME and NAME-hi."""
    return {name + end: kind for name in names for end in ("", "-hi")}


STP = {"srcmacaddr": "mac", "srcmacmask": "macmask", "type": "u8", "flags": "u8", **with_ends("u16", "root-priority"), "root-address": "mac",
       "root-address-mask": "macmask", **with_ends("u32", "root-cost"), **with_ends("u16", "sender-priority"), "sender-address": "mac",
       "sender-address-mask": "macmask", **with_ends("u16", "port", "age", "max-age", "hello-time", "forward-delay"), **COMMENT}
IPV6 = {**MACS, **addresses("ipv6"), "protocol": "protocol", **PORTS, "type": "u8", "typeend": "u8", "code": "u8", "codeend": "u8",
        "dscp": "dscp", **COMMENT}
TCP = {**PORTS, "option": "option", "flags": "tcpflags"}

ELEMENTS = {
    "mac": Element("eth", {**MACS, "protocolid": "ethertype", **COMMENT}),
    "vlan": Element("eth", {**MACS, "vlanid": "vlanid", "encap-protocol": "encap", **COMMENT}),
    "stp": Element("eth", STP),
    "arp": Element("eth", ARP),
    "rarp": Element("eth", ARP),
    "ip": Element("eth", {**MACS, **addresses("ipv4"), "protocol": "protocol", **PORTS, "dscp": "dscp", **COMMENT}),
    "ipv6": Element("eth", IPV6, unknown=("dscp",)),
    "tcp": Element("v4", ip_level("ipv4", TCP)),
    "udp": Element("v4", ip_level("ipv4", PORTS)),
    "udplite": Element("v4", ip_level("ipv4")),
    "esp": Element("v4", ip_level("ipv4")),
    "ah": Element("v4", ip_level("ipv4")),
    "sctp": Element("v4", ip_level("ipv4", PORTS)),
    "icmp": Element("v4", ip_level("ipv4", ICMP)),
    "igmp": Element("v4", ip_level("ipv4")),
    "all": Element("v4", ip_level("ipv4")),
    "tcp-ipv6": Element("v6", ip_level("ipv6", TCP), unknown=("flags",)),
    "udp-ipv6": Element("v6", ip_level("ipv6", PORTS)),
    "udplite-ipv6": Element("v6", ip_level("ipv6")),
    "esp-ipv6": Element("v6", ip_level("ipv6")),
    "ah-ipv6": Element("v6", ip_level("ipv6")),
    "sctp-ipv6": Element("v6", ip_level("ipv6", PORTS)),
    "icmpv6": Element("v6", ip_level("ipv6", ICMP)),
    "igmp-ipv6": Element("v6", ip_level("ipv6"), proxy="esp-ipv6"),
    "all-ipv6": Element("v6", ip_level("ipv6")),
}

# Ends of ranges, and what they end.
ENDS = {"srcipto": "srcipfrom", "dstipto": "dstipfrom", "srcportend": "srcportstart", "dstportend": "dstportstart", "typeend": "type",
        "codeend": "code", **{name: name.removesuffix("-hi") for name in STP if name.endswith("-hi")}}

# Where an attribute has an effect only beside another.
NEEDS = {"srcmacmask": "srcmacaddr", "dstmacmask": "dstmacaddr", "srcipmask": "srcipaddr", "dstipmask": "dstipaddr",
         "arpsrcipmask": "arpsrcipaddr", "arpdstipmask": "arpdstipaddr", "root-address-mask": "root-address",
         "sender-address-mask": "sender-address", **ENDS}


def leader_of(protocol, attribute):
    """The attribute whose sign `attribute` takes, or None if it has its own."""
    layer = ELEMENTS[protocol].layer
    if attribute in ("srcmacmask", "dstmacmask"):
        return NEEDS[attribute] if protocol in ("mac", "vlan", "stp") else None
    if attribute in ("arpsrcipmask", "arpdstipmask"):
        return None
    if attribute in ("srcportend", "dstportend") and layer == "eth":
        return None
    if attribute == "code":
        return "type"
    if attribute in ("typeend", "codeend"):
        return "type"
    return NEEDS.get(attribute)
