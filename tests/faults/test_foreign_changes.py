# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_foreign_changes.py: somebody else takes our rules away, puts others between them, or changes what is none of our business

What a port is filtered by comes back by itself within moments, the log says who it was, and rules of others stay as they are. How
quick it is is measured in bench/; here the limit is that of a loaded machine.
"""

import re
import subprocess
import time

import pytest

from lane import FREE, FREE_ALONE, GUARDED, OTHER, PORT, crowd
from nwflab import kernel, wait
from nwflab.execs import Execs
from nwflab.generation import Changes
from tools import Tools

LIMIT = 5.0
WARNING = "changed from outside"

FOREIGN = [
    "ebtables -t nat -N I-office", "ebtables -t nat -A I-office -j DROP", "ebtables -t nat -A PREROUTING -i eth9 -j I-office",
    "ebtables -t filter -A FORWARD -i eth9 -j DROP", "iptables -N office", "iptables -A office -p tcp --dport 9 -j DROP",
    "iptables -A FORWARD -i eth9 -j office", "iptables -t nat -A POSTROUTING -o eth9 -j MASQUERADE", "ip6tables -A FORWARD -i eth9 -j DROP",
    "nft add table inet shop", "nft add chain inet shop guests", "nft add rule inet shop guests iifname eth9 drop",
]


# The kernel refused a restore because the driver wrote in the same moment (docs/guarantees.md).
COLLISION = re.compile(r"(RULE|CHAIN|TABLE)_\w+ failed \((No such file|Device or resource busy|Resource temporarily unavailable)")


def run(line, text=None):
    """Runs a command line of somebody else; one that reads rules from its input, again if it collided with the driver."""
    for _ in range(10):
        done = subprocess.run(["sh", "-c", line], input=text, capture_output=True, text=True, timeout=30, check=False)
        if text is None or not COLLISION.search(done.stderr):
            break
    assert done.returncode == 0, f"{line}: {done.stderr}"


def in_force():
    """All rules; in each chain those that send a port's frames on stand behind the others, since their order means nothing."""
    dispatch = re.compile(r"libvirt-[IO]-|-g (FI|FO|HI)-|--physdev-in \S+ -j ACCEPT")
    return {tool: {name: sorted(lines, key=lambda line: line if dispatch.search(line) else "") for name, lines in chains.items()}
            for tool, chains in kernel.snapshot().items()}


def everything():
    """All rules, and those of others as nft lists them, in order."""
    text = subprocess.check_output(["nft", "-s", "list", "ruleset"], text=True, timeout=30)
    return in_force(), [line for line in text.split("\n") if "eth9" in line or "office" in line or "shop" in line]


@pytest.fixture(name="guarded")
def fixture_guarded(host):
    """Guests with rules on all layers, and an administrator with rules of his own; a daemon that knows of no foreign change yet."""
    host.lab.hang_up()
    host.lab.daemon.stop()
    kernel.flush()
    for line in FOREIGN:
        run(line)
    host.lab.daemon.start()
    host.guarded(OTHER)
    crowd(host, 8)
    yield host
    host.lab.hang_up()
    host.lab.daemon.stop()
    kernel.flush()
    host.lab.daemon.start()


def warnings(guarded):
    """The warnings in the log about changes from outside."""
    return [line for line in guarded.lab.log().splitlines() if WARNING in line and "warning :" in line]


def restored(guarded, wanted, what, limit=LIMIT):
    """Waits until the rules of ports, and the jumps to them, are as they should be; returns the seconds."""
    begin, seen = time.monotonic(), []

    def same():
        seen[:] = [in_force()]
        return seen[0] == wanted

    try:
        wait.until(same, what, limit, pause=0.02)
    except wait.Timeout:
        assert seen[0] == wanted, what
    return time.monotonic() - begin


def sentinel(guarded, wanted, limit=LIMIT):
    """A change that must be noticed, behind what must not be: it is undone, and the log has a line about it, of whatever level.

    The daemon reads changes in order, so the log has by now all that it will say about those before.
    """
    before = guarded.lab.log().count(WARNING)
    run(f"nft flush chain ip filter FI-{PORT}")
    restored(guarded, wanted, "the sentinel is undone", limit)
    wait.until(lambda: guarded.lab.log().count(WARNING) > before, "the log has a line about the sentinel", LIMIT)


def names_nft(line):
    """Whether a warning says that nft made the change, and which process it was."""
    return re.search(r"warning : .*changed from outside by 'nft' \(process \d+\)", line)


# What takes something of ours away, and nothing of anybody else's.
OURS = {
    "flush-sub": "iptables -F libvirt-in",
    "flush-port": f"iptables -F FI-{PORT}",
    "flush-port-6": f"ip6tables -F FO-{PORT}",
    "flush-root": f"ebtables -t nat -F libvirt-I-{PORT}",
    "delete-rule": f"ebtables -t nat -D libvirt-I-{PORT} -p 0x88b5 -j DROP",
    "delete-dispatch": f"ebtables -t nat -D PREROUTING -i {PORT} -j libvirt-I-{PORT}",
    "delete-jump": "iptables -D FORWARD -j libvirt-in",
    "accept-in-ours": f"ebtables -t nat -I libvirt-I-{PORT} -j ACCEPT",
    "accept-in-ours-ip": f"iptables -I FI-{PORT} -j ACCEPT",
    "policy-of-ours": f"ebtables -t nat -P libvirt-I-{PORT} RETURN; ebtables -t nat -D libvirt-I-{PORT} -p 0x88b5 -j DROP",
    "nft-flush-chain": f"nft flush chain ip filter FI-{PORT}",
    "nft-insert": f"nft insert rule bridge nat libvirt-I-{PORT} accept",
    "base-chain-gone": "printf '%s\\n' '*filter' '-D FORWARD -j libvirt-in' '-F libvirt-in' '-X libvirt-in' COMMIT "
                       "| iptables-restore --noflush",
    "doubled-dispatch": f"ebtables -t nat -A PREROUTING -i {PORT} -j libvirt-I-{PORT}",
    "several": f"iptables -F FI-{PORT}; ip6tables -F FI-{PORT}; ebtables -t nat -F libvirt-O-{PORT}; iptables -F libvirt-host-in",
}


@pytest.mark.parametrize("line", OURS.values(), ids=OURS)
def test_what_is_ours_comes_back(guarded, line):
    """Flushed, deleted, or filled up with something else: as before; everybody else's rules are untouched."""
    before, others = everything()
    run(line)
    restored(guarded, before, line)
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE
    assert everything() == (before, others)
    wait.until(lambda: warnings(guarded), "the log has the warning", LIMIT)
    assert len(warnings(guarded)) <= 2


# Programs that take away everything they find. What was others' is gone by their will. Between two steps ours may be back, and in use: the
# second one is refused then, or takes it away once more.
EVERYTHING = {
    "nft-flush-ruleset": "nft flush ruleset",
    "iptables-F": "iptables -F",
    "ip6tables-F-X": "ip6tables -F; ip6tables -X 2>/run/said || grep -q busy /run/said",
    "ip6tables-restore": "printf '%s\\n' '*filter' COMMIT | ip6tables-restore",
    "ebtables-F": "ebtables -t nat -F",
    "delete-tables": "nft delete table ip filter; nft delete table ip6 filter",
    "delete-bridge": "nft delete table bridge nat",
}


@pytest.mark.parametrize("line", EVERYTHING.values(), ids=EVERYTHING)
def test_everything_is_flushed(guarded, line):
    """Ports are filtered again, by the same rules; what was not ours does not come back."""
    own = kernel.snapshot(own=True)
    ports = {port: kernel.of_port(port) for port in (PORT, OTHER, "crowd3")}
    run(line)
    wait.until(lambda: {port: kernel.of_port(port) for port in ports} == ports, line, LIMIT)
    wait.until(lambda: guarded.passing(GUARDED + FREE) == FREE_ALONE, "frames meet the rules", LIMIT)
    [line_of_the_log] = warnings(guarded)[:1]
    assert re.search(r"changed from outside by '[^']+' \(process \d+\)", line_of_the_log)
    left = {tool: {name: lines for name, lines in chains.items() if "crowd" in name or "vnet" in name or "FI-" in name}
            for tool, chains in kernel.snapshot(own=True).items()}
    for tool, chains in left.items():
        assert all(own[tool][name] == lines for name, lines in chains.items())


def test_accept_before_ours(guarded):
    """A rule that lets everything pass before ours comes to be asked: ours are first again, the rule stays where it falls."""
    run("iptables -I FORWARD 1 -j ACCEPT; ip6tables -I FORWARD 1 -j ACCEPT")
    wait.until(lambda: guarded.passing(GUARDED + FREE) == FREE_ALONE, "frames meet the rules", LIMIT)
    forward = kernel.rules("ip4")["filter FORWARD"]
    assert forward[:3] == ["-j libvirt-in", "-j libvirt-out", "-j libvirt-in-post"] and forward.count("-j ACCEPT") == 1


def test_accept_in_a_chain_of_ours(guarded):
    """A rule that lets everything pass, in a base chain of ours: what leads to the ports stands before it again, and the rule stays."""
    run("iptables -I libvirt-in 1 -j ACCEPT; ip6tables -I libvirt-in 1 -j ACCEPT")
    wait.until(lambda: guarded.passing(GUARDED + FREE) == FREE_ALONE, "frames meet the rules", LIMIT)
    wait.until(lambda: kernel.rules("ip4")["filter libvirt-in"][-1] == "-j ACCEPT", "the rule stands behind ours", LIMIT)
    assert kernel.rules("ip4")["filter libvirt-in"].count("-j ACCEPT") == 1


def test_rules_of_others_on_the_way_to_ours(guarded):
    """Rules that others put before ours in the bridge's table are obeyed and stay where they are."""
    run("ebtables -t nat -I PREROUTING -i vnetnobody -j ACCEPT")
    guarded.bind("another")
    guarded.client.unbind("another")
    run(f"iptables -F FI-{PORT}")
    wait.until(lambda: guarded.passing(GUARDED + FREE) == FREE_ALONE, "frames meet the rules", LIMIT)
    assert kernel.rules("eb")["nat PREROUTING"][0] == "-i vnetnobody -j ACCEPT"


def test_restore_by_somebody_else(guarded):
    """An administrator loads his saved rules over everything."""
    before, _ = everything()
    saved = subprocess.check_output(["iptables-save"], text=True, timeout=30)
    mine = "\n".join(line for line in saved.splitlines() if "libvirt" not in line and PORT not in line and OTHER not in line
                     and "crowd" not in line) + "\n"
    run("iptables-restore", mine)
    restored(guarded, before, "restored by somebody else")
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE


@pytest.mark.parametrize("line", [f"iptables -E FI-{PORT} office2", f"nft rename chain ip filter FI-{PORT} office2",
                                  f"ebtables -t nat -E libvirt-I-{PORT} office2"])
def test_renamed(guarded, line):
    """A chain of ours gets another name: the port has its own again."""
    chains = [name for name, lines in kernel.snapshot(own=True)["eb" if "eb" in line else "ip4"].items() if name.endswith(f"-{PORT}")]
    run(line)

    def back():
        now = kernel.snapshot(own=True)["eb" if "eb" in line else "ip4"]
        return all(name in now for name in chains)

    assert chains
    wait.until(back, line, LIMIT)
    wait.until(lambda: guarded.passing(GUARDED + FREE) == FREE_ALONE, "frames meet the rules", LIMIT)


def test_rules_of_a_port_that_is_gone_are_restored(guarded):
    """An administrator loads what he saved while another port was bound: rules that belong to nobody go."""
    guarded.bind("another")
    saved = [(tool, subprocess.check_output([f"{tool}-save", "-t", table], text=True, timeout=30))
             for tool, table in (("ebtables", "nat"), ("iptables", "filter"), ("ip6tables", "filter"))]
    guarded.client.unbind("another")
    before, _ = everything()
    for tool, text in saved:
        run(f"{tool}-restore", text)
    restored(guarded, before, "restored by somebody else")
    assert kernel.of_port("another") == ""
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE


def test_log_names_the_program(guarded):
    """One warning for one change; it names program and process where the kernel tells them."""
    before, _ = everything()
    for _ in range(2):
        sentinel(guarded, before)
        [line] = warnings(guarded)  # a second one only after a minute of peace
        assert names_nft(line)


def test_no_storm(guarded, long):
    """Somebody who flushes twenty times a second: few batches, few programs, few words, and in the end all is well."""
    before, _ = everything()
    seconds = 30 if long else 4
    flushes = 20 * seconds
    with Changes() as changes, Execs(guarded.lab.daemon.pid) as execs:
        begin = time.monotonic()
        for number in range(flushes):
            run("iptables -F libvirt-in; ip6tables -F libvirt-in")
            time.sleep(max(0.0, begin + number / 20 - time.monotonic()))
    # A flush of what is flushed already is no change, so those that are went each before a repair of ours.
    assert 2 < changes.count <= flushes, f"{changes.count} changes in all at {flushes} pairs of flushes"
    restores = sum(name.endswith("-restore") for name in execs.programs)
    assert 0 < restores and len(execs.programs) <= 20 * seconds, f"{restores} of {len(execs.programs)} programs changed something"
    restored(guarded, before, "in the end all is well", limit=70)
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE
    sentinel(guarded, before, limit=70)
    assert 1 <= len(warnings(guarded)) <= 3, "\n".join(warnings(guarded))


UNRELATED = [
    "nft add table inet other", "nft add chain inet other mine '{ type filter hook input priority 0; }'",
    "nft add rule inet other mine tcp dport 99 drop", "nft delete table inet other",
    "iptables -A office -p udp --dport 99 -j DROP", "iptables -N another", "iptables -X another",
    "iptables -t nat -A POSTROUTING -o eth8 -j MASQUERADE", "ebtables -t nat -A I-office -p ARP -j DROP",
]


def test_what_is_not_ours_costs_nothing(guarded):
    """Changes elsewhere start no program and change no rule."""
    guarded.client.bindings()
    with Execs(guarded.lab.daemon.pid) as execs, Changes() as changes:
        for line in UNRELATED:
            run(line)
        time.sleep(1.0)
        assert guarded.client.bindings()
        assert execs.programs == [] and changes.count <= len(UNRELATED) and warnings(guarded) == []
        counted = changes.count
        sentinel(guarded, in_force())
    [line] = warnings(guarded)
    assert names_nft(line) and execs.programs and changes.count > counted


def test_own_changes_are_not_taken_for_another_s(guarded):
    """What the driver itself writes is not put right."""
    before, _ = everything()
    for number in range(3):
        crowd_name = f"late{number}"
        guarded.bind(crowd_name)
        guarded.client.unbind(crowd_name)
    guarded.lab.daemon.reload()
    time.sleep(0.5)
    assert warnings(guarded) == []
    sentinel(guarded, before)
    [line] = warnings(guarded)
    assert names_nft(line)


@pytest.mark.parametrize("overrun", ["stopped", "flood"])
def test_messages_are_lost(guarded, overrun, long):
    """More changes than the socket holds: the daemon reads the tables itself and puts them right."""
    before, _ = everything()
    lines = "".join(f"add element inet shop numbers {{ {number} }}\n" for number in range(20000 if long else 4000))
    run("nft add set inet shop numbers '{ type mark; }'")
    if overrun == "stopped":
        guarded.lab.daemon.process.send_signal(19)  # SIGSTOP
    try:
        for _ in range(1 if overrun == "stopped" else 3):
            run("nft -f -", lines)
            run("nft flush set inet shop numbers")
        run(f"ebtables -t nat -F libvirt-I-{PORT}")
        run("nft -f -", lines)
    finally:
        guarded.lab.daemon.process.send_signal(18)  # SIGCONT
    restored(guarded, before, "messages were lost", limit=20)
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE


def test_flushed_while_tools_are_away(guarded):
    """What cannot be put right at once is put right when the tools are back."""
    before, _ = everything()
    with Tools() as tools:
        tools.spoil(("ebtables-restore", "iptables-restore", "ip6tables-restore"), "exit 1")
        run(f"iptables -F FI-{PORT}; ebtables -t nat -F libvirt-I-{PORT}")
        time.sleep(1.5)
        assert guarded.client.bindings() and in_force() != before  # the tools are away indeed
        tools.mend()
        restored(guarded, before, "tools are back", limit=70)
    assert guarded.passing(GUARDED + FREE) == FREE_ALONE
