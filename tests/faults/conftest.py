# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: one daemon and one bridge with guests for all tests of what breaks

A test begins with a daemon that runs, without filters and bindings, on empty tables; whatever it broke is whole again after it.
"""

import contextlib

import pytest

from nwflab.fixtures import pytest_runtest_makereport  # noqa: F401 pylint: disable=unused-import
from nwflab.shared import fixture_long, fixture_shared_lab, fixture_wire  # noqa: F401 pylint: disable=unused-import

LIMIT = 150.0  # seconds that one test may take
LONG = 1800.0


def pytest_addoption(parser):
    """The lane's own option."""
    parser.addoption("--long", action="store_true", help="every step, every tool, full length")


def pytest_configure(config):
    """Registers the mark."""
    config.addinivalue_line("markers", "long: only with --long")


def pytest_collection_modifyitems(config, items):
    """Leaves out what is only for the long form: it is no part of this run, so it is no skip."""
    if not config.getoption("--long"):
        away = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if item not in away]


@pytest.fixture(name="lab")
def fixture_lab(shared_lab, long):
    """The daemon, killed if a test does not end."""
    from nwflab.wait import Watchdog

    limit = LONG if long else LIMIT
    with Watchdog(limit, shared_lab.kill_daemon) as watchdog:
        yield shared_lab
    assert not watchdog.bitten, f"the test did not end within {limit:g} s; its daemon was killed"


@pytest.fixture(name="host")
def fixture_host(lab, wire):
    """A Host that begins empty."""
    from lane import Host

    with contextlib.ExitStack() as undo:
        host = Host(lab, wire, undo)
        host.begin()
        yield host
        died = lab.died
    assert not died, f"the daemon died: {died}"
