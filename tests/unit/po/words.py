#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
words.py: translations leave alone what is no language

Names of elements, attributes, variables, options, files and protocols, quoted words, numbers and acronyms mean the same to every reader,
and are copied from messages into documents: each that a message has, its translations have. Formats are msgfmt's business.

What a message quotes stands between straight single quotes, in every message and every language.
"""

import pathlib
import re
import subprocess
import sys

PO = pathlib.Path(__file__).resolve().parents[3] / "po"

FIXED = re.compile(r"""
    (?<!\w)'[^'\s%]+'(?!\w)         # a quoted word
  | </?[a-z%][\w%]*                 # a tag
  | [a-z]+(?==')                    # an attribute
  | --[a-z-]+                       # an option
  | [a-z]+:///\w+                   # a URI
  | \w+_\w+                         # a name
  | \b0x[0-9a-f]+\b | \b\d[\d.]*\b  # a number
  | \b[A-Z]{2,}\d*\b                # an acronym
  | \b(?: [a-z]*ipv[46] | r?arp | vlan | mac | stp | icmp(?:v6)? | igmp | tcp | udp | udplite | sctp | esp | ah | dscp | src | dst
      | ebtables | nft | nftables | iptables | nwfilter | virt-nwfilter | libvirt | ipset | any | dhcp | none | true | false | in | out | auto
      | return )\b
""", re.VERBOSE | re.ASCII)
# Words in capitals that stand for something, and words of the language that are English, too.
FREE = {"FILE", "NAME", "ADDRESS", "VALUE", "DIRECTORY", "VERSION", "INDEX", "ITERATOR", "VARIABLE", "FROM", "TO", "MASK", "FLAGS",
        "START", "END", "KEY", "SUBCOMMAND", "ARGUMENT", "FILTER", "in", "out"}


# Every other sign that could be one of quotation, and a value between the right ones.
OTHER_QUOTES = re.compile('["`\u00ab\u00bb\u2018\u2019\u201c\u201d\u201e]')
QUOTED = re.compile(r"'%(?:\d+\$)?s'")


def texts(command, path):
    """The texts of a file, by gettext's own tools, in the order of the alphabet of the messages."""
    script = f'{command} "$1" | msgcat --sort-output - | msgexec 0'
    made = subprocess.run(["bash", "-o", "pipefail", "-c", script, "texts", path], check=True, stdout=subprocess.PIPE)
    return made.stdout.decode().split("\0")[:-1]


def fixed(text):
    """The words of a text that no translation changes."""
    return {word.rstrip(".") for word in FIXED.findall(text)} - FREE


def main():
    """Prints each translation that lost a word; exit status 1 if there are any."""
    template = PO / "libvirt-driver-nwfilter.pot"
    originals = texts("msgen --lang=en", template)
    lost = 0
    for original in originals[1:]:
        if OTHER_QUOTES.search(original):
            print(f"other quotes than '…': {original}")
            lost += 1
    for language in sorted(PO.glob("*.po")):
        translations = texts("cat", language)
        assert len(translations) == len(originals) > 100, f"{language}: run po/update"
        for original, translation in list(zip(originals, translations))[1:]:
            missing = fixed(original) - fixed(translation) - set(re.findall(r"\S+", translation))
            for word in sorted(missing):
                print(f"{language.name}: {word} is missing\n    {original}\n    {translation}")
            lost += bool(missing)
            if len(QUOTED.findall(original)) != len(QUOTED.findall(translation)):
                print(f"{language.name}: not all values are between '…'\n    {original}\n    {translation}")
                lost += 1
    print(f"{len(originals) - 1} messages, {lost} messages and translations that lost a word or are quoted in another way")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
