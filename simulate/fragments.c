/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fragments.c: packets put together again; see fragments.h
 *
 * A packet under construction is a list of pieces that do not overlap, in the order of their offsets. A piece that lies
 * wholly in what is there changes nothing; one that overlaps it in part ends the packet, because two contents for one
 * place are an attack, and nobody can say which one the receiver would believe.
 *
 * Sources: RFC 791, 815, 5722, 8200; the kernel's sysctl documentation for the timeouts.
 *
 * Limits: NWF_PENDING_MAX packets wait at a time; a further one takes the place of the oldest, since a capture may hold
 * any number of unfinished ones.
 */
#include "simulate/fragments.h"

#include <string.h>

enum {
    NWF_PENDING_MAX = 1024,
    PACKET_MAX = 65535,
    IPV4_MORE = 0x2000,
    IPV6_MORE = 0x0001,
    IPV6_OFFSET = 0xfff8,
    IPV6_HEADER = 40,
    FRAGMENT_HEADER = 8,
};

static const gint64 timeouts[] = {[4] = 30 * G_USEC_PER_SEC, [6] = 60 * G_USEC_PER_SEC};

/* What fragments of one packet have in common. Compared as bytes, so it is cleared before it is filled. */
typedef struct Key {
    guint8 src[16], dst[16];
    guint32 id;
    guint8 version, protocol;
    guint8 none[2];
} Key;

typedef struct Piece {
    guint offset;
    GByteArray *bytes;
} Piece;

typedef struct Pending {
    GBytes *key;
    guint version;
    gint64 since;
    GByteArray *header; /* of the first fragment, without the fragment header */
    GArray *pieces;     /* (element-type Piece), by offset, apart from each other */
    guint length;       /* of the whole, known once the last has come */
    gboolean has_last;
} Pending;

struct NwfFragments {
    GHashTable *pending; /* bytes of a Key to Pending */
    GQueue order;        /* of Pending, oldest first */
};

/* One fragment, taken apart. */
typedef struct Fragment {
    Key key;
    guint offset;
    gboolean more;
    NwfBytes header; /* without the fragment header */
    NwfBytes data;
    gsize name_at; /* IPv6: byte of the header that names what follows */
    guint8 next;   /* IPv6: what follows the fragment header */
} Fragment;

/* ---- the store ---- */

static void
piece_clear(gpointer piece)
{
    g_byte_array_unref(((Piece *)piece)->bytes);
}

static void
pending_free(gpointer data)
{
    Pending *pending = data;

    g_clear_pointer(&pending->header, g_byte_array_unref);
    g_array_unref(pending->pieces);
    g_bytes_unref(pending->key);
    g_free(pending);
}

NwfFragments *
nwf_fragments_new(void)
{
    NwfFragments *fragments = g_new0(NwfFragments, 1);

    fragments->pending = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, NULL, pending_free);
    g_queue_init(&fragments->order);
    return fragments;
}

void
nwf_fragments_free(NwfFragments *fragments)
{
    if (!fragments)
        return;
    g_queue_clear(&fragments->order);
    g_hash_table_unref(fragments->pending);
    g_free(fragments);
}

static void
forget(NwfFragments *fragments, Pending *pending)
{
    g_queue_remove(&fragments->order, pending);
    g_hash_table_remove(fragments->pending, pending->key);
}

static Pending *
pending_for(NwfFragments *fragments, const Key *key, gint64 now)
{
    g_autoptr(GBytes) bytes = g_bytes_new(key, sizeof(*key));
    Pending *pending = g_hash_table_lookup(fragments->pending, bytes);

    if (pending && now - pending->since > timeouts[key->version]) {
        forget(fragments, pending);
        pending = NULL;
    }
    if (pending)
        return pending;
    if (g_queue_get_length(&fragments->order) >= NWF_PENDING_MAX)
        forget(fragments, g_queue_peek_head(&fragments->order));
    pending = g_new0(Pending, 1);
    pending->key = g_steal_pointer(&bytes);
    pending->version = key->version;
    pending->since = now;
    pending->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    g_array_set_clear_func(pending->pieces, piece_clear);
    g_hash_table_insert(fragments->pending, pending->key, pending);
    g_queue_push_tail(&fragments->order, pending);
    return pending;
}

/* ---- one fragment ---- */

static void
take_apart_4(Fragment *fragment, const NwfIp *ip)
{
    guint16 id = 0, field = 0;

    nwf_bytes_u16(ip->packet, 4, &id);
    nwf_bytes_u16(ip->packet, 6, &field);
    fragment->key.id = id;
    fragment->key.protocol = ip->protocol;
    fragment->offset = ip->fragment_offset;
    fragment->more = (field & IPV4_MORE) != 0;
    fragment->header = nwf_bytes_part(ip->packet, 0, ip->transport);
    fragment->data = nwf_ip_payload(ip);
}

static gboolean
take_apart_6(Fragment *fragment, const NwfIp *ip)
{
    NwfBytes packet = ip->packet;
    guint8 number, length;
    gsize at = IPV6_HEADER;
    guint16 field = 0;

    fragment->name_at = 6;
    nwf_bytes_u8(packet, 6, &number);
    while (number != NWF_PROTO_FRAGMENT) {
        if ((number != NWF_PROTO_HOP_BY_HOP && number != NWF_PROTO_ROUTING && number != NWF_PROTO_OPTIONS) ||
            !nwf_bytes_u8(packet, at + 1, &length))
            return FALSE;
        fragment->name_at = at;
        nwf_bytes_u8(packet, at, &number);
        at += (length + 1u) * 8;
    }
    if (!nwf_bytes_u8(packet, at, &fragment->next) || !nwf_bytes_u16(packet, at + 2, &field) ||
        !nwf_bytes_u32(packet, at + 4, &fragment->key.id))
        return FALSE;
    fragment->offset = field & IPV6_OFFSET;
    fragment->more = (field & IPV6_MORE) != 0;
    fragment->header = nwf_bytes_part(packet, 0, at);
    fragment->data = nwf_bytes_part(packet, at + FRAGMENT_HEADER, G_MAXSIZE);
    return TRUE;
}

static gboolean
take_apart(Fragment *fragment, const NwfIp *ip)
{
    memset(fragment, 0, sizeof(*fragment));
    memcpy(fragment->key.src, ip->src, 16);
    memcpy(fragment->key.dst, ip->dst, 16);
    fragment->key.version = (guint8)ip->version;
    if (ip->version == 6)
        return take_apart_6(fragment, ip);
    take_apart_4(fragment, ip);
    return TRUE;
}

/* ---- putting together ---- */

static void
keep_header(Pending *pending, const Fragment *fragment)
{
    if (fragment->offset != 0 || pending->header)
        return;
    pending->header = g_byte_array_append(g_byte_array_new(), fragment->header.data, (guint)fragment->header.length);
    if (fragment->key.version == 6)
        pending->header->data[fragment->name_at] = fragment->next;
}

/* The end of the unbroken run of pieces that begins with the piece at @index. */
static guint
run_end(const GArray *pieces, guint index)
{
    guint end = g_array_index(pieces, Piece, index).offset;

    for (; index < pieces->len && g_array_index(pieces, Piece, index).offset == end; index++)
        end += g_array_index(pieces, Piece, index).bytes->len;
    return end;
}

/* Where a piece from @offset to @end belongs; -1 if it is there already, -2 if it overlaps. */
static int
place_of(const GArray *pieces, guint offset, guint end)
{
    for (guint i = 0; i < pieces->len;) {
        guint first = g_array_index(pieces, Piece, i).offset, last = run_end(pieces, i);

        if (end <= first)
            return (int)i;
        if (offset >= first && end <= last)
            return -1;
        if (offset < last)
            return -2;
        while (i < pieces->len && g_array_index(pieces, Piece, i).offset < last)
            i++;
    }
    return (int)pieces->len;
}

static gboolean
is_complete(const Pending *pending)
{
    return pending->has_last && pending->header && pending->pieces->len > 0 &&
           g_array_index(pending->pieces, Piece, 0).offset == 0 && run_end(pending->pieces, 0) == pending->length;
}

static void
put_u16(GByteArray *bytes, guint offset, guint number)
{
    bytes->data[offset] = (guint8)(number >> 8);
    bytes->data[offset + 1] = (guint8)number;
}

static void
complete_ipv4_header(GByteArray *packet, guint header)
{
    put_u16(packet, 2, packet->len);
    put_u16(packet, 6, 0);
    put_u16(packet, 10, 0);
    put_u16(packet, 10, nwf_checksum((NwfBytes){packet->data, header}));
}

static GByteArray *
join(const Pending *pending)
{
    guint header = pending->header->len;
    GByteArray *packet = g_byte_array_sized_new(header + pending->length);

    g_byte_array_append(packet, pending->header->data, header);
    for (guint i = 0; i < pending->pieces->len; i++) {
        const GByteArray *bytes = g_array_index(pending->pieces, Piece, i).bytes;
        g_byte_array_append(packet, bytes->data, bytes->len);
    }
    if (pending->version == 4)
        complete_ipv4_header(packet, header);
    else
        put_u16(packet, 4, packet->len - IPV6_HEADER);
    return packet;
}

/* Puts the fragment's data in its place. Returns: FALSE if the packet can no longer be completed. */
static gboolean
insert(Pending *pending, const Fragment *fragment, guint length)
{
    guint end = fragment->offset + length;
    Piece piece = {.offset = fragment->offset};
    int place = place_of(pending->pieces, fragment->offset, end);

    if (place == -2)
        return FALSE;
    keep_header(pending, fragment);
    if (!fragment->more) {
        pending->has_last = TRUE;
        pending->length = end;
    }
    if (place < 0)
        return TRUE;
    piece.bytes = g_byte_array_append(g_byte_array_new(), fragment->data.data, length);
    g_array_insert_val(pending->pieces, (guint)place, piece);
    return TRUE;
}

/* A last fragment may not end before others do, nor another one behind it. */
static gboolean
end_fits(const Pending *pending, const Fragment *fragment, guint end)
{
    const GArray *pieces = pending->pieces;
    const Piece *last = pieces->len > 0 ? &g_array_index(pieces, Piece, pieces->len - 1) : NULL;

    if (!fragment->more && last && end < last->offset + last->bytes->len)
        return FALSE;
    if (pending->has_last)
        return fragment->more ? end <= pending->length : end == pending->length;
    return TRUE;
}

NwfGathering
nwf_fragments_add(NwfFragments *fragments, const NwfIp *ip, gint64 now, GByteArray **whole)
{
    Fragment fragment;
    Pending *pending;
    guint length;

    if (!take_apart(&fragment, ip))
        return NWF_GATHERING_ALONE;
    length = (guint)fragment.data.length;
    if (fragment.more && length % 8 != 0) {
        if (ip->version == 6)
            return NWF_GATHERING_ALONE;
        length -= length % 8;
    }
    if (length == 0 || fragment.offset + length + fragment.header.length > PACKET_MAX)
        return NWF_GATHERING_DROPPED;
    pending = pending_for(fragments, &fragment.key, now);
    if (!end_fits(pending, &fragment, fragment.offset + length))
        return NWF_GATHERING_DROPPED;
    if (!insert(pending, &fragment, length)) {
        forget(fragments, pending);
        return NWF_GATHERING_DROPPED;
    }
    if (!is_complete(pending))
        return NWF_GATHERING_HELD;
    /* The first fragment may have a longer header than the others, so the size is known only now. */
    length = pending->header->len + pending->length - (ip->version == 6 ? IPV6_HEADER : 0u);
    *whole = length > PACKET_MAX ? NULL : join(pending);
    forget(fragments, pending);
    return *whole ? NWF_GATHERING_WHOLE : NWF_GATHERING_DROPPED;
}
