# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_restart.py: what was learned outlives the daemon, and no frame meets other rules meanwhile
"""

import signal
import time

import pytest

from nwflab import kernel, wait
from nwflab.frames import arp, dhcp_ask, udp
from nwflab.guests import A, B, C, port_of
from nwflab.learning import Traffic, key_of

pytestmark = pytest.mark.ours("the stock driver forgets, and opens ports: section Learning of docs/differences.md")

FIRST, SECOND, THIRD = "10.77.0.131", "10.77.0.132", "10.77.0.133"


def ways(host):
    """How a daemon begins anew."""
    return {"restart": host.lab.restart, "killed": lambda: host.lab.restart(by=signal.SIGKILL), "reload": host.lab.daemon.reload}


@pytest.mark.parametrize("way", ["restart", "killed", "reload"])
def test_no_frame_is_forged_and_none_lost(host, wire, way):
    """One guest of each mode, both with an address, while the daemon is another one."""
    owner, other = host.bind(A), host.bind_dhcp(B)
    host.show(A, A.ip)
    host.lease(B, B.ip)
    host.has(B, B.ip)
    begin_anew = ways(host)[way]
    honest, forged = udp(src=A.ip), [udp(src=FIRST), arp(sender_ip=FIRST), udp(src=A.ip, src_mac=C.mac)]
    with Traffic(wire, A, [honest, *forged]) as traffic:
        traffic.wait_for(50)
        traffic.mark()
        begin_anew()
        traffic.wait_for(300)
    counts = traffic.counts()
    assert counts[0][0] == counts[0][1], "honest frames were lost"
    assert [came for _, came in counts[1:]] == [0, 0, 0]
    with Traffic(wire, B, [udp(src=B.ip), udp(src=FIRST), arp(sender_ip=FIRST)]) as traffic:
        traffic.wait_for(50)
        traffic.mark()
        begin_anew()
        traffic.wait_for(300)
    counts = traffic.counts()
    assert counts[0][0] == counts[0][1], "honest frames were lost"
    assert [came for _, came in counts[1:]] == [0, 0]
    assert host.addresses(port_of(A)) == [A.ip] and host.addresses(port_of(B)) == [B.ip]
    host.lease(B, SECOND)
    host.has(B, B.ip, SECOND)
    host.is_saved(other, B, SECOND)
    assert key_of(owner, A.mac) not in dict(host.live_lines())


@pytest.mark.parametrize("way", ["restart", "killed", "reload"])
def test_several_leases_outlive_it(host, way):
    """All of them; one ends while its time comes; redefinition in between."""
    host.define("clean-inner", "<rule action='return' direction='out'><ip srcipaddr='0.0.0.0' protocol='udp'/></rule>"
                               "<rule action='return' direction='out'><ip srcipaddr='$IP'/></rule>"
                               "<rule action='drop' direction='out'/>", chain="ipv4-ip")
    host.define("clean-own", "<filterref filter='clean-inner'/>")
    host.bind_dhcp(A, name="clean-own")
    host.lease(A, FIRST, seconds=600)
    host.lease(A, SECOND, seconds=600)
    host.has(A, FIRST, SECOND)
    host.define("clean-own", "<filterref filter='clean-inner'/><rule action='drop' direction='out'><stp/></rule>")
    ways(host)[way]()
    assert host.addresses(port_of(A)) == [FIRST, SECOND]
    assert len(host.live_lines()) == len(dict(host.live_lines()))
    host.lease(A, SECOND, seconds=1)
    host.has(A, FIRST)
    host.define("clean-own", "<filterref filter='clean-inner'/>")
    assert host.addresses(port_of(A)) == [FIRST]
    assert host.passes(A, FIRST) and not host.passes(A, SECOND)


@pytest.mark.parametrize("word", ["any", "dhcp"])
@pytest.mark.parametrize("way", ["restart", "killed", "reload"])
def test_learning_goes_on(host, way, word):
    """Without an address: closed all the time, and it learns afterwards."""
    host.bind(A, CTRL_IP_LEARNING=word)
    with Traffic(host.wire, A, [udp(src=FIRST, src_mac=C.mac), arp(sender_ip="0.0.0.0", op=2)]) as traffic:
        ways(host)[way]()
        traffic.wait_for(20)
    assert [came for _, came in traffic.counts()] == [0, 0]
    assert host.settled(A) and host.wire.arrives(A >> C, dhcp_ask())
    if word == "any":
        host.show(A, A.ip, repeat=True)
    else:
        host.lease(A, A.ip)
        host.has(A, A.ip)


@pytest.mark.parametrize("word", ["any", "dhcp"])
def test_redefinition_in_the_middle(host, word):
    """The new text counts at the end; and it is not found fault with, although the address is not known yet."""
    host.define("middle", "<rule action='accept' direction='out'><ip srcipaddr='$IP'/></rule>", chain="ipv4")
    host.bind(A, "middle", CTRL_IP_LEARNING=word)
    host.define("middle", "<rule action='accept' direction='out'><ip srcipaddr='$IP' protocol='udp'/></rule>"
                          "<rule action='drop' direction='out'/>", chain="ipv4")
    if word == "dhcp":
        host.lease(A, A.ip)
    else:
        host.send(A, udp())
    wait.until(lambda: f"--ip-src {A.ip} --ip-proto udp" in kernel.of_port(port_of(A)), "the new text is in force", 10)
    assert host.passes(A, A.ip) and not host.passes(A, FIRST)


def test_daemon_ends_quickly(host):
    """Whatever is learned at the moment; stock waits for its polls."""
    host.bind(A)
    host.bind_dhcp(B)
    begin = time.monotonic()
    host.lab.hang_up()
    host.lab.daemon.stop()
    took = time.monotonic() - begin
    assert took < 5, took
    assert host.settled(A) and host.settled(B)
    host.lab.daemon.start()
