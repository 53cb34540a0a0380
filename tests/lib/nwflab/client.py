# SPDX-License-Identifier: LGPL-2.1-or-later
"""
client.py: python3-libvirt with errors as values, and virsh as a command

A libvirt error is worth a triple: its code, its domain, its text. Tests compare the first two, which are the contract; texts
only where tools are known to read them.
"""

import os
import subprocess

import libvirt

libvirt.registerErrorHandler(lambda *_: None, None)  # errors are returned, not printed

# The short names that the tests use: (code, domain).
ERRORS = {
    "INT": (1, 33),  # illegal value, missing variable or filter, incomplete binding
    "ARG": (8, 33),  # bad chain, bad flags, bad name
    "OPF": (9, 33),  # clash of name and uuid, loop, duplicate binding
    "OPI": (55, 33),  # filter in use; not possible in this daemon
    "CFG": (67, 33),  # unknown action or direction (before libvirt 11)
    "XML33": (27, 33),  # bad uuid; file name is not the filter's name
    "XML5": (27, 5),  # wrong root element
    "XMLD": (35, 33),  # not well-formed
    "SCH": (92, 5),  # schema violated
    "NOF": (62, 33),  # no such filter
    "NOB": (101, 33),  # no such binding
    "PARSE": (32, 33),  # unknown way of learning
    "RO": (29, 33),  # read-only connection
    "FW": (1, 59),  # a firewall tool refused
    "SYS": (38, 0),  # a system call failed
    "RPC": (39, 7),  # too much for the wire
    "NOSUP": (3, 20),  # not a call of this driver
    "UNK": (1, 0),  # libvirt's own words for an error that has none
}


class Failed(Exception):
    """A libvirt call failed: code, domain, message, and the three strings of the error."""

    def __init__(self, error):
        super().__init__(f"{name_of(error.get_error_code(), error.get_error_domain())}: {error.get_error_message()}")
        self.code = error.get_error_code()
        self.domain = error.get_error_domain()
        self.message = error.get_error_message() or ""
        self.strings = (error.get_str1(), error.get_str2(), error.get_str3())

    @property
    def name(self):
        """The short name of code and domain."""
        return name_of(self.code, self.domain)


def name_of(code, domain):
    """Short name of a pair of code and domain, or CODE/DOMAIN."""
    for name, pair in ERRORS.items():
        if pair == (code, domain):
            return name
    return f"{code}/{domain}"


def attempt(function, *arguments):
    """What function(*arguments) returns, its failure raised as Failed."""
    try:
        return function(*arguments)
    except libvirt.libvirtError as error:
        raise Failed(error) from None


def outcome(function, *arguments, **keywords):
    """'ok', or the short name of the error of function(*arguments, **keywords)."""
    try:
        attempt(lambda: function(*arguments, **keywords))
        return "ok"
    except Failed as failed:
        return failed.name


def version():
    """libvirt's version as a tuple, such as (9, 0, 0)."""
    number = libvirt.getVersion()
    return number // 1000000, number // 1000 % 1000, number % 1000


class Client:
    """A connection. Calls raise Failed; results are plain values where that is enough for a test."""

    def __init__(self, uri, readonly=False):
        self.uri = uri
        self.connection = attempt(libvirt.openReadOnly if readonly else libvirt.open, uri)

    def close(self):
        """Closes the connection; twice is fine."""
        if self.connection is not None:
            connection, self.connection = self.connection, None
            attempt(connection.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Filters.

    def define(self, xml, flags=None):
        """Defines a filter and returns its handle; with flags, by the call that has them."""
        if flags is None:
            return attempt(self.connection.nwfilterDefineXML, xml)
        return attempt(self.connection.nwfilterDefineXMLFlags, xml, flags)

    def filter(self, name):
        """Handle of the filter `name`."""
        return attempt(self.connection.nwfilterLookupByName, name)

    def filter_xml(self, name):
        """Document of the filter `name`."""
        return attempt(self.filter(name).XMLDesc, 0)

    def filters(self):
        """Sorted names of all filters."""
        return sorted(item.name() for item in attempt(self.connection.listAllNWFilters, 0))

    def undefine(self, name):
        """Removes the filter `name`."""
        attempt(self.filter(name).undefine)

    # Bindings.

    def bind(self, xml, flags=0):
        """Creates a binding and returns its handle."""
        return attempt(self.connection.nwfilterBindingCreateXML, xml, flags)

    def binding(self, portdev):
        """Handle of the binding of `portdev`."""
        return attempt(self.connection.nwfilterBindingLookupByPortDev, portdev)

    def binding_xml(self, portdev):
        """Document of the binding of `portdev`."""
        return attempt(self.binding(portdev).XMLDesc, 0)

    def bindings(self):
        """Sorted port names of all bindings."""
        return sorted(item.portDev() for item in attempt(self.connection.listAllNWFilterBindings, 0))

    def unbind(self, portdev):
        """Deletes the binding of `portdev`."""
        attempt(self.binding(portdev).delete)


class Run:
    """What a program did: status, out, err."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode(errors="surrogateescape")
        self.err = done.stderr.decode(errors="surrogateescape")

    @property
    def ok(self):
        """Whether the exit status is 0."""
        return self.status == 0

    def __repr__(self):
        return f"<status {self.status}\n{self.out}{self.err}>"


def virsh(*arguments, uri="nwfilter:///system", environment=None, limit=60.0, prefix=()):
    """Runs virsh with the untranslated messages (LC_ALL=C unless `environment` says otherwise)."""
    settings = dict(os.environ, LC_ALL="C", **(environment or {}))
    command = [*prefix, "virsh", "-c", uri, *map(str, arguments)]
    return Run(subprocess.run(command, env=settings, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit,
                              check=False))
