# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: the workshop behind the tests, and the reports of tests that ran elsewhere

    pytest tests/releases                          as root, outside of the sandbox: makes the other releases' systems
    scripts/sandbox pytest tests/releases/inside   what runs in each of them, and here
"""

import os
import signal

import pytest

from nwflab.elsewhere import fixture_tell  # noqa: F401 pylint: disable=unused-import

IN_SANDBOX = os.environ.get("NWF_SANDBOX") == "1"
collect_ignore_glob = ["test_*.py"] if IN_SANDBOX else ["inside"]

WORKSHOP = pytest.StashKey()


@pytest.fixture(scope="session", name="workshop")
def fixture_workshop(request):
    """Works on all stages that are asked for, from the first test on; see workshop.py."""
    from root import temporary_folder
    from workshop import Workshop

    wanted = {}
    for item in request.session.items:
        values = item.callspec.params if hasattr(item, "callspec") else {}
        if "stage" in values:
            wanted.setdefault(values["release"], []).append(values["stage"])
    for number in (signal.SIGTERM, signal.SIGHUP):  # end as Ctrl-C does, so that everything is cleared away
        signal.signal(number, signal.default_int_handler)
    with temporary_folder() as folder:
        workshop = Workshop(folder, wanted)
        request.config.stash[WORKSHOP] = workshop
        try:
            yield workshop
        finally:
            workshop.close()


def pytest_terminal_summary(terminalreporter, config):
    """Which libvirt was met where, and how long what took."""
    workshop = config.stash.get(WORKSHOP, None)
    for (release, what), seconds in (workshop.times.items() if workshop else ()):
        terminalreporter.write_line(f"{release} (libvirt {workshop.versions.get(release, 'of the host')}): {what}: {seconds:.0f} s")
