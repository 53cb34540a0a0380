# SPDX-License-Identifier: LGPL-2.1-or-later
"""
document.py: the commands that a document tells its readers to paste, and what it says they print

A block of commands is fenced as `sh`, what the block before it prints as `text`, a file as `ini`. A block is cut into commands where
the shell would begin to run one. In a line of `text` the sign … stands for anything.
"""

import re
import subprocess
from dataclasses import dataclass, field

LANGUAGES = ("sh", "text", "ini")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
INDENTED = re.compile(r"\n\n {4}\S.*")
PROMPT = re.compile(r"^[$#%>] ")
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass
class Block:
    """Commands of a document, the heading that they stand under, and lines that they print."""

    heading: str
    commands: list
    prints: list = field(default_factory=list)


def commands_of(text):
    """The commands of a piece of shell, each whole with its continuations and here-documents."""
    commands, begun = [], ""
    for line in text.splitlines(keepends=True):
        begun += line
        checked = subprocess.run(["bash", "-n"], input=begun, capture_output=True, text=True, timeout=20, check=False)
        if not checked.stderr and not begun.endswith("\\\n"):
            commands.append(begun.rstrip("\n"))
            begun = ""
    if begun:
        raise ValueError(f"not a whole command: {begun}")
    return commands


def faults(text):
    """What a reader could not paste, or could not tell from text."""
    found = [f"fenced as '{language}'" for language, _ in FENCE.findall(text) if language not in LANGUAGES]
    found += [f"a prompt: {line}" for language, body in FENCE.findall(text) if language == "sh"
              for line in body.splitlines() if PROMPT.match(line)]
    return found + [f"indented instead of fenced: {line.strip()}" for line in INDENTED.findall(FENCE.sub("", text))]


def blocks(text):
    """The blocks of commands of a document, in order."""
    result, heading, last = [], "", 0
    for fence in FENCE.finditer(text):
        for line in re.findall(r"^#+ (.*)$", text[last:fence.start()], re.M):
            heading = line
        last = fence.end()
        if fence[1] == "sh":
            result.append(Block(heading, commands_of(fence[2])))
        elif fence[1] == "text":
            result[-1].prints += fence[2].splitlines()
    return result


def spans(text):
    """What stands in backquotes within sentences."""
    return SPAN.findall(FENCE.sub("", text))


def unprinted(lines, output):
    """Those of the lines that the output does not have."""
    return [line for line in lines if not re.search(".*".join(map(re.escape, line.strip().split("…"))), output)]
