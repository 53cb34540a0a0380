# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: one bridge for the whole lane, and the daemon of one driver after the other

    scripts/sandbox /usr/bin/python3 -m pytest tests/oracle [--seed N] [--filters N] [--frames N] [--stock-filters N]

A long run by hand: --filters 1000 --frames 100. --first N begins with the filter of that number, to look at one again.
"""

import pytest

DEFAULTS = {"seed": 20250301, "filters": 40, "frames": 50, "stock-filters": 8, "first": 0}
ORACLE = pytest.StashKey()


def pytest_addoption(parser):
    """What to generate."""
    for name, value in DEFAULTS.items():
        parser.addoption(f"--{name}", type=int, default=value, help=f"default: {value}")


def pytest_generate_tests(metafunc):
    """A test for each filter: first all of our driver, then those that the stock driver takes part in."""
    option = metafunc.config.getoption
    if "number" not in metafunc.fixturenames:
        return
    first = option("--first")
    if metafunc.function.__name__ == "test_stock":
        numbers = range(first, first + option("--stock-filters"))
    else:
        numbers = range(first, first + option("--filters")) if option("--driver") == "ours" else []
    metafunc.parametrize("number", numbers)


@pytest.fixture(scope="session", name="oracle")
def fixture_oracle(driver, request):
    """The bridge with its guests, and the counts."""
    from lane import Oracle, silence_host
    from nwflab.guests import Wire

    with Wire() as wire:
        silence_host()
        request.config.stash[ORACLE] = Oracle(wire)
        yield request.config.stash[ORACLE]


@pytest.fixture(scope="module", name="daemons")
def fixture_daemons(oracle):
    """Gives a client of the daemon with the wanted driver; one daemon runs at a time."""
    from nwflab.daemon import Daemon

    running = {}

    def stop():
        for daemon, client in running.values():
            client.close()
            daemon.__exit__(None, None, None)
        running.clear()

    def client_of(driver):
        if driver not in running:
            stop()
            daemon = Daemon(driver).__enter__()
            running[driver] = daemon, daemon.client()
        return running[driver][1]

    yield client_of
    stop()


def pytest_terminal_summary(terminalreporter, config):
    """Counts and seed."""
    oracle = config.stash.get(ORACLE, None)
    if oracle is not None:
        terminalreporter.write_line(f"seed {config.getoption('--seed')}: {oracle.summary()}")
