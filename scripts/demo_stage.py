# SPDX-License-Identifier: LGPL-2.1-or-later
"""
demo_stage.py: daemon, guests and filters of the demo, and what the user sees of them

An attempt is one frame: it is sent, it arrives or not, and the counters of the kernel tell which rule of which
document decided. What was expected is known beforehand, so the demo is a test as well: the Show counts what was
otherwise (demo_show.py).
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

from nwflab import counters, kernel
from nwflab.client import virsh
from nwflab.daemon import Daemon
from nwflab.guests import port_of
from nwflab.texts import binding_xml

FOLDER = pathlib.Path("/run/demo")
SHIPPED = pathlib.Path("/usr/share/libvirt/nwfilter")


class Stage:
    """The place of the story, with the guests of `wire`; a context manager."""

    def __init__(self, driver, wire, show):
        self.show = show
        self.folder = FOLDER
        self.tool = pathlib.Path(os.environ.get("NWF_TOOL") or shutil.which("virt-nwfilter") or "virt-nwfilter")
        self.daemon = Daemon(driver)
        self.wire = wire
        self.bound = {}
        self._undo = contextlib.ExitStack()

    def __enter__(self):
        with self._undo:
            (self.folder / "filters").mkdir(parents=True, exist_ok=True)
            for document in SHIPPED.glob("*.xml"):
                shutil.copy(document, self.folder / "filters")
            begin = time.monotonic()
            self._undo.enter_context(self.daemon)
            started = time.monotonic() - begin
            self._undo = self._undo.pop_all()
        self.show.heading(f"A libvirtd in a sandbox, with {'this' if self.daemon.driver == 'ours' else 'the stock'} driver")
        self.show.text(f"module   {self.daemon.module}",
                       f"daemon   libvirt {virsh('--version').out.strip()}, answered after {started * 1000:.0f} ms",
                       "bridge   br0 with the ports of four guests, which are network namespaces:",
                       "         vnetA and vnetB are filtered below; behind vnetC is a peer, HOST is the bridge itself")
        return self

    def __exit__(self, *error):
        return self._undo.__exit__(*error)

    # -- what an administrator does ------------------------------------------------------------------------------------

    def virsh(self, *words, good=True):
        """Runs virsh for the user to see; a failure is expected with good=False. Returns its messages."""
        begin = time.monotonic()
        done = self.daemon.virsh(*words)
        self.show.command(f"virsh {' '.join(map(str, words))}", time.monotonic() - begin)
        if done.ok != good:
            self.show.result("this command", "failed" if good else "succeeded", False, done.err.strip())
        return done.err.strip()

    def document(self, name, text):
        """Writes a document of the demo and returns its path."""
        path = self.folder / "filters" / f"{name}.xml"
        path.write_text(text, encoding="utf-8")
        return path

    def define(self, name, text):
        """Writes a filter, shows it, and defines it."""
        path = self.document(name, text)
        self.show.document(text)
        self.virsh("nwfilter-define", path)

    def bind(self, station, name, params=(), mac=None):
        """Binds the port of a guest, whose frames have its station's addresses unless `mac` says otherwise."""
        path = self.folder / f"{port_of(station)}.xml"
        path.write_text(binding_xml(port_of(station), name, params, mac=mac or station.mac), encoding="utf-8")
        self.virsh("nwfilter-binding-create", path)
        self.bound[station] = (path, name)

    def learn(self, station, name, limit=3.0):
        """Waits until the rules of a port that was bound without an address have its guest's."""
        begin = time.monotonic()
        known = False
        while not known and time.monotonic() < begin + limit:
            known = station.ip in kernel.of_port(port_of(station))
        took = time.monotonic() - begin
        self.show.result(f"{station.ip} in the rules of {port_of(station)}", f"{took * 1000:.0f} ms" if known else "missing", known)
        self.bound[station][0].write_text(binding_xml(port_of(station), name, [("IP", station.ip)], mac=station.mac), encoding="utf-8")
        return known

    def learned(self):
        """Shows what the companion command says of learned addresses."""
        begin = time.monotonic()
        done = subprocess.run([self.tool, "learned"], capture_output=True, text=True, timeout=30, check=False)
        self.show.command("virt-nwfilter learned", time.monotonic() - begin)
        for line in (done.stdout + done.stderr).splitlines():
            self.show.row(line)

    def unbind(self, station):
        """Deletes the binding of a guest."""
        self.virsh("nwfilter-binding-delete", port_of(station))
        self.bound.pop(station, None)

    # -- what guests do ------------------------------------------------------------------------------------------------

    def _origins(self, station):
        path, name = self.bound[station]
        return counters.sources(self.tool, path, [self.folder / "filters" / f"{name}.xml"], self.folder / "filters")

    def _who(self, source):
        """A rule as the user wrote it."""
        lines = (self.folder / "filters" / f"{source.filter}.xml").read_text(encoding="utf-8").splitlines()
        return f"{source.filter}.xml:{source.line}  {lines[source.line - 1].strip()}"

    def interim(self, path, frame, words, comes):
        """Sends a frame of a port whose address is not known yet: no line of a document decides about it."""
        arrived = self.wire.arrives(path, frame)
        word = {True: "passed", False: "stopped"}[arrived]
        self.show.result(f"{f'{path.sender} -> {path.receiver}':9} {words}", word, arrived == comes, "the address is not known yet")

    def attempt(self, path, frame, words, comes):
        """Sends a frame and tells what became of it, and why."""
        before = counters.read()
        arrived = self.wire.arrives(path, frame)
        after = counters.read()
        way = []
        for station in (path.sender, path.receiver):
            if station in self.bound:
                way += counters.met(port_of(station), self._origins(station), before, after)
        source = counters.decisive(way, arrived)
        word = {True: "passed", False: "stopped"}[arrived]
        why = self._who(source) if source else "" if arrived else "no rule counted it"
        good = arrived == comes and (arrived or source is not None)
        self.show.result(f"{f'{path.sender} -> {path.receiver}':9} {words}", word, good, why)
