# SPDX-License-Identifier: LGPL-2.1-or-later
"""
catalog.py: hand-written filters that show every word of the language at least once

Every attribute of every element is written in each form of its kind (decimal, hexadecimal, name …), as a variable, and negated;
company() gives it the attributes without which it means nothing. Beside that: actions and directions, states, lists and
iterators, chains and their order, references and parameters, the worked examples of the format document.

Invariant: the stock driver takes all of them, so that a case can hold many rules; what it refuses is in refusals() below.
"""

from nwflab.filters import language
from nwflab.filters.language import ELEMENTS, ENDS, KINDS, NEEDS
from nwflab.filters.model import Case, Filter, Part, Reference, Rule, Variable

RULES_PER_CASE = 150
PORT = "dif0"

# What goes with an attribute; (protocol or None for any, attribute) -> attributes
ALWAYS = {
    ("ip", "port"): {"protocol": "tcp"},
    ("ipv6", "port"): {"protocol": "udp"},
    ("ipv6", "icmp"): {"protocol": "icmpv6"},
}
STARTS = {"port": "0", "u8": "0", "u16": "0", "u32": "0", "ipv4": "0.0.0.0", "ipv6": "::"}


def company(protocol, name):
    """Attributes that must stand beside one."""
    result = {}
    if protocol in ("ip", "ipv6") and "port" in name:
        result |= ALWAYS[protocol, "port"]
    if protocol == "ipv6" and name in ("type", "typeend", "code", "codeend"):
        result |= ALWAYS["ipv6", "icmp"]
    if name in NEEDS:
        kind = ELEMENTS[protocol].attributes[NEEDS[name]]
        result[NEEDS[name]] = STARTS[kind] if name in ENDS else KINDS[kind].forms[next(iter(KINDS[kind].forms))]
    if name in ("ipset", "ipsetflags"):
        result |= {"ipset": language.SETS[ELEMENTS[protocol].layer][0], "ipsetflags": "src"}
    return {key: text for key, text in result.items() if key != name}


def literal(protocol, text):
    """A form's text; sets have the name of one that exists."""
    return text.format(set=language.SETS[ELEMENTS[protocol].layer][0]) if text == "{set}" else text


def direction_for(protocol, name):
    """A direction in which the attribute can be matched; not always the same one."""
    if protocol == "stp" and name in ("srcmacaddr", "srcmacmask"):
        return "out"
    return ("in", "out", "inout")[len(protocol + name) % 3]


def action_for(protocol, name):
    """Actions in turn."""
    return ("accept", "drop", "return", "reject")[len(name) % 4] if ELEMENTS[protocol].layer != "eth" else language.ACTIONS[len(name) % 5]


def is_void(protocol, name, text):
    """A mask of no bits, negated: the kernel refuses it at the IP layers."""
    return ELEMENTS[protocol].layer != "eth" and name in ("srcipmask", "dstipmask") and text in ("0", "0.0.0.0")


def is_shown_elsewhere(protocol, name):
    """All elements of an IP layer share most attributes: tcp shows all forms of these, the others take turns."""
    return ELEMENTS[protocol].layer != "eth" and protocol not in ("tcp", "tcp-ipv6") and name in ELEMENTS["all"].attributes and \
        name not in ("ipset", "ipsetflags")


def rules_of(protocol, name, variables):
    """The attribute in all its forms."""
    kind = KINDS[ELEMENTS[protocol].attributes[name]]
    around = tuple(company(protocol, name).items())
    action, direction = action_for(protocol, name), direction_for(protocol, name)
    texts = [literal(protocol, text) for text in kind.forms.values()]
    references = [str(Variable(variables.name(kind, name), 1, False)), str(Variable(variables.name(kind, name)))] if kind.plain else []
    if (protocol, name) == ("ipv6", "dscp"):
        references.pop()  # L7 can be shown for single values
    turn = list(ELEMENTS).index(protocol)
    if is_shown_elsewhere(protocol, name):
        texts, references = [texts[turn % len(texts)]], references and [references[turn % len(references)]]
    texts += references
    result = [Rule(action, direction, protocol, (Part(((name, text), *around)),)) for text in texts]
    negatable = name != "protocol" or not around
    if negatable and name not in NEEDS:
        result.append(Rule(action, direction, protocol, (*([Part(around)] if around else []), Part(((name, texts[0]),), negated=True))))
    if name in NEEDS:
        text = next(text for text in map(str, kind.forms.values()) if not is_void(protocol, name, text))
        result.append(Rule(action, direction, protocol, (Part(tuple((key, value) for key, value in around if key == "protocol")),
                                                         Part(((name, text), *((key, value) for key, value in around if key != "protocol")),
                                                              negated=True))))
    return result


class Values:
    """Variables for the rules of a case: each with two values."""

    def __init__(self):
        self.parameters = []
        self._names = {}

    def name(self, kind, attribute):
        """The variable for this kind and attribute: starts and ends of ranges have their own."""
        import random  # pylint: disable=import-outside-toplevel

        key = (id(kind), attribute)
        if key not in self._names:
            self._names[key] = f"V{len(self._names)}"
            source = random.Random(attribute)  # fixed by the name
            self.parameters += [(self._names[key], kind.plain(source)) for _ in range(2)]
        return self._names[key]


def attributes():
    """Cases with every attribute of every element."""
    for layer in ("eth", "v4", "v6"):
        variables, rules, number = Values(), [], 0
        for protocol, element in ELEMENTS.items():
            if element.layer != layer:
                continue
            rules.append(Rule("drop", "inout", protocol))
            for name in element.attributes:
                rules += rules_of(protocol, name, variables)
        rules = [rule for rule in rules if not _cannot(rule)]
        while rules:
            number += 1
            part, rules = rules[:RULES_PER_CASE], rules[RULES_PER_CASE:]
            top = Filter(f"attributes-{layer}-{number}", number, tuple(part))
            yield Case(top.name, (top,), tuple(variables.parameters), kind="hand-written")


def _cannot(rule):
    """What only refusals() can show."""
    return rule.protocol == "stp" and rule.direction == "inout" and rule.has("srcmacaddr")


# -- actions, directions, states -----------------------------------------------------------------------------------------------


def simple(action, direction, protocol=None, /, priority=None, statematch=None, **words):
    """A rule in few words; underscores stand for dashes, negated=True for match='no'."""
    negated = words.pop("negated", False)
    part = Part.make(negated, **words)
    return Rule(action, direction, protocol, (part,) if protocol else (), priority, statematch)


def case(name, *filters, parameters=(), then=()):
    """A hand-written case."""
    return Case(name, filters, parameters, then, kind="hand-written")


def root(name, *entries):
    """A filter of the root chain."""
    return Filter(name, 1, entries)


def sub(name, number, chain, *entries, priority=None):
    """A filter with a chain of its own."""
    return Filter(name, number, entries, chain, priority)


def actions():
    """Each action in each direction, with each way of matching states."""
    for protocol in ("ip", "tcp", "icmp", "tcp-ipv6", "icmpv6", None):
        ip_level = protocol and ELEMENTS[protocol].layer != "eth"
        states = (None, "NEW", "established,related", "INVALID", "NONE", "") if ip_level else (None,)
        rules = []
        for action in language.ACTIONS:
            for direction in language.DIRECTIONS:
                for state in states:
                    extra = {"state": state} if state is not None else {}
                    rules.append(simple(action, direction, protocol, **extra))
                rules.append(simple(action, direction, protocol, statematch="false", **({"state": "NEW"} if ip_level else {})))
                rules.append(simple(action, direction, protocol, statematch="1"))
        yield case(f"actions-{protocol}", root(f"actions-{protocol}", *rules))


def transport():
    """What decides about the copies of a rule at the IP layers: addresses, MAC, limits, types, sets."""
    for layer, protocol, icmp, address in (("v4", "tcp", "icmp", "10.1.2.3"), ("v6", "tcp-ipv6", "icmpv6", "2001:db8::3")):
        rules = []
        for action in ("accept", "drop", "reject", "return"):
            for direction in language.DIRECTIONS:
                mac, port = {"srcmacaddr": "52:54:00:1:2:3"}, {"dstportstart": "22", "dstportend": "25", "srcportstart": "1024"}
                rules += [simple(action, direction, protocol, **mac), simple(action, direction, protocol, **mac, **port),
                          simple(action, direction, protocol, srcipaddr=address, **mac, state="NEW"),
                          simple(action, direction, protocol, connlimit_above="2", state="NEW,ESTABLISHED", **port),
                          simple(action, direction, protocol, connlimit_above="2", **mac),
                          simple(action, direction, protocol, srcipaddr=address, dstipfrom=address, comment="both"),
                          simple(action, direction, protocol, srcipaddr=address, srcipfrom=address, negated=True),
                          simple(action, direction, icmp, type="8", code="0"), simple(action, direction, icmp, type="135"),
                          simple(action, direction, icmp, type="135", srcipaddr=address, statematch="0"),
                          simple(action, direction, icmp, type="129", state="RELATED"), simple(action, direction, icmp, code="3"),
                          simple(action, direction, icmp, type="1", negated=True)]
                if direction != "inout" or action == "accept":
                    rules.append(simple(action, direction, icmp, type="3", **mac))
                for first, last in (("52771", "65535"), ("0", "600"), ("22", "25")):
                    rules.append(Rule(action, direction, protocol, (Part.make(dstportend=last), Part.make(True, dstportstart=first))))
                for name in language.SETS[layer]:
                    rules.append(simple(action, direction, "all" if layer == "v4" else "all-ipv6", ipset=name, ipsetflags="src,dst"))
        half = len(rules) // 2
        yield case(f"copies-{layer}-1", root("copies", *rules[:half]))
        yield case(f"copies-{layer}-2", root("copies", *rules[half:]))


# -- variables ---------------------------------------------------------------------------------------------------------------------

LISTS = (("A", "10.0.0.1"), ("A", "10.0.0.2"), ("B", "10.0.1.1"), ("B", "10.0.1.2"), ("C", "10.0.2.1"), ("C", "10.0.2.2"), ("C", "10.0.2.3"),
         ("D", "10.0.3.1"), ("D", "10.0.3.2"), ("D", "10.0.3.1"), ("E", "10.0.4.1"), ("E", "10.0.4.2"), ("E", "10.0.4.1"), ("F", "10.0.5.1"),
         ("F", "10.0.5.2"), ("F", "10.0.5.3"), ("PORT", "22"), ("PORT", "0x50"), ("NOTE", "one"), ("NOTE", "two"), ("OCTAL", "010"),
         ("S", "NEW"), ("G", "true"), ("FLAGS", "dst"), ("MASK", "255.255.0.0"), ("TYPE", "8100"), ("DSCP", "46"), ("SET", "nets4"))
PAIRS = (("$A", "$B"), ("$A[@1]", "$C[@2]"), ("$A[@2]", "$C[@1]"), ("$A", "$C[@1]"), ("$A[@1]", "$C"), ("$A[@1]", "$A[@2]"), ("$A", "$A"),
         ("$A[1]", "$C"), ("$A[1]", "$A[0]"), ("$A[1]", "$A"), ("$D", "$E"), ("$D", "$F"), ("$D[@1]", "$B[@2]"), ("$A[@0]", "$B"),
         ("$A[@1000]", "$B[@999]"), ("$A[ 1 ]", "$B[ @3 ]"), ("$MAC", None))


def variables():
    """Lists, iterators, elements; in one element and in two; and variables where few use them."""
    rules = []
    for first, second in PAIRS:
        if second is None:
            rules.append(simple("drop", "out", "ip", srcmacaddr=first, negated=True))
            continue
        for protocol, action in (("ip", "drop"), ("all", "accept")):
            rules.append(simple(action, "inout", protocol, srcipaddr=first, dstipaddr=second))
            rules.append(Rule(action, "out", protocol, (Part.make(dstipaddr=second), Part.make(negated=True, srcipaddr=first))))
    yield case("iterators", root("iterators", *rules), parameters=LISTS)
    yield case("odd-variables", root(
        "odd-variables", simple("accept", "in", "tcp", dstportstart="$PORT", comment="$NOTE[0]"),
        simple("accept", "in", "tcp", dstportstart="$OCTAL"), simple("accept", "in", "all", state="$S"),
        simple("accept", "in", "arp", gratuitous="$G"), simple("accept", "in", "all", ipset="$SET", ipsetflags="$FLAGS"),
        simple("accept", "in", "all", srcipaddr="$A[0]", srcipmask="$MASK"), simple("accept", "out", "mac", protocolid="$TYPE"),
        simple("accept", "out", "vlan", encap_protocol="$TYPE"), simple("accept", "out", "arp", protocoltype="$TYPE"),
        simple("accept", "out", "ip", dscp="$DSCP"), simple("accept", "out", "ip", srcipaddr="$A", comment="$NOTE"),
        simple("accept", "out", "mac", comment="$NOTE"),
        Rule("accept", "out", "ip", (Part.make(srcipaddr="$C"), Part.make(srcipaddr="$A"), Part.make(srcipaddr="10.9.9.9"))),
        Rule("accept", "out", "udp", (Part.make(state="NEW", comment="x", dscp="7"), Part.make(state="RELATED"), Part.make(dscp="9")))),
        parameters=LISTS)


def misfits():
    """Values of variables that do not fit (V1); each is refused, so each has a case of its own."""
    number = 0
    for kind, values in language.MISFITS.items():
        for value in values:
            places = [(protocol, name) for protocol, element in ELEMENTS.items() for name, known in element.attributes.items()
                      if known == kind and not (name in NEEDS or element.proxy or name in element.unknown)] or [("tcp", "srcipmask")]
            if kind in ("macmask", "ipv4mask", "ipv6mask", "setflags"):
                places = [{"macmask": ("mac", "srcmacmask"), "ipv4mask": ("ip", "dstipmask"), "ipv6mask": ("all-ipv6", "srcipmask"),
                           "setflags": ("all", "ipsetflags")}[kind]]
            number += 1
            protocol, name = places[number % len(places)]
            part = Part(((name, "$V"), *company(protocol, name).items()))
            rule = Rule("accept", direction_for(protocol, name), protocol, (part,))
            yield Case(f"misfit-{name}-{value}", (root(f"misfit{number}", rule),), (("V", value),), port=f"mis{number}", kind="misfits (V1)")


REFUSED = {
    "vlan-4095": simple("drop", "in", "vlan", vlanid="4095"),
    "ports-end-before-they-begin": simple("drop", "in", "tcp", dstportstart="30", dstportend="22"),
    "ports-of-udp-too": simple("drop", "in", "udp", dstportstart="30", dstportend="22"),
    "ports-at-ethernet-level": simple("drop", "in", "ip", protocol="udp", srcportstart="30", srcportend="22"),
    "range-in-a-range": simple("drop", "in", "tcp", dstportstart="$RANGE", dstportend="30"),
    "addresses-end-before-they-begin": simple("drop", "in", "all", srcipfrom="10.0.0.9", srcipto="10.0.0.1"),
    "types-end-before-they-begin": simple("drop", "in", "ipv6", protocol="icmpv6", type="9", typeend="8"),
    "stp-ends-before-it-begins": simple("drop", "in", "stp", age="9", age_hi="8"),
    "ports-beside-negated-protocol": Rule("drop", "in", "ip", (Part.make(True, protocol="tcp"), Part.make(dstportstart="1"))),
    "type-beside-negated-protocol": Rule("drop", "in", "ipv6", (Part.make(True, protocol="icmpv6"), Part.make(type="1"))),
    "type-without-protocol": simple("drop", "in", "ipv6", type="1"), "type-of-another-protocol": simple("drop", "in", "ipv6", protocol="tcp", code="1"),
    "ports-without-protocol": simple("drop", "in", "ip", dstportstart="1"), "ports-of-any-protocol": simple("drop", "in", "ip", protocol="$P", dstportstart="1"),
    "stp-source-both-ways": simple("drop", "inout", "stp", srcmacaddr="1:1:1:1:1:1"), "set-that-is-missing": simple("drop", "in", "all", ipset="none", ipsetflags="src"),
    "range-to-an-ipv4-address": simple("drop", "in", "all-ipv6", dstipfrom="::1", dstipto="$V"), "option-0": simple("drop", "in", "tcp", option="0"),
    "lists-of-two-and-three": simple("drop", "in", "ip", srcipaddr="$A", dstipaddr="$C"), "list-beside-one-value": simple("drop", "in", "ip", srcmacaddr="$MAC", srcipaddr="$A"),
    "no-such-variable": simple("drop", "in", "ip", srcipaddr="$NOBODY"), "no-such-element": simple("drop", "in", "ip", srcipaddr="$A[2]"),
    "no-such-variable-in-a-comment": simple("drop", "in", "mac", comment="$NOBODY"), "no-such-filter": Reference("nobody"),
    "no-such-mask-alone": simple("drop", "in", "ip", srcipmask="$NOBODY"),
}


def refusals():
    """What cannot be defined or bound: the same codes, and nothing left behind."""
    parameters = (*LISTS, ("RANGE", "22:25"), ("P", "tcp"), ("V", "10.0.0.1"))
    for number, (name, entry) in enumerate(REFUSED.items()):
        yield Case(f"refused-{name}", (Filter(f"refused{number}", 800 + number, (entry,)),), parameters, port=f"ref{number}", kind="wild")


def negations():
    """Conditions of ebtables that are negated, in one small filter: releases print them in two ways."""
    words = {"mac": {"protocolid": "arp"}, "vlan": {"vlanid": "5"}, "stp": {"type": "1"}, "arp": {"opcode": "1"},
             "ip": {"srcipaddr": "10.1.2.3"}, "ipv6": {"protocol": "tcp"}}
    rules = [simple("drop", "out", protocol, negated=True, **given) for protocol, given in words.items()]
    rules += [simple(action, "in", protocol, negated=True, dscp="10") for action in ("accept", "return") for protocol in ("ip", "ipv6")]
    rules.append(simple("drop", "in", "arp", negated=True, gratuitous="true"))
    yield case("negations", root("negations", *rules))


def references():
    """Parameters of references: the outermost wins; siblings see nothing."""
    leaf = root("leaf", simple("drop", "out", "ip", srcipaddr="$IN"), simple("drop", "in", "tcp", dstportstart="$P"))
    middle = Filter("middle", 2, (Reference("leaf", (("IN", "10.2.2.2"), ("P", "2"))), simple("accept", "in", "ip", srcipaddr="$A")))
    top = Filter("top", 3, (simple("drop", "out", "mac", comment="first"), Reference("middle", (("P", "1"), ("IN", "10.1.1.1"), ("IN", "10.1.1.2"))),
                            simple("accept", "out", "mac"), Reference("leaf", (("IN", "10.3.3.3"), ("P", "3"), ("bad-name", "1"), ("BAD", "a/b"))),
                            Reference("leaf", (("IN", "10.4.4.4"), ("P", "4"), ("A", "10.8.8.8")))))
    changed = Filter("middle", 2, (simple("accept", "in", "ip", srcipaddr="$A"), Reference("leaf", (("P", "2"),))))
    yield case("parameters", top, middle, leaf, parameters=LISTS[:2], then=(changed,))
    over = LISTS[:2] + (("IN", "10.9.9.9"),)
    yield case("parameters-of-the-binding", top, middle, leaf, parameters=over)


# -- chains ------------------------------------------------------------------------------------------------------------------------


def chains():
    """Every kind of chain, suffixes, priorities and the order of jumps among the rules of the root chain."""
    levels = [sub(f"in-{name}", number, name, simple("drop", "out", "mac", protocolid="0x9000"), simple("return", "in", "ip"),
                  simple("accept", "inout", "arp"), simple("drop", "in", "udp", dstportstart="53"))
              for number, name in enumerate(("mac", "vlan", "stp", "arp", "rarp", "ipv4", "ipv6"), 10)]
    marks = [simple("drop", "out", "mac", priority=str(priority), protocolid=f"0x{0x1000 + number:x}")
             for number, priority in enumerate((-900, -810, -800, -750, -710, -700, -690, -600, -500, -400, 0, 500))]
    yield case("chains-by-kind", root("kinds", *(Reference(level.name) for level in reversed(levels)), *marks), *levels)
    suffixed = [sub(f"suffix-{number}", number, name, simple("drop", direction, "ip", priority=rule), priority=priority)
                for number, (name, priority, direction, rule) in enumerate(
                    (("ipv4-a", "-10", "in", "5"), ("ipv4.b:c", "-20", "out", "-1000"), ("macvlan", "30", "inout", "1000"), ("arp_12345678", "1000", "out", None),
                     ("stp9", "-1000", "inout", "0"), ("rarp-", None, "in", "7")), 20)]
    yield case("chains-with-suffixes", root("suffixes", simple("accept", "inout", priority="-20"), *(Reference(level.name) for level in suffixed),
                                            simple("accept", "out", "mac", priority="-21"), simple("accept", "in", "mac", priority="30")), *suffixed)
    shared = [sub(f"shared-{number}", number, "ipv4-web", simple("drop", "out", "ip", priority=priority, protocol="tcp"),
                  simple("accept", "in", "ip", priority=priority, protocol="udp"), simple("accept", "in", "tcp", dstportstart=str(number)))
              for number, priority in ((31, "300"), (32, "-5"), (33, "300"))]
    yield case("chain-of-three-filters", root("three", *(Reference(level.name) for level in shared), simple("drop", "inout", "all", priority="900")),
               *shared, then=(sub("shared-32", 32, "ipv4-web", simple("drop", "in", "ip", priority="301")),))
    several = [sub(f"several-{number}", number, "ipv4-web", simple("drop", "out", "ip", priority=rule), priority=priority)
               for number, priority, rule in ((41, "-100", "20"), (42, "-700", "-650"))]
    yield case("chain-with-several-priorities", root("several", *(Reference(level.name) for level in several),
                                                     simple("accept", "out", "mac", priority="-300")), *several)
    equal = [sub(f"equal-{name}", number, name, simple("drop", "inout", "ip"), priority="-100") for number, name in
             enumerate(("ipv4-a", "ipv4-b", "mac-c", "arp", "ipv4-d"), 50)]
    yield case("chains-of-equal-priority", root("equal", *(Reference(level.name) for level in equal)), *equal)
    zero = sub("zero", 60, "ipv4", simple("drop", "in", "ip"), priority="0")
    yield case("explicit-priority-zero", root("zero-top", Reference("zero"), simple("accept", "in", priority="-1")), zero)


# -- changes ---------------------------------------------------------------------------------------------------------------------------


def changes():
    """What a redefinition adds and takes away: layers, directions, chains, all rules."""
    top = root("changing", simple("accept", "in", "tcp", dstportstart="22"), simple("drop", "in", "tcp-ipv6"), simple("drop", "out", "mac"),
               Reference("below"))
    below = sub("below", 2, "arp", simple("drop", "in", "arp"))
    yield case("layers-come-and-go", top, below, then=(
        root("changing", simple("drop", "out", "mac")), root("changing", simple("drop", "in", "udp-ipv6")), root("changing"),
        root("changing", Reference("below"), simple("accept", "inout", "all")), sub("below", 2, "ipv6-x", simple("drop", "out", "ipv6")),
        sub("below", 2, "ipv6-x"), top))


def shipped():
    """Filters as libvirt ships them, in our words: spoofing, with a list of addresses."""
    mac = sub("no-mac", 71, "mac-x", simple("return", "out", "mac", srcmacaddr="$MAC"), simple("drop", "out", "mac"), priority="-800")
    arp = sub("no-arp", 72, "arp-ip", simple("return", "out", "arp", priority="400", arpsrcipaddr="$IP"),
              simple("drop", "out", priority="1000"), priority="-510")
    four = sub("no-ip", 73, "ipv4-ip", simple("return", "out", "ip", priority="100", srcipaddr="0.0.0.0", protocol="udp"),
               simple("return", "out", "ip", priority="500", srcipaddr="$IP"), simple("drop", "out", priority="1000"), priority="-710")
    top = Filter("clean", 74, (Reference("no-mac"), Reference("no-ip"), simple("accept", "out", "mac", priority="-650", protocolid="ipv4"),
                               Reference("no-arp"), simple("accept", "inout", "mac", priority="-500", protocolid="arp"),
                               simple("drop", "inout", priority="1000")))
    yield case("like-clean-traffic", top, mac, arp, four, parameters=(("IP", "10.0.0.1"), ("IP", "10.0.0.2")), then=(
        sub("no-ip", 73, "ipv4-ip", simple("return", "out", "ip", srcipaddr="$IP"), simple("drop", "out"), priority="-710"),))


def cases():
    """All of them."""
    for part in (attributes, actions, transport, variables, misfits, refusals, negations, references, chains, changes, shipped):
        yield from part()
