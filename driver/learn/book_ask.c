/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * book_ask.c: what the book says, to the engine and to files
 */
#include <string.h>

#include "driver/learn/book_inside.h"

/* ---- asking ---- */

guint64
nwf_lease_db_version(const NwfLeasePort *port)
{
    return port->shelf->leases->version;
}

guint64
nwf_lease_db_renewals(const NwfLeasePort *port)
{
    return port->shelf->leases->renewals;
}

guint64
nwf_lease_db_changes(const NwfLeaseDb *db)
{
    return db->changes;
}

static GArray *
first_of(const NwfLeaseSet *leases, guint max)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(NwfLease));

    if (leases != NULL && leases->entries->len > 0)
        g_array_append_vals(list, leases->entries->data, MIN(leases->entries->len, max));
    return list;
}

GArray *
nwf_lease_db_leases(const NwfLeasePort *port)
{
    return first_of(port->shelf->leases, port->max);
}

GArray *
nwf_lease_db_peek(const NwfLeaseDb *db, const char *name, guint ifindex, const char *key, NwfLearnMode mode, guint max)
{
    const NwfRecord *record;
    const NwfShelf *shelf;
    GArray *list;

    if (mode == NWF_LEARN_DHCP) {
        shelf = g_tree_lookup(db->shelves, key);
        return first_of(shelf != NULL ? shelf->leases : NULL, CLAMP(max, 1, NWF_LEASES_MAX));
    }
    list = first_of(NULL, 0);
    record = nwf_lease_db_remembered(db, name, ifindex, key);
    if (record != NULL)
        g_array_append_val(list, record->lease);
    return list;
}

const NwfLease *
nwf_lease_db_first(const NwfLeasePort *port)
{
    const GArray *entries = port->shelf->leases->entries;

    return entries->len > 0 ? &g_array_index(entries, NwfLease, 0) : NULL;
}

gboolean
nwf_lease_db_has(const NwfLeasePort *port, const NwfAddress *address)
{
    const GArray *entries = port->shelf->leases->entries;

    for (guint i = 0; i < MIN(entries->len, port->max); i++)
        if (nwf_address_equal(&g_array_index(entries, NwfLease, i).address, address))
            return TRUE;
    return FALSE;
}

const NwfLeasePort *
nwf_lease_db_owner(const NwfLeaseDb *db, const NwfAddress *address, const char *key, NwfLeasePortFilter filter,
                   gpointer data)
{
    for (guint i = 0; i < db->ports->len; i++) {
        const NwfLeasePort *port = g_ptr_array_index(db->ports, i);
        if (strcmp(port->key, key) != 0 && nwf_lease_db_has(port, address) && (filter == NULL || filter(port, data)))
            return port;
    }
    return NULL;
}

/* ---- for the files ---- */

/* What is remembered of a port of mode any, if this is the port. */
const NwfRecord *
nwf_lease_db_remembered(const NwfLeaseDb *db, const char *name, guint ifindex, const char *key)
{
    const NwfRecord *record = g_tree_lookup(db->remembered, name);

    if (record == NULL || strcmp(record->key, key) != 0 || (ifindex != 0 && ifindex != record->ifindex))
        return NULL;
    return record;
}

static void
add_record(GArray *records, NwfLearnMode mode, const char *key, const char *name, guint ifindex, const NwfLease *lease)
{
    NwfRecord record = {.mode = mode, .ifindex = ifindex, .lease = *lease};

    g_strlcpy(record.key, key, sizeof(record.key));
    g_strlcpy(record.name, name, sizeof(record.name));
    g_array_append_val(records, record);
}

static gboolean
add_shelf(gpointer key, gpointer value, gpointer records)
{
    const GArray *entries = ((NwfShelf *)value)->leases->entries;

    for (guint i = 0; i < entries->len; i++)
        add_record(records, NWF_LEARN_DHCP, key, "", 0, &g_array_index(entries, NwfLease, i));
    return FALSE;
}

static gboolean
add_remembered(G_GNUC_UNUSED gpointer name, gpointer value, gpointer records)
{
    g_array_append_vals(records, value, 1);
    return FALSE;
}

static int
compare_records(gconstpointer a, gconstpointer b)
{
    return strcmp(((const NwfRecord *)a)->name, ((const NwfRecord *)b)->name);
}

/* Sorted by name, leases of keys (without name) first, among equal names as they were: there are no two of mode any. */
GArray *
nwf_lease_db_records(const NwfLeaseDb *db)
{
    g_autoptr(GArray) any = g_array_new(FALSE, FALSE, sizeof(NwfRecord));
    GArray *records = g_array_new(FALSE, FALSE, sizeof(NwfRecord));

    g_tree_foreach(db->shelves, add_shelf, records);
    g_tree_foreach(db->remembered, add_remembered, any);
    for (guint i = 0; i < db->ports->len; i++) {
        const NwfLeasePort *port = g_ptr_array_index(db->ports, i);
        const NwfLease *lease = nwf_lease_db_first(port);
        if (port->mode == NWF_LEARN_ANY && lease != NULL)
            add_record(any, NWF_LEARN_ANY, port->key, port->name, port->ifindex, lease);
    }
    g_array_sort(any, compare_records);
    if (any->len > 0)
        g_array_append_vals(records, any->data, any->len);
    return records;
}

static void
remember(NwfLeaseDb *db, const NwfRecord *record)
{
    NwfRecord *copy = g_new(NwfRecord, 1);

    *copy = *record;
    g_tree_replace(db->remembered, g_strdup(record->name), copy);
}

void
nwf_lease_db_restore(NwfLeaseDb *db, const GArray *records)
{
    for (guint i = 0; i < records->len; i++) {
        const NwfRecord *record = &g_array_index(records, NwfRecord, i);
        if (record->mode == NWF_LEARN_DHCP)
            nwf_lease_set_grant(nwf_shelf_of(db, record->key)->leases, &record->lease, NWF_LEASES_MAX);
        else
            remember(db, record);
    }
    nwf_shelves_bound(db);
}

static gboolean
add_name(gpointer name, G_GNUC_UNUSED gpointer value, gpointer names)
{
    g_ptr_array_add(names, name);
    return FALSE;
}

void
nwf_lease_db_settle(NwfLeaseDb *db)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    g_tree_foreach(db->remembered, add_name, names);
    for (guint i = 0; i < names->len; i++)
        g_tree_remove(db->remembered, g_ptr_array_index(names, i));
    if (names->len > 0)
        db->changes++;
}
