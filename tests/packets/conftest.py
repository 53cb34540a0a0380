# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: one daemon and one bridge with guests for the whole packets lane
"""

import pytest

from lane import Stage
from nwflab.shared import fixture_shared_lab, fixture_wire  # noqa: F401 pylint: disable=unused-import


def pytest_addoption(parser):
    """The lane's own option."""
    parser.addoption("--stories", action="store_true", help="each case as it is told, without the tests of its rules")


@pytest.fixture(scope="session", name="client")
def fixture_client(shared_lab):
    """A connection to the daemon, which has the filters that libvirt ships."""
    shared_lab.ship()
    return shared_lab.client


@pytest.fixture(scope="session", name="stages")
def fixture_stages(client, wire):
    """Gives the stage of a case; the last one stays until another case is asked for."""
    current = []

    def leave():
        while current:
            current.pop().__exit__(None, None, None)

    def stage(made):
        if not current or current[0].case is not made:
            leave()
            current.append(Stage(made, client, wire).__enter__())
        return current[0]

    stage.leave = leave
    yield stage
    leave()
