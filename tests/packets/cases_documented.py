# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_documented.py: the worked examples of libvirt's format document, in the words of that document

https://libvirt.org/formatnwfilter.html, "Writing your own filters" and "Limiting Number of Connections". The examples
call their filter test-eth0 and let the guest's address be found out; here it is given.
"""

import contextlib
import subprocess

from lane import case, passes, stops
from nwflab.frames import CLIENT_PORT, ack, arp, data, ping, pong, syn, syn_ack, tcp, udp
from nwflab.guests import A, B, C

FORGED_MAC, FORGED_IP = "52:54:00:66:66:66", "10.77.0.66"
ANSWER = udp(sport=53, dport=CLIENT_PORT)


def test_eth0(*rules):
    """The document's filter with its last rule, which drops all other traffic."""
    body = "".join(rules)
    return (f"<filter name='test-eth0'><filterref filter='clean-traffic'/>{body}"
            "<rule id='rest' action='drop' direction='inout'><all/></rule></filter>")


def accept(name, direction, element):
    """A rule of the document."""
    return f"<rule id='{name}' action='accept' direction='{direction}'>{element}</rule>"


SSH = accept("ssh", "in", "<tcp dstportstart='22'/>")
HTTP = accept("http", "in", "<tcp dstportstart='80'/>")
ICMP = accept("icmp", "out", "<icmp/>")
DNS = accept("dns", "out", "<udp dstportstart='53'/>")

# The stories below are told with these frames each time.
NO_SPOOFING = (
    stops(A >> C, ping(src_mac=FORGED_MAC), needs="no-mac-spoofing:2"),
    stops(A >> C, ping(src=FORGED_IP), needs="no-ip-spoofing:3"),
    stops(A >> C, arp(sender_ip=FORGED_IP), needs="no-arp-ip-spoofing:2"),
    stops(A >> C, arp(sender_mac=FORGED_MAC), needs="no-arp-mac-spoofing:2"),
    passes(A >> C, arp()),
)
SSH_STORY = (
    passes(C >> A, syn(port=22), needs="ssh"),
    passes(A >> C, syn_ack(port=22), needs="ssh"),
    passes(C >> A, ack(port=22), needs="ssh"),
    stops(A >> C, syn(port=22, client=40001), needs="rest"),
)
DNS_STORY = (
    passes(A >> C, udp(dport=53), needs="dns"),
    passes(C >> A, ANSWER, needs="dns"),
    stops(C >> A, udp(dport=53, sport=999), needs="rest"),
    stops(A >> C, udp(dport=54), needs="rest"),
)
PING_STORY = (
    passes(A >> C, ping(), needs="icmp"),
    passes(C >> A, pong(), needs="icmp"),
    stops(C >> A, ping(ident=99), needs="rest"),
)

case("doc-test-eth0", "Example custom filter: ssh and http in, ping and DNS out, no spoofing, nothing else.",
     test_eth0(SSH, HTTP, ICMP, DNS),
     *NO_SPOOFING, *SSH_STORY, *DNS_STORY, *PING_STORY,
     passes(C >> A, syn(port=80), needs="http"),
     stops(C >> A, syn(port=81), needs="rest"),
     stops(A >> C, tcp(dport=80, sport=41000), needs="rest"),
     filter="test-eth0")

case("doc-strict-ping", "The stricter form of its ICMP rule: requests out, replies in.",
     test_eth0(accept("ask", "out", "<icmp type='8'/>"), accept("reply", "in", "<icmp type='0'/>")),
     passes(A >> C, ping(), needs="ask"),
     passes(C >> A, pong(), needs="reply"),
     stops(C >> A, ping(ident=99), needs="rest"),
     stops(A >> C, pong(ident=99), needs="rest"),
     filter="test-eth0")


# -- active FTP --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def ftp_helper():
    """Connection tracking follows FTP's control connections, which kernels since 6.0 do only when told so by a rule."""
    command = ["-t", "raw", "PREROUTING", "-p", "tcp", "--dport", "21", "-j", "CT", "--helper", "ftp"]
    subprocess.run(["iptables", *command[:2], "-A", *command[2:]], check=True, timeout=20)
    try:
        yield
    finally:
        subprocess.run(["iptables", *command[:2], "-D", *command[2:]], check=True, timeout=20)


# The client C asks the guest to call it back at port 20 * 256 + 5.
CALL_BACK = 20 * 256 + 5
GREETING = b"USER nobody\r\n"
PORT_COMMAND = data(port=21, after=len(GREETING), text=f"PORT {C.ip.replace('.', ',')},20,5\r\n".encode())
CONTROL = (
    passes(C >> A, syn(port=21)),
    passes(A >> C, syn_ack(port=21)),
    passes(C >> A, ack(port=21)),
    passes(C >> A, data(port=21, text=GREETING)),
    passes(C >> A, PORT_COMMAND),
)
FIRST_SOLUTION = (
    accept("ftp", "in", "<tcp dstportstart='21'/>")
    + accept("data-out", "out", "<tcp srcportstart='20' state='RELATED,ESTABLISHED'/>")
    + accept("data-in", "in", "<tcp dstportstart='20' state='ESTABLISHED'/>"))

case("doc-ftp-by-port",
     "Second example, first solution: the guest's data connection is RELATED to the control connection.",
     test_eth0(FIRST_SOLUTION, SSH, HTTP, ICMP, DNS),
     *CONTROL,
     stops(A >> C, syn(port=CALL_BACK + 1, client=20), needs="rest"),
     stops(A >> B, syn(port=CALL_BACK, client=20), needs="rest"),
     passes(A >> C, syn(port=CALL_BACK, client=20), needs=("ftp", "data-out")),
     passes(C >> A, syn_ack(port=CALL_BACK, client=20), needs="data-in"),
     passes(A >> C, ack(port=CALL_BACK, client=20), needs="data-out"),
     filter="test-eth0", around=ftp_helper)

SECOND_SOLUTION = (
    accept("in", "in", "<all state='ESTABLISHED'/>")
    + accept("out", "out", "<all state='ESTABLISHED,RELATED'/>")
    + accept("ssh", "in", "<tcp dstportstart='21' dstportend='22' state='NEW'/>")
    + accept("http", "in", "<tcp dstportstart='80' state='NEW'/>")
    + accept("icmp", "out", "<icmp state='NEW'/>")
    + accept("dns", "out", "<udp dstportstart='53' state='NEW'/>"))

case("doc-ftp-by-state", "Second solution: all that is ESTABLISHED or RELATED, and NEW only where it is wanted.",
     test_eth0(SECOND_SOLUTION),
     *CONTROL,
     stops(A >> C, syn(port=CALL_BACK + 1, client=20), needs="rest"),
     passes(A >> C, syn(port=CALL_BACK, client=20), needs=("ssh", "out")),
     passes(C >> A, syn_ack(port=CALL_BACK, client=20), needs="in"),
     filter="test-eth0", around=ftp_helper)

case("doc-ftp-by-state-rest", "The second solution keeps what the first example gave.",
     test_eth0(SECOND_SOLUTION),
     *NO_SPOOFING, *SSH_STORY, *DNS_STORY, *PING_STORY,
     passes(C >> A, syn(port=80), needs="http"),
     filter="test-eth0")

# -- limits ------------------------------------------------------------------------------------------------------------

LIMITS = """<filter name='lane'>
  <rule id='one-ssh' action='drop' direction='in' priority='400'><tcp connlimit-above='1'/></rule>
  <rule id='ssh' action='accept' direction='in' priority='500'><tcp dstportstart='22'/></rule>
  <rule id='one-ping' action='drop' direction='out' priority='400'><icmp connlimit-above='1'/></rule>
  <rule id='icmp' action='accept' direction='out' priority='500'><icmp/></rule>
  <rule id='dns' action='accept' direction='out' priority='500'><udp dstportstart='53'/></rule>
  <rule id='rest' action='drop' direction='inout' priority='1000'><all/></rule>
</filter>"""

case("doc-limits", "Limiting Number of Connections: one ssh connection in, one ping out.",
     LIMITS,
     *SSH_STORY[:3],
     stops(C >> A, syn(port=22, client=40009), needs="one-ssh"),
     stops(B >> A, syn(port=23, client=40010), needs="rest"),
     passes(A >> C, ping(ident=1), needs="icmp"),
     passes(C >> A, pong(ident=1), needs="icmp"),
     stops(A >> B, ping(ident=2), needs="one-ping"),
     *DNS_STORY)
