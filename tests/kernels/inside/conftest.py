# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: one host with a daemon and a bridge for all tests that run in a machine

A daemon takes seconds to start where everything is emulated, so the tests share one.
"""

import contextlib
import os

import pytest

from nwflab.fixtures import pytest_runtest_makereport  # noqa: F401 pylint: disable=unused-import
from nwflab.guests import forget_connections
from nwflab.host import Host
from nwflab.shared import fixture_shared_lab, fixture_wire  # noqa: F401 pylint: disable=unused-import
from nwflab.wait import Watchdog

LIMIT = 240.0


@pytest.fixture(scope="session", name="variant")
def fixture_variant():
    """The form of the firewall tools: legacy or nft."""
    return os.environ.get("NWF_VARIANT", "nft")


@pytest.fixture(scope="session", name="lab")
def fixture_lab(shared_lab):
    """The daemon of all tests."""
    return shared_lab


@pytest.fixture(name="host")
def fixture_host(lab, wire):  # pylint: disable=unused-argument
    """An empty Host. A daemon that hangs is killed."""
    if not lab.daemon.running:
        lab.hang_up()
        lab.daemon.start()
    forget_connections()
    with Watchdog(LIMIT, lab.kill_daemon) as watchdog, contextlib.ExitStack() as undo:
        yield Host(lab, undo)
    assert not watchdog.bitten, f"the test did not end within {LIMIT:g} s; its daemon was killed"
    assert not lab.died, f"the daemon died: {lab.died}"
