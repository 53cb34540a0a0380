# SPDX-License-Identifier: LGPL-2.1-or-later
"""
stream.py: frames of some kinds, sent in turn and without end, and how many of each came through

    with Stream(wire, A >> C, {"forbidden": udp(dport=9), "allowed": udp(dport=8)}) as stream:
        ...
    assert stream.sent > 10 and stream.came == {"forbidden": 0, "allowed": stream.sent}

The thread sends and counts in turn on one processor, so that nothing is on its way when the block has ended. For rates that have
to be kept, and for exact counts under load, there is traffic.py.
"""

import itertools
import threading
import time

from nwflab.guests import one_processor

PAUSE = 0.0002  # seconds between two rounds


class Stream:
    """A thread that sends one frame of each kind in each round while the block runs; `sent` counts rounds, `came` frames by kind."""

    def __init__(self, wire, path, frames, pause=PAUSE):
        self.wire, self.pause = wire, pause
        self.sender, self.peer = wire.guests[path.sender].sender, wire.guests[path.receiver]
        self.markers = {kind: b"stream%02d" % number for number, kind in enumerate(frames)}
        self.bytes = [frame.bytes_for(path, self.markers[kind]) for kind, frame in frames.items()]
        self.sent, self.came = 0, dict.fromkeys(frames, 0)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        with one_processor():
            while not self.over.is_set():
                for each in self.bytes:
                    self.sender.send(each)
                self.sent += 1
                self._count(self.peer.collect())
                time.sleep(self.pause)

    def changes(self, least=5, rounds=50, patience=120.0):
        """Numbers of changes to make under the stream: at least so many, and more until so many rounds were sent meanwhile."""
        end = time.monotonic() + patience
        for number in itertools.count():
            if number >= least and (self.sent > rounds or time.monotonic() > end):
                return
            yield number

    def _count(self, frames):
        for kind, marker in self.markers.items():
            self.came[kind] += sum(marker in frame for frame in frames)

    def __enter__(self):
        self.peer.collect()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        with one_processor():
            self._count(self.wire.settled())
        self._count(self.peer.collect())
