/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inside.h: what dhcp.c takes of check_private.h; it goes with dhcp.c to packet/
 */
#pragma once

#include "driver/learn/dhcp.h"
#include "packet/check_private.h"

typedef guint64 NwfSkip; /* bit n: the check of reason n is left out; only in the build of the mutants */
#define NWF_SKIP(reason) (G_GUINT64_CONSTANT(1) << (reason))
#ifdef NWF_MUTANTS
#define NWF_SKIPPED nwf_mutant_skip
#else
#define NWF_SKIPPED 0
#endif

NwfReason nwf_dhcp_read_skipping(NwfDhcp *dhcp, NwfBytes message, NwfSkip skip);

static inline gboolean
nwf_check_fails(gboolean holds, NwfReason reason, NwfSkip skip)
{
    return !holds && (skip & NWF_SKIP(reason)) == 0;
}
