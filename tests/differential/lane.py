# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lane.py: plays cases on both sides and compares

A case is handed in to both sides at once and judged when both have answered. What differs is told as a unified diff with the
documents; when a case of many rules differs, each of its rules is played again alone, so that the report names the guilty ones.

Invariant: whatever a case leaves in the kernel belongs to its own port, so a difference shows in one case only.
"""

import difflib
import itertools
import re
from collections import Counter
from dataclasses import dataclass, replace

import expected
from exceptions import Setting
from language import SETS
from model import Filter

GROUPED_SINCE = (10, 0, 0)  # two elements for two signs; before: a new one at each change


@dataclass
class Asked:
    """Steps with names for their results."""

    steps: list
    keys: list

    def add(self, key, *step):
        """One more step."""
        self.keys.append(key)
        self.steps.append(step)


class Played:
    """A case on its way through both sides."""

    def __init__(self, case, sides, same):
        self.case = case
        self.same = same
        self.setting = None
        asked = {name: self._asked(same or name == "stock") for name in sides}
        self._keys = {name: asked[name].keys for name in sides}
        self._futures = {name: side.submit(asked[name].steps) for name, side in sides.items()}

    # -- questions -----------------------------------------------------------------------------------------------------

    def _asked(self, stock):
        asked, case = Asked([], []), self.case
        self.setting = Setting(case.parameters) if stock else self.setting
        asked.add(None, "port", case.port)
        for index, document in enumerate(case.documents()):
            twin = expected.twin(document, stock)
            asked.add(("twin", index), "define", twin.xml())
            asked.add(None, "undefine", twin.name)
            aside = expected.aside(document, Setting(case.parameters))
            if stock and aside:
                asked.add(("aside", index), "define", aside.xml())
                asked.add(None, "undefine", aside.name)
        stages = case.stages()
        for index, document in enumerate(case.filters):
            asked.add(("define", index), "define", self._text(document, stages[0], stock))
        changes = [self._text(document, stage, stock) for document, stage in zip(case.then, stages[1:])]
        asked.add(("bind", 0), "bind", case.binding(self.setting.more if stock else ()))
        asked.add(("kernel", "created"), "kernel")
        for index, text in enumerate(changes):
            asked.add(("change", index), "define", text)
            asked.add(("kernel", f"changed {index}"), "kernel")
        asked.add(("unbind", 0), "unbind", case.port)
        asked.add(("kernel", "deleted"), "kernel")
        for document in case.filters:
            asked.add(("undefine", document.name), "undefine", document.name)
        asked.add(None, "no_port", case.port)
        asked.add(("listing", 0), "listing")
        return asked

    def _text(self, document, stage, stock):
        if not stock:
            return document.xml()
        several = expected.equal_priorities(stage, self.case.filters[0].name)
        return expected.for_stock_filter(document, several, self.setting).xml()

    # -- answers -------------------------------------------------------------------------------------------------------

    def results(self, name):
        """{key: result} of a side."""
        return {key: result for key, result in zip(self._keys[name], self._futures[name].result()) if key}

    def differences(self, grouped):
        """Texts of what differs; empty if nothing does."""
        ours, stock = self.results("ours"), self.results("stock")
        found = []
        for key, result in ours.items():
            if key[0] == "kernel":
                if ours["bind", 0]["outcome"] == "ok" == stock["bind", 0]["outcome"]:
                    found += self._kernel(key[1], *(of_port(snapshot, self.case.port) for snapshot in (result, stock[key])))
            elif key[0] == "listing":
                found += diff(str(key), str(stock[key]), str(result))
            else:
                found += self._call(key, result, stock, grouped)
        return found

    def _call(self, key, result, stock, grouped):
        outcome = {"ours": result["outcome"], "stock": stock[key]["outcome"]}
        if outcome["ours"] != outcome["stock"]:
            messages = "\n".join(f"  {side['outcome']}: {side.get('message', '')}" for side in (stock[key], result))
            return [f"refused: {key}: stock {outcome['stock']}, ours {outcome['ours']}\n{messages}"]
        if outcome["ours"] != "ok":
            return [] if key[0] == "unbind" else [f"refused: {key}: both {outcome['ours']}: {result['message']} / {stock[key]['message']}"]
        if key[0] == "twin":
            return diff(f"dumpxml {key[1]}", self._dump(key[1], stock, grouped), result["xml"])
        if key[0] == "bind":
            return diff("dumpxml of the binding", without_additions(stock[key]["xml"]), without_additions(result["xml"]))
        return []

    def _dump(self, index, stock, grouped):
        text = stock["twin", index]["xml"]
        if self.same:
            return text
        document = self.case.documents()[index]
        aside = stock.get(("aside", index), {"xml": None})
        assert "xml" in aside, f"the stock driver does not show canonical texts: {aside['message']}"
        return expected.dump(document, Setting(self.case.parameters), text, aside["xml"], grouped)

    def _kernel(self, when, result, stock):
        if self.same:
            return diff(f"kernel when {when}", as_text(stock), as_text(result))
        stages, top = self.case.stages(), self.case.filters[0].name
        number = {"created": 0, "deleted": len(stages) - 1}.get(when)
        number = int(when.split()[1]) + 1 if number is None else number
        before = set().union(*(expected.ip_versions(stage, top) for stage in stages[:number + 1]))
        now = set() if when == "deleted" else expected.ip_versions(stages[number], top)
        stage = None if when == "deleted" else stages[number]
        wanted = expected.kernel(stock, self.setting, stage, self.case, before - now)
        return diff(f"kernel when {when}", as_text(wanted), as_text(result))


def of_port(snapshot, port):
    """The rules without those of other ports, which a failed case may have left."""
    device = re.compile(r"(?:--physdev-(?:in|out)|^-[io]) (\S+)")
    own = re.compile(rf"(?:libvirt-|[A-Z]{{1,2}}-|[A-Z]+$)(?:[IOJP]-)?{re.escape(port)}\b|libvirt-(?:in|out|in-post|host-in)$|[A-Z]+$")
    return {tool: {name: [line for line in lines if device.match(line.removeprefix("-m physdev ")) is None
                          or device.match(line.removeprefix("-m physdev "))[1] == port]
                   for name, lines in chains.items() if own.match(name.split(" ")[1])} for tool, chains in snapshot.items()}


def without_additions(xml):
    """A binding's document without the variables that only the stock driver got."""
    return "".join(line for line in xml.splitlines(keepends=True) if "<parameter name='NWF" not in line)


def as_text(snapshot):
    """The kernel's rules as lines."""
    return "\n".join(f"{tool} {chain}{''.join(f'{chr(10)}    {line}' for line in lines)}"
                     for tool, chains in snapshot.items() for chain, lines in sorted(chains.items()))


def diff(title, wanted, got):
    """The difference of two texts, if there is one."""
    if wanted == got:
        return []
    lines = difflib.unified_diff(wanted.splitlines(), got.splitlines(), "expected from stock", "ours", lineterm="", n=1)
    return [f"{title}:\n" + "\n".join(lines)]


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
