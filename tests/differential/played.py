# SPDX-License-Identifier: LGPL-2.1-or-later
"""
played.py: one case on its way through both sides

Both sides get the same steps; the stock driver gets the rules that exceptions.py puts in the place of some, and is asked aside for
canonical texts. What differs is told as a unified diff.

Invariant: whatever a case leaves in the kernel belongs to its own port, so a difference shows in one case only.
"""

import difflib
import re
from dataclasses import dataclass

import expected
from nwflab.filters.exceptions import Setting, v1_applies


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
        self.misfit = not same and any(v1_applies(rule, Setting(case.parameters)) for rule in case.rules())
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
        if not (stock and self.misfit):
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
        if not stock or self.misfit:
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
        found = self._refusal(ours) if self.misfit else []
        for key, result in ours.items():
            if key not in stock:
                continue
            if key[0] == "kernel":
                if ours["bind", 0]["outcome"] == stock["bind", 0]["outcome"]:
                    refused = stock["bind", 0]["outcome"] != "ok"
                    found += self._kernel(key[1], refused, *(of_port(snapshot, self.case.port) for snapshot in (result, stock[key])))
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
            return [] if self.case.kind == "wild" else [f"refused: {key}: both {outcome['ours']}: {result['message']} / {stock[key]['message']}"]
        if key[0] == "twin":
            return diff(f"dumpxml {key[1]}", self._dump(key[1], stock, grouped), result["xml"])
        if key[0] == "bind":
            return diff("dumpxml of the binding", without_additions(stock[key]["xml"]), without_additions(result["xml"]))
        return []

    def _refusal(self, ours):
        """Row V1: whatever the stock driver makes of such a value, ours refuses it and leaves nothing behind."""
        left = as_text(of_port(ours["kernel", "created"], self.case.port, base=False))
        answer = ours["bind", 0]
        named = "$V" in answer.get("message", "") or "'V'" in answer.get("message", "")
        return [] if answer["outcome"] == "INT" and named and not left else [f"not refused as row V1 says: {answer}\n{left}"]

    def _dump(self, index, stock, grouped):
        text = stock["twin", index]["xml"]
        if self.same:
            return text
        document = self.case.documents()[index]
        aside = stock.get(("aside", index), {"xml": None})
        assert "xml" in aside, f"the stock driver does not show canonical texts: {aside['message']}"
        return expected.dump(document, Setting(self.case.parameters), text, aside["xml"], grouped)

    def _kernel(self, when, stock_refused, result, stock):
        if self.same:
            return diff(f"kernel when {when}", as_text(stock), as_text(result))
        stages, top = self.case.stages(), self.case.filters[0].name
        number = {"created": 0, "deleted": len(stages) - 1}.get(when)
        number = int(when.split()[1]) + 1 if number is None else number
        before = set().union(*(expected.ip_versions(stage, top) for stage in stages[:number + 1]))
        gone = when == "deleted" or stock_refused
        now = set() if gone else expected.ip_versions(stages[number], top)
        stage = None if gone else stages[number]
        wanted = expected.kernel(stock, self.setting, stage, self.case, before - now)
        if stock_refused:
            wanted, result = (of_port(side, self.case.port, base=False) for side in (wanted, result))
        return diff(f"kernel when {when}", as_text(wanted), as_text(result))


def of_port(snapshot, port, base=True):
    """The rules without those of other ports, which a failed case may have left; base=False: without the base chains, which only the stock driver
    makes for a binding that it refuses."""
    bases = r"libvirt-(?:in|out|in-post|host-in)$|[A-Z]+$"
    own = re.compile(rf"(?:libvirt-)?(?:[IOJP]|F[IOJP]|H[IJ])-{re.escape(port)}\b" + (f"|{bases}" if base else ""))
    device = re.compile(r"(?:-m physdev --physdev-(?:in|out)|-[io]) (\S+)")

    def is_own(line):
        found = device.match(line)
        return not found or found[1] == port

    return {tool: {name: list(filter(is_own, lines)) for name, lines in chains.items() if own.match(name.split(" ")[1])}
            for tool, chains in snapshot.items()}


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
