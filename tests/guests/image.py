# SPDX-License-Identifier: LGPL-2.1-or-later
"""
image.py: kernel and initial file system of the guest

The kernel is Debian's for clouds, as scripts/guest-kernel unpacked it. The initial file system is the whole system: busybox, the
modules of the network cards, and a shell that runs what the test says at the second serial port.
"""

import pathlib
from dataclasses import dataclass

from nwflab import initrd

INIT = """\
#!/bin/busybox sh
export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /run
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
[ -e /dev/ttyS1 ] || mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do
    insmod "$module"
done
ip link set lo up
/serve &
while :; do
    wait # for orphans, too
    sleep 1
done
"""

# Not the first process: a shell that hears of a child's end while it reads a line loses what it has read of it.
SERVE = """\
#!/bin/sh
stty -F /dev/ttyS1 raw -echo clocal
exec 3<>/dev/ttyS1
while read -r number command <&3; do
    (eval "$command") </dev/null >&3 2>&1 3>&-
    echo "=$number $?" >&3
done
"""

# What udhcpc runs: the lease is put on the card, and noted for the test.
UDHCPC = """\
#!/bin/sh
echo "$1 ${ip-}" >>/run/dhcp
case $1 in
    deconfig) ip address flush dev "$interface" ;;
    bound | renew) ip address replace "$ip/$mask" dev "$interface" ;;
esac
"""

PROGRAMS = {"init": INIT, "serve": SERVE, "bin/on-lease": UDHCPC}


@dataclass(frozen=True)
class Image:
    """Files that a guest boots."""

    kernel: pathlib.Path
    initrd: pathlib.Path


def fill(root):
    """Makes the folder `root` a system without kernel modules."""
    initrd.fill(root, PROGRAMS)


def build(kernel, folder):
    """The Image of the folder `kernel`, its initial file system made in `folder`."""
    return Image(kernel / "vmlinuz", initrd.build(kernel, PROGRAMS, folder))
