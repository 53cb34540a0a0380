/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ports.h: the ports that a command line names, with their rules
 */
#pragma once

#include "plan/rules.h"

/* What the subcommands have in common: filters, and the ports that use them. */
typedef struct NwfPortOptions {
    char **files;
    char **bindings;
    char *port;
    char *mac;
    char *filter;
    char **params;
    char *filter_dir;
    char *dialect;
} NwfPortOptions;

void nwf_port_options_clear(NwfPortOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfPortOptions, nwf_port_options_clear)

/** nwf_port_options_add: adds the options to @context, to be parsed into @options. */
void nwf_port_options_add(GOptionContext *context, NwfPortOptions *options);

/* One port. */
typedef struct NwfPort {
    char *name;
    guint8 mac[6];
    NwfRules *rules;
} NwfPort;

/**
 * nwf_ports_new:
 *
 * Goes the driver's own way, from XML over tree and template to the rules of each port, and makes the plan.
 *
 * Returns: (transfer full) (element-type NwfPort): at least one port, each name once; or NULL with an error for options
 *   that do not go together and for everything the driver would refuse
 */
GPtrArray *nwf_ports_new(const NwfPortOptions *options, GError **error);
