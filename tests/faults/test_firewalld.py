# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_firewalld.py: a real firewalld starts, reloads and stops beside the driver

Whatever it does with the tables, our rules are in force afterwards, and its own are as they would be without us. NWF_FIREWALLD names
the folder of a firewalld (scripts/firewalld).
"""

import os
import pathlib
import re
import subprocess

import pytest

from bus import Firewalld, system_bus
from lane import FREE, GUARD, GUARDED, OTHER, crowd, guard
from nwflab import kernel, wait

LIMIT = 10.0


@pytest.fixture(name="firewalld", params=["nftables", pytest.param("iptables", marks=pytest.mark.long)])
def fixture_firewalld(request, lab):
    """A firewalld that does not run yet, and the bus on which it will; the daemon is on that bus, too."""
    folder = os.environ.get("NWF_FIREWALLD")
    if not folder or not pathlib.Path(folder, "usr/sbin/firewalld").exists():
        pytest.skip("NWF_FIREWALLD names no folder of a firewalld; see scripts/firewalld")
    with system_bus():
        lab.hang_up()
        lab.daemon.restart()
        yield Firewalld(folder, request.param)
        kernel.flush()
        lab.hang_up()
        lab.daemon.stop()
    lab.daemon.start()


@pytest.fixture(name="guarded")
def fixture_guarded(firewalld, host):  # pylint: disable=unused-argument
    """Guests with rules on all layers."""
    host.guarded(OTHER)
    crowd(host, 6)
    return host


def in_force(guarded, before, what):
    """Waits until the rules of all ports are as they were, and frames meet them."""
    wait.until(lambda: {port: kernel.of_port(port) for port in before} == before, what, LIMIT)
    free = FREE[:1]  # the others are IP, and firewalld drops them
    wait.until(lambda: guarded.passing(GUARDED + free) == [str(frame) for frame in free], f"frames meet the rules: {what}", LIMIT)


def without_ours():
    """The rules of firewalld, as nft lists them."""
    text = subprocess.check_output(["nft", "-s", "list", "ruleset"], text=True, timeout=30)
    ours = re.compile(r"libvirt-|vnet|crowd|chain (FI|FO|HI)-")
    return [line for line in text.splitlines() if "firewalld" in line and not ours.search(line)]


def test_start_reload_stop(guarded, firewalld, long):
    """See the opening. Between flushing and its signal firewalld leaves ports open; how long is up to it."""
    before = {port: kernel.of_port(port) for port in guarded.client.bindings()}
    with firewalld.running():
        in_force(guarded, before, "firewalld has started")
        its = without_ours()
        guarded.define(GUARD, guard(2))
        guarded.define(GUARD, guard(1))
        guarded.lab.daemon.reload()
        in_force(guarded, before, "a filter was changed")
        assert without_ours() == its and (its or long)
        for word in ("--reload", "--complete-reload") if long else ("--reload",):
            said = firewalld.says(word)
            if "RULE_DELETE failed" in said:  # its tool and ours met; see docs/guarantees.md
                said = firewalld.says(word)
            assert said == "success"
            in_force(guarded, before, f"firewalld has done {word}")
        guarded.lab.restart()
        in_force(guarded, before, "the daemon was started again")
        assert without_ours() == its
    in_force(guarded, before, "firewalld has ended")
    assert without_ours() == []
