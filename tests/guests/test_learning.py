# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_learning.py: how the driver comes to know the addresses of a real guest

Each test plugs a new card into the running guest, so that nothing is known of it: neither an address nor a lease.
"""

from lan import FORGED_IP, PEER_IP, Witness
from nwflab import wait
from nwflab.client import outcome
from world import LEASE, MODES, card_xml, eventually

DHCP = "udhcpc -i eth1 -n -q -t 3 -T 1 -s /bin/on-lease"


def talks(guest, limit=1):
    """Whether the peer answers the second card."""
    return guest.pings(PEER_IP, limit, source="eth1")


def first_card_is_seen(guest, seen):
    """The witness that saw nothing of the second card sees what the first one sends afterwards."""
    assert guest.pings(PEER_IP, source="eth0") and seen.from_address(LEASE)


def test_static_address_is_learned(world):
    """any: a guest that never asks by DHCP is known by what it sends first, and held to that."""
    guest = world.ready()
    with world.second_card(guest, MODES["any"]) as card, Witness() as seen:
        assert world.addresses(card.port) == set()
        guest.console.check("ip link set eth1 up")
        guest.takes(card.static, "eth1")
        assert eventually(lambda: talks(guest))
        assert world.addresses(card.port) == {card.static}
        guest.takes(FORGED_IP, "eth1")
        assert not guest.reaches(PEER_IP, "eth1")
        assert world.addresses(card.port) == {card.static}
        assert seen.from_address(card.static) and not seen.from_address(FORGED_IP)


def test_lease_replaces_stale_address(world):
    """any: a guest that still has an old address when it comes up, and gets a lease then, is held to the lease."""
    guest = world.ready()
    with world.second_card(guest, MODES["any"]) as card, Witness() as seen:
        guest.console.check("ip link set eth1 up")
        guest.takes(card.static, "eth1")
        assert eventually(lambda: talks(guest))
        guest.console.check(DHCP)
        wait.until(lambda: world.addresses(card.port) == {card.lease}, "the rules know the lease alone")
        before = len(seen.from_address(card.static))
        guest.takes(card.static, "eth1")
        assert not guest.reaches(PEER_IP, "eth1")
        guest.takes(card.lease, "eth1")
        assert eventually(lambda: talks(guest))
        assert len(seen.from_address(card.static)) == before


def test_nothing_before_the_lease(world):
    """dhcp: before its lease a guest reaches nobody, not even with the address that it will get; with the lease it does."""
    guest = world.ready()
    with world.second_card(guest, MODES["dhcp"]) as card, Witness() as seen:
        guest.console.check("ip link set eth1 up")
        for address in (card.static, card.lease):
            guest.takes(address, "eth1")
            assert not guest.reaches(PEER_IP, "eth1")
            assert not seen.from_address(address)
        assert world.addresses(card.port) == set()
        guest.console.check(DHCP)
        guest.takes(card.lease, "eth1")
        assert eventually(lambda: talks(guest))
        assert seen.from_address(card.lease) and not seen.from_address(card.static)


def test_lease_of_untrusted_server_is_none(world):
    """dhcp: what another server than DHCPSERVER says does not reach the guest and opens nothing."""
    guest = world.ready()
    with world.second_card(guest, dict(MODES["dhcp"], DHCPSERVER="10.78.0.9")) as card, Witness() as seen:
        guest.console.check("ip link set eth1 up")
        assert not guest.console.run(DHCP).ok
        guest.takes(card.lease, "eth1")
        assert not guest.reaches(PEER_IP, "eth1")
        first_card_is_seen(guest, seen)
        assert not seen.from_address(card.lease)


def test_released_address_is_closed(world):
    """dhcp: a guest that gives its lease back reaches nobody with it any more."""
    guest = world.ready()
    with world.second_card(guest, MODES["dhcp"]) as card:
        guest.console.check("ip link set eth1 up")
        guest.console.check("udhcpc -i eth1 -n -R -t 3 -T 1 -s /bin/on-lease -p /run/udhcpc.pid")  # goes on in the background
        assert eventually(lambda: talks(guest))
        guest.console.check("kill $(cat /run/udhcpc.pid)")
        wait.until(lambda: card.lease not in world.addresses(card.port), "the lease has ended")
        with Witness() as seen:
            guest.takes(card.lease, "eth1")
            assert not guest.reaches(PEER_IP, "eth1")
            first_card_is_seen(guest, seen)
            assert not seen.from_address(card.lease)


def test_lease_outlives_its_binding(world):
    """dhcp: a card that has another filter for a while is let through with its lease at once, and with nothing else."""
    guest = world.ready("dhcp")
    world.update(card_xml("no-mac-spoofing"))
    assert world.addresses(guest.port) == set()
    with Witness() as seen:
        world.update(card_xml(parameters=MODES["dhcp"]))
        assert guest.pings(PEER_IP)
        assert world.addresses(guest.port) == {LEASE}
        guest.takes(FORGED_IP)
        assert not guest.reaches(PEER_IP)
        assert seen.from_address(LEASE) and not seen.from_address(FORGED_IP)


def test_address_of_another_card_is_not_learned(world):
    """any: a card that speaks with the address of another port of the bridge is not let through."""
    guest = world.ready("any")
    with world.second_card(guest, MODES["any"]) as card, Witness() as seen:
        guest.console.check("ip link set eth1 up")
        guest.takes(LEASE, "eth1")
        assert not guest.reaches(PEER_IP, "eth1")
        assert LEASE not in world.addresses(card.port)
        assert guest.console.run("ip address flush dev eth1; ip link set eth1 down").ok
        first_card_is_seen(guest, seen)
        assert not set(seen.from_mac(card.mac)) & set(seen.from_address(LEASE))


def test_learning_that_is_forbidden(world):
    """none: a card whose address is neither told nor to be learned is refused."""
    guest = world.ready()
    xml = card_xml(parameters={"CTRL_IP_LEARNING": "none"}, mac="52:54:00:78:02:01")
    assert outcome(guest.handle.attachDevice, xml) == "INT"
    assert world.lab.client.bindings() == [guest.port] and len(guest.ports()) == 1
