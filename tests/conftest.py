# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: what the lanes that are written in Python share

Lanes that need a daemon run inside scripts/sandbox and take --driver: 'ours' loads the module that NWF_MODULE names, 'stock'
libvirt's own. Run against 'stock' a lane judges its own expectations; tests of deliberate differences carry the mark
`ours` with the row of docs/differences.md or the reason, tests of the stock driver's own ways the mark `stock`.

    scripts/sandbox /usr/bin/python3 -m pytest tests/live --driver stock
"""

import os

import pytest


def pytest_addoption(parser):
    """The one option of the project's lanes."""
    parser.addoption("--driver", choices=["ours", "stock"], default="ours", help="nwfilter module that the daemon loads")


def pytest_configure(config):
    """Registers the marks."""
    config.addinivalue_line("markers", "ours(reason): a deliberate difference; not run against the stock driver")
    config.addinivalue_line("markers", "stock(reason): a habit of the stock driver that ours does not share")


def pytest_collection_modifyitems(config, items):
    """Leaves out the tests that are about the other driver: they are no part of this run, so they are no skips."""
    other = "stock" if config.getoption("--driver") == "ours" else "ours"
    away = [item for item in items if item.get_closest_marker(other)]
    if away:
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if item not in away]


@pytest.fixture(scope="session", name="driver")
def fixture_driver(request):
    """'ours' or 'stock'."""
    name = request.config.getoption("--driver")
    if os.environ.get("NWF_SANDBOX") != "1":
        pytest.exit("this lane needs scripts/sandbox around it", 4)
    if name == "ours" and not os.environ.get("NWF_MODULE"):
        pytest.exit("NWF_MODULE must name libvirt_driver_nwfilter.so, or choose --driver stock", 4)
    return name
