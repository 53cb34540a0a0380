/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conntrack.c: a small model of the kernel's connection tracking; see conntrack.h
 *
 * The table holds each connection under two keys, the tuples of its packets in either direction. A packet that has the
 * tuple with which the connection began travels in the original direction, one that has the other tuple in the reply
 * direction. Until the model has seen a reply, every packet of the original direction is NEW. A connection enters the
 * table when its first packet has passed all rules, so that a dropped packet leaves nothing behind.
 *
 * Doubt. If nobody knows whether that first packet passed, the connection is in the table and doubtful: a later packet
 * has the states that it has if the connection exists and those that it has if it does not.
 *
 * Limits: a connection lasts for its protocol's shortest default timeout after the last packet, in which the real one
 * is certainly still there; between that and the longest one the kernel may know better.
 */
#include "simulate/conntrack_private.h"

#include <string.h>

enum { ALL_DIRECTIONS = NWF_CT_ORIGINAL | NWF_CT_REPLY | NWF_CT_NONE, ICMP_ERROR_HEADER = 8, COUNTED_MAX = 65536 };

struct NwfConntrack {
    gboolean verify_checksums;
    GHashTable *connections; /* bytes of a NwfTuple to NwfConnection */
    GHashTable *counts;      /* bytes of a CountKey to GPtrArray of NwfConnection */
};

/* Whose connections a limit counts. */
typedef struct CountKey {
    const NwfPlanRule *rule;
    guint8 address[16];
} CountKey;

/* ---- connections ---- */

static NwfConnection *
connection_new(const NwfTuple *tuple)
{
    NwfConnection *connection = g_rc_box_new0(NwfConnection);

    connection->tuples[0] = *tuple;
    return connection;
}

NwfConntrack *
nwf_conntrack_new(gboolean verify_checksums)
{
    NwfConntrack *conntrack = g_new0(NwfConntrack, 1);

    conntrack->verify_checksums = verify_checksums;
    conntrack->connections =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, g_rc_box_release);
    conntrack->counts = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
                                              (GDestroyNotify)g_ptr_array_unref);
    return conntrack;
}

void
nwf_conntrack_free(NwfConntrack *conntrack)
{
    if (!conntrack)
        return;
    g_hash_table_unref(conntrack->connections);
    g_hash_table_unref(conntrack->counts);
    g_free(conntrack);
}

/* Both keys are made first, because removing one may free the connection; 10.0.0.1:53 to 10.0.0.1:53 has one key. */
static void
forget(NwfConntrack *conntrack, NwfConnection *connection)
{
    g_autoptr(GBytes) question = g_bytes_new(&connection->tuples[0], sizeof(NwfTuple));
    g_autoptr(GBytes) answer = g_bytes_new(&connection->tuples[1], sizeof(NwfTuple));

    connection->in_table = FALSE;
    g_hash_table_remove(conntrack->connections, question);
    g_hash_table_remove(conntrack->connections, answer);
}

static void
remember(NwfConntrack *conntrack, NwfConnection *connection)
{
    connection->in_table = TRUE;
    for (guint i = 0; i < 2; i++)
        g_hash_table_replace(conntrack->connections, g_bytes_new(&connection->tuples[i], sizeof(NwfTuple)),
                             g_rc_box_acquire(connection));
}

/* The connection of a packet of @tuple, and in which direction it goes; what answers itself is a reply. */
static NwfConnection *
find(NwfConntrack *conntrack, const NwfTuple *tuple, gint64 now, guint *direction)
{
    g_autoptr(GBytes) key = g_bytes_new(tuple, sizeof(*tuple));
    NwfConnection *connection = g_hash_table_lookup(conntrack->connections, key);

    if (!connection)
        return NULL;
    if (now > connection->expires) {
        forget(conntrack, connection);
        return NULL;
    }
    *direction = memcmp(tuple, &connection->tuples[1], sizeof(*tuple)) == 0 ? 1 : 0;
    return connection;
}

/* ---- packets ---- */

/* Addresses and protocol of the packet of @version, and where its transport header is. */
static gboolean
address(NwfTuple *tuple, NwfBytes packet, guint version, NwfBytes *payload)
{
    guint16 fragment = 0;
    NwfIp6Walk walk;
    guint8 first;

    memset(tuple, 0, sizeof(*tuple));
    tuple->version = (guint8)version;
    if (version == 6) {
        if (!nwf_bytes_copy(packet, 8, tuple->src, 16) || !nwf_bytes_copy(packet, 24, tuple->dst, 16) ||
            !nwf_ip6_skip(&walk, packet, TRUE) || (walk.fragment & ~7) != 0)
            return FALSE;
        tuple->protocol = walk.protocol;
        *payload = nwf_bytes_part(packet, walk.offset, G_MAXSIZE);
        return walk.offset <= packet.length;
    }
    if (!nwf_bytes_u8(packet, 0, &first) || !nwf_bytes_u16(packet, 6, &fragment) ||
        !nwf_bytes_u8(packet, 9, &tuple->protocol) || !nwf_bytes_copy(packet, 12, tuple->src, 4) ||
        !nwf_bytes_copy(packet, 16, tuple->dst, 4) || (fragment & 0x1fff) != 0)
        return FALSE;
    *payload = nwf_bytes_part(packet, (first & 15) * 4u, G_MAXSIZE);
    return nwf_bytes_have(packet, 0, (first & 15) * 4u);
}

static void
belongs_to_nothing(NwfTracked *tracked, guint state)
{
    *tracked = (NwfTracked){.states = state, .directions = NWF_CT_NONE};
}

/* An error about another packet is related to the connection of that packet, if it goes where its answers go. */
static void
see_error(NwfConntrack *conntrack, const NwfTuple *outer, NwfBytes payload, gint64 now, NwfTracked *tracked)
{
    NwfBytes quoted = nwf_bytes_part(payload, ICMP_ERROR_HEADER, G_MAXSIZE), quoted_payload;
    NwfTuple inner, answer;
    NwfConnection *connection;
    guint direction;

    belongs_to_nothing(tracked, NWF_STATE_INVALID);
    if (!address(&inner, quoted, outer->version, &quoted_payload) ||
        !nwf_tuple_read(&inner, nwf_tracker_for(inner.version, inner.protocol), quoted_payload) ||
        !nwf_tuple_invert(&answer, &inner))
        return;
    connection = find(conntrack, &answer, now, &direction);
    if (!connection || memcmp(outer->dst, answer.dst, sizeof(answer.dst)) != 0)
        return;
    tracked->states = NWF_STATE_RELATED | (connection->doubtful ? NWF_STATE_INVALID : 0);
    tracked->directions = (direction == 0 ? NWF_CT_ORIGINAL : NWF_CT_REPLY) | (connection->doubtful ? NWF_CT_NONE : 0);
    tracked->connection = connection;
}

/* The first packet of what may become a connection. */
static void
see_first(const NwfTracker *tracker, const NwfTuple *tuple, NwfBytes payload, gint64 now, NwfTracked *tracked)
{
    NwfConnection *connection = connection_new(tuple);
    NwfStep step = nwf_tuple_invert(&connection->tuples[1], tuple) ? NWF_STEP_VALID : NWF_STEP_INVALID;

    if (step == NWF_STEP_VALID && tracker->begin)
        step = tracker->begin(connection, payload);
    belongs_to_nothing(tracked, NWF_STATE_INVALID);
    if (step == NWF_STEP_INVALID) {
        g_rc_box_release(connection);
        return;
    }
    connection->doubtful = step == NWF_STEP_PERHAPS;
    connection->expires = now + tracker->timeout * G_USEC_PER_SEC;
    tracked->states = NWF_STATE_NEW | (connection->doubtful ? NWF_STATE_INVALID : 0);
    tracked->directions = NWF_CT_ORIGINAL | (connection->doubtful ? NWF_CT_NONE : 0);
    tracked->connection = connection;
    tracked->fresh = TRUE;
}

/* What a packet would be if its connection did not exist. */
static void
add_first(const NwfTracker *tracker, const NwfTuple *tuple, NwfBytes payload, gint64 now, NwfTracked *tracked)
{
    NwfTracked first;

    see_first(tracker, tuple, payload, now, &first);
    tracked->states |= first.states;
    tracked->directions |= first.directions;
    if (first.fresh)
        g_rc_box_release(first.connection);
}

static void
see_known(NwfConntrack *conntrack, NwfConnection *connection, guint direction, const NwfTracker *tracker,
          const NwfTuple *tuple, NwfBytes payload, gint64 now, NwfTracked *tracked)
{
    NwfStep step = tracker->follow ? tracker->follow(connection, direction, payload) : NWF_STEP_VALID;

    *tracked = (NwfTracked){.connection = connection};
    if (step == NWF_STEP_INVALID) {
        belongs_to_nothing(tracked, NWF_STATE_INVALID);
        return;
    }
    tracked->states = direction == 0 && !connection->seen_reply ? NWF_STATE_NEW : NWF_STATE_ESTABLISHED;
    tracked->directions = direction == 0 ? NWF_CT_ORIGINAL : NWF_CT_REPLY;
    if (connection->doubtful && (direction == 1 || step == NWF_STEP_PERHAPS))
        connection->phase = NWF_PHASE_LOST; /* it may even have begun anew the other way round */
    if (connection->doubtful)
        add_first(tracker, tuple, payload, now, tracked);
    if (step == NWF_STEP_PERHAPS || (connection->doubtful && connection->phase == NWF_PHASE_LOST)) {
        tracked->states |= NWF_STATES_TRACKED;
        tracked->directions = ALL_DIRECTIONS;
    }
    connection->seen_reply = connection->seen_reply || direction == 1;
    connection->expires = now + (connection->seen_reply ? tracker->timeout_replied : tracker->timeout) * G_USEC_PER_SEC;
    if (step == NWF_STEP_END) {
        tracked->connection = NULL;
        forget(conntrack, connection);
    }
}

void
nwf_conntrack_see(NwfConntrack *conntrack, const NwfIp *ip, gint64 now, NwfTracked *tracked)
{
    const NwfTracker *tracker;
    NwfConnection *connection;
    NwfBytes payload;
    NwfTuple tuple;
    guint direction = 0;

    belongs_to_nothing(tracked, NWF_STATE_INVALID);
    if (!address(&tuple, ip->packet, ip->version, &payload))
        return;
    tracker = nwf_tracker_for(tuple.version, tuple.protocol);
    if ((tracker->is_sound && !tracker->is_sound(ip, payload, conntrack->verify_checksums)) ||
        !nwf_tuple_read(&tuple, tracker, payload))
        return;
    if (nwf_icmp_is_untracked(&tuple)) {
        belongs_to_nothing(tracked, NWF_STATE_UNTRACKED);
        return;
    }
    if (nwf_icmp_is_error(&tuple)) {
        see_error(conntrack, &tuple, payload, now, tracked);
        return;
    }
    connection = find(conntrack, &tuple, now, &direction);
    if (!connection)
        see_first(tracker, &tuple, payload, now, tracked);
    else
        see_known(conntrack, connection, direction, tracker, &tuple, payload, now, tracked);
}

void
nwf_conntrack_finish(NwfConntrack *conntrack, NwfTracked *tracked, NwfOutcome outcome)
{
    NwfConnection *connection = tracked->connection;

    if (!connection)
        return;
    if (tracked->fresh) {
        connection->doubtful = connection->doubtful || outcome == NWF_OUTCOME_DOUBTFUL;
        if (outcome != NWF_OUTCOME_DROPPED)
            remember(conntrack, connection);
        g_rc_box_release(connection);
        tracked->connection = NULL;
    } else if (outcome == NWF_OUTCOME_PASSED && tracked->states == NWF_STATE_NEW) {
        connection->doubtful = FALSE; /* begun now at the latest */
    }
}

/* ---- limits ---- */

/* Stands in a list for a connection that may have been counted, and never leaves it. */
static NwfConnection *
connection_unknown(void)
{
    const NwfTuple nothing = {.version = 0};
    NwfConnection *connection = connection_new(&nothing);

    connection->in_table = TRUE;
    connection->doubtful = TRUE;
    return connection;
}

static GPtrArray *
counted(NwfConntrack *conntrack, const NwfPlanRule *rule, const NwfIp *ip)
{
    CountKey key;
    GPtrArray *list;

    memset(&key, 0, sizeof(key));
    key.rule = rule;
    memcpy(key.address, ip->src, ip->address_size);
    g_autoptr(GBytes) bytes = g_bytes_new(&key, sizeof(key));
    list = g_hash_table_lookup(conntrack->counts, bytes);
    if (!list) {
        list = g_ptr_array_new_with_free_func(g_rc_box_release);
        g_hash_table_insert(conntrack->counts, g_steal_pointer(&bytes), list);
    }
    return list;
}

/*
 * Releases of the kernel differ in what they do when a packet of a known connection comes by: whether it is counted if
 * it was not, and whether connections that are gone are taken out then. So a count is known only where all agree: for
 * the first packet of a connection, and for later ones while everything in the list lives.
 */
int
nwf_conntrack_count(NwfConntrack *conntrack, const NwfPlanRule *rule, const NwfIp *ip, const NwfTracked *tracked,
                    gboolean certain)
{
    GPtrArray *list = counted(conntrack, rule, ip);
    NwfConnection *own = tracked->connection;
    gboolean known = own && !own->doubtful;

    if (!certain)
        g_ptr_array_add(list, connection_unknown());
    if (list->len > COUNTED_MAX)
        return NWF_COUNT_UNKNOWN;
    for (guint i = 0; i < list->len;) {
        NwfConnection *other = g_ptr_array_index(list, i);
        gboolean gone = other != own && (!other->in_table || other->phase == NWF_PHASE_CLOSED);

        if (gone && tracked->fresh) {
            g_ptr_array_remove_index(list, i);
            continue;
        }
        known = known && !gone && !other->doubtful && other->phase != NWF_PHASE_LOST;
        i++;
    }
    if (!own) {
        g_ptr_array_add(list, connection_unknown());
        return NWF_COUNT_REFUSED;
    }
    if (!g_ptr_array_find(list, own, NULL)) {
        known = known && tracked->fresh;
        g_ptr_array_add(list, g_rc_box_acquire(own));
    }
    if (own->phase >= NWF_PHASE_CLOSED)
        return NWF_COUNT_REFUSED;
    return known ? (int)list->len : NWF_COUNT_UNKNOWN;
}
