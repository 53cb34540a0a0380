/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine.c: beginning and end of the engine, and its readers
 *
 * Start: load the files and start the applier. Its first work (restore.c) is to ask the technology what is in the kernel,
 * to bring every stored binding up in shared batches, and to release ports that nobody binds any more. Only then the
 * learner listens: by now it knows who has which address. None of the ports can make the start fail, and a tool that
 * hangs holds up changes, but nobody who only asks. Rules that the last run left stay in force until ours replace them.
 *
 * End: the applier finishes the batch that runs; what waits behind it is still carried out, because its callers sleep.
 * Rules and files stay.
 */
#include <glib/gi18n-lib.h>
#include <stdarg.h>
#include <string.h>

#include "driver/engine/internal.h"
#include "driver/run/thread.h"

/* ---- log ---- */

void
nwf_engine_log(NwfEngine *engine, NwfLogLevel level, const char *source, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    engine->config.log(level, source, message);
}

void
nwf_engine_log_notes(NwfEngine *engine, const char *source, const char *subject, NwfNotes *notes)
{
    for (guint i = 0; i < notes->len; i++) {
        const char *note = g_ptr_array_index(notes, i);
        if (subject)
            nwf_engine_log(engine, NWF_LOG_WARNING, source, "'%s': %s", subject, note);
        else
            nwf_engine_log(engine, NWF_LOG_WARNING, source, "%s", note);
    }
}

/* ---- tables ---- */

static guint
uuid_hash(gconstpointer uuid)
{
    guint hash;
    memcpy(&hash, uuid, sizeof(hash));
    return hash;
}

static gboolean
uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, 16) == 0;
}

/* For the applier, and at start: everybody else holds the lock. */
NwfFilter *
nwf_engine_lookup_filter(const char *name, gpointer data)
{
    NwfEngine *engine = data;
    return g_hash_table_lookup(engine->filters, name);
}

/* ---- start ---- */

NwfEngine *
nwf_engine_new(const NwfEngineConfig *config, GError **error)
{
    NwfEngine *engine = g_new0(NwfEngine, 1);

    engine->config = *config;
    engine->config.filter_dir = g_strdup(config->filter_dir);
    engine->config.binding_dir = g_strdup(config->binding_dir);
    engine->config.learn_dir = g_strdup(config->learn_dir);
    engine->config.lease_file = g_strdup(config->lease_file);
    g_mutex_init(&engine->lock);
    g_cond_init(&engine->wake);
    g_cond_init(&engine->answered);
    g_queue_init(&engine->queue);
    g_queue_init(&engine->news);
    engine->filters = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)nwf_filter_unref);
    engine->uuids = g_hash_table_new(uuid_hash, uuid_equal);
    engine->ports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)nwf_port_unref);
    engine->leftovers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    engine->unread = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    engine->changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    engine->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    engine->templates = nwf_shape_table_new();
    engine->filter_store = nwf_store_new(NWF_STORE_FILTERS, config->filter_dir, error);
    engine->binding_store = engine->filter_store ? nwf_store_new(NWF_STORE_BINDINGS, config->binding_dir, error) : NULL;
    if (!engine->binding_store || !nwf_load_filters(engine, error) || !nwf_load_bindings(engine, error)) {
        nwf_engine_free(engine);
        return NULL;
    }
    engine->learner = nwf_learning_start(engine, error);
    engine->guard = nwf_guard_new(engine);
    engine->applier = engine->learner ? nwf_thread_new("nwf-applier", nwf_applier_thread, engine, error) : NULL;
    if (!engine->applier) {
        nwf_engine_free(engine);
        return NULL;
    }
    return engine;
}

void
nwf_engine_settle(NwfEngine *engine, gint64 limit)
{
    gint64 until = g_get_monotonic_time() + limit;

    g_mutex_lock(&engine->lock);
    while (!engine->begun && g_cond_wait_until(&engine->answered, &engine->lock, until))
        continue;
    g_mutex_unlock(&engine->lock);
}

static void
stop_applier(NwfEngine *engine)
{
    if (!engine->applier)
        return;
    g_mutex_lock(&engine->lock);
    engine->stopping = TRUE;
    g_cond_signal(&engine->wake);
    g_mutex_unlock(&engine->lock);
    g_thread_join(g_steal_pointer(&engine->applier));
}

void
nwf_engine_free(NwfEngine *engine)
{
    if (!engine)
        return;
    stop_applier(engine);
    g_clear_pointer(&engine->guard, nwf_guard_free);
    g_queue_clear_full(&engine->news, (GDestroyNotify)nwf_news_free);
    g_clear_pointer(&engine->learner, nwf_learner_free);
    if (engine->inhibited)
        engine->config.inhibit(FALSE, engine->config.inhibit_data);
    g_hash_table_unref(engine->ports);
    g_hash_table_unref(engine->uuids);
    g_hash_table_unref(engine->filters);
    g_hash_table_unref(engine->unread);
    g_hash_table_unref(engine->leftovers);
    g_hash_table_unref(engine->changed);
    g_hash_table_unref(engine->told);
    g_hash_table_unref(engine->templates);
    nwf_store_free(engine->binding_store);
    nwf_store_free(engine->filter_store);
    engine->config.backend->free(engine->config.backend);
    g_free((char *)engine->config.filter_dir);
    g_free((char *)engine->config.binding_dir);
    g_free((char *)engine->config.learn_dir);
    g_free((char *)engine->config.lease_file);
    g_cond_clear(&engine->answered);
    g_cond_clear(&engine->wake);
    g_mutex_clear(&engine->lock);
    g_free(engine);
}

/*
 * Filter files are read again, and all ports are looked at: somebody may have flushed their rules, or a firewall daemon
 * may have started.
 */
gboolean
nwf_engine_reload(NwfEngine *engine, GError **error)
{
    g_autoptr(NwfGroup) reread = nwf_group_new(&nwf_reread_kind);
    g_autoptr(GError) local = NULL;
    gboolean read = nwf_reload_filters(engine, error);

    if (!nwf_group_run(engine, reread, &local))
        nwf_engine_log(engine, NWF_LOG_ERROR, "tech", "%s", local->message);
    g_autoptr(GPtrArray) groups = nwf_restore_groups(engine, reread->in_kernel);
    nwf_group_run_all(engine, groups);
    nwf_restore_log_failures(engine, groups);
    return read;
}

/* ---- readers ---- */

NwfFilter *
nwf_engine_filter_by_name(NwfEngine *engine, const char *name, GError **error)
{
    g_autofree char *shown = nwf_clip(name);

    g_mutex_lock(&engine->lock);
    NwfFilter *filter = g_hash_table_lookup(engine->filters, name);
    if (filter)
        nwf_filter_ref(filter);
    g_mutex_unlock(&engine->lock);
    if (!filter)
        nwf_set_error(error, NWF_ERROR_NO_FILTER, _("no network filter is named '%s'"), shown);
    return filter;
}

NwfFilter *
nwf_engine_filter_by_uuid(NwfEngine *engine, const guint8 uuid[16], GError **error)
{
    char text[37];

    g_mutex_lock(&engine->lock);
    NwfFilter *filter = g_hash_table_lookup(engine->uuids, uuid);
    if (filter)
        nwf_filter_ref(filter);
    g_mutex_unlock(&engine->lock);
    if (!filter) {
        nwf_uuid_format(text, uuid);
        nwf_set_error(error, NWF_ERROR_NO_FILTER, _("no network filter has the uuid %s"), text);
    }
    return filter;
}

GPtrArray *
nwf_engine_filters(NwfEngine *engine)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_filter_unref);
    GHashTableIter iter;
    gpointer value;

    g_mutex_lock(&engine->lock);
    g_hash_table_iter_init(&iter, engine->filters);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(list, nwf_filter_ref(value));
    g_mutex_unlock(&engine->lock);
    return list;
}

/* What is looked for comes as the client gave it. */
static void
no_binding(const char *portdev, GError **error)
{
    g_autofree char *shown = nwf_clip(portdev);

    nwf_set_error(error, NWF_ERROR_NO_BINDING, _("port '%s' has no filter binding"), shown);
}

static NwfPort *
find_port(NwfEngine *engine, const char *portdev, GError **error)
{
    g_mutex_lock(&engine->lock);
    NwfPort *port = g_hash_table_lookup(engine->ports, portdev);
    if (port)
        nwf_port_ref(port);
    g_mutex_unlock(&engine->lock);
    if (!port)
        no_binding(portdev, error);
    return port;
}

NwfBinding *
nwf_engine_binding(NwfEngine *engine, const char *portdev, GError **error)
{
    g_autoptr(NwfPort) port = find_port(engine, portdev, error);
    return port ? nwf_binding_ref(port->binding) : NULL;
}

GPtrArray *
nwf_engine_bindings(NwfEngine *engine)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_binding_unref);
    GHashTableIter iter;
    gpointer value;

    g_mutex_lock(&engine->lock);
    g_hash_table_iter_init(&iter, engine->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(list, nwf_binding_ref(((NwfPort *)value)->binding));
    g_mutex_unlock(&engine->lock);
    return list;
}

char *
nwf_engine_binding_xml(NwfEngine *engine, const NwfBinding *binding, GError **error)
{
    g_autoptr(NwfPort) port = find_port(engine, binding->portdev, error);
    if (!port)
        return NULL;
    if (port->binding != binding) {
        no_binding(binding->portdev, error);
        return NULL;
    }
    g_autoptr(NwfParams) params =
        port->instantiated ? nwf_build_params(port->binding) : nwf_params_copy(port->binding->params);
    return nwf_binding_format(port->binding, params, engine->config.dialect);
}
