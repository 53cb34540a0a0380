/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-fragments.c: what is put together is what was sent
 *
 * The input chooses fragments of very few packets: place, length, whether more follow, in any order, with repetitions
 * and overlaps, with extension headers of IPv6 in front, and time that passes. Each byte of a packet follows from its
 * place and the packet, so that a whole packet can be checked byte by byte wherever its pieces came from. A whole
 * packet is sound, and no fragment any more.
 */
#include "simulate/fragments.h"

#include <string.h>

#include "choices.h"
#include "fuzz.h"

enum { FRAGMENTS_MAX = 24, IPV4_MORE = 0x2000 };

static const guint waits[] = {0, 0, 0, 0, 0, 1, 29, 61};
static const guint lengths[] = {8, 16, 24, 32, 64, 0, 1, 7, 9, 15, 40, 240};
static const guint offsets[] = {0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 128, 240, 65024, 65528};

typedef struct Part {
    guint version, packet, offset, length, extensions;
    gboolean more;
} Part;

static guint8
byte_at(guint packet, guint place)
{
    return (guint8)(packet * 71 + place * 13 + (place >> 8) * 29);
}

static void
put_ipv4(GByteArray *to, const Part *part)
{
    guint32 sum = 0;

    put(to, 0x45000000u | (20 + part->length), 4);
    put(to, part->packet << 16 | (part->more ? IPV4_MORE : 0) | part->offset / 8, 4);
    put(to, 64u << 24 | NWF_PROTO_GRE << 16, 4);
    put(to, 0x0a0000010a000002ull, 8);
    for (guint i = 0; i < 20; i += 2)
        sum += (guint)to->data[i] << 8 | to->data[i + 1];
    sum = ~((sum & 0xffff) + (sum >> 16));
    to->data[10] = (guint8)(sum >> 8);
    to->data[11] = (guint8)sum;
}

static void
put_ipv6(GByteArray *to, const Part *part)
{
    put(to, 6u << 28, 4);
    put(to, part->extensions * 8 + 8 + part->length, 2);
    put(to, part->extensions > 0 ? NWF_PROTO_OPTIONS : NWF_PROTO_FRAGMENT, 1);
    put(to, 64, 1);
    put(to, 1, 16);
    put(to, 2, 16);
    for (guint i = 1; i <= part->extensions; i++) {
        put(to, i < part->extensions ? NWF_PROTO_OPTIONS : NWF_PROTO_FRAGMENT, 1);
        put(to, 0, 7);
    }
    put(to, (guint)NWF_PROTO_GRE << 24 | part->offset | part->more, 4);
    put(to, part->packet, 4);
}

static void
check_whole(const GByteArray *whole, guint version, guint packet)
{
    NwfIp ip;
    NwfIp6Walk walk;

    g_assert_true(nwf_ip_read(&ip, (NwfBytes){whole->data, whole->len}, version));
    g_assert_false(ip.fragment);
    g_assert_cmpuint(ip.protocol, ==, NWF_PROTO_GRE);
    g_assert_true(version == 4 || (nwf_ip6_skip(&walk, ip.packet, TRUE) && !walk.fragmented));
    for (gsize i = ip.transport; i < whole->len; i++)
        g_assert_cmpuint(whole->data[i], ==, byte_at(packet, (guint)(i - ip.transport)));
}

static void
play_part(NwfFragments *fragments, Choices *choices, gint64 *now)
{
    guint first = choose(choices, 256);
    Part part = {(first & 1) != 0 ? 6 : 4, first >> 1 & 1,       offsets[first >> 4], 0,
                 (first >> 2 & 1) * 2,     (first >> 3 & 1) != 0};
    guint second = choose(choices, 256);
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new(512), whole = NULL;
    NwfIp ip;

    part.length = lengths[(second & 31) % G_N_ELEMENTS(lengths)];
    *now += waits[second >> 5] * G_USEC_PER_SEC;
    if (part.version == 4)
        put_ipv4(bytes, &part);
    else
        put_ipv6(bytes, &part);
    guint8 *data = bytes->data + bytes->len;
    g_byte_array_set_size(bytes, bytes->len + part.length);
    for (guint i = 0; i < part.length; i++)
        data[i] = byte_at(part.packet, part.offset + i);
    g_assert_true(nwf_ip_read(&ip, (NwfBytes){bytes->data, bytes->len}, part.version));
    NwfGathering gathering = nwf_fragments_add(fragments, &ip, *now, &whole);
    g_assert_true((gathering == NWF_GATHERING_WHOLE) == (whole != NULL));
    if (whole != NULL)
        check_whole(whole, part.version, part.packet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Choices choices = {data, data + size};
    g_autoptr(NwfFragments) fragments = nwf_fragments_new();
    gint64 now = 0;

    for (guint i = 0; i < FRAGMENTS_MAX && choices.at < choices.end; i++)
        play_part(fragments, &choices, &now);
    return 0;
}
