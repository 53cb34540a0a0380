# SPDX-License-Identifier: LGPL-2.1-or-later
"""
change_world.py: the moments of a change: when the kernel's tables are written, when a daemon answers, which frames come through

LayersWorld has ports with rules on all three layers (ebtables, iptables, ip6tables), as ForeignWorld and GuardWorld have them for their
purpose. GuardWorld has guests besides: the guest A lives behind a port of the filter 'guard', of which every version forbids the frames
FORBIDDEN and allows the frames ALLOWED, both from the guest and to it, so whatever version is in force is wrong if it does otherwise. Neighbouring
versions differ at the Ethernet layer, at the IP layers, or at both.

That the tables are written is seen by the number of their generation, which the kernel counts for each transaction (nwflab.generation);
asking for it takes no lock and costs some microseconds, so it is asked each millisecond and nothing is listed while the clock runs.

Limits: nf_tables only, since the older tools' tables count nothing. A moment is known to about a millisecond.
"""

import contextlib
import threading
import time

from world import World, address_of, mac_of, name_of
from nwflab import kernel, wait
from nwflab.client import Client, Failed
from nwflab.frames import ether, udp, udp6
from nwflab.generation import generation
from nwflab.guests import A, C, Wire, port_of
from nwflab.texts import binding_xml, filter_xml, uuid_of
from nwflab.traffic import Flood

RATE = 5000  # frames a second in each direction
LEAD = 0.3  # seconds of traffic before and after a change
FORBIDDEN = (ether(type=0x88B5), udp(dport=9), udp6(dport=9))
ALLOWED = (ether(type=0x88B7), udp(dport=7), udp6(dport=7))


class Writes:
    """While the block runs the changes of the kernel's tables are noted: `times` of when each number was first seen, `count` of all."""

    PAUSE = 0.001

    def __init__(self):
        self.times = []
        self._begin = self._last = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._over.is_set():
            self._look()
            time.sleep(self.PAUSE)

    def _look(self):
        number = generation()
        if number != self._last:
            self.times.append(time.perf_counter())
            self._last = number

    @property
    def count(self):
        """How many transactions changed something."""
        return self._last - self._begin

    def quiet(self, moment, limit):
        """Returns when for so long nothing has been changed any more."""
        begin = time.perf_counter()

        def is_over():
            assert self._thread.is_alive(), "the kernel does not tell the number of the generation any more"
            return time.perf_counter() - max([begin, *self.times[-1:]]) > moment

        wait.until(is_over, "the kernel's tables are left alone", limit)

    def __enter__(self):
        self._begin = self._last = generation()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def first_answer(daemon, limit):
    """perf_counter() of when the daemon, which was spawned, has listed its bindings to a client; and how many these are."""
    with wait.Watchdog(limit, daemon.kill_process):
        while True:
            try:
                if daemon.socket.exists():
                    with Client(daemon.uri) as client:
                        many = len(client.bindings())
                        return time.perf_counter(), many
            except Failed:
                pass  # the socket is not served yet
            if not daemon.running:
                raise wait.Timeout(f"{daemon.driver}: no answer within {limit:g} s, or the daemon ended:\n{daemon.log()[-2000:]}")
            time.sleep(0.002)


class LayersWorld(World):
    """Ports of a filter that has rules on all layers."""

    def _make_model(self):
        self.define()
        self.client.bind(self.document(0))  # the first, slower use of everything
        self.expect(0, 0)
        self.client.unbind(name_of(0))

    def define(self):
        """Defines the filter of the ports."""
        raise NotImplementedError

    def document(self, number):
        return binding_xml(name_of(number), self.filter, {"IP": address_of(number)}, mac=mac_of(number))

    def expect(self, last, first=1):
        """Every port has chains, and a way to them, on all layers."""
        for tool, dispatch in (("eb", "-i {0} -j libvirt-I-{0}"), ("ip4", "--physdev-in {0} -g FI-{0}"), ("ip6", "--physdev-in {0} -g FI-{0}")):
            text = kernel.save(tool)
            missing = [name_of(number) for number in range(first, last + 1) if f"{dispatch.format(name_of(number))}\n" not in text]
            if missing:
                raise RuntimeError(f"{self.driver}: of {last} ports {len(missing)} have no rules of {kernel.TOOLS[tool]}: {missing[:5]}")

    def begin_anew(self):
        """The daemon is restarted, and has done all that it does then."""
        self.lab.restart()
        self.verify()

    def verify(self):
        """Returns when the daemon knows that the rules of all ports are in force; a definition that changes nothing waits for that."""
        with Writes() as writes:
            self.client.define(self.client.filter_xml(self.filter))
            writes.quiet(1, 600)


class ForeignWorld(LayersWorld):
    """Ports that somebody else's change takes the rules away from."""

    filter = "layers"
    BODY = ("<filterref filter='clean-traffic'/><rule action='accept' direction='in'><tcp dstportstart='22'/></rule>"
            "<rule action='drop' direction='inout'><all/></rule><rule action='accept' direction='out'><tcp-ipv6 dstportstart='80'/></rule>")

    def define(self):
        self.client.define(filter_xml(self.filter, self.BODY, uuid=uuid_of(1)))


class Versions:
    """How often the Ethernet layer and the IP layers of 'guard' have been changed."""

    def __init__(self):
        self.ethernet = self.ip = 0

    def turn(self, layers):
        """The next version, which differs in these layers; returns itself."""
        self.ethernet += "ethernet" in layers
        self.ip += "ip" in layers
        return self

    def body(self):
        """The rules."""
        always = ["<mac protocolid='0x88b5'/>", "<udp dstportstart='9'/>", "<udp-ipv6 dstportstart='9'/>"]
        own = [f"<mac protocolid='{0x9000 + self.ethernet:#06x}'/>", f"<udp dstportstart='{1000 + self.ip}'/>",
               f"<udp-ipv6 dstportstart='{1000 + self.ip}'/>"]
        return "".join(f"<rule action='drop' direction='{way}'>{part}</rule>" for part in (*always, *own) for way in ("out", "in"))

    def missing(self, ports):
        """Those of the ports whose rules in the kernel are not this version's."""
        wrong = set()
        for tool, chain, word in (("eb", "nat libvirt-I-{}", f"-p 0x{0x9000 + self.ethernet:x} "),
                                  ("ip4", "filter FI-{}", f"--dport {1000 + self.ip} "), ("ip6", "filter FI-{}", f"--dport {1000 + self.ip} ")):
            rules = kernel.rules(tool)
            wrong |= {port for port in ports if not any(word in f"{line} " for line in rules.get(chain.format(port), []))}
        return wrong


class GuardWorld(LayersWorld):
    """A guest under traffic, behind a port of many."""

    filter = "guard"

    def __init__(self, driver):
        super().__init__(driver)
        self.versions = Versions()
        self.wire = Wire()

    def __enter__(self):
        super().__enter__()
        self.wire.__enter__()
        self.client.bind(binding_xml(port_of(A), self.filter, {"IP": A.ip}, mac=A.mac))
        return self

    def __exit__(self, *_):
        self.wire.close()
        super().__exit__()

    def define(self):
        self.client.define(filter_xml(self.filter, self.versions.body(), uuid=uuid_of(1)))

    def is_current(self):
        """All ports have the rules of the newest version, or the measurement is void."""
        ports = [port_of(A), *(name_of(number) for number in range(1, self.bound + 1))]
        wrong = self.versions.missing(ports)
        if wrong:
            raise RuntimeError(f"{self.driver}: {len(wrong)} of {len(ports)} ports have not the rules of the newest version: {sorted(wrong)[:5]}")

    def frames_during(self, change):
        """(sent, passed and forbidden, lost and allowed) of the frames to and from A from before change() until after it."""
        each = RATE / len(FORBIDDEN + ALLOWED)
        with contextlib.ExitStack() as stack:
            floods = [stack.enter_context(Flood(self.wire, path, FORBIDDEN, ALLOWED, each)) for path in (A >> C, C >> A)]
            time.sleep(LEAD)
            change()
            time.sleep(LEAD)
        sent = sum(sum(flood.sent) for flood in floods)
        passed = sum(sum(flood.came[:len(FORBIDDEN)]) for flood in floods)
        lost = sum(a - b for flood in floods for a, b in list(zip(flood.sent, flood.came))[len(FORBIDDEN):])
        return sent, passed, lost
