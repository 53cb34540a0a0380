# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: programs in other languages that make calls for a test
"""

import json
import os
import pathlib
import select
import shutil
import subprocess

import pytest

from nwflab.fixtures import fixture_lab, pytest_runtest_makereport  # noqa: F401 pylint: disable=unused-import

HERE = pathlib.Path(__file__).parent
LIMIT = 30.0  # seconds that an answer may take
GO_PACKAGE = "github.com/libvirt/libvirt-go"
GO_CODE = pathlib.Path("/usr/share/gocode")  # where Debian's packages of Go code are


class Failed(Exception):
    """A call failed: code, domain, message."""

    def __init__(self, code, domain, message):
        super().__init__(f"{code}/{domain}: {message}")
        self.code, self.domain, self.message = code, domain, message


class Speaker:
    """A running program; speaker.call("define", xml) has it make a call. Its opening may fail like any call."""

    def __init__(self, command, uri, readonly):
        self.process = subprocess.Popen([*command, uri, *(["readonly"] if readonly else [])], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=dict(os.environ, LC_ALL="C.UTF-8"))
        try:
            self._answer()
        except Failed:
            self.close()
            raise

    def _answer(self):
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        line = self.process.stdout.readline() if ready else b""
        assert line, f"no answer within {LIMIT:g} s" if not ready else f"the program ended with status {self.process.wait(5)}"
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(*answer["error"])
        return answer["value"]

    def call(self, *words):
        """Value of a call; its error is raised as Failed."""
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self):
        """Ends the program, which ends by itself when nothing is asked any more."""
        self.process.stdin.close()
        try:
            return self.process.wait(LIMIT)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def perl_command(_):
    """The Perl program, if Sys::Virt is here."""
    perl = shutil.which("perl")
    done = perl and subprocess.run([perl, "-MSys::Virt", "-MJSON::PP", "-e", "1"], capture_output=True, text=True, timeout=60, check=False)
    if not done or done.returncode:
        pytest.skip(done.stderr.splitlines()[0] if done else "no perl")
    return [perl, str(HERE / "calls.pl")]


def go_command(folder):
    """The Go program, built from what is on this machine alone, if libvirt's package is here and builds with this libvirt."""
    go = shutil.which("go")
    if not go:
        pytest.skip("no go")
    if not (GO_CODE / "src" / GO_PACKAGE).is_dir():
        pytest.skip(f"{GO_PACKAGE} is not installed")
    (folder / "nwfilter-calls").mkdir()
    shutil.copy(HERE / "calls.go", folder / "nwfilter-calls")
    cache = pathlib.Path(os.environ.get("NWF_BUILD") or folder) / "go-cache"  # the package takes a while
    settings = dict(os.environ, GO111MODULE="off", GOPATH=str(GO_CODE), GOPROXY="off", GOFLAGS="", GOTOOLCHAIN="local",
                    GOCACHE=str(cache), CGO_CFLAGS="-O0")

    def build(*words):
        return subprocess.run([go, "build", *words], cwd=folder / "nwfilter-calls", env=settings, capture_output=True, text=True,
                              timeout=600, check=False)

    package = build(GO_PACKAGE)
    if package.returncode:
        pytest.skip(f"{GO_PACKAGE} does not build here: {package.stderr.strip()[:300]}")
    program = build("-o", str(folder / "calls"), "calls.go")
    assert program.returncode == 0, program.stderr
    return [str(folder / "calls")]


LANGUAGES = {"perl": perl_command, "go": go_command}


@pytest.fixture(scope="session", name="command", params=LANGUAGES)
def fixture_command(request, driver, tmp_path_factory):
    """Command of a language's program."""
    assert driver
    return LANGUAGES[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(name="speak")
def fixture_speak(lab, command):
    """speak(uri, readonly=False): a program that is connected."""
    speakers = []

    def speak(uri="nwfilter:///system", readonly=False):
        assert lab.daemon.running
        speakers.append(Speaker(command, uri, readonly))
        return speakers[-1]

    yield speak
    for speaker in speakers:
        assert speaker.close() == 0
