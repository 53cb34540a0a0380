# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_filter_documents.py: what a filter document may look like, and what comes back

The unit tests hold every attribute; here are the document, its name, uuid, chain and priority, as an API user meets them.
"""

import xml.etree.ElementTree as tree

import pytest

from nwflab.client import outcome, version
from nwflab.texts import ACCEPT, filter_xml, uuid_of

OLD = version() < (11,)  # a few codes changed between 9.0.0 and 11.3.0

DOCUMENTS = {
    "prefix": ("<x:filter xmlns:x='urn:x' name='doc'/>", "ok"),
    "declaration-comment-instruction": ("<?xml version='1.0'?><!-- c --><filter name='doc'><?pi x?><!-- d --></filter>", "ok"),
    "unknown-child-and-text": ("<filter name='doc'>text<bogus a='b'><c/></bogus></filter>", "ok"),
    "unknown-attributes": ("<filter name='doc' colour='red'><rule action='drop' direction='in' mood='bad'/></filter>", "ok"),
    "other-root": ("<filters name='doc'/>", "XML5"),
    "binding-as-filter": ("<filterbinding/>", "XML5"),
    "empty": ("", "XMLD"),
    "plain-text": ("no xml at all", "XMLD"),
    "unclosed": ("<filter name='doc'>", "XMLD"),
    "attribute-twice": ("<filter name='doc' name='two'/>", "XMLD"),
    "two-roots": ("<filter name='doc'/><filter name='two'/>", "XMLD"),
    "no-name": ("<filter/>", "INT"),
    "empty-name": ("<filter name=''/>", "INT"),
    "empty-chain-and-priority": ("<filter name='doc' chain='' priority=''/>", "ok"),
    "bad-uuid": ("<filter name='doc'><uuid>nonsense</uuid></filter>", "XML33"),
    "uuid-31-digits": ("<filter name='doc'><uuid>5ec0000000004000800000000000001</uuid></filter>", "XML33"),
    "uuid-33-digits": ("<filter name='doc'><uuid>5ec000000000400080000000000000001</uuid></filter>", "XML33"),
    "uuid-odd-place-of-dash": ("<filter name='doc'><uuid>5-ec00000-0000-4000-8000-000000000001</uuid></filter>", "XML33"),
    "rule-without-action": ("<filter name='doc'><rule direction='in'/></filter>", "INT" if OLD else "XML5"),
    "rule-without-direction": ("<filter name='doc'><rule action='drop'/></filter>", "INT" if OLD else "XML5"),
    "rule-unknown-action": ("<filter name='doc'><rule action='DROP' direction='in'/></filter>", "CFG" if OLD else "XML5"),
    "rule-unknown-direction": ("<filter name='doc'><rule action='drop' direction='up'/></filter>", "CFG" if OLD else "XML5"),
    "rule-priority-no-number": ("<filter name='doc'><rule action='drop' direction='in' priority='x'/></filter>",
                                "ok" if OLD else "XML5"),
    "rule-priority-too-high": ("<filter name='doc'><rule action='drop' direction='in' priority='1001'/></filter>", "ok"),
    "reference-without-filter": ("<filter name='doc'><filterref/></filter>", "INT" if OLD else "XML5"),
    "reference-to-nobody": ("<filter name='doc'><filterref filter='nobody'/></filter>", "ok"),
    "reference-empty": ("<filter name='doc'><filterref filter=''/></filter>", "ok"),
    "bad-attribute": ("<filter name='doc'><rule action='drop' direction='in'><tcp dstportstart='70000'/></rule></filter>", "INT"),
    "ports-without-protocol": ("<filter name='doc'><rule action='drop' direction='in'><ip dstportstart='80'/></rule></filter>",
                               "INT"),
    "unknown-protocol": ("<filter name='doc'><rule action='drop' direction='in'><bogus x='y'/></rule></filter>", "ok"),
}


@pytest.mark.parametrize("xml, expected", DOCUMENTS.values(), ids=DOCUMENTS)
def test_document(lab, xml, expected):
    """A document is taken or refused with its code; a refused one leaves nothing behind."""
    assert outcome(lab.client.define, xml) == expected
    assert lab.client.filters() == (["doc"] if expected == "ok" else [])
    assert [path.name for path in lab.filter_file("doc").parent.iterdir()] == (["doc.xml"] if expected == "ok" else [])


CHAINS = {
    "root": "ok", "stp": "ok", "mac": "ok", "vlan": "ok", "ipv4": "ok", "ipv6": "ok", "arp": "ok", "rarp": "ok",
    "arpfoo": "ok", "arp-x": "ok", "macvlan": "ok", "ipv4_a.b:c-d": "ok", "arp-56789012": "ok",
    "arp-567890123": "ARG", "arp x": "ARG", "arp/x": "ARG", "ARP": "ARG", "ip": "ARG", "tcp": "ARG", "foo": "ARG",
}
PRIORITIES = {"stp": 0, "root": 0, "mac": -800, "vlan": -750, "ipv4": -700, "ipv6": -600, "arp": -500, "rarp": -400}


@pytest.mark.parametrize("chain, expected", CHAINS.items(), ids=CHAINS)
def test_chain(lab, chain, expected):
    """Chains are a known prefix and a suffix; the default priority of the prefix is shown."""
    assert outcome(lab.define, "doc", chain=chain) == expected
    if expected == "ok":
        root = tree.fromstring(lab.client.filter_xml("doc"))
        prefix = next(name for name in ("root", "mac", "vlan", "stp", "arp", "rarp", "ipv4", "ipv6") if chain.startswith(name))
        assert root.get("chain") == chain
        assert root.get("priority") == (str(PRIORITIES[prefix]) if PRIORITIES[prefix] else None)


@pytest.mark.stock("filter-xml 12 #26: no message of its own")
@pytest.mark.parametrize("chain", ["rootx", "root-1"])
def test_longer_than_root_stock(lab, chain):
    """A chain that begins with root but goes on is an error without a message."""
    assert outcome(lab.define, "doc", chain=chain) == "UNK"


@pytest.mark.ours("filter-xml 12 #26: ARG with a message")
@pytest.mark.parametrize("chain", ["rootx", "root-1"])
def test_longer_than_root(lab, chain):
    """A chain that begins with root but goes on is an error that names the chain."""
    from nwflab.client import Failed
    with pytest.raises(Failed, match=chain) as failed:
        lab.define("doc", chain=chain)
    assert failed.value.name == "ARG"


PRIORITY_TEXTS = {
    "-1000": "ok", "1000": "ok", " 7": "ok", "+7": "ok", "007": "ok", "010": "ok",
    "-1001": "ARG", "1001": "ARG", "7 ": "ARG", "0x7": "ARG", "1.5": "ARG", "x": "ARG", "99999999999": "ARG",
}


@pytest.mark.parametrize("text, expected", PRIORITY_TEXTS.items(), ids=PRIORITY_TEXTS)
def test_chain_priority(lab, text, expected):
    """The chain's priority is a decimal number in -1000..1000."""
    assert outcome(lab.define, "doc", chain="arp", priority=text) == expected
    if expected == "ok":
        assert tree.fromstring(lab.client.filter_xml("doc")).get("priority") == str(int(text))


def test_priority_without_chain(lab):
    """It is checked, then dropped."""
    assert outcome(lab.define, "bad", priority="1001") == "ARG"
    lab.define("doc", priority="-5")
    assert "priority='-5'" not in lab.client.filter_xml("doc").splitlines()[0]
    lab.define("rooted", chain="root", priority="-5")
    assert lab.client.filter_xml("rooted").startswith("<filter name='rooted' chain='root' priority='-5'>")


UUIDS = {
    "upper": ("5EC00000-0000-4000-8000-00000000000A", uuid_of(10)),
    "undashed": ("5ec0000000004000800000000000000a", uuid_of(10)),
    "blanks-and-dashes": (" 5e c0-00-00 0000 4000-80 00-00000000000a\n", uuid_of(10)),
    "zeros": ("0" * 32, "00000000-0000-0000-0000-000000000000"),
    "all-f": ("f" * 32, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
}


@pytest.mark.parametrize("text, expected", UUIDS.values(), ids=UUIDS)
def test_uuid(lab, text, expected):
    """A uuid may be written in several ways and is always shown in one; the handle carries it too."""
    handle = lab.define("doc", uuid=text)
    assert handle.UUIDString() == expected
    assert f"<uuid>{expected}</uuid>" in lab.client.filter_xml("doc")
    assert lab.client.connection.nwfilterLookupByUUIDString(expected).name() == "doc"


def test_first_uuid_wins(lab):
    """Of two uuid elements the first counts."""
    handle = lab.define("doc", f"<uuid>{uuid_of(1)}</uuid><uuid>{uuid_of(2)}</uuid>")
    assert handle.UUIDString() == uuid_of(1)


@pytest.mark.parametrize("inner", ["", "<uuid/>", "<uuid></uuid>"])
def test_no_uuid(lab, inner):
    """Without a uuid a random one is made, and it is stable over a restart."""
    first = lab.define("one", inner).UUIDString()
    assert first[14] == "4"
    assert lab.define("two", inner).UUIDString() != first
    lab.restart()
    assert lab.client.filter("one").UUIDString() == first


def test_default_namespace(lab):
    """In a default namespace the uuid is not seen, the rules are."""
    xml = f"<filter xmlns='http://x' name='doc'><uuid>{uuid_of(1)}</uuid>{ACCEPT}</filter>"
    assert lab.client.define(xml).UUIDString() != uuid_of(1)
    assert "<rule " in lab.client.filter_xml("doc")


NAMES = {"blank": "a b", "umlaut": "fähre", "dot": ".hidden", "longest": "n" * 247}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_odd_names(lab, name):
    """Odd names that a file can have are taken, and found again after a restart."""
    lab.define(name)
    lab.define("Case")
    lab.define("case")
    assert lab.filter_file(name).exists()
    lab.restart()
    assert lab.client.filters() == sorted([name, "Case", "case"])


def test_name_too_long(lab):
    """A name whose file cannot be made is refused by the system's error."""
    assert outcome(lab.define, "n" * 248) in ("SYS", "ARG")
    assert lab.client.filters() == []


@pytest.mark.ours("filter-xml 12 #28: a name that would leave the folder is refused")
@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".", "/etc/x"])
def test_name_leaves_folder(lab, name):
    """A name that would be a path is refused; nothing is written anywhere."""
    assert lab.client.filters() == []
    folder = lab.filter_file("x").parent.parent
    before = sorted(folder.rglob("*"))
    assert outcome(lab.define, name) == "ARG"
    assert sorted(folder.rglob("*")) == before and lab.client.filters() == []


NAMES_TO_ESCAPE = {"signs": "<&\"'>", "blanks": " a\n\t\r ", "end-of-comment": "a-->b", "option": "--x", "suffix": "a.xml.new",
                   "control": "a\x7f\x85", "backwards": "a\u202eb", "outside-of-the-plane": "\U0001f525"}


@pytest.mark.ours("filter-xml 12 #27: names are escaped")
@pytest.mark.parametrize("name", NAMES_TO_ESCAPE.values(), ids=NAMES_TO_ESCAPE)
def test_name_is_escaped(lab, name):
    """A name with the signs of XML, or others that mean something somewhere, comes back as XML, and lives through a restart."""
    written = "".join(f"&#{ord(character)};" for character in name)
    handle = lab.client.define(f"<filter name='{written}'/>")
    assert tree.fromstring(lab.client.filter_xml(name)).get("name") == name == handle.name()
    uuid = handle.UUIDString()
    lab.restart()
    assert lab.client.filters() == [name]
    assert lab.client.filter(name).UUIDString() == uuid
    lab.client.undefine(name)
    lab.restart()
    assert lab.client.filters() == []


@pytest.mark.ours("filter-xml 12 #22: an explicit priority of 0 is kept")
def test_priority_zero_is_kept(lab):
    """It is shown and lives through a restart."""
    lab.define("doc", chain="arp", priority="0")
    assert "priority='0'" in lab.client.filter_xml("doc").splitlines()[0]
    before = lab.client.filter_xml("doc")
    lab.restart()
    assert lab.client.filter_xml("doc") == before


@pytest.mark.ours("decisions, Bounds: no document type")
def test_document_type_is_refused(lab):
    """Entities of any kind are refused before they are expanded."""
    assert outcome(lab.client.define, "<!DOCTYPE f [<!ENTITY e 'doc'>]><filter name='&e;'/>") == "XMLD"
    assert lab.client.filters() == []


def test_too_big_for_the_wire(lab):
    """A document over 4 MiB does not reach the driver."""
    assert outcome(lab.client.define, filter_xml("doc", "<!--" + "x" * (4 << 20) + "-->")) == "RPC"


def test_big_document(lab):
    """One of about 1 MiB is taken whole."""
    lab.define("doc", ACCEPT * 20000)
    assert lab.client.filter_xml("doc").count("<rule ") == 20000


def test_dump_defines_itself(lab):
    """A shipped filter's dump can be defined again and does not change."""
    lab.ship()
    for name in lab.client.filters():
        text = lab.client.filter_xml(name)
        lab.client.define(text)
        assert lab.client.filter_xml(name) == text
        assert text.endswith("</filter>\n") and not text.startswith("<?xml")


def test_canonical_text(lab):
    """Order of attributes, defaults, numbers, quoting: one filter with all of it."""
    lab.client.define('''
<filter name="pair2" chain="ipv4-web" priority="-650">
  <uuid>5ec00000000040008000000000000002</uuid>
  <!-- lost -->
  <rule action="accept" direction="in" priority="+42" statematch="FALSE">
    <ip protocol="6" dstportstart="0x50" dstportend="443" dscp="2e" srcipmask="255.240.0.0" srcipaddr="172.16.0.1" srcmacaddr="2:0:5E:a:B:c"/>
  </rule>
  <filterref filter='missing'><parameter value='10.0.0.2' name='NET'/><parameter name='IP' value='192.0.2.7'/><parameter name='NET' value='10.0.0.1'/><parameter name='bad-name' value='1'/></filterref>
  <unknown/>
  <filterref filter='allow-arp'></filterref>
</filter>''')
    assert lab.client.filter_xml("pair2") == """\
<filter name='pair2' chain='ipv4-web' priority='-650'>
  <uuid>5ec00000-0000-4000-8000-000000000002</uuid>
  <rule action='accept' direction='in' priority='42' statematch='false'>
    <ip srcmacaddr='02:00:5e:0a:0b:0c' srcipaddr='172.16.0.1' srcipmask='12' protocol='tcp' dstportstart='0x50' dstportend='443' dscp='0x2e'/>
  </rule>
  <filterref filter='missing'>
    <parameter name='IP' value='192.0.2.7'/>
    <parameter name='NET' value='10.0.0.2'/>
    <parameter name='NET' value='10.0.0.1'/>
  </filterref>
  <filterref filter='allow-arp'/>
</filter>
"""


def test_mixed_signs_print_as_this_release_does(lab):
    """Attributes of both signs need two elements; their order is that of the hosting libvirt."""
    lab.define("pair3", "<rule action='drop' direction='in'><arp opcode='0x2' gratuitous='no'/>"
               "<arp match='no' arpdstmacaddr='$MAC' hwtype='0x01'/></rule>", chain="arp")
    lines = [line.strip() for line in lab.client.filter_xml("pair3").splitlines() if "<arp" in line]
    if OLD:
        assert lines == ["<arp match='no' hwtype='0x1'/>", "<arp opcode='Reply'/>",
                         "<arp match='no' arpdstmacaddr='$MAC'/>", "<arp gratuitous='false'/>"]
    else:
        assert lines == ["<arp opcode='Reply' gratuitous='false'/>", "<arp match='no' hwtype='0x1' arpdstmacaddr='$MAC'/>"]


def test_validate(lab):
    """With the flag the schema decides too."""
    define = lab.client.define
    assert outcome(define, filter_xml("good"), 1) == "ok"
    assert outcome(define, filter_xml("bad", "<rule action='drop' direction='in' mood='bad'/>"), 1) == "SCH"
    assert outcome(define, filter_xml("bad", "<rule action='drop' direction='in'><tcp dstport='22'/></rule>"), 1) == "SCH"
    assert outcome(define, filter_xml("bad", "<rule action='drop' direction='in' priority='1001'/>"), 1) == "SCH"
    assert outcome(define, "<filter>", 1) == "XMLD"
    assert lab.client.filters() == ["good"]
