# SPDX-License-Identifier: LGPL-2.1-or-later
"""
generator.py: filters that nobody has thought of

From a seed comes a stream of cases: a filter with some others below it, variables with lists, and a redefinition of one of
them; about twenty rules in each. Every rule is one that the stock driver takes, because one refused rule would hide nineteen others:
the constraints are in RuleMaker. Rules that need an exception are thinned out, so that nine of ten are compared as they are.

Invariants: the same seed gives the same cases in every run; two sub-chains of one tree seldom share a priority, never a name.
"""

import ipaddress
import random

from nwflab.filters import language
from nwflab.filters.exceptions import Setting, is_playable, rows_of
from nwflab.filters.language import ELEMENTS, ENDS, KINDS, NEEDS
from nwflab.filters.model import Case, Filter, Part, Reference, Rule, Variable

RULES_PER_FILTER = 20
EXCEPTIONS_KEPT = 0.2  # of the rules that need one
COMBINATIONS_MAX = 8  # of one rule's variables
PORT_PROTOCOLS = tuple(text for text in language.WITH_PORTS)


class Variables:
    """The variables of a case: lists of one to three values, made when a rule wants one."""

    def __init__(self, source):
        self._random = source
        self._by_kind = {}
        self.parameters = []

    def any_of(self, kind, length):
        """Name of a variable of this kind with so many values."""
        known = self._by_kind.setdefault((kind, length), [])
        if known and self._random.random() < 0.6:
            return self._random.choice(known)
        name = f"{kind.upper()}_{len(self.parameters)}"
        values = [self._value(kind) for _ in range(length)]
        if length > 1 and self._random.random() < 0.2:
            values[-1] = values[0]
        self.parameters += [(name, value) for value in values]
        known.append(name)
        return name

    def _value(self, kind):
        if kind == "mac" and self._random.random() < 0.1:
            return self._random.choice(("52:54:00:0:1:2", "FF:FF:FF:FF:FF:FF"))
        return KINDS[kind].plain(self._random)


class RuleMaker:
    """Makes one rule after the other."""

    def __init__(self, source, variables):
        self._random = source
        self._variables = variables

    # -- one rule --------------------------------------------------------------------------------------------------------

    def rule(self, protocols):
        """A rule that can be packed, with one of the elements."""
        while True:
            rule = self._draft(self._random.choice(protocols))
            if not is_playable(rule, self._variables.parameters):
                continue
            if not rows_of(rule, Setting(self._variables.parameters)) or self._random.random() < EXCEPTIONS_KEPT:
                return rule

    def _chance(self, share):
        return self._random.random() < share

    def _draft(self, protocol):
        choose = self._random.choice
        ip_level = protocol and ELEMENTS[protocol].layer != "eth"
        action = choose(("accept", "accept", "drop", "reject", "return") if ip_level else language.ACTIONS)
        action = "continue" if self._chance(0.03) else action
        direction = choose(language.DIRECTIONS)
        priority = choose((None, None, str(self._random.randint(-1000, 1000)), choose(("100", "-5", "+7", "0", "1000", "-1000", "1001"))))
        priority = None if priority == "1001" else priority
        statematch = choose(("false", "0", "FALSE", "true", "1")) if self._chance(0.15) else None
        names = self._names(protocol, direction) if protocol else []
        return Rule(action, direction, protocol, self._parts(protocol, names), priority, statematch)

    def _names(self, protocol, direction):
        """A choice of attributes that go together."""
        element = ELEMENTS[protocol]
        possible = [name for name in element.attributes if name not in element.unknown or self._chance(0.1)]
        names = set(self._random.sample(possible, min(len(possible), self._random.choice((0, 1, 1, 2, 2, 3, 4, 5)))))
        if element.layer != "eth":
            for rare, share in (("srcmacaddr", 0.6), ("ipset", 0.6), ("ipsetflags", 0.3), ("connlimit-above", 0.5), ("comment", 0.7)):
                if rare in names and not self._chance(share):
                    names.discard(rare)
        for name in sorted(names):
            if name in NEEDS and self._chance(0.85):
                names.add(NEEDS[name])
        if "ipset" in names and protocol in ("all", "all-ipv6") and self._chance(0.9):
            names.add("ipsetflags")
        if protocol in ("ip", "ipv6") and names & set(language.PORTS):
            names.add("protocol")
        if protocol == "ipv6" and names & {"type", "typeend", "code", "codeend"}:
            names = (names - set(language.PORTS)) | {"protocol"}
        if protocol == "stp" and direction == "inout":
            names.discard("srcmacaddr")
        return [name for name in element.attributes if name in names]

    # -- its attributes --------------------------------------------------------------------------------------------------

    def _parts(self, protocol, names):
        """The attributes as one element, or as two of different signs, or with one of them repeated."""
        if not protocol:
            return ()
        texts = self._texts(protocol, names)
        negated = self._negatable(protocol, names)
        if not self._chance(0.3) or not negated:
            return self._repeated(protocol, tuple(texts.items()))
        away = [name for name in negated if self._chance(0.6)]
        plain = tuple((name, text) for name, text in texts.items() if name not in away)
        parts = (Part(plain), Part(tuple((name, texts[name]) for name in away), negated=True))
        return tuple(part for part in parts if part.attributes) or (Part(()),)

    def _repeated(self, protocol, pairs):
        if not pairs or not self._chance(0.08):
            return (Part(pairs),)
        name, text = self._random.choice(pairs)
        if name == "protocol" or text.startswith("$") or name in ENDS or name in ENDS.values():
            return (Part(pairs),)
        return (Part(((name, self._literal(protocol, name)),)), Part(pairs))

    @staticmethod
    def _negatable(protocol, names):
        """Attributes that may be negated: not the protocol that ports and types need."""
        dependent = set(language.PORTS) | {"type", "typeend", "code", "codeend"}
        return [name for name in names if not (name == "protocol" and dependent & set(names))] if protocol else []

    def _literal(self, protocol, name):
        text = KINDS[ELEMENTS[protocol].attributes[name]].make(self._random)
        return text.format(set=self._random.choice(language.SETS[ELEMENTS[protocol].layer])) if text == "{set}" else text

    def _texts(self, protocol, names):
        """A text for each attribute."""
        texts = {name: self._literal(protocol, name) for name in names}
        if protocol in ("ip", "ipv6") and set(names) & set(language.PORTS):
            texts["protocol"] = self._random.choice(PORT_PROTOCOLS)
        if protocol == "ipv6" and set(names) & {"type", "typeend", "code", "codeend"}:
            texts["protocol"] = self._random.choice(("icmpv6", "58", "0x3A"))
        for end, start in ENDS.items():
            if end in texts and start in texts:
                self._order(texts, start, end)
        if self._chance(0.3):
            self._with_variables(protocol, texts)
        return texts

    @staticmethod
    def _order(texts, start, end):
        """A range begins before it ends."""

        def key(text):
            if "." in text and ":" not in text:
                return tuple(int(part) for part in text.split("."))
            if ":" in text:
                return int(ipaddress.IPv6Address(text))
            return int(text, 16) if text.lower().startswith("0x") else int(text)

        if key(texts[start]) > key(texts[end]):
            texts[start], texts[end] = texts[end], texts[start]

    def _with_variables(self, protocol, texts):
        """Puts variables in the place of some texts."""
        length, combinations = self._random.choice((1, 1, 2, 3)), 1
        iterators = {}
        for name in list(texts):
            kind = ELEMENTS[protocol].attributes[name]
            if not KINDS[kind].plain or not self._chance(0.5) or self._must_be_literal(protocol, name, texts):
                continue
            if self._chance(0.15):
                texts[name] = str(Variable(self._variables.any_of(kind, 2), self._random.randint(0, 1), each=False))
                continue
            index = self._random.choice((0, 0, 1, 2))
            if index not in iterators:
                if combinations * length > COMBINATIONS_MAX:
                    continue
                combinations *= length
                iterators[index] = length
            texts[name] = str(Variable(self._variables.any_of(kind, iterators[index]), index))

    @staticmethod
    def _must_be_literal(protocol, name, texts):
        """Members of ranges, whose order would be left to chance, and what other attributes lean on."""
        if name in ENDS and ENDS[name] in texts or any(start == name and end in texts for end, start in ENDS.items()):
            return True
        if name == "protocol" and (set(texts) & (set(language.PORTS) | {"type", "typeend", "code", "codeend"})):
            return True
        return protocol in ("icmpv6", "ipv6") and name in ("type", "typeend", "code", "codeend") or name in ("dscp",) and protocol in ("ip", "ipv6")


class WildRuleMaker(RuleMaker):
    """Rules without the constraints: ranges that end before they begin, ports beside any protocol, masks alone."""

    @staticmethod
    def _order(texts, start, end):
        """Leaves the order to chance."""

    @staticmethod
    def _must_be_literal(protocol, name, texts):
        return False

    @staticmethod
    def _negatable(protocol, names):
        return names

    def rule(self, protocols):
        """A rule that the stock driver may refuse."""
        while True:
            rule = self._draft(self._random.choice(protocols))
            if is_playable(rule, self._variables.parameters):
                return rule


class CaseMaker:
    """Makes one case after the other."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self.seed = seed
        self._number = 0

    def cases(self, count):
        """Cases with at least `count` rules together."""
        made = 0
        while made < count:
            case = self.case()
            made += len(case.rules())
            yield case

    def case(self):
        """One case."""
        self._number += 1
        variables = Variables(self._random)
        maker = RuleMaker(self._random, variables)
        prefix = f"gen{self._number}"
        below = self._filters_below(prefix, maker)
        top = self._filled(Filter(f"{prefix}-top", self._number * 100), maker, RULES_PER_FILTER - sum(len(f.rules) for f in below),
                           self._references(below, variables))
        filters = (top, *below)
        changed = self._random.choice([entry for entry in filters if not entry.references or entry is top])
        references = tuple(entry for entry in changed.entries if isinstance(entry, Reference) and self._random.random() < 0.8)
        count = RULES_PER_FILTER - 2 if changed is top else max(4, len(changed.rules) + self._random.randint(-3, 6))
        then = self._filled(Filter(changed.name, changed.number, (), changed.chain, changed.priority), maker, count, references)
        return Case(f"seed {self.seed}, case {self._number}", filters, tuple(variables.parameters), (then,), port=f"dif{self._number % 1000}")

    def wild_cases(self, count):
        """Cases of a single rule, which the stock driver may refuse."""
        protocols = [name for name, element in ELEMENTS.items() if not element.proxy]
        for number in range(1, count + 1):
            variables = Variables(self._random)
            rule = WildRuleMaker(self._random, variables).rule(protocols)
            yield Case(f"seed {self.seed}, wild {number}", (Filter(f"wild{number}", 70000 + number, (rule,)),), tuple(variables.parameters),
                       port=f"wil{number % 1000}", kind="wild")

    def _filters_below(self, prefix, maker):
        """Filters in chains of their own."""
        result = []
        priorities = self._random.sample(range(-1000, 1001), 4)
        for number in range(self._random.choice((0, 1, 1, 2, 2, 3))):
            kind = self._random.choice(language.CHAINS)
            chain = kind + self._random.choice(("", "-x", "-web_1", ".a:b", "9"))
            if any(known.chain_name == chain for known in result):
                continue
            priority = self._random.choice((None, str(priorities[number]), str(priorities[number])))
            if self._random.random() < 0.03:
                priority = "0"
            document = Filter(f"{prefix}-{number}", self._number * 100 + number + 1, (), chain, priority)
            if any(known.chain_priority == document.chain_priority for known in result) and self._random.random() < 0.85:
                continue
            result.append(self._filled(document, maker, self._random.randint(2, 7), ()))
        if result and self._random.random() < 0.3:
            document = Filter(f"{prefix}-root", self._number * 100 + 9)
            result.append(self._filled(document, maker, self._random.randint(1, 4), ()))
        return result

    def _references(self, below, variables):
        """References to the filters below; some pass a parameter on that the binding overrides."""
        result = []
        for document in below:
            parameters = ()
            if variables.parameters and self._random.random() < 0.3:
                name, value = self._random.choice(variables.parameters)
                parameters = ((name, value),)
            result.append(Reference(document.name, parameters))
        if result and self._random.random() < 0.1:
            result.append(self._random.choice(result))
        return tuple(result)

    def _filled(self, document, maker, count, references):
        """The filter with rules and references in any order."""
        protocols = [name for name, element in ELEMENTS.items() if not element.proxy or self._random.random() < 0.1] + [None]
        if document.chain and self._random.random() < 0.8:
            protocols = [name for name in protocols if not name or ELEMENTS[name].layer == "eth"]
        entries = [maker.rule(protocols) for _ in range(count)]
        for reference in references:
            entries.insert(self._random.randint(0, len(entries)), reference)
        return Filter(document.name, document.number, tuple(entries), document.chain, document.priority)
