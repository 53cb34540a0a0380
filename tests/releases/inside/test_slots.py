# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_slots.py: calibration finds what is known of the installed libvirt
"""

import pytest

from nwflab.client import version
from slots import TABLES, Known, found

KNOWN = Known()


def test_known_slots_are_found(lab):
    """Each function is found where the table of known releases has it."""
    if version() > KNOWN.last:
        pytest.skip(f"libvirt {version()} is newer than the last one in known_releases.toml")
    slots = KNOWN.slots(version())
    lab.client.close()
    assert found(lab.log()) == {**slots["hypervisor"], **slots["nwfilter"]}


def test_every_function_has_a_slot_of_its_own(lab):
    """Also of a release that nobody has looked at."""
    lab.client.close()
    slots = found(lab.log())
    for table in TABLES:
        names = KNOWN.slots(version())[table]
        assert all(slots[name] for name in names) and len({slots[name] for name in names}) == len(names), slots


@pytest.mark.parametrize("release, encrypted, undefine", [((7, 0, 0), 126, 7), ((8, 3, 9), 126, 8), ((9, 0, 0), 128, 8),
                                                          ((11, 3, 0), 130, 8), ((12, 8, 0), 130, 8)])
def test_rows_hold_until_the_next(release, encrypted, undefine):
    """The table is read as it is meant."""
    slots = KNOWN.slots(release)
    assert (slots["hypervisor"]["virConnectIsEncrypted"], slots["nwfilter"]["virNWFilterUndefine"]) == (encrypted, undefine)
