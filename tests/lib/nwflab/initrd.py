# SPDX-License-Identifier: LGPL-2.1-or-later
"""
initrd.py: the initial file system that a kernel begins with: busybox, the modules that are loaded first, and the lane's programs
"""

import os
import shutil
import subprocess

BUSYBOX = "/bin/busybox"


def fill(root, programs):
    """Makes the folder `root` a system without kernel modules; programs is {path: text}."""
    for folder in ("bin", "modules", "dev", "proc", "sys", "tmp"):
        (root / folder).mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin" / "busybox")
    for name, text in programs.items():
        (root / name).write_text(text)
        (root / name).chmod(0o755)


def build(kernel, programs, folder):
    """Makes folder/initrd for the kernel in the folder `kernel` (see scripts/guest-kernel)."""
    root, initrd = folder / "root", folder / "initrd"
    fill(root, programs)
    for module in (kernel / "modules").glob("*.ko"):
        shutil.copy(module, root / "modules")
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    with open(initrd, "wb") as output:
        subprocess.run([BUSYBOX, "cpio", "-o", "-H", "newc"], cwd=root, input="\n".join(names).encode(), stdout=output,
                       stderr=subprocess.DEVNULL, check=True, timeout=60, env=dict(os.environ, LC_ALL="C"))
    return initrd
