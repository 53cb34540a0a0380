# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: a fresh world for each test of the border to libvirt, and libvirts that never were
"""

import os
import pathlib
import shlex
import subprocess

import pytest

from nwflab.fixtures import fixture_lab, pytest_runtest_makereport  # noqa: F401 pylint: disable=unused-import

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent.parent.parent


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
