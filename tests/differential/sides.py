# SPDX-License-Identifier: LGPL-2.1-or-later
"""
sides.py: the two drivers, side by side

A Side is a worker process in a sandbox of its own (worker.py). It takes jobs in the order in which they are handed in and works on
them while the other side works on its own: the stock driver needs a second where this one needs milliseconds.

Invariants: every job gets an answer, if only that its side is gone; a side ends with the `with` block, sandbox and all.
"""

import concurrent.futures
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SANDBOX = HERE.parent.parent / "scripts" / "sandbox"


class Broken(AssertionError):
    """A side could not do its work: a daemon that died, a tool that is missing."""


class Side:
    """One driver; `name` is for reports, `driver` 'ours' or 'stock'."""

    def __init__(self, name, driver):
        self.name = name
        self._process = subprocess.Popen([SANDBOX, "--", sys.executable, "-B", HERE / "worker.py", driver], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._queue = concurrent.futures.ThreadPoolExecutor(1)

    def submit(self, steps):
        """Hands in a job; a future of the list of its results."""
        return self._queue.submit(self._do, steps)

    def _do(self, steps):
        self._process.stdin.write(json.dumps(steps) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise Broken(f"{self.name}: the worker is gone")
        answer = json.loads(line)
        if "broken" in answer:
            raise Broken(f"{self.name}: {answer['broken']}\n{answer.get('log', '')}")
        return answer["results"]

    def close(self):
        """Ends the side; jobs that wait are forgotten."""
        self._queue.shutdown(wait=False, cancel_futures=True)
        self._process.kill()  # the sandbox dies with the script that made it
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
