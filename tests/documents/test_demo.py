# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_demo.py: scripts/demo as a newcomer runs it
"""

import re
import shutil
import subprocess
import time

import pytest

from throwaway import SOURCE

COLUMNS = 100
SILENCE = 15.0  # seconds; the demo shows something each second, which a busy machine holds up; the other driver needs a minute
MOST_FETCHED = 150e6  # bytes


def read(process):
    """(text, [(seconds, what came before)] of each silence that was too long) of what a program prints until it ends."""
    text, silences, last = "", [], time.monotonic()
    while part := process.stdout.read(1):
        now = time.monotonic()
        if now - last > SILENCE:
            silences.append((round(now - last, 1), text[-200:]))
        text, last = text + part, now
    return text, silences


def names(path):
    """The packages of a list, without those that only some releases have."""
    lines = [line.split("#")[0].strip() for line in (SOURCE / "scripts" / path).read_text().splitlines()]
    return [line.split("|")[0].strip() for line in lines if line and not line.startswith("?")]


@pytest.mark.skipif(not shutil.which("apt-get"), reason="needs apt-get")
def test_little_is_fetched(tmp_path):
    """On a system with nothing at all, and nothing fetched before, apt would fetch less than 150 MB for the demo."""
    (tmp_path / "partial").mkdir()
    done = subprocess.run(["apt-get", "-q", "-y", "-oDir::State::status=/dev/null", "-oDebug::NoLocking=1",
                           f"-oDir::Cache::archives={tmp_path}", "--print-uris", "--no-install-recommends", "install",
                           *names("packages-demo")], capture_output=True, text=True, timeout=120, check=False)
    fetched = sum(int(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("'"))
    if not fetched:
        pytest.skip(f"apt has no lists of packages: {done.stderr.strip()}")
    assert 50e6 < fetched < MOST_FETCHED, f"{fetched / 1e6:.0f} MB"


def test_both_drivers_in_a_plain_chroot(throwaway):
    """The demo builds and runs where / is no mount point, is never silent, fits a terminal, and shows what the stock driver lets pass."""
    with throwaway.start("scripts/demo", "--compare", "--ports", "1", stdin=subprocess.DEVNULL) as process:
        text, silences = read(process)
    assert process.returncode == 0, text[-6000:]
    wide = [line for line in text.splitlines() if len(line) > COLUMNS]
    assert (wide, silences) == ([], [])

    rows = re.findall(r"^ +forbidden frames that came +(\d+) of (\d+) +(\d+) of (\d+) +<-- differs$", text, re.M)
    assert len(rows) == 1, text
    leaked, sent, leaked_by_stock, _ = map(int, rows[0])
    assert leaked == 0 < leaked_by_stock and sent > 10
    assert re.search(r"^ +rules of the port +\d+ ms +gone +<-- differs$", text, re.M), text
    assert re.search(r"^ +C -> A +connects to port 22 +stopped +stopped$", text, re.M), text
    assert re.search(r"^ +change its filter +[\d.]+ ms +[\d.]+ ms +\d+x$", text, re.M), text
