/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * classify.c: what one frame may teach; see classify.h
 *
 * Sources: RFC 826 and 5227 (ARP, probes and announcements), 791, 768.
 */
#include "driver/learn/classify.h"

#include <string.h>

#include "driver/learn/inside.h"

enum { ETHERNET_HEADER = 14, IP_TOTAL = 2, UDP_HEADER = 8, UDP_LENGTH = 4, UDP_CHECKSUM = 6 };
enum { PORT_SERVER = 67, PORT_CLIENT = 68 };
enum { ARP_ETHERNET = 1, ARP_OP_REQUEST = 1, ARP_OP_REPLY = 2, ARP_SENDER_MAC = 8, ARP_SENDER = 14, ARP_TARGET = 24 };

typedef struct Input {
    NwfEvidence *evidence;
    NwfFrame frame;
    gsize on_wire; /* length of the frame's payload */
    NwfLearnDirection direction;
    const guint8 *mac;
} Input;

static void
nothing(Input *in, NwfRefusal refusal)
{
    in->evidence->kind = NWF_EVIDENCE_NOTHING;
    in->evidence->refusal = refusal;
}

static gboolean
fails(Input *in, gboolean holds, NwfRefusal refusal)
{
    if (!NWF_FAILS(holds, refusal))
        return FALSE;
    nothing(in, refusal);
    return TRUE;
}

static NwfAddress
address_at(NwfBytes bytes, gsize offset)
{
    guint32 number = 0;

    nwf_bytes_u32(bytes, offset, &number);
    return nwf_address_ipv4(number);
}

/* ---- ARP ---- */

static gboolean
arp_is_ours(NwfBytes arp, guint16 *op)
{
    guint16 hardware, protocol;
    guint8 hardware_length, protocol_length;

    return nwf_bytes_have(arp, 0, ARP_TARGET + 4) && nwf_bytes_u16(arp, 0, &hardware) &&
           nwf_bytes_u16(arp, 2, &protocol) && nwf_bytes_u8(arp, 4, &hardware_length) &&
           nwf_bytes_u8(arp, 5, &protocol_length) && nwf_bytes_u16(arp, 6, op) && hardware == ARP_ETHERNET &&
           protocol == NWF_ETHERTYPE_IPV4 && hardware_length == 6 && protocol_length == 4 &&
           (*op == ARP_OP_REQUEST || *op == ARP_OP_REPLY);
}

static void
classify_arp(Input *in)
{
    NwfBytes arp = in->frame.payload;
    NwfEvidence *evidence = in->evidence;
    NwfAddress target;
    guint8 mac[6] = {0};
    guint16 op = 0;

    if (fails(in, arp_is_ours(arp, &op), NWF_REFUSAL_ARP_FORM))
        return;
    nwf_bytes_copy(arp, ARP_SENDER_MAC, mac, sizeof(mac));
    if (fails(in, memcmp(mac, in->mac, sizeof(mac)) == 0, NWF_REFUSAL_ARP_SENDER))
        return;
    evidence->source = address_at(arp, ARP_SENDER);
    target = address_at(arp, ARP_TARGET);
    if (!nwf_address_is_set(&evidence->source)) {
        nothing(in, NWF_REFUSAL_ARP_PROBE);
        return;
    }
    evidence->kind = NWF_EVIDENCE_ARP;
    evidence->arp = nwf_address_equal(&evidence->source, &target) ? NWF_ARP_ANNOUNCEMENT
                    : op == ARP_OP_REPLY                          ? NWF_ARP_REPLY
                                                                  : NWF_ARP_REQUEST;
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
is_whole(const NwfIp *ip)
{
    guint16 total = 0;

    return nwf_bytes_u16(ip->packet, IP_TOTAL, &total) && ip->packet.length >= total;
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

static void
classify_dhcp(Input *in, const NwfIp *ip)
{
    NwfBytes udp = nwf_ip_payload(ip), datagram;
    guint16 length = 0;
    NwfRefusal refusal;

    if (fails(in, !ip->fragment, NWF_REFUSAL_FRAGMENT) || fails(in, is_whole(ip), NWF_REFUSAL_TRUNCATED))
        return;
    if (fails(in, nwf_bytes_u16(udp, UDP_LENGTH, &length) && length >= UDP_HEADER && length <= udp.length,
              NWF_REFUSAL_UDP_LENGTH))
        return;
    datagram = nwf_bytes_part(udp, 0, length);
    if (fails(in, checksum_is_right(ip, datagram), NWF_REFUSAL_UDP_CHECKSUM))
        return;
    refusal = nwf_dhcp_read_skipping(&in->evidence->dhcp, nwf_bytes_part(datagram, UDP_HEADER, G_MAXSIZE), NWF_SKIPPED);
    if (refusal != NWF_REFUSAL_NONE)
        nothing(in, refusal);
    else
        in->evidence->kind = in->direction == NWF_FROM_VM ? NWF_EVIDENCE_DHCP_CLIENT : NWF_EVIDENCE_DHCP_SERVER;
}

static void
classify_ip(Input *in)
{
    NwfIp ip;

    if (fails(in, nwf_ip_read_start(&ip, in->frame.payload, in->on_wire, 4), NWF_REFUSAL_IP_HEADER))
        return;
    in->evidence->source = address_at((NwfBytes){ip.src, ip.address_size}, 0);
    if (is_dhcp(in, &ip))
        classify_dhcp(in, &ip);
    else if (in->direction == NWF_FROM_VM)
        in->evidence->kind = NWF_EVIDENCE_IP;
    else
        nothing(in, NWF_REFUSAL_OTHER_TYPE);
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

void
nwf_classify(NwfEvidence *evidence, NwfBytes bytes, gsize wire_length, NwfLearnDirection direction, const guint8 mac[6])
{
    Input in = {.evidence = evidence, .direction = direction, .mac = mac};

    memset(evidence, 0, sizeof(*evidence));
    if (!nwf_frame_read(&in.frame, bytes)) {
        nothing(&in, NWF_REFUSAL_SHORT);
        return;
    }
    if (fails(&in, !in.frame.tagged, NWF_REFUSAL_TAGGED) || fails(&in, is_for_the_port(&in), NWF_REFUSAL_FOREIGN_MAC))
        return;
    in.on_wire = MAX(wire_length, bytes.length) - ETHERNET_HEADER;
    if (in.frame.ethertype == NWF_ETHERTYPE_IPV4)
        classify_ip(&in);
    else if (in.frame.ethertype == NWF_ETHERTYPE_ARP && direction == NWF_FROM_VM)
        classify_arp(&in);
    else
        nothing(&in, NWF_REFUSAL_OTHER_TYPE);
}
