# SPDX-License-Identifier: LGPL-2.1-or-later
"""
memory.py: what a process takes of memory, and filters that are large enough to be seen in that
"""

import pathlib
import re

from .texts import filter_xml, uuid_of

RULE = "<rule action='accept' direction='in' priority='{}'><tcp srcipaddr='10.{}.{}.{}' dstportstart='{}'/></rule>"
WRONG = "<rule action='accept' direction='in'><tcp dstportstart='99999'/></rule>"


def memory_of(pid):
    """KiB of a process: PSS without the pages of files, whose share changes with what else runs; and RSS."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return tuple(int(re.search(rf"^{key}:\s+(\d+) kB", text, re.M).group(1)) for key in ("Pss_Anon", "Rss"))


def large_name(number):
    """Name of a large filter."""
    return f"large{number}"


def large_filter(number, mebibytes=1, wrong=False):
    """The document of a filter of so many MiB; with a last rule that is refused."""
    size = int(mebibytes * 2**20) // len(RULE.format(500, 250, 200, 150, 30000))
    rules = [RULE.format(place % 1000, number % 256, place // 250 % 250, place % 250, place % 65535 + 1) for place in range(size)]
    return filter_xml(large_name(number), "\n".join(rules) + (WRONG if wrong else ""), uuid=uuid_of(number))
