# SPDX-License-Identifier: LGPL-2.1-or-later
"""
flap.py: what guests that change their leases all the time cost the others

Some ports in mode dhcp have a filter of RULES rules that use $IP. Their guests and a server that is in league with them give and
release leases, so that the rules of these ports would have to change dozens of times a second. Meanwhile other ports are bound, and
learn their addresses, as in learning.py; the same is measured before the flapping begins, with the same rules in the kernel. How many
leases were taken meanwhile is counted.

Another world has as many leases as a large host, read from the stock driver's file, and more guests that flap, under an ordinary filter:
counted is what the thread that learns writes to its files.

Limits: the attack shares the machine's processors with the daemon. The stock driver is not measured: such a filter takes it minutes
at each change.
"""

import itertools
import pathlib
import threading
import time

from learning_world import LearningWorld, Watch
from nwflab import dhcp, wait
from nwflab.learning import LEASES, NEIGHBOUR
from nwflab.texts import binding_xml, filter_xml, uuid_of
from world import clock

FILTER = "flapped"
PORTS, RULES, RATE = 3, 3000, 15  # RATE: leases that each guest takes and gives back in a second
OTHERS, SAVERS, SAVING = 4000, 21, 17.0  # leases that are there, guests that flap beside them, and seconds
ADDRESSES = ("10.77.200.{}", "10.77.201.{}")
MESSAGES = 64  # of each kind that a guest repeats in turn
COUNTERS = pathlib.Path("/run/libvirt/nwfilter-learn/counters")


def body(protocol, rules):
    """A filter of so many rules with $IP, in which DHCP is allowed."""
    lines = "".join(f"<rule action='accept' direction='out' priority='500'><{protocol} srcipaddr='$IP' dstipaddr='10.{number >> 8}."
                    f"{number & 255}.1'/></rule>" for number in range(rules))
    return f"<filterref filter='allow-dhcp'/>{lines}<rule action='drop' direction='out' priority='1000'/>"


class Flapping:
    """Guests that change their leases while the block runs; `send` is a function of guest and frame."""

    def __init__(self, world, stations, send):
        self.server, self.send = world.wire.guests[NEIGHBOUR].sender, send
        self.turns = [itertools.cycle([self._messages(station, place, number) for number in range(MESSAGES)])
                      for place, station in enumerate(stations)]
        self.stations, self.over, self.leases = stations, threading.Event(), 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    @staticmethod
    def _messages(station, place, number):
        address, xid = ADDRESSES[number % len(ADDRESSES)].format(place + 1), 0x70000000 + number
        question = dhcp.ask(station, dhcp.REQUEST, xid, [(50, dhcp.ip(address))])
        answer = dhcp.tell(NEIGHBOUR, station, dhcp.ACK, xid, address, dst_mac=station.mac)
        release = dhcp.ask(station, dhcp.RELEASE, xid, [(54, dhcp.ip(NEIGHBOUR.ip))], src=address, dst=NEIGHBOUR.ip,
                           dst_mac=NEIGHBOUR.mac, ciaddr=address)
        return [frame.bytes_for(path, b"") for frame, path in ((question, station >> NEIGHBOUR), (answer, NEIGHBOUR >> station),
                                                               (release, station >> NEIGHBOUR))]

    def _turn(self):
        messages = [(station, next(turn)) for station, turn in zip(self.stations, self.turns)]
        for station, (question, _, _) in messages:
            self.send(station, question)
        time.sleep(0.2 / RATE)
        for _, (_, answer, _) in messages:
            self.server.send(answer)
        self.leases += len(messages)
        time.sleep(0.4 / RATE)
        for station, (_, _, release) in messages:
            self.send(station, release)
        time.sleep(0.4 / RATE)

    def _run(self):
        while not self.over.is_set():
            self._turn()

    def __enter__(self):
        self.thread.start()
        wait.until(lambda: self.leases > 10 * len(self.stations), "leases change")
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def accepted():
    """Messages that taught something, of all ports."""
    return sum(int(line.partition("=")[2]) for line in COUNTERS.read_text().splitlines() if line.startswith("accepted="))


def visitors(world, guests, stations, word):
    """Each of these guests comes, and learns its address. word: protocol of the flapping guests' rules, and when."""
    for station in stations:
        port = guests.port_of(station)
        yield f"flap bind {word}", clock(world.bind, station, "dhcp", port)
        watch = Watch(world.wire, [station], guests.send)
        watch.closed()
        yield f"flap learn {word}", watch.opened(world.lesson("dhcp", [station], guests.send))[station]


def flap(world, sizes, protocol):
    """Ports are bound and learn beside guests that change their leases all the time."""
    world.lab.client.define(filter_xml(FILTER, body(protocol, RULES)))
    with world.crowd(PORTS + 2 * sizes.visitors) as guests:
        flappers, visiting = guests.stations[:PORTS], guests.stations[PORTS:]
        for station in flappers:
            world.lab.client.bind(binding_xml(guests.port_of(station), FILTER, [("CTRL_IP_LEARNING", "dhcp")], mac=station.mac,
                                              uuid=world.host.owner()))
        world.lesson("dhcp", flappers, guests.send)(flappers)
        world.settle()
        yield from visitors(world, guests, visiting[:sizes.visitors], f"{protocol} quiet")
        before, begin = accepted(), time.monotonic()
        with Flapping(world, flappers, guests.send):
            yield from visitors(world, guests, visiting[sizes.visitors:], f"{protocol} attacked")
            took = time.monotonic() - begin
        yield f"flap changes {protocol}", (accepted() - before) / took / PORTS


def ethernet(world, sizes):
    """The flapping guests' rules are of the Ethernet layer."""
    yield from flap(world, sizes, "ip")


def ipv4(world, sizes):
    """The flapping guests' rules are of the IPv4 layer, where each is written three times."""
    yield from flap(world, sizes, "tcp")


class LeasesWorld(LearningWorld):
    """A LearningWorld whose daemon knows many leases."""

    def __enter__(self):
        LEASES.parent.mkdir(parents=True)
        end = int(time.time()) + 86400
        LEASES.write_text("".join(f"{end} {uuid_of(number)}-52:54:00:7a:{number >> 8:02x}:{number & 255:02x} 10.78.{number >> 7}."
                                  f"{1 + (number & 127)} 10.78.255.254\n" for number in range(OTHERS)))
        return super().__enter__()


def written(world):
    """Bytes that the thread that learns has written."""
    threads = pathlib.Path(f"/proc/{world.lab.daemon.pid}/task")
    names = {thread: (thread / "comm").read_text().strip() for thread in threads.iterdir()}
    thread, = (thread for thread, name in names.items() if name == "nwf-learner")
    return int(dict(line.split(": ") for line in (thread / "io").read_text().splitlines())["wchar"])


def files(world, _sizes):
    """Many guests change their leases all the time where many leases are known."""
    with world.crowd(SAVERS) as guests:
        for station in guests.stations:
            world.bind(station, "dhcp", guests.port_of(station))
        world.lesson("dhcp", guests.stations, guests.send)(guests.stations)
        world.settle()
        with Flapping(world, guests.stations, guests.send):
            before, learned, begin = written(world), accepted(), time.monotonic()
            time.sleep(SAVING)
            took = time.monotonic() - begin
            yield "saved", (written(world) - before) / took / 1e6
            yield "saved changes", (accepted() - learned) / took
