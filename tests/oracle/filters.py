# SPDX-License-Identifier: LGPL-2.1-or-later
"""
filters.py: filters from a seed

One filter tree has a theme (a layer, state, anything) so that its rules have to do with each other, some sub-chains, and often ends with
rules that drop the rest. Rules are those of the differential lane's model, so that its predicates on differences to the stock driver can be
asked about them; which attributes an element has comes from its tables too.

Invariant: the same seed and number give the same filter, whatever was generated before.
"""

import random
from dataclasses import dataclass

import world
from nwflab.filters.exceptions import NotPlayable, Setting, rows_of
from nwflab.filters.language import CHAINS, ELEMENTS, ENDS, NEEDS
from nwflab.filters.model import Filter, Part, Reference, Rule

THEMES = {
    "ethernet": ("mac", "arp", "ip", "ipv6", "vlan", "rarp", "stp", None),
    "arp": ("arp", "arp", "rarp", "mac"),
    "bridged-ip": ("ip", "ip", "ipv6", "ipv6", "mac"),
    "spanning-tree": ("stp", "stp", "mac"),
    "ipv4": ("tcp", "udp", "icmp", "sctp", "udplite", "igmp", "esp", "ah", "all"),
    "ipv6": ("tcp-ipv6", "udp-ipv6", "icmpv6", "sctp-ipv6", "udplite-ipv6", "igmp-ipv6", "esp-ipv6", "ah-ipv6", "all-ipv6"),
    "state": ("tcp", "udp", "icmp", "all", "tcp-ipv6", "udp-ipv6", "icmpv6", "sctp"),
    "anything": tuple(name for name in ELEMENTS) + (None,),
}
NO_STATE = 0.5  # share of rules of the IP layers with statematch='false', where the theme is not state
BPDU = {"type": (0, 128, 2), "flags": (0, 1, 129), "root-priority": (0, 4096, 32768), "root-cost": (0, 4, 20000),
        "sender-priority": (0, 4096, 32768), "port": (1, 32769, 513), "age": (0, 256), "max-age": (20, 5120), "hello-time": (2, 512),
        "forward-delay": (15, 3840)}


@dataclass(frozen=True)
class Tree:
    """A generated filter with those below it; the root comes first."""

    name: str
    theme: str
    filters: tuple
    parameters: tuple  # pairs
    both: bool         # bound to both guests

    @property
    def rules(self):
        """All rules."""
        return [rule for document in self.filters for rule in document.rules]

    def values(self, text):
        """What an attribute's text stands for."""
        if not text.startswith("$"):
            return [text]
        return [value for name, value in self.parameters if name == text[1:].split("[")[0]]

    @property
    def counts(self):
        """Whether a rule counts connections."""
        return any(rule.has("connlimit-above") for rule in self.rules)


class Maker:
    """Makes one tree."""

    def __init__(self, seed, number, plain):
        self.random = random.Random(f"{seed}-{number}-{plain}")
        self.number, self.plain = number, plain
        self.parameters = {}

    def chance(self, share):
        """Whether something of this likelihood happens."""
        return self.random.random() < share

    # -- values ------------------------------------------------------------------------------------------------------------

    def value(self, protocol, name):
        """A text for an attribute; see world.py."""
        choose = self.random.choice
        version = 6 if ELEMENTS[protocol].layer == "v6" or protocol == "ipv6" else 4
        if protocol == "stp" and name.removesuffix("-hi") in BPDU:
            return str(choose(BPDU[name.removesuffix("-hi")]))
        numbers = {"option": world.TCP_OPTIONS, "hwtype": (1, 6, 2048), "protocoltype": ("0x0800", "0x86dd", "0x0001"), "dscp": world.DSCPS,
                   "vlanid": world.VLANS, "connlimit-above": (1, 1, 2), "code": (0, 1, 3), "codeend": (0, 1, 3),
                   "type": world.ICMP_TYPES[version], "typeend": world.ICMP_TYPES[version]}
        if name in numbers:
            return str(choose(numbers[name]))
        pool = {
            "mac": lambda: choose(world.MACS), "macmask": lambda: choose(world.MAC_MASKS),
            "ipv4": lambda: choose(world.ADDRESSES[4]), "ipv6": lambda: choose(world.ADDRESSES[6]),
            "ipv4mask": lambda: choose(world.MASKS[4]), "ipv6mask": lambda: choose(world.MASKS[6]), "port": lambda: str(choose(world.PORTS)),
            "ethertype": self._ethertype, "encap": self._ethertype, "opcode": lambda: choose(("Request", "Reply", "3", "4")),
            "bool": lambda: choose(("true", "true", "false")), "protocol": lambda: choose((*world.PROTOCOLS, "253", "0x11")),
            "state": lambda: ",".join(self.random.sample(world.STATES, choose((1, 1, 2, 3)))), "tcpflags": self._tcp_flags,
        }
        return pool[ELEMENTS[protocol].attributes[name]]()

    def _ethertype(self):
        return self.random.choice((*world.ETHERTYPES, *(f"{number:#06x}" for number in world.OTHER_TYPES)))

    def _tcp_flags(self):
        mask = self.random.sample(list(world.TCP_FLAGS), self.random.choice((1, 2, 3)))
        flags = [flag for flag in mask if self.chance(0.5)]
        return f"{self.random.choice((','.join(mask), ','.join(mask), 'ALL'))}/{','.join(flags) or 'NONE'}"

    def _variable(self, protocol, name):
        """A list of one to three values; each list stands alone, so that no combination is refused."""
        length = self.random.choice((1, 2, 3))
        variable = f"V{len(self.parameters)}"
        self.parameters[variable] = [self.value(protocol, name) for _ in range(length)]
        return f"${variable}"

    # -- rules -------------------------------------------------------------------------------------------------------------

    def _names(self, protocol):
        element = ELEMENTS[protocol]
        possible = [name for name in element.attributes if name not in ("ipset", "ipsetflags", "comment")]
        names = set(self.random.sample(possible, min(len(possible), self.random.choice((0, 1, 1, 1, 2, 2, 3)))))
        for rare, share in (("connlimit-above", 0.25), ("state", 0.6), ("srcmacaddr", 0.6), ("dscp", 0.5)):
            if rare in names and element.layer != "eth" and not self.chance(share):
                names.discard(rare)
        for name in sorted(names):
            if name in NEEDS:
                names.add(NEEDS[name])
        ports, types = {name for name in names if "port" in name and protocol != "stp"}, names & {"type", "typeend", "code", "codeend"}
        if protocol == "ipv6" and types:
            names -= ports
        if protocol in ("ip", "ipv6") and (ports or types):
            names.add("protocol")
        return [name for name in element.attributes if name in names]

    def _texts(self, protocol, names):
        texts = {name: self.value(protocol, name) for name in names}
        if protocol in ("ip", "ipv6") and any("port" in name for name in names):
            texts["protocol"] = self.random.choice(("tcp", "udp", "sctp"))
        if protocol == "ipv6" and set(names) & {"type", "typeend", "code", "codeend"}:
            texts["protocol"] = "icmpv6"
        for end, start in ENDS.items():
            if end in texts and start in texts and _key(texts[start]) > _key(texts[end]):
                texts[start], texts[end] = texts[end], texts[start]
        fixed = {name for end, start in ENDS.items() if end in texts for name in (end, start)} | {"protocol", "state", "flags", "gratuitous"}
        for name in names:
            if name not in fixed and not name.startswith("ip") and self.chance(0.12) and not any(text.startswith("$") for text in texts.values()):
                texts[name] = self._variable(protocol, name)
        return texts

    def _parts(self, protocol):
        names = self._names(protocol)
        texts = self._texts(protocol, names)
        dependent = {name for name in names if "port" in name or name in ("type", "typeend", "code", "codeend")}
        negated = [name for name in names if self.chance(0.18) and not (name == "protocol" and dependent)]
        for name in names:
            if name.endswith("ipmask") and NEEDS[name] in negated and not texts[name].startswith("$") and ELEMENTS[protocol].layer != "eth":
                texts[name] = texts[name] if texts[name] != "0" else "8"  # iptables refuses to say "no address"
        away = tuple((name, texts[name]) for name in negated)
        kept = tuple((name, texts[name]) for name in names if name not in negated)
        parts = [Part(kept)] if kept or not away else []
        return (*parts, Part(away, negated=True)) if away else tuple(parts)

    def rule(self, protocols):
        """A rule; with `plain` one that both drivers make the same of."""
        while True:
            protocol = self.random.choice(protocols)
            direction = self.random.choice(("in", "out", "inout", "inout"))
            actions = ("accept", "accept", "accept", "drop", "drop", "reject", "return", "continue")
            made = Rule(self.random.choice(actions), direction, protocol, self._parts(protocol) if protocol else (),
                        self.random.choice((None, None, str(self.random.randint(-900, 900)))), self._statematch(protocol))
            if protocol == "stp" and direction == "inout" and made.has("srcmacaddr"):
                continue
            if not self.plain or self._is_plain(made):
                return made

    def _statematch(self, protocol):
        is_ip = protocol and ELEMENTS[protocol].layer != "eth"
        return "false" if is_ip and self.chance(NO_STATE if self.keep_state else 0.15) else None

    def _is_plain(self, rule):
        try:
            return not rows_of(rule, Setting([(name, value) for name, values in self.parameters.items() for value in values]))
        except NotPlayable:
            return False

    # -- trees -------------------------------------------------------------------------------------------------------------

    def tree(self):
        """The tree."""
        theme = list(THEMES)[self.number % len(THEMES)]
        self.keep_state = theme != "state"
        priorities = iter(self.random.sample(range(-900, 900), 8))
        below, suffixes = [], self.random.sample(CHAINS, self.random.choice((0, 0, 1, 2)))
        layers = {"eth"} | {ELEMENTS[name].layer for name in THEMES[theme] if name}
        for index, chain in enumerate(suffixes if layers & {"eth"} and theme not in ("ipv4", "ipv6", "state") else ()):
            own = self._protocols_of_chain(chain, THEMES[theme])
            rules = tuple(self.rule(own) for _ in range(self.random.randint(1, 4)))
            below.append(Filter(f"oracle-{index}", self.number * 10 + index + 1, rules, chain + self.random.choice(("", "-x")), str(next(priorities))))
        entries = [self.rule(THEMES[theme]) for _ in range(self.random.randint(2, 8))]
        for document in below:
            entries.insert(self.random.randint(0, len(entries)), Reference(document.name))
        entries += self._rest(theme)
        root = Filter("oracle", self.number * 10, tuple(entries))
        pairs = tuple((name, value) for name, values in self.parameters.items() for value in values)
        return Tree(f"filter {self.number}{' for both drivers' if self.plain else ''} ({theme})", theme, (root, *below), pairs, self.chance(0.5))

    @staticmethod
    def _protocols_of_chain(chain, protocols):
        fitting = {"ipv4": ("ip",), "mac": ("mac", None)}.get(chain, (chain,))
        return tuple(name for name in protocols if name is None or ELEMENTS[name].layer == "eth") + fitting * 3

    def _rest(self, theme):
        """Rules that drop what nobody accepted."""
        rest = {"ipv4": ("all",), "ipv6": ("all-ipv6",), "state": ("all", "all-ipv6")}.get(theme, (None,))
        if theme == "anything":
            rest = self.random.choice((("all", "all-ipv6"), (None,), ()))
        if not self.chance(0.7):
            return []
        direction = self.random.choice(("inout", "inout", "in", "out"))
        return [Rule(self.random.choice(("drop", "reject")), direction, protocol, (), "1000") for protocol in rest]


def _key(text):
    """For the order of the ends of a range."""
    if ":" in text or "." in text:
        return world_order(text)
    return int(text, 0)


def world_order(text):
    """An address as a number."""
    import ipaddress  # pylint: disable=import-outside-toplevel

    return int(ipaddress.ip_address(text))


def tree(seed, number, plain=False):
    """The tree of this number."""
    return Maker(seed, number, plain).tree()
