# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: machines with kernels of their own, and the reports of tests that ran in them

    pytest tests/kernels                          as root, outside of the sandbox: boots the machines
    scripts/sandbox pytest tests/kernels/inside   what runs in each of them

NWF_BUILD names the build to test, NWF_KERNELS a folder in which kernels are kept for the next run. Another release's kernel is
brought with apt settings that lead to that release:

    APT_CONFIG=trixie.conf scripts/guest-kernel ../trixie-kernel linux-image-amd64 virtio_pci 9pnet_virtio 9p overlay
    pytest tests/kernels --kernel ../trixie-kernel
"""

import os
import pathlib
import signal
import subprocess
import tempfile

import pytest

from nwflab.elsewhere import fixture_tell  # noqa: F401 pylint: disable=unused-import

IN_SANDBOX = os.environ.get("NWF_SANDBOX") == "1"
collect_ignore_glob = ["test_*.py"] if IN_SANDBOX else ["inside"]

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
FETCH_LIMIT = 900
UNAVAILABLE = 3  # exit status of scripts/guest-kernel


def pytest_addoption(parser):
    """The lane's own options."""
    parser.addoption("--long", action="store_true", help="the whole packets lane under the kernel")
    parser.addoption("--kernel", type=pathlib.Path, metavar="FOLDER", help="a kernel that scripts/guest-kernel has brought "
                     "(default: that of the host's release)")


@pytest.fixture(scope="session", name="workplace")
def fixture_workplace():
    """A folder that goes with the run."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # end as Ctrl-C does, so that everything is cleared away
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="nwfilter-kernels-", dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
        yield pathlib.Path(folder)


@pytest.fixture(scope="session", name="kernel")
def fixture_kernel(request, workplace):
    """Folder of the kernel, as scripts/guest-kernel brings it."""
    from machine import DRIVERS

    if request.config.getoption("--kernel"):
        return request.config.getoption("--kernel").resolve(strict=True)
    folder = pathlib.Path(os.environ.get("NWF_KERNELS") or workplace / "kernels").resolve() / "debian"
    done = subprocess.run([SOURCE / "scripts" / "guest-kernel", folder, "linux-image-amd64", *DRIVERS], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=FETCH_LIMIT, check=False)
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session", name="build")
def fixture_build():
    """The build to test."""
    build = pathlib.Path(os.environ.get("NWF_BUILD") or "/nowhere").resolve()
    if not build.is_dir():
        pytest.exit("NWF_BUILD must name a build of this project", 4)
    return build
