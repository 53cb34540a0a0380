# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_tables.py: which tables of the kernel the rules are in, and what a change leaves in them
"""

import subprocess

import pytest

from nwflab.frames import ether, udp
from nwflab.guests import A, B, C, port_of

ALL = ("<rule action='drop' direction='out'><mac protocolid='0x88b5'/></rule>"
       "<rule action='drop' direction='out'><udp dstportstart='7'/></rule>"
       "<rule action='drop' direction='out'><udp-ipv6 dstportstart='7'/></rule>")
IPV4 = "<rule action='drop' direction='out'><ip protocol='udp' dstportstart='{}'/></rule>"


def words_of(*command):
    """What a program prints."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_tools_are_of_the_variant(variant):
    """The machine has the tools that it was made for."""
    for tool in ("iptables", "ip6tables", "ebtables"):
        assert ("nf_tables" in words_of(tool, "--version")) == (variant == "nft")


def test_rules_are_in_the_tables_of_the_variant(host, variant):
    """The rules are where the tools of this variant see them, and nowhere else."""
    host.define("tables", ALL)
    host.bind(A, "tables")
    for tool in ("iptables", "ip6tables", "ebtables"):
        assert port_of(A) in words_of(f"{tool}-{variant}-save")
    if variant == "legacy":
        with pytest.raises(subprocess.CalledProcessError):
            words_of("nft", "list", "ruleset")  # this kernel has no such thing
    else:
        assert port_of(A) in words_of("nft", "list", "ruleset")
        assert not any(port_of(A) in words_of(f"{tool}-legacy-save") for tool in ("iptables", "ip6tables", "ebtables"))


def test_a_change_leaves_nothing_of_what_was(host, wire):
    """Of many definitions only the last one is in force, on every layer, also in chains of its own."""
    host.define("tables-sub", "", chain="ipv4")
    host.define("tables", ALL)
    host.bind(A, "tables")
    once = host.rules(A)
    for port in (8, 9):
        host.define("tables-sub", IPV4.format(port), chain="ipv4")
        host.define("tables", ALL.replace("'7'", f"'{port + 10}'") + "<filterref filter='tables-sub'/>")
        assert not wire.arrives(A >> C, udp(dport=port)) and not wire.arrives(A >> C, udp(dport=port + 10))
        assert wire.arrives(A >> C, udp(dport=7)) and not wire.arrives(A >> C, ether())
    assert wire.arrives(A >> C, udp(dport=8)) and wire.arrives(A >> C, udp(dport=18))
    host.define("tables", ALL)
    assert host.rules(A) == once
    assert not wire.arrives(A >> C, udp(dport=7)) and wire.arrives(A >> C, udp(dport=9))


def test_deleting_leaves_nothing(host, wire):
    """Ports come and go; each leaves the tables as it found them, and its neighbour alone."""
    host.define("tables-sub", IPV4.format(8), chain="ipv4")
    host.define("tables", ALL + "<filterref filter='tables-sub'/>")
    host.bind(B, "tables")
    neighbour = host.rules(B)
    for _ in range(2):
        host.bind(A, "tables")
        assert not wire.arrives(A >> C, udp(dport=7)) and not wire.arrives(A >> C, udp(dport=8))
        host.unbind(A)
        assert host.rules(A) == "" and host.rules(B) == neighbour
        assert wire.arrives(A >> C, udp(dport=7)) and wire.arrives(A >> C, udp(dport=8))
