# SPDX-License-Identifier: LGPL-2.1-or-later
"""
machine.py: on what a measurement was made: machine, kernel, versions, load

Asked of the system each time, so that a table never names another machine than its own.
"""

import os
import pathlib
import platform
import re
import subprocess

SOURCES = pathlib.Path(__file__).resolve().parent.parent


def _said(*command):
    """First line of what a command prints; a command that is not there has nothing to say."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "not there"
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def _field(file, pattern):
    """First match in a file of the system."""
    found = re.search(pattern, pathlib.Path(file).read_text(errors="replace"), re.M)
    return found.group(1).strip() if found else "unknown"


def _commit():
    """Of the sources that are measured, with a word about changes that were not committed; scripts/bench builds in build-bench."""
    if SOURCES / "build-bench" not in pathlib.Path(os.environ["NWF_MODULE"]).resolve().parents:
        return "a module that the environment named"
    git = ("git", "-c", f"safe.directory={SOURCES}", "-C", str(SOURCES))
    commit = _said(*git, "rev-parse", "--short", "HEAD")
    changed = _said(*git, "status", "--porcelain", "--untracked-files=no", "--", "conf", "plan", "driver")
    return f"commit {commit}{', with changes' if changed else ''}"


def load():
    """The load averages of 1, 5 and 15 minutes."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def facts():
    """What is known before the run."""
    memory = int(_field("/proc/meminfo", r"^MemTotal:\s+(\d+)")) / 2**20
    return {
        "machine": f"{_field('/proc/cpuinfo', r'^model name.*: (.*)$')}, {os.cpu_count()} CPUs, {memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "system": _field("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "versions": ", ".join((_said("libvirtd", "--version"), _said("ebtables", "--version"),
                               _said("iptables", "--version"), f"this driver: {_commit()}")),
    }
