# SPDX-License-Identifier: LGPL-2.1-or-later
"""
expected.py: what a case asks of the stock driver, and what our driver must show according to its answer

Per document the stock driver answers twice: once for the text as it is (dumpxml), in a twin that nobody uses, and once for what
exceptions.py puts in its place (rules in the kernel). For rules that it prints in another way it is asked for the canonical text
of each attribute alone, and the rule is laid out again from these.

Here are also the exceptions that are not about single rules: L10, K7, K8, K12.
"""

import re
from dataclasses import replace

from nwflab.filters import signs
from nwflab.filters.exceptions import Setting, for_stock, l5_applies, rows_of, v1_applies
from nwflab.filters.language import CHAIN_PRIORITY, ELEMENTS
from nwflab.filters.model import Filter, Part, Rule, tree

TWIN = 500000  # added to the number of a document's twin
ASIDE = 900000  # number of the filter that only asks for canonical texts


def rule_blocks(dump):
    """A filter's dump as head, entries and end; an entry is a list of lines."""
    lines = dump.splitlines()
    entries = []
    for line in lines[2:-1]:
        if line.startswith("  <"):
            if not line.startswith("  </"):
                entries.append([line])
                continue
        entries[-1].append(line)
    return lines[:2], entries, lines[-1]


def twin(document, stock):
    """The document that is only defined; for the stock driver without what it cannot read at all (L5)."""
    entries = document.entries
    if stock:
        entries = tuple(entry.put("dstipto", "$TO") if isinstance(entry, Rule) and l5_applies(entry) else entry for entry in entries)
    return replace(document, name=document.name + "-twin", number=document.number + TWIN, entries=entries)


# -- the canonical text of one attribute ----------------------------------------------------------------------------------


def alone(rule, name):
    """A rule from which the stock driver shows the canonical text of one attribute, and the attribute's name there."""
    protocol, shown, text = rule.protocol, name, rule.text(name)
    extra = {}
    if ELEMENTS[protocol].proxy:
        protocol = ELEMENTS[protocol].proxy
    if rule.layer == "v6" and name == "dstipto":
        shown = "srcipto"
    elif name in ELEMENTS[rule.protocol].unknown:
        protocol = {"ipv6": "ip", "tcp-ipv6": "tcp"}[rule.protocol]
    elif name in ("ipset", "ipsetflags"):
        protocol = "all"
        extra = {"ipset": "x"} if name == "ipsetflags" else {"ipsetflags": "src"}
    elif protocol in ("ip", "ipv6") and "port" in name:
        extra = {"protocol": "tcp"}
    return Rule("accept", "in", protocol, (Part(((shown, text), *extra.items())),)), shown


def printed_otherwise(document, setting):
    """[(index of the entry, rule)] for rules that are printed in another way."""
    return [(index, entry) for index, entry in enumerate(document.entries)
            if isinstance(entry, Rule) and any(row.printed for row in rows_of(entry, setting))]


def aside(document, setting):
    """The filter from which the stock driver shows the canonical texts that are needed, or None if there are none."""
    rules = [alone(rule, name)[0] for _, rule in printed_otherwise(document, setting) for name in rule.texts()]
    return Filter("aside", ASIDE, tuple(rules)) if rules else None


def canonical_texts(rule, blocks):
    """{attribute: text} from the blocks of the filter aside, which are used up."""
    texts = {}
    for name in rule.texts():
        texts[name] = re.search(rf" {alone(rule, name)[1]}='([^']*)'", "".join(next(blocks)))[1]
    if rule.has("ipset") and not rule.has("ipsetflags"):
        texts["ipsetflags"] = "src"
    return texts


def header(document, lines):
    """The first lines of a dump; an explicit chain priority 0 is printed (L10)."""
    if l10_applies(document):
        return [lines[0].replace(">", " priority='0'>"), *lines[1:]]
    return lines


def l10_applies(document):
    """An explicit chain priority of 0 that is not the chain's default."""
    return bool(document.chain) and bool(document.priority) and int(document.priority) == 0 and CHAIN_PRIORITY[prefix_of(document)] != 0


def prefix_of(document):
    """The kind of a filter's chain."""
    return max((prefix for prefix in CHAIN_PRIORITY if document.chain_name.startswith(prefix)), key=len)


def dump(document, setting, stock_dump, shown, grouped):
    """What our driver must print, from the stock driver's dump of the same text and of the filter aside."""
    head, entries, end = rule_blocks(stock_dump)
    blocks = iter(rule_blocks(shown)[1] if shown else [])
    for index, rule in printed_otherwise(document, setting):
        first = entries[index][0].removesuffix("/>").removesuffix(">") + ">"
        entries[index] = [first, *signs.layout(rule, canonical_texts(rule, blocks), grouped), "  </rule>"]
    return "\n".join([*header(document, head), *(line for lines in entries for line in lines), end, ""])


# -- rules in the kernel --------------------------------------------------------------------------------------------------


def equal_priorities(stage, top):
    """K8: {chain: priority} where filters of one tree give a chain several priorities; the smallest counts."""
    given = {}
    for document in tree(stage, top):
        if document.chain_name != "root" and document.rules:
            given.setdefault(document.chain_name, set()).add(document.chain_priority)
    return {chain: min(values) for chain, values in given.items() if len(values) > 1}


def chains_in_order(stage, top):
    """K7: chains that share their priority with others, in the order of the document."""
    priority = {}
    for document in tree(stage, top):
        if document.chain_name != "root" and any(not rule.is_ip for rule in document.rules):
            priority.setdefault(document.chain_name, min(document.chain_priority, priority.get(document.chain_name, 9999)))
    for document in tree(stage, top):
        if document.chain_name in priority:
            priority[document.chain_name] = min(priority[document.chain_name], document.chain_priority)
    shared = [chain for chain in priority if list(priority.values()).count(priority[chain]) > 1]
    return {chain: (priority[chain], number) for number, chain in enumerate(shared)}


def for_stock_filter(document, priorities, setting):
    """The filter that the stock driver gets."""
    entries = []
    for entry in document.entries:
        entries += for_stock(entry, setting) if isinstance(entry, Rule) else [entry]
    priority = priorities.get(document.chain_name)
    return replace(document, entries=tuple(entries), priority=document.priority if priority is None else str(priority))


def put_in_order(lines, order, port):
    """Jumps to chains of equal priority in the order of the document (K7)."""
    target = re.compile(rf" -j [IO]-{re.escape(port)}-(\S+)$|^-j [IO]-{re.escape(port)}-(\S+)$")

    def place(line):
        found = target.search(line)
        return order.get(found[1] or found[2]) if found else None

    result = list(lines)
    begin = 0
    while begin < len(result):
        end = begin
        while end < len(result) and place(result[end]) and place(result[end])[0] == (place(result[begin]) or [None])[0]:
            end += 1
        result[begin:end] = sorted(result[begin:end], key=place)
        begin = max(end, begin + 1)
    return result


def helpers(chains, port):
    """K2: gives negated DSCP its helper chains, numbered in the order of the chains."""
    chains = dict(chains)
    for letter in "IO":
        count = 0
        names = [f"nat libvirt-{letter}-{port}"]
        names += [f"nat {line.rsplit(' ', 1)[1]}" for line in chains.get(names[0], []) if f"-j {letter}-{port}-" in line]
        for name in names:
            for index, line in enumerate(chains.get(name, [])):
                found = re.search(r"-j HELPER (\S+) (\d+) (\w+)$", line)
                if not found:
                    continue
                helper = f"{letter}-{port}-dscp{count}"
                count += 1
                chains[name] = [*chains[name][:index], line[:found.start()] + f"-j {helper}", *chains[name][index + 1:]]
                kind = "IPv4" if found[1] == "--ip-tos" else "IPv6"
                chains[f"nat {helper}"] = [f"-p {kind} {found[1]} 0x{int(found[2]) * 4 + i:02X} -j RETURN" for i in range(4)] + [f"-j {found[3]}"]
    return chains


def ip_versions(stage, top):
    """The IP layers that a tree has rules for."""
    return {rule.layer for document in tree(stage, top) for rule in document.rules if rule.is_ip}


def kernel(snapshot, setting, stage, case, left):
    """What our driver must have put in force, from the stock driver's rules; `left` are versions with leftovers (K12)."""
    result = {tool: setting.marks.rewrite(chains) for tool, chains in snapshot.items()}
    result["eb"] = helpers(result["eb"], case.port)
    order = chains_in_order(stage, case.filters[0].name) if stage else {}
    for letter in "IO":
        root = f"nat libvirt-{letter}-{case.port}"
        if root in result["eb"]:
            result["eb"][root] = put_in_order(result["eb"][root], order, case.port)
    for version in left:
        chains = result["ip" + version[1]]
        name = "filter libvirt-in-post"
        chains[name] = [line for line in chains.get(name, []) if f"--physdev-in {case.port} " not in line]
    return result


# -- counting -----------------------------------------------------------------------------------------------------------------


def exceptions(case):
    """For each rule of the case the rows that it needs."""
    setting = Setting(case.parameters)
    result = []
    for number, stage in enumerate(case.stages()):
        top = case.filters[0].name
        several = equal_priorities(stage, top)
        shared = chains_in_order(stage, top)
        for document in (case.filters if number == 0 else [case.then[number - 1]]):
            common = (["K8"] if document.chain_name in several else []) + (["K7"] if document.chain_name in shared else [])
            common += ["L10"] if l10_applies(document) else []
            for rule in document.rules:
                own = ["V1"] if v1_applies(rule, setting) else [row.row for row in rows_of(rule, setting)]
                result.append((rule, common + own))
    return result
