# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_storm.py: sixteen clients that do everything at random at once, with a module that watches its own memory

NWF_SANITIZED_MODULE names a module built with address and undefined-behaviour sanitizers; the daemon gets the sanitizer's library
preloaded, and what it finds ends the daemon with a report. Without it the storm is the same, with the usual module.

Afterwards nothing is half: what the daemon tells is what the files say, and the kernel's rules are those that a daemon makes of the same
files on empty tables. Leaks are looked for in the unit lane: at the end of libvirtd much is left that is not ours.
"""

import os
import pathlib
import random
import re
import signal
import subprocess
import threading
import time

import pytest

from lane import GUARD, GUARDED, PORT, Reader, drops
from nwflab import kernel, ports
from nwflab.client import Failed
from nwflab.daemon import BINDINGS, FILTERS
from nwflab.guests import A, C
from nwflab.texts import binding_xml, filter_xml, uuid_of
from nwflab.traffic import Flood

CLIENTS = 16
REPORTS = pathlib.Path("/run/lab/sanitizer")
NAMES = [f"storm{number}" for number in range(6)]
PORTS = [f"vs{number}" for number in range(12)]
# What a client may be told when others do the opposite at the same time.
FAIR = {"OPF", "OPI", "INT", "NOF", "NOB"}


def body(random_number, depth):
    """Some rules, and a reference to a filter whose number is smaller, so that there are no loops."""
    parts = [drops(0x9000 + random_number % 50, 1000 + random_number % 50)]
    if depth and random_number % 3:
        parts.append(f"<filterref filter='{NAMES[random_number % depth]}'/>")
    if random_number % 5 == 0:
        parts.append("<rule action='accept' direction='in'><ip srcipaddr='$IP'/></rule>")
    return "".join(parts)


class Client(threading.Thread):
    """One of many; `unfair` are the answers that nobody should get."""

    def __init__(self, lab, seed, end):
        super().__init__(daemon=True)
        self._lab, self._dice, self._end = lab, random.Random(seed), end
        self.calls, self.unfair = {}, []

    def run(self):
        with self._lab.daemon.client() as client:
            while time.monotonic() < self._end:
                deed = self._dice.choice([self.define, self.define, self.undefine, self.bind, self.bind, self.unbind, self.look, self.list])
                try:
                    deed(client)
                    answer = "ok"
                except Failed as failed:
                    answer = failed.name
                    if answer not in FAIR:
                        self.unfair.append(f"{deed.__name__}: {failed}")
                        return
                key = deed.__name__, answer
                self.calls[key] = self.calls.get(key, 0) + 1

    def define(self, client):
        """A filter with other rules; now and then with a uuid that clashes."""
        place = self._dice.randrange(len(NAMES))
        uuid = uuid_of(500 + (place if self._dice.random() < 0.95 else 0))
        client.define(filter_xml(NAMES[place], body(self._dice.randrange(1000), place), uuid=uuid))

    def undefine(self, client):
        """A filter goes."""
        client.undefine(self._dice.choice(NAMES))

    def bind(self, client):
        """A port is bound, now and then to a filter that is not there."""
        name = self._dice.choice([*NAMES, GUARD, "nobody"])
        client.bind(binding_xml(self._dice.choice(PORTS), name, [("IP", f"10.8.0.{self._dice.randrange(1, 200)}")]))

    def unbind(self, client):
        """A port is let go."""
        client.unbind(self._dice.choice(PORTS))

    def look(self, client):
        """Documents are read."""
        client.filter_xml(self._dice.choice(NAMES))
        client.binding_xml(self._dice.choice(PORTS))

    def list(self, client):
        """All names are read."""
        client.filters()
        client.bindings()


def library(module):
    """The sanitizer's library that a module wants, or None."""
    text = subprocess.check_output(["ldd", module], text=True, timeout=20)
    found = re.search(r"libasan\S* => (\S+)", text)
    return found[1] if found else None


@pytest.fixture(name="guarded")
def fixture_guarded(host, monkeypatch):
    """The daemon runs the module that watches its memory, if there is one; afterwards the usual one runs again."""
    module = os.environ.get("NWF_SANITIZED_MODULE")
    if not module:
        yield host.guarded()
        return
    host.lab.change_driver(host.lab.driver)
    REPORTS.mkdir(parents=True, exist_ok=True)
    options = f"log_path={REPORTS}/report:detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=1"
    try:
        with monkeypatch.context() as patch:
            patch.setenv("NWF_MODULE", module)
            # Without libvirt's other drivers: they fork, and a fork of a process with threads may hang in the sanitizer's locks.
            host.lab.new_daemon(beside="sanitized", preload=library(module), environment={
                "ASAN_OPTIONS": options, "UBSAN_OPTIONS": f"{options}:halt_on_error=1:print_stacktrace=1"})
            yield host.guarded()
    finally:
        host.lab.change_driver(host.lab.driver)  # a new one, at its next use


def reports():
    """What the sanitizers found."""
    return "\n".join(path.read_text(errors="replace") for path in REPORTS.glob("report*"))


def documents_in_files(folder, tag):
    """{name: document} of the files, without the warning at their head."""
    found = {}
    for path in folder.glob("*.xml"):
        text = path.read_text()
        found[path.stem] = text[text.index(f"<{tag}"):]
    return found


def test_storm(guarded, long):
    """See the opening. All ports have devices: without one a port keeps its rules when its filter goes, until the next start."""
    for port in PORTS:
        guarded.undo.callback(ports.remove, port)
        ports.add_port(port, kind="tap")
    seed = int(os.environ.get("NWF_SEED") or random.randrange(1 << 30))
    print(f"NWF_SEED={seed}")
    end = time.monotonic() + (60 if long else 15)
    clients = [Client(guarded.lab, seed + number, end) for number in range(CLIENTS)]
    with Flood(guarded.wire, A >> C, forbidden=GUARDED, rate=300) as flood, Reader(guarded.lab) as reader:
        for client in clients:
            client.start()
        for client in clients:
            client.join(100)
    assert not any(client.is_alive() for client in clients), "some client's call never came back"
    assert not reports(), reports()[:8000]
    assert [one for client in clients for one in client.unfair] == []
    done = {}
    for client in clients:
        for key, number in client.calls.items():
            done[key] = done.get(key, 0) + number
    for name in ("define", "undefine", "bind", "unbind", "look", "list"):
        assert done.get((name, "ok"), 0) >= 3, f"the storm was a breeze: {done}"
    assert max(reader.took) < 10.0, f"a reader waited {max(reader.took):.2f} s"  # a storm with a sanitizer takes the whole machine
    assert not flood.leaked, f"{flood.leaked} passed"
    all_agrees(guarded)
    assert not reports(), reports()[:8000]
    if os.environ.get("NWF_SANITIZED_MODULE"):
        reports_a_fault(guarded.lab.daemon)


def reports_a_fault(daemon):
    """The sanitizer that had nothing to report reports the daemon's end by a signal that it watches for."""
    daemon.ended = True
    daemon.process.send_signal(signal.SIGSEGV)
    daemon.process.wait(60)
    assert "AddressSanitizer" in reports()


def all_agrees(guarded):
    """Documents, files and rules agree exactly, and a daemon that begins with empty tables makes the same of the files."""
    filters, bindings = guarded.documents()
    assert documents_in_files(FILTERS, "filter ") == filters
    assert sorted(documents_in_files(BINDINGS, "filterbindingstatus")) == sorted(bindings)
    assert list(FILTERS.glob("*.new")) + list(BINDINGS.glob("*.new")) == []
    rules = kernel.snapshot(own=True)
    named = {match[1] for chains in rules.values() for name in chains if (match := re.search(r"(vs\d+|vnet\w+)", name))}
    assert named <= set(bindings)
    guarded.lab.hang_up()
    guarded.lab.daemon.stop()
    kernel.flush()
    guarded.lab.daemon.start()
    assert guarded.documents() == (filters, bindings)
    assert kernel.snapshot(own=True) == rules
    assert guarded.lab.rules(PORT)
