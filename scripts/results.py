# SPDX-License-Identifier: LGPL-2.1-or-later
"""
results.py: outcomes of tests, from the JUnit files that meson and pytest write

Every lane ends in a list of Outcome. A lane that breaks down (no file, no test, a bad exit status without a failed test) is itself
a failed outcome, so that nothing can go missing without being counted.
"""

import dataclasses
import pathlib
import re
import xml.etree.ElementTree as tree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclasses.dataclass
class Outcome:
    """One test's result; `text` is the message of a failure or the reason of a skip."""

    lane: str
    name: str
    result: str
    text: str = ""


def _text(element):
    """Message and body of a <failure>, <error> or <skipped>."""
    message, body = element.get("message") or "", (element.text or "").strip()
    return body if message and message.splitlines()[0] in body else "\n".join(filter(None, (message, body)))


def _name(case, suite):
    """Name of a test, and the message that meson puts behind it.

    meson's classes are its suites: "PROJECT", "PROJECT.PROGRAM", "PROJECT.PROJECT:SUITE / PROGRAM", or in newer releases
    "PROJECT.SUITE - PROJECT:PROGRAM"; pytest's are modules.
    """
    group = case.get("classname") or ""
    if group == suite.get("name"):
        group = re.split(" / |:", group.partition(".")[2])[-1]
    name, _, message = (case.get("name") or "").partition(" - ")
    return " ".join(filter(None, (group.removeprefix("tests."), re.sub(r"^\d+ ", "", name)))), message


def _case(lane, case, suite):
    """The Outcome of a <testcase>."""
    name, message = _name(case, suite)
    for tag, result in (("failure", FAILED), ("error", FAILED), ("skipped", SKIPPED)):
        element = case.find(tag)
        if element is not None:
            return Outcome(lane, name, result, _text(element) or message)
    return Outcome(lane, name, PASSED)


def from_junit(lane, path):
    """Outcomes of a JUnit file; empty if there is none or it is broken (the caller sees that nothing ran)."""
    try:
        root = tree.parse(path).getroot()
    except (OSError, tree.ParseError):
        return []
    return [_case(lane, case, suite) for suite in root.iter("testsuite") for case in suite.findall("testcase")]


def of_lane(lane, path, status, log):
    """Outcomes of a lane that ended with `status`: those of the file, and the lane's own breakdown if there was one."""
    outcomes = from_junit(lane, path)
    if not outcomes:
        outcomes.append(Outcome(lane, "the lane itself", FAILED, f"no test ran; exit status {status}\n{tail(log)}"))
    elif status and not any(outcome.result == FAILED for outcome in outcomes):
        outcomes.append(Outcome(lane, "the lane itself", FAILED, f"exit status {status}\n{tail(log)}"))
    return outcomes


def tail(log, lines=40):
    """The end of a log file."""
    try:
        text = pathlib.Path(log).read_text(errors="replace")
    except OSError as error:
        return str(error)
    return "\n".join(text.splitlines()[-lines:])


def complaints(log):
    """What a compiler or meson complained about, and the end of the log."""
    lines = tail(log, 100000).splitlines()
    return "\n".join([line for line in lines if re.search(r"\b(error|ERROR|undefined reference)\b", line)][:25] + lines[-5:])


def summary(outcomes, strict=False):
    """The last line, and whether it is a success."""
    count = {result: sum(outcome.result == result for outcome in outcomes) for result in (PASSED, FAILED, SKIPPED)}
    line = f"{count[PASSED]} passed, {count[FAILED]} failed"
    if count[SKIPPED]:
        line += f", {count[SKIPPED]} skipped"
    return line, not count[FAILED] and bool(count[PASSED]) and not (strict and count[SKIPPED])
