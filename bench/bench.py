# SPDX-License-Identifier: LGPL-2.1-or-later
"""
bench.py: the command line of scripts/bench: both drivers in turn, round by round, and a table at the end

    world.py      a daemon with ports that are bound, and the proof that they are filtered
    steps.py      what is measured, in which world
    bare.py       the least that a create can cost
    machine.py    on what it was measured
    change*.py    the same three for changes under many ports, and under traffic
    learning*.py  the same three for address learning, which needs guests
    flap.py       guests that change their leases all the time
    large.py      large filters, in a world of their own
    report.py     the tables

In each round each world is built first for one driver, then for the other, which comes first changing from round to round: a slow
moment of the machine hits both. A result that is wrong (a port without its rules) ends the run; a slow one never does.

Limits: times by the clock, of calls made by python3-libvirt in this process. Compare only what was taken in one run.
"""

import argparse
import datetime
import json
import os
import pathlib
import shlex
import sys
import time

import machine
import report
import steps

DRIVERS = ("stock", "ours")


def arguments_of(words, names):
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures libvirt's own nwfilter driver and this one in turn, "
                                     "and prints figures and ratios.")
    parser.add_argument("--rounds", type=int, default=None, metavar="N", help="rounds (default: 3, with --quick 1)")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME",
                        help=f"measure this alone; may be repeated: {', '.join(names)} (default: all but change, large and learning)")
    parser.add_argument("--quick", action="store_true", help="fewer ports where the stock driver is slow; two or three minutes")
    parser.add_argument("--markdown", action="store_true", help="print the tables as docs/performance.md has them")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write every value to this file")
    options = parser.parse_args(words)
    if options.rounds is None:
        options.rounds = 1 if options.quick else 3
    if options.rounds < 1:
        parser.error("--rounds takes a number from 1 on")
    return options


class Run:
    """All rounds. figures: {driver: {figure: [[value, …] of each round]}}."""

    def __init__(self, sizes, rounds):
        self.sizes = sizes
        self.rounds = rounds
        self.begin = time.monotonic()
        self.figures = {driver: {} for driver in DRIVERS}

    def progress(self, number, driver, what):
        """A word about where we are."""
        minutes, seconds = divmod(int(time.monotonic() - self.begin), 60)
        print(f"[{minutes:2}:{seconds:02}] round {number + 1} of {self.rounds}, {driver}: {what}", file=sys.stderr, flush=True)

    def visit(self, number, driver, wanted):
        """One world of one driver in one round."""
        todo = [step for step in wanted if driver in step.drivers and number < step.rounds]
        if not todo:
            return
        with todo[0].place(driver) as world:
            for step in todo:
                self.progress(number, driver, step.function.__doc__.splitlines()[0])
                values = {}
                for figure, value in step.function(world, self.sizes):
                    values.setdefault(figure, []).append(value)
                for figure, each in values.items():
                    self.figures[driver].setdefault(figure, []).append(each)

    def do(self, worlds):
        """All of it. worlds: {name: steps}."""
        for number in range(self.rounds):
            for wanted in worlds.values():
                for driver in DRIVERS if number % 2 == 0 else reversed(DRIVERS):
                    self.visit(number, driver, wanted)

    def duration(self):
        """How long it took."""
        return f"{(time.monotonic() - self.begin) / 60:.1f} minutes"


def main():
    """Measures and prints."""
    words = sys.argv[1:]
    options = arguments_of(words, steps.names())
    if os.environ.get("NWF_SANDBOX") != "1":
        print("bench: start scripts/bench, which builds the sandbox around this", file=sys.stderr)
        return 2
    sizes = steps.QUICK if options.quick else steps.FULL
    now = datetime.datetime.now(datetime.timezone.utc)
    facts = {"command": shlex.join(["scripts/bench", *words]), "date": f"{now:%Y-%m-%d %H:%M} UTC", **machine.facts()}
    before = machine.load()
    run = Run(sizes, options.rounds)
    run.do(steps.in_worlds(options.only or steps.usual()))
    facts["run"] = f"rounds: {options.rounds}, taken: {run.duration()}; load averages {before} before, {machine.load()} after"
    print(report.text(run.figures, sizes, facts, options.markdown))
    if options.json:
        options.json.write_text(json.dumps({"facts": facts, "sizes": sizes._asdict(), "figures": run.figures}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
