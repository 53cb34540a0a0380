# SPDX-License-Identifier: LGPL-2.1-or-later
"""
wait.py: waiting with an end

The tests know two kinds of waiting: for a condition, by looking again and again (until), and for a call into a C library
that may hang because the daemon hangs (Watchdog), which is ended by killing that daemon.
"""

import threading
import time

LIMIT = 20.0  # seconds; far above what any step takes on a slow machine


class Timeout(AssertionError):
    """A condition did not come true in time."""


def until(condition, what, limit=LIMIT, pause=0.01):
    """Returns the first true result of condition(); raises Timeout, naming `what`, when there is none in time."""
    end = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Timeout(f"not within {limit:g} s: {what}")
        time.sleep(pause)


class Watchdog:
    """Calls `bite` when the block has not ended after `limit` seconds; `bitten` tells afterwards."""

    def __init__(self, limit, bite):
        self.bitten = False
        self._bite = bite
        self._timer = threading.Timer(limit, self._run)
        self._timer.daemon = True

    def _run(self):
        self.bitten = True
        self._bite()

    def __enter__(self):
        self._timer.start()
        return self

    def __exit__(self, *_):
        self._timer.cancel()
