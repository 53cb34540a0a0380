/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict-frames.c: frames from words; see verdict-story.h
 *
 * Lengths and checksums are right unless a word says otherwise; `poke` and `cut` come last and repair nothing.
 */
#include "verdict-story.h"

#include <gio/gio.h>

enum { TCP = 6, UDP = 17, ICMP = 1, ICMPV6 = 58 };

typedef struct Words {
    char **all;
    guint next; /* first of those that are not read by position */
} Words;

/* ---- words ---- */

static const char *
option(const Words *words, const char *name)
{
    gsize length = strlen(name);

    for (guint i = words->next; words->all[i] != NULL; i++)
        if (strncmp(words->all[i], name, length) == 0 && strchr("=", words->all[i][length]) != NULL)
            return words->all[i][length] == '=' ? words->all[i] + length + 1 : words->all[i] + length;
    return NULL;
}

static guint
number(const Words *words, const char *name, guint base, guint otherwise)
{
    const char *text = option(words, name);

    return text != NULL ? (guint)g_ascii_strtoull(text, NULL, base) : otherwise;
}

static void
put(GByteArray *to, guint64 value, guint size)
{
    for (guint i = 0; i < size; i++) {
        guint8 byte = (guint8)(value >> (8 * (size - 1 - i)));

        g_byte_array_append(to, &byte, 1);
    }
}

static void
put_zeros(GByteArray *to, guint size)
{
    for (guint i = 0; i < size; i++)
        put(to, 0, 1);
}

static void
put_u16(GByteArray *in, guint offset, guint value)
{
    in->data[offset] = (guint8)(value >> 8);
    in->data[offset + 1] = (guint8)value;
}

static void
put_mac(GByteArray *to, const char *text)
{
    guint8 mac[6];

    g_assert_true(nwf_mac_parse(mac, text, NULL));
    g_byte_array_append(to, mac, sizeof(mac));
}

static void
put_address(GByteArray *to, const char *text)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);

    g_assert_nonnull(address);
    g_byte_array_append(to, g_inet_address_to_bytes(address), (guint)g_inet_address_get_native_size(address));
}

/* "10.0.0.1:80" or "[fd00::1]:80": splits off the port. */
static guint
split_port(char *text)
{
    char *colon = strrchr(text, ':');
    guint port;

    g_assert_nonnull(colon);
    port = (guint)g_ascii_strtoull(colon + 1, NULL, 10);
    *colon = '\0';
    if (*text == '[') {
        memmove(text, text + 1, strlen(text));
        text[strlen(text) - 1] = '\0';
    }
    return port;
}

static guint
sum(const guint8 *data, guint length, guint start)
{
    guint total = start;

    for (guint i = 0; i < length; i++)
        total += (guint)data[i] << (i % 2 == 0 ? 8 : 0);
    while (total >> 16 != 0)
        total = (total & 0xffff) + (total >> 16);
    return total;
}

/* ---- transport ---- */

static void
fill_checksum(GByteArray *segment, guint offset, guint8 protocol, const GByteArray *addresses)
{
    guint start = protocol == ICMP ? 0 : sum(addresses->data, addresses->len, protocol + segment->len);

    put_u16(segment, offset, ~sum(segment->data, segment->len, start) & 0xffff);
}

static guint
tcp_flags(const char *letters)
{
    static const char order[] = "FSRPAU";
    guint flags = 0;

    for (; *letters != '\0'; letters++)
        flags |= 1u << (strchr(order, *letters) - order);
    return flags;
}

static GByteArray *
transport(const Words *words, const char *kind, guint protocol, const guint ports[2])
{
    GByteArray *segment = g_byte_array_new();
    guint tcp_option = number(words, "opt", 10, 0);

    if (protocol == UDP) {
        put(segment, (guint64)ports[0] << 16 | ports[1], 4);
        put(segment, (guint64)(8 + 16) << 16, 4);
    } else if (protocol == TCP) {
        put(segment, (guint64)ports[0] << 16 | ports[1], 4);
        put(segment, number(words, "seq", 10, 100), 4);
        put(segment, number(words, "ack", 10, 0), 4);
        put(segment, (tcp_option != 0 ? 6u : 5u) << 12 | tcp_flags(words->all[1]), 2);
        put(segment, 8192ull << 32, 6);
        if (tcp_option != 0)
            put(segment, (guint64)tcp_option << 24 | 4u << 16, 4);
    } else if (protocol == ICMP || protocol == ICMPV6) {
        g_auto(GStrv) numbers = g_strsplit(kind, "/", 2);

        put(segment, g_ascii_strtoull(numbers[0], NULL, 10), 1);
        put(segment, g_ascii_strtoull(numbers[1], NULL, 10), 1);
        put(segment, (guint64)number(words, "id", 10, 1) << 16 | 1, 6);
    }
    if (protocol != TCP)
        put_zeros(segment, 16 + number(words, "long", 10, 0));
    return segment;
}

/* ---- IP ---- */

static void
put_ipv4(GByteArray *to, const Words *words, guint protocol, const GByteArray *addresses, const GByteArray *segment)
{
    guint start = to->len, offset = number(words, "frag", 10, 0);

    put(to, 0x45u << 8 | number(words, "tos", 16, 0), 2);
    put(to, 20 + segment->len, 2);
    put(to, number(words, "id", 10, 1), 2);
    put(to, (option(words, "more") != NULL ? 0x2000u : 0u) | offset / 8, 2);
    put(to, 64ull << 24 | protocol << 16, 4);
    g_byte_array_append(to, addresses->data, addresses->len);
    put_u16(to, start + 10, (~sum(to->data + start, 20, 0) & 0xffff) ^ (option(words, "badsum") != NULL));
}

static void
put_ipv6(GByteArray *to, const Words *words, guint protocol, const GByteArray *addresses, const GByteArray *segment)
{
    g_auto(GStrv) names = g_strsplit(option(words, "ext") != NULL ? option(words, "ext") : "", ",", -1);
    guint n = g_strv_length(names);

    put(to, 6u << 28 | number(words, "tos", 16, 0) << 20 | number(words, "flow", 10, 0), 4);
    put(to, segment->len + n * 8, 2);
    put(to, n > 0 ? g_ascii_strtoull(names[0], NULL, 10) : protocol, 1);
    put(to, 64, 1);
    g_byte_array_append(to, addresses->data, addresses->len);
    for (guint i = 0; i < n; i++) {
        put(to, names[i + 1] != NULL ? g_ascii_strtoull(names[i + 1], NULL, 10) : protocol, 1);
        if (g_str_equal(names[i], "44")) {
            put(to, number(words, "frag", 10, 0) | (option(words, "more") != NULL), 3);
            put(to, number(words, "id", 10, 1), 4);
        } else {
            put(to, 0x00010400000000ull, 7);
        }
    }
}

static void
put_packet(GByteArray *to, Words *words, guint protocol, const char *kind, gboolean with_ports)
{
    g_autoptr(GByteArray) addresses = g_byte_array_new();
    guint ports[2] = {0, 0};

    for (guint i = 0; i < 2; i++, words->next++) {
        if (with_ports)
            ports[i] = split_port(words->all[words->next]);
        put_address(addresses, words->all[words->next]);
    }
    if (protocol == ICMP && addresses->len == 32)
        protocol = ICMPV6;
    g_autoptr(GByteArray) segment = transport(words, kind, protocol, ports);
    if (protocol == UDP || protocol == TCP || protocol == ICMP || protocol == ICMPV6)
        fill_checksum(segment, protocol == UDP ? 6 : protocol == TCP ? 16 : 2, (guint8)protocol, addresses);
    if (option(words, "size") != NULL || option(words, "frag") != NULL) {
        guint offset = number(words, "frag", 10, 0);

        g_byte_array_remove_range(segment, 0, MIN(offset, segment->len));
        g_byte_array_set_size(segment, MIN(segment->len, number(words, "size", 10, segment->len)));
    }
    if (addresses->len == 8)
        put_ipv4(to, words, protocol, addresses, segment);
    else
        put_ipv6(to, words, protocol, addresses, segment);
    g_byte_array_append(to, segment->data, segment->len);
}

/* ---- frames ---- */

static void
put_arp(GByteArray *to, Words *words)
{
    put(to, number(words, "htype", 10, 1), 2);
    put(to, number(words, "ptype", 16, 0x0800), 2);
    put(to, number(words, "hlen", 10, 6) << 8 | number(words, "plen", 10, 4), 2);
    put(to, g_ascii_strtoull(words->all[1], NULL, 10), 2);
    put_mac(to, "52:54:00:00:00:01");
    put_address(to, words->all[2]);
    put_mac(to, "00:00:00:00:00:00");
    put_address(to, words->all[3]);
}

static void
put_bpdu(GByteArray *to, const Words *words)
{
    put(to, 0x4242030000ull, 5);
    put(to, g_ascii_strtoull(words->all[1], NULL, 10), 1);
    put(to, number(words, "flags", 10, 0), 1);
    put(to, number(words, "pri", 16, 0x8000), 2);
    put_zeros(to, 28);
}

static guint
ethertype(const Words *words)
{
    const char *kind = words->all[0];

    if (g_str_equal(kind, "arp"))
        return 0x0806;
    if (g_str_equal(kind, "stp"))
        return 34;
    if (g_str_equal(kind, "ether"))
        return (guint)g_ascii_strtoull(words->all[1], NULL, 16);
    return strchr(words->all[1], '.') != NULL || strchr(words->all[2], '.') != NULL ? 0x0800 : 0x86dd;
}

static void
put_body(GByteArray *to, Words *words)
{
    const char *kind = words->all[0];

    if (g_str_equal(kind, "arp")) {
        put_arp(to, words);
    } else if (g_str_equal(kind, "stp")) {
        put_bpdu(to, words);
    } else if (g_str_equal(kind, "udp")) {
        words->next = 1;
        put_packet(to, words, UDP, NULL, TRUE);
    } else if (g_str_equal(kind, "tcp")) {
        words->next = 2;
        put_packet(to, words, TCP, NULL, TRUE);
    } else if (g_str_equal(kind, "icmp")) {
        words->next = 2;
        put_packet(to, words, ICMP, words->all[1], FALSE);
    } else if (g_str_equal(kind, "ether")) {
        put_zeros(to, 46);
    } else {
        words->next = 2;
        put_packet(to, words, (guint)g_ascii_strtoull(words->all[1], NULL, 10), NULL, FALSE);
    }
}

/* The ICMP error that @router sends to the source of the frame of the words. */
static GByteArray *
error_about(char *words)
{
    g_auto(GStrv) parts = g_strsplit(words, " of ", 2);
    g_autoptr(GByteArray) about = frame_of(parts[1]);
    g_auto(GStrv) first = g_strsplit(parts[0], " ", -1);
    GByteArray *frame = g_byte_array_new();
    guint quoted = about->len - 14;

    g_byte_array_append(frame, about->data, 14);
    put(frame, 0x4500, 2);
    put(frame, 20 + 8 + quoted, 2);
    put(frame, 0x0001000040010000ull, 8);
    put_address(frame, first[1]);
    g_byte_array_append(frame, about->data + 14 + 12, 4);
    put_u16(frame, 14 + 10, ~sum(frame->data + 14, 20, 0) & 0xffff);
    put(frame, 0x0303000000000000ull, 8);
    g_byte_array_append(frame, about->data + 14, quoted);
    put_u16(frame, 14 + 22, ~sum(frame->data + 34, 8 + quoted, 0) & 0xffff);
    return frame;
}

GByteArray *
frame_of(const char *text)
{
    g_autofree char *copy = g_strdup(text);
    g_auto(GStrv) all = g_strsplit(copy, " ", -1);
    Words words = {all, 1};
    GByteArray *frame;
    const char *poke;

    if (g_str_equal(all[0], "error"))
        return error_about(copy);
    frame = g_byte_array_new();
    put_mac(frame, option(&words, "dst") != NULL ? option(&words, "dst")
                   : g_str_equal(all[0], "stp")  ? "01:80:c2:00:00:00"
                                                 : "52:54:00:00:00:02");
    put_mac(frame, option(&words, "src") != NULL ? option(&words, "src") : "52:54:00:00:00:01");
    if (option(&words, "vlan") != NULL)
        put(frame, 0x8100ull << 16 | number(&words, "vlan", 10, 0), 4);
    put(frame, ethertype(&words), 2);
    put_body(frame, &words);
    put_zeros(frame, number(&words, "pad", 10, 0));
    poke = option(&words, "poke");
    if (poke != NULL)
        frame->data[g_ascii_strtoull(poke, NULL, 10)] = (guint8)g_ascii_strtoull(strchr(poke, ':') + 1, NULL, 16);
    g_byte_array_set_size(frame, MIN(frame->len, number(&words, "cut", 10, frame->len)));
    return frame;
}
