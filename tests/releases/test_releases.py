# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_releases.py: the module is built on each release, loaded by its libvirt, and passes the lanes there

Each stage of a release is one test here; the tests that it ran inside are reported beside it, as tests of their own.
"""

import faulthandler
import os

import pytest

from mirror import Missing
from root import Failed
from workshop import BUILD, RELEASES

STAGES = [(name, stage) for name, release in RELEASES.items() for stage in (BUILD, *release.lanes)
          if release.suite or stage != BUILD]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.mark.parametrize("release, stage", [pytest.param(*stage, id="-".join(stage)) for stage in STAGES])
def test_release(workshop, tell, release, stage):
    """The stage was done, and had tests to tell of."""
    faulthandler.cancel_dump_traceback_later()  # whatever pytest was told: systems take their time
    try:
        outcomes = workshop.outcomes(release, stage)
    except Missing as missing:
        pytest.skip(str(missing))
    except Failed as failed:
        pytest.fail(str(failed), pytrace=False)
    if stage != BUILD:
        tell(f"{release}/{stage}", outcomes)
    assert outcomes
