# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_unknown.py: releases of libvirt that never were

Where functions have only moved the driver works. Where something is not as the driver needs it, the driver is switched off: the
daemon lives, other drivers work, every call gets the reason at once, and nothing that stands in the kernel or on disk is touched.
"""

import signal
import time
from dataclasses import dataclass

import libvirt
import pytest

from nwflab import texts
from nwflab.client import Failed, attempt, outcome
from nwflab.daemon import SYSTEM
from slots import TABLES, Known, found

QEMU = "qemu:///system"
QUICK = 2.0  # seconds a refused call may take on a slow machine
OFF = "the nwfilter driver is switched off: "


def mapping(slots, change):
    """NWF_OTHER_SLOTS for {function: slot}, each slot replaced by change(function, slot)."""
    names = Known().slots((9, 0, 0))
    return " ".join(f"{number}:{slots[name]}={change(name, slots[name])}" for number, table in enumerate(TABLES)
                    for name in names[table])


@pytest.fixture(name="slots")
def fixture_slots(lab):
    """{function: slot} of the installed libvirt."""
    lab.client.close()
    slots = found(lab.log())
    forget(lab)
    return slots


def forget(lab):
    """Ends the lab's daemon; the next one is started when it is needed."""
    lab.hang_up()
    assert lab.daemon.stop() == 0
    lab.change_driver(lab.driver)


def backwards(name, slot):
    """The nwfilter table from behind; the other far up."""
    return slot + 300 if name.startswith("virConnectIs") else 40 - slot


def far_up(_, slot):
    """The last slots that are looked at."""
    return slot + 300


def moved_by_one(_, slot):
    """As after a new function at the beginning."""
    return slot + 1


@pytest.mark.parametrize("change", [backwards, far_up, moved_by_one])
@pytest.mark.parametrize("uri", [SYSTEM, QEMU], ids=["nwfilter", "qemu"])
def test_moved_slots_are_found(lab, slots, other_libvirt, change, uri):
    """Everything works where the slots have moved."""
    lab.new_daemon(environment=other_libvirt(slots=mapping(slots, change)))
    lab.port("vp0")
    client = lab.open(uri)
    assert found(lab.log()) == {name: change(name, slot) for name, slot in slots.items()}
    assert (client.connection.isEncrypted(), client.connection.isSecure(), client.connection.isAlive()) == (0, 1, 1)

    filter_ = client.define(texts.filter_xml("moved"))
    assert client.filters() == ["moved"] == client.connection.listNWFilters() and client.connection.numOfNWFilters() == 1
    client.define(texts.filter_xml("moved", texts.DROP, uuid=filter_.UUIDString()), flags=0)
    assert "drop" in client.connection.nwfilterLookupByUUIDString(filter_.UUIDString()).XMLDesc(0)
    client.bind(texts.binding_xml("vp0", "moved"))
    assert "DROP" in lab.rules("vp0")
    assert client.bindings() == ["vp0"] and "vp0" in client.binding_xml("vp0")
    assert outcome(client.undefine, "moved") == "OPI"
    client.unbind("vp0")
    assert not lab.rules("vp0")
    client.undefine("moved")
    assert outcome(client.filter, "moved") == "NOF" and outcome(client.binding, "vp0") == "NOB"
    client.close()
    assert lab.daemon.stop() == 0


CALLS = {
    "numOfNWFilters": (),
    "listNWFilters": (),
    "listAllNWFilters": (0,),
    "nwfilterLookupByName": ("kept",),
    "nwfilterLookupByUUIDString": (texts.uuid_of(1),),
    "nwfilterDefineXML": (texts.filter_xml("new"),),
    "nwfilterDefineXMLFlags": (texts.filter_xml("new"), 0),
    "listAllNWFilterBindings": (0,),
    "nwfilterBindingLookupByPortDev": ("vp0",),
    "nwfilterBindingCreateXML": (texts.binding_xml("vp1", "kept"),),
}


@dataclass(frozen=True)
class Broken:
    """A difference that the driver cannot live with; `unsaid` are calls of CALLS whose slots it cannot know."""

    differences: object  # of slots: keywords of other_libvirt
    reason: str
    unsaid: tuple = ()


BROKEN = {
    "one-call-reaches-two": Broken(lambda _: {"twice": "virNWFilterLookupByName"},
                                   "virNWFilterLookupByName() does not call exactly one function of its driver (calls: 2)",
                                   ("nwfilterLookupByName",)),
    "one-call-reaches-none": Broken(
        lambda slots: {"slots": mapping(slots, lambda name, slot: 600 if name == "virNWFilterUndefine" else slot)},
        "virNWFilterUndefine() does not call exactly one function of its driver (calls: 0)"),
    "two-calls-reach-one": Broken(
        lambda slots: {"slots": mapping(slots, lambda name, slot: slots["virConnectIsAlive"]
                                        if name == "virConnectIsSecure" else slot)},
        "virConnectIsSecure() and virConnectIsAlive() call the same function"),
    "objects-differ": Broken(lambda _: {"objects": 1}, "objects do not hold their connection where it is expected"),
    "another-driver-answers": Broken(lambda _: {"opens": "test:///default"}, "opens nwfilter:///system with another driver", tuple(CALLS)),
    "nobody-answers": Broken(lambda _: {"opens": "unheard:///of"}, "cannot open nwfilter:///system", tuple(CALLS)),
    "the-answer-never-comes": Broken(lambda _: {"waits": 3600}, "does not answer when nwfilter:///system is opened", tuple(CALLS)),
    "a-function-is-missing": Broken(
        lambda _: {"lacks": "virNWFilterUndefineEnsureACL virNWFilterGetXMLDescEnsureACL"},
        "functions that the driver needs: virNWFilterGetXMLDescEnsureACL, virNWFilterUndefineEnsureACL", tuple(CALLS)),
}


def refusal(function, *arguments):
    """The error of a call that must fail, and quickly."""
    begin = time.monotonic()
    with pytest.raises(Failed) as failed:
        attempt(function, *arguments)
    assert time.monotonic() - begin < QUICK, f"the refusal took {time.monotonic() - begin:.1f} s"
    return failed.value


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_a_broken_libvirt_switches_the_driver_off(lab, slots, other_libvirt, broken):
    """The daemon lives, all calls tell why, and rules and files stay for better days."""
    lab.define("kept", texts.DROP, uuid=texts.uuid_of(1))
    lab.port("vp0")
    lab.bind("vp0", "kept")
    rules, files = lab.rules("vp0"), (lab.filter_file("kept").read_text(), lab.binding_file("vp0").read_text())
    forget(lab)

    daemon = lab.new_daemon(environment=other_libvirt(**broken.differences(slots)))
    daemon.start(limit=30.0)
    error = refusal(daemon.client)
    assert error.name == "CFG" and OFF in error.message and broken.reason in error.message
    assert f"{OFF}this libvirt" in daemon.log()

    with daemon.client(QEMU) as client:  # shares the table, if it is known
        for call, arguments in CALLS.items():
            error = refusal(getattr(client.connection, call), *arguments)
            if call in broken.unsaid:
                assert error.code == libvirt.VIR_ERR_NO_SUPPORT, (call, error)
            else:
                assert error.name == "CFG" and broken.reason in error.message, (call, error)
        assert client.connection.listAllDomains(0) == []
        daemon.process.send_signal(signal.SIGHUP)
        assert broken.reason in refusal(daemon.client).message
    assert (lab.rules("vp0"), lab.filter_file("kept").read_text(), lab.binding_file("vp0").read_text()) == (rules, *files)
    forget(lab)

    assert lab.client.bindings() == ["vp0"] and lab.rules("vp0") == rules
    lab.client.unbind("vp0")
    assert not lab.rules("vp0")


def test_without_registration_the_daemon_has_no_nwfilter_driver(lab, slots, other_libvirt):
    """As if no module were there: other drivers work, and nwfilter:///system is refused by libvirt itself."""
    assert slots
    lab.new_daemon(environment=other_libvirt(lacks="virRegisterConnectDriver"))
    assert lab.daemon.running
    assert "lacks functions that the driver needs: virRegisterConnectDriver" in lab.log()
    with lab.daemon.client(QEMU) as client:
        assert client.connection.listAllDomains(0) == []
        assert refusal(client.connection.listAllNWFilters, 0).code == libvirt.VIR_ERR_NO_SUPPORT
    assert lab.daemon.stop() == 0
