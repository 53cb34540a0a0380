# SPDX-License-Identifier: LGPL-2.1-or-later
"""
unrun.py: the commands of the documents that the lane does not run as they stand, and why

A command that is neither run nor listed fails the lane, and so does an entry that no document has any more.
"""

# What is left out.
UNRUN = {
    "scripts/demo": "test_demo.py runs it",
    "scripts/demo --shell": "the session that the commands behind it are pasted into",
    "scripts/check": "runs this lane and all others",
    "scripts/bench": "measures for a quarter of an hour; nothing is measured in tests",
    "modprobe br_netfilter": "the kernel and its modules are the host's",
    "virsh domiflist": "the sandbox has no VM; libvirt's own command",
    "virsh nwfilter-edit NAME": "opens an editor; live test_edit",
    "virsh nwfilter-binding-delete $IF": "what comes later is about that binding; live test_binding_commands",
    "systemctl edit libvirtd": "systemd itself",
    "systemctl restart virtnwfilterd": "systemd itself, and the same with the other daemon; releases test_alone runs that",
    "localectl set-locale": "systemd itself; live test_translations",
}

# What stands for programs of systemd, which does not run in the sandbox: it does to a daemon what the unit would.
STAND_INS = {
    "systemctl": r"""#!/bin/sh
pid=$(pidof libvirtd)
case "$*" in
'restart libvirtd')
    [ -z "$pid" ] || kill $pid
    while [ -n "$pid" ] && kill -0 $pid 2>/dev/null; do sleep 0.1; done
    setsid libvirtd >>/var/log/libvirt/journal 2>&1 </dev/null &
    for attempt in $(seq 300); do
        kill -0 $! || exit 1
        ! virsh -c nwfilter:///system nwfilter-list >/dev/null 2>&1 || exit 0
        sleep 0.1
    done
    exit 1
    ;;
'reload libvirtd') kill -HUP $pid ;;
*) echo "no stand-in for systemctl $*" >&2; exit 5 ;;
esac
""",
    "journalctl": r"""#!/bin/sh
cat /var/log/libvirt/journal /run/lab/*/libvirtd.log 2>/dev/null
exit 0
""",
}

# Exit statuses that say what the document says, too.
STATUS = {
    "guest C timeout 2 bash -c '</dev/tcp/10.77.1.11/22'": 124,  # nobody answers
    "guest B ping -c 1 -W 1 -I 10.77.0.66 10.77.1.12": 1,
    'iptables-save | grep -- "F[IO]-$IF"': 1,  # "the last two print nothing"
    'ip6tables-save | grep -- "F[IO]-$IF"': 1,
    "timeout 5 tcpdump -i $IF -Z root -Q in -w frames.pcap": 124,
}

# Programs whose names in a sentence make it a command.
PROGRAMS = ("apt-get", "dpkg-divert", "ebtables", "ip6tables", "iptables", "iptables-save", "journalctl", "localectl", "meson", "modprobe",
            "ninja", "scripts/bench", "scripts/build", "scripts/check", "scripts/demo", "sysctl", "systemctl", "tcpdump", "virsh",
            "virt-nwfilter")
