# SPDX-License-Identifier: LGPL-2.1-or-later
"""
execs.py: which programs a process starts

strace follows the daemon and all of its children and writes one line for each execve. The programs run as they always do,
since nothing is put in their place.
"""

import os
import re
import shutil
import subprocess
import tempfile

from . import wait


class Execs:
    """While the block runs, execs of `pid` and its children are noted; `programs` lists their names in order, so far and afterwards.

    A program has its line before it does anything. That none was started proves something only where a later one is seen.
    """

    def __init__(self, pid):
        self.pid = pid
        self._process = None
        self._trace = None
        self._found = None

    @property
    def programs(self):
        """Names of the programs that were started."""
        return self._read() if self._found is None else self._found

    def __enter__(self):
        strace = shutil.which("strace")
        if not strace:
            raise FileNotFoundError("no strace; it is needed to count processes")
        handle, self._trace = tempfile.mkstemp(prefix="execs-")
        os.close(handle)
        self._process = subprocess.Popen([strace, "-f", "-e", "trace=execve", "-e", "signal=none", "-o", self._trace,
                                          "-p", str(self.pid)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.PIPE)
        wait.until(self._attached, "strace attached to all threads of the daemon")
        return self

    def _attached(self):
        """Every thread must be traced, since each may start a child."""
        tracers = []
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{task}/status", encoding="utf-8") as status:
                    tracers.append(re.search(r"TracerPid:\s*(\d+)", status.read()).group(1))
            except OSError:
                pass  # the thread ended meanwhile
        return all(tracer == str(self._process.pid) for tracer in tracers)

    def __exit__(self, *_):
        # Asked to end, strace lets one thread go after the other and waits for each. One that starts a program is not to be interrupted
        # before its child is let go, and both wait for ever. The death of a tracer frees all at once.
        self._process.kill()
        self._process.communicate(timeout=10)
        self._found = self._read()
        os.unlink(self._trace)

    def _read(self):
        with open(self._trace, encoding="utf-8", errors="replace") as trace:
            found = re.findall(r'execve\("([^"]*)", \[?"?([^",\]]*).*\) = 0$', trace.read(), re.M)
        return [os.path.basename(path) for path, _ in found]
