/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol_ethernet.c: elements of the Ethernet layer
 *
 * Source: libvirt's format document "Network Filters"; where document and released drivers differ (the names of stp's
 * attributes, the masks of arp) the released drivers count. `dscp` of `ipv6` is ours.
 *
 * In mac, vlan and stp a MAC mask has the sign of its address; in arp, rarp, ip and ipv6 it keeps its own, as do the
 * ends of port ranges.
 */
#include "conf/protocol_tables.h"

/* clang-format off: one attribute a line */

#define COMMENT ATTRIBUTE("comment", COMMENT, COMMENT)

#define MACS_FOLLOWING                                                                                                 \
    ATTRIBUTE("srcmacaddr", MAC, SRC_MAC),                                                                             \
    FOLLOWING("srcmacmask", MAC_MASK, SRC_MAC_MASK, SRC_MAC),                                                          \
    ATTRIBUTE("dstmacaddr", MAC, DST_MAC),                                                                             \
    FOLLOWING("dstmacmask", MAC_MASK, DST_MAC_MASK, DST_MAC)

#define MACS                                                                                                           \
    ATTRIBUTE("srcmacaddr", MAC, SRC_MAC),                                                                             \
    NEEDING("srcmacmask", MAC_MASK, SRC_MAC_MASK, SRC_MAC),                                                            \
    ATTRIBUTE("dstmacaddr", MAC, DST_MAC),                                                                             \
    NEEDING("dstmacmask", MAC_MASK, DST_MAC_MASK, DST_MAC)

#define ADDRESSES(address, mask)                                                                                       \
    ATTRIBUTE("srcipaddr", address, SRC_IP),                                                                           \
    FOLLOWING("srcipmask", mask, SRC_IP_MASK, SRC_IP),                                                                 \
    ATTRIBUTE("dstipaddr", address, DST_IP),                                                                           \
    FOLLOWING("dstipmask", mask, DST_IP_MASK, DST_IP)

#define PORTS                                                                                                          \
    ATTRIBUTE("srcportstart", PORT, SRC_PORT),                                                                         \
    NEEDING("srcportend", PORT, SRC_PORT_END, SRC_PORT),                                                               \
    ATTRIBUTE("dstportstart", PORT, DST_PORT),                                                                         \
    NEEDING("dstportend", PORT, DST_PORT_END, DST_PORT)

#define RANGE(name, type, match)                                                                                       \
    ATTRIBUTE(name, type, match),                                                                                      \
    FOLLOWING(name "-hi", type, match##_HI, match)

static const NwfAttribute mac_attributes[] = {
    MACS_FOLLOWING,
    ATTRIBUTE("protocolid", ETHERTYPE, ETHERTYPE),
    COMMENT,
};

static const NwfAttribute vlan_attributes[] = {
    MACS_FOLLOWING,
    ATTRIBUTE("vlanid", VLANID, VLAN_ID),
    ATTRIBUTE("encap-protocol", ENCAP, VLAN_ENCAP),
    COMMENT,
};

static const NwfAttribute stp_attributes[] = {
    ATTRIBUTE("srcmacaddr", MAC, SRC_MAC),
    FOLLOWING("srcmacmask", MAC_MASK, SRC_MAC_MASK, SRC_MAC),
    ATTRIBUTE("type", U8, STP_TYPE),
    ATTRIBUTE("flags", U8, STP_FLAGS),
    RANGE("root-priority", U16, STP_ROOT_PRIORITY),
    ATTRIBUTE("root-address", MAC, STP_ROOT_ADDRESS),
    FOLLOWING("root-address-mask", MAC_MASK, STP_ROOT_ADDRESS_MASK, STP_ROOT_ADDRESS),
    RANGE("root-cost", U32, STP_ROOT_COST),
    RANGE("sender-priority", U16, STP_SENDER_PRIORITY),
    ATTRIBUTE("sender-address", MAC, STP_SENDER_ADDRESS),
    FOLLOWING("sender-address-mask", MAC_MASK, STP_SENDER_ADDRESS_MASK, STP_SENDER_ADDRESS),
    RANGE("port", U16, STP_PORT),
    RANGE("age", U16, STP_AGE),
    RANGE("max-age", U16, STP_MAX_AGE),
    RANGE("hello-time", U16, STP_HELLO_TIME),
    RANGE("forward-delay", U16, STP_FORWARD_DELAY),
    COMMENT,
};

static const NwfAttribute arp_attributes[] = {
    MACS,
    ATTRIBUTE("hwtype", U16, ARP_HWTYPE),
    ATTRIBUTE("protocoltype", ARP_PROTOCOL, ARP_PROTOCOL),
    ATTRIBUTE("opcode", ARP_OPCODE, ARP_OPCODE),
    ATTRIBUTE("arpsrcmacaddr", MAC, ARP_SRC_MAC),
    ATTRIBUTE("arpdstmacaddr", MAC, ARP_DST_MAC),
    ATTRIBUTE("arpsrcipaddr", IPV4, ARP_SRC_IP),
    NEEDING("arpsrcipmask", IPV4_MASK, ARP_SRC_IP_MASK, ARP_SRC_IP),
    ATTRIBUTE("arpdstipaddr", IPV4, ARP_DST_IP),
    NEEDING("arpdstipmask", IPV4_MASK, ARP_DST_IP_MASK, ARP_DST_IP),
    ATTRIBUTE("gratuitous", BOOL, ARP_GRATUITOUS),
    COMMENT,
};

static const NwfAttribute ip_attributes[] = {
    MACS,
    ADDRESSES(IPV4, IPV4_MASK),
    ATTRIBUTE("protocol", IP_PROTOCOL, IP_PROTOCOL),
    PORTS,
    ATTRIBUTE("dscp", DSCP, DSCP),
    COMMENT,
};

/* Here a missing end of a range is its other end or the whole range, so that `typeend` and `code` can stand alone. */
static const NwfAttribute ipv6_attributes[] = {
    MACS,
    ADDRESSES(IPV6, IPV6_MASK),
    ATTRIBUTE("protocol", IP_PROTOCOL, IP_PROTOCOL),
    PORTS,
    ATTRIBUTE("type", U8, TYPE),
    {"typeend", NWF_TYPE_U8, NWF_MATCH_TYPE_END, NWF_MATCH_TYPE, NWF_MATCH_NONE},
    {"code", NWF_TYPE_U8, NWF_MATCH_CODE, NWF_MATCH_TYPE, NWF_MATCH_NONE},
    {"codeend", NWF_TYPE_U8, NWF_MATCH_CODE_END, NWF_MATCH_TYPE, NWF_MATCH_NONE},
    ATTRIBUTE("dscp", DSCP, DSCP),
    COMMENT,
};

#define ELEMENT(name, ethertype, attributes)                                                                           \
    {name, NWF_LAYER_ETHERNET, ethertype, -1, attributes, G_N_ELEMENTS(attributes)}

const NwfProtocol nwf_ethernet_protocols[] = {
    ELEMENT("mac", 0, mac_attributes),         ELEMENT("vlan", 0x8100, vlan_attributes),
    ELEMENT("stp", 0, stp_attributes),         ELEMENT("arp", 0x0806, arp_attributes),
    ELEMENT("rarp", 0x8035, arp_attributes),   ELEMENT("ip", 0x0800, ip_attributes),
    ELEMENT("ipv6", 0x86dd, ipv6_attributes),
};

/* clang-format on */

const guint nwf_n_ethernet_protocols = G_N_ELEMENTS(nwf_ethernet_protocols);
