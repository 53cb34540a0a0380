# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lab.py: one daemon, its clients, ports and files, in the state that a test begins with

A Lab is the world of one test: no filters but those it puts there, no bindings, no firewall rules, no devices. The daemon
is started by the test's first use of it, so that a test can lay files before.

Limits: one Lab at a time in a sandbox, because libvirt's paths and its lock are fixed.
"""

import contextlib
import pathlib
import shutil

from . import kernel, ports, texts
from .daemon import BINDINGS, FILTERS, Daemon

SHIPPED = pathlib.Path("/usr/share/libvirt/nwfilter")


def wipe():
    """Takes the sandbox back to a machine that never ran libvirt: no files, no rules, no devices."""
    for folder in ("/run/libvirt", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"):
        for entry in pathlib.Path(folder).glob("*"):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    FILTERS.mkdir(parents=True)
    kernel.flush()
    for line in ports.ip("-o", "link").splitlines():
        name = line.split(": ")[1].split("@")[0]
        if name != "lo":
            ports.remove(name)


class Lab:
    """See the opening of this file. `driver` is the module that the first daemon loads."""

    def __init__(self, driver):
        self.driver = driver
        self._stack = contextlib.ExitStack()
        self._daemon = None
        self._client = None
        wipe()

    # -- the daemon ------------------------------------------------------------------------------------------------

    @property
    def daemon(self):
        """The daemon; started on first use."""
        if self._daemon is None:
            self.new_daemon()
        if self._daemon.process is None:
            self._daemon.start()
        return self._daemon

    def new_daemon(self, **keywords):
        """Makes a daemon with these properties (see Daemon) this lab's one; it is not started yet."""
        self._daemon = Daemon(self.driver, **keywords)
        self._stack.callback(self._daemon.__exit__)
        return self._daemon

    @property
    def client(self):
        """A client of nwfilter:///system that lives as long as the daemon's run."""
        if self._client is None:
            self._client = self.daemon.client()
        return self._client

    def hang_up(self):
        """Closes the client; the next use of it connects anew."""
        if self._client is not None:
            client, self._client = self._client, None
            with contextlib.suppress(Exception):
                client.close()

    def restart(self, **keywords):
        """Restarts the daemon; see Daemon.restart."""
        self.hang_up()
        self.daemon.restart(**keywords)

    def change_driver(self, driver):
        """Stops the daemon and goes on with the other module, on the same files and rules."""
        self.hang_up()
        if self._daemon is not None and self._daemon.running:
            self._daemon.stop()
        self.driver = driver
        self._daemon = None

    def kill_daemon(self):
        """Kills the daemon at once; for a watchdog."""
        if self._daemon is not None:
            self._daemon.kill_process()

    @property
    def died(self):
        """How the daemon ended by itself, or '' if it lives or was ended by the test."""
        daemon = self._daemon
        if daemon is None or daemon.process is None or daemon.running or daemon.ended:
            return ""
        return f"status {daemon.process.returncode}"

    def log(self):
        """The daemon's log, if it ever ran."""
        return self._daemon.log() if self._daemon is not None else ""

    # -- things a test has around itself ---------------------------------------------------------------------------

    def open(self, uri=None, readonly=False):
        """Another client, closed at the end."""
        client = self.daemon.client(uri, readonly)
        self._stack.callback(client.close)
        return client

    def port(self, name, **keywords):
        """Makes a port that lives as long as the test, and returns its name."""
        ports.add_port(name, **keywords)
        self._stack.callback(ports.remove, name)
        return name

    def filter_file(self, name):
        """Path of the file of the filter `name`."""
        return FILTERS / f"{name}.xml"

    def binding_file(self, portdev):
        """Path of the file of the binding of `portdev`."""
        return BINDINGS / f"{portdev}.xml"

    def lay_filter(self, name, body=texts.ACCEPT, file=None, **keywords):
        """Puts a filter's file in place without asking the daemon."""
        path = FILTERS / (file or f"{name}.xml")
        path.write_text(texts.filter_xml(name, body, **keywords))
        return path

    def ship(self):
        """Puts the filters in place that libvirt ships."""
        for source in SHIPPED.glob("*.xml"):
            shutil.copy(source, FILTERS)

    # -- short forms -----------------------------------------------------------------------------------------------

    def define(self, name, body=texts.ACCEPT, **keywords):
        """Defines a filter by its parts."""
        return self.client.define(texts.filter_xml(name, body, **keywords))

    def bind(self, portdev, name, parameters=(), **keywords):
        """Creates a binding by its parts."""
        return self.client.bind(texts.binding_xml(portdev, name, parameters, **keywords))

    def rules(self, portdev):
        """The kernel's rules of the port, as text."""
        return kernel.of_port(portdev)

    def close(self):
        """Ends everything that the test began."""
        self.hang_up()
        self._stack.close()
