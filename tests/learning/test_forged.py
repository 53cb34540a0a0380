# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_forged.py: a neighbour floods a guest with forged DHCP answers while it asks for its address (--long: six tries of each)

What a forger achieves who knows an open question's number and sends with the address of a listed server, or where none is listed, is
measured by scripts/bench --only learn-starved and told in docs/learning.md; it is no promise.
"""

import time

import pytest

from nwflab.forgery import BEFORE, FORGERIES, RATES, Forger, attempt
from nwflab.guests import A
from nwflab.machines import Machine, Server, SERVER_IP

pytestmark = pytest.mark.ours("the stock driver believes forged answers, or sees none of many: D12, D25")

SHARE = 0.25  # of a processor; a tenth of it is usual


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", ["guess", "guess-listed", "copy-ack", "copy-nak"])
def test_address_is_learned(host, wire, long, name, rate):
    """Who does not know the number of the question, or where the server is named cannot send with its address, keeps no guest from
    its lease, and the learner has little to do."""
    attempts = [attempt(host, wire, A, FORGERIES[name], rate) for _ in range(6 if long else 2)]
    print(f"{name}, {rate} a second: {attempts}")
    assert all(each.learned for each in attempts), attempts
    assert min(each.share for each in attempts) < SHARE, attempts


@pytest.mark.parametrize("rate", [1000, 20000])
def test_real_client_and_server(host, wire, rate):
    """A client's whole conversation, under two floods: one that guesses, one that copies its questions."""
    with Server() as server, Machine() as machine:
        host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp", DHCPSERVER=SERVER_IP)
        guess, copy = (Forger(wire, machine.station, FORGERIES[name], rate / 2) for name in ("guess-listed", "copy-nak"))
        with guess, copy:
            time.sleep(BEFORE)
            machine.udhcpc("-t", "20")
            host.has(machine.port, machine.bound(limit=60), limit=10)
        assert "DHCPACK" in server.log()
