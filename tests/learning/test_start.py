# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_start.py: when learning starts, and what holds from the moment in which the call returns
"""

import pathlib

import pytest

from nwflab import kernel, ports, wait
from nwflab.client import Failed, outcome
from nwflab.frames import BROADCAST, arp, dhcp_ask, dhcp_tell, ether, rarp, tcp, udp
from nwflab.guests import A, C, port_of
from nwflab.learning import CLEAN
from nwflab.texts import binding_xml

harmless = pytest.mark.harmless
PIN = "<rule action='accept' direction='out'><ip srcipaddr='$IP'/></rule>"


# -- what a binding says -------------------------------------------------------------------------------------------------


def bound(host, name=CLEAN, parameters=(), station=A):
    """The outcome of a create, and whether the binding is there afterwards."""
    host.undo.callback(host.unbind, port_of(station))
    result = outcome(host.client.bind, binding_xml(port_of(station), name, parameters, mac=station.mac, uuid=host.owner()))
    return result, port_of(station) in host.client.bindings()


@harmless
@pytest.mark.parametrize("word", ["any", "ANY", "dhcp", "Dhcp", "none", "nonsense"])
def test_nothing_missing_nothing_learned(host, word):
    """With an address the word is not even looked at."""
    assert bound(host, parameters=[("IP", A.ip), ("CTRL_IP_LEARNING", word)]) == ("ok", True)
    assert host.addresses(port_of(A)) == [A.ip]


@harmless
@pytest.mark.parametrize("words", [[], ["any"], ["ANY"], ["dhcp"], ["DHCP"], ["Dhcp", "none"], ["any", "nonsense"]],
                         ids=lambda words: "+".join(words) or "absent")
def test_words_that_learn(host, words):
    """In either case of letters; the first value of a list counts."""
    assert bound(host, parameters=[("CTRL_IP_LEARNING", word) for word in words]) == ("ok", True)
    assert host.addresses(port_of(A)) is None


@harmless
@pytest.mark.parametrize("words, error", [(["none"], "INT"), (["None", "any"], "INT"), (["nonsense"], "PARSE"),
                                          (["dhcpv6", "dhcp"], "PARSE")], ids=str)
def test_words_that_do_not(host, words, error):
    """An error, and nothing is left of the binding."""
    assert bound(host, parameters=[("CTRL_IP_LEARNING", word) for word in words]) == (error, False)
    assert kernel.of_port(port_of(A)) == ""


def test_errors_name_filter_and_word(host):
    """Who reads them knows what to change."""
    for word, texts in (("none", ("IP", "none", CLEAN)), ("nonsense", ("nonsense", CLEAN, "any", "dhcp"))):
        with pytest.raises(Failed) as failed:
            host.bind(A, CTRL_IP_LEARNING=word)
        assert all(text in failed.value.message for text in texts), failed.value.message


@harmless
@pytest.mark.parametrize("name, value", [("GATEWAY_MAC", "srcmacaddr='$GATEWAY_MAC'"), ("IPV6", None), ("DHCPSERVER", None)])
@pytest.mark.parametrize("word", ["any", "dhcp", "none"])
def test_another_variable_is_missing_too(host, name, value, word):
    """Only an address can be learned; anything else that is missing is an error that names it."""
    body = f"<rule action='accept' direction='out'><mac {value}/></rule>" if value else \
           f"<rule action='accept' direction='in'><{'ipv6' if name == 'IPV6' else 'ip'} srcipaddr='${name}'/></rule>"
    host.define("missing", PIN + body)
    host.undo.callback(host.unbind, port_of(A))
    with pytest.raises(Failed) as failed:
        host.bind(A, "missing", CTRL_IP_LEARNING=word)
    assert failed.value.name == "INT" and name in failed.value.message
    assert kernel.of_port(port_of(A)) == ""


@harmless
@pytest.mark.parametrize("reference, learns", [("$IP", True), ("$IP[@0]", True), ("$IP[0]", False), ("$IP[1]", False),
                                               ("$IP[@1]", False)])
def test_spelling_of_the_reference(host, reference, learns):
    """Only the whole list can be learned."""
    host.define("spelled", PIN.replace("$IP", reference))
    assert bound(host, "spelled") == (("ok", True) if learns else ("INT", False))


@harmless
def test_value_of_a_reference_counts_below_it(host):
    """An address that the reference to the inner filter gives is one; beside it nothing has a value."""
    host.define("inner", PIN)
    host.define("outer", f"<filterref filter='inner'><parameter name='IP' value='{A.ip}'/></filterref>")
    assert bound(host, "outer") == ("ok", True)
    assert f"--ip-src {A.ip}" in kernel.of_port(port_of(A))
    host.unbind(port_of(A))
    host.define("outer", f"<filterref filter='inner'><parameter name='IP' value='{A.ip}'/></filterref>"
                         "<filterref filter='inner'/>")
    assert bound(host, "outer", [("CTRL_IP_LEARNING", "none")]) == ("INT", False)


@harmless
def test_servers_matter_only_to_dhcp(host):
    """A server that is none: an error where servers count, nothing where they do not."""
    assert bound(host, parameters=[("DHCPSERVER", "nonsense")]) == ("ok", True)
    host.unbind(port_of(A))
    assert bound(host, parameters=[("DHCPSERVER", "nonsense"), ("CTRL_IP_LEARNING", "dhcp")]) == ("INT", False)


@pytest.mark.parametrize("name, value", [("CTRL_IP_MAX", "0"), ("CTRL_IP_MAX", "65"), ("CTRL_IP_MAX", "many"),
                                         ("CTRL_IP_ALLOWED", "10.0.0.0_33"), ("CTRL_IP_ALLOWED", "here")])
def test_own_variables_are_checked(host, name, value):
    """A bound that cannot be read is never taken for none."""
    result, there = bound(host, parameters=[(name, value)])
    assert result != "ok" and not there
    assert kernel.of_port(port_of(A)) == ""


def test_deleted_port_is_open_again(host):
    """The interim rules go with the binding."""
    for word in ("any", "dhcp"):
        host.bind(A, CTRL_IP_LEARNING=word)
        assert kernel.of_port(port_of(A)) != ""
        host.unbind(port_of(A))
        assert kernel.of_port(port_of(A)) == ""


# -- D1: interim rules are in force when the call returns ------------------------------------------------------------------

PASSES_ANY = [dhcp_ask(), arp(sender_ip="0.0.0.0"), rarp()]
PASSES_DHCP = [dhcp_ask()]
STOPS = [udp(), tcp(), arp(), arp(op=2), arp(sender_ip="0.0.0.0", sender_mac=C.mac), arp(op=2, sender_ip="0.0.0.0"), ether(),
         udp(v6=True), udp(vlan=5), dhcp_ask(src_mac=C.mac), dhcp_ask(vlan=5), rarp(src_mac=C.mac), rarp(op=4),
         udp(sport=67, dport=68), udp(sport=68, dport=68), tcp(sport=68, dport=67)]


@pytest.mark.parametrize("frame", STOPS, ids=str)
@pytest.mark.parametrize("word", ["any", "dhcp"])
def test_what_a_guest_may_not_send_yet(host, wire, frame, word):
    """Nothing that could lie about an address; also the one frame that teaches is not let through itself."""
    assert wire.arrives(A >> C, frame)
    host.bind(A, CTRL_IP_LEARNING=word)
    assert not wire.arrives(A >> C, frame)
    assert wire.arrives(A >> C, dhcp_ask())


@pytest.mark.parametrize("word, frames", [("any", PASSES_ANY), ("dhcp", PASSES_DHCP)])
def test_what_a_guest_may_send(host, wire, word, frames):
    """What it needs to get an address; in mode any also what a guest announces that has moved here."""
    host.bind(A, CTRL_IP_LEARNING=word)
    for frame in frames:
        assert wire.arrives(A >> C, frame), frame
    assert host.addresses(port_of(A)) is None


def test_dhcp_has_no_arp_yet(host, wire):
    """A guest that may learn from DHCP alone neither asks nor announces."""
    host.bind_dhcp(A)
    for frame in (arp(sender_ip="0.0.0.0"), rarp()):
        assert not wire.arrives(A >> C, frame), frame
    assert wire.arrives(A >> C, dhcp_ask())


def test_what_reaches_a_guest(host, wire):
    """any: everything. dhcp: answers of servers, to its address or everybody; listed ones alone if there is a list."""
    everything = [udp(), arp(), ether(), dhcp_tell(), dhcp_tell(dst_mac=BROADCAST)]
    host.bind(A)
    assert all(wire.arrives(C >> A, frame) for frame in everything)
    host.unbind(port_of(A))
    host.bind_dhcp(A)
    assert [wire.arrives(C >> A, frame) for frame in everything] == [False, False, False, True, True]
    host.unbind(port_of(A))
    host.bind_dhcp(A, DHCPSERVER=["10.77.0.200", C.ip])
    assert wire.arrives(C >> A, dhcp_tell()) and wire.arrives(C >> A, dhcp_tell(src="10.77.0.200"))
    assert not wire.arrives(C >> A, dhcp_tell(src="10.77.0.201"))


@pytest.fixture(name="open_until_known")
def fixture_open_until_known(host):
    """The daemon with the setting for those who want the stock driver's way."""
    file = pathlib.Path("/etc/libvirt/nwfilter.conf")
    file.write_text("learning_open_until_known = 1\n")
    host.lab.restart()
    yield
    file.unlink()
    host.lab.restart()


@pytest.mark.usefixtures("open_until_known")
def test_open_until_known(host, wire):
    """Whatever address the guest shows passes until it is known; its MAC is checked all the same. Mode dhcp is as ever."""
    host.bind(A)
    assert wire.arrives(A >> C, dhcp_ask())
    assert not wire.arrives(A >> C, udp(src_mac=C.mac)) and not wire.arrives(A >> C, ether())
    assert wire.arrives(A >> C, arp())
    host.has(A, A.ip)
    assert not host.passes(A, "10.77.0.99")
    host.unbind(port_of(A))
    host.bind_dhcp(A)
    assert not wire.arrives(A >> C, udp()) and wire.arrives(A >> C, dhcp_ask())


# -- ports that are not ready ------------------------------------------------------------------------------------------------


@harmless
def test_port_does_not_exist(host):
    """The binding is there and waits."""
    for word in ("any", "dhcp"):
        host.client.bind(binding_xml("vnetnone", CLEAN, [("CTRL_IP_LEARNING", word)], mac=A.mac, uuid=host.owner()))
        assert "vnetnone" in host.client.bindings()
        host.client.unbind("vnetnone")


@pytest.mark.parametrize("word", ["any", "dhcp"])
def test_port_is_down(host, wire, word):
    """D9: create succeeds, and learning begins when the port comes up."""
    ports.ip("link", "set", port_of(A), "down")
    host.undo.callback(ports.ip, "link", "set", port_of(A), "up")
    host.bind(A, CTRL_IP_LEARNING=word)
    assert host.settled(A)
    ports.ip("link", "set", port_of(A), "up")
    assert not wire.arrives(A >> C, udp(src="10.77.0.99", src_mac=C.mac))

    def tried():  # the guest's own card needs a moment to see that its cable is there again
        host.send(A, arp()) if word == "any" else host.lease(A, A.ip)  # pylint: disable=expression-not-assigned
        return host.addresses(port_of(A)) == [A.ip]

    wait.until(tried, "the guest has its address", pause=0.1)
    assert wire.arrives(A >> C, udp())
