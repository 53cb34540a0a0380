# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_clients.py: real clients and a real server: udhcpc, dhclient, dnsmasq
"""

import signal

import pytest

from nwflab import dhcp, wait
from nwflab.guests import A
from nwflab.learning import STATE
from nwflab.machines import RANGE, SERVER_IP, Machine, Server

pytestmark = pytest.mark.ours("the stock driver is slower, and differs: section Learning of docs/differences.md")

CLIENTS = pytest.mark.parametrize("client", ["udhcpc", "dhclient"])
FORGED = f"{RANGE}.254"


@pytest.fixture(name="machine")
def fixture_machine(wire):  # pylint: disable=unused-argument
    """A guest with a kernel."""
    with Machine() as machine:
        yield machine


@CLIENTS
@pytest.mark.parametrize("parameters", [{}, {"CTRL_IP_LEARNING": "dhcp"}, {"CTRL_IP_LEARNING": "dhcp", "DHCPSERVER": SERVER_IP}],
                         ids=["any", "dhcp", "dhcp-listed"])
def test_client_gets_its_lease(host, machine, client, parameters):
    """And talks from its address at once, and from no other."""
    host.bind(machine.station, port=machine.port, **parameters)
    with Server():
        getattr(machine, client)()
        address = machine.bound()
        host.has(machine.port, address)
        assert machine.reaches_soon()
        assert machine.may_not_be(FORGED)


def test_server_that_is_not_listed(host, machine):
    """Its answers do not even come to the guest."""
    host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp", DHCPSERVER="10.77.0.200")
    with Server() as server:
        machine.udhcpc("-n", "-q", "-t", "3").wait(40)
        assert "DHCPOFFER" in server.log()
        assert not machine.said("bound")
        assert host.addresses(machine.port) is None
        host.unbind(machine.port)
        host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp", DHCPSERVER=SERVER_IP)  # now it is listed
        machine.udhcpc()
        host.has(machine.port, machine.bound())


def test_static_address(host, machine):
    """Mode any: a guest that asks nobody."""
    host.bind(machine.station, port=machine.port)
    machine.run("ip", "address", "add", f"{RANGE}.5/16", "dev", "eth0")
    assert machine.reaches_soon()
    assert host.addresses(machine.port) == [f"{RANGE}.5"]
    assert machine.may_not_be(FORGED)


def test_renewal_and_release(host, machine):
    """udhcpc renews to the server's own address, and gives the lease back."""
    host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp", DHCPSERVER=SERVER_IP)
    with Server() as server:
        client = machine.udhcpc()
        address = machine.bound()
        host.has(machine.port, address)
        before = STATE.read_text()
        client.send_signal(signal.SIGUSR1)  # `ip netns exec` and env became the client
        wait.until(lambda: machine.said("renew"), "the lease was renewed")
        wait.until(lambda: STATE.read_text() != before, "its new end is on disk")
        assert host.addresses(machine.port) == [address]
        assert server.log().count("DHCPACK(") >= 2
        client.send_signal(signal.SIGUSR2)
        host.has(machine.port)
        assert "DHCPRELEASE" in server.log()


def test_client_that_starts_again(host, machine):
    """dhclient remembers its lease and asks whether it still holds."""
    host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp")
    with Server() as server:
        first = machine.dhclient()
        address = machine.bound()
        host.has(machine.port, address)
        wait.until(lambda: f"fixed-address {address};" in machine.leases(), "dhclient wrote its lease")  # after its script ran
        first.kill()
        first.wait(20)
        host.unbind(machine.port)
        host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp")
        machine.dhclient()
        assert machine.bound(times=2) == address
        host.has(machine.port, address)
        assert machine.said("REBOOT") == [address], (machine.folder / "log").read_text() + server.log()
        assert machine.reaches_soon()


def test_two_identities(host, machine):
    """A client may have several leases: the guest uses both addresses, before and after a redefinition and a restart."""
    host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp")
    with Server():
        machine.udhcpc("-q", "-C", "-x", "0x3d:01aabbccddee01").wait(40)
        first = machine.bound()
        machine.udhcpc("-q", "-C", "-x", "0x3d:01aabbccddee02").wait(40)
        second = machine.bound(times=2)
        assert first != second
        host.has(machine.port, first, second)
        machine.run("ip", "address", "replace", f"{first}/16", "dev", "eth0")
        for _ in range(2):
            assert machine.reaches_soon(first) and machine.reaches_soon(second)
            assert machine.may_not_be(FORGED)
            host.lab.restart()
            assert host.addresses(machine.port) == [first, second]


def test_lease_without_end(host, machine):
    """dnsmasq can give such ones."""
    host.bind(machine.station, port=machine.port, CTRL_IP_LEARNING="dhcp")
    with Server("infinite"):
        machine.udhcpc()
        address = machine.bound()
        host.has(machine.port, address)
        host.lab.restart()
        assert host.addresses(machine.port) == [address]


def test_server_that_answers_at_once(host):
    """Rapid commit by dnsmasq."""
    host.bind_dhcp(A)
    with Server(words=["--dhcp-rapid-commit"]):
        host.send(A, dhcp.ask(A, dhcp.DISCOVER, 91, [(80, b""), (55, b"\x01\x03\x33")]))
        wait.until(lambda: host.addresses("vnetA"), "the lease counts", 15)
        assert host.addresses("vnetA")[0].startswith(RANGE)


def heard(server, word, times):
    """Waits for what the server logs."""
    wait.until(lambda: server.log().count(word) >= times, f"the server logs {word}", 10)


def test_question_for_settings_alone(host):
    """dnsmasq answers an INFORM with an ACK that has no lease: none is learned from it, before and after there is one."""
    host.bind_dhcp(A)
    mine, other = f"{RANGE}.30", f"{RANGE}.31"
    with Server() as server:
        for turn, address in enumerate((other, mine), 1):
            host.send(A, dhcp.ask(A, dhcp.INFORM, 92 + turn, [(55, b"\x01\x03")], src=address, ciaddr=address))
            heard(server, "DHCPINFORM(", turn)
            host.send(A, dhcp.ask(A, dhcp.REQUEST, 95 + turn, [(50, dhcp.ip(mine))]))
            heard(server, "DHCPREQUEST(", turn)
            host.has("vnetA", mine)
        assert "DHCPACK(" in server.log()
        host.lab.restart()
        assert host.addresses("vnetA") == [mine]
