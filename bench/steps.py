# SPDX-License-Identifier: LGPL-2.1-or-later
"""
steps.py: what is measured, in which world, and how often

A step gets a world (world.py) and yields pairs of a figure's name and a value: seconds, KiB or a count. Steps of one world are done in one
daemon's life, in the order of the table; each round does every world with each driver in turn.
"""

import re
import typing

import change
import engine
import flap
import large
import learning
from bare import Bare
from change_world import ForeignWorld, GuardWorld
from learning_world import LearningWorld
from world import INNER, NEW_SOURCE, World, binding, clock, name_of, with_rule
from nwflab import kernel
from nwflab.execs import Execs

REPEATED = 3  # creates and deletes in one world


class Sizes(typing.NamedTuple):
    """How much of what; --quick has less."""

    some: int = 50  # ports made at once, and bound while a filter is updated
    others: tuple = (50, 200)  # ports that are there while one is created
    restarts: tuple = (50, 100)
    connections: int = 8
    turns: int = 30  # of a create against the bare batch
    lessons: int = 5  # guests that are learned one after the other
    tries: int = 6  # guests under a flood of forged answers, one after the other
    frames: int = 2000  # of each kind, forged while something happens
    crowd: int = 50  # ports that learn at once
    host: int = 500  # the same, with our driver alone
    visitors: int = 7  # ports that are bound and learn beside guests that flap, and as many before
    large: int = 200  # ports of an update and of a start that finds their rules
    storm: int = 100  # ports made at once over more connections
    gaps: int = 5  # ports beside the one whose frames are counted
    foreign: tuple = (20, 200)  # ports whose rules somebody else takes away; our driver alone
    foreign_rounds: int = 3
    thousand: int = 1000  # our driver alone
    engine: int = 2000  # ports of the engine without a kernel
    large_filters: int = 100  # of 1 MiB


FULL = Sizes()
QUICK = Sizes(some=6, restarts=(6, 12), turns=15, lessons=2, tries=1, frames=1000, crowd=6, host=50, visitors=4, large=8, storm=16, gaps=1, foreign=(20, 60),
              foreign_rounds=1, thousand=150, large_filters=30)


def create_and_delete(world, others):
    """One port comes and goes."""
    for _ in range(REPEATED):
        yield f"create {others}", clock(world.client.bind, binding(0))
        yield f"delete {others}", clock(world.client.unbind, name_of(0))


def alone(world, _sizes):
    """No other port is there."""
    yield from create_and_delete(world, 0)


def crowded(world, sizes):
    """Others are there."""
    for others in sizes.others:
        world.fill_to(others)
        yield from create_and_delete(world, others)


def burst(world, sizes):
    """Many creates over many connections; the daemon's memory before and after."""
    assert world.bound == 0
    before = world.memory()
    yield "burst", world.bind_to(sizes.some, sizes.connections)
    for name, old, new in zip(("pss", "rss"), before, world.memory()):
        yield name, (new - old) / sizes.some


def update(world, sizes):
    """An inner filter gets one rule more."""
    if world.bound < sizes.some:
        world.bind_to(sizes.some, sizes.connections)
    yield "update", clock(world.client.define, with_rule(world.client.filter_xml(INNER)))
    new = len(re.findall(rf"^-A \S+ .*{NEW_SOURCE}", kernel.save("eb"), re.M))
    if new != world.bound:
        raise RuntimeError(f"{world.driver}: of {world.bound} ports {new} have the rule of the update")


def restarts(world, sizes):
    """The daemon starts, and has to make the rules of all bindings anew."""
    daemon = world.lab.daemon
    for many in (0, *sizes.restarts):
        world.lab.hang_up()
        daemon.stop()
        world.lay_files(many)
        kernel.flush()
        if many == 0:
            yield "start 0", clock(daemon.start)
            continue
        yield f"start {many}", world.start_filtered(many, 60 + 10 * many)
        with daemon.client() as client:  # it is served when the start is over
            if len(client.bindings()) != many:
                raise RuntimeError(f"{world.driver}: of {many} bindings {len(client.bindings())} are known after the start")


def last_of_many(world, sizes):
    """The create of the last port against its batch alone; and what many ports take of the daemon's memory."""
    first, last = sizes.others[0] - 1, sizes.others[-1] - 1
    world.fill_to(first)
    before = world.memory()
    world.fill_to(last)
    for name, old, new in zip(("pss", "rss"), before, world.memory()):
        yield f"{name} many", (new - old) / (last - first)
    yardstick = Bare(world)
    for number in range(sizes.turns):
        for what, seconds in yardstick.turn(number).items():
            yield f"last {what}", seconds


def processes(world, _sizes):
    """Programs that the daemon starts in each call, counted by strace; not timed."""
    client, several = world.client, 2
    inner = client.filter_xml(INNER)

    def count(function, *arguments):
        with Execs(world.lab.daemon.pid) as execs:
            function(*arguments)
        return len(execs.programs)

    yield "execs create", count(client.bind, binding(0))
    yield "execs update", count(client.define, with_rule(inner))
    yield "execs identical", count(client.define, with_rule(inner))
    yield "execs delete", count(client.unbind, name_of(0))
    client.define(inner)
    world.bind_to(several)
    yield "execs update several", count(client.define, with_rule(inner))


class Step(typing.NamedTuple):
    """One row of the table below."""

    names: tuple  # for --only
    world: str
    function: typing.Callable
    rounds: int = 1000  # no more than these
    drivers: tuple = ("stock", "ours")
    place: typing.Callable = World  # the same for all steps of a world


STEPS = (
    Step(("create",), "few", alone),
    Step(("burst", "memory"), "few", burst),
    Step(("update",), "few", update),
    Step(("create",), "many", crowded),
    Step(("restart",), "restart", restarts, rounds=2),
    Step(("bare", "memory"), "last", last_of_many, drivers=("ours",)),
    Step(("processes",), "count", processes, rounds=1),
    Step(("engine",), "engine", engine.update, drivers=("ours",), place=engine.Program),
    Step(("change", "restart200"), "large", change.restart_large, rounds=1),
    Step(("change", "update200"), "large", change.update_large, rounds=1),
    Step(("change", "storm"), "storm", change.storm, rounds=1),
    Step(("change", "gaps"), "gaps", change.gaps, rounds=1, place=GuardWorld),
    Step(("change", "gaps"), "gaps large", change.gaps_large, rounds=1, drivers=("ours",), place=GuardWorld),
    Step(("change", "reconcile"), "foreign", change.reconcile, rounds=1, drivers=("ours",), place=ForeignWorld),
    Step(("change", "thousand"), "thousand", change.thousand, rounds=1, drivers=("ours",)),
    Step(("large",), "large filters", large.filters, rounds=1, place=large.LargeWorld),
    Step(("learning", "learn-first"), "first", learning.after_packet, place=LearningWorld),
    Step(("learning", "learn-ack"), "ack", learning.after_ack, place=LearningWorld),
    Step(("learning", "learn-forged"), "life any", learning.life_any, place=LearningWorld),
    Step(("learning", "learn-forged"), "life dhcp", learning.life_dhcp, place=LearningWorld),
    Step(("learning", "learn-starved"), "starved", learning.starved, rounds=1, drivers=("ours",), place=LearningWorld),
    Step(("learning", "learn-crowd"), "crowd any", learning.crowd_any, rounds=1, place=LearningWorld),
    Step(("learning", "learn-crowd"), "crowd dhcp", learning.crowd_dhcp, rounds=1, place=LearningWorld),
    Step(("learning", "flap"), "flap tcp", flap.ipv4, rounds=1, drivers=("ours",), place=LearningWorld),
    Step(("learning", "flap"), "flap ip", flap.ethernet, rounds=1, drivers=("ours",), place=LearningWorld),
    Step(("learning", "saved"), "saved", flap.files, rounds=1, drivers=("ours",), place=flap.LeasesWorld),
    Step(("learning", "learn-host"), "host any", learning.host_any, rounds=1, drivers=("ours",), place=LearningWorld),
    Step(("learning", "learn-host"), "host dhcp", learning.host_dhcp, rounds=1, drivers=("ours",), place=LearningWorld),
)


def names():
    """All that --only takes."""
    return sorted({name for step in STEPS for name in step.names})


APART = {"learning", "change", "large"}  # they have runs of their own


def usual():
    """What is measured without --only."""
    return sorted({name for step in STEPS if not APART & set(step.names) for name in step.names})


def in_worlds(wanted):
    """{world: steps} of the steps that one of the wanted names selects, in order."""
    result = {}
    for step in STEPS:
        if set(step.names) & set(wanted):
            result.setdefault(step.world, []).append(step)
    return result
