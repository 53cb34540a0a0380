# SPDX-License-Identifier: LGPL-2.1-or-later
"""
throwaway.py: a root folder that looks like the host's and whose changes nobody sees

The folder has the host's /usr, /etc and /var under overlays whose upper layers are in memory, empty places for the rest, and a copy
of the sources at /src. It is an ordinary folder, no mount point, as that of a chroot is that somebody made by hand. Commands run in
it by chroot(8), as they would there.

Invariant: made inside scripts/sandbox, whose end takes mounts and memory away.
"""

import os
import pathlib
import re
import shutil
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
LAYERED = ("usr", "etc", "var", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt")
EMPTY = ("dev", "proc", "sys", "run", "tmp", "root", "src")
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
BUILDS = re.compile(r"build(-.*)?|\.git")


def _uncopied(folder, names):
    return [name for name in names if name == "__pycache__" or pathlib.Path(folder) == SOURCE and BUILDS.fullmatch(name)]


class NoOverlay(Exception):
    """The kernel does not put an overlay over the host's folders; the text has its words."""


class Throwaway:
    """The folder. `enclosing` is where it is made, in memory."""

    def __init__(self, enclosing):
        self.root = enclosing / "root"
        self.layers = enclosing / "layers"
        self.root.mkdir(parents=True)
        for name in EMPTY:
            (self.root / name).mkdir()
        (self.root / "tmp").chmod(0o1777)
        for name, numbers in DEVICES.items():
            os.mknod(self.root / "dev" / name, 0o20666, os.makedev(*numbers))
            (self.root / "dev" / name).chmod(0o666)
        for name in LAYERED:
            self._overlay(pathlib.Path("/") / name)
        shutil.copytree(SOURCE, self.root / "src", symlinks=True, dirs_exist_ok=True, ignore=_uncopied)

    def layer(self, name):
        """The folder that has what was changed in the folder `name`."""
        return self.layers / name / "upper"

    def _overlay(self, lower):
        target, layers = self.root / lower.name, self.layers / lower.name
        if lower.is_symlink():
            target.symlink_to(os.readlink(lower))
        elif lower.is_dir():
            for folder in (layers / "upper", layers / "work", target):
                folder.mkdir(parents=True)
            options = f"lowerdir={lower},upperdir={layers / 'upper'},workdir={layers / 'work'}"
            done = subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", target], capture_output=True, text=True,
                                  timeout=30, check=False)
            if done.returncode:
                raise NoOverlay(done.stderr.strip())

    def put(self, path, text, mode=0o755):
        """Writes a file of the folder."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")
        (self.root / path).chmod(mode)

    def start(self, *command, folder="/src", **keywords):
        """Popen of a command there, whose output comes through one pipe."""
        words = ["env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items()), "sh", "-c", 'cd "$0" && exec "$@"', folder]
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "chroot", self.root, *words, *command], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, encoding="utf-8", **keywords)
