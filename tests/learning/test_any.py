# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_any.py: what mode any believes, and what a hostile guest or neighbour can do to it
"""

import pytest

from nwflab import dhcp, ports
from nwflab.dhcp import ACK, NAK, OFFER, REQUEST
from nwflab.frames import BROADCAST, arp, ether, icmp, ping, protocol, rarp, syn, udp
from nwflab.guests import A, B, C, HOST, port_of
from nwflab.kernel import setting
from nwflab.learning import Traffic, from_device, key_of

pytestmark = pytest.mark.ours("the stock learner's habits differ: section Learning of docs/differences.md")

FIRST, OWN = "10.77.0.110", A.ip


def damaged(position, value, **options):
    """A packet one byte of whose IP header is another (position 0: version and length)."""
    def make(path, marker):
        text = bytearray(bytes(udp(src=FIRST, **options).build(path, marker)))
        text[14 + position] = value
        return bytes(text)
    return make


def text_of(frame, sender=A):
    """The bytes of a recipe."""
    return frame(sender >> C, b"anything") if callable(frame) else frame.bytes_for(sender >> C, b"anything")


TEACH = {
    "arp-request": arp(sender_ip=FIRST),
    "arp-reply": arp(op=2, sender_ip=FIRST),
    "arp-announcement": arp(sender_ip=FIRST, target_ip=FIRST),
    "udp": udp(src=FIRST),
    "tcp": syn(src=FIRST),
    "ping": ping(src=FIRST),
    "icmp": icmp(src=FIRST, type=3),
    "any-protocol": protocol(src=FIRST, number=47),
    "broadcast": udp(src=FIRST, dst="255.255.255.255", dst_mac=BROADCAST),
    "fragment": udp(src=FIRST, fragment=64),
    "first-fragment": udp(src=FIRST, more=True),
}
ENDS_IN_255 = "10.77.3.255"

SILENT = {
    "arp-probe": arp(sender_ip="0.0.0.0"),
    "arp-of-another-mac": arp(sender_ip=FIRST, sender_mac=C.mac),
    "arp-of-another-kind": arp(sender_ip=FIRST, hwtype=6),
    "rarp": rarp(sender_ip=FIRST),
    "from-another-mac": udp(src=FIRST, src_mac=C.mac),
    "arp-from-another-mac": arp(sender_ip=FIRST, src_mac=C.mac, sender_mac=C.mac),
    "tagged": udp(src=FIRST, vlan=5),
    "tagged-with-0": udp(src=FIRST, vlan=0),
    "arp-tagged": arp(sender_ip=FIRST, vlan=5),
    "tagged-twice": udp(src=FIRST, vlan=5, inner_type=0x8100),
    "ipv6": udp(v6=True),
    "another-type": ether(),
    "version-6": damaged(0, 0x65),
    "bad-checksum": damaged(10, 0x77),
    "header-too-short": damaged(0, 0x44),
    **{f"special-{address}": udp(src=address)
       for address in ("0.0.0.0", "0.1.2.3", "127.0.0.1", "224.1.1.1", "239.255.255.255", "240.0.0.1", "255.255.255.255")},
    "arp-special": arp(sender_ip="127.0.0.1"),
    "the-hosts": udp(src=HOST.ip),
    "arp-the-hosts": arp(sender_ip=HOST.ip),
    "offer-of-its-own": dhcp.tell(C, A, OFFER, yiaddr=FIRST, src_mac=A.mac, src="0.0.0.0"),
}


@pytest.mark.parametrize("name", TEACH)
def test_teaches(host, name):
    """The first address that the guest shows, in whatever packet."""
    host.bind(A)
    host.send(A, text_of(TEACH[name]))
    host.has(A, FIRST)
    assert host.passes(A, FIRST) and host.reaches(A, FIRST)
    assert not host.passes(A, OWN) and not host.reaches(A, OWN)


@pytest.mark.parametrize("name", SILENT)
def test_teaches_nothing(host, name):
    """These say nothing about the guest's address, or nothing that can be true."""
    host.bind(A)
    host.send(A, text_of(SILENT[name]))
    host.show(A, OWN)
    assert host.passes(A, OWN)


def test_address_that_looks_like_broadcast(host):
    """Only with a network's mask is x.x.x.255 known not to be a host's."""
    host.bind(A)
    host.show(A, ENDS_IN_255)


# -- neighbours ------------------------------------------------------------------------------------------------------------

HOSTILE = {
    "victims-mac": udp(src=FIRST, src_mac=A.mac, dst="255.255.255.255", dst_mac=BROADCAST),
    "victims-mac-arp": arp(sender_ip=FIRST, src_mac=A.mac, sender_mac=A.mac),
    "offer": dhcp.tell(C, A, OFFER, yiaddr=FIRST),
    "offer-to-it": dhcp.tell(C, A, OFFER, yiaddr=FIRST, dst=FIRST, dst_mac=A.mac),
    "ack": dhcp.tell(C, A, ACK, yiaddr=FIRST),
    "ack-tagged": dhcp.tell(C, A, ACK, yiaddr=FIRST, vlan=5),
    "nak": dhcp.tell(C, A, NAK),
    "tcp": dhcp.tell(C, A, ACK, yiaddr=FIRST, fields={"proto": 6}),
    "sctp": dhcp.tell(C, A, ACK, yiaddr=FIRST, fields={"proto": 132}),
    "fragment": dhcp.tell(C, A, ACK, yiaddr=FIRST, fields={"flags": "MF"}),
    "decline": dhcp.tell(C, A, dhcp.DECLINE, yiaddr=FIRST, op=1, options=[(50, dhcp.ip(FIRST))]),
    "release": dhcp.tell(C, A, dhcp.RELEASE, yiaddr=FIRST, op=1, ciaddr=FIRST),
    "request": dhcp.ask(A, REQUEST, options=[(50, dhcp.ip(FIRST))]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_neighbour_teaches_nothing(host, name):
    """Whatever addresses a frame has: from whom it is the kernel tells, and nothing was asked."""
    host.bind(A)
    host.send(C, HOSTILE[name])
    host.show(A, OWN)
    host.send(C, HOSTILE[name])
    assert host.passes(A, OWN) and not host.passes(A, FIRST)


def test_address_of_another_port(host):
    """What one port has, by learning or by configuration, no other one of the bridge learns."""
    host.bind(B, IP=B.ip)
    host.bind(A)
    host.send(A, arp(sender_ip=B.ip), udp(src=B.ip))
    host.show(A, OWN)
    host.unbind(port_of(B))
    host.bind(B)
    host.send(B, arp(sender_ip=OWN), udp(src=OWN))
    host.show(B, B.ip)


def test_freed_address_may_be_learned(host):
    """With the binding its address goes back."""
    host.bind(A)
    host.show(A, FIRST)
    host.unbind(port_of(A))
    host.bind(B)
    host.show(B, FIRST)


# -- what may replace the first address --------------------------------------------------------------------------------------


def test_first_address_is_locked(host):
    """Whatever else the guest shows afterwards; also to itself when it is bound again, nothing is left of it."""
    host.bind(A)
    host.show(A, FIRST)
    host.send(A, arp(sender_ip=OWN), udp(src=OWN), arp(op=2, sender_ip=OWN))
    assert host.passes(A, FIRST) and not host.passes(A, OWN)
    assert host.addresses(port_of(A)) == [FIRST]
    host.unbind(port_of(A))
    host.bind(A)
    assert host.settled(A)
    host.show(A, OWN)


def test_link_local_gives_way(host):
    """An address that a guest gave itself for want of a better one is replaced."""
    host.bind(A)
    host.show(A, "169.254.7.7")
    host.send(A, udp(src=OWN))
    host.has(A, OWN)
    assert not host.passes(A, "169.254.7.7")


def test_lease_replaces_what_was_guessed(host):
    """A lease is trusted more than a packet; afterwards it is locked, against packets and leases."""
    host.bind(A)
    host.show(A, FIRST)
    host.lease(A, OWN)
    host.has(A, OWN)
    assert not host.passes(A, FIRST)
    host.lease(A, FIRST)
    host.send(A, arp(sender_ip=FIRST))
    assert host.passes(A, OWN)
    assert host.addresses(port_of(A)) == [OWN]


def test_offer_is_no_lease(host):
    """The guest asks for offers, and takes one: only that counts."""
    host.bind(A)
    host.send(A, dhcp.ask(A, dhcp.DISCOVER, 5))
    host.send(C, dhcp.tell(C, A, OFFER, 5, FIRST), dhcp.tell(C, A, OFFER, 5, OWN))
    host.lease(A, OWN, 5)
    host.has(A, OWN)


def test_servers_do_not_matter(host):
    """DHCPSERVER is a list for mode dhcp."""
    host.bind(A, DHCPSERVER=["10.77.0.200"])
    host.lease(A, OWN)
    host.has(A, OWN)


def test_only_allowed_addresses(host):
    """CTRL_IP_ALLOWED: networks out of which alone is learned."""
    host.bind(A, CTRL_IP_ALLOWED=["10.77.0.8_29", "10.77.9.9"])
    host.send(A, arp(sender_ip=FIRST), udp(src="10.77.0.16"))
    host.lease(A, FIRST)
    host.show(A, OWN)
    host.unbind(port_of(A))
    host.bind(A, CTRL_IP_ALLOWED=["10.77.0.8_29", "10.77.9.9"])
    host.show(A, "10.77.9.9")


def test_dumpxml_shows_what_the_user_gave(host):
    """A learned address never becomes a parameter."""
    host.bind(A)
    host.show(A, OWN)
    host.define("unrelated", "")
    assert OWN not in host.client.binding_xml(port_of(A))
    assert OWN not in host.lab.binding_file(port_of(A)).read_text()


def test_lease_of_mode_any_stays_out_of_the_stock_file(host):
    """The stock driver would let it end."""
    owner, other = host.bind(A), host.bind_dhcp(B)
    host.lease(A, OWN)
    host.has(A, OWN)
    host.lease(B, B.ip)
    host.is_saved(other, B, B.ip)
    assert key_of(owner, A.mac) not in dict(host.live_lines())


# -- under fire ----------------------------------------------------------------------------------------------------------------


def test_guest_that_speaks_arp_alone(host, wire):
    """A thousand forged ARP frames: none passes and none teaches; an honest one does."""
    host.bind(A)
    forged = [arp(sender_ip=HOST.ip), arp(op=2, sender_ip=HOST.ip, target_ip=C.ip), arp(sender_ip=FIRST, sender_mac=C.mac),
              arp(op=2, sender_ip="0.0.0.0")]
    texts = [frame.bytes_for(A >> C, b"spoofed!") for frame in forged]
    wire.guests[C].collect()
    for _ in range(250):
        host.send(A, *texts)
    assert not any(b"spoofed!" in text for text in wire.settled() + wire.guests[C].collect())
    host.show(A, OWN, repeat=True)  # what it did not let others read is still to be read
    assert host.reaches(A, OWN)


@pytest.mark.parametrize("netfilter", ["1", "0"])
def test_forged_and_honest_frames_from_before_the_beginning(host, wire, long, netfilter):
    """From the return of create on no forged frame passes; honest ones do as soon as one was seen."""
    with setting("net/bridge/bridge-nf-call-iptables", netfilter):
        with Traffic(wire, A, [udp(src=OWN), udp(src=FIRST), udp(src=OWN, src_mac=C.mac), arp(sender_ip=FIRST)]) as traffic:
            traffic.wait_for(100)
            host.bind(A)
            traffic.mark()
            traffic.wait_for(5000 if long else 1500)
        mine = host.addresses(port_of(A))
    counts = traffic.counts()
    assert mine in ([OWN], [FIRST])
    sent, came = counts[0] if mine == [OWN] else counts[1]
    forged = [counts[1], counts[2], counts[3]] if mine == [OWN] else [counts[0], counts[2]]
    assert [came for _, came in forged] == [0] * len(forged)
    assert sent - came < 500, f"{sent - came} of {sent} honest frames were lost"


def test_bridge_is_asked_by_its_port(host):
    """Two bridges are two networks: the same address may be in both."""
    with ports.bridge("brtwo"), ports.port("vnettwo", "brtwo", mac=B.mac):
        host.bind(A)
        host.show(A, OWN)
        host.bind(B, port="vnettwo")
        send_from = arp(sender_ip=OWN).bytes_for(B >> C, b"anything")
        from_device("g-vnettwo", send_from)
        host.has("vnettwo", OWN)
        host.unbind("vnettwo")
