# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_spellings.py: what is a legal text, and how it is printed: the same answers from both drivers

Each text is a document of its own that is only defined. Kinds of values are tried on attributes in turn, so that every attribute of every
element gets a share of the texts of its kind.
"""

import itertools
import re
from xml.sax.saxutils import quoteattr

import pytest

import spellings
from nwflab.filters.language import KINDS
from nwflab.texts import uuid_of

PLACES = spellings.places()
UUID = uuid_of(77)


def document(body="", head="", uuid=UUID):
    """A filter."""
    return f"<filter name='spelling'{head}>{f'<uuid>{uuid}</uuid>' if uuid else ''}{body}</filter>"


def value_document(protocol, name, text):
    """A filter with one attribute."""
    text = quoteattr(text, {"\n": "&#10;", "\t": "&#9;"})
    more = " protocol='tcp'" if protocol in ("ip", "ipv6") and "port" in name else " ipsetflags='src'" if name == "ipset" else ""
    return document(f"<rule action='drop' direction='in'><{protocol}{more} {name}={text}/></rule>")


def written(documents, lane):
    """What both sides say about each document: outcome and dump."""
    steps = [step for xml in documents for step in (("define", xml), ("undefine", "spelling"))]
    futures = [lane.sides[name].submit(steps) for name in ("stock", "ours")]
    return [future.result()[::2] for future in futures]


def by_reference(text):
    """Line feeds and tabs as they come through a parser; the stock driver indents what follows a line feed, be it only the quote."""
    return re.sub(r"\n    \Z", "\n", text).replace("\n", "&#10;").replace("\t", "&#9;")


def odd_rows(xml, stock):
    """Rows of docs/differences.md that a document needs, with what they make of the stock driver's answer."""
    if "chain='root'" not in xml and " chain=\"root" in xml and " chain=\"root\"" not in xml:
        return "L11", {"outcome": "ARG"}
    if "comment=" in xml and ("&#10;" in xml or "&#9;" in xml) and stock["outcome"] == "ok":
        return "L13", {"outcome": "ok", "xml": re.sub(r"(?<= comment=')[^']*", lambda found: by_reference(found[0]), stock["xml"])}
    return None, stock


def compare(documents, lane):
    """Asserts that both drivers answer alike."""
    wrong = []
    for xml, stock, ours in zip(documents, *written(documents, lane)):
        row, wanted = (None, stock) if lane.same else odd_rows(xml, stock)
        if row:
            lane.rows[row] += 1
        if wanted["outcome"] != ours["outcome"] or wanted.get("xml") != ours.get("xml"):
            answers = [side["outcome"] + " " + "".join(side.get("xml", side.get("message", "")).splitlines()[3:4]) for side in (stock, ours)]
            wrong.append(f"{xml}\n    stock: {answers[0]}\n    ours:  {answers[1]}")
    lane.documents += len(documents)
    assert not wrong, f"{len(wrong)} of {len(documents)} documents:\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize("kind", KINDS)
def test_value(lane, kind):
    """Each text of a kind, on the attributes of that kind in turn; and the first texts on all of them."""
    texts, places = spellings.texts_of(kind), PLACES[kind]
    pairs = [(place, text) for place, text in zip(itertools.cycle(places), texts)]
    pairs += [(place, text) for number, place in enumerate(places) for text in texts[number % 5::max(1, len(texts) // 12)]]
    compare([value_document(*place, text) for place, text in dict.fromkeys(pairs)], lane)


@pytest.mark.parametrize("word", spellings.RULE_WORDS)
def test_word_of_a_rule(lane, word):
    """Attributes of a rule, and the sign of an element."""
    documents = []
    for text in spellings.RULE_WORDS[word]:
        words = {"action": "drop", "direction": "in"}
        sign = f" match={quoteattr(text)}" if word == "match" else ""
        if not sign:
            words[word] = text
        head = "".join(f" {name}={quoteattr(value)}" for name, value in words.items())
        documents.append(document(f"<rule{head}><tcp{sign} dscp='5'/></rule>"))
    missing = "action" if word == "direction" else "direction"
    compare([*documents, document(f"<rule {missing}='drop'/>")], lane)


@pytest.mark.parametrize("word", spellings.FILTER_WORDS)
def test_word_of_a_filter(lane, word):
    """Chain and priority."""
    chain = "" if word == "chain" else " chain='arp'"
    texts = [text for text in spellings.FILTER_WORDS[word] if word != "priority" or text not in ("0", "-0")]  # L10 is in catalog.py
    compare([document(head=f"{chain} {word}={quoteattr(text)}") for text in texts]
            + [document(head=f" {word}={quoteattr(text)}") for text in texts], lane)


def test_uuid(lane):
    """Ways of writing a uuid."""
    compare([document(uuid=text) for text in spellings.UUIDS], lane)


def test_names_that_are_printed(lane):
    """Parameters of references: what is kept, what is dropped, in which order."""
    values = ("10.0.0.1", "a b", "", "a/b", "$A", "-1", "x_Y.9:z", "\u00fc", "a,b", "%")
    names = ("A", "a", "B", "A1", "_", "", "A-B", "A B", "\u00c4", "0", "A")
    body = "".join(f"<filterref filter='nobody'><parameter name={quoteattr(name)} value={quoteattr(value)}/>"
                   f"<parameter value='2' name='B'/><parameter name={quoteattr(name)} value='3'/></filterref>"
                   for name in names for value in values)
    compare([document(body), document("<filterref filter=''/>"), document("<filterref/>"), document("<filterref filter='a b'><x/>text</filterref>")],
            lane)
