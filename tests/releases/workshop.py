# SPDX-License-Identifier: LGPL-2.1-or-later
"""
workshop.py: makes the releases' systems, builds the module in each and runs the lanes there, two releases at a time

What is done for a release is a row of stages: "build" (the system, then the module), then lanes. Each stage ends in a list of
outcomes (scripts/results.py), as those of scripts/check do, or in an exception: Missing where the mirror lacks the release, Failed
where something broke that is no test.

NWF_RELEASES_CACHE may name a folder in which systems are kept for the next run; they are brought up to what is wanted, not renewed.
"""

import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import time
from dataclasses import dataclass, field

import results
from lane_table import MODULE, PYTEST, TOOL
from mirror import Mirror, Missing
from root import SOURCE, Failed, Root, Runner

AT_A_TIME = 2
BUILD = "build"


@dataclass(frozen=True)
class Release:
    """A release of Debian. Without a suite it is the host itself; `libvirt` is a suite that libvirt is taken from after the build."""

    suite: str | None
    lanes: tuple
    libvirt: str | None = None


@dataclass(frozen=True)
class Lane:
    """Arguments of pytest, and how many seconds all may take; no arguments: meson's unit tests.

    `tools` is {name of a program: what is left out where the release has none, as an expression of pytest's -k}.
    """

    words: tuple = ()
    limit: int = 900
    tools: dict = field(default_factory=dict)


LANES = {
    "unit": Lane(),
    "border": Lane(("tests/releases/inside",)),
    "live": Lane(("tests/live",)),
    "live-core": Lane(("tests/live/test_commands.py", "tests/live/test_redefine.py", "tests/live/test_start.py")),
    "learning": Lane(tuple(f"tests/learning/test_{part}.py" for part in ("start", "any", "leases", "clients", "links", "restart")),
                     tools={"dhclient": "not dhclient and not client_that_starts_again"}),
    "packets": Lane(("tests/packets", "-k", "not /")),  # stories as they are told, without each rule's counter-test
    "differential": Lane(("tests/differential", "--count", "100", "-k", "not test_catalog or negations")),
}

# In the order of their beginning.
RELEASES = {
    "sid": Release("sid", ("unit", "border", "live", "learning", "packets", "differential")),
    "trixie": Release("trixie", ("unit", "border", "live", "learning", "packets", "differential")),
    "bookworm-with-backports": Release("bookworm", ("border", "live-core"), libvirt="bookworm-backports"),
    "host": Release(None, ("border",)),
}


class Place:
    """Where a release's lanes run: paths as they are there, and where the results are seen from here."""

    def __init__(self, run, source, build, results_there, results_here):
        self.run, self.source, self.build = run, source, build
        self.results_there, self.results_here = results_there, results_here

    def lane(self, name, log):
        """Runs a lane and returns its outcomes."""
        lane = LANES[name]
        if lane.words:
            junit, module = f"{name}.xml", f"{self.build}/{MODULE}"
            command = [f"{self.source}/scripts/sandbox", "--", *PYTEST, f"--junitxml={self.results_there}/{junit}", *lane.words]
            for tool, without in lane.tools.items():
                if self.run(log, 60, "sh", "-c", 'command -v "$1"', "tool", tool) != 0:
                    command += ["-k", without]
            environment = {"NWF_MODULE": module, "NWF_TOOL": f"{self.build}/{TOOL}", "NWF_BUILD": str(self.build)}
        else:
            junit, environment = f"lane-{name}.junit.xml", {}
            command = ["sh", "-c", 'meson test -C "$1" --no-rebuild --logbase "$2" --suite unit; status=$?;'
                       'cp "$1/meson-logs/$2.junit.xml" "$3"; exit $status', "unit", self.build, f"lane-{name}", self.results_there]
        path = self.results_here / junit
        path.unlink(missing_ok=True)
        status = self.run(log, lane.limit, "env", "-C", self.source, *command, **environment)
        if status is None:
            status = f"none: not done within {lane.limit} s"
        return results.of_lane(name, path, status, log)


class Workshop:
    """Works on releases in the background: `wanted` is {name of a release: names of its stages}."""

    def __init__(self, folder, wanted):
        self.folder = folder
        self.wanted = wanted
        self.times = {}  # (release, what): seconds
        self.versions = {}  # release: version of its libvirt
        self._kept = contextlib.ExitStack()  # locks on systems that are kept
        self._runner = Runner()
        self._stages = {(name, stage): concurrent.futures.Future() for name, stages in wanted.items() for stage in stages}
        self._pool = concurrent.futures.ThreadPoolExecutor(AT_A_TIME)
        for name in sorted(wanted, key=list(RELEASES).index):
            self._pool.submit(self._work, name)

    def outcomes(self, release, stage):
        """Outcomes of a stage; waits for them. Raises what kept it from being done."""
        return self._stages[release, stage].result()

    def close(self):
        """Ends what runs."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._runner.stop()
        self._pool.shutdown()
        self._kept.close()

    # -- in a thread of the pool ---------------------------------------------------------------------------------------

    def _timed(self, name, what, function, *arguments):
        begin = time.monotonic()
        try:
            return function(*arguments)
        finally:
            self.times[name, what] = time.monotonic() - begin

    def _work(self, name):
        waiting = {stage: self._stages[name, stage] for stage in (BUILD, *RELEASES[name].lanes) if (name, stage) in self._stages}
        try:
            folder = self.folder / name
            folder.mkdir()
            place = self._host(folder) if RELEASES[name].suite is None else self._system(name, folder)
            if BUILD in waiting:
                waiting.pop(BUILD).set_result([results.Outcome(name, BUILD, results.PASSED)])
            while waiting:
                stage = next(iter(waiting))
                outcomes = self._timed(name, stage, place.lane, stage, folder / f"{stage}.log")
                waiting.pop(stage).set_result(outcomes)
        except Exception as error:  # whatever it is, somebody waits for it
            for future in waiting.values():
                future.set_exception(error)

    def _host(self, folder):
        """The host, with the module that NWF_BUILD has."""
        build = os.environ.get("NWF_BUILD")
        if not build or not (pathlib.Path(build) / MODULE).exists():
            raise Missing("NWF_BUILD does not name a build of this project")

        def run(log, limit, *words, **environment):
            return self._runner.run(log, limit, words, env=dict(os.environ, **environment))

        return Place(run, SOURCE, build, folder, folder)

    def _system(self, name, folder):
        """The release's system, with the module built in it."""
        release = RELEASES[name]
        (folder / "apt").mkdir()
        mirror = Mirror(folder / "apt", self._runner)
        root = Root(release.suite, self._root_folder(name, folder), folder / "system.log", self._runner)
        self._timed(name, "system", self._make, name, root, mirror)
        self._timed(name, BUILD, self._build, root, release)
        if release.libvirt:
            self._timed(name, "upgrade", root.upgrade, release.libvirt, "libvirt")
        return Place(root.run, "/src", "/build", "/results", root.folder / "results")

    def _make(self, name, root, mirror):
        """Makes a system; twice if need be, since mirrors change while they are read and networks fail for a moment."""
        wanted = (RELEASES[name].libvirt or RELEASES[name].suite, "libvirt-daemon")
        address, self.versions[name] = mirror.find(*wanted)
        try:
            root.make(address)
        except Failed:
            address, self.versions[name] = mirror.find(*wanted)  # says so where the mirror is gone by now
            root.make(address)

    def _root_folder(self, name, folder):
        """Where the release's system is made or kept. One that gets another libvirt is not kept, since it cannot build any more."""
        cache = os.environ.get("NWF_RELEASES_CACHE")
        if not cache or RELEASES[name].libvirt:
            return folder / "root"
        pathlib.Path(cache).mkdir(parents=True, exist_ok=True)
        lock = self._kept.enter_context(open(pathlib.Path(cache) / f"{name}.lock", "w", encoding="utf-8"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        return pathlib.Path(cache) / name

    @staticmethod
    def _build(root, release):
        root.must(60, "rm", "-rf", "/build", what="an earlier build")
        root.must(300, "meson", "setup", "/build", "/src", "-Dtests=true", "-Dwerror=true", what=f"meson setup in {release.suite}")
        targets = () if "unit" in release.lanes else (MODULE, TOOL)
        root.must(900, "ninja", "-C", "/build", f"-j{AT_A_TIME}", *targets, what=f"build in {release.suite}")
