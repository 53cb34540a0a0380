# SPDX-License-Identifier: LGPL-2.1-or-later
"""
demo_times.py: how long the calls take

The same work for each driver: a port under clean-traffic comes, its filter
changes, it goes; then many ports that share the filter; then the daemon starts anew with all of them. Times are those
of the API call as a client sees them (python3-libvirt, without starting virsh).

Limits: single calls are repeated and the middle one is shown; the calls for all ports are done once.
"""

import contextlib
import statistics
import time

from nwflab import ports
from nwflab.texts import binding_xml, filter_xml

REPEATED = 5
UUID = "1d0f6cb6-6c39-4d43-a2a4-1f2b7f0f4a11"


def timed(function, *arguments):
    """Seconds that a call takes."""
    begin = time.monotonic()
    function(*arguments)
    return time.monotonic() - begin


def inner(number):
    """A filter that differs with `number`; many refer to it through `shared`."""
    rule = f"<rule action='drop' direction='out'><ip protocol='udp' dstportstart='{1000 + number}'/></rule>"
    return filter_xml("demo-inner", rule, uuid=UUID, chain="ipv4-demo", priority="-705")


SHARED = filter_xml("demo-shared", "<filterref filter='clean-traffic'/><filterref filter='demo-inner'/>")


def binding(number):
    """The binding of one of the measured ports."""
    mac = f"52:54:00:78:{number // 256:02x}:{number % 256:02x}"
    return binding_xml(f"vdemo{number}", "demo-shared", [("IP", f"10.78.{number // 256}.{number % 256}")], mac=mac)


def work(daemon, many):
    """[(what, seconds)] of the measured work."""
    result = []
    with daemon.client() as client:
        client.define(inner(0))
        client.define(SHARED)
        bind, change, unbind = [], [], []
        for number in range(REPEATED):
            bind.append(timed(client.bind, binding(0)))
            change.append(timed(client.define, inner(number + 1)))
            unbind.append(timed(client.unbind, "vdemo0"))
        result += [("bind one port", statistics.median(bind)), ("change its filter", statistics.median(change)),
                   ("delete the binding", statistics.median(unbind))]
        for number in range(many):
            bind.append(timed(client.bind, binding(number)))
        result += [(f"bind {many} ports", sum(bind[REPEATED:])),
                   (f"change the filter of {many}", timed(client.define, inner(99)))]
    result.append((f"start the daemon with {many}", timed(daemon.restart)))
    with daemon.client() as client:
        gone = sum(timed(client.unbind, f"vdemo{number}") for number in range(many))
        result.append((f"delete {many} bindings", gone))
        client.undefine("demo-shared")
        client.undefine("demo-inner")
    return result


@contextlib.contextmanager
def measured_ports(many):
    """Ports vdemo0 … in a bridge of their own."""
    with ports.bridge("brdemo"), contextlib.ExitStack() as undo:
        for number in range(many):
            undo.enter_context(ports.port(f"vdemo{number}", "brdemo", peer=f"gdemo{number}"))
        yield


def measure(stage, many):
    """work() with the stage's daemon, on ports that come and go with it."""
    stage.show.heading("How long it takes")
    with measured_ports(many):
        return work(stage.daemon, many)


def show(stage, times):
    """Prints the times of one driver."""
    for what, seconds in times:
        stage.show.row(f"{what:32} {seconds * 1000:10.1f} ms")
    stage.show.text("(scripts/demo --compare tells the same story with libvirt's own driver, beside this)")
