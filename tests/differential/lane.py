# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lane.py: plays cases on both sides, judges and counts them

A case is handed in to both sides at once and judged when both have answered. When a case of many rules is refused, parts of it are
played again by halves, so that the report names the guilty rules.
"""

import itertools
from collections import Counter
from dataclasses import replace

import expected
from played import Played
from nwflab.filters.language import SETS
from nwflab.filters.model import Filter

GROUPED_SINCE = (10, 0, 0)  # two elements for two signs; before: a new one at each change


class Lane:
    """Both sides, and what was compared."""

    AHEAD = 3  # cases that are on their way while one is judged

    def __init__(self, sides, same):
        self.sides = sides
        self.same = same
        setup = [["ipset", "create", name, "hash:net"] for name in SETS["v4"]]
        setup += [["ipset", "create", name, "hash:net", "family", "inet6"] for name in SETS["v6"]]
        versions = [future.result()[-1] for future in [side.submit([*setup, ["version"]]) for side in sides.values()]]
        assert versions[0] == versions[1], "two releases of libvirt cannot be compared"
        self.version = tuple(versions[0])
        self.grouped = self.version >= GROUPED_SINCE
        self.documents = 0
        self._numbers = itertools.count()
        self.compared, self.odd, self.rows = Counter(), Counter(), Counter()

    # -- playing -------------------------------------------------------------------------------------------------------

    def play(self, case):
        """Hands a case in."""
        return Played(case, self.sides, self.same)

    def pipeline(self, cases):
        """A function that judges one of the cases, while the next ones are on their way."""
        waiting, coming = {}, list(cases)

        def judge(case):
            if case in coming:
                index = coming.index(case)
                for early in coming[index:index + self.AHEAD]:
                    if early.name not in waiting:
                        waiting[early.name] = self.play(early)
            self.judge(waiting.pop(case.name, None) or self.play(case))

        return judge

    def judge(self, played):
        """Raises AssertionError if the drivers differ."""
        found = played.differences(self.grouped)
        case = played.case
        if not found:
            self._count(case)
            return
        refused = any(text.startswith("refused") for text in found)
        guilty = self._guilty(case) if refused and len(case.rules()) > 1 else []
        documents = "\n".join(document.xml().replace("<rule", "\n  <rule") for document in case.documents())
        raise AssertionError("\n\n".join([case.name, *found, *guilty, documents, str(case.parameters)]))

    def _guilty(self, case, rules=None):
        """The rules of a case that differ when they are played alone, found by halves."""
        rules = case.rules() if rules is None else rules
        found = self.play(replace(case, filters=(Filter("alone", 999, tuple(rules)),), then=(), port=f"alone{next(self._numbers)}")).differences(self.grouped)
        if not found:
            return []
        if len(rules) == 1:
            return ["\n".join([f"alone: {rules[0].xml()}", *found])]
        half = len(rules) // 2
        return self._guilty(case, rules[:half]) + self._guilty(case, rules[half:])

    # -- counting ------------------------------------------------------------------------------------------------------

    def _count(self, case):
        """Counts the rules of a case that was compared."""
        for _, rows in expected.exceptions(case):
            self.compared[case.kind] += 1
            self.odd[case.kind] += bool(rows)
            self.rows.update(set(rows))

    def summary(self):
        """What was compared, in lines."""
        yield f"libvirt {'.'.join(map(str, self.version))}"
        for kind, count in self.compared.items():
            yield f"{kind}: {count} rules compared, {count - self.odd[kind]} of them without any exception"
        yield f"documents that are only defined: {self.documents}"
        yield "rules by row of docs/differences.md: " + (", ".join(f"{row} {count}" for row, count in sorted(self.rows.items())) or "none")
