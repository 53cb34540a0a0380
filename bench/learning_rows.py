# SPDX-License-Identifier: LGPL-2.1-or-later
"""
learning_rows.py: the lines of the tables that are about address learning

rows() are lines as those of calls: a figure that learning.py yields, its title, and how it is shown: "ms" of seconds, "count" of
anything else. costs() are the lines of what a port costs: a title, and a figure for each of HEADS. starved() are the lines of guests
that are flooded with forged answers: a title, and for each of RATES the figures of what was learned, sent and spent.
"""

from nwflab.forgery import FORGERIES, RATES

TAUGHT = {"any": "first packet (any)", "dhcp": "DHCP answer (dhcp)"}
PHASES = {"learning": "from {taught} on", "reload": "reload, {mode}", "restart": "restart of the daemon, {mode}"}
HEADS = {"threads": "threads", "descriptors": "descriptors", "pss": "anonymous PSS, KiB", "rss": "RSS, KiB"}


def one_guest():
    """Times and frames of one port."""
    yield from ((f"learn {mode}", f"{taught}, until the rules are in force, ms", "ms") for mode, taught in TAUGHT.items())
    for mode, taught in TAUGHT.items():
        yield f"forged create {mode}", f"forged frames that pass: create, {mode}", "count"
        for phase, words in PHASES.items():
            title = words.format(taught=taught, mode=mode)
            yield f"forged {phase} {mode}", f"forged frames that pass: {title}", "count"
            yield f"lost {phase} {mode}", f"honest frames that are lost: {title}", "count"


def many(size):
    """So many ports at once."""
    for mode, taught in TAUGHT.items():
        yield f"interim {mode} {size}", f"{size} creates ({mode}), until all ports have interim rules, ms", "ms"
        yield f"all {mode} {size}", f"{taught} of {size} ports at once, until the last one's rules, ms", "ms"
        yield f"without {mode} {size}", f"of these {size}, ports whose rules never came", "count"


FLAPPED = {"ip": "3 guests with 3,000 rules of the Ethernet layer", "tcp": "3 guests with 3,000 rules of the IPv4 layer"}


def flapped():
    """Ports beside guests that change their leases all the time."""
    for protocol, guests in FLAPPED.items():
        for word, when in (("quiet", "before they begin"), ("attacked", "meanwhile")):
            yield f"flap bind {protocol} {word}", f"{guests} change their leases: a create (dhcp), {when}, ms", "ms"
            yield f"flap learn {protocol} {word}", f"the same: {TAUGHT['dhcp']}, {when}, until the rules are in force, ms", "ms"
        yield f"flap changes {protocol}", "leases that each of these guests took in a second", "count"
    yield "saved", "4,000 leases are known, and 21 guests change theirs: files that are written, MB in a second", "count"
    yield "saved changes", "meanwhile, leases that all of these took in a second", "count"


def rows(sizes):
    """All lines, in order."""
    return [*one_guest(), *many(sizes.crowd), *many(sizes.host), *flapped()]


def costs(sizes):
    """(title, [figure, …]), in order."""
    return [(f"{size} ports, {mode}, {state}", [f"{what} {state} {mode} {size}" for what in HEADS])
            for size in (sizes.crowd, sizes.host) for mode in TAUGHT for state in ("learning", "learned")]


def starved():
    """(title, [(figure, figure, figure), …]), in order."""
    return [(forgery.title, [tuple(f"starved {what}{name} {rate}" for what in ("", "rate ", "share ")) for rate in RATES])
            for name, forgery in FORGERIES.items()]
