# SPDX-License-Identifier: LGPL-2.1-or-later
"""
forgery.py: a neighbour that floods a guest with forged DHCP answers while it asks for its address

The attacker knows the guest's MAC address. It sends to the guest alone, `rate` frames a second, in bursts of a hundredth of a second
each. What else it knows and says is a row of FORGERIES: one that copies reads each question, which the guest broadcasts, and
sends with its transaction number and the address that it asks for from then on; the others guess the number, each time another one.

Limits: on a slow machine fewer are sent; `sent` tells how many. Bounded by the `with` block.
"""

import itertools
import struct
import threading
import time
import typing

from nwflab import dhcp, wait
from nwflab.dhcp import ACK, NAK, REQUEST
from nwflab.guests import C, D, one_processor, port_of

SERVER, ATTACKER = C, D
WRONG = "10.77.0.222"  # what nobody asks for
RATES = (100, 1000, 20000)
BEFORE = 0.2  # seconds of flood before the question
LATE = 0.05  # after which a server answers that gives the attacker time
STAYS = 1.3  # seconds after which a forged lease time of 1 is over
PATIENCE = 3.0
QUESTION = b"\x00\x44\x00\x43"  # ports 68 to 67
PORTS, XID, WISH = 34, 46, 58  # where they stand in an untagged frame without IP options


class Forgery(typing.NamedTuple):
    """What the attacker does."""

    title: str
    copies: bool  # number and address of the guest's question
    forged: bool  # the server's address as sender
    listed: bool  # whether the port names its server in DHCPSERVER
    kind: int = ACK
    options: dict = {}

    def frame(self, victim):
        """The bytes, with a number and an address to be filled in."""
        answer = dhcp.tell(ATTACKER, victim, self.kind, 0, WRONG, dst_mac=victim.mac, src=SERVER.ip if self.forged else None,
                           identifier=SERVER.ip, udp_fields={"chksum": 0}, **self.options)
        return bytearray(answer.bytes_for(ATTACKER >> victim, b""))


SHORT = {"seconds": 1}
FORGERIES = {
    "guess": Forgery("its number not known", False, False, False),
    "guess-listed": Forgery("its number not known, with DHCPSERVER, from the server's address", False, True, True),
    "copy-ack": Forgery("all copied, lease time 1, with DHCPSERVER", True, False, True, ACK, SHORT),
    "copy-nak": Forgery("all copied, NAK, with DHCPSERVER", True, False, True, NAK),
    "forged-ack": Forgery("all copied, lease time 1, with DHCPSERVER, from the server's address", True, True, True, ACK, SHORT),
    "forged-nak": Forgery("all copied, NAK, with DHCPSERVER, from the server's address", True, True, True, NAK),
    "copy-ack-any": Forgery("all copied, lease time 1, without DHCPSERVER", True, False, False, ACK, SHORT),
}


class Forger:
    """Sends while the block runs."""

    BURST = 0.01  # seconds

    def __init__(self, wire, victim, forgery, rate):
        self.guest, self.victim, self.forgery, self.rate = wire.guests[ATTACKER], victim, forgery, rate
        self.text, self.sent, self.copied, self.seconds = forgery.frame(victim), 0, 0, 0.0
        self._guesses = itertools.count(0x9e3779b9, 0x9e3779b9)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _copy(self):
        """Takes over what the guest's last question says."""
        mac = dhcp.mac_bytes(self.victim.mac)
        for frame in self.guest.collect():
            if frame[6:12] == mac and frame[PORTS:PORTS + 4] == QUESTION:
                self.text[XID:XID + 4] = frame[XID:XID + 4]
                wish = frame.find(b"\x32\x04", 278)
                if wish > 0 and self.forgery.kind == ACK:
                    self.text[WISH:WISH + 4] = frame[wish + 2:wish + 6]
                self.copied += 1

    def _burst(self):
        for _ in range(max(1, round(self.rate * self.BURST))):
            if not self.copied:
                struct.pack_into("!I", self.text, XID, next(self._guesses) & 0xFFFFFFFF)
            try:
                self.guest.sender.send(self.text)
                self.sent += 1
            except OSError:  # the queue is full
                pass

    def _run(self):
        begin = time.monotonic()
        for turn in itertools.count(1):
            if self.forgery.copies:
                self._copy()
            self._burst()
            if self._over.wait(max(0.0, begin + turn * self.BURST - time.monotonic())):
                break
        self.seconds = time.monotonic() - begin

    def __enter__(self):
        self.guest.collect()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


class Attempt(typing.NamedTuple):
    """What came of one."""

    learned: bool  # the guest has the address that its server gave, and goes on having it
    rate: float  # forged frames a second, in fact
    share: float  # of a processor that the learner took


def _conversation(victim, xid):
    """(question, answer), as bytes."""
    question = dhcp.ask(victim, REQUEST, xid, [(50, dhcp.ip(victim.ip)), (54, dhcp.ip(SERVER.ip))])
    answer = dhcp.tell(SERVER, victim, ACK, xid, victim.ip, dst_mac=victim.mac)
    return question.bytes_for(victim >> SERVER, b""), answer.bytes_for(SERVER >> victim, b"")


def attempt(host, wire, victim, forgery, rate):
    """A guest is bound and asks once under the flood. Its server answers at once, or, if the attacker copies, when that had its chance."""
    host.bind_dhcp(victim, **({"DHCPSERVER": SERVER.ip} if forgery.listed else {}))
    port, xid = port_of(victim), next(host._owners)  # pylint: disable=protected-access
    question, answer = _conversation(victim, xid)
    try:
        with Forger(wire, victim, forgery, rate) as forger:
            time.sleep(BEFORE)
            begin, spent = time.monotonic(), host.learner()
            with one_processor():
                wire.guests[victim].sender.send(question)
                time.sleep(LATE if forgery.copies else 0)
                wire.guests[SERVER].sender.send(answer)
            try:
                wait.until(lambda: host.addresses(port) == [victim.ip], "", PATIENCE)
            except wait.Timeout:
                pass
            time.sleep(STAYS)
            share = (host.learner() - spent) / (time.monotonic() - begin)
            learned = host.addresses(port) == [victim.ip]
    finally:
        host.unbind(port)
    if forgery.copies and not forger.copied:
        raise AssertionError("the attacker saw no question")
    return Attempt(learned, forger.sent / forger.seconds, share)
