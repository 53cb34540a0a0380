/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * firewall.h: who changes the rules of nf_tables, and where
 *
 * The kernel announces each transaction of the network namespace: the tables, chains and rules that it touched, then its
 * number (generation) and the process that sent it. No thread, no lock of its own; its descriptor goes into the owner's
 * loop. Sees the network namespace of the thread that made it.
 */
#pragma once

#include "conf/error.h"

typedef struct NwfFirewallEars {
    /*
     * Something in this chain, or of this table (@chain is NULL), was changed. @family: an NFPROTO_ value. A chain that
     * may have been renamed is told as a change of the table, for the kernel says the new name only.
     */
    void (*touched)(guint8 family, const char *table, const char *chain, gpointer data);
    /* That was all of one transaction. @process: as the kernel counts them, 0 if it does not say; @program: "" likewise */
    void (*done)(guint32 generation, guint32 process, const char *program, gpointer data);
    /* Messages were lost: anything may have been changed, by anybody. */
    void (*lost)(gpointer data);
} NwfFirewallEars;

typedef struct NwfFirewall NwfFirewall;

/**
 * nwf_firewall_new: Returns: (transfer full): listening, or NULL with NWF_ERROR_UNSUPPORTED if the kernel has no
 * nf_tables, with NWF_ERROR_SYSTEM if it does not let us listen
 */
NwfFirewall *nwf_firewall_new(GError **error);
void nwf_firewall_free(NwfFirewall *firewall);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfFirewall, nwf_firewall_free)

/** nwf_firewall_fd: readable when nwf_firewall_read() has something to do. */
int nwf_firewall_fd(const NwfFirewall *firewall);

/** nwf_firewall_read: tells @ears what has come, or a good part of it. Never blocks. */
void nwf_firewall_read(NwfFirewall *firewall, const NwfFirewallEars *ears, gpointer data);

/** nwf_firewall_generation: the number of the last transaction, asked of the kernel. FALSE: it does not say. */
gboolean nwf_firewall_generation(guint32 *generation);
