# SPDX-License-Identifier: LGPL-2.1-or-later
"""
change.py: what happens when something changes under many ports: a filter, the daemon, many ports at once, somebody else's change

Steps as in steps.py. Ports that a stock daemon has to know before it starts are laid as files, with their rules in the kernel as that
driver's last run would have left them (world.py), because it would take minutes to bind them.

How often: what takes the stock driver minutes is done once; the short ones of our driver are repeated.
"""

import os
import pathlib
import re
import subprocess
import time
import typing

from change_world import Writes, first_answer
from nwflab import kernel, wait
from world import FILTER, INNER, NEW_SOURCE, binding, clock, name_of, rule_lines, with_rule

REPEATED = {"stock": 1, "ours": 6}
CONNECTIONS = 16
QUIET = 2.0  # seconds without a change of the tables, after which the last one was the last
CALM = 3.0  # seconds between two foreign changes: our driver rests after it has looked
PATIENCE = 20.0  # seconds until rules have come back


# -- the filter ----------------------------------------------------------------------------------------------------------------


def updates(world, many):
    """Seconds of the definition of an inner filter with one rule more, or one less again."""
    old = world.client.filter_xml(INNER)
    for turn in range(REPEATED[world.driver]):
        more = turn % 2 == 0
        yield f"update {many}", clock(world.client.define, with_rule(old) if more else old)
        found = len(re.findall(rf"^-A \S+ .*{NEW_SOURCE}", kernel.save("eb"), re.M))
        if found != (many if more else 0):
            raise RuntimeError(f"{world.driver}: of {many} ports {found} have the rule of the update")
    world.expect(many)


# -- the daemon ----------------------------------------------------------------------------------------------------------------


def stop_with(world, many):
    """The daemon has ended; files and rules of so many ports are there."""
    world.fill_to(many)
    world.lab.hang_up()
    world.lab.daemon.stop()
    if world.bound < many:
        world.lay_files(many)


def processor_time(pid):
    """Seconds of processor time of a process since its start, and of its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def start_with(world, many):
    """The daemon starts: seconds until it answers, until it knows that all rules are in force; and how often it wrote."""
    daemon, limit, before = world.lab.daemon, 60 + 10 * many, sorted(rule_lines())
    with Writes() as writes:
        begin = time.perf_counter()
        daemon.spawn()
        answered, known = first_answer(daemon, limit)
        world.client.define(world.client.filter_xml(FILTER))
        verified = time.perf_counter()
        writes.quiet(QUIET, limit)
    yield f"answers {many}", answered - begin
    yield f"verified {many}", max([verified, *writes.times[-1:]]) - begin
    yield f"written {many}", writes.count
    yield f"cpu {many}", processor_time(daemon.pid)
    world.expect(many)
    if known != many or (world.driver == "ours" and sorted(rule_lines()) != before):
        raise RuntimeError(f"{world.driver}: {known} of {many} bindings are known after the start, or the rules are others than before")


def starts(world, many):
    """The daemon starts again and again."""
    for _ in range(REPEATED[world.driver]):
        stop_with(world, many)
        yield from start_with(world, many)


def restart_large(world, sizes):
    """The daemon starts, and finds the rules of many ports in force."""
    yield from starts(world, sizes.large)


def update_large(world, sizes):
    """An inner filter of many ports gets a rule more."""
    if world.bound < sizes.large:
        stop_with(world, sizes.large)
        list(start_with(world, sizes.large))
    yield from updates(world, sizes.large)


# -- many at once --------------------------------------------------------------------------------------------------------------


def storm(world, sizes):
    """Many creates over many connections at once."""
    yield f"storm {sizes.storm}", world.bind_to(sizes.storm, CONNECTIONS)


def thousand(world, sizes):
    """More ports than most hosts have: creates, memory, one more, an update, starts."""
    many, before = sizes.thousand, world.memory()
    yield f"storm {many}", world.bind_to(many, CONNECTIONS)
    for name, old, new in zip(("pss", "rss"), before, world.memory()):
        yield f"{name} {many}", (new - old) / many
    for _ in range(REPEATED[world.driver]):
        yield f"create {many}", clock(world.client.bind, binding(0))
        yield f"delete {many}", clock(world.client.unbind, name_of(0))
    yield from updates(world, many)
    yield from starts(world, many)


# -- frames --------------------------------------------------------------------------------------------------------------------

LAYERS = {"ethernet": ("ethernet",), "ip": ("ip",), "all": ("ethernet", "ip")}


def under_traffic(world, many):
    """Frames that are judged wrongly while the filter of so many ports changes, and while the daemon restarts."""
    def update(layers):
        world.versions.turn(layers)
        world.define()

    changes = {name: lambda layers=layers: update(layers) for name, layers in LAYERS.items()}
    world.bind_to(many, CONNECTIONS)
    for name, change in {**changes, "restart": world.begin_anew}.items():
        for _ in range(REPEATED[world.driver]):
            for what, number in zip(("sent", "passed", "lost"), world.frames_during(change)):
                yield f"{what} {name} {many}", number
            world.is_current()


def gaps(world, sizes):
    """Frames that pass or are lost during updates and a restart, few ports."""
    yield from under_traffic(world, sizes.gaps)


def gaps_large(world, sizes):
    """Frames that pass or are lost during updates and a restart, many ports."""
    yield from under_traffic(world, sizes.foreign[-1])


# -- somebody else's change -------------------------------------------------------------------------------------------------------


class ForeignChange(typing.NamedTuple):
    """What somebody else does, what takes it away, and what of it stands behind our jumps when all is right again."""

    deed: str
    undo: str = ""
    left: tuple = ()


FOREIGN_CHANGES = {
    "ruleset": ForeignChange("nft flush ruleset"),
    "bridge": ForeignChange("ebtables -t nat -F"),
    "accept": ForeignChange("iptables -I FORWARD 1 -j ACCEPT", "iptables -D FORWARD -j ACCEPT", ("-j ACCEPT",)),
}


def reconciled(change, wanted):
    """Seconds from the other's transaction to the last one that made the rules right again."""
    right = {**wanted, "ip4": {**wanted["ip4"], "filter FORWARD": [*wanted["ip4"]["filter FORWARD"], *change.left]}}
    time.sleep(CALM)
    with Writes() as writes:
        subprocess.run(change.deed.split(), check=True, timeout=30)

        def is_right():
            writes.quiet(0.5, PATIENCE)
            return kernel.snapshot() == right

        wait.until(is_right, f"the rules are right again after '{change.deed}'", PATIENCE)
    if len(writes.times) < 2:
        raise RuntimeError(f"'{change.deed}' changed nothing that had to be put right")
    if change.undo:
        subprocess.run(change.undo.split(), check=True, timeout=30)
    return writes.times[-1] - writes.times[0]


def reconcile(world, sizes):
    """Somebody else takes rules away, or lets everything pass before they are asked."""
    for many in sizes.foreign:
        world.bind_to(many, CONNECTIONS)
        wanted = kernel.snapshot()
        for _ in range(sizes.foreign_rounds):
            world.begin_anew()  # it puts right at once five times, then with growing pauses
            for name, change in FOREIGN_CHANGES.items():
                yield f"reconcile {name} {many}", reconciled(change, wanted)
