# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: one host with a daemon and a bridge for all tests that run in a machine

A daemon takes seconds to start where everything is emulated, so the tests share one.
"""

import contextlib
import os
import uuid

import pytest

from nwflab.fixtures import pytest_runtest_makereport  # noqa: F401 pylint: disable=unused-import
from nwflab.guests import forget_connections, port_of
from nwflab.shared import fixture_shared_lab, fixture_wire  # noqa: F401 pylint: disable=unused-import
from nwflab.texts import binding_xml, filter_xml
from nwflab.wait import Watchdog

LIMIT = 240.0


class Host:
    """Defines and binds; what a test made is gone after it."""

    def __init__(self, lab, undo):
        self.lab, self.undo = lab, undo

    @property
    def client(self):
        """A connection to the daemon that runs now."""
        return self.lab.client

    def define(self, name, body, **attributes):
        """Defines or redefines a filter."""
        known = name in self.client.filters()
        self.client.define(filter_xml(name, body, uuid=str(uuid.uuid5(uuid.NAMESPACE_OID, name)), **attributes))
        if not known:
            self.undo.callback(lambda: self.client.undefine(name))

    def bind(self, station, name):
        """Binds the port of a guest."""
        self.client.bind(binding_xml(port_of(station), name, [("IP", station.ip)], mac=station.mac))
        self.undo.callback(self.unbind, station)

    def unbind(self, station):
        """Deletes the binding, if it is there."""
        if port_of(station) in self.client.bindings():
            self.client.unbind(port_of(station))

    def rules(self, station):
        """The kernel's rules of a guest's port, as text."""
        return self.lab.rules(port_of(station))


@pytest.fixture(scope="session", name="variant")
def fixture_variant():
    """The form of the firewall tools: legacy or nft."""
    return os.environ.get("NWF_VARIANT", "nft")


@pytest.fixture(scope="session", name="lab")
def fixture_lab(shared_lab):
    """The daemon of all tests."""
    return shared_lab


@pytest.fixture(name="host")
def fixture_host(lab, wire):  # pylint: disable=unused-argument
    """An empty Host. A daemon that hangs is killed."""
    if not lab.daemon.running:
        lab.hang_up()
        lab.daemon.start()
    forget_connections()
    with Watchdog(LIMIT, lab.kill_daemon) as watchdog, contextlib.ExitStack() as undo:
        yield Host(lab, undo)
    assert not watchdog.bitten, f"the test did not end within {LIMIT:g} s; its daemon was killed"
    assert not lab.died, f"the daemon died: {lab.died}"
