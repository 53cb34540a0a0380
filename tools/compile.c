/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compile.c: virt-nwfilter compile: what a filter becomes for a port
 *
 * Prints the input that the driver's backend would give its tools, if the kernel held nothing yet. Applies nothing.
 */
#include "driver/tech/backends.h"
#include "tools/ports.h"
#include "tools/virt-nwfilter.h"

#include <glib/gi18n-lib.h>

typedef struct Options {
    NwfPortOptions ports;
    gboolean annotate;
} Options;

static void
options_clear(Options *options)
{
    nwf_port_options_clear(&options->ports);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static gboolean
parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"annotate", 'a', 0, G_OPTION_ARG_NONE, &options->annotate, N_("name the filter and line of each rule"), NULL},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context, _("Prints what a filter becomes for a port. Changes nothing."));
    nwf_port_options_add(context, &options->ports);
    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    g_set_prgname("virt-nwfilter compile");
    return g_option_context_parse(context, argc, argv, error);
}

gboolean
nwf_compile_command(int argc, char **argv, GError **error)
{
    g_auto(Options) options = {0};

    if (!parse_options(&argc, &argv, &options, error))
        return FALSE;
    g_autoptr(GPtrArray) ports = nwf_ports_new(&options.ports, error);
    if (!ports)
        return FALSE;
    g_autofree NwfPortChange *changes = g_new0(NwfPortChange, ports->len);
    for (guint i = 0; i < ports->len; i++) {
        const NwfPort *port = g_ptr_array_index(ports, i);
        changes[i] = (NwfPortChange){port->name, NULL, port->rules};
    }
    g_autofree char *text = nwf_backend_kinds->preview(changes, ports->len, options.annotate, error);
    if (text)
        g_print("%s", text);
    return text != NULL;
}
