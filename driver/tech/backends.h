/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backends.h: the backends that there are, by the names that users and files give them
 */
#pragma once

#include "driver/tech/backend.h"

typedef struct NwfBackendOptions {
    gboolean require_bridge_netfilter; /* rules of IP layers are refused while the kernel shows them no bridged packets;
                                          else that is only a note for each port concerned */
    const char *child_lock;            /* a file by which probe() finds, and ends, tools that an earlier daemon left
                                          running; may be NULL */
} NwfBackendOptions;

/* A kind without new() is one that only the stock driver has; of its functions only remove_stock() may be set. */
typedef struct NwfBackendKind {
    const char *name; /* in nwfilter.conf and in <backend name='…'/> of a stored binding */
    /* (transfer full); cannot fail */
    NwfBackend *(*new)(const NwfBackendOptions *options);

    /* The next three are pure: they ask no kernel and need no rights. */

    /* Whether any host could hold @rules of @port; errors as of check() of a backend. */
    gboolean (*check)(const char *port, NwfRules *rules, GError **error);
    /*
     * (transfer full): the tools' input that makes a kernel without rules hold the new rules of @changes. @annotate
     * adds the filter and line of each rule. NULL with @error set: a rule that check() refuses, or two ports that need
     * a chain of the same name.
     */
    char *(*preview)(const NwfPortChange *changes, guint n, gboolean annotate, GError **error);
    /* (transfer full): the name that @chain of @port has in the kernel. */
    char *(*chain_name)(const NwfChain *chain, const char *port);

    /* Takes the rules out that the stock driver made with it and that no backend of ours sees; NULL: ours see them. */
    gboolean (*remove_stock)(GError **error);
} NwfBackendKind;

/* The first is the one that is used unless the configuration says otherwise; the last has no name. */
extern const NwfBackendKind nwf_backend_kinds[];

/** nwf_backend_kind: by its name; NULL: there is none. */
const NwfBackendKind *nwf_backend_kind(const char *name);
