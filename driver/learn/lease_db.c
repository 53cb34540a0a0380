/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_db.c: ports and what they learn; see book.h
 *
 * The lists themselves are in leases.c; whose they are, here and in book_shelves.c; what files and others are told, in
 * book_ask.c.
 */
#include <string.h>

#include "driver/learn/book_inside.h"

/* ---- making and freeing ---- */

static void
port_free(gpointer data)
{
    NwfLeasePort *port = data;

    if (port->mode == NWF_LEARN_ANY)
        nwf_shelf_free(port->shelf);
    g_free(port->name);
    g_free(port);
}

static int
compare_keys(gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
    return strcmp(a, b);
}

const char *const nwf_learn_mode_words[NWF_LEARN_MODES] = {[NWF_LEARN_ANY] = "any", [NWF_LEARN_DHCP] = "dhcp"};
const char *const nwf_lease_source_words[NWF_SOURCES] = {
    [NWF_SOURCE_IP] = "ip", [NWF_SOURCE_ARP] = "arp", [NWF_SOURCE_ACK] = "ack"};

NwfLeaseDb *
nwf_lease_db_new(void)
{
    NwfLeaseDb *db = g_new0(NwfLeaseDb, 1);

    db->ports = g_ptr_array_new_with_free_func(port_free);
    db->shelves = g_tree_new_full(compare_keys, NULL, g_free, nwf_shelf_free);
    db->remembered = g_tree_new_full(compare_keys, NULL, g_free, g_free);
    return db;
}

void
nwf_lease_db_free(NwfLeaseDb *db)
{
    if (db == NULL)
        return;
    g_ptr_array_unref(db->ports);
    g_tree_unref(db->shelves);
    g_tree_unref(db->remembered);
    g_free(db);
}

/* ---- ports ---- */

static void
open_any(NwfLeaseDb *db, NwfLeasePort *port)
{
    const NwfRecord *record = nwf_lease_db_remembered(db, port->name, port->ifindex, port->key);

    port->shelf = nwf_shelf_new();
    if (record != NULL) {
        g_array_append_val(port->shelf->leases->entries, record->lease);
        port->shelf->leases->version++;
        port->ifindex = record->ifindex;
    }
    if (g_tree_remove(db->remembered, port->name))
        db->changes++;
}

NwfLeasePort *
nwf_lease_db_open(NwfLeaseDb *db, const char *name, guint ifindex, const char *key, NwfLearnMode mode, guint max)
{
    NwfLeasePort *port = g_new0(NwfLeasePort, 1);

    port->name = g_strdup(name);
    g_strlcpy(port->key, key, sizeof(port->key));
    port->ifindex = ifindex;
    port->mode = mode;
    port->max = CLAMP(max, 1, NWF_LEASES_MAX);
    if (mode == NWF_LEARN_ANY) {
        open_any(db, port);
    } else {
        port->shelf = nwf_shelf_of(db, port->key);
        nwf_shelf_take(db, port->shelf);
    }
    g_ptr_array_add(db->ports, port);
    return port;
}

void
nwf_lease_db_close(NwfLeaseDb *db, NwfLeasePort *port)
{
    if (port->mode == NWF_LEARN_DHCP)
        nwf_shelf_leave(db, port->key, port->shelf);
    else if (port->shelf->leases->entries->len > 0)
        db->changes++;
    g_ptr_array_remove(db->ports, port);
}

void
nwf_lease_db_device(NwfLeaseDb *db, NwfLeasePort *port, guint ifindex)
{
    if (ifindex == 0 || ifindex == port->ifindex)
        return;
    if (port->mode == NWF_LEARN_ANY)
        nwf_lease_db_forget(db, port);
    port->ifindex = ifindex;
}

void
nwf_lease_db_forget(NwfLeaseDb *db, NwfLeasePort *port)
{
    if (port->shelf->leases->entries->len > 0)
        db->changes++;
    nwf_lease_set_clear(port->shelf->leases);
}

void
nwf_lease_db_limit(NwfLeasePort *port, guint max)
{
    port->max = CLAMP(max, 1, NWF_LEASES_MAX);
}

const char *
nwf_lease_port_name(const NwfLeasePort *port)
{
    return port->name;
}

const char *
nwf_lease_port_key(const NwfLeasePort *port)
{
    return port->key;
}

guint
nwf_lease_port_ifindex(const NwfLeasePort *port)
{
    return port->ifindex;
}

NwfLearnMode
nwf_lease_port_mode(const NwfLeasePort *port)
{
    return port->mode;
}

/* ---- learning ---- */

/* Whether the list changed in any way since its counters were these. */
static void
note_change(NwfLeaseDb *db, const NwfLeaseSet *leases, guint64 version, guint64 renewals)
{
    if (leases->version != version || leases->renewals != renewals)
        db->changes++;
}

static NwfRefusal
take(NwfLeaseDb *db, NwfLeasePort *port, const NwfLease *lease, gint64 now)
{
    NwfLeaseSet *leases = port->shelf->leases;
    guint64 version = leases->version, renewals = leases->renewals;
    NwfRefusal refusal;

    nwf_lease_set_expire(leases, now);
    refusal = port->mode == NWF_LEARN_ANY ? nwf_lease_set_show(leases, lease, now)
                                          : nwf_lease_set_grant(leases, lease, port->max);
    note_change(db, leases, version, renewals);
    return refusal;
}

NwfRefusal
nwf_lease_db_learn(NwfLeaseDb *db, NwfLeasePort *port, const NwfAddress *address, NwfLeaseSource source, gint64 now)
{
    NwfLease lease = {.address = *address, .source = source, .infinite = TRUE, .learned = now, .granted = now};

    return port->mode == NWF_LEARN_ANY ? take(db, port, &lease, now) : NWF_REFUSAL_ONLY_DHCP;
}

static NwfRefusal
grant(NwfLeaseDb *db, NwfLeasePort *port, const NwfLeaseEvent *event, gint64 now)
{
    NwfLease lease = {.address = event->address, .source = NWF_SOURCE_ACK, .learned = now, .granted = now};

    lease.infinite = event->infinite || port->mode == NWF_LEARN_ANY;
    if (!lease.infinite)
        lease.expiry = now + (gint64)event->seconds * G_USEC_PER_SEC;
    lease.server = event->server;
    lease.next_server = event->next_server;
    lease.client = event->client;
    return take(db, port, &lease, now);
}

NwfRefusal
nwf_lease_db_apply(NwfLeaseDb *db, NwfLeasePort *port, const NwfLeaseEvent *event, gint64 now)
{
    NwfRefusal refusal = NWF_REFUSAL_LOCKED;

    switch (event->kind) {
    case NWF_LEASE_GRANTED:
        return grant(db, port, event, now);
    case NWF_LEASE_ENDED:
        if (port->mode == NWF_LEARN_DHCP)
            refusal = nwf_lease_set_end(port->shelf->leases, &event->address);
        if (refusal == NWF_REFUSAL_NONE)
            db->changes++;
        return refusal;
    case NWF_LEASE_UNCHANGED:
        break;
    }
    return event->refusal;
}
