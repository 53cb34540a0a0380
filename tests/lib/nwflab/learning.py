# SPDX-License-Identifier: LGPL-2.1-or-later
"""
learning.py: a host whose guests' addresses are learned, and frames at a steady rate that show what holds

Host binds guests without an address and tells what the kernel's rules say that they have: the addresses of the chain
in which clean-traffic lists them. Frames that are played by hand prove the same from outside.

Nothing is concluded from waiting alone that something did not happen. A frame that must teach nothing is followed by one that
teaches: frames of one way are read in order, so when the second one's address is there alone, the first taught nothing.

Invariants: every binding has an owner of its own, so no lease of one test is seen by another; after a test its bindings,
filters and devices are gone, and the daemon runs.
"""

import itertools
import pathlib
import re
import socket
import struct
import threading
import time

from nwflab import dhcp, host, kernel, wait
from nwflab.dhcp import ACK, REQUEST
from nwflab.frames import arp, udp
from nwflab.guests import C, inside, namespace_of, one_processor, port_of
from nwflab.texts import binding_xml, uuid_of

CLEAN = "clean-traffic"
STATE = pathlib.Path("/run/libvirt/nwfilter-learn/state")
LEASES = pathlib.Path("/run/libvirt/network/nwfilter.leases")
NEIGHBOUR = C  # whoever is on the bridge without filter: server, peer, attacker


def key_of(owner, mac):
    """The key of leases."""
    return f"{owner}-{mac}"


class Host(host.Host):
    """The daemon's side; see the opening."""

    _owners = itertools.count(1000)

    def __init__(self, lab, wire, undo):
        super().__init__(lab, undo)
        self.wire = wire

    # -- bindings ----------------------------------------------------------------------------------------------------

    def owner(self):
        """The uuid of a new guest."""
        return uuid_of(next(self._owners))

    def bind(self, station, name=CLEAN, owner=None, port=None, linkdev=None, **parameters):  # pylint: disable=arguments-differ
        """Binds a guest's port; lists are repeated parameters. Returns the owner's uuid."""
        owner, port = owner or self.owner(), port or port_of(station)
        pairs = [(key, value) for key, values in parameters.items()
                 for value in (values if isinstance(values, list) else [values])]
        self.undo.callback(self.unbind, port)
        self.client.bind(binding_xml(port, name, pairs, mac=station.mac, uuid=owner, linkdev=linkdev))
        return owner

    def bind_dhcp(self, station, **parameters):
        """The same, learning from DHCP alone."""
        return self.bind(station, CTRL_IP_LEARNING="dhcp", **parameters)

    # -- what is in force --------------------------------------------------------------------------------------------

    @staticmethod
    def addresses(port):
        """Addresses that the kernel lets the port use; None while it has interim rules, or none."""
        chain = f"I-{port}-ipv4-ip"
        lines = [line for line in kernel.save("eb").splitlines() if line.startswith(f"-A {chain} ")]
        found = [match[1] for line in lines if (match := re.search(r"--ip-src (\S+) -j RETURN", line))]
        return [address for address in found if address != "0.0.0.0"] if lines else None

    def has(self, station, *addresses, limit=10.0):
        """Waits until a guest may use just these addresses."""
        port, seen = station if isinstance(station, str) else port_of(station), []

        def right():
            seen[:] = [self.addresses(port)]
            return seen[0] == (list(addresses) or None)

        try:
            wait.until(right, "", limit)
        except wait.Timeout:
            raise wait.Timeout(f"{port} has {seen[0]} and not {list(addresses)}\n{kernel.of_port(port)}\n"
                               f"{self.lab.log()[-3000:]}") from None

    def settled(self, station):
        """Interim rules are in force."""
        return self.addresses(port_of(station)) is None and kernel.of_port(port_of(station)) != ""

    # -- frames ------------------------------------------------------------------------------------------------------

    def send(self, station, *frames):
        """A station of the wire sends frames, one after the other."""
        path = station >> NEIGHBOUR
        with one_processor():
            for each in frames:
                self.wire.guests[station].sender.send(each if isinstance(each, bytes) else each.bytes_for(path, b"anything"))

    def passes(self, station, address, **options):
        """Whether a packet of the guest from `address` comes through."""
        return self.wire.arrives(station >> NEIGHBOUR, udp(src=address, **options))

    def reaches(self, station, address):
        """Whether a request of the guest to resolve a name passes: ARP from `address`."""
        return self.wire.arrives(station >> NEIGHBOUR, arp(sender_ip=address))

    def show(self, station, address, repeat=False):
        """The guest shows its address by an ARP request, once or again and again, and has it."""
        if repeat:
            def asked():
                self.send(station, arp(sender_ip=address))
                return self.addresses(port_of(station)) == [address]
            wait.until(asked, f"{port_of(station)} has {address}", pause=0.2)
        self.send(station, arp(sender_ip=address))
        self.has(station, address)

    def lease(self, station, address, xid=None, server=NEIGHBOUR, **answer):
        """The guest asks for an address and gets it; returns the transaction's number."""
        xid = xid or next(self._owners)
        self.send(station, dhcp.ask(station, REQUEST, xid, [(50, dhcp.ip(address))]))
        self.send(server, dhcp.tell(server, station, ACK, xid, address, **answer))
        return xid

    # -- files -------------------------------------------------------------------------------------------------------

    @staticmethod
    def live_lines():
        """(key, address) of each line of the stock lease file that is in force."""
        lines = [line.split() for line in LEASES.read_text().splitlines()] if LEASES.exists() else []
        return [(words[1], words[2]) for words in lines if words[0] != "0"]

    def is_saved(self, owner, station, address):
        """Waits until the stock lease file has a line of this guest; what was to be written before has been by then."""
        wait.until(lambda: (key_of(owner, station.mac), address) in self.live_lines(), f"the lease of {address} is in the file")

    def learner(self):
        """The learner's processor time in seconds."""
        for task in pathlib.Path(f"/proc/{self.lab.daemon.pid}/task").glob("*"):
            if (task / "comm").read_text().strip() == "nwf-learner":
                words = (task / "stat").read_text().rsplit(")", 1)[1].split()
                return (int(words[11]) + int(words[12])) / 100
        raise AssertionError("no thread nwf-learner")

    def files_open(self):
        """How many descriptors the daemon has."""
        return len(list(pathlib.Path(f"/proc/{self.lab.daemon.pid}/fd").iterdir()))


class Traffic:
    """Frames at 1 kHz from one guest while the block runs: each recipe once in a thousandth of a second.

    counts() tells, for each recipe, how many were sent and came through since mark(); nothing before mark() counts.
    """

    SLOT = struct.Struct("!4sBI")  # marker, recipe, number

    def __init__(self, wire, station, recipes):
        self.wire, self.station = wire, station
        self.frames = []
        for place, recipe in enumerate(recipes):
            marker = self.SLOT.pack(b"1kHz", place, 0)[:8]
            text = bytearray(recipe.bytes_for(station >> NEIGHBOUR, marker))
            self.frames.append((text, bytes(text).index(marker)))
        self.sent = [0] * len(recipes)
        self.came = [set() for _ in recipes]
        self.floor = [0] * len(recipes)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.receiver = wire.guests[NEIGHBOUR].receivers[0]

    def _run(self):
        with inside(namespace_of(self.station)), one_processor():
            begin, turn = time.monotonic(), 0
            sender = self.wire.guests[self.station].sender
            while not self.over.is_set():
                for place, (text, at) in enumerate(self.frames):
                    struct.pack_into("!3sBI", text, at, b"kHz", place, self.sent[place])
                    sender.send(text)
                    self.sent[place] += 1
                self._collect()
                turn += 1
                behind = time.monotonic() - begin - turn / 1000
                if behind < 0:
                    time.sleep(-behind)
                elif behind > 0.1:
                    begin, turn = time.monotonic(), 0  # a stolen moment is not caught up in a burst

    def _collect(self):
        for text in self.wire.guests[NEIGHBOUR].collect():
            self._count(text)

    def _count(self, text):
        at = text.find(b"kHz")
        if at >= 0 and at + 8 <= len(text):
            place, number = struct.unpack_from("!BI", text, at + 3)
            self.came[place].add(number)

    def mark(self):
        """What is sent from now on counts."""
        self.floor = list(self.sent)

    def wait_for(self, frames):
        """Returns when so many more of each were sent."""
        goal = self.sent[0] + frames
        wait.until(lambda: self.sent[0] >= goal, f"{frames} frames were sent", 60)

    def counts(self):
        """[(sent, came)] since mark(); to be called behind the block."""
        return [(sent - floor, sum(number >= floor for number in came))
                for sent, floor, came in zip(self.sent, self.floor, self.came)]

    def __enter__(self):
        self.wire.guests[NEIGHBOUR].collect()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        with one_processor():
            for text in self.wire.settled():
                self._count(text)
        self._collect()


def from_device(device, *texts):
    """Sends frames from a device of the host."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind((device, 0))
        for text in texts:
            sender.send(text)
