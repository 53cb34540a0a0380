# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_disk.py: no room on the disk, or nothing may be written

The folders of filters and bindings are small file systems of their own here. A call that cannot have its file is refused with the
cause, and has changed nothing; one that needs no room works; and all work when there is room again.

tests/learning test_files does the same for the files of leases.
"""

import contextlib
import shutil
import subprocess

import pytest

from lane import DEEDS, FREE, FREE_ALONE, GUARDED, OTHER
from nwflab.client import Failed, outcome
from nwflab.daemon import BINDINGS, FILTERS

SIZE = 256 << 10
NEEDS_ROOM = ("redefine", "create", "define")
FOLDERS = {"redefine": FILTERS, "define": FILTERS, "undefine": FILTERS, "create": BINDINGS, "delete": BINDINGS}


def mount(*words):
    """Runs mount(8)."""
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True, timeout=20)


@contextlib.contextmanager
def small(folder):
    """The folder with its files on a small file system while the block runs."""
    kept = {path.name: path.read_bytes() for path in folder.glob("*.xml")}
    mount("-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", folder)
    try:
        for name, text in kept.items():
            (folder / name).write_bytes(text)
        yield
    finally:
        mount("-o", "remount,rw", folder)
        now = {path.name: path.read_bytes() for path in folder.glob("*.xml")}
        subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True, timeout=20)
        for path in folder.glob("*.xml"):
            path.unlink()
        for name, text in now.items():
            (folder / name).write_bytes(text)


def fill(folder):
    """Takes all room."""
    with contextlib.suppress(OSError), open(folder / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)
    assert shutil.disk_usage(folder).free == 0


@pytest.fixture(name="guarded")
def fixture_guarded(host):
    """A guarded guest; both folders are small."""
    host.guarded()
    with small(FILTERS), small(BINDINGS):
        yield host
        for folder in (FILTERS, BINDINGS):
            mount("-o", "remount,rw", folder)
            (folder / "filler").unlink(missing_ok=True)


def is_refused(guarded, deed, old, words):
    """Asserts that the deed fails with its cause and changes nothing."""
    with pytest.raises(Failed, match=words) as failed:
        deed.act(guarded)
    assert failed.value.name == "SYS" and str(FOLDERS[deed.name]) in failed.value.message
    assert guarded.state() == old
    assert list(FOLDERS[deed.name].glob("*.new")) == []
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE


@pytest.mark.parametrize("deed", DEEDS, ids=str)
def test_full(guarded, deed):
    """See the opening."""
    old, new = deed.both(guarded)
    fill(FOLDERS[deed.name])
    if deed.name in NEEDS_ROOM:
        is_refused(guarded, deed, old, "No space left")
        (FOLDERS[deed.name] / "filler").unlink()
    deed.act(guarded)
    assert guarded.state() == new


@pytest.mark.parametrize("deed", DEEDS, ids=str)
def test_read_only(guarded, deed):
    """Neither new files nor removals."""
    old, new = deed.both(guarded)
    mount("-o", "remount,ro", FOLDERS[deed.name])
    is_refused(guarded, deed, old, "Read-only")
    is_refused(guarded, deed, old, "Read-only")
    mount("-o", "remount,rw", FOLDERS[deed.name])
    deed.act(guarded)
    assert guarded.state() == new


def test_start_on_a_full_disk(guarded):
    """A daemon starts, filters without uuid are usable, and every port is filtered."""
    guarded.lab.lay_filter("packaged")
    before = guarded.documents()[1]
    fill(FILTERS)
    fill(BINDINGS)
    guarded.lab.restart()
    assert "packaged" in guarded.client.filters() and guarded.documents()[1] == before
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE
    assert "packaged" in guarded.lab.log() and "No space left" in guarded.lab.log()
    assert outcome(guarded.bind, "vfull") == "SYS"
    assert "vfull" not in guarded.client.bindings() and guarded.lab.rules("vfull") == ""


def test_start_on_a_read_only_disk(guarded):
    """The same where nothing may be written."""
    guarded.bind(OTHER)
    before = guarded.state()
    for folder in (FILTERS, BINDINGS):
        mount("-o", "remount,ro", folder)
    guarded.lab.restart()
    assert guarded.state() == before
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE
