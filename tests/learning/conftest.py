# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: one daemon and one bridge with guests for all tests of address learning

The lane is about this project's driver. With --driver stock only the tests run that are marked `harmless`: they prove that what they
expect is what the stock driver does.
"""

import contextlib

import pytest

from nwflab.daemon import sanitizer
from nwflab.fixtures import pytest_runtest_makereport  # noqa: F401 pylint: disable=unused-import
from nwflab.lab import Lab
from nwflab.learning import Host
from nwflab.shared import fixture_long, fixture_wire  # noqa: F401 pylint: disable=unused-import
from nwflab.wait import Watchdog

LIMIT = 120.0


def pytest_addoption(parser):
    """The lane's own option."""
    parser.addoption("--long", action="store_true", help="crowds, floods and churn in full size")


def pytest_collection_modifyitems(config, items):
    """Against the stock driver only what is marked as harmless."""
    if config.getoption("--driver") == "stock":
        away = [item for item in items if not item.get_closest_marker("harmless")]
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if item not in away]


def pytest_configure(config):
    """Registers the mark."""
    config.addinivalue_line("markers", "harmless: also makes sense, and does no harm, against the stock driver")


@pytest.fixture(scope="session", name="shared_lab")
def fixture_shared_lab(driver):
    """The daemon of all tests."""
    lab = Lab(driver)
    lab.ship()
    yield lab
    lab.close()


@pytest.fixture(name="lab")
def fixture_lab(shared_lab, request):
    """The daemon, running, and killed if a test does not end."""
    limit = 1800.0 if request.config.getoption("--long") else LIMIT
    with Watchdog(limit, shared_lab.kill_daemon) as watchdog:
        yield shared_lab
        races = shared_lab.daemon.races() if sanitizer() else ""
    assert not watchdog.bitten, f"the test did not end within {limit:g} s; its daemon was killed"
    assert not races, races


@pytest.fixture(name="host")
def fixture_host(lab, wire):
    """A Host without filters and bindings of its own."""
    lab.daemon  # pylint: disable=pointless-statement
    with contextlib.ExitStack() as undo:
        yield Host(lab, wire, undo)
        died = lab.died
        if died:
            lab.hang_up()
            lab.daemon.start()
    assert not died, f"the daemon died: {died}"
