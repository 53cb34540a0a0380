/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tool.h: one of ebtables, iptables, ip6tables, with what is known of its table
 */
#pragma once

#include "driver/run/command.h"
#include "driver/tech/ebiptables/announced.h"

typedef struct NwfTool {
    NwfLayer layer;
    NwfChildLock *lock; /* of those that write; may be NULL; not owned */
    char *restore;   /* paths; NULL if it is not installed */
    char *save;
    NwfModel *model;
    gboolean known;       /* state has been read and kept in step */
    GHashTable *suspects; /* set of names of ports that somebody else may have changed in this table */
    gboolean legacy;      /* its table is none of nf_tables and tells nobody when it is changed */
    char *fingerprint;    /* of such a table, as it was when we last read or changed it */
    gboolean listed;      /* was read at least once */
    gboolean missed;      /* was found changed by somebody else, and nobody has looked since */
    gboolean outline_told; /* that nothing can be compared in it was said */
    GArray *runs;         /* (element-type NwfRun): those that were given a batch; whoever is interested empties it */
} NwfTool;

void nwf_tool_init(NwfTool *tool, NwfLayer layer);
void nwf_tool_clear(NwfTool *tool);

/** nwf_tool_find: looks for the programs; FALSE with NWF_ERROR_FIREWALL that names the one that is missing. */
gboolean nwf_tool_find(NwfTool *tool, GError **error);

/** nwf_tool_is_stirred: whether there is reason for a look: the table missed one, or tells nothing and is another. */
gboolean nwf_tool_is_stirred(const NwfTool *tool);

/**
 * nwf_tool_list: lists the table of the calling thread's network namespace, or at least its outline; the programs were
 * found.
 */
gboolean nwf_tool_list(const NwfTool *tool, NwfModel *into, GError **error);

/** nwf_tool_restore: gives the table of the calling thread's network namespace a batch, and follows nothing. */
gboolean nwf_tool_restore(const NwfTool *tool, const NwfBatch *batch, NwfCommandResult *result, GError **error);

/** nwf_tool_read: reads the table, whatever was known of it. Ports that lost or gained something become suspects. */
gboolean nwf_tool_read(NwfTool *tool, GError **error);

/** nwf_tool_suspect: ports that have not the same chains and dispatch rules in both become suspects. */
void nwf_tool_suspect(NwfTool *tool, const NwfModel *a, const NwfModel *b);

/**
 * nwf_tool_run:
 * @proof: (out): what is known besides the tool's own word, if it reports success
 * @in_doubt: (out): set to TRUE if it failed and nobody knows whether the kernel took the batch
 *
 * Gives @batch to the kernel and follows it. Returns: FALSE with NWF_ERROR_FIREWALL that carries the tool's own words
 * and, where the tool named a line, port, filter and line of the rule; also if it is certain that nothing was done.
 */
gboolean nwf_tool_run(NwfTool *tool, const NwfBatch *batch, NwfProof *proof, gboolean *in_doubt, GError **error);
