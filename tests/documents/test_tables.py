# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_tables.py: the tables of the documents are shown as tables

A row belongs to a table if the line before it does, and a table begins with a heading and a line of dashes; rows of a table have as many cells
as its heading. What is no such row is shown as text with bars in it.
"""

import re

import pytest

from throwaway import SOURCE

DOCUMENTS = sorted(path.relative_to(SOURCE).as_posix() for path in [*SOURCE.glob("*.md"), *SOURCE.glob("docs/*.md")])
DASHES = re.compile(r"\|( ?:?-+:? ?\|)+")
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
TABLE = re.compile(r"(?:^\|.*\n?)+", re.M)


def cells(row):
    """How many cells a row has; a bar after a backslash separates none."""
    return len(row.replace(r"\|", "").strip().strip("|").split("|"))


def faults(text):
    """The rows that are no part of a table."""
    found = []
    for table in TABLE.findall(FENCED.sub("", text)):
        rows = table.splitlines()
        if len(rows) < 3 or not DASHES.fullmatch(rows[1]):
            found.append(rows[0])
        else:
            found += [row for row in rows if cells(row) != cells(rows[0])]
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_rows_are_shown_in_tables(name):
    """In every document."""
    assert faults((SOURCE / name).read_text(encoding="utf-8")) == []


def test_broken_tables_are_found():
    """A row after an empty line, one with a cell too many; and neither in an example."""
    table = "| a | b |\n|---|---|\n| 1 | `x\\|y` |\n"
    assert not faults(table) and not faults(f"```text\n| a |\n```\n{table}")
    assert faults(f"{table}\n| 2 | 3 |\n") == ["| 2 | 3 |"]
    assert faults(f"{table}| 2 | 3 | 4 |\n") == ["| 2 | 3 | 4 |"]
