/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * value.h: the types of attribute values, their texts and their binary form
 *
 * A value is what stands between the quotes of a rule's attribute, or in a variable of a binding, once it is known
 * which type it must have. Text becomes binary here and nowhere else; binary becomes text here for dumpxml and in the
 * printers of driver/tech/ for the tools. Source of the types: the format document of libvirt, "Network Filters".
 */
#pragma once

#include "conf/error.h"

typedef enum NwfType {
    NWF_TYPE_U8,         /* 0..255, decimal or hexadecimal */
    NWF_TYPE_U16,        /* 0..65535 */
    NWF_TYPE_U32,        /* 0..4294967295 */
    NWF_TYPE_U16_DECIMAL,/* 0..65535, decimal only (connlimit-above) */
    NWF_TYPE_DSCP,       /* 0..63 */
    NWF_TYPE_VLANID,     /* 0..4095 */
    NWF_TYPE_ETHERTYPE,  /* name or 0x600..0xffff */
    NWF_TYPE_ENCAP,      /* name or 0x3c..0xffff */
    NWF_TYPE_ARP_PROTOCOL,/* 0..65535; as ETHERTYPE and ENCAP hexadecimal in a variable */
    NWF_TYPE_ARP_OPCODE, /* name or U16 */
    NWF_TYPE_IP_PROTOCOL,/* name or U8 */
    NWF_TYPE_PORT,       /* U16; a variable may also hold a service name of this host or START:END */
    NWF_TYPE_MAC,
    NWF_TYPE_MAC_MASK,
    NWF_TYPE_IPV4,
    NWF_TYPE_IPV4_MASK,  /* kept as prefix length */
    NWF_TYPE_IPV6,
    NWF_TYPE_IPV6_MASK,  /* kept as prefix length */
    NWF_TYPE_BOOL,
    NWF_TYPE_STATE,      /* set of NWF_STATE_* */
    NWF_TYPE_TCP_FLAGS,  /* mask and flags, sets of NWF_TCP_* */
    NWF_TYPE_IPSET,      /* name of a set */
    NWF_TYPE_IPSET_FLAGS,/* up to six of src and dst */
    NWF_TYPE_COMMENT,
    NWF_TYPES
} NwfType;

enum { NWF_STATE_NEW = 1, NWF_STATE_ESTABLISHED = 2, NWF_STATE_RELATED = 4 };
enum { NWF_STATE_INVALID = 8, NWF_STATE_NONE = 16 };
enum { NWF_TCP_FIN = 1, NWF_TCP_SYN = 2, NWF_TCP_RST = 4, NWF_TCP_PSH = 8, NWF_TCP_ACK = 16, NWF_TCP_URG = 32 };
enum { NWF_TCP_ALL = 63 };

enum { NWF_IPSET_FLAGS_MAX = 6, NWF_IPSET_NAME_MAX = 31, NWF_COMMENT_MAX = 256 };

/*
 * Which member is in force follows from the type, which is always known from the attribute:
 *   number      all integers, masks of IP addresses (prefix length), BOOL, STATE
 *   range       PORT that came from a variable as START:END; otherwise first = last = the port
 *   mac         MAC, MAC_MASK
 *   address     IPV4 (four bytes) and IPV6 (sixteen), network order
 *   tcp         TCP_FLAGS
 *   set_flags   IPSET_FLAGS: count, and a bit for each place that is "dst"
 *   text        IPSET, COMMENT: owned
 */
typedef struct NwfValue {
    guint hex : 1;  /* written in hexadecimal: printed so again */
    guint ipv4 : 1; /* IPV6: four bytes of IPv4 were written where IPv6 is needed; kept for dumpxml, fits no rule */
    guint32 scope;  /* IPV6: interface index of the scope, 0 if none */
    union {
        guint32 number;
        struct { guint16 first, last; } range;
        guint8 mac[6];
        guint8 address[16];
        struct { guint8 mask, flags; } tcp;
        struct { guint8 count, dst; } set_flags;
        char *text;
    };
} NwfValue;

void nwf_value_clear(NwfValue *value, NwfType type);
void nwf_value_copy(NwfValue *to, const NwfValue *from, NwfType type);
/** nwf_value_equal: whether both mean the same; the base of a number does not matter. */
gboolean nwf_value_equal(const NwfValue *a, const NwfValue *b, NwfType type);

/* What the texts of variables may refer to on this host. */
typedef struct NwfHost {
    int (*services)(const char *name, gpointer data); /* name of a service to its port number, or -1; may be NULL */
    gpointer data;
} NwfHost;

/**
 * nwf_value_parse:
 * @value: filled on success
 * @type: the type to read
 * @text: what stands in the attribute; no variable reference
 * @notes: remarks about odd but accepted forms (octal addresses, text after a MAC), or NULL
 * @error: says what was found and what would be accepted; names no attribute (the caller prefixes it)
 *
 * Reads a literal exactly as libvirt's driver does (docs/format.md, "Values").
 *
 * Returns: TRUE, or FALSE with @error set to NWF_ERROR_INTERNAL
 */
gboolean nwf_value_parse(NwfValue *value, NwfType type, const char *text, NwfNotes *notes, GError **error);

/**
 * nwf_value_parse_variable:
 * @host: look-ups, or NULL
 *
 * As nwf_value_parse() but for the text of a variable, which is read as the tools read it where users rely on that:
 * ports may be START:END or a service name, MAC masks may have holes, types of frames are hexadecimal with or without
 * 0x.
 */
gboolean nwf_value_parse_variable(NwfValue *value, NwfType type, const char *text, const NwfHost *host, NwfNotes *notes,
                                  GError **error);

/**
 * nwf_value_format:
 *
 * Appends the canonical text of @value, as dumpxml prints it, to @out; comments unescaped.
 */
void nwf_value_format(GString *out, const NwfValue *value, NwfType type);

/** nwf_type_expects: what a user may write for @type, for messages: "a port number (0 to 65535)". */
const char *nwf_type_expects(NwfType type);

/* MAC addresses, uuids and signed numbers stand outside of rules too. */
/** nwf_signed_read: a signed decimal number with all of @text; blanks and a sign may lead. */
gboolean nwf_signed_read(const char *text, gint32 *number);
gboolean nwf_mac_parse(guint8 mac[6], const char *text, NwfNotes *notes);
void nwf_mac_format(char out[18], const guint8 mac[6]);
gboolean nwf_uuid_parse(guint8 uuid[16], const char *text);
void nwf_uuid_format(char out[37], const guint8 uuid[16]);
void nwf_uuid_generate(guint8 uuid[16]);
