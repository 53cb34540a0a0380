# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_links.py: ports that go down, go away and come back, bridges that do, and macvtaps
"""

import fcntl
import os
import pathlib
import socket
import stat
import struct
import time

import pytest

from nwflab import dhcp, kernel, ports, wait
from nwflab.dhcp import ACK, REQUEST, ip
from nwflab.frames import arp, udp
from nwflab.guests import A, C, D
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


def learn(host, word, address, before=()):
    """The guest gets an address, in whatever mode, beside those `before`; it repeats what was not heard, as guests do: a device that
    has just come up drops frames for a moment."""
    def tried():
        if word == "any":
            speak(arp(sender_ip=address))
        else:
            lease(address)
        time.sleep(0.1)
        return host.addresses(PORT) == [*before, address]
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
        learn(host, word, SECOND, before=[FIRST])


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


class Upper:
    """A macvtap whose frames its user writes as a VM does, through /dev/tap; where the kernel has none a macvlan, which sends and
    receives in the same way. A context manager."""

    TUNSETIFF, TAP, NO_HEADER = 0x400454ca, 2, 0x1000

    def __init__(self, name, lower, mac):
        self.name, self.lower, self.mac, self.file, self.socket = name, lower, mac, None, None

    def __enter__(self):
        for kind in ("macvtap", "macvlan"):
            ports.ip("link", "add", "link", self.lower, "name", self.name, "address", self.mac, "type", kind, "mode", "bridge", check=False)
            if ports.exists(self.name):
                break
        else:
            pytest.skip("this kernel has neither macvtap nor macvlan")
        quiet(self.name)
        ports.ip("link", "set", self.name, "up")
        if kind == "macvtap":
            self._open()
        else:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.bind((self.name, 0))
        return self

    def _open(self):
        """The character device, for which no daemon makes a file in this place."""
        [numbers] = pathlib.Path(f"/sys/class/net/{self.name}/macvtap").glob("tap*/dev")
        node = f"/run/tap-{self.name}"
        os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(*map(int, numbers.read_text().split(":"))))
        self.file = os.open(node, os.O_RDWR | os.O_NONBLOCK)
        os.unlink(node)
        fcntl.ioctl(self.file, self.TUNSETIFF, struct.pack("16sH22x", self.name.encode(), self.TAP | self.NO_HEADER))

    def __exit__(self, *_):
        if self.file is not None:
            os.close(self.file)
        if self.socket is not None:
            self.socket.close()
        ports.remove(self.name)

    def send(self, *frames):
        """The VM sends; as A to C, whoever it is."""
        for frame in frames:
            text = frame.bytes_for(A >> C, b"anything")
            if self.file is not None:
                os.write(self.file, text)
            else:
                self.socket.send(text)


@MODES
def test_linkdev(host, word):
    """What teaches a macvtap's address are its own frames, not those that a neighbour on the same device sends with its MAC address,
    nor those that come in from outside."""
    def outside(*frames):
        from_device("outside0", *(frame.bytes_for(C >> A, b"anything") for frame in frames))

    with ports.port("lower0", peer="outside0"), Upper("upper0", "lower0", A.mac) as guest, Upper("upper1", "lower0", D.mac) as neighbour:
        quiet("outside0")
        host.undo.callback(host.unbind, "upper0")
        host.client.bind(binding_xml("upper0", CLEAN, [("CTRL_IP_LEARNING", word)], mac=A.mac, uuid=host.owner(), linkdev="lower0"))
        from_device("outside0", arp(sender_ip=SECOND).bytes_for(A >> C, b"anything"))  # from without, with the guest's MAC
        if word == "any":
            neighbour.send(arp(sender_ip=SECOND), udp(src=SECOND))
            guest.send(arp(sender_ip=FIRST))
        else:
            neighbour.send(dhcp.ask(A, REQUEST, 17, [(50, ip(SECOND))]))
            outside(dhcp.tell(C, A, ACK, 17, SECOND))
            guest.send(dhcp.ask(A, REQUEST, 18, [(50, ip(FIRST))]))
            outside(dhcp.tell(C, A, ACK, 18, FIRST))
        host.has("upper0", FIRST)
