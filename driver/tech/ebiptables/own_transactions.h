/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * own_transactions.h: which transactions of nf_tables were ours
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* A process that was given a change of the kernel. */
typedef struct NwfRun {
    pid_t process;
    gboolean announced; /* it made one transaction of nf_tables for certain; else it may have made one or not */
} NwfRun;

typedef struct NwfOwnTransactions NwfOwnTransactions;

NwfOwnTransactions *nwf_own_transactions_new(void);
void nwf_own_transactions_free(NwfOwnTransactions *own);

/** nwf_own_transactions_begin: before the first tool of a call is started. */
void nwf_own_transactions_begin(NwfOwnTransactions *own);
/** nwf_own_transactions_end: @runs (transfer full) (element-type NwfRun): the tools that ran since then. */
void nwf_own_transactions_end(NwfOwnTransactions *own, GArray *runs);

/** nwf_own_transactions_has: whether the transaction @generation, which @process (0: not known) made, was ours. */
gboolean nwf_own_transactions_has(const NwfOwnTransactions *own, guint32 generation, guint32 process);
