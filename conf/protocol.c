/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol.c: the chains and elements of the language, and the attributes of elements
 *
 * A chain's name begins with the name of its kind and may go on with anything: "arp", "arp-ip", "macvlan". Only "root"
 * is a whole name. The length is bounded because a direction, an interface name and the chain form one name in the
 * kernel. The default priority of stp is 0 in all released drivers, though their document says -810.
 *
 * The source of elements and attributes is libvirt's format document "Network Filters" and the released drivers. Where
 * they differ (the names of stp's attributes, the masks of arp) the released drivers count. `dscp` of `ipv6` is ours;
 * the document names `flags` of tcp-ipv6 and the element igmp-ipv6, which the released drivers do not know.
 *
 * Signs. In mac, vlan and stp a MAC mask has the sign of its address; in arp, rarp, ip and ipv6 it keeps its own, as do
 * the ends of port ranges. At the IP layers the range of destination ports has its own sign; released drivers give it
 * the sign of srcportstart.
 *
 * All elements of the IP layers share one block of addresses, dscp, connlimit-above, state and ipset; tcp, udp and sctp
 * add ports, icmp and icmpv6 type and code.
 */
#include "conf/protocol.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* clang-format off: one attribute a line */

/* Name, type and match of an attribute; then the one whose sign it takes, or without which it has no effect. */
#define ATTRIBUTE(name, type, match) {name, NWF_TYPE_##type, NWF_MATCH_##match, NWF_MATCH_NONE, NWF_MATCH_NONE}
#define NEEDING(name, type, match, needs) {name, NWF_TYPE_##type, NWF_MATCH_##match, NWF_MATCH_NONE, NWF_MATCH_##needs}
#define FOLLOWING(name, type, match, primary)                                                                          \
    {name, NWF_TYPE_##type, NWF_MATCH_##match, NWF_MATCH_##primary, NWF_MATCH_##primary}
#define SIGNED_BY(name, type, match, primary)                                                                          \
    {name, NWF_TYPE_##type, NWF_MATCH_##match, NWF_MATCH_##primary, NWF_MATCH_NONE}

#define COMMENT ATTRIBUTE("comment", COMMENT, COMMENT)

/* ---- Ethernet ---- */

/* @second is NEEDING or FOLLOWING, for masks and ends of ranges. */
#define MACS(second)                                                                                                   \
    ATTRIBUTE("srcmacaddr", MAC, SRC_MAC),                                                                             \
    second("srcmacmask", MAC_MASK, SRC_MAC_MASK, SRC_MAC),                                                             \
    ATTRIBUTE("dstmacaddr", MAC, DST_MAC),                                                                             \
    second("dstmacmask", MAC_MASK, DST_MAC_MASK, DST_MAC)

#define ADDRESSES(address, mask)                                                                                       \
    ATTRIBUTE("srcipaddr", address, SRC_IP),                                                                           \
    FOLLOWING("srcipmask", mask, SRC_IP_MASK, SRC_IP),                                                                 \
    ATTRIBUTE("dstipaddr", address, DST_IP),                                                                           \
    FOLLOWING("dstipmask", mask, DST_IP_MASK, DST_IP)

#define PORTS(second)                                                                                                  \
    ATTRIBUTE("srcportstart", PORT, SRC_PORT),                                                                         \
    second("srcportend", PORT, SRC_PORT_END, SRC_PORT),                                                                \
    ATTRIBUTE("dstportstart", PORT, DST_PORT),                                                                         \
    second("dstportend", PORT, DST_PORT_END, DST_PORT)

#define RANGE(name, type, match)                                                                                       \
    ATTRIBUTE(name, type, match),                                                                                      \
    FOLLOWING(name "-hi", type, match##_HI, match)

static const NwfAttribute mac_attributes[] = {
    MACS(FOLLOWING),
    ATTRIBUTE("protocolid", ETHERTYPE, ETHERTYPE),
    COMMENT,
};

static const NwfAttribute vlan_attributes[] = {
    MACS(FOLLOWING),
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
    MACS(NEEDING),
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
    MACS(NEEDING),
    ADDRESSES(IPV4, IPV4_MASK),
    ATTRIBUTE("protocol", IP_PROTOCOL, IP_PROTOCOL),
    PORTS(NEEDING),
    ATTRIBUTE("dscp", DSCP, DSCP),
    COMMENT,
};

/* Here a missing end of a range is its other end or the whole range, so that `typeend` and `code` can stand alone. */
static const NwfAttribute ipv6_attributes[] = {
    MACS(NEEDING),
    ADDRESSES(IPV6, IPV6_MASK),
    ATTRIBUTE("protocol", IP_PROTOCOL, IP_PROTOCOL),
    PORTS(NEEDING),
    ATTRIBUTE("type", U8, TYPE),
    SIGNED_BY("typeend", U8, TYPE_END, TYPE),
    SIGNED_BY("code", U8, CODE, TYPE),
    SIGNED_BY("codeend", U8, CODE_END, TYPE),
    ATTRIBUTE("dscp", DSCP, DSCP),
    COMMENT,
};

/* ---- IPv4 and IPv6 ---- */

#define COMMON(address, mask)                                                                                          \
    ATTRIBUTE("srcmacaddr", MAC, SRC_MAC),                                                                             \
    ADDRESSES(address, mask),                                                                                          \
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

#define TCP                                                                                                            \
    ATTRIBUTE("option", U8, TCP_OPTION),                                                                               \
    ATTRIBUTE("flags", TCP_FLAGS, TCP_FLAGS)

#define ICMP                                                                                                           \
    ATTRIBUTE("type", U8, TYPE),                                                                                       \
    FOLLOWING("code", U8, CODE, TYPE)

static const NwfAttribute plain4[] = {COMMON4, COMMENT};
static const NwfAttribute plain6[] = {COMMON6, COMMENT};
static const NwfAttribute ports4[] = {COMMON4, PORTS(FOLLOWING), COMMENT};
static const NwfAttribute ports6[] = {COMMON6, PORTS(FOLLOWING), COMMENT};
static const NwfAttribute tcp4[] = {COMMON4, PORTS(FOLLOWING), TCP, COMMENT};
static const NwfAttribute tcp6[] = {COMMON6, PORTS(FOLLOWING), TCP, COMMENT};
static const NwfAttribute icmp4[] = {COMMON4, ICMP, COMMENT};
static const NwfAttribute icmp6[] = {COMMON6, ICMP, COMMENT};

/* ---- elements ---- */

#define ELEMENT(name, layer, ethertype, protocol, attributes)                                                          \
    {name, NWF_LAYER_##layer, ethertype, protocol, attributes, G_N_ELEMENTS(attributes)}

const NwfProtocol nwf_protocols[NWF_PROTOCOLS] = {
    ELEMENT("mac", ETHERNET, 0, -1, mac_attributes),
    ELEMENT("vlan", ETHERNET, 0x8100, -1, vlan_attributes),
    {"stp", NWF_LAYER_ETHERNET, 0, -1, stp_attributes, G_N_ELEMENTS(stp_attributes), TRUE},
    ELEMENT("arp", ETHERNET, 0x0806, -1, arp_attributes),
    ELEMENT("rarp", ETHERNET, 0x8035, -1, arp_attributes),
    ELEMENT("ip", ETHERNET, 0x0800, -1, ip_attributes),
    ELEMENT("ipv6", ETHERNET, 0x86dd, -1, ipv6_attributes),
    ELEMENT("tcp", IPV4, 0, 6, tcp4),
    ELEMENT("udp", IPV4, 0, 17, ports4),
    ELEMENT("udplite", IPV4, 0, 136, plain4),
    ELEMENT("esp", IPV4, 0, 50, plain4),
    ELEMENT("ah", IPV4, 0, 51, plain4),
    ELEMENT("sctp", IPV4, 0, 132, ports4),
    ELEMENT("icmp", IPV4, 0, 1, icmp4),
    ELEMENT("igmp", IPV4, 0, 2, plain4),
    ELEMENT("all", IPV4, 0, -1, plain4),
    ELEMENT("tcp-ipv6", IPV6, 0, 6, tcp6),
    ELEMENT("udp-ipv6", IPV6, 0, 17, ports6),
    ELEMENT("udplite-ipv6", IPV6, 0, 136, plain6),
    ELEMENT("esp-ipv6", IPV6, 0, 50, plain6),
    ELEMENT("ah-ipv6", IPV6, 0, 51, plain6),
    ELEMENT("sctp-ipv6", IPV6, 0, 132, ports6),
    ELEMENT("icmpv6", IPV6, 0, 58, icmp6),
    ELEMENT("igmp-ipv6", IPV6, 0, 2, plain6),
    ELEMENT("all-ipv6", IPV6, 0, -1, plain6),
};

/* clang-format on */

const NwfProtocol *
nwf_protocol_find(const char *name)
{
    for (guint i = 0; i < NWF_PROTOCOLS; i++)
        if (strcmp(nwf_protocols[i].name, name) == 0)
            return &nwf_protocols[i];
    return NULL;
}

int
nwf_protocol_index(const NwfProtocol *protocol, NwfMatch match)
{
    for (guint i = 0; i < protocol->n_attributes; i++)
        if (protocol->attributes[i].match == match)
            return (int)i;
    return -1;
}

/* ---- chains ---- */

/* The first kind that fits counts. */
static const NwfChainKind kinds[] = {
    {"root", 0, 0, FALSE},         {"mac", -800, 0, FALSE},       {"vlan", -750, 0x8100, FALSE},
    {"stp", 0, 0, TRUE},           {"arp", -500, 0x0806, FALSE},  {"rarp", -400, 0x8035, FALSE},
    {"ipv4", -700, 0x0800, FALSE}, {"ipv6", -600, 0x86dd, FALSE},
};

gboolean
nwf_chain_is_root(const char *name)
{
    return strcmp(name, kinds[0].prefix) == 0;
}

const NwfChainKind *
nwf_chain_kind(const char *name, GError **error)
{
    static const char characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:-";
    g_autofree char *quoted = nwf_clip(name);
    const NwfChainKind *kind = NULL;

    for (guint i = 0; !kind && i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(name, kinds[i].prefix))
            kind = &kinds[i];
    if (strlen(name) > NWF_CHAIN_NAME_MAX)
        nwf_set_error(error, NWF_ERROR_ARGUMENT, _("the name of chain '%s' is too long (limit: %d)"), quoted,
                      (int)NWF_CHAIN_NAME_MAX);
    else if (name[strspn(name, characters)])
        nwf_set_error(error, NWF_ERROR_ARGUMENT, _("the name of chain '%s' may only have letters, digits and _.:-"),
                      quoted);
    else if (kind == &kinds[0] && !nwf_chain_is_root(name))
        nwf_set_error(error, NWF_ERROR_ARGUMENT, _("the name of chain '%s' is wrong: nothing may follow 'root'"),
                      quoted);
    else if (!kind)
        nwf_set_error(
            error, NWF_ERROR_ARGUMENT,
            _("the name of chain '%s' is neither 'root' nor begins with mac, vlan, stp, arp, rarp, ipv4 or ipv6"),
            quoted);
    else
        return kind;
    return NULL;
}
