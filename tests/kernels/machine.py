# SPDX-License-Identifier: LGPL-2.1-or-later
"""
machine.py: a whole machine with a kernel of its own, whose system is the host's

qemu emulates it. The host's files are shared with it for reading: the same programs and libraries, so the module that was
built here runs there. What it writes is in its memory, but for one folder in which orders, logs and results are exchanged.

Invariants: nothing of the host can be written but that folder; a machine ends with this program, however that ends.

Limits: the host's processor does nothing for it, so everything takes ten times as long and more.
"""

import os
import pathlib
import shlex
import subprocess
import threading
import time

from nwflab import initrd

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
QEMU = "qemu-system-x86_64"
DRIVERS = ("virtio_pci", "9pnet_virtio", "9p", "overlay")  # what it takes to get at the host's files
MEMORY = 1536  # MiB; what is written by tests is in there, too
# One processor: where more are emulated they wait for each other most of the time. The kernel does not test the timer: where the host
# is busy ticks come too late, and it would give up ("IO-APIC + timer doesn't work").
BOOT = ("console=ttyS0", "quiet", "panic=-1", "mitigations=off", "init_on_alloc=0", "tsc=reliable", "no_timer_check", "random.trust_cpu=on")
BOOT_LIMIT = 300.0

# The host's files as the machine sees them: with all that is mounted, without the insides of the host's kernel.
SHARE = r"""
root=$1
shift
mount --rbind / "$root"
for folder in proc sys dev run; do
    mount -t tmpfs -o mode=0755 tmpfs "$root/$folder"
done
exec "$@"
"""


class Failed(Exception):
    """A machine did not do what was asked of it; the text has the end of its console or log."""


def tail(path, lines=40):
    """The end of a text that may not be there."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


class Machine:
    """Boots the kernel in the folder `kernel` (see scripts/guest-kernel) with the tools' `variant`; `folder` is for its files.

    `stages` is {name: command}: they run one after the other, then the machine ends. `settings` is the commands' environment.
    """

    def __init__(self, kernel, variant, folder, stages, settings):
        self.kernel, self.folder, self.stages = kernel, folder, list(stages)
        self.exchange = folder / "exchange"
        self.exchange.mkdir(parents=True)
        (folder / "host").mkdir()
        for name, command in stages.items():
            (self.exchange / f"{name}.command").write_text(shlex.join(map(str, command)))
        orders = {"modules": kernel / "lib" / "modules", "variant": variant, "stages": " ".join(stages)}
        lines = [f"{name}={shlex.quote(str(value))}" for name, value in orders.items()]
        lines += [f"export {name}={shlex.quote(str(value))}" for name, value in settings.items()]
        (self.exchange / "orders").write_text("\n".join([*lines, ""]))
        (self.exchange / "run").write_bytes((HERE / "guest" / "run").read_bytes())
        self._process = None
        self._lock = threading.Lock()
        self._ended = False

    def start(self):
        """Switches it on."""
        image = initrd.build(self.kernel, {"init": (HERE / "guest" / "init").read_text()}, self.folder)
        shared = [word for name, tag, options in (("host", "host", ",readonly=on"), ("exchange", "exchange", ""))
                  for word in ("-fsdev", f"local,id={tag},path={self.folder / name},security_model=none,multidevs=remap{options}",
                               "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}")]
        command = [QEMU, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-accel", "tcg", "-cpu", "max",
                   "-m", MEMORY, "-smp", 1, "-serial", f"file:{self.folder / 'console'}", "-kernel", self.kernel / "vmlinuz",
                   "-initrd", image, "-append", " ".join(BOOT), *shared]
        place = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-euc", SHARE, "share", self.folder / "host"]
        with self._lock:
            if self._ended:
                raise Failed("the run is being ended")
            with open(self.folder / "qemu.log", "wb") as output:
                self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, [*place, *command])],
                                                 stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                                 env=dict(os.environ, LC_ALL="C"))

    def log(self, stage):
        """Path of what a stage printed."""
        return self.exchange / f"{stage}.log"

    def wait_for(self, stage, limit):
        """Exit status of a stage; Failed if the machine does not come so far."""
        status, begin = self.exchange / f"{stage}.status", None
        booted = time.monotonic() + BOOT_LIMIT
        while not status.exists():
            now = time.monotonic()
            if begin is None and self.log(stage).exists():
                begin = now
            late = now > begin + limit if begin else now > booted
            if late or self._process.poll() is not None:
                time.sleep(0.2)
                if status.exists():
                    break
                what = f"was not done within {limit:g} s" if late and begin else "has not begun" if late else "was cut short"
                raise Failed(f"the stage '{stage}' {what}\n{tail(self.folder / 'qemu.log')}\n{tail(self.folder / 'console')}\n"
                             f"{tail(self.log(stage))}")
            time.sleep(0.1)
        return int(status.read_text())

    def close(self):
        """Ends it."""
        with self._lock:
            self._ended = True
        if self._process:
            self._process.kill()
            self._process.wait()
