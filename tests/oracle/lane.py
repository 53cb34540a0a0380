# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lane.py: plays frames for real, asks virt-nwfilter what should have become of them, and compares

For each tree the frames are played twice: without any filter, which shows what comes where at all, and with the filter bound. The
verdicts for both come from one run of the tool each, on a capture with exactly the frames that were sent.

What counts as arrived: a guest's card got a frame with the same two addresses before the control frame; the host got the marker
behind its INPUT rules. Frames are played one after the other, so no other frame can be meant.

Limits: at the host only ARP, TCP, UDP, ICMP and ICMPv6 are seen, and packets need a marker. What does not arrive without a filter is compared
in one way only: it must not arrive with one.
"""

import json
import os
import pathlib
import struct
import subprocess
import tempfile
import time
from collections import Counter

import traffic
import world
from nwflab import kernel
from nwflab.guests import D, HOST, Path, port_of
from nwflab.texts import binding_xml

EMPTY = "<filter name='oracle'/>"
FATES = {"passes": True, "dropped": False, "rejected": False, "held": False, "unknown": None}
AT_HOST = {"tcp": 6, "udp": 17, "icmp": 1, "tcp6": 6, "udp6": 17, "icmp6": 58}
CONTROL_TYPE = b"\x88\xb6"
TAGS = (b"\x81\x00", b"\x88\xa8")
COUNT_PAUSE = 0.012  # the kernel's connection limits do not look twice within one of its ticks


class Bytes:
    """A frame for nwflab's wire."""

    def __init__(self, text):
        self.text = text

    def bytes_for(self, _path, _marker):
        """The frame as it is."""
        return self.text


def silence_host():
    """The host's own answers would make connections that nobody told the verdict of."""
    rules = "table inet quiet { chain output { type filter hook output priority -500; policy drop; }; }"
    subprocess.run(["nft", rules], check=True, timeout=20)


def tool():
    """The companion command of this build."""
    return pathlib.Path(os.environ["NWF_BUILD"]) / "tools" / "virt-nwfilter"


def capture(shots):
    """A pcap file's text; two milliseconds between frames."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, shot in enumerate(shots):
        micros = 1_700_000_000_000_000 + number * 2000
        parts.append(struct.pack("<IIII", *divmod(micros, 1_000_000), len(shot.text), len(shot.text)) + shot.text)
    return b"".join(parts)


class Played:
    """What became of the frames of one tree."""

    def __init__(self, tree, shots):
        self.tree, self.shots = tree, shots
        self.ends = [shot.ends() for shot in shots]

    def name_of(self, station):
        """The end as the tool calls it."""
        if station is HOST:
            return "host"
        bound = (world.A, world.B) if self.tree.both else (world.A,)
        return port_of(station) if station in bound else "-"

    def bindings(self):
        """Documents of the bindings, by station."""
        bound = (world.A, world.B) if self.tree.both else (world.A,)
        return {station: binding_xml(port_of(station), "oracle", self.tree.parameters, mac=station.mac) for station in bound}

    def verdicts(self, filters):
        """The tool's answer: for each frame the ways, in the order of its ends."""
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place)
            (folder / "frames.pcap").write_bytes(capture(self.shots))
            (folder / "ways").write_text("".join(f"{self.name_of(shot.sender)} {','.join(map(self.name_of, ends))}\n"
                                                 for shot, ends in zip(self.shots, self.ends)))
            command = [tool(), "verdict", "--json", "--checksums", "-r", folder / "frames.pcap", "-w", folder / "ways"]
            for number, text in enumerate(filters):
                (folder / f"{number}.xml").write_text(text)
                command.append(folder / f"{number}.xml")
            for station, text in self.bindings().items():
                (folder / station.name).write_text(text)
                command += ["-b", folder / station.name]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{self.tree.name}: the verdict failed: {done.stderr}"
        return [frame["ways"] for frame in json.loads(done.stdout)["frames"]]


def forget_connections():
    """Empties connection tracking."""
    subprocess.run(["conntrack", "-F"], capture_output=True, timeout=20, check=False)


def arrived(shot, station, sent):
    """Whether the frame came to the station; None where that cannot be seen."""
    text = shot.text
    if station is not HOST:
        like_control = CONTROL_TYPE in (text[12:14], text[16:18] if text[12:14] in TAGS else b"")  # a card takes the tag off
        return any(frame[:12] == text[:12] for frame in sent.seen[station] if frame[12:14] != CONTROL_TYPE or like_control)
    if text[12:14] == b"\x08\x06":
        return any(frame[:12] == text[:12] for frame in sent.seen[HOST])
    marker = shot.sketch.get("marker", b"")
    if AT_HOST.get(shot.sketch.kind) != shot.sketch.protocol or not marker or marker not in text or shot.sketch.get("extensions"):
        return None
    return any(marker in frame for frame in sent.seen[HOST])


def play(wire, played):
    """Sends the frames; for each, what its ends got."""
    result = []
    for shot, ends in zip(played.shots, played.ends):
        sent = wire.play(Path(shot.sender, D), Bytes(shot.text))
        result.append([arrived(shot, station, sent) for station in ends])
        if played.tree.counts:
            time.sleep(COUNT_PAUSE)
    return result


class Bound:
    """The tree's filters are defined and its guests bound while the block runs."""

    def __init__(self, client, played):
        self.client, self.played, self.undo = client, played, []

    def __enter__(self):
        try:
            for document in reversed(self.played.tree.filters):
                self.client.define(document.xml())
                self.undo.append(lambda name=document.name: self.client.undefine(name))
            for station, text in self.played.bindings().items():
                self.client.bind(text)
                self.undo.append(lambda port=port_of(station): self.client.unbind(port))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        while self.undo:
            self.undo.pop()()


class Oracle:
    """Compares, and counts what was compared."""

    def __init__(self, wire):
        self.wire = wire
        self.counts = Counter()

    def judge(self, tree, client, seed, frames):
        """Raises AssertionError if kernel and verdict differ."""
        played = Played(tree, traffic.Maker(tree, seed).shots(frames))
        forget_connections()
        open_ways = play(self.wire, played)
        faults = self._compare(played, played.verdicts([EMPTY]), open_ways, None, "without filter")
        forget_connections()
        with Bound(client, played):
            came = play(self.wire, played)
            rules = "\n".join(kernel.of_port(port_of(station)) for station in played.bindings())
        faults += self._compare(played, played.verdicts([document.xml() for document in tree.filters]), came, open_ways, "with the filter")
        self.counts["filters"] += 1
        self.counts["frames"] += len(played.shots)
        assert not faults, self._report(played, faults, rules)

    def _compare(self, played, verdicts, came, open_ways, when):
        faults = []
        for index, ways in enumerate(verdicts):
            for place, way in enumerate(ways):
                real, expected = came[index][place], FATES[way["fate"]]
                reachable = open_ways[index][place] if open_ways else real or played.ends[index][place] is not HOST
                self._count(when, way, real, expected, reachable)
                if real is None or expected is None or (expected and not reachable) or real == expected:
                    continue
                station = played.ends[index][place]
                faults.append(f"frame {index} to {station}, {when}: the verdict is {way['fate']}, but it {'came' if real else 'did not come'}\n"
                              f"  {played.shots[index]}\n  {json.dumps({key: way.get(key) for key in ('reason', 'decided_by', 'chains')})}")
        return faults

    def _count(self, when, way, real, expected, reachable):
        if when != "with the filter":
            return
        if real is None or (expected and not reachable):
            self.counts["not comparable"] += 1
        else:
            self.counts[way["fate"]] += 1
            self.counts["ways"] += 1

    @staticmethod
    def _report(played, faults, rules):
        documents = "\n".join(document.xml().replace("<rule", "\n  <rule") for document in played.tree.filters)
        return "\n\n".join([played.tree.name, *faults[:8], f"{len(faults)} differences", documents, str(played.tree.parameters), rules])

    def summary(self):
        """What was compared, as a line."""
        return ", ".join(f"{name} {self.counts[name]}" for name in
                         ("filters", "frames", "ways", "passes", "dropped", "rejected", "held", "unknown", "not comparable"))
