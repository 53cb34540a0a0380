# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: one throw-away root for all tests of the documents

    scripts/sandbox pytest tests/documents
"""

import pathlib

import pytest

from throwaway import NoOverlay, Throwaway


@pytest.fixture(scope="session", name="throwaway")
def fixture_throwaway(driver):
    """The folder; skips where the kernel has no overlays."""
    assert driver == "ours"
    try:
        return Throwaway(pathlib.Path("/run/documents"))
    except NoOverlay as error:
        pytest.skip(f"no overlay of the host's folders: {error}")
