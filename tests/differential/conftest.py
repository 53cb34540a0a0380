# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: both drivers for the whole lane, each in its own sandbox, and the count of what was compared

    scripts/sandbox /usr/bin/python3 -m pytest tests/differential [--seed N] [--count RULES]

With --driver stock the stock driver is compared with itself, without any exception: that shows what of it is chance.
"""

import pytest

SEED, COUNT = 20240607, 520


def pytest_addoption(parser):
    """What to generate."""
    parser.addoption("--seed", type=int, default=SEED, help=f"seed of the generated filters (default: {SEED})")
    parser.addoption("--count", type=int, default=COUNT, help=f"number of generated rules (default: {COUNT})")


@pytest.fixture(scope="session", name="lane")
def fixture_lane(driver, request):
    """See lane.py."""
    from lane import Lane
    from sides import Side

    with Side("stock", "stock") as stock, Side("ours", driver) as ours:
        lane = Lane({"stock": stock, "ours": ours}, same=driver == "stock")
        request.config.stash[LANE] = lane
        yield lane


LANE = pytest.StashKey()


def pytest_terminal_summary(terminalreporter, config):
    """Counts and seed."""
    lane = config.stash.get(LANE, None)
    if lane is None:
        return
    terminalreporter.write_line(f"seed {config.getoption('--seed')}, count {config.getoption('--count')}")
    for line in lane.summary():
        terminalreporter.write_line(line)
