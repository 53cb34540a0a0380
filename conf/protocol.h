/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol.h: the tables of the language: chains, protocol elements, their attributes
 *
 * One row per attribute. Parser, formatter, plan and printers read these tables; which other tables get a row for a new
 * attribute is said in CONTRIBUTING.md. The order of the rows is the order in which dumpxml prints.
 */
#pragma once

#include "conf/value.h"

typedef enum NwfLayer {
    NWF_LAYER_ETHERNET, /* ebtables */
    NWF_LAYER_IPV4,     /* iptables */
    NWF_LAYER_IPV6,     /* ip6tables */
    NWF_LAYERS
} NwfLayer;

/* What an attribute is compared with. The first of a family is the primary one; masks, range ends, codes follow it. */
typedef enum NwfMatch {
    NWF_MATCH_NONE,
    NWF_MATCH_SRC_MAC, NWF_MATCH_SRC_MAC_MASK, NWF_MATCH_DST_MAC, NWF_MATCH_DST_MAC_MASK,
    NWF_MATCH_ETHERTYPE,
    NWF_MATCH_VLAN_ID, NWF_MATCH_VLAN_ENCAP,
    NWF_MATCH_STP_TYPE, NWF_MATCH_STP_FLAGS,
    NWF_MATCH_STP_ROOT_PRIORITY, NWF_MATCH_STP_ROOT_PRIORITY_HI,
    NWF_MATCH_STP_ROOT_ADDRESS, NWF_MATCH_STP_ROOT_ADDRESS_MASK,
    NWF_MATCH_STP_ROOT_COST, NWF_MATCH_STP_ROOT_COST_HI,
    NWF_MATCH_STP_SENDER_PRIORITY, NWF_MATCH_STP_SENDER_PRIORITY_HI,
    NWF_MATCH_STP_SENDER_ADDRESS, NWF_MATCH_STP_SENDER_ADDRESS_MASK,
    NWF_MATCH_STP_PORT, NWF_MATCH_STP_PORT_HI,
    NWF_MATCH_STP_AGE, NWF_MATCH_STP_AGE_HI,
    NWF_MATCH_STP_MAX_AGE, NWF_MATCH_STP_MAX_AGE_HI,
    NWF_MATCH_STP_HELLO_TIME, NWF_MATCH_STP_HELLO_TIME_HI,
    NWF_MATCH_STP_FORWARD_DELAY, NWF_MATCH_STP_FORWARD_DELAY_HI,
    NWF_MATCH_ARP_HWTYPE, NWF_MATCH_ARP_PROTOCOL, NWF_MATCH_ARP_OPCODE,
    NWF_MATCH_ARP_SRC_MAC, NWF_MATCH_ARP_DST_MAC,
    NWF_MATCH_ARP_SRC_IP, NWF_MATCH_ARP_SRC_IP_MASK, NWF_MATCH_ARP_DST_IP, NWF_MATCH_ARP_DST_IP_MASK,
    NWF_MATCH_ARP_GRATUITOUS,
    NWF_MATCH_SRC_IP, NWF_MATCH_SRC_IP_MASK, NWF_MATCH_DST_IP, NWF_MATCH_DST_IP_MASK,
    NWF_MATCH_SRC_IP_FROM, NWF_MATCH_SRC_IP_TO, NWF_MATCH_DST_IP_FROM, NWF_MATCH_DST_IP_TO,
    NWF_MATCH_IP_PROTOCOL,
    NWF_MATCH_SRC_PORT, NWF_MATCH_SRC_PORT_END, NWF_MATCH_DST_PORT, NWF_MATCH_DST_PORT_END,
    NWF_MATCH_DSCP,
    NWF_MATCH_TYPE, NWF_MATCH_TYPE_END, NWF_MATCH_CODE, NWF_MATCH_CODE_END, /* ICMP and ICMPv6 */
    NWF_MATCH_CONNLIMIT, NWF_MATCH_STATE, NWF_MATCH_IPSET, NWF_MATCH_IPSET_FLAGS,
    NWF_MATCH_TCP_OPTION, NWF_MATCH_TCP_FLAGS,
    NWF_MATCH_COMMENT,
    NWF_MATCH_CT_DIRECTION, /* never an attribute: made by the plan */
    NWF_MATCHES
} NwfMatch;

typedef struct NwfAttribute {
    const char *name; /* as in XML */
    NwfType type;
    NwfMatch match;
    NwfMatch primary; /* takes its sign from this attribute; NWF_MATCH_NONE: has its own */
    NwfMatch needs;  /* has no effect unless this attribute is present; NWF_MATCH_NONE: stands alone */
} NwfAttribute;

enum { NWF_ATTRIBUTES_MAX = 25, NWF_PROTOCOLS = 25 };

typedef struct NwfProtocol {
    const char *name; /* of the element */
    NwfLayer layer;
    guint16 ethertype;  /* Ethernet layer: type that the element implies, 0 if none */
    gint16 ip_protocol; /* IP layers: protocol number, -1 for all */
    const NwfAttribute *attributes;
    guint n_attributes;
    gboolean stp; /* only frames to 01:80:c2:00:00:00 */
} NwfProtocol;

extern const NwfProtocol nwf_protocols[NWF_PROTOCOLS];

/** nwf_protocol_find: the table of the element @name (case sensitive), or NULL if it is unknown. */
const NwfProtocol *nwf_protocol_find(const char *name);
/** nwf_protocol_index: place of the attribute that is compared with @match, or -1. */
int nwf_protocol_index(const NwfProtocol *protocol, NwfMatch match);

/* Chains: the prefix of a chain's name decides which frames enter it and where it stands by default. */
typedef struct NwfChainKind {
    const char *prefix;
    int priority;      /* when the filter gives none */
    guint16 ethertype; /* frames that enter it; 0: any */
    gboolean stp;      /* only frames to 01:80:c2:00:00:00 */
} NwfChainKind;

enum { NWF_CHAIN_NAME_MAX = 12, NWF_PRIORITY_MIN = -1000, NWF_PRIORITY_MAX = 1000, NWF_PRIORITY_DEFAULT = 500 };

/** nwf_chain_kind: kind of the chain @name. Returns NULL with NWF_ERROR_ARGUMENT for a name that is no chain. */
const NwfChainKind *nwf_chain_kind(const char *name, GError **error);
gboolean nwf_chain_is_root(const char *name);
