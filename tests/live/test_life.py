# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_life.py: the daemon ends, is killed, comes back, or meets another one
"""

import signal

import pytest

from nwflab import kernel
from nwflab.daemon import Daemon, DaemonFailed
from nwflab.texts import uuid_of

RULE = "<rule action='drop' direction='in'><mac protocolid='0x1234'/></rule><rule action='accept' direction='out'><tcp/></rule>"


@pytest.fixture(name="world")
def fixture_world(lab):
    """The filter 'web' on the ports 'va' and 'vb'."""
    lab.define("web", RULE, uuid=uuid_of(1))
    for name in ("va", "vb"):
        lab.bind(lab.port(name), "web")
    return lab


def visible(lab):
    """Documents of all."""
    return ({name: lab.client.filter_xml(name) for name in lab.client.filters()},
            {name: lab.client.binding_xml(name) for name in lab.client.bindings()})


def test_end_leaves_rules_and_files(world):
    """A daemon that is stopped leaves every port as filtered as it was, and ends with status 0."""
    rules, files = kernel.snapshot(), world.binding_file("va").read_bytes()
    world.hang_up()
    assert world.daemon.stop() == 0
    assert kernel.snapshot() == rules
    assert world.binding_file("va").read_bytes() == files and world.filter_file("web").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_restart_keeps_everything(world, number):
    """However the daemon ended, the next one shows the same, on the same rules."""
    rules, documents = kernel.snapshot(), visible(world)
    world.restart(by=number)
    assert visible(world) == documents
    assert kernel.snapshot() == rules


def test_deleted_after_a_restart(world):
    """The next daemon can take away what the earlier one put in place, and leaves no rule."""
    world.restart(by=signal.SIGKILL)
    world.client.unbind("va")
    assert world.rules("va") == "" and world.rules("vb") != ""
    world.client.unbind("vb")
    left = kernel.snapshot(own=True)
    assert left == {"eb": {}, "ip4": {}, "ip6": {}}
    world.client.undefine("web")


def test_rules_flushed_while_away(world):
    """Rules that were lost while no daemon ran are back after the start."""
    rules = kernel.snapshot()
    world.hang_up()
    world.daemon.stop()
    kernel.flush()
    assert world.rules("va") == ""
    world.daemon.start()
    assert kernel.snapshot() == rules


def test_second_daemon_is_refused(world):
    """The lock keeps a second driver out, and the first goes on unharmed."""
    second = Daemon(world.driver, beside="second")
    with pytest.raises(DaemonFailed) as failed:
        second.start()
    assert "/run/libvirt/nwfilter/driver.pid" in failed.value.log
    assert world.daemon.running
    assert "0x1234" in world.rules("va")


def test_lock_of_a_dead_daemon(world):
    """A lock file that a killed daemon left is no obstacle."""
    world.hang_up()
    world.daemon.kill()
    world.daemon.start()
    assert world.client.bindings() == ["va", "vb"]


def test_end_is_quick(world):
    """The daemon does not linger when it is asked to end, even with a client connected."""
    assert world.client.bindings() == ["va", "vb"]
    assert world.daemon.stop(limit=10) == 0


def test_end_right_after_requests(world):
    """Ending right after changes and reloads is clean."""
    for number in range(3):
        world.define("web", RULE * (number + 1), uuid=uuid_of(1))
        world.daemon.process.send_signal(signal.SIGHUP)
    assert world.daemon.stop(limit=20) == 0
