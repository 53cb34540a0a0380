/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.h: one port that is watched: its inspector, its captures, and what it has learned
 *
 * What should be captured follows from two things: the device that has the name now, and what the port still wants to
 * know. nwf_session_update_locked() compares that with what is open; it is called whenever one of the two may have
 * changed, and does nothing when all is as it should be. A capture stays open while its device is down.
 *
 * All functions run with the learner's lock held, but for nwf_session_free().
 */
#pragma once

#include "driver/learn/learn_context.h"

/** nwf_session_new_locked: what it has now counts as known to the engine, and is not reported. */
NwfSession *nwf_session_new_locked(NwfLearnContext *context, NwfLearnTerms *terms);
/** nwf_session_change_locked: other terms of the same client; what that changes at once is not reported. */
void nwf_session_change_locked(NwfSession *session, NwfLearnTerms *terms);
void nwf_session_free(NwfSession *session);

/** nwf_session_update_locked: opens, changes and closes captures as the port's device and what it wants demand. */
void nwf_session_update_locked(NwfSession *session, gint64 now);
/** nwf_session_shut_locked: closes all captures. */
void nwf_session_shut_locked(NwfSession *session);
/** nwf_session_due_locked: does what is due. Returns: when it is to be called again */
gint64 nwf_session_due_locked(NwfSession *session, gint64 now);

/**
 * nwf_session_addresses_locked: what is known for @terms at @now.
 * @session: of the port of @terms; NULL: there is none
 * @version: (out): grows when that changes
 *
 * Returns: (transfer full) (element-type NwfAddress): in order of arrival
 */
GArray *nwf_session_addresses_locked(const NwfLearnContext *context, const NwfSession *session,
                                     const NwfLearnTerms *terms, gint64 now, guint64 *version);
/**
 * nwf_session_compare_locked: logs addresses that came and went since the last call, and plans their report: the first
 * change at once, all of one turn of the thread together, further ones ever later while they go on, down to twice a
 * second.
 */
void nwf_session_compare_locked(NwfSession *session, gint64 now);
/** nwf_session_take_report_locked: whether a change of the addresses is to be reported to the engine now. */
gboolean nwf_session_take_report_locked(NwfSession *session, gint64 now);
/** nwf_session_describe_locked: adds @group to a file of counters (learner.c). */
void nwf_session_describe_locked(NwfSession *session, GKeyFile *file, const char *group);
