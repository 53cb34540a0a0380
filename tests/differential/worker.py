# SPDX-License-Identifier: LGPL-2.1-or-later
"""
worker.py: one driver in a sandbox of its own, played by remote control

    scripts/sandbox /usr/bin/python3 tests/differential/worker.py ours|stock

Reads jobs from standard input, one JSON document a line, and answers each with one line. A job is a list of steps, a step is a list:
the name of a method of Worker and its arguments. The answer has one result for each step.

Invariants: a step that libvirt refuses is a result, not an end; a daemon that dies is told in the answer and started again for
the next job, in an empty place. The worker ends when its standard input does, and its sandbox with it.
"""

import json
import subprocess
import sys

from nwflab import kernel, ports
from nwflab.client import Failed, version
from nwflab.lab import Lab
from nwflab.wait import Watchdog

LIMIT = 120.0  # seconds that one job may take
LOG = 4000  # bytes of the daemon's log that go into the report of its death


def refusal(failed):
    """A failed call as a result."""
    return {"outcome": failed.name, "message": failed.message}


class Worker:
    """The steps. Each returns something that JSON can say."""

    def __init__(self, driver):
        self.driver = driver
        self.lab = Lab(driver)

    # -- steps ---------------------------------------------------------------------------------------------------------

    def version(self):
        """libvirt's version, after a first answer of the daemon."""
        self.lab.client.filters()
        return list(version())

    def port(self, name):
        """Makes a port."""
        ports.add_port(name, kind="tap")

    def no_port(self, name):
        """Takes it away."""
        ports.remove(name)

    def ipset(self, *arguments):
        """Runs ipset(8)."""
        subprocess.run(["ipset", *arguments], check=True, timeout=20)

    def define(self, xml):
        """Defines a filter; with the document that the driver made of it."""
        try:
            handle = self.lab.client.define(xml)
            return {"outcome": "ok", "xml": self.lab.client.filter_xml(handle.name())}
        except Failed as failed:
            return refusal(failed)

    def undefine(self, name):
        """Removes a filter."""
        return self._call(self.lab.client.undefine, name)

    def bind(self, xml):
        """Creates a binding; with the document that the driver made of it."""
        try:
            handle = self.lab.client.bind(xml)
            return {"outcome": "ok", "xml": self.lab.client.binding_xml(handle.portDev())}
        except Failed as failed:
            return refusal(failed)

    def unbind(self, portdev):
        """Deletes a binding."""
        return self._call(self.lab.client.unbind, portdev)

    def listing(self):
        """Names of all filters and bindings."""
        return {"filters": self.lab.client.filters(), "bindings": self.lab.client.bindings()}

    def kernel(self):
        """The rules in force."""
        return kernel.snapshot()

    @staticmethod
    def _call(function, *arguments):
        try:
            function(*arguments)
            return {"outcome": "ok"}
        except Failed as failed:
            return refusal(failed)

    # -- jobs ----------------------------------------------------------------------------------------------------------

    def job(self, steps):
        """Plays a job; its answer."""
        answer = {"results": []}
        with Watchdog(LIMIT, self.lab.kill_daemon) as watchdog:
            try:
                for name, *arguments in steps:
                    answer["results"].append(getattr(self, name)(*arguments))
            except Exception as error:  # pylint: disable=broad-exception-caught  # whatever it is, the other side waits for it
                answer["broken"] = f"{type(error).__name__}: {error}"
        if watchdog.bitten:
            answer["broken"] = f"not done within {LIMIT:g} s"
        if self.lab.died:
            answer["broken"] = f"the daemon died: {self.lab.died}"
        if "broken" in answer:
            answer["log"] = self.lab.log()[-LOG:]
            self.restart()
        return answer

    def restart(self):
        """Begins anew with an empty place."""
        self.lab.kill_daemon()
        self.lab.close()
        self.lab = Lab(self.driver)

    def run(self):
        """Answers jobs until there are no more."""
        for line in sys.stdin:
            json.dump(self.job(json.loads(line)), sys.stdout)
            sys.stdout.write("\n")
            sys.stdout.flush()
        self.lab.kill_daemon()


if __name__ == "__main__":
    Worker(sys.argv[1]).run()
