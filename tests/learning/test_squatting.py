# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_squatting.py: a guest claims the address of another one before that has it
"""

import pytest

from nwflab import wait
from nwflab.frames import arp
from nwflab.guests import A, B, C, D, port_of

pytestmark = pytest.mark.ours("the stock driver asks nobody whether an address is another's: D7")

FREE = "10.77.0.171"


def complaint(host, text):
    """Waits for a line of the log."""
    wait.until(lambda: text in host.lab.log(), f"the log says: {text}")


def claim(host, how):
    """B has A's address: by one frame, or by a lease that its accomplice gave. Returns its port."""
    if how == "shown":
        host.bind(B)
        host.show(B, A.ip)
    else:
        host.bind_dhcp(B)
        host.lease(B, A.ip, server=D)
        host.has(B, A.ip)
    return port_of(B)


@pytest.mark.parametrize("how", ["shown", "leased"])
def test_lease_of_a_listed_server_wins(host, how):
    """The guest to which its server gave the address has it, in the kernel, too; the squatter has it no more and cannot have it again."""
    port = claim(host, how)
    assert host.passes(B, A.ip)
    host.bind_dhcp(A, DHCPSERVER=C.ip)
    host.lease(A, A.ip)
    host.has(A, A.ip)
    host.has(B)
    complaint(host, f"port '{port}': {A.ip} is forgotten: a server in DHCPSERVER gave it to port '{port_of(A)}'")
    assert host.settled(B) and not host.passes(B, A.ip)
    assert host.passes(A, A.ip)
    if how == "shown":
        host.send(B, arp(sender_ip=A.ip), arp(sender_ip=FREE))
    else:
        host.lease(B, A.ip, server=D)
        host.lease(B, FREE, server=D)
    host.has(B, FREE)
    host.has(A, A.ip)


@pytest.mark.parametrize("how", ["shown", "leased"])
def test_forged_lease_takes_nothing(host, how):
    """Where no server is listed an ACK may be forged: a guest and its accomplice get nothing that a neighbour shows or has leased."""
    if how == "shown":
        host.bind(A)
        host.show(A, A.ip)
    else:
        host.bind_dhcp(A)
        host.lease(A, A.ip)
        host.has(A, A.ip)
    host.bind_dhcp(B)
    host.lease(B, A.ip, server=D)
    complaint(host, f"port '{port_of(B)}': {A.ip} is not learned")
    host.lease(B, FREE, server=D)
    host.has(B, FREE)
    host.has(A, A.ip)


@pytest.mark.parametrize("how", ["configured", "listed"])
def test_listed_server_does_not_take(host, how):
    """What another port has by configuration, or by a lease of its own listed server, it keeps."""
    if how == "configured":
        host.bind(B, IP=A.ip)
    else:
        host.bind_dhcp(B, DHCPSERVER=C.ip)
        host.lease(B, A.ip)
    host.has(B, A.ip)
    host.bind_dhcp(A, DHCPSERVER=C.ip)
    host.lease(A, A.ip)
    complaint(host, f"port '{port_of(A)}': {A.ip} is not learned")
    host.lease(A, FREE)
    host.has(A, FREE)
    host.has(B, A.ip)


def test_forged_lease_from_before_the_list_takes_nothing(host):
    """An accomplice gives B an address without end that nobody has yet; then B's servers are listed, too late for that lease."""
    owner = host.bind_dhcp(B)
    host.lease(B, A.ip, server=D, seconds=0xffffffff)
    host.has(B, A.ip)
    host.unbind(B)
    host.bind(A)
    host.show(A, A.ip)
    host.bind_dhcp(B, owner=owner, DHCPSERVER=C.ip)
    host.lab.restart()
    host.has(A, A.ip)
    host.unbind(A)
    host.bind_dhcp(A, DHCPSERVER=C.ip)
    host.lease(A, A.ip)
    host.has(A, A.ip)
    host.has(B)
    assert host.passes(A, A.ip)
