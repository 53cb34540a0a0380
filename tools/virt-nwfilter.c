/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-nwfilter.c: the companion command
 *
 * Looks at filters with the code of the driver and without a daemon; it changes nothing on the host. Each subcommand is
 * a row of the table; it parses its own arguments and answers with TRUE or an error.
 *
 * Exit status: 0 done, 1 anything else.
 */
#include "tools/virt-nwfilter.h"

#include <glib/gi18n-lib.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static const NwfSubcommand subcommands[] = {
    {"compile", N_("print the firewall batches that a filter becomes for a port"), nwf_compile_command},
    {"learned", N_("print the addresses that the driver has learned"), nwf_learned_command},
    {"ports", N_("print the bound ports, and those that no rule can see"), nwf_bound_command},
    {"verdict", N_("say what becomes of the frames of a capture"), nwf_verdict_command},
};

static void
usage(FILE *out)
{
    fprintf(out, _("Usage: virt-nwfilter SUBCOMMAND [ARGUMENT...]\n\n"));
    for (guint i = 0; i < G_N_ELEMENTS(subcommands); i++)
        fprintf(out, "  %-10s %s\n", subcommands[i].name, _(subcommands[i].summary));
    fprintf(out, _("\n'virt-nwfilter SUBCOMMAND --help' says more. Version: %s\n"), NWF_VERSION);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    if (argc > 1 && (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h"))) {
        usage(stdout);
        return EXIT_SUCCESS;
    }
    for (guint i = 0; argc > 1 && i < G_N_ELEMENTS(subcommands); i++) {
        if (!g_str_equal(argv[1], subcommands[i].name))
            continue;
        if (subcommands[i].run(argc - 1, argv + 1, &error))
            return EXIT_SUCCESS;
        g_printerr("virt-nwfilter %s: %s\n", subcommands[i].name, error->message);
        return EXIT_FAILURE;
    }
    usage(stderr);
    return EXIT_FAILURE;
}
