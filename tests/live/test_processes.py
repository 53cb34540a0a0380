# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_processes.py: how many programs a request costs

The stock driver runs one program for each rule and each chain; ours at most one restore of each tool for a batch, and none when
nothing changes. Reading the kernel's state (-save) is allowed only at start and reload.
"""

import collections

import pytest

from nwflab import ports
from nwflab.client import outcome
from nwflab.execs import Execs
from nwflab.texts import uuid_of

ETHERNET = "<rule action='drop' direction='in'><mac protocolid='0x1234'/></rule>"
IPV4 = "<rule action='accept' direction='out'><tcp dstportstart='22'/></rule>"
IPV6 = "<rule action='accept' direction='out'><tcp-ipv6 dstportstart='22'/></rule>"


def cost(lab, call):
    """Names of the programs that `call` made the daemon start, with their numbers."""
    assert lab.client.connection.isAlive()
    lab.define("sentinel", ETHERNET)
    with ports.port("vsentinel"):
        with Execs(lab.daemon.pid) as execs:
            call()
            programs = execs.programs
            lab.bind("vsentinel", "sentinel")  # so that no program was started, and not none was seen
        lab.client.unbind("vsentinel")
    assert len(execs.programs) > len(programs)
    lab.client.undefine("sentinel")
    return collections.Counter(programs)


def restores(*tools):
    """One restore of each tool."""
    return collections.Counter(f"{tool}-restore" for tool in tools)


@pytest.mark.stock("the count itself is put to the test by a driver that runs many programs")
def test_counting_counts(lab):
    """The stock driver starts dozens of programs for a single port."""
    lab.define("web", ETHERNET)
    lab.port("va")
    programs = cost(lab, lambda: lab.bind("va", "web"))
    assert programs["ebtables"] > 10 and programs["iptables"] > 10


LAYERS = {
    "ethernet": (ETHERNET, ["ebtables"]),
    "ipv4": (IPV4, ["iptables"]),
    "ipv6": (IPV6, ["ip6tables"]),
    "all": (ETHERNET + IPV4 + IPV6, ["ebtables", "iptables", "ip6tables"]),
}


@pytest.mark.ours("one restore for each tool that is needed")
@pytest.mark.parametrize("body, tools", LAYERS.values(), ids=LAYERS)
def test_create_and_delete(lab, body, tools):
    """Creating a binding and deleting it run only the tools that have rules, once each."""
    lab.define("web", body)
    lab.port("va")
    assert cost(lab, lambda: lab.bind("va", "web")) == restores(*tools)
    assert lab.rules("va") != ""
    assert cost(lab, lambda: lab.client.unbind("va")) == restores(*tools)
    assert lab.rules("va") == ""


@pytest.mark.ours("one batch for all ports")
def test_redefinition_for_many_ports(lab):
    """A changed filter costs the same for one port and for twenty."""
    lab.define("web", ETHERNET, uuid=uuid_of(1))
    for number in range(20):
        lab.bind(f"v{number}", "web")
    programs = cost(lab, lambda: lab.define("web", ETHERNET.replace("1234", "4321"), uuid=uuid_of(1)))
    assert programs == restores("ebtables")
    assert all("0x4321" in lab.rules(f"v{number}") for number in (0, 19))


def test_identical_redefinition(lab):
    """Nor does a definition that changes nothing for any port, nor a filter that nobody uses."""
    lab.define("web", ETHERNET + IPV4, uuid=uuid_of(1))
    lab.bind("va", "web")
    assert cost(lab, lambda: lab.define("web", ETHERNET + IPV4, uuid=uuid_of(1))) == {}
    other_spelling = (ETHERNET + IPV4).replace("/><", "/> <!-- same --> <")
    assert cost(lab, lambda: lab.define("web", other_spelling, uuid=uuid_of(1))) == {}
    assert cost(lab, lambda: lab.define("spare", ETHERNET, uuid=uuid_of(2))) == {}
    assert cost(lab, lambda: lab.client.undefine("spare")) == {}


def test_reading(lab):
    """Lists, lookups and dumps run no program."""
    lab.define("web", ETHERNET)
    lab.bind("va", "web")
    assert cost(lab, lambda: (lab.client.filters(), lab.client.filter_xml("web"), lab.client.bindings(),
                              lab.client.binding_xml("va"))) == {}


def test_refused_before_a_tool_runs(lab):
    """What can be seen to be wrong from the text alone never reaches a tool."""
    lab.define("web", "<rule action='drop' direction='in'><ip srcipaddr='$NET'/></rule>")
    lab.port("va")
    assert cost(lab, lambda: outcome(lab.bind, "va", "web")) == {}
