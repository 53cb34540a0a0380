# SPDX-License-Identifier: LGPL-2.1-or-later
"""
model.py: filters, rules and cases as objects that can be written, asked and changed

A Rule keeps the elements as they are written; what they mean together is told by its methods, which the predicates of
exceptions.py ask. A Case is what is played: some filters, a binding to the first of them, and definitions that replace filters while
the binding stands.

Invariant: objects are not changed once they are part of a case; a changed rule is a new one (dataclasses.replace).
"""

import re
from dataclasses import dataclass, replace
from xml.sax.saxutils import quoteattr

from nwflab.filters import language
from nwflab.texts import binding_xml, uuid_of

VARIABLE = re.compile(r"\$(?P<name>\w*)(\[\s*(?P<at>@?)\s*(?P<index>\d+)\s*\])?", re.ASCII)


@dataclass(frozen=True)
class Variable:
    """A reference to a variable: `index` of an element, or of an iterator (each=True)."""

    name: str
    index: int = 0
    each: bool = True

    @staticmethod
    def of(text):
        """The variable that an attribute's text refers to, or None."""
        found = VARIABLE.match(text)
        if not found:
            return None
        if found["index"] is None:
            return Variable(found["name"])
        return Variable(found["name"], int(found["index"]), bool(found["at"]))

    def __str__(self):
        if self.each and not self.index:
            return f"${self.name}"
        return f"${self.name}[{'@' if self.each else ''}{self.index}]"


@dataclass(frozen=True)
class Part:
    """One protocol element of a rule: attributes as (name, text), and the sign of all of them."""

    attributes: tuple
    negated: bool = False

    @staticmethod
    def make(negated=False, **attributes):
        """A part; underscores in names stand for dashes."""
        return Part(tuple((name.replace("_", "-"), text) for name, text in attributes.items()), negated)


@dataclass(frozen=True)
class Rule:
    """A rule as it is written; `priority` and `statematch` are texts or None."""

    action: str
    direction: str
    protocol: str = None
    parts: tuple = ()
    priority: str = None
    statematch: str = None

    # -- what it says --------------------------------------------------------------------------------------------------

    @property
    def layer(self):
        """'eth', 'v4' or 'v6'."""
        return language.ELEMENTS[self.protocol].layer if self.protocol else "eth"

    @property
    def is_ip(self):
        """Whether it is a rule of an IP layer."""
        return self.layer != "eth"

    def texts(self):
        """{attribute: text}: the last one counts."""
        return {name: text for part in self.parts for name, text in part.attributes}

    def has(self, name):
        """Whether the attribute is there."""
        return name in self.texts()

    def text(self, name, default=None):
        """An attribute's text."""
        return self.texts().get(name, default)

    def negated(self, name):
        """The sign with which the attribute is written; of the last one."""
        sign = False
        for part in self.parts:
            if any(name == attribute for attribute, _ in part.attributes):
                sign = part.negated
        return sign

    def variables(self):
        """The references to variables, also overwritten ones."""
        found = (Variable.of(text) for part in self.parts for _, text in part.attributes if text.startswith("$"))
        return [variable for variable in found if variable]

    @property
    def value_of_priority(self):
        """The priority as a number."""
        return int(self.priority) if self.priority is not None else 500

    @property
    def stateless(self):
        """Whether statematch is off."""
        return (self.statematch or "").lower() in ("0", "false")

    # -- another one ---------------------------------------------------------------------------------------------------

    def without(self, *names):
        """The rule without these attributes."""
        parts = (replace(part, attributes=tuple(pair for pair in part.attributes if pair[0] not in names)) for part in self.parts)
        return replace(self, parts=tuple(parts))

    def put(self, name, text, negated=None):
        """The rule with this attribute; it keeps its place, which decides about the order of combinations, unless its sign changes."""
        sign = self.negated(name) if negated is None else negated
        if not self.has(name) or sign != self.negated(name):
            return replace(self, parts=(*self.without(name).parts, Part(((name, text),), sign)))
        parts = (replace(part, attributes=tuple((known, text if known == name else old) for known, old in part.attributes)) for part in self.parts)
        return replace(self, parts=tuple(parts))

    def flat(self):
        """The rule with one part for each attribute, in table order, so that nothing is overwritten."""
        texts = self.texts()
        order = language.ELEMENTS[self.protocol].attributes if self.protocol else {}
        parts = tuple(Part(((name, texts[name]),), self.negated(name)) for name in order if name in texts)
        return replace(self, parts=parts or self.parts[:1] and (Part(()),))

    def xml(self):
        """The document's text."""
        extra = "".join(f" {name}={quoteattr(text)}" for name, text in (("priority", self.priority), ("statematch", self.statematch))
                        if text is not None)
        head = f"<rule action={quoteattr(self.action)} direction={quoteattr(self.direction)}{extra}"
        if not self.protocol:
            return head + "/>"
        parts = "".join(f"<{self.protocol}{' match=' + quoteattr('no') if part.negated else ''}"
                        + "".join(f" {name}={quoteattr(text)}" for name, text in part.attributes) + "/>" for part in self.parts or (Part(()),))
        return f"{head}>{parts}</rule>"


@dataclass(frozen=True)
class Reference:
    """A <filterref>; parameters are pairs."""

    name: str
    parameters: tuple = ()

    def xml(self):
        """The document's text."""
        children = "".join(f"<parameter name={quoteattr(name)} value={quoteattr(value)}/>" for name, value in self.parameters)
        return f"<filterref filter={quoteattr(self.name)}>{children}</filterref>"


@dataclass(frozen=True)
class Filter:
    """A filter; `number` makes its uuid, `chain` and `priority` are texts or None."""

    name: str
    number: int
    entries: tuple = ()
    chain: str = None
    priority: str = None

    @property
    def rules(self):
        """The rules among the entries."""
        return [entry for entry in self.entries if isinstance(entry, Rule)]

    @property
    def references(self):
        """The references among the entries."""
        return [entry for entry in self.entries if isinstance(entry, Reference)]

    @property
    def chain_name(self):
        """The chain, 'root' by default."""
        return self.chain or "root"

    @property
    def chain_priority(self):
        """The chain's priority as a number, the default if there is none."""
        if self.priority and self.chain:
            return int(self.priority)
        prefix = next((prefix for prefix in ("root", *language.CHAINS) if self.chain_name.startswith(prefix)), "root")
        return language.CHAIN_PRIORITY[prefix]

    def xml(self):
        """The document's text."""
        extra = "".join(f" {name}={quoteattr(text)}" for name, text in (("chain", self.chain), ("priority", self.priority)) if text is not None)
        return (f"<filter name={quoteattr(self.name)}{extra}><uuid>{uuid_of(self.number)}</uuid>"
                + "".join(entry.xml() for entry in self.entries) + "</filter>")


@dataclass(frozen=True)
class Case:
    """Filters (the binding is to the first one), parameters of the binding as pairs, and definitions that follow."""

    name: str
    filters: tuple
    parameters: tuple = ()
    then: tuple = ()
    mac: str = "52:54:00:7b:35:93"
    port: str = "dif0"
    kind: str = "generated"

    def stages(self):
        """The sets of filters that are in force one after the other."""
        stage = {entry.name: entry for entry in self.filters}
        result = [dict(stage)]
        for change in self.then:
            stage = {**stage, change.name: change}
            result.append(stage)
        return result

    def documents(self):
        """All filters that are defined, first and later ones."""
        return [*self.filters, *self.then]

    def rules(self):
        """All rules that are compared."""
        return [rule for document in self.documents() for rule in document.rules]

    def binding(self, more=()):
        """The binding's document, with additional parameters."""
        return binding_xml(self.port, self.filters[0].name, (*self.parameters, *more), mac=self.mac)


def tree(stage, name):
    """The filters below `name` in document order, depth first, each as often as it is met."""
    result = [stage[name]]
    for reference in stage[name].references:
        if reference.name in stage:
            result += tree(stage, reference.name)
    return result
