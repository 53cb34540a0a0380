# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: a fresh world for each test of the border to libvirt, and libvirts that never were
"""

import os
import pathlib
import shlex
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent.parent.parent
LIMIT = 90.0  # seconds that one test may take


@pytest.fixture(name="lab")
def fixture_lab(driver):
    """The world of one test; see nwflab/lab.py. A daemon that hangs is killed."""
    from nwflab.lab import Lab  # needs the sandbox, which collecting does not
    from nwflab.wait import Watchdog

    lab = Lab(driver)
    with Watchdog(LIMIT, lab.kill_daemon) as watchdog:
        yield lab
        died = lab.died
        lab.close()
    assert not watchdog.bitten, f"the test did not end within {LIMIT:g} s; its daemon was killed"
    assert not died, f"the daemon died: {died}"


@pytest.fixture(scope="session", name="preload")
def fixture_preload(tmp_path_factory):
    """other_libvirt.c, compiled."""
    flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0", "libvirt"], capture_output=True, text=True, check=True).stdout
    library = tmp_path_factory.mktemp("other") / "other_libvirt.so"
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1",
                    "-fPIC", "-shared", "-fvisibility=hidden", f"-I{SOURCE}", *shlex.split(flags), "-o", library,
                    HERE / "other_libvirt.c"], check=True, timeout=60)
    return library


@pytest.fixture(name="other_libvirt")
def fixture_other_libvirt(preload):
    """Environment of a daemon whose libvirt is different: NWF_OTHER_… by keyword, see other_libvirt.c."""

    def environment(**differences):
        assert differences, "a libvirt that is no other"
        return {"LD_PRELOAD": str(preload), **{f"NWF_OTHER_{name.upper()}": str(value) for name, value in differences.items()}}

    return environment
