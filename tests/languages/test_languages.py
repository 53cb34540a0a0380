# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_languages.py: libvirt's bindings of other languages list, define, bind, dump and delete as python3-libvirt does

The programs calls.* make the calls; what they see is held against what python3-libvirt sees, or is expected here.
"""

import pytest

from conftest import Failed
from nwflab import client, texts

UUID = texts.uuid_of(7)
UNKNOWN = texts.uuid_of(8)
SSH = "<rule action='accept' direction='in' priority='500'><tcp dstportstart='22' comment='a &lt; b, \u00fc'/></rule>"
URIS = ["nwfilter:///system", "qemu:///system"]


@pytest.mark.parametrize("uri", URIS, ids=["nwfilter", "qemu"])
def test_filters(lab, speak, uri):
    """From nothing to a filter and back."""
    speaker = speak(uri)
    assert (speaker.call("list"), speaker.call("names"), speaker.call("count")) == ([], [], 0)
    assert speaker.call("define", texts.filter_xml("web", SSH, uuid=UUID)) == UUID
    speaker.call("define", texts.filter_xml("all", texts.ACCEPT))
    assert speaker.call("list") == speaker.call("names") == lab.client.filters() == ["all", "web"] and speaker.call("count") == 2
    assert speaker.call("dump", "web") == lab.client.filter_xml("web") and "a &lt; b, \u00fc" in speaker.call("dump", "web")
    assert speaker.call("name", UUID) == "web"
    speaker.call("define", texts.filter_xml("web", texts.DROP, uuid=UUID))
    assert "drop" in lab.client.filter_xml("web")
    speaker.call("undefine", "web")
    assert lab.client.filters() == speaker.call("list") == ["all"]


@pytest.mark.parametrize("uri", URIS, ids=["nwfilter", "qemu"])
def test_bindings(lab, speak, uri):
    """A binding's rules come and go."""
    speaker = speak(uri)
    lab.port("vp0")
    speaker.call("define", texts.filter_xml("web", SSH, uuid=UUID))
    assert speaker.call("ports") == []
    assert speaker.call("bind", texts.binding_xml("vp0", "web", [("A", "1"), ("A", "2")])) == "vp0"
    assert "--dport 22" in lab.rules("vp0")
    assert speaker.call("ports") == lab.client.bindings() == ["vp0"] and speaker.call("filter", "vp0") == "web"
    assert speaker.call("describe", "vp0") == lab.client.binding_xml("vp0") and "name='A' value='2'" in speaker.call("describe", "vp0")
    speaker.call("define", texts.filter_xml("web", SSH.replace("22", "23"), uuid=UUID))
    assert "--dport 23" in lab.rules("vp0") and "--dport 22" not in lab.rules("vp0")
    speaker.call("unbind", "vp0")
    assert speaker.call("ports") == [] and not lab.rules("vp0")


# What fails in a world where web is bound to vp0: the call, the short name of its error, and python3-libvirt's same call.
ERRORS = [
    (("dump", "nobody"), "NOF", lambda one: one.filter("nobody")),
    (("undefine", "nobody"), "NOF", lambda one: one.undefine("nobody")),
    (("name", UNKNOWN), "NOF", lambda one: client.attempt(one.connection.nwfilterLookupByUUIDString, UNKNOWN)),
    (("undefine", "web"), "OPI", lambda one: one.undefine("web")),
    (("define", "<filter name='x'"), "XMLD", None),
    (("define", "<network/>"), "XML5", None),
    (("define", texts.filter_xml("web", uuid=UNKNOWN)), "OPF", None),
    (("define", texts.filter_xml("web", "<filterref filter='web'/>", uuid=UUID)), "OPF", None),
    (("define", texts.filter_xml("x", chain="nosuch")), "ARG", None),
    (("define", texts.filter_xml("x", SSH.replace("22", "70000"))), "INT", None),
    (("bind", texts.binding_xml("vp0", "web")), "OPF", None),
    (("bind", texts.binding_xml("vp1", "nobody")), "INT", None),
    (("describe", "vp9"), "NOB", lambda one: one.binding("vp9")),
    (("unbind", "vp9"), "NOB", lambda one: one.unbind("vp9")),
]


@pytest.fixture(name="bound")
def fixture_bound(lab):
    """The lab in which web is bound to vp0; vp1 is free."""
    lab.port("vp0")
    lab.port("vp1")
    lab.define("web", SSH, uuid=UUID)
    lab.bind("vp0", "web")
    return lab


def test_errors(bound, speak):
    """Code, domain and words of errors come through as they do to python3-libvirt."""
    speaker = speak()
    seen, wanted = [], []
    for words, name, same in ERRORS:
        same = same or (bound.client.define if words[0] == "define" else bound.client.bind)
        with pytest.raises(client.Failed) as expected:
            same(bound.client) if same.__name__ == "<lambda>" else same(words[1])
        with pytest.raises(Failed) as failed:
            speaker.call(*words)
        wanted.append((words, name, expected.value.message))
        seen.append((words, client.name_of(failed.value.code, failed.value.domain), failed.value.message))
    assert seen == wanted
    assert speaker.call("list") == ["web"] and speaker.call("ports") == ["vp0"]


def test_read_only(bound, speak):
    """Whoever may only read can read, and nothing else."""
    speaker = speak(readonly=True)
    assert speaker.call("list") == ["web"] and speaker.call("ports") == ["vp0"]
    assert speaker.call("dump", "web") == bound.client.filter_xml("web")
    for words in (("define", texts.filter_xml("x")), ("undefine", "web"), ("bind", texts.binding_xml("vp1", "web")), ("unbind", "vp0")):
        with pytest.raises(Failed) as failed:
            speaker.call(*words)
        assert client.name_of(failed.value.code, failed.value.domain) == "RO", words


def test_wrong_path(speak):
    """The error of an opening comes through, too."""
    with pytest.raises(Failed) as failed:
        speak("nwfilter:///nosuch")
    assert client.name_of(failed.value.code, failed.value.domain) == "INT" and "/nosuch" in failed.value.message
