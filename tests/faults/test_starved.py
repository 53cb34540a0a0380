# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_starved.py: the machine has no descriptors, no processes, no memory, or nobody lets go of the lock

What a tool lacks it says itself (test_tools has no-descriptors and no-memory); here it is the daemon that cannot start one. Each
system call of the applier is refused once: the call of the client is done or refused as a whole, the daemon lives, and the
next call works.
"""

import fcntl
import os
import pathlib
import resource

import pytest

import steps
from lane import DEEDS, GUARDED, OF_THE_KERNEL, Reader, in_background, visitor
from tools import RESTORE, Tools
from nwflab import groups
from nwflab.client import outcome
from nwflab.daemon import LAB
from nwflab.guests import A, C
from nwflab.traffic import Flood

# What each kind of call is refused with, if the machine is short of something.
SHORT = {
    "openat": "EMFILE", "open": "EMFILE", "write": "ENOSPC", "fsync": "EIO", "renameat": "EIO", "rename": "EIO", "renameat2": "EIO",
    "unlinkat": "EIO", "memfd_create": "EMFILE", "pipe2": "ENFILE", "fcntl": "EMFILE", "lseek": "EIO", "clone": "EAGAIN", "clone3": "EAGAIN",
    "vfork": "ENOMEM", "mkdir": "EROFS", "pidfd_open": "EMFILE",
}
QUICK = ("memfd_create", "pipe2", "clone", "clone3", "vfork", "fsync", "renameat", "unlinkat", "write")


@pytest.mark.parametrize("deed", DEEDS, ids=str)
def test_each_call_is_refused(host, deed, long):
    """See the opening; in short runs only the kinds that matter most."""
    host.guarded()
    old, new = deed.both(host)
    taken = [step for step in steps.steps_of(host.lab, lambda: deed.act(host)) if step.call in (SHORT if long else QUICK)]
    assert len(taken) >= 2
    refused = 0
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        for step in taken:
            deed.before(host)
            with visitor(host.lab) as client, steps.failing_at(host.lab, step, SHORT[step.call]):
                answer = outcome(deed.act, host, client)
            assert answer in ("ok", "FW", "SYS", "INT"), f"{step}: {answer}"
            refused += answer != "ok"
            wanted = new if answer == "ok" else old
            assert (host.documents(), host.files()) == wanted[:2], f"{step} was refused, the caller was answered {answer}"
            host.recovers(wanted, f"{step} was refused, the caller was answered {answer}")
    assert refused >= 1
    assert not flood.leaked, f"{flood.leaked} passed"


@pytest.mark.parametrize("deed", DEEDS, ids=str)
def test_no_descriptors(host, deed):
    """A daemon whose descriptors are all in use refuses what it cannot do, changes nothing, and goes on when there are some."""
    host.guarded()
    old, _ = deed.both(host)
    with visitor(host.lab) as client:
        client.filters()
        pid = host.lab.daemon.pid
        usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = [int(name) for name in os.listdir(f"/proc/{pid}/fd")]
        free = min(set(range(max(used) + 2)) - set(used))
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, usual[1]))
            assert outcome(deed.act, host, client) in ("FW", "SYS")
            assert client.filters() == sorted(old[0][0])
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
    host.recovers(old, "nothing has changed")
    deed.act(host)


@pytest.fixture(name="pids")
def fixture_pids(host):
    """Limits the processes and threads of the daemon and of what it starts: a function of the number that may be added; None: no limit."""
    with groups.control_groups(LAB / "groups"):
        older = (groups.PLACE / "pids").exists()
        place = groups.PLACE / "pids" if older else groups.PLACE
        if not older:
            (place / "cgroup.subtree_control").write_text("+pids")
        group, home = place / "few", LAB / "groups" / ("pids" if older else "whole")
        group.mkdir()
        (group / "cgroup.procs").write_text(str(host.lab.daemon.pid))

        def more(number):
            now = int((group / "pids.current").read_text())
            (group / "pids.max").write_text("max" if number is None else str(now + number))

        yield more
        more(None)
        for pid in (group / "cgroup.procs").read_text().split():
            (home / "cgroup.procs").write_text(pid)
        group.rmdir()


@pytest.mark.parametrize("deed", OF_THE_KERNEL, ids=str)
def test_no_processes(host, pids, deed):
    """No tool can be started: refused, nothing changes, readers are answered."""
    host.guarded()
    old, _ = deed.both(host)
    with Reader(host.lab) as reader, Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        pids(0)
        assert outcome(deed.act, host) in ("FW", "SYS")
        pids(None)
        host.recovers(old, "nothing has changed")
        deed.act(host)
    reader.check(5)
    assert not flood.leaked, f"{flood.leaked} passed"


# -- the lock of the older tools ----------------------------------------------------------------------------------------

LOCK = pathlib.Path("/run/xtables.lock")
# What iptables-restore of the older kind does with its lock, around the one that is installed.
LOCKING = """\
limit=0; last=; for word in "$@"; do [ "$last" != --wait ] || limit=$word; last=$word; done
exec 9<>/run/xtables.lock
flock -w "$limit" 9 || { echo "Another app is currently holding the xtables lock. Stopped waiting after ${limit}s." >&2; exit 4; }
"""


@pytest.mark.parametrize("seconds", [1.5, 8])
def test_lock_is_held_by_another(host, seconds):
    """A lock that is let go within the tools' patience delays the call; a longer one fails it, and nothing opens."""
    host.guarded()
    deed = DEEDS[0]
    old, new = deed.both(host)
    LOCK.touch()
    with Tools() as tools, Reader(host.lab) as reader, Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        tools.spoil(RESTORE[1:], LOCKING)
        with open(LOCK, "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            answer = []
            begun = in_background(lambda: answer.append(outcome(deed.act, host)))
            begun.join(seconds)
            assert begun.is_alive() or answer == ["FW"]
            fcntl.flock(lock, fcntl.LOCK_UN)
        begun.join(60)
        if seconds < 5:
            assert answer == ["ok"]
        wanted = new if answer == ["ok"] else old
        host.recovers(wanted, f"the caller was answered {answer}")
        tools.mend()
    reader.check()
    assert not flood.leaked, f"{flood.leaked} passed"

