# SPDX-License-Identifier: LGPL-2.1-or-later
"""
learning.py: how long it takes until a guest's address is in force, what passes meanwhile, and what learning costs the daemon

Steps as in steps.py, in worlds of learning_world.py; `mode` is the word of CTRL_IP_LEARNING.

Times of one guest are taken with nothing else going on. What passes is counted in another world, through one port's life: the
guest sends honest and forged frames in turn, each kind once a millisecond, and each phase ends when for a while all that is
honest has passed and nothing that is forged. The honest frame comes first in each turn, so an address that is learned anew from the
first packet is nearly always the guest's own; where it is not, all that follows passes, and is counted until the phase is given up.
"""

import statistics
import time

from learning_world import Watch
from world import memory_of
from nwflab import wait
from nwflab.forgery import FORGERIES, RATES, attempt
from nwflab.frames import udp
from nwflab.guests import A, B, port_of
from nwflab.learning import Traffic

FORGED = "10.77.0.200"  # an address that nobody has
LOCKED = 300  # frames of each kind, all honest ones passed and no forged one: the rules are in force
ANSWER = 30.0  # seconds that a phase may last
COSTS = ("threads", "descriptors", "pss", "rss")


# -- one guest after the other -------------------------------------------------------------------------------------------------


def one_by_one(world, size, mode):
    """Seconds from what teaches the driver a guest's address to the guest's rules, of so many guests in turn."""
    with world.crowd(size) as guests:
        for station in guests.stations:
            port = guests.port_of(station)
            world.bind(station, mode, port)
            watch = Watch(world.wire, [station], guests.send)
            watch.closed()
            world.settle()
            seconds = watch.opened(world.lesson(mode, [station], guests.send))
            world.expect({port: station.ip})
            yield f"learn {mode}", seconds[station]


def after_packet(world, sizes):
    """A guest's first packet, until its rules are in force."""
    yield from one_by_one(world, sizes.lessons, "any")


def after_ack(world, sizes):
    """A server's answer, until the guest's rules are in force."""
    yield from one_by_one(world, sizes.lessons, "dhcp")


# -- what passes ---------------------------------------------------------------------------------------------------------------


class Flow(Traffic):
    """Traffic of A: what is honest first, then what is forged."""

    HONEST, FORGED = udp(), udp(src=FORGED)

    def __init__(self, world, honest=(HONEST,), forged=(FORGED,)):
        super().__init__(world.wire, A, [*honest, *forged])
        self.honest = len(honest)

    def _locked(self):
        last = min(self.sent) - 50  # of what was sent later some may be on its way
        passed = [sum(number in came for number in range(last - LOCKED, last)) for came in self.came]
        return last > LOCKED and set(passed[:self.honest]) <= {LOCKED} and set(passed[self.honest:]) == {0}

    def settle(self):
        """Returns when the rules are in force, or when that seems never to be."""
        try:
            wait.until(self._locked, "", ANSWER, 0.02)
        except wait.Timeout:
            pass  # the counts tell

    def passed(self):
        """(forged frames that passed, honest frames that did not) since mark(); behind the block."""
        counts = self.counts()
        return sum(came for _, came in counts[self.honest:]), sum(sent - came for sent, came in counts[:self.honest])


def creation(world, sizes, mode):
    """Frames with somebody else's addresses that pass after the call has returned; neither driver learns from them."""
    with Flow(world, (), [udp(src_mac=B.mac, src=B.ip)]) as flow:
        flow.wait_for(50)
        world.bind(A, mode)
        flow.mark()
        flow.wait_for(sizes.frames)
        flow.settle()
    return flow.passed()[0]


def lesson(world, mode):
    """(forged, lost) from what teaches the driver the address until the rules are there."""
    if mode == "any":
        with Flow(world) as flow:
            flow.settle()
        return flow.passed()
    send = world.wire.guests[A].sender.send
    teach = world.lesson(mode, [A], lambda _, text: send(text))
    with Flow(world) as flow:
        flow.wait_for(50)
        flow.mark()
        teach([A])
        flow.settle()
    return flow.passed()


def renewal(world, sizes, begin_anew):
    """(forged, lost) while the daemon begins anew."""
    with Flow(world) as flow:
        flow.wait_for(LOCKED)
        flow.mark()
        begin_anew()
        flow.wait_for(sizes.frames)
        flow.settle()
    return flow.passed()


def life(world, sizes, mode):
    """One port's life under forged frames."""
    yield f"forged create {mode}", creation(world, sizes, mode)
    world.settle()
    phases = (("learning", lambda: lesson(world, mode)),
              ("reload", lambda: renewal(world, sizes, world.lab.daemon.reload)),
              ("restart", lambda: renewal(world, sizes, world.lab.restart)))
    for name, phase in phases:
        forged, lost = phase()
        if name == "learning":
            world.expect({port_of(A): A.ip})
        yield f"forged {name} {mode}", forged
        yield f"lost {name} {mode}", lost


def life_any(world, sizes):
    """Forged frames at create, learning, reload and restart, mode any."""
    yield from life(world, sizes, "any")


def life_dhcp(world, sizes):
    """Forged frames at create, learning, reload and restart, mode dhcp."""
    yield from life(world, sizes, "dhcp")


# -- forged answers ------------------------------------------------------------------------------------------------------------


def starved(world, sizes):
    """A guest asks for its address while a neighbour floods it with forged answers."""
    for name, forgery in FORGERIES.items():
        for rate in RATES:
            attempts = [attempt(world.host, world.wire, A, forgery, rate) for _ in range(sizes.tries)]
            yield f"starved {name} {rate}", sum(each.learned for each in attempts)
            yield f"starved rate {name} {rate}", statistics.median(each.rate for each in attempts)
            yield f"starved share {name} {rate}", 100 * statistics.median(each.share for each in attempts)


# -- all at once ---------------------------------------------------------------------------------------------------------------


def costs(world):
    """What the daemon has now, in the order of COSTS."""
    daemon = world.lab.daemon
    return (len(daemon.threads()), world.host.files_open(), *memory_of(daemon.pid))


def all_at_once(world, size, mode):
    """So many ports learn at once."""
    world.lab.bind(port_of(B), "clean-traffic", {"IP": B.ip}, mac=B.mac)  # the first use of everything
    with world.crowd(size) as guests:
        world.settle()
        before = costs(world)

        def growth(state):
            for what, old, new in zip(COSTS, before, costs(world)):
                yield f"{what} {state} {mode} {size}", (new - old) / size

        begin = time.perf_counter()
        for station in guests.stations:
            world.bind(station, mode, guests.port_of(station))
        watch = Watch(world.wire, guests.stations, guests.send)
        yield f"interim {mode} {size}", watch.closed() - begin
        world.settle()
        yield from growth("learning")
        seconds = watch.opened(world.lesson(mode, guests.stations, guests.send), repeat=mode == "any")
        yield f"without {mode} {size}", size - len(seconds)
        yield f"all {mode} {size}", max(seconds.values())
        world.expect({guests.port_of(station): station.ip for station in seconds})
        yield from growth("learned")


def crowd_any(world, sizes):
    """Many guests send their first packet at once."""
    yield from all_at_once(world, sizes.crowd, "any")


def crowd_dhcp(world, sizes):
    """Many guests get their answer at once."""
    yield from all_at_once(world, sizes.crowd, "dhcp")


def host_any(world, sizes):
    """As many guests as a large host has send their first packet at once."""
    yield from all_at_once(world, sizes.host, "any")


def host_dhcp(world, sizes):
    """As many guests as a large host has get their answer at once."""
    yield from all_at_once(world, sizes.host, "dhcp")
