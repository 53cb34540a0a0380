# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_crowds.py: many ports at once, floods, and ports that come and go while addresses do (--long: in full size)

Times are no measurements, those are made by scripts/bench: a bound here is far above what a slow machine takes, and far below
what the driver would need if it did for each port what it does for all together.
"""

import contextlib
import itertools
import pathlib
import threading
import time

import pytest

from nwflab import dhcp, kernel, wait
from nwflab.dhcp import ACK, DISCOVER, REQUEST, ip
from nwflab.frames import arp
from nwflab.guests import A, B, C, D, one_processor, port_of
from nwflab.learning import CLEAN, key_of
from nwflab.machines import Crowd, Machine, Server
from nwflab.texts import binding_xml, uuid_of

pytestmark = pytest.mark.ours("bounds that this driver promises: D25 and D26")

FIRST, SECOND = "10.77.0.161", "10.77.0.162"
PORT_MEMORY = 384  # KiB a port, of the process


def bind_all(host, crowd, word, undo):
    """Binds every card."""
    for number, station in enumerate(crowd.stations):
        undo.callback(host.unbind, crowd.port_of(station))
        host.client.bind(binding_xml(crowd.port_of(station), CLEAN, [("CTRL_IP_LEARNING", word)], mac=station.mac,
                                     uuid=uuid_of(500000 + number)))


def unlearned(crowd):
    """Ports whose address is not in the kernel."""
    text = kernel.save("eb")
    return [station.name for station in crowd.stations
            if f"-A I-{crowd.port_of(station)}-ipv4-ip -p IPv4 --ip-src {station.ip} -j RETURN" not in text]


def all_in_the_kernel(crowd, limit):
    """Waits for the rules of all ports."""
    wait.until(lambda: not unlearned(crowd), "all addresses are in the kernel", limit, pause=0.1)


def memory(pid):
    """Resident KiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


# -- many ports ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["any", "dhcp"])
def test_all_learn_at_once(host, wire, long, word):
    """Every address is in the kernel soon after the last frame; threads are as many as for one port, descriptors two a port."""
    for size in ((50, 500) if long else (30,)):
        with Crowd(size) as crowd, contextlib.ExitStack() as undo:
            bind_all(host, crowd, word, undo)
            threads, files, used = learners(host), host.files_open(), memory(host.lab.daemon.pid)
            xid = itertools.count(5000)
            begin = time.monotonic()
            with one_processor():
                for station in crowd.stations:
                    if word == "any":
                        crowd.send(station, arp(sender_ip=station.ip).bytes_for(station >> C, b"anything"))
                        continue
                    number = next(xid)
                    crowd.send(station, dhcp.ask(station, REQUEST, number, [(50, ip(station.ip))]).bytes_for(station >> C, b""))
                    answer = dhcp.tell(C, station, ACK, number, station.ip, dst=station.ip, dst_mac=station.mac)
                    wire.guests[C].sender.send(answer.bytes_for(C >> station, b""))
            sent = time.monotonic() - begin
            all_in_the_kernel(crowd, 30 if size < 100 else 120)
            took = time.monotonic() - begin
            print(f"{word}, {size} ports: sent in {sent:.2f} s, all in the kernel after {took:.2f} s, {files} descriptors")
            assert learners(host) == threads == ["nwf-learner"]
            assert files < 2 * size + 120
            assert memory(host.lab.daemon.pid) - used < PORT_MEMORY * size + 8192


def learners(host):
    """The threads of learning."""
    return [name for name in host.lab.daemon.threads() if name.startswith(("nwf-learn", "nwf-closer"))]


# -- floods --------------------------------------------------------------------------------------------------------------------


class Flood:
    """One station sends one frame, as fast as it can or `rate` times a second, while the block runs."""

    def __init__(self, wire, station, frames, rate=None):
        self.sender = wire.guests[station].sender
        self.texts = itertools.cycle([frame.bytes_for(station >> C, b"anything") for frame in frames])
        self.rate, self.sent, self.over = rate, 0, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.over.is_set():
            for _ in range(max(1, (self.rate or 50000) // 100)):
                with contextlib.suppress(OSError):  # the queue is full
                    self.sender.send(next(self.texts))
                self.sent += 1
            if self.rate:
                self.over.wait(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


@pytest.mark.parametrize("rate", [200, None], ids=["steady", "storm"])
def test_flood_from_outside(host, wire, long, rate):
    """DHCP messages for others in masses: real clients get their leases, and the learner is not even woken.

    As fast as it can be done is for the long form: the kernel then drops frames of everybody before any rule, the clients' too.
    """
    rate = rate or (None if long else 5000)
    foreign = [dhcp.tell(D, B, kind, xid, FIRST) for kind in (dhcp.OFFER, ACK, dhcp.NAK) for xid in (1, 2)]
    with contextlib.ExitStack() as undo:
        server = undo.enter_context(Server())
        machines = [undo.enter_context(Machine()) for _ in range(20 if long else 3)]
        for machine in machines:
            host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp")
        with Flood(wire, D, foreign, rate) as flood:
            begin, spent = time.monotonic(), host.learner()
            wait.until(lambda: flood.sent > 100, "there is a flood")
            for machine in machines:
                machine.udhcpc("-t", "20")
            got = [machine.bound(limit=90) for machine in machines]
            for machine, address in zip(machines, got):
                host.has(machine.port, address, limit=30)
            share = (host.learner() - spent) / (time.monotonic() - begin)
        assert share < 0.1, f"the learner took {share:.0%} of a processor"
        assert "DHCPACK" in server.log()


def test_flood_by_a_guest(host, wire, long):
    """It hurts itself at most: another one gets its lease meanwhile."""
    host.bind_dhcp(A)
    host.bind_dhcp(B)
    questions = [dhcp.ask(A, kind, xid) for kind in (DISCOVER, REQUEST) for xid in range(20)]
    with Flood(wire, A, questions) as flood:
        begin, spent = time.monotonic(), host.learner()
        time.sleep(10 if long else 1)
        host.lease(B, B.ip)
        host.has(B, B.ip, limit=30)
        share = (host.learner() - spent) / (time.monotonic() - begin)
    assert flood.sent > 100
    assert share < 0.2, f"the learner took {share:.0%} of a processor"
    assert host.settled(A)


# -- coming and going ------------------------------------------------------------------------------------------------------------


def test_ports_come_and_go_while_leases_do(host, wire, long):
    """Bindings of one key made and deleted, filters redefined, leases given and ending, all at the same time: nothing hangs, and
    nothing is left over."""
    host.define("churn", f"<filterref filter='{CLEAN}'/>")
    host.bind_dhcp(B, name="churn")
    owner, over = host.owner(), threading.Event()
    host.bind_dhcp(A, owner=owner)
    host.unbind(port_of(A))
    before = settled_files(host)

    def server():
        sender = {station: wire.guests[station].sender for station in (A, B, C)}
        for xid in itertools.count(7000):
            if over.wait(0.005):
                return
            for station, address, seconds in ((A, FIRST, 1), (B, SECOND, 1 + xid % 3)):
                sender[station].send(dhcp.ask(station, REQUEST, xid, [(50, ip(address))]).bytes_for(station >> C, b""))
                sender[C].send(dhcp.tell(C, station, ACK, xid, address, seconds=seconds).bytes_for(C >> station, b""))

    def redefine():
        with host.lab.daemon.client() as client:
            text = client.filter_xml("churn")
            for number in itertools.count():
                if over.wait(0.05):
                    return
                rule = f"<rule action='drop' direction='out'><mac protocolid='{0x600 + number % 1000}'/></rule>"
                client.define(text.replace("</filter>", rule + "</filter>"))

    threads = [threading.Thread(target=work, daemon=True) for work in (server, redefine)]
    for thread in threads:
        thread.start()
    rounds, slowest = 0, 0.0
    end = time.monotonic() + (600 if long else 6)
    while time.monotonic() < end:
        begin = time.monotonic()
        host.client.bind(binding_xml(port_of(A), CLEAN, [("CTRL_IP_LEARNING", "dhcp")], mac=A.mac, uuid=owner))
        host.client.unbind(port_of(A))
        rounds, slowest = rounds + 1, max(slowest, time.monotonic() - begin)
    over.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert rounds >= 10 and slowest < 5, f"{rounds} rounds, the slowest {slowest:.1f} s"
    keys = [key for key, _ in host.live_lines()]
    assert len(keys) == len(set(keys))
    assert kernel.of_port(port_of(A)) == ""
    assert settled_files(host) - before in (0, 1)  # B's port has a third socket if more than its limit answered nothing
    host.has(B, limit=15)


def settled_files(host):
    """Descriptors of the daemon, when it closes no more of them."""
    seen = []

    def still():
        seen.append(host.files_open())
        return len(seen) > 5 and len(set(seen[-5:])) == 1
    wait.until(still, "the number of descriptors settles", pause=0.1)
    return seen[-1]


@pytest.mark.parametrize("word", ["any", "dhcp"])
def test_same_key_again_and_again(host, long, word):
    """Each binding begins anew, and no two of them are at work."""
    owner = host.owner()
    for _ in range(100 if long else 10):
        host.bind(A, owner=owner, CTRL_IP_LEARNING=word)
        host.unbind(port_of(A))
    host.bind(A, owner=owner, CTRL_IP_LEARNING=word)
    if word == "any":
        host.show(A, FIRST)
    else:
        host.lease(A, FIRST)
        host.has(A, FIRST)
        assert [address for key, address in host.live_lines() if key == key_of(owner, A.mac)] == [FIRST]
    assert learners(host) == ["nwf-learner"]
