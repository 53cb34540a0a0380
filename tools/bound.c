/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bound.c: which ports are bound, and whether any rule can see their frames
 *
 * Bindings come from the driver's files, devices from the kernel, both as they are now; no daemon is asked. People get
 * a line for each port; programs get one JSON object, whose words are not translated.
 *
 * Limits: that a device was renamed is not known here; its port has no device then, as docs/virt-nwfilter.1 says. The
 * daemon's log names the new name.
 */
#include "conf/binding.h"
#include "driver/watch/reach.h"
#include "tools/json.h"
#include "tools/library.h"
#include "tools/virt-nwfilter.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define BINDING_DIR "/run/libvirt/nwfilter-binding"

static int
compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* (transfer full) (element-type NwfBinding), by name; what cannot be read is reported on standard error. */
static GPtrArray *
read_bindings(const char *directory, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *bindings = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_binding_unref);
    const NwfReading reading = {.dialect = NWF_DIALECT_12};
    g_autoptr(GError) failure = NULL;
    g_autoptr(GDir) folder = g_dir_open(directory, 0, &failure);

    if (!folder && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        nwf_set_error(error, NWF_ERROR_SYSTEM, "%s", failure->message);
        g_ptr_array_unref(bindings);
        return NULL;
    }
    for (const char *name = folder ? g_dir_read_name(folder) : NULL; name; name = g_dir_read_name(folder))
        if (g_str_has_suffix(name, ".xml"))
            g_ptr_array_add(names, g_build_filename(directory, name, NULL));
    g_ptr_array_sort(names, compare_paths);
    for (guint i = 0; i < names->len; i++) {
        const char *path = g_ptr_array_index(names, i);
        g_autoptr(GError) why = NULL;
        g_autofree char *text = nwf_read_text(path, &why);
        NwfBinding *binding = text ? nwf_binding_status_parse(text, &reading, NULL, &why) : NULL;
        if (binding)
            g_ptr_array_add(bindings, binding);
        else
            g_printerr("%s: %s\n", path, why->message);
    }
    return bindings;
}

/* Where a port is. */
typedef struct Place {
    const NwfLink *link, *master; /* NULL: none */
    NwfReach reach;
} Place;

static Place
place_of(const NwfLinks *links, const NwfBinding *binding)
{
    const NwfLink *link = nwf_links_find(links, binding->portdev);
    const NwfLink *master = link ? nwf_links_at(links, link->master) : NULL;

    return (Place){link, master, nwf_reach_of(link, master)};
}

/* (transfer full): the bridge, or what there is in its place; NULL: nothing. */
static char *
master_of(const Place *place)
{
    return place->master ? g_utf8_make_valid(place->master->name, -1) : NULL;
}

static void
print_text(const GPtrArray *bindings, const NwfLinks *links)
{
    g_print("%-16s %-20s %-16s %-20s %s\n", _("Port"), _("Guest"), _("Bridge"), _("Filter"), _("Rules"));
    for (guint i = 0; i < bindings->len; i++) {
        const NwfBinding *binding = g_ptr_array_index(bindings, i);
        const Place place = place_of(links, binding);
        g_autofree char *master = master_of(&place);
        g_autofree char *why = nwf_reach_text(place.reach, place.link, place.master);
        g_autofree char *state = why                                  ? g_strdup_printf(_("not filtered: %s"), why)
                                 : place.reach == NWF_REACH_NO_DEVICE ? g_strdup(_("no device"))
                                                                      : g_strdup(_("seen by its rules"));
        g_print("%-16s %-20s %-16s %-20s %s\n", binding->portdev, binding->owner_name, master ? master : "-",
                binding->filter, state);
    }
}

static void
print_json(const GPtrArray *bindings, const NwfLinks *links)
{
    g_autoptr(JsonBuilder) out = json_builder_new();

    json_builder_begin_object(out);
    json_builder_set_member_name(out, "ports");
    json_builder_begin_array(out);
    for (guint i = 0; i < bindings->len; i++) {
        const NwfBinding *binding = g_ptr_array_index(bindings, i);
        const Place place = place_of(links, binding);
        g_autofree char *master = master_of(&place);
        json_builder_begin_object(out);
        nwf_json_text(out, "port", binding->portdev);
        nwf_json_text(out, "guest", binding->owner_name);
        nwf_json_text(out, "filter", binding->filter);
        nwf_json_text(out, "bridge", master);
        nwf_json_text(out, "reach", nwf_reach_words[place.reach]);
        json_builder_end_object(out);
    }
    json_builder_end_array(out);
    json_builder_end_object(out);
    nwf_json_print(out);
}

gboolean
nwf_bound_command(int argc, char **argv, GError **error)
{
    g_autofree char *directory = NULL;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 'j', 0, G_OPTION_ARG_NONE, &json, N_("print JSON"), NULL},
        {"binding-dir", 0, 0, G_OPTION_ARG_FILENAME, &directory, N_("folder of the driver's bindings"),
         N_("DIRECTORY")},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context, _("Prints the bound ports, and whether rules see their frames."));
    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    if (!g_option_context_parse(context, &argc, &argv, error))
        return FALSE;
    if (argc > 1)
        return nwf_set_error(error, NWF_ERROR_ARGUMENT, _("unexpected argument '%s'"), argv[1]);
    g_autoptr(GPtrArray) bindings = read_bindings(directory ? directory : BINDING_DIR, error);
    g_autoptr(NwfLinks) links = bindings ? nwf_links_new(error) : NULL;
    if (!links)
        return FALSE;
    (json ? print_json : print_text)(bindings, links);
    return TRUE;
}
