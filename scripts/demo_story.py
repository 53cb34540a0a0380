# SPDX-License-Identifier: LGPL-2.1-or-later
"""
demo_story.py: what the demo shows; each function is a step, its first line the heading

A step gets the stage, explains itself in a few words, and says of each result what it should be. A further step is one
more function in STEPS.
"""

import subprocess
import time

from nwflab import kernel, wait
from nwflab.frames import (BROADCAST, CLIENT_PORT, arp, ping, pong, rarp, syn, syn_ack, tcp, udp, udp6)
from nwflab.guests import A, B, C, forget_connections, port_of
from nwflab.stream import Stream

FORGED_MAC, FORGED_IP = "52:54:00:66:66:66", "10.77.0.66"

WEB = """\
<filter name='web'>
  <filterref filter='clean-traffic'/>
  <rule action='accept' direction='in'>
    <tcp dstportstart='$PORTS'/>
  </rule>
  <rule action='accept' direction='out'>
    <udp dstportstart='53'/>
  </rule>
  <rule action='accept' direction='out'>
    <icmp/>
  </rule>
  <rule action='drop' direction='inout' priority='1000'>
    <all/>
  </rule>
</filter>
"""

GUARD = """\
<filter name='guard'>
  <uuid>6c7a2f0e-51f5-4b39-8d1c-8a1b6a1f7d10</uuid>
  <rule action='drop' direction='out'>
    <udp dstportstart='9'/>
  </rule>{more}
</filter>
"""

WRONG = """\
<filter name='wrong'>
  <rule action='accept' direction='in'>
    <tcp dstportstart='70000'/>
  </rule>
</filter>
"""


def open_port(stage):
    """A guest without filter

    Shows that what is stopped later is not stopped by something else.
    """
    stage.show.text("Guest A is bound to no filter. It may claim to be anybody.")
    stage.attempt(A >> C, udp(), "honest datagram", True)
    stage.attempt(A >> C, udp(src_mac=FORGED_MAC), "forged Ethernet address", True)
    stage.attempt(A >> C, udp(src=FORGED_IP), "forged IP address", True)
    stage.attempt(A >> C, arp(op=2, sender_ip=C.ip), "ARP: \"C's address is mine\"", True)


def clean_traffic(stage):
    """libvirt's own filter clean-traffic

    Every address in every kind of frame.
    """
    stage.show.text("Its port is bound to clean-traffic, with the address that it may use. Frames are sent one by one;",
                    "the counters of the kernel's rules tell which line of which document decided.")
    stage.bind(A, "clean-traffic", [("IP", A.ip)])
    stage.attempt(A >> C, udp(), "honest datagram", True)
    stage.attempt(A >> C, arp(), "honest ARP", True)
    stage.attempt(C >> A, udp(), "answer", True)
    stage.attempt(A >> C, udp(src_mac=FORGED_MAC), "forged Ethernet address", False)
    stage.attempt(A >> C, udp(src=FORGED_IP), "forged IP address", False)
    stage.attempt(A >> C, arp(op=2, sender_ip=C.ip), "ARP: \"C's address is mine\"", False)
    stage.attempt(A >> C, arp(op=2, sender_mac=FORGED_MAC), "ARP: forged card", False)
    stage.attempt(A >> C, udp6(), "IPv6", False)
    stage.attempt(A >> C, udp(vlan=5), "hidden behind a VLAN tag", False)
    stage.attempt(A >> C, rarp(dst_mac=BROADCAST), "announcement after migration", True)
    stage.attempt(A >> C, rarp(dst_mac=BROADCAST, sender_mac=FORGED_MAC), "announcement of another guest", False)


def web_server(stage):
    """A filter of one's own, with connections and a list

    clean-traffic inside, a list variable, state.
    """
    stage.show.text("A web server: what it serves may be reached, it may ask for names and ping, nothing else.", "")
    stage.define("web", WEB)
    stage.unbind(A)
    stage.bind(A, "web", [("IP", A.ip), ("PORTS", "80"), ("PORTS", "443")])
    forget_connections()
    stage.attempt(C >> A, syn(port=80), "connects to port 80", True)
    stage.attempt(A >> C, syn_ack(port=80), "answer of that connection", True)
    stage.attempt(C >> A, syn(port=443, client=40001), "connects to port 443", True)
    stage.attempt(C >> A, syn(port=22), "connects to port 22", False)
    stage.attempt(A >> C, tcp(dport=25), "sends mail to everybody", False)
    stage.attempt(C >> A, udp(sport=53, dport=CLIENT_PORT), "answer that nobody asked for", False)
    stage.attempt(A >> C, udp(dport=53), "asks for a name", True)
    stage.attempt(C >> A, udp(sport=53, dport=CLIENT_PORT), "the answer", True)
    stage.attempt(A >> C, ping(), "pings", True)
    stage.attempt(C >> A, pong(), "the reply", True)
    stage.attempt(C >> A, ping(ident=99), "pings the guest", False)
    stage.attempt(A >> C, udp(dport=53, src=FORGED_IP), "asks with a forged address", False)


def neighbours(stage):
    """Two filtered guests of one bridge

    Both must consent.
    """
    stage.show.text("B gets clean-traffic. A frame from B to A needs the consent of both filters.")
    stage.bind(B, "clean-traffic", [("IP", B.ip)])
    stage.attempt(B >> A, syn(port=80, client=40002), "connects to port 80", True)
    stage.attempt(B >> A, syn(port=80, client=40003, src=C.ip), "connects with C's address", False)
    stage.attempt(B >> A, syn(port=22, client=40004), "connects to port 22", False)
    stage.unbind(B)


def learned(stage):
    """An address that nobody configured

    The driver learns it from what the guest sends.
    """
    stage.show.text("B is bound to clean-traffic without an address. Until one is known nothing passes that could lie",
                    "about it, but the driver sees all. B asks by ARP, which is dropped and teaches; the rules follow.")
    stage.bind(B, "clean-traffic")
    stage.interim(B >> C, udp(src_mac=FORGED_MAC, src=FORGED_IP), "forged Ethernet and IP address", False)
    stage.interim(B >> C, udp6(), "IPv6", False)
    stage.interim(B >> C, arp(sender_ip="0.0.0.0"), "ARP: \"is this address free?\"", True)
    stage.interim(B >> C, arp(), "first honest ARP", False)
    stage.learn(B, "clean-traffic")
    stage.attempt(B >> C, arp(), "the same ARP again", True)
    stage.attempt(B >> C, udp(), "honest datagram", True)
    stage.attempt(B >> C, udp(src=FORGED_IP), "forged IP address", False)
    if stage.daemon.driver == "ours":
        stage.learned()
    stage.unbind(B)


def errors(stage):
    """Errors that say what is wrong, and where

    The message names filter, line, attribute and value.
    """
    path = stage.document("wrong", WRONG)
    stage.show.document(WRONG)
    message = stage.virsh("nwfilter-define", path, good=False)
    for line in message.splitlines():
        stage.show.text(line)
    named = all(word in message for word in ("wrong", "line 2", "dstportstart", "70000"))
    stage.show.result("filter, line, attribute and value", "named" if named else "missing", named)


def under_traffic(stage):
    """A filter changes under traffic

    What is forbidden before and after is forbidden during the change, what is allowed is never lost.
    """
    stage.show.text("A sends without pause what is forbidden (port 9) and what is allowed (port 8), while the",
                    "filter is redefined twenty times.", "")
    stage.define("guard", GUARD.format(more=""))
    stage.unbind(A)
    stage.bind(A, "guard", [("IP", A.ip)])
    stream = Stream(stage.wire, A >> C, {"forbidden": udp(dport=9), "allowed": udp(dport=8)})
    with stream, stage.daemon.client() as client:
        times = []
        for number in range(20):
            more = f"\n  <rule action='drop' direction='out'><udp dstportstart='{1000 + number}'/></rule>"
            begin = time.monotonic()
            client.define(GUARD.format(more=more))
            times.append(time.monotonic() - begin)
    stage.show.command(f"20 times virNWFilterDefineXML, each {sorted(times)[10] * 1000:.1f} ms", sum(times))
    stage.document("guard", GUARD.format(more=more))
    sent, leaked, came = stream.sent, stream.came["forbidden"], stream.came["allowed"]
    stage.show.result("forbidden frames that came", f"{leaked} of {sent}", leaked == 0 and sent > 10)
    stage.show.result("allowed frames that came", f"{came} of {sent}", came == sent and sent > 10)
    stage.attempt(A >> C, udp(dport=1019), "what the last definition forbids", False)


def flushed(stage):
    """Another program flushes the firewall

    The kernel tells, and the rules come back by themselves. The log names the program.
    """
    ours = stage.daemon.driver == "ours"
    before = sorted(kernel.of_port(port_of(A)).splitlines())
    begin = time.monotonic()
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    took = time.monotonic() - begin
    stage.show.command("nft flush ruleset", took)
    while sorted(kernel.of_port(port_of(A)).splitlines()) != before and time.monotonic() - begin < (10 if ours else 2):
        time.sleep(0.002)
    after = time.monotonic() - begin - took
    same = sorted(kernel.of_port(port_of(A)).splitlines()) == before
    stage.show.result("rules of the port", f"{after * 1000:.0f} ms" if same else "gone", same,
                      "until they are back" if same else "")
    stage.attempt(A >> C, udp(dport=1019), "what the filter forbids", False)
    if not ours:
        return
    wait.until(lambda: "changed from outside" in stage.daemon.log(), "the log tells who it was", 5)
    line = next(line for line in stage.daemon.log().splitlines() if "changed from outside" in line)
    stage.show.text(line.split(" : ")[-1])


def deletion(stage):
    """The binding goes

    After it the port is as it was, and the kernel has forgotten it.
    """
    stage.unbind(A)
    stage.attempt(A >> C, udp(), "what was forbidden a moment ago", True)
    left = kernel.of_port(port_of(A)).splitlines()
    stage.show.result("rules left in the kernel", str(len(left)), not left, "; ".join(left))
    for name in ("web", "guard"):
        stage.virsh("nwfilter-undefine", name)


STEPS = (open_port, clean_traffic, web_server, neighbours, learned, errors, under_traffic, flushed,
         deletion)
