# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_life.py: what happens to a filter when its guest is paused, saved, moved to another host, rebooted or ended
"""

import contextlib

import libvirt
import pytest

from lan import FAR, FAR_IP, FORGED_IP, HOST_IP, PEER_IP, Witness, ping_from_peer
from nwflab import domains, kernel, ports, wait
from nwflab.client import Failed, attempt
from nwflab.daemon import LAB
from nwflab.guests import inside
from nwflab.hosts import SecondHost
from world import Guest, LEASE, MAC, MODES, NAME, TESTED, card_xml, eventually


def is_held(guest):
    """Whether the guest reaches the peer with its lease, and with no other address; its card has the lease again afterwards."""
    right = eventually(lambda: guest.pings(PEER_IP, limit=1))
    with Witness() as seen:
        guest.takes(FORGED_IP)
        forged = guest.reaches(PEER_IP)
        guest.takes(LEASE)
        right = right and eventually(lambda: guest.pings(PEER_IP, limit=1))
        return right and not forged and not seen.from_address(FORGED_IP)


def test_suspend_and_resume(world):
    """A paused guest keeps its rules, and talks again when it goes on."""
    guest = world.ready()
    before = world.lab.client.binding_xml(guest.port), world.rules(guest)
    attempt(guest.handle.suspend)
    assert guest.state == "paused"
    assert not ping_from_peer(LEASE, limit=1)
    assert (world.lab.client.binding_xml(guest.port), world.rules(guest)) == before
    attempt(guest.handle.resume)
    assert is_held(guest)
    assert (world.lab.client.binding_xml(guest.port), world.rules(guest)) == before


@pytest.mark.parametrize("mode", TESTED)
def test_save_and_restore(world, mode):
    """A saved guest leaves nothing behind; restored, it is filtered on its new port as before."""
    guest, path = world.ready(mode), LAB / "saved"
    port = guest.port
    with contextlib.ExitStack() as stack, Witness() as seen:
        stack.callback(path.unlink, missing_ok=True)
        if mode != "any":  # where the first address is the right one
            guest.forges(FORGED_IP)
        attempt(guest.handle.save, str(path))
        assert guest.state == "gone" and not ports.exists(port)
        assert world.lab.client.bindings() == [] and world.lab.rules(port) == ""
        attempt(world.connection().restore, str(path))
        assert world.lab.client.bindings() == [guest.port]
        if mode == "any":  # learned anew, from what the guest sends
            assert eventually(lambda: guest.pings(PEER_IP, limit=1))
        world.wait_for_rules(guest)
        assert is_held(guest)
        assert seen.from_address(LEASE) and not seen.from_address(FORGED_IP)


@pytest.fixture(name="far")
def fixture_far(driver):
    """The daemon of the second host."""
    host = SecondHost(driver, FAR)
    host.ship()
    domains.configure(host.etc)
    with host:
        yield host


def far_rules(port):
    """The second host's rules of a port, as text."""
    with inside(FAR):
        return kernel.of_port(port)


@pytest.mark.parametrize("mode", TESTED)
def test_migration(world, far, mode):
    """A guest that moves takes its filter along: rules there, none here; and back."""
    here, port = world.ready(mode), world.guest.port
    connection = attempt(libvirt.open, far.uri_of("qemu"))
    there = Guest(connection, NAME)
    with far.client() as bindings, Witness() as seen:
        try:
            if mode != "any":  # where the first address is the right one
                here.forges(FORGED_IP)
            here.migrate(there, FAR_IP)
            assert (here.state, there.state) == ("gone", "running")
            assert world.lab.client.bindings() == [] and world.lab.rules(port) == ""
            assert bindings.bindings() == [there.port]
            if mode != "dhcp":  # where nothing but DHCP passes as long as there is no lease
                wait.until(lambda: seen.announced(MAC), "the guest's new place was announced")
            speak_first(there, mode)
            wait.until(lambda: f"--ip-src {LEASE} " in far_rules(there.port), "the far rules know the address", pause=0.1)
            assert is_held(there)
            far_port = there.port
            there.migrate(here, HOST_IP)
        finally:
            there.destroy()
        assert bindings.bindings() == [] and far_rules(far_port) == ""
        assert here.state == "running" and world.lab.client.bindings() == [here.port]
        assert seen.from_address(LEASE) and not seen.from_address(FORGED_IP)
    connection.close()


def speak_first(there, mode):
    """Does what the driver of a host that the guest is new on has to see before it knows the guest's address."""
    if mode == "any":
        assert eventually(lambda: there.pings(PEER_IP, limit=1))
    elif mode == "dhcp":
        assert not there.pings(PEER_IP, limit=1)  # no lease is known here
        assert there.join().ok


def was_booted_anew(guest):
    """Whether the guest answers, and has no file of before."""
    try:
        return not guest.console.run("test -e /run/before", limit=2).ok
    except wait.Timeout:
        return False


def test_reboot_inside(world):
    """A guest that reboots keeps its port and its rules."""
    guest = world.ready()
    before = guest.port, world.rules(guest)
    guest.console.check("touch /run/before; (sleep 0.2; reboot -f) >/dev/null 2>&1 &")
    wait.until(lambda: was_booted_anew(guest), "the guest is up again", guest.BOOT, pause=0.2)
    assert (guest.port, world.rules(guest)) == before
    assert guest.join().ok
    assert is_held(guest)


def test_destroy(world):
    """A guest that is destroyed leaves no binding and no rule."""
    guest = world.ready()
    port = guest.port
    assert LEASE in world.lab.rules(port)
    guest.destroy()
    assert world.lab.client.bindings() == []
    assert world.lab.rules(port) == "" and not world.lab.binding_file(port).exists()


@pytest.mark.parametrize("what", ["filter", "hypervisor"])
def test_failed_start_leaves_nothing(world, what):
    """A guest that cannot start, for its filter or for its hypervisor, leaves no binding and no rule."""
    world.destroyed()
    before = kernel.snapshot(own=True)
    if what == "filter":
        xml = world.machine("fixed").replace(card_xml(parameters=MODES["fixed"]), card_xml("no-such-filter"))
    else:
        xml = world.machine("fixed").replace("<domain type='qemu'>", "<domain type='qemu' xmlns:q='http://libvirt.org/schemas/"
                                             "domain/qemu/1.0'><q:commandline><q:arg value='-no-such-option'/></q:commandline>")
    with pytest.raises(Failed) as failed:
        world.guest.start(xml)
    assert "no-such-" in failed.value.message
    assert world.guest.state == "gone"
    assert world.lab.client.bindings() == [] and kernel.snapshot(own=True) == before
