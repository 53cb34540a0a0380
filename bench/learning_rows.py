# SPDX-License-Identifier: LGPL-2.1-or-later
"""
learning_rows.py: the lines of the table that are about address learning

Each is a figure that learning.py yields, its title, and how it is shown: "ms" of seconds, "number" of anything else.
"""

TAUGHT = {"any": "first packet (any)", "dhcp": "DHCP answer (dhcp)"}
PHASES = {"learning": "from {taught} on", "reload": "reload, {mode}", "restart": "restart of the daemon, {mode}"}
COSTS = {"threads": "threads", "descriptors": "descriptors", "pss": "memory, KiB (anonymous PSS)", "rss": "memory, KiB (RSS)"}


def one_guest():
    """Times and frames of one port."""
    yield from ((f"learn {mode}", f"{taught}, until the rules are in force, ms", "ms") for mode, taught in TAUGHT.items())
    for mode, taught in TAUGHT.items():
        yield f"forged create {mode}", f"forged frames that pass: create, {mode}", "number"
        for phase, words in PHASES.items():
            title = words.format(taught=taught, mode=mode)
            yield f"forged {phase} {mode}", f"forged frames that pass: {title}", "number"
            yield f"lost {phase} {mode}", f"honest frames that are lost: {title}", "number"


def many(size):
    """So many ports at once."""
    for mode, taught in TAUGHT.items():
        yield f"interim {mode} {size}", f"{size} creates ({mode}), until all ports have interim rules, ms", "ms"
        yield f"all {mode} {size}", f"{taught} of {size} ports at once, until the last one's rules, ms", "ms"
        yield f"without {mode} {size}", f"of these {size}, ports whose rules never came", "number"
    for mode in TAUGHT:
        for state in ("learning", "learned"):
            for what, title in COSTS.items():
                yield f"{what} {state} {mode} {size}", f"each of {size} ports, {mode}, {state}: {title}", "number"


def rows(sizes):
    """All lines, in order."""
    lines = [*one_guest(), *many(sizes.crowd)]
    return lines if sizes.host == sizes.crowd else [*lines, *many(sizes.host)]
