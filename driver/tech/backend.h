/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend.h: the contract between the engine and a filtering technology
 *
 * The engine says what should hold: for each port a plan, or none. The technology makes the kernel agree, all ports of
 * one call or none of them, and says so only after the kernel acknowledged. Closing a port is applying the closed plan;
 * releasing it is applying none. One thread at a time (the applier) calls a backend.
 */
#pragma once

#include <sys/types.h>

#include "plan/plan.h"

/* One port's part of a batch. */
typedef struct NwfPortChange {
    char *port;        /* interface name */
    NwfPlan *old_plan; /* what the kernel holds now; NULL: nothing of ours, or (after read) unknown */
    NwfPlan *new_plan; /* NULL: remove everything of the port */
} NwfPortChange;

/** nwf_port_change_new: keeps references on the plans. */
NwfPortChange *nwf_port_change_new(const char *port, NwfPlan *old_plan, NwfPlan *new_plan);
void nwf_port_change_free(NwfPortChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfPortChange, nwf_port_change_free)

/* One of the kernel's tables: an NFPROTO_ value, and the name. */
typedef struct NwfTable {
    guint8 family;
    const char *name;
} NwfTable;

/* What somebody has changed there. */
typedef struct NwfTouched {
    const NwfTable *table;
    char *chain;        /* NULL: the table as a whole */
    gboolean concerned; /* (out): something of ours is there, or the way to it */
} NwfTouched;

/* A process that was given a change of the kernel. */
typedef struct NwfRun {
    pid_t process;
    gboolean announced; /* it made one transaction of nf_tables for certain; else it may have made one or not */
} NwfRun;

typedef struct NwfBackend NwfBackend;

struct NwfBackend {
    const char *name;       /* as in <backend name='…'/> */
    const NwfTable *tables; /* in which the rules stand; the last has no name */

    /* Which tools are there. TRUE if ports can at least be closed. Missing ones are told in @notes. */
    gboolean (*probe)(NwfBackend *self, NwfNotes *notes, GError **error);

    /*
     * Learns what of ours is in the kernel. @ports: (out) (transfer full) (element-type utf8) names of the ports. FALSE
     * if no port can be filtered at all; layers that cannot be read are told in @notes.
     */
    gboolean (*read)(NwfBackend *self, GPtrArray **ports, NwfNotes *notes, GError **error);

    /*
     * Makes the kernel hold @changes (element-type NwfPortChange), each port at most once: all, or none with
     * NWF_ERROR_FIREWALL. Unchanged layers of a port cost nothing; a call without any difference starts no process. The
     * order between the tools is chosen so that no frame passes that neither the old nor the new rules allow. Of a port
     * whose old plan is not known it is looked first whether the kernel holds the new one already. A call without changes
     * puts only that right which belongs to no port.
     */
    gboolean (*apply)(NwfBackend *self, GPtrArray *changes, NwfNotes *notes, GError **error);

    /* FALSE after an apply for @port that failed and could not be undone, until one succeeds: @port may be closed. */
    gboolean (*is_certain)(NwfBackend *self, const char *port);

    /*
     * Somebody else has changed @touched (element-type NwfTouched); NULL: who knows what. Reads again what that concerns.
     * @ports: (out) (transfer full) (element-type utf8): those whose rules may be others now; to be applied again, even if
     * their plans are the same, or nothing to be applied if there are none. *@ports is NULL if nothing that we need was
     * touched. FALSE: it cannot be read.
     */
    gboolean (*look)(NwfBackend *self, GPtrArray *touched, GPtrArray **ports, GError **error);

    /* Removes rules of the stock driver that stand where this technology does not see them: every port has ours now. */
    gboolean (*retire_stock)(NwfBackend *self, GError **error);

    /*
     * Whether there are tables that tell nobody when they are changed; and whether these are others than we left them, or
     * any table was found changed while it was worked on: then there is reason for a look.
     */
    gboolean (*is_mute)(NwfBackend *self);
    gboolean (*is_stirred)(NwfBackend *self);

    /* (transfer full) (element-type NwfRun): what was run to change the kernel since the last call. */
    GArray *(*take_runs)(NwfBackend *self);

    void (*free)(NwfBackend *self);
};

/**
 * nwf_ebiptables_new:
 * @require_bridge_netfilter: rules of the IP layers are refused while the kernel does not show bridged packets to them;
 *   else this is only a note for each port concerned
 * @lock_path: a file by which probe() finds, and ends, tools that an earlier daemon left running; may be NULL
 *
 * ebtables, iptables and ip6tables. (transfer full), freed by its own free(). Cannot fail.
 */
NwfBackend *nwf_ebiptables_new(gboolean require_bridge_netfilter, const char *lock_path);
