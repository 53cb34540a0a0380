# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_quiet.py: what changes nothing writes nothing, and a restart or reload is no moment of its own for any frame

Whether something was written the kernel tells: the number of its generation of rules. Programs that only read, or that work in a
namespace of their own, do not count.
"""

import signal

import pytest

from lane import FREE, FREE_ALONE, GUARD, GUARDED, OTHER, PORT, crowd, drops, guard
from nwflab.client import outcome
from nwflab.generation import Changes, generation
from nwflab.guests import A, C
from nwflab.traffic import Flood

PORTS = 20
LEAF = drops(0x9abc, 4242)
TREE = "<filterref filter='leaf'/><filterref filter='clean-traffic'/>" + guard(7) + drops(direction="in", port=77)


@pytest.fixture(name="guarded")
def fixture_guarded(host):
    """Two guests and twenty ports, with rules on all three layers, references, sub-chains and variables."""
    host.lab.ship()
    host.lab.daemon.reload()
    host.define("leaf", LEAF, chain="ipv4-leaf")
    host.define("tree", TREE)
    host.guarded(OTHER)
    crowd(host, PORTS, "tree", parameters=[("IP", "10.9.0.1"), ("IP", "10.9.1.1")])
    return host


def is_counted(guarded, begin):
    """A change that must be counted, behind those that must not be there."""
    assert generation() == begin
    guarded.define(GUARD, guard(3))
    assert generation() > begin


def test_counting_counts(guarded):
    """One batch for each layer that changes is a generation, or several; no change is none."""
    with Changes() as none:
        assert guarded.client.bindings()
    assert none.count == 0
    with Changes() as some:
        guarded.define(GUARD, guard(2))
    assert 3 <= some.count <= 12


def test_unchanged_definition(guarded):
    """The same text again."""
    begin = generation()
    guarded.define(GUARD, guard(1))
    guarded.define("tree", TREE)
    is_counted(guarded, begin)


def test_unchanged_reload(guarded):
    """SIGHUP without any change: the kernel's rules are read and left alone."""
    before, begin = guarded.state(), generation()
    guarded.lab.daemon.reload()
    assert guarded.state() == before
    is_counted(guarded, begin)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_unchanged_restart(guarded, how):
    """The next daemon finds what it would write, and writes nothing."""
    before = guarded.state()
    guarded.lab.hang_up()
    guarded.lab.daemon._end(how, 40)  # pylint: disable=protected-access
    begin = generation()
    guarded.lab.daemon.start()
    assert guarded.state() == before
    is_counted(guarded, begin)
    guarded.client.unbind("crowd1")
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE and guarded.lab.rules("crowd1") == ""


def test_what_differs_alone_is_written(guarded):
    """After a restart with one filter changed on disk its ports follow, in few changes, and the others are left alone."""
    before = guarded.lab.rules(PORT)
    guarded.lab.hang_up()
    guarded.lab.daemon.stop()
    path = guarded.lab.filter_file("tree")
    path.write_text(path.read_text().replace("1007", "2007"))
    with Changes() as changes:
        guarded.lab.daemon.start()
        assert "2007" in guarded.lab.rules("crowd1")
    assert changes.count <= 8
    assert guarded.lab.rules(PORT) == before


def steps_of_a_life(guarded):
    """What a daemon's life is made of: reloads and restarts, by each signal."""
    yield "reload", guarded.lab.daemon.reload
    for number in (signal.SIGTERM, signal.SIGKILL):
        yield f"restart by {number.name}", lambda number=number: guarded.lab.restart(by=number)
    yield "reload again", guarded.lab.daemon.reload


def test_no_frame_notices(guarded, long):
    """Frames while daemons come and go: none passes that the filter forbids, none is lost that it allows."""
    rate = 5000 if long else 1000
    with Flood(guarded.wire, A >> C, forbidden=GUARDED, allowed=FREE, rate=rate // 3) as out, \
            Flood(guarded.wire, C >> A, allowed=FREE, rate=rate // 3) as back:
        for _, step in steps_of_a_life(guarded):
            step()
    assert not out.leaked and not out.lost and not back.lost, f"passed: {out.leaked}, lost: {out.lost}, {back.lost}"


def test_many_reloads_at_once(guarded):
    """A burst of SIGHUP while clients change things: no frame notices, and the end is right."""
    with Flood(guarded.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        for number in range(6):
            guarded.lab.daemon.process.send_signal(signal.SIGHUP)
            assert outcome(guarded.define, GUARD, guard(number)) == "ok"
        guarded.lab.daemon.reload()
    assert "1005" in guarded.lab.rules(PORT) and "1004" not in guarded.lab.rules(PORT)
    assert not flood.leaked, f"{flood.leaked} passed"


def test_ports_without_device_count_too(host):
    """A host whose ports all went away restarts as quietly."""
    host.guarded()
    crowd(host, 5)
    before = host.state()
    begin = generation()
    host.lab.restart()
    assert host.state() == before
    is_counted(host, begin)
