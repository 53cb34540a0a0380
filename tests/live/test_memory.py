# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_memory.py: what large filters take of the daemon's memory, and that it is given back

Documents of 30 MiB in all; the driver before took twelve times that, and kept it.
"""

import pytest

from nwflab.client import Failed
from nwflab.memory import large_filter, large_name, memory_of

pytestmark = pytest.mark.ours("docs/performance.md, Large filters")

MANY, SIZE = 10, 3  # filters, MiB of each
LEFT = 50  # MiB that may stay: what is kept to be used again, with room for what libvirt keeps of its messages
EACH = 4  # MiB for each MiB of a document


def taken(lab):
    """MiB of the daemon's own memory."""
    return memory_of(lab.daemon.pid)[0] / 1024


@pytest.fixture(name="before")
def fixture_before(lab):
    """What the daemon takes with the first, slower use of everything behind it."""
    lab.client.define(large_filter(0, SIZE))
    lab.client.undefine(large_name(0))
    return taken(lab)


def test_large_filters_are_given_back(lab, before):
    """Definitions take little more than their documents, and nothing when they are gone."""
    for number in range(MANY):
        lab.client.define(large_filter(number, SIZE))
    held = taken(lab)
    assert held - before > MANY * SIZE / 2, "the filters are not to be seen: this test sees nothing"
    assert held - before < MANY * SIZE * EACH
    for number in range(MANY):
        lab.client.undefine(large_name(number))
    assert taken(lab) - before < LEFT


def test_refused_filters_are_given_back(lab, before):
    """Documents that are refused at their last rule leave nothing."""
    for number in range(MANY):
        with pytest.raises(Failed):
            lab.client.define(large_filter(number, SIZE, wrong=True))
    assert taken(lab) - before < LEFT
    assert lab.client.filters() == []


def test_start_and_undefine(lab, before):  # pylint: disable=unused-argument
    """The same for filters that were read at a start."""
    for number in range(MANY):
        lab.client.define(large_filter(number, SIZE))
    lab.restart()
    names = lab.client.filters()
    assert len(names) == MANY
    held = taken(lab)
    for name in names:
        lab.client.undefine(name)
    assert held < MANY * SIZE * EACH
    assert taken(lab) < LEFT
