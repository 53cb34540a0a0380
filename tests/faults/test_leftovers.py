# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_leftovers.py: what earlier runs left in the kernel: the stock driver's, one that was interrupted, one of ports that are gone

What filters stays in force until our rules take its place; what nobody needs is gone after the start; what is others' stays.
"""

import subprocess
import time

import pytest

from lane import FREE, FREE_ALONE, GUARD, GUARDED, OTHER, PORT, guard, in_background, visitor
from nwflab import kernel, wait
from nwflab.client import outcome
from nwflab.guests import A, C
from nwflab.traffic import Flood


def run(*lines):
    """Runs the tools."""
    for line in lines:
        subprocess.run(line.split(), check=True, capture_output=True, timeout=20)


def temporary(port):
    """What the stock driver makes of a port while it builds rules, as it would be left by kill -9."""
    return ["ebtables -t nat " + words for words in (
        f"-N libvirt-J-{port}", f"-N libvirt-P-{port}", f"-N J-{port}-mac", f"-N J-{port}-ipv4-ip", f"-N P-{port}-arp",
        f"-A J-{port}-mac -j DROP", f"-A libvirt-J-{port} -j J-{port}-mac", f"-A libvirt-J-{port} -p IPv4 -j J-{port}-ipv4-ip",
        f"-A libvirt-P-{port} -p ARP -j P-{port}-arp", f"-A PREROUTING -i {port} -j libvirt-J-{port}",
        f"-A POSTROUTING -o {port} -j libvirt-P-{port}")] + [f"{tool} {words}" for tool in ("iptables", "ip6tables") for words in (
            f"-N FJ-{port}", f"-N FP-{port}", f"-N HJ-{port}", f"-A FJ-{port} -p udp -j DROP",
            f"-A libvirt-in -m physdev --physdev-in {port} -g FJ-{port}",
            f"-A libvirt-out -m physdev --physdev-is-bridged --physdev-out {port} -g FP-{port}",
            f"-A libvirt-host-in -m physdev --physdev-in {port} -g HJ-{port}")]


def of_names(*names):
    """All lines of all tools in which one of the words occurs."""
    text = "\n".join(kernel.save(tool) for tool in kernel.TOOLS)
    return [line for line in text.splitlines() if any(name in line for name in names)]


def away(host):
    """Ends the daemon."""
    host.lab.hang_up()
    host.lab.daemon.stop()


def test_interrupted_run_is_cleaned(host):
    """Temporary chains of a bound port, of one that was bound by nobody, and the rules of a port that is gone are no more."""
    host.guarded(OTHER, "gone")
    clean = kernel.snapshot()
    away(host)
    host.lab.binding_file("gone").unlink()
    run(*temporary(PORT), *temporary("stranger"))
    assert of_names(f"libvirt-J-{PORT}", "FJ-stranger", "libvirt-I-gone", "FI-gone")
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        host.lab.daemon.start()
        assert host.client.bindings() == sorted([PORT, OTHER])
        wait.until(lambda: not of_names("-J-", "-P-", " J-", ":J-", ":P-", "FJ-", "FP-", "HJ-", "stranger", "gone"),
                   "all leftovers are gone", 10)
    assert not flood.leaked, f"{flood.leaked} passed"
    for tool, chains in kernel.snapshot().items():
        assert chains == {name: [line for line in lines if "gone" not in line] for name, lines in clean[tool].items()
                          if "gone" not in name}


def test_chains_that_only_look_like_ours(host):
    """Chains of others with names like those of leftovers stay, since nothing of ours leads to them."""
    host.guarded()
    away(host)
    mine = ["ebtables -t nat -N J-office", "ebtables -t nat -A J-office -j DROP", "ebtables -t nat -N libvirt-Jack",
            "iptables -N FJ-office", "iptables -A FJ-office -j DROP", "iptables -N HI"]
    run(*mine)
    before = of_names("office", "Jack", ":HI ")
    host.lab.daemon.start()
    assert of_names("office", "Jack", ":HI ") == before and len(before) == 6


@pytest.fixture(name="stock")
def fixture_stock(host):
    """The stock driver on the same host; ours runs again afterwards, and the stock one's bindings and filters are gone with the files."""
    away(host)
    ours = host.lab.driver
    host.lab.change_driver("stock")
    yield host
    if host.lab.driver != ours:
        host.lab.change_driver(ours)


def test_rules_of_the_stock_driver_stay_in_force(stock):
    """From its last moment until ours has taken over, no frame is seen that its rules forbid."""
    host = stock
    host.guarded()
    rules = kernel.snapshot(own=True)
    assert host.passing(GUARDED + FREE) == FREE_ALONE
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        host.lab.change_driver("ours")
        assert host.client.bindings() == [PORT]
        assert kernel.snapshot(own=True) == rules
        host.define(GUARD, guard(2))
    assert not flood.leaked, f"{flood.leaked} passed"
    assert "1002" in host.lab.rules(PORT)


# How far the stock driver is with the second version when it is killed.
MOMENTS = {
    "first-temporary": lambda: of_names(f"libvirt-J-{PORT}"),
    "ip-temporary": lambda: of_names(f"FJ-{PORT}"),
    "ipv6-temporary": lambda: f":FJ-{PORT}" in kernel.save("ip6"),
    "renamed": lambda: not of_names(f"libvirt-J-{PORT}") and "1002" in kernel.save("eb"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_stock_driver_was_killed_half_way(stock, moment):
    """Our driver makes the same of what it left as of empty tables."""
    host = stock
    host.guarded()
    with visitor(host.lab) as client:
        begun = in_background(lambda: outcome(host.define, GUARD, guard(2), client))
        end = time.monotonic() + 5
        while not MOMENTS[moment]() and begun.is_alive() and time.monotonic() < end:
            pass
        host.lab.daemon.kill_process()
        begun.join(20)
    host.lab.daemon.kill()
    host.lab.change_driver("ours")
    host.client.bindings()
    found = host.state()
    away(host)
    kernel.flush()
    host.lab.daemon.start()
    clean = host.state()
    assert found[:2] == clean[:2]
    for tool, chains in clean[2].items():
        assert found[2][tool] == chains
    assert host.passing(GUARDED + FREE) == FREE_ALONE
    assert not of_names("FJ-", "libvirt-J", " J-", ":J-")


def test_port_whose_file_cannot_be_read(host):
    """Rules of a port whose binding's file is broken stay: somebody may live behind it."""
    host.guarded()
    before = host.lab.rules(PORT)
    away(host)
    path = host.lab.binding_file(PORT)
    text = path.read_text()
    path.write_text(text[:200])
    host.lab.daemon.start()
    assert host.client.bindings() == [] and host.lab.rules(PORT) == before
    assert host.passing(GUARDED + FREE) == FREE_ALONE
    path.write_text(text)
    host.lab.restart()
    assert host.client.bindings() == [PORT] and host.lab.rules(PORT) == before
