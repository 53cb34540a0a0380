# SPDX-License-Identifier: LGPL-2.1-or-later
"""
mirror.py: which releases of Debian the machine's own apt sources lead to

The mirror is the one that apt is set up with, and apt itself asks it, with the machine's settings (proxies, time-outs) and
Debian's keys; nothing is asked of any other place. NWF_RELEASES_MIRROR names another mirror, for machines that do not run Debian.

Limits: reads of apt's settings what concerns the way to a mirror; credentials in files of the machine are not carried along.
"""

import os
import pathlib
import re
import subprocess

UPDATE_LIMIT = 240  # seconds for the lists of one suite
KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# A setting of the way: proxies, certificates, clocks, attempts.
CARRIED = re.compile(r'^Acquire::(https?(::\S+)?::(Proxy|Timeout|Verify-\w+)|Check-(Valid-Until|Date)|Retries|ForceIPv[46]) "[^"]')


class Missing(Exception):
    """The mirror lacks something; the text says what."""


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8", DEBIAN_FRONTEND="noninteractive"))


def settings():
    """Lines of apt's configuration that a new system needs to reach the mirror."""
    return [line for line in _output("apt-config", "dump").stdout.splitlines() if CARRIED.match(line)]


def candidates():
    """Addresses of Debian mirrors among the machine's apt sources, the likeliest first."""
    if os.environ.get("NWF_RELEASES_MIRROR"):
        return [os.environ["NWF_RELEASES_MIRROR"]]
    asked = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(LABEL)"
    debian, unknown = [], []  # without lists apt does not know origins yet
    for line in _output("apt-get", "indextargets", "--format", asked, "Created-By: Packages").stdout.splitlines():
        address, release, component, origin, label = line.split("|")
        if component != "main" or release.endswith("-security"):
            continue
        if (origin, label) == ("Debian", "Debian"):
            debian.append(address)
        elif origin.startswith("$("):
            unknown.append(address)
    return list(dict.fromkeys(debian + unknown))


class Mirror:
    """A mirror as apt sees it; `folder` is for apt's lists, `runner` runs what may take long."""

    def __init__(self, folder, runner):
        self.folder, self.runner = folder, runner

    def _words(self, program, *words):
        return (program, "-q", f"-oDir::Etc::sourcelist={self.folder}/sources.list", "-oDir::Etc::sourceparts=/dev/null",
                       f"-oDir::State::lists={self.folder}/lists", f"-oDir::Cache={self.folder}/cache",
                       "-oDir::State::status=/dev/null", "-oAPT::Sandbox::User=root", "-oAcquire::Languages=none", *words)

    def _update(self):
        """What apt complains about while it gets the lists; empty if it got them."""
        log = self.folder / "update.log"
        log.unlink(missing_ok=True)
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        status = self.runner.run(log, UPDATE_LIMIT, self._words("apt-get", "-oAPT::Update::Error-Mode=any", "update"), env=environment)
        if status == 0:
            return []
        text = log.read_text(errors="replace") if status is not None else f"E: no lists within {UPDATE_LIMIT} s"
        found = re.findall(r"^(?:E|W|Err)\b.*(?:\n[ \t]+.*)*", text, re.MULTILINE)  # the reason may be on lines of its own below
        return [" ".join(complaint.split()) for complaint in found] or [f"apt-get update: exit status {status}"]

    def find(self, suite, package):
        """(address, version of the package) of the first mirror that has them. Raises Missing."""
        complaints = []
        for address in candidates():
            for folder in ("lists/partial", "cache/archives/partial"):
                (self.folder / folder).mkdir(parents=True, exist_ok=True)
            (self.folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {address} {suite} main\n")
            refused = self._update()
            lines = _output(*self._words("apt-cache", "madison", package)).stdout.splitlines()
            if not refused and lines:
                return address, lines[0].split("|")[1].strip()
            complaints += refused or [f"{address} has {suite}, but no {package} in it"]
        raise Missing("; ".join(complaints) or "no Debian mirror among the machine's apt sources (NWF_RELEASES_MIRROR names one)")
