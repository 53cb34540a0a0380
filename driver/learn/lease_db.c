/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_db.c: which addresses each port may use; see lease_db.h
 *
 * A port of mode any owns its set; ports of mode dhcp point at the set of their key, which counts them and stays when
 * the last one goes. Trees, not hash tables: files are written in an order that follows from what is in them.
 */
#include "driver/learn/lease_db.h"

#include <string.h>

#include "conf/value.h"

struct NwfLeaseDb {
    GPtrArray *ports;  /* of NwfLeasePort, in order of opening */
    GTree *sets;       /* NwfLeaseSet by key: mode dhcp */
    GTree *remembered; /* name -> NwfRecord: mode any, until the port is opened */
    guint64 changes;
    guint64 last_version;
    GQueue abandoned; /* of NwfLeaseSet: sets without ports, left longest ago first */
};

/* ---- making and freeing ---- */

static void
port_free(gpointer data)
{
    NwfLeasePort *port = data;

    if (port->mode == NWF_LEARN_ANY)
        nwf_lease_set_free(port->set);
    g_free(port->name);
    g_free(port);
}

static int
compare_keys(gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
    return strcmp(a, b);
}

NwfLeaseDb *
nwf_lease_db_new(void)
{
    NwfLeaseDb *db = g_new0(NwfLeaseDb, 1);

    db->ports = g_ptr_array_new_with_free_func(port_free);
    db->sets = g_tree_new_full(compare_keys, NULL, NULL, (GDestroyNotify)nwf_lease_set_free);
    db->remembered = g_tree_new_full(compare_keys, NULL, g_free, g_free);
    db->last_version = NWF_VERSION_REMEMBERED;
    return db;
}

void
nwf_lease_db_free(NwfLeaseDb *db)
{
    if (!db)
        return;
    g_ptr_array_unref(db->ports);
    g_queue_clear(&db->abandoned);
    g_tree_unref(db->sets);
    g_tree_unref(db->remembered);
    g_free(db);
}

/* ---- keys ---- */

void
nwf_lease_key_format(char out[NWF_KEY_LENGTH + 1], const guint8 uuid[16], const guint8 mac[6])
{
    char owner[37], address[18];

    nwf_uuid_format(owner, uuid);
    nwf_mac_format(address, mac);
    g_snprintf(out, NWF_KEY_LENGTH + 1, "%s-%s", owner, address);
}

/* 'x': a hexadecimal digit; anything else: itself. */
static const char key_form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx-xx:xx:xx:xx:xx:xx";
G_STATIC_ASSERT(sizeof(key_form) == NWF_KEY_LENGTH + 1);

gboolean
nwf_lease_key_parse(char out[NWF_KEY_LENGTH + 1], const char *text)
{
    for (guint i = 0; i < NWF_KEY_LENGTH; i++) {
        if (key_form[i] == 'x' ? !g_ascii_isxdigit(text[i]) : text[i] != key_form[i])
            return FALSE;
        out[i] = g_ascii_tolower(text[i]);
    }
    out[NWF_KEY_LENGTH] = '\0';
    return text[NWF_KEY_LENGTH] == '\0';
}

/* ---- sets of keys ---- */

static void
abandon(NwfLeaseDb *db, NwfLeaseSet *set)
{
    g_queue_push_tail(&db->abandoned, set);
    set->abandoned = db->abandoned.tail;
}

/* Forgets those that were left longest ago. */
static void
bound_abandoned(NwfLeaseDb *db)
{
    for (; db->abandoned.length > NWF_ABANDONED_MAX; db->changes++)
        g_tree_remove(db->sets, ((NwfLeaseSet *)g_queue_pop_head(&db->abandoned))->key);
}

/* The set of @key; made, without a port, if there is none. */
static NwfLeaseSet *
set_of(NwfLeaseDb *db, const char *key)
{
    NwfLeaseSet *set = g_tree_lookup(db->sets, key);

    if (!set) {
        set = nwf_lease_set_new(&db->last_version);
        g_strlcpy(set->key, key, sizeof(set->key));
        g_tree_insert(db->sets, set->key, set);
        abandon(db, set);
    }
    return set;
}

static NwfLeaseSet *
enter_set(NwfLeaseDb *db, const char *key)
{
    NwfLeaseSet *set = set_of(db, key);

    if (set->ports++ == 0)
        g_queue_delete_link(&db->abandoned, g_steal_pointer(&set->abandoned));
    return set;
}

/* A set that is empty and has no port is not kept. */
static void
leave_set(NwfLeaseDb *db, NwfLeaseSet *set)
{
    if (--set->ports > 0)
        return;
    if (set->entries->len == 0) {
        g_tree_remove(db->sets, set->key);
        return;
    }
    abandon(db, set);
    bound_abandoned(db);
}

/* ---- ports ---- */

/* What is remembered of a port of mode any, if this is the port, or NULL. */
static const NwfRecord *
find_remembered(const NwfLeaseDb *db, const char *name, guint ifindex, const char *key)
{
    const NwfRecord *record = g_tree_lookup(db->remembered, name);

    if (!record || strcmp(record->key, key) != 0 || (ifindex != 0 && ifindex != record->ifindex))
        return NULL;
    return record;
}

static void
open_any(NwfLeaseDb *db, NwfLeasePort *port)
{
    const NwfRecord *record = find_remembered(db, port->name, port->ifindex, port->key);

    port->set = nwf_lease_set_new(&db->last_version);
    if (record) {
        g_array_append_val(port->set->entries, record->lease);
        port->set->version = NWF_VERSION_REMEMBERED;
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
    nwf_lease_db_limit(port, max);
    if (mode == NWF_LEARN_ANY)
        open_any(db, port);
    else
        port->set = enter_set(db, port->key);
    g_ptr_array_add(db->ports, port);
    return port;
}

void
nwf_lease_db_close(NwfLeaseDb *db, NwfLeasePort *port)
{
    if (port->mode == NWF_LEARN_DHCP)
        leave_set(db, port->set);
    else if (port->set->entries->len > 0)
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
    if (port->set->entries->len > 0)
        db->changes++;
    nwf_lease_set_clear(port->set);
}

void
nwf_lease_db_limit(NwfLeasePort *port, guint max)
{
    port->max = CLAMP(max, 1, NWF_LEARN_MAX);
}

/* ---- learning ---- */

static NwfRefusal
take(NwfLeaseDb *db, NwfLeasePort *port, const NwfLease *lease, gint64 now)
{
    NwfLeaseSet *set = port->set;
    guint64 version = set->version, renewals = set->renewals;

    nwf_lease_set_expire(set, now);
    NwfRefusal refusal =
        port->mode == NWF_LEARN_ANY ? nwf_lease_set_show(set, lease, now) : nwf_lease_set_grant(set, lease, port->max);
    if (set->version != version || set->renewals != renewals)
        db->changes++;
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
            refusal = nwf_lease_set_end(port->set, &event->address);
        if (refusal == NWF_REFUSAL_NONE)
            db->changes++;
        return refusal;
    case NWF_LEASE_UNCHANGED:
        break;
    }
    return event->refusal;
}

/* ---- time ---- */

typedef struct Sweep {
    gint64 now;
    gboolean ended;
} Sweep;

static gboolean
sweep_set(G_GNUC_UNUSED gpointer key, gpointer set, gpointer data)
{
    Sweep *sweep = data;

    sweep->ended |= nwf_lease_set_expire(set, sweep->now);
    return FALSE;
}

gboolean
nwf_lease_db_expire(NwfLeaseDb *db, gint64 now)
{
    Sweep sweep = {.now = now};

    g_tree_foreach(db->sets, sweep_set, &sweep);
    for (GList *link = db->abandoned.head, *next; link; link = next) {
        NwfLeaseSet *set = link->data;
        next = link->next;
        if (set->entries->len > 0)
            continue;
        g_queue_delete_link(&db->abandoned, link);
        g_tree_remove(db->sets, set->key);
    }
    if (sweep.ended)
        db->changes++;
    return sweep.ended;
}

static gboolean
find_earliest(G_GNUC_UNUSED gpointer key, gpointer value, gpointer data)
{
    gint64 *next = data;

    *next = MIN(*next, nwf_lease_set_next_expiry(value));
    return FALSE;
}

gint64
nwf_lease_db_next_expiry(const NwfLeaseDb *db)
{
    gint64 next = NWF_NEVER;

    g_tree_foreach(db->sets, find_earliest, &next);
    return next;
}

/* ---- asking ---- */

guint64
nwf_lease_db_changes(const NwfLeaseDb *db)
{
    return db->changes;
}

GArray *
nwf_lease_db_leases(const NwfLeasePort *port)
{
    GArray *list = g_array_copy(port->set->entries);

    return g_array_set_size(list, MIN(list->len, port->max));
}

GArray *
nwf_lease_db_peek(const NwfLeaseDb *db, const char *name, guint ifindex, const char *key, NwfLearnMode mode,
                  guint64 *version)
{
    const NwfLeaseSet *set = mode == NWF_LEARN_DHCP ? g_tree_lookup(db->sets, key) : NULL;
    const NwfRecord *record = mode == NWF_LEARN_ANY ? find_remembered(db, name, ifindex, key) : NULL;
    GArray *list = set ? g_array_ref(set->entries) : g_array_new(FALSE, FALSE, sizeof(NwfLease));

    if (record)
        g_array_append_val(list, record->lease);
    *version = set ? set->version : record ? NWF_VERSION_REMEMBERED : NWF_VERSION_NOTHING;
    return list;
}

const NwfLease *
nwf_lease_db_first(const NwfLeasePort *port)
{
    const GArray *entries = port->set->entries;

    return entries->len > 0 ? &g_array_index(entries, NwfLease, 0) : NULL;
}

static gboolean
has(const NwfLeasePort *port, const NwfAddress *address)
{
    const GArray *entries = port->set->entries;

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
        if (strcmp(port->key, key) != 0 && has(port, address) && (!filter || filter(port, data)))
            return port;
    }
    return NULL;
}

/* ---- for the files ---- */

static void
add_record(GArray *records, NwfLearnMode mode, const char *key, const char *name, guint ifindex, const NwfLease *lease)
{
    NwfRecord record = {.mode = mode, .ifindex = ifindex, .lease = *lease};

    g_strlcpy(record.key, key, sizeof(record.key));
    g_strlcpy(record.name, name, sizeof(record.name));
    g_array_append_val(records, record);
}

static gboolean
add_set(gpointer key, gpointer value, gpointer records)
{
    const GArray *entries = ((NwfLeaseSet *)value)->entries;

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

    g_tree_foreach(db->sets, add_set, records);
    g_tree_foreach(db->remembered, add_remembered, any);
    for (guint i = 0; i < db->ports->len; i++) {
        const NwfLeasePort *port = g_ptr_array_index(db->ports, i);
        const NwfLease *lease = nwf_lease_db_first(port);
        if (port->mode == NWF_LEARN_ANY && lease)
            add_record(any, NWF_LEARN_ANY, port->key, port->name, port->ifindex, lease);
    }
    g_array_sort(any, compare_records);
    if (any->len > 0)
        g_array_append_vals(records, any->data, any->len);
    return records;
}

void
nwf_lease_db_restore(NwfLeaseDb *db, const GArray *records)
{
    for (guint i = 0; i < records->len; i++) {
        const NwfRecord *record = &g_array_index(records, NwfRecord, i);
        if (record->mode == NWF_LEARN_DHCP) {
            nwf_lease_set_grant(set_of(db, record->key), &record->lease, NWF_LEARN_MAX);
            continue;
        }
        NwfRecord *copy = g_new(NwfRecord, 1);
        *copy = *record;
        g_tree_replace(db->remembered, g_strdup(record->name), copy);
    }
    bound_abandoned(db);
}
