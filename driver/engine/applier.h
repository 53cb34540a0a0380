/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * applier.h: what the applier thread works with
 *
 * The catalog, the inbox and the learner are shared with other threads and lock themselves. Everything else here
 * belongs to the applier thread alone, from the start of that thread to its end; but a reload lists the folder of
 * filters.
 */
#pragma once

#include "driver/engine/inbox.h"
#include "driver/engine/pace.h"
#include "driver/tech/backends.h"

/* When and how often the kernel was put right. */
typedef struct NwfReconciler {
    gint64 not_before; /* no look before this monotonic time */
    gint64 poll_at;    /* when tables that announce nothing are asked; 0: there are none */
    gint64 calm_since; /* end of the delay after the last repair */
    guint repairs;     /* since nothing had to be put right for CALM */
    guint failures;    /* of the last looks, one after the other; the first was logged */
} NwfReconciler;

struct NwfApplier {
    const NwfEngineConfig *config; /* constant */
    NwfCatalog *catalog;
    NwfInbox *inbox;
    NwfLearner *learner;

    NwfBackend *backend;
    NwfStore *filter_store, *binding_store;
    NwfRulesCache *cache;              /* of published filters alone */
    GHashTable *leftovers;             /* set of names of unbound ports of which a failed change may have left rules */
    GHashTable *warned;                /* set of notes that were logged */
    const NwfBackendKind *stock_rules; /* that the stock driver may have left; NULL: none, or removed */
    NwfReconciler reconciler;
    NwfPace *pace;       /* of learned addresses */
    gint64 (*now)(void); /* the clock of @pace: monotonic, microseconds; tests have their own */
    guint64 writes;      /* calls that changed the kernel's tables */
    gint64 retry_at;     /* monotonic time of the next try for ports that wait for one; 0: none */
    gint64 retry_delay;
    gboolean inhibited;
};

/** nwf_applier_new: (transfer full); takes the backend of @config over. */
NwfApplier *nwf_applier_new(const NwfEngineConfig *config, NwfCatalog *catalog, NwfInbox *inbox);
/** nwf_applier_open: opens the folders of files; NWF_ERROR_SYSTEM. */
gboolean nwf_applier_open(NwfApplier *applier, GError **error);
void nwf_applier_free(NwfApplier *applier);

/** nwf_engine_log: a line for the log, from any thread; @source: the part of the driver that says it. */
void nwf_engine_log(const NwfEngineConfig *config, NwfLogLevel level, const char *source, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/** nwf_engine_log_notes: warnings about @subject, which may be NULL. */
void nwf_engine_log_notes(const NwfEngineConfig *config, const char *source, const char *subject, NwfNotes *notes);

/** nwf_applier_apply: the backend's apply for @changes (element-type NwfPortChange); counts what was written. */
gboolean nwf_applier_apply(NwfApplier *applier, const GArray *changes, NwfNotes *notes, NwfApplyResult *result,
                           GError **error);
/** nwf_applier_repair: lets the backend put right what belongs to no port. */
gboolean nwf_applier_repair(NwfApplier *applier, NwfNotes *notes, GError **error);

/* ---- commit.c ---- */

/** nwf_applier_log_remarks: logs what means nothing, or more than it says; @once: not if it was logged before. */
void nwf_applier_log_remarks(NwfApplier *applier, NwfNotes *remarks, gboolean once);

/** nwf_commit: carries out @requests, which concern different ports; afterwards each has its error, or none. */
void nwf_commit(NwfApplier *applier, GPtrArray *requests);

/* ---- reconcile.c ---- */

/** nwf_reconcile: repairs what @events (element-type NwfChangeEvent, which it changes) report, and tables that announce
 * nothing. */
void nwf_reconcile(NwfApplier *applier, GPtrArray *events);
/** nwf_reconcile_plan: sets when tables that announce nothing are polled next. */
void nwf_reconcile_plan(NwfApplier *applier);
/**
 * nwf_read_kernel: what of ours is in the kernel; what belongs to no port is put right
 * @in_kernel: (out) (transfer full) (element-type utf8): names of ports
 */
gboolean nwf_read_kernel(NwfApplier *applier, GPtrArray **in_kernel, NwfNotes *notes, GError **error);
/** nwf_log_failures: logs the errors of @requests that have no caller. */
void nwf_log_failures(const NwfEngineConfig *config, GPtrArray *requests);

/* ---- relearn.c ---- */

/** nwf_relearn: some of the ports whose learned addresses changed get their rules. */
void nwf_relearn(NwfApplier *applier);

/* ---- scheduler.c ---- */

/** nwf_scheduler_begin: brings up what the files say. */
void nwf_scheduler_begin(NwfApplier *applier);
/** nwf_scheduler_turn: carries out one turn and answers its requests, which their callers may free then. */
void nwf_scheduler_turn(NwfApplier *applier, NwfTurn *turn);
/** nwf_scheduler_run: takes turns, and answers their requests, until the inbox is closed and empty. */
void nwf_scheduler_run(NwfApplier *applier);
