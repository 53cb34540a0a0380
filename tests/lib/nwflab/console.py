# SPDX-License-Identifier: LGPL-2.1-or-later
"""
console.py: commands for a guest, by its second serial port

The guest reads lines `NUMBER COMMAND`, runs each command with its shell and answers with the output and a last line
`=NUMBER STATUS`. The number tells late answers of a command that was given up from those of the next one.

Invariants: no call waits longer than its limit. The connection is made anew for each command, because the socket behind it
is another one after a restore or a migration.
"""

import itertools
import select
import socket
import time

from . import wait

LIMIT = 30.0  # seconds that a command may take; an emulated processor on a loaded machine is slow


class Answer:
    """Exit status and output of a command."""

    def __init__(self, status, out):
        self.status = status
        self.out = out

    @property
    def ok(self):
        """Whether the exit status is 0."""
        return self.status == 0

    def __repr__(self):
        return f"<status {self.status}\n{self.out}>"


class Console:
    """The serial port whose socket is `path`."""

    _numbers = itertools.count(1)

    def __init__(self, path):
        self.path = str(path)

    def run(self, command, limit=LIMIT):
        """Runs a line of shell in the guest. Raises wait.Timeout if there is no answer in time."""
        end = time.monotonic() + limit
        number = str(next(self._numbers))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(limit)
            line.connect(self.path)
            line.sendall(f"{number} {command}\n".encode())
            text = b""
            while (answer := self._complete(text, number)) is None:
                ready, _, _ = select.select([line], [], [], max(0.0, end - time.monotonic()))
                part = line.recv(65536) if ready else b""
                if not part:
                    raise wait.Timeout(f"the guest {'hung up' if ready else f'did not answer within {limit:g} s'}: {command}\n"
                                       f"{text.decode(errors='replace')}")
                text += part
        return answer

    @staticmethod
    def _complete(text, number):
        """The Answer that `text` holds, if it is whole."""
        lines = text.decode(errors="replace").splitlines(keepends=True)
        for index, line in enumerate(lines):
            words = line.split()
            if len(words) == 2 and words[0] == f"={number}" and line.endswith("\n"):
                begin = max((place + 1 for place in range(index) if lines[place].startswith("=")), default=0)
                return Answer(int(words[1]), "".join(lines[begin:index]))
        return None

    def check(self, command, limit=LIMIT):
        """Output of a command that has to succeed."""
        answer = self.run(command, limit)
        assert answer.ok, f"in the guest: {command}: {answer}"
        return answer.out

    def answers(self, limit=2.0):
        """Whether the guest runs commands."""
        try:
            return self.run("true", limit).ok
        except (OSError, wait.Timeout):
            return False
