# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_binding_documents.py: what a binding may look like, when it is taken, and what its file and its dump hold
"""

import stat

import pytest

from nwflab.client import Failed, outcome
from nwflab.texts import MAC, OWNER, binding_xml, uuid_of

GOOD = binding_xml("vnet9", "web")
RULE = "<rule action='drop' direction='in'><mac protocolid='0x1234'/></rule>"


def without(piece):
    """The good document without `piece`."""
    assert piece in GOOD
    return GOOD.replace(piece, "")


DOCUMENTS = {
    "good": (GOOD, "ok"),
    "other-root": ("<filter name='x'/>", "XML5"),
    "no-xml": ("nonsense", "XMLD"),
    "empty": ("", "XMLD"),
    "no-owner": (without(f"<owner><name>guest</name><uuid>{OWNER}</uuid></owner>"), "INT"),
    "no-owner-name": (without("<name>guest</name>"), "INT"),
    "empty-owner-name": (GOOD.replace("<name>guest</name>", "<name></name>"), "INT"),
    "no-owner-uuid": (without(f"<uuid>{OWNER}</uuid>"), "INT"),
    "bad-owner-uuid": (GOOD.replace(OWNER, "nonsense"), "INT"),
    "no-port": (without('<portdev name="vnet9"/>'), "INT"),
    "empty-port": (GOOD.replace('"vnet9"', '""'), "INT"),
    "link-without-name": (GOOD.replace("<mac", "<linkdev/><mac"), "INT"),
    "no-mac": (without(f"<mac address='{MAC}'/>"), "INT"),
    "bad-mac": (GOOD.replace(MAC, "52:54:00"), "INT"),
    "multicast-mac": (GOOD.replace(MAC, "01:00:5e:00:00:01"), "ok"),
    "no-filterref": (without('<filterref filter="web"></filterref>'), "INT"),
    "no-filter": (GOOD.replace(' filter="web"', ""), "INT"),
    "empty-filter": (GOOD.replace('"web"', '""'), "INT"),
    "unknown-element": (GOOD.replace("<mac", "<bogus/><mac"), "ok"),
    "other-order": (f"<filterbinding><filterref filter='web'/><mac address='{MAC}'/><portdev name='vnet9'/>"
                    f"<owner><uuid>{OWNER}</uuid><name>guest</name></owner></filterbinding>", "ok"),
    "two-filterrefs": (GOOD.replace("</filterbinding>", "<filterref filter='none'/></filterbinding>"), "ok"),
}


@pytest.mark.parametrize("xml, expected", DOCUMENTS.values(), ids=DOCUMENTS)
def test_document(lab, xml, expected):
    """A document is taken or refused with its code; a refused one leaves nothing behind."""
    lab.define("web", RULE)
    lab.port("vnet9")
    assert outcome(lab.client.bind, xml) == expected
    assert lab.client.bindings() == (["vnet9"] if expected == "ok" else [])
    assert lab.binding_file("vnet9").exists() == (expected == "ok")
    assert bool(lab.rules("vnet9")) == (expected == "ok")


def test_handle(lab):
    """A created binding's handle knows its port and its filter."""
    lab.define("web")
    handle = lab.client.bind(GOOD)
    assert (handle.portDev(), handle.filterName()) == ("vnet9", "web")


def test_dump(lab):
    """The dump is canonical: fixed order, escaped names, parameters sorted, lists in order, MAC added by the driver."""
    lab.define("web", RULE)
    lab.port("vnet7")
    lab.bind("vnet7", "web", [("NET", "10.0.0.2"), ("IP", "10.0.0.9"), ("NET", "10.0.0.1"), ("NET", "10.0.0.2"), ("bad-name", "1"),
                              ("BAD", "a/b")], owner="guest &amp; co", linkdev="eth0")
    text = lab.client.binding_xml("vnet7")
    backend = "  <backend name='iptables'/>\n" if "<backend" in text else ""
    assert text == f"""\
<filterbinding>
  <owner>
    <name>guest &amp; co</name>
    <uuid>{OWNER}</uuid>
  </owner>
  <portdev name='vnet7'/>
  <linkdev name='eth0'/>
  <mac address='{MAC}'/>
  <filterref filter='web'>
    <parameter name='IP' value='10.0.0.9'/>
    <parameter name='MAC' value='{MAC}'/>
    <parameter name='NET' value='10.0.0.2'/>
    <parameter name='NET' value='10.0.0.1'/>
    <parameter name='NET' value='10.0.0.2'/>
  </filterref>
{backend}</filterbinding>
"""


def test_file(lab):
    """The file has libvirt's form, its warning and its mode, and is gone with the binding."""
    lab.define("web", RULE)
    lab.port("vnet7")
    lab.bind("vnet7", "web", {"A": "1"})
    path = lab.binding_file("vnet7")
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    lines = text.splitlines()
    assert lines[0] == "<!--" and "  virsh nwfilter-binding-create vnet7" in lines[:6]
    assert lines[lines.index("-->") + 1] == ""
    document = "\n".join(lines[lines.index("-->") + 2:]) + "\n"
    inner = "".join(f"  {line}\n" for line in lab.client.binding_xml("vnet7").splitlines())
    assert document == f"<filterbindingstatus>\n{inner}</filterbindingstatus>\n"
    lab.client.unbind("vnet7")
    assert not path.exists()


def test_missing_device(lab):
    """A binding may come before its device; its filter and variables need not exist either."""
    assert lab.bind("vnet5", "nobody").filterName() == "nobody"
    assert lab.client.bindings() == ["vnet5"]
    assert lab.binding_file("vnet5").exists()
    lab.client.unbind("vnet5")
    assert lab.client.bindings() == []


@pytest.mark.stock("filter-xml 6.1: rules come with the next rebuild")
def test_device_comes_later_stock(lab):
    """The rules are put in place by the next rebuild."""
    lab.define("web", RULE, uuid=uuid_of(1))
    lab.bind("vnet7", "web")
    lab.port("vnet7")
    assert lab.rules("vnet7") == ""
    lab.daemon.reload()
    assert "0x1234" in lab.rules("vnet7")


@pytest.mark.ours("decisions, Names not indices: the rules stand before the device does")
def test_device_comes_later(lab):
    """A port is filtered from its first frame, and again when it went and came back."""
    lab.define("web", RULE)
    lab.bind("vnet7", "web")
    assert "0x1234" in lab.rules("vnet7")
    lab.port("vnet7")
    assert "0x1234" in lab.rules("vnet7")


def test_duplicate(lab):
    """A port has one binding at most; the second attempt changes nothing."""
    lab.define("web", RULE)
    lab.define("net", "<rule action='drop' direction='in'><mac protocolid='0x4321'/></rule>")
    lab.port("vnet7")
    lab.bind("vnet7", "web")
    before, rules = lab.client.binding_xml("vnet7"), lab.rules("vnet7")
    assert outcome(lab.bind, "vnet7", "net") == "OPF"
    assert lab.client.binding_xml("vnet7") == before
    assert lab.rules("vnet7") == rules


UNFIT = {
    "missing-filter": ("<filterref filter='nobody'/>", {}, "INT"),
    "missing-nested-filter": ("<filterref filter='half'/>", {}, "INT"),
    "missing-variable": ("<rule action='drop' direction='in'><ip srcipaddr='$NET'/></rule>", {}, "INT"),
    "index-past-the-end": ("<rule action='drop' direction='in'><ip srcipaddr='$NET[1]'/></rule>", {"NET": "10.0.0.1"}, "INT"),
    "lists-of-unequal-length": ("<rule action='drop' direction='in'><ip srcipaddr='$A' dstipaddr='$B'/></rule>",
                                [("A", "10.0.0.1"), ("B", "10.0.0.2"), ("B", "10.0.0.3")], "INT"),
    "variable-in-another-case": ("<rule action='drop' direction='in'><ip srcipaddr='$net'/></rule>", {"NET": "10.0.0.1"}, "INT"),
}


@pytest.mark.parametrize("body, parameters, expected", UNFIT.values(), ids=UNFIT)
def test_unfit(lab, body, parameters, expected):
    """What cannot be built is refused as a whole, and nothing stays: no binding, no file, no rule."""
    lab.define("half", "<filterref filter='nobody'/>")
    lab.define("web", RULE + body)
    lab.port("vnet7")
    assert outcome(lab.bind, "vnet7", "web", parameters) == expected
    assert lab.client.bindings() == []
    assert not lab.binding_file("vnet7").exists()
    assert lab.rules("vnet7") == ""


def test_unknown_way_of_learning(lab):
    """CTRL_IP_LEARNING must be a known word when an address has to be learned."""
    lab.define("web", "<rule action='drop' direction='in'><ip srcipaddr='$IP'/></rule>")
    lab.port("vnet7")
    assert outcome(lab.bind, "vnet7", "web", {"CTRL_IP_LEARNING": "guess"}) == "PARSE"
    assert lab.client.bindings() == [] and lab.rules("vnet7") == ""
    lab.bind("vnet7", "web", {"CTRL_IP_LEARNING": "guess", "IP": "10.0.0.1"})


def test_learning_switched_off(lab):
    """With CTRL_IP_LEARNING=none a missing IP is a missing variable."""
    lab.define("web", "<rule action='drop' direction='in'><ip srcipaddr='$IP'/></rule>")
    lab.port("vnet7")
    assert outcome(lab.bind, "vnet7", "web", {"CTRL_IP_LEARNING": "none"}) == "INT"


def test_tool_refuses(lab):
    """A rule that the firewall tool does not take gives the tool's own words, and nothing stays."""
    lab.define("web", RULE + "<rule action='drop' direction='in'><all ipset='no-such-set' ipsetflags='src'/></rule>")
    lab.port("vnet7")
    with pytest.raises(Failed) as failed:
        lab.bind("vnet7", "web")
    assert failed.value.name == "FW"
    assert "no-such-set" in failed.value.message
    assert lab.client.bindings() == [] and not lab.binding_file("vnet7").exists()
    left = lab.rules("vnet7").splitlines()
    if lab.driver == "stock":  # it forgets the port's entry in libvirt-in-post
        left = [line for line in left if "libvirt-in-post" not in line]
    assert left == []


@pytest.mark.ours("filter-xml 12 #16: values are checked by their type")
@pytest.mark.parametrize("value", ["localhost", "10.0.0.256", "10.0.0.1:80", "ff02::1"])
def test_value_of_a_variable(lab, value):
    """A value that is no IPv4 address never reaches a tool."""
    lab.define("web", "<rule action='drop' direction='in'><tcp srcipaddr='$A'/></rule>")
    lab.port("vnet7")
    with pytest.raises(Failed) as failed:
        lab.bind("vnet7", "web", {"A": value})
    assert failed.value.name == "INT"
    assert value in failed.value.message and "srcipaddr" in failed.value.message
    assert lab.client.bindings() == []


@pytest.mark.ours("filter-xml 12 #52: a port that cannot be a file name")
def test_port_leaves_folder(lab):
    """A port name that would be a path is refused."""
    lab.define("web")
    for name in ("a/b", "../x", "..", "."):
        assert outcome(lab.bind, name, "web") in ("INT", "ARG")
    assert lab.client.bindings() == []


def test_long_port_name(lab):
    """A name that no device can have is taken like a missing device."""
    lab.define("web")
    assert lab.bind("n" * 40, "web").portDev() == "n" * 40
    lab.restart()
    assert lab.client.bindings() == ["n" * 40]


def test_reload_keeps_bindings_of_gone_devices(lab):
    """A binding outlives its device."""
    lab.define("web", RULE)
    lab.port("vnet7")
    lab.bind("vnet7", "web")
    from nwflab import ports
    ports.remove("vnet7")
    lab.daemon.reload()
    assert lab.client.bindings() == ["vnet7"]
    lab.restart()
    assert lab.client.bindings() == ["vnet7"]
    lab.client.unbind("vnet7")
    assert lab.rules("vnet7") == ""


def test_validate(lab):
    """With the flag the schema decides too."""
    lab.define("web")
    odd = GOOD.replace("<mac", "<bogus/><mac")
    assert outcome(lab.client.bind, odd, 1) == "SCH"
    assert outcome(lab.client.bind, GOOD.replace(MAC, "52:54:00"), 1) == "SCH"
    assert outcome(lab.client.bind, GOOD, 1) == "ok"


def test_filter_without_rules(lab):
    """A filter that says nothing makes no rule, but the binding stands."""
    lab.define("empty", "")
    lab.port("vnet7")
    lab.bind("vnet7", "empty")
    assert lab.client.bindings() == ["vnet7"] and lab.rules("vnet7") == ""
    assert "MAC" in lab.client.binding_xml("vnet7")
