# SPDX-License-Identifier: LGPL-2.1-or-later
"""
world.py: the host, its network and the one guest that the tests of this lane share

A boot takes seconds, so the guest lives from test to test. ready() takes it, whatever an earlier test has left, to the
state that a test begins with: it runs, its card is filtered by clean-traffic in the wanted mode, and it has its lease.

A mode is how the filter comes to know the guest's address: 'fixed' by a parameter of the document, 'any' and 'dhcp' by learning.

Invariants: a guest that does not answer, or has other cards than its first, is not used again but destroyed.
"""

import contextlib
import pathlib
import re
import time
from dataclasses import dataclass

import libvirt

import image
from lan import BRIDGE, PEER_IP, PEER_MAC, HOST_IP, NETMASK, Lan
from nwflab import domains, wait
from nwflab.client import attempt, virsh
from nwflab.daemon import LAB
from nwflab.lab import Lab

NAME, UUID = "guest", "5ec00000-0000-4000-8000-000000000078"
MAC, LEASE = "52:54:00:78:00:0a", "10.78.0.100"
# MAC, lease and another address of cards to plug in; each is used once, so that nobody remembers an earlier one.
SPARE = [(f"52:54:00:78:01:{number:02x}", f"10.78.0.{200 + number}", f"10.78.0.{150 + number}") for number in range(1, 31)]
FILTER = "clean-traffic"

MODES = {
    "fixed": {"IP": LEASE},
    "any": {},
    "dhcp": {"CTRL_IP_LEARNING": "dhcp", "DHCPSERVER": HOST_IP},
}
TESTED = tuple(MODES)


@dataclass(frozen=True)
class Card:
    """A second card of the guest while it is plugged in."""

    mac: str
    lease: str  # what the DHCP server has for it
    static: str  # an address that the guest may give it
    port: str
    name: str = "eth1"


def card_xml(filter_name=FILTER, parameters=(), mac=MAC):
    """The <interface> of a card of the guest."""
    return domains.interface_xml(mac, BRIDGE, filter_name, parameters)


class Guest(domains.Domain):
    """The guest, with what the tests have it do. Its first card is eth0."""

    @property
    def port(self):
        """The device in the bridge behind which the first card is."""
        return self.ports()[MAC]

    def filterref(self, mac=MAC):
        """(filter, parameters) of a card's document; None without."""
        reference = self.interfaces()[mac].find("filterref")
        if reference is None:
            return None
        return reference.get("filter"), {item.get("name"): item.get("value") for item in reference.findall("parameter")}

    def join(self, card="eth0", mac=MAC):
        """Has the card, with no address at first, get its lease by DHCP; returns what udhcpc said."""
        self.console.run(f"killall ping; ip link set {card} down; ip address flush dev {card}; ip neighbour flush dev {card};"
                         f"ip link set {card} address {mac}; ip link set {card} up")
        return self.console.run(f"udhcpc -i {card} -n -q -t 6 -T 2 -s /bin/on-lease")

    def takes(self, address, card="eth0"):
        """Gives a card this address alone, and tells the guest the peer's MAC, so that IP needs no ARP."""
        self.console.check(f"ip address flush dev {card}; ip address add {address}/{NETMASK} dev {card};"
                           f"arp -i {card} -s {PEER_IP} {PEER_MAC}")

    def forges(self, address):
        """From now on the guest sends to the peer with this address, too, many times a second; until it joins again."""
        self.console.check(f"ip address add {address}/{NETMASK} dev eth0; arp -i eth0 -s {PEER_IP} {PEER_MAC};"
                           f"ping -i 0.02 -I {address} {PEER_IP} >/dev/null 2>&1 &")

    def pings(self, address, limit=5, source=None):
        """Whether `address` answers the guest."""
        return self.console.run(f"ping -c 1 -W {limit} {f'-I {source}' if source else ''} {address}").ok

    def reaches(self, address, card="eth0"):
        """Whether `address` answers a ping or an ARP request from a card, both sent at once; soon, or not at all."""
        done = self.console.run(f"(arping -f -c 1 -w 1 -I {card} {address} && echo GOT) & "
                                f"ping -c 1 -W 1 -I {card} {address} && echo GOT; wait")
        return "GOT" in done.out


class Talk:
    """A ping of the guest to the peer, many times a second, while the block runs; afterwards `gaps` lists what got lost.

    Only what lies between two that were answered counts: what was on its way at the end is not lost.
    """

    def __init__(self, guest, source, pause=0.04):
        self.gaps = []
        self.answered = 0
        self._guest, self._console = guest, guest.console  # the console can be had without a daemon
        self._file = f"/run/talk-{source}"
        self._command = f"ping -i {pause} -I {source} {PEER_IP} >{self._file} 2>&1 & echo $! >{self._file}.pid"

    def __enter__(self):
        self._console.check(self._command)
        return self

    def __exit__(self, *_):
        text = self._console.check(f"kill -INT $(cat {self._file}.pid); sleep 0.3; cat {self._file}")
        numbers = [int(number) for number in re.findall(r"seq=(\d+) ", text)]
        self.answered = len(numbers)
        self.gaps = sorted(set(range(max(numbers, default=-1) + 1)) - set(numbers))

    def so_far(self):
        """How many were answered up to now."""
        return int(self._console.run(f"grep -c seq= {self._file}").out)


class World:
    """See the opening of this file."""

    def __init__(self, driver, kernel):
        self.lab = Lab(driver)
        self._stack = contextlib.ExitStack()
        self._stack.callback(self.lab.close)
        try:
            self.lab.ship()
            domains.configure()
            self.lan = Lan({MAC: LEASE, **{mac: lease for mac, lease, _ in SPARE}})
            self._stack.callback(self.lan.close)
            self.image = image.build(pathlib.Path(kernel), LAB / "image")
        except BaseException:
            self._stack.close()
            raise
        self._connections = {}
        self._spare = iter(SPARE)

    # -- the daemon --------------------------------------------------------------------------------------------------

    def connection(self, uri=domains.SYSTEM):
        """libvirt's connection to a driver; the same one until hang_up()."""
        if uri not in self._connections:
            assert self.lab.daemon.running
            self._connections[uri] = attempt(libvirt.open, uri)
        return self._connections[uri]

    def hang_up(self):
        """Closes all connections; the next use of one connects anew."""
        self.lab.hang_up()
        while self._connections:
            with contextlib.suppress(libvirt.libvirtError):
                self._connections.popitem()[1].close()

    def restart(self, signal):
        """Ends the daemon by `signal` and starts it again."""
        self.hang_up()
        self.lab.restart(by=signal)

    def kill_daemons(self):
        """Kills the daemon; for a watchdog."""
        self.lab.kill_daemon()

    # -- the guest ---------------------------------------------------------------------------------------------------

    @property
    def guest(self):
        """The guest, whether it is there or not."""
        return Guest(self.connection(), NAME)

    def machine(self, mode, **keywords):
        """The guest's document."""
        return domains.machine_xml(NAME, UUID, self.image, card_xml(parameters=MODES[mode]), **keywords)

    def ready(self, mode="fixed"):
        """The guest, as a test begins with it; see the opening."""
        guest = self.guest
        if not (guest.answers() and list(guest.ports()) == [MAC]):
            guest.destroy()
            guest.start(self.machine(mode))
        if guest.filterref() != (FILTER, MODES[mode]):
            self.update(card_xml(parameters=MODES[mode]))
        answer = guest.join()
        assert answer.ok, f"no lease: {answer}\n{self.lan.log()}"
        self.wait_for_rules(guest)
        return guest

    def update(self, xml):
        """virsh update-device of the guest's card; returns virsh's Run."""
        path = LAB / "card.xml"
        path.write_text(xml)
        done = virsh("update-device", NAME, path, "--live", uri=domains.SYSTEM)
        assert done.ok, done
        return done

    @contextlib.contextmanager
    def second_card(self, guest, parameters, filter_name=FILTER):
        """A new Card, plugged into the running guest while the block runs; parameters may name its lease by '$LEASE'."""
        mac, lease, static = next(self._spare)
        path = LAB / "card.xml"
        path.write_text(card_xml(filter_name, {name: value.replace("$LEASE", lease) for name, value in parameters.items()}, mac))
        done = virsh("attach-device", NAME, path, "--live", uri=domains.SYSTEM)
        assert done.ok, done
        try:
            wait.until(lambda: guest.console.run("test -e /sys/class/net/eth1").ok, "the guest sees its second card", pause=0.1)
            yield Card(mac, lease, static, guest.ports()[mac])
        finally:
            path.write_text(card_xml(mac=mac))
            done = virsh("detach-device", NAME, path, "--live", uri=domains.SYSTEM)
        assert done.ok, done
        wait.until(lambda: list(guest.ports()) == [MAC], "the second card is gone")

    def addresses(self, port):
        """The addresses that the port's rules let the guest send from, but none at all (0.0.0.0)."""
        from_guest = re.findall(r"^eb nat (?:libvirt-)?I-.*--ip-src (\S+)", self.lab.rules(port), re.M)
        return set(from_guest) - {"0.0.0.0"}

    def rules(self, guest):
        """The kernel's rules of the guest's first port, as text."""
        return self.lab.rules(guest.port)

    def wait_for_rules(self, guest, address=LEASE):
        """Returns when the rules of the guest's port hold it to `address`."""
        port = guest.port
        wait.until(lambda: self.addresses(port) == {address}, f"the rules of {port} know {address}", pause=0.1)

    def destroyed(self):
        """No guest; returns when there is none."""
        self.guest.destroy()
        assert self.guest.state == "gone"

    def close(self):
        """Ends guest, daemon and network."""
        with contextlib.suppress(Exception):
            self.guest.destroy()
        self.hang_up()
        self._stack.close()


def eventually(condition, limit=20.0):
    """Whether condition() becomes true in time; for what a guest tries again and again."""
    end = time.monotonic() + limit
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return result
