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

/* The functions of a kind that has no new() are NULL, remove_stock() excepted. */
typedef struct NwfBackendKind {
    const char *name; /* in nwfilter.conf and in <backend name='…'/> of a stored binding */
    /* (transfer full); cannot fail. NULL: the stock driver has this backend, this one does not */
    NwfBackend *(*new)(const NwfBackendOptions *options);

    /* What follows needs neither rights nor a kernel: check() as of the backend, for what holds on every host; */
    gboolean (*check)(const char *port, NwfRules *rules, GError **error);
    /* (transfer full): the input that makes a kernel without rules hold the new rules of @changes; with @annotate, the
       filter and line of each rule. NULL with @error set, as of check(); */
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
