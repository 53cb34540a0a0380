# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_commands.py: every virsh command for filters and bindings, as an administrator types it

Each runs over nwfilter:///system and over qemu:///system, which share the driver inside one daemon.
"""

import re
import uuid

import pytest

from nwflab.texts import OWNER, binding_xml, filter_xml, uuid_of

URIS = ["nwfilter:///system", "qemu:///system"]


@pytest.fixture(name="run", params=URIS, ids=["nwfilter", "qemu"])
def fixture_run(lab, request):
    """Runs virsh at the URI under test."""
    return lambda *arguments, **keywords: lab.daemon.virsh(*arguments, uri=request.param, **keywords)


@pytest.fixture(name="file")
def fixture_file(tmp_path):
    """Writes a document and returns its path."""
    def write(text, name="document.xml"):
        path = tmp_path / name
        path.write_text(text)
        return path
    return write


def table(text):
    """Rows of a virsh table without title and ruler."""
    return [line.split() for line in text.splitlines()[2:] if line.strip()]


def test_list(lab, run):
    """nwfilter-list shows uuid and name, sorted by name without regard to case."""
    assert table(run("nwfilter-list").out) == []
    for number, name in enumerate(["Beta", "alpha", "gamma"]):
        lab.define(name, uuid=uuid_of(number))
    assert table(run("nwfilter-list").out) == [[uuid_of(1), "alpha"], [uuid_of(0), "Beta"], [uuid_of(2), "gamma"]]


def test_list_shipped(lab, run):
    """The filters that libvirt ships are all there, each with a uuid."""
    lab.ship()
    rows = table(run("nwfilter-list").out)
    assert len(rows) >= 24
    assert all(uuid.UUID(row[0]) for row in rows)


def test_define(lab, run, file):
    """nwfilter-define says what it defined."""
    done = run("nwfilter-define", file(filter_xml("web", uuid=uuid_of(7))))
    assert done.ok and "web" in done.out and done.err == ""
    assert lab.client.filter("web").UUIDString() == uuid_of(7)


def test_define_broken(lab, run, file):
    """A broken document gives exit status 1 and two lines of error, and defines nothing."""
    done = run("nwfilter-define", file("<filter>"))
    assert done.status == 1
    assert [line[:6] for line in done.err.splitlines()][:2] == ["error:", "error:"]
    assert lab.client.filters() == []


def test_define_validate(lab, run, file):
    """--validate holds the document against the schema."""
    assert run("nwfilter-define", "--validate", file(filter_xml("good"))).ok
    bad = file(filter_xml("bad", "<rule action='drop' direction='in' mood='bad'/>"))
    assert not run("nwfilter-define", "--validate", bad).ok
    assert run("nwfilter-define", bad).ok
    assert lab.client.filters() == ["bad", "good"]


def test_dumpxml(lab, run):
    """nwfilter-dumpxml takes a name or a uuid."""
    lab.define("web", uuid=uuid_of(7))
    text = lab.client.filter_xml("web")
    assert run("nwfilter-dumpxml", "web").out == text + "\n"
    assert run("nwfilter-dumpxml", uuid_of(7)).out == text + "\n"
    assert run("-q", "nwfilter-dumpxml", "--nwfilter", "web").out == text


def test_dumpxml_unknown(lab, run):
    """An unknown name or uuid is an error."""
    assert lab.client.filters() == []
    for argument in ("nobody", uuid_of(9)):
        done = run("nwfilter-dumpxml", argument)
        assert done.status == 1 and "error:" in done.err and done.out == "\n" * done.out.count("\n")


def test_dumpxml_xpath(lab, run):
    """--xpath picks parts."""
    lab.define("web", uuid=uuid_of(7))
    done = run("nwfilter-dumpxml", "web", "--xpath", "//uuid")
    assert done.ok and done.out.strip() == f"<uuid>{uuid_of(7)}</uuid>"


def edit(run, command):
    """nwfilter-edit with an editor that runs `command` on the file."""
    return run("nwfilter-edit", "web", environment={"EDITOR": command, "VISUAL": command})


def test_edit(lab, run):
    """nwfilter-edit hands the document to the editor and defines what comes back."""
    lab.define("web", uuid=uuid_of(7))
    done = edit(run, "sed -i s/accept/drop/")
    assert done.ok and "edited" in done.out
    assert "action='drop'" in lab.client.filter_xml("web")


def test_edit_nothing(lab, run):
    """An unchanged document is not defined again."""
    lab.define("web", uuid=uuid_of(7))
    before = lab.filter_file("web").stat().st_ino
    done = edit(run, "true")
    assert done.ok and "not changed" in done.out
    assert lab.filter_file("web").stat().st_ino == before


def test_edit_rename(lab, run):
    """A filter cannot be renamed by editing."""
    lab.define("web", uuid=uuid_of(7))
    done = edit(run, "sed -i s/web/net/")  # virsh asks whether to edit again, and takes the end of input for a no
    assert "Failed" in done.err
    assert lab.client.filters() == ["web"]


def test_undefine(lab, run):
    """nwfilter-undefine takes a name or a uuid."""
    lab.define("one", uuid=uuid_of(1))
    lab.define("two", uuid=uuid_of(2))
    assert run("nwfilter-undefine", "one").ok
    assert run("nwfilter-undefine", uuid_of(2)).ok
    assert lab.client.filters() == []
    assert not lab.filter_file("one").exists() and not lab.filter_file("two").exists()
    assert run("nwfilter-undefine", "one").status == 1


def test_binding_commands(lab, run, file):
    """create, list, dumpxml and delete of a binding on a real port."""
    lab.define("web", "<rule action='drop' direction='in'><mac protocolid='0x1234'/></rule>")
    lab.port("vnetB")
    lab.port("vneta")
    for name in ("vnetB", "vneta"):
        done = run("nwfilter-binding-create", file(binding_xml(name, "web"), name))
        assert done.ok and name in done.out, done
        assert "0x1234" in lab.rules(name)
    assert table(run("nwfilter-binding-list").out) == [["vneta", "web"], ["vnetB", "web"]]
    dump = run("nwfilter-binding-dumpxml", "vneta")
    assert dump.out == lab.client.binding_xml("vneta") + "\n"
    assert OWNER in dump.out
    assert run("nwfilter-binding-delete", "vneta").ok
    assert lab.rules("vneta") == "" and lab.rules("vnetB") != ""
    assert table(run("nwfilter-binding-list").out) == [["vnetB", "web"]]


def test_binding_create_validate(lab, run, file):
    """--validate holds the binding's document against the schema."""
    lab.define("web")
    odd = binding_xml("p1", "web").replace("<portdev", "<colour/><portdev")
    assert not run("nwfilter-binding-create", "--validate", file(odd)).ok
    assert lab.client.bindings() == []
    assert run("nwfilter-binding-create", "--validate", file(binding_xml("p1", "web"))).ok
    assert run("nwfilter-binding-create", file(odd.replace("p1", "p2"), "2")).ok
    assert lab.client.bindings() == ["p1", "p2"]


def test_binding_unknown(lab, run):
    """Commands on a port without binding are errors."""
    assert lab.client.bindings() == []
    for command in ("nwfilter-binding-dumpxml", "nwfilter-binding-delete"):
        done = run(command, "vnet9")
        assert done.status == 1 and re.search("error: .*vnet9", done.err)


def test_both_connections_show_the_same(lab):
    """What one connection defines the other shows at once."""
    nwfilter, qemu = lab.client, lab.open("qemu:///system")
    lab.define("web", uuid=uuid_of(7))
    assert qemu.filter_xml("web") == nwfilter.filter_xml("web")
    qemu.bind(binding_xml("vnet9", "web"))
    assert nwfilter.binding_xml("vnet9") == qemu.binding_xml("vnet9")
    qemu.undefine("web")
    assert nwfilter.filters() == []
