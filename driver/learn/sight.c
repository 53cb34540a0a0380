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
enum { ARP_ETHERNET = 1, ARP_OP_REQUEST = 1, ARP_OP_REPLY = 2, ARP_SENDER_MAC = 8, ARP_SENDER = 14, ARP_TARGET = 24 };

/* What one look at a frame carries along. */
typedef struct Look {
    NwfSighting *sighting;
    NwfFrame frame;
    gsize on_wire; /* length of the frame's payload */
    NwfWay way;
    const guint8 *mac;
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
    if (!NWF_FAILS(holds, reason))
        return FALSE;
    nothing(look, reason);
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
look_at_arp(Look *look)
{
    NwfBytes arp = look->frame.payload;
    NwfSighting *sighting = look->sighting;
    NwfAddress target;
    guint8 mac[6] = {0};
    guint16 op = 0;

    if (fails(look, arp_is_ours(arp, &op), NWF_REASON_ARP_FORM))
        return;
    nwf_bytes_copy(arp, ARP_SENDER_MAC, mac, sizeof(mac));
    if (fails(look, memcmp(mac, look->mac, sizeof(mac)) == 0, NWF_REASON_ARP_SENDER))
        return;
    sighting->source = address_at(arp, ARP_SENDER);
    target = address_at(arp, ARP_TARGET);
    if (!nwf_address_is_set(&sighting->source)) {
        nothing(look, NWF_REASON_ARP_PROBE);
        return;
    }
    sighting->kind = NWF_SIGHT_ARP;
    sighting->arp = nwf_address_equal(&sighting->source, &target) ? NWF_ARP_ANNOUNCEMENT
                    : op == ARP_OP_REPLY                          ? NWF_ARP_REPLY
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
    NwfReason reason;

    if (fails(look, !ip->fragment, NWF_REASON_FRAGMENT) || fails(look, is_whole(ip), NWF_REASON_TRUNCATED))
        return;
    if (fails(look, nwf_bytes_u16(udp, UDP_LENGTH, &length) && length >= UDP_HEADER && length <= udp.length,
              NWF_REASON_UDP_LENGTH))
        return;
    datagram = nwf_bytes_part(udp, 0, length);
    if (fails(look, checksum_is_right(ip, datagram), NWF_REASON_UDP_CHECKSUM))
        return;
    reason =
        nwf_dhcp_read_skipping(&look->sighting->dhcp, nwf_bytes_part(datagram, UDP_HEADER, G_MAXSIZE), NWF_SKIPPED);
    if (reason != NWF_REASON_NONE)
        nothing(look, reason);
    else
        look->sighting->kind = look->way == NWF_WAY_FROM_VM ? NWF_SIGHT_DHCP_CLIENT : NWF_SIGHT_DHCP_SERVER;
}

static void
look_at_ip(Look *look)
{
    NwfIp ip;

    if (fails(look, nwf_ip_read_start(&ip, look->frame.payload, look->on_wire, 4), NWF_REASON_IP_HEADER))
        return;
    look->sighting->source = address_at((NwfBytes){ip.src, ip.address_size}, 0);
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
nwf_sight(NwfSighting *sighting, NwfBytes bytes, gsize wire_length, NwfWay way, const guint8 mac[6])
{
    Look look = {.sighting = sighting, .way = way, .mac = mac};

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
