# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_races.py: two things at once: somebody's hand while a client changes things, a crash while rules are put right

Each for itself is in test_hands and test_crash. Here the order is up to chance, or to a step at which the daemon dies; what
has to hold is the end: documents, files and rules agree.
"""

import random
import subprocess
import threading
import time

import pytest

import steps
from lane import DEEDS, GUARD, GUARDED, OTHER, PORT, crowd, guard
from nwflab import kernel, wait
from nwflab.client import outcome

HANDS = [
    f"iptables -F FI-{PORT}", f"ip6tables -F FO-{PORT}", f"ebtables -t nat -F libvirt-I-{PORT}", "iptables -F libvirt-in",
    "iptables -D FORWARD -j libvirt-out", f"ebtables -t nat -I libvirt-I-{PORT} -j ACCEPT", "nft flush ruleset", "ebtables -t nat -F",
]
VERSIONS = 7


@pytest.fixture(name="house")
def fixture_house(host):
    """Guests with rules on all layers; a daemon that has not seen anybody else's hand yet, and tables without it afterwards."""
    host.lab.restart()
    host.guarded(OTHER)
    crowd(host, 5)
    yield host
    host.lab.hang_up()
    if host.lab.daemon.running:
        host.lab.daemon.stop()
    kernel.flush()
    host.lab.daemon.start()


def hand(line):
    """Somebody else's command; it may find less than it expects."""
    subprocess.run(["sh", "-c", line], capture_output=True, timeout=30, check=False)


def test_hands_during_changes(house, long):
    """Flushes and insertions while filters are redefined, ports bound and let go: in the end the rules are those of the documents."""
    wanted = {}
    for number in range(VERSIONS):
        house.define(GUARD, guard(number))
        wanted[house.client.filter_xml(GUARD)] = house.state()
    over, dice = threading.Event(), random.Random(7)

    def meddle():
        while not over.is_set():
            hand(dice.choice(HANDS))
            time.sleep(0.15)

    meddler = threading.Thread(target=meddle, daemon=True)
    meddler.start()
    end, number = time.monotonic() + (60 if long else 6), 0
    while time.monotonic() < end:
        number += 1
        for told in (outcome(house.define, GUARD, guard(number % VERSIONS)), outcome(house.bind, "late"),
                     outcome(house.client.unbind, "late")):
            assert told in ("ok", "FW"), told
    over.set()
    meddler.join(40)
    assert number >= 3
    if "late" in house.client.bindings():
        house.client.unbind("late")
    house.recovers(wanted[house.client.filter_xml(GUARD)], "nobody meddles any more", limit=75)
    assert house.passing(GUARDED) == []


@pytest.mark.parametrize("line", [HANDS[0], HANDS[2]], ids=["ip", "ethernet"])
def test_killed_while_rules_are_put_right(house, line, long):
    """The next daemon goes on where the last one was killed."""
    before = house.state()

    def heal():
        hand(line)
        house.recovers(before, "healed", limit=10)

    taken = steps.lasting(steps.steps_of(house.lab, heal))
    assert taken
    killed = 0
    for step in taken if long else taken[:8]:
        house.lab.restart()  # it has not seen anybody's hand yet
        with steps.killed_at(house.lab, step):
            hand(line)
            try:
                wait.until(lambda: not house.lab.daemon.running, "", 2)
            except wait.Timeout:
                continue  # it was put right in fewer steps this time
        killed += 1
        house.lab.hang_up()
        house.lab.daemon.start()
        house.recovers(before, f"killed at {step} while healing", limit=10)
        assert house.passing(GUARDED) == []
    assert killed >= 1


@pytest.mark.parametrize("deed", DEEDS[:3], ids=str)
def test_flushed_at_each_step(house, deed):
    """Somebody flushes between any two steps of a call: done or refused as a whole, and then put right."""
    old, new = deed.both(house)
    taken = [step for step in steps.steps_of(house.lab, lambda: deed.act(house)) if step.call in steps.SPAWNS]
    for step in taken:
        house.lab.restart()
        deed.before(house)
        with steps.delayed_at(house.lab, step, 0.4):
            told = []
            thread = threading.Thread(target=lambda told=told: told.append(outcome(deed.act, house)))
            thread.start()
            time.sleep(0.2)
            hand("nft flush ruleset")
            thread.join(30)
        assert told[0] in ("ok", "FW")
        wanted = new if told == ["ok"] else old
        assert house.documents() == wanted[0]
        house.recovers(wanted, f"flushed at {step}, told {told}", limit=15)
        assert house.passing(GUARDED) == []


def test_no_rehearsal(house):
    """Where no namespace can be made nothing can be compared: rules are written again, and nothing opens."""
    before = house.state()
    with steps.Strace(house.lab.daemon.pid, "-e", "trace=unshare", "-e", "inject=unshare:error=ENOSPC", follow=True):
        house.lab.daemon.reload()
        assert house.state() == before
        hand(HANDS[0])
        house.recovers(before, "healed", limit=10)
    assert house.passing(GUARDED) == []
    assert "cannot be compared" in house.lab.log()
