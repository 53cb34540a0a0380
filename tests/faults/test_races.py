# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_races.py: two things at once: another program changes the tables while a client changes filters, a crash while rules are put right

Each for itself is in test_foreign_changes and test_crash. Here the order is up to chance, or to a step at which the daemon dies; what
has to hold is the end: documents, files and rules agree.
"""

import random
import subprocess
import threading
import time

import pytest

import steps
from lane import DEEDS, FREE, FREE_ALONE, GUARD, GUARDED, OTHER, PORT, crowd, guard
from nwflab import kernel, wait
from nwflab.client import outcome

FOREIGN_CHANGES = [
    f"iptables -F FI-{PORT}", f"ip6tables -F FO-{PORT}", f"ebtables -t nat -F libvirt-I-{PORT}", "iptables -F libvirt-in",
    "iptables -D FORWARD -j libvirt-out", f"ebtables -t nat -I libvirt-I-{PORT} -j ACCEPT", "nft flush ruleset", "ebtables -t nat -F",
]
VERSIONS = 7


@pytest.fixture(name="guarded")
def fixture_guarded(host):
    """Guests with rules on all layers; a daemon that knows of no foreign change yet; afterwards the tables have none."""
    host.lab.restart()
    host.guarded(OTHER)
    crowd(host, 5)
    yield host
    host.lab.hang_up()
    if host.lab.daemon.running:
        host.lab.daemon.stop()
    kernel.flush()
    host.lab.daemon.start()


def foreign_change(line):
    """Somebody else's command; it may find less than it expects."""
    subprocess.run(["sh", "-c", line], capture_output=True, timeout=30, check=False)


def test_foreign_changes_during_ours(guarded, long):
    """Flushes and insertions while filters are redefined, ports bound and released: in the end the rules are those of the documents."""
    wanted = {}
    for number in range(VERSIONS):
        guarded.define(GUARD, guard(number))
        wanted[guarded.client.filter_xml(GUARD)] = guarded.state()
    over, dice = threading.Event(), random.Random(7)

    def meddle():
        while not over.is_set():
            foreign_change(dice.choice(FOREIGN_CHANGES))
            time.sleep(0.15)

    meddler = threading.Thread(target=meddle, daemon=True)
    meddler.start()
    end, number = time.monotonic() + (60 if long else 6), 0
    while time.monotonic() < end:
        number += 1
        for answer in (outcome(guarded.define, GUARD, guard(number % VERSIONS)), outcome(guarded.bind, "late"),
                       outcome(guarded.client.unbind, "late")):
            assert answer in ("ok", "FW"), answer
    over.set()
    meddler.join(40)
    assert number >= 3
    if "late" in guarded.client.bindings():
        guarded.client.unbind("late")
    guarded.recovers(wanted[guarded.client.filter_xml(GUARD)], "nobody meddles any more", limit=75)
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE


@pytest.mark.parametrize("line", [FOREIGN_CHANGES[0], FOREIGN_CHANGES[2]], ids=["ip", "ethernet"])
def test_killed_while_rules_are_put_right(guarded, line, long):
    """The next daemon goes on where the last one was killed."""
    before = guarded.state()

    def reconcile():
        foreign_change(line)
        guarded.recovers(before, "reconciled", limit=10)

    taken = steps.lasting(steps.steps_of(guarded.lab, reconcile))
    assert taken
    killed = 0
    for step in taken if long else taken[:8]:
        guarded.lab.restart()  # it knows of no foreign change yet
        with steps.killed_at(guarded.lab, step):
            foreign_change(line)
            try:
                wait.until(lambda: not guarded.lab.daemon.running, "", 2)
            except wait.Timeout:
                continue  # it was put right in fewer steps this time
        killed += 1
        guarded.lab.hang_up()
        guarded.lab.daemon.start()
        guarded.recovers(before, f"killed at {step} while reconciling", limit=10)
        assert guarded.passing(GUARDED + FREE) == FREE_ALONE
    assert killed >= 1


@pytest.mark.parametrize("deed", DEEDS[:3], ids=str)
def test_flushed_at_each_step(guarded, deed):
    """Somebody flushes between any two steps of a call: done or refused as a whole, and then put right."""
    old, new = deed.both(guarded)
    taken = [step for step in steps.steps_of(guarded.lab, lambda: deed.act(guarded)) if step.call in steps.SPAWNS]
    for step in taken:
        guarded.lab.restart()
        deed.before(guarded)
        with steps.delayed_at(guarded.lab, step, 0.4):
            answer = []
            thread = threading.Thread(target=lambda answer=answer: answer.append(outcome(deed.act, guarded)))
            thread.start()
            time.sleep(0.2)
            foreign_change("nft flush ruleset")
            thread.join(30)
        assert answer[0] in ("ok", "FW")
        wanted = new if answer == ["ok"] else old
        assert guarded.documents() == wanted[0]
        guarded.recovers(wanted, f"flushed at {step}, answered {answer}", limit=15)
        assert guarded.passing(GUARDED + FREE) == FREE_ALONE


def test_no_rehearsal(guarded):
    """Where no namespace can be made nothing can be compared: rules are written again, and nothing opens."""
    before = guarded.state()
    with steps.Strace(guarded.lab.daemon.pid, "-e", "trace=unshare", "-e", "inject=unshare:error=ENOSPC", follow=True):
        guarded.lab.daemon.reload()
        assert guarded.state() == before
        foreign_change(FOREIGN_CHANGES[0])
        guarded.recovers(before, "reconciled", limit=10)
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE
    assert "cannot be compared" in guarded.lab.log()
