/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compile.c: virt-nwfilter compile: what a filter becomes for a port
 *
 * Goes the driver's own way from plans to batches, with a kernel that holds nothing yet, and prints the batches instead
 * of applying them. So what is shown is what would be done. Several ports make one batch per tool.
 */
#include "driver/tech/ebiptables/render.h"
#include "tools/ports.h"
#include "tools/virt-nwfilter.h"

#include <glib/gi18n-lib.h>

typedef struct Options {
    NwfPortOptions ports;
    gboolean annotate;
} Options;

static const char *const tools[NWF_LAYERS] = {
    [NWF_LAYER_ETHERNET] = "ebtables-restore",
    [NWF_LAYER_IPV4] = "iptables-restore",
    [NWF_LAYER_IPV6] = "ip6tables-restore",
};

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

static GPtrArray *
changes_for(GPtrArray *ports)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);

    for (guint i = 0; i < ports->len; i++) {
        const NwfPort *port = g_ptr_array_index(ports, i);
        g_ptr_array_add(changes, nwf_plan_change_new(port->name, NULL, port->plan));
    }
    return changes;
}

static void
print_batch(const NwfBatch *batch, gboolean annotate)
{
    g_auto(GStrv) lines = g_strsplit(batch->text->str, "\n", -1);

    g_print("# %s --noflush\n", tools[batch->layer]);
    for (guint i = 0; i < batch->n_lines; i++) {
        const NwfOrigin *origin = &g_array_index(batch->origins, NwfOrigin, i);
        if (annotate && origin->filter)
            g_print("# filter '%s' line %u\n", origin->filter, origin->line);
        g_print("%s\n", lines[i]);
    }
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
    g_autoptr(GPtrArray) changes = changes_for(ports);
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfModel) model = nwf_model_new(layer);
        g_autoptr(NwfBatch) batch = nwf_render(model, layer, changes, error);
        if (!batch)
            return FALSE;
        if (batch->n_lines > 0)
            print_batch(batch, options.annotate);
    }
    return TRUE;
}
