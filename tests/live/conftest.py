# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: a fresh world for each live test
"""

from nwflab.fixtures import fixture_lab, pytest_runtest_makereport  # noqa: F401 pylint: disable=unused-import
