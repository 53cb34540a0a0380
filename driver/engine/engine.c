/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine.c: beginning and end of the engine, and its calls
 *
 * Start: load the files and start the applier. Its first work (scheduler.c) is to bring every stored binding up. Only
 * then the learner captures: by now it knows who has which address. None of the ports can make the start fail, and a
 * tool that hangs holds up changes, but nobody who only asks. Rules that the last run left stay in force until ours
 * replace them.
 *
 * Calls: those that only ask look into the catalog; the others are requests to the applier.
 *
 * End: the applier finishes the batch that runs; what waits behind it is still carried out, because its callers sleep.
 * Rules and files stay.
 */
#include "driver/engine/engine.h"

#include "driver/engine/foreign_changes.h"
#include "driver/engine/gate.h"
#include "driver/engine/load.h"
#include "driver/run/thread.h"

#include <glib/gi18n-lib.h>

struct NwfEngine {
    NwfEngineConfig config; /* constant */
    NwfCatalog *catalog;    /* these five are shared and lock themselves */
    NwfInbox *inbox;
    NwfGate *gate;
    NwfLearner *learner;
    NwfForeignChanges *foreign;
    NwfApplier *applier; /* its thread's alone while that runs */
    GThread *thread;     /* NULL: not started, or ended */
};

/* ---- beginning and end ---- */

static void
on_relearned(const char *portdev, gpointer data)
{
    nwf_inbox_post_relearned(((NwfEngine *)data)->inbox, portdev);
}

static void
log_learner(NwfLearnLevel level, const char *message, gpointer data)
{
    nwf_engine_log(&((NwfEngine *)data)->config, (NwfLogLevel)level, "learn", "%s", message);
}

static NwfLearner *
start_learner(NwfEngine *engine, GError **error)
{
    const NwfLearnerConfig config = {.state_dir = engine->config.learn_dir,
                                     .lease_file = engine->config.lease_file,
                                     .changed = on_relearned,
                                     .log = log_learner,
                                     .data = engine};
    return nwf_learner_new(&config, error);
}

static gpointer
run_applier(gpointer data)
{
    NwfEngine *engine = data;

    nwf_scheduler_begin(engine->applier);
    nwf_learner_begin(engine->learner);
    nwf_foreign_changes_begin(engine->foreign);
    nwf_inbox_set_ready(engine->inbox);
    nwf_scheduler_run(engine->applier);
    return NULL;
}

static gboolean
start(NwfEngine *engine, GError **error)
{
    if (!nwf_applier_open(engine->applier, error) || !nwf_load(engine->applier, error))
        return FALSE;
    engine->learner = engine->applier->learner = start_learner(engine, error);
    if (!engine->learner)
        return FALSE;
    engine->foreign =
        nwf_foreign_changes_new(&engine->config, engine->config.backend->tables, engine->inbox, engine->catalog);
    engine->thread = nwf_thread_new("nwf-applier", run_applier, engine, error);
    return engine->thread != NULL;
}

NwfEngine *
nwf_engine_new(const NwfEngineConfig *config, GError **error)
{
    NwfEngine *engine = g_new0(NwfEngine, 1);

    engine->config = *config;
    engine->config.filter_dir = g_strdup(config->filter_dir);
    engine->config.binding_dir = g_strdup(config->binding_dir);
    engine->config.learn_dir = g_strdup(config->learn_dir);
    engine->config.lease_file = g_strdup(config->lease_file);
    engine->catalog = nwf_catalog_new();
    engine->inbox = nwf_inbox_new();
    engine->gate = nwf_gate_new(NWF_GATE_INSIDE, NWF_GATE_PATIENCE);
    engine->applier = nwf_applier_new(&engine->config, engine->catalog, engine->inbox);
    if (start(engine, error))
        return engine;
    nwf_engine_free(engine);
    return NULL;
}

void
nwf_engine_settle(NwfEngine *engine, gint64 limit)
{
    nwf_inbox_wait_ready(engine->inbox, limit);
}

gboolean
nwf_engine_close(NwfEngine *engine, gint64 limit)
{
    nwf_inbox_close(engine->inbox);
    return nwf_inbox_wait_empty(engine->inbox, limit);
}

void
nwf_engine_free(NwfEngine *engine)
{
    if (!engine)
        return;
    nwf_inbox_close(engine->inbox);
    if (engine->thread)
        g_thread_join(engine->thread);
    nwf_foreign_changes_free(engine->foreign);
    nwf_learner_free(engine->learner);
    nwf_applier_free(engine->applier);
    nwf_inbox_free(engine->inbox);
    nwf_gate_free(engine->gate);
    nwf_catalog_free(engine->catalog);
    g_free((char *)engine->config.filter_dir);
    g_free((char *)engine->config.binding_dir);
    g_free((char *)engine->config.learn_dir);
    g_free((char *)engine->config.lease_file);
    g_free(engine);
}

gboolean
nwf_engine_is_strict(const NwfEngine *engine)
{
    return engine->config.strict;
}

/* ---- reload ---- */

static gboolean
reload_filters(NwfEngine *engine, GError **error)
{
    g_autoptr(GPtrArray) names = nwf_store_list(engine->applier->filter_store, error);
    g_autoptr(GPtrArray) requests = nwf_requests_new();

    if (!names)
        return FALSE;
    for (guint i = 0; i < names->len; i++)
        nwf_requests_add(requests, &nwf_reload_kind, NULL)->file = g_strdup(g_ptr_array_index(names, i));
    nwf_inbox_run(engine->inbox, requests);
    for (guint i = 0; i < requests->len; i++) {
        const NwfRequest *request = g_ptr_array_index(requests, i);
        if (request->error)
            nwf_load_refused(&engine->config, engine->config.filter_dir, request->file, request->error);
    }
    return TRUE;
}

/*
 * Filter files are read again, and all ports are looked at: somebody may have flushed their rules, or a firewall daemon
 * may have started.
 */
gboolean
nwf_engine_reload(NwfEngine *engine, GError **error)
{
    g_autoptr(NwfRequest) review = nwf_request_new(&nwf_review_kind, NULL);
    g_autoptr(NwfRequest) reread = nwf_request_new(&nwf_reread_kind, NULL);
    g_autoptr(GError) local = NULL;
    gboolean read = reload_filters(engine, error);

    nwf_inbox_run_one(engine->inbox, review, NULL);
    if (!nwf_inbox_run_one(engine->inbox, reread, &local))
        nwf_engine_log(&engine->config, NWF_LOG_ERROR, "tech", "%s", local->message);
    g_autoptr(GPtrArray) requests = nwf_restore_requests(engine->catalog, reread->in_kernel);
    nwf_inbox_run(engine->inbox, requests);
    nwf_log_failures(&engine->config, requests);
    return read;
}

/* ---- changes that clients ask for ---- */

static gboolean
ask(NwfEngine *engine, NwfRequest *request, GError **error)
{
    if (!nwf_gate_enter(engine->gate, error))
        return FALSE;
    gboolean done = nwf_inbox_run_one(engine->inbox, request, error);
    nwf_gate_leave(engine->gate);
    return done;
}

/* ---- filters ---- */

static gboolean
run_filter_request(NwfEngine *engine, const NwfRequestKind *kind, NwfFilter *filter, GError **error)
{
    g_autoptr(NwfRequest) request = nwf_request_new(kind, NULL);

    request->filter = nwf_filter_ref(filter);
    return ask(engine, request, error);
}

NwfFilter *
nwf_engine_define(NwfEngine *engine, NwfFilter *filter, GError **error)
{
    return run_filter_request(engine, &nwf_define_kind, filter, error) ? nwf_filter_ref(filter) : NULL;
}

gboolean
nwf_engine_undefine(NwfEngine *engine, NwfFilter *filter, GError **error)
{
    return run_filter_request(engine, &nwf_undefine_kind, filter, error);
}

NwfFilter *
nwf_engine_filter_by_name(NwfEngine *engine, const char *name, GError **error)
{
    NwfFilter *filter = nwf_catalog_filter(engine->catalog, name);
    g_autofree char *shown = filter ? NULL : nwf_clip(name);

    if (!filter)
        nwf_set_error(error, NWF_ERROR_NO_FILTER, _("no network filter is named '%s'"), shown);
    return filter;
}

NwfFilter *
nwf_engine_filter_by_uuid(NwfEngine *engine, const guint8 uuid[16], GError **error)
{
    NwfFilter *filter = nwf_catalog_filter_by_uuid(engine->catalog, uuid);
    char text[37];

    if (!filter) {
        nwf_uuid_format(text, uuid);
        nwf_set_error(error, NWF_ERROR_NO_FILTER, _("no network filter has the uuid %s"), text);
    }
    return filter;
}

GPtrArray *
nwf_engine_filters(NwfEngine *engine)
{
    return nwf_catalog_filters(engine->catalog);
}

/* ---- bindings ---- */

static gboolean
run_binding_request(NwfEngine *engine, const NwfRequestKind *kind, NwfBinding *binding, GError **error)
{
    g_autoptr(NwfRequest) request = nwf_request_new(kind, binding->portdev);

    request->binding = nwf_binding_ref(binding);
    if (!ask(engine, request, error))
        return FALSE;
    nwf_foreign_changes_ports(engine->foreign);
    return TRUE;
}

NwfBinding *
nwf_engine_bind(NwfEngine *engine, NwfBinding *binding, GError **error)
{
    return run_binding_request(engine, &nwf_bind_kind, binding, error) ? nwf_binding_ref(binding) : NULL;
}

gboolean
nwf_engine_unbind(NwfEngine *engine, NwfBinding *binding, GError **error)
{
    return run_binding_request(engine, &nwf_unbind_kind, binding, error);
}

/* The port of that name, if @binding (NULL: any) is its binding; (transfer full). What is looked for comes as the
 * client gave it. */
static NwfPort *
find_port(NwfEngine *engine, const char *portdev, const NwfBinding *binding, GError **error)
{
    g_autoptr(NwfPort) port = nwf_catalog_port(engine->catalog, portdev);
    g_autofree char *shown = NULL;

    if (port && (!binding || port->binding == binding))
        return g_steal_pointer(&port);
    shown = nwf_clip(portdev);
    nwf_set_error(error, NWF_ERROR_NO_BINDING, _("port '%s' has no filter binding"), shown);
    return NULL;
}

NwfBinding *
nwf_engine_binding(NwfEngine *engine, const char *portdev, GError **error)
{
    g_autoptr(NwfPort) port = find_port(engine, portdev, NULL, error);

    return port ? nwf_binding_ref(port->binding) : NULL;
}

GPtrArray *
nwf_engine_bindings(NwfEngine *engine)
{
    g_autoptr(GPtrArray) ports = nwf_catalog_ports(engine->catalog);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_binding_unref);

    for (guint i = 0; i < ports->len; i++)
        g_ptr_array_add(list, nwf_binding_ref(((const NwfPort *)g_ptr_array_index(ports, i))->binding));
    return list;
}

char *
nwf_engine_binding_xml(NwfEngine *engine, const NwfBinding *binding, GError **error)
{
    g_autoptr(NwfPort) port = find_port(engine, binding->portdev, binding, error);

    if (!port)
        return NULL;
    g_autoptr(NwfParams) params = nwf_port_shown_params(port);
    return nwf_binding_format(port->binding, params, engine->config.dialect, engine->config.backend->name);
}
