# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_files.py: the state file and the stock lease file: damaged ones, full and read-only disks, a daemon that dies at the worst
moment, and the way to the stock driver and back
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from nwflab import wait
from nwflab.guests import A, B, port_of
from nwflab.learning import CLEAN, LEASES, STATE, Host, key_of
from nwflab.texts import binding_xml

pytestmark = pytest.mark.ours("the files are this driver's")

FIRST, SECOND, THIRD = "10.77.0.151", "10.77.0.152", "10.77.0.153"


@contextlib.contextmanager
def away(host):
    """The daemon is not there while the block runs."""
    host.lab.hang_up()
    host.lab.daemon.stop()
    yield
    host.lab.daemon.start()


def in_an_hour():
    """An expiry."""
    return int(time.time()) + 3600


# -- files that are damaged ----------------------------------------------------------------------------------------------------

KEY = "{key}"
BAD_LINES = {
    "empty": "",
    "blanks": "    ",
    "three-fields": f"{{time}} {KEY} {SECOND}",
    "one-word": "rubbish",
    "no-number": f"soon {KEY} {SECOND} 0.0.0.0",
    "negative": f"-1 {KEY} {SECOND} 0.0.0.0",
    "hexadecimal": f"0xffffffff {KEY} {SECOND} 0.0.0.0",
    "too-large": f"99999999999999999999999 {KEY} {SECOND} 0.0.0.0",
    "short-key": f"{{time}} 1-2 {SECOND} 0.0.0.0",
    "long-key": f"{{time}} {KEY}0 {SECOND} 0.0.0.0",
    "bad-address": f"{{time}} {KEY} 10.77.0 0.0.0.0",
    "unusable-address": f"{{time}} {KEY} 224.0.0.5 0.0.0.0",
    "zero-address": f"{{time}} {KEY} 0.0.0.0 0.0.0.0",
    "over": f"12345 {KEY} {SECOND} 0.0.0.0",
    "overlong": f"{{time}} {KEY} {SECOND} 0.0.0.0 " + "x" * 5000,
    "binary": "\x00\x01\xff\xfe" * 40,
    "ended-unknown": f"0 {KEY} {SECOND} 0.0.0.0",
}


def bind_with_lines(host, before, lines, behind=""):
    """A guest is bound whose lease file was these lines, around a good one."""
    owner = host.owner()
    fill = {"key": key_of(owner, A.mac), "time": in_an_hour()}
    good = f"{fill['time']} {fill['key']} {FIRST} 10.77.0.12\n"
    with away(host):
        STATE.unlink(missing_ok=True)
        LEASES.parent.mkdir(parents=True, exist_ok=True)
        around = ["".join(line.format(**fill) + "\n" for line in part) for part in (before, lines)]
        text = around[0] + good + around[1] + behind
        LEASES.write_bytes(text.encode("latin-1"))
    host.bind_dhcp(A, owner=owner)


@pytest.fixture(name="clean_files")
def fixture_clean_files():
    """No file of this test stays."""
    yield
    for path in LEASES.parent.glob("nwfilter.leases*"):
        path.unlink()


@pytest.mark.usefixtures("clean_files")
def test_bad_lines_harm_nobody(host):
    """All kinds of them at once, before and behind a good one, which counts; nothing else does."""
    bind_with_lines(host, BAD_LINES.values(), BAD_LINES.values())
    assert host.addresses(port_of(A)) == [FIRST]
    assert (LEASES.parent / "nwfilter.leases.bad").exists()
    assert host.lab.daemon.running


@pytest.mark.usefixtures("clean_files")
@pytest.mark.parametrize("name", ["three-fields", "overlong", "short-key", "binary"])
def test_bad_line_harms_nobody(host, name):
    """One at a time: those behind which the stock driver does not read on."""
    bind_with_lines(host, [BAD_LINES[name]], [])
    assert host.addresses(port_of(A)) == [FIRST]


@pytest.mark.usefixtures("clean_files")
@pytest.mark.parametrize("lines, behind, addresses", [
    (["{time} {key} " + SECOND + " 0.0.0.0 more fields"], "", [FIRST, SECOND]),
    (["18446744073709551615 {key} " + SECOND + " 0.0.0.0"], "", [FIRST, SECOND]),
    (["0 {key} " + FIRST + " 0.0.0.0"], "", None),
    (["12345 {key} " + FIRST + " 0.0.0.0"], "", None),
    (["{time} {key} " + SECOND + " nonsense"], "", [FIRST, SECOND]),
    ([], "9999999999 no newline", [FIRST]),
], ids=["more-fields", "without-end", "ended", "over-now", "unusable-server", "no-newline"])
def test_lines_that_mean_something(host, lines, behind, addresses):
    """Later lines of a key and address replace earlier ones."""
    bind_with_lines(host, [], lines, behind)
    found = host.addresses(port_of(A))
    if "unusable" in str(lines):
        assert found[:1] == [FIRST]
    elif addresses == [FIRST, SECOND]:
        assert sorted(found) == addresses
    else:
        assert found == addresses


@pytest.mark.usefixtures("clean_files")
def test_large_file(host):
    """A mebibyte of leases of others, and of rubbish."""
    others = [f"{in_an_hour()} {key_of(f'5ec00000-0000-4000-8000-{number:012x}', A.mac)} 10.78.{number >> 8 & 255}.{number & 255} 0.0.0.0"
              for number in range(1 << 20, (1 << 20) + 6000)]
    bind_with_lines(host, others, ["rubbish " * 20] * 3000)
    assert host.addresses(port_of(A)) == [FIRST]
    with away(host):
        STATE.unlink(missing_ok=True)
        LEASES.write_bytes(os.urandom(1 << 20))
    assert host.lab.daemon.running
    with away(host):
        STATE.unlink(missing_ok=True)
        LEASES.unlink()


def test_state_file_that_was_touched(host):
    """A line with another content than it was written with teaches nothing, the others do."""
    host.bind(A)
    host.show(A, A.ip)
    host.bind(B)
    host.show(B, B.ip)
    with away(host):
        STATE.write_text(STATE.read_text().replace(f" {A.ip} ", f" {FIRST} ") + "rubbish\n")
    assert host.addresses(port_of(B)) == [B.ip]
    assert host.settled(A)
    with away(host):
        STATE.write_bytes(os.urandom(5000))
    assert host.settled(A) and host.settled(B)


def test_file_of_another_boot(host):
    """Numbers of devices mean something else then."""
    host.bind(A)
    host.show(A, A.ip)
    host.lab.hang_up()
    host.lab.daemon.stop()
    boot = pathlib.Path("/run/lab/boot_id")
    boot.write_text("0f0f0f0f-1111-4222-8333-444444444444\n")
    subprocess.run(["mount", "--bind", boot, "/proc/sys/kernel/random/boot_id"], check=True, timeout=20)
    try:
        host.lab.daemon.start()
        assert host.settled(A)
    finally:
        subprocess.run(["umount", "/proc/sys/kernel/random/boot_id"], check=True, timeout=20)
        host.lab.hang_up()
        host.lab.restart()


def test_files_are_private(host):
    """Who has which address is nobody's affair."""
    host.bind(A)
    host.show(A, A.ip)
    assert STATE.stat().st_mode & 0o777 == 0o600
    assert STATE.parent.stat().st_mode & 0o777 == 0o700


# -- disks ---------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(host, size="16k"):
    """The folder of the state file is a disk of its own."""
    with away(host):
        kept = STATE.read_bytes() if STATE.exists() else None
        STATE.parent.mkdir(mode=0o700, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", STATE.parent], check=True, timeout=20)
        if kept:
            STATE.write_bytes(kept)
    try:
        yield
    finally:
        host.lab.hang_up()
        host.lab.daemon.stop()
        subprocess.run(["umount", STATE.parent], check=True, timeout=20)
        host.lab.daemon.start()


def saved(*addresses):
    """Whether the state file has these addresses."""
    text = STATE.read_text() if STATE.exists() else ""
    return all(f" {address} " in text for address in addresses)


def test_full_disk(host):
    """The guest gets its rules all the same; the old file stays whole, and when there is room again the new one is written."""
    with small_disk(host):
        host.bind_dhcp(A)
        host.lease(A, FIRST)
        host.has(A, FIRST)
        assert saved(FIRST)
        before = STATE.read_bytes()
        ballast = STATE.parent / "ballast"
        with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as output:
            while True:
                output.write(bytes(4096))
        host.lease(A, SECOND)
        host.has(A, FIRST, SECOND)
        assert STATE.read_bytes() == before
        wait.until(lambda: "may be lost" in host.lab.log(), "the administrator is told")
        ballast.unlink()
        wait.until(lambda: saved(FIRST, SECOND), "the file is written when there is room", 20)
        host.lab.restart(by=signal.SIGKILL)
        assert host.addresses(port_of(A)) == [FIRST, SECOND]


def test_read_only_disk(host):
    """The same, and a daemon that starts on one lives."""
    with small_disk(host):
        host.bind_dhcp(A)
        host.lease(A, FIRST)
        host.has(A, FIRST)
        subprocess.run(["mount", "-o", "remount,ro", STATE.parent], check=True, timeout=20)
        host.lease(A, SECOND)
        host.has(A, FIRST, SECOND)
        host.lab.restart()
        assert FIRST in host.addresses(port_of(A))
        assert host.passes(A, FIRST) and not host.passes(A, THIRD)
        subprocess.run(["mount", "-o", "remount,rw", STATE.parent], check=True, timeout=20)


@pytest.mark.parametrize("file", [STATE, LEASES], ids=["state", "leases"])
def test_killed_between_writing_and_renaming(host, file):
    """The old state or the new one, never half of one; and what nobody could rely on yet is asked again."""
    if not shutil.which("strace"):
        pytest.fail("no strace")
    host.bind_dhcp(A)
    host.lease(A, FIRST)
    host.has(A, FIRST)
    wait.until(lambda: saved(FIRST), "the first lease is on disk")
    host.lab.hang_up()
    daemon = host.lab.daemon
    calls = "rename,renameat,renameat2"
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/run/lab/killed", "-P", file.name, "-e", f"trace={calls}", "-e",
                               f"inject={calls}:error=EIO:signal=KILL", "-p", str(daemon.pid)], stdin=subprocess.DEVNULL)
    try:
        wait.until(lambda: traced(daemon.pid), "strace follows the daemon")
        host.lease(A, SECOND)
        daemon.process.wait(20)
    finally:
        tracer.terminate()
        tracer.wait(20)
    daemon.ended = True
    assert host.addresses(port_of(A)) == [FIRST]
    host.lab.restart()
    assert host.addresses(port_of(A)) in ([FIRST], [FIRST, SECOND])
    assert host.passes(A, FIRST) and not host.passes(A, THIRD)
    host.lease(A, SECOND)
    host.has(A, FIRST, SECOND)


def traced(pid):
    """Whether all threads of a process have a tracer."""
    states = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        with contextlib.suppress(OSError):
            states.append("TracerPid:\t0\n" not in task.read_text())
    return all(states)


# -- to the stock driver and back ------------------------------------------------------------------------------------------------


def lines_of(owner):
    """Lines of the lease file about one guest that are in force."""
    return [address for key, address in Host.live_lines() if key == key_of(owner, A.mac)]


def test_stock_ours_stock(host):
    """Leases go along; the file has one line for each key, the newest."""
    host.lab.change_driver("stock")
    try:
        owner = host.owner()
        host.client.bind(binding_xml(port_of(A), CLEAN, [("CTRL_IP_LEARNING", "dhcp")], mac=A.mac, uuid=owner))
        host.lease(A, FIRST)
        host.has(A, FIRST, limit=30)
        wait.until(lambda: lines_of(owner) == [FIRST], "the stock driver wrote its lease")
        host.lab.daemon.kill()
        host.lab.change_driver("ours")
        assert host.lab.daemon.running and host.addresses(port_of(A)) == [FIRST]
        host.lease(A, SECOND)
        host.has(A, FIRST, SECOND)
        wait.until(lambda: lines_of(owner) == [SECOND], "one live line, the newest")
        host.lab.hang_up()
        host.lab.daemon.stop()
        keys = [key for key, _ in Host.live_lines()]
        assert len(keys) == len(set(keys))
        host.lab.change_driver("stock")
        assert port_of(A) in host.client.bindings()
        host.has(A, SECOND, limit=30)
        time.sleep(1)
        assert port_of(A) in host.client.bindings()
        host.lab.daemon.kill()
    finally:
        if host.lab.driver == "stock" and host.lab.daemon.running:
            host.lab.daemon.kill()
        host.lab.change_driver("ours")
    host.lab.daemon  # pylint: disable=pointless-statement
    assert SECOND in host.addresses(port_of(A))
    host.unbind(port_of(A))
