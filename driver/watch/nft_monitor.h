/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nft_monitor.h: reports who changes the rules of nf_tables, and where
 *
 * The kernel announces each transaction of the network namespace: the tables, chains and rules that it touched, then
 * its number (generation) and the process that sent it. The monitor has no thread and no lock; its descriptor goes into
 * the owner's loop. It sees the network namespace of the thread that made it.
 */
#pragma once

#include "conf/error.h"

typedef struct NwfMonitorCallbacks {
    /*
     * A transaction has changed something in this chain, or of this table (@chain is NULL). @family: an NFPROTO_ value.
     * A chain that may have been renamed is reported as a change of the table, for the kernel says the new name only.
     */
    void (*touched)(guint8 family, const char *table, const char *chain, gpointer data);
    /* That was all of one transaction. @process: as the kernel counts them, or 0; @program: or "" */
    void (*done)(guint32 generation, guint32 process, const char *program, gpointer data);
    /*
     * Announcements were lost: the transactions from @first to @last may have changed anything. Both are 0 if the
     * kernel does not say which these were. Of some the announcements may come nevertheless, in part or whole.
     */
    void (*lost)(guint32 first, guint32 last, gpointer data);
} NwfMonitorCallbacks;

typedef struct NwfNftMonitor NwfNftMonitor;

/**
 * nwf_nft_monitor_new: @callbacks: constant; called with @data. Returns: (transfer full): listening, or NULL with
 * NWF_ERROR_UNSUPPORTED if the kernel has no nf_tables, with NWF_ERROR_SYSTEM if it does not let us listen
 */
NwfNftMonitor *nwf_nft_monitor_new(const NwfMonitorCallbacks *callbacks, gpointer data, GError **error);
void nwf_nft_monitor_free(NwfNftMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfNftMonitor, nwf_nft_monitor_free)

/** nwf_nft_monitor_fd: readable when nwf_nft_monitor_read() has something to do. */
int nwf_nft_monitor_fd(const NwfNftMonitor *monitor);

/** nwf_nft_monitor_read: reports what has come, or a good part of it. Never blocks. */
void nwf_nft_monitor_read(NwfNftMonitor *monitor);
