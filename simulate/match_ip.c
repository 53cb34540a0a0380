/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * match_ip.c: whether a rule of an IP layer matches a packet, and the comparisons that both layers share
 *
 * The matches do what the kernel does, also where it differs from standards:
 *
 *   - Ports of udp, and of tcp rules without `option`, are mostly read where the transport header would be, without a
 *     look whether the packet is a later fragment. Where connections are tracked no fragment comes here.
 *   - A condition on ports or flags that all packets meet is not looked at, but if a rule of tcp or udp has no other
 *     one, the tools ask for the header as a whole.
 *   - Ports and flags of a tcp or udp rule that wants the whole header (so does `option`), ports of sctp, and types of
 *     icmp are not seen in later fragments, and a packet that is too short for their header is dropped there and then;
 *     so is an IPv4 fragment that begins within the header of TCP.
 *   - The ICMP type 255 means any type.
 *   - A connection limit counts each copy of a packet that goes to several ports, or only the first, as time has it.
 *   - A packet that belongs to no connection has no direction, and the state INVALID, or none that a rule can name.
 */
#include "simulate/match_private.h"

#include <string.h>

enum { UDP_HEADER = 8, TCP_HEADER = 20, SCTP_HEADER = 12, ICMP_HEADER = 8, ICMP_ANY = 255 };

typedef NwfAnswer (*Compare)(const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view);

/* ---- comparisons ---- */

gboolean
nwf_accepts_mac(const NwfCondition *condition, const guint8 mac[6])
{
    const NwfOperand *address = &condition->operands[0], *mask = &condition->operands[1];

    for (guint i = 0; i < 6; i++)
        if (((mac[i] ^ address->value.mac[i]) & (mask->present ? mask->value.mac[i] : 0xff)) != 0)
            return FALSE;
    return TRUE;
}

gboolean
nwf_accepts_address(const NwfCondition *condition, const guint8 *address, guint size)
{
    const NwfOperand *wanted = &condition->operands[0], *length = &condition->operands[1];
    guint bits = length->present ? length->value.number : size * 8;

    for (guint i = 0; i < size && bits > 0; i++) {
        guint part = MIN(bits, 8);

        if ((address[i] ^ wanted->value.address[i]) >> (8 - part) != 0)
            return FALSE;
        bits -= part;
    }
    return TRUE;
}

gboolean
nwf_accepts_number(const NwfCondition *condition, guint32 number)
{
    const NwfOperand *first = &condition->operands[0], *last = &condition->operands[1];

    return number >= first->value.number && number <= (last->present ? last : first)->value.number;
}

gboolean
nwf_accepts_port(const NwfCondition *condition, guint16 port)
{
    const NwfOperand *first = &condition->operands[0], *last = &condition->operands[1];

    return port >= first->value.range.first && port <= (last->present ? last : first)->value.range.last;
}

/* ---- addresses ---- */

static NwfAnswer
compare_mac(G_GNUC_UNUSED const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    return nwf_signed_answer(condition, nwf_accepts_mac(condition, view->frame.src));
}

static NwfAnswer
compare_address(G_GNUC_UNUSED const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    const guint8 *address = condition->match == NWF_MATCH_SRC_IP ? view->ip->src : view->ip->dst;

    return nwf_signed_answer(condition, nwf_accepts_address(condition, address, view->ip->address_size));
}

static NwfAnswer
compare_range(G_GNUC_UNUSED const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    const guint8 *address = condition->match == NWF_MATCH_SRC_IP_FROM ? view->ip->src : view->ip->dst;
    const NwfOperand *first = &condition->operands[0];
    const NwfOperand *last = condition->operands[1].present ? &condition->operands[1] : first;
    guint size = view->ip->address_size;

    return nwf_signed_answer(condition, memcmp(address, first->value.address, size) >= 0 &&
                                            memcmp(address, last->value.address, size) <= 0);
}

static NwfAnswer
compare_dscp(G_GNUC_UNUSED const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    return nwf_signed_answer(condition, nwf_accepts_number(condition, view->ip->dscp));
}

/* ---- transport ---- */

/* A condition on the header of TCP or UDP that every packet meets; the opposite is never made (plan/normalize.c). */
static gboolean
says_nothing(const NwfCondition *condition)
{
    const NwfOperand *first = &condition->operands[0], *last = &condition->operands[1];

    if (condition->match == NWF_MATCH_TCP_FLAGS)
        return first->value.tcp.mask == 0;
    return first->value.range.first == 0 && (last->present ? last : first)->value.range.last == G_MAXUINT16;
}

/* Whether a rule of TCP or UDP is put to the kernel as a match on the whole header, not as loads of single fields. */
static gboolean
wants_whole_header(const NwfPlanRule *rule)
{
    gboolean more = FALSE;

    for (guint i = 0; i < rule->conditions->len; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);

        if (condition->match == NWF_MATCH_TCP_OPTION)
            return TRUE;
        if (condition->match == NWF_MATCH_SRC_PORT || condition->match == NWF_MATCH_DST_PORT ||
            condition->match == NWF_MATCH_TCP_FLAGS)
            more = more || !says_nothing(condition);
    }
    return !more;
}

/* Length of the header that the kernel's match wants to be whole; 0 if it only loads the bytes that it compares. */
static gsize
wanted_header(const NwfPlanRule *rule)
{
    switch (rule->protocol->ip_protocol) {
    case NWF_PROTO_TCP:
        return wants_whole_header(rule) ? TCP_HEADER : 0;
    case NWF_PROTO_UDP:
        return wants_whole_header(rule) ? UDP_HEADER : 0;
    case NWF_PROTO_SCTP:
        return SCTP_HEADER;
    case NWF_PROTO_ICMP:
    case NWF_PROTO_ICMPV6:
        return ICMP_HEADER;
    default:
        return 0;
    }
}

/* Whether the rule can look at the transport header. */
static NwfAnswer
transport_answer(const NwfPlanRule *rule, const NwfView *view)
{
    gsize wanted = wanted_header(rule);

    if (wanted == 0)
        return NWF_ANSWER_YES;
    if (view->ip->fragment_offset != 0)
        return wanted == TCP_HEADER && view->ip->version == 4 && view->ip->fragment_offset == 8 ? NWF_ANSWER_STOP
                                                                                                : NWF_ANSWER_NO;
    return nwf_bytes_have(view->ip->packet, view->ip->transport, wanted) ? NWF_ANSWER_YES : NWF_ANSWER_STOP;
}

static NwfAnswer
compare_port(const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    NwfAnswer answer = transport_answer(rule, view);
    gboolean sctp = rule->protocol->ip_protocol == NWF_PROTO_SCTP;
    guint16 port;

    if (answer != NWF_ANSWER_YES || (!sctp && says_nothing(condition)))
        return answer;
    if (!nwf_bytes_u16(nwf_ip_payload(view->ip), condition->match == NWF_MATCH_SRC_PORT ? 0 : 2, &port))
        return NWF_ANSWER_NO;
    return nwf_signed_answer(condition, nwf_accepts_port(condition, port));
}

static NwfAnswer
compare_tcp_flags(const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    const NwfValue *value = &condition->operands[0].value;
    NwfAnswer answer = transport_answer(rule, view);
    guint8 flags;

    if (answer != NWF_ANSWER_YES || says_nothing(condition))
        return answer;
    if (!nwf_bytes_u8(nwf_ip_payload(view->ip), 13, &flags))
        return NWF_ANSWER_NO;
    return nwf_signed_answer(condition, (flags & value->tcp.mask) == value->tcp.flags);
}

static gboolean
tcp_has_option(NwfBytes options, guint8 wanted)
{
    guint8 kind, length;

    for (gsize at = 0; nwf_bytes_u8(options, at, &kind);) {
        if (kind == wanted)
            return TRUE;
        length = 1;
        if (kind >= 2 && nwf_bytes_u8(options, at + 1, &length) && length == 0)
            length = 1;
        at += length;
    }
    return FALSE;
}

static NwfAnswer
compare_tcp_option(const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    NwfAnswer answer = transport_answer(rule, view);
    NwfBytes segment = nwf_ip_payload(view->ip);
    guint8 offset = 0;
    gsize header;

    if (answer != NWF_ANSWER_YES)
        return answer;
    nwf_bytes_u8(segment, 12, &offset);
    header = (offset >> 4) * 4u;
    if (header < TCP_HEADER || header > segment.length)
        return NWF_ANSWER_STOP;
    return nwf_signed_answer(condition, tcp_has_option(nwf_bytes_part(segment, TCP_HEADER, header - TCP_HEADER),
                                                       (guint8)condition->operands[0].value.number));
}

static NwfAnswer
compare_type(const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    const NwfOperand *wanted_type = &condition->operands[0], *wanted_code = &condition->operands[2];
    NwfAnswer answer = transport_answer(rule, view);
    guint8 type = 0, code = 0;

    if (answer != NWF_ANSWER_YES)
        return answer;
    nwf_bytes_u8(nwf_ip_payload(view->ip), 0, &type);
    nwf_bytes_u8(nwf_ip_payload(view->ip), 1, &code);
    if (view->ip->version == 4 && wanted_type->value.number == ICMP_ANY)
        return nwf_signed_answer(condition, TRUE);
    return nwf_signed_answer(condition, type == wanted_type->value.number &&
                                            (!wanted_code->present || code == wanted_code->value.number));
}

/* ---- what is remembered, and what is elsewhere ---- */

static NwfAnswer
compare_tracked(G_GNUC_UNUSED const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view)
{
    guint possible = condition->match == NWF_MATCH_STATE ? view->tracked.states : view->tracked.directions;
    guint wanted = condition->operands[0].value.number;

    if ((possible & wanted) == 0)
        return NWF_ANSWER_NO;
    return (possible & ~wanted) == 0 ? NWF_ANSWER_YES : NWF_ANSWER_PERHAPS;
}

/* Asking counts, so it matters whether the kernel comes to this condition. */
static NwfAnswer
compare_connlimit(const NwfPlanRule *rule, const NwfCondition *condition, const NwfView *view, gboolean certain)
{
    int count = nwf_conntrack_count(view->conntrack, rule, view->ip, &view->tracked, certain);

    if (count < 0)
        return count == NWF_COUNT_REFUSED ? NWF_ANSWER_ANY : NWF_ANSWER_PERHAPS;
    return nwf_signed_answer(condition, (guint)count > condition->operands[0].value.number);
}

static NwfAnswer
compare_set(G_GNUC_UNUSED const NwfPlanRule *rule, G_GNUC_UNUSED const NwfCondition *condition,
            G_GNUC_UNUSED const NwfView *view)
{
    return NWF_ANSWER_PERHAPS;
}

static const Compare comparisons[NWF_MATCHES] = {
    [NWF_MATCH_SRC_MAC] = compare_mac,
    [NWF_MATCH_SRC_IP] = compare_address,
    [NWF_MATCH_DST_IP] = compare_address,
    [NWF_MATCH_SRC_IP_FROM] = compare_range,
    [NWF_MATCH_DST_IP_FROM] = compare_range,
    [NWF_MATCH_DSCP] = compare_dscp,
    [NWF_MATCH_TCP_FLAGS] = compare_tcp_flags,
    [NWF_MATCH_SRC_PORT] = compare_port,
    [NWF_MATCH_DST_PORT] = compare_port,
    [NWF_MATCH_TCP_OPTION] = compare_tcp_option,
    [NWF_MATCH_TYPE] = compare_type,
    [NWF_MATCH_STATE] = compare_tracked,
    [NWF_MATCH_CT_DIRECTION] = compare_tracked,
    [NWF_MATCH_IPSET] = compare_set,
};

NwfAnswer
nwf_match_ip(const NwfPlanRule *rule, const NwfView *view, gboolean certain)
{
    NwfAnswer result = NWF_ANSWER_YES;

    if (rule->protocol->ip_protocol >= 0 &&
        (!view->ip->located || view->ip->protocol != (guint8)rule->protocol->ip_protocol))
        return NWF_ANSWER_NO;
    for (guint i = 0; i < rule->conditions->len; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);
        Compare compare = comparisons[condition->match];
        NwfAnswer answer = NWF_ANSWER_YES;

        if (condition->match == NWF_MATCH_CONNLIMIT)
            answer = compare_connlimit(rule, condition, view, certain && !view->copied && result == NWF_ANSWER_YES);
        else if (compare)
            answer = compare(rule, condition, view);
        if (answer == NWF_ANSWER_NO || answer == NWF_ANSWER_STOP)
            return answer;
        if (answer == NWF_ANSWER_ANY || (answer == NWF_ANSWER_PERHAPS && result == NWF_ANSWER_YES))
            result = answer;
    }
    return result;
}
