/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * match_ethernet.c: whether a rule of the Ethernet layer matches a frame
 *
 * The matches do what the kernel does, also where it differs from standards:
 *
 *   - A tagged frame has the type of its tag; addresses and ports behind the tag are not seen.
 *   - A condition on something that the frame is too short for does not hold, negated or not. So a rule's conditions of
 *     one kind (ARP, IP, spanning tree) first ask whether their header is there.
 *   - ARP: IP addresses need the protocol type of IPv4 and protocol addresses of four bytes, MAC addresses need the
 *     hardware type of Ethernet and hardware addresses of six; positions are computed from the lengths in the packet.
 *     A rule that names one IP address wants the packet to have both.
 *   - IPv4 ports are not seen in later fragments. IPv6 ports and types are looked for behind the extension headers, and
 *     in a later fragment behind its fragment header, whose number then is the protocol.
 *   - Spanning tree: the protocol number, two bytes long, is taken for one byte, so that all that follows is read one
 *     byte early, the version in the place of the type; and only what then has type 0 is taken for a spanning tree
 *     frame at all.
 *   - DSCP is compared by rules of its own (nwf_form() in driver/tech/ebiptables/print.c). Negated, it also matches a
 *     frame without an IP header, except in a rule with RETURN.
 */
#include "simulate/match_private.h"

#include <string.h>

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, IPV4_OFFSET = 0x1fff, PORTS = 4, STP_HEADER = 6 };
enum { STP_CONFIG = 31 };

/* What a condition needs to be read at all. */
typedef enum Header { HEADER_NONE, HEADER_VLAN, HEADER_STP, HEADER_ARP, HEADER_IP } Header;

typedef struct Comparison {
    Header header;
    NwfAnswer (*compare)(const NwfCondition *condition, const NwfFrame *frame);
    guint offset, size; /* of a field of spanning tree frames, behind their header */
} Comparison;

static const Comparison comparisons[NWF_MATCHES];

static const guint8 bridge_group[] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00};

/* ---- the frame itself ---- */

static NwfAnswer
compare_mac(const NwfCondition *condition, const NwfFrame *frame)
{
    const guint8 *mac = condition->match == NWF_MATCH_SRC_MAC ? frame->src : frame->dst;

    return nwf_signed_answer(condition, nwf_accepts_mac(condition, mac));
}

static NwfAnswer
compare_type_or_tag(const NwfCondition *condition, const NwfFrame *frame)
{
    guint16 number = condition->match == NWF_MATCH_ETHERTYPE ? frame->ethertype
                     : condition->match == NWF_MATCH_VLAN_ID ? frame->vlan_id
                                                             : frame->encapsulated;

    return nwf_signed_answer(condition, nwf_accepts_number(condition, number));
}

/* ---- spanning tree ---- */

static gboolean
is_bpdu(const NwfFrame *frame)
{
    static const guint8 start[STP_HEADER] = {0x42, 0x42, 0x03, 0x00, 0x00, 0x00};
    guint8 found[STP_HEADER];

    return nwf_bytes_copy(frame->payload, 0, found, sizeof(found)) && memcmp(found, start, sizeof(start)) == 0;
}

static NwfAnswer
compare_bpdu(const NwfCondition *condition, const NwfFrame *frame)
{
    const Comparison *field = &comparisons[condition->match];
    NwfBytes bpdu = nwf_bytes_part(frame->payload, STP_HEADER, STP_CONFIG);
    guint32 number = 0;
    guint8 mac[6], byte = 0;

    if (condition->match == NWF_MATCH_STP_TYPE)
        return nwf_signed_answer(condition, nwf_accepts_number(condition, 0));
    if (!nwf_bytes_have(bpdu, 0, STP_CONFIG))
        return NWF_ANSWER_NO;
    if (field->size == sizeof(mac)) {
        nwf_bytes_copy(bpdu, field->offset, mac, sizeof(mac));
        return nwf_signed_answer(condition, nwf_accepts_mac(condition, mac));
    }
    for (guint i = 0; i < field->size; i++) {
        nwf_bytes_u8(bpdu, field->offset + i, &byte);
        number = number << 8 | byte;
    }
    return nwf_signed_answer(condition, nwf_accepts_number(condition, number));
}

/* ---- ARP and RARP ---- */

static NwfAnswer
compare_arp_number(const NwfCondition *condition, const NwfFrame *frame)
{
    guint16 number;
    NwfArp arp;

    if (!nwf_arp_read(&arp, frame->payload))
        return NWF_ANSWER_NO;
    number = condition->match == NWF_MATCH_ARP_HWTYPE     ? arp.hardware_type
             : condition->match == NWF_MATCH_ARP_PROTOCOL ? arp.protocol_type
                                                          : arp.opcode;
    return nwf_signed_answer(condition, nwf_accepts_number(condition, number));
}

static NwfAnswer
compare_arp_mac(const NwfCondition *condition, const NwfFrame *frame)
{
    gsize offset = NWF_ARP_HEADER;
    NwfArp arp;
    guint8 mac[6];

    if (!nwf_arp_read(&arp, frame->payload) || arp.hardware_type != NWF_ARP_ETHERNET ||
        arp.hardware_size != sizeof(mac))
        return NWF_ANSWER_NO;
    if (condition->match == NWF_MATCH_ARP_DST_MAC)
        offset += (gsize)arp.hardware_size + arp.protocol_size;
    if (!nwf_bytes_copy(frame->payload, offset, mac, sizeof(mac)))
        return NWF_ANSWER_NO;
    return nwf_signed_answer(condition, nwf_accepts_mac(condition, mac));
}

/* Both addresses must be there, also for a rule that names one. */
static NwfAnswer
compare_arp_ip(const NwfCondition *condition, const NwfFrame *frame)
{
    guint8 src[4], dst[4];
    NwfArp arp;

    if (!nwf_arp_read(&arp, frame->payload) || arp.protocol_type != NWF_ETHERTYPE_IPV4 || arp.protocol_size != 4 ||
        !nwf_bytes_copy(frame->payload, NWF_ARP_HEADER + (gsize)arp.hardware_size, src, 4) ||
        !nwf_bytes_copy(frame->payload, NWF_ARP_HEADER + 2u * arp.hardware_size + 4u, dst, 4))
        return NWF_ANSWER_NO;
    if (condition->match == NWF_MATCH_ARP_GRATUITOUS)
        return nwf_signed_answer(condition, memcmp(src, dst, sizeof(src)) == 0);
    return nwf_signed_answer(
        condition, nwf_accepts_address(condition, condition->match == NWF_MATCH_ARP_SRC_IP ? src : dst, sizeof(src)));
}

/* ---- IPv4 and IPv6 ---- */

static NwfAnswer
compare_address(const NwfCondition *condition, const NwfFrame *frame)
{
    gboolean source = condition->match == NWF_MATCH_SRC_IP;
    guint size = condition->operands[0].type == NWF_TYPE_IPV6 ? 16 : 4;
    gsize offset = size == 16 ? (source ? 8 : 24) : (source ? 12 : 16);
    guint8 address[16];

    if (!nwf_bytes_copy(frame->payload, offset, address, size))
        return NWF_ANSWER_NO;
    return nwf_signed_answer(condition, nwf_accepts_address(condition, address, size));
}

/* Where the rule's element finds the transport header, and what it takes for the protocol. */
typedef struct Transport {
    guint8 protocol;
    gsize offset;
    gboolean later; /* in a later fragment of IPv4, where nothing is seen */
} Transport;

static gboolean
locate(const NwfFrame *frame, Transport *transport)
{
    guint16 fragment;
    NwfIp6Walk walk;
    guint8 first;

    if (frame->ethertype == NWF_ETHERTYPE_IPV6) {
        if (!nwf_ip6_skip(&walk, frame->payload, TRUE))
            return FALSE;
        *transport = (Transport){walk.protocol, walk.offset, FALSE};
        return TRUE;
    }
    if (!nwf_bytes_u8(frame->payload, 0, &first) || !nwf_bytes_u16(frame->payload, 6, &fragment) ||
        !nwf_bytes_u8(frame->payload, 9, &transport->protocol))
        return FALSE;
    transport->offset = (first & 15) * 4u;
    transport->later = (fragment & IPV4_OFFSET) != 0;
    return TRUE;
}

static NwfAnswer
compare_protocol(const NwfCondition *condition, const NwfFrame *frame)
{
    Transport transport;

    if (!locate(frame, &transport))
        return NWF_ANSWER_NO;
    return nwf_signed_answer(condition, nwf_accepts_number(condition, transport.protocol));
}

static NwfAnswer
compare_port(const NwfCondition *condition, const NwfFrame *frame)
{
    Transport transport;
    guint16 port;

    if (!locate(frame, &transport) || transport.later || !nwf_bytes_have(frame->payload, transport.offset, PORTS) ||
        !nwf_bytes_u16(frame->payload, transport.offset + (condition->match == NWF_MATCH_SRC_PORT ? 0 : 2), &port))
        return NWF_ANSWER_NO;
    return nwf_signed_answer(condition, nwf_accepts_port(condition, port));
}

static NwfAnswer
compare_type(const NwfCondition *condition, const NwfFrame *frame)
{
    const NwfOperand *operands = condition->operands;
    Transport transport;
    guint8 type, code;

    if (!locate(frame, &transport) || !nwf_bytes_have(frame->payload, transport.offset, PORTS) ||
        !nwf_bytes_u8(frame->payload, transport.offset, &type) ||
        !nwf_bytes_u8(frame->payload, transport.offset + 1, &code))
        return NWF_ANSWER_NO;
    return nwf_signed_answer(condition, type >= operands[0].value.number && type <= operands[1].value.number &&
                                            code >= operands[2].value.number && code <= operands[3].value.number);
}

/* The class of service stands in other places in IPv4 and IPv6; what is not there is compared by the walker. */
static NwfAnswer
compare_dscp(const NwfCondition *condition, const NwfFrame *frame)
{
    gboolean ipv6 = frame->ethertype == NWF_ETHERTYPE_IPV6;
    guint16 start;

    if (!nwf_bytes_have(frame->payload, 0, ipv6 ? IPV6_HEADER : IPV4_HEADER) ||
        !nwf_bytes_u16(frame->payload, 0, &start))
        return condition->negated ? NWF_ANSWER_YES : NWF_ANSWER_NO;
    return nwf_signed_answer(condition, nwf_accepts_number(condition, ipv6 ? (start >> 6) & 63 : (start >> 2) & 63));
}

/* ---- rules ---- */

static const Comparison comparisons[NWF_MATCHES] = {
    [NWF_MATCH_SRC_MAC] = {HEADER_NONE, compare_mac},
    [NWF_MATCH_DST_MAC] = {HEADER_NONE, compare_mac},
    [NWF_MATCH_ETHERTYPE] = {HEADER_NONE, compare_type_or_tag},
    [NWF_MATCH_VLAN_ID] = {HEADER_VLAN, compare_type_or_tag},
    [NWF_MATCH_VLAN_ENCAP] = {HEADER_VLAN, compare_type_or_tag},
    [NWF_MATCH_STP_TYPE] = {HEADER_STP, compare_bpdu},
    [NWF_MATCH_STP_FLAGS] = {HEADER_STP, compare_bpdu, 0, 1},
    [NWF_MATCH_STP_ROOT_PRIORITY] = {HEADER_STP, compare_bpdu, 1, 2},
    [NWF_MATCH_STP_ROOT_ADDRESS] = {HEADER_STP, compare_bpdu, 3, 6},
    [NWF_MATCH_STP_ROOT_COST] = {HEADER_STP, compare_bpdu, 9, 4},
    [NWF_MATCH_STP_SENDER_PRIORITY] = {HEADER_STP, compare_bpdu, 13, 2},
    [NWF_MATCH_STP_SENDER_ADDRESS] = {HEADER_STP, compare_bpdu, 15, 6},
    [NWF_MATCH_STP_PORT] = {HEADER_STP, compare_bpdu, 21, 2},
    [NWF_MATCH_STP_AGE] = {HEADER_STP, compare_bpdu, 23, 2},
    [NWF_MATCH_STP_MAX_AGE] = {HEADER_STP, compare_bpdu, 25, 2},
    [NWF_MATCH_STP_HELLO_TIME] = {HEADER_STP, compare_bpdu, 27, 2},
    [NWF_MATCH_STP_FORWARD_DELAY] = {HEADER_STP, compare_bpdu, 29, 2},
    [NWF_MATCH_ARP_HWTYPE] = {HEADER_ARP, compare_arp_number},
    [NWF_MATCH_ARP_PROTOCOL] = {HEADER_ARP, compare_arp_number},
    [NWF_MATCH_ARP_OPCODE] = {HEADER_ARP, compare_arp_number},
    [NWF_MATCH_ARP_SRC_MAC] = {HEADER_ARP, compare_arp_mac},
    [NWF_MATCH_ARP_DST_MAC] = {HEADER_ARP, compare_arp_mac},
    [NWF_MATCH_ARP_SRC_IP] = {HEADER_ARP, compare_arp_ip},
    [NWF_MATCH_ARP_DST_IP] = {HEADER_ARP, compare_arp_ip},
    [NWF_MATCH_ARP_GRATUITOUS] = {HEADER_ARP, compare_arp_ip},
    [NWF_MATCH_SRC_IP] = {HEADER_IP, compare_address},
    [NWF_MATCH_DST_IP] = {HEADER_IP, compare_address},
    [NWF_MATCH_IP_PROTOCOL] = {HEADER_IP, compare_protocol},
    [NWF_MATCH_SRC_PORT] = {HEADER_IP, compare_port},
    [NWF_MATCH_DST_PORT] = {HEADER_IP, compare_port},
    [NWF_MATCH_TYPE] = {HEADER_IP, compare_type},
    [NWF_MATCH_DSCP] = {HEADER_NONE, compare_dscp},
};

static gboolean
has_header(Header header, const NwfFrame *frame)
{
    switch (header) {
    case HEADER_VLAN:
        return frame->tagged;
    case HEADER_STP:
        return is_bpdu(frame);
    case HEADER_ARP:
        return nwf_bytes_have(frame->payload, 0, NWF_ARP_HEADER);
    case HEADER_IP:
        return nwf_bytes_have(frame->payload, 0, frame->ethertype == NWF_ETHERTYPE_IPV6 ? IPV6_HEADER : IPV4_HEADER);
    case HEADER_NONE:
        break;
    }
    return TRUE;
}

gboolean
nwf_match_guard(const NwfChainKind *kind, const NwfFrame *frame)
{
    return (kind->ethertype == 0 || kind->ethertype == frame->ethertype) &&
           (!kind->stp || memcmp(frame->dst, bridge_group, sizeof(bridge_group)) == 0);
}

NwfAnswer
nwf_match_ethernet(const NwfPlanRule *rule, const NwfFrame *frame)
{
    NwfAnswer answer = NWF_ANSWER_YES;

    if (rule->protocol && rule->protocol->ethertype != 0 && rule->protocol->ethertype != frame->ethertype)
        return NWF_ANSWER_NO;
    if (rule->protocol && rule->protocol->stp && memcmp(frame->dst, bridge_group, sizeof(bridge_group)) != 0)
        return NWF_ANSWER_NO;
    for (guint i = 0; i < rule->conditions->len && answer == NWF_ANSWER_YES; i++) {
        const NwfCondition *condition = &g_array_index(rule->conditions, NwfCondition, i);
        const Comparison *comparison = &comparisons[condition->match];

        if (!comparison->compare)
            continue;
        answer = has_header(comparison->header, frame) ? comparison->compare(condition, frame) : NWF_ANSWER_NO;
        if (condition->match == NWF_MATCH_DSCP && rule->verdict == NWF_VERDICT_RETURN && !has_header(HEADER_IP, frame))
            answer = NWF_ANSWER_NO;
    }
    return answer;
}
