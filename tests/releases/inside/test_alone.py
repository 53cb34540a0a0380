# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_alone.py: the module in a daemon that has no other driver

Debian ships no virtnwfilterd, so libvirtd plays it under that name, with this module alone; where the real one is installed it is
tested, too.
"""

import shutil

import pytest

from nwflab import texts
from nwflab.daemon import DaemonFailed

PROGRAM = "virtnwfilterd"
REAL = shutil.which(PROGRAM, path="/usr/sbin:/usr/local/sbin")


@pytest.fixture(name="alone", params=["played", *(["real"] if REAL else [])])
def fixture_alone(lab, request):
    """Makes the daemon of the lab: alone(environment=…)."""

    def make(**keywords):
        daemon = lab.new_daemon(beside="alone", **keywords)
        if request.param == "real":
            daemon.program = REAL
        else:
            name = daemon.home / PROGRAM
            name.unlink(missing_ok=True)
            name.symlink_to(daemon.program)
            daemon.program = str(name)
        return daemon

    return make


def test_it_serves(lab, alone):
    """Filters and bindings work."""
    daemon = alone()
    lab.port("vp0")
    lab.define("only", texts.DROP)
    lab.bind("vp0", "only")
    assert "DROP" in lab.rules("vp0")
    lab.restart()
    assert lab.client.bindings() == ["vp0"] and lab.client.filters() == ["only"]
    lab.client.unbind("vp0")
    assert not lab.rules("vp0")
    lab.hang_up()
    assert daemon.stop() == 0


def test_without_registration_it_ends(alone, other_libvirt):
    """Clients of a daemon that cannot have its only driver would wait for ever, so it does not start."""
    with pytest.raises(DaemonFailed) as failed:
        alone(environment=other_libvirt(lacks="virRegisterStateDriver")).start(limit=30.0)
    assert failed.value.status and "lacks functions that the driver needs: virRegisterStateDriver" in failed.value.log
