# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_unseen_ports.py: ports whose frames no rule can see are warned of, and no others

A test that no warning comes ends with one that must: that of a port which was bound later.
"""

import itertools
import json
import os
import subprocess
import time

import pytest

from nwflab import ports, wait
from nwflab.texts import uuid_of

pytestmark = pytest.mark.ours("A22: the stock driver says nothing")

BRIDGE = "brseen"
REST = 2.0  # seconds that a port may be in no bridge before it is warned of
DROP = "<rule action='drop' direction='inout'/>"
UNSEEN = "is not filtered, for no rule can see its frames: "
SEEN = "its rules see its frames again"


@pytest.fixture(name="world")
def fixture_world(lab):
    """A filter and a bridge."""
    lab.define("drop", DROP, uuid=uuid_of(1))
    with ports.bridge(BRIDGE):
        yield lab


def warnings(lab, port):
    """What is warned of for the port: the ends of the lines."""
    begin = f"port '{port}' of 'guest' {UNSEEN}"
    return [line.split(begin, 1)[1] for line in lab.log().splitlines() if begin in line and ": warning :" in line]


def warned(lab, port, why, times=1):
    """Waits for the warnings of a port, the last of which gives this reason."""
    wait.until(lambda: len(warnings(lab, port)) >= times, f"a warning of {port}", 30)
    assert len(warnings(lab, port)) == times and why in warnings(lab, port)[-1]


def sentinel(lab, names=itertools.count(1)):
    """Returns when a port that was bound now has been warned of; what was to be said of earlier ones has been said."""
    port = f"vlast{next(names)}"
    lab.port(port)
    lab.bind(port, "drop")
    warned(lab, port, "its device is in no bridge")


def tool(*arguments):
    """Output of virt-nwfilter ports."""
    return subprocess.run([os.environ["NWF_TOOL"], "ports", *arguments], capture_output=True, text=True, check=True, timeout=20).stdout


def test_no_bridge(world):
    """One line for a port in no bridge, at once and after a restart; none for one in a bridge, or without device."""
    for port, bridge in (("vin", BRIDGE), ("vout", None)):
        world.port(port, bridge=bridge)
        world.bind(port, "drop")
    world.bind("vnever", "drop")
    warned(world, "vout", "its device is in no bridge")
    sentinel(world)
    assert warnings(world, "vin") == warnings(world, "vnever") == [] and len(warnings(world, "vout")) == 1
    world.restart()
    warned(world, "vout", "its device is in no bridge")
    sentinel(world)
    assert warnings(world, "vin") == warnings(world, "vnever") == []


def test_device_that_is_being_made(world):
    """It is in no bridge for a moment, bound or not: that is no reason to warn."""
    for number in range(20):
        port, begin = f"vnew{number}", time.monotonic()
        world.bind(port, "drop")
        world.port(port)
        time.sleep(REST / 4)  # long enough to be seen
        ports.ip("link", "set", port, "master", BRIDGE)
        if time.monotonic() - begin < REST * 3 / 4:  # else the machine was too slow, and a warning was due
            break
    sentinel(world)
    assert warnings(world, port) == []


def test_leaves_the_bridge(world):
    """Warned of each time; and the log says that all is well again. When the device goes nothing is said."""
    world.port("va", bridge=BRIDGE)
    world.bind("va", "drop")
    for times in (1, 2):
        ports.ip("link", "set", "va", "nomaster")
        warned(world, "va", "its device is in no bridge", times)
        ports.ip("link", "set", "va", "master", BRIDGE)
        wait.until(lambda times=times: world.log().count(f"port 'va': {SEEN}") == times, "all is well again", 30)
    ports.remove("va")
    sentinel(world)
    assert len(warnings(world, "va")) == 2


def test_bridge_goes(world):
    """Its ports are in no bridge then."""
    with ports.bridge("brgone"):
        world.port("va", bridge="brgone")
        world.bind("va", "drop")
        sentinel(world)
        assert warnings(world, "va") == []
    warned(world, "va", "its device is in no bridge")


def test_renamed(world):
    """Rules go by the name, so a device under another one is not filtered, wherever it is."""
    world.port("va", bridge=BRIDGE)
    world.bind("va", "drop")
    ports.ip("link", "set", "va", "down", "name", "vb")
    try:
        warned(world, "va", "its device was renamed to 'vb', and rules go by the name")
        assert world.rules("va") and not world.rules("vb")
    finally:
        ports.ip("link", "set", "vb", "down", "name", "va")
    wait.until(lambda: f"port 'va': {SEEN}" in world.log(), "all is well again", 30)


def test_macvtap(world):
    """A macvtap is in no bridge by nature, and the reason says so."""
    world.port("vlower")
    ports.ip("link", "add", "link", "vlower", "name", "vtap", "type", "macvtap", "mode", "bridge")
    try:
        world.bind("vtap", "drop")
        warned(world, "vtap", "its device is a macvtap and passes by all bridges")
    finally:
        ports.remove("vtap")


def test_bond(world):
    """A bond's port is in no bridge, even if the bond is. Open vSwitch looks the same from here."""
    done = subprocess.run(["ip", "link", "add", "bond9", "type", "bond"], capture_output=True, timeout=20, check=False)
    if done.returncode:
        pytest.skip("this kernel has no bonds")
    try:
        ports.ip("link", "set", "bond9", "master", BRIDGE)
        world.port("va")
        ports.ip("link", "set", "va", "down", "master", "bond9")
        world.bind("va", "drop")
        warned(world, "va", "its device belongs to 'bond9' (bond), which is no Linux bridge")
    finally:
        ports.remove("bond9")


def test_second_binding(world):
    """A new binding of the port is warned of anew."""
    world.port("va")
    for times in (1, 2):
        world.bind("va", "drop")
        warned(world, "va", "its device is in no bridge", times)
        world.client.unbind("va")


def reaches(namespace, address):
    """Whether a ping from there comes to the host and back."""
    command = ["ip", "netns", "exec", namespace, "ping", "-n", "-q", "-c", "1", "-W", "2", address]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def test_no_rule_sees_a_routed_port(world):
    """What the warning says is true: rules of all three tools drop everything, and a ping passes. In the bridge it does not."""
    world.define("all", DROP + "".join(f"<rule action='drop' direction='inout'><{layer}/></rule>" for layer in ("all", "all-ipv6")))
    ports.ip("netns", "add", "guest")
    try:
        ports.ip("link", "add", "va", "type", "veth", "peer", "name", "eth0", "netns", "guest")
        for words in (("addr", "add", "10.5.0.2/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
            ports.ip("-n", "guest", *words)
        ports.ip("addr", "add", "10.5.0.1/24", "dev", "va")
        ports.ip("link", "set", "va", "up")
        world.bind("va", "all")
        wait.until(lambda: reaches("guest", "10.5.0.1"), "the ping passes", 20)
        warned(world, "va", "its device is in no bridge")
        ports.ip("addr", "del", "10.5.0.1/24", "dev", "va")
        ports.ip("link", "set", "va", "master", BRIDGE)
        ports.ip("addr", "add", "10.5.0.1/24", "dev", BRIDGE)
        assert not reaches("guest", "10.5.0.1")
        world.client.unbind("va")
        wait.until(lambda: reaches("guest", "10.5.0.1"), "the ping passes without the rules", 20)
    finally:
        ports.remove("va")
        ports.ip("netns", "del", "guest")


def test_companion_command_shows_them(world):
    """virt-nwfilter ports: all bound ports, their bridge, and why no rule sees those that none does."""
    world.port("vin", bridge=BRIDGE)
    world.port("vout")
    for port in ("vin", "vout", "vnever"):
        world.bind(port, "drop")
    lines = {line.split()[0]: line for line in tool().splitlines()}
    assert BRIDGE in lines["vin"] and lines["vin"].endswith("seen by its rules")
    assert "not filtered: its device is in no bridge" in lines["vout"]
    assert "no device" in lines["vnever"]
    rows = {row["port"]: row for row in json.loads(tool("--json"))["ports"]}
    assert [(port, rows[port]["reach"], rows[port]["bridge"]) for port in sorted(rows)] == [
        ("vin", "seen", BRIDGE), ("vnever", "no-device", None), ("vout", "no-bridge", None)]
    assert all(row["filter"] == "drop" and row["guest"] == "guest" for row in rows.values())
