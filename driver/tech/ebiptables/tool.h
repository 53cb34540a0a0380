/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tool.h: one of ebtables, iptables, ip6tables, with what is known of its table
 */
#pragma once

#include "driver/run/command.h"
#include "driver/tech/ebiptables/own_transactions.h"
#include "driver/tech/ebiptables/render.h"

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
    GArray *runs; /* (element-type NwfRun): those that were given a batch; whoever is interested empties it */
} NwfTool;

void nwf_tool_init(NwfTool *tool, NwfLayer layer);
void nwf_tool_clear(NwfTool *tool);

/** nwf_tool_find: looks for the programs; FALSE with NWF_ERROR_FIREWALL that names the one that is missing. */
gboolean nwf_tool_find(NwfTool *tool, GError **error);

/** nwf_tool_has_changed: whether there is reason to reread: the table is stale, or announces nothing and is another. */
gboolean nwf_tool_has_changed(const NwfTool *tool);

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

/** nwf_tool_suspect: ports that have not the same chains and dispatch rules in both become suspects. */
void nwf_tool_suspect(NwfTool *tool, const NwfModel *a, const NwfModel *b);
