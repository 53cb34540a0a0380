# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lane_table.py: the builds and the lanes of scripts/check, one row each; lanes.py runs them

A new lane is a row of LANES, and a row of "Test lanes" in docs/architecture.md.
"""

import os
from dataclasses import dataclass, field

MODULE = "driver/libvirt/libvirt_driver_nwfilter.so"
TOOL = "tools/virt-nwfilter"
GLIB_FOR_TSAN = "tests/unit/threads/libglib-for-tsan.so"
PYTEST = ("/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short")
STORM = "NWF_STORM_SECONDS"  # how long the engine's storm lasts


@dataclass(frozen=True)
class Build:
    """`arguments` of meson setup, `targets` of ninja; none: all."""

    compiler: str = "gcc"
    arguments: tuple = ()
    targets: tuple = ()


@dataclass(frozen=True)
class Meson:
    """A lane of meson's tests. In fixed places: without random addresses."""

    build: str
    suites: tuple
    fixed_places: bool = False
    environment: dict = field(default_factory=dict)
    limit: int = 900
    default: bool = True

    driver, kernel, firewalld = None, False, False  # what lanes of pytest may want

    @property
    def builds(self):
        """The builds that it needs."""
        return (self.build,)


@dataclass(frozen=True)
class Pytest:
    """A lane that is written in Python: pytest on `folder`, with more `words`.

    With a driver it runs in a sandbox, with a kernel it boots guests, with firewalld it runs one; `also` is another build whose
    module it tests, too; with threads its daemons run under ThreadSanitizer.
    """

    folder: str
    driver: str | None = None
    limit: int = 900
    default: bool = True
    kernel: bool = False
    firewalld: bool = False
    also: str | None = None
    threads: bool = False
    words: tuple = ()

    @property
    def build(self):
        """The build whose module it tests."""
        return "threads-module" if self.threads else "gcc"

    @property
    def builds(self):
        """The builds that it needs."""
        return (self.build, *filter(None, (self.also,)))


BUILDS = {
    "gcc": Build(),
    "clang": Build("clang"),
    "sanitized": Build(arguments=("-Db_sanitize=address,undefined",)),  # gcc's runtime is a library: the module links as it is
    "threads": Build(arguments=("-Db_sanitize=thread",), targets=("threads-programs",)),
    "threads-module": Build(arguments=("-Db_sanitize=thread",), targets=(MODULE, GLIB_FOR_TSAN)),
}

# In the order of their beginning: the long ones first, so that the two workers end together.
LANES = {
    "releases": Pytest("tests/releases", limit=2700),  # sandboxes of its own, systems from the mirror
    "kernels": Pytest("tests/kernels", limit=1800),  # machines of its own
    "live": Pytest("tests/live", "ours"),
    "unit": Meson("gcc", ("unit",)),
    "fuzz": Meson("clang", ("fuzz",)),
    "sanitized": Meson("sanitized", ("unit", "fuzz")),
    "threads": Meson("threads", ("threads",), fixed_places=True, environment={STORM: os.environ.get(STORM, "20")}),
    "packets": Pytest("tests/packets", "ours"),
    "learning": Pytest("tests/learning", "ours"),
    "faults": Pytest("tests/faults", "ours", limit=1500, firewalld=True, also="sanitized"),
    "guests": Pytest("tests/guests", "ours", kernel=True),
    "differential": Pytest("tests/differential", "ours", limit=1800),
    "oracle": Pytest("tests/oracle", "ours", limit=1200),
    "documents": Pytest("tests/documents", "ours"),
    "languages": Pytest("tests/languages", "ours"),
    "schema": Pytest("tests/schema"),
    "live-stock": Pytest("tests/live", "stock"),
    "learning-stock": Pytest("tests/learning", "stock", default=False),
    "learning-threads": Pytest("tests/learning/test_crowds.py", "ours", limit=1800, default=False, threads=True,
                               words=("--long", "-k", "come_and_go")),
    "packets-stock": Pytest("tests/packets", "stock", limit=3600, default=False),
}
