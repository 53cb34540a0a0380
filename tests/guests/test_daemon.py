# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_daemon.py: the daemon goes and comes back, and a running guest notices nothing and gains nothing
"""

import signal

import pytest

from lan import FORGED_IP, NETMASK, PEER_IP, PEER_MAC, Witness
from nwflab import wait
from world import LEASE, TESTED, Talk

ENDS = {"stop": signal.SIGTERM, "kill": signal.SIGKILL}


def talk_goes_on(talk, count=25):
    """Returns when so many more pings were answered."""
    goal = talk.so_far() + count
    wait.until(lambda: talk.so_far() >= goal, f"{count} more pings were answered", pause=0.2)


@pytest.mark.parametrize("end", [*ENDS, "reload"])
@pytest.mark.parametrize("mode", TESTED)
def test_nothing_lost_nothing_gained(world, mode, end):
    """While the daemon is away and when it comes, all right frames pass and not one forged."""
    guest = world.ready(mode)
    before = world.lab.client.bindings(), world.lab.client.binding_xml(guest.port), world.rules(guest)
    guest.console.check(f"ip address add {FORGED_IP}/{NETMASK} dev eth0; arp -i eth0 -s {PEER_IP} {PEER_MAC}")
    with Witness() as seen, Talk(guest, FORGED_IP) as forged, Talk(guest, LEASE) as right:
        talk_goes_on(right)
        if end == "reload":
            world.lab.daemon.reload()
        else:
            world.restart(ENDS[end])
        talk_goes_on(right)
        assert seen.from_address(LEASE)
        assert not seen.from_address(FORGED_IP)
    assert right.answered >= 50 and not right.gaps
    assert forged.answered == 0
    guest = world.guest
    assert guest.state == "running"
    assert (world.lab.client.bindings(), world.lab.client.binding_xml(guest.port), world.rules(guest)) == before


def test_guest_ends_while_daemon_is_away(world):
    """A guest that ended meanwhile has left no binding and no rule when the daemon is back."""
    guest = world.ready()
    port, console = guest.port, guest.console
    world.hang_up()
    world.lab.daemon.stop()
    assert FORGED_IP not in world.lab.rules(port) and LEASE in world.lab.rules(port)
    console.check("(sleep 0.2; poweroff -f) >/dev/null 2>&1 &")
    wait.until(lambda: not console.answers(0.5), "the guest ended")
    world.lab.daemon.start()
    wait.until(lambda: world.guest.state == "gone", "the daemon noticed that the guest ended")
    assert world.lab.client.bindings() == []
    assert world.lab.rules(port) == ""
