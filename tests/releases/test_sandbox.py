# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_sandbox.py: on a system that lacks something, the sandbox starts nothing at all

Systems of other releases are where this happens: Debian's newest essential packages do not bring mount(8) any more.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

SANDBOX = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "sandbox"
PROGRAMS = ("cp", "env", "id", "ip", "mkdir", "mount", "sed", "setpriv", "sh", "unshare")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.mark.parametrize("missing", ["mount", "ip", None])
def test_no_command_without_the_place_around_it(tmp_path, missing):
    """A step that fails ends the sandbox before the command."""
    for program in PROGRAMS:
        (tmp_path / program).symlink_to("/bin/false" if program == missing else shutil.which(program))
    done = subprocess.run([SANDBOX, "--", "sh", "-c", "echo in the sandbox"], env={"PATH": str(tmp_path)}, capture_output=True,
                          text=True, timeout=60, check=False)
    assert (bool(done.returncode), done.stdout) == ((True, "") if missing else (False, "in the sandbox\n")), done
