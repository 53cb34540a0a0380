# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_devices.py: devices that come after their binding, go and come back, get another name, or move to another bridge

Rules are about names: a device is filtered from its first frame as long as there is a binding of its name, whatever happened to a device of that
name before. Frames are sent while the device changes, so the first ones that can pass are among them.

Bindings that give way to those of another owner: tests/live test_neighbours; learning on devices that change: tests/learning test_links.
"""

import pytest

from lane import FREE, FREE_ALONE, GUARD, GUARDED, PORT, guard
from nwflab import ports
from nwflab.guests import BRIDGE, A, C, kernel_of, namespace_of, port_of
from nwflab.traffic import Flood


class Plug:
    """The cable between the guest A and the bridge."""

    def __init__(self, wire):
        self.wire = wire

    @staticmethod
    def pull():
        """The device is gone, and the guest's card with it."""
        ports.remove(PORT)

    def make(self):
        """A new device of the same name, not up yet; the guest sends already."""
        ports.ip("link", "add", PORT, "type", "veth", "peer", "name", "eth0", "address", kernel_of(A).mac, "netns", namespace_of(A))
        ports.ip("-n", namespace_of(A), "link", "set", "eth0", "up")
        guest = self.wire.guests[A]
        guest.close()
        guest.open()

    @staticmethod
    def put_in(bridge=BRIDGE, name=PORT):
        """The device is in a bridge, and up; the bridge knows who lives behind it."""
        ports.ip("link", "set", name, "master", bridge, "up")
        ports.ip("link", "set", name, "type", "bridge_slave", "learning", "off")


@pytest.fixture(name="plug")
def fixture_plug(host):
    """The plug; the guest is connected again afterwards."""
    plug = Plug(host.wire)
    yield plug
    plug.pull()
    plug.make()
    plug.put_in()


def comes(host, plug, *steps):
    """Frames of the guest while steps are taken: none passes that is forbidden, and in the end the others do."""
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=1000, sure=False) as flood:
        for step in steps:
            step()
        assert host.passing(FREE) == FREE_ALONE
    assert not flood.leaked, f"{flood.leaked} passed"
    assert min(flood.sent) > 0 and plug


def test_bound_before_the_device(host, plug):
    """The device comes after its binding."""
    plug.pull()
    host.guarded()
    plug.make()
    comes(host, plug, plug.put_in)


def test_device_goes_and_comes_back(host, plug):
    """The binding stays, and its rules are met by the first frame of the next device."""
    host.guarded()
    rules = host.lab.rules(PORT)
    for _ in range(3):
        plug.pull()
        assert host.client.bindings() == [PORT] and host.lab.rules(PORT) == rules
        plug.make()
        comes(host, plug, plug.put_in)


def test_daemon_starts_while_the_device_is_away(host, plug):
    """Neither the daemon that was there nor the next one needs the device."""
    host.guarded()
    rules = host.lab.rules(PORT)
    plug.pull()
    host.lab.restart()
    assert host.lab.rules(PORT) == rules
    plug.make()
    comes(host, plug, plug.put_in, host.lab.restart)


def test_redefined_while_the_device_is_away(host, plug):
    """A change of the filter is met by the first frame, too."""
    host.define(GUARD, "<rule action='accept' direction='inout'/>")
    host.bind()
    plug.pull()
    host.define(GUARD, guard(1))
    plug.make()
    comes(host, plug, plug.put_in)


def test_renamed(host, plug):
    """A device under another name is another port; under its own again it is filtered again. A binding of the new name filters it."""
    host.guarded()
    rules = host.lab.rules(PORT)
    rename(PORT, "vnetnew")
    plug.put_in(name="vnetnew")
    assert len(host.passing(GUARDED)) == len(GUARDED)
    host.bind("vnetnew")
    assert host.passing(GUARDED + FREE) == FREE_ALONE
    host.client.unbind("vnetnew")
    assert host.lab.rules(PORT) == rules and host.lab.rules("vnetnew") == ""
    ports.ip("link", "set", "vnetnew", "down")
    comes(host, plug, lambda: rename("vnetnew", PORT), plug.put_in)


def rename(name, other):
    """Gives a device another name; it is down afterwards."""
    ports.ip("link", "set", name, "down")
    ports.ip("link", "set", name, "name", other)


def test_moved_to_another_bridge(host, plug):
    """A port takes its rules along, in the middle of frames."""
    host.guarded()
    with ports.bridge("br9"):
        try:
            comes(host, plug, lambda: move("br9"), lambda: move(BRIDGE), lambda: move("br9"))
        finally:
            move(BRIDGE)
        comes(host, plug)


def move(bridge):
    """A, C and the sender of control frames live in this bridge now."""
    for name in (PORT, port_of(C), "vnetD"):
        ports.ip("link", "set", name, "nomaster")
        Plug.put_in(bridge, name)


def test_taken_out_of_the_bridge(host, plug):
    """A port that is in no bridge for a while comes back with its rules."""
    host.guarded()
    comes(host, plug, lambda: ports.ip("link", "set", PORT, "nomaster"), plug.put_in)
