/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ebiptables_private.h: what the files of the backend share: its tools, the backend, and one call of its apply
 */
#pragma once

#include "driver/run/command.h"
#include "driver/tech/ebiptables/render.h"

/* A process that was given a change of the kernel. */
typedef struct NwfRun {
    pid_t process;
    gboolean announced; /* it made one transaction of nf_tables for certain; else it may have made one or not */
} NwfRun;

/* Which transactions of nf_tables were ours. */
typedef struct NwfOwnTransactions {
    guint32 before; /* the last one before the call; 0: the kernel did not say */
    GQueue calls;   /* earlier ones, the latest last */
    GArray *runs;   /* (element-type NwfRun): the tools that ran since the call began */
} NwfOwnTransactions;

void nwf_own_transactions_clear(NwfOwnTransactions *own);

/** nwf_own_transactions_begin: before the first tool of a call is started. */
void nwf_own_transactions_begin(NwfOwnTransactions *own);
/** nwf_own_transactions_end: after the last one has ended. Returns whether any was started. */
gboolean nwf_own_transactions_end(NwfOwnTransactions *own);

/** nwf_own_transactions_has: whether the transactions from @first to @last were all ours; @process: that made it, if it
 * is one; 0: not known. */
gboolean nwf_own_transactions_has(const NwfOwnTransactions *own, guint32 first, guint32 last, guint32 process);

/* One of ebtables, iptables, ip6tables, with what is known of its table. */
typedef struct NwfTool {
    NwfLayer layer;
    NwfChildLock *lock; /* of those that write; may be NULL; not owned */
    char *restore;      /* paths; NULL if it is not installed */
    char *save;
    NwfModel *model;
    gboolean known;          /* the model has been read and kept in step */
    GHashTable *suspects;    /* set of names of ports that somebody else may have changed in this table */
    gboolean legacy;         /* its table is none of nf_tables, and nobody announces changes of it */
    char *fingerprint;       /* of such a table, as it was when we last read or changed it */
    gboolean listed;         /* was read at least once */
    gboolean stale;          /* was found changed by somebody else, and was not reread since */
    gboolean outline_warned; /* that nothing can be compared in it was reported */
    NwfOwnTransactions *own; /* of the backend: whoever is given a batch is noted there */
} NwfTool;

void nwf_tool_init(NwfTool *tool, NwfLayer layer, NwfOwnTransactions *own);
void nwf_tool_clear(NwfTool *tool);

/** nwf_tool_find: looks for the programs; FALSE with NWF_ERROR_NO_TOOL that names the one that is missing. */
gboolean nwf_tool_find(NwfTool *tool, GError **error);
/** nwf_tool_is_found: whether the last look found them; asks nobody. */
gboolean nwf_tool_is_found(const NwfTool *tool);

/** nwf_tool_has_changed: whether there is reason to reread: the table is stale, or announces nothing and is another. */
gboolean nwf_tool_has_changed(const NwfTool *tool);

/**
 * nwf_tool_stamp: (transfer full): another text whenever tables that collide with that of @tool are changed, whoever
 * does it; NULL: that cannot be known now
 */
char *nwf_tool_stamp(const NwfTool *tool);

/** nwf_tool_remember: what is in the table now is as we know it. */
void nwf_tool_remember(NwfTool *tool);

/**
 * nwf_tool_list: lists the table of the calling thread's network namespace, or at least its outline; the programs were
 * found.
 */
gboolean nwf_tool_list(const NwfTool *tool, NwfModel *into, GError **error);

/** nwf_tool_restore: gives the table of the calling thread's network namespace a batch, and follows nothing. */
gboolean nwf_tool_restore(const NwfTool *tool, const NwfBatch *batch, NwfCommandResult *result, GError **error);

/** nwf_tool_read: reads the table, whatever was known of it. Ports that lost or gained something become suspects. */
gboolean nwf_tool_read(NwfTool *tool, GError **error);

/** nwf_tool_suspect: ports that have not the same chains and dispatch rules in both, or @all, become suspects. */
void nwf_tool_suspect(NwfTool *tool, const NwfModel *a, const NwfModel *b, gboolean all);

/** nwf_legacy_is_used: whether the program at @path is of the older form, which does not know nf_tables. */
gboolean nwf_legacy_is_used(const char *path);

/**
 * nwf_legacy_fingerprint: (transfer full): of the rules in the kernel, without their counters; NULL if they cannot be
 * read. Starts no process and takes no lock.
 */
char *nwf_legacy_fingerprint(NwfLayer layer);

/**
 * nwf_legacy_lock: the lock by which programs that change the table of @layer agree, held until it is closed; -1 if the
 * tool takes one by itself, or if somebody else does not let go of it within some seconds. The lock is voluntary.
 */
int nwf_legacy_lock(NwfLayer layer);

typedef struct NwfEbiptables {
    NwfBackend backend;
    gboolean require_bridge_netfilter;
    char *lock_path; /* may be NULL */
    NwfChildLock *lock;
    NwfTool tools[NWF_LAYERS];
    NwfOwnTransactions own;
    NwfRules *closed;
    GHashTable *closed_at_ip; /* port -> NwfRules that close it, because the Ethernet layer has no tool */
    GHashTable *uncertain;    /* ports whose rules are not what the caller thinks */
    gboolean dry_run_warned;  /* that no dry run is possible was reported */
} NwfEbiptables;

/* One port while a call of apply works on it. */
typedef struct NwfJobPort {
    const NwfPlanChange *change;
    NwfPlan *known[NWF_LAYERS]; /* what the kernel certainly holds; NULL: ask the model */
    gboolean held;              /* there was something of this port before */
    gboolean differs[NWF_LAYERS];
    gboolean closes; /* is closed ahead of the other layers */
} NwfJobPort;

typedef struct NwfJob {
    NwfEbiptables *self;
    NwfJobPort *ports;
    const NwfJobPort *end; /* behind the last */
    gboolean in_doubt;     /* the stage that failed may have been taken nevertheless, the first or the second time */
} NwfJob;

/** nwf_skip_unchanged: layers that hold exactly what they should, though nobody knew, do not differ any more. */
void nwf_skip_unchanged(NwfJob *job, NwfNotes *notes);

/* What is known of a batch that failed, of all its runs. */
typedef struct NwfSetback {
    gboolean in_doubt; /* nobody knows whether the kernel took it in one of them */
    gboolean refused;  /* in the last one the tool said no, and nothing was taken */
    char *since;       /* stamp before the last one, and before the table was read for it; NULL: not known */
} NwfSetback;

void nwf_setback_clear(NwfSetback *setback);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfSetback, nwf_setback_clear)

enum { NWF_TRIES_MAX = 5 }; /* of one batch, while somebody else changes tables */

/** nwf_was_disturbed: whether the last run was refused, and somebody else wrote since it began, which may be why. */
gboolean nwf_was_disturbed(const NwfTool *tool, const NwfSetback *setback);

/**
 * nwf_write:
 * @changes: (element-type NwfPlanChange): those that @batch was made of
 * @setback: (inout): what is known if it fails; @since is set unless it was
 *
 * Gives @batch to the kernel, proves that it was taken, and follows it. Returns: FALSE with NWF_ERROR_FIREWALL that
 * carries the tool's own words and, where the tool named a line, port, filter and line of the rule.
 */
gboolean nwf_write(NwfTool *tool, GPtrArray *changes, const NwfBatch *batch, NwfSetback *setback, GError **error);

/* How a tool lists a part of what it was asked for. */
typedef struct NwfExpected {
    guint from, to;   /* the changes from @from to before @to */
    NwfModel *listed; /* NULL: they were not listed */
    GError *error;    /* why; NULL: not begun, because another part has failed */
} NwfExpected;

/* How many lines of a batch are listed at once; ports are never cut. About 100 ports of the filter "clean-traffic". */
enum { NWF_EXPECTED_LINES = 4000 };

/**
 * nwf_expected_listings: what @tool lists when it has made the rules of @changes
 * @changes: (element-type NwfPlanChange): from nothing to plans that have rules at the layer of @tool
 * @lines_max: of the batch of one part
 *
 * Nothing of the host is touched. Errors are NWF_ERROR_SYSTEM if no dry run is possible on this host,
 * NWF_ERROR_FIREWALL if the rules or a set were refused, NWF_ERROR_INTERNAL if the tool reports success without having
 * made the rules. Parts that were not begun stand behind one that failed, up to the end.
 *
 * Returns: (transfer full) (element-type NwfExpected): parts that are together all changes, in their order
 */
GPtrArray *nwf_expected_listings(const NwfTool *tool, GPtrArray *changes, guint lines_max);

/**
 * nwf_closed_new: (transfer none): the new rules of @change; if these close the port, and the Ethernet layer has no
 * tool, then those that do it instead
 * @substitute: (inout) (transfer full): the latter, made by the first call that needs them
 */
NwfRules *nwf_closed_new(NwfEbiptables *self, const NwfPortChange *change, NwfRules **substitute);
/** nwf_closed_old: (transfer none): the same for the old rules: what nwf_closed_remember() remembered. */
NwfRules *nwf_closed_old(NwfEbiptables *self, const NwfPortChange *change);
/**
 * nwf_closed_remember: after success: which ports of @changes (element-type NwfPlanChange) @substitute (may be NULL)
 * closes; the first time a port is noted
 */
void nwf_closed_remember(NwfEbiptables *self, const GPtrArray *changes, NwfRules *substitute, NwfNotes *notes);

/** nwf_ebiptables_apply: the backend's apply for plans: @changes (element-type NwfPlanChange). */
gboolean nwf_ebiptables_apply(NwfEbiptables *self, GPtrArray *changes, NwfNotes *notes, GError **error);
