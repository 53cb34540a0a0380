/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * match_private.h: what the walk through chains (simulator.c) and the matches of rules (match_*.c) share
 */
#pragma once

#include "simulate/conntrack.h"
#include "simulate/fragments.h"
#include "simulate/simulator.h"

/* Whether a rule's conditions hold for a frame. */
typedef enum NwfAnswer {
    NWF_ANSWER_NO,
    NWF_ANSWER_YES,
    NWF_ANSWER_PERHAPS,
    NWF_ANSWER_ANY,  /* perhaps, and perhaps NWF_ANSWER_STOP */
    NWF_ANSWER_STOP, /* the kernel's match refuses to look at such a packet and has it dropped */
} NwfAnswer;

/** nwf_signed_answer: certain; @holds: whether the operands of @condition accept the value. */
static inline NwfAnswer
nwf_signed_answer(const NwfCondition *condition, gboolean holds)
{
    return holds != condition->negated ? NWF_ANSWER_YES : NWF_ANSWER_NO;
}

/* A frame on its way. */
typedef struct NwfView {
    NwfFrame frame;
    const NwfIp *ip;    /* NULL where the IP layers do not look */
    NwfTracked tracked; /* with ip: what connection tracking knows */
    NwfConntrack *conntrack;
    gboolean copied; /* goes to several ports: one copy after the other, in an order that nobody knows */
} NwfView;

/** nwf_match_ethernet: whether @rule, which stands at the Ethernet layer, matches; not for jumps. */
NwfAnswer nwf_match_ethernet(const NwfPlanRule *rule, const NwfFrame *frame);

/** nwf_match_guard: whether a frame may enter a chain of @kind. */
gboolean nwf_match_guard(const NwfChainKind *kind, const NwfFrame *frame);

/**
 * nwf_match_ip: whether @rule, which stands at an IP layer, matches.
 * @certain: whether the packet certainly comes to this rule; connection limits count those that do
 */
NwfAnswer nwf_match_ip(const NwfPlanRule *rule, const NwfView *view, gboolean certain);

/* Comparisons that both layers make: whether the operands of @condition accept the value, whatever its sign. */
gboolean nwf_accepts_mac(const NwfCondition *condition, const guint8 mac[6]);
gboolean nwf_accepts_address(const NwfCondition *condition, const guint8 *address, guint size);
gboolean nwf_accepts_number(const NwfCondition *condition, guint32 number); /* one number, or a range of numbers */
gboolean nwf_accepts_port(const NwfCondition *condition, guint16 port);
