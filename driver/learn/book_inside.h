/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * book_inside.h: what the book is made of; for book*.c alone
 *
 * A port of mode any owns its shelf; ports of mode dhcp point at the shelf of their key, which counts them and stays
 * when the last one goes. Trees, not hash tables: files are written in an order that follows from what is in them.
 */
#pragma once

#include "driver/learn/leases.h"

/* The leases of a key. */
typedef struct NwfShelf {
    NwfLeases *leases;
    guint ports;
    guint64 left; /* when the last port went, in steps of book->steps */
} NwfShelf;

struct NwfBookPort {
    char *name;
    char key[NWF_KEY_LENGTH + 1];
    guint ifindex; /* of the device that is there, or was there last */
    NwfLearnMode mode;
    guint max;
    NwfShelf *shelf; /* any: a private one */
};

struct NwfBook {
    GPtrArray *ports;  /* of NwfBookPort, in order of opening */
    GTree *shelves;    /* key -> NwfShelf: mode dhcp */
    GTree *remembered; /* name -> NwfRecord: mode any, until the port is opened */
    guint64 changes;
    guint64 steps;
    guint orphans; /* shelves without ports */
};

NwfShelf *nwf_shelf_new(void);
void nwf_shelf_free(gpointer shelf);
/** nwf_shelf_of: the one of @key; made if there is none. */
NwfShelf *nwf_shelf_of(NwfBook *book, const char *key);
void nwf_shelf_take(NwfBook *book, NwfShelf *shelf);
/** nwf_shelf_leave: a port of the key goes; an empty shelf that nobody looks at is none. */
void nwf_shelf_leave(NwfBook *book, const char *key, NwfShelf *shelf);
/** nwf_shelves_bound: forgets those left longest ago, if there are more than NWF_BOOK_ORPHANS_MAX. */
void nwf_shelves_bound(NwfBook *book);
/** nwf_book_remembered: (transfer none): what is remembered of a port of mode any, if this is the port, or NULL. */
const NwfRecord *nwf_book_remembered(const NwfBook *book, const char *name, guint ifindex, const char *key);
