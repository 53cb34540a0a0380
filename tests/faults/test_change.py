# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_change.py: a filter that many ports use is changed under full traffic, and many ports come at once

tests/packets test_life proves the same for one port and one slow stream.
"""

import statistics
import threading

import pytest

from lane import FREE, FREE_ALONE, GUARD, GUARDED, OTHER, PORT, Reader, crowd, drops, guard
from tools import RESTORE, SLOW, Tools
from nwflab.client import outcome
from nwflab.generation import Changes
from nwflab.guests import A, B, C
from nwflab.texts import binding_xml
from nwflab.traffic import Flood

RATE = 5000
PORTS = 20

# What changes between two versions: rules of one layer, of all, or a whole layer that comes and goes.
ONE_LAYER = {
    "ethernet": lambda number: guard(1) + drops(0x9100 + number),
    "ip": lambda number: guard(1) + f"<rule action='drop' direction='out'><udp dstportstart='{2000 + number}'/></rule>",
    "ipv6": lambda number: guard(1) + f"<rule action='drop' direction='out'><udp-ipv6 dstportstart='{2000 + number}'/></rule>",
    "chain": lambda number: guard(1) + f"<filterref filter='{'chained' if number % 2 else 'plain'}'/>",
}


@pytest.fixture(name="guarded")
def fixture_guarded(host, long):
    """A, B and a crowd with the same filter."""
    host.define("chained", drops(0x9200), chain="arp-more")
    host.define("plain", drops(0x9201))
    host.guarded(OTHER)
    crowd(host, 200 if long else PORTS)
    return host


def both_ways(guarded, allowed=FREE):
    """Frames at full rate from the guest and to it."""
    each = RATE // len(GUARDED + FREE)
    return (Flood(guarded.wire, A >> C, forbidden=GUARDED, allowed=allowed, rate=each),
            Flood(guarded.wire, C >> A, allowed=allowed, rate=each))


@pytest.mark.parametrize("version", ONE_LAYER.values(), ids=ONE_LAYER)
def test_one_layer_changes(guarded, version, long):
    """No frame passes that both versions forbid, none is lost that both allow."""
    out, back = both_ways(guarded)
    with out, back:
        for number in range(30 if long else 6):
            guarded.define(GUARD, version(number))
    assert not out.leaked, f"{out.leaked} passed"
    assert not out.lost and not back.lost, f"lost (sent, came): {out.lost} {back.lost}"


def test_all_layers_change(guarded, long):
    """No frame passes that both versions forbid, also if all layers change at once."""
    out, back = both_ways(guarded, allowed=())[0], Flood(guarded.wire, B >> C, forbidden=GUARDED, rate=RATE // 6)
    with out, back:
        for number in range(30 if long else 6):
            guarded.define(GUARD, guard(number))
    assert not out.leaked and not back.leaked, f"passed: {out.leaked} {back.leaked}"
    assert guarded.passing(FREE) == FREE_ALONE


def test_layers_come_and_go(guarded, long):
    """A layer whose only rules are new, or were the last ones: what both versions forbid at another layer stays forbidden."""
    ether_only, ip_only = drops(0x88B5), drops(port=9)
    with Flood(guarded.wire, A >> C, forbidden=GUARDED[:1], rate=RATE // 3) as flood:
        for _ in range(10 if long else 3):
            guarded.define(GUARD, ether_only)
            guarded.define(GUARD, ether_only + ip_only)
    assert not flood.leaked
    with Flood(guarded.wire, A >> C, forbidden=GUARDED[1:], rate=RATE // 3) as flood:
        for _ in range(10 if long else 3):
            guarded.define(GUARD, ip_only)
            guarded.define(GUARD, ip_only + ether_only)
    assert not flood.leaked


def test_neighbours_come_and_go(guarded):
    """Other ports that are bound and let go are nothing to this one: nothing leaks, nothing is lost."""
    out, back = both_ways(guarded)
    with out, back:
        for number in range(5):
            guarded.bind(f"late{number}")
            guarded.client.unbind(f"late{number}")
    assert not out.leaked and not out.lost and not back.lost, f"passed: {out.leaked}, lost: {out.lost} {back.lost}"


def test_refused_change_under_traffic(guarded):
    """A definition that the kernel refuses for one port is no moment of its own for the others."""
    refused = guard(1) + "<rule action='drop' direction='out'><all ipset='no-such-set' ipsetflags='src'/></rule>"
    out, back = both_ways(guarded)
    with out, back:
        for _ in range(3):
            assert outcome(guarded.define, GUARD, refused) == "FW"
    assert not out.leaked and not out.lost and not back.lost, f"passed: {out.leaked}, lost: {out.lost} {back.lost}"


def test_change_is_one_batch(guarded):
    """However many ports use a filter, its change is a few transactions: closing, both IP layers, Ethernet."""
    with Changes() as changes:
        guarded.define(GUARD, guard(2))
    assert changes.count <= 4 * 2
    assert all("1002" in guarded.lab.rules(port) for port in (PORT, OTHER, "crowd7"))


def test_fifty_creates(guarded):
    """Fifty clients that bind at once share batches: up to eight wait for the applier (driver/engine/gate.c)."""
    clients = [guarded.lab.daemon.client() for _ in range(50)]
    answers = [None] * len(clients)

    def create(place):
        answers[place] = outcome(clients[place].bind, binding_xml(f"vm{place}", GUARD))

    with Tools() as tools, Changes() as changes:
        tools.spoil(RESTORE, SLOW.format(0.2))  # what comes meanwhile waits for the next batch, also on a machine that is slow itself
        threads = [threading.Thread(target=create, args=(place,)) for place in range(len(clients))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    for client in clients:
        client.close()
    assert answers == ["ok"] * len(clients)
    assert changes.count <= 3 * 14, "50 creates were to be some batches of up to eight"
    assert all("1001" in guarded.lab.rules(f"vm{place}") for place in (0, 25, 49))


def test_readers_during_a_change(guarded):
    """Lists, dumps and look-ups are answered at once while a change of all ports runs."""
    with Tools() as tools, Reader(guarded.lab) as reader:
        tools.spoil(RESTORE, SLOW.format(0.5))
        for number in range(2):
            guarded.define(GUARD, guard(number))
    reader.check(50)
    assert statistics.median(reader.took) < 0.05
