/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pace.h: how often the learned addresses of one port may change its rules
 *
 * Pure: all times are given, in microseconds of one clock that never goes back. Not for several threads.
 */
#pragma once

#include <glib.h>

typedef struct NwfPace NwfPace;

NwfPace *nwf_pace_new(void);
void nwf_pace_free(NwfPace *pace);

/** nwf_pace_want: the rules of @port are to be made anew. */
void nwf_pace_want(NwfPace *pace, const char *port);
/** nwf_pace_drop: they need not any more. What earlier changes cost stays known. */
void nwf_pace_drop(NwfPace *pace, const char *port);

/** nwf_pace_wanted: (transfer full) (element-type utf8): ports whose rules are to be made anew; those that were served
 * long ago, or never, come first. */
GPtrArray *nwf_pace_wanted(NwfPace *pace, gint64 now);
/** nwf_pace_is_due: whether @port need not wait. */
gboolean nwf_pace_is_due(const NwfPace *pace, const char *port, gint64 now);
/** nwf_pace_next: when the first port that waits is due; 0: none waits. */
gint64 nwf_pace_next(const NwfPace *pace);

/**
 * nwf_pace_charge: a change of the rules of @port, which began at @begin, has cost @cost
 * @served: these are the rules that were wanted; else the port goes on waiting
 */
void nwf_pace_charge(NwfPace *pace, const char *port, gint64 begin, gint64 cost, gboolean served);
