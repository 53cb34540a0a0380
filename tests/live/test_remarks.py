# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_remarks.py: what is accepted and then means nothing, or more than it says, is named; or refused, if that was asked for

Each case is a document and the line about it. The same lines are what the log says, what `strict = 1` in nwfilter.conf makes an error of,
and, as far as the document alone shows them, what validation answers.
"""

import pathlib
import re

import pytest

from nwflab.client import Failed, attempt, outcome
from nwflab.lab import SHIPPED
from nwflab.texts import MAC, OWNER, binding_xml, filter_xml

CONFIG = pathlib.Path("/etc/libvirt/nwfilter.conf")
DROP = "<rule action='drop' direction='in'>"
NEEDS = f"{DROP}<ip srcipaddr='$NET'/></rule>"

pytestmark = pytest.mark.ours("decisions, Configuration: strict; differences L15, S1: the stock driver says nothing of these")


def without_line(text):
    """The text without the number of a line, which is another one in a file."""
    return re.sub(r"line \d+", "line", text)


def lines_about(lab, words):
    """How many lines of the log hold these words."""
    return sum(words in line for line in lab.log().splitlines())


FILTERS = {
    "unknown-attribute-of-filter": ("<filter name='ua' chain='root' order='7'/>",
                                    "filter 'ua', line 1: <filter order='7'>: the attribute is unknown and is ignored"),
    "unknown-attribute-of-reference": ("<filter name='ub' chain='root'>\n  <filterref filter='there' priority='700'/>\n</filter>",
                                       "filter 'ub', line 2: <filterref priority='700'>: the attribute is unknown and is ignored"),
    "unknown-attribute-of-parameter": (
        "<filter name='uc'>\n<filterref filter='there'><parameter name='NET' value='1.2.3.4' type='list'/></filterref></filter>",
        "filter 'uc', line 2: <parameter type='list'>: the attribute is unknown and is ignored"),
    "text": (f"<filter name='ut'>{DROP}\n drop it </rule></filter>", "filter 'ut', line 2: <rule>: the text 'drop it' is ignored"),
    "unknown-only-element": (f"<filter name='uo'>\n{DROP}<tpc dstportstart='22'/></rule></filter>",
                             "filter 'uo', rule at line 2: <tpc>: the element is unknown and is ignored: the rule has no other one and "
                             "matches everything"),
    "priority-of-root": ("<filter name='rankroot' chain='root' priority='-700'>\n"
                         "  <rule action='drop' direction='in'><all/></rule>\n</filter>",
                         "filter 'rankroot', line 1: the priority '-700' of the chain 'root' has no effect"),
    "second-protocol": ("<filter name='twoinone'><rule action='accept' direction='out'><ip protocol='udp'/><udp dstportstart='67'/></rule>"
                        "<rule action='accept' direction='out'><ipv6 protocol='icmpv6'/><icmpv6 type='133'/></rule></filter>",
                        "filter 'twoinone', rule at line 1: <udp>: a second protocol in a rule is ignored"),
}

REFERENCES = {
    "no-such-filter": ("<filter name='rn'>\n<filterref filter='nobody'/></filter>",
                       "filter 'rn', reference at line 2: filter 'nobody' does not exist: no port can use this filter"),
    "unused-parameter": ("<filter name='ru'>\n<filterref filter='there'><parameter name='Net' value='1.2.3.4'/></filterref></filter>",
                         "filter 'ru', reference at line 2: the parameter 'Net' has no effect: no rule of filter 'there' and those it refers "
                         "to uses it; they use 'NET', and names are case sensitive"),
}


@pytest.mark.parametrize("xml, line", [*FILTERS.values(), *REFERENCES.values()], ids=[*FILTERS, *REFERENCES])
def test_filter(lab, xml, line):
    """A definition is taken, and the line stands in the log once; a reload does not repeat it."""
    lab.define("there", NEEDS)
    lab.client.define(xml)
    assert lines_about(lab, line) == 1
    lab.daemon.reload()
    lab.define("later")
    assert lines_about(lab, line) == 1


@pytest.mark.parametrize("xml, line", FILTERS.values(), ids=FILTERS)
def test_validated_filter(lab, xml, line):
    """Validation refuses with the same line, and the code is that of the schema."""
    lab.define("there", NEEDS)
    with pytest.raises(Failed) as failed:
        attempt(lab.client.define, xml, 1)
    assert failed.value.name == "SCH" and line in failed.value.message
    assert lab.client.filters() == ["there"]


BINDINGS = {
    "unused-parameter": (binding_xml("vnet7", "there", {"NET": "10.0.0.1", "net": "10.0.0.2"}),
                         "port 'vnet7': the parameter 'net' has no effect: no rule of filter 'there' and those it refers to uses it"),
    "misspelt-control": (binding_xml("vnet7", "there", {"NET": "10.0.0.1", "CTRL_IP_LEARNIG": "dhcp"}),
                         "port 'vnet7': the parameter 'CTRL_IP_LEARNIG' has no effect: no rule of filter 'there' and those it refers to uses "
                         "it; those that control learning are CTRL_IP_LEARNING, CTRL_IP_MAX, CTRL_IP_ALLOWED, DHCPSERVER"),
    "unknown-element": (binding_xml("vnet7", "there", {"NET": "10.0.0.1"}).replace("<mac", "<bogus/><mac"),
                        "port 'vnet7', line 1: the element <bogus> is unknown and is ignored"),
    "dropped-value": (binding_xml("vnet7", "there", [("NET", "10.0.0.1"), ("NET", "10.0.0.0/8")]),
                      "port 'vnet7', line 1: <parameter name='NET' value='10.0.0.0/8'/> is ignored"),
    "negated-list": (binding_xml("vnet7", "but", [("NET", "10.0.0.1"), ("NET", "10.0.0.2")]),
                     "port 'vnet7': filter 'but', rule at line 2: with match='no' a list of several values matches everything"),
    "empty-address": (binding_xml("vnet7", "own", {"IP": ""}),
                      "port 'vnet7': IP was given as '', which cannot be used: the address of the guest is learned instead"),
    "prefix-in-address": (binding_xml("vnet7", "own", {"IP": "10.0.0.5/24"}),
                          "port 'vnet7': IP was given as '10.0.0.5/24', which cannot be used: the address of the guest is learned instead"),
}


def filters_of_bindings(lab):
    """The filters that BINDINGS want, and the port."""
    lab.define("there", NEEDS)
    lab.define("own", f"{DROP}<ip srcipaddr='$IP'/></rule>")
    lab.define("but", f"\n{DROP}<ip match='no' srcipaddr='$NET'/></rule>")
    lab.port("vnet7")


@pytest.mark.parametrize("xml, line", BINDINGS.values(), ids=BINDINGS)
def test_binding(lab, xml, line):
    """A binding is taken, and the line stands in the log once, with the port."""
    filters_of_bindings(lab)
    lab.client.bind(xml)
    assert lines_about(lab, line) == 1
    lab.daemon.reload()
    lab.define("later")
    assert lines_about(lab, line) == 1


def test_nothing_to_remark_on(lab):
    """No false alarm: variables of address learning, an address that is reserved, a negated variable with one value, what dumpxml prints."""
    filters_of_bindings(lab)
    mark = lab.log().count("warning :")
    lab.bind("vnet7", "but", {"NET": "10.0.0.1", "IP": "10.0.0.5", "CTRL_IP_LEARNING": "dhcp", "CTRL_IP_MAX": "2",
                              "CTRL_IP_ALLOWED": "10.0.0.5", "DHCPSERVER": "10.0.0.254"})
    dump = lab.client.binding_xml("vnet7")
    lab.client.unbind("vnet7")
    lab.client.bind(dump)
    assert lab.log().count("warning :") == mark
    lab.client.define("<filter name='x' y='z'/>")  # the same eyes see a warning
    assert lab.log().count("warning :") == mark + 1


def test_shipped_filters_say_nothing(lab):
    """The filters that libvirt ships give no line: read, defined again, bound."""
    lab.ship()
    names = sorted(path.stem for path in SHIPPED.glob("*.xml"))
    assert len(names) >= 24 and sorted(lab.client.filters()) == names
    for name in names:
        lab.client.define(lab.client.filter_xml(name))
    lab.port("vnet7")
    lab.bind("vnet7", "clean-traffic", {"IP": "10.0.0.1"})
    assert not re.search("filter '|port '", "\n".join(line for line in lab.log().splitlines() if " warning : " in line))
    lab.client.define("<filter name='x' y='z'/>")  # the same eyes see a warning
    assert re.search("warning : .*filter 'x'", lab.log())


@pytest.fixture(name="strict")
def fixture_strict(lab):
    """A lab whose daemon is strict; filters and a binding that it would refuse were there before."""
    filters_of_bindings(lab)
    lab.client.define(REFERENCES["no-such-filter"][0])
    lab.port("vnet8")
    lab.bind("vnet8", "there", {"NET": "10.0.0.1", "net": "10.0.0.2"})
    CONFIG.write_text("strict = 1\n")
    lab.restart()
    return lab


@pytest.mark.parametrize("xml, line", [*FILTERS.values(), *REFERENCES.values()], ids=[*FILTERS, *REFERENCES])
def test_strict_filter(strict, xml, line):
    """With strict = 1 the line is the error, and nothing is defined."""
    before = {name: strict.client.filter_xml(name) for name in strict.client.filters()}
    with pytest.raises(Failed) as failed:
        attempt(strict.client.define, xml)
    assert failed.value.name == "CFG" and line in failed.value.message and "strict" in failed.value.message
    assert {name: strict.client.filter_xml(name) for name in strict.client.filters()} == before


@pytest.mark.parametrize("case", BINDINGS)
def test_strict_binding(strict, case):
    """The same for bindings; of an address the parameter that is dropped is refused."""
    xml, line = BINDINGS[case]
    with pytest.raises(Failed) as failed:
        attempt(strict.client.bind, xml)
    assert failed.value.name == "CFG" and "port 'vnet7'" in failed.value.message
    if case in ("empty-address", "prefix-in-address"):
        line = "<parameter name='IP'"
    assert without_line(line) in without_line(failed.value.message)
    assert strict.client.bindings() == ["vnet8"] and strict.rules("vnet7") == ""


def test_strict_spares_what_was_there(strict):
    """Files are warned of and come up: no guest is closed; what is right is taken."""
    assert strict.client.bindings() == ["vnet8"] and "10.0.0.1" in strict.rules("vnet8")
    assert lines_about(strict, "filter 'nobody' does not exist") == 1
    assert lines_about(strict, "port 'vnet8': the parameter 'net' has no effect") == 1
    strict.lay_filter("odd", "<bogus/>")
    strict.daemon.reload()
    assert "odd" in strict.client.filters()
    assert lines_about(strict, "filter 'odd', line 1: the element <bogus> is unknown") == 1
    assert "10.0.0.1" in strict.rules("vnet8")
    assert outcome(strict.client.define, filter_xml("good")) == "ok"
    assert outcome(strict.bind, "vnet7", "there", {"NET": "10.0.0.1"}) == "ok"


def test_strict_takes_a_reserved_address(strict):
    """No rule of no-mac-spoofing uses IP, but no other port may learn it; what reserves nothing is refused."""
    strict.ship()
    strict.daemon.reload()
    with pytest.raises(Failed) as failed:
        strict.bind("vnet7", "no-mac-spoofing", {"IP": "2001:db8::5"})
    assert failed.value.name == "CFG" and "the parameter 'IP' has no effect" in failed.value.message
    said = lines_about(strict, "the parameter 'IP'")
    strict.bind("vnet7", "no-mac-spoofing", {"IP": "10.0.0.5"})
    assert strict.client.bindings() == ["vnet7", "vnet8"] and lines_about(strict, "the parameter 'IP'") == said > 0


def test_strict_wants_the_filter_of_a_port_without_device(strict):
    """The error is that of a port with a device, and nothing is left."""
    with pytest.raises(Failed) as absent:
        strict.bind("vnet9", "nobody")
    with pytest.raises(Failed) as present:
        strict.bind("vnet7", "nobody")
    assert (absent.value.name, absent.value.message) == (present.value.name, present.value.message)
    assert strict.client.bindings() == ["vnet8"] and strict.rules("vnet9") == ""
    strict.bind("vnet9", "there", {"NET": "10.0.0.1"})
    assert "10.0.0.1" in strict.rules("vnet9")


FIRST_FAULTS = {
    "in-a-rule": (f"<filter name='f'>\n{DROP}<tcp dstportstart='80,443'/></rule>\n{DROP}<ip srcipaddr='bad'/></rule></filter>",
                  "filter 'f', rule at line 2: <tcp dstportstart='80,443'>: expected a port number"),
    "before-an-error": (f"<filter name='f'>\n<bogus/>\n{DROP}<ip srcipaddr='bad'/></rule></filter>", "filter 'f', line 2: the element <bogus>"),
    "schema-last": (f"<filter name='f'>\n{DROP}<tcp dstportstart='b'/></rule></filter>", "line 2"),
}


@pytest.mark.parametrize("xml, words", FIRST_FAULTS.values(), ids=FIRST_FAULTS)
def test_validation_names_the_first_fault(lab, xml, words):
    """Of several faults the first one is the answer."""
    with pytest.raises(Failed) as failed:
        attempt(lab.client.define, xml, 1)
    assert failed.value.name == "SCH" and words in failed.value.message
    assert outcome(lab.client.define, filter_xml("good"), 1) == "ok"


def test_validation_of_a_binding_names_the_first_fault(lab):
    """The same for bindings, with the port."""
    lab.define("there", NEEDS)
    xml = f"<filterbinding>\n<portdev name='vnet9'/>\n<mac address='bad'/>\n<owner><name>g</name><uuid>bad</uuid></owner></filterbinding>"
    with pytest.raises(Failed) as failed:
        attempt(lab.client.bind, xml, 1)
    assert failed.value.name == "SCH" and "port 'vnet9', line 3: <mac address='bad'/>" in failed.value.message
    assert outcome(lab.client.bind, xml.replace("'bad'", f"'{MAC}'").replace("bad", OWNER).replace(
        "</filterbinding>", "<filterref filter='there'/></filterbinding>"), 1) == "ok"
