# SPDX-License-Identifier: LGPL-2.1-or-later
"""
kernel.py: the firewall rules that are in force, as the -save tools print them, made comparable

Counters, comments and the tools' headers are dropped; chains are sorted by name, because their order means nothing; the order of
rules within a chain is kept, because it means everything.
"""

import re
import subprocess

TOOLS = {"eb": "ebtables-save", "ip4": "iptables-save", "ip6": "ip6tables-save"}
_COUNTERS = re.compile(r"\s*\[\d+:\d+\]|\s*-c \d+ \d+| -c(?=\s|$)")


def save(tool):
    """Output of the -save program of `tool` ('eb', 'ip4', 'ip6') as it is; no table at all is an empty text."""
    done = subprocess.run([TOOLS[tool]], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(f"{TOOLS[tool]}: {done.stderr.strip()}")
    return done.stdout


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
            result[f"{table} {chain}"].append(rest[0] if rest else "")
    return result


def snapshot(own=False):
    """{tool: rules(tool)}, without the empty built-in chains; with own=True only what belongs to ports."""
    result = {}
    for tool in TOOLS:
        chains = {name: lines for name, lines in sorted(rules(tool).items())
                  if lines or not re.search(r" [A-Z]+$", name)}
        result[tool] = of_ports(chains) if own else chains
    return result


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
