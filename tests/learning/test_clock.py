# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_clock.py: the wall clock of a daemon is set a day forward or back while there are leases
"""

import os
import pathlib
import shlex
import struct
import subprocess
import time

import pytest

from nwflab.guests import A
from nwflab.learning import LEASES, key_of

pytestmark = pytest.mark.ours("the stock driver counts by the wall clock: D27")

FIRST, SECOND = "10.77.0.161", "10.77.0.162"
DAY = 24 * 3600


@pytest.fixture(scope="module", name="library")
def fixture_library(tmp_path_factory):
    """clock.c, compiled."""
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1",
                    "-fPIC", "-shared", "-o", library, pathlib.Path(__file__).with_name("clock.c")], check=True, timeout=60)
    return library


@pytest.fixture(name="clock")
def fixture_clock(host, library, tmp_path):
    """clock(seconds) sets the daemon's clock so many seconds from the right time; it stays so until the end of the test."""
    file = tmp_path / "step"

    def clock(seconds):
        with open(file, "r+b" if file.exists() else "wb") as place:
            place.write(struct.pack("=q", seconds))

    def another(**keywords):
        host.lab.hang_up()
        assert host.lab.daemon.stop() == 0
        host.lab.new_daemon(**keywords).start()

    clock(0)
    another(environment={"LD_PRELOAD": str(library), "NWF_CLOCK": str(file)})
    yield clock
    another()


def end_of(owner):
    """When the lease ends by the wall clock, as the stock driver's file says."""
    lines = [line.split() for line in LEASES.read_text().splitlines()]
    return max(int(words[0]) for words in lines if words[1] == key_of(owner, A.mac))


@pytest.mark.parametrize("days", [1, -1], ids=["forward", "back"])
def test_leases_keep_their_length(host, clock, days):
    """Whatever the clock says: of those that were there, also when the daemon starts again, and of new ones."""
    owner = host.bind_dhcp(A)
    begin = time.monotonic()
    host.lease(A, FIRST, seconds=6)
    host.has(A, FIRST)
    clock(days * DAY)
    host.lab.restart()
    host.has(A, FIRST)
    host.lease(A, SECOND, seconds=600)
    host.has(A, FIRST, SECOND)
    assert abs(end_of(owner) - (time.time() + days * DAY + 600)) < 60
    host.has(A, SECOND, limit=30)
    took = time.monotonic() - begin
    assert 5.9 < took < 9, took
    assert host.passes(A, SECOND) and not host.passes(A, FIRST)
