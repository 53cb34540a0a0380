# SPDX-License-Identifier: LGPL-2.1-or-later
"""
spellings.py: texts that a value could be, whether they are or not

One list for each kind of value, written at the borders of what is legal: just inside, just outside, and what only a parser with
a certain library function takes. Nothing here says what is right: the stock driver does. Every list is also tried with WHITE around
it, and every kind with REFERENCES to variables.
"""

from nwflab.filters.language import ELEMENTS

NUMBERS = ("0", "1", "-0", "+0", "+7", "-1", "007", "0x0", "0X1f", "0xFF", "ff", "FF", "0b", "b", "1e1", "1.0", "1,5", "0x", "x", "0xg", "1 1", "1_0", "\u0661",
           "--1", "+-1", "0x-1", "-0x1", "255", "256", "0xff", "0x100", "65535", "65536", "0xffff", "0x10000", "4294967295", "4294967296",
           "0xffffffff", "0x100000000", "-4294967295", "-4294967296", "18446744073709551615", "18446744073709551616", "99999999999999999999", "63", "64",
           "0x3f", "0x40", "4095", "4096", "0xfff", "0x1000", "59", "60", "0x3b", "0x3c", "1535", "1536", "0x5ff", "0x600", "abc", "face", "beef")
NAMES = ("arp", "ARP", "Arp", "rarp", "ipv4", "IPv4", "ip", "ipv6", "vlan", "VLAN", "stp", "802_1Q", "Request", "request", "REPLY", "reply_reverse", "Request_",
         "DRARP_Error", "InARP_Request", "InARP_Reply", "ARP_NAK", "NAK", "icmp", "ICMP", "igmp", "tcp", "TCP", "udp", "esp", "ah", "icmpv6", "ipv6-icmp", "sctp",
         "udplite", "dccp", "gre", "all", "any", "tcp,udp", "arp6")
ADDRESSES = ("10.0.0.1", "10.0.0.256", "10.0.0", "10.1", "1", "0", "10.0.0.1.2", "010.0.0.1", "0x0a.0.0.1", "10.0.0.0x1", "10.0.0.1/24", "1.2.3.4x", "1..2.3", ".1.2.3",
             "1.2.3.", "4294967295", "0xffffffff", "255.255.255.255", "0.0.0.0", "localhost", "::1", "08.0.0.1", "1.2.65535", "1.16777215", "1.2.3.+4", "-1.2.3.4",
             "::", ":::", "1::", "1::2::3", "2001:DB8::A", "2001:0db8:0000::0001", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::ffff:1.2.3.4",
             "::FFFF:01.2.3.4", "::1.2.3.4", "::1.2.3", "64:ff9b::1.2.3.4", "fe80::1%lo", "fe80::1%1", "fe80::1%nosuch", "fe80::1%", "2001:db8::1%1", "[::1]", "::1/64",
             "12345::", "::g", "1:2:3:4:5:6:1.2.3.4", "0:0:0:0:0:0:0:0", "::0:0", "1:0:0:2:0:0:0:3")
MASKS = ("0", "1", "24", "32", "33", "-1", "+8", "08", " 8", "0x18", "/24", "24/", "255.255.255.0", "255.0.255.0", "0.0.0.255", "255.255.255", "0.0.0.0", "255.255.255.255",
         "128", "129", "64", "ffff::", "FFFF:ff00::", "ffff:0:ffff::", "::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0x40", "abc", "4294967296", "256.0.0.0",
         "010", "255.240.0.0", "0377.0.0.0")
MACS = ("52:54:00:7b:35:93", "52:54:0:7B:35:93", "52-54-00-7b-35-93", "5254007b3593", "52:54:00:7b:35", "52:54:00:7b:35:93:1", "52:54:00:7b:35:93 x", "52:54:00:7b:35:93\tx",
        "52:54:00:7b:35:93x", "52:54:00:7b:35:931", "052:54:00:7b:35:93", "52:54:00:7b:35:gg", " 52:54:00:7b:35:93", ":54:00:7b:35:93", "52::00:7b:35:93", "+1:2:3:4:5:6",
        "-1:2:3:4:5:6", "0x1:2:3:4:5:6", "1:2:3:4:5: 6", "ff:ff:ff:00:00:00", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:00:00:00:00:00", "ff:ff:00:ff:ff:ff",
        "fe:00:00:00:00:00", "ff:00:00:00:00:01", "80:0:0:0:0:0", "7f:ff:ff:ff:ff:ff", "52:54:00:7b:35:93,", "52:54:00:7b:35:93;52:54:00:7b:35:94")
WORDS = ("true", "TRUE", "yes", "Yes", "1", "on", "false", "no", "0", "off", "2", "x")
LISTS = ("NEW", "new", "NEW,ESTABLISHED", "ESTABLISHED,NEW", "NEW ESTABLISHED", "NEWRELATED", "NEW,,RELATED", ",NEW", "NEW,", "NEW;RELATED", "NEW,NEW", "NONE", "NONE,NEW",
         "NEW,NONE", "UNTRACKED", "NEWX", "NE", "NEW|RELATED", "RELATED\nINVALID", "SYN/SYN", "SYN", "/", "SYN/", "/SYN", "SYN,ACK/SYN", "SYN ACK/ACK", "ALL/NONE", "all/syn",
         "NONE/NONE", "SYN/SYN/SYN", "FIN,SYN,RST,PSH,ACK,URG/ALL", "ALL,SYN/SYN", "SYN/NONE,ACK", "ECE/ECE", "SYNACK/SYN", "SYN,/SYN", "2/2", "!SYN/SYN", "src", "SRC", "src,dst",
         "dst,dst", "src,src,src,src,src,src", "src,src,src,src,src,src,", "src,src,src,src,src,src,src", "src dst", "src, dst", ",src", "src,", "src;dst", "srcdst", "both")
TEXTS = ("admins", "a b", "a-b+c.d:e_f", "a" * 31, "a" * 32, "a/b", "a,b", "a$b", "\u00fc", "a\tb", "-x", "!x", "#x", "x" * 255, "x" * 256, "x" * 257, "<&>\"'", "line\nfeed",
         "tab\there", "\u4e16\u754c", "$(x)", "%s", "a  b")
WHITE = ("", " ", "{} ", " {}", "\t{}", "{}\n", "  {}")
REFERENCES = ("$A", "$", "$A[0]", "$A[@0]", "$A[@1]", "$A[ 1 ]", "$A[ @2 ]", "$A[1]x", "$A[1][2]", "$A[1", "$A[]", "$A[x]", "$A[-1]", "$A[+1]", "$A[@-1]", "$A[@1000]", "$A[@1001]",
              "$A[@99999999999]", "$A[4294967295]", "$A[4294967296]", "$A[0x1]", "$A[01]", "$ A", "$A ", " $A", "$A-B", "$$A", "$A.B", "$\u00c4", "${A}", "x$A", "$0", "$A[@ 1]", "$A[1 2]",
              "$A[1 @]", "$A@1", "$a_B9", "$A[@@1]", "$A\t[1]", "$A[1]\t")

BY_KIND = {
    "u8": NUMBERS, "u16": NUMBERS, "u32": NUMBERS, "port": NUMBERS, "limit": NUMBERS, "dscp": NUMBERS, "vlanid": NUMBERS, "option": NUMBERS, "arptype": NUMBERS,
    "ethertype": NUMBERS + NAMES, "encap": NUMBERS + NAMES, "opcode": NUMBERS + NAMES, "protocol": NUMBERS + NAMES, "mac": MACS, "macmask": MACS, "ipv4": ADDRESSES,
    "ipv6": ADDRESSES, "ipv4mask": MASKS, "ipv6mask": MASKS, "bool": WORDS, "state": LISTS, "tcpflags": LISTS, "set": TEXTS, "setflags": LISTS, "comment": TEXTS,
}


def texts_of(kind):
    """All texts to be tried for a kind."""
    base = BY_KIND[kind]
    white = [form.format(text) for form in WHITE for text in base[:2]]
    return list(dict.fromkeys((*base, *white, *REFERENCES)))


def places():
    """{kind: [(protocol, attribute)]}, without those that an exception is about."""
    result = {}
    for protocol, element in ELEMENTS.items():
        for name, kind in element.attributes.items():
            if element.proxy or name in element.unknown or (element.layer == "v6" and name == "dstipto"):
                continue
            if name in ("ipset", "ipsetflags") and not protocol.startswith("all"):
                continue
            result.setdefault(kind, []).append((protocol, name))
    return result


# Attributes of <rule> and <filter>: (place, text)
RULE_WORDS = {
    "action": ("accept", "drop", "reject", "return", "continue", "ACCEPT", " drop", "drop ", "", "deny"),
    "direction": ("in", "out", "inout", "IN", "in ", "", "both", "outin"),
    "priority": ("0", "-1", "1000", "1001", "-1000", "-1001", "500", "+5", " 5", "5 ", "", "0x5", "5.0", "x", "007", "-0", "99999999999", "1e2"),
    "statematch": ("0", "1", "true", "false", "FALSE", "False", "no", "yes", "", "00", " 0", "x"),
    "match": ("yes", "no", "NO", "No", "", "x", "no ", "false"),
}
FILTER_WORDS = {
    "chain": ("root", "mac", "vlan", "stp", "arp", "rarp", "ipv4", "ipv6", "arpx", "arp-x", "macvlan", "ARP", "ip", "tcp", "foo", "", " arp", "arp ", "arp x", "arp/x",
              "arp-56789012", "arp-567890123", "ipv4_.:-", "rarp1", "ipv61", "stp-", "arp\u00fc", "root "),
    "priority": ("0", "-1000", "1000", "1001", "-1001", "5", "+5", " 5", "5 ", "0x5", "x", "5.0", "", "007", "-0", "99999999999"),
}
UUIDS = ("5EC00000-0000-4000-8000-00000000ABCD", "5ec0000000004000800000000000abcd", "5e c0 00 00-0000-4000-8000-00000000abcd", " 5ec00000-0000-4000-8000-00000000abcd ",
         "5ec00000-0000-4000-8000-00000000abc", "5ec00000-0000-4000-8000-00000000abcde", "0" * 32, "f" * 32, "nonsense", "5-ec00000-0000-4000-8000-00000000abcd",
         "{5ec00000-0000-4000-8000-00000000abcd}", "5ec00000-0000-4000-8000-00000000abcd x", "5ec00000--0000-4000-8000-00000000abcd", "-" + "1" * 32, "g" * 32)
