# SPDX-License-Identifier: LGPL-2.1-or-later
"""
world.py: one driver's daemon with ports that are bound, or seem to be, and a check that the kernel really filters them

Port 0 is the one that is measured; the others are 1, 2, … All have the filter clean-traffic, an address and a MAC of their
own. What one port looks like in the kernel and on disk is learned once, from port 0 (its model); that of any other port is
the same text with other names. So it can be told of each port whether it is filtered, and a number that was taken while the
work was not done is never printed.

The stock driver needs about a second for each port. Where others are there only to fill the kernel's tables, their rules are
loaded in one batch, in the form that this very driver gave to port 0; its daemon does not know them. Where a daemon has to know them
before it starts, their files are laid. `loaded` says for how many ports it was done like that.

Limits: rules of ebtables only, which is all that clean-traffic has; checked when the model is made.
"""

import pathlib
import re
import subprocess
import threading
import time

from nwflab import kernel, lab as labs, ports, texts, wait
from nwflab.memory import memory_of

FILTER = "clean-traffic"
INNER = "no-mac-spoofing"  # a filter that FILTER refers to
NEW_SOURCE = "02:00:00:00:00:77"  # the rule that an update adds
NEW_RULE = f"<rule action='drop' direction='out' priority='400'><mac srcmacaddr='{NEW_SOURCE}'/></rule>"
GROUP = 7  # of devices, to remove them in one call

# As an ordinary daemon logs; the tests' daemon writes down everything.
ENVIRONMENT = {"LIBVIRT_LOG_FILTERS": "3:nwfilter"}


def name_of(number):
    """Name of the port."""
    return f"vnet{number}"


def address_of(number):
    """IP address of the guest."""
    return f"10.1.{number // 250}.{number % 250 + 1}"


def mac_of(number):
    """MAC address of the guest."""
    return f"52:54:00:00:{number // 256:02x}:{number % 256:02x}"


def binding(number):
    """The binding's document."""
    return texts.binding_xml(name_of(number), FILTER, {"IP": address_of(number)}, mac=mac_of(number))


def with_rule(xml):
    """The filter's document with one rule more."""
    return xml.replace("</filter>", f"{NEW_RULE}</filter>")


def like(text, number):
    """What is said of port 0, said of another one."""
    text = re.sub(rf"\b{name_of(0)}\b", name_of(number), text).replace(mac_of(0), mac_of(number))
    return re.sub(rf"\b{re.escape(address_of(0))}\b", address_of(number), text)


def clock(function, *arguments):
    """Seconds that function(*arguments) takes."""
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def restore(batch):
    """Gives the batch to ebtables-restore."""
    done = subprocess.run(["ebtables-restore", "--noflush"], input=batch, text=True, capture_output=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"ebtables-restore: {done.stderr.strip()}")


def rule_lines():
    """What ebtables-save prints of chains and rules, without counters."""
    return [line for line in re.sub(r" \[\d+:\d+\]| -c \d+ \d+", "", kernel.save("eb")).splitlines()
            if line[:1] == ":" or line[:3] == "-A "]


class World:
    """See the opening of this file. A context manager; wipes the sandbox before and after."""

    filter = FILTER  # that of all ports

    def __init__(self, driver):
        self.lab = labs.Lab(driver)
        self.driver = driver
        self.bound = 0  # ports 1 to this one are bound
        self.loaded = 0  # ports 1 to this one have rules in the kernel, bound or not
        self.model = self.model_file = None
        self._devices = -1

    def __enter__(self):
        self.lab.ship()
        self.lab.new_daemon(environment=ENVIRONMENT)
        self.make_devices(0)
        self._make_model()
        return self

    def __exit__(self, *_):
        self.lab.close()
        ports.ip("link", "delete", "group", GROUP, check=False)
        labs.wipe()

    @property
    def client(self):
        """A connection to the daemon."""
        return self.lab.client

    def make_devices(self, last):
        """Sees to it that there are devices of all ports up to `last`."""
        script = pathlib.Path("/run/lab/devices")
        lines = []
        for number in range(self._devices + 1, last + 1):
            lines += [f"tuntap add dev {name_of(number)} mode tap", f"link set dev {name_of(number)} group {GROUP} up"]
        if lines:
            script.write_text("\n".join(lines) + "\n")
            ports.ip("-batch", script)
            self._devices = last

    def document(self, number):
        """The binding's document."""
        return binding(number)

    def _make_model(self):
        """Binds port 0 once, looks, and lets it go; also the first, slower use of everything."""
        self.client.bind(binding(0))
        word = re.compile(rf"\b{name_of(0)}\b")
        self.model = [line for line in rule_lines() if word.search(line)]
        self.model_file = self.lab.binding_file(name_of(0)).read_text()
        elsewhere = [tool for tool in ("ip4", "ip6") if word.search(kernel.save(tool))]
        self.client.unbind(name_of(0))
        if len(self.model) < 10 or elsewhere:
            raise RuntimeError(f"{FILTER} of {self.driver} became other rules than this program knows: {self.model} {elsewhere}")

    # -- the others ------------------------------------------------------------------------------------------------------

    def bind_to(self, last, connections=1):
        """Binds the ports up to `last` over so many connections at once, and returns the seconds from the first call to the last answer."""
        self.make_devices(last)
        todo = list(range(last, self.bound, -1))
        clients = [self.lab.daemon.client() for _ in range(min(connections, max(1, len(todo))))]
        ready = threading.Barrier(len(clients) + 1)
        failures = []

        def work(client):
            ready.wait()
            try:
                while True:
                    client.bind(self.document(todo.pop()))
            except IndexError:
                pass
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        threads = [threading.Thread(target=work, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        ready.wait()
        seconds = clock(lambda: [thread.join() for thread in threads])
        for client in clients:
            client.close()
        if failures:
            raise failures[0]
        self.bound = self.loaded = last
        self.expect(last)
        return seconds

    def fill_to(self, last):
        """Has rules of ports up to `last` in the kernel: bound by our driver, loaded for the stock driver."""
        if self.driver == "ours":
            self.bind_to(last, 8)
            return
        self.make_devices(last)
        lines = sorted(self.lines_of(self.loaded + 1, last), key=lambda line: line[0] != ":")
        restore("\n".join(["*nat", *lines]) + "\n")
        self.loaded = last
        self.expect(last)

    def lay_files(self, last):
        """Files of bindings for a daemon that is not running."""
        self.make_devices(last)
        for number in range(1, last + 1):
            file = self.lab.binding_file(name_of(number))
            file.write_text(like(self.model_file, number))
            file.chmod(0o600)
        self.bound = self.loaded = last

    # -- what the kernel holds -------------------------------------------------------------------------------------------

    def lines_of(self, first, last):
        """Rules and chains of these ports, as ebtables-save prints them."""
        return [like(line, number) for number in range(first, last + 1) for line in self.model]

    def expect(self, last):
        """All ports up to `last` are filtered, or the measurement is void."""
        missing = set(self.lines_of(1, last)) - set(rule_lines())
        if missing:
            raise RuntimeError(f"{self.driver}: of {last} ports {len(missing)} rules are not in the kernel: {sorted(missing)[:5]}")

    def start_filtered(self, last, limit):
        """Starts the daemon, and returns the seconds until all ports up to `last` are filtered; looks seldom enough not to be in the way."""
        expected = set(self.lines_of(1, last))
        begin = time.monotonic()
        self.lab.daemon.spawn()
        while not expected.issubset(rule_lines()):
            spent = time.monotonic() - begin
            if spent > limit or not self.lab.daemon.running:
                raise wait.Timeout(f"{self.driver}: {last} ports are not filtered after {spent:.0f} s:\n{self.lab.log()[-2000:]}")
            time.sleep(max(0.01, spent / 100))
        return time.monotonic() - begin

    def memory(self):
        """KiB of the daemon, see memory_of()."""
        return memory_of(self.lab.daemon.pid)

    def own_time(self):
        """Seconds of CPU that the threads of the daemon have taken, without the programs that it ran."""
        nanoseconds = 0
        for file in pathlib.Path(f"/proc/{self.lab.daemon.pid}/task").glob("*/schedstat"):
            nanoseconds += int(file.read_text().split()[0])
        return nanoseconds / 1e9
