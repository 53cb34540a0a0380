# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_schema.py: the grammars in xmlschemas/ accept what they must, refuse what they must, and are quick

Three judges: the documents in valid/ and invalid/, the table in language.py, and libvirt's own grammars, which are
asked what they accept and never read. Random documents are made from numbered seeds: a failure repeats.

    /usr/bin/python3 -m pytest tests/schema
"""

import pathlib
import random
import re
import subprocess

import pytest
from lxml import etree

from documents import (UUID, Draft, element, filter_with, one_attribute, one_place, rule_with)
from language import BROKEN_VARIABLES, ELEMENTS, FOREIGN_VARIABLES, PLACES, STRANGERS, TYPES, VARIABLES

HERE = pathlib.Path(__file__).parent
OURS = HERE.parent.parent / "xmlschemas"
STOCK = pathlib.Path("/usr/share/libvirt/schemas")
SHIPPED = sorted(pathlib.Path("/usr/share/libvirt/nwfilter").glob("*.xml"))
RNG = "{http://relaxng.org/ns/structure/1.0}"
SEEDS = range(40)
DRAFTS = 150  # random documents for each seed

needs_stock = pytest.mark.skipif(not (STOCK / "nwfilter.rng").exists(), reason="libvirt's grammars are not installed")


class Grammar:
    """A grammar that judges texts."""

    def __init__(self, path):
        self.rng = etree.RelaxNG(file=str(path))

    def accepts(self, text):
        """Whether the document fits."""
        return self.rng.validate(etree.fromstring(text))

    def complaint(self, text):
        """What is wrong with the document first."""
        return "" if self.accepts(text) else self.rng.error_log[0].message


@pytest.fixture(scope="module", name="ours")
def fixture_ours():
    """Our grammar of filters."""
    return Grammar(OURS / "nwfilter.rng")


@pytest.fixture(scope="module", name="our_bindings")
def fixture_our_bindings():
    """Our grammar of bindings."""
    return Grammar(OURS / "nwfilterbinding.rng")


@pytest.fixture(scope="module", name="stock")
def fixture_stock():
    """libvirt's grammar of filters."""
    return Grammar(STOCK / "nwfilter.rng")


def of_folder(folder):
    """Documents below a folder of this lane, filters and bindings."""
    paths = sorted((HERE / folder).rglob("*.xml"))
    assert paths
    return pytest.mark.parametrize("path", paths, ids=[str(path.relative_to(HERE / folder)) for path in paths])


def grammar_for(path, ours, our_bindings):
    """Which grammar a file is for."""
    return our_bindings if path.parent.name == "bindings" else ours


# -- documents ---------------------------------------------------------------------------------------------------------


@of_folder("valid")
def test_valid_document(path, ours, our_bindings):
    """Accepted as it stands."""
    assert grammar_for(path, ours, our_bindings).complaint(path.read_bytes()) == ""


@of_folder("invalid")
def test_invalid_document(path, ours, our_bindings):
    """Refused, and for the reason that the file gives: with what is wrong put right it is accepted."""
    text = path.read_text("utf-8")
    cure = re.search(r"<!-- wrong: \[(.+?)\] right: \[(.*?)\] -->", text, re.DOTALL)
    assert cure, "the file must begin with <!-- wrong: [TEXT] right: [TEXT] -->"
    head, body = text[:cure.end()], text[cure.end():]
    assert cure[1] in body
    grammar = grammar_for(path, ours, our_bindings)
    assert not grammar.accepts(text.encode())
    assert grammar.complaint((head + body.replace(cure[1], cure[2], 1)).encode()) == ""


@pytest.mark.skipif(not SHIPPED, reason="libvirt's filters are not installed")
@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_filter(path, ours):
    """The filters that come with libvirt are accepted."""
    assert ours.complaint(path.read_bytes()) == ""


@pytest.mark.skipif(not SHIPPED, reason="libvirt's filters are not installed")
def test_all_shipped_filters_are_there():
    """All of them: an empty folder would prove nothing."""
    assert len(SHIPPED) >= 24


# -- every attribute, every value --------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ELEMENTS)
def test_values_that_are_accepted(protocol, ours):
    """Every attribute with each of its legal values, as a variable, and with what only libvirt's grammar takes."""
    wrong = [(name, value) for name, kind in ELEMENTS[protocol].items()
             for value in TYPES[kind].legal + TYPES[kind].foreign + VARIABLES + FOREIGN_VARIABLES
             if not ours.accepts(one_attribute(protocol, name, value))]
    assert wrong == []


@pytest.mark.parametrize("protocol", ELEMENTS)
def test_values_that_are_refused(protocol, ours):
    """Every attribute with values that are not of its type, and with broken references to variables."""
    wrong = [(name, value) for name, kind in ELEMENTS[protocol].items() if kind != "comment"
             for value in TYPES[kind].illegal + BROKEN_VARIABLES
             if ours.accepts(one_attribute(protocol, name, value))]
    assert wrong == []


@pytest.mark.parametrize("protocol", ELEMENTS)
def test_attributes_of_others(protocol, ours):
    """What another element has, or none, is refused: MAC masks at the IP layers, ports of ICMP, misprints."""
    others = {name for table in ELEMENTS.values() for name in table} - set(ELEMENTS[protocol])
    wrong = [name for name in [*sorted(others), *STRANGERS] if ours.accepts(one_attribute(protocol, name, "$A"))]
    assert wrong == []


@pytest.mark.parametrize("protocol", ELEMENTS)
def test_all_attributes_at_once(protocol, ours):
    """An element may have all its attributes, negated, several times."""
    pairs = [("match", "no"), *((name, "$A") for name in ELEMENTS[protocol])]
    assert ours.complaint(filter_with(rule_with(element(protocol, pairs) * 3))) == ""


@pytest.mark.parametrize("place", PLACES)
def test_places_outside_of_protocols(place, ours):
    """Names, chains, priorities, uuids and words."""
    table = PLACES[place]
    assert [value for value in table.legal + table.foreign if not ours.accepts(one_place(place, value))] == []
    assert [value for value in table.illegal if ours.accepts(one_place(place, value))] == []


def test_one_protocol_for_each_rule(ours):
    """Several elements of one protocol are one condition; of two protocols they are an error."""
    for first in ELEMENTS:
        accepted = [second for second in ELEMENTS
                    if ours.accepts(filter_with(rule_with(f"<{first}/>", f"<{second}/>")))]
        assert accepted == [first]


# -- beside libvirt's grammars -----------------------------------------------------------------------------------------


@needs_stock
@pytest.mark.parametrize("protocol", ELEMENTS)
def test_foreign_values_are_libvirts(protocol, ours, stock):
    """Nothing odd is accepted but for libvirt's sake: its grammar accepts each value that the table calls foreign."""
    known = [(name, kind) for name, kind in ELEMENTS[protocol].items()
             if any(stock.accepts(one_attribute(protocol, name, value)) for value in TYPES[kind].legal)]
    wrong = [(name, value) for name, kind in known for value in TYPES[kind].foreign
             if not stock.accepts(one_attribute(protocol, name, value))]
    assert wrong == []


@needs_stock
@pytest.mark.parametrize("seed", SEEDS)
def test_what_libvirt_accepts_is_accepted(seed, ours, stock):
    """Random filters, right and wrong ones: libvirt's yes is our yes."""
    draft = Draft(random.Random(seed), legal=False)
    texts = [draft.filter() for _ in range(DRAFTS)]
    accepted = [text for text in texts if stock.accepts(text)]
    assert [text for text in accepted if not ours.accepts(text)] == []
    assert len(accepted) > DRAFTS / 8, "too few to prove anything"
    assert len(accepted) < DRAFTS, "too few wrong ones"


@needs_stock
@pytest.mark.parametrize("kind", TYPES)
def test_values_near_the_legal_ones(kind, ours, stock):
    """Values a few letters off, one at a time: libvirt's yes is our yes."""
    draft = Draft(random.Random(kind), legal=False)
    protocol, name = next((protocol, name) for protocol, table in ELEMENTS.items() for name in table
                          if table[name] == kind)
    others = {"ipset": [("ipsetflags", "src")], "ipsetflags": [("ipset", "x")]}.get(name, [])  # libvirt wants both
    table = TYPES[kind]
    values = [draft.mutated(draft.random.choice(table.legal + table.foreign + VARIABLES)) for _ in range(3000)]
    texts = [filter_with(rule_with(element(protocol, [(name, value), *others]))) for value in values]
    assert [text for text in texts if stock.accepts(text) and not ours.accepts(text)] == []


@needs_stock
@pytest.mark.parametrize("place", PLACES)
def test_places_near_the_legal_ones(place, ours, stock):
    """The same for names, chains, priorities, uuids and words."""
    table = PLACES[place]
    draft = Draft(random.Random(place), legal=False)
    texts = [one_place(place, draft.mutated(draft.random.choice(table.legal + table.foreign))) for _ in range(2000)]
    assert [text for text in texts if stock.accepts(text) and not ours.accepts(text)] == []


@needs_stock
@pytest.mark.parametrize("seed", SEEDS[:10])
def test_bindings_that_libvirt_accepts(seed, our_bindings):
    """The same for bindings."""
    stock = Grammar(STOCK / "nwfilterbinding.rng")
    draft = Draft(random.Random(seed), legal=False)
    texts = [draft.binding() for _ in range(DRAFTS)]
    accepted = [text for text in texts if stock.accepts(text)]
    assert [text for text in accepted if not our_bindings.accepts(text)] == []
    assert len(accepted) > DRAFTS / 8, "too few to prove anything"


# What our grammar accepts and libvirt's does not: rows S2 to S5 of docs/differences.md. A place that is not here has nothing of that kind.
IPV6_ELEMENTS = [name for name in ELEMENTS if name.endswith("-ipv6") or name == "icmpv6"]
EXTRA_ATTRIBUTES = {
    "arp": {"arpsrcipmask", "arpdstipmask"}, "rarp": {"arpsrcipmask", "arpdstipmask"}, "ipv6": {"dscp"}, "tcp": {"option"},
    **{name: {"connlimit-above", "state", "ipset", "ipsetflags", "option"} for name in IPV6_ELEMENTS},
    "igmp-ipv6": set(ELEMENTS["igmp-ipv6"]),
}
EXTRA_VALUES = {
    **{kind: r"0X1|0x0+[0-9A-F]+" for kind in ("u8", "u16", "vlanid", "dscp")},
    "u32": r"0X1|0x0+F+|\+5",
    "encap": r"60|0x0?3c|0x5ff|1535",
    "opcode": r"0x10",
    "ipv6": r".*%.*|::(\d:){6}\d|(\d:){7}:",
    "ipv6or4": r".*%.*|::(\d:){6}\d|(\d:){7}:|[\d.]+",
    "state": r"", "ipset": r"",
}
EXTRA_PLACES = {"name", "reference", "parameter-name"}


@needs_stock
@pytest.mark.parametrize("protocol", ELEMENTS)
def test_attributes_that_only_ours_accepts(protocol, ours, stock):
    """Attributes and values that libvirt's grammar refuses are of the kinds that the document of differences lists."""
    pairs = [(name, kind, value, {"ipset": [("ipsetflags", "src")], "ipsetflags": [("ipset", "x")]}.get(name, []))
             for name, kind in ELEMENTS[protocol].items() if name not in EXTRA_ATTRIBUTES.get(protocol, ())
             for value in TYPES[kind].legal + TYPES[kind].foreign]
    texts = [(name, kind, value, filter_with(rule_with(element(protocol, [(name, value), *others])))) for name, kind, value, others in pairs]
    wrong = [(name, value) for name, kind, value, text in texts if ours.accepts(text) and not stock.accepts(text)
             and not re.fullmatch(EXTRA_VALUES.get(kind, "(?!)"), value)]
    assert wrong == []


@needs_stock
@pytest.mark.parametrize("place", PLACES)
def test_places_that_only_ours_accepts(place, ours, stock):
    """The same outside of protocols."""
    table = PLACES[place]
    wrong = [value for value in table.legal + table.foreign + table.illegal
             if ours.accepts(one_place(place, value)) and not stock.accepts(one_place(place, value))]
    assert place in EXTRA_PLACES or wrong == []


@needs_stock
def test_bindings_that_only_ours_accepts(our_bindings):
    """Of bindings: short MAC addresses, and the element that later releases print."""
    stock = Grammar(STOCK / "nwfilterbinding.rng")
    draft = Draft(random.Random(7), legal=True)
    texts = [draft.binding() for _ in range(DRAFTS)]
    extra = re.compile(r'address="2:4:0:b:5:3"|<backend |<parameter name=""|<filterref filter="[^"]*[^\w"-]')
    assert [text for text in texts if our_bindings.accepts(text) and not stock.accepts(text) and not extra.search(text)] == []
    assert sum(stock.accepts(text) for text in texts) > DRAFTS / 8, "too few to prove anything"


@pytest.mark.parametrize("seed", SEEDS)
def test_legal_documents(seed, ours):
    """Random documents of legal values alone are accepted, whatever their mixture."""
    draft = Draft(random.Random(seed), legal=True)
    texts = [draft.filter() for _ in range(DRAFTS)]
    assert [text for text in texts if not ours.accepts(text)] == []


# -- how the grammars are made -----------------------------------------------------------------------------------------


def definitions(name):
    """The definitions of a grammar by name."""
    return {node.get("name"): node for node in etree.parse(str(OURS / name)).getroot().iter(RNG + "define")}


def canonical(node):
    """A definition without comments and layout."""
    copy = etree.fromstring(etree.tostring(node), etree.XMLParser(remove_comments=True, remove_blank_text=True))
    return etree.tostring(copy, method="c14n")


def test_shared_definitions_are_equal():
    """Types that stand in both files are the same in both."""
    filters, bindings = definitions("nwfilter.rng"), definitions("nwfilterbinding.rng")
    shared = set(filters) & set(bindings)
    assert shared == {"filterref", "parameters", "variable-name", "variable-value", "uuid", "mac-text"}
    assert [name for name in shared - {"filterref"} if canonical(filters[name]) != canonical(bindings[name])] == []


@pytest.mark.parametrize("name", ["nwfilter.rng", "nwfilterbinding.rng"])
def test_grammar_is_in_order(name):
    """Self-contained, without definitions that nobody uses, and optional attributes stand where they cost nothing."""
    root = etree.parse(str(OURS / name)).getroot()
    defined = [node.get("name") for node in root.iter(RNG + "define")]
    assert len(defined) == len(set(defined))
    assert set(defined) == {node.get("name") for node in root.iter(RNG + "ref")}
    assert list(root.iter(RNG + "include", RNG + "externalRef")) == []
    optional = [node.getparent() for node in root.iter(RNG + "attribute") if node.getparent().tag == RNG + "optional"]
    assert [node for node in optional if node.getparent().tag != RNG + "interleave"] == []


# -- time --------------------------------------------------------------------------------------------------------------

RICH = ("<rule action='accept' direction='inout' priority='500'>"
        "<tcp srcmacaddr='$MAC' srcipaddr='10.0.0.1' srcipmask='24' dstipaddr='10.1.1.1' dstipmask='255.255.255.0'"
        " dscp='5' connlimit-above='7' state='NEW,ESTABLISHED' srcportstart='22' srcportend='30' dstportstart='0x50'"
        " dstportend='443' flags='SYN,ACK/SYN' comment='hi'/></rule>")
PARAMETER, BAD_PARAMETER = "<parameter name='IP' value='10.0.0.1'/>", "<parameter name='IP' value='/'/>"
MANY = 100000
LARGE = {
    # name: (document, whether it is valid)
    "10000-rules": (filter_with(RICH * 10000), True),
    "rules": (filter_with(rule_with() * MANY), True),
    "references": (filter_with("<filterref filter='x'/>" * MANY), True),
    "parameters": (filter_with(element("filterref", [("filter", "x")], PARAMETER * MANY)), True),
    "elements-of-one-rule": (filter_with(rule_with("<all/>" * MANY)), True),
    "all-attributes": (filter_with(*(rule_with(element(protocol, [(name, "$A") for name in table]) * 100)
                                     for protocol, table in ELEMENTS.items())), True),
    "wrong-rules": (filter_with(rule_with(action="deny") * MANY), False),
    "wrong-parameters": (filter_with(element("filterref", [("filter", "x")], BAD_PARAMETER * MANY)), False),
    "wrong-attributes": (filter_with(rule_with("<tcp srpipaddr='1' srcipaddr='x'/>") * 60000), False),
    "unknown-elements": (filter_with("<foo/>" * MANY), False),
    "attributes": (filter_with(rule_with(element("tcp", [(f"a{number}", "1") for number in range(2000)]))), False),
    "text": (filter_with("y" * 4000000), False),
    "long-name": (filter_with(name="x" * 4000000), True),
    "long-variable": (one_attribute("tcp", "dscp", "$" + "A" * 4000000), True),
    "long-list": (one_attribute("tcp", "state", "NEW" + ",NONE" * 800000), True),
    "long-flags": (one_attribute("tcp", "flags", "SYN," * 1000000), False),
    "long-number": (one_attribute("tcp", "dscp", "9" * 4000000), False),
    "long-hexadecimal": (one_attribute("tcp", "dstportstart", "0x" + "0" * 4000000 + "g"), False),
    "long-address": (one_attribute("ipv6", "srcipaddr", "1:" * 2000000), False),
    "long-group": (one_attribute("ipv6", "srcipaddr", "::" + "1" * 4000000), True),
    "long-mac": (one_attribute("tcp", "srcmacaddr", "00:" * 1300000), False),
}


def judged(grammar, text, path):
    """Exit status and messages of xmllint, which has 20 seconds."""
    path.write_text(text, "utf-8")
    run = subprocess.run(["xmllint", "--huge", "--noout", "--relaxng", OURS / grammar, path], stderr=subprocess.PIPE,
                         text=True, timeout=20, check=False)
    return run.returncode, run.stderr


@pytest.mark.parametrize("name", LARGE)
def test_large_document(name, tmp_path):
    """Documents of some MB are judged in seconds, right or wrong; what grows with the square would take hours."""
    text, valid = LARGE[name]
    status, messages = judged("nwfilter.rng", text, tmp_path / "large.xml")
    assert status == (0 if valid else 3), messages[:2000]
    assert len(messages.splitlines()) < 10


def test_large_binding(tmp_path):
    """The same for a binding with many wrong parameters."""
    text = (f"<filterbinding><owner><name>g</name><uuid>{UUID}</uuid></owner><portdev name='p'/>"
            f"<mac address='52:54:00:00:00:01'/><filterref filter='x'>{BAD_PARAMETER * MANY}</filterref>"
            "</filterbinding>")
    status, messages = judged("nwfilterbinding.rng", text, tmp_path / "large.xml")
    assert status == 3, messages[:2000]


def test_complaints_name_the_place(ours):
    """The first complaint names the attribute or the element that is wrong."""
    assert "srpipaddr" in ours.complaint(one_attribute("tcp", "srpipaddr", "$IP"))
    assert "srcipaddr" in ours.complaint(one_attribute("tcp", "srcipaddr", "10.0.0.x"))
    assert "tpc" in ours.complaint(filter_with(rule_with("<tpc/>")))
    assert "udp" in ours.complaint(filter_with(rule_with("<tcp/><udp/>")))
    assert "chain" in ours.complaint(filter_with(chain="foo"))
