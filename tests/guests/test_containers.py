# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_containers.py: a container of libvirt's LXC driver gets a filtered card, too

libvirt_lxc wants control groups. The sandbox hides the host's: there the start fails, and leaves nothing. With groups of the test's own
(nwflab/groups.py) it succeeds.
"""

import subprocess

import pytest

import image
from lan import BRIDGE, FORGED_IP, NETMASK, PEER_IP
from nwflab import domains, groups, kernel
from nwflab.client import Failed, attempt
from nwflab.daemon import LAB

NAME, MAC, ADDRESS, PORT = "box", "52:54:00:78:00:0c", "10.78.0.102", "box0"
INIT = "#!/bin/busybox sh\nexec /bin/busybox sleep 1000\n"


def container_xml(root):
    """The <domain>. Its port has a name, since libvirt 9.0 asks for the filter of one without before it has a port."""
    card = domains.interface_xml(MAC, BRIDGE, "clean-traffic", {"IP": ADDRESS}, model=f"<target dev='{PORT}'/>")
    return f"""\
<domain type='lxc'>
  <name>{NAME}</name><memory unit='MiB'>64</memory>
  <os><type>exe</type><init>/start</init></os>
  <devices>
    <filesystem type='mount'><source dir='{root}'/><target dir='/'/></filesystem>
    {card}
    <console type='pty'/>
  </devices>
</domain>
"""


def inside_container(process, command):
    """Whether `command` succeeds with the container's network."""
    words = ["nsenter", f"--net=/proc/{process}/ns/net", "sh", "-c", command]
    return subprocess.run(words, capture_output=True, timeout=30, check=False).returncode == 0


@pytest.fixture(name="box")
def fixture_box(world, tmp_path_factory):
    """A container that was not started, and its document."""
    root = tmp_path_factory.mktemp("container")
    image.fill(root)
    (root / "start").write_text(INIT)
    (root / "start").chmod(0o755)
    assert world.lab.daemon.running
    return domains.Domain(world.connection("lxc:///system"), NAME), container_xml(root)


def start(box):
    """Starts a container; skips the test where the host's control groups hand nothing down."""
    try:
        attempt(box[0].connection.createXML, box[1], 0)
    except Failed as failed:
        if "cgroup" in failed.message or "controller" in failed.message:
            pytest.skip(f"no control groups for LXC: {failed.message.strip().splitlines()[-1]}")
        raise


def test_container_that_cannot_start_leaves_nothing(world, box):
    """Without control groups."""
    before = kernel.snapshot(own=True)
    with pytest.raises(Failed):
        attempt(box[0].connection.createXML, box[1], 0)
    assert PORT not in world.lab.client.bindings() and kernel.snapshot(own=True) == before


def test_container_is_filtered(world, box):
    """It reaches the peer with its address and with no other; destroyed, it leaves nothing."""
    before = kernel.snapshot(own=True)
    with groups.control_groups(LAB / "groups"):
        start(box)
        try:
            assert PORT in world.lab.client.bindings()
            process = first_process(box[0])
            assert inside_container(process, f"ip link set eth0 up; ip address add {ADDRESS}/{NETMASK} dev eth0;"
                                             f"ping -c1 -W5 {PEER_IP}")
            assert not inside_container(process, f"ip address flush dev eth0; ip address add {FORGED_IP}/{NETMASK} dev eth0;"
                                                 f"ping -c1 -W2 {PEER_IP}")
        finally:
            box[0].destroy()
    assert PORT not in world.lab.client.bindings() and kernel.snapshot(own=True) == before


def first_process(box):
    """Process id of the container's first process: the child of libvirt_lxc, whose id libvirt calls the domain's."""
    controller = box.handle.ID()
    with open(f"/proc/{controller}/task/{controller}/children", encoding="ascii") as children:
        return int(children.read().split()[0])
