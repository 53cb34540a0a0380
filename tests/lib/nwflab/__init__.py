# SPDX-License-Identifier: LGPL-2.1-or-later
"""
nwflab: what tests need that talk to a real libvirtd inside scripts/sandbox

The one home of what several lanes use; bench/ and the demo of scripts/ use it, too. pytest.ini and scripts/sandbox put it where Python
looks, so all say `from nwflab… import`.

    lab.py           one daemon, its clients, ports and files, in the state that a test begins with
    daemon.py        a stock libvirtd that loads this project's module ('ours') or libvirt's own ('stock')
    client.py        python3-libvirt with errors as values, and virsh
    host.py          filters and bindings that go with the test
    texts.py         the XML of filters and bindings
    fixtures.py, shared.py, elsewhere.py
                     pytest's fixtures: a daemon for each test, one for all, tests that ran elsewhere
    wait.py          waiting with an end

    guests.py        simulated guests on a bridge, and whether a frame of one comes through to another
    frames.py        frames by recipe; dhcp.py: DHCP messages by hand
    stream.py, traffic.py
                     frames without end and what came of them; at exact rates, counted in the kernel
    learning.py      a host whose guests' addresses are learned; machines.py: real clients and servers of DHCP, crowds of cards
    ports.py         bridges and the ports of simulated guests

    kernel.py        the firewall rules that are in force; counters.py: what they counted
    generation.py    how often they were changed; execs.py: which programs a process starts
    filters/         the language of filters for generators

    domains.py, console.py, initrd.py, hosts.py, groups.py
                     guests of libvirt's own drivers: start and end, what they say, what they boot, a second host, control groups

Invariants: nothing waits without a time limit, and no daemon starts outside the sandbox. Everything that a test makes lies in
the sandbox's tmpfs and namespaces, so nothing has to be cleaned up for the host's sake.
"""
