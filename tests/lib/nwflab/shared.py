# SPDX-License-Identifier: LGPL-2.1-or-later
"""
shared.py: one daemon and one bridge with guests for all tests, for the conftest.py of lanes that want them

    from nwflab.shared import fixture_long, fixture_shared_lab, fixture_wire  # noqa: F401
"""

import pytest


@pytest.fixture(scope="session", name="long")
def fixture_long(request):
    """Whether the long forms were asked for."""
    return request.config.getoption("--long")


@pytest.fixture(scope="session", name="shared_lab")
def fixture_shared_lab(driver):
    """The daemon of all tests."""
    from nwflab.lab import Lab  # needs the sandbox, which collecting does not

    lab = Lab(driver)
    yield lab
    lab.close()


@pytest.fixture(scope="session", name="wire")
def fixture_wire(shared_lab):  # pylint: disable=unused-argument
    """The bridge and its guests; a new Lab takes all devices away, so it comes first."""
    from nwflab.guests import Wire

    with Wire() as wire:
        yield wire
