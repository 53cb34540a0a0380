/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.c: frames and packets as the kernel's filters see them; see frame.h
 *
 * Sources: IEEE 802.3 and 802.1Q; RFC 791, 8200 (headers), 1071 (checksum), 4302 (length of AH); and what the bridge
 * and bridge netfilter of Linux do with frames before rules see them.
 *
 * Where the transport header is, the kernel finds out in two ways, and both are needed: filters at the IP layers stop
 * at an authentication header and know no transport in a later IPv6 fragment (offset 0); the Ethernet filter and
 * connection tracking go over authentication headers and stop at the fragment header.
 */
#include "packet/frame.h"

#include <string.h>

enum {
    ETHERNET_HEADER = 14,
    TAG = 4,
    BEHIND_TAG = 2, /* bytes that Linux wants to see behind a tag */
    TYPE_VLAN = 0x8100,
    TYPE_SERVICE_VLAN = 0x88a8,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    FRAGMENT_HEADER = 8,
    IPV4_MORE = 0x2000,
    IPV4_OFFSET = 0x1fff,
    IPV6_MORE = 0x0001,
    IPV6_OFFSET = 0xfff8,
    VLAN_ID = 0x0fff,
    OPTION_PAD = 0,
};

/* ---- Ethernet ---- */

static gboolean
is_tag(guint16 type)
{
    return type == TYPE_VLAN || type == TYPE_SERVICE_VLAN;
}

gboolean
nwf_frame_read(NwfFrame *frame, NwfBytes bytes)
{
    guint16 tag = 0;

    memset(frame, 0, sizeof(*frame));
    if (!nwf_bytes_copy(bytes, 0, frame->dst, 6) || !nwf_bytes_copy(bytes, 6, frame->src, 6) ||
        !nwf_bytes_u16(bytes, 12, &frame->ethertype))
        return FALSE;
    frame->payload = nwf_bytes_part(bytes, ETHERNET_HEADER, G_MAXSIZE);
    if (!is_tag(frame->ethertype))
        return TRUE;
    if (!nwf_bytes_have(bytes, ETHERNET_HEADER, TAG + BEHIND_TAG) || !nwf_bytes_u16(bytes, ETHERNET_HEADER, &tag) ||
        !nwf_bytes_u16(bytes, ETHERNET_HEADER + 2, &frame->encapsulated))
        return FALSE;
    if (is_tag(frame->encapsulated) && !nwf_bytes_have(bytes, ETHERNET_HEADER + TAG, TAG + BEHIND_TAG))
        return FALSE;
    frame->tagged = TRUE;
    frame->vlan_id = tag & VLAN_ID;
    frame->payload = nwf_bytes_part(bytes, ETHERNET_HEADER + TAG, G_MAXSIZE);
    return TRUE;
}

guint
nwf_frame_ip_version(const NwfFrame *frame)
{
    return frame->ethertype == NWF_ETHERTYPE_IPV4 ? 4 : frame->ethertype == NWF_ETHERTYPE_IPV6 ? 6 : 0;
}

/* ---- ARP ---- */

gboolean
nwf_arp_read(NwfArp *arp, NwfBytes payload)
{
    return nwf_bytes_u16(payload, 0, &arp->hardware_type) && nwf_bytes_u16(payload, 2, &arp->protocol_type) &&
           nwf_bytes_u8(payload, 4, &arp->hardware_size) && nwf_bytes_u8(payload, 5, &arp->protocol_size) &&
           nwf_bytes_u16(payload, 6, &arp->opcode);
}

/* ---- checksum ---- */

static guint64
sum_of(NwfBytes bytes, guint64 sum)
{
    guint16 word;
    guint8 last;
    gsize at;

    for (at = 0; nwf_bytes_u16(bytes, at, &word); at += 2)
        sum += word;
    if (nwf_bytes_u8(bytes, at, &last))
        sum += (guint)last << 8;
    return sum;
}

static guint64
pseudo_sum(const NwfIp *ip, guint8 protocol, guint32 length, guint64 sum)
{
    sum = sum_of((NwfBytes){ip->src, ip->address_size}, sum);
    sum = sum_of((NwfBytes){ip->dst, ip->address_size}, sum);
    return sum + protocol + (length >> 16) + (length & 0xffff);
}

static guint64
fold(guint64 sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

guint16
nwf_checksum(NwfBytes bytes)
{
    return (guint16)~fold(sum_of(bytes, 0));
}

gboolean
nwf_checksum_holds(NwfBytes bytes, const NwfIp *ip, guint8 protocol, guint32 length)
{
    guint64 sum = sum_of(bytes, 0);

    return fold(ip ? pseudo_sum(ip, protocol, length, sum) : sum) == 0xffff;
}

gboolean
nwf_checksum_is_partial(guint16 checksum, const NwfIp *ip, guint8 protocol, guint32 length)
{
    return fold(pseudo_sum(ip, protocol, length, 0)) == checksum;
}

/* ---- IPv4 ---- */

static gboolean
ipv4_read(NwfIp *ip, NwfBytes bytes, gsize on_wire)
{
    guint8 first, tos;
    guint16 total, fragment;
    gsize header;

    if (!nwf_bytes_have(bytes, 0, IPV4_HEADER) || !nwf_bytes_u8(bytes, 0, &first) || !nwf_bytes_u8(bytes, 1, &tos) ||
        !nwf_bytes_u16(bytes, 2, &total) || !nwf_bytes_u16(bytes, 6, &fragment))
        return FALSE;
    header = (first & 15) * 4u;
    if (first >> 4 != 4 || header < IPV4_HEADER || !nwf_bytes_have(bytes, 0, header) ||
        !nwf_checksum_holds(nwf_bytes_part(bytes, 0, header), NULL, 0, 0) || total > on_wire || total < header)
        return FALSE;
    ip->packet = nwf_bytes_part(bytes, 0, total);
    ip->address_size = 4;
    nwf_bytes_copy(bytes, 12, ip->src, 4);
    nwf_bytes_copy(bytes, 16, ip->dst, 4);
    nwf_bytes_u8(bytes, 9, &ip->protocol);
    ip->dscp = tos >> 2;
    ip->located = TRUE;
    ip->transport = header;
    ip->fragment_offset = (fragment & IPV4_OFFSET) * 8u;
    ip->fragment = (fragment & (IPV4_OFFSET | IPV4_MORE)) != 0;
    return TRUE;
}

/* ---- IPv6 ---- */

static gboolean
is_extension(guint8 number)
{
    return number == NWF_PROTO_HOP_BY_HOP || number == NWF_PROTO_ROUTING || number == NWF_PROTO_FRAGMENT ||
           number == NWF_PROTO_AH || number == NWF_PROTO_NONE || number == NWF_PROTO_OPTIONS;
}

static gsize
extension_size(guint8 number, guint8 length)
{
    if (number == NWF_PROTO_FRAGMENT)
        return FRAGMENT_HEADER;
    return number == NWF_PROTO_AH ? (length + 2u) * 4 : (length + 1u) * 8;
}

gboolean
nwf_ip6_skip(NwfIp6Walk *walk, NwfBytes packet, gboolean over_ah)
{
    gsize named_at = 6; /* where the number of the header at walk->offset stands */
    guint8 next, length;

    memset(walk, 0, sizeof(*walk));
    walk->offset = IPV6_HEADER;
    if (!nwf_bytes_u8(packet, named_at, &walk->protocol))
        return FALSE;
    while (is_extension(walk->protocol) && (over_ah || walk->protocol != NWF_PROTO_AH)) {
        if (walk->protocol == NWF_PROTO_NONE || !nwf_bytes_u8(packet, walk->offset, &next) ||
            !nwf_bytes_u8(packet, walk->offset + 1, &length))
            return FALSE;
        if (walk->protocol == NWF_PROTO_FRAGMENT) {
            if (!nwf_bytes_u16(packet, walk->offset + 2, &walk->fragment))
                return FALSE;
            walk->fragmented = TRUE;
            walk->before_fragment = named_at;
            if ((walk->fragment & IPV6_OFFSET) != 0)
                return TRUE;
        }
        named_at = walk->offset;
        walk->offset += extension_size(walk->protocol, length);
        walk->protocol = next;
    }
    return TRUE;
}

/* Whether the options of the hop-by-hop header at @offset end where the header does. */
static gboolean
hop_by_hop_holds(NwfBytes packet, gsize offset)
{
    guint8 type = 0, length = 0;
    gsize at = offset + 2, end;

    if (!nwf_bytes_u8(packet, offset + 1, &length))
        return FALSE;
    end = offset + extension_size(NWF_PROTO_HOP_BY_HOP, length);
    if (end > packet.length)
        return FALSE;
    while (at < end && nwf_bytes_u8(packet, at, &type)) {
        if (type == OPTION_PAD) {
            at++;
            continue;
        }
        if (at + 2 > end || !nwf_bytes_u8(packet, at + 1, &length))
            return FALSE;
        at += 2u + length;
    }
    return at == end;
}

/* Where filters at the IP layer find the transport header: not in a later fragment, whose protocol they know anyway. */
static void
ipv6_locate(NwfIp *ip)
{
    NwfIp6Walk walk;

    ip->located = nwf_ip6_skip(&walk, ip->packet, FALSE);
    if (!ip->located && walk.protocol == NWF_PROTO_NONE) {
        ip->located = TRUE;
    } else if (ip->located && (walk.fragment & IPV6_OFFSET) != 0) {
        ip->fragment_offset = walk.fragment & IPV6_OFFSET;
        nwf_bytes_u8(ip->packet, walk.offset, &walk.protocol);
        ip->located = !is_extension(walk.protocol) || walk.protocol == NWF_PROTO_NONE;
        walk.offset = 0;
    }
    ip->protocol = walk.protocol;
    ip->transport = walk.offset;
    ip->fragment = walk.fragmented && (walk.fragment & (IPV6_OFFSET | IPV6_MORE)) != 0;
}

static gboolean
ipv6_read(NwfIp *ip, NwfBytes bytes, gsize on_wire)
{
    guint16 first, payload;
    guint8 next;

    if (!nwf_bytes_have(bytes, 0, IPV6_HEADER) || !nwf_bytes_u16(bytes, 0, &first) ||
        !nwf_bytes_u16(bytes, 4, &payload) || !nwf_bytes_u8(bytes, 6, &next))
        return FALSE;
    if (first >> 12 != 6 || payload + (gsize)IPV6_HEADER > on_wire)
        return FALSE;
    ip->packet = nwf_bytes_part(bytes, 0, payload + (gsize)IPV6_HEADER);
    if (next == NWF_PROTO_HOP_BY_HOP && !hop_by_hop_holds(ip->packet, IPV6_HEADER))
        return FALSE;
    ip->address_size = 16;
    nwf_bytes_copy(bytes, 8, ip->src, 16);
    nwf_bytes_copy(bytes, 24, ip->dst, 16);
    ip->dscp = (first >> 6) & 63;
    ipv6_locate(ip);
    return TRUE;
}

gboolean
nwf_ip_read_start(NwfIp *ip, NwfBytes packet, gsize on_wire, guint version)
{
    memset(ip, 0, sizeof(*ip));
    ip->version = version;
    on_wire = MAX(on_wire, packet.length);
    return version == 4 ? ipv4_read(ip, packet, on_wire) : ipv6_read(ip, packet, on_wire);
}

gboolean
nwf_ip_read(NwfIp *ip, NwfBytes packet, guint version)
{
    return nwf_ip_read_start(ip, packet, packet.length, version);
}

NwfBytes
nwf_ip_payload(const NwfIp *ip)
{
    return nwf_bytes_part(ip->packet, ip->transport, G_MAXSIZE);
}
