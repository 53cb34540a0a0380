# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_order.py: in which order a call's files, rules and answer are made, as strace saw it

The new text is safe on the disk before a tool runs, the tools are done before the file gets its name, the folder is safe before the caller is
answered. So whatever ends the machine, what a caller was told is there.
"""

import re

import pytest

import steps
from lane import DEEDS, FRESH, GUARD, OTHER, visitor

TRACED = "trace=fsync,fdatasync,?rename,renameat,?renameat2,?unlink,unlinkat,execve,write,sendto,sendmsg,exit_group"
LINE = re.compile(r"^(\d+)\s+(.*)$")


def events_of(text):
    """[(kind, what)] in the order in which they were seen to happen.

    sync FILE; tool NAME; end NAME; rename FILE; unlink FILE; answer. A call that another thread interrupted in the trace counts
    when it is over, but for an answer, which counts when it begins.
    """
    events, programs, pending = [], {}, {}
    for process, line in (LINE.match(each).groups() for each in text.splitlines() if LINE.match(each)):
        if line.endswith("<unfinished ...>"):
            pending[process] = line.removesuffix("<unfinished ...>")
            if "libvirt-sock" in line:
                events.append(("answer", ""))
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", line)
        if resumed:
            line = pending.pop(process, "") + resumed[1]
            if "libvirt-sock" in line:
                continue
        if match := re.match(r'execve\("[^"]*/([^"/]+)".*= 0$', line):
            programs[process] = match[1]
            events.append(("tool", match[1]))
        elif re.match(r"exit_group|\+\+\+", line) and process in programs:
            if line.startswith("+++"):
                events.append(("end", programs.pop(process)))
        elif match := re.match(r"fd?a?t?a?sync\(\d+<([^>]*)>\)\s+= 0", line):
            events.append(("sync", match[1]))
        elif match := re.match(r'rename\w*\(.*"([^"]*)"[^"]*\)\s+= 0', line):
            events.append(("rename", match[1]))
        elif match := re.match(r'unlink\w*\(.*"([^"]*)"[^"]*\)\s+= 0', line):
            events.append(("unlink", match[1]))
        elif re.match(r"(write|sendto|sendmsg)\(\d+<.*libvirt-sock", line):
            events.append(("answer", ""))
    return events


def trace(host, deed):
    """The events of a deed."""
    deed.before(host)
    with visitor(host.lab) as client:
        client.filters()
        with steps.Strace(host.lab.daemon.pid, "-yy", "-s", "200", "-e", TRACED, follow=True) as strace:
            deed.act(host, client)
    return events_of(strace.text)


def positions(events, kind, what=""):
    """Places of the events of a kind whose text ends with `what`."""
    return [place for place, (one, text) in enumerate(events) if one == kind and text.endswith(what)]


EXPECTED = {
    "redefine": ("filters", GUARD, True),
    "create": ("bindings", OTHER, True),
    "define": ("filters", FRESH, False),
}


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if deed.name in EXPECTED], ids=str)
def test_new_text(host, deed):
    """Text safe, then tools, then the name, then the folder safe, then the answer."""
    _, name, has_tools = EXPECTED[deed.name]
    host.guarded()
    events = trace(host, deed)
    [text] = positions(events, "sync", f"/{name}.xml.new")
    [named] = positions(events, "rename", f"{name}.xml")
    [folder, *_] = [place for place in positions(events, "sync") if place > named]
    answers = positions(events, "answer")
    tools, ends = positions(events, "tool", "-restore"), positions(events, "end", "-restore")
    assert bool(tools) == has_tools and len(tools) == len(ends), events
    order = [text, *tools[:1], *ends[-1:], named, folder, answers[-1]]
    assert order == sorted(order), events
    assert events[folder][1] in ("/etc/libvirt/nwfilter", "/run/libvirt/nwfilter-binding")


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if deed.name in ("delete", "undefine")], ids=str)
def test_text_that_goes(host, deed):
    """Rules are gone before the file, and the folder is safe before the answer."""
    name, has_tools = (OTHER, True) if deed.name == "delete" else (FRESH, False)
    host.guarded()
    events = trace(host, deed)
    [gone] = positions(events, "unlink", f"{name}.xml")
    [folder, *_] = [place for place in positions(events, "sync") if place > gone]
    ends, answers = positions(events, "end", "-restore"), positions(events, "answer")
    assert bool(ends) == has_tools, events
    order = [*ends[-1:], gone, folder, answers[-1]]
    assert order == sorted(order), events
