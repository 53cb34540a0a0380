/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.h: frames and packets as the kernel's filters see them
 *
 * NwfFrame is what the Ethernet layer sees: the kernel takes off a first VLAN tag (802.1Q or 802.1ad) before any
 * filter; the type of the tag stands in the place of the frame's type, and the payload begins behind the tag. NwfArp is
 * the fixed start of an ARP or RARP packet. NwfIp is what the IP layers see of a whole and sound packet: padding cut
 * off, the transport header found.
 *
 * Nothing is copied; the views live as long as the bytes.
 */
#pragma once

#include "packet/reader.h"

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

typedef struct NwfArp {
    guint16 hardware_type, protocol_type;
    guint8 hardware_size, protocol_size; /* of an address in bytes */
    guint16 opcode;
} NwfArp;

enum { NWF_ARP_HEADER = 8, NWF_ARP_ETHERNET = 1 }; /* bytes that NwfArp stands for; a hardware type */

/** nwf_arp_read: FALSE if the payload is shorter than NWF_ARP_HEADER. */
gboolean nwf_arp_read(NwfArp *arp, NwfBytes payload);

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

/** nwf_checksum: the Internet checksum over @bytes, in which the place of the checksum is zero. */
guint16 nwf_checksum(NwfBytes bytes);

/** nwf_checksum_holds: whether the Internet checksum over @bytes, with @ip's pseudo header unless NULL, is right. */
gboolean nwf_checksum_holds(NwfBytes bytes, const NwfIp *ip, guint8 protocol, guint32 length);

/**
 * nwf_checksum_is_partial: whether @checksum is the sum over the pseudo header alone, which the kernel leaves in a
 * packet that a device is to complete; what passes between a VM and its host is often captured like this.
 */
gboolean nwf_checksum_is_partial(guint16 checksum, const NwfIp *ip, guint8 protocol, guint32 length);
