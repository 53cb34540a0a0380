# SPDX-License-Identifier: LGPL-2.1-or-later
"""
documents.py: filters and bindings as text, at random or made to a purpose

All randomness comes from the Random that the caller seeds, so that a document can be made again from its seed.
"""

from xml.sax.saxutils import escape, quoteattr

from language import BROKEN_VARIABLES, ELEMENTS, FOREIGN_VARIABLES, PLACES, STRANGERS, TYPES, VARIABLES

UUID = "f88f1932-debf-4aa1-9fbe-f10d3aa4bc95"
# libvirt's grammar doubles its time with each optional attribute of an element: more are not put before it.
ATTRIBUTES_AT_MOST = 7
LETTERS = "0123456789abcdefxXgABCDEF:./-_,;+ $@[]%\t\u00fcNSrwy"


def attributes(pairs):
    """Attributes as text."""
    return "".join(f" {name}={quoteattr(value, {chr(9): '&#9;', chr(10): '&#10;'})}" for name, value in pairs)


def element(name, pairs=(), content=""):
    """An element as text."""
    return f"<{name}{attributes(pairs)}>{content}</{name}>" if content else f"<{name}{attributes(pairs)}/>"


def filter_with(*children, **places):
    """A filter with these children."""
    return element("filter", {"name": "x", **places}.items(), "".join(children))


def rule_with(*children, **places):
    """A rule with these children."""
    return element("rule", {"action": "drop", "direction": "in", **places}.items(), "".join(children))


def one_attribute(protocol, name, value):
    """A filter whose only rule has one attribute."""
    return filter_with(rule_with(element(protocol, [(name, value)])))


def one_place(place, value):
    """A filter that is ordinary but for one place of language.PLACES."""
    if place in ("name", "chain"):
        return filter_with(**{place: value})
    if place == "priority":
        return filter_with(rule_with(priority=value), chain="arp", priority=value)
    if place in ("action", "direction", "statematch"):
        return filter_with(rule_with(**{place: value}))
    if place == "match":
        return one_attribute("tcp", "match", value)
    if place == "uuid":
        return filter_with(f"<uuid>{escape(value)}</uuid>")
    if place == "reference":
        return filter_with(element("filterref", [("filter", value)]))
    pair = {"parameter-name": ("name", value), "parameter-value": ("value", value)}[place]
    values = {"name": "IP", "value": "10.0.0.1", pair[0]: pair[1]}
    return filter_with(element("filterref", [("filter", "x")], element("parameter", values.items())))


class Draft:
    """Random documents. In `legal` ones all values are; others have each a chance of its own of values that are not."""

    def __init__(self, random, legal):
        self.random, self.legal, self.odds = random, legal, 0

    def begin(self):
        """A new document."""
        self.odds = 0 if self.legal else self.random.choice([0, 0.05, 0.3])

    def value(self, legal, foreign, illegal):
        """A value of a place."""
        if self.random.random() >= self.odds:
            return self.random.choice(legal)
        if self.random.random() < 0.5:
            return self.mutated(self.random.choice(legal + foreign + illegal))
        return self.random.choice(foreign + illegal) if foreign + illegal else self.random.choice(legal)

    def mutated(self, text):
        """The text with one to three letters changed, added or taken away."""
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randint(0, len(text))
            new = self.random.choice(["", self.random.choice(LETTERS)])
            text = text[:at] + new + text[at + self.random.randint(0, 1):]
        return text

    def place(self, name):
        """A value of a place outside of protocols."""
        table = PLACES[name]
        common = table.legal[:1] if self.random.random() < 0.8 else table.legal
        return self.value(common, table.foreign, table.illegal)

    def attribute(self, kind):
        """A value of a protocol's attribute."""
        table = TYPES[kind]
        return self.value(table.legal + VARIABLES[:7], table.foreign + FOREIGN_VARIABLES,
                          table.illegal + BROKEN_VARIABLES)

    def protocol(self, name):
        """A protocol element."""
        table = ELEMENTS[name]
        names = self.random.sample(list(table), min(len(table), self.random.randint(0, ATTRIBUTES_AT_MOST)))
        if "ipset" in names or "ipsetflags" in names:  # libvirt's grammar wants both or none
            names = [other for other in names if other not in ("ipset", "ipsetflags")] + ["ipset", "ipsetflags"]
        pairs = [(other, self.attribute(table[other])) for other in names]
        if self.random.random() < 0.3:
            pairs.append(("match", self.place("match")))
        if self.random.random() < self.odds / 5:
            pairs.append((self.random.choice(STRANGERS), "1"))
        self.random.shuffle(pairs)
        return element(name, pairs)

    def rule(self):
        """A rule."""
        children = ""
        if self.random.random() < 0.9:
            name = self.random.choice(list(ELEMENTS))
            children = "".join(self.protocol(name) for _ in range(1 if self.random.random() < 0.9 else 3))
            if self.random.random() < self.odds / 5:
                children += self.random.choice(["<tcp/>", "<tpc/>", "text"])
        places = {name: self.place(name) for name in ("action", "direction")}
        places |= {name: self.place(name) for name in ("priority", "statematch") if self.random.random() < 0.3}
        return rule_with(children, **places)

    def reference(self):
        """A reference to a filter."""
        pairs = [("name", "parameter-name"), ("value", "parameter-value")]
        parameters = (element("parameter", [(name, self.place(place)) for name, place in pairs])
                      for _ in range(self.random.choice([0, 0, 1, 3])))
        return element("filterref", [("filter", self.place("reference"))], "".join(parameters))

    def filter(self):
        """A whole document."""
        self.begin()
        children = [self.rule() if self.random.random() < 0.7 else self.reference()
                    for _ in range(self.random.randint(0, 4))]
        if self.random.random() < 0.5:
            children.insert(self.random.randint(0, len(children)), f"<uuid>{escape(self.place('uuid'))}</uuid>")
        places = {name: self.place(name) for name in ("chain", "priority") if self.random.random() < 0.4}
        return filter_with(*children, name=self.place("name"), **places)

    def binding(self):
        """A whole binding."""
        self.begin()
        mac = self.value(("52:54:00:7b:35:93", "2:4:0:b:5:3"), ("01:00:5e:00:00:01",), ("$MAC", "52-54-00-7b-35-93"))
        children = [
            element("owner", (), "".join(self.random.sample(
                [f"<name>{escape(self.place('name'))}</name>", f"<uuid>{escape(self.place('uuid'))}</uuid>"], 2))),
            element("portdev", [("name", self.place("name"))]),
            element("mac", [("address", mac)]),
            self.reference(),
        ]
        if self.random.random() < 0.4:
            children.append(element("linkdev", [("name", self.place("name"))]))
        if self.random.random() < 0.2:
            children.append(element("backend", [("name", self.random.choice(["iptables", "nftables", "", "x"]))]))
        if self.random.random() < self.odds / 3:
            children.append(self.random.choice([children[0], "<foo/>", "text", "<backend/>"]))
        self.random.shuffle(children)
        return element("filterbinding", (), "".join(children))
