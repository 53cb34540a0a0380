/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_db.c: which addresses each port may use; see lease_db.h
 *
 * A set is one list of addresses. A port of mode any owns its set; ports of mode dhcp point at the set of their key,
 * which counts them and stays when the last one goes. Trees, not hash tables: files are written in an order that
 * follows from what is in them.
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
    gboolean waiting; /* restored, and not settled: all that is abandoned is kept */
};

/* ---- one set: what may be added, renewed and ended ---- */

const char *const nwf_lease_source_words[NWF_SOURCES] = {
    [NWF_SOURCE_IP] = "ip", [NWF_SOURCE_ARP] = "arp", [NWF_SOURCE_ACK] = "ack"};

static NwfLeaseSet *
set_new(NwfLeaseDb *db)
{
    NwfLeaseSet *set = g_new0(NwfLeaseSet, 1);

    set->entries = g_array_new(FALSE, FALSE, sizeof(NwfLease));
    set->version = NWF_VERSION_NOTHING;
    set->last_version = &db->last_version;
    return set;
}

static void
set_free(gpointer data)
{
    NwfLeaseSet *set = data;

    g_array_unref(set->entries);
    g_free(set);
}

static void
addresses_changed(NwfLeaseSet *set)
{
    set->version = ++*set->last_version;
}

static NwfLease *
entry(const NwfLeaseSet *set, guint i)
{
    return &g_array_index(set->entries, NwfLease, i);
}

/* The place of @address, or the number of entries. */
static guint
find(const NwfLeaseSet *set, const NwfAddress *address)
{
    guint i = 0;

    while (i < set->entries->len && !nwf_address_equal(&entry(set, i)->address, address))
        i++;
    return i;
}

/* All of @lease but the time when the address came. */
static void
replace(NwfLease *current, const NwfLease *lease)
{
    gint64 learned = current->learned;

    *current = *lease;
    current->learned = learned;
}

static gboolean
may_replace(const NwfLease *current, const NwfLease *shown, gint64 now)
{
    if (now - current->learned > NWF_GRACE)
        return FALSE;
    if (nwf_address_is_link_local(&current->address) && !nwf_address_is_link_local(&shown->address))
        return TRUE;
    return shown->source == NWF_SOURCE_ACK && current->source != NWF_SOURCE_ACK;
}

/* Mode any: the VM uses the address of @shown; lease_db.h says when that counts. */
static NwfRefusal
set_show(NwfLeaseSet *set, const NwfLease *shown, gint64 now)
{
    NwfLease *current = set->entries->len > 0 ? entry(set, 0) : NULL;

    if (!current) {
        g_array_append_val(set->entries, *shown);
        addresses_changed(set);
    } else if (nwf_address_equal(&current->address, &shown->address)) {
        if (shown->source > current->source) {
            replace(current, shown);
            set->renewals++;
        }
    } else if (may_replace(current, shown, now)) {
        replace(current, shown);
        addresses_changed(set);
    } else {
        return NWF_REFUSAL_LOCKED;
    }
    return NWF_REFUSAL_NONE;
}

/* Mode dhcp: adds @lease or renews that of its address. */
static NwfRefusal
set_grant(NwfLeaseSet *set, const NwfLease *lease, guint max)
{
    guint place = find(set, &lease->address);

    if (place < set->entries->len) {
        replace(entry(set, place), lease);
        set->renewals++;
        return NWF_REFUSAL_NONE;
    }
    if (set->entries->len >= max)
        return NWF_REFUSAL_FULL;
    g_array_append_val(set->entries, *lease);
    addresses_changed(set);
    return NWF_REFUSAL_NONE;
}

static void
set_expire(NwfLeaseSet *set, gint64 now)
{
    guint before = set->entries->len;

    for (guint i = before; i-- > 0;)
        if (!entry(set, i)->infinite && entry(set, i)->expiry <= now)
            g_array_remove_index(set->entries, i);
    if (set->entries->len < before)
        addresses_changed(set);
}

/* ---- making and freeing ---- */

static void
port_free(gpointer data)
{
    NwfLeasePort *port = data;

    if (port->mode == NWF_LEARN_ANY)
        set_free(port->set);
    g_clear_pointer(&port->servers, g_array_unref);
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
    db->sets = g_tree_new_full(compare_keys, NULL, NULL, set_free);
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
    for (; !db->waiting && db->abandoned.length > NWF_ABANDONED_MAX; db->changes++)
        g_tree_remove(db->sets, ((NwfLeaseSet *)g_queue_pop_head(&db->abandoned))->key);
}

/* The set of @key; made, without a port, if there is none. */
static NwfLeaseSet *
set_of(NwfLeaseDb *db, const char *key)
{
    NwfLeaseSet *set = g_tree_lookup(db->sets, key);

    if (!set) {
        set = set_new(db);
        g_strlcpy(set->key, key, sizeof(set->key));
        g_tree_insert(db->sets, set->key, set);
        abandon(db, set);
    }
    return set;
}

/* One port less has @set. If it is empty and has no port it is not kept. */
static void
leave_set(NwfLeaseDb *db, NwfLeaseSet *set)
{
    if (--set->ports > 0)
        return;
    if (set->entries->len > 0)
        abandon(db, set);
    else
        g_tree_remove(db->sets, set->key);
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

    port->set = set_new(db);
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
    if (mode == NWF_LEARN_ANY) {
        open_any(db, port);
    } else {
        port->set = set_of(db, key);
        if (port->set->ports++ == 0)
            g_queue_delete_link(&db->abandoned, g_steal_pointer(&port->set->abandoned));
    }
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
    if (port->set->entries->len == 0)
        return;
    db->changes++;
    g_array_set_size(port->set->entries, 0);
    addresses_changed(port->set);
}

void
nwf_lease_db_limit(NwfLeasePort *port, guint max)
{
    port->max = CLAMP(max, 1, NWF_LEARN_MAX);
}

void
nwf_lease_db_trust(NwfLeasePort *port, GArray *servers)
{
    g_array_ref(servers);
    g_clear_pointer(&port->servers, g_array_unref);
    port->servers = servers;
}

/* ---- learning ---- */

static NwfRefusal
take(NwfLeaseDb *db, NwfLeasePort *port, const NwfLease *lease, gint64 now)
{
    NwfLeaseSet *set = port->set;
    guint64 version = set->version, renewals = set->renewals;

    set_expire(set, now);
    NwfRefusal refusal = port->mode == NWF_LEARN_ANY ? set_show(set, lease, now) : set_grant(set, lease, port->max);
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
    NwfLease lease = {.address = event->address,
                      .source = NWF_SOURCE_ACK,
                      .infinite = event->infinite || port->mode == NWF_LEARN_ANY,
                      .learned = now,
                      .granted = now,
                      .server = event->server,
                      .listed = event->listed,
                      .next_server = event->next_server,
                      .client = event->client};

    if (!lease.infinite)
        lease.expiry = now + (gint64)event->seconds * G_USEC_PER_SEC;
    return take(db, port, &lease, now);
}

gboolean
nwf_lease_db_has_listed(const NwfLeasePort *port, const NwfAddress *address)
{
    guint place = find(port->set, address);

    if (place == port->set->entries->len || !port->servers)
        return FALSE;
    const NwfAddress *server = &entry(port->set, place)->listed;
    return nwf_address_is_set(server) && nwf_addresses_have(port->servers, server);
}

void
nwf_lease_db_drop(NwfLeaseDb *db, NwfLeasePort *port, const NwfAddress *address)
{
    guint place = find(port->set, address);

    if (place == port->set->entries->len)
        return;
    g_array_remove_index(port->set->entries, place);
    addresses_changed(port->set);
    db->changes++;
}

static NwfRefusal
end(NwfLeaseDb *db, NwfLeasePort *port, const NwfAddress *address)
{
    if (port->mode == NWF_LEARN_ANY)
        return NWF_REFUSAL_TYPE; /* what mode any learned does not end by a message */
    if (find(port->set, address) == port->set->entries->len)
        return NWF_REFUSAL_NO_LEASE;
    nwf_lease_db_drop(db, port, address);
    return NWF_REFUSAL_NONE;
}

NwfRefusal
nwf_lease_db_apply(NwfLeaseDb *db, NwfLeasePort *port, const NwfLeaseEvent *event, gint64 now)
{
    if (event->kind == NWF_LEASE_GRANTED)
        return grant(db, port, event, now);
    return event->kind == NWF_LEASE_ENDED ? end(db, port, &event->address) : event->refusal;
}

/* ---- time ---- */

static gboolean
sweep_set(G_GNUC_UNUSED gpointer key, gpointer set, gpointer now)
{
    set_expire(set, *(const gint64 *)now);
    return FALSE;
}

gboolean
nwf_lease_db_expire(NwfLeaseDb *db, gint64 now)
{
    guint64 version = db->last_version;

    g_tree_foreach(db->sets, sweep_set, &now);
    gboolean ended = db->last_version != version;
    for (GList *link = db->abandoned.head, *next; link; link = next) {
        NwfLeaseSet *set = link->data;
        next = link->next;
        if (set->entries->len > 0)
            continue;
        g_queue_delete_link(&db->abandoned, link);
        g_tree_remove(db->sets, set->key);
    }
    if (ended)
        db->changes++;
    return ended;
}

static gboolean
find_earliest(G_GNUC_UNUSED gpointer key, gpointer value, gpointer data)
{
    const NwfLeaseSet *set = value;
    gint64 *next = data;

    for (guint i = 0; i < set->entries->len; i++)
        if (!entry(set, i)->infinite)
            *next = MIN(*next, entry(set, i)->expiry);
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
    return port->set->entries->len > 0 ? entry(port->set, 0) : NULL;
}

NwfLeasePort *
nwf_lease_db_owner(const NwfLeaseDb *db, const NwfAddress *address, const char *key, NwfLeasePortFilter filter,
                   gpointer data)
{
    for (guint i = 0; i < db->ports->len; i++) {
        NwfLeasePort *port = g_ptr_array_index(db->ports, i);
        guint place = find(port->set, address);
        if (strcmp(port->key, key) != 0 && place < MIN(port->set->entries->len, port->max) &&
            (!filter || filter(port, data)))
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
    const NwfLeaseSet *set = value;

    for (guint i = 0; i < set->entries->len; i++)
        add_record(records, NWF_LEARN_DHCP, key, "", 0, entry(set, i));
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

static gint64
last_grant(const NwfLeaseSet *set)
{
    gint64 last = G_MININT64;

    for (guint i = 0; i < set->entries->len; i++)
        last = MAX(last, entry(set, i)->granted);
    return last;
}

/* When its port left a set files do not say; in use it was when it was granted something last. */
static int
compare_grants(gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
    gint64 first = last_grant(a), second = last_grant(b);

    return (first > second) - (first < second);
}

void
nwf_lease_db_restore(NwfLeaseDb *db, const GArray *records)
{
    for (guint i = 0; i < records->len; i++) {
        const NwfRecord *record = &g_array_index(records, NwfRecord, i);
        if (record->mode == NWF_LEARN_DHCP) {
            set_grant(set_of(db, record->key), &record->lease, NWF_LEARN_MAX);
            continue;
        }
        NwfRecord *copy = g_new(NwfRecord, 1);
        *copy = *record;
        g_tree_replace(db->remembered, g_strdup(record->name), copy);
    }
    g_queue_sort(&db->abandoned, compare_grants, NULL);
    db->waiting = TRUE;
}

void
nwf_lease_db_settle(NwfLeaseDb *db)
{
    db->waiting = FALSE;
    bound_abandoned(db);
}
