# SPDX-License-Identifier: LGPL-2.1-or-later
"""
machines.py: guests with a kernel and a real DHCP client, a real DHCP server, and crowds of cards

A Machine is a network namespace whose card is one end of a veth pair; the other end is its port in the bridge. Server is a
dnsmasq in the namespace of the neighbour C. A Crowd is many cards in one namespace, whose frames are made by hand.

Invariants: whatever was started ends with the `with` block, by its process id.
"""

import contextlib
import itertools
import pathlib
import shutil
import signal
import socket
import subprocess

import pytest

from nwflab import ports, wait
from nwflab.daemon import LAB
from nwflab.frames import Station
from nwflab.guests import BRIDGE, HOST, Guest, inside, kernel_of, namespace_of
from nwflab.learning import NEIGHBOUR

SERVER_IP = kernel_of(NEIGHBOUR).ip
RANGE = "10.77.4"

SCRIPT = """#!/bin/sh
# What a DHCP client calls: sets the address and notes what happened.
ip=${ip:-$new_ip_address}
reason=${reason:-$1}
echo "$reason $ip" >>"$NOTES"
case $reason in
    bound|renew|BOUND|RENEW|REBIND|REBOOT) ip address replace "$ip/16" dev eth0 ;;
    deconfig|RELEASE|EXPIRE|FAIL|STOP) ip address flush dev eth0 ;;
esac
"""


def batch(lines, namespace=None):
    """Lines for ip(8), in one process."""
    command = ["ip", *(("-n", namespace) if namespace else ()), "-batch", "-"]
    subprocess.run(command, input="\n".join(lines) + "\n", text=True, check=True, capture_output=True, timeout=120)


class Machine:
    """One guest; a context manager."""

    _numbers = itertools.count(1)

    def __init__(self):
        number = next(self._numbers)
        self.name, self.port, self.mac = f"machine{number}", f"vnetm{number}", f"52:54:00:78:00:{number:02x}"
        self.folder = LAB / self.name
        self.notes = self.folder / "notes"
        self._running = []

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.notes.write_text("")
        script = self.folder / "script"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        batch([f"netns add {self.name}",
               f"link add {self.port} type veth peer name eth0 address {self.mac} netns {self.name}",
               f"link set {self.port} master {BRIDGE} up"])
        with inside(self.name), open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w", encoding="ascii") as switch:
            switch.write("1")
        batch(["link set lo up", "link set eth0 up", f"neighbour replace {HOST.ip} lladdr {HOST.mac} dev eth0 nud permanent"],
              self.name)
        return self

    def __exit__(self, *_):
        for process in self._running:
            process.kill()
            process.wait(20)
        ports.remove(self.port)
        ports.ip("netns", "delete", self.name, check=False)

    @property
    def station(self):
        """Name and addresses, as a binding wants them."""
        return Station(self.name, self.mac, "0.0.0.0", "::")

    def command(self, *words):
        """A command inside."""
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, limit=30):
        """Runs a command inside; whether it succeeded."""
        return subprocess.run(self.command(*words), capture_output=True, timeout=limit, check=False).returncode == 0

    def start(self, *words):
        """Starts a command inside."""
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(self.command("env", f"NOTES={self.notes}", *words), stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log)
        self._running.append(process)
        return process

    # -- clients -----------------------------------------------------------------------------------------------------

    def udhcpc(self, *words):
        """busybox's client, in the foreground of its process until it is ended."""
        busybox = shutil.which("busybox")
        return self.start(busybox, "udhcpc", "-f", "-i", "eth0", "-t", "8", "-T", "1", "-A", "1", "-s", self.folder / "script",
                          *words)

    def dhclient(self, *words):
        """ISC's client; its file of leases stays with the machine."""
        if not shutil.which("dhclient"):
            pytest.skip("this release of Debian has no dhclient")
        config = self.folder / "dhclient.conf"
        config.write_text("timeout 20;\nretry 2;\nreboot 10;\ninitial-interval 1;\nbackoff-cutoff 2;\n")
        return self.start("dhclient", "-d", "-cf", config, "-sf", self.folder / "script", "-lf", self.folder / "leases", "-pf",
                          self.folder / "pid", "-e", f"NOTES={self.notes}", *words, "eth0")

    def leases(self):
        """What dhclient's file of leases holds; it is written after the script that `said` reads from."""
        path = self.folder / "leases"
        return path.read_text() if path.exists() else ""

    def said(self, *reasons):
        """Addresses that the client was told of for these reasons, oldest first."""
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return [words[1] for words in lines if words[0] in reasons and len(words) > 1]

    def bound(self, times=1, limit=40.0):
        """Waits for a lease of the client, and returns its address."""
        def leased():
            got = self.said("bound", "BOUND", "REBOOT")
            return got[-1] if len(got) >= times else None
        return wait.until(leased, f"{self.name} has a lease", limit)

    # -- traffic -----------------------------------------------------------------------------------------------------

    def reaches_server(self, source=None, limit=1):
        """Whether the server answers."""
        return self.run("ping", "-n", "-q", "-c", "1", "-W", limit, *(("-I", source) if source else ()), SERVER_IP)

    def reaches_soon(self, source=None):
        """The same, with patience: the first packets may be lost."""
        return wait.until(lambda: self.reaches_server(source), f"{self.name} reaches the server", 20)

    def may_not_be(self, address):
        """Whether a further address that it gives itself is of no use."""
        self.run("ip", "address", "add", f"{address}/16", "dev", "eth0")
        try:
            return not self.reaches_server(address)
        finally:
            self.run("ip", "address", "delete", f"{address}/16", "dev", "eth0")


class Server:
    """dnsmasq; a context manager."""

    def __init__(self, lease="10m", words=()):
        self.folder = LAB / "dnsmasq"
        self.words = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--log-facility=-", "--port=0",
                      "--bind-interfaces", "--interface=eth0", "--except-interface=lo", "--no-ping", "--dhcp-authoritative",
                      "--leasefile-ro", f"--pid-file={self.folder}/pid", "--log-dhcp",
                      f"--dhcp-range={RANGE}.10,{RANGE}.250,255.255.0.0,{lease}", *words]
        self._process = None

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "pid").unlink(missing_ok=True)
        with open(self.folder / "log", "wb") as log:
            self._process = subprocess.Popen(["ip", "netns", "exec", namespace_of(NEIGHBOUR), *self.words],
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait.until((self.folder / "pid").exists, "the DHCP server runs")
        return self

    def __exit__(self, *_):
        pid = int((self.folder / "pid").read_text())
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        assert not pathlib.Path(f"/proc/{pid}").exists()

    def log(self):
        """What it said."""
        return (self.folder / "log").read_text(errors="replace")


class Crowd:
    """`size` cards; a context manager."""

    NAMESPACE = "crowd"

    def __init__(self, size):
        self.stations = [Station(f"x{number}", f"52:54:00:79:{number >> 8:02x}:{number & 255:02x}",
                                 f"10.77.{16 + (number >> 8)}.{number & 255}", "::") for number in range(1, size + 1)]
        self.guests = {}

    @staticmethod
    def port_of(station):
        """The device in the bridge."""
        return f"vnet{station.name}"

    def __enter__(self):
        batch([f"netns add {self.NAMESPACE}"])
        with inside(self.NAMESPACE), open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w", encoding="ascii") as switch:
            switch.write("1")
        batch([line for each in self.stations for line in (
            f"link add {self.port_of(each)} type veth peer name {each.name} address {each.mac} netns {self.NAMESPACE}",
            f"link set {self.port_of(each)} master {BRIDGE} up")])
        batch([f"link set {each.name} up" for each in self.stations], self.NAMESPACE)
        with inside(self.NAMESPACE):
            for each in self.stations:
                sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
                sender.bind((each.name, 0))
                self.guests[each] = Guest(each, self.NAMESPACE, sender)
        return self

    def __exit__(self, *_):
        for guest in self.guests.values():
            guest.close()
        batch([f"link delete {self.port_of(each)}" for each in self.stations])
        ports.ip("netns", "delete", self.NAMESPACE, check=False)

    def send(self, station, text):
        """A frame of one of them."""
        self.guests[station].sender.send(text)
