# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_reload.py: SIGHUP: filter files are read again, and every port gets its rules back
"""

import pytest

from nwflab import kernel
from nwflab.client import outcome
from nwflab.texts import binding_xml, filter_xml, uuid_of

RULE = "<rule action='drop' direction='in'><mac protocolid='0x1234'/></rule>"
OTHER = "<rule action='drop' direction='in'><mac protocolid='0x4321'/></rule>"
NEEDS = "<rule action='drop' direction='in'><ip srcipaddr='$NET'/></rule>"


@pytest.fixture(name="world")
def fixture_world(lab):
    """The filter 'web' on the port 'va'."""
    lab.define("web", RULE, uuid=uuid_of(1))
    lab.bind(lab.port("va"), "web")
    return lab


def test_new_file(world):
    """A new file is a new filter."""
    world.lay_filter("new", uuid=uuid_of(2))
    world.daemon.reload()
    assert world.client.filters() == ["new", "web"]


def test_changed_file(world):
    """A changed file is a redefinition; the text stays as its author wrote it."""
    text = world.lay_filter("web", OTHER, uuid=uuid_of(1)).read_text()
    world.daemon.reload()
    assert "0x4321" in world.rules("va") and "0x1234" not in world.rules("va")
    assert "0x4321" in world.client.filter_xml("web")
    if world.driver == "ours":
        assert world.filter_file("web").read_text() == text


def test_unfit_file(world):
    """A change that a port cannot take is refused; the new text stays in the file."""
    path = world.lay_filter("web", OTHER + NEEDS, uuid=uuid_of(1))
    text = path.read_text()
    world.daemon.reload()
    assert "0x1234" in world.rules("va") and "0x4321" not in world.rules("va")
    assert "0x1234" in world.client.filter_xml("web")
    assert path.read_text() == text


@pytest.mark.parametrize("text", ["", "nonsense", "<filter name='web'>", filter_xml("other", uuid=uuid_of(1)),
                                  filter_xml("web", uuid=uuid_of(9)), filter_xml("web", "<rule/>", uuid=uuid_of(1))],
                         ids=["empty", "no-xml", "unclosed", "other-name", "other-uuid", "bad-rule"])
def test_broken_file(world, text):
    """A broken file, another name inside, or another uuid: the loaded version stays."""
    before = world.client.filter_xml("web"), world.rules("va")
    world.filter_file("web").write_text(text)
    world.lay_filter("new", uuid=uuid_of(2))
    world.daemon.reload()
    assert (world.client.filter_xml("web"), world.rules("va")) == before
    assert world.client.filters() == ["new", "web"]


def test_deleted_file(world):
    """The filter stays loaded."""
    world.filter_file("web").unlink()
    world.daemon.reload()
    assert world.client.filters() == ["web"] and "0x1234" in world.rules("va")


@pytest.mark.stock("filter-xml 12 #46: a new uuid is written, memory keeps the old one")
def test_file_without_uuid_stock(world):
    """The uuid changes at the next start."""
    world.lay_filter("web", RULE)
    world.daemon.reload()
    assert world.client.filter("web").UUIDString() == uuid_of(1)
    assert uuid_of(1) not in world.filter_file("web").read_text()


@pytest.mark.ours("filter-xml 12 #46: the uuid in memory is the one that is written")
def test_file_without_uuid(world):
    """The filter keeps its uuid, now and over the next start, and the change takes effect."""
    world.lay_filter("web", OTHER)
    world.daemon.reload()
    assert world.client.filter("web").UUIDString() == uuid_of(1)
    assert uuid_of(1) in world.filter_file("web").read_text()
    assert "0x4321" in world.rules("va")
    world.restart()
    assert world.client.filter("web").UUIDString() == uuid_of(1)


def test_flushed_rules_come_back(world):
    """Rules that somebody flushed are back after a reload, if not before."""
    kernel.flush()
    assert world.driver == "ours" or world.rules("va") == ""
    world.daemon.reload()
    assert "0x1234" in world.rules("va")


def test_new_filter_and_binding_together(world):
    """A binding that waited for its filter gets its rules by the reload that brings the filter."""
    world.bind("vb", "later")
    world.port("vb")
    world.lay_filter("later", OTHER, uuid=uuid_of(2))
    world.daemon.reload()
    assert "0x4321" in world.rules("vb")


def test_binding_files_are_not_read(world):
    """Bindings are the daemon's own; a file that appears means nothing, one that is gone neither."""
    world.binding_file("va").unlink()
    world.binding_file("vz").write_text(f"<filterbindingstatus>{binding_xml('vz', 'web')}</filterbindingstatus>")
    world.daemon.reload()
    assert world.client.bindings() == ["va"]
    world.client.unbind("va")
    assert world.client.bindings() == []


def test_reload_under_load(world):
    """Requests that come while reloads run are answered, and the end is right."""
    for number in range(5):
        world.daemon.process.send_signal(1)
        world.define(f"f{number}")
        assert outcome(world.define, "web", RULE if number % 2 else OTHER, uuid=uuid_of(1)) == "ok"
    world.daemon.reload()
    assert world.client.filters() == ["f0", "f1", "f2", "f3", "f4", "web"]
    assert ("0x4321" in world.client.filter_xml("web")) == ("0x4321" in world.rules("va"))
