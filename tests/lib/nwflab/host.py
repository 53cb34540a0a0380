# SPDX-License-Identifier: LGPL-2.1-or-later
"""
host.py: filters and bindings that go with the test

A Host defines and binds through whatever daemon its lab runs now. What it made is taken back by `undo`, a contextlib.ExitStack, in
the opposite order; what is gone by then is no error.

Invariant: the uuid of a filter follows from its name, so defining it again is a redefinition.
"""

import uuid

from .guests import port_of
from .texts import binding_xml, filter_xml


class Host:
    """See the opening. Lanes that bind in other ways have a class of their own that begins with this one."""

    def __init__(self, lab, undo):
        self.lab, self.undo = lab, undo

    @property
    def client(self):
        """The connection to the daemon that runs now."""
        return self.lab.client

    def define(self, name, body, **attributes):
        """Defines or redefines a filter."""
        known = name in self.client.filters()
        self.client.define(filter_xml(name, body, uuid=str(uuid.uuid5(uuid.NAMESPACE_OID, name)), **attributes))
        if not known:
            self.undo.callback(self._undefine, name)

    def _undefine(self, name):
        if name in self.client.filters():
            self.client.undefine(name)

    def bind(self, station, name, parameters=(), mac=None):
        """Binds the port of a guest, with the addresses of its frames unless `mac` says otherwise."""
        self.undo.callback(self.unbind, station)
        self.client.bind(binding_xml(port_of(station), name, [("IP", station.ip), *parameters], mac=mac or station.mac))

    def unbind(self, port):
        """Deletes the binding of a port, named by itself or by its guest, if there is one."""
        port = port if isinstance(port, str) else port_of(port)
        if port in self.client.bindings():
            self.client.unbind(port)

    def rules(self, station):
        """The kernel's rules of a guest's port, as text."""
        return self.lab.rules(port_of(station))
