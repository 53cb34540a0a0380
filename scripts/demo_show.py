# SPDX-License-Identifier: LGPL-2.1-or-later
"""
demo_show.py: what the demo prints, what of it was not as it should be, and signs of life between

A Show prints a story and keeps its results. A second one that is `silent` keeps results alone, for the comparison.

Invariants: no line is wider than COLUMNS. While nothing is printed there is a sign of life each second: on a terminal a line that
says what is done, elsewhere a dot behind that.
"""

import os
import sys
import textwrap
import threading
import time
from dataclasses import dataclass

COLUMNS = 100
MARGIN = "   "
WHAT, WORD = 42, 9  # columns of a result


class Pulse:
    """Signs of life on standard output; everything that is printed goes through here."""

    def __init__(self, pause=1.0):
        self.pause = pause
        self._doing = "making bridge and guests"
        self._lock = threading.Lock()
        self._begin = self._last = time.monotonic()
        self._column = 0  # 0: no sign stands in the line
        self._stop = threading.Event()
        self._terminal = sys.stdout.isatty()
        threading.Thread(target=self._beat, daemon=True).start()

    def print(self, text):
        """Prints a line or several."""
        with self._lock:
            self._end_of_signs()
            print(text, flush=True)
            self._begin = self._last = time.monotonic()

    def begin(self, doing):
        """What is done from now on."""
        with self._lock:
            self._end_of_signs()
            self._doing = doing

    def stop(self):
        """No more signs; what comes next on the terminal is somebody else's."""
        self._stop.set()
        with self._lock:
            self._end_of_signs()

    def _end_of_signs(self):
        if self._column:
            print("\r\033[K" if self._terminal else "\n", end="", flush=True)
        self._column = 0

    def _beat(self):
        while not self._stop.wait(self.pause / 10):
            with self._lock:
                now = time.monotonic()
                if now - self._last >= self.pause and not self._stop.is_set():
                    self._last = now
                    self._sign(now - self._begin)

    def _sign(self, seconds):
        if self._terminal:
            text = _cut(f"{MARGIN}… {self._doing}, {seconds:.0f} s", COLUMNS)
            print(f"\r{text}\033[K", end="", flush=True)
            self._column = 1
            return
        if self._column >= COLUMNS:
            self._end_of_signs()
        begin = "" if self._column else _cut(f"{MARGIN}{self._doing} ", COLUMNS // 2)
        print(begin, end=".", flush=True)
        self._column += len(begin) + 1


@dataclass(frozen=True)
class Result:
    """One line of results, under the heading of its step."""

    step: str
    what: str
    word: str
    good: bool


class Show:
    """What is printed, and how much of it was not as it should be."""

    def __init__(self, pulse, silent=False):
        self.pulse, self.silent = pulse, silent
        self.results = []
        self.step = ""
        self.colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def _paint(self, number, text):
        return f"\033[{number}m{text}\033[0m" if self.colours else text

    def _print(self, text):
        if not self.silent:
            self.pulse.print(text)

    def heading(self, text):
        """A step begins."""
        self.step = text
        self.pulse.begin(text)
        self._print("\n" + self._paint("1", text))

    def text(self, *lines):
        """An explanation; what does not fit goes on in the next line."""
        for line in lines:
            wrapped = textwrap.wrap(line, COLUMNS, initial_indent=MARGIN, subsequent_indent=MARGIN + "    ", replace_whitespace=False,
                                    drop_whitespace=True, break_on_hyphens=False)
            self._print("\n".join(wrapped))

    def row(self, text):
        """A line of a table, whose blanks count."""
        self._print(f"{MARGIN}{text}".rstrip())

    def document(self, text):
        """A document with the numbers of its lines."""
        self._print("\n".join(f"{MARGIN}{number:4}  {line}" for number, line in enumerate(text.splitlines(), 1)))

    def command(self, text, seconds):
        """A command that was run."""
        text = _cut(f"$ {text}", 72)
        padding = " " * (72 - len(text))
        self._print(f"{MARGIN}{self._paint('36', text)}{padding} {seconds * 1000:8.1f} ms")

    def result(self, what, word, good, why=""):
        """One line of results; `good` says whether it is as expected."""
        self.results.append(Result(self.step, what, word, good))
        mark = "" if good else "   <-- NOT AS EXPECTED"
        room = COLUMNS - len(MARGIN) - WHAT - max(WORD, len(word)) - 2 - len(mark)
        word = self._paint("32" if good else "31", f"{word:{WORD}}")
        self._print(f"{MARGIN}{what:{WHAT}} {word} {_cut(why, room)}{mark}".rstrip())

    @property
    def wrong(self):
        """How many results were not as expected."""
        return sum(not result.good for result in self.results)

    def verdict(self):
        """The last line; True if all was right."""
        if self.wrong:
            self.heading(f"{self.wrong} of {len(self.results)} results were not as expected.")
        else:
            self.heading(f"All {len(self.results)} results were as expected.")
        return not self.wrong


def _cut(text, room):
    """A text that fits."""
    return text if len(text) <= room else text[:max(room - 1, 0)] + "…"
