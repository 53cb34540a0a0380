# SPDX-License-Identifier: LGPL-2.1-or-later
"""
counters.py: which rule decided about a frame, by what the kernel counts

The kernel counts the packets that met each rule. The difference around one frame is the way that the frame took; the
last rule of it that stands for a rule of a filter decided. Which filter and line a rule stands for, `virt-nwfilter
compile --annotate` tells: it prints the rules of each chain in the order in which they are in the kernel.

Limits: only chains of one port are looked at; frames that the port's guest sends by itself meanwhile would be
counted, too.
"""

import os
import re
import subprocess
from dataclasses import dataclass

# In the order in which a frame meets them: chains of the sender, then of the receiver; {0} is the port.
WAY = (("eb", ("libvirt-I-{0}", "I-{0}-")), ("ip", ("FI-{0}", "HI-{0}", "FO-{0}")), ("eb", ("libvirt-O-{0}", "O-{0}-")))
IP_LAYER = 1
TOOLS = {"ebtables": "eb", "iptables": "ip", "ip6tables": "ip6"}
_RULE = re.compile(r"^(?:\[(\d+):\d+\] )?-A (\S+) ?(.*)$")
_TRAILING = re.compile(r" -c (\d+) \d+")
_SOURCE = re.compile(r"^# filter '(.*)' line (\d+)$")
_BATCH = re.compile(r"^# (ebtables|iptables|ip6tables)-restore\b")


@dataclass(frozen=True)
class Source:
    """Where a rule comes from."""

    filter: str
    line: int
    verdict: str  # the kernel's word for what the rule does


def read():
    """{(tool, chain): [packets that met the first rule, …]}."""
    result = {}
    for program, tool in TOOLS.items():
        text = subprocess.run([f"{program}-save", "-c"], capture_output=True, text=True, timeout=30, check=True,
                              env=dict(os.environ, EBTABLES_SAVE_COUNTER="yes")).stdout  # the older form wants to be asked so
        for line in text.splitlines():
            found = _RULE.match(line)
            if found:
                trailing = _TRAILING.search(line)
                packets = found[1] or (trailing[1] if trailing else 0)
                result.setdefault((tool, found[2]), []).append(int(packets))
    return result


def sources(program, binding, filters, folder):
    """{(tool, chain): [Source or None for each rule]} of the port that the file `binding` is about."""
    done = subprocess.run([program, "compile", "--annotate", "--binding", binding, "--filter-dir", folder, *filters],
                          capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(f"virt-nwfilter: {done.stderr.strip()}")
    result, tool, origin = {}, None, None
    for line in done.stdout.splitlines():
        if found := _BATCH.match(line):
            tool = TOOLS[found[1]]
        elif found := _SOURCE.match(line):
            origin = (found[1], int(found[2]))
        elif found := _RULE.match(line):
            verdict = re.search(r"-j (\S+)", found[3])
            source = Source(*origin, verdict[1].lower() if verdict else "continue") if origin else None
            result.setdefault((tool, found[2]), []).append(source)
            origin = None
    return result


def _rank(port, tool, chain):
    """Place of a chain on a frame's way, or None if it is not one of `port`."""
    for place, (layer, names) in enumerate(WAY):
        for name in names:
            name = name.format(port)
            if tool.startswith(layer) and (chain == name or name.endswith("-") and chain.startswith(name)):
                return place, names.index(name.replace(port, "{0}"))
    return None


def met(port, origins, before, after):
    """(place, Source) of the rules that a frame met between two readings, in the order of its way through `port`."""
    way = []
    for (tool, chain), now in after.items():
        rank = _rank(port, tool, chain)
        if rank is None:
            continue
        then = before.get((tool, chain), [0] * len(now))
        for index, (old, new) in enumerate(zip(then, now)):
            source = origins.get((tool, chain), [])[index:index + 1]
            if new > old and source and source[0]:
                way.append((rank, index, source[0]))
    return [(rank[0], source) for rank, _, source in sorted(way, key=lambda each: each[:2])]


def decisive(way, arrived):
    """The Source that made the frame stop or pass; None if no rule of a filter did.

    A frame stops at one rule. One that passes had the consent of several: the IP layer's says most, since it knows
    connections, then that of the last chain; accept says more than return.
    """
    wanted = ("accept", "return") if arrived else ("drop", "reject")
    consents = [(place == IP_LAYER, place, -wanted.index(source.verdict), number)
                for number, (place, source) in enumerate(way) if source.verdict in wanted]
    return way[max(consents)[3]][1] if consents else None
