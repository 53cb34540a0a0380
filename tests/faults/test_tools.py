# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_tools.py: tools that fail, die, talk nonsense, are slow or hang

Whatever a tool does: the caller gets an error or what he asked for, nothing in between; a port is as before, as asked for, or closed, never
open; readers are answered at once; and when the tool is well again the driver comes to terms with what it left behind.

tests/live test_neighbours has the simplest case, tools that are away.
"""

import time

import pytest

from lane import DEEDS, GUARD, GUARDED, OF_THE_KERNEL, OTHER, PORT, Reader, guard, in_background, visitor
from tools import HANGS, LATE, LIES, RESTORE, SAVE, SLOW, WHAT, Tools

from nwflab import hidden, kernel, wait
from nwflab.client import Failed, outcome
from nwflab.frames import arp, ether, ping, tcp, udp, udp6
from nwflab.guests import HOST, A, C
from nwflab.traffic import Flood


@pytest.fixture(name="tools")
def fixture_tools(host):  # pylint: disable=unused-argument
    """The gate before the tools; they are well again before the host is emptied."""
    with Tools() as tools:
        yield tools


def refused(host, tools, deed, spoil, done=False):
    """Does the deed with tools that spoil() has spoiled for good: it fails, nothing opens, all is as before when they are well.

    With done=True it may also succeed.
    """
    old, new = deed.both(host)
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        spoil()
        answer = outcome(deed.act, host)
        assert answer in ("FW", "SYS", *(["ok"] if done else []))
        wanted = new if answer == "ok" else old
        assert host.documents() == wanted[0] and host.files() == wanted[1]
        tools.mend()
        host.recovers(wanted, "the rules are those of the documents when the tools are well")
        deed.before(host)
        deed.act(host)
        assert host.state() == new
    assert not flood.leaked, f"{flood.leaked} passed"


@pytest.mark.parametrize("deed", OF_THE_KERNEL, ids=str)
@pytest.mark.parametrize("what", WHAT)
def test_tool_is_ill(host, tools, what, deed, long):
    """Each of the tools, and all of them; in short runs one of these, another one for each deed and illness.

    A tool that dies when it has done its work may have done it: if that can be seen, the caller is told so.
    """
    host.guarded()
    sets = [[name] for name in RESTORE] + [list(RESTORE)]
    turn = list(WHAT).index(what) + OF_THE_KERNEL.index(deed)
    for names in sets if long else [sets[turn % len(sets)]]:
        refused(host, tools, deed, lambda names=names: tools.spoil(names, WHAT[what]), done=what == "dies-after")


@pytest.mark.parametrize("deed", OF_THE_KERNEL, ids=str)
@pytest.mark.parametrize("what", ["fails", "dies-before", "dies-after"])
def test_tool_is_ill_once(host, tools, what, deed, long):
    """At one run of each tool, the first or a later one: done or refused as a whole."""
    host.guarded()
    old, new = deed.both(host)
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        for name in RESTORE:
            for after in range(3 if long else 1):
                deed.before(host)
                tools.spoil(name, WHAT[what], after=after, times=1)
                answer = outcome(deed.act, host)
                assert answer in ("ok", "FW")
                wanted = new if answer == "ok" else old
                assert host.documents() == wanted[0] and host.files() == wanted[1]
                host.recovers(wanted, f"{name} {what} at run {after + 1}: the rules are those of the documents")
                tools.mend()
    assert not flood.leaked, f"{flood.leaked} passed"


@pytest.mark.parametrize("tool", [RESTORE[0], *(pytest.param(name, marks=pytest.mark.long) for name in RESTORE[1:])])
def test_tool_says_no_and_has_done_it(host, tools, tool):
    """A tool whose exit status is a lie: the caller is told that it failed, so in the end the old rules are in force.

    What it does looks like somebody else's work, beside which a refusal is tried five times.
    """
    host.lab.restart()  # one that has put much right before would wait
    host.guarded()
    deed = DEEDS[0]
    old, _ = deed.both(host)
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        tools.spoil(tool, '"$real" "$@"; echo no >&2; exit 1', times=5)
        answer = outcome(deed.act, host)
        tools.mend()
        assert answer == "FW" and host.documents() == old[0]
        host.recovers(old, "the old rules are in force", limit=5)
    assert not flood.leaked, f"{flood.leaked} passed"


@pytest.mark.parametrize("deed", OF_THE_KERNEL, ids=str)
@pytest.mark.parametrize("what", LIES)
def test_success_without_effect(host, tools, what, deed, long):
    """A tool that reports success and did nothing, or a part: the call fails, nothing opens, all is as before when it is well.

    In short runs one of the tools, or all of them. What is cut may be done in two runs: then the call succeeds.
    """
    host.guarded()
    sets = [[name] for name in RESTORE] + [list(RESTORE)]
    turn = list(LIES).index(what) + OF_THE_KERNEL.index(deed)
    for names in sets if long else [sets[turn % len(sets)]]:
        refused(host, tools, deed, lambda names=names: tools.spoil(names, LIES[what]), done=what.startswith("cut"))


@pytest.mark.parametrize("what", [*LIES, pytest.param("closed-before", marks=pytest.mark.long)])
def test_no_binding_without_rules(host, tools, what):
    """No port is reported as bound whose rules are not in the kernel, and the error says what is wrong."""
    host.guarded()
    reasons = {"cut": "-restore", "cut-by-itself": "-restore", "closed-before": "did not finish"}
    for names in ([RESTORE[0]] if what == "closed-before" else [*([name] for name in RESTORE), RESTORE]):
        tools.spoil(names, LIES.get(what, 'exec "$real" "$@" <&-'))
        with pytest.raises(Failed) as failed:
            host.bind(OTHER)
        assert reasons.get(what, "reports success, but") in str(failed.value)
        assert host.client.bindings() == [PORT]
        tools.mend()
        host.bind(OTHER)
        assert kernel.of_port(OTHER)
        host.client.unbind(OTHER)


@pytest.mark.parametrize("what", LIES)
def test_start_without_effect(host, tools, what):
    """A daemon that starts with such tools, on a kernel without rules: it says so, and puts all right when they are well.

    Where they could do a part the port may have been closed, until a definition changes.
    """
    host.guarded()
    before = host.state()
    host.lab.hang_up()
    host.lab.daemon.stop()
    kernel.flush()
    tools.spoil(RESTORE, LIES[what])
    host.lab.daemon.start()
    assert host.documents() == before[0]
    assert "-restore" in host.lab.log()
    tools.mend()
    if what.startswith("cut"):
        host.define(GUARD, guard(2))
        host.define(GUARD, guard(1))
    host.recovers(before, "the rules are in force")


BAD_LISTS = {
    "fails": "exit 1",
    "nonsense": "echo 'who are you?'; exit 0",
    "dies": '"$real" "$@" | head -c 150; kill -KILL $$',
    "unlistable": "echo \"# Table `nat' is incompatible, use 'nft' tool.\"",
}


@pytest.mark.parametrize("what", BAD_LISTS)
def test_tables_cannot_be_read(host, tools, what, long):
    """When a tool was killed the table has to be read; without that nothing is changed, and nothing opens."""
    host.guarded()
    deed = DEEDS[0]
    for place in range(3) if long else (0, 1):
        def spoil(place=place):
            tools.spoil(SAVE[place], BAD_LISTS[what])
            tools.spoil(RESTORE[place], WHAT["dies-after"])
        refused(host, tools, deed, spoil)


@pytest.mark.parametrize("what", BAD_LISTS)
def test_start_without_lists(host, tools, what):
    """A daemon that cannot read the tables at its start serves its clients, and the rules of the last run stay in force."""
    host.guarded()
    before = host.state()
    host.lab.hang_up()
    host.lab.daemon.stop()
    with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood:
        tools.spoil(SAVE, BAD_LISTS[what])
        host.lab.daemon.start()
        assert host.documents() == before[0]
        tools.mend()
        host.recovers(before, "the rules are in force")
        host.define(GUARD, guard(2))
    assert not flood.leaked, f"{flood.leaked} passed"


@pytest.mark.parametrize("what", [SLOW.format(2), LATE.format(2)], ids=["slow", "late"])
@pytest.mark.parametrize("deed", OF_THE_KERNEL, ids=str)
def test_tool_takes_its_time(host, tools, deed, what):
    """The call waits and succeeds; readers do not wait, and see the old state until it is answered."""
    host.guarded()
    old, new = deed.both(host)
    with visitor(host.lab) as client, Reader(host.lab) as reader:
        tools.spoil(RESTORE[0], what)
        begin = time.monotonic()
        assert outcome(deed.act, host, client) == "ok"
        assert time.monotonic() - begin >= 2
        tools.mend()
    reader.check()
    assert host.state() == new != old


def test_tool_that_hangs(host, tools, long):
    """A tool that never ends is ended at its time limit; readers are answered meanwhile, and nothing opens."""
    host.guarded()
    old, _ = DEEDS[0].both(host)
    for tool in RESTORE if long else RESTORE[:1]:
        with Flood(host.wire, A >> C, forbidden=GUARDED, rate=300) as flood, Reader(host.lab) as reader:
            tools.spoil(tool, HANGS, times=1)
            answer = outcome(DEEDS[0].act, host)
            assert answer in ("ok", "FW")
            tools.mend()
            if answer == "ok":
                DEEDS[0].before(host)
            host.recovers(old, "the old rules are in force")
        reader.check(100)
        assert not flood.leaked, f"{flood.leaked} passed"


def test_end_while_a_tool_is_slow(host, tools):
    """A daemon that is asked to end while a tool works lets it finish, and ends; the next one has what was begun."""
    host.guarded()
    tools.spoil(RESTORE[0], SLOW.format(1))
    with visitor(host.lab) as client:
        begun = in_background(lambda: outcome(DEEDS[0].act, host, client))
        time.sleep(0.3)
        host.lab.hang_up()
        assert host.lab.daemon.stop(limit=30) == 0
        begun.join(30)
    tools.mend()
    host.lab.daemon.start()
    documents, files, rules = host.state()
    DEEDS[0].both(host)
    wanted = guard(2) if "1002" in documents[0][GUARD] else guard(1)
    host.define(GUARD, wanted)
    assert host.state() == (documents, files, rules)
    assert kernel.of_port(PORT)


SEEN_BY_IP = (udp(dport=7), tcp(dport=7), ping(), udp6(dport=7))
UNSEEN_BY_IP = (ether(type=0x88B7), arp(), udp(dport=7, vlan=5))
TO_THE_HOST = (udp(dport=7), udp6(dport=7))


def test_closed_without_ebtables(host):
    """A port that must be closed where ebtables is not installed: what IP layers see is dropped, and the rest passes, as the log says."""
    host.guarded()
    host.lab.daemon.stop()
    host.lab.hang_up()
    kernel.flush()
    with hidden.tools("ebtables"):
        host.lab.daemon.start()
        wait.until(lambda: "-j DROP" in host.lab.rules(PORT), "the port is closed", 20)
        for path in (A >> C, C >> A):
            assert host.passing(SEEN_BY_IP + UNSEEN_BY_IP, path) == [str(frame) for frame in UNSEEN_BY_IP], path
        assert host.passing(TO_THE_HOST, A >> HOST) == []
        assert host.passing(TO_THE_HOST, HOST >> A) == [str(frame) for frame in TO_THE_HOST]
        log = host.lab.log()
    assert f"port '{PORT}': ebtables is not installed, so the port is closed for packets of these protocols alone: IPv4, IPv6;" in log
    wait.until(lambda: host.passing(GUARDED + SEEN_BY_IP[:1]) == [str(SEEN_BY_IP[0])], "it is filtered when ebtables is there", 70)
