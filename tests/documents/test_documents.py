# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_documents.py: what the documents tell newcomers to type works, and prints what they say

README.md and troubleshooting.md are pasted into the shell of scripts/demo --shell, install.md into one of a throw-away root in which the
driver is built, put in the place of the stock module, taken out and uninstalled. What is not run is listed in unrun.py.
"""

import filecmp
import os
import pathlib
import shutil
import subprocess

import pytest

import document
from session import Session
from throwaway import SOURCE
from unrun import PROGRAMS, STAND_INS, STATUS, UNRUN

README, INSTALL, TROUBLESHOOTING = "README.md", "docs/install.md", "docs/troubleshooting.md"
DOCUMENTS = (README, INSTALL, TROUBLESHOOTING)
LOADED = "grep -ho '/.*libvirt_driver_nwfilter[^ ]*' /proc/$(pidof libvirtd)/maps | sort -u"


# What somebody did to the sandbox who needs troubleshooting.md.
TROUBLES = ("guest A ping -i 0.2 10.77.1.12 >/dev/null 2>&1 &",
            """echo "<filter name='odd'><rule action='drop' direction='in' mood='bad'/></filter>" >odd.xml; virsh nwfilter-define odd.xml""",
            "nft flush ruleset; until journalctl | grep -q 'from outside'; do sleep 0.1; done")
HOME = "root"  # the folder of a throw-away root that has the module and the tool


def text_of(name):
    """A document."""
    return (SOURCE / name).read_text(encoding="utf-8")


def paste(session, block):
    """Runs the commands of a block; all succeed, and what the document shows was printed. Returns {command: output}."""
    outputs = {}
    for command in block.commands:
        if command in UNRUN:
            continue
        status, outputs[command] = session.run(command)
        assert status == STATUS.get(command, 0), f"{block.heading}: {command}: status {status}:\n{outputs[command][-4000:]}"
    missing = document.unprinted(block.prints, "".join(outputs.values()))
    assert missing == [], f"{block.heading}: not printed: {missing}, but:\n{''.join(outputs.values())}"
    return outputs


def is_of_the_host(path, layer):
    """Whether a file of the layer over /usr is the one that the host has there."""
    host = pathlib.Path("/usr") / path.relative_to(layer)
    return host.is_file() and filecmp.cmp(host, path, shallow=False)


@pytest.fixture(name="place", scope="module")
def fixture_place(throwaway):
    """The throw-away root, with what stands for systemd and a module that is built already."""
    for name, text in STAND_INS.items():
        throwaway.put(f"usr/local/bin/{name}", text)
    for name in ("NWF_MODULE", "NWF_TOOL"):
        shutil.copy(os.environ[name], throwaway.root / HOME)
    return throwaway


@pytest.mark.parametrize("name", DOCUMENTS)
def test_blocks_can_be_pasted(name):
    """They are fenced with a language that says what they are, without prompts."""
    assert document.faults(text_of(name)) == []
    assert document.faults("```sh\n$ ls\n```\n\n    ls\n\n```bash\nls\n```\n") != []


def test_each_command_is_run_or_listed():
    """Those within sentences, too; and the list has nothing that no document has."""
    run = [command for name in DOCUMENTS for block in document.blocks(text_of(name)) for command in block.commands]
    said = [span for name in DOCUMENTS for span in document.spans(text_of(name)) if span.split()[0] in PROGRAMS]
    assert len(run) > 40 and len(said) > 10
    unknown = [span for span in said if span not in UNRUN and not any(command.startswith(span) for command in run)]
    assert unknown == []
    assert [command for command in {**UNRUN, **STATUS} if command not in run and command not in said] == []


def test_worked_example_and_troubleshooting(place):
    """A newcomer follows README.md into the sandbox's shell, and then looks for a fault there."""
    words = [f"{name}=/{HOME}/{os.path.basename(os.environ[name])}" for name in ("NWF_MODULE", "NWF_TOOL")]
    with Session(place.start("env", *words, "scripts/demo", "--ports", "1", "--shell", stdin=subprocess.PIPE)) as session:
        for block in document.blocks(text_of(README)):
            paste(session, block)
        for trouble in TROUBLES:
            session.run(trouble)
        for block in document.blocks(text_of(TROUBLESHOOTING)):
            paste(session, block)


def test_install_and_uninstall(place):
    """Build, install, divert, look, go back, uninstall; in the end the root has what it had."""
    before = (place.root / "var/lib/dpkg/diversions").read_bytes()
    with Session(place.start("scripts/sandbox", "--", "bash", stdin=subprocess.PIPE)) as session:
        setups = []
        for block in document.blocks(text_of(INSTALL)):
            outputs = paste(session, block)
            setups += [output for command, output in outputs.items() if command.startswith("meson setup ")]
            if "Go back" in block.heading:
                assert "/connection-driver/libvirt_driver_nwfilter.so" in session.run(LOADED)[1]
    assert len(setups) == 1 and "-Dtests=true builds them" in setups[0] and "-Dwerror=true" in setups[0], setups
    assert (place.root / "var/lib/dpkg/diversions").read_bytes() == before
    left = [path for path in place.layer("usr").rglob("*nwfilter*") if path.is_file() and path.name not in STAND_INS]
    assert [path for path in left if not is_of_the_host(path, place.layer("usr"))] == []
