# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_illegible.py: somebody uses nft on the tables of the tools, and makes rules there that the tools cannot list

Everything goes on: ports are bound, changed, put right and released, the daemon starts and reloads, and his rules stay.
"""

import subprocess

import pytest

from lane import FREE, FREE_ALONE, GUARD, GUARDED, OTHER, PORT, frames_of, guard
from nwflab import kernel, wait

RULES = {
    "ip filter FORWARD": "ct state established,related counter",
    "ip filter INPUT": "meta skuid 5 counter",
    "ip6 filter FORWARD": "ct state established,related counter",
    "bridge nat PREROUTING": "meta mark set numgen inc mod 2",
}
LIMIT = 10.0


def nft(line):
    """Runs nft; returns what it prints."""
    done = subprocess.run(["nft", *line.split()], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout


def handles():
    """{chain: handles of the other's rules}"""
    found = {}
    for chain in RULES:
        lines = [line for line in nft(f"-a list chain {chain}").splitlines()
                 if any(word in line for word in ("ct state", "skuid", "numgen"))]
        found[chain] = [line.rsplit(" ", 1)[1] for line in lines]
    return found


@pytest.fixture(name="guarded", params=["add", "insert"])
def fixture_guarded(host, request):
    """A guarded port; then somebody's rules, behind or before all others."""
    host.guarded()
    before = host.state()
    for chain, rule in RULES.items():
        nft(f"{request.param} rule {chain} {rule}")
    assert "incompatible" in kernel.save("eb")
    host.illegible, host.before = handles(), before
    yield host
    host.lab.hang_up()
    host.lab.daemon.stop()
    kernel.flush()
    host.lab.daemon.start()


def legible(guarded):
    """His rules are where they were; afterwards they are gone."""
    assert handles() == guarded.illegible
    for chain, numbers in guarded.illegible.items():
        for number in numbers:
            nft(f"delete rule {chain} handle {number}")


def test_change(guarded):
    """A definition changes; the new one is in force at once."""
    guarded.define(GUARD, guard(2))
    assert guarded.passing(GUARDED + frames_of(2) + FREE + frames_of(1)) == [str(frame) for frame in FREE + frames_of(1)]
    guarded.define(GUARD, guard(1))
    legible(guarded)
    guarded.recovers(guarded.before, "as before")


def test_bind_and_release(guarded):
    """Another port comes and goes, behind rules that the tools stumble over, or before them."""
    guarded.bind(OTHER)
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE
    guarded.client.unbind(OTHER)
    assert guarded.client.bindings() == [PORT]
    legible(guarded)
    guarded.recovers(guarded.before, "as before")


@pytest.mark.parametrize("how", ["restart", "reload"])
def test_start(guarded, how):
    """A daemon that starts, or reads all anew, keeps the port filtered and says why it writes it again."""
    if how == "restart":
        guarded.lab.hang_up()
        guarded.lab.daemon.stop()
        guarded.lab.daemon.start()
    else:
        guarded.lab.daemon.reload()
    wait.until(lambda: "rules that the tool cannot list" in guarded.lab.log(), "the log tells", LIMIT)
    guarded.define(GUARD, guard(2))
    assert guarded.passing(GUARDED + frames_of(2) + FREE) == FREE_ALONE
    guarded.define(GUARD, guard(1))
    legible(guarded)
    guarded.recovers(guarded.before, "as before")


def test_elsewhere_in_the_table(host):
    """Such a rule in a chain that is none of our business: when it goes, what had to stay goes, too."""
    host.guarded()
    before = host.state()
    nft("add chain ip filter office")
    nft("add rule ip filter office ct state established,related accept")
    subprocess.run(["iptables", "-I", "FORWARD", "-i", "eth9", "-j", "ACCEPT"], check=True, timeout=30)
    wait.until(lambda: kernel_forward()[0] == "libvirt-in", "the base jumps are first", LIMIT)
    host.bind(OTHER)
    host.client.unbind(OTHER)
    nft("flush chain ip filter office")
    nft("delete chain ip filter office")
    subprocess.run(["iptables", "-D", "FORWARD", "-i", "eth9", "-j", "ACCEPT"], check=True, timeout=30)
    wait.until(lambda: kernel_forward() == ["libvirt-in", "libvirt-out", "libvirt-in-post"], "no jump is doubled", LIMIT)
    host.recovers(before, "as before")


def kernel_forward():
    """Where the rules of FORWARD lead to, as nft tells it."""
    lines = nft("list chain ip filter FORWARD").splitlines()
    return [line.split()[-1] for line in lines if " jump " in line or line.endswith(" accept")]


@pytest.mark.parametrize("line", [
    f"iptables -F FI-{PORT}", f"ip6tables -F FI-{PORT}", f"ebtables -t nat -F libvirt-I-{PORT}", "iptables -F libvirt-in",
])
def test_reconciled(guarded, line):
    """What is taken away comes back."""
    subprocess.run(line.split(), check=True, timeout=30)
    wait.until(lambda: guarded.passing(GUARDED + FREE) == FREE_ALONE, "filtered again", LIMIT)
    legible(guarded)
    guarded.recovers(guarded.before, "as before")
