/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conntrack_protocols.c: what connection tracking knows of protocols
 *
 * One row for each protocol says when a packet is sound, which numbers tell its connection from others, what may begin
 * one, and what may follow. A packet that is not sound, or begins nothing and belongs to nothing, is INVALID.
 *
 * The model follows TCP as long as both ends send in order: each segment begins where the last one of its direction
 * ended and acknowledges no more than the other end has sent. Such segments are certainly in the window. What the
 * kernel makes of all others the model does not know: NWF_STEP_PERHAPS. The same holds for SCTP after its four-way
 * handshake.
 *
 * Sources: RFC 768, 792, 3828, 4443, 4960, 9293; documentation of the nf_conntrack sysctls (timeouts; tcp_loose, by
 * which an acknowledgement may begin a connection that was open before); behaviour seen in the kernel.
 */
#include "simulate/conntrack_private.h"

#include <string.h>

enum {
    TCP_HEADER = 20,
    SCTP_HEADER = 12,
    SCTP_INIT = 1,
    SCTP_INIT_ACK = 2,
    SCTP_COOKIE_ECHO = 10,
    SCTP_COOKIE_ACK = 11
};
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32, TCP_EXPLICIT_CONGESTION = 0xc0 };

static NwfStep
lose(NwfConnection *connection)
{
    connection->phase = NWF_PHASE_LOST;
    return NWF_STEP_PERHAPS;
}

/* ---- ports ---- */

static gboolean
read_ports(NwfTuple *tuple, NwfBytes payload)
{
    return nwf_bytes_u16(payload, 0, &tuple->src_port) && nwf_bytes_u16(payload, 2, &tuple->dst_port);
}

/* ---- UDP, UDP-Lite ---- */

static gboolean
udp_is_sound(const NwfIp *ip, NwfBytes payload, gboolean verify)
{
    guint16 length, checksum;

    if (!nwf_bytes_u16(payload, 4, &length) || !nwf_bytes_u16(payload, 6, &checksum) || length < 8 ||
        length > payload.length)
        return FALSE;
    return checksum == 0 || !verify || nwf_checksum_holds(payload, ip, NWF_PROTO_UDP, (guint32)payload.length);
}

/* The kernel computes the pseudo header with the number of UDP, so it takes the right checksums for wrong ones. */
static gboolean
udplite_is_sound(const NwfIp *ip, NwfBytes payload, gboolean verify)
{
    guint16 coverage, checksum;

    if (!nwf_bytes_u16(payload, 4, &coverage) || !nwf_bytes_u16(payload, 6, &checksum) || checksum == 0 ||
        (coverage != 0 && coverage < 8) || coverage > payload.length)
        return FALSE;
    if (!verify)
        return TRUE;
    return nwf_checksum_holds(coverage == 0 ? payload : nwf_bytes_part(payload, 0, coverage), ip, NWF_PROTO_UDP,
                              (guint32)payload.length);
}

/* ---- ICMP ---- */

/* Pairs of question and answer; the rest neither begins a connection nor belongs to one by itself. */
static const struct {
    guint8 version, question, answer;
} conversations[] = {{4, 8, 0}, {4, 13, 14}, {4, 15, 16}, {4, 17, 18}, {6, 128, 129}, {6, 139, 140}};

static const guint8 icmp_errors[] = {3, 4, 5, 11, 12};

/* Neighbour discovery, and who listens to which group. */
static const guint8 icmpv6_untracked[] = {130, 131, 132, 133, 134, 135, 136, 143};

static gboolean
icmp_is_sound(G_GNUC_UNUSED const NwfIp *ip, NwfBytes payload, gboolean verify)
{
    guint8 type;

    return nwf_bytes_have(payload, 0, 8) && nwf_bytes_u8(payload, 0, &type) && type <= 18 &&
           (!verify || nwf_checksum_holds(payload, NULL, 0, 0));
}

static gboolean
icmpv6_is_sound(const NwfIp *ip, NwfBytes payload, gboolean verify)
{
    return nwf_bytes_have(payload, 0, 8) &&
           (!verify || nwf_checksum_holds(payload, ip, NWF_PROTO_ICMPV6, (guint32)payload.length));
}

static gboolean
read_icmp(NwfTuple *tuple, NwfBytes payload)
{
    return nwf_bytes_u8(payload, 0, &tuple->type) && nwf_bytes_u8(payload, 1, &tuple->code) &&
           nwf_bytes_u16(payload, 4, &tuple->src_port);
}

static gboolean
icmp_invert(NwfTuple *tuple)
{
    for (guint i = 0; i < G_N_ELEMENTS(conversations); i++) {
        if (conversations[i].version != tuple->version)
            continue;
        if (tuple->type == conversations[i].question || tuple->type == conversations[i].answer) {
            tuple->type ^= conversations[i].question ^ conversations[i].answer;
            return TRUE;
        }
    }
    return FALSE;
}

static NwfStep
icmp_begin(NwfConnection *connection, G_GNUC_UNUSED NwfBytes payload)
{
    for (guint i = 0; i < G_N_ELEMENTS(conversations); i++)
        if (conversations[i].version == connection->tuples[0].version &&
            conversations[i].question == connection->tuples[0].type)
            return NWF_STEP_VALID;
    return NWF_STEP_INVALID;
}

gboolean
nwf_icmp_is_error(const NwfTuple *tuple)
{
    if (tuple->version == 4)
        return tuple->protocol == NWF_PROTO_ICMP && memchr(icmp_errors, tuple->type, sizeof(icmp_errors)) != NULL;
    return tuple->protocol == NWF_PROTO_ICMPV6 && tuple->type < 128;
}

gboolean
nwf_icmp_is_untracked(const NwfTuple *tuple)
{
    return tuple->version == 6 && tuple->protocol == NWF_PROTO_ICMPV6 &&
           memchr(icmpv6_untracked, tuple->type, sizeof(icmpv6_untracked)) != NULL;
}

/* ---- TCP ---- */

typedef struct Segment {
    guint8 flags; /* those that count: FIN, SYN, RST, ACK */
    guint32 sequence, acknowledged;
    guint32 end; /* sequence number that follows */
} Segment;

static gboolean
segment_read(Segment *segment, NwfBytes payload)
{
    guint8 offset, flags;

    if (!nwf_bytes_u32(payload, 4, &segment->sequence) || !nwf_bytes_u32(payload, 8, &segment->acknowledged) ||
        !nwf_bytes_u8(payload, 12, &offset) || !nwf_bytes_u8(payload, 13, &flags))
        return FALSE;
    segment->flags = flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);
    segment->end = segment->sequence + (guint32)(payload.length - (offset >> 4) * 4u) + ((flags & TCP_SYN) != 0) +
                   ((flags & TCP_FIN) != 0);
    return TRUE;
}

static gboolean
tcp_flags_are_sound(guint8 flags)
{
    static const guint8 sound[] = {TCP_SYN,           TCP_SYN | TCP_URG, TCP_SYN | TCP_ACK,           TCP_RST,
                                   TCP_RST | TCP_ACK, TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK | TCP_URG, TCP_ACK,
                                   TCP_ACK | TCP_URG};

    return memchr(sound, flags & ~(TCP_PSH | TCP_EXPLICIT_CONGESTION), sizeof(sound)) != NULL;
}

static gboolean
tcp_is_sound(const NwfIp *ip, NwfBytes payload, gboolean verify)
{
    guint8 offset, flags;
    gsize header;

    if (!nwf_bytes_have(payload, 0, TCP_HEADER) || !nwf_bytes_u8(payload, 12, &offset) ||
        !nwf_bytes_u8(payload, 13, &flags))
        return FALSE;
    header = (offset >> 4) * 4u;
    return header >= TCP_HEADER && header <= payload.length && tcp_flags_are_sound(flags) &&
           (!verify || nwf_checksum_holds(payload, ip, NWF_PROTO_TCP, (guint32)payload.length));
}

static NwfStep
tcp_begin(NwfConnection *connection, NwfBytes payload)
{
    Segment segment;

    if (!segment_read(&segment, payload))
        return NWF_STEP_INVALID;
    if (segment.flags != TCP_SYN && segment.flags != TCP_ACK)
        return NWF_STEP_INVALID;
    connection->phase = segment.flags == TCP_SYN ? NWF_PHASE_OPENING : NWF_PHASE_OPEN;
    connection->next[0] = segment.end;
    connection->next[1] = segment.acknowledged;
    return NWF_STEP_VALID;
}

/* A connection that is asked for and not yet agreed to. */
static NwfStep
tcp_opening(NwfConnection *connection, guint direction, const Segment *segment)
{
    if (direction == 0)
        return segment->flags == TCP_SYN && segment->end == connection->next[0] ? NWF_STEP_VALID : lose(connection);
    if (segment->acknowledged != connection->next[0])
        return lose(connection);
    if (segment->flags == (TCP_SYN | TCP_ACK)) {
        connection->phase = NWF_PHASE_ANSWERED;
        connection->next[1] = segment->end;
        return NWF_STEP_VALID;
    }
    return segment->flags == (TCP_RST | TCP_ACK) && !connection->seen_reply ? NWF_STEP_END : lose(connection);
}

static NwfStep
tcp_follow(NwfConnection *connection, guint direction, NwfBytes payload)
{
    Segment segment;

    if (!segment_read(&segment, payload))
        return NWF_STEP_INVALID;
    if (connection->phase == NWF_PHASE_OPENING)
        return tcp_opening(connection, direction, &segment);
    if (connection->phase > NWF_PHASE_OPEN || segment.sequence != connection->next[direction])
        return lose(connection);
    if (segment.flags == TCP_RST || segment.flags == (TCP_RST | TCP_ACK)) {
        connection->phase = NWF_PHASE_CLOSED;
        return NWF_STEP_VALID;
    }
    if ((segment.flags & ~TCP_FIN) != TCP_ACK || segment.acknowledged != connection->next[1 - direction])
        return lose(connection);
    if (connection->phase == NWF_PHASE_ANSWERED && (direction == 1 || segment.flags != TCP_ACK))
        return lose(connection);
    connection->phase = connection->finished[0] && connection->finished[1] ? NWF_PHASE_CLOSED : NWF_PHASE_OPEN;
    connection->next[direction] = segment.end;
    if ((segment.flags & TCP_FIN) != 0)
        connection->finished[direction] = TRUE;
    return NWF_STEP_VALID;
}

/* ---- SCTP ---- */

static guint32
crc32c(NwfBytes bytes)
{
    guint32 crc = 0xffffffff;
    guint8 byte;

    for (gsize i = 0; nwf_bytes_u8(bytes, i, &byte); i++) {
        if (i >= 8 && i < SCTP_HEADER)
            byte = 0; /* the checksum itself */
        crc ^= byte;
        for (guint bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static gboolean
sctp_is_sound(G_GNUC_UNUSED const NwfIp *ip, NwfBytes payload, gboolean verify)
{
    guint32 checksum;

    return nwf_bytes_u32(payload, 8, &checksum) && (!verify || GUINT32_SWAP_LE_BE(checksum) == crc32c(payload));
}

/* The one chunk of a packet of the handshake. */
static gboolean
chunk_read(NwfBytes payload, guint8 *type, guint32 *tag, guint32 *init_tag)
{
    *init_tag = 0;
    if (!nwf_bytes_u32(payload, 4, tag) || !nwf_bytes_u8(payload, SCTP_HEADER, type))
        return FALSE;
    return (*type != SCTP_INIT && *type != SCTP_INIT_ACK) || nwf_bytes_u32(payload, SCTP_HEADER + 4, init_tag);
}

static NwfStep
sctp_begin(NwfConnection *connection, NwfBytes payload)
{
    guint32 tag, init_tag;
    guint16 length;
    guint8 type;

    if (!chunk_read(payload, &type, &tag, &init_tag) || !nwf_bytes_u16(payload, SCTP_HEADER + 2, &length))
        return NWF_STEP_INVALID;
    if (type == SCTP_INIT && tag != 0)
        return NWF_STEP_INVALID;
    if (type != SCTP_INIT || length < 20 || SCTP_HEADER + (gsize)length != payload.length)
        return NWF_STEP_PERHAPS;
    connection->phase = NWF_PHASE_OPENING;
    connection->tags[1] = init_tag;
    return NWF_STEP_VALID;
}

static NwfStep
sctp_follow(NwfConnection *connection, guint direction, NwfBytes payload)
{
    static const struct {
        NwfPhase before, after;
        guint direction;
        guint8 type;
    } steps[] = {
        {NWF_PHASE_OPENING, NWF_PHASE_ANSWERED, 1, SCTP_INIT_ACK},
        {NWF_PHASE_ANSWERED, NWF_PHASE_ANSWERED, 0, SCTP_COOKIE_ECHO},
        {NWF_PHASE_ANSWERED, NWF_PHASE_OPEN, 1, SCTP_COOKIE_ACK},
    };
    guint32 tag, init_tag;
    guint8 type;

    if (!chunk_read(payload, &type, &tag, &init_tag))
        return NWF_STEP_INVALID;
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (steps[i].before != connection->phase || steps[i].direction != direction || steps[i].type != type)
            continue;
        if (tag != connection->tags[direction])
            break;
        if (type == SCTP_INIT_ACK)
            connection->tags[0] = init_tag;
        connection->phase = steps[i].after;
        return NWF_STEP_VALID;
    }
    return lose(connection);
}

/* ---- the table ---- */

static NwfStep
unknown_begin(NwfConnection *connection, G_GNUC_UNUSED NwfBytes payload)
{
    return lose(connection);
}

static NwfStep
unknown_follow(G_GNUC_UNUSED NwfConnection *connection, G_GNUC_UNUSED guint direction, G_GNUC_UNUSED NwfBytes payload)
{
    return NWF_STEP_PERHAPS;
}

static const NwfTracker trackers[] = {
    {NWF_PROTO_TCP, 0, tcp_is_sound, read_ports, tcp_begin, tcp_follow, 120, 432000},
    {NWF_PROTO_UDP, 0, udp_is_sound, read_ports, NULL, NULL, 30, 30},
    {NWF_PROTO_UDPLITE, 0, udplite_is_sound, read_ports, NULL, NULL, 30, 180},
    {NWF_PROTO_SCTP, 0, sctp_is_sound, read_ports, sctp_begin, sctp_follow, 3, 3},
    {NWF_PROTO_ICMP, 4, icmp_is_sound, read_icmp, icmp_begin, NULL, 30, 30},
    {NWF_PROTO_ICMPV6, 6, icmpv6_is_sound, read_icmp, icmp_begin, NULL, 30, 30},
    {NWF_PROTO_DCCP, 0, NULL, NULL, unknown_begin, unknown_follow, 600, 600},
    {NWF_PROTO_GRE, 0, NULL, NULL, unknown_begin, unknown_follow, 600, 600},
};

static const NwfTracker generic = {0, 0, NULL, NULL, NULL, NULL, 600, 600};

const NwfTracker *
nwf_tracker_for(guint version, guint8 protocol)
{
    for (guint i = 0; i < G_N_ELEMENTS(trackers); i++)
        if (trackers[i].protocol == protocol && (trackers[i].version == 0 || trackers[i].version == version))
            return &trackers[i];
    return &generic;
}

gboolean
nwf_tuple_read(NwfTuple *tuple, const NwfTracker *tracker, NwfBytes payload)
{
    return !tracker->read || tracker->read(tuple, payload);
}

gboolean
nwf_tuple_invert(NwfTuple *to, const NwfTuple *from)
{
    gboolean icmp = nwf_tracker_for(from->version, from->protocol)->read == read_icmp;

    *to = *from;
    memcpy(to->src, from->dst, sizeof(to->src));
    memcpy(to->dst, from->src, sizeof(to->dst));
    if (icmp)
        return icmp_invert(to);
    to->src_port = from->dst_port;
    to->dst_port = from->src_port;
    return TRUE;
}
