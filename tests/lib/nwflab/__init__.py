# SPDX-License-Identifier: LGPL-2.1-or-later
"""
nwflab: what tests need that talk to a real libvirtd inside scripts/sandbox

    daemon.py   a stock libvirtd that loads this project's module ('ours') or libvirt's own ('stock')
    client.py   python3-libvirt with errors as values, and virsh
    ports.py    bridges and the ports of simulated guests
    kernel.py   the firewall rules that are in force
    execs.py    which programs a process starts
    texts.py    the XML of filters and bindings

Invariants: nothing waits without a time limit, and no daemon starts outside the sandbox. Everything that a test makes lies in
the sandbox's tmpfs and namespaces, so nothing has to be cleaned up for the host's sake.
"""
