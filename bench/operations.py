#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
operations.py: how long the calls take that users wait for, beside the stock driver in the same run

    scripts/bench [--rounds N] [--ports N] [--json FILE]

For each driver in turn a libvirtd is started in the sandbox. Measured are, through the API with one client: create a binding
of clean-traffic, delete it, update an inner filter that N ports use (add one rule to no-mac-spoofing and take it out again), define an
identical filter. Drivers alternate in every round, so that a slow moment of the machine hits both; each figure is a median with the
least and the greatest value, each ratio that of the medians.

Processes are counted by the daemon's own children: the kernel's count of forks by the daemon's threads is not exported, so a
separate round runs under strace and its execve lines are counted; it is not timed.

Limits: wall-clock times of a shared machine. Use the ratios.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "lib"))

from nwflab import lab as labs  # noqa: E402  pylint: disable=wrong-import-position
from nwflab import ports, texts  # noqa: E402  pylint: disable=wrong-import-position

EXTRA = "<rule action='drop' direction='out' priority='{priority}'><mac srcmacaddr='02:00:00:00:00:77'/></rule>"


def clock(function, *arguments):
    """Seconds that function(*arguments) takes."""
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def name_of(number):
    """Port of guest `number`."""
    return f"vnet{number}"


def binding(number):
    """clean-traffic for guest `number`."""
    return texts.binding_xml(name_of(number), "clean-traffic", {"IP": f"10.1.{number // 250}.{number % 250 + 1}"},
                             mac=f"52:54:00:00:{number // 256:02x}:{number % 256:02x}")


def with_rule(xml, priority):
    """The filter document with one more rule."""
    return xml.replace("</filter>", EXTRA.format(priority=priority) + "</filter>")


class Place:
    """One driver's world for one round."""

    def __init__(self, driver, others):
        self.lab = labs.Lab(driver)
        self.lab.ship()
        for number in range(others + 1):
            ports.add_port(name_of(number), kind="tap")
        self.others = others

    def bind_others(self):
        """Binds all ports but the last."""
        for number in range(self.others):
            self.lab.client.bind(binding(number))

    def measure(self):
        """Seconds of each operation."""
        client, last = self.lab.client, self.others
        inner = client.filter_xml("no-mac-spoofing")
        times = {"create": clock(client.bind, binding(last)), "delete": clock(client.unbind, name_of(last))}
        self.bind_others()
        times["update"] = clock(client.define, with_rule(inner, 400))
        times["update back"] = clock(client.define, inner)
        times["define identical"] = clock(client.define, inner)
        return times

    def close(self):
        """Ends the round."""
        self.lab.close()
        labs.wipe()


def count_processes(driver, operations):
    """How many programs the daemon starts in each operation, by strace."""
    place = Place(driver, 1)
    counts = {}
    try:
        client = place.lab.client
        client.bind(binding(0))
        inner = client.filter_xml("no-mac-spoofing")
        steps = {"create": lambda: client.bind(binding(1)), "delete": lambda: client.unbind(name_of(1)),
                 "update": lambda: client.define(with_rule(inner, 400)),
                 "define identical": lambda: client.define(with_rule(inner, 400))}
        for name in operations:
            trace = pathlib.Path("/run/lab/trace")
            strace = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=execve", "-e", "status=successful", "-o", trace, "-p",
                                       str(place.lab.daemon.pid)], stderr=subprocess.PIPE)
            time.sleep(0.5)
            steps[name]()
            strace.terminate()
            strace.wait(20)
            counts[name] = sum("execve(" in line for line in trace.read_text().splitlines())
    finally:
        place.close()
    return counts


def summary(values):
    """Median, least, greatest."""
    return statistics.median(values), min(values), max(values)


def run(rounds, others, names=("stock", "ours")):
    """Times per driver and operation."""
    times = {name: {} for name in names}
    for number in range(rounds):
        for name in names:
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            place = Place(name, others)
            try:
                for key, value in place.measure().items():
                    times[name].setdefault(key, []).append(value)
            finally:
                place.close()
    return times


def table(times, counts, others):
    """The result for people."""
    lines = [f"operation ({others} ports bound in updates)   stock ms (least-greatest)      ours ms (least-greatest)     ratio  processes"]
    for key in times["stock"]:
        stock, ours = summary(times["stock"][key]), summary(times["ours"][key])
        processes = f"{counts['stock'][key]} : {counts['ours'][key]}" if key in counts.get("stock", {}) else ""
        lines.append(f"{key:<38}" + "".join(f"{a * 1000:11.1f} ({b * 1000:.1f}-{c * 1000:.1f})".ljust(30) for a, b, c in (stock, ours))
                     + f"{stock[0] / ours[0]:7.0f}  {processes}")
    return "\n".join(lines)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description="Times of both drivers in one run.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ports", type=int, default=20, help="ports bound while a filter is updated")
    parser.add_argument("--no-count", action="store_true", help="do not count processes")
    parser.add_argument("--json", type=pathlib.Path, help="also write all times to this file")
    options = parser.parse_args()
    times = run(options.rounds, options.ports)
    operations = ("create", "delete", "update", "define identical")
    counts = {} if options.no_count else {name: count_processes(name, operations) for name in times}
    print(table(times, counts, options.ports))
    if options.json:
        options.json.write_text(json.dumps({"times": times, "processes": counts}, indent=1))


if __name__ == "__main__":
    main()
