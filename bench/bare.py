# SPDX-License-Identifier: LGPL-2.1-or-later
"""
bare.py: the least that a create can cost: the same batch given to ebtables-restore without any daemon

The batch is what virt-nwfilter says that the port's filter becomes, and it is held against what a create of the daemon leaves in the
kernel. It is run by posix_spawn from a file, its output thrown away, and waited for: nothing around the tool could be cheaper.

Each turn takes, one after the other and in alternating order, a create by the API and the bare batch, so that both see the
same machine. In between the port's rules are taken away again, by the daemon or by a batch made here, and the kernel is given a
moment to clear up after it: it frees deleted rules later, and would do so at the cost of whoever comes next.

Beside them, to see where the time of a create goes: the CPU time of the daemon itself, the tool with an empty batch (its start, and its reading of the table), a
program that does nothing, and a call of the API that only looks something up.
"""

import os
import pathlib
import shutil
import subprocess
import time

import world as worlds
from world import binding, clock, name_of, restore

MOMENT = 0.05  # seconds

FOLDER = pathlib.Path("/run/lab")
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
BUILT_IN = ("PREROUTING", "POSTROUTING")


def batch_of(number):
    """The batch that makes the rules of the port."""
    document = FOLDER / "binding.xml"
    document.write_text(binding(number))
    filters = "/etc/libvirt/nwfilter"
    text = subprocess.check_output([os.environ["NWF_TOOL"], "compile", f"{filters}/{worlds.FILTER}.xml", "--filter-dir", filters,
                                    "--binding", document], text=True, timeout=30)
    return "".join(line for line in text.splitlines(True) if not line.startswith("#"))


def undo_of(batch):
    """The batch that takes these rules and chains away."""
    lines = batch.splitlines()
    jumps = [line.replace("-A ", "-D ", 1) for line in lines if line.startswith("-A ") and line.split()[1] in BUILT_IN]
    chains = [line[1:].split()[0] for line in lines if line.startswith(":")]
    return "\n".join(["*nat", *jumps, *(f"-F {chain}" for chain in chains), *(f"-X {chain}" for chain in chains)]) + "\n"


def spawn(program, *arguments, stdin=os.devnull):
    """Runs a program with as little around it as there can be."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, str(stdin), os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
               (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    _, status = os.waitpid(os.posix_spawn(program, [program, *arguments], ENVIRONMENT, file_actions=actions), 0)
    if status:
        raise RuntimeError(f"{program} {' '.join(arguments)}: status {os.waitstatus_to_exitcode(status)}")


class Bare:
    """The measured port's batch, as files, in a world of our driver."""

    def __init__(self, world):
        self.world = world
        self.batch = batch_of(0)
        self.undo = undo_of(self.batch)
        self.tool = shutil.which("ebtables-restore")
        self.files = {name: FOLDER / f"{name}.batch" for name in ("bare", "empty")}
        self.files["bare"].write_text(self.batch)
        self.files["empty"].write_text("*nat\n")
        self.check()

    def check(self):
        """The bare batch leaves in the kernel what a create leaves."""
        before = worlds.rule_lines()
        restore(self.batch)
        bare = worlds.rule_lines()
        restore(self.undo)
        if worlds.rule_lines() != before:
            raise RuntimeError("the bare batch was not taken away without a trace")
        self.world.client.bind(binding(0))
        created = worlds.rule_lines()
        self.world.client.unbind(name_of(0))
        if bare != created or bare == before:
            raise RuntimeError("the bare batch is not what the daemon does")

    def create(self):
        """Seconds of a create by the API, and how much CPU time of the daemon's own threads was in it."""
        before = self.world.own_time()
        seconds = clock(self.world.client.bind, binding(0))
        own = self.world.own_time() - before
        self.world.client.unbind(name_of(0))
        return {"create": seconds, "own": own}

    def run(self, name):
        """Seconds of a bare run."""
        return {name: clock(lambda: spawn(self.tool, "--noflush", stdin=self.files[name]))}

    def bare(self):
        """Seconds of the bare batch."""
        result = self.run("bare")
        restore(self.undo)
        return result

    def turn(self, number):
        """{what: seconds} of one turn."""
        compared = (self.create, self.bare)
        look_up = self.world.client.connection.nwfilterLookupByName
        rest = (lambda: self.run("empty"), lambda: {"nothing": clock(spawn, "/usr/bin/true")},
                lambda: {"lookup": clock(look_up, worlds.FILTER)})
        result = {}
        for function in (*(compared if number % 2 else compared[::-1]), *rest):
            time.sleep(MOMENT)
            result.update(function())
        return result
