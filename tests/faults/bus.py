# SPDX-License-Identifier: LGPL-2.1-or-later
"""
bus.py: a system bus and a firewalld of the sandbox's own

The bus listens where programs look for the system's, since /run is the sandbox's own; everybody in there is root and may do everything.
firewalld is Debian's, unpacked into a folder (scripts/firewalld) that NWF_FIREWALLD names; its settings are a copy of its package's.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess

from nwflab import wait

HOME = pathlib.Path("/run/lab/bus")
SOCKET = pathlib.Path("/run/dbus/system_bus_socket")
LIMIT = 40.0

BUS = f"""\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={SOCKET}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_type="*"/> <allow receive_type="*"/> <allow send_destination="*"/>
  </policy>
</busconfig>
"""


@contextlib.contextmanager
def process(name, command, **environment):
    """A program that runs while the block does; its output is in HOME."""
    with open(HOME / f"{name}.log", "ab") as log:
        child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 env={**os.environ, "LC_ALL": "C.UTF-8", **environment})
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(20)


@contextlib.contextmanager
def system_bus():
    """The bus while the block runs."""
    for folder in (HOME, SOCKET.parent):
        folder.mkdir(parents=True, exist_ok=True)
    SOCKET.unlink(missing_ok=True)
    (HOME / "bus.conf").write_text(BUS)
    with process("bus", ["dbus-daemon", f"--config-file={HOME / 'bus.conf'}", "--nofork", "--nopidfile"]):
        wait.until(SOCKET.exists, "the bus is there", LIMIT)
        yield
    SOCKET.unlink(missing_ok=True)


class Firewalld:
    """The firewalld in `folder`, with one of its own backends: 'nftables' or 'iptables'."""

    def __init__(self, folder, backend):
        self._folder = pathlib.Path(folder)
        self._settings = HOME / f"firewalld-{backend}"
        shutil.rmtree(self._settings, ignore_errors=True)
        shutil.copytree(self._folder / "etc" / "firewalld", self._settings)
        path = self._settings / "firewalld.conf"
        lines = [line for line in path.read_text().splitlines() if not line.startswith("FirewallBackend")]
        path.write_text("\n".join([*lines, f"FirewallBackend={backend}", ""]))
        self._environment = {"PYTHONPATH": str(self._folder / "usr" / "lib" / "python3" / "dist-packages")}

    @contextlib.contextmanager
    def running(self):
        """firewalld while the block runs; it has made its rules when the block begins, and taken them away after it."""
        command = ["/usr/bin/python3", self._folder / "usr" / "sbin" / "firewalld", "--nofork", "--nopid", "--system-config", self._settings,
                   "--default-config", self._folder / "usr" / "lib" / "firewalld"]
        with process("firewalld", command, **self._environment) as child:
            wait.until(lambda: child.poll() is not None or self.says("--state") == "running", "firewalld runs", LIMIT, pause=0.2)
            assert child.poll() is None, (HOME / "firewalld.log").read_text()[-3000:]
            yield self

    def says(self, *words):
        """What firewall-cmd answers, or how it fails."""
        done = subprocess.run(["/usr/bin/python3", str(self._folder / "usr" / "bin" / "firewall-cmd"), *words], capture_output=True,
                              text=True, timeout=LIMIT, check=False, env={**os.environ, "LC_ALL": "C.UTF-8", **self._environment})
        return done.stdout.strip() if done.returncode == 0 else f"status {done.returncode}: {done.stderr.strip()}"
