# SPDX-License-Identifier: LGPL-2.1-or-later
"""
traffic.py: steady streams of frames, and exact counts of what came through

A Flood sends recipes along a path, each at the same rate, from a process of its own, so that neither a busy test nor a slow one changes
its pace. Nobody has to read what arrives: a packet socket with a filter for the recipe's marker counts in the kernel, also what has no room in it.

Invariants: sending is bound to one processor, and the counts are taken after a control frame from the same processor has come
through, so no frame is on its way any more. A stolen moment is not caught up in a burst. That nothing came through is told by a
meter that counts one more frame at the end, which its own station sends, and by a port that most frames have reached.
"""

import ctypes
import mmap
import os
import pathlib
import secrets
import socket
import struct
import time

from nwflab import wait
from nwflab.frames import MARKER_SIZE
from nwflab.guests import inside, namespace_of, one_processor, port_of

_SOL_PACKET, _PACKET_STATISTICS, _SO_ATTACH_FILTER = 263, 6, 26
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # ld [k]; jeq #k; ret #k
_WORD = struct.Struct("=Q")
SLOT = 0.001


def _filter(marker, place):
    """A socket filter for frames that have the marker at this place."""
    first, second = struct.unpack("!II", marker)
    program = [(_LOAD, 0, 0, place), (_EQUAL, 0, 3, first), (_LOAD, 0, 0, place + 4), (_EQUAL, 0, 1, second),
               (_RETURN, 0, 0, 0xFFFF), (_RETURN, 0, 0, 0)]
    return b"".join(struct.pack("=HBBI", *line) for line in program), len(program)


class Meter:
    """Counts the frames with a marker that reach a station, whether anybody reads them or not."""

    def __init__(self, station, marker, place):
        with inside(namespace_of(station)):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            code, length = _filter(marker, place)
            kept = ctypes.create_string_buffer(code, len(code))
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", length, ctypes.addressof(kept)))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            self._socket.bind(("eth0", 3))  # ETH_P_ALL
        self._count = 0
        self.read()
        self._count = 0

    def counts(self, send):
        """Whether a frame with the marker is counted that send() has the station send itself; it does not count further."""
        before = self.read()
        send()
        alive = self.read() > before
        self._count = before
        return alive

    def read(self):
        """How many came so far."""
        packets, _ = struct.unpack("=II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        self._count += packets
        return self._count

    def close(self):
        """Ends the count."""
        self._socket.close()


class Flood:
    """Frames of all recipes along `path` at `rate` a second each, while the block runs.

    The block begins when frames are being sent; with sure=False at once, since there may be no way for them yet.

    `forbidden` ones must not pass: `leaked` tells those that did so far. Of `allowed` ones none may be lost: `lost` tells, after the block.
    """

    def __init__(self, wire, path, forbidden=(), allowed=(), rate=1000, sure=True):
        self._wire, self._path, self._rate, self._sure = wire, path, rate, sure
        self._recipes = [*forbidden, *allowed]
        self._forbidden = len(forbidden)
        self._counters = mmap.mmap(-1, _WORD.size * (len(self._recipes) + 1))  # shared with the process; the last one ends it
        self._texts, self._meters, self._process = [], [], None
        self.sent, self.came = [], []
        self._at_port = pathlib.Path(f"/sys/class/net/{port_of(path.sender)}/statistics/rx_packets")
        self._begin = 0

    def __enter__(self):
        for recipe in self._recipes:
            marker = secrets.token_bytes(MARKER_SIZE)
            text = recipe.bytes_for(self._path, marker)
            self._texts.append(text)
            self._meters.append(Meter(self._path.receiver, marker, text.index(marker)))
        self._begin = self._reached()
        self._process = os.fork()
        if self._process == 0:
            try:
                self._send()
            finally:
                os._exit(0)
        if self._sure:
            wait.until(lambda: self.slowest > 0, "frames are being sent")
        return self

    def _send(self):
        sender = self._wire.guests[self._path.sender].sender
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        slot = max(SLOT, 1 / self._rate)
        burst = max(1, round(self._rate * slot))
        end = _WORD.size * len(self._recipes)
        counts = [0] * len(self._recipes)
        next_slot = time.monotonic()
        while self._counters[end] == 0 and os.getppid() != 1:
            for _ in range(burst):
                for place, text in enumerate(self._texts):
                    try:
                        sender.send(text)
                    except OSError:
                        continue  # not sent: no room in the card's queue
                    counts[place] += 1
                    _WORD.pack_into(self._counters, place * _WORD.size, counts[place])
            next_slot += slot
            behind = time.monotonic() - next_slot
            if behind < 0:
                time.sleep(-behind)
            elif behind > 0.05:
                next_slot = time.monotonic()

    def _reached(self):
        """Frames that have reached the sender's port, whatever its rules did to them."""
        return int(self._at_port.read_text()) if self._sure else 0

    @property
    def leaked(self):
        """{recipe: number} of forbidden frames that came through so far."""
        counts = self.came or [meter.read() for meter in self._meters]
        return {str(self._recipes[place]): counts[place] for place in range(self._forbidden) if counts[place]}

    @property
    def lost(self):
        """{recipe: (sent, came)} of allowed frames of which not all came; after the block."""
        return {str(self._recipes[place]): (self.sent[place], self.came[place])
                for place in range(self._forbidden, len(self._recipes)) if self.sent[place] != self.came[place]}

    @property
    def slowest(self):
        """How many frames were sent so far of the recipe of which the fewest were."""
        return min(_WORD.unpack_from(self._counters, place * _WORD.size)[0] for place in range(len(self._recipes)))

    def __exit__(self, *_):
        self._counters[_WORD.size * len(self._recipes)] = 1
        os.waitpid(self._process, 0)
        for guest in self._wire.guests.values():
            guest.collect()  # or there may be no room for the control frame
        with one_processor():
            self._wire.settled()
        self.sent = [_WORD.unpack_from(self._counters, place * _WORD.size)[0] for place in range(len(self._recipes))]
        self.came = [meter.read() for meter in self._meters]
        reached, sender = self._reached() - self._begin, self._wire.guests[self._path.receiver].sender
        assert not self._sure or reached > sum(self.sent) / 2, f"{reached} of {sum(self.sent)} frames reached the sender's port"
        for meter, text in zip(self._meters, self._texts):
            assert meter.counts(lambda text=text: sender.send(text)), "a meter does not count"
        for meter in self._meters:
            meter.close()
