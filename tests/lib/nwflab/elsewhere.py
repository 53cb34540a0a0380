# SPDX-License-Identifier: LGPL-2.1-or-later
"""
elsewhere.py: tests that ran elsewhere, in another system or under another kernel, are reported as tests of this run

    from nwflab.elsewhere import fixture_tell  # noqa: F401
"""

import pytest


@pytest.fixture(name="tell")
def fixture_tell(request):
    """tell(place, outcomes): reports outcomes (scripts/results.py) under a path that begins with the lane's folder."""
    item = request.node
    lane = f"tests/{item.path.parent.name}"

    def tell(place, outcomes):
        item.session.testscollected += len(outcomes)
        for outcome in outcomes:
            nodeid = f"{lane}/{place}::{outcome.name.replace('::', ' ')}"
            location = (f"{lane}/{place}", None, outcome.name)
            text = outcome.text or "no reason was given"
            longrepr = {"passed": None, "failed": text, "skipped": (place, 0, text)}[outcome.result]
            for when, result, shown in (("call", outcome.result, longrepr), ("teardown", "passed", None)):
                report = pytest.TestReport(nodeid, location, {}, result, shown, when)
                item.ihook.pytest_runtest_logreport(report=report)

    return tell
