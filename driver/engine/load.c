/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load.c: definitions and bindings from their files
 *
 * Each file counts by itself: one that cannot be read, does not parse, or clashes with what is loaded already is logged
 * with its name and passed over, whatever state the others are in. They load in the order of their names, so that the
 * same directory always gives the same result.
 *
 * Clients are not answered before the filters are known, and reading large ones takes tens of milliseconds for each
 * MiB. So files of filters are read by a few threads; who clashes with whom is found out afterwards, in their order.
 *
 * Remarks on definitions and bindings are logged, and never make a file be refused: a guest may depend on it.
 * References are looked at when all files are read; what was logged about them once is not repeated by a reload.
 *
 * A binding's file that cannot be read may have a guest behind it, so the catalog keeps its name, and the rules of that
 * port stay. A reload reads each filter file as a request of its own (request_define.c), so that between reading a file
 * and taking over what it says nobody can define something else.
 */
#include "driver/engine/load.h"

#include "driver/run/parallel.h"
#include "plan/review.h"

#include <glib/gi18n-lib.h>
#include <string.h>

enum { THREADS_MAX = 8, SLOW = 5 * G_USEC_PER_SEC };

void
nwf_load_refused(const NwfEngineConfig *config, const char *directory, const char *name, const GError *why)
{
    nwf_engine_log(config, NWF_LOG_ERROR, "store", _("file '%s/%s.xml' is ignored: %s"), directory, name, why->message);
}

NwfFilter *
nwf_load_filter(const NwfEngineConfig *config, NwfStore *store, const char *name, NwfNotes *remarks, GError **error)
{
    NwfReading reading = {.dialect = config->dialect};
    g_autofree char *text = nwf_store_read(store, name, error);

    if (!text)
        return NULL;
    g_autoptr(NwfFilter) filter = nwf_filter_parse(text, &reading, remarks, error);
    if (!filter)
        return NULL;
    if (strcmp(filter->name, name) != 0) {
        nwf_set_error(error, NWF_ERROR_XML_VALUE, _("the filter in it has another name, '%s'"), filter->name);
        return NULL;
    }
    return g_steal_pointer(&filter);
}

/* A filter whose file had no uuid has one now: it must be the same one at the next start. */
static void
save_uuid(NwfApplier *applier, const NwfFilter *filter)
{
    g_autofree char *xml = nwf_filter_format(filter, applier->config->dialect);
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    char uuid[37];

    nwf_uuid_format(uuid, filter->uuid);
    NwfPending *pending = nwf_store_prepare(applier->filter_store, filter->name, uuid, xml, &error);
    if (!pending || !nwf_store_commit(pending, notes, &error))
        nwf_engine_log(applier->config, NWF_LOG_WARNING, "store", _("the uuid of filter '%s' cannot be saved: %s"),
                       filter->name, error->message);
    nwf_engine_log_notes(applier->config, "store", filter->name, notes);
}

/* ---- start ---- */

/* What one file has. */
typedef struct FilterFile {
    const char *name; /* without ending */
    NwfFilter *filter;
    NwfNotes *remarks;
    GError *error;
} FilterFile;

static void
file_clear(gpointer data)
{
    FilterFile *file = data;

    g_clear_pointer(&file->filter, nwf_filter_unref);
    g_clear_pointer(&file->remarks, g_ptr_array_unref);
    g_clear_error(&file->error);
}

typedef struct Reading {
    const NwfApplier *applier;
    GArray *files; /* (element-type FilterFile) */
    gint64 begin;
    gint is_slow; /* atomic: this was logged */
} Reading;

/* Nobody is answered meanwhile, so the log tells why. */
static void
log_if_slow(Reading *reading)
{
    if (g_get_monotonic_time() - reading->begin > SLOW &&
        g_atomic_int_compare_and_exchange(&reading->is_slow, FALSE, TRUE))
        nwf_engine_log(
            reading->applier->config, NWF_LOG_WARNING, "store",
            _("reading the definitions of filters (files: %u) takes long; clients are answered when it is done"),
            reading->files->len);
}

static gboolean
read_file(guint number, gpointer data)
{
    Reading *reading = data;
    const NwfApplier *applier = reading->applier;
    FilterFile *file = &g_array_index(reading->files, FilterFile, number);

    file->filter = nwf_load_filter(applier->config, applier->filter_store, file->name, file->remarks, &file->error);
    log_if_slow(reading);
    return TRUE;
}

/* (transfer full) (element-type FilterFile): the files of @names, all read. */
static GArray *
read_files(const NwfApplier *applier, GPtrArray *names)
{
    GArray *files = g_array_new(FALSE, TRUE, sizeof(FilterFile));
    Reading reading = {applier, files, g_get_monotonic_time(), FALSE};

    g_array_set_clear_func(files, file_clear);
    for (guint i = 0; i < names->len; i++) {
        FilterFile file = {.name = g_ptr_array_index(names, i), .remarks = nwf_notes_new()};
        g_array_append_val(files, file);
    }
    if (!nwf_parallel("nwf-load", names->len, MIN(g_get_num_processors(), THREADS_MAX), read_file, &reading, NULL))
        for (guint i = 0; i < names->len; i++)
            read_file(i, &reading);
    return files;
}

static void
take_filter(NwfApplier *applier, FilterFile *file)
{
    g_autoptr(NwfFilter) old = NULL;

    if (!file->filter || !nwf_catalog_check_definition(applier->catalog, file->filter, &old, &file->error)) {
        nwf_load_refused(applier->config, applier->config->filter_dir, file->name, file->error);
        return;
    }
    nwf_engine_log_notes(applier->config, "conf", NULL, file->remarks);
    if (file->filter->uuid_generated)
        save_uuid(applier, file->filter);
    nwf_catalog_publish(applier->catalog, old, file->filter, NULL);
}

static gboolean
load_filters(NwfApplier *applier, GError **error)
{
    g_autoptr(GPtrArray) names = nwf_store_list(applier->filter_store, error);
    g_autoptr(GArray) files = names ? read_files(applier, names) : NULL;

    for (guint i = 0; files && i < files->len; i++)
        take_filter(applier, &g_array_index(files, FilterFile, i));
    return names != NULL;
}

static NwfBinding *
read_binding(NwfApplier *applier, const char *name, GError **error)
{
    NwfReading reading = {.dialect = applier->config->dialect};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autofree char *text = nwf_store_read(applier->binding_store, name, error);
    g_autoptr(NwfBinding) binding = text ? nwf_binding_status_parse(text, &reading, notes, error) : NULL;

    if (!binding || !nwf_port_name_is_usable(binding->portdev, error))
        return NULL;
    nwf_engine_log_notes(applier->config, "conf", NULL, notes);
    return g_steal_pointer(&binding);
}

/*
 * A binding in a file of another name would come back after it was deleted: the file gets its right name. If there is a
 * file of that name already, then that one counts, and this is a copy that somebody left.
 */
static gboolean
correct_name(NwfApplier *applier, const char *name, const NwfBinding *binding, GError **error)
{
    return strcmp(binding->portdev, name) == 0 ||
           nwf_store_rename(applier->binding_store, name, binding->portdev, error);
}

/* A binding says that the stock driver filtered its port with a backend whose rules none of ours sees. */
static void
note_stock_rules(NwfApplier *applier, const NwfBinding *binding)
{
    const NwfBackendKind *kind = nwf_backend_kind(binding ? binding->backend : NULL);

    if (kind && kind->remove_stock)
        applier->stock_rules = kind;
}

static void
load_binding(NwfApplier *applier, const char *name)
{
    g_autoptr(GError) error = NULL;

    g_autoptr(NwfBinding) binding = read_binding(applier, name, &error);
    note_stock_rules(applier, binding);
    if (binding && correct_name(applier, name, binding, &error)) {
        g_autoptr(GArray) updates = g_array_new(FALSE, FALSE, sizeof(NwfPortUpdate));
        g_autoptr(NwfPort) port = nwf_port_new(binding);
        NwfPortUpdate update = {.new = port};
        g_array_append_val(updates, update);
        nwf_catalog_publish(applier->catalog, NULL, NULL, updates);
        return;
    }
    nwf_load_refused(applier->config, applier->config->binding_dir, name, error);
    nwf_catalog_add_unread(applier->catalog, binding ? binding->portdev : name);
}

static gboolean
load_bindings(NwfApplier *applier, GError **error)
{
    g_autoptr(GPtrArray) names = nwf_store_list(applier->binding_store, error);

    for (guint i = 0; names && i < names->len; i++)
        load_binding(applier, g_ptr_array_index(names, i));
    return names != NULL;
}

/* By name, so that the same filters always make the same log. */
static int
compare_filters(gconstpointer a, gconstpointer b)
{
    return strcmp((*(NwfFilter *const *)a)->name, (*(NwfFilter *const *)b)->name);
}

static gboolean
review(NwfApplier *applier, NwfRequest *request, G_GNUC_UNUSED GError **error)
{
    g_autoptr(GPtrArray) filters = nwf_catalog_filters(applier->catalog);

    g_ptr_array_sort(filters, compare_filters);
    for (guint i = 0; i < filters->len; i++)
        nwf_review_references(g_ptr_array_index(filters, i), nwf_catalog_peek_filter, applier->catalog,
                              request->remarks);
    nwf_applier_log_remarks(applier, request->remarks, TRUE);
    return TRUE;
}

const NwfRequestKind nwf_review_kind = {.exclusive = TRUE, .act = review};

gboolean
nwf_load(NwfApplier *applier, GError **error)
{
    g_autoptr(NwfRequest) request = nwf_request_new(&nwf_review_kind, NULL);

    return load_filters(applier, error) && review(applier, request, error) && load_bindings(applier, error);
}
