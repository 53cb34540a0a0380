/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * catalog.c: the filters, bindings and ports in force
 *
 * The only file that takes the catalog's lock, and never for longer than a look-up, a list or a publication: nobody who
 * only asks waits for a tool or a disk. The objects are immutable and reference counted, so what was given out stays
 * true for who has it.
 */
#include "driver/engine/catalog.h"

#include "driver/store/store.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct NwfCatalog {
    GMutex lock;         /* over all below */
    GHashTable *filters; /* name -> NwfFilter */
    GHashTable *uuids;   /* uuid -> NwfFilter, owned by @filters */
    GHashTable *ports;   /* interface name -> NwfPort, which owns the name */
    GHashTable *unread;  /* set of names of binding files that could not be read */
};

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

NwfCatalog *
nwf_catalog_new(void)
{
    NwfCatalog *catalog = g_new0(NwfCatalog, 1);

    g_mutex_init(&catalog->lock);
    catalog->filters = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)nwf_filter_unref);
    catalog->uuids = g_hash_table_new(uuid_hash, uuid_equal);
    catalog->ports = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)nwf_port_unref);
    catalog->unread = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return catalog;
}

void
nwf_catalog_free(NwfCatalog *catalog)
{
    g_hash_table_unref(catalog->ports);
    g_hash_table_unref(catalog->uuids);
    g_hash_table_unref(catalog->filters);
    g_hash_table_unref(catalog->unread);
    g_mutex_clear(&catalog->lock);
    g_free(catalog);
}

/* ---- readers ---- */

NwfFilter *
nwf_catalog_filter(NwfCatalog *catalog, const char *name)
{
    g_mutex_lock(&catalog->lock);
    NwfFilter *filter = g_hash_table_lookup(catalog->filters, name);
    if (filter)
        nwf_filter_ref(filter);
    g_mutex_unlock(&catalog->lock);
    return filter;
}

NwfFilter *
nwf_catalog_filter_by_uuid(NwfCatalog *catalog, const guint8 uuid[16])
{
    g_mutex_lock(&catalog->lock);
    NwfFilter *filter = g_hash_table_lookup(catalog->uuids, uuid);
    if (filter)
        nwf_filter_ref(filter);
    g_mutex_unlock(&catalog->lock);
    return filter;
}

NwfPort *
nwf_catalog_port(NwfCatalog *catalog, const char *name)
{
    g_mutex_lock(&catalog->lock);
    NwfPort *port = g_hash_table_lookup(catalog->ports, name);
    if (port)
        nwf_port_ref(port);
    g_mutex_unlock(&catalog->lock);
    return port;
}

static GPtrArray *
values_of(NwfCatalog *catalog, GHashTable *table, gpointer (*ref)(gpointer), GDestroyNotify unref)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(unref);
    GHashTableIter iter;
    gpointer value;

    g_mutex_lock(&catalog->lock);
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(list, ref(value));
    g_mutex_unlock(&catalog->lock);
    return list;
}

static gpointer
ref_filter(gpointer filter)
{
    return nwf_filter_ref(filter);
}

static gpointer
ref_port(gpointer port)
{
    return nwf_port_ref(port);
}

GPtrArray *
nwf_catalog_filters(NwfCatalog *catalog)
{
    return values_of(catalog, catalog->filters, ref_filter, (GDestroyNotify)nwf_filter_unref);
}

GPtrArray *
nwf_catalog_ports(NwfCatalog *catalog)
{
    return values_of(catalog, catalog->ports, ref_port, (GDestroyNotify)nwf_port_unref);
}

NwfFilter *
nwf_catalog_peek_filter(const char *name, gpointer catalog)
{
    NwfFilter *filter = nwf_catalog_filter(catalog, name);

    if (filter)
        nwf_filter_unref(filter); /* the table keeps it */
    return filter;
}

gboolean
nwf_catalog_is_bound(NwfCatalog *catalog, const char *name)
{
    g_mutex_lock(&catalog->lock);
    gboolean bound = g_hash_table_contains(catalog->ports, name) || g_hash_table_contains(catalog->unread, name);
    g_mutex_unlock(&catalog->lock);
    return bound;
}

void
nwf_catalog_add_unread(NwfCatalog *catalog, const char *name)
{
    g_mutex_lock(&catalog->lock);
    g_hash_table_add(catalog->unread, g_strdup(name));
    g_mutex_unlock(&catalog->lock);
}

static gboolean
has_any(NwfCatalog *catalog, GHashTable *table)
{
    g_mutex_lock(&catalog->lock);
    gboolean has = g_hash_table_size(table) > 0;
    g_mutex_unlock(&catalog->lock);
    return has;
}

gboolean
nwf_catalog_has_ports(NwfCatalog *catalog)
{
    return has_any(catalog, catalog->ports);
}

gboolean
nwf_catalog_has_unread(NwfCatalog *catalog)
{
    return has_any(catalog, catalog->unread);
}

/* ---- definitions ---- */

static gboolean
check_identity(NwfCatalog *catalog, const NwfFilter *filter, NwfFilter **old, GError **error)
{
    g_autoptr(NwfFilter) same_name = nwf_catalog_filter(catalog, filter->name);
    g_autoptr(NwfFilter) same_uuid = nwf_catalog_filter_by_uuid(catalog, filter->uuid);
    char uuid[37];

    if (same_uuid && strcmp(same_uuid->name, filter->name) != 0) {
        nwf_uuid_format(uuid, filter->uuid);
        return nwf_set_error(
            error, NWF_ERROR_OPERATION_FAILED,
            _("filter '%s' cannot have the uuid %s: filter '%s' has it, and filters cannot be renamed"), filter->name,
            uuid, same_uuid->name);
    }
    if (same_name && !same_uuid) {
        nwf_uuid_format(uuid, same_name->uuid);
        return nwf_set_error(
            error, NWF_ERROR_OPERATION_FAILED,
            _("filter '%s' already exists with uuid %s: a new definition must carry the same uuid or leave it out"),
            filter->name, uuid);
    }
    *old = g_steal_pointer(&same_name);
    return TRUE;
}

static gboolean
check_loop(NwfCatalog *catalog, const NwfFilter *filter, GError **error)
{
    g_autofree char *way = nwf_tree_way(filter, filter->name, nwf_catalog_peek_filter, catalog);

    if (!way)
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_OPERATION_FAILED, _("filter '%s' would refer to itself: %s"), filter->name,
                         way);
}

gboolean
nwf_catalog_check_definition(NwfCatalog *catalog, const NwfFilter *filter, NwfFilter **old, GError **error)
{
    return nwf_store_check_name(filter->name, NWF_ERROR_ARGUMENT, error) &&
           check_identity(catalog, filter, old, error) && check_loop(catalog, filter, error);
}

/* ---- publication ---- */

const char *
nwf_port_update_name(const NwfPortUpdate *update)
{
    const NwfPort *port = update->new ? update->new : update->old;

    return port ? port->binding->portdev : update->name;
}

static void
publish_port_locked(NwfCatalog *catalog, const NwfPortUpdate *update)
{
    if (update->new)
        g_hash_table_replace(catalog->ports, update->new->binding->portdev, nwf_port_ref(update->new));
    else
        g_hash_table_remove(catalog->ports, nwf_port_update_name(update));
}

/* Debug builds hold each step against the table of states. */
static void
check_step(const NwfPortUpdate *update)
{
#ifdef NWF_CHECKED
    const NwfPort *old = update->old, *new = update->new;

    if (new && !nwf_state_meaning(new->state)->legal)
        g_critical("port '%s': there is no state %d, %d", new->binding->portdev, new->state.which, new->state.known);
    if (old && new && !nwf_state_may_follow(old->state, new->state))
        g_critical("port '%s': the state %d, %d may not follow %d, %d", new->binding->portdev, new->state.which,
                   new->state.known, old->state.which, old->state.known);
#else
    (void)update;
#endif
}

void
nwf_catalog_publish(NwfCatalog *catalog, NwfFilter *old_filter, NwfFilter *new_filter, const GArray *updates)
{
    g_mutex_lock(&catalog->lock);
    if (old_filter) {
        g_hash_table_remove(catalog->uuids, old_filter->uuid);
        g_hash_table_remove(catalog->filters, old_filter->name);
    }
    if (new_filter) {
        g_hash_table_replace(catalog->uuids, new_filter->uuid, new_filter);
        g_hash_table_replace(catalog->filters, new_filter->name, nwf_filter_ref(new_filter));
    }
    for (guint i = 0; updates && i < updates->len; i++) {
        check_step(&g_array_index(updates, NwfPortUpdate, i));
        publish_port_locked(catalog, &g_array_index(updates, NwfPortUpdate, i));
    }
    g_mutex_unlock(&catalog->lock);
}
