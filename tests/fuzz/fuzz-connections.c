/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-connections.c: whatever packets come in whatever order, connections are neither invented nor used after their
 * end
 *
 * The input chooses packets between very few addresses and ports, so that they meet, also of one that talks to itself;
 * time that passes; what became of each packet; and limits that count it. What must hold: a packet has a state and a
 * direction; nothing is established or related while no packet has passed since everything expired; a limit counts
 * no more connections than it was asked about.
 */
#include "simulate/conntrack.h"

#include <string.h>

#include "choices.h"
#include "fuzz.h"

enum { PACKETS_MAX = 16, RULES = 2, PACKET_MAX = 128, LONGEST_TIMEOUT = 432000 };

static const guint waits[] = {0, 1, 29, 31, 121, 181, 601, LONGEST_TIMEOUT + 1};
static const guint8 protocols[] = {NWF_PROTO_TCP, NWF_PROTO_UDP,     NWF_PROTO_ICMP, NWF_PROTO_SCTP,
                                   NWF_PROTO_GRE, NWF_PROTO_UDPLITE, NWF_PROTO_DCCP, 99};
static const NwfPlanRule rules[RULES];

typedef struct World {
    NwfConntrack *conntrack;
    GByteArray *packet;
    gint64 now;
    gboolean begun; /* something may be in the table */
    guint asked[RULES];
} World;

static void
put_transport(Choices *choices, GByteArray *to, guint8 protocol)
{
    guint ports = choose(choices, 4);

    if (protocol == NWF_PROTO_ICMP || protocol == NWF_PROTO_ICMPV6) {
        put(to, choose(choices, 256), 1);
        put(to, (guint64)choose(choices, 2) << 32 | choose(choices, 2), 7);
        return;
    }
    put(to, 1 + (ports & 1), 2);
    put(to, 1 + (ports >> 1), 2);
    if (protocol == NWF_PROTO_TCP) {
        put(to, choose(choices, 3), 4);
        put(to, choose(choices, 3), 4);
        put(to, 5u << 12 | choose(choices, 256), 2);
        put(to, 0, 6);
    } else if (protocol == NWF_PROTO_SCTP) {
        put(to, choose(choices, 2), 8);
        put(to, choose(choices, 16), 1);
        put(to, 16, 3);
        put(to, choose(choices, 2), 12);
    } else {
        put(to, 8ull << 16 | choose(choices, 2), 4);
    }
    put(to, 0, choose(choices, 2));
}

/* A packet; one that tells of an error quotes another one. */
static void
put_packet(Choices *choices, GByteArray *to, guint depth)
{
    guint start = to->len, addresses = choose(choices, 8), kind;
    gboolean v6 = (addresses & 4) != 0;
    guint8 protocol = protocols[choose(choices, G_N_ELEMENTS(protocols))];
    guint32 sum = 0;

    if (v6 && protocol == NWF_PROTO_ICMP)
        protocol = NWF_PROTO_ICMPV6;
    put(to, v6 ? 6ull << 60 | (guint64)protocol << 8 : 0x4500000000000000ull, 8);
    put(to, (guint64)protocol << 16, v6 ? 0 : 4);
    for (guint bit = 1; bit <= 2; bit <<= 1) {
        put(to, 0xfd, v6 ? 8 : 0);
        put(to, (addresses & bit) != 0 ? 2 : 1, v6 ? 8 : 4);
    }
    kind = to->len;
    put_transport(choices, to, protocol);
    if (depth == 0 && (protocol == NWF_PROTO_ICMP || protocol == NWF_PROTO_ICMPV6) &&
        to->data[kind] < (v6 ? 128 : 13) && to->data[kind] != 8)
        put_packet(choices, to, 1);
    to->data[start + (v6 ? 5 : 3)] = (guint8)(to->len - start - (v6 ? 40 : 0));
    for (guint i = start; !v6 && i < start + 20; i += 2)
        sum += (guint)to->data[i] << 8 | to->data[i + 1];
    if (!v6) {
        sum = ~((sum & 0xffff) + (sum >> 16));
        to->data[start + 10] = (guint8)(sum >> 8);
        to->data[start + 11] = (guint8)sum;
    }
}

static void
play_packet(World *world, Choices *choices)
{
    GByteArray *bytes = world->packet;
    guint wait = waits[choose(choices, G_N_ELEMENTS(waits))], end = choose(choices, 3), limit = choose(choices, 8);
    NwfTracked tracked;
    NwfIp ip;

    g_byte_array_set_size(bytes, 0);
    put_packet(choices, bytes, 0);
    g_assert_true(nwf_ip_read(&ip, (NwfBytes){bytes->data, bytes->len}, bytes->data[0] >> 4));
    world->now += wait * G_USEC_PER_SEC;
    world->begun = world->begun && wait <= LONGEST_TIMEOUT;
    nwf_conntrack_see(world->conntrack, &ip, world->now, &tracked);
    g_assert_cmpuint(tracked.states, !=, 0);
    g_assert_cmpuint(tracked.directions, !=, 0);
    g_assert_true(!tracked.fresh || (tracked.connection != NULL && (tracked.states & NWF_STATE_NEW) != 0));
    if (!world->begun)
        g_assert_cmpuint(tracked.states & (NWF_STATE_ESTABLISHED | NWF_STATE_RELATED), ==, 0);
    if (limit < 2 * RULES) {
        int n = nwf_conntrack_count(world->conntrack, &rules[limit % RULES], &ip, &tracked, limit < RULES);

        g_assert_cmpint(n, >=, NWF_COUNT_REFUSED);
        g_assert_cmpint(n, <=, (int)++world->asked[limit % RULES]);
    }
    nwf_conntrack_finish(world->conntrack, &tracked, (NwfOutcome)end);
    world->begun = world->begun || end != NWF_OUTCOME_DROPPED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Choices choices = {data, data + size};
    g_autoptr(NwfConntrack) conntrack = nwf_conntrack_new(choose(&choices, 8) == 1);
    g_autoptr(GByteArray) packet = g_byte_array_sized_new(PACKET_MAX);
    World world = {.conntrack = conntrack, .packet = packet};

    for (guint i = 0; i < PACKETS_MAX && choices.at < choices.end; i++)
        play_packet(&world, &choices);
    return 0;
}
