/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-values.c: every value type: what is accepted, how it is printed, what is refused
 *
 * The rows were put to the stock driver of libvirt 9.0.0; where it printed something else the row says so.
 */
#include "story.h"

#include <string.h>

typedef struct Row {
    NwfType type;
    const char *text;
    const char *printed; /* NULL: refused */
} Row;

static const Row rows[] = {
    {NWF_TYPE_U8, "0", "0"},
    {NWF_TYPE_U8, "255", "255"},
    {NWF_TYPE_U8, "007", "7"},
    {NWF_TYPE_U8, "0x0", "0x0"},
    {NWF_TYPE_U8, "0XfF", "0xff"},
    {NWF_TYPE_U8, "ff", "0xff"},
    {NWF_TYPE_U8, "0b", "0xb"},
    {NWF_TYPE_U8, " +5", "5"},
    {NWF_TYPE_U8, " ff", "0xff"},
    {NWF_TYPE_U8, "-4294967295", "1"},
    {NWF_TYPE_U8, "256", NULL},
    {NWF_TYPE_U8, "0x100", NULL},
    {NWF_TYPE_U8, "abc", NULL},
    {NWF_TYPE_U8, "-1", NULL},
    {NWF_TYPE_U8, "", NULL},
    {NWF_TYPE_U8, "1.5", NULL},
    {NWF_TYPE_U8, "5 ", NULL},
    {NWF_TYPE_U16, "65535", "65535"},
    {NWF_TYPE_U16, "abc", "0xabc"},
    {NWF_TYPE_U16, "1e1", "0x1e1"},
    {NWF_TYPE_U16, "65536", NULL},
    {NWF_TYPE_U16, "0x10000", NULL},
    {NWF_TYPE_U16, "-1", NULL},
    {NWF_TYPE_U16, "0x", NULL},
    {NWF_TYPE_U16, "", NULL},
    {NWF_TYPE_U32, "4294967295", "4294967295"},
    {NWF_TYPE_U32, "-1", "4294967295"},
    {NWF_TYPE_U32, "-2", "4294967294"},
    {NWF_TYPE_U32, "-0x1", "0xffffffff"},
    {NWF_TYPE_U32, "0xffffffff", "0xffffffff"},
    {NWF_TYPE_U32, "4294967296", NULL},
    {NWF_TYPE_U32, "0x100000000", NULL},
    {NWF_TYPE_U32, "-4294967296", NULL},
    {NWF_TYPE_U32, "99999999999999999999", NULL},
    {NWF_TYPE_U32, "--5", NULL},
    {NWF_TYPE_U32, "- 5", NULL},
    {NWF_TYPE_U32, "0x-5", NULL},
    {NWF_TYPE_U16_DECIMAL, "007", "7"},
    {NWF_TYPE_U16_DECIMAL, "65535", "65535"},
    {NWF_TYPE_U16_DECIMAL, "0x5", NULL},
    {NWF_TYPE_U16_DECIMAL, "a", NULL},
    {NWF_TYPE_U16_DECIMAL, "-1", NULL},
    {NWF_TYPE_U16_DECIMAL, "", NULL},
    {NWF_TYPE_U16_DECIMAL, "65536", NULL},
    {NWF_TYPE_DSCP, "63", "63"},
    {NWF_TYPE_DSCP, "2e", "0x2e"},
    {NWF_TYPE_DSCP, "64", NULL},
    {NWF_TYPE_DSCP, "0x40", NULL},
    {NWF_TYPE_DSCP, "AF11", NULL},
    {NWF_TYPE_VLANID, "4095", "4095"},
    {NWF_TYPE_VLANID, "0xFf", "0xff"},
    {NWF_TYPE_VLANID, "4096", NULL},
    {NWF_TYPE_VLANID, "0x1000", NULL},
    {NWF_TYPE_ETHERTYPE, "ARP", "arp"},
    {NWF_TYPE_ETHERTYPE, "0X0806", "arp"},
    {NWF_TYPE_ETHERTYPE, "2054", "arp"},
    {NWF_TYPE_ETHERTYPE, "rarp", "rarp"},
    {NWF_TYPE_ETHERTYPE, "0x86dd", "ipv6"},
    {NWF_TYPE_ETHERTYPE, "vlan", "vlan"},
    {NWF_TYPE_ETHERTYPE, "IPv4", "ipv4"},
    {NWF_TYPE_ETHERTYPE, "35020", "35020"},
    {NWF_TYPE_ETHERTYPE, "0x600", "0x600"},
    {NWF_TYPE_ETHERTYPE, "1535", NULL},
    {NWF_TYPE_ETHERTYPE, "0x5ff", NULL},
    {NWF_TYPE_ETHERTYPE, "600", NULL},
    {NWF_TYPE_ETHERTYPE, "806", NULL},
    {NWF_TYPE_ETHERTYPE, "0806", NULL},
    {NWF_TYPE_ETHERTYPE, "ip", NULL},
    {NWF_TYPE_ETHERTYPE, "65536", NULL},
    {NWF_TYPE_ENCAP, "2048", "ipv4"},
    {NWF_TYPE_ENCAP, "60", "60"},
    {NWF_TYPE_ENCAP, "0x3c", "0x3c"},
    {NWF_TYPE_ENCAP, "59", NULL},
    {NWF_TYPE_ENCAP, "0x3b", NULL},
    {NWF_TYPE_ENCAP, "stp", NULL},
    {NWF_TYPE_ARP_OPCODE, "request", "Request"},
    {NWF_TYPE_ARP_OPCODE, "2", "Reply"},
    {NWF_TYPE_ARP_OPCODE, "REQUEST_REVERSE", "Request_Reverse"},
    {NWF_TYPE_ARP_OPCODE, "0x4", "Reply_Reverse"},
    {NWF_TYPE_ARP_OPCODE, "5", "DRARP_Request"},
    {NWF_TYPE_ARP_OPCODE, "drarp_reply", "DRARP_Reply"},
    {NWF_TYPE_ARP_OPCODE, "7", "DRARP_Error"},
    {NWF_TYPE_ARP_OPCODE, "inarp_request", "InARP_Request"},
    {NWF_TYPE_ARP_OPCODE, "9", "ARP_NAK"},
    {NWF_TYPE_ARP_OPCODE, "0", "0"},
    {NWF_TYPE_ARP_OPCODE, "10", "10"},
    {NWF_TYPE_ARP_OPCODE, "0x10", "16"},
    {NWF_TYPE_ARP_OPCODE, "65536", NULL},
    {NWF_TYPE_ARP_OPCODE, "InARP", NULL},
    {NWF_TYPE_ARP_OPCODE, "", NULL},
    {NWF_TYPE_IP_PROTOCOL, "TCP", "tcp"},
    {NWF_TYPE_IP_PROTOCOL, "0x06", "tcp"},
    {NWF_TYPE_IP_PROTOCOL, "3a", "icmpv6"},
    {NWF_TYPE_IP_PROTOCOL, "17", "udp"},
    {NWF_TYPE_IP_PROTOCOL, "1", "icmp"},
    {NWF_TYPE_IP_PROTOCOL, "2", "igmp"},
    {NWF_TYPE_IP_PROTOCOL, "50", "esp"},
    {NWF_TYPE_IP_PROTOCOL, "51", "ah"},
    {NWF_TYPE_IP_PROTOCOL, "132", "sctp"},
    {NWF_TYPE_IP_PROTOCOL, "136", "udplite"},
    {NWF_TYPE_IP_PROTOCOL, "0xff", "0xff"},
    {NWF_TYPE_IP_PROTOCOL, "33", "33"},
    {NWF_TYPE_IP_PROTOCOL, "256", NULL},
    {NWF_TYPE_IP_PROTOCOL, "0x100", NULL},
    {NWF_TYPE_IP_PROTOCOL, "dccp", NULL},
    {NWF_TYPE_IP_PROTOCOL, "gre", NULL},
    {NWF_TYPE_IP_PROTOCOL, "all", NULL},
    {NWF_TYPE_IP_PROTOCOL, "", NULL},
    {NWF_TYPE_PORT, "22", "22"},
    {NWF_TYPE_PORT, "0x50", "0x50"},
    {NWF_TYPE_PORT, "65536", NULL},
    {NWF_TYPE_PORT, "22:25", NULL},
    {NWF_TYPE_PORT, "ssh", NULL},
    {NWF_TYPE_MAC, "2:0:5E:a:B:c", "02:00:5e:0a:0b:0c"},
    {NWF_TYPE_MAC, "00:11:22:33:44:55 garbage", "00:11:22:33:44:55"},
    {NWF_TYPE_MAC, "00:11:22:33:44:55\ngarbage", "00:11:22:33:44:55"},
    {NWF_TYPE_MAC, "00-11-22-33-44-55", NULL},
    {NWF_TYPE_MAC, "00:11:22:33:44", NULL},
    {NWF_TYPE_MAC, "00:11:22:33:44:55:66", NULL},
    {NWF_TYPE_MAC, "000:11:22:33:44:55", NULL},
    {NWF_TYPE_MAC, "0x1:2:3:4:5:6", NULL},
    {NWF_TYPE_MAC, " 00:11:22:33:44:55", NULL},
    {NWF_TYPE_MAC, "+1:2:3:4:5:6", NULL},
    {NWF_TYPE_MAC, "", NULL},
    {NWF_TYPE_MAC_MASK, "FF:FF:FF:0:0:0", "ff:ff:ff:00:00:00"},
    {NWF_TYPE_MAC_MASK, "ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"},
    {NWF_TYPE_MAC_MASK, "0:0:0:0:0:0", "00:00:00:00:00:00"},
    {NWF_TYPE_MAC_MASK, "ff:fe:0:0:0:0", "ff:fe:00:00:00:00"},
    {NWF_TYPE_MAC_MASK, "01:00:00:00:00:00", NULL},
    {NWF_TYPE_MAC_MASK, "ff:ff:00:ff:00:00", NULL},
    {NWF_TYPE_MAC_MASK, "24", NULL},
    {NWF_TYPE_IPV4, "10.0.0.1", "10.0.0.1"},
    {NWF_TYPE_IPV4, "10.1", "10.0.0.1"},
    {NWF_TYPE_IPV4, "1", "0.0.0.1"},
    {NWF_TYPE_IPV4, "010.0.0.1", "8.0.0.1"},
    {NWF_TYPE_IPV4, "0x0a.0.0.1", "10.0.0.1"},
    {NWF_TYPE_IPV4, "4294967295", "255.255.255.255"},
    {NWF_TYPE_IPV4, "10.0.0.256", NULL},
    {NWF_TYPE_IPV4, "10.0.0.1/24", NULL},
    {NWF_TYPE_IPV4, "10.0.0.1 ", NULL},
    {NWF_TYPE_IPV4, " 10.0.0.1", NULL},
    {NWF_TYPE_IPV4, "::1", NULL},
    {NWF_TYPE_IPV4, "localhost", NULL},
    {NWF_TYPE_IPV4, "1.2.3.", NULL},
    {NWF_TYPE_IPV4, "", NULL},
    {NWF_TYPE_IPV4_MASK, "0", "0"},
    {NWF_TYPE_IPV4_MASK, "32", "32"},
    {NWF_TYPE_IPV4_MASK, " +08", "8"},
    {NWF_TYPE_IPV4_MASK, "255.240.0.0", "12"},
    {NWF_TYPE_IPV4_MASK, "255.255.0", "16"},
    {NWF_TYPE_IPV4_MASK, "0xffffff00", "24"},
    {NWF_TYPE_IPV4_MASK, "33", NULL},
    {NWF_TYPE_IPV4_MASK, "-1", NULL},
    {NWF_TYPE_IPV4_MASK, "0x18", NULL},
    {NWF_TYPE_IPV4_MASK, "/24", NULL},
    {NWF_TYPE_IPV4_MASK, "24 ", NULL},
    {NWF_TYPE_IPV4_MASK, "255.0.255.0", NULL},
    {NWF_TYPE_IPV4_MASK, "0.0.0.255", NULL},
    {NWF_TYPE_IPV4_MASK, "4294967040", NULL},
    {NWF_TYPE_IPV4_MASK, "", NULL},
    {NWF_TYPE_IPV6, "2001:0DB8:0:0:0:0:0:10", "2001:db8::10"},
    {NWF_TYPE_IPV6, "::FFFF:192.0.2.1", "::ffff:192.0.2.1"},
    {NWF_TYPE_IPV6, "::1.2.3.4", "::1.2.3.4"},
    {NWF_TYPE_IPV6, "64:ff9b::1.2.3.4", "64:ff9b::102:304"},
    {NWF_TYPE_IPV6, "fe80::1%lo", "fe80::1%lo"},
    {NWF_TYPE_IPV6, "fe80::1%1", "fe80::1%lo"},
    {NWF_TYPE_IPV6, "2001:db8::1%1", "2001:db8::1%1"},
    {NWF_TYPE_IPV6, "fe80::1%0", "fe80::1"},
    {NWF_TYPE_IPV6, "fe80::1%nowhere0", NULL},
    {NWF_TYPE_IPV6, "fe80::1%", NULL},
    {NWF_TYPE_IPV6, "2001:db8::/32", NULL},
    {NWF_TYPE_IPV6, "[::1]", NULL},
    {NWF_TYPE_IPV6, "10.0.0.1", NULL},
    {NWF_TYPE_IPV6, " ::1", NULL},
    {NWF_TYPE_IPV6, "", NULL},
    {NWF_TYPE_IPV6_MASK, "128", "128"},
    {NWF_TYPE_IPV6_MASK, "FFFF:FFFF:FFFF::", "48"},
    {NWF_TYPE_IPV6_MASK, "::", "0"},
    {NWF_TYPE_IPV6_MASK, "129", NULL},
    {NWF_TYPE_IPV6_MASK, "0x40", NULL},
    {NWF_TYPE_IPV6_MASK, "255.255.255.0", NULL},
    {NWF_TYPE_IPV6_MASK, "ffff::ffff", NULL},
    {NWF_TYPE_BOOL, "true", "true"},
    {NWF_TYPE_BOOL, "yes", "true"},
    {NWF_TYPE_BOOL, "1", "true"},
    {NWF_TYPE_BOOL, "TRUE", "false"},
    {NWF_TYPE_BOOL, "on", "false"},
    {NWF_TYPE_BOOL, "", "false"},
    {NWF_TYPE_STATE, "new", "NEW"},
    {NWF_TYPE_STATE, "related , established", "ESTABLISHED,RELATED"},
    {NWF_TYPE_STATE, "NEWRELATED", "NEW,RELATED"},
    {NWF_TYPE_STATE, "INVALID,INVALID\tNEW\n", "NEW,INVALID"},
    {NWF_TYPE_STATE, "NEW,NONE", "NONE"},
    {NWF_TYPE_STATE, "", ""},
    {NWF_TYPE_STATE, " , ", ""},
    {NWF_TYPE_STATE, "NEWX", NULL},
    {NWF_TYPE_STATE, "UNTRACKED", NULL},
    {NWF_TYPE_STATE, "NEW;RELATED", NULL},
    {NWF_TYPE_TCP_FLAGS, "rst,syn,fin/syn", "FIN,SYN,RST/SYN"},
    {NWF_TYPE_TCP_FLAGS, "/", "NONE/NONE"},
    {NWF_TYPE_TCP_FLAGS, "ALL/NONE", "ALL/NONE"},
    {NWF_TYPE_TCP_FLAGS, "fin syn rst psh ack urg/ACK PSH", "ALL/PSH,ACK"},
    {NWF_TYPE_TCP_FLAGS, "SYN,NONE/", "SYN/NONE"},
    {NWF_TYPE_TCP_FLAGS, "URG/URG", "URG/URG"},
    {NWF_TYPE_TCP_FLAGS, "SYN", NULL},
    {NWF_TYPE_TCP_FLAGS, "SYN/ACK/FIN", NULL},
    {NWF_TYPE_TCP_FLAGS, "ECE/ECE", NULL},
    {NWF_TYPE_TCP_FLAGS, "CWR/", NULL},
    {NWF_TYPE_TCP_FLAGS, "2/2", NULL},
    {NWF_TYPE_IPSET, "a-b_c.d:e+f 9", "a-b_c.d:e+f 9"},
    {NWF_TYPE_IPSET, "", ""},
    {NWF_TYPE_IPSET, "1234567890123456789012345678901", "1234567890123456789012345678901"},
    {NWF_TYPE_IPSET, "12345678901234567890123456789012", NULL},
    {NWF_TYPE_IPSET, "a/b", NULL},
    {NWF_TYPE_IPSET, "a\n", NULL},
    {NWF_TYPE_IPSET_FLAGS, "SRC,dst", "src,dst"},
    {NWF_TYPE_IPSET_FLAGS, "src,dst,src,dst,src,dst", "src,dst,src,dst,src,dst"},
    {NWF_TYPE_IPSET_FLAGS, "src,dst,src,dst,src,dst,", "src,dst,src,dst,src,dst"},
    {NWF_TYPE_IPSET_FLAGS, "src,src,src,src,src,src,src", NULL},
    {NWF_TYPE_IPSET_FLAGS, "src,dst,src,dst,src,dst,,", NULL},
    {NWF_TYPE_IPSET_FLAGS, "src dst", NULL},
    {NWF_TYPE_IPSET_FLAGS, "src;dst", NULL},
    {NWF_TYPE_IPSET_FLAGS, ",src", NULL},
    {NWF_TYPE_IPSET_FLAGS, "src,", NULL},
    {NWF_TYPE_IPSET_FLAGS, "srcdst", NULL},
    {NWF_TYPE_IPSET_FLAGS, "", NULL},
    {NWF_TYPE_COMMENT, "any <text> & 'more' ünd \"so\"", "any <text> & 'more' ünd \"so\""},
    {NWF_TYPE_COMMENT, "", ""},
};

static void
test_rows(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        NwfValue value = {0};
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) printed = g_string_new(NULL);
        gboolean fits = nwf_value_parse(&value, rows[i].type, rows[i].text, NULL, &error);
        g_test_message("row %u: type %d, '%s'", i, rows[i].type, rows[i].text);
        g_assert_cmpint(fits, ==, rows[i].printed != NULL);
        if (!fits) {
            g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
            g_assert_nonnull(strstr(error->message, nwf_type_expects(rows[i].type)));
            continue;
        }
        nwf_value_format(printed, &value, rows[i].type);
        g_assert_cmpstr(printed->str, ==, rows[i].printed);
        nwf_value_clear(&value, rows[i].type);
    }
}

/* What is printed is read as the same value, and copies are equal. */
static void
test_printed_is_equal(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        NwfValue first = {0}, second = {0}, copy = {0};
        g_autoptr(GString) printed = g_string_new(NULL);
        if (!rows[i].printed)
            continue;
        g_assert_true(nwf_value_parse(&first, rows[i].type, rows[i].text, NULL, NULL));
        nwf_value_format(printed, &first, rows[i].type);
        g_assert_true(nwf_value_parse(&second, rows[i].type, printed->str, NULL, NULL));
        nwf_value_copy(&copy, &first, rows[i].type);
        g_assert_true(nwf_value_equal(&first, &second, rows[i].type));
        nwf_value_clear(&first, rows[i].type);
        g_assert_true(nwf_value_equal(&copy, &second, rows[i].type));
        nwf_value_clear(&second, rows[i].type);
        nwf_value_clear(&copy, rows[i].type);
    }
}

static void
test_different_values_differ(void)
{
    static const struct {
        NwfType type;
        const char *a, *b;
    } pairs[] = {
        {NWF_TYPE_U8, "1", "2"},
        {NWF_TYPE_PORT, "1", "2"},
        {NWF_TYPE_MAC, "1:2:3:4:5:6", "1:2:3:4:5:7"},
        {NWF_TYPE_IPV4, "10.0.0.1", "10.0.0.2"},
        {NWF_TYPE_IPV6, "::1", "::2"},
        {NWF_TYPE_IPV6, "fe80::1%5", "fe80::1%6"},
        {NWF_TYPE_TCP_FLAGS, "SYN/SYN", "SYN/NONE"},
        {NWF_TYPE_IPSET_FLAGS, "src", "src,src"},
        {NWF_TYPE_IPSET_FLAGS, "src", "dst"},
        {NWF_TYPE_IPSET, "a", "b"},
        {NWF_TYPE_COMMENT, "a", "A"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        NwfValue a = {0}, b = {0};
        g_assert_true(nwf_value_parse(&a, pairs[i].type, pairs[i].a, NULL, NULL));
        g_assert_true(nwf_value_parse(&b, pairs[i].type, pairs[i].b, NULL, NULL));
        g_assert_false(nwf_value_equal(&a, &b, pairs[i].type));
        nwf_value_clear(&a, pairs[i].type);
        nwf_value_clear(&b, pairs[i].type);
    }
}

/* A comment ends after 256 bytes, or before the character that would not fit. */
static void
test_long_comments(void)
{
    g_autofree char *ascii = g_strnfill(300, 'x');
    g_autofree char *filler = g_strnfill(255, 'x');
    g_autofree char *split = g_strconcat(filler, "ü and more", NULL);
    NwfValue value = {0};
    g_assert_true(nwf_value_parse(&value, NWF_TYPE_COMMENT, ascii, NULL, NULL));
    g_assert_cmpuint(strlen(value.text), ==, 256);
    nwf_value_clear(&value, NWF_TYPE_COMMENT);
    g_assert_true(nwf_value_parse(&value, NWF_TYPE_COMMENT, split, NULL, NULL));
    g_assert_cmpstr(value.text, ==, filler);
    nwf_value_clear(&value, NWF_TYPE_COMMENT);
}

static int
know_ssh(const char *name, gpointer data)
{
    return strcmp(name, "ssh") == 0 ? *(int *)data : -1;
}

static const struct {
    NwfType type;
    const char *text;
    const char *printed;
} variable_rows[] = {
    {NWF_TYPE_PORT, "80", "80"},
    {NWF_TYPE_PORT, "0x50", "80"},
    {NWF_TYPE_PORT, "ssh", "22"},
    {NWF_TYPE_PORT, "22:25", "22:25"},
    {NWF_TYPE_PORT, "ssh:1024", "22:1024"},
    {NWF_TYPE_PORT, "25:22", NULL},
    {NWF_TYPE_PORT, "22:", NULL},
    {NWF_TYPE_PORT, ":22", NULL},
    {NWF_TYPE_PORT, "1:2:3", NULL},
    {NWF_TYPE_PORT, "70000", NULL},
    {NWF_TYPE_PORT, "nosuch", NULL},
    {NWF_TYPE_PORT, "face", NULL}, /* no bare hexadecimal: could be the name of a service */
    {NWF_TYPE_PORT, "", NULL},
    {NWF_TYPE_ETHERTYPE, "8100", "vlan"},
    {NWF_TYPE_ETHERTYPE, "0x88cc", "35020"},
    {NWF_TYPE_ETHERTYPE, "ARP", "arp"},
    {NWF_TYPE_ETHERTYPE, "35020", NULL}, /* 0x35020 */
    {NWF_TYPE_ENCAP, "0800", "ipv4"},
    {NWF_TYPE_ARP_PROTOCOL, "10", "16"},
    {NWF_TYPE_ARP_PROTOCOL, "", NULL},
    {NWF_TYPE_MAC_MASK, "01:00:00:00:00:00", "01:00:00:00:00:00"},
    {NWF_TYPE_MAC_MASK, "nomask", NULL},
    {NWF_TYPE_IPV4, "10.0.0.1", "10.0.0.1"},
    {NWF_TYPE_IPV4, "localhost", NULL},
    {NWF_TYPE_IPV6, "2001:db8::1", "2001:db8::1"},
    {NWF_TYPE_IPV6, "10.0.0.1", NULL},
    {NWF_TYPE_IPV4_MASK, "255.255.0.0", "16"},
    {NWF_TYPE_STATE, "NEWRELATED", "NEW,RELATED"},
    {NWF_TYPE_STATE, "whatever", NULL},
    {NWF_TYPE_BOOL, "yes", "true"},
    {NWF_TYPE_COMMENT, "ticket_4711", "ticket_4711"},
};

static void
test_variables_are_a_little_wider(void)
{
    int ssh = 22;
    const NwfHost host = {know_ssh, &ssh};
    for (guint i = 0; i < G_N_ELEMENTS(variable_rows); i++) {
        NwfValue value = {0};
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) printed = g_string_new(NULL);
        gboolean fits = nwf_value_parse_variable(&value, variable_rows[i].type, variable_rows[i].text, &host, NULL,
                                                 &error);
        g_test_message("'%s'", variable_rows[i].text);
        g_assert_cmpint(fits, ==, variable_rows[i].printed != NULL);
        if (!fits) {
            g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
            continue;
        }
        value.hex = FALSE;
        nwf_value_format(printed, &value, variable_rows[i].type);
        g_assert_cmpstr(printed->str, ==, variable_rows[i].printed);
        nwf_value_clear(&value, variable_rows[i].type);
    }
}

static void
test_odd_variables_are_remarked_on(void)
{
    static const struct {
        NwfType type;
        const char *text;
        guint remarks;
    } cases[] = {
        {NWF_TYPE_PORT, "80", 0}, {NWF_TYPE_PORT, "22:25", 1}, {NWF_TYPE_PORT, "010", 1},
        {NWF_TYPE_ENCAP, "0800", 1}, {NWF_TYPE_ENCAP, "86dd", 0},
        {NWF_TYPE_U8, "010", 1},  {NWF_TYPE_U8, "0x10", 0},    {NWF_TYPE_IPV4, "010.0.0.1", 1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        NwfValue value = {0};
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_assert_true(nwf_value_parse_variable(&value, cases[i].type, cases[i].text, NULL, notes, NULL));
        g_assert_cmpuint(notes->len, ==, cases[i].remarks);
    }
}

static void
test_uuids(void)
{
    static const char *const good[] = {
        "5ec00000-0000-4000-8000-00000000000A",
        "5EC0000000004000800000000000000a",
        " \n5ec00000 0000-4000 8000-00000000000a ",
        "-5e-c0-00-00-00-00-40-00-80-00-00-00-00-00-00-0a",
    };
    static const char *const bad[] = {
        "",
        "5ec0000000004000800000000000000",
        "5ec0000000004000800000000000000a1",
        "5ec0000000004000800000000000000a-",
        "5 ec0000000004000800000000000000a",
        "5ec00000\t00004000800000000000000a",
        "zzc0000000004000800000000000000a",
    };
    char text[37];
    guint8 uuid[16], other[16];
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(nwf_uuid_parse(uuid, good[i]));
        nwf_uuid_format(text, uuid);
        g_assert_cmpstr(text, ==, "5ec00000-0000-4000-8000-00000000000a");
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(nwf_uuid_parse(uuid, bad[i]));
    nwf_uuid_generate(uuid);
    nwf_uuid_generate(other);
    nwf_uuid_format(text, uuid);
    g_assert_true(g_uuid_string_is_valid(text));
    g_assert_true(memcmp(uuid, other, 16) != 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/values/rows", test_rows);
    g_test_add_func("/conf/values/printed-is-equal", test_printed_is_equal);
    g_test_add_func("/conf/values/different-differ", test_different_values_differ);
    g_test_add_func("/conf/values/long-comments", test_long_comments);
    g_test_add_func("/conf/values/variables-wider", test_variables_are_a_little_wider);
    g_test_add_func("/conf/values/odd-variables", test_odd_variables_are_remarked_on);
    g_test_add_func("/conf/values/uuids", test_uuids);
    return g_test_run();
}
