# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_links.py: ports that go down, go away and come back, bridges that do, and the device below a macvtap
"""

import contextlib
import socket
import subprocess
import time

import pytest

from nwflab import dhcp, kernel, ports, wait
from nwflab.dhcp import ACK, REQUEST, ip
from nwflab.frames import arp
from nwflab.guests import A, C
from nwflab.learning import CLEAN, from_device
from nwflab.texts import binding_xml

pytestmark = pytest.mark.ours("the stock driver's learners do not get over it: section Learning of docs/differences.md")

BRIDGE, PORT = "brlinks", "vnetlink"
FIRST, SECOND = "10.77.0.141", "10.77.0.142"


@pytest.fixture(name="bridge")
def fixture_bridge():
    """A bridge of its own with a neighbour, so that whatever happens to it happens to nobody else."""
    with ports.bridge(BRIDGE), ports.port("vnetserver", BRIDGE, peer="g-server"):
        quiet("g-server")
        yield BRIDGE


def quiet(device):
    """Keeps a device's kernel from talking."""
    with open(f"/proc/sys/net/ipv6/conf/{device}/disable_ipv6", "w", encoding="ascii") as switch:
        switch.write("1")


def plug(host, bridge=BRIDGE):
    """The port comes; the guest's end is g-vnetlink."""
    ports.add_port(PORT, bridge, mac=A.mac)
    quiet(ports.peer_of(PORT))
    host.undo.callback(ports.remove, PORT)


def speak(*frames):
    """The guest sends."""
    from_device(ports.peer_of(PORT), *(frame.bytes_for(A >> C, b"anything") for frame in frames))


def lease(address, xid=17, **answer):
    """The guest asks, and the neighbour answers."""
    speak(dhcp.ask(A, REQUEST, xid, [(50, ip(address))]))
    from_device("g-server", dhcp.tell(C, A, ACK, xid, address, **answer).bytes_for(C >> A, b"anything"))


def learn(host, word, address):
    """The guest gets an address, in whatever mode; it repeats what was not heard, as guests do."""
    def tried():
        if word == "any":
            speak(arp(sender_ip=address))
        else:
            lease(address)
        time.sleep(0.1)
        return host.addresses(PORT) == [address]
    wait.until(tried, f"{PORT} has {address}", 15)


MODES = pytest.mark.parametrize("word", ["any", "dhcp"])


@MODES
def test_down_and_up(host, bridge, word):  # pylint: disable=unused-argument
    """Before and after learning; what is known stays."""
    plug(host)
    host.bind(A, port=PORT, CTRL_IP_LEARNING=word)
    for _ in range(3):
        ports.ip("link", "set", PORT, "down")
        ports.ip("link", "set", PORT, "up")
    learn(host, word, FIRST)
    for _ in range(3):
        ports.ip("link", "set", PORT, "down")
        ports.ip("link", "set", PORT, "up")
    assert host.addresses(PORT) == [FIRST]
    if word == "dhcp":
        lease(SECOND)
        host.has(PORT, FIRST, SECOND)


@MODES
def test_port_comes_later(host, bridge, word):  # pylint: disable=unused-argument
    """The binding waits for its device, closed."""
    host.bind(A, port=PORT, CTRL_IP_LEARNING=word)
    plug(host)
    assert kernel.of_port(PORT) != ""
    learn(host, word, FIRST)


@MODES
def test_another_device_of_the_name(host, bridge, word):  # pylint: disable=unused-argument
    """What a device was seen to have its successor has not; leases are the guest's."""
    plug(host)
    host.bind(A, port=PORT, CTRL_IP_LEARNING=word)
    learn(host, word, FIRST)
    ports.remove(PORT)
    assert host.addresses(PORT) == [FIRST]
    plug(host)
    if word == "any":
        host.has(PORT)
        assert kernel.of_port(PORT) != ""
    learn(host, word, FIRST if word == "dhcp" else SECOND)


def test_another_device_while_the_daemon_is_away(host, bridge):  # pylint: disable=unused-argument
    """Neither does it inherit by way of the file."""
    plug(host)
    host.bind(A, port=PORT)
    learn(host, "any", FIRST)
    host.lab.hang_up()
    host.lab.daemon.stop()
    ports.remove(PORT)
    plug(host)
    host.lab.daemon.start()
    host.has(PORT)
    assert kernel.of_port(PORT) != ""
    learn(host, "any", SECOND)


@MODES
def test_bridge_goes(host, word):
    """Its ports are still there and filtered; in another bridge learning goes on."""
    with ports.bridge(BRIDGE):
        plug(host)
        host.bind(A, port=PORT, CTRL_IP_LEARNING=word)
    with ports.bridge("brlinkstwo"), ports.port("vnetserver", "brlinkstwo", peer="g-server"):
        ports.ip("link", "set", PORT, "master", "brlinkstwo")
        learn(host, word, FIRST)


@MODES
def test_device_gone_for_good(host, bridge, word):  # pylint: disable=unused-argument
    """Deleting the binding of a device that is gone leaves nothing."""
    plug(host)
    host.bind(A, port=PORT, CTRL_IP_LEARNING=word)
    ports.remove(PORT)
    host.unbind(PORT)
    assert kernel.of_port(PORT) == ""


# -- a device below ----------------------------------------------------------------------------------------------------------


def add_upper(name, lower, mac):
    """A macvtap; where the kernel has none a macvlan, which sends and receives in the same way."""
    for kind in ("macvtap", "macvlan"):
        done = subprocess.run(["ip", "link", "add", "link", lower, "name", name, "address", mac, "type", kind, "mode", "bridge"],
                              capture_output=True, timeout=20, check=False)
        if done.returncode == 0:
            return kind
    return None


@MODES
def test_linkdev(host, word):
    """Frames of a macvtap are seen where they leave the host: at the device below."""
    with contextlib.ExitStack() as undo:
        undo.enter_context(ports.port("lower0", peer="outside0"))
        quiet("outside0")
        if not add_upper("upper0", "lower0", A.mac):
            pytest.skip("this kernel has neither macvtap nor macvlan")
        undo.callback(ports.remove, "upper0")
        quiet("upper0")
        ports.ip("link", "set", "upper0", "up")
        undo.callback(host.unbind, "upper0")
        host.client.bind(binding_xml("upper0", CLEAN, [("CTRL_IP_LEARNING", word)], mac=A.mac, uuid=host.owner(), linkdev="lower0"))
        from_device("outside0", arp(sender_ip=SECOND).bytes_for(A >> C, b"anything"))  # from without, with the guest's MAC
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as guest:
            guest.bind(("upper0", 0))
            if word == "any":
                guest.send(arp(sender_ip=FIRST).bytes_for(A >> C, b"anything"))
            else:
                guest.send(dhcp.ask(A, REQUEST, 18, [(50, ip(FIRST))]).bytes_for(A >> C, b"anything"))
                from_device("outside0", dhcp.tell(C, A, ACK, 18, FIRST).bytes_for(C >> A, b"anything"))
            host.has("upper0", FIRST)
