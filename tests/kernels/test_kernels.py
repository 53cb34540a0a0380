# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_kernels.py: under Debian's kernel, with both forms of the firewall tools, the driver does what it does here

Each stage of a machine is one test; the tests that it ran inside are reported beside it, as tests of their own.
"""

import faulthandler
import os
import shutil

import pytest

import results
from lane_table import MODULE, PYTEST
from machine import QEMU, SOURCE, Failed, Machine

TOOLS = ("iptables", "ip6tables", "ebtables")
VARIANTS = ("legacy", "nft")
LIMIT = {False: 900, True: 5400}  # seconds of a stage, and of its long form

INSIDE, LIFE = ("tests/kernels/inside",), ("tests/packets/test_life.py",)
STORIES, ALL = ("tests/packets", "--stories"), ("tests/packets",)
# ip6_tables looks behind an authentication header for the protocol, so there a datagram behind one meets the rules of datagrams.
LEGACY_ALL = (*ALL, "-k", "not (every-ipv6-protocol and without-ah)")
# Arguments of pytest by variant; those of the long form. The tools of nf_tables tell all stories in the packets lane.
STAGES = {
    "inside": {"legacy": (INSIDE, INSIDE), "nft": (INSIDE, INSIDE)},
    "packets": {"legacy": (STORIES, LEGACY_ALL), "nft": (LIFE, ALL)},
}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module", name="machines")
def fixture_machines(request, workplace, kernel, build):
    """{variant: Machine}, all at work on what is wanted of them."""
    settings = {"NWF_BUILD": build, "NWF_MODULE": build / MODULE, "NWF_TOOL": build / "tools" / "virt-nwfilter"}
    chosen = [item.callspec.params for item in request.session.items if getattr(item, "callspec", None)]
    machines = {}
    try:
        for variant in VARIANTS:
            stages = {}
            for name in [name for name in STAGES if {"variant": variant, "stage": name} in chosen]:
                words = STAGES[name][variant][request.config.getoption("--long")]
                stages[name] = ["env", "-C", SOURCE, "scripts/sandbox", "--", *PYTEST, f"--junitxml=/exchange/{name}.xml", *words]
            if stages and not lacking(variant):
                machines[variant] = Machine(kernel, variant, workplace / variant, stages, {**settings, "NWF_VARIANT": variant})
                machines[variant].start()
        yield machines
    finally:
        for machine in machines.values():
            machine.close()


def lacking(variant):
    """Programs that are not installed."""
    wanted = [QEMU, *(f"{tool}-{variant}{suffix}" for tool in TOOLS for suffix in ("", "-save", "-restore"))]
    return [name for name in wanted if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("stage", STAGES)
def test_stage(machines, tell, request, variant, stage):
    """The stage was done, and had tests to tell of."""
    faulthandler.cancel_dump_traceback_later()  # whatever pytest was told: machines take their time
    if lacking(variant):
        pytest.skip(f"not installed: {', '.join(lacking(variant))}")
    machine = machines[variant]
    try:
        status = machine.wait_for(stage, LIMIT[request.config.getoption("--long")])
    except Failed as failed:
        pytest.fail(str(failed), pytrace=False)
    outcomes = results.of_lane(stage, machine.exchange / f"{stage}.xml", status, machine.log(stage))
    tell(f"{variant}/{stage}", outcomes)
    assert outcomes
