# SPDX-License-Identifier: LGPL-2.1-or-later
"""
session.py: a shell that commands are pasted into one after the other, and what each printed

Behind each command the shell prints its exit status between two control characters, which no command prints.
"""

import os
import re
import select
import time

LIMIT = 300.0  # seconds for one command; a busy machine builds slowly


class Session:
    """`process` reads commands of a shell from its standard input; a context manager, which ends it."""

    def __init__(self, process):
        self.process = process
        self.number = 0

    def run(self, command, limit=LIMIT):
        """(exit status, output) of a command."""
        self.number += 1
        self.process.stdin.write(f"{command}\nprintf '\\036%d {self.number}\\036\\n' $?\n")
        self.process.stdin.flush()
        output, end = "", time.monotonic() + limit
        while not (done := re.search(rf"\x1e(\d+) {self.number}\x1e\n", output)):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            part = os.read(self.process.stdout.fileno(), 1 << 16).decode(errors="replace") if ready else ""
            assert part, f"{command}: {'the shell ended' if ready else f'not done within {limit:g} s'}:\n{output[-6000:]}"
            output += part
        return int(done[1]), output[:done.start()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
