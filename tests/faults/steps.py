# SPDX-License-Identifier: LGPL-2.1-or-later
"""
steps.py: the steps of the thread that changes things, and what happens when one of them does

The applier does all that a call changes: files, tools, files again. Its steps are its system calls, since nothing else outlives it. strace
is attached to this one thread; it notes the steps, or lets one of them fail, or has SIGKILL come in its place: strace counts the
calls of each kind from when it was attached, and a killed call is not carried out. So to kill at each step is to stop
between any two of them.

Limits: system calls that only concern the process itself (memory, locks, clocks) are no steps. How often the thread looks after a tool
that runs is a matter of time; of these looks the first one for each tool is always there.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from nwflab import wait

APPLIER = "nwf-applier"
SPAWNS = ("clone", "clone3", "vfork", "fork")
LOOKS = ("wait4", "waitid")
CALLS = (*SPAWNS, *LOOKS, "open", "openat", "creat", "mkdir", "mkdirat", "write", "pwrite64", "fsync", "fdatasync", "close", "rename",
         "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "memfd_create", "pipe2", "fcntl", "lseek", "read",
         "getdents64", "socket", "sendto", "sendmsg", "recvmsg", "recvfrom", "unshare", "setns", "kill", "pidfd_open")
# What makes a difference outside of the process.
LASTING = ("fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", *SPAWNS)


@dataclasses.dataclass(frozen=True)
class Step:
    """The `number`-th call of its kind."""

    call: str
    number: int

    def __str__(self):
        return f"{self.call}-{self.number}"


def thread(pid, name=APPLIER):
    """Id of the daemon's thread of this name."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it may end meanwhile
            if (task / "comm").read_text().strip() == name:
                return int(task.name)
    raise AssertionError(f"the daemon has no thread {name}")


class Strace:
    """strace on a thread (or, with follow, on a process with all its threads and children) while the block runs.

    `text` is what it wrote, afterwards.
    """

    def __init__(self, task, *options, follow=False):
        self._command = [shutil.which("strace") or "strace", *(("-f",) if follow else ()), "-e", "signal=none", *options, "-p", str(task)]
        self._tasks = pathlib.Path(f"/proc/{task}/task") if follow else None
        self._task = task
        self._process = self._file = None
        self.text = ""

    def __enter__(self):
        handle, self._file = tempfile.mkstemp(prefix="steps-")
        os.close(handle)
        self._process = subprocess.Popen([*self._command, "-o", self._file], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.PIPE)
        wait.until(self._attached, "strace is attached")
        return self

    def _attached(self):
        assert self._process.poll() is None, self._process.stderr.read().decode()
        tasks = [int(task.name) for task in self._tasks.iterdir()] if self._tasks else [self._task]
        return all(self._tracer(task) == self._process.pid for task in tasks)

    @staticmethod
    def _tracer(task):
        try:
            return int(re.search(r"TracerPid:\s*(\d+)", pathlib.Path(f"/proc/{task}/status").read_text())[1])
        except OSError:
            return None

    def __exit__(self, *_):
        self._process.kill()  # which frees a thread at any moment, see nwflab.execs
        self._process.communicate(timeout=20)
        self.text = pathlib.Path(self._file).read_text(errors="replace")
        os.unlink(self._file)


def _options(call=None):
    return ["-e", f"trace={','.join(f'?{name}' for name in ([call] if call else CALLS))}"]


def steps_of(lab, act):
    """The steps of what act() makes the applier do, in order."""
    with Strace(thread(lab.daemon.pid), *_options()) as trace:
        act()
    seen, steps = {}, []
    for call in re.findall(r"^(\w+)\(", trace.text, re.M):
        seen[call] = seen.get(call, 0) + 1
        steps.append(Step(call, seen[call]))
    return steps


def lasting(steps):
    """Of all steps those that make a difference outside, and the first look after each program that was started."""
    chosen, spawned = [], False
    for step in steps:
        if step.call in LASTING or (spawned and step.call in LOOKS):
            chosen.append(step)
            spawned = step.call in SPAWNS
    return chosen


def killed_at(lab, step):
    """While the block runs the daemon is killed when its applier comes to this step."""
    return Strace(thread(lab.daemon.pid), *_options(step.call), "-e", f"inject={step.call}:signal=KILL:when={step.number}")


def failing_at(lab, step, error):
    """While the block runs this step fails with an error such as EIO."""
    return Strace(thread(lab.daemon.pid), *_options(step.call), "-e", f"inject={step.call}:error={error}:when={step.number}")


def delayed_at(lab, step, seconds):
    """While the block runs the applier waits before this step."""
    microseconds = int(seconds * 1000000)
    return Strace(thread(lab.daemon.pid), *_options(step.call), "-e",
                  f"inject={step.call}:delay_enter={microseconds}:when={step.number}")
