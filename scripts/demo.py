# SPDX-License-Identifier: LGPL-2.1-or-later
"""
demo.py: the command line of scripts/demo, and the order of its parts

    demo_stage.py    the daemon, the guests, the filters; one attempt with a frame and who decided about it
    demo_story.py    what is shown, step by step
    demo_times.py    how long calls take, with one driver or with both

Runs inside scripts/sandbox, which ends whatever is left when this program ends, however it ends.
"""

import argparse
import os
import signal
import subprocess
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until main() there is nothing to say

SHELL_TEXT = """
You are in the sandbox, as root; the daemon runs with {module}.
  virsh nwfilter-list                    all of virsh's nwfilter commands work: define, edit, dumpxml, binding-list …
  cat {folder}/filters/web.xml         the documents of this demo and the filters that libvirt ships
  ebtables-save; iptables-save           the rules in the kernel
  guest A ping -c1 10.77.1.12            run a command in guest A, B, C or D. vnetA, the port of A, is bound
                                         to clean-traffic, vnetC, the port of C (10.77.1.12), to nothing
  virt-nwfilter compile --help           what a filter becomes, without touching anything
Nothing here is seen by the host. Leave with 'exit': daemon, guests and rules vanish.
"""


def shell(stage):
    """Leaves the user with a shell beside the daemon."""
    from nwflab.guests import A, kernel_of  # pylint: disable=import-outside-toplevel
    startup = stage.folder / "bashrc"
    startup.write_text(f"""PS1='[nwfilter sandbox] \\w \\$ '
export VIRSH_DEFAULT_CONNECT_URI={stage.daemon.uri} PATH="$PATH:{stage.tool.parent}"
guest() {{ local name=guest$1; shift; ip netns exec "$name" "$@"; }}
""", encoding="utf-8")
    who = kernel_of(A)
    stage.show.heading("A shell")
    stage.bind(A, "clean-traffic", [("IP", who.ip)], mac=who.mac)
    print(SHELL_TEXT.format(module=stage.daemon.module, folder=stage.folder))
    subprocess.run(["bash", "--noprofile", "--rcfile", str(startup), "-i"], check=False)


def arguments_of(words):
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Shows the nwfilter driver at work.")
    parser.add_argument("--compare", action="store_true",
                        help="do the measured work with libvirt's own driver as well, and print both")
    parser.add_argument("--shell", action="store_true", help="leave a shell beside the running daemon at the end")
    parser.add_argument("--ports", type=int, default=20, metavar="N",
                        help="ports that share a filter in the measured part (default: 20)")
    parser.add_argument("--driver", choices=["ours", "stock"], default="ours",
                        help="tell the story with libvirt's own driver instead")
    arguments = parser.parse_args(words)
    if not 1 <= arguments.ports <= 999:
        parser.error("--ports takes 1 to 999")
    return arguments


def main():
    """Tells the story; 0 if all of it was true."""
    arguments = arguments_of(sys.argv[1:])
    if os.environ.get("NWF_SANDBOX") != "1":
        print("demo: start scripts/demo, which builds the sandbox around this", file=sys.stderr)
        return 2
    # pylint: disable=import-outside-toplevel
    import demo_times  # only now: --help works where nothing is installed
    from demo_stage import Stage
    from demo_story import STEPS
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Stage(arguments.driver) as stage:
            for number, step in enumerate(STEPS, 1):
                stage.show.heading(f"{number}. {step.__doc__.splitlines()[0]}")
                step(stage)
            demo_times.show(stage, arguments.ports, arguments.compare)
            good = stage.show.verdict()
            if arguments.shell:
                shell(stage)
            return 0 if good else 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; the sandbox is cleaned up")
        return 130


if __name__ == "__main__":
    sys.exit(main())
