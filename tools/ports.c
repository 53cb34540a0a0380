/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ports.c: the ports that a command line names, with their rules
 *
 * A port is a binding, from a file or put together from options. Filters are the files that were named and what they
 * refer to. Values are looked up on this host, as the driver does.
 */
#include "tools/ports.h"

#include "conf/binding.h"
#include "driver/tech/backends.h"
#include "driver/tech/services.h"
#include "plan/review.h"
#include "tools/library.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

/* One port to make a plan for. */
typedef struct Target {
    char *port;
    guint8 mac[6];
    char *root;
    NwfParams *params;
} Target;

static void
target_clear(Target *target)
{
    g_free(target->port);
    g_free(target->root);
    g_clear_pointer(&target->params, nwf_params_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

/* --- options --- */

void
nwf_port_options_clear(NwfPortOptions *options)
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

void
nwf_port_options_add(GOptionContext *context, NwfPortOptions *options)
{
    const GOptionEntry entries[] = {
        {"binding", 'b', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->bindings, N_("binding of a port"), N_("FILE")},
        {"port", 'i', 0, G_OPTION_ARG_STRING, &options->port, N_("name of a port, instead of a binding"), N_("NAME")},
        {"mac", 'm', 0, G_OPTION_ARG_STRING, &options->mac, N_("MAC address of the port"), N_("ADDRESS")},
        {"filter", 'f', 0, G_OPTION_ARG_STRING, &options->filter,
         N_("filter of the port (default: that of the binding, else the first file)"), N_("NAME")},
        {"param", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &options->params,
         N_("value of a variable, instead of those of the binding; may be repeated for a list"), N_("NAME=VALUE")},
        {"filter-dir", 'd', 0, G_OPTION_ARG_FILENAME, &options->filter_dir, N_("folder of other filters, as NAME.xml"),
         N_("DIRECTORY")},
        {"dialect", 0, 0, G_OPTION_ARG_STRING, &options->dialect,
         N_("read documents as this libvirt does (default: 12.8.0)"), N_("VERSION")},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files, NULL, N_("FILTER.xml...")},
        {NULL}};

    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
}

static gboolean
check_options(const NwfPortOptions *options, GError **error)
{
    if (!options->bindings && !(options->port && options->mac))
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("either --binding or both --port and --mac are needed"));
    if (options->bindings && (options->port || options->mac))
        return nwf_set_error(error, NWF_ERROR_ARGUMENT,
                             _("--port and --mac say the same as --binding: give one or the other"));
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
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("'%s' is not a version of libvirt, such as 9.0.0"), version);
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
            return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("'%s' has not the form NAME=VALUE"), texts[i]);
        g_autofree char *name = g_strndup(texts[i], (gsize)(equals - texts[i]));
        nwf_params_remove(params, name);
    }
    for (guint i = 0; texts && texts[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(texts[i], "=", 2);
        if (!nwf_params_add(params, parts[0], parts[1]))
            return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("the parameter '%s' has characters that are not allowed"),
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
target_from_binding(Target *target, const char *path, const NwfReading *reading, const NwfPortOptions *options,
                    GError **error)
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
    memcpy(target->mac, binding->mac, sizeof(target->mac));
    target->root = g_strdup(options->filter ? options->filter : binding->filter);
    target->params = nwf_params_copy(binding->params);
    add_mac(target->params, binding->mac);
    return add_params(target->params, options->params, error);
}

static gboolean
target_from_options(Target *target, const char *first_filter, const NwfPortOptions *options, GError **error)
{
    if (!nwf_mac_parse(target->mac, options->mac, NULL))
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("'%s' is not a MAC address"), options->mac);
    if (!options->filter && !first_filter)
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("no filter is named: give a file or --filter"));
    target->port = g_strdup(options->port);
    target->root = g_strdup(options->filter ? options->filter : first_filter);
    target->params = nwf_params_new();
    add_mac(target->params, target->mac);
    return add_params(target->params, options->params, error);
}

/* --- from target to rules --- */

static gboolean
nothing_is_missing(const NwfTree *tree, const Target *target, GError **error)
{
    g_autoptr(GPtrArray) missing = nwf_tree_missing(tree, target->params);

    if (missing->len == 0)
        return TRUE;
    g_autofree char *names = nwf_tree_explain_missing(tree, target->params, missing, NULL);
    return nwf_set_error(
        error, NWF_ERROR_INTERNAL,
        _("port '%s', filter '%s': these variables have no value: %s; give them with --param NAME=VALUE"), target->port,
        target->root, names);
}

static NwfRules *
rules_for(const Target *target, NwfLibrary *library, GError **error)
{
    const NwfHost host = {nwf_service_port, NULL};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfTree) tree = nwf_tree_new(target->root, nwf_library_lookup, library, error);
    g_autofree char *place = g_strdup_printf(_("port '%s'"), target->port);

    if (tree)
        nwf_review_params(place, tree, target->params, notes);
    nwf_print_notes(notes, target->root);
    if (!tree || !nothing_is_missing(tree, target, error))
        return NULL;
    g_autoptr(NwfRules) rules = nwf_rules_of_tree(tree, target->params, &host, notes, error);

    nwf_print_notes(notes, target->port);
    if (!rules || !nwf_backend_kinds->check(target->port, rules, error))
        return NULL;
    return g_steal_pointer(&rules);
}

/* --- ports --- */

static void
port_free(gpointer data)
{
    NwfPort *port = data;

    g_free(port->name);
    nwf_rules_unref(port->rules);
    g_free(port);
}

static gboolean
add_port(GPtrArray *ports, const Target *target, NwfLibrary *library, GError **error)
{
    g_autoptr(NwfRules) rules = rules_for(target, library, error);
    NwfPort *port = NULL;

    if (!rules)
        return FALSE;
    for (guint i = 0; i < ports->len; i++)
        if (g_str_equal(((NwfPort *)g_ptr_array_index(ports, i))->name, target->port))
            return nwf_set_error(error, NWF_ERROR_OPERATION_FAILED, _("port '%s' has several bindings"), target->port);
    port = g_new0(NwfPort, 1);
    port->name = g_strdup(target->port);
    memcpy(port->mac, target->mac, sizeof(port->mac));
    port->rules = g_steal_pointer(&rules);
    g_ptr_array_add(ports, port);
    return TRUE;
}

static gboolean
collect(GPtrArray *ports, const NwfPortOptions *options, NwfLibrary *library, const NwfReading *reading, GError **error)
{
    g_autoptr(GPtrArray) named = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_filter_unref);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    const char *first = NULL;

    for (guint i = 0; options->files && options->files[i]; i++) {
        NwfFilter *filter = nwf_library_add(library, options->files[i], error);
        if (!filter)
            return FALSE;
        g_ptr_array_add(named, nwf_filter_ref(filter));
        first = first ? first : filter->name;
    }
    for (guint i = 0; i < named->len; i++) { /* once all are there, because they may refer to each other */
        nwf_review_references(g_ptr_array_index(named, i), nwf_library_lookup, library, notes);
        nwf_print_notes(notes, options->files[i]);
    }
    if (!options->bindings) {
        g_auto(Target) target = {0};
        return target_from_options(&target, first, options, error) && add_port(ports, &target, library, error);
    }
    for (guint i = 0; options->bindings[i]; i++) {
        g_auto(Target) target = {0};
        if (!target_from_binding(&target, options->bindings[i], reading, options, error) ||
            !add_port(ports, &target, library, error))
            return FALSE;
    }
    return TRUE;
}

GPtrArray *
nwf_ports_new(const NwfPortOptions *options, GError **error)
{
    g_autoptr(GPtrArray) ports = g_ptr_array_new_with_free_func(port_free);
    NwfReading reading = {0};

    if (!check_options(options, error) || !read_dialect(options->dialect, &reading.dialect, error))
        return NULL;
    g_autoptr(NwfLibrary) library = nwf_library_new(options->filter_dir, &reading);
    return collect(ports, options, library, &reading, error) ? g_steal_pointer(&ports) : NULL;
}
