# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_traffic.py: what a real guest can do behind clean-traffic, and what it cannot
"""

import socket

import pytest

from lan import FORGED_IP, HOST_IP, PEER_IP, Witness, ask_from_peer, echo_at_peer, ping_from_peer
from world import LEASE, MAC, TESTED, eventually

FORGED_MAC = "52:54:00:78:00:66"


@pytest.mark.parametrize("mode", TESTED)
def test_right_traffic_flows(world, mode):
    """With its lease the guest talks to the host and to the peer, and is talked to."""
    guest = world.ready(mode)
    assert world.lab.client.bindings() == [guest.port]
    assert guest.pings(HOST_IP) and guest.pings(PEER_IP)
    assert ping_from_peer(LEASE)
    with echo_at_peer(7001):
        assert guest.console.check(f"echo from the guest | nc -w 10 {PEER_IP} 7001") == "FROM THE GUEST\n"
    guest.console.check("nc -l -p 7002 -e tr a-z A-Z >/dev/null 2>&1 &")
    assert eventually(lambda: ask_from_peer(LEASE, 7002, b"to the guest\n") == b"TO THE GUEST\n")


@pytest.mark.parametrize("mode", TESTED)
def test_other_address_is_blocked(world, mode):
    """A guest that gives itself another address reaches nobody with it; back at its lease it does."""
    guest = world.ready(mode)
    with Witness() as seen:
        guest.takes(FORGED_IP)
        assert not guest.reaches(PEER_IP)
        assert guest.join().ok
        assert guest.pings(PEER_IP)
        assert seen.from_address(LEASE)
        assert not seen.from_address(FORGED_IP)
    assert FORGED_IP not in world.rules(guest)


@pytest.mark.parametrize("mode", TESTED)
def test_other_mac_is_blocked(world, mode):
    """A guest that gives its card another MAC reaches nobody with it."""
    guest = world.ready(mode)
    with Witness() as seen:
        guest.console.check(f"ip link set eth0 down; ip link set eth0 address {FORGED_MAC}; ip link set eth0 up")
        guest.takes(LEASE)
        assert not guest.reaches(PEER_IP)
        assert guest.join().ok
        assert guest.pings(PEER_IP)
        assert seen.from_mac(MAC)
        assert not seen.from_mac(FORGED_MAC)


def test_screen_is_served(world):
    """The guest's VNC screen greets those who connect."""
    graphics = world.ready().document().find("devices/graphics")
    with socket.create_connection(("127.0.0.1", int(graphics.get("port"))), timeout=10) as screen:
        assert screen.recv(4) == b"RFB "
