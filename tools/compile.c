/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compile.c: virt-nwfilter compile: what a filter becomes for a port
 *
 * Goes the driver's own way, from XML over tree, template and plan to batches, with a kernel that holds nothing yet,
 * and prints the batches instead of applying them. So what is shown is what would be done.
 *
 * A port is a binding, from a file or put together from options; several bindings make one batch per tool.
 */
#include "conf/binding.h"
#include "driver/tech/ebiptables/render.h"
#include "tools/library.h"
#include "tools/virt-nwfilter.h"

#include <glib/gi18n-lib.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

typedef struct Options {
    char **files;
    char **bindings;
    char *port;
    char *mac;
    char *filter;
    char **params;
    char *filter_dir;
    char *dialect;
    gboolean annotate;
} Options;

/* One port to compile for. */
typedef struct Target {
    char *port;
    char *root;
    NwfParams *params;
} Target;

static const char *const tools[NWF_LAYERS] = {
    [NWF_LAYER_ETHERNET] = "ebtables-restore",
    [NWF_LAYER_IPV4] = "iptables-restore",
    [NWF_LAYER_IPV6] = "ip6tables-restore",
};

static void
options_clear(Options *options)
{
    g_strfreev(options->files);
    g_strfreev(options->bindings);
    g_strfreev(options->params);
    g_free(options->port);
    g_free(options->mac);
    g_free(options->filter);
    g_free(options->filter_dir);
    g_free(options->dialect);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static void
target_clear(Target *target)
{
    g_free(target->port);
    g_free(target->root);
    g_clear_pointer(&target->params, nwf_params_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

/* --- options --- */

static gboolean
parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"binding", 'b', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->bindings, N_("binding to compile for"), N_("FILE")},
        {"port", 'i', 0, G_OPTION_ARG_STRING, &options->port, N_("instead of a binding: its interface"), N_("NAME")},
        {"mac", 'm', 0, G_OPTION_ARG_STRING, &options->mac, N_("and its MAC address"), N_("ADDRESS")},
        {"filter", 'f', 0, G_OPTION_ARG_STRING, &options->filter, N_("and its filter (default: the first file's)"),
         N_("NAME")},
        {"param", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &options->params,
         N_("value of a variable; repeated: a list. Takes the place of the binding's"), N_("NAME=VALUE")},
        {"filter-dir", 'd', 0, G_OPTION_ARG_FILENAME, &options->filter_dir,
         N_("where other filters are found as NAME.xml"), N_("DIRECTORY")},
        {"dialect", 0, 0, G_OPTION_ARG_STRING, &options->dialect, N_("read as this libvirt does (default: 12.8.0)"),
         N_("VERSION")},
        {"annotate", 'a', 0, G_OPTION_ARG_NONE, &options->annotate, N_("name the filter and line of each rule"), NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files, NULL, N_("FILTER.xml...")},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context, _("Prints what a filter becomes for a port. Changes nothing."));
    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    g_set_prgname("virt-nwfilter compile");
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (!options->bindings && !(options->port && options->mac))
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("either --binding or both --port and --mac are needed"));
    if (options->bindings && (options->port || options->mac))
        return nwf_set_error(error, NWF_ERROR_ARGUMENT,
                             _("--port and --mac are part of a binding: give one or the other"));
    return TRUE;
}

static gboolean
read_dialect(const char *version, NwfDialect *dialect, GError **error)
{
    unsigned major = 0, minor = 0, release = 0;
    char end;

    *dialect = NWF_DIALECT_12;
    if (!version)
        return TRUE;
    int n = sscanf(version, "%u.%u.%u%c", &major, &minor, &release, &end);
    if (n < 1 || n > 3)
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("'%s' is no version of libvirt, such as 9.0.0"), version);
    *dialect = nwf_dialect_of_version(major * 1000000UL + minor * 1000UL + release);
    return TRUE;
}

/* --- targets --- */

/* Puts the --param options into @params; a name given there loses the values it had. */
static gboolean
add_params(NwfParams *params, char **texts, GError **error)
{
    for (guint i = 0; texts && texts[i]; i++) {
        const char *equals = strchr(texts[i], '=');
        if (!equals)
            return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("'%s' is not of the form NAME=VALUE"), texts[i]);
        g_autofree char *name = g_strndup(texts[i], (gsize)(equals - texts[i]));
        nwf_params_remove(params, name);
    }
    for (guint i = 0; texts && texts[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(texts[i], "=", 2);
        if (!nwf_params_add(params, parts[0], parts[1]))
            return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("parameter '%s' has a character that is not allowed"),
                                 texts[i]);
    }
    return TRUE;
}

static void
add_mac(NwfParams *params, const guint8 mac[6])
{
    char text[18];

    nwf_mac_format(text, mac);
    if (!nwf_params_get(params, "MAC"))
        nwf_params_add(params, "MAC", text);
}

static gboolean
target_from_binding(Target *target, const char *path, const NwfReading *reading, const Options *options, GError **error)
{
    g_autofree char *text = nwf_read_text(path, error);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfBinding) binding = text ? nwf_binding_parse(text, reading, notes, error) : NULL;

    nwf_print_notes(notes, path);
    if (!binding) {
        if (text)
            g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    target->port = g_strdup(binding->portdev);
    target->root = g_strdup(options->filter ? options->filter : binding->filter);
    target->params = nwf_params_copy(binding->params);
    add_mac(target->params, binding->mac);
    return add_params(target->params, options->params, error);
}

static gboolean
target_from_options(Target *target, const char *first_filter, const Options *options, GError **error)
{
    guint8 mac[6];

    if (!nwf_mac_parse(mac, options->mac, NULL))
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("'%s' is no MAC address"), options->mac);
    if (!options->filter && !first_filter)
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("no filter is named: give a file or --filter"));
    target->port = g_strdup(options->port);
    target->root = g_strdup(options->filter ? options->filter : first_filter);
    target->params = nwf_params_new();
    add_mac(target->params, mac);
    return add_params(target->params, options->params, error);
}

/* --- from target to plan --- */

static int
service_port(const char *name, G_GNUC_UNUSED gpointer data)
{
    const struct servent *service = getservbyname(name, NULL);

    return service ? g_ntohs((guint16)service->s_port) : -1;
}

static gboolean
nothing_is_missing(const NwfTree *tree, const Target *target, GError **error)
{
    g_autoptr(GPtrArray) missing = nwf_tree_missing(tree, target->params);

    if (missing->len == 0)
        return TRUE;
    g_ptr_array_add(missing, NULL);
    g_autofree char *names = g_strjoinv(", ", (char **)missing->pdata);
    return nwf_set_error(error, NWF_ERROR_INTERNAL,
                         _("filter '%s' for interface '%s': no value for %s; give --param NAME=VALUE"), target->root,
                         target->port, names);
}

static NwfPlan *
plan_for(const Target *target, NwfLibrary *library, GError **error)
{
    const NwfHost host = {service_port, NULL};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfTree) tree = nwf_tree_new(target->root, nwf_library_lookup, library, error);

    if (!tree || !nothing_is_missing(tree, target, error))
        return NULL;
    g_autoptr(NwfTemplate) template = nwf_template_new(tree, target->params, error);
    g_autoptr(NwfValues) values = template ? nwf_values_new(template, target->params, &host, notes, error) : NULL;
    g_autoptr(NwfPlan) plan = values ? nwf_plan_new(template, values, error) : NULL;

    nwf_print_notes(notes, target->port);
    if (!plan || !nwf_render_check(target->port, plan, error))
        return NULL;
    return g_steal_pointer(&plan);
}

static gboolean
add_change(GPtrArray *changes, const Target *target, NwfLibrary *library, GError **error)
{
    g_autoptr(NwfPlan) plan = plan_for(target, library, error);

    if (!plan)
        return FALSE;
    for (guint i = 0; i < changes->len; i++)
        if (g_str_equal(((NwfPortChange *)g_ptr_array_index(changes, i))->port, target->port))
            return nwf_set_error(error, NWF_ERROR_OPERATION_FAILED, _("two bindings for the interface '%s'"),
                                 target->port);
    g_ptr_array_add(changes, nwf_port_change_new(target->port, NULL, plan));
    return TRUE;
}

static gboolean
collect_changes(GPtrArray *changes, const Options *options, NwfLibrary *library, const NwfReading *reading,
                GError **error)
{
    g_autofree char *first = NULL;

    for (guint i = 0; options->files && options->files[i]; i++) {
        const NwfFilter *filter = nwf_library_add(library, options->files[i], error);
        if (!filter)
            return FALSE;
        if (i == 0)
            first = g_strdup(filter->name);
    }
    if (!options->bindings) {
        g_auto(Target) target = {0};
        return target_from_options(&target, first, options, error) && add_change(changes, &target, library, error);
    }
    for (guint i = 0; options->bindings[i]; i++) {
        g_auto(Target) target = {0};
        if (!target_from_binding(&target, options->bindings[i], reading, options, error) ||
            !add_change(changes, &target, library, error))
            return FALSE;
    }
    return TRUE;
}

/* --- printing --- */

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
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);
    g_auto(Options) options = {0};
    NwfReading reading = {0};

    if (!parse_options(&argc, &argv, &options, error) || !read_dialect(options.dialect, &reading.dialect, error))
        return FALSE;
    g_autoptr(NwfLibrary) library = nwf_library_new(options.filter_dir, &reading);
    if (!collect_changes(changes, &options, library, &reading, error))
        return FALSE;
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(NwfState) state = nwf_state_new(layer);
        g_autoptr(NwfBatch) batch = nwf_render(state, layer, changes, error);
        if (!batch)
            return FALSE;
        if (batch->n_lines > 0)
            print_batch(batch, options.annotate);
    }
    return TRUE;
}
