# SPDX-License-Identifier: LGPL-2.1-or-later
"""
fixtures.py: a fresh world for each test, for the conftest.py of lanes that want one

A daemon is up in a fraction of a second, so every test gets its own, with empty folders and an empty kernel: no test depends on
another. A daemon that hangs is killed, which fails the call that waits for it; its log goes into the report of a failed test.

    from nwflab.fixtures import fixture_lab, pytest_runtest_makereport  # noqa: F401
"""

import pytest

LIMIT = 90.0  # seconds that one test may take


@pytest.fixture(name="lab")
def fixture_lab(driver):
    """The world of one test; see nwflab/lab.py."""
    from nwflab.lab import Lab  # needs the sandbox, which collecting does not
    from nwflab.wait import Watchdog

    lab = Lab(driver)

    with Watchdog(LIMIT, lab.kill_daemon) as watchdog:
        yield lab
        died = lab.died
        lab.close()
    assert not watchdog.bitten, f"the test did not end within {LIMIT:g} s; its daemon was killed"
    assert not died, f"the daemon died: {died}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds the daemon's log to the report of a test that failed."""
    report = (yield).get_result()
    if report.failed and call.when in ("call", "teardown"):
        lab = getattr(item, "funcargs", {}).get("lab")
        if lab is not None:
            report.sections.append(("log of libvirtd", lab.log()[-6000:]))
