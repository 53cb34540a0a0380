# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lan.py: the network around the guest

    br0 (10.78.0.1)     the host's bridge; its DHCP server is a dnsmasq that knows one address for each card
    peer (10.78.0.2)    another station, in a network namespace, without filter
    far (10.78.0.3)     a second host, in a network namespace, with a bridge br0 of its own that is joined with the first

Witness tells what really arrived at the peer, whatever the guest believes.

Invariants: one Lan in a sandbox; close() ends what was begun, and whatever is forgotten ends with the sandbox.
"""

import contextlib
import socket
import subprocess
import threading

from nwflab import ports, wait
from nwflab.guests import inside
from nwflab.daemon import LAB

BRIDGE, PEER, FAR = "br0", "peer", "far"
HOST_IP, PEER_IP, FAR_IP = "10.78.0.1", "10.78.0.2", "10.78.0.3"
NETMASK = 24
PEER_MAC = "52:54:00:78:00:02"
FORGED_IP = "10.78.0.66"  # nobody's

_ETH_P_ALL = 0x0003
_ETH_P_IP, _ETH_P_ARP, _ETH_P_RARP = b"\x08\x00", b"\x08\x06", b"\x80\x35"
_PACKET_OUTGOING = 4


class Lan:
    """See the opening. `leases` is {MAC: address} of the DHCP server."""

    def __init__(self, leases):
        self.leases = dict(leases)
        self._stack = contextlib.ExitStack()
        try:
            self._build()
            self._serve()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def log():
        """What the DHCP server said."""
        path = LAB / "dhcp" / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self):
        """Ends the server and removes devices and namespaces."""
        self._stack.close()

    def _namespace(self, name):
        ports.ip("netns", "add", name)
        self._stack.callback(ports.ip, "netns", "delete", name, check=False)
        ports.ip("-n", name, "link", "set", "lo", "up")

    def _cable(self, port, namespace, card, *address):
        """A veth pair between the bridge's port `port` and `card` in `namespace`."""
        ports.ip("link", "add", port, "type", "veth", "peer", "name", card, *address, "netns", namespace)
        self._stack.callback(ports.remove, port)
        ports.ip("link", "set", port, "master", BRIDGE, "up")
        ports.ip("-n", namespace, "link", "set", card, "up")

    def _build(self):
        ports.add_bridge(BRIDGE, f"{HOST_IP}/{NETMASK}")
        self._stack.callback(ports.remove, BRIDGE)
        self._namespace(PEER)
        self._cable("to-peer", PEER, "eth0", "address", PEER_MAC)
        ports.ip("-n", PEER, "address", "add", f"{PEER_IP}/{NETMASK}", "dev", "eth0")
        self._namespace(FAR)
        self._cable("to-far", FAR, "uplink")
        with inside(FAR):
            ports.add_bridge(BRIDGE, f"{FAR_IP}/{NETMASK}")
            ports.ip("link", "set", "uplink", "master", BRIDGE)

    def _serve(self):
        folder = LAB / "dhcp"
        folder.mkdir(parents=True, exist_ok=True)
        hosts = [f"--dhcp-host={mac},{address}" for mac, address in self.leases.items()]
        command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--log-facility=-", "--port=0",
                   "--bind-interfaces", f"--interface={BRIDGE}", "--except-interface=lo", "--no-ping", "--dhcp-authoritative",
                   "--leasefile-ro", f"--pid-file={folder}/pid", f"--dhcp-range={HOST_IP},static,10m", *hosts]
        with open(folder / "log", "wb") as log:
            self._server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._stack.callback(self._end_server)
        wait.until((folder / "pid").exists, "the DHCP server runs")

    def _end_server(self):
        self._server.kill()
        self._server.wait(10)


class Witness:
    """What arrives at the peer while the block runs."""

    def __init__(self):
        self._frames = []

    def __enter__(self):
        with inside(PEER):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            self._socket.bind(("eth0", _ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.setblocking(False)
        return self

    def __exit__(self, *_):
        self._collect()
        self._socket.close()
        self._socket = None

    def _collect(self):
        with contextlib.suppress(BlockingIOError):
            while self._socket:
                frame, address = self._socket.recvfrom(65536)
                if address[2] != _PACKET_OUTGOING:
                    self._frames.append(frame)

    def from_address(self, address):
        """Frames so far whose IPv4 source or ARP sender is `address`."""
        self._collect()
        wanted, places = socket.inet_aton(address), {_ETH_P_IP: 26, _ETH_P_ARP: 28}
        return [frame for frame in self._frames
                if (place := places.get(frame[12:14])) and frame[place:place + 4] == wanted]

    def from_mac(self, mac):
        """Frames so far whose Ethernet source is `mac`."""
        self._collect()
        return [frame for frame in self._frames if frame[6:12] == bytes.fromhex(mac.replace(":", ""))]

    def announced(self, mac):
        """Whether `mac` was announced by RARP, as hypervisors do for a guest that has moved."""
        return any(frame[12:14] == _ETH_P_RARP for frame in self.from_mac(mac))


@contextlib.contextmanager
def echo_at_peer(port):
    """A TCP server of the peer that sends back one line in capitals to each client, while the block runs."""
    with inside(PEER):
        server = socket.create_server((PEER_IP, port))
    server.settimeout(0.2)
    ended = threading.Event()

    def serve():
        while not ended.is_set():
            with contextlib.suppress(OSError):  # nobody came, or a client went
                client, _ = server.accept()
                with client:
                    client.settimeout(5)
                    client.sendall(client.recv(1000).upper())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)
        server.close()


def ask_from_peer(address, port, text, limit=10.0):
    """What a TCP server answers to the peer; b'' if it does not."""
    with inside(PEER):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with client:
        client.settimeout(limit)
        try:
            client.connect((address, port))
            client.sendall(text)
            return client.recv(1000)
        except OSError:
            return b""


def ping_from_peer(address, limit=5):
    """Whether `address` answers the peer."""
    command = ["ip", "netns", "exec", PEER, "ping", "-n", "-q", "-c", "1", "-W", str(limit), address]
    return subprocess.run(command, capture_output=True, timeout=limit + 20, check=False).returncode == 0
