# SPDX-License-Identifier: LGPL-2.1-or-later
"""
tools.py: the firewall tools with faults at will

While a Tools block runs, a gate is mounted over the tools' programs: a script that first does what the test has laid down for the name
by which it was called, then becomes the real program. Whoever starts /usr/sbin/ebtables-restore meets the gate; nothing else differs.
The test's own programs come from a folder of real ones at the head of PATH.

A fault is a line of shell in which "$real" "$@" is the real call. WHAT names those that the tests use.

Limits: the programs of a package share one file, so all of them pass the gate; those without a fault lose a millisecond.
"""

import os
import pathlib
import shutil
import subprocess

HOME = pathlib.Path("/run/lab/tools")
REAL, FAULTS = HOME / "real", HOME / "faults"
FOLDER = pathlib.Path("/usr/sbin")
KINDS = ("ebtables", "iptables", "ip6tables")
RESTORE = tuple(f"{kind}-restore" for kind in KINDS)
SAVE = tuple(f"{kind}-save" for kind in KINDS)

GATE = f"""\
#!/bin/sh
name=${{0##*/}} real={REAL}/${{0##*/}} fault={FAULTS}/${{0##*/}}
[ ! -e "$fault" ] || . "$fault"
exec "$real" "$@"
"""

WHAT = {
    "fails": 'echo "nothing goes today" >&2; exit 1',
    "fails-silently": "exit 2",
    "nonsense": "head -c 200000 /dev/urandom; head -c 200000 /dev/urandom >&2; exit 3",
    "dies-before": "kill -KILL $$",
    "dies-after": '"$real" "$@"; kill -KILL $$',
    "no-descriptors": 'ulimit -n 3; exec "$real" "$@"',
    "no-memory": 'ulimit -v 3000; exec "$real" "$@"',
}
# Reports success, and has done nothing or a part; iptables and ebtables wait for ever on an input that is closed before they start.
LIES = {
    "null-device": 'exec "$real" "$@" </dev/null',
    "closed": "exec <&-; exit 0",
    "cut": 'head -c 100 | "$real" "$@"',
    "cut-by-itself": 'cat >"$fault.in"; sed "\\$d" "$fault.in" >"$fault.cut"; exec "$real" "$@" <"$fault.cut"',
    "idle": "cat >/dev/null; exit 0",
}
SLOW = "sleep {0}"
LATE = '"$real" "$@"; status=$?; sleep {0}; exit $status'
HANGS = "exec sleep 1000"


class Tools:
    """See the opening."""

    def __init__(self):
        self._mounted = []
        self._path = None

    # -- the gate ----------------------------------------------------------------------------------------------------

    def __enter__(self):
        for folder in (REAL, FAULTS):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        gate = HOME / "gate"
        gate.write_text(GATE)
        gate.chmod(0o755)
        targets = sorted({(FOLDER / name).resolve(strict=True) for name in (*RESTORE, *SAVE)})
        names = {entry.name: entry.resolve() for entry in FOLDER.iterdir()}
        for target in targets:
            copy = REAL / f"the-{target.name}"
            shutil.copy(target, copy)
            for name in (name for name, place in names.items() if place == target):
                (REAL / name).symlink_to(copy)
        self._path = os.environ["PATH"]
        os.environ["PATH"] = f"{REAL}:{self._path}"
        for target in targets:
            subprocess.run(["mount", "--bind", gate, target], check=True, capture_output=True, timeout=20)
            self._mounted.append(target)
        return self

    def __exit__(self, *_):
        self.mend()
        os.environ["PATH"] = self._path
        while self._mounted:
            subprocess.run(["umount", "--lazy", self._mounted.pop()], check=True, capture_output=True, timeout=20)

    # -- faults ------------------------------------------------------------------------------------------------------

    @staticmethod
    def spoil(names, what, after=0, times=1000000):
        """The tools `names` do `what` from now on; only `times` times, and not the first `after` times."""
        for name in [names] if isinstance(names, str) else names:
            (FAULTS / f"{name}.calls").write_text("0\n")
            new = FAULTS / f"{name}.new"
            new.write_text(f'calls=$(($(cat "$fault.calls") + 1)); echo $calls >"$fault.calls"\n'
                           f'if [ $calls -gt {after} ] && [ $calls -le {after + times} ]; then\n{what}\nfi\n')
            new.rename(FAULTS / name)

    @staticmethod
    def calls(name):
        """How often a spoiled tool was called since."""
        return int((FAULTS / f"{name}.calls").read_text() or 0)

    @staticmethod
    def mend():
        """All tools are well again."""
        for name in (*RESTORE, *SAVE):
            (FAULTS / name).unlink(missing_ok=True)


def running(pid):
    """Names of the programs of the tools, and of their gate, that the process `pid` has started and that still run."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            line = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # ended meanwhile
        if int(words[1]) == pid and words[0] != "Z":
            found += [word.decode() for word in line[:2] if word.endswith((b"-restore", b"-save"))]
    return found
