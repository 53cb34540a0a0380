# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_readers.py: who only asks is answered, whatever the firewall tools do, and the daemon starts and ends in bounded time

libvirt has 20 threads for the calls of all clients: calls that wait must not have them all. test_tools and test_starved have readers beside
single changes.
"""

import concurrent.futures
import time

import pytest

from lane import GUARD, PORT, Reader
from tools import HANGS, RESTORE, SAVE, SLOW, Tools, running

from nwflab import kernel, wait
from nwflab.client import Failed
from nwflab.texts import binding_xml

CLIENTS, EACH = 10, 4  # more calls than libvirt has threads; it takes five at once of one client
PATIENCE = 10  # seconds after which the driver lets no more changes wait than it has let in
MARGIN = 6  # of a busy machine
SLEEP = 25  # less than the time limit of a tool


@pytest.fixture(name="tools")
def fixture_tools(host):  # pylint: disable=unused-argument
    """The gate before the tools; they are well again before the host is emptied."""
    with Tools() as tools:
        yield tools


def test_more_creates_wait_than_there_are_threads(host, tools):
    """A reader is answered within seconds, at once afterwards; creates that cannot wait are told so, and were not begun."""
    host.guarded()
    names = [f"many{number}" for number in range(CLIENTS * EACH)]
    clients = [host.lab.daemon.client() for _ in range(CLIENTS)]

    def create(number):
        try:
            clients[number % CLIENTS].bind(binding_xml(names[number], GUARD))
            return ""
        except Failed as failed:
            return str(failed)

    with host.lab.daemon.client() as reader, concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        tools.spoil(RESTORE, SLOW.format(SLEEP))
        calls = [pool.submit(create, number) for number in range(len(names))]
        wait.until(lambda: running(host.lab.daemon.pid), "a tool runs", 10)
        begin = time.monotonic()
        assert reader.filters() == [GUARD]
        assert time.monotonic() - begin < PATIENCE + MARGIN
        wait.until(lambda: any(call.done() for call in calls), "some are refused", PATIENCE + MARGIN)
        tools.mend()
        with Reader(host.lab) as often:
            time.sleep(1)
        often.check(10)
        assert not all(call.done() for call in calls), "nobody waited any more, so this told nothing"
        answers = dict(zip(names, [call.result() for call in calls]))
    for client in clients:
        client.close()
    refused = [name for name, answer in answers.items() if answer]
    assert refused and len(refused) < len(names)
    assert all("was not begun" in answers[name] for name in refused)
    assert host.client.bindings() == sorted([PORT, *(name for name in names if name not in refused)])
    assert not any(kernel.of_port(name) for name in refused)
    host.bind(refused[0])
    assert kernel.of_port(refused[0])


@pytest.mark.parametrize("names", [RESTORE, SAVE], ids=["write", "list"])
def test_start_and_end_while_tools_hang(host, tools, names):
    """The start answers readers, the log says what is waited for, the end does not wait for the tool, the next start puts all right."""
    host.guarded()
    rules = kernel.of_port(PORT)
    host.lab.hang_up()
    host.lab.daemon.stop()
    kernel.flush()
    tools.spoil(names, HANGS)
    host.lab.daemon.start(PATIENCE)
    with Reader(host.lab) as reader:
        wait.until(lambda: "has been running for 5 s" in host.lab.log(), "the log says what is waited for", 5 + MARGIN)
    reader.check()
    host.lab.daemon.stop(PATIENCE + MARGIN)
    assert "still running while the daemon ends" in host.lab.log()
    tools.mend()
    host.lab.daemon.start(PATIENCE + MARGIN)
    wait.until(lambda: kernel.of_port(PORT) == rules, "the port has its rules", 20)
