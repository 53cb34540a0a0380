/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * classify.c: what one frame may teach; see classify.h
 *
 * Sources: RFC 826 and 5227 (ARP, probes and announcements), 791, 768.
 */
#include "driver/learn/classify.h"

#include <string.h>

#include "packet/check_private.h"
#include "packet/frame.h"

enum { ETHERNET_HEADER = 14, IP_TOTAL = 2, UDP_HEADER = 8, UDP_LENGTH = 4, UDP_CHECKSUM = 6 };
enum { IP_SOURCE = ETHERNET_HEADER + 12, DHCP_XID = 4 };
enum { PORT_SERVER = 67, PORT_CLIENT = 68 };
enum { ARP_OP_REQUEST = 1, ARP_OP_REPLY = 2, ARP_SENDER_MAC = 8, ARP_SENDER = 14, ARP_END = 28 };

typedef struct Input {
    NwfFrame frame;
    gsize on_wire; /* length of the frame's payload */
    NwfLearnDirection direction;
    const guint8 *mac;
} Input;

static const NwfRefusal dhcp_refusals[NWF_DHCP_FAULTS] = {
    [NWF_DHCP_SHORT] = NWF_REFUSAL_DHCP_SHORT,
    [NWF_DHCP_COOKIE] = NWF_REFUSAL_DHCP_COOKIE,
    [NWF_DHCP_OPTIONS] = NWF_REFUSAL_DHCP_OPTIONS,
    [NWF_DHCP_REPEATED] = NWF_REFUSAL_DHCP_REPEATED,
    [NWF_DHCP_OPTION_LENGTH] = NWF_REFUSAL_DHCP_OPTION_LENGTH,
    [NWF_DHCP_OVERLOAD] = NWF_REFUSAL_DHCP_OVERLOAD,
};

/* ---- ARP ---- */

static gboolean
arp_is_ours(NwfBytes payload)
{
    NwfArp arp = {0};

    return nwf_bytes_have(payload, 0, ARP_END) && nwf_arp_read(&arp, payload) &&
           arp.hardware_type == NWF_ARP_ETHERNET && arp.protocol_type == NWF_ETHERTYPE_IPV4 && arp.hardware_size == 6 &&
           arp.protocol_size == 4 && (arp.opcode == ARP_OP_REQUEST || arp.opcode == ARP_OP_REPLY);
}

static NwfRefusal
classify_arp(NwfEvidence *evidence, const Input *in)
{
    NwfBytes arp = in->frame.payload;
    guint8 mac[6] = {0};

    NWF_REFUSE_UNLESS(arp_is_ours(arp), ARP_FORM);
    nwf_bytes_copy(arp, ARP_SENDER_MAC, mac, sizeof(mac));
    NWF_REFUSE_UNLESS(memcmp(mac, in->mac, sizeof(mac)) == 0, ARP_SENDER);
    evidence->source = nwf_address_read(arp, ARP_SENDER);
    if (!nwf_address_is_set(&evidence->source))
        return NWF_REFUSAL_ARP_PROBE;
    evidence->kind = NWF_EVIDENCE_ARP;
    return NWF_REFUSAL_NONE;
}

/* ---- IPv4 ---- */

static gboolean
is_dhcp(const Input *in, const NwfIp *ip)
{
    NwfBytes udp = nwf_ip_payload(ip);
    guint16 source = 0, destination = 0;

    if (ip->protocol != NWF_PROTO_UDP || ip->fragment_offset != 0 || !nwf_bytes_u16(udp, 0, &source) ||
        !nwf_bytes_u16(udp, 2, &destination))
        return FALSE;
    return in->direction == NWF_FROM_VM ? source == PORT_CLIENT && destination == PORT_SERVER
                                        : source == PORT_SERVER && destination == PORT_CLIENT;
}

static gboolean
checksum_is_right(const NwfIp *ip, NwfBytes datagram)
{
    guint16 checksum = 0;
    guint32 length = (guint32)datagram.length;

    return nwf_bytes_u16(datagram, UDP_CHECKSUM, &checksum) &&
           (checksum == 0 || nwf_checksum_holds(datagram, ip, NWF_PROTO_UDP, length) ||
            nwf_checksum_is_partial(checksum, ip, NWF_PROTO_UDP, length));
}

static NwfRefusal
classify_dhcp(NwfEvidence *evidence, const Input *in, const NwfIp *ip)
{
    NwfBytes udp = nwf_ip_payload(ip);
    guint16 total = 0, length = 0;

    NWF_REFUSE_UNLESS(!ip->fragment, FRAGMENT);
    NWF_REFUSE_UNLESS(nwf_bytes_u16(ip->packet, IP_TOTAL, &total) && ip->packet.length >= total, TRUNCATED);
    NWF_REFUSE_UNLESS(nwf_bytes_u16(udp, UDP_LENGTH, &length) && length >= UDP_HEADER && length <= udp.length,
                      UDP_LENGTH);
    udp = nwf_bytes_part(udp, 0, length);
    NWF_REFUSE_UNLESS(checksum_is_right(ip, udp), UDP_CHECKSUM);
    NwfDhcpFault fault = nwf_dhcp_read(&evidence->dhcp, nwf_bytes_part(udp, UDP_HEADER, G_MAXSIZE));
    if (fault == NWF_DHCP_SOUND)
        evidence->kind = in->direction == NWF_FROM_VM ? NWF_EVIDENCE_DHCP_CLIENT : NWF_EVIDENCE_DHCP_SERVER;
    return dhcp_refusals[fault];
}

static NwfRefusal
classify_ip(NwfEvidence *evidence, const Input *in)
{
    NwfIp ip;

    NWF_REFUSE_UNLESS(nwf_ip_read_start(&ip, in->frame.payload, in->on_wire, 4), IP_HEADER);
    evidence->source = nwf_address_read((NwfBytes){ip.src, ip.address_size}, 0);
    if (is_dhcp(in, &ip))
        return classify_dhcp(evidence, in, &ip);
    if (in->direction == NWF_TO_VM)
        return NWF_REFUSAL_OTHER_TYPE;
    evidence->kind = NWF_EVIDENCE_IP;
    return NWF_REFUSAL_NONE;
}

/* ---- the frame ---- */

/* What the VM sends has its address as source; what it gets is for it or for all. */
static gboolean
is_for_the_port(const Input *in)
{
    static const guint8 broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    if (in->direction == NWF_FROM_VM)
        return memcmp(in->frame.src, in->mac, 6) == 0;
    return memcmp(in->frame.dst, in->mac, 6) == 0 || memcmp(in->frame.dst, broadcast, 6) == 0;
}

static NwfRefusal
classify(NwfEvidence *evidence, Input *in, NwfBytes bytes, gsize wire_length)
{
    if (!nwf_frame_read(&in->frame, bytes))
        return NWF_REFUSAL_SHORT;
    NWF_REFUSE_UNLESS(!in->frame.tagged, TAGGED);
    NWF_REFUSE_UNLESS(is_for_the_port(in), FOREIGN_MAC);
    in->on_wire = MAX(wire_length, bytes.length) - ETHERNET_HEADER;
    if (in->frame.ethertype == NWF_ETHERTYPE_IPV4)
        return classify_ip(evidence, in);
    if (in->frame.ethertype == NWF_ETHERTYPE_ARP && in->direction == NWF_FROM_VM)
        return classify_arp(evidence, in);
    return NWF_REFUSAL_OTHER_TYPE;
}

gboolean
nwf_classify_glance(NwfAnswerGlance *glance, NwfBytes frame)
{
    guint16 ethertype = 0;
    guint8 start = 0;

    if (!nwf_bytes_u16(frame, ETHERNET_HEADER - 2, &ethertype) || ethertype != NWF_ETHERTYPE_IPV4 ||
        !nwf_bytes_u8(frame, ETHERNET_HEADER, &start))
        return FALSE;
    glance->source = nwf_address_read(frame, IP_SOURCE);
    return nwf_bytes_u32(frame, ETHERNET_HEADER + (start & 15) * 4 + UDP_HEADER + DHCP_XID, &glance->xid);
}

void
nwf_classify(NwfEvidence *evidence, NwfBytes frame, gsize wire_length, NwfLearnDirection direction, const guint8 mac[6])
{
    Input in = {.direction = direction, .mac = mac};

    memset(evidence, 0, sizeof(*evidence));
    evidence->refusal = classify(evidence, &in, frame, wire_length);
}
