# SPDX-License-Identifier: LGPL-2.1-or-later
"""
hosts.py: a second host in the sandbox, with a libvirtd of its own

libvirt's paths are fixed, and the firewall belongs to a network namespace. So a second host is what has its own of both: a
network namespace that the caller made, and a mount and a host-name namespace in which libvirt's folders are fresh. Its
daemon has all of the distribution's drivers, another host uuid, and its sockets where clients of the first host reach them.

Invariants: as those of Daemon; what a guest of the second host needs (images, console sockets) lies below LAB, which both see.
"""

import pathlib
import shutil

from .daemon import CONFIG, MODULE_FILE, Daemon, _modules_folder

UUID = "7d1b0a52-51f4-4d0c-8a5e-9a34c1f6e802"
OWN = ("/run/libvirt", "/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt")

# Arguments: host name, folder to fill /etc/libvirt from, folders of its own up to "--", the daemon's command.
PLACE = """
set -e
hostname "$1"
fresh=$2
shift 2
while [ "$1" != -- ]; do
    mount -t tmpfs -o mode=0755 tmpfs "$1"
    shift
done
shift
cp -r "$fresh"/. /etc/libvirt
exec "$@"
"""


class SecondHost(Daemon):
    """libvirtd of the host `name`, whose network namespace has that name, too."""

    def __init__(self, driver, name):
        self.name = name
        super().__init__(driver, beside=name)

    def _prepare(self):
        super()._prepare()
        modules = self.home / "modules"
        for stock in _modules_folder().glob("libvirt_driver_*.so"):
            if stock.name != MODULE_FILE:
                (modules / stock.name).symlink_to(stock)
        lines = [line for line in CONFIG.format(log=self.log_file).splitlines() if not line.startswith("host_uuid")]
        lines += [f'host_uuid = "{UUID}"', f'unix_sock_dir = "{self.home}"']
        (self.home / "libvirtd.conf").write_text("\n".join([*lines, ""]))
        shutil.rmtree(self.etc, ignore_errors=True)
        self.etc.mkdir(parents=True)

    @property
    def etc(self):
        """What /etc/libvirt is filled from when the daemon starts."""
        return self.home / "etc"

    def ship(self, source=pathlib.Path("/usr/share/libvirt/nwfilter")):
        """Puts the filters in place that libvirt ships."""
        shutil.copytree(source, self.etc / "nwfilter")

    def uri_of(self, driver):
        """URI of another driver of this daemon, such as qemu."""
        return f"{driver}+unix:///system?socket={self.socket}"

    def _command(self):
        return ["ip", "netns", "exec", self.name, "unshare", "--mount", "--uts", "--propagation", "private", "bash", "-c", PLACE,
                "bash", self.name, str(self.etc), *OWN, "--", *super()._command()]
