# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_errors.py: the error of each call in each situation

Code and domain are the contract. What a refused document leaves behind is looked at in test_filter_documents.py and
test_binding_documents.py; here are handles, flags, connections and names.
"""

import libvirt
import pytest

from nwflab.client import Failed, attempt, outcome
from nwflab.texts import binding_xml, filter_xml, uuid_of


def error_of(function, *arguments):
    """The Failed that function(*arguments) ends with."""
    with pytest.raises(Failed) as failed:
        attempt(function, *arguments)
    return failed.value


@pytest.fixture(name="world")
def fixture_world(lab):
    """A lab with the filter 'web' and a binding of the absent port 'vnet9'."""
    lab.define("web", uuid=uuid_of(7))
    lab.bind("vnet9", "web")
    return lab


FLAGS = {
    "list-filters": lambda c: c.connection.listAllNWFilters(2),
    "list-bindings": lambda c: c.connection.listAllNWFilterBindings(2),
    "define": lambda c: c.connection.nwfilterDefineXMLFlags(filter_xml("new"), 2),
    "dump": lambda c: c.filter("web").XMLDesc(1),
    "create": lambda c: c.connection.nwfilterBindingCreateXML(binding_xml("p", "web"), 2),
    "dump-binding": lambda c: c.binding("vnet9").XMLDesc(1),
}


@pytest.mark.parametrize("call", FLAGS.values(), ids=FLAGS)
def test_unknown_flag(world, call):
    """Flags that nobody knows are refused; the error names a function and the argument, and nothing is done."""
    error = error_of(call, world.client)
    assert error.name == "ARG"
    assert error.strings[0] and error.strings[1] == "flags"
    assert "flags" in error.message and not error.message.startswith("invalid argument:")
    assert world.client.filters() == ["web"] and world.client.bindings() == ["vnet9"]


LOOKUPS = {
    "name": (lambda c: c.nwfilterLookupByName("nobody"), "NOF"),
    "other-case": (lambda c: c.nwfilterLookupByName("WEB"), "NOF"),
    "empty-name": (lambda c: c.nwfilterLookupByName(""), "NOF"),
    "uuid": (lambda c: c.nwfilterLookupByUUIDString(uuid_of(8)), "NOF"),
    "raw-uuid": (lambda c: c.nwfilterLookupByUUID(bytes(16)), "NOF"),
    "bad-uuid": (lambda c: c.nwfilterLookupByUUIDString("nonsense"), "ARG"),
    "port": (lambda c: c.nwfilterBindingLookupByPortDev("nobody"), "NOB"),
    "empty-port": (lambda c: c.nwfilterBindingLookupByPortDev(""), "NOB"),
}


@pytest.mark.parametrize("call, expected", LOOKUPS.values(), ids=LOOKUPS)
def test_lookup(world, call, expected):
    """What is not there cannot be found."""
    assert error_of(call, world.client.connection).name == expected


def test_lookup_names_what_was_asked(world):
    """The text of a failed lookup carries the name."""
    assert "nobody" in error_of(world.client.filter, "nobody").message
    assert "vnet5" in error_of(world.client.binding, "vnet5").message


def test_stale_filter(world):
    """A handle of a filter that is gone keeps name and uuid, and fails for the rest."""
    handle = world.define("old", uuid=uuid_of(8))
    world.client.undefine("old")
    assert (handle.name(), handle.UUIDString()) == ("old", uuid_of(8))
    assert error_of(handle.XMLDesc, 0).name == "NOF"
    assert error_of(handle.undefine).name == "NOF"


def test_stale_binding(world):
    """A handle of a binding that is gone likewise."""
    handle = world.client.binding("vnet9")
    handle.delete()
    assert (handle.portDev(), handle.filterName()) == ("vnet9", "web")
    assert error_of(handle.XMLDesc, 0).name == "NOB"
    assert error_of(handle.delete).name == "NOB"


def test_handle_goes_by_uuid(world):
    """Undefine by a handle finds the filter by its uuid, not by its name."""
    old = world.client.filter("web")
    world.client.unbind("vnet9")
    old.undefine()
    world.define("web", uuid=uuid_of(8))
    assert error_of(old.undefine).name == "NOF"
    world.client.undefine("web")
    again = world.define("other", uuid=uuid_of(7))
    old.undefine()
    assert error_of(again.XMLDesc, 0).name == "NOF"


MODIFYING = {
    "define": lambda c: c.define(filter_xml("new")),
    "define-flags": lambda c: c.define(filter_xml("new"), 1),
    "define-nonsense": lambda c: c.define("nonsense"),
    "undefine": lambda c: c.undefine("web"),
    "create": lambda c: c.bind(binding_xml("new", "web")),
    "delete": lambda c: c.unbind("vnet9"),
}


@pytest.mark.parametrize("uri", ["nwfilter:///system", "qemu:///system"], ids=["nwfilter", "qemu"])
@pytest.mark.parametrize("call", MODIFYING.values(), ids=MODIFYING)
def test_read_only_connection_changes_nothing(world, call, uri):
    """Changes need a connection for writing."""
    reader = world.open(uri, readonly=True)
    assert outcome(call, reader) == "RO"
    assert world.client.filters() == ["web"] and world.client.bindings() == ["vnet9"]


def test_read_only_connection_reads(world):
    """Reading works the same as on any connection."""
    reader = world.open(readonly=True)
    assert reader.filters() == ["web"] and reader.bindings() == ["vnet9"]
    assert reader.filter_xml("web") == world.client.filter_xml("web")
    assert reader.binding_xml("vnet9") == world.client.binding_xml("vnet9")
    assert reader.connection.numOfNWFilters() == 1


def test_clash_of_name_and_uuid(world):
    """Name and uuid belong together; the text names the filter that stands in the way, in words that callers look for."""
    define = world.client.define
    other_name = error_of(define, filter_xml("net", uuid=uuid_of(7)))
    assert other_name.name == "OPF" and "web" in other_name.message
    other_uuid = error_of(define, filter_xml("web", uuid=uuid_of(8)))
    assert other_uuid.name == "OPF"
    assert "already exists with uuid" in other_uuid.message and uuid_of(7) in other_uuid.message


def second_binding(lab):
    """A port that is bound already."""
    lab.port("vnet7")
    lab.bind("vnet7", "web")
    lab.bind("vnet7", "web")


def second_uuid(lab):
    """A filter that is there with another uuid."""
    lab.define("web", uuid=uuid_of(8))


def filter_of_a_port(lab):
    """A filter that a port has."""
    lab.port("vnet7")
    lab.bind("vnet7", "web")
    lab.client.undefine("web")


# What programs look for in texts, because the codes do not tell: OpenStack nova, libvirt's own test suites, scripts around virsh.
WORDS = {
    "binding-exists": (second_binding, "OPF", "already exists"),
    "filter-exists": (second_uuid, "OPF", "already exists with uuid"),
    "filter-in-use": (filter_of_a_port, "OPI", "is in use"),
}


@pytest.mark.parametrize("act, expected, words", WORDS.values(), ids=WORDS)
def test_words_that_programs_look_for(world, act, expected, words):
    """These words are in the text, with both drivers."""
    error = error_of(act, world)
    assert error.name == expected and words in error.message


def test_bad_value_is_named(lab):
    """The error of a bad attribute names the attribute and quotes the value."""
    body = "<rule action='drop' direction='in'><tcp dstportstart='70000'/></rule>"
    error = error_of(lab.client.define, filter_xml("web", body))
    assert error.name == "INT" and "dstportstart" in error.message and "70000" in error.message


LOOPS = {
    "itself": ([("a", ["a"])], "'a' -> 'a'"),
    "two": ([("a", ["b"]), ("b", ["a"])], "'b' -> 'a' -> 'b'"),
    "three": ([("a", ["b"]), ("b", ["c"]), ("c", ["x", "a"])], "'c' -> 'a' -> 'b' -> 'c'"),
    "by-a-later-reference": ([("a", []), ("b", ["a"]), ("a", ["x", "b"])], "'a' -> 'b' -> 'a'"),
}


@pytest.mark.parametrize("steps, way", LOOPS.values(), ids=LOOPS)
def test_loop(lab, steps, way):
    """The definition that would close a loop is refused and shows it, and what was there stays."""
    numbers = {name: uuid_of(ord(name)) for name, _ in steps}
    texts = [filter_xml(name, "".join(f"<filterref filter='{r}'/>" for r in references), numbers[name])
             for name, references in steps]
    for text in texts[:-1]:
        lab.client.define(text)
    before = {name: lab.client.filter_xml(name) for name in lab.client.filters()}
    error = error_of(lab.client.define, texts[-1])
    assert error.name == "OPF"
    if lab.driver == "ours":
        assert f"would refer to itself: {way}" in error.message
    assert {name: lab.client.filter_xml(name) for name in lab.client.filters()} == before


def test_diamond_is_no_loop(lab):
    """Two ways to one filter are fine."""
    for name, references in (("d", []), ("b", ["d"]), ("c", ["d"]), ("a", ["b", "c", "b"])):
        lab.define(name, "".join(f"<filterref filter='{r}'/>" for r in references))
    assert lab.client.filters() == ["a", "b", "c", "d"]


HINTS = {
    "mask": ("<all dstipaddr='10.0.0.0/8'/>", "this is written as dstipaddr='10.0.0.0' dstipmask='8'"),
    "range": ("<tcp dstportstart='80-90'/>", "this is written as dstportstart='80' dstportend='90'"),
    "list": ("<tcp dstportstart='80,443'/>", "a list is written as one rule for each value"),
}


@pytest.mark.ours("differences S6: texts of errors")
@pytest.mark.parametrize("element, hint", HINTS.values(), ids=HINTS)
def test_hint(lab, element, hint):
    """A mask, a range or a list in one attribute: the error says how it is written."""
    error = error_of(lab.define, "wants", f"<rule action='drop' direction='out'>{element}</rule>")
    assert error.name == "INT" and hint in error.message


@pytest.mark.ours("differences S6: texts of errors")
def test_page_instead_of_a_filter(lab):
    """HTML is called so."""
    error = error_of(lab.client.define, "<!DOCTYPE html>\n<html><br></html>")
    assert error.name == "XMLD" and "this is an HTML document, where <filter> is expected" in error.message


@pytest.mark.ours("differences S6: texts of errors")
def test_values_that_are_missing(lab):
    """Of each variable without value: how many values its list has, or what was given and dropped."""
    lab.define("web", "<rule action='drop' direction='in'><tcp dstportstart='$PORT[5]' srcipaddr='$NET'/></rule>")
    lab.port("vnet7")
    error = error_of(lab.bind, "vnet7", "web", {"PORT": "22", "NET": "10.0.0.0/8"})
    assert error.name == "INT"
    assert "PORT[5] (values: 1, the first has index 0)" in error.message
    assert "NET (the value '10.0.0.0/8' is ignored" in error.message


WRONG_URIS = ["nwfilter:///", "nwfilter:///session", "nwfilter:///system/x", "nwfilter:///etc"]


@pytest.mark.parametrize("uri", WRONG_URIS)
def test_other_path(lab, uri):
    """Only the path /system exists."""
    assert lab.daemon.running
    assert outcome(lab.daemon.client, uri) == "INT"


def test_connection(lab):
    """What a connection of this driver can tell, and what it cannot."""
    connection = lab.client.connection
    assert connection.getType().lower() == "nwfilter"
    assert connection.getURI() == "nwfilter:///system"
    assert (connection.isAlive(), connection.isSecure(), connection.isEncrypted()) == (1, 1, 0)
    assert connection.getLibVersion() == libvirt.getVersion()
    for call in (connection.getCapabilities, connection.getVersion, connection.listDomainsID, connection.listAllDomains):
        assert outcome(call) == "NOSUP", call
    for call in (connection.listNetworks, connection.numOfStoragePools, connection.listAllInterfaces):
        assert error_of(call).code == libvirt.VIR_ERR_NO_SUPPORT, call


def test_counting(world):
    """Numbers, names and handles agree."""
    world.define("net")
    connection = world.client.connection
    assert connection.numOfNWFilters() == 2
    assert sorted(connection.listNWFilters()) == ["net", "web"]
    assert len(connection.listAllNWFilters()) == 2
