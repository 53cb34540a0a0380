/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conntrack_private.h: what conntrack.c (the table of connections) and conntrack_protocols.c (the protocols) share
 */
#pragma once

#include "simulate/conntrack.h"

/* Who sends to whom, and what tells their connections apart. Compared as bytes, so cleared before it is filled. */
typedef struct NwfTuple {
    guint8 src[16], dst[16];
    guint16 src_port, dst_port; /* ICMP: identifier, 0; protocols without ports: 0 */
    guint8 version, protocol;
    guint8 type, code;          /* ICMP */
} NwfTuple;

typedef enum NwfPhase {
    NWF_PHASE_OPENING,  /* asked */
    NWF_PHASE_ANSWERED, /* agreed to */
    NWF_PHASE_OPEN,
    NWF_PHASE_CLOSED,   /* reset, or finished by both ends */
    NWF_PHASE_LOST,     /* the model does not know */
} NwfPhase;

/* In a GLib reference counted box. */
struct NwfConnection {
    NwfTuple tuples[2];     /* as it began; the answers */
    gboolean in_table;
    gboolean seen_reply;
    gboolean doubtful;      /* may not be in the kernel's table */
    gint64 expires;
    NwfPhase phase;
    guint32 next[2];        /* TCP: sequence number that follows, by direction */
    gboolean finished[2];   /* TCP: has sent FIN */
    guint32 tags[2];        /* SCTP: verification tag of packets in that direction */
};

/* What a protocol says about a packet of a connection, or about the first of one. */
typedef enum NwfStep {
    NWF_STEP_VALID,
    NWF_STEP_INVALID,
    NWF_STEP_END,   /* valid, and the connection is forgotten with it */
    NWF_STEP_PERHAPS,
} NwfStep;

typedef struct NwfTracker {
    guint8 protocol;
    guint8 version;                                                    /* 0: both */
    gboolean (*is_sound)(const NwfIp *ip, NwfBytes payload, gboolean verify); /* NULL: always; else it is INVALID */
    gboolean (*read)(NwfTuple *tuple, NwfBytes payload);               /* NULL: nothing but addresses counts */
    NwfStep (*begin)(NwfConnection *connection, NwfBytes payload);     /* NULL: any packet */
    NwfStep (*follow)(NwfConnection *connection, guint direction, NwfBytes payload); /* NULL: any packet */
    guint timeout, timeout_replied;                                    /* seconds */
} NwfTracker;

/** nwf_tracker_for: the row of a protocol; there is always one. */
const NwfTracker *nwf_tracker_for(guint version, guint8 protocol);

/** nwf_tuple_read: FALSE if the packet is too short for its tuple. */
gboolean nwf_tuple_read(NwfTuple *tuple, const NwfTracker *tracker, NwfBytes payload);
/** nwf_tuple_invert: FALSE if there is no answer to such a packet. */
gboolean nwf_tuple_invert(NwfTuple *to, const NwfTuple *from);

/* Messages that are about another packet, or that are never tracked. */
gboolean nwf_icmp_is_error(const NwfTuple *tuple);
gboolean nwf_icmp_is_untracked(const NwfTuple *tuple);
