# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lane.py: what the tests of faults share: a guarded port, the things that a client does, and what has to hold whatever breaks

The guest A lives behind a port with the filter 'guard'. Each version of it forbids the frames GUARDED, one for each of the three
layers, and allows the frames FREE; besides, a version forbids frames of its own number, so that old and new rules are
told apart on every layer. So at no moment may a frame of GUARDED pass, whichever version is in force.

A Deed is a call that changes something. Before it stands the old state, after it the new one: documents, files and rules.
After a fault there must be one of the two, whole.

Invariants: names and uuids are fixed, so equal states have equal texts. A Host's begin() makes an empty world of whatever
the test before has left.
"""

import concurrent.futures
import contextlib
import itertools
import statistics
import threading
import time

from nwflab import kernel, wait
from nwflab.client import Failed
from nwflab.daemon import BINDINGS, FILTERS
from nwflab.frames import ether, udp, udp6
from nwflab.guests import A, B, C, port_of
from nwflab.texts import binding_xml, filter_xml, uuid_of

PORT, OTHER = port_of(A), port_of(B)
GUARD, FRESH = "guard", "fresh"
CLIENTS = 10
FEW = 4  # bindings that are quicker taken away one by one
GUARDED = (ether(type=0x88B5), udp(dport=9), udp6(dport=9))
FREE = (ether(type=0x88B7), udp(dport=7), udp6(dport=7))
FREE_ALONE = [str(frame) for frame in FREE]  # of GUARDED + FREE, where a version is in force


def drops(ethertype=None, port=None, direction="out"):
    """Rules that drop an Ethernet type, and a UDP port of both IP versions."""
    parts = [] if ethertype is None else [f"<mac protocolid='{ethertype:#06x}'/>"]
    parts += [] if port is None else [f"<udp dstportstart='{port}'/>", f"<udp-ipv6 dstportstart='{port}'/>"]
    return "".join(f"<rule action='drop' direction='{direction}'>{part}</rule>" for part in parts)


def guard(number):
    """A version of the filter 'guard'; neighbouring versions differ on all three layers."""
    return drops(0x88B5, 9) + drops(0x9000 + number, 1000 + number)


def frames_of(number):
    """Frames that this version alone forbids, one for each layer."""
    return ether(type=0x9000 + number), udp(dport=1000 + number), udp6(dport=1000 + number)


class Host:
    """The daemon's side; see the opening."""

    _filters = itertools.count(1)

    def __init__(self, lab, wire, undo):
        self.lab, self.wire, self.undo = lab, wire, undo
        self._uuids = {GUARD: uuid_of(1), FRESH: uuid_of(2)}

    def begin(self):
        """Whatever was there before: the daemon runs, nothing is defined or bound, the tables are empty."""
        if self.lab.daemon.running and len(self.client.bindings()) <= FEW and self._emptied():
            return
        self.lab.hang_up()
        self.lab.daemon.kill()
        for path in (*FILTERS.glob("*"), *BINDINGS.glob("*")):
            path.unlink()
        kernel.flush()
        self.lab.daemon.start()

    def _emptied(self):
        """Takes filters and bindings away through the daemon; False if that does not work."""
        try:
            for port in self.client.bindings():
                self.client.unbind(port)
            for name in self.client.filters():
                self.client.undefine(name)
        except Failed:
            return False
        return kernel.snapshot(own=True) == {"eb": {}, "ip4": {}, "ip6": {}}

    @property
    def client(self):
        """The connection to the daemon that runs now."""
        return self.lab.client

    # -- filters and bindings ----------------------------------------------------------------------------------------

    def define(self, name, body, client=None, **attributes):
        """Defines or redefines a filter; it keeps its uuid."""
        uuid = self._uuids.setdefault(name, uuid_of(1000 + next(self._filters)))
        (client or self.client).define(filter_xml(name, body, uuid=uuid, **attributes))

    def bind(self, port=PORT, name=GUARD, client=None, **keywords):
        """Binds a port."""
        (client or self.client).bind(binding_xml(port, name, **keywords))

    def guarded(self, *more, number=1):
        """The filter 'guard' on the port of A, and on more ports; returns the host."""
        self.define(GUARD, guard(number))
        for port in (PORT, *more):
            self.bind(port)
        return self

    # -- what holds --------------------------------------------------------------------------------------------------

    def documents(self):
        """What the daemon tells of filters and bindings."""
        client = self.client
        return ({name: client.filter_xml(name) for name in client.filters()},
                {port: client.binding_xml(port) for port in client.bindings()})

    @staticmethod
    def files():
        """Texts of the files that a daemon would read, by their paths."""
        return {str(path): path.read_text() for folder in (FILTERS, BINDINGS) for path in sorted(folder.glob("*.xml"))}

    def state(self):
        """All that there is: documents, files, rules."""
        return self.documents(), self.files(), kernel.snapshot(own=True)

    def passing(self, frames, path=A >> C):
        """Those of the frames that come through."""
        return [str(frame) for frame in frames if self.wire.arrives(path, frame)]

    def recovers(self, state, what, limit=70.0):
        """Waits until all is as in `state`; ports whose rules became unknown are visited again after 1 s to 60 s."""
        seen = []

        def same():
            seen[:] = [self.state()]
            return seen[0] == state

        try:
            wait.until(same, what, limit, pause=0.1)
        except wait.Timeout:
            raise wait.Timeout(f"not within {limit:g} s: {what}\n{differences(seen[0], state)}") from None


def differences(seen, wanted):
    """What of a state is another than it should be, in few words."""
    lines = [f"{what} differ" for what, one, other in zip(("documents", "files"), seen, wanted) if one != other]
    for tool, chains in wanted[2].items():
        for name in sorted({*chains, *seen[2][tool]}):
            if chains.get(name) != seen[2][tool].get(name):
                lines.append(f"{tool} {name}: {seen[2][tool].get(name)}, should be {chains.get(name)}")
    return "\n".join(lines)


def crowd(host, number, name=GUARD, **keywords):
    """Binds so many ports that have no device; their rules are in force all the same. Returns their names.

    Many clients bind them, because that takes few batches.
    """
    names = [f"crowd{place}" for place in range(number)]

    def bind(share):
        with host.lab.daemon.client() as client:
            for port in share:
                host.bind(port, name, client, **keywords)

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(bind, [names[first::CLIENTS] for first in range(CLIENTS)]))
    return names


# -- deeds -------------------------------------------------------------------------------------------------------------


class Deed:
    """A call that changes something: `before` brings the old state about, whatever was there; `act` is the call.

    `calls` tells how many calls of the API that takes: what is taken away has to be looked up first.
    """

    def __init__(self, name, before, act, calls=1):
        self.name, self._before, self._act, self.calls = name, before, act, calls

    def before(self, host):
        """To the old state."""
        self._before(host)

    def act(self, host, client=None):
        """The call."""
        self._act(host, client or host.client)

    def both(self, host):
        """The old state and the new one, by doing it once; the old one is in force afterwards."""
        self.before(host)
        old = host.state()
        self.act(host)
        new = host.state()
        assert new != old
        self.before(host)
        assert host.state() == old
        return old, new

    def __str__(self):
        return self.name


def _unbind(host, port):
    if port in host.client.bindings():
        host.client.unbind(port)


def _undefine(host, name):
    if name in host.client.filters():
        host.client.undefine(name)


def _bound(host, port):
    if port not in host.client.bindings():
        host.bind(port)


DEEDS = [
    Deed("redefine", lambda host: host.define(GUARD, guard(1)), lambda host, client: host.define(GUARD, guard(2), client)),
    Deed("create", lambda host: _unbind(host, OTHER), lambda host, client: host.bind(OTHER, client=client)),
    Deed("delete", lambda host: _bound(host, OTHER), lambda host, client: client.unbind(OTHER), calls=2),
    Deed("define", lambda host: _undefine(host, FRESH), lambda host, client: host.define(FRESH, guard(3), client)),
    Deed("undefine", lambda host: host.define(FRESH, guard(3)), lambda host, client: client.undefine(FRESH), calls=2),
]
OF_THE_KERNEL = DEEDS[:3]  # those that change rules


# -- readers -----------------------------------------------------------------------------------------------------------


class Reader:
    """A client that lists, looks up and dumps all the time while the block runs, and notes how long each call took.

    What is measured is whether a reader has to wait for a tool, so the tools of such a test take seconds; the limits here are far
    above what a loaded machine needs, and far below that.
    """

    WORST, USUAL = 1.0, 0.1

    def __init__(self, lab, name=GUARD, port=PORT):
        self._client = lab.daemon.client()
        self._calls = [self._client.filters, self._client.bindings, lambda: self._client.filter_xml(name),
                       lambda: self._client.binding_xml(port), lambda: self._client.binding(port)]
        self.took = []
        self.failure = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            for call in itertools.cycle(self._calls):
                if self._over.is_set():
                    return
                begin = time.monotonic()
                call()
                self.took.append(time.monotonic() - begin)
                time.sleep(0.005)
        except Failed as failed:
            self.failure = failed

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(30)
        self._client.close()

    def check(self, least=20):
        """Asserts that all calls were answered at once."""
        assert not self.failure, self.failure
        assert len(self.took) >= least, f"{len(self.took)} calls were answered"
        assert max(self.took) < self.WORST and statistics.median(self.took) < self.USUAL, \
            f"slowest {max(self.took):.3f} s, usual {statistics.median(self.took):.3f} s"


@contextlib.contextmanager
def visitor(lab):
    """Another connection while the block runs; the daemon may die before it is closed."""
    client = lab.daemon.client()
    try:
        yield client
    finally:
        with contextlib.suppress(Failed):
            client.close()


def in_background(call):
    """Starts a thread that makes the call, and returns it."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread
