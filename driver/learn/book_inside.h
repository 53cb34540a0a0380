/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * book_inside.h: what the book is made of; for book*.c alone
 *
 * A port of mode any owns its shelf; ports of mode dhcp point at the shelf of their key, which counts them and stays
 * when the last one goes. Trees, not hash tables: files are written in an order that follows from what is in them.
 */
#pragma once

#include "driver/learn/lease_set.h"

/* The leases of a key. */
typedef struct NwfShelf {
    NwfLeaseSet *leases;
    guint ports;
    guint64 left; /* when the last port went, in steps of book->steps */
} NwfShelf;

struct NwfLeasePort {
    char *name;
    char key[NWF_KEY_LENGTH + 1];
    guint ifindex; /* of the device that is there, or was there last */
    NwfLearnMode mode;
    guint max;
    NwfShelf *shelf; /* any: a private one */
};

struct NwfLeaseDb {
    GPtrArray *ports;  /* of NwfLeasePort, in order of opening */
    GTree *shelves;    /* key -> NwfShelf: mode dhcp */
    GTree *remembered; /* name -> NwfRecord: mode any, until the port is opened */
    guint64 changes;
    guint64 steps;
    guint orphans; /* shelves without ports */
};

NwfShelf *nwf_shelf_new(void);
void nwf_shelf_free(gpointer shelf);
/** nwf_shelf_of: the one of @key; made if there is none. */
NwfShelf *nwf_shelf_of(NwfLeaseDb *db, const char *key);
void nwf_shelf_take(NwfLeaseDb *db, NwfShelf *shelf);
/** nwf_shelf_leave: a port of the key goes; an empty shelf that nobody looks at is none. */
void nwf_shelf_leave(NwfLeaseDb *db, const char *key, NwfShelf *shelf);
/** nwf_shelves_bound: forgets those left longest ago, if there are more than NWF_LEASE_DB_ORPHANS_MAX. */
void nwf_shelves_bound(NwfLeaseDb *db);
/** nwf_lease_db_remembered: (transfer none): what is remembered of a port of mode any, if this is the port, or NULL. */
const NwfRecord *nwf_lease_db_remembered(const NwfLeaseDb *db, const char *name, guint ifindex, const char *key);
