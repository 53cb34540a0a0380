/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-nwfilter.h: what the subcommands of the companion command share
 */
#pragma once

#include <glib.h>

/**
 * NwfSubcommand:
 * @run: gets its own name and its arguments; returns FALSE with an error, which the caller prints
 */
typedef struct NwfSubcommand {
    const char *name;
    const char *summary;
    gboolean (*run)(int argc, char **argv, GError **error);
} NwfSubcommand;

gboolean nwf_compile_command(int argc, char **argv, GError **error);
gboolean nwf_learned_command(int argc, char **argv, GError **error);
gboolean nwf_bound_command(int argc, char **argv, GError **error);
gboolean nwf_verdict_command(int argc, char **argv, GError **error);
