/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learn_context.h: what the parts of the learner share: the context, and the data of the ports that are watched
 *
 * A session (session.h) is one watched port, a slot (slot.h) one of its captures. Both are plain data here, so that
 * the files that work with them (session, slot, claims) need not include each other. The learner's lock guards all of
 * it; functions whose name ends in _locked run with that lock held.
 */
#pragma once

#include "driver/learn/capture.h"
#include "driver/learn/inspector.h"
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

typedef struct NwfSession NwfSession;

typedef enum NwfSlotRole {
    NWF_SLOT_FROM_VM,
    NWF_SLOT_TO_VM,   /* all answers to it */
    NWF_SLOT_ANSWERS, /* those to open questions alone; open only while the VM is flooded */
    NWF_SLOTS
} NwfSlotRole;

enum { NWF_TURN_CATCH_UP = 1024 };

typedef struct NwfSlot {
    NwfSession *session;
    NwfCapture *capture; /* NULL: closed */
    gint64 resume;       /* when it is read again; NWF_NEVER: it is read */
    guint64 lost;        /* by captures that were closed */
} NwfSlot;

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

/** nwf_learn_now: CLOCK_BOOTTIME in microseconds. */
gint64 nwf_learn_now(void);
/** nwf_learn_schedule_locked: something is to be done at @at. */
void nwf_learn_schedule_locked(NwfLearnContext *context, gint64 at);
/** nwf_learn_count_locked: counters changed, or the list of ports: the file of counters is to be written soon. */
void nwf_learn_count_locked(NwfLearnContext *context, gint64 now);
void nwf_learn_log_locked(NwfLearnContext *context, NwfLearnLevel level, const char *format, ...) G_GNUC_PRINTF(3, 4);
/** nwf_learn_index_locked: of the device called @name, 0: there is none. */
guint nwf_learn_index_locked(const NwfLearnContext *context, const char *name);
