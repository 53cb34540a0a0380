# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_refused.py: an address is known, but rules with it cannot be placed

The filter names a set of addresses that is not there, so the kernel refuses its rules, and the set comes later.
"""

import subprocess

from nwflab import kernel, wait
from nwflab.frames import arp
from nwflab.guests import A, C, port_of

LATE = "nwflate"
FILTER = ("<rule action='accept' direction='out'><arp arpsrcipaddr='$IP'/></rule><rule action='accept' direction='out'><ip srcipaddr='$IP'/></rule>"
          f"<rule action='drop' direction='out' priority='900'/><rule action='drop' direction='in'><all ipset='{LATE}' ipsetflags='src'/></rule>")
COMPLAINT = "is not opened for its addresses"


def ipset(host, *words):
    """Runs ipset(8); what is made goes with the test."""
    subprocess.run(["ipset", *words], capture_output=True, timeout=20, check=True)
    if words[0] == "create":
        host.undo.callback(subprocess.run, ["ipset", "destroy", LATE], capture_output=True, timeout=20, check=False)


def test_interim_rules_stay_until_the_right_ones_can_be_placed(host, wire):
    """The port is not opened and not cut off, the log says why, and the rules come when they can."""
    host.define("late", FILTER)
    host.bind(A, "late")
    interim = kernel.of_port(port_of(A))
    assert interim and A.ip not in interim
    host.send(A, arp(sender_ip=A.ip))
    wait.until(lambda: COMPLAINT in host.lab.log(), "the log tells of it")
    assert kernel.of_port(port_of(A)) == interim
    assert not wire.arrives(A >> C, arp(sender_ip=A.ip))
    assert wire.arrives(A >> C, arp(sender_ip="0.0.0.0"))
    ipset(host, "create", LATE, "hash:net")
    wait.until(lambda: A.ip in kernel.of_port(port_of(A)), "the filter's own rules are in force")
    assert wire.arrives(A >> C, arp(sender_ip=A.ip))
    assert not wire.arrives(A >> C, arp(sender_ip="10.77.0.99"))
    assert sum(COMPLAINT in line for line in host.lab.log().splitlines()) == 1
    host.unbind(port_of(A))


def test_a_binding_of_a_known_address_is_refused_as_any_other(host):
    """Who binds a port whose lease is known gets the kernel's refusal at once, and no binding."""
    host.define("late", FILTER)
    owner = host.bind_dhcp(A)
    host.lease(A, A.ip)
    host.has(A, A.ip)
    host.unbind(port_of(A))
    try:
        host.bind(A, "late", owner=owner, CTRL_IP_LEARNING="dhcp")
    except Exception as error:  # pylint: disable=broad-except
        assert LATE in str(error)
    else:
        raise AssertionError("the binding was taken")
    assert kernel.of_port(port_of(A)) == ""
    assert port_of(A) not in host.client.bindings()
