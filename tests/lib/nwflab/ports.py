# SPDX-License-Identifier: LGPL-2.1-or-later
"""
ports.py: bridges and the ports of simulated guests

A port is what a hypervisor would give a guest: a network device of a known name in a bridge. Here it is one end of a veth
pair; the other end is the guest's card, in this network namespace or in one of the guest's own. A tap port has nobody behind it.

Invariants: names are the caller's; a device that a `with` block made is gone after it.
"""

import contextlib
import subprocess


def ip(*arguments, check=True):
    """Runs ip(8) and returns its output."""
    done = subprocess.run(["ip", *map(str, arguments)], capture_output=True, text=True, timeout=20, check=False)
    if check and done.returncode:
        raise RuntimeError(f"ip {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def exists(name):
    """Whether there is a network device `name` in this namespace."""
    return subprocess.run(["ip", "link", "show", "dev", name], capture_output=True, timeout=20, check=False).returncode == 0


def add_bridge(name, address=None):
    """Makes the bridge `name`, up, forwarding at once; with an address such as 10.0.0.1/24 if given."""
    ip("link", "add", name, "type", "bridge", "forward_delay", 0, "stp_state", 0, "mcast_snooping", 0)
    ip("link", "set", name, "up")
    if address:
        ip("address", "add", address, "dev", name)


def add_port(name, bridge=None, peer=None, kind="veth", mac=None):
    """Makes the port `name`, up, in `bridge`; the guest's end of a veth port is `peer` (default: g-NAME, cut to fit)."""
    if kind == "veth":
        peer = peer or peer_of(name)
        own = ("address", mac) if mac else ()
        ip("link", "add", name, "type", "veth", "peer", "name", peer, *own)
        ip("link", "set", peer, "up")
    else:
        ip("tuntap", "add", "dev", name, "mode", "tap")
    if bridge:
        ip("link", "set", name, "master", bridge)
    ip("link", "set", name, "up")


def peer_of(name):
    """Name of the guest's end of the port `name`."""
    return f"g-{name}"[:15]


def remove(name):
    """Removes a device; one that is gone already is fine."""
    ip("link", "delete", name, check=False)


@contextlib.contextmanager
def bridge(name="br0", address=None):
    """The bridge `name` while the block runs."""
    add_bridge(name, address)
    try:
        yield name
    finally:
        remove(name)


@contextlib.contextmanager
def port(name, bridge=None, **keywords):  # pylint: disable=redefined-outer-name
    """The port `name` while the block runs."""
    add_port(name, bridge, **keywords)
    try:
        yield name
    finally:
        remove(name)
