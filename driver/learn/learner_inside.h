/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner_inside.h: what the learner is made of; for learner*.c alone
 *
 * One mutex guards everything that calls from outside touch: book, ports, held addresses, links. It is held for
 * moments: never while a file is written, a socket is closed or a callback runs. Functions named …_locked run with it
 * held. What is marked "thread" belongs to the learner's thread and needs no lock.
 *
 * Sockets are opened in moments but the kernel takes some ten milliseconds to close one. So a capture that is needed no
 * longer is taken out of the poll loop at once and closed later, one between two turns of the loop; at the end
 * many at a time.
 */
#pragma once

#include "driver/learn/capture.h"
#include "driver/learn/learner.h"
#include "driver/learn/inspector.h"
#include "driver/watch/links.h"

#define NWF_COALESCE       (20 * 1000) /* microseconds between two reports of a port; doubles while they go on */
#define NWF_COALESCE_MAX   (500 * 1000)
#define NWF_COALESCE_QUIET (1 * G_USEC_PER_SEC)
#define NWF_RENEWALS       (1 * G_USEC_PER_SEC) /* how long the files may be behind what nobody was told of */
#define NWF_SAVE_AGAIN     (5 * G_USEC_PER_SEC)
#define NWF_COUNTERS       (2 * G_USEC_PER_SEC) /* how long the file of counters may be behind */
#define NWF_PAUSE          (50 * 1000)          /* how long a way over its budget is not read */
#define NWF_OPEN_AGAIN     (1 * G_USEC_PER_SEC) /* doubles with each failure */
#define NWF_OPEN_AGAIN_MAX (60 * G_USEC_PER_SEC)
#define NWF_TELL_AGAIN     (60 * G_USEC_PER_SEC) /* between two warnings of one kind about one port */
enum {
    NWF_TURN_FRAMES = 16, /* at most read from a socket, 32 of a port, before all others had their turn */
    NWF_TURN_EVENTS = 32,
    NWF_CATCH_UP = 512, /* more than its buffer holds */
    NWF_GIVEN_MAX = 4096,
    NWF_CLOSERS = 64,
};

typedef struct NwfSession NwfSession;

typedef struct NwfSlot {
    NwfSession *port;
    NwfCapture *capture; /* NULL: closed */
    gint64 resume;       /* when it is read again; NWF_NEVER: it is read */
    guint64 lost;        /* by captures that were closed */
} NwfSlot;

/* A watched port. */
struct NwfSession {
    NwfLearnTerms *terms;
    struct NwfLearner *learner;
    char key[NWF_KEY_LENGTH + 1];
    NwfInspector *core;
    GArray *told;       /* (element-type NwfAddress): what the engine was given or told of last */
    guint64 version;    /* of the book's list when it was last compared */
    gboolean compare;   /* compare anyway */
    gboolean dirty;     /* look at its captures */
    guint seen;         /* index of the device that was looked at last */
    gint64 reported;    /* when the engine was last told; NWF_NEVER: not yet */
    gint64 pace;        /* from one report to the next at least */
    gint64 report;      /* when to tell it; NWF_NEVER: nothing to tell */
    gint64 wants_until; /* when its captures may be others */
    gint64 open_again;  /* when to try again; NWF_NEVER: they are open */
    gint64 open_delay;
    gint64 open_told, news_told;
    NwfSlot slots[NWF_LEARN_DIRECTIONS];
};

typedef struct NwfLine {
    NwfLearnLevel level;
    char *text;
} NwfLine;

struct NwfLearner {
    NwfLearnerConfig config;
    char *state_path, *lease_path, *counters_path, *boot_id;
    GThread *thread;
    int poll, wake, timer;

    GMutex lock;
    NwfLeaseDb *db;
    GHashTable *ports;  /* name -> NwfSession */
    GHashTable *held;   /* name -> GArray of NwfAddress */
    GHashTable *given;  /* name -> GArray of NwfAddress: what nwf_learner_addresses() said last */
    GPtrArray *retired; /* of NwfSession: not watched any more, their captures still open */
    GArray *lines;      /* of NwfLine: for the log */
    NwfLinks *links;
    gboolean begun;   /* captures may be open */
    gboolean dirty;   /* a port is */
    gboolean compare; /* a port's list may be another */
    gboolean stopping;
    gint64 due; /* when something is to be done without being asked */
    gint64 links_again;
    guint64 changes; /* of the book when lists were last compared */
    gint64 save;     /* when the files are to be written; NWF_NEVER: they are in step */
    gint64 counters; /* the same for that of the counters */

    /* thread */
    GPtrArray *closing; /* of NwfCapture */
    gint64 armed;       /* what the timer is set to */
    guint64 saved;      /* book's changes that are in the files */
    gint64 save_told, counters_told;
};

/* ---- learner.c ---- */
gint64 nwf_learner_now(void);
void nwf_learner_wake(NwfLearner *learner);
void nwf_learner_schedule_locked(NwfLearner *learner, gint64 at);
void nwf_learner_log_locked(NwfLearner *learner, NwfLearnLevel level, const char *format, ...) G_GNUC_PRINTF(3, 4);
/** nwf_learner_index_locked: of the device called @name, 0: there is none. */
guint nwf_learner_index_locked(const NwfLearner *learner, const char *name);
/** nwf_learner_list_locked: (transfer full): what the book says for @request. */
GArray *nwf_learner_list_locked(NwfLearner *learner, const NwfLearnTerms *terms);

/* ---- request.c ---- */
/** nwf_learn_terms_same_client: whether what was learned for one is true of the other. */
gboolean nwf_learn_terms_same_client(const NwfLearnTerms *a, const NwfLearnTerms *b);

/* ---- learner_holder.c ---- */
NwfRefusal nwf_learner_address_owner_locked(const NwfAddress *address, gpointer watched);
/** nwf_learner_drop_conflicts_locked: @port's device has come: leases that are another's by now end. */
void nwf_learner_drop_conflicts_locked(NwfSession *port, gint64 now);

/* ---- learner_port.c ---- */
NwfSession *nwf_session_new_locked(NwfLearner *learner, NwfLearnTerms *terms);
/** nwf_session_change_locked: another request of the same client. */
void nwf_session_change_locked(NwfSession *port, NwfLearnTerms *terms);
/** nwf_session_retire_locked: nothing is learned for it any more; nwf_session_free() is left to the thread. */
void nwf_session_retire_locked(NwfSession *port);
void nwf_session_free(NwfSession *port);
/** nwf_session_look_locked: opens, changes and closes captures as the port's device and what it wants demand. */
void nwf_session_look_locked(NwfSession *port, gint64 now);
void nwf_session_shut_locked(NwfSession *port);
void nwf_session_read_locked(NwfSlot *slot, gint64 now);
/** nwf_session_due_locked: does what is due. Returns: when it is to be called again */
gint64 nwf_session_due_locked(NwfSession *port, gint64 now);

/* ---- learner_tell.c ---- */

/* What goes out when the lock is released. */
typedef struct NwfOutgoing {
    GPtrArray *names; /* ports whose addresses are others */
    GArray *records;  /* for the files, or NULL */
    guint64 changes;  /* of the book they show */
    NwfClock clock;
    char *counters; /* for the file of counters, or NULL */
    GArray *lines;  /* of NwfLine */
} NwfOutgoing;

/** nwf_learner_compare_locked: finds the ports whose list is another now. */
void nwf_learner_compare_locked(NwfLearner *learner, gint64 now);
void nwf_learner_collect_locked(NwfLearner *learner, NwfOutgoing *out, gint64 now);
/** nwf_learner_send: files first, then log and callbacks. Without the lock. */
void nwf_learner_send(NwfLearner *learner, NwfOutgoing *out, gint64 now);

/* ---- learner_counters.c ---- */
char *nwf_learner_counters_locked(NwfLearner *learner);

/* ---- learner_loop.c ---- */
gpointer nwf_learner_thread(gpointer learner);
