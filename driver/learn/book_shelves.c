/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * book_shelves.c: the leases of keys, with and without ports
 */
#include <string.h>

#include "conf/value.h"
#include "driver/learn/book_inside.h"

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

/* ---- shelves ---- */

NwfShelf *
nwf_shelf_new(void)
{
    NwfShelf *shelf = g_new0(NwfShelf, 1);

    shelf->leases = nwf_lease_set_new();
    return shelf;
}

void
nwf_shelf_free(gpointer data)
{
    NwfShelf *shelf = data;

    nwf_lease_set_free(shelf->leases);
    g_free(shelf);
}

/* A shelf that nobody looks at. */
typedef struct Orphan {
    const char *key;
    guint64 left;
} Orphan;

static gboolean
add_orphan(gpointer key, gpointer value, gpointer orphans)
{
    const NwfShelf *shelf = value;
    Orphan orphan = {key, shelf->left};

    if (shelf->ports == 0)
        g_array_append_val((GArray *)orphans, orphan);
    return FALSE;
}

static int
compare_orphans(gconstpointer a, gconstpointer b)
{
    guint64 x = ((const Orphan *)a)->left, y = ((const Orphan *)b)->left;

    return x < y ? -1 : x > y;
}

/* Forgets those that were left longest ago; all at once, because a file may bring very many. */
void
nwf_shelves_bound(NwfLeaseDb *db)
{
    g_autoptr(GArray) orphans = NULL;

    if (db->orphans <= NWF_LEASE_DB_ORPHANS_MAX)
        return;
    orphans = g_array_new(FALSE, FALSE, sizeof(Orphan));
    g_tree_foreach(db->shelves, add_orphan, orphans);
    g_array_sort(orphans, compare_orphans);
    for (guint i = 0; i < orphans->len && db->orphans > NWF_LEASE_DB_ORPHANS_MAX; i++) {
        g_tree_remove(db->shelves, g_array_index(orphans, Orphan, i).key);
        db->orphans--;
        db->changes++;
    }
}

NwfShelf *
nwf_shelf_of(NwfLeaseDb *db, const char *key)
{
    NwfShelf *shelf = g_tree_lookup(db->shelves, key);

    if (shelf == NULL) {
        shelf = nwf_shelf_new();
        shelf->left = ++db->steps;
        g_tree_insert(db->shelves, g_strdup(key), shelf);
        db->orphans++;
    }
    return shelf;
}

void
nwf_shelf_take(NwfLeaseDb *db, NwfShelf *shelf)
{
    if (shelf->ports++ == 0)
        db->orphans--;
}

/* An empty shelf that nobody looks at is none. */
void
nwf_shelf_leave(NwfLeaseDb *db, const char *key, NwfShelf *shelf)
{
    if (--shelf->ports > 0)
        return;
    if (shelf->leases->entries->len == 0) {
        g_tree_remove(db->shelves, key);
        return;
    }
    shelf->left = ++db->steps;
    db->orphans++;
    nwf_shelves_bound(db);
}

/* ---- time ---- */

typedef struct Sweep {
    gint64 now, next;
    gboolean ended;
    GPtrArray *empty; /* keys whose shelves nobody needs any more */
} Sweep;

static gboolean
sweep_shelf(gpointer key, gpointer value, gpointer data)
{
    NwfShelf *shelf = value;
    Sweep *sweep = data;

    if (nwf_lease_set_expire(shelf->leases, sweep->now))
        sweep->ended = TRUE;
    if (shelf->ports == 0 && shelf->leases->entries->len == 0)
        g_ptr_array_add(sweep->empty, key);
    return FALSE;
}

gboolean
nwf_lease_db_expire(NwfLeaseDb *db, gint64 now)
{
    g_autoptr(GPtrArray) empty = g_ptr_array_new();
    Sweep sweep = {.now = now, .empty = empty};

    g_tree_foreach(db->shelves, sweep_shelf, &sweep);
    for (guint i = 0; i < empty->len; i++) {
        g_tree_remove(db->shelves, g_ptr_array_index(empty, i));
        db->orphans--;
    }
    if (sweep.ended)
        db->changes++;
    return sweep.ended;
}

static gboolean
earliest(G_GNUC_UNUSED gpointer key, gpointer value, gpointer data)
{
    Sweep *sweep = data;

    sweep->next = MIN(sweep->next, nwf_lease_set_next_expiry(((NwfShelf *)value)->leases));
    return FALSE;
}

gint64
nwf_lease_db_next_expiry(const NwfLeaseDb *db)
{
    Sweep sweep = {.next = NWF_NEVER};

    g_tree_foreach(db->shelves, earliest, &sweep);
    return sweep.next;
}
