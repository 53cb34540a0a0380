# SPDX-License-Identifier: LGPL-2.1-or-later
"""
change_rows.py: the lines of the table that are about changes under many ports

rows() are (figure that change.py yields, title, unit): "ms" of seconds, "count" of what is counted, "fact" of
what is counted and need not be compared, "number" of anything else.
"""

from change import CONNECTIONS, FOREIGN_CHANGES

PHASES = {
    "ethernet": "update of rules of the Ethernet layer",
    "ip": "update of rules of the IP layers",
    "all": "update of rules of all layers at once",
    "restart": "restart of the daemon",
}


def started(many):
    """The daemon starts with so many ports."""
    yield f"answers {many}", f"daemon starts, {many} ports whose rules are in force, until it answers, ms", "ms"
    yield f"verified {many}", "the same, until all rules are verified or made anew, ms", "ms"
    yield f"written {many}", "the same, transactions that changed the kernel's tables", "count"
    yield f"cpu {many}", "the same, processor time of the daemon and its tools until then, ms", "ms"


def updated(many):
    """A filter of so many ports changes."""
    yield f"update {many}", f"inner filter gets a rule or loses it, {many} ports bound, ms", "ms"


def stormed(many):
    """So many ports at once."""
    yield f"storm {many}", f"{many} creates over {CONNECTIONS} connections at once, ms", "ms"


def framed(many):
    """Frames during changes under so many ports."""
    for phase, title in PHASES.items():
        yield f"passed {phase} {many}", f"forbidden frames that pass: {title}, {many} others there", "count"
        yield f"lost {phase} {many}", "allowed frames that are lost: the same", "count"
        yield f"sent {phase} {many}", "of so many frames that were sent meanwhile", "fact"


def reconciled(many):
    """Somebody else's change with so many ports."""
    for name, change in FOREIGN_CHANGES.items():
        yield f"reconcile {name} {many}", f"after '{change.deed}': until all rules of {many} ports are right again, ms", "ms"


def large(many):
    """More ports than most hosts have."""
    yield from stormed(many)
    yield f"create {many}", f"create one binding, {many} others there, ms", "ms"
    yield f"delete {many}", f"delete one binding, {many} others there, ms", "ms"
    yield from updated(many)
    yield from started(many)
    yield f"pss {many}", f"memory of the daemon for each of these {many} ports, KiB (anonymous PSS)", "number"
    yield f"rss {many}", "the same, KiB (RSS)", "number"


def rows(sizes):
    """All lines, in order."""
    result = [*updated(sizes.large), *started(sizes.large), *stormed(sizes.storm), *framed(sizes.gaps), *framed(sizes.foreign[-1])]
    for many in sizes.foreign:
        result += reconciled(many)
    return [*result, *large(sizes.thousand)]
