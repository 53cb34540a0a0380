# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_crash.py: the daemon is killed at every step between a call and its answer

The next daemon finds the old state or the new one, whole: what it tells, the files and the kernel's rules agree. A caller that was
answered finds the new one. What both states forbid does not pass at any moment: not when the daemon dies, not while it is away,
not when it is back.
"""

import contextlib
import os
import pathlib
import time

import pytest

import steps
from lane import DEEDS, FREE, FREE_ALONE, GUARD, GUARDED, OTHER, guard, in_background, visitor
from tools import LATE, RESTORE, SLOW, Tools, running
from nwflab import wait
from nwflab.client import outcome
from nwflab.guests import A, C
from nwflab.traffic import Flood


def die(host, deed, step):
    """Does the deed with the daemon killed at the step, and returns what the caller was told; the daemon is away then."""
    with visitor(host.lab) as client, steps.killed_at(host.lab, step):
        answer = outcome(deed.act, host, client)
        if answer != "ok":
            host.lab.daemon.process.wait(20)
    return answer


def agrees(host, old, new, what):
    """Asserts that one of the two states is there, whole."""
    seen = host.state()
    assert seen in (old, new), f"{what}: neither the old state nor the new one:\n{seen}\nold:\n{old}\nnew:\n{new}"
    return seen


@pytest.mark.parametrize("deed", DEEDS, ids=str)
def test_killed_at_each_step(host, deed, long):
    """See the opening; in short runs the steps that leave something behind."""
    host.guarded()
    old, new = deed.both(host)
    taken = steps.steps_of(host.lab, lambda: deed.act(host))
    assert host.state() == new
    chosen = taken if long else steps.lasting(taken)
    assert len(chosen) >= 2
    killed = []
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        for step in chosen:
            deed.before(host)
            answer = die(host, deed, step)
            if not host.lab.daemon.running:
                killed.append(step)
                host.lab.hang_up()
                host.lab.daemon.start()
            seen = agrees(host, old, new, f"killed at {step}, caller was answered {answer}")
            assert answer != "ok" or seen == new, f"killed at {step}: the caller was told that it is done"
    assert not flood.leaked, f"{flood.leaked} passed"
    missed = [str(step) for step in chosen if step not in killed and step.call in steps.LASTING]
    assert not missed, f"these steps were not met: {missed}"


def connections(pid):
    """The daemon's sockets, as the links of its descriptors name them."""
    found = set()
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(os.readlink(link))
    return {name for name in found if name.startswith("socket:")}


@pytest.mark.parametrize("deed", DEEDS, ids=str)
def test_killed_at_the_answer(host, deed):
    """When all is done but the caller has not been told, the next daemon has the new state."""
    host.guarded()
    _, new = deed.both(host)
    pid = host.lab.daemon.pid
    before = connections(pid)
    with visitor(host.lab) as client:
        client.filters()
        [own] = connections(pid) - before
        with steps.Strace(pid, "-P", own, "-e", "trace=write,sendto,sendmsg", "-e",
                          f"inject=write,sendto,sendmsg:signal=KILL:when={deed.calls}", follow=True):
            assert outcome(deed.act, host, client) != "ok"
            host.lab.daemon.process.wait(20)
    host.lab.hang_up()
    host.lab.daemon.start()
    assert host.state() == new


LATE_TOOLS = {"before": SLOW.format(1.5), "after": LATE.format(1.5)}


@pytest.mark.parametrize("tool", RESTORE)
@pytest.mark.parametrize("when", LATE_TOOLS)
def test_tool_that_outlives_its_daemon(host, when, tool):
    """A tool that a killed daemon had started changes nothing behind the back of the next one."""
    host.guarded()
    deed = DEEDS[0]
    old, new = deed.both(host)
    with Tools() as tools, Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        tools.spoil(tool, LATE_TOOLS[when])
        with visitor(host.lab) as client:
            pid = host.lab.daemon.pid
            begun = in_background(lambda: outcome(deed.act, host, client))
            wait.until(lambda: any(name.endswith(tool) for name in running(pid)) and tools.calls(tool) > 0, f"{tool} runs")
            host.lab.daemon.kill()
            begun.join(20)
        tools.mend()
        host.lab.hang_up()
        host.lab.daemon.start()
        state = host.documents(), host.files()
        assert state in (old[:2], new[:2])
        wait.until(lambda: not orphans(), "the tool has ended", 20)
        wanted = old if state == old[:2] else new
        host.recovers(wanted, "the rules are those of the documents", limit=10)
        host.define(GUARD, guard(3))
        assert host.passing(GUARDED + FREE) == FREE_ALONE
    assert not flood.leaked, f"{flood.leaked} passed"


def orphans():
    """Tools that run without a parent of their own: the first process of the sandbox has them."""
    return running(1)


def test_killed_again_and_again(host, long):
    """Daemons that are killed while they start: the rules stay in force, and the one that lives has them all."""
    host.guarded(OTHER)
    before = host.state()
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        for turn in range(40 if long else 8):
            host.lab.hang_up()
            host.lab.daemon.kill()
            host.lab.daemon.spawn()
            time.sleep(0.03 * (turn % 10))  # any moment of a start will do
        host.lab.daemon.kill()
        host.lab.daemon.start()
        assert host.state() == before
    assert not flood.leaked, f"{flood.leaked} passed"
