# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_restart.py: daemons end and come back, also after the stock driver, while frames flow
"""

import signal

import pytest

from nwflab import kernel, wait
from nwflab.frames import udp
from nwflab.guests import A, C, port_of
from nwflab.stream import Stream

CLOSED = ("<rule action='drop' direction='out'><mac protocolid='0x88b5'/></rule>"
          "<rule action='drop' direction='out'><udp dstportstart='9'/></rule>"
          "<rule action='drop' direction='out'><ip protocol='udp' dstportstart='8'/></rule>")
ETHERNET, IP, FREE = 8, 9, 7  # ports of UDP: dropped by one layer, by the other, by none


def streamed(wire, *ports):
    """Frames from A to C to each of these ports, at a pace that an emulated machine can keep."""
    return Stream(wire, A >> C, {port: udp(dport=port) for port in ports}, pause=0.005)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_nothing_opens_while_the_daemon_is_away(host, wire, by):
    """Rules stay in force until a daemon is there again, and are the same then; nothing leaks, nothing is lost."""
    host.define("restart", CLOSED)
    host.bind(A, "restart")
    before = host.rules(A)
    with streamed(wire, ETHERNET, IP, FREE) as stream:
        host.lab.restart(by=by)
        assert host.client.bindings() == [port_of(A)]
    assert host.rules(A) == before
    assert stream.sent > 50
    assert stream.came == {ETHERNET: 0, IP: 0, FREE: stream.sent}


def test_rules_taken_away_while_the_daemon_was_away(host, wire):
    """They are there again when it is."""
    host.define("restart", CLOSED)
    host.bind(A, "restart")
    before = host.rules(A)
    host.lab.hang_up()
    host.lab.daemon.stop()
    kernel.flush()
    assert wire.arrives(A >> C, udp(dport=ETHERNET)) and wire.arrives(A >> C, udp(dport=IP))
    host.lab.daemon.start()
    wait.until(lambda: host.rules(A) == before, "the rules are in place")
    assert [wire.arrives(A >> C, udp(dport=port)) for port in (ETHERNET, IP, FREE)] == [False, False, True]


def test_from_the_stock_driver_and_back(host, wire):
    """A port that the stock driver bound is taken over, and given back, without a hole."""
    lab = host.lab
    lab.change_driver("stock")
    try:
        host.define("restart", CLOSED)
        host.bind(A, "restart")
        with streamed(wire, ETHERNET, IP, FREE) as stream:
            lab.change_driver("ours")
            assert host.client.bindings() == [port_of(A)]
        assert stream.sent > 50 and stream.came[ETHERNET] == stream.came[IP] == 0 < stream.came[FREE]
        lab.change_driver("stock")
        assert host.client.bindings() == [port_of(A)]
        assert [wire.arrives(A >> C, udp(dport=port)) for port in (ETHERNET, IP, FREE)] == [False, False, True]
    finally:
        lab.change_driver("ours")
    host.unbind(A)
    assert host.rules(A) == ""
