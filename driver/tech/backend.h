/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend.h: the contract between the engine and a technology that filters
 *
 * The engine says what should hold: for each port rules, or none. The backend makes the kernel hold them: all ports of
 * one call, or none, or it reports that it does not know. Success is reported only after it is proven. Closing a port
 * is applying the closed rules; releasing it is applying none. One thread at a time (the applier) calls a backend.
 *
 * tests/unit/engine/contract.c is what each backend must pass.
 */
#pragma once

#include "plan/rules.h"

/* One port's part of a call. */
typedef struct NwfPortChange {
    const char *port;    /* interface name */
    NwfRules *old_rules; /* what this backend acknowledged last; NULL: nothing, or unknown. After NWF_APPLIED_UNKNOWN or
                            somebody else's change the kernel may hold something else, which the backend remembers */
    NwfRules *new_rules; /* NULL: remove everything of the port */
} NwfPortChange;

/* How a call of apply ended. */
typedef enum NwfApplied {
    NWF_APPLIED_ALL,     /* the kernel is proven to hold the new rules of all ports */
    NWF_APPLIED_NONE,    /* refused: the kernel holds of all ports what it held before */
    NWF_APPLIED_UNKNOWN, /* failed, and nobody knows what the kernel holds of these ports; some may be closed */
} NwfApplied;

enum { NWF_NO_CULPRIT = -1 };

typedef struct NwfApplyResult {
    NwfApplied applied;
    int culprit; /* index of the change that was refused, or NWF_NO_CULPRIT: the backend does not know which it was */
    gboolean wrote; /* the kernel's tables were changed, or may have been */
} NwfApplyResult;

/* One of the kernel's tables: an NFPROTO_ value, and the name. */
typedef struct NwfTable {
    guint8 family;
    const char *name;
} NwfTable;

/* What somebody has changed there. */
typedef struct NwfTouched {
    const NwfTable *table; /* of the backend's */
    const char *chain;     /* NULL: the table as a whole */
} NwfTouched;

/* What a backend finds out about changes that somebody else made. */
typedef struct NwfReread {
    GPtrArray
        *ports; /* (element-type utf8): those whose rules may be others now; NULL: nothing that we need was touched */
    int first;  /* index of the first change that concerns us; -1: none, or all tables were read */
} NwfReread;

typedef struct NwfBackend NwfBackend;

struct NwfBackend {
    const char *name;       /* as in nwfilter.conf and in <backend name='…'/> */
    const NwfTable *tables; /* in which the rules stand; the last has no name */
    guint ports_max;        /* of one apply; 0: any number */

    /*
     * Finds out what this host can do. TRUE if ports can at least be closed, as far as the host's means go; what these
     * do not see is noted with each port that is closed so. Names of missing features are added to @notes.
     */
    gboolean (*probe)(NwfBackend *self, NwfNotes *notes, GError **error);

    /*
     * Whether this host's kernel can hold @rules of @port at all; asked before anything is stored or written. FALSE
     * with NWF_ERROR_FIREWALL or NWF_ERROR_UNSUPPORTED, which names the rule where one is to blame; with
     * NWF_ERROR_NO_TOOL, which does so, too, if it could as soon as a program is installed.
     */
    gboolean (*check)(NwfBackend *self, const char *port, NwfRules *rules, GError **error);

    /*
     * Reads what of ours is in the kernel. @ports: (out) (transfer full) (element-type utf8) names of the ports. FALSE
     * if no port can be filtered at all; layers that cannot be read are named in @notes.
     */
    gboolean (*read)(NwfBackend *self, GPtrArray **ports, NwfNotes *notes, GError **error);

    /*
     * Makes the kernel hold the @n @changes, each port at most once: all, or none, or NWF_APPLIED_UNKNOWN. What a port
     * has already costs nothing; a call without any difference changes nothing. The order of the steps is chosen so
     * that no frame passes that both the old and the new rules forbid. Of a port whose old rules are not known the
     * backend looks first whether the kernel holds the new ones already. A call without changes puts only that right
     * which belongs to no port. @result: (out): filled in any case.
     *
     * Returns: whether result->applied is NWF_APPLIED_ALL
     */
    gboolean (*apply)(NwfBackend *self, const NwfPortChange *changes, guint n, NwfNotes *notes, NwfApplyResult *result,
                      GError **error);

    /*
     * Whether all transactions of nf_tables that the kernel numbered from @first to @last were made by this backend's
     * own calls. @process: that made it, if it is one; 0: not known. In doubt they were not.
     */
    gboolean (*is_own)(NwfBackend *self, guint32 first, guint32 last, guint32 process);

    /*
     * Somebody else has changed @touched (element-type NwfTouched); NULL: nobody knows what. Reads again what that
     * concerns. If found->ports is NULL nothing of ours was touched, and nothing follows. Else the engine applies each
     * of these ports, even if its rules are the same, and then calls apply without changes. FALSE: not all can be
     * read; then @found has what could.
     */
    gboolean (*reread)(NwfBackend *self, GPtrArray *touched, NwfReread *found, GError **error);

    /*
     * Optional (NULL): makes the kernel hold again what it acknowledged last of @ports (element-type utf8), without new
     * rules. FALSE: at least one port could not be put right.
     */
    gboolean (*reassert)(NwfBackend *self, GPtrArray *ports, gboolean *wrote, GError **error);

    /*
     * Optional (both NULL: all tables announce changes). needs_poll: whether poll() is to be asked after a while,
     * because there are tables that announce nothing, or one was found changed while it was worked on. It costs
     * nothing. poll: whether one of these has changed.
     */
    gboolean (*needs_poll)(NwfBackend *self);
    gboolean (*poll)(NwfBackend *self);

    /* Takes everything of this backend out of the kernel: to change to another backend, or back to the stock driver. */
    gboolean (*remove_all)(NwfBackend *self, GError **error);

    void (*free)(NwfBackend *self);
};
