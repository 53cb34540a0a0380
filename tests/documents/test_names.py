# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_names.py: the tests that SECURITY.md names exist
"""

import json
import os
import pathlib
import re
import subprocess

from throwaway import SOURCE

DOCUMENT = SOURCE / "SECURITY.md"
ROW = re.compile(r"^\| (?!---)(.*) \| (.*) \| (.*) \|$", re.M)


def missing(names):
    """Those of the names that are no test."""
    listing = subprocess.run(["meson", "introspect", "--tests", os.environ["NWF_BUILD"]], capture_output=True, text=True, timeout=60,
                             check=True)
    of_meson = {f"{suite.split(':')[-1]}/{test['name']}" for test in json.loads(listing.stdout) for suite in test["suite"]}

    def exists(name):
        path, _, function = name.partition("::")
        file = pathlib.Path(SOURCE / "tests" / path)
        if function:
            return file.is_file() and re.search(rf"^def {re.escape(function)}\(", file.read_text(encoding="utf-8"), re.M)
        return name in of_meson

    return [name for name in names if not exists(name)]


def test_each_claim_names_tests_that_exist():
    """Every row of a table has at least one."""
    rows = [row for row in ROW.findall(DOCUMENT.read_text(encoding="utf-8")) if row[2] != "Test"]
    without = [row[0] for row in rows if not re.findall(r"`([^`]+)`", row[2])]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row[2])]
    assert len(rows) > 10 and without == []
    assert missing(["faults/test_change.py::test_nobody", "unit/nothing"]) == ["faults/test_change.py::test_nobody", "unit/nothing"]
    assert missing(named) == []
