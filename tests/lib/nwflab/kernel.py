# SPDX-License-Identifier: LGPL-2.1-or-later
"""
kernel.py: the kernel's settings, and the firewall rules that are in force, as the -save tools print them, made comparable

Counters, comments and the tools' headers are dropped, and what releases print in different ways has the older ones' form. Chains
are sorted by name, because their order means nothing; the order of rules within a chain is kept, because it means everything. Only
the jumps of different ports stand in no order: snapshot() sorts them.
"""

import contextlib
import pathlib
import re
import shutil
import subprocess

TOOLS = {"eb": "ebtables-save", "ip4": "iptables-save", "ip6": "ip6tables-save"}
# Each of these lines is about one port, and no frame is about two: their order among each other means nothing.
_DISPATCH = re.compile(r"^(-[io] \S+ -j libvirt-[IO]-|-m physdev .*--physdev-(in|out) \S+ .*-[gj] )")
_NEGATION = re.compile(r"(?<!\S)! (--?[a-z0-9-]+) (?!-)")  # with a value: there is but one way of negating an option without
_COUNTERS = re.compile(r"\s*\[\d+:\d+\]|\s*-c \d+ \d+| -c(?=\s|$)")


def save(tool):
    """Output of the -save program of `tool` ('eb', 'ip4', 'ip6') as it is; no table at all is an empty text."""
    done = subprocess.run([TOOLS[tool]], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(f"{TOOLS[tool]}: {done.stderr.strip()}")
    return done.stdout


def flush():
    """Takes every rule and chain of all three tools away, as a careless administrator would."""
    if shutil.which("nft") and "nf_tables" in subprocess.check_output(["iptables", "--version"], text=True, timeout=20):
        subprocess.run(["nft", "flush", "ruleset"], check=True, timeout=20)
        return
    for tool in ("ebtables", "iptables", "ip6tables"):
        for table in ("filter", "nat"):
            for action in ("-F", "-X"):
                subprocess.run([tool, "-t", table, action], capture_output=True, timeout=30, check=False)


def rules(tool):
    """{'table chain': [rule, …]} of `tool`; user chains without rules are there with an empty list."""
    result, table = {}, None
    for line in save(tool).splitlines():
        line = _COUNTERS.sub("", line).strip()
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            entry = result.setdefault(f"{table} {chain}", [])
            if policy == "DROP":
                entry.insert(0, "policy DROP")
        elif line.startswith("-A "):
            _, chain, *rest = line.split(" ", 2)
            result[f"{table} {chain}"].append(as_older_releases_print(tool, rest[0] if rest else ""))
    return result


def as_older_releases_print(tool, rule):
    """A rule as the tools before 1.8.11 print it: IGMP by its name, and ebtables' negation behind the option."""
    if tool == "eb":
        return _NEGATION.sub(r"\1 ! ", rule)
    return re.sub(r"(^| )-p 2 ", r"\1-p igmp ", rule)


def snapshot(own=False):
    """{tool: rules(tool)}, without the empty built-in chains; with own=True only what belongs to ports."""
    result = {}
    for tool in TOOLS:
        chains = {name: _sorted_dispatch(lines) for name, lines in sorted(rules(tool).items())
                  if lines or not re.search(r" [A-Z]+$", name)}
        result[tool] = of_ports(chains) if own else chains
    return result


def _sorted_dispatch(lines):
    """A chain that only sends each port's traffic on, in the order of the ports."""
    return sorted(lines) if all(_DISPATCH.match(line) for line in lines) else lines


def of_ports(chains):
    """Only the chains and rules that name a port: drops base chains and base jumps, which outlive all ports."""
    base = re.compile(r"^-j libvirt-(in|out|in-post|host-in)$")
    kept = {}
    for name, lines in chains.items():
        lines = [line for line in lines if not base.match(line)]
        if lines or not re.search(r" (libvirt-(in|out|in-post|host-in)|[A-Z]+)$", name):
            kept[name] = lines
    return kept


def of_port(portdev):
    """As text: every chain of `portdev` and every rule that names it; '' when the kernel knows nothing of it."""
    word = re.compile(rf"(?<![\w.-]){re.escape(portdev)}(?![\w.])")
    lines = []
    for tool in TOOLS:
        for name, entries in sorted(rules(tool).items()):
            chain = name.split(" ", 1)[1]
            own = re.match(rf"(libvirt-[IOJP]|[IOJP]|F[IOJP]|H[IJ])-{re.escape(portdev)}(-|$)", chain)
            for entry in entries:
                if own or word.search(entry):
                    lines.append(f"{tool} {name}: {entry}")
            if own and not entries:
                lines.append(f"{tool} {name}")
    return "\n".join(lines)


@contextlib.contextmanager
def setting(name, value):
    """A kernel setting of this network namespace while the block runs."""
    path = pathlib.Path("/proc/sys") / name
    before = path.read_text(encoding="ascii")
    path.write_text(value, encoding="ascii")
    try:
        yield
    finally:
        path.write_text(before, encoding="ascii")
