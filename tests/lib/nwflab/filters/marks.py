# SPDX-License-Identifier: LGPL-2.1-or-later
"""
marks.py: finding in the kernel what the stock driver made of one rule, and saying what it should have made

A rule of which the stock driver makes too little is given to it with a mark that shows up in each line of the kernel that comes
from it: the beginning of a comment at the IP layers, a MAC address that nobody else uses at the Ethernet layer. Each marked line is
then rewritten, and the mark taken out.

Limits: an Ethernet rule with both MAC addresses has no room for a mark (Unmarkable).
"""

import re
from dataclasses import dataclass, field, replace

MAC = "02:4e:57:46:"  # followed by the number of the mark
WORD = "nwfmark"


class Unmarkable(Exception):
    """There is no room for a mark: the rule must not be played in this way."""


@dataclass
class Mark:
    """One marked rule; `mends` are functions (line, chain) -> lines; each match in a line has a blank before it."""

    number: int
    comment: str = None  # the rule's own
    mends: list = field(default_factory=list)

    @property
    def word(self):
        """How a comment begins."""
        return f"{WORD}{self.number:04d}X"

    @property
    def mac(self):
        """The MAC address."""
        return f"{MAC}{self.number >> 8:02x}:{self.number & 255:02x}"

    def marks(self, line):
        """Whether a line of the kernel comes from the rule."""
        return self.word in line or self.mac in line

    def clean(self, line):
        """The line without the mark."""
        line = re.sub(rf" -[sd] {self.mac}", "", f" {line}")
        if self.comment is None:
            return line.replace(f" -m comment --comment {self.word}", "")
        return line.replace(f"--comment {self.word} ", '--comment "" ').replace(self.word, "")

    def lines(self, line, chain):
        """What should stand in the place of a marked line."""
        result = [self.clean(line)]
        for mend in self.mends:
            result = [new for old in result for new in mend(old, chain)]
        return [line.strip() for line in result]


class Marks:
    """The marks of one case."""

    def __init__(self):
        self.all = []

    def put(self, rule, mend):
        """The rule with a mark, whose lines `mend` will rewrite; a rule that is marked already gets one more mend."""
        for mark in self.all:
            if mark.word in rule.text("comment", "") or mark.mac in (rule.text("srcmacaddr"), rule.text("dstmacaddr")):
                mark.mends.append(mend)
                return rule
        mark = Mark(len(self.all), rule.text("comment"), [mend])
        self.all.append(mark)
        if rule.is_ip:
            if len(rule.text("comment", "").encode()) > 230:
                raise Unmarkable("its comment is long")
            return rule.put("comment", mark.word + rule.text("comment", ""))
        for name in ("srcmacaddr", "dstmacaddr"):
            if not rule.has(name) and not rule.has(name.replace("addr", "mask")):
                return rule.put(name, mark.mac, negated=False)
        raise Unmarkable("it has both MAC addresses")

    def rewrite(self, chains):
        """Chains of one tool as they should be."""
        return {name: [new for line in lines for new in self._line(line, name)] for name, lines in chains.items()}

    def _line(self, line, chain):
        for mark in self.all:
            if mark.marks(line):
                return mark.lines(line, chain)
        return [line]


def unmarked(rule):
    """Whether a rule could be marked."""
    try:
        Marks().put(replace(rule), lambda line, chain: [line])
        return True
    except Unmarkable:
        return False
