/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inbox.h: what other threads hand to the applier
 *
 * Requests of callers, names of ports whose learned addresses changed, and changes that others made to the firewall.
 * All functions but those marked so may be called from any thread.
 */
#pragma once

#include "driver/engine/request.h"

/* A transaction that somebody made in the firewall's tables, or another reason to look there. */
typedef struct NwfChangeEvent {
    guint32 first, last; /* the kernel's numbers of the transactions, usually of one; 0: not known */
    guint32 process;     /* that made it, if it is one; 0: not known */
    char *program;       /* its name; may be NULL */
    GPtrArray *touched;  /* (element-type NwfTouched) */
    gboolean everything; /* nobody knows what was changed: all tables are to be looked at */
} NwfChangeEvent;

/** nwf_change_event_new: (transfer full). */
NwfChangeEvent *nwf_change_event_new(gboolean everything);
/** nwf_change_event_touch: adds @chain of @table, which may be NULL for the table as a whole. */
void nwf_change_event_touch(NwfChangeEvent *event, const NwfTable *table, const char *chain);
void nwf_change_event_free(NwfChangeEvent *event);

typedef struct NwfInbox NwfInbox;

NwfInbox *nwf_inbox_new(void);
void nwf_inbox_free(NwfInbox *inbox);

/** nwf_inbox_run: posts @requests (element-type NwfRequest) at once, so that they share batches; returns when each is
 * answered. */
void nwf_inbox_run(NwfInbox *inbox, GPtrArray *requests);
/** nwf_inbox_run_one: FALSE with the error of @request. */
gboolean nwf_inbox_run_one(NwfInbox *inbox, NwfRequest *request, GError **error);

/** nwf_inbox_post_relearned: the learned addresses of @portdev are others now. */
void nwf_inbox_post_relearned(NwfInbox *inbox, const char *portdev);
/** nwf_inbox_post_event: takes over @event. */
void nwf_inbox_post_event(NwfInbox *inbox, NwfChangeEvent *event);
/** nwf_inbox_close: requests are refused from now on; those that wait are still carried out. */
void nwf_inbox_close(NwfInbox *inbox);

/** nwf_inbox_wait_ready: waits for nwf_inbox_set_ready(), but @limit microseconds at the most; whether it was called.
 */
gboolean nwf_inbox_wait_ready(NwfInbox *inbox, gint64 limit);
/** nwf_inbox_wait_empty: the same, after nwf_inbox_close(), for the applier to find that there is nothing left to do.
 */
gboolean nwf_inbox_wait_empty(NwfInbox *inbox, gint64 limit);

/* ---- for the applier ---- */

/* When the applier has something to do by itself, in monotonic time; 0: never. */
typedef struct NwfTimers {
    gint64 retry_at;
    gint64 events_at; /* not before are events taken */
    gint64 poll_at;
    gint64 relearn_at; /* ports that had to wait are due */
} NwfTimers;

/* What one turn of the applier is about. */
typedef struct NwfTurn {
    gboolean retry, reconcile; /* it is time for */
    GPtrArray *requests;       /* (element-type NwfRequest): that can go together; answered in the turn */
    GHashTable *relearned;     /* set of names of ports */
    GPtrArray *events;         /* (element-type NwfChangeEvent) */
} NwfTurn;

void nwf_turn_clear(NwfTurn *turn);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfTurn, nwf_turn_clear)

/** nwf_inbox_take: sleeps until there is something to do. FALSE: the inbox is closed and empty. */
gboolean nwf_inbox_take(NwfInbox *inbox, const NwfTimers *timers, NwfTurn *turn);
/** nwf_inbox_answer: wakes the callers of @requests, who may free them. */
void nwf_inbox_answer(NwfInbox *inbox, GPtrArray *requests);
/** nwf_inbox_set_ready: the applier has brought up what the files say. */
void nwf_inbox_set_ready(NwfInbox *inbox);
