# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_forms.py: DHCP messages in every form that servers give them, with bridge netfilter on and off
"""

import pytest

from nwflab import dhcp
from nwflab.dhcp import ACK, END, PAD, REQUEST, ip, number
from nwflab.guests import A, C
from nwflab.kernel import setting

pytestmark = pytest.mark.ours("the stock snooper's habits differ: section Learning of docs/differences.md")

FIRST, SECOND = "10.77.0.121", "10.77.0.122"


def option(code, value):
    """One option as it is in the message."""
    return bytes([code, len(value)]) + value


TYPE, SERVER, TIME = option(53, bytes([ACK])), option(54, ip(C.ip)), option(51, number(600))
LONG = b"".join(option(224, b"x" * 200) for _ in range(5))  # an unknown option again and again

GOOD = {
    "plain": (TYPE + SERVER + TIME + END, {}),
    "another-order": (TIME + SERVER + TYPE + END, {}),
    "pads": (PAD * 7 + TYPE + PAD + SERVER + PAD * 3 + TIME + PAD * 20 + END, {}),
    "no-end": (TYPE + SERVER + TIME, {"size": 0}),
    "rubbish-behind-the-end": (TYPE + SERVER + TIME + END + b"\x35\x01\x06rubbish", {}),
    "576-bytes": (option(224, b"x" * 200) + TYPE + SERVER + TIME + END, {"size": 548}),
    "1400-bytes": (LONG + TYPE + SERVER + TIME + END, {"size": 1400}),
    "in-file": (option(52, b"\x01") + END, {"file": TYPE + SERVER + TIME + END}),
    "in-sname": (option(52, b"\x02") + END, {"sname": TYPE + SERVER + TIME + END}),
    "in-both": (option(52, b"\x03") + TYPE + END, {"file": SERVER + END, "sname": TIME + END}),
    "no-checksum": (TYPE + SERVER + TIME + END, {"udp_fields": {"chksum": 0}}),
    "options-in-ip": (TYPE + SERVER + TIME + END, {"fields": {"options": b"\x01\x01\x01\x01"}}),
    "lease-without-server": (TYPE + TIME + END, {}),
}

BAD = {
    "type-twice": (TYPE + TYPE + SERVER + TIME + END, {}),
    "type-twice-in-two-fields": (option(52, b"\x01") + TYPE + SERVER + TIME + END, {"file": TYPE + END}),
    "time-twice": (TYPE + SERVER + TIME + TIME + END, {}),
    "server-twice": (TYPE + SERVER + SERVER + TIME + END, {}),
    "time-too-short": (TYPE + SERVER + option(51, b"\x10") + END, {}),
    "time-too-long": (TYPE + SERVER + option(51, number(600) + b"\x00") + END, {}),
    "type-too-long": (option(53, bytes([ACK, ACK])) + SERVER + TIME + END, {}),
    "type-empty": (option(53, b"") + SERVER + TIME + END, {}),
    "no-type": (SERVER + TIME + END, {}),
    "past-the-end": (TYPE + SERVER + TIME + b"\xe0\xff" + b"x", {"size": 0}),
    "no-cookie": (TYPE + SERVER + TIME + END, {"cookie": b"\x63\x82\x53\x64"}),
    "overload-unknown": (option(52, b"\x04") + TYPE + SERVER + TIME + END, {}),
    "overload-not-said": (END, {"file": TYPE + SERVER + TIME + END}),
    "udp-too-long": (TYPE + SERVER + TIME + END, {"udp_fields": {"len": 2000, "chksum": 0}}),
    "udp-too-short": (TYPE + SERVER + TIME + END, {"udp_fields": {"len": 100, "chksum": 0}}),
    "ip-too-long": (TYPE + SERVER + TIME + END, {"fields": {"len": 2000}}),
}


@pytest.fixture(name="netfilter", params=["1", "0"], ids=["netfilter", "no-netfilter"])
def fixture_netfilter(request):
    """Bridge netfilter looks at IP headers, or not."""
    with setting("net/bridge/bridge-nf-call-iptables", request.param):
        yield


def play(host, options, header):
    """The guest asks, and is answered in this form."""
    host.bind_dhcp(A)
    host.send(A, dhcp.ask(A, REQUEST, 9, [(50, ip(FIRST))]))
    host.send(C, dhcp.tell(C, A, ACK, 9, FIRST, options=options, **header))


@pytest.mark.usefixtures("netfilter")
@pytest.mark.parametrize("name", GOOD)
def test_is_understood(host, name):
    """A lease in this form counts."""
    play(host, *GOOD[name])
    host.has(A, FIRST)
    assert host.passes(A, FIRST)


@pytest.mark.usefixtures("netfilter")
@pytest.mark.parametrize("name", BAD)
def test_is_refused(host, name):
    """Whoever reads it otherwise, to us it says nothing certain."""
    play(host, *BAD[name])
    host.lease(A, SECOND)
    host.has(A, SECOND)
