# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_leases.py: mode dhcp: which messages give and take leases, and that they end on time
"""

import time

import pytest

from nwflab import dhcp, wait
from nwflab.dhcp import ACK, DECLINE, DISCOVER, FOREVER, INFORM, NAK, OFFER, RELEASE, REQUEST, ip
from nwflab.frames import arp, udp
from nwflab.guests import A, B, C, HOST, port_of
from nwflab.learning import LEASES, Traffic, key_of

pytestmark = pytest.mark.ours("the stock snooper's habits differ: section Learning of docs/differences.md")

FIRST, SECOND, THIRD = "10.77.0.111", "10.77.0.112", "10.77.0.113"
OTHER_SERVER = "10.77.0.201"


@pytest.fixture(name="bound")
def fixture_bound(host):
    """The guest A, bound, without lease."""
    host.bind_dhcp(A)
    return host


def asked(host, kind=REQUEST, xid=70, wanted=FIRST, options=(), **header):
    """The guest asks."""
    listed = [(50, ip(wanted)), *options] if wanted else list(options)
    host.send(A, dhcp.ask(A, kind, xid, listed, **header))
    return xid


def answered(host, kind=ACK, xid=70, address=FIRST, **parts):
    """The server answers."""
    host.send(C, dhcp.tell(C, A, kind, xid, address, **parts))


def only(host, *addresses):
    """Nothing that was sent before gave or took anything: a further lease comes to just these."""
    host.lease(A, THIRD)
    host.has(A, *addresses, THIRD)


# -- leases that are given ---------------------------------------------------------------------------------------------------


def test_lease(bound):
    """The guest may use its address; nothing else, and nothing before."""
    assert not bound.passes(A, FIRST)
    bound.lease(A, FIRST)
    bound.has(A, FIRST)
    assert bound.passes(A, FIRST) and bound.reaches(A, FIRST)
    assert not bound.passes(A, SECOND) and not bound.reaches(A, SECOND)
    assert bound.wire.arrives(C >> A, udp())


def test_usual_conversation(bound):
    """DISCOVER, OFFER, REQUEST with the server's identifier, ACK."""
    bound.send(A, dhcp.ask(A, DISCOVER, 71, [(50, ip(SECOND)), (61, b"\x01client")]))
    answered(bound, OFFER, 71)
    asked(bound, xid=71, options=[(54, ip(C.ip)), (61, b"\x01client")])
    answered(bound, xid=71)
    bound.has(A, FIRST)


def test_guest_that_starts_again(bound):
    """It remembers an address and asks whether it is still its own (INIT-REBOOT); another server may say so."""
    asked(bound)
    answered(bound, src=OTHER_SERVER)
    bound.has(A, FIRST)


def test_rebinding(bound):
    """Any server may renew, when the guest asks them all from its address."""
    bound.lease(A, FIRST)
    bound.has(A, FIRST)
    bound.send(A, dhcp.ask(A, REQUEST, 72, src=FIRST, ciaddr=FIRST))
    answered(bound, xid=72, src=OTHER_SERVER, seconds=2)
    bound.has(A, limit=15)


def test_rapid_commit(bound):
    """RFC 4039: a DISCOVER may be answered with an ACK at once, if both say so. The wish for an address is none."""
    bound.send(A, dhcp.ask(A, DISCOVER, 73, [(80, b""), (50, ip(SECOND))]))
    answered(bound, xid=73)
    bound.send(A, dhcp.ask(A, DISCOVER, 74, [(80, b"")]))
    answered(bound, xid=74, address=SECOND, options=[(80, b"")])
    bound.has(A, SECOND)


def test_several_leases(bound):
    """All of them are in the rules, in the order in which they came; one may end."""
    bound.lease(A, FIRST)
    bound.lease(A, SECOND, seconds=3)
    bound.has(A, FIRST, SECOND)
    assert bound.passes(A, FIRST) and bound.passes(A, SECOND)
    bound.define("clean-traffic-too", "")
    bound.has(A, FIRST)
    assert bound.passes(A, FIRST) and not bound.passes(A, SECOND)


def test_relay(bound):
    """Behind a relay the server's identifier is not the sender of the message."""
    asked(bound)
    answered(bound, src=OTHER_SERVER, identifier="192.0.2.1", giaddr=OTHER_SERVER)
    bound.has(A, FIRST)


def test_not_more_than_may_be(host):
    """The first ones stay: who asks for more pushes nothing out."""
    host.bind_dhcp(A, CTRL_IP_MAX="2")
    for address in (FIRST, SECOND, THIRD):
        host.lease(A, address)
    host.has(A, FIRST, SECOND)
    host.lease(A, THIRD)
    host.lease(A, SECOND, seconds=1)
    host.has(A, FIRST)


# -- messages that give nothing ------------------------------------------------------------------------------------------------

NO_LEASE = {
    "not-asked": (None, {}),
    "another-transaction": ({}, {"xid": 1234}),
    "offer": ({}, {"kind": OFFER}),
    "inform": ({"kind": INFORM, "wanted": None, "ciaddr": FIRST}, {"seconds": None, "address": "0.0.0.0"}),
    "inform-with-a-lease": ({"kind": INFORM}, {}),
    "discover": ({"kind": DISCOVER}, {}),
    "rapid-unconfirmed": ({"kind": DISCOVER, "options": [(80, b"")]}, {}),
    "no-lease-time": ({}, {"seconds": None}),
    "lease-time-0": ({}, {"seconds": 0}),
    "another-address": ({}, {"address": SECOND}),
    "no-address": ({}, {"address": "0.0.0.0"}),
    "another-server": ({"options": [(54, ip(OTHER_SERVER))]}, {}),
    "another-client": ({}, {"mac": B.mac}),
    "asked-with-another-hardware": ({"htype": 6}, {}),
    "asked-with-a-short-address": ({"hlen": 5}, {}),
    "a-request": ({}, {"op": 1}),
    "fragment": ({}, {"fields": {"flags": "MF"}}),
    "tagged": ({}, {"vlan": 5}),
    "not-udp": ({}, {"fields": {"proto": 6}}),
    "wrong-checksum": ({}, {"udp_fields": {"chksum": 0x1234}}),
    "asked-for-another-client": ({"mac": B.mac}, {}),
    "asked-from-another-client": ({"src_mac": B.mac}, {}),
    "asked-tagged": ({"vlan": 5}, {}),
    "asked-as-a-server": ({"op": 2}, {}),
    "asked-another-port": ({"dport": 68}, {}),
}
SPECIAL = ["0.1.2.3", "127.0.0.1", "224.0.0.5", "240.0.0.1", "255.255.255.255", HOST.ip]


@pytest.mark.parametrize("name", NO_LEASE)
def test_gives_nothing(bound, name):
    """An ACK that the guest did not ask for in just this way, or that lacks something."""
    question, answer = NO_LEASE[name]
    if question is not None:
        asked(bound, **question)
    answered(bound, **answer)
    only(bound)
    assert not bound.passes(A, FIRST)


@pytest.mark.parametrize("address", SPECIAL)
def test_no_host_can_have(bound, address):
    """Whatever a server says."""
    bound.lease(A, address)
    only(bound)


def test_addresses_of_the_network(bound):
    """With the mask of the lease the network's own address and its broadcast are known."""
    mask = [(1, ip("255.255.255.0"))]
    bound.lease(A, "10.77.3.0", options=mask)
    bound.lease(A, "10.77.3.255", options=mask)
    bound.lease(A, "10.77.3.7", options=mask)
    bound.has(A, "10.77.3.7")


def test_address_of_a_neighbour(host):
    """Nobody gets what another port of the bridge has."""
    host.bind(B, IP=B.ip)
    host.bind_dhcp(A)
    host.lease(A, B.ip)
    only(host)


def test_packets_teach_nothing(bound):
    """However often the guest shows an address."""
    bound.send(A, arp(sender_ip=FIRST), udp(src=FIRST), arp(op=2, sender_ip=FIRST))
    only(bound)


def test_questions_that_crowd_out_others(bound):
    """Eight questions are remembered; more of them hurt their own guest alone."""
    for xid in range(300, 310):
        asked(bound, xid=xid)
    answered(bound, xid=300)
    answered(bound, xid=301)
    only(bound)
    answered(bound, xid=305)
    bound.has(A, THIRD, FIRST)


# -- trusted servers ----------------------------------------------------------------------------------------------------------


def test_listed_servers_alone(host):
    """By the source of their messages, before the first lease and after it."""
    host.bind_dhcp(A, DHCPSERVER=["10.77.0.202", OTHER_SERVER])
    host.lease(A, FIRST)
    host.lease(A, FIRST, src="10.77.0.203", identifier=OTHER_SERVER)
    host.lease(A, SECOND, src=OTHER_SERVER)
    host.has(A, SECOND)
    host.lease(A, FIRST)
    host.send(A, dhcp.ask(A, REQUEST, 75, [(50, ip(SECOND))]))
    host.send(C, dhcp.tell(C, A, NAK, 75, seconds=None))
    host.lease(A, THIRD, src="10.77.0.202", giaddr="10.77.0.202", identifier="192.0.2.1")
    host.has(A, SECOND, THIRD)


# -- leases that end ----------------------------------------------------------------------------------------------------------


def test_lease_ends_and_another_begins(host, wire):
    """On time; nothing passes that must not; then the new address holds and the old one does not."""
    owner = host.bind_dhcp(A)
    with Traffic(wire, A, [udp(src=FIRST), udp(src=SECOND), udp(src=FIRST, src_mac=C.mac)]) as traffic:
        begin = time.monotonic()
        host.lease(A, FIRST, seconds=3)
        host.has(A, FIRST)
        host.has(A)
        took = time.monotonic() - begin
        assert host.settled(A)
    first, second, forged = traffic.counts()
    assert first[1] > 0 and second[1] == forged[1] == 0
    assert 2.9 < took < 5, took
    assert key_of(owner, A.mac) not in dict(host.live_lines())
    host.lease(A, SECOND)
    host.has(A, SECOND)
    host.is_saved(owner, A, SECOND)
    assert host.passes(A, SECOND) and not host.passes(A, FIRST)


def test_renewal_moves_the_end(bound):
    """Later and sooner: the server is followed."""
    bound.lease(A, FIRST, seconds=2)
    bound.lease(A, FIRST, seconds=600)
    bound.lease(A, SECOND, seconds=600)
    bound.lease(A, SECOND, seconds=1)
    bound.has(A, FIRST, SECOND)
    bound.has(A, FIRST)
    time.sleep(1.2)
    assert bound.passes(A, FIRST) and not bound.passes(A, SECOND)


def test_lease_without_end(bound):
    """Stays, also while others end."""
    bound.lease(A, FIRST, seconds=FOREVER)
    bound.lease(A, SECOND, seconds=1)
    bound.has(A, FIRST, SECOND)
    bound.has(A, FIRST)
    assert bound.passes(A, FIRST)
    assert any(line.startswith("18446744073709551615 ") and f" {FIRST} " in line for line in LEASES.read_text().splitlines())


def two(host):
    """The guest has two leases."""
    host.lease(A, FIRST)
    host.lease(A, SECOND)
    host.has(A, FIRST, SECOND)


def test_release(bound):
    """The guest gives an address back from that address; interim rules when it was the last."""
    two(bound)
    bound.send(A, dhcp.ask(A, RELEASE, src=FIRST, ciaddr=FIRST, dst=C.ip, dst_mac=C.mac))
    bound.has(A, SECOND)
    bound.send(A, dhcp.ask(A, RELEASE, src=SECOND, ciaddr=SECOND, dst=C.ip, dst_mac=C.mac))
    bound.has(A)
    assert bound.settled(A) and not bound.passes(A, SECOND)


def test_decline(bound):
    """The guest found that somebody has the address already."""
    two(bound)
    bound.send(A, dhcp.ask(A, DECLINE, options=[(50, ip(FIRST))]))
    bound.has(A, SECOND)


def test_refusal(bound):
    """The server does not renew."""
    two(bound)
    asked(bound)
    answered(bound, NAK, address="0.0.0.0", seconds=None)
    bound.has(A, SECOND)


def test_lease_time_0_ends(bound):
    """A renewal for no time at all."""
    two(bound)
    bound.lease(A, FIRST, seconds=0)
    bound.has(A, SECOND)


KEEPS = {
    "release-of-another-address": lambda: (A, dhcp.ask(A, RELEASE, src=SECOND, ciaddr=FIRST)),
    "release-without-address": lambda: (A, dhcp.ask(A, RELEASE, src=FIRST)),
    "release-in-yiaddr": lambda: (A, dhcp.ask(A, RELEASE, src=FIRST, yiaddr=FIRST)),
    "release-for-another-client": lambda: (A, dhcp.ask(A, RELEASE, src=FIRST, ciaddr=FIRST, mac=B.mac)),
    "release-from-a-neighbour": lambda: (C, dhcp.ask(A, RELEASE, src=FIRST, ciaddr=FIRST)),
    "release-to-the-guest": lambda: (C, dhcp.tell(C, A, RELEASE, yiaddr=FIRST, ciaddr=FIRST, src=FIRST)),
    "decline-without-address": lambda: (A, dhcp.ask(A, DECLINE)),
    "decline-from-a-neighbour": lambda: (C, dhcp.ask(A, DECLINE, options=[(50, ip(FIRST))])),
    "decline-to-the-guest": lambda: (C, dhcp.tell(C, A, DECLINE, yiaddr=FIRST, options=[(50, ip(FIRST))])),
    "refusal-unasked": lambda: (C, dhcp.tell(C, A, NAK, 99, seconds=None)),
}


@pytest.mark.parametrize("name", KEEPS)
def test_takes_nothing(bound, name):
    """Nobody else can end a lease, and the guest only in the right form."""
    bound.lease(A, FIRST)
    bound.has(A, FIRST)
    sender, frame = KEEPS[name]()
    bound.send(sender, frame)
    only(bound, FIRST)


# -- what belongs to whom ------------------------------------------------------------------------------------------------------


def test_leases_belong_to_the_guest(host):
    """A binding made anew has them at once; another owner or card has nothing of them."""
    owner = host.bind_dhcp(A)
    host.lease(A, FIRST)
    host.has(A, FIRST)
    host.unbind(port_of(A))
    host.bind_dhcp(A)
    assert host.settled(A)
    host.unbind(port_of(A))
    host.bind_dhcp(A, owner=owner)
    assert host.addresses(port_of(A)) == [FIRST]
    assert host.passes(A, FIRST)


def test_lease_ends_while_nobody_is_bound(host):
    """It is over when the guest comes back."""
    owner = host.bind_dhcp(A)
    host.lease(A, FIRST, seconds=1)
    host.has(A, FIRST)
    host.unbind(port_of(A))
    time.sleep(1.2)
    host.bind_dhcp(A, owner=owner)
    assert host.settled(A)


def test_two_ports_of_one_guest(host):
    """The same owner and MAC at two ports: both are filtered, and what one gets both may use."""
    owner = host.bind_dhcp(A)
    twin = B.__class__("B", A.mac, B.ip, B.ip6)
    host.bind_dhcp(twin, owner=owner)
    assert host.settled(A) and host.settled(twin)
    host.lease(A, FIRST)
    host.has(A, FIRST)
    host.has(twin, FIRST)
    host.unbind(port_of(A))
    assert host.addresses(port_of(twin)) == [FIRST]
    wait.until(lambda: host.wire.arrives(B >> C, udp(src=FIRST, src_mac=A.mac)), "the other port passes")
    assert not host.wire.arrives(B >> C, udp(src=SECOND, src_mac=A.mac))
