/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * applier.c: what the applier thread works with
 */
#include "driver/engine/applier.h"

NwfApplier *
nwf_applier_new(const NwfEngineConfig *config, NwfCatalog *catalog, NwfInbox *inbox)
{
    NwfApplier *applier = g_new0(NwfApplier, 1);

    applier->config = config;
    applier->catalog = catalog;
    applier->inbox = inbox;
    applier->backend = config->backend;
    applier->cache = nwf_rules_cache_new(nwf_catalog_peek_filter, catalog, NULL);
    applier->pace = nwf_pace_new();
    applier->now = g_get_monotonic_time;
    applier->leftovers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    applier->warned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return applier;
}

gboolean
nwf_applier_open(NwfApplier *applier, GError **error)
{
    applier->filter_store = nwf_store_new(NWF_STORE_FILTERS, applier->config->filter_dir, error);
    if (applier->filter_store)
        applier->binding_store = nwf_store_new(NWF_STORE_BINDINGS, applier->config->binding_dir, error);
    return applier->binding_store != NULL;
}

void
nwf_applier_free(NwfApplier *applier)
{
    if (applier->inhibited)
        applier->config->inhibit(FALSE, applier->config->inhibit_data);
    nwf_rules_cache_free(applier->cache);
    nwf_pace_free(applier->pace);
    g_hash_table_unref(applier->leftovers);
    g_hash_table_unref(applier->warned);
    nwf_store_free(applier->binding_store);
    nwf_store_free(applier->filter_store);
    applier->backend->free(applier->backend);
    g_free(applier);
}

void
nwf_engine_log(const NwfEngineConfig *config, NwfLogLevel level, const char *source, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    config->log(level, source, message);
}

void
nwf_engine_log_notes(const NwfEngineConfig *config, const char *source, const char *subject, NwfNotes *notes)
{
    for (guint i = 0; i < notes->len; i++) {
        const char *note = g_ptr_array_index(notes, i);
        if (subject)
            nwf_engine_log(config, NWF_LOG_WARNING, source, "'%s': %s", subject, note);
        else
            nwf_engine_log(config, NWF_LOG_WARNING, source, "%s", note);
    }
}

gboolean
nwf_applier_apply(NwfApplier *applier, const GArray *changes, NwfNotes *notes, NwfApplyResult *result, GError **error)
{
    gboolean all = applier->backend->apply(applier->backend, (const NwfPortChange *)(gpointer)changes->data,
                                           changes->len, notes, result, error);
    applier->writes += result->wrote;
    return all;
}

gboolean
nwf_applier_repair(NwfApplier *applier, NwfNotes *notes, GError **error)
{
    g_autoptr(GArray) nothing = g_array_new(FALSE, FALSE, sizeof(NwfPortChange));
    NwfApplyResult result;

    return nwf_applier_apply(applier, nothing, notes, &result, error);
}
