# SPDX-License-Identifier: LGPL-2.1-or-later
"""
groups.py: control groups for a while, in the sandbox that hides the host's

A container of libvirt needs control groups. Each hierarchy of the kernel gets one new group, and this group is what the sandbox sees at
the usual place: whatever is made there is below it, and all of it is gone afterwards.
"""

import contextlib
import os
import pathlib
import subprocess
import tempfile

PLACE = pathlib.Path("/sys/fs/cgroup")
CPUSET = ("cpuset.cpus", "cpuset.mems")  # of version 1: a new group has none, and no process may enter it


def hierarchies():
    """[(file system, option, controllers, folder)]: as the host has them; of version 2 only where it is the one."""
    lines = [line.split(":")[1] for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()]
    for controllers in lines:
        if not controllers and len(lines) == 1:
            yield "cgroup2", "rw", (), "."
        elif controllers.startswith("name="):
            yield "cgroup", f"none,{controllers}", (), controllers.removeprefix("name=")
        elif controllers:
            yield "cgroup", controllers, controllers.split(","), controllers


def mount(*words):
    """Runs mount(8)."""
    subprocess.run(["mount", *map(str, words)], capture_output=True, timeout=20, check=True)


def remove(group):
    """Removes a group and those below it; there are no processes in them any more."""
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


@contextlib.contextmanager
def control_groups(folder):
    """Control groups at the usual place while the block runs; `folder` is for what lies behind."""
    with contextlib.ExitStack() as undo:
        mount("-t", "tmpfs", "tmpfs", PLACE)
        undo.callback(subprocess.run, ["umount", "-R", PLACE], capture_output=True, timeout=20, check=False)
        for kind, option, controllers, name in hierarchies():
            whole = folder / (name if name != "." else "whole")
            whole.mkdir(parents=True, exist_ok=True)
            mount("-t", kind, "-o", option, kind, whole)
            undo.callback(subprocess.run, ["umount", whole], capture_output=True, timeout=20, check=False)
            group = pathlib.Path(tempfile.mkdtemp(prefix="nwf-", dir=whole))  # the host's: other labs have groups there, too
            undo.callback(remove, group)
            for setting in CPUSET if "cpuset" in controllers else ():
                (group / setting).write_text((whole / setting).read_text(encoding="ascii"), encoding="ascii")
            (PLACE / name).mkdir(exist_ok=True)
            mount("--bind", group, PLACE / name)
        yield
