#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
check.py: what scripts/check says at its end
"""

import contextlib
import io
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts"))

import lanes  # noqa: E402 pylint: disable=wrong-import-position,import-error
import results  # noqa: E402 pylint: disable=wrong-import-position,import-error
from lane_table import Meson  # noqa: E402 pylint: disable=wrong-import-position,import-error

MANY = "\n".join(f"detail {i}" for i in range(200))
OUTCOMES = [results.Outcome("live", "one", results.FAILED, MANY), results.Outcome("live", "two", results.PASSED),
            results.Outcome("unit", "three", results.SKIPPED, "needs\nroot"), results.Outcome("unit", "four", results.FAILED, "words")]


def said(work):
    """The lines that `work` prints, and what it returns."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        value = work()
    return out.getvalue().splitlines(), value


def test_failures_are_listed_before_their_details():
    """The list of failures stands in one place, before the first detail; the summary is the last line."""
    lines, status = said(lambda: lanes.report(OUTCOMES, False))
    begin = lines.index("failed live: one")
    assert lines[begin:begin + 2] == ["failed live: one", "failed unit: four"], lines
    assert lines.index("skipped unit: three: needs root") < begin < lines.index("FAILED live: one") < lines.index("    detail 199"), lines
    assert "    detail 100" not in lines, "of long details the end is shown"
    assert lines[-1] == "1 passed, 2 failed, 1 skipped" and status == 1, lines[-1]


def test_a_lane_that_takes_too_long_is_a_failure():
    """It counts, and says so."""
    with tempfile.TemporaryDirectory() as folder:
        check = lanes.Check(pathlib.Path(folder))
        (check.folder / "logs").mkdir()
        lanes.LANES["slow"] = Meson("gcc", ("unit",), limit=0)
        check.run = lambda *_: None
        said(lambda: check.lane("slow", True))
    assert [(outcome.lane, outcome.result) for outcome in check.outcomes] == [("slow", results.FAILED)], check.outcomes
    assert "not done within 0 s" in check.outcomes[0].text, check.outcomes[0].text


if __name__ == "__main__":
    test_failures_are_listed_before_their_details()
    test_a_lane_that_takes_too_long_is_a_failure()
