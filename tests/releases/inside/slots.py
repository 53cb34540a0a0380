# SPDX-License-Identifier: LGPL-2.1-or-later
"""
slots.py: the slots that calibration found, and those that are known
"""

import pathlib
import re
import tomllib

TABLES = ("hypervisor", "nwfilter")  # numbers 0 and 1 of other_libvirt.c
LINE = re.compile(r"slots of this libvirt: (.*)$", re.MULTILINE)


def version_of(text):
    """'11.3.0' as a tuple."""
    return tuple(int(part) for part in text.split("."))


class Known:
    """known_releases.toml."""

    def __init__(self):
        self.rows = tomllib.loads((pathlib.Path(__file__).parent.parent / "known_releases.toml").read_text(encoding="utf-8"))
        self.last = max(map(version_of, self.rows["looked_at"]))

    def slots(self, version):
        """{table: {function: slot}} of a release."""
        result = {}
        for table in TABLES:
            row = dict(max((row for row in self.rows[table] if version_of(row["since"]) <= version),
                           key=lambda row: version_of(row["since"])))
            del row["since"]
            result[table] = row
        return result


def found(log):
    """{function: slot} as a daemon's log tells; 0 is a slot that was not found."""
    lines = LINE.findall(log)
    assert len(lines) == 1, f"{len(lines)} lines about slots in the log:\n{log}"
    return {name: int(slot) for name, slot in (word.split("=") for word in lines[0].split())}
