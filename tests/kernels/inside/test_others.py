# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_others.py: other programs that change the same tables: their rules stay, ours come back, and locks are respected
"""

import contextlib
import fcntl
import pathlib
import subprocess
import threading
import time

import pytest

from nwflab import wait
from nwflab.client import Failed
from nwflab.frames import ether, udp
from nwflab.guests import A, B, C, port_of

CLOSED = ("<rule action='drop' direction='out'><mac protocolid='0x88b5'/></rule>"
          "<rule action='drop' direction='out'><udp dstportstart='9'/></rule>"
          "<rule action='drop' direction='out'><udp-ipv6 dstportstart='9'/></rule>")
HEALED = 90.0  # seconds; it takes two where nothing is emulated


def run(command, **keywords):
    """Runs a command that must succeed."""
    return subprocess.run(command, shell=True, check=True, timeout=60, **keywords)


# What a careless administrator does, and what it opens.
ACCIDENTS = {
    "ebtables-flush": ("ebtables -t nat -F", ether()),
    "ebtables-delete": (f"ebtables -t nat -D PREROUTING -i {port_of(A)} -j libvirt-I-{port_of(A)}", ether()),
    "ebtables-chain": (f"ebtables -t nat -F libvirt-I-{port_of(A)}", ether()),
    "ebtables-restore": ("echo '*nat' | ebtables-restore", ether()),
    "iptables-flush": ("iptables -F", udp()),
    "iptables-base": ("iptables -F libvirt-in", udp()),
    "iptables-insert": ("iptables -I FORWARD 1 -j ACCEPT", udp()),
    "iptables-restore": ("printf '*filter\\nCOMMIT\\n' | iptables-restore", udp()),
    "ip6tables-flush": ("ip6tables -F", udp(v6=True)),
}


@pytest.mark.parametrize("command, frame", ACCIDENTS.values(), ids=ACCIDENTS)
def test_what_others_break_is_put_right(host, wire, command, frame):
    """The rules are in force again soon, and the log says that somebody changed them."""
    host.define("others", CLOSED)
    for guest in (A, B):
        host.bind(guest, "others")
    before = host.rules(A), host.rules(B)
    assert not wire.arrives(A >> C, frame)
    told = host.lab.log().count("changed from outside")
    try:
        run(command)
        wait.until(lambda: not wire.arrives(A >> C, frame), "the rules are in force", HEALED, pause=0.1)
        wait.until(lambda: host.rules(A) == before[0], "the rules are what they were", HEALED, pause=0.5)
        wait.until(lambda: host.rules(B) == before[1], "those of the neighbour are, too", HEALED, pause=0.5)
        wait.until(lambda: host.lab.log().count("changed from outside") > told, "the log tells", HEALED, pause=0.1)
    finally:
        while subprocess.run("iptables -D FORWARD -j ACCEPT", shell=True, capture_output=True, check=False).returncode == 0:
            pass


# Rules of an administrator that look a little like ours.
FOREIGN = (
    "ebtables -t nat -N I-office",
    "ebtables -t nat -A I-office -j DROP",
    "ebtables -t nat -A PREROUTING -i eth9 -j I-office",
    "ebtables -t filter -A FORWARD -i eth9 -p IPv6 -j DROP",
    "iptables -N FI-office",
    "iptables -A FI-office -p tcp -j DROP",
    "iptables -A FORWARD -i eth9 -j FI-office",
    "ip6tables -A FORWARD -i eth9 -j DROP",
)


def foreign_rules():
    """The administrator's rules, as lines."""
    lines = []
    for tool in ("ebtables", "iptables", "ip6tables"):
        saved = subprocess.run([f"{tool}-save"], capture_output=True, text=True, timeout=60, check=True).stdout
        lines += [f"{tool} {line}" for line in saved.splitlines()
                  if line.startswith("-A") and ("office" in line or "eth9" in line)]
    return lines


@contextlib.contextmanager
def foreigners():
    """The administrator's rules while the block runs."""
    for command in FOREIGN:
        run(command)
    try:
        yield
    finally:
        for command in reversed(FOREIGN):
            undone = command.replace(" -A ", " -D ").replace(" -N ", " -X ")
            subprocess.run(undone, shell=True, capture_output=True, timeout=60, check=False)


def test_rules_of_others_stay(host):
    """Whatever the driver does, nobody else's rule goes."""
    with foreigners():
        before = foreign_rules()
        assert len(before) == sum(" -A " in command for command in FOREIGN)
        host.define("others", CLOSED)
        for guest in (A, B):
            host.bind(guest, "others")
        host.define("others", CLOSED.replace("'9'", "'8'"))
        host.lab.restart()
        assert foreign_rules() == before
        for guest in (A, B):
            host.unbind(guest)
        assert foreign_rules() == before


def test_others_write_at_the_same_time(host, wire):
    """Another program writes to the same tables again and again: both get what they asked for."""
    host.define("others", CLOSED)
    host.bind(A, "others")
    over, failures, rounds = threading.Event(), [], []

    def write():
        while not over.is_set():
            for tool in ("ebtables --concurrent -t nat", "iptables -w 30"):
                chain = "POSTROUTING" if "nat" in tool else "FORWARD"
                for action in ("-A", "-D"):
                    done = subprocess.run(f"{tool} {action} {chain} -o eth9 -j DROP", shell=True, capture_output=True, text=True,
                                          timeout=60, check=False)
                    if done.returncode:
                        failures.append(f"{tool} {action}: {done.stderr}")
            rounds.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for port in range(20, 35):
            host.define("others", CLOSED.replace("'9'", f"'{port}'"))
            assert not wire.arrives(A >> C, udp(dport=port)) and not wire.arrives(A >> C, ether())
            assert wire.arrives(A >> C, udp(dport=port + 1))
    finally:
        over.set()
        thread.join()
    assert rounds
    assert not failures
    assert "eth9" not in "".join(foreign_rules())


# Locks by which programs of the older form agree, and a rule of the layer that each is about.
LOCKS = {
    "ebtables": (pathlib.Path("/var/lib/ebtables/lock"), "<ip protocol='udp' dstportstart='{}'/>"),
    "iptables": (pathlib.Path("/run/xtables.lock"), "<udp dstportstart='{}'/>"),
}


def rule(layer, port):
    """A filter's body that drops what goes to a port of UDP."""
    return f"<rule action='drop' direction='out'>{LOCKS[layer][1].format(port)}</rule>"


@contextlib.contextmanager
def locked(layer):
    """Somebody else has the lock."""
    path = LOCKS[layer][0]
    path.parent.mkdir(exist_ok=True)
    with open(path, "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize("layer", LOCKS)
def test_a_lock_that_is_held_is_waited_for(host, wire, variant, layer):
    """A change that finds the lock taken is made when it is free; the newer form knows no lock."""
    host.define("others", rule(layer, 9))
    host.bind(A, "others")
    done = []
    with locked(layer):
        thread = threading.Thread(target=lambda: done.append(host.define("others", rule(layer, 8))))
        thread.start()
        time.sleep(2)
        assert variant == "nft" or not done
    thread.join()
    assert done and not wire.arrives(A >> C, udp(dport=8)) and wire.arrives(A >> C, udp(dport=9))


def test_a_lock_that_is_never_released(host, wire, variant):
    """The IP tools refuse, and the change is undone; that of ebtables is voluntary. The newer form knows no lock."""
    host.define("others", CLOSED)
    host.bind(A, "others")
    before = host.rules(A)
    with locked("iptables"):
        if variant == "legacy":
            with pytest.raises(Failed) as failed:
                host.define("others", CLOSED.replace("'9'", "'8'"))
            assert failed.value.name == "FW" and "lock" in failed.value.message
            assert host.rules(A) == before
            assert not wire.arrives(A >> C, udp()) and wire.arrives(A >> C, udp(dport=8))
        else:
            host.define("others", CLOSED.replace("'9'", "'8'"))
    with locked("ebtables"):
        host.define("others", rule("ebtables", 7))
    assert not wire.arrives(A >> C, udp(dport=7)) and wire.arrives(A >> C, udp(dport=9))
