# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: a real guest for the tests of this lane

The guest boots Debian's kernel for clouds, emulated, under libvirtd's own qemu driver; its network card asks for
clean-traffic. The environment variable NWF_GUEST_KERNEL names the folder that scripts/guest-kernel has filled.
"""

import os
import pathlib
import shutil

import pytest

LIMIT = 240.0  # seconds that one test may take; none needs a tenth of it on an idle machine
PROGRAMS = ("qemu-system-x86_64", "dnsmasq", "virsh")


@pytest.fixture(scope="session", name="shared_world")
def fixture_shared_world(driver):
    """The host and its network; the guest is started by the first test that needs it."""
    kernel = os.environ.get("NWF_GUEST_KERNEL")
    if not kernel or not pathlib.Path(kernel, "vmlinuz").exists():
        pytest.exit("NWF_GUEST_KERNEL must name a folder that scripts/guest-kernel has filled", 4)
    missing = [name for name in PROGRAMS if not shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")]
    if missing:
        pytest.exit(f"not installed: {', '.join(missing)}", 4)
    from world import World  # needs the sandbox, which collecting does not

    world = World(driver, kernel)
    yield world
    world.close()


@pytest.fixture(name="world")
def fixture_world(shared_world):
    """The world of this lane; a daemon that hangs is killed, and one that died is told."""
    from nwflab.wait import Watchdog

    with Watchdog(LIMIT, shared_world.kill_daemons) as watchdog:
        yield shared_world
        died = shared_world.lab.died
    assert not watchdog.bitten, f"the test did not end within {LIMIT:g} s; its daemon was killed"
    assert not died, f"the daemon died: {died}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds the logs of daemon and guest to the report of a test that failed."""
    report = (yield).get_result()
    world = getattr(item, "funcargs", {}).get("shared_world") or getattr(item, "funcargs", {}).get("world")
    if report.failed and call.when in ("call", "teardown") and world is not None:
        report.sections.append(("log of libvirtd", world.lab.log()[-6000:]))
        report.sections.append(("log of the DHCP server", world.lan.log()[-2000:]))
