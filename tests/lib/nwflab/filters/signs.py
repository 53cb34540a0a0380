# SPDX-License-Identifier: LGPL-2.1-or-later
"""
signs.py: which attributes of a rule are negated, as its text says and as the stock driver takes it

Masks, ends of ranges and codes have the sign of the attribute that leads them. The two drivers differ in what happens when
the leader is absent, and in the leader of destination ports (rows L1 and L2).
"""

from nwflab.filters.language import ELEMENTS, leader_of


def as_written(rule, name):
    """The sign that the rule's text gives to an attribute."""
    leader = leader_of(rule.protocol, name)
    if leader is None:
        return rule.negated(name)
    if rule.has(leader):
        return rule.negated(leader)
    return rule.negated(name) if leader == "type" else False


def as_stock(rule, name):
    """The sign that the stock driver gives to it."""
    leader = leader_of(rule.protocol, name)
    if rule.is_ip and name in ("srcportend", "dstportstart", "dstportend"):
        leader = "srcportstart"
    if leader is None:
        return rule.negated(name)
    return rule.has(leader) and rule.negated(leader)


def lost(rule):
    """Attributes whose sign the stock driver changes."""
    return [name for name in ELEMENTS[rule.protocol].attributes
            if rule.has(name) and as_written(rule, name) != as_stock(rule, name)] if rule.protocol else []


def layout(rule, texts, grouped):
    """The elements as dumpxml prints them; `texts` are the canonical texts, `grouped` the way of libvirt 11 and later."""
    order = [name for name in ELEMENTS[rule.protocol].attributes if name in texts]
    signs = {name: as_written(rule, name) for name in order}
    if grouped:
        runs = [[name for name in order if signs[name] == sign] for sign in (False, True)]
    else:
        runs = []
        for name in order:
            if not runs or signs[runs[-1][-1]] != signs[name]:
                runs.append([])
            runs[-1].append(name)
    lines = ["    <" + rule.protocol + (" match='no'" if signs[run[0]] else "") + "".join(f" {name}='{texts[name]}'" for name in run) + "/>"
             for run in runs if run]
    return lines or [f"    <{rule.protocol}/>"]
