/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * catalog.h: the filters, bindings and ports in force
 *
 * All functions may be called from any thread; what they return stays as it is, whatever is published later. Only the
 * applier publishes, so what the applier reads stays in force until it publishes itself.
 */
#pragma once

#include "driver/engine/port.h"

typedef struct NwfCatalog NwfCatalog;

NwfCatalog *nwf_catalog_new(void);
void nwf_catalog_free(NwfCatalog *catalog);

/** nwf_catalog_filter, nwf_catalog_filter_by_uuid, nwf_catalog_port: (transfer full): NULL if there is none. */
NwfFilter *nwf_catalog_filter(NwfCatalog *catalog, const char *name);
NwfFilter *nwf_catalog_filter_by_uuid(NwfCatalog *catalog, const guint8 uuid[16]);
NwfPort *nwf_catalog_port(NwfCatalog *catalog, const char *name);

/** nwf_catalog_filters, nwf_catalog_ports: (transfer full): all of them, in no order. */
GPtrArray *nwf_catalog_filters(NwfCatalog *catalog);
GPtrArray *nwf_catalog_ports(NwfCatalog *catalog);

/** nwf_catalog_peek_filter: a NwfFilterLookup of a catalog, for the applier: (transfer none), until it publishes. */
NwfFilter *nwf_catalog_peek_filter(const char *name, gpointer catalog);

/** nwf_catalog_is_bound: whether a port is bound or has a file of a binding that could not be read. */
gboolean nwf_catalog_is_bound(NwfCatalog *catalog, const char *name);
/** nwf_catalog_add_unread: @name: of a binding's file that cannot be read, so that a guest may be behind it. */
void nwf_catalog_add_unread(NwfCatalog *catalog, const char *name);
gboolean nwf_catalog_has_ports(NwfCatalog *catalog);
gboolean nwf_catalog_has_unread(NwfCatalog *catalog);

/**
 * nwf_catalog_check_definition: whether @filter may be defined: its name can be a file, no other filter has its uuid,
 * it has the uuid of the one that it replaces, and it does not refer to itself
 * @old: (out) (transfer full): what it would replace, or NULL
 */
gboolean nwf_catalog_check_definition(NwfCatalog *catalog, const NwfFilter *filter, NwfFilter **old, GError **error);

/* A port before and after a change. */
typedef struct NwfPortUpdate {
    char *name;       /* of a port that is in no catalog; else NULL */
    NwfPort *old;     /* NULL: none in force */
    NwfPort *new;     /* NULL: released */
    gboolean unknown; /* the last call of the backend left it unknown what the kernel holds of the port */
} NwfPortUpdate;

/** nwf_port_update_name: of the port that is updated. */
const char *nwf_port_update_name(const NwfPortUpdate *update);

/**
 * nwf_catalog_publish: all in one step: no reader sees a part of it
 * @old_filter: to be taken out; NULL: none
 * @new_filter: to be put in; NULL: none
 * @updates: (element-type NwfPortUpdate): whose new ports are put in
 */
void nwf_catalog_publish(NwfCatalog *catalog, NwfFilter *old_filter, NwfFilter *new_filter, const GArray *updates);
