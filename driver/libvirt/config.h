/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config.h: nwfilter.conf
 */
#pragma once

#include "driver/tech/backends.h"

typedef struct NwfConfig {
    const NwfBackendKind *backend;     /* one that this driver has; the first of all kinds by default */
    gboolean require_bridge_netfilter; /* filters with IP-layer rules need the bridge netfilter switch: else an error */
    gboolean learning_open_until_known; /* interim rules as open as the stock driver's */
    gboolean strict;                    /* new definitions and bindings that would be remarked on are refused */
} NwfConfig;

/**
 * nwf_config_read:
 * @path: the file; one that does not exist means all defaults
 * @config: (out): filled in any case, with defaults for what the file does not say
 * @notes: keys that are unknown or have no effect here, or NULL
 *
 * The file has lines `key = value` as all of libvirt's configuration files: a value is a number, a quoted text, or a
 * list in brackets; `#` begins a comment. Keys of libvirt 12.8's own driver (firewall_backend, enable_trace,
 * enable_counters) are understood.
 *
 * Returns: FALSE with NWF_ERROR_SYSTEM for a file that cannot be read, NWF_ERROR_UNSUPPORTED for a line that is broken
 * or has a value that is not accepted; the message names file and line
 */
gboolean nwf_config_read(const char *path, NwfConfig *config, NwfNotes *notes, GError **error);
