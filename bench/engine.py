# SPDX-License-Identifier: LGPL-2.1-or-later
"""
engine.py: what the engine itself costs, without a kernel

Runs bench-engine (tests/unit/engine), in which the engine works with a backend whose kernel is a table in memory. The time of that backend
is left out, and processor time is counted, so the figure is what the engine adds to each change, whatever the backend.

Limits: there is no such program for the stock driver; the figure stands alone.
"""

import os
import subprocess

TURNS = 11


class Program:
    """A world without a daemon."""

    def __init__(self, _driver):
        self.path = os.environ["NWF_BENCH_ENGINE"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def update(program, sizes):
    """The engine's own time for an update."""
    text = subprocess.run([program.path, str(sizes.engine), str(TURNS)], check=True, capture_output=True, text=True).stdout
    for line in text.split()[1:]:  # the first update meets caches that are empty
        yield f"engine {sizes.engine}", float(line) / 1000
