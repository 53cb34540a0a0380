# SPDX-License-Identifier: LGPL-2.1-or-later
"""
guests.py: simulated guests on a bridge, and whether a frame of one comes through to another

A guest is a network namespace; its card is one end of a veth pair, the other end is its port in the bridge br0:

    A (vnetA), B (vnetB)   the guests whose ports the tests filter
    C (vnetC)              a peer without filter
    D (vnetD)              sends the control frames, see below; without filter
    HOST (br0)             the host itself, reached by the bridge's own address

Two identities for each guest: the addresses of its hand-made frames (Station), and those of its kernel
(Guest.kernel), so that the kernel in the namespace stays silent while frames are played by hand, and answers where
real sockets are wanted.

Whether a frame came through is known without waiting: all frames are sent from one processor, whose queue is served
in order, so when the control frame that D sends to C afterwards has arrived, the frame in question has arrived before
or never will.

Invariants: the bridge learns nothing (a forged source address moves no entry) and floods what it does not know. No
wait is longer than Wire.LIMIT. A frame counts as arrived at HOST when a socket of the host got it, that is behind the
INPUT rules.

Limits: one Wire in a sandbox. Network namespaces are found by name under /run/netns, which is the sandbox's own.
"""

import contextlib
import ctypes
import os
import secrets
import select
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field

from .frames import MARKER_SIZE, Path, Station, ether

BRIDGE = "br0"
NETWORK, NETWORK6 = "10.77", "fd77:"

A = Station("A", "52:54:00:77:00:0a", "10.77.0.10", "fd77::a")
B = Station("B", "52:54:00:77:00:0b", "10.77.0.11", "fd77::b")
C = Station("C", "52:54:00:77:00:0c", "10.77.0.12", "fd77::c")
D = Station("D", "52:54:00:77:00:0d", "10.77.0.13", "fd77::d")
HOST = Station("HOST", "52:54:00:77:00:fe", "10.77.0.254", "fd77::fe")
GUESTS = (A, B, C, D)
CONTROL = ether(type=0x88B6)

_ETH_P_ALL, _ETH_P_ARP = 0x0003, 0x0806
_PACKET_OUTGOING = 4
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def port_of(station):
    """The device in the bridge behind which `station` lives."""
    return f"vnet{station.name}"


def kernel_of(station):
    """The identity of the kernel in the namespace of `station`; the host has one only."""
    if station is HOST:
        return HOST
    last = int(station.ip.rsplit(".", 1)[1])
    return Station(station.name, f"52:54:00:77:01:{last:02x}", f"{NETWORK}.1.{last}", f"{NETWORK6}:1:{last:x}")


def _batch(program, lines, namespace=None):
    """Runs lines of ip(8) or bridge(8) in one process."""
    command = [program, *(("-n", namespace) if namespace else ()), "-batch", "-"]
    text = "\n".join(lines) + "\n"
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


@contextlib.contextmanager
def inside(namespace):
    """This thread in the network namespace `namespace` (None: where it is) while the block runs."""
    if namespace is None:
        yield
        return
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{namespace}", "rb") as there:
        _enter(there)
        try:
            yield
        finally:
            _enter(home)


def _enter(handle):
    if _libc.setns(handle.fileno(), _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def one_processor():
    """This thread on one processor while the block runs: what it sends keeps its order."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def forget_connections():
    """Empties connection tracking, so that no frame profits from an earlier one."""
    subprocess.run(["conntrack", "-F"], capture_output=True, timeout=20, check=True)


@dataclass
class Guest:
    """One station with its sockets."""

    station: Station
    namespace: str | None
    sender: socket.socket = None
    receivers: list = field(default_factory=list)

    @property
    def kernel(self):
        """The addresses of the guest's kernel."""
        return kernel_of(self.station)

    def open(self):
        """Opens the sockets, in the guest's namespace."""
        card = "eth0" if self.namespace else BRIDGE
        with inside(self.namespace):
            self.sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sender.bind((card, 0))
            if self.namespace:
                self.receivers = [self._packets(card, _ETH_P_ALL)]
            else:
                self.receivers = [self._packets(card, _ETH_P_ARP), *self._datagrams()]
        for receiver in self.receivers:
            receiver.setblocking(False)
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    @staticmethod
    def _packets(card, ethertype):
        """A socket that gets whole frames."""
        receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ethertype))
        receiver.bind((card, ethertype))
        return receiver

    @staticmethod
    def _datagrams():
        """Sockets that get what passed the INPUT rules."""
        for family, control in ((socket.AF_INET, socket.IPPROTO_ICMP), (socket.AF_INET6, socket.IPPROTO_ICMPV6)):
            for number in (socket.IPPROTO_TCP, socket.IPPROTO_UDP, control):
                yield socket.socket(family, socket.SOCK_RAW, number)

    def collect(self):
        """All that came since the last time, oldest first."""
        frames = []
        for receiver in self.receivers:
            with contextlib.suppress(BlockingIOError):
                while True:
                    frame, address = receiver.recvfrom(65536)
                    if receiver.family != socket.AF_PACKET or address[2] != _PACKET_OUTGOING:
                        frames.append(frame)
        return frames

    def close(self):
        """Closes the sockets."""
        for each in (self.sender, *self.receivers):
            if each:
                each.close()


class Wire:
    """The bridge with all guests; a context manager."""

    LIMIT = 5.0  # seconds for a control frame, which takes microseconds

    def __init__(self):
        self.guests = {}

    # -- making and removing ----------------------------------------------------------------------------------------

    def __enter__(self):
        try:
            self._make_bridge()
            for station in GUESTS:
                self._make_guest(station)
            self._settle()
            self.guests = {station: Guest(station, namespace_of(station)) for station in (*GUESTS, HOST)}
            for guest in self.guests.values():
                guest.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _make_bridge(self):
        _batch("ip", [
            f"link add {BRIDGE} address {HOST.mac} type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
            f"link set {BRIDGE} up",
            f"address add {HOST.ip}/16 dev {BRIDGE}",
            f"address add {HOST.ip6}/64 dev {BRIDGE} nodad",
        ])

    def _make_guest(self, station):
        kernel, name = kernel_of(station), namespace_of(station)
        _batch("ip", [
            f"netns add {name}",
            f"link add {port_of(station)} type veth peer name eth0 address {kernel.mac} netns {name}",
            f"link set {port_of(station)} master {BRIDGE} up",
        ])
        with inside(name), open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w", encoding="ascii") as switch:
            switch.write("1")
        _batch("ip", [
            "link set lo up",
            "link set eth0 up",
            f"address add {kernel.ip}/16 dev eth0",
            f"neighbour replace {HOST.ip} lladdr {HOST.mac} dev eth0 nud permanent",
            *(f"neighbour replace {other.ip} lladdr {other.mac} dev eth0 nud permanent"
              for other in map(kernel_of, GUESTS) if other.name != station.name),
        ], namespace=name)

    def _settle(self):
        """Fixed forwarding entries and neighbours, so that no address needs to be learned or asked for."""
        names = [(port_of(station), station) for station in GUESTS]
        _batch("bridge", [
            *(f"link set dev {port} learning off" for port, _ in names),
            *(f"fdb replace {mac} dev {port} master static"
              for port, station in names for mac in (station.mac, kernel_of(station).mac)),
        ])
        _batch("ip", [f"neighbour replace {address} lladdr {who.mac} dev {BRIDGE} nud permanent"
                      for station in GUESTS for who in (station, kernel_of(station)) for address in (who.ip, who.ip6)])

    def close(self):
        """Removes guests and bridge."""
        for guest in self.guests.values():
            guest.close()
        for words in (*(("link", "delete", port_of(station)) for station in GUESTS),
                      *(("netns", "delete", namespace_of(station)) for station in GUESTS), ("link", "delete", BRIDGE)):
            subprocess.run(["ip", *words], capture_output=True, timeout=30, check=False)

    # -- frames -------------------------------------------------------------------------------------------------------

    def play(self, path, frame):
        """Sends `frame` along `path` and returns a Sent that knows what came where."""
        for guest in self.guests.values():
            guest.collect()
        marker = secrets.token_bytes(MARKER_SIZE)
        text = frame.bytes_for(path, marker)
        with one_processor():
            self.guests[path.sender].sender.send(text)
            at_peer = self._control()
        seen = {station: guest.collect() for station, guest in self.guests.items()}
        seen[C] = at_peer + seen[C]
        return Sent(path, marker, text[6:12], seen)

    def arrives(self, path, frame):
        """Whether `frame` comes through along `path`."""
        return self.play(path, frame).arrived

    def _control(self):
        """Sends the control frame and returns what C got before it."""
        marker, peer, before = secrets.token_bytes(MARKER_SIZE), self.guests[C], []
        self.guests[D].sender.send(CONTROL.bytes_for(Path(D, C), marker))
        end = time.monotonic() + self.LIMIT
        while not any(marker in frame for frame in before):
            if time.monotonic() > end:
                raise TimeoutError(f"the control frame from D to C did not arrive within {self.LIMIT:g} s")
            select.select(peer.receivers, [], [], 0.05)
            before += peer.collect()
        return before

    def settled(self):
        """What C got, when all that was sent before from this processor has arrived."""
        return self._control()

    # -- real sockets -------------------------------------------------------------------------------------------------

    def listen(self, station, port):
        """A TCP socket of the kernel of `station` that listens."""
        with inside(namespace_of(station)):
            server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((kernel_of(station).ip, port))
        server.listen(8)
        server.settimeout(self.LIMIT)
        return server

    def connect(self, path, port):
        """A TCP socket connected along `path`, or None if the connection did not come about.

        The handshake is over, or hangs for good, when the control frame has arrived.
        """
        with inside(namespace_of(path.sender)):
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.setblocking(False)
        with one_processor():
            client.connect_ex((kernel_of(path.receiver).ip, port))
            self._control()
        state = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if state != 1:  # TCP_ESTABLISHED
            client.close()
            return None
        client.settimeout(self.LIMIT)
        return client


@dataclass
class Sent:
    """A frame that was sent, and what every station has got meanwhile."""

    path: Path
    marker: bytes
    source: bytes  # Ethernet address that the frame was sent with
    seen: dict     # station -> frames

    def arrived_at(self, station):
        """Whether the frame itself came to `station`, from the address that it was sent with."""
        if station is HOST:
            return any(self.marker in frame for frame in self.seen[HOST])
        return any(self.marker in frame and frame[6:12] == self.source for frame in self.seen[station])

    @property
    def arrived(self):
        """Whether the frame came to the receiver."""
        return self.arrived_at(self.path.receiver)

    @property
    def refused(self):
        """Whether the sender was told by ICMP or ICMPv6 that the frame was not wanted."""
        return any(self.marker in frame and _is_error(frame) for frame in self.seen[self.path.sender])


def _is_error(frame):
    """Whether a received frame is "destination unreachable" of ICMP or ICMPv6."""
    if len(frame) < 55:
        return False
    ethertype = struct.unpack_from("!H", frame, 12)[0]
    return (ethertype == 0x0800 and frame[23] == 1 and frame[34] == 3) or \
           (ethertype == 0x86DD and frame[20] == 58 and frame[54] == 1)


def namespace_of(station):
    """Name of the network namespace of `station`; None for the host."""
    return None if station is HOST else f"guest{station.name}"
