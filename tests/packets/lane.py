# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lane.py: what a case of the packets lane is, and how it is played

A Case is a story about a filter: the documents, who is bound to them, and frames of which each must come through or
must not. A frame that is about a rule says so (needs=). Every such frame becomes a second test, which changes that
one rule and expects the opposite: so no frame passes or stops for another reason than the one the story gives.

    case("no-forged-source", "A guest sends from its own Ethernet address only.",
         root("<rule id='own' action='accept' direction='out' priority='100'><mac srcmacaddr='$MAC'/></rule>"
              "<rule id='rest' action='drop' direction='out'/>"),
         passes(A >> C, udp(), needs="own"),
         stops(A >> C, udp(src_mac=FORGED), needs="rest"))

Rules are named by an attribute `id`, which is taken out before a document is defined; the N-th rule of any other
filter, such as one that libvirt ships, is NAME:N. needs="own" takes the rule out, needs=inverted("own") turns accept
into drop and back.

fixed="K3" marks a frame that the stock driver treats otherwise (the row of docs/differences.md): run against the stock
driver the case expects that.

Invariants: connection tracking starts empty at each playing; after a case every filter is what it was before.
"""

import contextlib
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from nwflab import kernel
from nwflab.guests import A, Path, forget_connections, port_of
from nwflab.texts import binding_xml, filter_xml

ROOT = "lane"
FORGED = "52:54:00:66:66:66"
OPPOSITE = {"accept": "drop", "drop": "accept", "return": "drop", "reject": "accept"}
ALL_CASES = []


@dataclass(frozen=True)
class Change:
    """What a test of a rule does to it."""

    rule: str
    invert: bool = False

    def __str__(self):
        return f"{'inverted' if self.invert else 'without'}-{self.rule}"


def inverted(rule):
    """The change that turns the action of `rule` around."""
    return Change(rule, invert=True)


@dataclass(frozen=True)
class Step:
    """One frame and what must become of it."""

    path: Path
    frame: object
    comes: bool
    needs: tuple = ()
    fixed: str | None = None
    told: bool | None = None  # whether the sender is told of the refusal; None: not looked at

    def expected(self, driver):
        """Whether the frame comes through with `driver`."""
        return self.comes if driver == "ours" or not self.fixed else not self.comes

    def __str__(self):
        return f"{self.path} {self.frame}"


def _step(path, frame, comes, needs=(), fixed=None, told=None):
    needs = (needs,) if isinstance(needs, (str, Change)) else needs
    changes = tuple(each if isinstance(each, Change) else Change(each) for each in needs)
    return Step(path, frame, comes, changes, fixed, told)


def passes(path, frame, needs=(), fixed=None):
    """The frame comes through."""
    return _step(path, frame, True, needs, fixed)


def stops(path, frame, needs=(), fixed=None):
    """The frame does not come through."""
    return _step(path, frame, False, needs, fixed)


def refuses(path, frame, needs=()):
    """The frame does not come through, and its sender is told."""
    return _step(path, frame, False, needs, told=True)


def swallows(path, frame, needs=()):
    """The frame does not come through, and its sender is told nothing."""
    return _step(path, frame, False, needs, told=False)


# -- documents ---------------------------------------------------------------------------------------------------------


class Document:
    """The XML of a filter whose rules have names."""

    def __init__(self, text):
        self.tree = ET.fromstring(text)
        self.name = self.tree.get("name")
        if self.tree.find("uuid") is None:
            ET.SubElement(self.tree, "uuid").text = str(uuid.uuid5(uuid.NAMESPACE_OID, self.name))
        self.rules = {}
        for number, rule in enumerate(self.tree.findall("rule"), 1):
            self.rules[rule.attrib.pop("id", f"{self.name}:{number}")] = rule

    def text(self, change=None):
        """The document, changed or not."""
        if change is None:
            return ET.tostring(self.tree, encoding="unicode")
        rule = self.rules[change.rule]
        if change.invert:
            action = rule.get("action")
            rule.set("action", OPPOSITE[action])
            result = ET.tostring(self.tree, encoding="unicode")
            rule.set("action", action)
            return result
        place = list(self.tree).index(rule)
        self.tree.remove(rule)
        result = ET.tostring(self.tree, encoding="unicode")
        self.tree.insert(place, rule)
        return result


def root(body):
    """The filter that the guest is bound to."""
    return filter_xml(ROOT, body)


# -- cases -------------------------------------------------------------------------------------------------------------


@dataclass
class Case:
    """A story; see the module's text."""

    name: str
    story: str
    documents: list
    steps: list
    bind: tuple = (A,)
    filter: str = ROOT
    params: tuple = ()
    around: object = contextlib.nullcontext
    ours: str | None = None

    def changes(self, driver):
        """(index of a step, change) for each frame that is about a rule; not where `driver` lacks the fix shown."""
        return [(index, change) for index, step in enumerate(self.steps) for change in step.needs
                if driver == "ours" or not step.fixed]

    def parameters(self, station):
        """Parameters of the binding of `station`; IP is its own address unless the case says otherwise."""
        given = list(self.params)
        if not any(name == "IP" for name, _ in given):
            given.insert(0, ("IP", station.ip))
        return given


def case(name, story, *parts, **keywords):
    """Adds a case: documents (texts) and steps in any order."""
    made = Case(name, story, [part for part in parts if isinstance(part, str)],
                [part for part in parts if isinstance(part, Step)], **keywords)
    assert any(step.needs for step in made.steps), f"case {name} is about no rule"
    assert name not in {other.name for other in ALL_CASES}, f"two cases are called {name}"
    ALL_CASES.append(made)


# -- playing -----------------------------------------------------------------------------------------------------------


class Stage:
    """A case whose filters are defined and whose guests are bound."""

    def __init__(self, made, client, wire):
        self.case, self.client, self.wire = made, client, wire
        self.documents = {}
        self.defined = {}
        self.undo = contextlib.ExitStack()

    def __enter__(self):
        with self.undo:
            self.undo.enter_context(self.case.around())
            documents = [Document(text) for text in self.case.documents]
            for document in reversed(documents):  # the root comes first in a case, and last into the daemon
                self._define(document.name, document.text())
                self.undo.callback(self.client.undefine, document.name)
                self.documents[document.name] = document
            self.undo.callback(self.restore)
            for station in self.case.bind:
                self.client.bind(binding_xml(port_of(station), self.case.filter, self.case.parameters(station),
                                             mac=station.mac))
                self.undo.callback(self.client.unbind, port_of(station))
            self.undo = self.undo.pop_all()
        return self

    def __exit__(self, *error):
        return self.undo.__exit__(*error)

    def _define(self, name, text):
        if self.defined.get(name) != text:
            self.client.define(text)
            self.defined[name] = text

    def _document(self, rule):
        """The document that has `rule`; a filter of the host is read from the daemon."""
        for document in self.documents.values():
            if rule in document.rules:
                return document
        name = rule.rsplit(":", 1)[0]
        assert name not in self.documents, f"no rule {rule}"
        text = self.client.filter_xml(name)
        self.documents[name] = Document(text)
        self.defined[name] = self.documents[name].text()
        return self.documents[name]

    def restore(self):
        """Puts all documents back."""
        for name, document in self.documents.items():
            self._define(name, document.text())

    def change(self, change):
        """Changes one rule, everything else as the case has it."""
        target = self._document(change.rule)
        for name, document in self.documents.items():
            if document is not target:
                self._define(name, document.text())
        self._define(target.name, target.text(change))

    def play(self, steps):
        """Sends the frames of `steps` in order, on fresh connection tracking; returns what became of each."""
        forget_connections()
        return [self.wire.play(step.path, step.frame) for step in steps]

    def complaint(self, step, sent, wanted):
        """Text for a frame that did what it must not."""
        verb = {True: "came through", False: "did not come through"}
        rules = "\n".join(kernel.of_port(port_of(station)) for station in self.case.bind)
        return (f"{self.case.story}\n{step}: {verb[sent.arrived]}, but {verb[wanted]} was expected\n"
                f"rules in the kernel:\n{rules}")
