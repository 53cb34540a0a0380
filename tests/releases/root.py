# SPDX-License-Identifier: LGPL-2.1-or-later
"""
root.py: the system of another release in a folder, and commands that run in it

A command runs in mount and process namespaces of its own, with the folder as its root: nothing is ever mounted where the host
sees it, and whatever the command started is dead when it ends. The project's sources are at /src, read-only.

Invariant: a folder made here is gone when this program is gone, however that ended: a guard in a session of its own waits for the
end of a pipe that the program holds, and then removes it.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

import mirror

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
COMPLETE = "complete"  # a file in roots that are kept: all that was wanted is there
# Of scripts/packages: what only the builds and lanes of the host need.
NOT_INSIDE = ("clang", "driver-lxc", "golang", "kmod", "mmdebstrap", "perl", "qemu-system")
UNREAD = ("doc", "info", "man")  # folders of /usr/share
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

ENTER = r"""
root=$1 source=$2
shift 2
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount --rbind /dev dev
mount --bind "$source" src
mount -o remount,bind,ro src
exec chroot . "$@"
"""

GUARD = r"""
trap "" HUP INT TERM
cat >/dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf --one-file-system -- "$1" 2>/dev/null && exit
    sleep 1
done
"""


class Failed(Exception):
    """A command did not do its work; the text has the end of its log."""


class Stopped(Exception):
    """The run is being ended."""


@contextlib.contextmanager
def temporary_folder():
    """A folder that the guard removes. Not in /tmp unless TMPDIR says so: that may be small, or know no devices."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nwfilter-releases-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    folder.chmod(0o755)
    with subprocess.Popen(["sh", "-c", GUARD, "guard", folder], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, start_new_session=True, cwd="/"):
        yield folder


class Runner:
    """Runs commands with a log and a time limit; stop() ends all of them, from whatever thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._running = set()
        self._stopping = False

    def run(self, log, limit, command, **keywords):
        """Returns the exit status of a command, its output appended to the file `log`; None if it took too long."""
        with self._lock:
            if self._stopping:
                raise Stopped
            with open(log, "ab") as output:
                # --kill-child has the whole process namespace die with its parent.
                process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, command)], stdin=subprocess.DEVNULL,
                                           stdout=output, stderr=subprocess.STDOUT, **keywords)
            self._running.add(process)
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)
                stopping = self._stopping
            if stopping:
                raise Stopped

    def stop(self):
        """Ends what runs; whoever waits for it gets Stopped."""
        with self._lock:
            self._stopping = True
            for process in self._running:
                process.kill()

    def must(self, log, limit, command, what, **keywords):
        """Runs a command that has to succeed; `what` names it in the complaint."""
        status = self.run(log, limit, command, **keywords)
        if status != 0:
            end = "\n".join(pathlib.Path(log).read_text(errors="replace").splitlines()[-40:])
            raise Failed(f"{what}: {f'not done within {limit} s' if status is None else f'exit status {status}'}\n{end}")


def namespaces(*command):
    """A command in mount and process namespaces of its own."""
    return ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--", *command]


class Root:
    """The system of the release `suite` in `folder`; what is done to it is in the file `log`."""

    def __init__(self, suite, folder, log, runner):
        self.suite, self.folder, self.log, self.runner = suite, folder, log, runner

    @property
    def complete(self):
        """Whether make() was done here before, in a folder that is kept."""
        return (self.folder / COMPLETE).exists()

    def make(self, address):
        """Makes the system: Debian's essential packages and apt, then all that building and testing need."""
        if not self.complete:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._bootstrap(address)
        self._install()
        (self.folder / COMPLETE).touch()

    def _bootstrap(self, address):
        options = [f"--aptopt={line}" for line in [*mirror.settings(), 'Acquire::Languages "none";']]
        options += [f"--dpkgopt={line}" for line in ("force-unsafe-io", *(f"path-exclude=/usr/share/{name}/*" for name in UNREAD))]
        if address.startswith("https:"):
            options.append("--include=ca-certificates")
        self.runner.must(self.log, 600, namespaces("mmdebstrap", "--mode=root", "--variant=apt", "--format=directory", *options,
                                                   self.suite, self.folder, address), f"mmdebstrap of {self.suite}")
        for name in ("src", "setup", "results"):
            (self.folder / name).mkdir()
        policy = self.folder / "usr/sbin/policy-rc.d"  # no package starts a service
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def _install(self):
        for name in ("packages-demo", "packages"):
            lines = (SOURCE / "scripts" / name).read_text(encoding="utf-8").splitlines(keepends=True)
            wanted = [line for line in lines if not any(word in line for word in NOT_INSIDE)]
            (self.folder / "setup" / name).write_text("".join(wanted), encoding="utf-8")
        for name in ("install", "quietly"):
            shutil.copy(SOURCE / "scripts" / name, self.folder / "setup" / name)
        self.must(900, "/setup/install", what=f"packages of {self.suite}")

    def upgrade(self, suite, source):
        """Takes all installed packages of the source package `source` from `suite`, which is added to apt's sources."""
        base = (self.folder / "etc/apt/sources.list").read_text()
        (self.folder / "etc/apt/sources.list.d/more.list").write_text(base.replace(f" {self.suite} ", f" {suite} "))
        self.must(300, "apt-get", "-q", "update", what=f"list of {suite}")
        self.must(600, "sh", "-c", r"""apt-get -q -y --no-install-recommends -t "$1" install libvirt-daemon-driver-nwfilter \
            $(dpkg-query -W -f '${source:Package} ${binary:Package} ${db:Status-Status}\n' | sed -n "s/^$2 \(.*\) installed$/\1/p")
            """, "upgrade", suite, source, what=f"{source} of {suite}")

    def _inside(self, words, environment=()):
        """Command and environment for Popen of a command in the system."""
        settings = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **dict(environment)}
        settings.update((name, value) for name, value in os.environ.items() if name.lower().endswith("_proxy"))
        return namespaces("sh", "-euc", ENTER, "enter", self.folder, SOURCE, *words), settings

    def run(self, log, limit, *words, **environment):
        """Exit status of a command in the system, None if it took too long."""
        command, settings = self._inside(words, environment)
        return self.runner.run(log, limit, command, env=settings)

    def must(self, limit, *words, what):
        """Runs a command in the system that has to succeed."""
        command, settings = self._inside(words)
        self.runner.must(self.log, limit, command, what, env=settings)
