# SPDX-License-Identifier: LGPL-2.1-or-later
"""
daemon.py: start, stop, kill and reload a stock libvirtd with a chosen nwfilter module

The daemon is the distribution's, with all of its modules; only the file libvirt_driver_nwfilter.so is chosen: 'stock' is
libvirt's own, 'ours' is the one that the environment variable NWF_MODULE names. The choice is a folder of links in
LIBVIRT_DRIVER_DIR.

Invariants: a Daemon object starts at most one process at a time and always knows its id; start() returns only when the daemon has
answered a client or failed for good. Filters, bindings and kernel rules stay where they are between two runs, as on a host.

Limits: libvirt's paths are fixed, so one sandbox holds one privileged daemon (and, beside it, one per ordinary user).
"""

import contextlib
import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import time

import libvirt

from . import wait
from .client import Client, Failed, virsh

LAB = pathlib.Path("/run/lab")
MODULE_FILE = "libvirt_driver_nwfilter.so"
FILTERS = pathlib.Path("/etc/libvirt/nwfilter")
BINDINGS = pathlib.Path("/run/libvirt/nwfilter-binding")
SYSTEM = "nwfilter:///system"

SUPPRESSIONS = pathlib.Path(__file__).resolve().parents[2] / "unit/threads/daemon.suppressions"

RELOADS = "Reloading configuration on SIGHUP"  # the daemon's log line when it begins
RELOAD_THREAD = "daemon-reload"  # the thread that does it

CONFIG = """\
listen_tls = 0
listen_tcp = 0
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0700"
host_uuid = "3e0fcb42-2a9e-4f7f-9d4e-0b6ed1a7b6c1"
keepalive_interval = -1
log_level = 3
log_filters = "1:nwfilter 2:daemon"
log_outputs = "1:file:{log}"
"""


class DaemonFailed(AssertionError):
    """The daemon ended instead of serving; status and log say how."""

    def __init__(self, status, log):
        super().__init__(f"libvirtd ended with status {status}:\n{log}")
        self.status = status
        self.log = log


def _modules_folder():
    """Where the stock modules are (MODULE_FILE may be a diverted one; then NWF_STOCK_MODULE names the stock file)."""
    for pattern in ("/usr/lib/*/libvirt/connection-driver", "/usr/lib*/libvirt/connection-driver"):
        for folder in sorted(glob.glob(pattern)):
            return pathlib.Path(folder)
    raise FileNotFoundError("no folder of libvirt's modules; is libvirt-daemon installed?")


def module_path(driver):
    """The nwfilter module that `driver` ('ours' or 'stock') stands for."""
    if driver == "stock":
        return pathlib.Path(os.environ.get("NWF_STOCK_MODULE") or _modules_folder() / MODULE_FILE)
    if driver != "ours":
        raise ValueError(f"driver is 'ours' or 'stock', not {driver!r}")
    if not os.environ.get("NWF_MODULE"):
        raise FileNotFoundError("NWF_MODULE does not name the module to test")
    return pathlib.Path(os.environ["NWF_MODULE"]).resolve(strict=True)


def loader_of(program):
    """The dynamic loader that a program asks for."""
    text = subprocess.check_output(["ldd", program], text=True, timeout=20)
    return re.search(r"^\s*(/\S*/ld\S*\.so\S*) ", text, re.M)[1]


def sanitizer():
    """What a daemon needs for a module that was built with -Db_sanitize=thread: NWF_PRELOAD names the libraries.

    It has no other drivers then: they fork, and children of a process with threads hang in ThreadSanitizer.
    """
    if not os.environ.get("NWF_PRELOAD"):
        return {}
    options = f"second_deadlock_stack=1:suppressions={SUPPRESSIONS}:{os.environ.get('TSAN_OPTIONS', '')}"
    return {"LD_PRELOAD": os.environ["NWF_PRELOAD"], "G_SLICE": "always-malloc", "TSAN_OPTIONS": options}


class Daemon:
    """One libvirtd.

    `user` makes it an unprivileged one of that user; `environment` is added to its own, `arguments` to its command line.
    `config` is text that its configuration file ends with; the last line with a key counts.
    `preload` is a library that this process loads before all others, and the programs that it starts do not.
    `beside` is the name of one that is started beside the first: it has its own sockets and no driver but nwfilter, so that only
    that driver's lock is in its way.
    """

    def __init__(self, driver="ours", user=None, environment=None, beside=None, arguments=(), preload=None, config=""):
        if os.environ.get("NWF_SANDBOX") != "1":
            raise RuntimeError("daemons are started only inside scripts/sandbox")
        self.driver = driver
        self.user = user
        self.beside = beside
        self.module = module_path(driver)
        self.environment = dict(environment or {})
        self.arguments = list(arguments)
        self.preload = preload
        self.config = config
        self.program = shutil.which("libvirtd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if not self.program:
            raise FileNotFoundError("no libvirtd; is libvirt-daemon installed?")
        self.home = LAB / f"{driver}-{beside or user or 'system'}"
        self.log_file = self.home / "libvirtd.log"
        self.process = None
        self.ended = False  # the process was ended by this object, not by itself
        self._prepare()

    # -- the place -------------------------------------------------------------------------------------------------

    def _prepare(self):
        modules = self.home / "modules"
        shutil.rmtree(modules, ignore_errors=True)
        modules.mkdir(parents=True)
        for stock in _modules_folder().glob("libvirt_driver_*.so"):
            if stock.name != MODULE_FILE and not self.beside and not sanitizer():
                (modules / stock.name).symlink_to(stock)
        if self.user:
            shutil.copy(self.module, modules / MODULE_FILE)  # the folder of the checkout may be closed to this user
        else:
            (modules / MODULE_FILE).symlink_to(self.module)
        config = f"{CONFIG.format(log=self.log_file)}{self.config}\n"
        if self.beside:
            config += f'unix_sock_dir = "{self.home}"\n'
        (self.home / "libvirtd.conf").write_text(config)
        if self.user:
            account = pwd.getpwnam(self.user)
            for folder in (self.home, self.runtime):
                folder.mkdir(mode=0o700, exist_ok=True)
                os.chown(folder, account.pw_uid, account.pw_gid)

    @property
    def runtime(self):
        """XDG_RUNTIME_DIR of an unprivileged daemon and its clients."""
        return self.home / "run"

    @property
    def uri(self):
        """URI of the nwfilter driver; an unprivileged daemon is reached by its socket."""
        if not self.user and not self.beside:
            return SYSTEM
        return f"nwfilter+unix:///system?socket={self.socket}"

    @property
    def socket(self):
        """The daemon's socket for reading and writing."""
        folder = self.runtime / "libvirt" if self.user else self.home if self.beside else pathlib.Path("/run/libvirt")
        return folder / "libvirt-sock"

    def _command(self):
        command = [self.program, "-f", str(self.home / "libvirtd.conf"), *self.arguments]
        if self.beside:
            command += ["-p", str(self.home / "pid")]
        if self.preload:
            command = [loader_of(self.program), "--preload", str(self.preload), *command]
        if self.user:
            account = pwd.getpwnam(self.user)
            return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *command]
        return command

    def _environment(self):
        result = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                  "HOME": str(self.home), "LIBVIRT_DRIVER_DIR": str(self.home / "modules")}
        if self.user:
            result["XDG_RUNTIME_DIR"] = str(self.runtime)
        result.update(sanitizer())
        result.update(self.environment)
        return result

    # -- life ------------------------------------------------------------------------------------------------------

    @property
    def pid(self):
        """Process id of the running daemon, or None."""
        return self.process.pid if self.running else None

    @property
    def running(self):
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def spawn(self):
        """Starts the process and returns at once; a fresh log begins."""
        assert not self.running, "the daemon runs already"
        self.ended = False
        self.log_file.unlink(missing_ok=True)
        with open(self.home / "output", "wb") as output:
            self.process = subprocess.Popen(self._command(), env=self._environment(), stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=subprocess.STDOUT, start_new_session=True, cwd="/")
        return self

    def start(self, limit=60.0):
        """Starts the daemon and waits until it serves clients. Raises DaemonFailed if it ends instead."""
        self.spawn()
        end = time.monotonic() + limit
        while not self._answers():
            if not self.running:
                status, self.process = self.process.returncode, None
                raise DaemonFailed(status, self.log())
            if time.monotonic() > end:
                self.kill()
                raise wait.Timeout(f"libvirtd did not answer within {limit:g} s:\n{self.log()}")
            time.sleep(0.01)
        return self

    def _answers(self):
        """A client that connects is served only after all drivers are ready, so the first answer means ready."""
        if not self.socket.exists():
            return False
        with wait.Watchdog(60.0, self.kill_process):
            try:
                Client(self.uri).close()
                return True
            except Failed as error:
                # From the wire: the socket of an earlier run, or the daemon ended. Anything else is the daemon's answer.
                return error.domain != libvirt.VIR_FROM_RPC and self.running

    def kill_process(self):
        """Kills the daemon and its children without waiting; for watchdogs. A child can hold a client's connection open."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self, limit=40.0):
        """Ends the daemon by SIGTERM and returns its exit status; one that does not go is killed and reported."""
        return self._end(signal.SIGTERM, limit)

    def kill(self):
        """Ends the daemon by SIGKILL."""
        return self._end(signal.SIGKILL, 10.0)

    def _end(self, number, limit):
        if self.process is None:
            return None
        if self.running:
            self.ended = True
            self.process.send_signal(number)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            log = self.log()
            self.process.kill()
            self.process.wait(10.0)
            raise wait.Timeout(f"libvirtd did not end within {limit:g} s of signal {number}:\n{log}") from None

    def restart(self, by=signal.SIGTERM):
        """Ends the daemon by the signal `by` and starts it again."""
        self._end(by, 40.0)
        return self.start()

    def reload(self, limit=60.0):
        """Has the daemon reload (SIGHUP), and returns when it has done all that it does then."""
        self.settle(limit)
        before = self.log().count(RELOADS)
        self.process.send_signal(signal.SIGHUP)
        wait.until(lambda: self.log().count(RELOADS) > before, "the daemon noticed SIGHUP", limit)
        self.settle(limit)

    def settle(self, limit=60.0):
        """Waits for a reload that is under way; a SIGHUP during one would be ignored."""
        quiet = 0

        def is_quiet():
            nonlocal quiet
            quiet = 0 if RELOAD_THREAD in self.threads() else quiet + 1
            return quiet > 3  # the thread may be about to begin

        wait.until(is_quiet, "the daemon finished its reload", limit)

    def threads(self):
        """Names of the daemon's threads, as the kernel shows them."""
        names = []
        for comm in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/comm"):
            try:
                names.append(comm.read_text().strip())
            except OSError:
                pass  # the thread ended meanwhile
        return names

    def log(self):
        """Text of the log since the last start, after what the daemon wrote to its standard output."""
        parts = [path.read_text(errors="replace") for path in (self.home / "output", self.log_file) if path.exists()]
        return "".join(parts)

    def races(self):
        """What ThreadSanitizer said since the last start, if the daemon runs under it."""
        output = (self.home / "output").read_text(errors="replace") if sanitizer() else ""
        return output if "WARNING: ThreadSanitizer" in output else ""

    # -- talking to it -----------------------------------------------------------------------------------------------

    def client(self, uri=None, readonly=False):
        """A new Client of this daemon."""
        return Client(uri or self.uri, readonly=readonly)

    def virsh(self, *arguments, **keywords):
        """Runs virsh against this daemon; see client.virsh."""
        keywords.setdefault("uri", self.uri)
        return virsh(*arguments, **keywords)

    def __enter__(self):
        return self if self.running else self.start()

    def __exit__(self, *_):
        if self.running:
            self.kill()
