/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * value.c: the table of value types and what holds for all of them
 *
 * Source of names and numbers: libvirt's format document "Network Filters"; ARP opcodes 8 and 9 follow ebtables, not
 * IANA.
 *
 * Invariants: a value that failed to parse is all zero; only NWF_TYPE_IPSET and NWF_TYPE_COMMENT own memory.
 */
#include "conf/value_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static const NwfName ethertypes[] = {{"arp", 0x0806},  {"rarp", 0x8035}, {"ipv4", 0x0800},
                                     {"ipv6", 0x86dd}, {"vlan", 0x8100}, {NULL, 0}};

static const NwfName arp_opcodes[] = {
    {"Request", 1},     {"Reply", 2},       {"Request_Reverse", 3}, {"Reply_Reverse", 4}, {"DRARP_Request", 5},
    {"DRARP_Reply", 6}, {"DRARP_Error", 7}, {"InARP_Request", 8},   {"ARP_NAK", 9},       {NULL, 0}};

static const NwfName ip_protocols[] = {{"icmp", 1}, {"igmp", 2},    {"tcp", 6},    {"udp", 17},      {"esp", 50},
                                       {"ah", 51},  {"icmpv6", 58}, {"sctp", 132}, {"udplite", 136}, {NULL, 0}};

static const NwfName states[] = {{"NEW", NWF_STATE_NEW},         {"ESTABLISHED", NWF_STATE_ESTABLISHED},
                                 {"RELATED", NWF_STATE_RELATED}, {"INVALID", NWF_STATE_INVALID},
                                 {"NONE", NWF_STATE_NONE},       {NULL, 0}};

static const NwfName tcp_flags[] = {{"FIN", NWF_TCP_FIN}, {"SYN", NWF_TCP_SYN}, {"RST", NWF_TCP_RST},
                                    {"PSH", NWF_TCP_PSH}, {"ACK", NWF_TCP_ACK}, {"URG", NWF_TCP_URG},
                                    {"ALL", NWF_TCP_ALL}, {"NONE", 0},          {NULL, 0}};

static const NwfName truths[] = {{"false", 0}, {"true", 1}, {NULL, 0}};

static const NwfName set_flags[] = {{"src", 0}, {"dst", 1}, {NULL, 0}};

static const NwfTypeRow rows[NWF_TYPES] = {
    [NWF_TYPE_U8] = {nwf_read_number, nwf_write_number, 4, 0, 0xff, NULL,
                     N_("a number from 0 to 255, decimal or hexadecimal")},
    [NWF_TYPE_U16] = {nwf_read_number, nwf_write_number, 4, 0, 0xffff, NULL,
                      N_("a number from 0 to 65535, decimal or hexadecimal")},
    [NWF_TYPE_U32] = {nwf_read_number, nwf_write_number, 4, 0, 0xffffffff, NULL,
                      N_("a number from 0 to 4294967295, decimal or hexadecimal")},
    [NWF_TYPE_U16_DECIMAL] = {nwf_read_decimal, nwf_write_number, 4, 0, 0xffff, NULL,
                              N_("a decimal number from 0 to 65535")},
    [NWF_TYPE_DSCP] = {nwf_read_number, nwf_write_number, 4, 0, 63, NULL, N_("a number from 0 to 63")},
    [NWF_TYPE_VLANID] = {nwf_read_number, nwf_write_number, 4, 0, 4095, NULL, N_("a VLAN id (0 to 4095)")},
    [NWF_TYPE_ETHERTYPE] = {nwf_read_number, nwf_write_number, 4, 0x600, 0xffff, ethertypes,
                            N_("an EtherType (arp, rarp, ipv4, ipv6, vlan, or a number from 0x600 to 0xffff)")},
    [NWF_TYPE_ENCAP] = {nwf_read_number, nwf_write_number, 4, 0x3c, 0xffff, ethertypes,
                        N_("an encapsulated EtherType (arp, rarp, ipv4, ipv6, vlan, or a number from 0x3c to 0xffff)")},
    [NWF_TYPE_ARP_PROTOCOL] = {nwf_read_number, nwf_write_number, 4, 0, 0xffff, NULL,
                               N_("a protocol type (a number from 0 to 65535, decimal or hexadecimal)")},
    [NWF_TYPE_ARP_OPCODE] = {nwf_read_opcode, nwf_write_number, 4, 0, 0xffff, arp_opcodes,
                             N_("an ARP opcode (Request, Reply, Request_Reverse, Reply_Reverse, DRARP_Request, "
                                "DRARP_Reply, DRARP_Error, InARP_Request, ARP_NAK, or a number from 0 to 65535)")},
    [NWF_TYPE_IP_PROTOCOL] = {nwf_read_number, nwf_write_number, 4, 0, 0xff, ip_protocols,
                              N_("a protocol (icmp, igmp, tcp, udp, esp, ah, icmpv6, sctp, udplite, or a number from 0 "
                                 "to 255)")},
    [NWF_TYPE_PORT] = {nwf_read_port, nwf_write_port, 4, 0, 0xffff, NULL, N_("a port number (0 to 65535)")},
    [NWF_TYPE_MAC] = {nwf_read_mac, nwf_write_mac, 6, 0, 0, NULL,
                      N_("a MAC address (six pairs of hexadecimal digits with colons)")},
    [NWF_TYPE_MAC_MASK] = {nwf_read_mac_mask, nwf_write_mac, 6, 0, 0, NULL,
                           N_("a MAC mask (ones, then zeros, as ff:ff:ff:00:00:00)")},
    [NWF_TYPE_IPV4] = {nwf_read_ipv4, nwf_write_ipv4, 4, 0, 0, NULL, N_("an IPv4 address")},
    [NWF_TYPE_IPV4_MASK] = {nwf_read_ip_mask, nwf_write_number, 4, 0, 32, NULL,
                            N_("an IPv4 mask (a prefix length from 0 to 32, or ones, then zeros, as 255.255.0.0)")},
    [NWF_TYPE_IPV6] = {nwf_read_ipv6, nwf_write_ipv6, 16, 0, 0, NULL, N_("an IPv6 address")},
    [NWF_TYPE_IPV6_MASK] = {nwf_read_ip_mask, nwf_write_number, 4, 0, 128, NULL,
                            N_("an IPv6 mask (a prefix length from 0 to 128, or ones, then zeros, as ffff:ffff::)")},
    [NWF_TYPE_BOOL] = {nwf_read_bool, nwf_write_number, 4, 0, 0, truths, N_("true or false")},
    [NWF_TYPE_STATE] = {nwf_read_states, nwf_write_states, 4, 0, 0, states,
                        N_("a list of NEW, ESTABLISHED, RELATED, INVALID, or NONE")},
    [NWF_TYPE_TCP_FLAGS] = {nwf_read_tcp_flags, nwf_write_tcp_flags, 2, 0, 0, tcp_flags,
                            N_("MASK/FLAGS, both lists of FIN, SYN, RST, PSH, ACK, URG, or ALL, or NONE")},
    [NWF_TYPE_IPSET] = {nwf_read_set_name, nwf_write_text, 0, 0, 0, NULL,
                        N_("the name of an ipset (up to 31 letters, digits, blanks and characters of _.:-+)")},
    [NWF_TYPE_IPSET_FLAGS] = {nwf_read_set_flags, nwf_write_set_flags, 2, 0, 0, set_flags,
                              N_("one to six of src and dst, separated by commas")},
    [NWF_TYPE_COMMENT] = {nwf_read_comment, nwf_write_text, 0, 0, 0, NULL, N_("a text")},
};

static gboolean
owns_text(NwfType type)
{
    return rows[type].size == 0;
}

void
nwf_value_clear(NwfValue *value, NwfType type)
{
    if (owns_text(type))
        g_free(value->text);
    memset(value, 0, sizeof(*value));
}

void
nwf_value_copy(NwfValue *to, const NwfValue *from, NwfType type)
{
    *to = *from;
    if (owns_text(type))
        to->text = g_strdup(from->text);
}

gboolean
nwf_value_equal(const NwfValue *a, const NwfValue *b, NwfType type)
{
    if (owns_text(type))
        return g_strcmp0(a->text, b->text) == 0;
    return a->ipv4 == b->ipv4 && a->scope == b->scope && memcmp(&a->number, &b->number, rows[type].size) == 0;
}

gboolean
nwf_value_parse(NwfValue *value, NwfType type, const char *text, NwfNotes *notes, GError **error)
{
    memset(value, 0, sizeof(*value));
    if (rows[type].read(value, &rows[type], text, notes))
        return TRUE;
    memset(value, 0, sizeof(*value));
    return nwf_set_error(error, NWF_ERROR_INTERNAL, _("expected %s, or a $VARIABLE"), nwf_type_expects(type));
}

void
nwf_value_format(GString *out, const NwfValue *value, NwfType type)
{
    rows[type].write(out, value, &rows[type]);
}

const char *
nwf_type_expects(NwfType type)
{
    return _(rows[type].expects);
}

/* Sixteen pairs of hexadecimal digits; between pairs there may be dashes and blanks, around all of it white space. */
gboolean
nwf_uuid_parse(guint8 uuid[16], const char *text)
{
    static const char blanks[] = " \f\n\r\t";
    text += strspn(text, blanks);
    for (guint i = 0; i < 16; i++) {
        while (*text == '-' || *text == ' ')
            text++;
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
            return FALSE;
        uuid[i] = (guint8)(g_ascii_xdigit_value(text[0]) * 16 + g_ascii_xdigit_value(text[1]));
        text += 2;
    }
    return text[strspn(text, blanks)] == '\0';
}

void
nwf_uuid_format(char out[37], const guint8 uuid[16])
{
    char *place = out;
    for (guint i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *place++ = '-';
        g_snprintf(place, 3, "%02x", uuid[i]);
        place += 2;
    }
}

void
nwf_uuid_generate(guint8 uuid[16])
{
    g_autofree char *text = g_uuid_string_random();
    nwf_uuid_parse(uuid, text);
}
