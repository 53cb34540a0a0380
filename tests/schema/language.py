# SPDX-License-Identifier: LGPL-2.1-or-later
"""
language.py: the language of filters as a table, written down a second time

The grammar says what may stand where; this says it again from the same sources (libvirt's format document, and what
the released drivers read and print) in another form, so that a slip in one of the two shows. ELEMENTS has one row per
protocol element, TYPES one per type of value:

    legal    what a user may write and what dumpxml prints: must be accepted
    foreign  what libvirt's grammar accepts although its parser refuses it or reads it in an odd way: must be accepted
    illegal  must be refused

Every attribute of a protocol may be a variable as well: VARIABLES.
"""

VARIABLES = ("$MAC", "$ip_addr", "$0", "$IP[0]", "$IP[4294967295]", "$IP[@1]", "$IP[@1000]", "$IP[ 2 ]", "$", "$[0]")
FOREIGN_VARIABLES = ("$IP[@1001]", "$A B", "$IP[99999999999]", "$IP[ @1 ]", "$IP[1] ")
BROKEN_VARIABLES = ("$A-B", "$$A", "$A.B", "$IP[", "$IP[]", "$IP[x]", "$IP[@]", "$IP[0x1]", "$IP[1]x", "$IP[1][2]",
                    " $IP", "$\u00c4", "x$IP", "${IP}")


class Type:
    """Values of one type; texts are divided by |, and None is no value at all."""

    def __init__(self, legal, illegal, foreign=None):
        self.legal, self.illegal, self.foreign = (() if text is None else tuple(text.split("|"))
                                                  for text in (legal, illegal, foreign))


def number(limit, digits, foreign="1 | 1|\t1|-0"):
    """An unsigned number, decimal or hexadecimal with 0x, up to limit, which has so many hexadecimal digits."""
    return Type(f"0|1|{limit}|007|+5|0x0|0x1|0X1|{limit:#x}|0x{'0' * 4}{limit:X}",
                f"{limit + 1}|{limit + 1:#x}|0x1{'0' * digits}|-1|1.5|1e1|abc|0x|0xg|x||1 1|1,2|1-2|0b1",
                foreign)


MAC = Type("00:11:22:33:44:55|aA:bB:cC:dD:eE:fF|0:1:2:3:4:5|01:00:00:00:00:00",
           "00:11:22:33:44|00:11:22:33:44:55:66|00-11-22-33-44-55|001:11:22:33:44:55|gg:11:22:33:44:55|001122334455||24"
           "|00:11:22:33:44:55 | 00:11:22:33:44:55|00::22:33:44:55")
IPV4 = Type("10.0.0.1|0.0.0.0|255.255.255.255",
            "10.0.0|10.0.0.1.2|10.0.0.1/24|300.1.1.1|1000.1.1.1|10.0.0.x|::1|host||10.0.0.1 |10..0.1",
            "256.0.0.1|010.0.0.1|1.2.3.299")
IPV6 = Type("::|::1|2001:db8::10|fe80::1%eth0|1:2:3:4:5:6:7:8|::2:3:4:5:6:7:8|1:2:3:4:5:6:7::|::ffff:192.0.2.1"
            "|::192.0.2.1|64:ff9b::192.0.2.1|1:2:3:4:5:6:1.2.3.4|FE80::A|fe80::1%br-lan.5",
            "10.0.0.1|1|::1/64|[::1]|12345::|g::|1:2:3:4:5:6:7:8:9|1:2:3::4:5:6:7:8:9|::1.2.3|::1.2.3.4.5|::1.2.3.400"
            "|fe80::1%|fe80::1%a b||:|1:2|::1 | ::1|host",
            "1::2::3|:::|1:2:3:4:5:6:7|1:2:|1:2:3:4:5:6:7:1.2.3.4|::12345|::300.1.1.1|::a1.2.3.4")
ETHER = "arp|rarp|ipv4|ipv6|vlan|35020|65535|0x88cc|0xFFFF"
NOT_ETHER = "65536|0x10000|ip|stp|loop|x||-1|abc|0x"

TYPES = {
    "u8": number(0xFF, 2),
    "u16": number(0xFFFF, 4),
    "u32": number(0xFFFFFFFF, 8, "1 | 1|\t1"),
    "dscp": number(0x3F, 2),
    "vlanid": number(0xFFF, 3),
    "ethertype": Type(f"{ETHER}|0x600|1536", f"{NOT_ETHER}|1535|0x5ff|0|6", "0x00ff| arp"),
    "encap": Type(f"{ETHER}|0x600|60|0x3c|0x03c|0x5ff|1535", f"{NOT_ETHER}|59|0x3b|0x03b|0|6", "0x00ff| arp"),
    "opcode": Type("Request|Reply|Request_Reverse|Reply_Reverse|DRARP_Request|DRARP_Reply|DRARP_Error|InARP_Request"
                   "|ARP_NAK|0|1|65535|0x10",
                   "65536|Ask|Request |REQUEST|Request_|NAK|-1|abc|",
                   "request|reply|request_reverse|Reply_reverse|DRARP_error|InARP_request"),
    "protocol": Type("icmp|igmp|tcp|udp|esp|ah|icmpv6|sctp|udplite|0|6|255|0x3a",
                     "256|0x100|gre|dccp|all|ip|tcp,udp|-1|abc|", "tcp "),
    "mac": MAC,
    "macmask": Type("ff:ff:ff:00:00:00|ff:ff:ff:ff:ff:ff|00:00:00:00:00:00", "|".join(MAC.illegal),
                    "01:00:00:00:00:00|ff:ff:00:ff:ff:ff"),
    "ipv4": IPV4,
    "ipv4mask": Type("0|24|32|255.255.255.0|0.0.0.0|+8|08", "33|-1|0x18|/24|255.255.0|::|abc|",
                     "255.0.255.0|256.0.0.0|8 "),
    "ipv6": IPV6,
    "ipv6mask": Type("0|64|128|ffff:ffff::|FFFF:FFFF:FC00::|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                     "129|-1|0x40|/64|255.255.255.0|abc|", "ffff:0:ffff::|64 "),
    "ipv6or4": Type("|".join(IPV6.legal + IPV4.legal), "::1/64|10.0.0|[::1]|12345::|300.1.1.1|host|"),
    "bool": Type("true|yes|1|false|no|0", "TRUE|Yes|on|2|", " no"),
    "state": Type("|NEW|ESTABLISHED|RELATED|INVALID|NONE|NEW,ESTABLISHED,RELATED,INVALID|RELATED,NEW",
                  "UNTRACKED|NEWX|NEW,|,NEW|NEW,,RELATED|NEW;RELATED|NEW,BAD| NEW", "NEW,NEW|NONE,NEW"),
    "tcpflags": Type("SYN/SYN|FIN,SYN,RST/SYN|ALL/NONE|NONE/NONE|SYN,ACK,URG,PSH,FIN,RST/ALL",
                     "SYN|SYN/ACK/RST|/|SYN/|/SYN|ECE/ECE|CWR/CWR|2/2|SYN ACK/SYN|SYN,/SYN",
                     "SYN,SYN/SYN|ALL,SYN/SYN"),
    "ipset": Type("admins|a b|a-b+c.d:e_f|" + "a" * 31 + "||+", "a" * 32 + "|a/b|a,b|a$b|\u00fc|a\tb|(x)|x[0]"),
    "ipsetflags": Type("src|dst|src,dst|SRC,Dst|src,src,src,src,src,src",
                       "src,src,src,src,src,src,src|src dst|src;dst|src, dst|,src|src,|srcdst|both|"),
    "comment": Type("|text|" + "x" * 256 + "|" + "x" * 300 + "|a<b>&'\"|line\nline\ttab|\u00fc\u4e16|$NOTE", None,
                    "$5 bill|$"),
}

MACS = {"srcmacaddr": "mac", "srcmacmask": "macmask", "dstmacaddr": "mac", "dstmacmask": "macmask"}
PORTS = dict.fromkeys(("srcportstart", "srcportend", "dstportstart", "dstportend"), "u16")
LAST = {"comment": "comment"}


def addresses(version):
    """Addresses and masks."""
    return {"srcipaddr": version, "srcipmask": version + "mask", "dstipaddr": version, "dstipmask": version + "mask"}


def ip_layer(version):
    """What all elements of an IP layer share."""
    last = "ipv6or4" if version == "ipv6" else version  # released drivers read IPv4 there
    return {"srcmacaddr": "mac", **addresses(version),
            "srcipfrom": version, "srcipto": version, "dstipfrom": version, "dstipto": last,
            "dscp": "dscp", "connlimit-above": "u16", "state": "state",
            "ipset": "ipset", "ipsetflags": "ipsetflags", **LAST}


def ranges(kind, *names):
    """Attributes NAME and NAME-hi."""
    return {name + end: kind for name in names for end in ("", "-hi")}


ICMP = {"type": "u8", "code": "u8"}
TCP = {**PORTS, "option": "u8", "flags": "tcpflags"}
ARP = {**MACS, "hwtype": "u16", "protocoltype": "u16", "opcode": "opcode",
       "arpsrcmacaddr": "mac", "arpdstmacaddr": "mac",
       "arpsrcipaddr": "ipv4", "arpsrcipmask": "ipv4mask", "arpdstipaddr": "ipv4", "arpdstipmask": "ipv4mask",
       "gratuitous": "bool", **LAST}

ELEMENTS = {
    "mac": {**MACS, "protocolid": "ethertype", **LAST},
    "vlan": {**MACS, "vlanid": "vlanid", "encap-protocol": "encap", **LAST},
    "stp": {"srcmacaddr": "mac", "srcmacmask": "macmask", "type": "u8", "flags": "u8",
            "root-address": "mac", "root-address-mask": "macmask",
            "sender-address": "mac", "sender-address-mask": "macmask",
            **ranges("u32", "root-cost"), **ranges("u16", "root-priority", "sender-priority", "port"),
            **ranges("u16", "age", "max-age", "hello-time", "forward-delay"), **LAST},
    "arp": ARP,
    "rarp": ARP,
    "ip": {**MACS, **addresses("ipv4"), "protocol": "protocol", **PORTS, "dscp": "dscp", **LAST},
    "ipv6": {**MACS, **addresses("ipv6"), "protocol": "protocol", **PORTS, "dscp": "dscp", **ICMP,
             "typeend": "u8", "codeend": "u8", **LAST},
    "tcp": {**ip_layer("ipv4"), **TCP},
    "tcp-ipv6": {**ip_layer("ipv6"), **TCP},
    **dict.fromkeys(("udp", "sctp"), {**ip_layer("ipv4"), **PORTS}),
    **dict.fromkeys(("udp-ipv6", "sctp-ipv6"), {**ip_layer("ipv6"), **PORTS}),
    "icmp": {**ip_layer("ipv4"), **ICMP},
    "icmpv6": {**ip_layer("ipv6"), **ICMP},
    **dict.fromkeys(("igmp", "esp", "ah", "udplite", "all"), ip_layer("ipv4")),
    **dict.fromkeys(("igmp-ipv6", "esp-ipv6", "ah-ipv6", "udplite-ipv6", "all-ipv6"), ip_layer("ipv6")),
}

# Attributes that no element has: the document's misprints, typing errors, names of other languages.
STRANGERS = ("srpipaddr", "port_hi", "msg-age", "msg-age-hi", "matches", "dstport", "sport", "srcip", "SRCIPADDR", "id")

# Values outside of protocols; what every grammar accepts stands first.
PLACES = {
    "name": Type("x|no-ip.spoofing_2|a b|1x|\u00fc|a'b\"<&|..|" + "x" * 300, "|a/b|../x", " x "),
    "chain": Type("root|stp|mac|vlan|arp|rarp|ipv4|ipv6|arp-xyz|macvlan|ipv4-web_1.:|arp-12345678",
                  "|rootx|root-1|ARP|tcp|ip|arp x|arp-123456789|arp-$|arp/x| arp|Root", " root"),
    "priority": Type("0|-1000|1000|+42|-5|007", "1001|-1001||0x5|5.0|high|1e2|$P", "5 | 5|-0"),
    "action": Type("accept|drop|reject|return|continue", "|DROP|deny|jump|accept,drop|$A", " drop"),
    "direction": Type("in|out|inout", "|IN|both|in,out|forward", " in"),
    "statematch": Type("0|false|False|FALSE", "|1|true|no|00|off| 0"),
    "match": Type("yes|no", "|NO|Yes|not|true|0|$M", " no"),
    "uuid": Type("f88f1932-debf-4aa1-9fbe-f10d3aa4bc95|F88F1932DEBF4AA19FBEF10D3AA4BC95|" + "0" * 32,
                 "|f88f1932-debf-4aa1-9fbe-f10d3aa4bc9|f88f1932-debf4aa19fbef10d3aa4bc95"
                 f"|{'f' * 33}|{'g' * 32}|{{{'0' * 32}}}"),
    "reference": Type("clean-traffic|a b||a/b|\u00fc<", None, " x "),
    "parameter-name": Type("IP|a_1|0|", "A-B|A B|$A|\u00fc|IP[0]| A"),
    "parameter-value": Type("10.0.0.1|2001:db8::1|a_B|0", "|10.0.0.0/8|a b|a,b|-1|$A|fe80::1%eth0|\u00fc"),
}
