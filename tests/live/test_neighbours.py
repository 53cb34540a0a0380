# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_neighbours.py: other software's rules, other clients, tools that are away, ports that changed hands
"""

import contextlib
import subprocess
import threading

import pytest

from nwflab import kernel, ports, wait
from nwflab.client import Failed, outcome
from nwflab.texts import binding_xml, filter_xml, uuid_of

ETHERNET = "<rule action='drop' direction='in'><mac protocolid='0x1234'/></rule>"
IPV4 = "<rule action='drop' direction='in'><tcp dstportstart='22'/></rule>"
IPV6 = "<rule action='drop' direction='in'><tcp-ipv6 dstportstart='22'/></rule>"
ALL = ETHERNET + IPV4 + IPV6

# Chains and rules of an administrator; some look a little like ours.
FOREIGN = [
    ("ebtables", "-t nat -N I-office"), ("ebtables", "-t nat -A I-office -j DROP"),
    ("ebtables", "-t nat -A PREROUTING -i eth9 -j I-office"), ("ebtables", "-t filter -A FORWARD -p IPv6 -j DROP"),
    ("iptables", "-N libvirt-mine"), ("iptables", "-N FI-office"), ("iptables", "-A FI-office -p tcp -j DROP"),
    ("iptables", "-A FORWARD -i eth9 -j FI-office"), ("iptables", "-A INPUT -p tcp --dport 9 -j DROP"),
    ("iptables", "-t nat -A POSTROUTING -o eth9 -j MASQUERADE"), ("ip6tables", "-A FORWARD -i eth9 -j DROP"),
]


MARKS = ("office", "eth9", "libvirt-mine", "--dport 9 ", "-p IPv6 -j DROP")


def foreign_rules():
    """The administrator's chains and rules, as lines."""
    return [f"{tool} {name}: {line}" for tool, chains in kernel.snapshot().items() for name, lines in chains.items()
            for line in [*lines, "(chain)"] if any(mark in f"{name}: {line}" for mark in MARKS)]


def test_rules_of_others_stay(lab):
    """Whatever the driver does, nobody else's chain or rule goes."""
    for tool, arguments in FOREIGN:
        subprocess.run([tool, *arguments.split()], check=True, timeout=20)
    before = foreign_rules()
    assert len(before) == len(FOREIGN)
    lab.define("web", ALL, uuid=uuid_of(1))
    for name in ("va", "vb"):
        lab.bind(lab.port(name), "web")
    assert foreign_rules() == before
    lab.define("web", ALL.replace("22", "23"), uuid=uuid_of(1))
    lab.daemon.reload()
    assert foreign_rules() == before
    lab.restart()
    lab.client.unbind("va")
    lab.client.unbind("vb")
    assert foreign_rules() == before
    assert lab.rules("va") == lab.rules("vb") == ""


def test_port_names_that_begin_alike(lab):
    """Deleting one port leaves the port whose name goes on from there."""
    lab.define("web", ALL + "<filterref filter='sub'/>")
    lab.define("sub", ETHERNET, chain="mac-x")
    names = ("v1", "v11", "v1-q", "v1.x")
    for name in names:
        lab.bind(lab.port(name), "web")
    rules = {name: lab.rules(name) for name in names}
    lab.client.unbind("v1")
    assert {name: lab.rules(name) for name in names[1:]} == {name: rules[name] for name in names[1:]}


def test_many_clients_at_once(lab):
    """Requests of many clients are all answered, and the end is what they asked for."""
    lab.define("web", ETHERNET, uuid=uuid_of(1))
    names = [f"v{number}" for number in range(6)]
    for name in names:
        lab.port(name)
    failures = []

    def work(name):
        try:
            with lab.daemon.client() as client:
                for turn in range(3):
                    client.bind(binding_xml(name, "web"))
                    client.define(filter_xml(f"of-{name}", ETHERNET, uuid=uuid_of(100 + int(name[1:]))))
                    assert name in client.bindings()
                    if turn < 2:
                        client.unbind(name)
        except Exception as error:  # pylint: disable=broad-except
            failures.append((name, error))

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(80)
    assert not failures
    assert lab.client.bindings() == names
    assert all("0x1234" in lab.rules(name) for name in names)
    assert lab.client.filters() == sorted([*(f"of-{name}" for name in names), "web"])


def test_one_port_many_claims(lab):
    """Of many clients that bind one port one succeeds, and the others are told."""
    lab.define("web", ETHERNET)
    lab.port("va")
    outcomes = []

    def claim(number):
        with lab.daemon.client() as client:
            outcomes.append(outcome(client.bind, binding_xml("va", "web", owner=f"guest{number}")))

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["OPF"] * 5 + ["ok"]
    assert lab.rules("va").count("-p 0x1234 -j DROP") == 1


@pytest.mark.ours("decisions, Names not indices: a stale binding is replaced")
def test_stale_binding_is_replaced(lab):
    """A binding that an earlier guest left behind does not keep the next guest from its port."""
    lab.define("web", ETHERNET)
    lab.define("net", IPV4)
    lab.port("va")
    lab.bind("va", "web", owner="old")
    ports.remove("va")
    lab.port("va")
    lab.bind("va", "net", owner="new", uuid=uuid_of(5))
    assert "<name>new</name>" in lab.client.binding_xml("va")
    assert "0x1234" not in lab.rules("va") and "--dport 22" in lab.rules("va")
    assert "va" in lab.log()


@contextlib.contextmanager
def tools_away():
    """Hides the firewall tools behind a program that always fails."""
    hidden = sorted({subprocess.check_output(["readlink", "-f", f"/usr/sbin/{tool}"], text=True).strip()
                     for tool in ("ebtables", "iptables", "ebtables-restore", "iptables-restore", "ip6tables-restore")})
    for path in hidden:
        subprocess.run(["mount", "--bind", "/bin/false", path], check=True, timeout=20)
    try:
        yield
    finally:
        for path in hidden:
            subprocess.run(["umount", path], check=True, timeout=20)


def test_create_without_tools(lab):
    """A create whose tools cannot do their work fails, and can be repeated when they are back."""
    lab.define("web", ETHERNET)
    lab.port("va")
    with tools_away():
        with pytest.raises(Failed) as failed:
            lab.bind("va", "web")
    assert failed.value.domain in (33, 59)
    assert lab.client.bindings() == [] and not lab.binding_file("va").exists()
    lab.bind("va", "web")
    assert "0x1234" in lab.rules("va")


def test_redefinition_without_tools(lab):
    """A redefinition whose tools fail changes nothing."""
    lab.define("web", ALL, uuid=uuid_of(1))
    lab.bind(lab.port("va"), "web")
    before = lab.client.filter_xml("web"), lab.filter_file("web").read_text(), lab.rules("va")
    with tools_away():
        assert outcome(lab.define, "web", ALL.replace("22", "23"), uuid=uuid_of(1)) == "FW"
    assert (lab.client.filter_xml("web"), lab.filter_file("web").read_text(), lab.rules("va")) == before
    lab.define("web", ALL.replace("22", "23"), uuid=uuid_of(1))
    assert "--dport 23" in lab.rules("va") and "--dport 22" not in lab.rules("va")


@pytest.mark.ours("decisions: start logs an error for each port, and the driver tries again")
def test_start_without_tools(lab):
    """The daemon starts; the ports get their rules when the tools are back."""
    lab.define("web", ETHERNET)
    for name in ("va", "vb"):
        lab.bind(lab.port(name), "web")
    lab.hang_up()
    lab.daemon.stop()
    kernel.flush()
    with tools_away():
        lab.daemon.start()
        assert lab.client.bindings() == ["va", "vb"]
        log = lab.log()
        assert "'va'" in log and "'vb'" in log
    wait.until(lambda: "0x1234" in lab.rules("va") and "0x1234" in lab.rules("vb"), "the rules are in place", limit=40)


@pytest.mark.ours("decisions, Bounds")
def test_tree_that_would_explode(lab):
    """Thirty filters that each refer twice to the next: a clear error at once, not a full memory."""
    lab.define("f30", ETHERNET)
    for number in reversed(range(30)):
        lab.define(f"f{number}", f"<filterref filter='f{number + 1}'/>" * 2)
    lab.port("va")
    with wait.Watchdog(5, lab.kill_daemon) as watchdog:
        with pytest.raises(Failed) as failed:
            lab.bind("va", "f0")
    assert not watchdog.bitten and failed.value.name in ("INT", "ARG")
    assert lab.client.bindings() == []


@pytest.mark.ours("decisions, Bounds")
def test_tree_that_is_too_deep(lab):
    """A tree of 64 levels is built, a deeper one is refused."""
    lab.define("f0", ETHERNET)
    for number in range(1, 80):
        lab.define(f"f{number}", f"<filterref filter='f{number - 1}'/>")
    lab.port("va")
    assert outcome(lab.bind, "va", "f79") in ("INT", "ARG")
    lab.bind("va", "f60")
    assert "0x1234" in lab.rules("va")


SHAPES = {
    "deep": "<rule action='drop' direction='in'>" + "<a>" * 20000 + "</a>" * 20000 + "</rule>",
    "attributes": "<rule action='drop' direction='in' " + " ".join(f"a{n}='x'" for n in range(20000)) + "/>",
    "elements": "<x/>" * 900000,
    "parameters": "<filterref filter='x'>" + "<parameter name='A' value='1'/>" * 100000 + "</filterref>",
    "text": "x" * (4000 * 1000),
    "long-value": f"<rule action='drop' direction='in'><tcp comment='{'x' * 3900000}'/></rule>",
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_hostile_document(lab, body):
    """Documents of nearly 4 MiB of many shapes are answered soon, taken or not, and the daemon lives."""
    assert lab.client.filters() == []
    with wait.Watchdog(8, lab.kill_daemon) as watchdog:
        outcome(lab.client.define, filter_xml("web", body))
    assert not watchdog.bitten
    assert set(lab.client.filters()) <= {"web"}


@pytest.mark.ours("decisions: the daemon does not go idle while there are bindings")
def test_idle_daemon_stays_for_bindings(lab):
    """A daemon that ends when idle stays while a port is bound, and ends after the last one."""
    lab.lay_filter("web", ETHERNET)
    daemon = lab.new_daemon(arguments=["--timeout", "2"]).start()
    with daemon.client() as client:
        client.bind(binding_xml("va", "web"))
    with pytest.raises(wait.Timeout):
        wait.until(lambda: not daemon.running, "the daemon ended", limit=4)
    with daemon.client() as client:
        client.unbind("va")
    wait.until(lambda: not daemon.running, "the daemon ended", limit=15)
    daemon.ended = True
