/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * library.c: filters from files, by name
 *
 * Files that were named come first; what they refer to is looked for in one directory, as the driver keeps it:
 * NAME.xml. A name that would lead out of the directory is no name of a file.
 */
#include "tools/library.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct NwfLibrary {
    char *directory;
    NwfReading reading;
    GHashTable *filters; /* name -> NwfFilter; NULL for one that is known not to be there */
};

static void
filter_free(gpointer filter)
{
    if (filter)
        nwf_filter_unref(filter);
}

NwfLibrary *
nwf_library_new(const char *directory, const NwfReading *reading)
{
    NwfLibrary *library = g_new0(NwfLibrary, 1);

    library->directory = g_strdup(directory);
    library->reading = *reading;
    library->filters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, filter_free);
    return library;
}

void
nwf_library_free(NwfLibrary *library)
{
    if (!library)
        return;
    g_free(library->directory);
    g_hash_table_unref(library->filters);
    g_free(library);
}

char *
nwf_read_text(const char *path, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *text = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, &failure)) {
        nwf_set_error(error, NWF_ERROR_SYSTEM, "%s", failure->message);
        return NULL;
    }
    if (strlen(text) != length) {
        nwf_set_error(error, NWF_ERROR_XML_SYNTAX, _("%s: this is not XML, it contains a zero byte"), path);
        return NULL;
    }
    return g_steal_pointer(&text);
}

void
nwf_print_notes(NwfNotes *notes, const char *about)
{
    for (guint i = 0; i < notes->len; i++)
        g_printerr("%s: %s\n", about, (const char *)g_ptr_array_index(notes, i));
    g_ptr_array_set_size(notes, 0);
}

NwfFilter *
nwf_library_add(NwfLibrary *library, const char *path, GError **error)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autofree char *text = nwf_read_text(path, error);
    NwfFilter *filter = text ? nwf_filter_parse(text, &library->reading, notes, error) : NULL;

    nwf_print_notes(notes, path);
    if (!filter) {
        if (text)
            g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    g_hash_table_replace(library->filters, g_strdup(filter->name), filter);
    return filter;
}

NwfFilter *
nwf_library_lookup(const char *name, gpointer data)
{
    NwfLibrary *library = data;
    gpointer found = NULL;

    if (g_hash_table_lookup_extended(library->filters, name, NULL, &found))
        return found;
    if (library->directory && !strchr(name, '/')) {
        g_autofree char *file = g_strconcat(name, ".xml", NULL);
        g_autofree char *path = g_build_filename(library->directory, file, NULL);
        g_autoptr(GError) error = NULL;
        found = nwf_library_add(library, path, &error);
        if (!found)
            g_printerr("%s\n", error->message);
    }
    if (!g_hash_table_lookup_extended(library->filters, name, NULL, &found)) /* a file may hold another name */
        g_hash_table_insert(library->filters, g_strdup(name), NULL);
    return found;
}
