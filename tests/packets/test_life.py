# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_life.py: what frames meet when filters and bindings come, change and go, and real connections through them
"""

import contextlib
import socket
import time

import pytest

from lane import FORGED
from nwflab import counters, ports
from nwflab.client import Failed
from nwflab.frames import ether, stp, syn, syn_ack, udp
from nwflab.guests import HOST, A, B, C, D, Path, forget_connections, kernel_of
from nwflab.host import Host
from nwflab.kernel import setting
from nwflab.stream import Stream
from nwflab.texts import binding_xml

REST = "<rule action='drop' direction='inout' priority='1000'><all/></rule>"
SSH = "<rule action='accept' direction='in'><tcp dstportstart='22'/></rule>"
OWN_MAC = ("<rule action='return' direction='out' priority='100'><mac srcmacaddr='$MAC'/></rule>"
           "<rule action='drop' direction='out' priority='200'/>")
OPEN = "<rule action='accept' direction='inout'><mac/></rule><rule action='accept' direction='inout'><all/></rule>"


@pytest.fixture(name="host")
def fixture_host(shared_lab, stages):
    """An empty Host."""
    stages.leave()
    forget_connections()
    with contextlib.ExitStack() as undo:
        yield Host(shared_lab, undo)


# -- coming and going --------------------------------------------------------------------------------------------------


def test_delete_opens_the_port(host, wire):
    """Without binding a port is as it was before."""
    host.define("life", OWN_MAC)
    assert wire.arrives(A >> C, udp(src_mac=FORGED))
    host.bind(A, "life")
    assert not wire.arrives(A >> C, udp(src_mac=FORGED))
    host.unbind(A)
    assert wire.arrives(A >> C, udp(src_mac=FORGED))


def test_redefinition_replaces_the_rules(host, wire):
    """All of the old rules are gone, all of the new ones hold, on every layer."""
    host.define("life", "<rule action='drop' direction='out'><udp dstportstart='7'/></rule>"
                        "<rule action='drop' direction='out'><mac protocolid='0x88b5'/></rule>")
    host.bind(A, "life")
    assert [wire.arrives(A >> C, each) for each in (udp(dport=7), udp(dport=8), ether())] == [False, True, False]
    host.define("life", "<rule action='drop' direction='out'><udp dstportstart='8'/></rule>")
    assert [wire.arrives(A >> C, each) for each in (udp(dport=7), udp(dport=8), ether())] == [True, False, True]
    host.define("life", "<rule action='drop' direction='out'><mac protocolid='0x88b5'/></rule>")
    assert [wire.arrives(A >> C, each) for each in (udp(dport=7), udp(dport=8), ether())] == [True, True, False]
    host.define("life", "")
    assert [wire.arrives(A >> C, each) for each in (udp(dport=7), udp(dport=8), ether())] == [True, True, True]


def test_inner_filter_changes_reach_the_port(host, wire):
    """A filter far down the tree is redefined; the port follows."""
    host.define("life-inner", "<rule action='drop' direction='out'/>", chain="ipv4")
    host.define("life-middle", "<filterref filter='life-inner'/>")
    host.define("life", "<filterref filter='life-middle'/>")
    host.bind(A, "life")
    assert not wire.arrives(A >> C, udp())
    host.define("life-inner", "<rule action='drop' direction='out'><ip protocol='tcp'/></rule>", chain="ipv4")
    assert wire.arrives(A >> C, udp())
    assert not wire.arrives(A >> C, syn())


def test_refused_redefinition_changes_nothing(host, wire):
    """A change that one of two ports cannot follow is refused for both."""
    host.define("life", OWN_MAC)
    host.bind(A, "life", [("PEER", C.ip)])
    host.bind(B, "life")
    with pytest.raises(Failed):
        host.define("life", "<rule action='accept' direction='out'><ip dstipaddr='$PEER'/></rule>")
    for guest in (A, B):
        assert not wire.arrives(guest >> C, udp(src_mac=FORGED))
        assert wire.arrives(guest >> C, udp())


def test_refused_binding_leaves_nothing(host, wire):
    """A binding that cannot be made leaves the port open and without rules."""
    host.define("life", "<rule action='drop' direction='out'/><rule action='drop' direction='out'><all ipset='nwfnone' "
                        "ipsetflags='src'/></rule>")
    with pytest.raises(Failed):
        host.bind(A, "life")
    assert wire.arrives(A >> C, udp())
    assert wire.arrives(C >> A, udp())


# -- neighbours --------------------------------------------------------------------------------------------------------

ORDERS = pytest.mark.parametrize("order", [(A, B), (B, A)], ids=["A-then-B", "B-then-A"])


@ORDERS
def test_receivers_consent_opens_no_forged_sender(host, wire, order):
    """Two guests of one bridge: what the sender's filter forbids stays forbidden, however open the receiver is."""
    host.define("life-strict", OWN_MAC + "<rule action='drop' direction='out'><udp dstportstart='7'/></rule>")
    host.define("life-open", OPEN)
    for station in order:
        host.bind(station, "life-strict" if station is A else "life-open")
    assert wire.arrives(A >> B, udp())
    assert not wire.arrives(A >> B, udp(src_mac=FORGED))
    assert not wire.arrives(A >> B, udp(dport=7))
    assert wire.arrives(B >> A, udp(src_mac=FORGED))


@ORDERS
def test_senders_consent_opens_no_closed_receiver(host, wire, order):
    """The other way round."""
    host.define("life-strict", "<rule action='drop' direction='in'><mac protocolid='0x88b5'/></rule>" + SSH + REST)
    host.define("life-open", OPEN)
    for station in order:
        host.bind(station, "life-strict" if station is A else "life-open")
    assert wire.arrives(B >> A, syn(port=22))
    assert wire.arrives(A >> B, syn_ack(port=22))
    assert not wire.arrives(B >> A, syn(port=23))
    assert not wire.arrives(B >> A, ether())
    assert not wire.arrives(A >> B, syn(port=22, client=40001))


@ORDERS
def test_neighbours_do_not_share_rules(host, wire, order):
    """The same filter at two ports: each has its own addresses, and one may go."""
    for station in order:
        if station is order[0]:
            host.define("life", OWN_MAC)
        host.bind(station, "life")
    assert not wire.arrives(A >> B, udp(src_mac=B.mac))
    assert not wire.arrives(B >> A, udp(src_mac=A.mac))
    assert wire.arrives(A >> B, udp()) and wire.arrives(B >> A, udp())
    host.unbind(order[0])
    assert wire.arrives(order[0] >> order[1], udp(src_mac=FORGED))
    assert not wire.arrives(order[1] >> order[0], udp(src_mac=FORGED)) and wire.arrives(order[1] >> order[0], udp())


# -- real connections --------------------------------------------------------------------------------------------------


def talk(client, server):
    """Whether bytes of the connected socket `client` come to `server`, and back."""
    client.send(b"ping")
    try:
        server.settimeout(0.2)
        return server.recv(4) == b"ping" and server.send(b"pong") == 4 and client.recv(4) == b"pong"
    except TimeoutError:
        return False


def test_kernels_connect(host, wire):
    """Two kernels talk through the filter of one of them; only where it allows."""
    host.define("life", SSH + REST)
    host.bind(A, "life", mac=kernel_of(A).mac)
    with wire.listen(A, 22) as ssh, wire.listen(A, 23), wire.listen(C, 22):
        with wire.connect(C >> A, 22) as client, ssh.accept()[0] as server:
            assert talk(client, server)
        assert wire.connect(C >> A, 23) is None
        assert wire.connect(A >> C, 22) is None


def test_connection_outlives_a_redefinition(host, wire):
    """An open connection goes on while the rule for it stays, and stops with it."""
    host.define("life", SSH + REST)
    host.bind(A, "life", mac=kernel_of(A).mac)
    with wire.listen(A, 22) as ssh, wire.connect(C >> A, 22) as client, ssh.accept()[0] as server:
        assert talk(client, server)
        host.define("life", SSH + "<rule action='accept' direction='in'><tcp dstportstart='80'/></rule>" + REST)
        assert talk(client, server)
        host.define("life", REST)
        assert not talk(client, server)


def test_limit_of_real_connections(host, wire):
    """The document's limit with sockets: one ssh connection from a peer; when it has ended, the next one may come."""
    host.define("life", "<rule action='drop' direction='in' priority='400'>"
                        "<tcp connlimit-above='1'/></rule>" + SSH + REST)
    host.bind(A, "life", mac=kernel_of(A).mac)
    with wire.listen(A, 22) as ssh:
        with wire.connect(C >> A, 22) as first, ssh.accept()[0] as server:
            assert talk(first, server)
            assert wire.connect(C >> A, 22) is None
            with wire.connect(B >> A, 22) as other, ssh.accept()[0] as another:
                assert talk(other, another)
        end = time.monotonic() + wire.LIMIT
        while (again := wire.connect(C >> A, 22)) is None:  # the tracker needs a moment to see the end
            assert time.monotonic() < end, "the connection that has ended still counts"
            time.sleep(0.01)
        again.close()


# -- changes under traffic ---------------------------------------------------------------------------------------------


FRAME, FREE = "frame", "free"
KINDS = {FRAME: udp(), FREE: udp(dport=8)}  # of which the rules below stop the first
TIGHT = "<rule action='drop' direction='out'><ip protocol='udp' dstportstart='9'/></rule>"
TIGHT_IP = "<rule action='drop' direction='out'><udp dstportstart='9'/></rule>"


def noise(number):
    """A rule that makes a definition differ from the last one."""
    return f"<rule action='drop' direction='out'><ip protocol='udp' dstportstart='{1000 + number}'/></rule>"


STOCK_OPENS = pytest.mark.ours("K11: stock opens the IP layer of every port while it builds rules")


@pytest.mark.parametrize("tight", [TIGHT, pytest.param(TIGHT_IP, marks=STOCK_OPENS)], ids=["ethernet", "ip"])
def test_nothing_leaks_while_rules_change(host, wire, tight):
    """What is forbidden before and after a change is forbidden during it."""
    host.define("life", tight)
    host.bind(A, "life")
    with Stream(wire, A >> C, KINDS) as stream:
        for number in stream.changes():
            host.define("life", tight + noise(number))
    assert stream.sent > 50
    assert stream.came[FRAME] == 0 and stream.came[FREE] > 0


def test_nothing_is_lost_while_rules_change(host, wire):
    """What is allowed before and after a change of one layer passes during it."""
    host.define("life", TIGHT)
    host.bind(A, "life")
    with Stream(wire, A >> C, {FRAME: udp(dport=8)}) as stream:
        for number in stream.changes():
            host.define("life", TIGHT + noise(number))
    assert stream.sent > 50
    assert stream.came[FRAME] == stream.sent


@STOCK_OPENS
def test_a_new_neighbour_opens_nobody(host, wire):
    """Binding and deleting another port leaves no gap in the IP layer of this one."""
    host.define("life", TIGHT_IP)
    host.bind(A, "life")
    with Stream(wire, A >> C, KINDS) as stream:
        for _ in stream.changes():
            host.bind(B, "life")
            host.unbind(B)
    assert stream.sent > 50
    assert stream.came[FRAME] == 0 and stream.came[FREE] > 0


# -- documented limits -------------------------------------------------------------------------------------------------


def test_bridge_netfilter_off_means_no_ip_layer(host, wire):
    """With bridge netfilter off the IP layers see nothing; the Ethernet layer is not concerned."""
    host.define("life", TIGHT_IP + "<rule action='drop' direction='out'><mac protocolid='arp'/></rule>")
    host.bind(A, "life")
    assert not wire.arrives(A >> C, udp())
    with setting("net/bridge/bridge-nf-call-iptables", "0"):
        assert wire.arrives(A >> C, udp())
        assert not wire.arrives(A >> C, ether(type=0x0806))
    assert not wire.arrives(A >> C, udp())


def test_routed_frames_skip_rules_to_the_guest(host, wire):
    """'in' rules of the IP layers see bridged packets; what the host routes to a guest meets the Ethernet layer alone."""
    host.define("life", "<rule action='drop' direction='in'><udp dstportstart='9'/></rule>"
                        "<rule action='drop' direction='in'><ip protocol='udp' dstportstart='10'/></rule>")
    host.bind(A, "life")
    with setting("net/ipv4/ip_forward", "1"):
        assert not wire.arrives(D >> A, udp())
        sent = wire.play(Path(D, A), udp(dst_mac=HOST.mac))
        assert any(sent.marker in frame for frame in sent.seen[A])
        sent = wire.play(Path(D, A), udp(dst_mac=HOST.mac, dport=10))
        assert not any(sent.marker in frame for frame in sent.seen[A])


def test_spanning_tree_of_the_host_hides_frames(host):
    """While the host's bridge speaks spanning tree itself, BPDUs of the guest never meet a rule."""
    host.define("life", "<rule action='drop' direction='out'><stp/></rule>")
    with ports.bridge("brstp"), ports.port("vnetstp", "brstp"):
        host.client.bind(binding_xml("vnetstp", "life"))
        host.undo.callback(host.client.unbind, "vnetstp")
        for enabled, met in (("0", 1), ("1", 1), ("0", 2)):
            ports.ip("link", "set", "brstp", "type", "bridge", "stp_state", enabled)
            send_on(ports.peer_of("vnetstp"), stp().bytes_for(A >> C, b"-spanned"))
            assert counters.read()[("eb", "libvirt-I-vnetstp")] == [met]


def send_on(device, frame):
    """Sends a frame from a device of the host."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind((device, 0))
        sender.send(frame)
