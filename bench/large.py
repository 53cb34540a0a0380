# SPDX-License-Identifier: LGPL-2.1-or-later
"""
large.py: large filters: what they take of the daemon's memory, and of its start

No port uses them. MiB are those of anonymous pages (see memory_of).
"""

import time

from change import processor_time
from nwflab import lab as labs
from nwflab.client import Failed
from nwflab.memory import large_filter, large_name, memory_of
from world import ENVIRONMENT


class LargeWorld:
    """A daemon without filters."""

    def __init__(self, driver):
        self.driver = driver
        self.lab = labs.Lab(driver)
        self.lab.new_daemon(environment=ENVIRONMENT)

    def __enter__(self):
        self.lab.client.define(large_filter(0))  # the first, slower use of everything
        self.lab.client.undefine(large_name(0))
        return self

    def __exit__(self, *_):
        self.lab.close()
        labs.wipe()

    def taken(self):
        """MiB of the daemon."""
        return memory_of(self.lab.daemon.pid)[0] / 1024


def refuse(client, number):
    """A definition whose last rule is wrong."""
    try:
        client.define(large_filter(number, wrong=True))
    except Failed:
        return
    raise RuntimeError("a wrong definition was accepted")


def filters(world, sizes):
    """Large filters are refused, defined, read at a start, undefined."""
    lab, many = world.lab, sizes.large_filters
    before = world.taken()
    for number in range(many):
        refuse(lab.client, number)
    yield "large refused", world.taken() - before
    for number in range(many):
        lab.client.define(large_filter(number))
    yield "large defined", (world.taken() - before) / many
    lab.hang_up()
    lab.daemon.stop()
    begin = time.perf_counter()
    lab.daemon.start(600)
    yield "large start", time.perf_counter() - begin
    yield "large cpu", processor_time(lab.daemon.pid)
    names = lab.client.filters()
    if len(names) != many:
        raise RuntimeError(f"{world.driver}: {len(names)} of {many} filters are known after the start")
    for name in names:
        lab.client.undefine(name)
    yield "large undefined", world.taken() - before


def rows(sizes):
    """The lines of the table."""
    many = sizes.large_filters
    return [
        ("large defined", f"{many} filters of 1 MiB: memory of the daemon for each, MiB", "number"),
        ("large undefined", "the same, read at a start: what is left when all are undefined, MiB", "number"),
        ("large refused", f"{many} definitions of 1 MiB are refused: what is left, MiB", "number"),
        ("large start", f"daemon starts, {many} filters of 1 MiB, until it answers, ms", "ms"),
        ("large cpu", "the same, processor time of the daemon until then, ms", "ms"),
    ]
