# SPDX-License-Identifier: LGPL-2.1-or-later
"""
demo.py: the command line of scripts/demo, and the order of its parts

    demo_show.py     what is printed, and signs of life between
    demo_stage.py    the daemon, the guests, the filters; one attempt with a frame and who decided about it
    demo_story.py    what is shown, step by step
    demo_times.py    how long calls take
    demo_compare.py  the same with the other driver, and both side by side

Runs inside scripts/sandbox, which ends whatever is left when this program ends, however it ends.
"""

import argparse
import os
import signal
import subprocess
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until main() there is nothing to say

SHELL_TEXT = """
You are in the sandbox, as root; the daemon runs with
  {module}
  virsh nwfilter-list                    define, edit, dumpxml, binding-list … all work
  cat filters/web.xml                    the demo's documents, and the filters that libvirt ships
  ebtables-save; iptables-save           the rules in the kernel
  guest A ping -c1 10.77.1.12            run a command in guest A, B, C or D. vnetA, the port of A,
                                         is bound to clean-traffic, those of the others to nothing;
                                         their addresses are 10.77.1.10, .11, .12 and .13
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
    stage.show.pulse.stop()
    print(SHELL_TEXT.format(module=stage.daemon.module), flush=True)
    subprocess.run(["bash", "--noprofile", "--rcfile", str(startup), "-i"], cwd=stage.folder, check=False)


def arguments_of(words):
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Shows the nwfilter driver at work.")
    parser.add_argument("--compare", action="store_true",
                        help="do all of it with libvirt's own driver as well, and show both side by side")
    parser.add_argument("--shell", action="store_true", help="leave a shell beside the running daemon at the end")
    parser.add_argument("--ports", type=int, default=20, metavar="N",
                        help="ports that share a filter in the measured part (default: 20)")
    parser.add_argument("--driver", choices=["ours", "stock"], default="ours",
                        help="tell the story with libvirt's own driver instead")
    arguments = parser.parse_args(words)
    if not 1 <= arguments.ports <= 999:
        parser.error("--ports takes 1 to 999")
    return arguments


def tell(stage, arguments):
    """Tells the story, and how long it takes; the daemon is there again at the end. True if all of it was true."""
    # pylint: disable=import-outside-toplevel
    import demo_compare
    import demo_times
    from demo_story import STEPS
    for number, step in enumerate(STEPS, 1):
        stage.show.heading(f"{number}. {step.__doc__.splitlines()[0]}")
        step(stage)
    measured = demo_times.measure(stage, arguments.ports)
    if arguments.compare:
        stage.show.text("All of this again with the other driver; with libvirt's own it needs a minute or two.")
        stage.daemon.stop()
        other, theirs = demo_compare.other_story(stage, STEPS, arguments.ports)
        demo_compare.frames(stage.show, other, arguments.driver)
        demo_compare.times(stage.show, measured, theirs, arguments.driver)
        stage.daemon.start()
    else:
        demo_times.show(stage, measured)
    return stage.show.verdict()


def main():
    """Tells the story; 0 if all of it was true."""
    arguments = arguments_of(sys.argv[1:])
    if os.environ.get("NWF_SANDBOX") != "1":
        print("demo: start scripts/demo, which builds the sandbox around this", file=sys.stderr)
        return 2
    # pylint: disable=import-outside-toplevel
    from demo_show import Pulse, Show
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pulse = Pulse()
    try:
        from nwflab.guests import Wire  # only now: --help works where nothing is installed, and loading takes its time
        from demo_stage import Stage
        with Wire() as wire, Stage(arguments.driver, wire, Show(pulse)) as stage:
            good = tell(stage, arguments)
            if arguments.shell:
                shell(stage)
            return 0 if good else 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; the sandbox is cleaned up")
        return 130
    finally:
        pulse.stop()


if __name__ == "__main__":
    sys.exit(main())
