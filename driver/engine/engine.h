/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine.h: what should hold, and the thread that makes it so
 *
 * All calls may come from any thread. Readers (find, list) never wait for a tool: they see the last published state. A
 * changing call returns after the kernel acknowledged and the files are safe, or with an error: then catalog and files
 * are as before, and a port whose rules became unknown is put right later.
 */
#pragma once

#include "conf/binding.h"
#include "driver/tech/backend.h"

typedef struct NwfEngine NwfEngine;

typedef enum NwfLogLevel {
    NWF_LOG_DEBUG = 1,
    NWF_LOG_INFO,
    NWF_LOG_WARNING,
    NWF_LOG_ERROR
} NwfLogLevel; /* as libvirt's */

typedef struct NwfEngineConfig {
    const char *filter_dir;    /* /etc/libvirt/nwfilter */
    const char *binding_dir;   /* /run/libvirt/nwfilter-binding */
    const char *learn_dir;     /* /run/libvirt/nwfilter-learn */
    const char *lease_file;    /* /run/libvirt/network/nwfilter.leases */
    gboolean open_until_known; /* interim rules as open as the stock driver's */
    gboolean strict;           /* new definitions and bindings that would be remarked on are refused */
    NwfDialect dialect;
    NwfBackend *backend;                                                     /* (transfer full) */
    void (*log)(NwfLogLevel level, const char *source, const char *message); /* source: "engine", "store" … */
    void (*inhibit)(gboolean inhibit, gpointer data);                        /* while there are bindings; may be NULL */
    gpointer inhibit_data;
} NwfEngineConfig;

/**
 * nwf_engine_new: loads the files and starts the threads, of which the applier takes over the kernel's rules and brings
 * all stored bindings up. Readers need not wait for that; changes do.
 */
NwfEngine *nwf_engine_new(const NwfEngineConfig *config, GError **error);
/** nwf_engine_settle: waits until the applier has done so, but not longer than @limit microseconds. */
void nwf_engine_settle(NwfEngine *engine, gint64 limit);
/**
 * nwf_engine_close: takes no more changes, and waits until those are carried out that there are, @limit microseconds at
 * the most. FALSE: a firewall tool still runs, and the engine must not be freed.
 */
gboolean nwf_engine_close(NwfEngine *engine, gint64 limit);
/** nwf_engine_free: stops the threads, however long a tool takes; rules and files stay. */
void nwf_engine_free(NwfEngine *engine);
/** nwf_engine_is_strict: whether new definitions and bindings that would be remarked on are to be refused. */
gboolean nwf_engine_is_strict(const NwfEngine *engine);
/** nwf_engine_reload: reads filter files again and looks at the rules of every binding. */
gboolean nwf_engine_reload(NwfEngine *engine, GError **error);

/* Filters. Arguments are (transfer none), returned filters (transfer full). */
NwfFilter *nwf_engine_define(NwfEngine *engine, NwfFilter *filter, GError **error);
/** nwf_engine_undefine: the filter with uuid and name of @filter; NWF_ERROR_NO_FILTER if the uuid is another one's now.
 */
gboolean nwf_engine_undefine(NwfEngine *engine, NwfFilter *filter, GError **error);
NwfFilter *nwf_engine_filter_by_name(NwfEngine *engine, const char *name, GError **error);
NwfFilter *nwf_engine_filter_by_uuid(NwfEngine *engine, const guint8 uuid[16], GError **error);
GPtrArray *nwf_engine_filters(NwfEngine *engine);

/* Bindings. Arguments are (transfer none), returned bindings (transfer full). */
NwfBinding *nwf_engine_bind(NwfEngine *engine, NwfBinding *binding, GError **error);
/** nwf_engine_unbind: @binding as it was found; NWF_ERROR_NO_BINDING if its port has another one by now. */
gboolean nwf_engine_unbind(NwfEngine *engine, NwfBinding *binding, GError **error);
NwfBinding *nwf_engine_binding(NwfEngine *engine, const char *portdev, GError **error);
GPtrArray *nwf_engine_bindings(NwfEngine *engine);
/** nwf_engine_binding_xml: (transfer full): the canonical document with the parameters in force; @binding as above. */
char *nwf_engine_binding_xml(NwfEngine *engine, const NwfBinding *binding, GError **error);
