# SPDX-License-Identifier: LGPL-2.1-or-later
"""
cases_state.py: rules that remember: state, direction of a connection, limits
"""

from lane import case, passes, root, stops
from nwflab.frames import (CLIENT_PORT, ack, answer, data, group_report, icmp, neighbour_ask, neighbour_tell, ping,
                           ping6, pong, pong6, sctp_cookie, sctp_init, sctp_init_ack, syn, syn_ack, tcp, udp,
                           unreachable)
from nwflab.guests import A, B, C

ALL = "<rule id='all' action='drop' direction='inout' priority='1000'><all/></rule>"
ALL6 = "<rule id='all6' action='drop' direction='inout' priority='1000'><all-ipv6/></rule>"
DNS_ANSWER = udp(sport=53, dport=CLIENT_PORT)
NO_STATE = "statematch='false'"


def rule(name, action, direction, element, extra=""):
    """A rule in one line."""
    return f"<rule id='{name}' action='{action}' direction='{direction}' {extra}>{element}</rule>"


case("guest-is-client", "An accept rule 'out' lets the guest open connections, and the answers in, and nothing else.",
     root(rule("web", "accept", "out", "<tcp dstportstart='80'/>") + ALL),
     passes(A >> C, syn(port=80), needs="web"),
     passes(C >> A, syn_ack(port=80), needs="web"),
     passes(A >> C, ack(port=80), needs="web"),
     passes(A >> C, data(port=80), needs="web"),
     passes(C >> A, answer(port=80), needs="web"),
     stops(C >> A, syn(port=80), needs="all"),
     stops(C >> A, syn(port=22), needs="all"),
     stops(B >> A, answer(port=80), needs="all"))

case("guest-is-server", "An accept rule 'in' lets others open connections to the guest.",
     root(rule("ssh", "accept", "in", "<tcp dstportstart='22'/>") + ALL),
     passes(C >> A, syn(port=22), needs="ssh"),
     passes(A >> C, syn_ack(port=22), needs="ssh"),
     passes(C >> A, ack(port=22), needs="ssh"),
     passes(C >> A, data(port=22), needs="ssh"),
     passes(A >> C, answer(port=22), needs="ssh"),
     stops(A >> C, syn(port=22), needs="all"),
     stops(A >> B, syn_ack(port=22), needs="all"))

case("datagrams-out", "A question may be asked; an answer comes only after a question.",
     root(rule("dns", "accept", "out", "<udp dstportstart='53'/>") + ALL),
     stops(C >> A, DNS_ANSWER, needs="all"),
     passes(A >> C, udp(dport=53), needs="dns"),
     passes(C >> A, DNS_ANSWER, needs="dns"),
     stops(B >> A, DNS_ANSWER, needs="all"),
     stops(C >> A, udp(dport=53, sport=1), needs="all"))

case("datagrams-in", "The other way round.",
     root(rule("dns", "accept", "in", "<udp dstportstart='53'/>") + ALL),
     stops(A >> C, DNS_ANSWER, needs="all"),
     passes(C >> A, udp(dport=53), needs="dns"),
     passes(A >> C, DNS_ANSWER, needs="dns"))

case("associations", "SCTP with state.",
     root(rule("sctp", "accept", "out", "<sctp dstportstart='9'/>") + ALL),
     stops(C >> A, sctp_init(), needs="all"),
     passes(A >> C, sctp_init(), needs="sctp"),
     passes(C >> A, sctp_init_ack(), needs="sctp"),
     passes(A >> C, sctp_cookie(), needs="sctp"),
     stops(B >> A, sctp_init_ack(), needs="all"))

case("no-state-match", "statematch='false': both directions by their ports, no matter who began.",
     root(rule("web", "accept", "out", "<tcp dstportstart='80'/>", NO_STATE) + ALL),
     passes(C >> A, tcp(sport=80, dport=99), needs="web"),
     passes(A >> C, tcp(dport=80), needs="web"),
     stops(C >> A, tcp(dport=80), needs="all"))

case("inout-has-no-state",
     "An inout rule never looks at state: the packet to the guest as written, the guest's own swapped.",
     root(rule("web", "accept", "inout", "<tcp dstportstart='80'/>") + ALL),
     passes(C >> A, syn(port=80), needs="web"),
     passes(A >> C, tcp(sport=80, dport=99), needs="web"),
     stops(A >> C, syn(port=80), needs="all"))

case("only-new", "state='NEW': the first packet of a flow and no other.",
     root(rule("new", "accept", "in", "<udp dstportstart='53' state='NEW'/>")
          + rule("back", "accept", "out", "<all state='ESTABLISHED'/>") + ALL),
     passes(C >> A, udp(dport=53), needs="new"),
     passes(A >> C, DNS_ANSWER, needs="back"),
     stops(C >> A, udp(dport=53), needs="all"))

case("established-only", "state='ESTABLISHED' accepts nothing that is new.",
     root(rule("est", "accept", "in", "<tcp dstportstart='22' state='ESTABLISHED'/>")
          + rule("first", "accept", "in", "<tcp dstportstart='22' state='NEW'/>")
          + rule("out", "accept", "out", "<tcp srcportstart='22' state='ESTABLISHED'/>") + ALL),
     passes(C >> A, syn(port=22), needs="first"),
     passes(A >> C, syn_ack(port=22), needs="out"),
     passes(C >> A, ack(port=22), needs="est"),
     stops(C >> A, syn(port=23), needs="all"))

case("drop-invalid", "A segment that belongs to nothing is INVALID.",
     root(rule("bad", "drop", "out", "<all state='INVALID'/>")),
     stops(A >> C, syn_ack(port=22), needs="bad"),
     passes(A >> C, syn(port=22)))

case("state-of-a-drop-rule", "A state list narrows a drop rule to the packets of that state.",
     root(rule("new", "drop", "in", "<tcp dstportstart='22' state='NEW'/>")),
     stops(C >> A, syn(port=22), needs="new"),
     passes(A >> C, syn(port=22)),
     passes(C >> A, syn_ack(port=22)))

case("state-none", "state='NONE' is a list without any state: the named direction only.",
     root(rule("none", "accept", "out", "<udp dstportstart='53' state='NONE'/>") + ALL),
     passes(A >> C, udp(dport=53), needs="none"),
     passes(A >> C, udp(dport=53), needs="none"),
     stops(C >> A, DNS_ANSWER, needs="all"))

case("errors-are-related",
     "An ICMP error about a flow is RELATED; the default state has no such thing, a rule of its own does.",
     root(rule("dns", "accept", "out", "<udp dstportstart='53'/>")
          + rule("related", "accept", "in", "<all srcipaddr='10.77.0.12' state='RELATED'/>") + ALL),
     passes(A >> C, udp(dport=53), needs="dns"),
     passes(C >> A, unreachable(of=udp(dport=53)), needs="related"),
     stops(B >> A, unreachable(of=udp(dport=53, dst=C.ip), src=B.ip), needs="all"),
     stops(C >> A, unreachable(of=udp(dport=54)), needs="all"))

case("errors-without-rule", "A documented limit: without that rule the errors of accepted flows are dropped.",
     root(rule("dns", "accept", "out", "<udp dstportstart='53'/>") + ALL),
     passes(A >> C, udp(dport=53), needs="dns"),
     stops(C >> A, unreachable(of=udp(dport=53)), needs="all"))

# -- control messages --------------------------------------------------------------------------------------------------

case("ping-without-type", "An icmp rule without type: requests out, their replies in.",
     root(rule("icmp", "accept", "out", "<icmp/>") + ALL),
     stops(C >> A, pong(), needs="all"),
     passes(A >> C, ping(), needs="icmp"),
     passes(C >> A, pong(), needs="icmp"),
     stops(C >> A, ping(ident=9), needs="all"))

case("ping-by-type", "Rules with types are written in their own direction only, so the reply has a rule of its own.",
     root(rule("ask", "accept", "out", "<icmp type='8'/>") + rule("reply", "accept", "in", "<icmp type='0'/>") + ALL),
     passes(A >> C, ping(), needs="ask"),
     passes(C >> A, pong(), needs="reply"),
     stops(C >> A, ping(ident=9), needs="all"),
     stops(C >> A, pong(ident=9), needs="all"))

case("typed-icmp-inout", "A typed rule may speak of both directions.",
     root(rule("ping", "drop", "inout", "<icmp type='8'/>")),
     stops(A >> C, ping(), needs="ping", fixed="K1"),
     stops(C >> A, ping(), needs="ping", fixed="K1"),
     passes(A >> C, icmp(type=13)),
     passes(C >> A, pong()))

case("typed-icmp6-inout", "The same for IPv6, in a rule that accepts.",
     root(rule("ping", "accept", "inout", "<icmpv6 type='128'/>") + ALL6),
     passes(A >> C, ping6(), needs="ping", fixed="K1"),
     passes(C >> A, ping6(), needs="ping", fixed="K1"),
     stops(A >> C, pong6(ident=9), needs="all6"))

case("neighbours-have-no-state", "Neighbour discovery is not tracked, so its rules must not ask for state.",
     root(rule("ask", "accept", "out", "<icmpv6 type='135'/>") + rule("tell", "accept", "in", "<icmpv6 type='136'/>")
          + rule("groups", "accept", "out", "<icmpv6 type='131'/>") + ALL6),
     passes(A >> C, neighbour_ask(), needs="ask", fixed="K9"),
     passes(C >> A, neighbour_tell(), needs="tell", fixed="K9"),
     passes(A >> C, group_report(), needs="groups", fixed="K9"),
     stops(C >> A, neighbour_ask(), needs="all6"))

case("neighbours-by-statematch", "What a filter for the stock driver does instead.",
     root(rule("ask", "accept", "out", "<icmpv6 type='135'/>", NO_STATE)
          + rule("tell", "accept", "in", "<icmpv6 type='136'/>", NO_STATE) + ALL6),
     passes(A >> C, neighbour_ask(), needs="ask"),
     passes(C >> A, neighbour_tell(), needs="tell"),
     stops(C >> A, neighbour_ask(), needs="all6"))

# -- limits ------------------------------------------------------------------------------------------------------------

case("limit-of-connections-in", "Two connections from one peer; a third is dropped, another peer has its own count.",
     root(rule("limit", "drop", "in", "<tcp connlimit-above='2'/>", "priority='400'")
          + rule("ssh", "accept", "in", "<tcp dstportstart='22'/>") + ALL),
     passes(C >> A, syn(port=22, client=40001), needs="ssh"),
     passes(C >> A, syn(port=22, client=40002), needs="ssh"),
     stops(C >> A, syn(port=22, client=40003), needs="limit"),
     passes(B >> A, syn(port=22, client=40004), needs="ssh"))

case("limit-of-connections-out", "What the guest itself may open; the flow that it has goes on.",
     root(rule("limit", "drop", "out", "<udp connlimit-above='1' state='NEW'/>", "priority='400'")),
     passes(A >> C, udp(sport=1001)),
     passes(C >> A, udp(sport=9, dport=1001)),
     stops(A >> C, udp(sport=1002), needs="limit"),
     passes(A >> C, udp(sport=1001)),
     passes(C >> A, udp(sport=1003)))

case("limit-in-an-accept-rule", "Accepting only what exceeds a limit: the rule asks for no state.",
     root(rule("above", "accept", "out", "<udp connlimit-above='1' dstportstart='9'/>")
          + rule("some", "accept", "out", "<udp dstportstart='9' dstipaddr='10.77.0.12'/>") + ALL),
     passes(A >> C, udp(sport=1001), needs="some"),
     passes(A >> B, udp(sport=1002), needs="above"))
