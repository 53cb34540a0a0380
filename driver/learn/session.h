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

#include "driver/learn/inspector.h"
#include "driver/learn/slot.h"
#include "driver/watch/links.h"

typedef struct NwfLogLine {
    NwfLearnLevel level;
    char *text;
} NwfLogLine;

/* What all sessions share; the learner's lock guards it. */
typedef struct NwfLearnContext {
    NwfLeaseDb *db;
    NwfLinks *links;
    GHashTable *reserved; /* name of a port -> GArray of NwfAddress: what it has by configuration */
    int poll;             /* epoll of the learner's thread: NwfSlot of each open capture, others of learner.c */
    GPtrArray *closing;   /* of NwfCapture: not polled any more; the thread alone closes them, without the lock */
    GArray *lines;        /* of NwfLogLine: to be logged without the lock */
    gboolean begun;       /* captures may be open */
    gboolean stale;       /* nwf_session_update_locked() is due for a session */
    gboolean all_stale;   /* for all of them; then stale is set, too */
    gint64 due;           /* when something is to be done next without an event; NWF_NEVER: nothing */
    guint catch_up;       /* frames that flooded ports may still have read in this turn, beyond their share (slot.h) */
    gint64 save_counters; /* when the file of counters is to be written; NWF_NEVER: it is current */
} NwfLearnContext;

/** nwf_learn_now: CLOCK_BOOTTIME in microseconds. */
gint64 nwf_learn_now(void);
/** nwf_learn_schedule_locked: something is to be done at @at. */
void nwf_learn_schedule_locked(NwfLearnContext *context, gint64 at);
/** nwf_learn_count_locked: counters changed, or the list of ports: the file of counters is to be written soon. */
void nwf_learn_count_locked(NwfLearnContext *context, gint64 now);
void nwf_learn_log_locked(NwfLearnContext *context, NwfLearnLevel level, const char *format, ...) G_GNUC_PRINTF(3, 4);
/** nwf_learn_index_locked: of the device called @name, 0: there is none. */
guint nwf_learn_index_locked(const NwfLearnContext *context, const char *name);

struct NwfSession {
    NwfLearnContext *context;
    NwfLearnTerms *terms;
    NwfInspector *inspector; /* NULL: retired */
    GArray *addresses;       /* (element-type NwfAddress): what the port had when it was last compared */
    guint64 compared;        /* version of the lease set when it was last compared */
    gboolean stale;          /* nwf_session_update_locked() is due */
    guint device;            /* index of the device whose leases were last checked */
    gint64 reported;         /* when a change was last reported to the engine */
    gint64 pace;             /* from one report to the next at least */
    gint64 report;           /* when the next report is due; NWF_NEVER: there is nothing to report */
    gint64 wants_until;      /* when what it wants to see may change */
    gint64 open_again;       /* when to try again to open captures; NWF_NEVER: they are open */
    gint64 open_delay;
    gint64 failure_logged, refusal_logged, answers_logged;
    gboolean flooded; /* stray answers have used up their limit; until calm_at, or its captures are closed */
    gint64 calm_at;   /* when it is flooded no more, unless they do so again before; NWF_NEVER: it is not flooded */
    NwfSlot slots[NWF_SLOTS];
};

/* A port that was flooded is guarded (slot.h) until no stray answer was over the limit for so long. */
#define NWF_CALM (3 * 60 * G_USEC_PER_SEC)

/** nwf_session_new_locked: what it has now counts as known to the engine, and is not reported. */
NwfSession *nwf_session_new_locked(NwfLearnContext *context, NwfLearnTerms *terms);
/** nwf_session_change_locked: other terms of the same client; what that changes at once is not reported. */
void nwf_session_change_locked(NwfSession *session, NwfLearnTerms *terms);
void nwf_session_free(NwfSession *session);

/** nwf_session_update_locked: opens, changes and closes captures as the port's device and what it wants demand. */
void nwf_session_update_locked(NwfSession *session, gint64 now);
/** nwf_session_shut_locked: closes all captures. */
void nwf_session_shut_locked(NwfSession *session);
/** nwf_session_flooded_locked: stray answers have used up their limit at @now. */
void nwf_session_flooded_locked(NwfSession *session, gint64 now);
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
