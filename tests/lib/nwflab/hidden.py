# SPDX-License-Identifier: LGPL-2.1-or-later
"""
hidden.py: a host on which firewall tools are not installed

    with hidden.tools("ebtables"):
        lab.restart()

While the block runs /usr/sbin has only links to its own programs, those of the tools left out; whoever looks for one finds nothing. The
test's own programs come from the folder that is covered, at the head of PATH. A daemon that was started before may know the places.

Limits: needs the sandbox's own mounts, and /sbin as a link to /usr/sbin.
"""

import contextlib
import os
import pathlib
import subprocess

FOLDER, HOME = pathlib.Path("/usr/sbin"), pathlib.Path("/run/lab/hidden")


def _run(*command):
    subprocess.run(command, check=True, capture_output=True, timeout=20)


@contextlib.contextmanager
def tools(*names):
    """Leaves out the programs of `names`, such as 'ebtables', under the names by which a driver looks for them."""
    hidden = {name + ending for name in names for ending in ("", "-restore", "-save")}
    every, fewer = HOME / "every", HOME / "fewer"
    for folder in (every, fewer):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as undo:
        _run("mount", "--bind", FOLDER, every)
        undo.callback(_run, "umount", "--lazy", every)
        path = os.environ["PATH"]
        undo.callback(os.environ.__setitem__, "PATH", path)
        os.environ["PATH"] = f"{every}:{path}"
        for entry in fewer.iterdir():
            entry.unlink()
        for entry in every.iterdir():
            if entry.name not in hidden:
                (fewer / entry.name).symlink_to(every / entry.name)
        _run("mount", "--bind", fewer, FOLDER)
        undo.callback(_run, "umount", "--lazy", FOLDER)
        yield
