/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fragments.h: packets put together again, as the kernel does for connection tracking
 *
 * Where the kernel tracks connections, the rules of the IP layers, and the Ethernet rules behind them, see whole
 * packets: the kernel keeps a fragment until all others have come, and the last one carries the packet on. Where it
 * tracks nothing fragments travel alone.
 */
#pragma once

#include "packet/frame.h"

typedef struct NwfFragments NwfFragments;

typedef enum NwfGathering {
    NWF_GATHERING_HELD,   /* waits for the rest */
    NWF_GATHERING_WHOLE,  /* this one was the last missing */
    NWF_GATHERING_ALONE,  /* is not kept: goes on as it is */
    NWF_GATHERING_DROPPED,/* overlaps what came before, or makes no packet */
} NwfGathering;

NwfFragments *nwf_fragments_new(void);
void nwf_fragments_free(NwfFragments *fragments);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfFragments, nwf_fragments_free)

/**
 * nwf_fragments_add:
 * @ip: a sound packet that has ip->fragment set, or an IPv6 packet with a fragment header
 * @now: microseconds; fragments that have waited for longer than the kernel's timeout are dropped
 * @whole: (out) (transfer full): with NWF_GATHERING_WHOLE the packet, from its IP header on
 */
NwfGathering nwf_fragments_add(NwfFragments *fragments, const NwfIp *ip, gint64 now, GByteArray **whole);
