/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * book.c: ports and what they learn; see book.h
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
    NwfBookPort *port = data;

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
const char *const nwf_how_words[NWF_HOWS] = {[NWF_HOW_IP] = "ip", [NWF_HOW_ARP] = "arp", [NWF_HOW_ACK] = "ack"};

NwfBook *
nwf_book_new(void)
{
    NwfBook *book = g_new0(NwfBook, 1);

    book->ports = g_ptr_array_new_with_free_func(port_free);
    book->shelves = g_tree_new_full(compare_keys, NULL, g_free, nwf_shelf_free);
    book->remembered = g_tree_new_full(compare_keys, NULL, g_free, g_free);
    return book;
}

void
nwf_book_free(NwfBook *book)
{
    if (book == NULL)
        return;
    g_ptr_array_unref(book->ports);
    g_tree_unref(book->shelves);
    g_tree_unref(book->remembered);
    g_free(book);
}

/* ---- ports ---- */

static void
open_any(NwfBook *book, NwfBookPort *port)
{
    const NwfRecord *record = nwf_book_remembered(book, port->name, port->ifindex, port->key);

    port->shelf = nwf_shelf_new();
    if (record != NULL) {
        g_array_append_val(port->shelf->leases->entries, record->lease);
        port->shelf->leases->version++;
        port->ifindex = record->ifindex;
    }
    if (g_tree_remove(book->remembered, port->name))
        book->changes++;
}

NwfBookPort *
nwf_book_open(NwfBook *book, const char *name, guint ifindex, const char *key, NwfLearnMode mode, guint max)
{
    NwfBookPort *port = g_new0(NwfBookPort, 1);

    port->name = g_strdup(name);
    g_strlcpy(port->key, key, sizeof(port->key));
    port->ifindex = ifindex;
    port->mode = mode;
    port->max = CLAMP(max, 1, NWF_LEASES_MAX);
    if (mode == NWF_LEARN_ANY) {
        open_any(book, port);
    } else {
        port->shelf = nwf_shelf_of(book, port->key);
        nwf_shelf_take(book, port->shelf);
    }
    g_ptr_array_add(book->ports, port);
    return port;
}

void
nwf_book_close(NwfBook *book, NwfBookPort *port)
{
    if (port->mode == NWF_LEARN_DHCP)
        nwf_shelf_leave(book, port->key, port->shelf);
    else if (port->shelf->leases->entries->len > 0)
        book->changes++;
    g_ptr_array_remove(book->ports, port);
}

void
nwf_book_device(NwfBook *book, NwfBookPort *port, guint ifindex)
{
    if (ifindex == 0 || ifindex == port->ifindex)
        return;
    if (port->mode == NWF_LEARN_ANY)
        nwf_book_forget(book, port);
    port->ifindex = ifindex;
}

void
nwf_book_forget(NwfBook *book, NwfBookPort *port)
{
    if (port->shelf->leases->entries->len > 0)
        book->changes++;
    nwf_leases_clear(port->shelf->leases);
}

void
nwf_book_limit(NwfBookPort *port, guint max)
{
    port->max = CLAMP(max, 1, NWF_LEASES_MAX);
}

const char *
nwf_book_port_name(const NwfBookPort *port)
{
    return port->name;
}

const char *
nwf_book_port_key(const NwfBookPort *port)
{
    return port->key;
}

guint
nwf_book_port_ifindex(const NwfBookPort *port)
{
    return port->ifindex;
}

NwfLearnMode
nwf_book_port_mode(const NwfBookPort *port)
{
    return port->mode;
}

/* ---- learning ---- */

/* Whether the list changed in any way since its counters were these. */
static void
note_change(NwfBook *book, const NwfLeases *leases, guint64 version, guint64 renewals)
{
    if (leases->version != version || leases->renewals != renewals)
        book->changes++;
}

static NwfReason
take(NwfBook *book, NwfBookPort *port, const NwfLease *lease, gint64 now)
{
    NwfLeases *leases = port->shelf->leases;
    guint64 version = leases->version, renewals = leases->renewals;
    NwfReason reason;

    nwf_leases_expire(leases, now);
    reason =
        port->mode == NWF_LEARN_ANY ? nwf_leases_lock(leases, lease, now) : nwf_leases_grant(leases, lease, port->max);
    note_change(book, leases, version, renewals);
    return reason;
}

NwfReason
nwf_book_learn(NwfBook *book, NwfBookPort *port, const NwfAddress *address, NwfHow how, gint64 now)
{
    NwfLease lease = {.address = *address, .how = how, .infinite = TRUE, .learned = now, .granted = now};

    return port->mode == NWF_LEARN_ANY ? take(book, port, &lease, now) : NWF_REASON_ONLY_DHCP;
}

static NwfReason
grant(NwfBook *book, NwfBookPort *port, const NwfLesson *lesson, gint64 now)
{
    NwfLease lease = {.address = lesson->address, .how = NWF_HOW_ACK, .learned = now, .granted = now};

    lease.infinite = lesson->infinite || port->mode == NWF_LEARN_ANY;
    if (!lease.infinite)
        lease.expiry = now + (gint64)lesson->seconds * G_USEC_PER_SEC;
    lease.server = lesson->server;
    lease.next_server = lesson->next_server;
    lease.client = lesson->client;
    return take(book, port, &lease, now);
}

NwfReason
nwf_book_apply(NwfBook *book, NwfBookPort *port, const NwfLesson *lesson, gint64 now)
{
    NwfReason reason = NWF_REASON_LOCKED;

    switch (lesson->kind) {
    case NWF_LESSON_LEASE:
        return grant(book, port, lesson, now);
    case NWF_LESSON_END:
        if (port->mode == NWF_LEARN_DHCP)
            reason = nwf_leases_end(port->shelf->leases, &lesson->address);
        if (reason == NWF_REASON_NONE)
            book->changes++;
        return reason;
    case NWF_LESSON_NOTHING:
        break;
    }
    return lesson->reason;
}
