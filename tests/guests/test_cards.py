# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_cards.py: cards that come, go, and change their filter while the guest runs
"""

import pytest

from lan import FORGED_IP, PEER_IP, Witness
from nwflab import wait
from nwflab.client import virsh
from nwflab.daemon import LAB
from nwflab.domains import SYSTEM
from nwflab.texts import uuid_of
from world import FILTER, LEASE, MAC, MODES, NAME, TESTED, card_xml, eventually

CARRIER = {"down": "NO-CARRIER", "up": "LOWER_UP"}
SECOND = {**MODES, "fixed": {"IP": "$LEASE"}}


def card_command(command, xml):
    """virsh COMMAND of a card of the running guest."""
    path = LAB / "card.xml"
    path.write_text(xml)
    return virsh(command, NAME, path, "--live", uri=SYSTEM)


@pytest.mark.parametrize("mode", TESTED)
def test_second_card_comes_and_goes(world, mode):
    """A card that is plugged in is filtered by its own address; unplugged it leaves nothing; the first is as it was."""
    guest = world.ready(mode)
    first = world.rules(guest)
    with world.second_card(guest, SECOND[mode]) as card, Witness() as seen:
        assert world.lab.client.bindings() == sorted([guest.port, card.port])
        assert guest.join(card.name, card.mac).ok
        wait.until(lambda: world.addresses(card.port) == {card.lease}, "the rules know the second address")
        assert guest.pings(PEER_IP, source=card.name)
        guest.takes(LEASE, card.name)  # the first card's
        assert not guest.reaches(PEER_IP, card.name)
        assert set(seen.from_mac(card.mac)) & set(seen.from_address(card.lease))
        assert not set(seen.from_mac(card.mac)) & set(seen.from_address(LEASE))
    assert world.lab.client.bindings() == [guest.port]
    assert world.lab.rules(card.port) == "" and world.rules(guest) == first


def test_update_to_another_filter(world):
    """virsh update-device changes what the guest may do at once, and back."""
    guest = world.ready()
    with Witness() as seen:
        guest.takes(FORGED_IP)
        assert not guest.reaches(PEER_IP) and not seen.from_address(FORGED_IP)
        world.update(card_xml("no-mac-spoofing"))
        assert guest.filterref() == ("no-mac-spoofing", {})
        assert "--ip-src" not in world.rules(guest) and "no-mac-spoofing" in world.lab.client.binding_xml(guest.port)
        assert guest.pings(PEER_IP) and seen.from_address(FORGED_IP)
    world.update(card_xml(FILTER, MODES["fixed"]))
    with Witness() as seen:
        assert not guest.reaches(PEER_IP) and not seen.from_address(FORGED_IP)
        guest.takes(LEASE)
        assert guest.pings(PEER_IP) and seen.from_address(LEASE)
    world.update(card_xml(None))
    assert world.lab.client.bindings() == [] and world.rules(guest) == ""
    assert guest.pings(PEER_IP)


@pytest.mark.parametrize("wrong", ["no-such-filter", "needs-more"])
def test_update_that_fails(world, wrong):
    """virsh update-device to a filter that cannot be had is refused, and the old one holds."""
    guest = world.ready()
    world.lab.define("needs-more", "<rule action='drop' direction='out'><ip srcipaddr='$OTHER'/></rule>", uuid=uuid_of(78))
    before = world.lab.client.binding_xml(guest.port), world.rules(guest)
    done = card_command("update-device", card_xml(wrong))
    assert not done.ok and "restore old rules" in done.err  # libvirt's own words; the driver's are in the log
    assert wrong in world.lab.log()
    assert guest.filterref() == (FILTER, MODES["fixed"])
    assert (world.lab.client.binding_xml(guest.port), world.rules(guest)) == before
    world.lab.client.undefine("needs-more")


def test_filter_changes_under_the_guest(world):
    """A filter of the tree that is redefined acts on the running guest's traffic at once."""
    guest = world.ready()
    text = world.lab.client.filter_xml("allow-incoming-ipv4")
    try:
        world.lab.client.define(text.replace("action='accept'", "action='drop'"))
        assert not guest.pings(PEER_IP, limit=1)
    finally:
        world.lab.client.define(text)
    assert guest.pings(PEER_IP)


@pytest.mark.parametrize("mode", TESTED)
def test_link_goes_down_and_up(world, mode):
    """virsh domif-setlink changes neither binding nor rules, and the guest talks again when the link is back."""
    guest = world.ready(mode)
    before = world.lab.client.binding_xml(guest.port), world.rules(guest)
    with Witness() as seen:
        for state in ("down", "up"):
            assert virsh("domif-setlink", NAME, MAC, state, uri=SYSTEM).ok
            wait.until(lambda flag=CARRIER[state]: guest.console.run(f"ip link show eth0 | grep -q {flag}").ok, "the guest sees it")
            guest.takes(FORGED_IP)
            assert not guest.reaches(PEER_IP)
            assert (world.lab.client.binding_xml(guest.port), world.rules(guest)) == before
        guest.takes(LEASE)
        assert eventually(lambda: guest.pings(PEER_IP, limit=1))
        assert seen.from_address(LEASE) and not seen.from_address(FORGED_IP)
