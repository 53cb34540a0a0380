# SPDX-License-Identifier: LGPL-2.1-or-later
"""
exceptions.py: the rows of docs/differences.md that touch what a rule means, each as a predicate on the rule

An exception does not leave a rule out: the stock driver gets in its place what makes it do what the rule says (`instead`): a value
through a variable, an explicit mask, two rules for one, a mark (marks.py) whose lines are then rewritten. So our rules are compared in
each case, against what stock's would be without the fault. `printed` tells that dumpxml differs too; expected.py lays such a rule out
again. Only what no such trick can show is NotPlayable, and the generator does not make it.

Invariant: predicates look at the input alone, never at what a driver answered.

Rows that are not about single rules (chains, priorities, what stays behind) are in expected.py.
"""

import re
from dataclasses import dataclass, replace
from typing import Callable

from nwflab.filters import signs
from nwflab.filters.language import ELEMENTS, ETHERTYPES, MISFITS, TCP_FLAGS
from nwflab.filters.marks import Marks, Unmarkable
from nwflab.filters.model import Rule, Variable

UNTRACKED = (*range(130, 137), 143)  # ICMPv6 types that connection tracking leaves alone
SWAP = {"srcipaddr": "dstipaddr", "srcipmask": "dstipmask", "srcipfrom": "dstipfrom", "srcipto": "dstipto"}
SWAP |= {there: here for here, there in SWAP.items()}


class NotPlayable(Exception):
    """The stock driver cannot be brought to do what the rule says."""


class Setting:
    """What a rule's exceptions may use: values of variables, more variables, marks."""

    def __init__(self, parameters=()):
        self.more = []
        self.marks = Marks()
        self._values = {}
        for name, value in parameters:
            self._values.setdefault(name, []).append(value)

    def values(self, text):
        """The values that an attribute's text stands for."""
        variable = Variable.of(text) if text.startswith("$") else None
        if not variable:
            return [text]
        values = self._values.get(variable.name, [])
        return values if variable.each else values[variable.index:variable.index + 1]

    def single(self, text):
        """The one value that a text stands for."""
        values = self.values(text)
        if len(set(values)) != 1:
            raise NotPlayable(f"{text} is a list")
        return values[0]

    def variable(self, values, like=None):
        """A reference to a new variable of the stock driver's binding, accessed as `like` is (default: its only value)."""
        name = f"NWF{len(self.more)}"
        self.more += [(name, value) for value in values]
        return str(Variable(name, like.index, like.each) if like else Variable(name, 0, False))


def number_of(text):
    """A number in any of the ways of writing it."""
    return int(text, 10) if re.fullmatch(r"\+?\d+", text) else int(text, 16)


def is_variable(rule, name):
    """Whether the attribute is there and a variable."""
    return rule.text(name, "").startswith("$")


# -- what a rule of an IP layer is ------------------------------------------------------------------------------------------


def listed(rule):
    """Has a list of states that counts."""
    text = rule.text("state")
    return text is not None and text.strip(", ") != "" and not rule.stateless


def limited(rule):
    """Has a limit of connections."""
    return rule.has("connlimit-above")


def keeps_more(rule):
    """A copy for the way back has a condition beside the protocol."""
    kept = ("srcipaddr", "dstipaddr", "srcipfrom", "dstipfrom", "dscp", "flags", "srcportstart", "dstportstart", "option", "type")
    return any(rule.has(name) for name in kept)


def as_written_chain(rule, chain):
    """Whether the chain has the copy of the rule that is as written, not swapped."""
    to_guest = chain.split(" ")[1].startswith("FO-")
    return to_guest == (rule.direction != "out")


def mark(rule, setting, mend):
    """The rule with a mark."""
    try:
        return setting.marks.put(rule, mend)
    except Unmarkable as reason:
        raise NotPlayable(str(reason)) from None


# -- the rows -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One row of docs/differences.md."""

    row: str
    applies: Callable  # (rule, setting) -> bool
    instead: Callable = None  # (rule, setting) -> the rules that stock gets; None: what it makes of the rule is right
    printed: bool = False


def open_range(option, first, last):
    """Everything but a range, as the tool prints it: where only the upper side is left it names that."""
    if first == 0 and last < 65535:
        return f" {option} {last + 1}:65535"
    return f" ! {option} {first}:{last}"


def l1_instead(rule, setting):
    """Turns the sign of the destination port around in each line."""
    if "dstportstart" not in signs.lost(rule):
        return [rule]

    def mend(line, chain):
        option = "--dport" if as_written_chain(rule, chain) else "--sport"
        line = re.sub(rf"( !)? {option} ", lambda found: f" {option} " if found[1] else f" ! {option} ", line)
        if rule.protocol.startswith("sctp"):
            return [line]
        return [re.sub(rf" ! {option} (\d+):(\d+)", lambda found: open_range(option, int(found[1]), int(found[2])), line)]

    return [mark(rule, setting, mend)]


def l2_instead(rule, _setting):
    """Gives the range of types that is meant, with a sign that stock keeps."""
    if rule.protocol != "ipv6":
        return [rule]
    first = next(name for name in ("typeend", "code", "codeend") if rule.has(name))
    result = rule.flat().put("type", "0", rule.negated(first))
    return [result if rule.has("typeend") else result.put("typeend", "255")]


def mirrored(flags):
    """Flags of a set for the way back."""
    return ",".join("dst" if flag == "src" else "src" for flag in flags.split(","))


def l3_applies(rule):
    """Stock keeps a set only beside its flags, and only in the elements for all protocols."""
    if rule.protocol in ("all", "all-ipv6"):
        return rule.has("ipset") and not rule.has("ipsetflags")
    return rule.has("ipset") or rule.has("ipsetflags")


def l3_instead(rule, setting):
    """Puts the set into each line."""
    if not rule.has("ipset"):
        return [rule.without("ipsetflags")]
    flags = setting.single(rule.text("ipsetflags", "src")).lower()
    name = setting.single(rule.text("ipset"))
    sign = " !" if rule.negated("ipset") else ""

    def mend(line, chain):
        match = f" -m set{sign} --match-set {name} {flags if as_written_chain(rule, chain) else mirrored(flags)}"
        return [re.sub(r"(?= -m connlimit | -m comment | -j )", match, line, count=1)]

    return [mark(rule.without("ipset", "ipsetflags"), setting, mend)]


def l4_instead(rule, setting):
    """Negates the set in each line."""
    return [mark(rule, setting, lambda line, chain: [line.replace(" --match-set ", " ! --match-set ")])]


def l5_applies(rule):
    """The last address of an IPv6 range of destinations."""
    return rule.layer == "v6" and rule.has("dstipto") and not is_variable(rule, "dstipto")


def l5_instead(rule, setting):
    """Hands the address over in a variable."""
    return [rule.put("dstipto", setting.variable([rule.text("dstipto")]))]


def flag_names(text, every):
    """Flags as the tools print them."""
    words = [word.upper() for word in text.split(",")]
    names = [flag for flag in TCP_FLAGS if flag in words or "ALL" in words]
    return ",".join(names) or every


def l6_instead(rule, setting):
    """Puts the flags behind the option; a rule without one borrows it."""
    mask, flags = (flag_names(side, "NONE") for side in setting.single(rule.text("flags")).split("/"))
    match = f"{' !' if rule.negated('flags') else ''} --tcp-flags {mask} {flags}"
    if rule.has("option"):
        return [mark(rule.without("flags"), setting, lambda line, chain: [re.sub(r"( --tcp-option \d+)", rf"\1{match}", line)])]
    return [mark(rule.without("flags").put("option", "253", False), setting,
                 lambda line, chain: [re.sub(r" --tcp-option 253", match, line)])]


def l8_instead(rule, setting):
    """Another protocol stands in."""
    proxy = ELEMENTS[rule.protocol].proxy
    return [mark(replace(rule, protocol=proxy), setting, lambda line, chain: [line.replace("-p esp", "-p igmp")])]


def overwritten_variable(rule):
    """A variable that a later element overwrites."""
    texts = rule.texts()
    return any(text.startswith("$") and texts[name] != text for part in rule.parts for name, text in part.attributes)


def overwritten(rule, name):
    """A later element gives the attribute another text."""
    return len({text for part in rule.parts for attribute, text in part.attributes if attribute == name}) > 1


def value_of(text, kind):
    """What a variable's text of a kind means; the text itself where there is one way of writing only."""
    if kind in ("ethertype", "encap", "arptype"):
        return int(text, 16) if re.fullmatch(r"(0x)?[0-9a-fA-F]+", text) else text.lower()
    if kind in ("u8", "u16", "u32", "port", "limit", "dscp", "vlanid", "opcode", "protocol", "option") and re.fullmatch(r"(0x)?[0-9a-fA-F]+", text):
        return number_of(text)
    if kind in ("mac", "macmask") and re.fullmatch(r"[0-9a-fA-F:]+", text):
        return tuple(int(part or "0", 16) for part in text.split(":"))
    return text


def v5_names(rule, setting):
    """Attributes with a list in which one value is written in two ways."""
    order = ELEMENTS[rule.protocol].attributes if rule.protocol else {}
    lists = {name: setting.values(text) for name, text in rule.texts().items() if text.startswith("$") and name in order}
    return [name for name, values in lists.items() if len({value_of(text, order[name]) for text in values}) < len(set(values))]


def v5_instead(rule, setting):
    """Writes each value in one way."""
    for name in v5_names(rule, setting):
        kind, first = ELEMENTS[rule.protocol].attributes[name], {}
        values = [first.setdefault(value_of(text, kind), text) for text in setting.values(rule.text(name))]
        rule = rule.put(name, setting.variable(values, Variable.of(rule.text(name))))
    return [rule]


def l18_applies(rule):
    """A comment that stands in an element before the one with dscp."""
    at = {name: number for number, part in enumerate(rule.parts) for name, _ in part.attributes}
    return rule.is_ip and at.get("comment", len(rule.parts)) < at.get("dscp", -1)


def k1_instead(rule, _setting):
    """One rule for each direction."""
    if len({variable.index for variable in rule.variables() if variable.each}) > 1:
        raise NotPlayable("swapping would change the order of its variables")
    there = replace(rule, direction="in", statematch=rule.statematch if listed(rule) else "false")
    if limited(rule) or (rule.has("srcmacaddr") and rule.action in ("drop", "reject", "return")):
        return [there]
    parts = tuple(replace(part, attributes=tuple((SWAP.get(name, name), text) for name, text in part.attributes)) for part in there.parts)
    back = replace(there, direction="out", parts=parts).without("srcmacaddr")
    if back.has("ipsetflags") or back.has("ipset"):
        flags = back.text("ipsetflags", "src")
        if flags.startswith("$"):
            raise NotPlayable("flags in a variable")
        back = back.put("ipsetflags", mirrored(flags.lower()))
    return [there, back]


def dscp_bytes(line, option, negated, value, action):
    """K2, L7: the lines that a condition on DSCP needs; @ stands in its place. A helper chain is named in expected.py."""
    own = [value * 4 + i for i in range(4)]
    if negated and action != "return":
        head, verdict = line.replace("@", "").rsplit(" -j ", 1)
        return [f"{head} -j HELPER {option} {value} {verdict}"]
    wanted = own if not negated else [tos for tos in range(256) if tos not in own]
    return [line.replace("@", f" {option} 0x{tos:02X}") for tos in wanted]


def k2_instead(rule, setting):
    """Spreads the bytes that stock compares over those that are meant."""
    text = rule.text("dscp")
    values = [f"{number_of(value):#x}" for value in setting.values(text)]
    like = Variable.of(text) if text.startswith("$") else None
    text = setting.variable(values, like if like.each else None) if like else values[0]

    def mend(line, chain):
        found = re.search(r" --ip-tos (! )?0x(\w+)", line)
        return dscp_bytes(line.replace(found[0], "@"), "--ip-tos", bool(found[1]), int(found[2], 16), rule.action)

    return [mark(rule.put("dscp", text), setting, mend)]


def l7_instead(rule, setting):
    """Puts the bytes into each line."""
    value = number_of(setting.single(rule.text("dscp")))

    def mend(line, chain):
        line = re.sub(r"(?= --ip6-proto | --ip6-icmp-type | -j )", "@", line, count=1)
        return dscp_bytes(line, "--ip6-tclass", rule.negated("dscp"), value, rule.action)

    return [mark(rule.without("dscp"), setting, mend)]


def k3_instead(rule, setting):
    """Hands the type over in hexadecimal digits."""
    text = rule.text("encap-protocol")
    value = ETHERTYPES.get(text.lower()) or number_of(text)
    return [rule.put("encap-protocol", setting.variable([f"{value:04x}"]))]


def k13_instead(rule, _setting):
    """Writes the type in hexadecimal."""
    return [rule.put("protocoltype", f"{number_of(rule.text('protocoltype')):#06x}")]


def k6_applies(rule, _setting):
    """A copy for the way back would lose its MAC condition."""
    if not rule.is_ip or not rule.has("srcmacaddr") or rule.action not in ("drop", "reject", "return") or limited(rule):
        return False
    if (listed(rule) or rule.has("type")) and rule.direction != "inout":
        return False
    return keeps_more(rule) and not (rule.has("type") and rule.direction == "inout")


def k6_instead(rule, _setting):
    """A list of states makes one copy; NONE asks for none."""
    result = replace(rule, direction="out" if rule.direction == "out" else "in")
    return [result if listed(rule) else replace(result.put("state", "NONE", False), statematch=None)]


def k9_applies(rule, setting):
    """An accept rule for a type that is not tracked."""
    if rule.protocol != "icmpv6" or rule.action != "accept" or rule.direction == "inout" or not rule.has("type"):
        return False
    if listed(rule) or rule.stateless or limited(rule) or rule.negated("type"):
        return False
    types = {number_of(value) in UNTRACKED for value in setting.values(rule.text("type"))}
    if len(types) > 1:
        raise NotPlayable("a list of types, some of which are tracked")
    return types == {True}


def is_no_length(text):
    """A mask of no bits."""
    return text in ("0", "0.0.0.0") or ("." not in text and not text.strip("0:"))


def matches_nothing(rule, values):
    """K14: a condition that excludes everything; values(name) gives the texts of an attribute."""
    for mask in ("srcipmask", "dstipmask"):
        address = mask.replace("mask", "addr")
        if rule.has(address) and rule.has(mask) and rule.negated(address) and any(is_no_length(text) for text in values(mask)):
            return True
    for side in ("src", "dst"):
        first, last = f"{side}portstart", f"{side}portend"
        if rule.has(first) and rule.has(last) and rule.negated(first):
            if any(number_of(text) == 0 for text in values(first)) and any(number_of(text) == 65535 for text in values(last)):
                return True
    if rule.protocol in ("tcp", "tcp-ipv6") and rule.has("flags"):
        for text in values("flags"):
            mask, flags = (flag_names(part.replace(" ", ","), "NONE") for part in text.split("/"))
            if mask == "NONE" and (flags == "NONE") == rule.negated("flags"):
                return True
    return False


def k14_applies(rule, setting):
    """All values of the rule must agree, since the rule is left out for each of them or for none."""
    return rule.is_ip and matches_nothing(rule, lambda name: setting.values(rule.text(name)))


def k14_instead(rule, setting):
    """Another rule of the layer stands in for the chains' sake, and its lines are taken out."""
    for name in ("srcipmask", "dstipmask", "srcportstart", "srcportend", "dstportstart", "dstportend"):
        if is_variable(rule, name):
            setting.single(rule.text(name))
    protocol = "all" if rule.layer == "v4" else "all-ipv6"
    return [mark(Rule("drop", rule.direction, protocol, (), rule.priority), setting, lambda line, chain: [])]


def literal_instead(*names):
    """Writes the value of a variable in its place."""

    def instead(rule, setting):
        for name in names:
            if is_variable(rule, name):
                rule = rule.put(name, setting.single(rule.text(name)))
        return [rule]

    return instead


def k10_instead(rule, setting):
    """Takes the verdict out of each line."""
    return [mark(replace(rule, action="drop"), setting, lambda line, chain: [line.removesuffix(" -j DROP")])]


def v1_applies(rule, setting):
    """A variable has a value that its attribute cannot have; for values that were chosen to be so."""
    order = ELEMENTS[rule.protocol].attributes if rule.protocol else {}
    return any(text.startswith("$") and value in MISFITS.get(order.get(name), ())
               for name, text in rule.texts().items() for value in setting.values(text))


def has_odd_value(rule, setting):
    """A variable holds a number that the tools read as octal."""
    kinds = ("u8", "u16", "u32", "port", "limit", "dscp", "vlanid", "opcode", "protocol", "ipv4mask", "ipv6mask")
    order = ELEMENTS[rule.protocol].attributes if rule.protocol else {}
    return [name for name, text in rule.texts().items()
            if text.startswith("$") and order.get(name) in kinds and any(re.fullmatch(r"0\d+", value) for value in setting.values(text))]


def v6_instead(rule, setting):
    """Hands the same numbers over in the way in which the tools read them."""
    for name in has_odd_value(rule, setting):
        like = Variable.of(rule.text(name))
        values = [value.lstrip("0") or "0" for value in setting.values(rule.text(name))]
        rule = rule.put(name, setting.variable(values, like if like.each else None))
    return [rule]


# In the order in which they are applied: each sees what the ones before made of the rule.
ROWS = (
    Row("L9", lambda rule, setting: overwritten_variable(rule), lambda rule, setting: [rule.flat()]),
    Row("L17", lambda rule, setting: overwritten(rule, "state"), lambda rule, setting: [rule.flat()]),
    Row("L18", lambda rule, setting: l18_applies(rule), printed=True),
    Row("V6", lambda rule, setting: bool(has_odd_value(rule, setting)), v6_instead),
    Row("V5", lambda rule, setting: bool(v5_names(rule, setting)), v5_instead),
    Row("V2", lambda rule, setting: any(is_variable(rule, name) for name in ("state", "flags", "gratuitous"))
        and not (rule.protocol == "stp"), literal_instead("state", "flags", "gratuitous")),
    Row("V3", lambda rule, setting: rule.is_ip and is_variable(rule, "comment"), literal_instead("comment")),
    Row("V4", lambda rule, setting: is_variable(rule, "ipsetflags"), literal_instead("ipsetflags")),
    Row("K14", k14_applies, k14_instead),
    Row("K1", lambda rule, setting: rule.protocol in ("icmp", "icmpv6") and rule.direction == "inout" and rule.has("type"), k1_instead),
    Row("L8", lambda rule, setting: bool(rule.protocol and ELEMENTS[rule.protocol].proxy), l8_instead, printed=True),
    Row("L5", lambda rule, setting: l5_applies(rule), l5_instead, printed=True),
    Row("L1", lambda rule, setting: any("port" in name for name in signs.lost(rule)), l1_instead, printed=True),
    Row("L2", lambda rule, setting: any("port" not in name for name in signs.lost(rule)), l2_instead, printed=True),
    Row("L3", lambda rule, setting: l3_applies(rule), l3_instead, printed=True),
    Row("L4", lambda rule, setting: rule.has("ipset") and rule.negated("ipset"), l4_instead),
    Row("L6", lambda rule, setting: rule.protocol == "tcp-ipv6" and rule.has("flags"), l6_instead, printed=True),
    Row("L7", lambda rule, setting: rule.protocol == "ipv6" and rule.has("dscp"), l7_instead, printed=True),
    Row("K2", lambda rule, setting: rule.protocol == "ip" and rule.has("dscp"), k2_instead),
    Row("K3", lambda rule, setting: rule.has("encap-protocol") and not is_variable(rule, "encap-protocol"), k3_instead),
    Row("K5", lambda rule, setting: rule.has("arpsrcipaddr") and rule.has("arpsrcipmask") and rule.has("arpdstipaddr")
        and not rule.has("arpdstipmask"), lambda rule, setting: [rule.put("arpdstipmask", "32", rule.negated("arpdstipaddr"))]),
    Row("K13", lambda rule, setting: re.fullmatch(r"\d{2,}", rule.text("protocoltype", "")) is not None, k13_instead),
    Row("K6", k6_applies, k6_instead),
    Row("K10", lambda rule, setting: rule.is_ip and rule.action == "continue", k10_instead),
    Row("K9", k9_applies, lambda rule, setting: [replace(rule, statematch="false")]),
)


def rows_of(rule, setting):
    """The rows that change what a rule means; V1 is about whether it can be bound."""
    return [row for row in ROWS if row.applies(rule, setting)]


def for_stock(rule, setting):
    """The rules that the stock driver gets in the place of this one."""
    rules = [rule]
    for row in ROWS:
        if row.instead:
            rules = [new for old in rules for new in (row.instead(old, setting) if row.applies(old, setting) else [old])]
    return rules


def is_playable(rule, parameters):
    """Whether a rule can be packed together with others."""
    try:
        for_stock(rule, Setting(parameters))
        return True
    except NotPlayable:
        return False
