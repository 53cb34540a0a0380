/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inside.h: checks that can be switched off one by one, for the tests of the tests
 *
 * The functions of sight.h, usable.h and transactions.h are these with nothing switched off. A test runs its
 * stories with the check of each reason switched off in turn, and a story must fail: then no check stands there
 * untested.
 */
#pragma once

#include "driver/learn/port.h"

typedef guint64 NwfSkip; /* bit n: the check of reason n */
G_STATIC_ASSERT(NWF_REASONS <= 64);
#define NWF_SKIP(reason) (G_GUINT64_CONSTANT(1) << (reason))

void nwf_sight_skipping(NwfSighting *sighting, NwfBytes frame, gsize wire_length, NwfWay way, const guint8 mac[6],
                        NwfSkip skip);
NwfReason nwf_usable_skipping(const NwfAddress *address, const NwfAddress *mask, const NwfUsable *usable, NwfSkip skip);
void nwf_transactions_client_skipping(NwfTransactions *transactions, const NwfSighting *sighting,
                                      const NwfTrusted *trusted, gint64 now, NwfLesson *lesson, NwfSkip skip);
void nwf_transactions_server_skipping(NwfTransactions *transactions, const NwfSighting *sighting,
                                      const NwfTrusted *trusted, gint64 now, NwfLesson *lesson, NwfSkip skip);

/** nwf_learn_port_skip: from now on @port does without the checks of @skip. */
void nwf_learn_port_skip(NwfLearnPort *port, NwfSkip skip);

/** nwf_check_fails: whether the check of @reason is on and does not hold. */
static inline gboolean
nwf_check_fails(gboolean holds, NwfReason reason, NwfSkip skip)
{
    return !holds && (skip & NWF_SKIP(reason)) == 0;
}
