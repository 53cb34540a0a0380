# SPDX-License-Identifier: LGPL-2.1-or-later
"""
lanes.py: runs the builds and lanes of lane_table.py for scripts/check: two at a time, counted and shown

A job is a command with a log, a time limit, and jobs it has to wait for. Builds count as one test each. A job whose build failed
does not run and counts as failed. Lanes are independent: each has its own sandbox, so two run at a time.

Invariants: every process that a job starts is in the job's own session and dies with this program, also when it is interrupted; the
last line printed is the summary.
"""

import argparse
import concurrent.futures
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import results
from lane_table import BUILDS, GLIB_FOR_TSAN, LANES, MODULE, PYTEST, TOOL, Meson

SOURCE = pathlib.Path(__file__).resolve().parent.parent
SANDBOX = SOURCE / "scripts" / "sandbox"
KERNEL = SOURCE / "scripts" / "guest-kernel"
FIREWALLD = SOURCE / "scripts" / "firewalld"
AT_A_TIME = 2
BEAT = 30  # seconds between signs of life of a running lane

FIXED_PLACES = ("setarch", "--addr-no-randomize")  # ThreadSanitizer of gcc 12 does not know the places that some kernels choose
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
              "TSAN_OPTIONS": "second_deadlock_stack=1"}

class Stopped(Exception):
    """The user or the system asked for an end."""


class Check:
    """One run: its folder, its processes, its outcomes."""

    def __init__(self, folder):
        self.folder = folder
        self.outcomes = []
        self.stopping = False
        self._lock = threading.Lock()
        self._processes = set()
        self._begin = time.monotonic()

    # -- what the user sees ------------------------------------------------------------------------------------------

    def say(self, text):
        """A line of progress."""
        with self._lock:
            print(f"[{time.monotonic() - self._begin:5.0f} s] {text}", flush=True)

    def _add(self, outcomes):
        with self._lock:
            self.outcomes += outcomes

    # -- processes ---------------------------------------------------------------------------------------------------

    def run(self, name, command, limit, environment=None):
        """Runs a command with its output in logs/NAME.log, and returns its exit status; None if it took too long."""
        log = self.log(name)
        settings = dict(os.environ, LC_ALL="C.UTF-8", **(environment or {}))
        with open(log, "ab") as output:
            process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, command)], stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=subprocess.STDOUT, cwd=SOURCE, env=settings,
                                       start_new_session=True)
        with self._lock:
            self._processes.add(process)
            stopping = self.stopping
        if stopping:
            self._kill(process)
        try:
            return self._wait(name, process, limit)
        finally:
            self._kill(process)
            with self._lock:
                self._processes.discard(process)

    def _wait(self, name, process, limit):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            try:
                return process.wait(min(BEAT, max(0.1, end - time.monotonic())))
            except subprocess.TimeoutExpired:
                self.say(f"{name}: still running{self._progress(name)}")
        return None

    def _progress(self, name):
        """The last word of a log, if it tells how far the lane is."""
        words = results.tail(self.log(name), 1).strip()
        return f" … {words[-60:]}" if words else ""

    @staticmethod
    def _kill(process):
        """Ends a job and all that it started: its session, and with a sandbox its namespace."""
        try:
            os.killpg(process.pid, signal.SIGTERM if process.poll() is None else signal.SIGKILL)
            process.wait(5)
        except (ProcessLookupError, PermissionError):
            pass
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)

    def stop(self):
        """Ends all jobs."""
        with self._lock:
            self.stopping = True
            processes = list(self._processes)
        for process in processes:
            self._kill(process)

    def log(self, name):
        """Path of a job's log."""
        return self.folder / "logs" / f"{name}.log"

    # -- jobs ----------------------------------------------------------------------------------------------------------

    def build(self, name):
        """Sets one build up and compiles it; True if it stands."""
        build = BUILDS[name]
        self.say(f"build {name}: begins")
        begin, folder, log = time.monotonic(), self.folder / name, f"build-{name}"
        self.log(log).unlink(missing_ok=True)
        setup = ["meson", "setup", folder, SOURCE, "-Dtests=true", "-Dwerror=true", *build.arguments]
        if (folder / "build.ninja").exists():
            setup.append("--reconfigure")
        status = self.run(log, setup, 300, {"CC": build.compiler})
        if status and not self.stopping:
            shutil.rmtree(folder, ignore_errors=True)  # of another release of meson, or half made
            status = self.run(log, [word for word in setup if word != "--reconfigure"], 300, {"CC": build.compiler})
        if status == 0:
            status = self.run(log, ["ninja", "-k0", "-C", folder, f"-j{os.cpu_count() or 1}", *build.targets], 900)
        text = "" if status == 0 else f"{'time is over' if status is None else f'exit status {status}'}\n" \
                                      f"{results.complaints(self.log(log))}"
        self._add([results.Outcome("build", name, results.FAILED if status != 0 else results.PASSED, text)])
        self.say(f"build {name}: {'done' if status == 0 else 'FAILED'} in {time.monotonic() - begin:.0f} s")
        return status == 0

    def lane(self, name, built):
        """Runs one lane and counts its tests."""
        lane = LANES[name]
        if not built:
            text = f"a build failed: {' or '.join(lane.builds)}"
            self._add([results.Outcome(name, "the lane itself", results.FAILED, text)])
            return
        if lane.driver and os.geteuid() != 0:
            self._add([results.Outcome(name, "the lane itself", results.SKIPPED, "needs root")])
            return
        self.say(f"{name}: begins")
        begin = time.monotonic()
        self.log(name).unlink(missing_ok=True)
        if lane.kernel and self.run(name, [KERNEL, self.folder / "guest-kernel"], 300) != 0:
            text = f"no kernel for guests:\n{results.tail(self.log(name), 5)}"
            self._add([results.Outcome(name, "the lane itself", results.FAILED, text)])
            return
        if lane.firewalld and self.run(name, [FIREWALLD, self.folder / "firewalld"], 300) != 0:
            self.say(f"{name}: no firewalld; what needs it is skipped")
        command, junit, environment = self._command(name, lane)
        junit.unlink(missing_ok=True)
        status = self.run(name, command, lane.limit, environment)
        if self.stopping:
            return
        if status is None:
            status = f"none: not done within {lane.limit} s"
        outcomes = results.of_lane(name, junit, status, self.log(name))
        self._add(outcomes)
        line, _ = results.summary(outcomes)
        self.say(f"{name}: {line} in {time.monotonic() - begin:.0f} s")

    def _command(self, name, lane):
        """Command, JUnit file and environment of a lane."""
        build = self.folder / lane.build
        if isinstance(lane, Meson):
            suites = [word for suite in lane.suites for word in ("--suite", suite)]
            command = ["meson", "test", "-C", build, "--no-rebuild", "--logbase", f"lane-{name}", "--print-errorlogs", *suites]
            if lane.fixed_places:
                command = [*FIXED_PLACES, *command]
            return command, build / "meson-logs" / f"lane-{name}.junit.xml", {**SANITIZERS, **lane.environment}
        junit = self.folder / f"{name}.xml"
        command = [*PYTEST, "-o", "faulthandler_timeout=150", f"--junitxml={junit}", lane.folder, *lane.words]
        environment = {"NWF_MODULE": str(build / MODULE), "NWF_BUILD": str(build), "NWF_TOOL": str(build / TOOL),
                       "NWF_GUEST_KERNEL": str(self.folder / "guest-kernel"), "NWF_FIREWALLD": str(self.folder / "firewalld"),
                       "NWF_KERNELS": str(self.folder / "kernels")}
        if lane.also:
            environment["NWF_SANITIZED_MODULE"] = str(self.folder / lane.also / MODULE)
        if not lane.driver:
            return command, junit, environment
        command = [SANDBOX, "--", *command, "--driver", lane.driver]
        if lane.threads:
            runtime = subprocess.run(["gcc", "-print-file-name=libtsan.so"], capture_output=True, text=True, check=True).stdout.strip()
            environment["NWF_PRELOAD"] = f"{runtime} {build / GLIB_FOR_TSAN}"
            command = [*FIXED_PLACES, *command]
        return command, junit, environment

    def run_all(self, names):
        """Builds what the lanes need, and runs them as soon as their build stands."""
        builds = {}
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as workers:
            for build in BUILDS:
                if any(build in LANES[name].builds for name in names):
                    builds[build] = workers.submit(self.build, build)
            # Builds come first in the workers' queue, so a lane never waits for one that cannot begin.
            lanes = [workers.submit(lambda name=name: self.lane(name, all([builds[build].result() for build in LANES[name].builds])))
                     for name in names]
            for future in [*builds.values(), *lanes]:
                while not future.done():
                    concurrent.futures.wait([future], 0.2)
                    if self.stopping:
                        workers.shutdown(wait=False, cancel_futures=True)
                        self.stop()  # the workers end with their processes
                        raise Stopped
                future.result()


def choose_folder(wanted):
    """The build folder, and a lock on it; a temporary one if the usual one is taken or cannot be made."""
    for folder in filter(None, (wanted, SOURCE / "build-check")):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = open(folder / "lock", "w", encoding="utf-8")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return folder, lock, False
        except OSError:
            if wanted:
                raise SystemExit(f"check: the folder {wanted} cannot be used, or another check runs in it") from None
    return pathlib.Path(tempfile.mkdtemp(prefix="nwfilter-check-")), None, True


def report(outcomes, strict):
    """Prints what was left out, what failed, each failure's details, and the summary as the last line. Returns the exit status."""
    skipped = [outcome for outcome in outcomes if outcome.result == results.SKIPPED]
    failed = [outcome for outcome in outcomes if outcome.result == results.FAILED]
    for outcome in skipped:
        print(f"skipped {outcome.lane}: {outcome.name}: {' '.join(outcome.text.split()) or 'no reason given'}")
    for outcome in failed:
        print(f"failed {outcome.lane}: {outcome.name}")
    for outcome in failed:
        print(f"\nFAILED {outcome.lane}: {outcome.name}\n    " + "\n    ".join(outcome.text.splitlines()[-60:]))
    line, good = results.summary(outcomes, strict)
    print(f"\n{line}", flush=True)
    return 0 if good else 1


def arguments_of(words):
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/check", description="Builds everything and runs the tests.")
    parser.add_argument("--lane", nargs="+", action="extend", choices=list(LANES), metavar="NAME",
                        help="run only these lanes: " + ", ".join(LANES))
    parser.add_argument("--strict", action="store_true", help="a skipped test is a failed one")
    parser.add_argument("--build-dir", type=pathlib.Path, metavar="FOLDER", help="build there (default: build-check)")
    return parser.parse_args(words)


def main():
    """Runs the check; exit status 0 if all is well, 130 if it was interrupted."""
    arguments = arguments_of(sys.argv[1:])
    folder, _lock, temporary = choose_folder(arguments.build_dir and arguments.build_dir.resolve())
    (folder / "logs").mkdir(exist_ok=True)
    check = Check(folder)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: setattr(check, "stopping", True))
    chosen = arguments.lane or [name for name, lane in LANES.items() if lane.default]
    try:
        check.run_all([name for name in LANES if name in chosen])
        return report(check.outcomes, arguments.strict)
    except Stopped:
        print("check: interrupted; ending what runs", file=sys.stderr, flush=True)
        return 130
    finally:
        check.stop()
        if temporary:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
