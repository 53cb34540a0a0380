/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol_ip.c: elements of the IPv4 and IPv6 layers
 *
 * All share one block of addresses, dscp, connlimit-above, state and ipset; tcp, udp and sctp add ports, icmp and
 * icmpv6 type and code. Source: libvirt's format document "Network Filters" and the released drivers; `flags` of tcp-ipv6 and
 * the element igmp-ipv6 are named by the document but unknown to the released drivers.
 *
 * The range of destination ports has its own sign. Released drivers give it the sign of srcportstart.
 */
#include "conf/protocol_tables.h"

/* clang-format off: one attribute a line */

#define COMMENT ATTRIBUTE("comment", COMMENT, COMMENT)

#define COMMON(address, mask)                                                                                          \
    ATTRIBUTE("srcmacaddr", MAC, SRC_MAC),                                                                             \
    ATTRIBUTE("srcipaddr", address, SRC_IP),                                                                           \
    FOLLOWING("srcipmask", mask, SRC_IP_MASK, SRC_IP),                                                                 \
    ATTRIBUTE("dstipaddr", address, DST_IP),                                                                           \
    FOLLOWING("dstipmask", mask, DST_IP_MASK, DST_IP),                                                                 \
    ATTRIBUTE("srcipfrom", address, SRC_IP_FROM),                                                                      \
    FOLLOWING("srcipto", address, SRC_IP_TO, SRC_IP_FROM),                                                             \
    ATTRIBUTE("dstipfrom", address, DST_IP_FROM),                                                                      \
    FOLLOWING("dstipto", address, DST_IP_TO, DST_IP_FROM),                                                             \
    ATTRIBUTE("dscp", DSCP, DSCP),                                                                                     \
    ATTRIBUTE("connlimit-above", U16_DECIMAL, CONNLIMIT),                                                              \
    ATTRIBUTE("state", STATE, STATE),                                                                                  \
    ATTRIBUTE("ipset", IPSET, IPSET),                                                                                  \
    NEEDING("ipsetflags", IPSET_FLAGS, IPSET_FLAGS, IPSET)

#define COMMON4 COMMON(IPV4, IPV4_MASK)
#define COMMON6 COMMON(IPV6, IPV6_MASK)

#define PORTS                                                                                                          \
    ATTRIBUTE("srcportstart", PORT, SRC_PORT),                                                                         \
    FOLLOWING("srcportend", PORT, SRC_PORT_END, SRC_PORT),                                                             \
    ATTRIBUTE("dstportstart", PORT, DST_PORT),                                                                         \
    FOLLOWING("dstportend", PORT, DST_PORT_END, DST_PORT)

#define TCP                                                                                                            \
    ATTRIBUTE("option", U8, TCP_OPTION),                                                                               \
    ATTRIBUTE("flags", TCP_FLAGS, TCP_FLAGS)

#define ICMP                                                                                                           \
    ATTRIBUTE("type", U8, TYPE),                                                                                       \
    FOLLOWING("code", U8, CODE, TYPE)

static const NwfAttribute plain4[] = {COMMON4, COMMENT};
static const NwfAttribute plain6[] = {COMMON6, COMMENT};
static const NwfAttribute ports4[] = {COMMON4, PORTS, COMMENT};
static const NwfAttribute ports6[] = {COMMON6, PORTS, COMMENT};
static const NwfAttribute tcp4[] = {COMMON4, PORTS, TCP, COMMENT};
static const NwfAttribute tcp6[] = {COMMON6, PORTS, TCP, COMMENT};
static const NwfAttribute icmp4[] = {COMMON4, ICMP, COMMENT};
static const NwfAttribute icmp6[] = {COMMON6, ICMP, COMMENT};

#define ELEMENT4(name, protocol, attributes)                                                                           \
    {name, NWF_LAYER_IPV4, 0, protocol, attributes, G_N_ELEMENTS(attributes)}
#define ELEMENT6(name, protocol, attributes)                                                                           \
    {name, NWF_LAYER_IPV6, 0, protocol, attributes, G_N_ELEMENTS(attributes)}

const NwfProtocol nwf_ip_protocols[] = {
    ELEMENT4("tcp", 6, tcp4),
    ELEMENT4("udp", 17, ports4),
    ELEMENT4("udplite", 136, plain4),
    ELEMENT4("esp", 50, plain4),
    ELEMENT4("ah", 51, plain4),
    ELEMENT4("sctp", 132, ports4),
    ELEMENT4("icmp", 1, icmp4),
    ELEMENT4("igmp", 2, plain4),
    ELEMENT4("all", -1, plain4),
    ELEMENT6("tcp-ipv6", 6, tcp6),
    ELEMENT6("udp-ipv6", 17, ports6),
    ELEMENT6("udplite-ipv6", 136, plain6),
    ELEMENT6("esp-ipv6", 50, plain6),
    ELEMENT6("ah-ipv6", 51, plain6),
    ELEMENT6("sctp-ipv6", 132, ports6),
    ELEMENT6("icmpv6", 58, icmp6),
    ELEMENT6("igmp-ipv6", 2, plain6),
    ELEMENT6("all-ipv6", -1, plain6),
};

/* clang-format on */

const guint nwf_n_ip_protocols = G_N_ELEMENTS(nwf_ip_protocols);
