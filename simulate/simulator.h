/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simulator.h: what the rules of ports do to a frame, without a kernel
 *
 *     plans + a frame + where it comes from and goes to  ->  its fate, and the rule that decided it
 *
 * A simulator stands for one host with its bridge: it remembers connections and fragments from one frame to the next,
 * as the kernel does, and is otherwise pure. It walks the rules as driver/tech/ebiptables puts them into the kernel:
 *
 *     from a port    I chains of the port                        bridge prerouting
 *                    sound IP packet? whole? which connection?   bridge netfilter, connection tracking
 *     to a port      FI of the one port, FO of the other         forward; not for VLAN-tagged frames
 *                    O chains of the port                        bridge postrouting
 *     to the host    HI of the port it comes from                input
 *     from the host  O chains alone
 *
 * A fate that nobody can know from plans and frames (what is in an ipset; a segment out of order) is NWF_FATE_UNKNOWN,
 * unless all possibilities lead to the same end.
 *
 * Assumed: the bridge forwards the frame at all (no VLAN filtering, no isolated ports, fitting MTU); bridge netfilter
 * is on for IPv4 and IPv6, not for tagged frames; the host's own rules accept; the sysctls of connection tracking are
 * the defaults; tools of the nf_tables kind, whose rules for ports at the IP layers do not look whether a packet is a
 * later fragment. Packets that the host routes are not modelled.
 */
#pragma once

#include "plan/plan.h"

/* Differences of such times, and timeouts added to them, stay in 64 bits. */
#define NWF_TIME_MAX (G_MAXINT64 / 4)

typedef enum NwfFate {
    NWF_FATE_PASSES,
    NWF_FATE_DROPPED,
    NWF_FATE_REJECTED, /* dropped with an answer to the sender */
    NWF_FATE_HELD,     /* a fragment that waits for the others: it shares the fate of the one that comes last */
    NWF_FATE_UNKNOWN,
} NwfFate;

/* One end of a frame's way. */
typedef struct NwfEnd {
    const NwfPlan *plan; /* of the port; NULL: a port without filter, or the host */
    gboolean host;
} NwfEnd;

/* What one chain of the way did. */
typedef struct NwfStage {
    const NwfPlan *plan;
    const NwfChain *chain;   /* in which it was decided: the hook's root chain or a sub-chain */
    const NwfPlanRule *rule; /* NULL: the end of the chain was reached */
    guint index;             /* of the rule in its chain, from 0 */
    gboolean certain;        /* FALSE: the rule may match or not */
} NwfStage;

enum { NWF_STAGES_MAX = 4 };

typedef struct NwfDecision {
    NwfFate fate;
    const char *reason; /* untranslated, static: why no rule decided; NULL if rules or their absence did */
    NwfStage stages[NWF_STAGES_MAX]; /* the chains that the frame went through, in order */
    guint n_stages;
    const NwfStage *deciding; /* points into stages: the one that decided; NULL if none did */
} NwfDecision;

typedef struct NwfSimulatorOptions {
    gboolean verify_checksums;   /* captures often hold frames whose checksums the card fills in later */
    gboolean tracked[NWF_LAYERS];/* connections are tracked although no plan asks for it (a host with NAT, say) */
} NwfSimulatorOptions;

typedef struct NwfSimulator NwfSimulator;

/**
 * nwf_simulator_new:
 * @plans: (element-type NwfPlan): of all ports of the host; kept. Whether connections are tracked depends on all of
 * them
 * @options: may be NULL
 */
NwfSimulator *nwf_simulator_new(GPtrArray *plans, const NwfSimulatorOptions *options);
void nwf_simulator_free(NwfSimulator *simulator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfSimulator, nwf_simulator_free)

/**
 * nwf_simulator_frame:
 * @data: the frame from its destination address on, without checksum
 * @now: microseconds, from -NWF_TIME_MAX to NWF_TIME_MAX; later frames have later times
 * @to: where it goes: several ends if it is sent to many, each with its decision
 * @decisions: (out caller-allocates) (array length=n_to)
 *
 * Plays the next frame.
 */
void nwf_simulator_frame(NwfSimulator *simulator, const guint8 *data, gsize length, gint64 now, const NwfEnd *from,
                     const NwfEnd *to, guint n_to, NwfDecision *decisions);
