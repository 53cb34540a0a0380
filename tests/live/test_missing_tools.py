# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_missing_tools.py: hosts that lack one of ebtables, iptables and ip6tables

Filters that need none of it work as ever, after a restart too; those that need it are refused, and bound ports that need it are closed
with the tools that are there until it comes back.
"""

import re

import pytest

from nwflab import hidden, kernel, ports, wait
from nwflab.client import Failed
from nwflab.texts import uuid_of

ETHERNET = "<rule action='drop' direction='in'><mac protocolid='0x1111'/></rule>"
IPV4 = "<rule action='drop' direction='in'><tcp dstportstart='22'/></rule>"
IPV6 = "<rule action='drop' direction='in'><tcp-ipv6 dstportstart='23'/></rule>"
LEARNED = "<rule action='drop' direction='out'><tcp srcipaddr='$IP'/></rule>"
TOOLS = {"ebtables": ETHERNET, "iptables": IPV4, "ip6tables": IPV6}


@pytest.fixture(name="world")
def fixture_world(lab):
    """Three filters, one for each tool, and three ports."""
    for number, (tool, body) in enumerate(TOOLS.items(), 1):
        lab.define(tool, body, uuid=uuid_of(number))
        lab.port(f"v{tool}")
    return lab


def others(tool):
    """The other two."""
    return [name for name in TOOLS if name != tool]


def says(text, words):
    """Whether `text` has `words`, in which N is a number."""
    return re.search(re.escape(words).replace("N", r"\d+"), text)


@pytest.mark.parametrize("tool", TOOLS)
def test_filters_that_need_it_not_are_bound(world, tool):
    """Their rules are made after a start without the tool, and there again after another one; they can be taken away."""
    with hidden.tools(tool):
        world.restart()
        for name in others(tool):
            world.bind(f"v{name}", name)
        rules = {name: world.rules(f"v{name}") for name in others(tool)}
        assert all(text.strip() for text in rules.values())
        world.restart()
        assert {name: world.rules(f"v{name}") for name in others(tool)} == rules
        for name in others(tool):
            world.client.unbind(f"v{name}")
            assert world.rules(f"v{name}") == ""


@pytest.mark.ours("A21: the cause is named")
@pytest.mark.parametrize("tool", TOOLS)
def test_filter_that_needs_it_is_refused(world, tool):
    """The error names the rule and the program; nothing is left. So is a definition that would make a bound port need it."""
    with hidden.tools(tool):
        world.restart()
        with pytest.raises(Failed) as failed:
            world.bind(f"v{tool}", tool)
        assert failed.value.name == "FW"
        assert says(failed.value.message, f"filter '{tool}', rule at line N: the program {tool}-restore is not installed")
        assert world.client.bindings() == [] and world.rules(f"v{tool}") == ""
        other = others(tool)[0]
        world.bind(f"v{other}", other)
        before = world.rules(f"v{other}")
        with pytest.raises(Failed) as failed:
            world.define(other, TOOLS[other] + TOOLS[tool])
        assert says(failed.value.message, f"port 'v{other}': filter '{other}', rule at line N: the program {tool}-restore")
        assert world.rules(f"v{other}") == before and world.client.filter_xml(other).count("<rule ") == 1
    world.restart()
    world.bind(f"v{tool}", tool)
    assert world.rules(f"v{tool}")


@pytest.mark.ours("A21: learning needs the Ethernet layer")
def test_learning_needs_ebtables(world):
    """Before the address is known the port is held by rules of ebtables."""
    world.define("learned", LEARNED)
    with hidden.tools("ebtables"):
        world.restart()
        with pytest.raises(Failed) as failed:
            world.bind("viptables", "learned")
        assert failed.value.name == "FW" and "ebtables-restore is not installed" in failed.value.message
        world.bind("viptables", "learned", {"IP": "10.0.0.1"})
        assert "10.0.0.1" in world.rules("viptables")


@pytest.mark.ours("A21: stored bindings that need it are closed")
@pytest.mark.parametrize("tool", TOOLS)
def test_start_without_the_tool_of_a_bound_port(world, tool):
    """It is closed by what is there, the log says how far, the others are filtered; and it is filtered again when the tool is back."""
    for name in TOOLS:
        world.bind(f"v{name}", name)
    wanted = {name: world.rules(f"v{name}") for name in TOOLS}
    world.daemon.stop()
    kernel.flush()
    world.hang_up()
    with hidden.tools(tool):
        world.daemon.start()
        wait.until(lambda: "DROP" in world.rules(f"v{tool}"), "closed", 20)
        closed = world.rules(f"v{tool}")
        assert {name: world.rules(f"v{name}") for name in others(tool)} == {name: wanted[name] for name in others(tool)}
        drops = sorted(line.split(":")[0] for line in closed.splitlines() if line.endswith(": -j DROP"))
        assert says(world.log(), f"port 'v{tool}' is closed: filter '{tool}', rule at line N: the program {tool}-restore is not installed")
        if tool == "ebtables":
            assert len(drops) == 6 and closed.count("physdev") >= 6, closed
            assert "port 'vebtables': ebtables is not installed, so the port is closed for packets of these protocols" in world.log()
        else:
            assert len(drops) == 2 and "physdev" not in closed, closed
    wait.until(lambda: world.rules(f"v{tool}") == wanted[tool], "filtered again", 70)
    assert f"port 'v{tool}' is filtered again" in world.log()


@pytest.mark.ours("A21: a port that is closed at an IP layer is released like any other")
def test_closed_at_ip_and_released(world):
    """Nothing stays; also if it was a port without device whose filter does not exist."""
    with hidden.tools("ebtables"):
        world.restart()
        world.bind("vnever", "nobody")
        assert world.rules("vnever").count("-j DROP") == 6
        world.restart()
        assert world.rules("vnever").count("-j DROP") == 6
        world.define("nobody", IPV4)
        assert "--dport 22" in world.rules("vnever") and "-j DROP" in world.rules("vnever")
        world.client.unbind("vnever")
        assert world.rules("vnever") == ""


@pytest.mark.ours("A21: one IP tool closes what it can")
def test_closed_with_iptables_alone(world):
    """Without ebtables and ip6tables IPv4 packets are dropped."""
    with hidden.tools("ebtables", "ip6tables"):
        world.restart()
        world.bind("vnever", "nobody")
        assert world.rules("vnever").count("-j DROP") == 3
        assert "alone: IPv4;" in world.log()


@pytest.mark.ours("a daemon without any tool lives, and refuses")
def test_no_tool_at_all(world):
    """Each port is in the log; nothing can be bound; all is well when they are back."""
    world.bind("viptables", "iptables")
    wanted = world.rules("viptables")
    world.daemon.stop()
    kernel.flush()
    world.hang_up()
    with hidden.tools(*TOOLS):
        world.daemon.start()
        wait.until(lambda: "port 'viptables' can be neither filtered nor closed" in world.log(), "logged", 20)
        with pytest.raises(Failed) as failed:
            world.bind("vebtables", "ebtables")
        assert failed.value.name == "FW"
        assert world.client.bindings() == ["viptables"] and ports.exists("viptables")
    wait.until(lambda: world.rules("viptables") == wanted, "filtered again", 70)
