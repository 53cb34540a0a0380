/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet.h: the bytes of a frame, read safely, as the kernel's filters see them
 *
 * The only door to bytes that a guest made: each read is bounds-checked, says whether the bytes are there, and gives
 * numbers in host order. Nothing else in plan/ touches packet memory.
 *
 * Two views of a frame. NwfFrame is what the Ethernet layer sees: a first VLAN tag (802.1Q or 802.1ad) is taken off
 * before any filter, its type stands in the place of the frame's, and what it carries begins behind it. NwfIp is what the
 * IP layers see of a whole and sound packet: padding cut off, the transport header found.
 *
 * Nothing is copied; both views live as long as the bytes.
 */
#pragma once

#include <glib.h>

typedef struct NwfBytes {
    const guint8 *data;
    gsize length;
} NwfBytes;

/* Each returns FALSE if not all bytes are there; then the result is not touched. */
gboolean nwf_bytes_u8(NwfBytes bytes, gsize offset, guint8 *number);
gboolean nwf_bytes_u16(NwfBytes bytes, gsize offset, guint16 *number);
gboolean nwf_bytes_u32(NwfBytes bytes, gsize offset, guint32 *number);
gboolean nwf_bytes_copy(NwfBytes bytes, gsize offset, guint8 *to, gsize length);
gboolean nwf_bytes_have(NwfBytes bytes, gsize offset, gsize length);

/** nwf_bytes_part: at most @length bytes from @offset on; none if there are none. */
NwfBytes nwf_bytes_part(NwfBytes bytes, gsize offset, gsize length);

/** nwf_bytes_line: the next line from *@at on, without its newline, which the last one may lack; FALSE at the end. */
gboolean nwf_bytes_line(NwfBytes bytes, gsize *at, NwfBytes *line);

enum {
    NWF_ETHERTYPE_IPV4 = 0x0800,
    NWF_ETHERTYPE_ARP = 0x0806,
    NWF_ETHERTYPE_IPV6 = 0x86dd,
};

enum {
    NWF_PROTO_HOP_BY_HOP = 0,
    NWF_PROTO_ICMP = 1,
    NWF_PROTO_TCP = 6,
    NWF_PROTO_UDP = 17,
    NWF_PROTO_DCCP = 33,
    NWF_PROTO_ROUTING = 43,
    NWF_PROTO_FRAGMENT = 44,
    NWF_PROTO_GRE = 47,
    NWF_PROTO_AH = 51,
    NWF_PROTO_ICMPV6 = 58,
    NWF_PROTO_NONE = 59,
    NWF_PROTO_OPTIONS = 60,
    NWF_PROTO_SCTP = 132,
    NWF_PROTO_UDPLITE = 136,
};

typedef struct NwfFrame {
    guint8 dst[6], src[6];
    guint16 ethertype;    /* of the tag, if there is one */
    gboolean tagged;
    guint16 vlan_id;
    guint16 encapsulated; /* type behind the tag */
    NwfBytes payload;     /* behind header and tag */
} NwfFrame;

/** nwf_frame_read: FALSE if the headers are not complete: no filter sees such a frame. */
gboolean nwf_frame_read(NwfFrame *frame, NwfBytes bytes);

/** nwf_frame_ip_version: 4 or 6 if the IP layers see the frame (they do not look behind tags), else 0. */
guint nwf_frame_ip_version(const NwfFrame *frame);

typedef struct NwfIp {
    guint version;
    NwfBytes packet;   /* from the IP header on, without padding */
    guint8 src[16], dst[16];
    guint address_size;
    guint8 dscp;
    guint8 protocol;   /* of the transport header, behind extension headers but for AH */
    gboolean located;  /* protocol, transport and fragment_offset are known */
    gsize transport;   /* where the transport header begins; IPv6: 0 in a later fragment */
    guint fragment_offset; /* in bytes; 0 for whole packets and first fragments */
    gboolean fragment; /* a part of something larger */
} NwfIp;

/**
 * nwf_ip_read:
 * @packet: the payload of a frame of that version
 *
 * Returns: FALSE for what bridge netfilter drops before any rule: bad version, header length, header checksum, or a
 *   packet that is shorter than it says
 */
gboolean nwf_ip_read(NwfIp *ip, NwfBytes packet, guint version);

/**
 * nwf_ip_read_start: as nwf_ip_read() for a packet of which only the first bytes were captured; @on_wire is how many
 * there were. The header must be whole; ip->packet is what there is of the packet.
 */
gboolean nwf_ip_read_start(NwfIp *ip, NwfBytes packet, gsize on_wire, guint version);

/** nwf_ip_payload: from the transport header on. */
NwfBytes nwf_ip_payload(const NwfIp *ip);

/* The way over IPv6 extension headers. */
typedef struct NwfIp6Walk {
    guint8 protocol;    /* of what @offset points at */
    gsize offset;
    guint16 fragment;   /* offset field and flags of the last fragment header, 0 if none */
    gboolean fragmented;/* there was a fragment header */
    gsize before_fragment; /* where its number stands: offset of the byte that names it */
} NwfIp6Walk;

/**
 * nwf_ip6_skip:
 * @over_ah: whether an authentication header is gone over like any other
 *
 * Goes over the extension headers behind the IPv6 header of @packet and stops at the header of a later fragment.
 *
 * Returns: FALSE if a header is cut off or says that nothing follows
 */
gboolean nwf_ip6_skip(NwfIp6Walk *walk, NwfBytes packet, gboolean over_ah);

/** nwf_checksum: whether the Internet checksum over @bytes, with the pseudo header of @ip unless NULL, is right. */
gboolean nwf_checksum_holds(NwfBytes bytes, const NwfIp *ip, guint8 protocol, guint32 length);

/**
 * nwf_checksum_is_partial: whether @checksum is the sum over the pseudo header alone, which the kernel leaves in a
 * packet that a device is to complete; what passes between a VM and its host is often captured like this.
 */
gboolean nwf_checksum_is_partial(guint16 checksum, const NwfIp *ip, guint8 protocol, guint32 length);
