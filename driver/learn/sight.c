/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sight.c: what one frame may teach; see sight.h
 *
 * Sources: RFC 826 and 5227 (ARP, probes and announcements), 791, 768.
 */
#include "driver/learn/sight.h"

#include <string.h>

#include "driver/learn/inside.h"

enum { ETHERNET_HEADER = 14, IP_TOTAL = 2, UDP_HEADER = 8, UDP_LENGTH = 4, UDP_CHECKSUM = 6 };
enum { PORT_SERVER = 67, PORT_CLIENT = 68 };
enum { ARP_OP_REQUEST = 1, ARP_OP_REPLY = 2, ARP_SENDER_MAC = 8, ARP_SENDER = 14, ARP_TARGET = 24 };

static const NwfReason dhcp_reasons[NWF_DHCP_FAULTS] = {
    [NWF_DHCP_SHORT] = NWF_REASON_DHCP_SHORT,
    [NWF_DHCP_COOKIE] = NWF_REASON_DHCP_COOKIE,
    [NWF_DHCP_OPTIONS] = NWF_REASON_DHCP_OPTIONS,
    [NWF_DHCP_REPEATED] = NWF_REASON_DHCP_REPEATED,
    [NWF_DHCP_OPTION_LENGTH] = NWF_REASON_DHCP_OPTION_LENGTH,
    [NWF_DHCP_OVERLOAD] = NWF_REASON_DHCP_OVERLOAD,
};

/* What one look at a frame carries along. */
typedef struct Look {
    NwfSighting *sighting;
    NwfFrame frame;
    gsize on_wire; /* length of the frame's payload */
    NwfWay way;
    const guint8 *mac;
    NwfSkip skip;
} Look;

static void
nothing(Look *look, NwfReason reason)
{
    look->sighting->kind = NWF_SIGHT_NOTHING;
    look->sighting->reason = reason;
}

static gboolean
fails(Look *look, gboolean holds, NwfReason reason)
{
    if (!nwf_check_fails(holds, reason, look->skip))
        return FALSE;
    nothing(look, reason);
    return TRUE;
}

/* ---- ARP ---- */

static gboolean
arp_is_ours(NwfBytes payload, NwfArp *arp)
{
    return nwf_bytes_have(payload, 0, ARP_TARGET + 4) && nwf_arp_read(arp, payload) &&
           arp->hardware_type == NWF_ARP_ETHERNET && arp->protocol_type == NWF_ETHERTYPE_IPV4 &&
           arp->hardware_size == 6 && arp->protocol_size == 4 &&
           (arp->opcode == ARP_OP_REQUEST || arp->opcode == ARP_OP_REPLY);
}

static void
look_at_arp(Look *look)
{
    NwfBytes payload = look->frame.payload;
    NwfSighting *sighting = look->sighting;
    NwfAddress target;
    guint8 mac[6] = {0};
    NwfArp arp = {0};

    if (fails(look, arp_is_ours(payload, &arp), NWF_REASON_ARP_FORM))
        return;
    nwf_bytes_copy(payload, ARP_SENDER_MAC, mac, sizeof(mac));
    if (fails(look, memcmp(mac, look->mac, sizeof(mac)) == 0, NWF_REASON_ARP_SENDER))
        return;
    sighting->source = nwf_address_read(payload, ARP_SENDER);
    target = nwf_address_read(payload, ARP_TARGET);
    if (!nwf_address_is_set(&sighting->source)) {
        nothing(look, NWF_REASON_ARP_PROBE);
        return;
    }
    sighting->kind = NWF_SIGHT_ARP;
    sighting->arp = nwf_address_equal(&sighting->source, &target) ? NWF_ARP_ANNOUNCEMENT
                    : arp.opcode == ARP_OP_REPLY                  ? NWF_ARP_REPLY
                                                                  : NWF_ARP_REQUEST;
}

/* ---- IPv4 ---- */

static gboolean
is_dhcp(const Look *look, const NwfIp *ip)
{
    NwfBytes udp = nwf_ip_payload(ip);
    guint16 source = 0, destination = 0;

    if (ip->protocol != NWF_PROTO_UDP || ip->fragment_offset != 0 || !nwf_bytes_u16(udp, 0, &source) ||
        !nwf_bytes_u16(udp, 2, &destination))
        return FALSE;
    return look->way == NWF_WAY_FROM_VM ? source == PORT_CLIENT && destination == PORT_SERVER
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
look_at_dhcp(Look *look, const NwfIp *ip)
{
    NwfBytes udp = nwf_ip_payload(ip), datagram;
    guint16 length = 0;
    NwfDhcpFault fault;

    if (fails(look, !ip->fragment, NWF_REASON_FRAGMENT) || fails(look, is_whole(ip), NWF_REASON_TRUNCATED))
        return;
    if (fails(look, nwf_bytes_u16(udp, UDP_LENGTH, &length) && length >= UDP_HEADER && length <= udp.length,
              NWF_REASON_UDP_LENGTH))
        return;
    datagram = nwf_bytes_part(udp, 0, length);
    if (fails(look, checksum_is_right(ip, datagram), NWF_REASON_UDP_CHECKSUM))
        return;
    fault = nwf_dhcp_read(&look->sighting->dhcp, nwf_bytes_part(datagram, UDP_HEADER, G_MAXSIZE));
    if (fault != NWF_DHCP_SOUND)
        nothing(look, dhcp_reasons[fault]);
    else
        look->sighting->kind = look->way == NWF_WAY_FROM_VM ? NWF_SIGHT_DHCP_CLIENT : NWF_SIGHT_DHCP_SERVER;
}

static void
look_at_ip(Look *look)
{
    NwfIp ip;

    if (fails(look, nwf_ip_read_start(&ip, look->frame.payload, look->on_wire, 4), NWF_REASON_IP_HEADER))
        return;
    look->sighting->source = nwf_address_read((NwfBytes){ip.src, ip.address_size}, 0);
    if (is_dhcp(look, &ip))
        look_at_dhcp(look, &ip);
    else if (look->way == NWF_WAY_FROM_VM)
        look->sighting->kind = NWF_SIGHT_IP;
    else
        nothing(look, NWF_REASON_OTHER_TYPE);
}

/* ---- the frame ---- */

/* What the VM sends has its address as source; what it gets is for it or for all. */
static gboolean
is_for_the_port(const Look *look)
{
    static const guint8 broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    if (look->way == NWF_WAY_FROM_VM)
        return memcmp(look->frame.src, look->mac, 6) == 0;
    return memcmp(look->frame.dst, look->mac, 6) == 0 || memcmp(look->frame.dst, broadcast, 6) == 0;
}

void
nwf_sight_skipping(NwfSighting *sighting, NwfBytes bytes, gsize wire_length, NwfWay way, const guint8 mac[6],
                   NwfSkip skip)
{
    Look look = {.sighting = sighting, .way = way, .mac = mac, .skip = skip};

    memset(sighting, 0, sizeof(*sighting));
    if (!nwf_frame_read(&look.frame, bytes)) {
        nothing(&look, NWF_REASON_SHORT);
        return;
    }
    if (fails(&look, !look.frame.tagged, NWF_REASON_TAGGED) ||
        fails(&look, is_for_the_port(&look), NWF_REASON_FOREIGN_MAC))
        return;
    look.on_wire = MAX(wire_length, bytes.length) - ETHERNET_HEADER;
    if (look.frame.ethertype == NWF_ETHERTYPE_IPV4)
        look_at_ip(&look);
    else if (look.frame.ethertype == NWF_ETHERTYPE_ARP && way == NWF_WAY_FROM_VM)
        look_at_arp(&look);
    else
        nothing(&look, NWF_REASON_OTHER_TYPE);
}

void
nwf_sight(NwfSighting *sighting, NwfBytes frame, gsize wire_length, NwfWay way, const guint8 mac[6])
{
    nwf_sight_skipping(sighting, frame, wire_length, way, mac, 0);
}
