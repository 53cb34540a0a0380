# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_files.py: what is on disk: form, modes, and the way to the stock driver and back
"""

import pathlib
import stat

import pytest

from nwflab import kernel
from nwflab.texts import uuid_of

RULES = ("<rule action='drop' direction='in' priority='-7'><tcp dstportstart='22' dstportend='0x17'/></rule>"
         "<rule action='accept' direction='out' statematch='false'><ip srcipaddr='$IP' protocol='udp'/></rule>")


def document(path):
    """The text of a file after its warning."""
    lines = path.read_text().splitlines(keepends=True)
    end = lines.index("-->\n")
    assert lines[0] == "<!--\n" and lines[end + 1] == "\n"
    return "".join(lines[end + 2:])


def warning(path):
    """The lines of a file's warning."""
    lines = path.read_text().splitlines()
    return lines[1:lines.index("-->")]


def test_filter_file(lab):
    """Mode, warning and content are libvirt's."""
    lab.define("web", RULES, uuid=uuid_of(1))
    path = lab.filter_file("web")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert document(path) == lab.client.filter_xml("web")
    assert len(warning(path)) == 4 and warning(path)[2] == "  virsh nwfilter-edit web"
    assert [entry.name for entry in path.parent.iterdir()] == ["web.xml"]


@pytest.mark.parametrize("name", ["a b", "a--b", "a;b"])
def test_warning_of_an_unsafe_name(lab, name):
    """A name that a shell or a comment would misread is replaced by the uuid."""
    lab.define(name, uuid=uuid_of(1))
    assert f"  virsh nwfilter-edit {uuid_of(1)}" in warning(lab.filter_file(name))


def test_both_drivers_write_the_same_documents(lab):
    """But for the words of the warning the files are the same, byte for byte, and so is the command that the warning names."""
    texts, under_test = {}, lab.driver
    lab.port("vnet7")
    for driver in (under_test, "stock"):
        lab.change_driver(driver)
        lab.define("web", RULES, uuid=uuid_of(1))
        lab.bind("vnet7", "web", {"IP": "10.0.0.1"})
        paths = lab.filter_file("web"), lab.binding_file("vnet7")
        texts[driver] = [(document(path), warning(path)[2]) for path in paths]
        lab.client.unbind("vnet7")
        lab.client.undefine("web")
    assert texts[under_test] == texts["stock"]


def test_redefinition_replaces_the_file(lab):
    """The file is replaced as a whole, so that nobody ever reads half of one."""
    lab.define("web", uuid=uuid_of(1))
    path = lab.filter_file("web")
    with open(path, encoding="utf-8") as held:
        lab.define("web", RULES, uuid=uuid_of(1))
        assert "tcp" not in held.read()
    assert "tcp" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_folder_is_made(lab):
    """A missing folder is made for root alone."""
    folder = lab.filter_file("web").parent
    folder.rmdir()
    lab.define("web")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert lab.filter_file("web").exists()


def test_lock(lab):
    """One daemon at a time: the lock file holds its id and goes with it."""
    lock = pathlib.Path("/run/libvirt/nwfilter/driver.pid")
    pid = lab.daemon.pid
    assert lock.read_text() == str(pid)
    assert stat.S_IMODE(lock.parent.stat().st_mode) == 0o700
    lab.daemon.stop()
    assert not lock.exists()


def test_uuid_is_added_to_a_file_without(lab):
    """A packaged filter gets a uuid at first load, and its file is rewritten with it."""
    path = lab.lay_filter("web", RULES)
    shown = lab.client.filter("web").UUIDString()
    assert f"<uuid>{shown}</uuid>" in path.read_text()
    assert document(path) == lab.client.filter_xml("web")
    lab.restart()
    assert lab.client.filter("web").UUIDString() == shown


def everything(lab):
    """Documents and rules of all."""
    client = lab.client
    return ({name: client.filter_xml(name) for name in client.filters()},
            {name: client.binding_xml(name) for name in client.bindings()}, kernel.snapshot(own=True))


def test_change_of_drivers_and_back(lab):
    """stock -> the driver under test -> stock: nothing is lost, and every port keeps its rules."""
    under_test = lab.driver
    lab.change_driver("stock")
    lab.ship()
    lab.define("web", RULES, uuid=uuid_of(1))
    lab.port("vnet7")
    lab.port("vnet8")
    lab.bind("vnet7", "web", {"IP": "10.0.0.7"})
    lab.bind("vnet8", "clean-traffic", {"IP": "10.0.0.8"})
    begin = everything(lab)
    assert begin[2]["eb"] and begin[2]["ip4"]
    lab.change_driver(under_test)
    assert everything(lab) == begin
    lab.define("more", RULES, uuid=uuid_of(2))
    lab.port("vnet9")
    lab.bind("vnet9", "more", {"IP": "10.0.0.9"})
    middle = everything(lab)
    lab.change_driver("stock")
    assert everything(lab) == middle
    for name in ("vnet7", "vnet8", "vnet9"):
        lab.client.unbind(name)
    assert not any(lab.rules(name) for name in ("vnet7", "vnet8", "vnet9"))
