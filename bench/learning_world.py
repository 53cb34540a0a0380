# SPDX-License-Identifier: LGPL-2.1-or-later
"""
learning_world.py: one driver's daemon, a bridge with guests that have no address yet, and the moment in which their rules are there

All ports have the filter FILTER: libvirt's own clean-traffic, and one rule more that lets frames of the EtherType 0x88b5 out. These
are the probes. The rules of the time before an address is known let none of them pass, with either driver and in either mode, so the
first probe that comes through tells that the filter's own rules are in force. It is seen from outside, as a guest sees it, and no
rule is listed meanwhile: that takes milliseconds, and is in the way of the stock driver's tools.

Invariants: one lease a guest, by plain question and answer, with both drivers; every binding has an owner of its own, and lives until
the daemon has ended. After each measurement the kernel's rules are looked at: a time counts only if the port has exactly its
guest's address.

Limits: a probe is sent every millisecond, with many ports less often (Watch.opened): a time is never too short, and too long by
no more than that. The stock driver goes on for a while after its new rules are in force, which is not counted.
"""

import contextlib
import itertools
import pathlib
import re
import resource
import struct
import subprocess
import time

from nwflab import dhcp, kernel, lab as labs, wait
from nwflab.frames import ether, udp
from nwflab.guests import Wire, one_processor, port_of
from nwflab.learning import Host, NEIGHBOUR
from nwflab.machines import Crowd, batch
from nwflab.texts import binding_xml, filter_xml

FILTER = "learning"
BODY = "<filterref filter='clean-traffic'/><rule action='accept' direction='out' priority='-640'><mac protocolid='0x88b5'/></rule>"

# Little is written down; the line that a reload begins is what Daemon.reload looks for.
ENVIRONMENT = {"LIBVIRT_LOG_FILTERS": "3:nwfilter 2:daemon"}

FILES = 8192  # descriptors, as libvirt's unit files allow; a shell often allows less
PATIENCE = 120.0  # seconds without any progress, after which nothing more is expected even of a very slow machine
QUIET = 8  # turns without a probe that came through
AGAIN = 1.0  # seconds after which a guest repeats a packet
MOMENT = 0.5  # seconds in which a driver that has more to do would have begun with it


class Watch:
    """Probes of some guests; `send` is a function of guest and frame."""

    MARK = b"ru"
    SLOT = struct.Struct("!2sHI")  # mark, which guest, which probe: a marker of nwflab.frames

    def __init__(self, wire, stations, send):
        self.wire, self.stations, self.send = wire, stations, send
        self.frames = []
        for station in stations:
            text = bytearray(ether().bytes_for(station >> NEIGHBOUR, b"probe..."))
            self.frames.append((text, bytes(text).index(b"probe...")))
        self.times = [[] for _ in stations]

    def _turn(self, places):
        """Each of these guests sends a probe; returns {place: the first probe of it that came through since the last turn}."""
        for place in places:
            text, offset = self.frames[place]
            self.SLOT.pack_into(text, offset, self.MARK, place, len(self.times[place]))
            self.send(self.stations[place], bytes(text))
            self.times[place].append(time.perf_counter())
        came = {}
        for text in self.wire.guests[NEIGHBOUR].collect():
            if text[12:14] == b"\x88\xb5" and text[14:16] == self.MARK:
                _, place, number = self.SLOT.unpack_from(text, 14)
                came.setdefault(place, number)
        return came

    def closed(self):
        """Waits until no probe comes through any more: each port has its interim rules. Returns since when (perf_counter)."""
        places, quiet, begin = range(len(self.stations)), 0, time.perf_counter()
        since = begin
        with one_processor():
            while quiet < QUIET:
                now = time.perf_counter()
                came = self._turn(places)
                quiet, since = (0, now) if came else (quiet + 1, since)
                if now - begin > 2 * PATIENCE:
                    raise wait.Timeout(f"of {len(self.stations)} ports {len(came)} have no interim rules after {2 * PATIENCE:g} s")
                time.sleep(max(0.005, time.perf_counter() - now))
        return since

    def opened(self, teach, repeat=False):
        """Calls teach(stations), with repeat=True again each second for those that have no rules yet, and waits for the rules of all.

        Returns {station: seconds}, from just before the first call to the sending of the first probe that came through; without
        those whose rules did not come. All that are waited for send a probe, and then there is a pause: a millisecond, or as long as
        the sending took, or a thousandth of the time that has passed.
        """
        for times in self.times:
            times.clear()
        pending, result = set(range(len(self.stations))), {}
        with one_processor():
            self.wire.guests[NEIGHBOUR].collect()
            begin = taught = last = time.perf_counter()
            teach(self.stations)
            while pending and (now := time.perf_counter()) - last < PATIENCE:
                if repeat and now - taught > AGAIN:
                    taught = now
                    teach([self.stations[place] for place in sorted(pending)])
                for place, number in self._turn(sorted(pending)).items():
                    if place in pending:
                        pending.remove(place)
                        result[self.stations[place]] = self.times[place][number] - begin
                        last = now
                time.sleep(max(0.001, time.perf_counter() - now, (now - begin) / 1000))
        if not result:
            raise wait.Timeout(f"of {len(self.stations)} ports none has got its rules within {PATIENCE:g} s")
        return result


class LearningWorld:
    """See the opening of this file. A context manager; wipes the sandbox before and after."""

    def __init__(self, driver):
        self.driver = driver
        self.lab = labs.Lab(driver)
        self.wire = self.host = None
        self._stack = contextlib.ExitStack()
        self._transactions = itertools.count(0x1000)

    def __enter__(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if hard == resource.RLIM_INFINITY else min(FILES, hard), hard))
        self.lab.ship()
        self.lab.new_daemon(environment=ENVIRONMENT)
        self._stack.callback(labs.wipe)
        try:
            self.wire = self._stack.enter_context(Wire())
            self.host = Host(self.lab, self.wire, contextlib.ExitStack())  # nothing to undo: the daemon ends by force, and all is wiped
            self.lab.client.define(filter_xml(FILTER, BODY))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.lab.close()
        self._stack.close()

    # -- guests ----------------------------------------------------------------------------------------------------------

    def bind(self, station, mode, port=None):
        """Binds the guest's port."""
        self.lab.client.bind(binding_xml(port or port_of(station), FILTER, [("CTRL_IP_LEARNING", mode)], mac=station.mac,
                                         uuid=self.host.owner()))

    def asked(self, station, send):
        """The guest asks for its address; returns the server's answer, as bytes, which nobody has sent yet."""
        number = next(self._transactions)
        question = dhcp.ask(station, dhcp.REQUEST, number, [(50, dhcp.ip(station.ip))], dst_mac=NEIGHBOUR.mac)
        answer = dhcp.tell(NEIGHBOUR, station, dhcp.ACK, number, station.ip, dst_mac=station.mac)
        send(station, question.bytes_for(station >> NEIGHBOUR, b""))
        return answer.bytes_for(NEIGHBOUR >> station, b"")

    def lesson(self, mode, stations, send):
        """A function of guests by which the driver learns their addresses: each one's first packet, or the server's answers."""
        if mode == "any":
            packets = {station: udp().bytes_for(station >> NEIGHBOUR, b"a packet") for station in stations}
            return lambda those: [send(station, packets[station]) for station in those]
        answers = {station: self.asked(station, send) for station in stations}
        time.sleep(MOMENT)
        server = self.wire.guests[NEIGHBOUR].sender
        return lambda those: [server.send(answers[station]) for station in those]

    @contextlib.contextmanager
    def crowd(self, size):
        """A Crowd whose frames go to no other port than the receiver's; the daemon ends before it goes."""
        with Crowd(size) as crowd:
            names = [(crowd.port_of(station), station.mac) for station in crowd.stations]
            batch([f"link set dev {port} type bridge_slave learning off flood off mcast_flood off bcast_flood off" for port, _ in names])
            entries = "".join(f"fdb replace {mac} dev {port} master static\n" for port, mac in names)
            subprocess.run(["bridge", "-batch", "-"], input=entries, text=True, check=True, capture_output=True, timeout=60)
            try:
                yield crowd
            finally:
                self._end()

    def _end(self):
        """Ends the daemon, so that it sees no port go."""
        daemon = self.lab.daemon
        if self.driver == "ours":  # a thousand sockets of a process that is killed are closed by the kernel one after the other
            self.lab.hang_up()
            daemon.stop(PATIENCE)
            return
        daemon.kill_process()
        daemon.process.wait(PATIENCE)

    def settle(self):
        """Returns when the daemon has run no program for a moment: the stock driver goes on for a while after new rules are in force."""
        tasks, quiet = pathlib.Path(f"/proc/{self.lab.daemon.pid}/task"), time.monotonic()
        while time.monotonic() - quiet < MOMENT:
            try:
                busy = any(file.read_text() for file in tasks.glob("*/children"))
            except OSError:  # a thread that ends
                busy = True
            if busy:
                quiet = time.monotonic()
            time.sleep(0.01)

    # -- what the kernel holds -------------------------------------------------------------------------------------------

    def expect(self, ports):
        """Each port may use its own address and no other, when the daemon has settled. ports: {port: address}."""
        self.settle()
        found = {}
        for port, address in re.findall(r"^-A I-(\S+)-ipv4-ip .*--ip-src (?!0\.0\.0\.0)(\S+) -j RETURN", kernel.save("eb"), re.M):
            found.setdefault(port, []).append(address)
        wrong = {port: found.get(port) for port, address in ports.items() if found.get(port) != [address]}
        if wrong:
            raise RuntimeError(f"{self.driver}: {len(wrong)} of {len(ports)} ports have not their guest's address: {wrong}")
