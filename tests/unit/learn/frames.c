/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frames.c: frames for tests of learning; see frames.h
 */
#include "frames.h"

#include <string.h>

const guint8 vm_mac[6] = {0x52, 0x54, 0x00, 0x00, 0x00, 0x01};
const guint8 other_mac[6] = {0x52, 0x54, 0x00, 0x00, 0x00, 0x02};
static const guint8 broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

enum { SERVER = 0x0a000001, COOKIE = 0x63825363, UDP = 17, TCP = 6 };

/* ---- bytes ---- */

/* The array has room for all from the beginning; only its length grows. */
enum { FRAME_MAX = 14 + 4 + 24 + 8 + 240 + sizeof(((FrameSpec *)NULL)->options) + 1 };

static void
put(GByteArray *out, const guint8 *bytes, gsize n)
{
    g_assert(out->len + n <= FRAME_MAX);
    memcpy(out->data + out->len, bytes, n);
    out->len += (guint)n;
}

static void
put8(GByteArray *out, guint8 number)
{
    put(out, &number, 1);
}

static void
put16(GByteArray *out, guint16 number)
{
    guint8 bytes[] = {(guint8)(number >> 8), (guint8)number};

    put(out, bytes, sizeof(bytes));
}

static void
put32(GByteArray *out, guint32 number)
{
    guint8 bytes[] = {(guint8)(number >> 24), (guint8)(number >> 16), (guint8)(number >> 8), (guint8)number};

    put(out, bytes, sizeof(bytes));
}

static void
put_zeros(GByteArray *out, guint n)
{
    g_assert(out->len + n <= FRAME_MAX);
    memset(out->data + out->len, 0, n);
    out->len += n;
}

static void
set16(GByteArray *out, gsize at, guint16 number)
{
    out->data[at] = (guint8)(number >> 8);
    out->data[at + 1] = (guint8)number;
}

static guint32
sum16(const guint8 *bytes, gsize n, guint32 sum)
{
    for (gsize i = 0; i < n; i++)
        sum += i % 2 == 0 ? (guint32)bytes[i] << 8 : bytes[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* ---- building ---- */

void
frame_option(FrameSpec *spec, guint8 code, const guint8 *value, gsize length)
{
    g_assert_true(spec->n_options + 2 + length <= sizeof(spec->options) && length < 256);
    spec->options[spec->n_options++] = code;
    spec->options[spec->n_options++] = (guint8)length;
    for (gsize i = 0; i < length; i++)
        spec->options[spec->n_options++] = value[i];
}

void
frame_option_number(FrameSpec *spec, guint8 code, guint32 number)
{
    guint8 value[4] = {(guint8)(number >> 24), (guint8)(number >> 16), (guint8)(number >> 8), (guint8)number};

    frame_option(spec, code, value, sizeof(value));
}

void
frame_begin(FrameSpec *spec, FrameKind kind, NwfLearnDirection direction, guint8 type)
{
    gboolean from = direction == NWF_FROM_VM;

    memset(spec, 0, sizeof(*spec));
    spec->kind = kind;
    spec->direction = direction;
    memcpy(spec->src, from ? vm_mac : other_mac, 6);
    memcpy(spec->dst, broadcast, 6);
    memcpy(spec->chaddr, vm_mac, 6);
    memcpy(spec->arp_mac, from ? vm_mac : other_mac, 6);
    spec->ethertype = kind == FRAME_ARP ? 0x0806 : 0x0800;
    spec->protocol = kind == FRAME_DHCP ? UDP : TCP;
    spec->ip_src = from ? 0 : SERVER;
    spec->ip_dst = 0xffffffff;
    spec->sport = from ? 68 : 67;
    spec->dport = from ? 67 : 68;
    spec->op = from ? 1 : 2;
    spec->htype = 1;
    spec->hlen = 6;
    spec->cookie = COOKIE;
    spec->arp_op = 1;
    if (kind == FRAME_DHCP && type != 0)
        frame_option(spec, 53, &type, 1);
}

static void
put_dhcp(GByteArray *out, const FrameSpec *spec)
{
    put8(out, spec->op);
    put8(out, spec->htype);
    put8(out, spec->hlen);
    put8(out, 0);
    put32(out, spec->xid);
    put32(out, 0);
    put32(out, spec->ci);
    put32(out, spec->yi);
    put32(out, spec->si);
    put32(out, spec->gi);
    put(out, spec->chaddr, 6);
    put_zeros(out, 10);
    put(out, spec->sname, sizeof(spec->sname));
    put(out, spec->file, sizeof(spec->file));
    put32(out, spec->cookie);
    put(out, spec->options, spec->n_options);
    if (!spec->no_end)
        put8(out, 255);
}

static guint16
udp_sum(const FrameSpec *spec, const guint8 *udp, gsize length)
{
    guint32 sum = (spec->ip_src >> 16) + (spec->ip_src & 0xffff) + (spec->ip_dst >> 16) + (spec->ip_dst & 0xffff) +
                  UDP + (guint32)length;

    sum = sum16(NULL, 0, sum);
    if (spec->sum == SUM_PARTIAL)
        return (guint16)sum;
    return (guint16)(~sum16(udp, length, sum) + (spec->sum == SUM_BAD ? 1 : 0));
}

static void
put_transport(GByteArray *out, const FrameSpec *spec)
{
    gsize begin = out->len;

    if (spec->kind != FRAME_DHCP) {
        put16(out, spec->sport);
        put16(out, spec->dport);
        put_zeros(out, 36);
        return;
    }
    put16(out, spec->sport);
    put16(out, spec->dport);
    put32(out, 0);
    put_dhcp(out, spec);
    set16(out, begin + 4, spec->udp_length ? spec->udp_length : (guint16)(out->len - begin));
    if (spec->sum != SUM_ZERO)
        set16(out, begin + 6, udp_sum(spec, out->data + begin, out->len - begin));
}

static void
put_ip(GByteArray *out, const FrameSpec *spec)
{
    gsize begin = out->len, header = spec->ip_options ? 24 : 20;

    put8(out, (guint8)(0x40 | header / 4));
    put8(out, 0);
    put32(out, 0);
    put16(out, spec->fragment);
    put8(out, 64);
    put8(out, spec->protocol);
    put16(out, 0);
    put32(out, spec->ip_src);
    put32(out, spec->ip_dst);
    if (spec->ip_options)
        put32(out, 0x01010101);
    put_transport(out, spec);
    set16(out, begin + 2, spec->total ? spec->total : (guint16)(out->len - begin));
    set16(out, begin + 10, (guint16)(~sum16(out->data + begin, header, 0) + (spec->bad_ip_sum ? 1 : 0)));
}

static void
put_arp(GByteArray *out, const FrameSpec *spec)
{
    put16(out, spec->htype);
    put16(out, 0x0800);
    put8(out, spec->hlen);
    put8(out, 4);
    put16(out, spec->arp_op);
    put(out, spec->arp_mac, 6);
    put32(out, spec->ip_src);
    put_zeros(out, 6);
    put32(out, spec->ip_dst);
}

void
frame_build_in(GByteArray *out, const FrameSpec *spec, gsize *wire)
{
    g_byte_array_set_size(out, FRAME_MAX);
    out->len = 0;
    put(out, spec->dst, 6);
    put(out, spec->src, 6);
    if (spec->tagged)
        put32(out, 0x81000005);
    put16(out, spec->ethertype);
    if (spec->kind == FRAME_ARP)
        put_arp(out, spec);
    else if (spec->kind == FRAME_OTHER)
        put_zeros(out, 40);
    else
        put_ip(out, spec);
    if (out->len < 60)
        put_zeros(out, 60 - out->len);
    if (wire != NULL)
        *wire = spec->wire ? spec->wire : out->len;
    if (spec->cut > 0 && spec->cut < out->len)
        out->len = (guint)spec->cut;
}

GByteArray *
frame_build(const FrameSpec *spec, gsize *wire)
{
    GByteArray *out = g_byte_array_sized_new(FRAME_MAX);

    frame_build_in(out, spec, wire);
    return out;
}
