# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_start.py: what a starting daemon makes of the files that it finds
"""

import os
import pathlib
import re
import subprocess

import pytest

from nwflab import ports
from nwflab.client import Failed, outcome, virsh
from nwflab.daemon import BINDINGS, FILTERS, DaemonFailed
from nwflab.texts import MAC, OWNER, binding_xml, filter_xml, uuid_of

RULE = "<rule action='drop' direction='in'><mac protocolid='0x1234'/></rule>"


def lay_binding(portdev, name, file=None, text=None):
    """Puts a binding's file in place, as an earlier daemon would have."""
    BINDINGS.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = BINDINGS / f"{file or portdev}.xml"
    path.write_text(text if text is not None else f"<filterbindingstatus>{binding_xml(portdev, name)}</filterbindingstatus>")
    return path


BROKEN = {
    "empty": "",
    "no-xml": "nonsense",
    "unclosed": "<filter name='bad'>",
    "other-root": "<network><name>bad</name></network>",
    "other-name": filter_xml("other", uuid=uuid_of(5)),
    "no-name": "<filter/>",
    "bad-uuid": filter_xml("bad", uuid="nonsense"),
    "bad-chain": filter_xml("bad", chain="foo"),
    "bad-attribute": filter_xml("bad", "<rule action='drop' direction='in'><tcp dstportstart='x'/></rule>"),
    "no-text": b"\xff\xfe\x00\x01",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_filter_file(lab, text):
    """It is passed over, stays as it is, and the others are loaded, whatever their names."""
    lab.lay_filter("aaa")
    lab.lay_filter("zzz")
    data = text if isinstance(text, bytes) else text.encode()
    (FILTERS / "bad.xml").write_bytes(data)
    assert lab.client.filters() == ["aaa", "zzz"]
    assert (FILTERS / "bad.xml").read_bytes() == data
    lab.define("new")
    assert lab.client.filters() == ["aaa", "new", "zzz"]


@pytest.mark.ours("filter-xml 12 #47: each file that is passed over is logged")
def test_each_broken_file_is_logged(lab):
    """The log names each of them."""
    for name, text in BROKEN.items():
        (FILTERS / f"{name}.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    (FILTERS / "folder.xml").mkdir()
    assert lab.client.filters() == []
    log = lab.log()
    missing = [name for name in (*BROKEN, "folder") if f"{name}.xml" not in log]
    assert missing == []


def test_odd_entries(lab):
    """Folders, other endings, dead links and leftovers of a write are no filters; a hidden file is one."""
    (FILTERS / "folder.xml").mkdir()
    (FILTERS / "dead.xml").symlink_to("/nowhere")
    lab.lay_filter("text", file="text.txt")
    lab.lay_filter("half", file="half.xml.new")
    lab.lay_filter("none", file="none")
    lab.lay_filter(".hidden")
    lab.lay_filter("web")
    assert lab.client.filters() == [".hidden", "web"]


def test_two_files_with_one_uuid(lab):
    """One of them is loaded."""
    lab.lay_filter("one", uuid=uuid_of(1))
    lab.lay_filter("two", uuid=uuid_of(1))
    assert lab.client.filters() in (["one"], ["two"])


def test_loop_in_files(lab):
    """The file that closes a loop is passed over."""
    lab.lay_filter("one", "<filterref filter='two'/>")
    lab.lay_filter("two", "<filterref filter='one'/>")
    assert lab.client.filters() in (["one"], ["two"])


def test_dangling_reference_in_a_file(lab):
    """It is loaded all the same."""
    lab.lay_filter("web", "<filterref filter='nobody'/>")
    assert lab.client.filters() == ["web"]


def test_schema_is_not_asked(lab):
    """What the parser takes is loaded, even if the schema would not have it."""
    lab.lay_filter("web", "<rule action='drop' direction='in' mood='bad'/>")
    assert lab.client.filters() == ["web"]


def test_changes_while_the_daemon_was_away(lab):
    """Files decide at start: new, changed, deleted, another uuid."""
    for name in ("kept", "changed", "deleted", "renumbered"):
        lab.define(name)
    lab.hang_up()
    lab.daemon.stop()
    lab.lay_filter("new")
    lab.lay_filter("changed", RULE)
    lab.lay_filter("renumbered", uuid=uuid_of(4))
    lab.filter_file("deleted").unlink()
    lab.daemon.start()
    assert lab.client.filters() == ["changed", "kept", "new", "renumbered"]
    assert "0x1234" in lab.client.filter_xml("changed")
    assert lab.client.filter("renumbered").UUIDString() == uuid_of(4)


def test_bindings_come_back(lab):
    """Each stored binding is listed and has its rules again, even if somebody took those away meanwhile."""
    lab.lay_filter("web", RULE)
    for name in ("va", "vb"):
        lab.port(name)
        lay_binding(name, "web")
    assert lab.client.bindings() == ["va", "vb"]
    assert "0x1234" in lab.rules("va") and "0x1234" in lab.rules("vb")
    assert f"<parameter name='MAC' value='{MAC}'/>" in lab.client.binding_xml("va")


BROKEN_BINDINGS = {
    "empty": "",
    "no-xml": "nonsense",
    "other-root": binding_xml("vbad", "web"),
    "two-inside-none": "<filterbindingstatus/>",
    "no-mac": f"<filterbindingstatus>{binding_xml('vbad', 'web').replace(MAC, '')}</filterbindingstatus>",
    "no-owner": f"<filterbindingstatus>{binding_xml('vbad', 'web').replace(OWNER, '')}</filterbindingstatus>",
}


@pytest.mark.parametrize("text", BROKEN_BINDINGS.values(), ids=BROKEN_BINDINGS)
def test_broken_binding_file(lab, text):
    """It is passed over and left in place; the other ports have their rules."""
    lab.lay_filter("web", RULE)
    for name in ("va", "vz"):
        lab.port(name)
        lay_binding(name, "web")
    lab.port("vbad")
    path = lay_binding("vbad", "web", text=text)
    assert lab.client.bindings() == ["va", "vz"]
    assert "0x1234" in lab.rules("va") and "0x1234" in lab.rules("vz") and lab.rules("vbad") == ""
    assert path.read_text() == text


def test_binding_in_a_file_of_another_name(lab):
    """The name inside counts."""
    lab.lay_filter("web", RULE)
    lab.port("va")
    lay_binding("va", "web", file="other")
    assert lab.client.bindings() == ["va"]
    assert "0x1234" in lab.rules("va")


@pytest.mark.ours("engine: such a file is renamed, where stock's would come back after the binding was deleted")
def test_binding_in_a_file_of_another_name_stays_deleted(lab):
    """A binding that was deleted does not come back, whatever its file was called."""
    lab.lay_filter("web", RULE)
    lay_binding("va", "web", file="other")
    lab.client.unbind("va")
    lab.restart()
    assert lab.client.bindings() == []


def test_binding_of_a_gone_device(lab):
    """It stays listed; the other ports are fine."""
    lab.lay_filter("web", RULE)
    lab.port("va")
    lay_binding("va", "web")
    lay_binding("vgone", "web")
    assert lab.client.bindings() == ["va", "vgone"]
    assert "0x1234" in lab.rules("va")
    lab.client.unbind("vgone")
    assert lab.client.bindings() == ["va"] and lab.rules("vgone") == ""


UNFIT = {
    "missing-filter": None,
    "missing-nested-filter": "<filterref filter='nobody'/>",
    "missing-variable": "<rule action='accept' direction='inout'><ip srcipaddr='$NET'/></rule>",
    "tool-refuses": "<rule action='accept' direction='inout'><all ipset='no-such-set' ipsetflags='src'/></rule>",
}


def lay_unfit(lab, body):
    """Two good ports and a bad one."""
    lab.lay_filter("web", RULE)
    if body is not None:
        lab.lay_filter("bad", body)
    for name in ("va", "vb", "vz"):
        lab.port(name)
    lay_binding("va", "web")
    lay_binding("vb", "bad")
    lay_binding("vz", "web")


@pytest.mark.stock("filter-xml 12 #43: the daemon does not start")
@pytest.mark.parametrize("body", UNFIT.values(), ids=UNFIT)
def test_unfit_binding_stops_the_daemon(lab, body):
    """One port that cannot be built takes the whole daemon down; this is why ours closes the port instead."""
    lay_unfit(lab, body)
    with pytest.raises(DaemonFailed):
        assert lab.daemon


@pytest.mark.ours("filter-xml 12 #43: log, leave the port closed, go on")
@pytest.mark.parametrize("body", UNFIT.values(), ids=UNFIT)
def test_unfit_binding_is_closed(lab, body):
    """The port drops everything both ways, the others are fine, the log names the port, and mending the filter opens it."""
    lay_unfit(lab, body)
    assert lab.client.bindings() == ["va", "vb", "vz"]
    assert "0x1234" in lab.rules("va") and "0x1234" in lab.rules("vz")
    rules = lab.rules("vb").splitlines()
    for direction in "IO":
        assert f"eb nat libvirt-{direction}-vb: -j DROP" in rules
    assert any("-i vb -j libvirt-I-vb" in line for line in rules) and any("-o vb -j libvirt-O-vb" in line for line in rules)
    assert "'vb'" in lab.log()
    if body is None:
        lab.define("bad", RULE)
        lab.daemon.reload()
    else:
        lab.define("bad", RULE, uuid=lab.client.filter("bad").UUIDString())
    assert "0x1234" in lab.rules("vb") and "libvirt-I-vb" not in lab.rules("vb")


@pytest.mark.ours("filter-xml 12 #43")
def test_closed_port_can_be_deleted(lab):
    """Deleting the binding of a closed port takes its rules away."""
    lay_unfit(lab, None)
    lab.client.unbind("vb")
    assert lab.rules("vb") == "" and not lab.binding_file("vb").exists()
    assert "0x1234" in lab.rules("va")


def test_empty_host(lab):
    """With nothing there, nothing is there."""
    FILTERS.rmdir()
    assert lab.client.filters() == [] and lab.client.bindings() == []


def test_shipped_filters(lab):
    """The filters that libvirt ships are loaded, and each is saved with a uuid of its own."""
    lab.ship()
    names = lab.client.filters()
    assert len(names) >= 24
    assert len({lab.client.filter(name).UUIDString() for name in names}) == len(names)
    assert all("<uuid>" in lab.filter_file(name).read_text() for name in names)
    assert all(outcome(lab.client.filter_xml, name) == "ok" for name in names)


@pytest.mark.ours("install.md: how to see which driver runs")
@pytest.mark.parametrize("user, backend", [(None, "iptables"), ("nobody", "none")])
def test_versions_are_logged(lab, user, backend):
    """One line says which driver this is, in which libvirt, and what makes the rules; with the log as install.md sets it."""
    lab.new_daemon(user=user, config='log_filters = "2:nwfilter.libvirt"')
    tool = subprocess.run([os.environ["NWF_TOOL"], "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    ours, libvirt = re.search(r"Version: (\S+)", tool)[1], virsh("--version").out.strip()
    assert lab.daemon.running
    lines = [line.split(" : ")[-1] for line in lab.log().splitlines() if "libvirt-driver-nwfilter" in line]
    assert lines == [f"libvirt-driver-nwfilter {ours} starts: libvirt {libvirt}, backend {backend}"]


@pytest.mark.ours("decisions, Configuration")
def test_broken_configuration(lab):
    """With a broken configuration file the daemon lives, the driver is off, and log and errors name file and line."""
    lab.lay_filter("web")
    pathlib.Path("/etc/libvirt/nwfilter.conf").write_text('require_bridge_netfilter = 0\nthis is nonsense\n')
    assert lab.daemon.running
    assert re.search(r"nwfilter\.conf\W+(line )?2\b", lab.log())
    with pytest.raises(Failed, match="nwfilter.conf"):
        lab.daemon.client().filters()


@pytest.mark.ours("decisions, Configuration")
def test_good_configuration(lab):
    """The stock driver's keys are known, ours too; an unknown key is logged and harms nobody."""
    pathlib.Path("/etc/libvirt/nwfilter.conf").write_text(
        '# comment\nfirewall_backend = "iptables"\nrequire_bridge_netfilter = 0\nsurprise = 1\n')
    lab.define("web")
    assert "surprise" in lab.log()


@pytest.mark.ours("decisions, Base chains: require_bridge_netfilter")
@pytest.mark.parametrize("required", [0, 1])
def test_bridge_netfilter_is_off(lab, required):
    """Rules of the IP layers without bridge netfilter: a warning that names the sysctl, or an error if that was asked for."""
    switch = pathlib.Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    if not switch.exists():
        pytest.skip("the kernel has no bridge netfilter yet")
    pathlib.Path("/etc/libvirt/nwfilter.conf").write_text(f"require_bridge_netfilter = {required}\n")
    lab.define("web", "<rule action='drop' direction='in'><tcp dstportstart='22'/></rule>")
    lab.define("ether", RULE)
    for name in ("va", "vb"):
        lab.port(name)
    switch.write_text("0")
    try:
        assert outcome(lab.bind, "va", "web") == ("ok" if not required else "CFG")
        assert "bridge-nf-call-iptables" in lab.log()
        assert outcome(lab.bind, "vb", "ether") == "ok"
    finally:
        switch.write_text("1")


def test_devices_of_guests_are_not_needed(lab):
    """The daemon starts with the bindings of a host whose ports all went away."""
    lab.lay_filter("web", RULE)
    for number in range(20):
        lay_binding(f"v{number}", "web")
    assert len(lab.client.bindings()) == 20
    assert not ports.exists("v0") and os.path.exists(lab.binding_file("v0"))
