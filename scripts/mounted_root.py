# SPDX-License-Identifier: LGPL-2.1-or-later
"""
mounted_root.py: makes the root folder of a plain chroot a mount point, and runs a command there

    unshare --mount --propagation unchanged -- python3 mounted_root.py COMMAND [ARGUMENT…]

The root folder of a chroot is an ordinary folder of some mount. The kernel changes the propagation of mounts only at mount
points, so unshare(1), ip-netns(8) and everybody else who wants mounts of his own fails there, and a mount that is made without
that would be seen by the host. This program goes up to the root of its mount namespace, which nobody else has, makes all mounts
there private, binds the chroot's folder on itself, and enters it again.

Limits: needs the rights of root, as chroot(8) does. Nothing is changed outside of the mount namespace that it was started in.
"""

import ctypes
import os
import sys

MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, flags):
    """mount(2) without a type."""
    if libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(flags), None):
        error = ctypes.get_errno()
        raise OSError(error, f"mount on {target}: {os.strerror(error)}")


def leave():
    """To the root of the mount namespace: the way up ends only at one's own root, and that is put below."""
    os.chdir("/")
    os.chroot("usr")
    while not os.path.samestat(os.stat("."), os.stat("..")):
        os.chdir("..")
    os.chroot(".")


def main():
    """The command takes the place of this program."""
    command, place = sys.argv[1:], os.getcwd()
    here = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    leave()
    mount("none", "/", MS_REC | MS_PRIVATE)
    os.fchdir(here)
    folder = os.getcwd()
    mount(folder, folder, MS_BIND | MS_REC)
    os.chroot(folder)
    os.chdir(place)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
