/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port.c: what becomes of one frame that was seen at a port; see port.h
 */
#include "driver/learn/port.h"

#include <string.h>

struct NwfLearnPort {
    NwfBook *book;
    NwfBookPort *entry;
    guint8 mac[6];
    GArray *servers; /* of NwfAddress */
    NwfAllowed *allowed;
    NwfTrusted trusted;
    NwfTransactions transactions;
    NwfBudget budgets[NWF_WAYS];
    NwfCounters counters;
};

static void
set_trust(NwfLearnPort *port, const NwfLearnOptions *options)
{
    g_array_set_size(port->servers, 0);
    if (options->n_servers > 0)
        g_array_append_vals(port->servers, options->servers, (guint)options->n_servers);
    nwf_allowed_unref(port->allowed);
    port->allowed = options->allowed != NULL ? nwf_allowed_ref(options->allowed) : NULL;
    port->trusted.servers = (const NwfAddress *)(const void *)port->servers->data;
    port->trusted.n_servers = port->servers->len;
    port->trusted.usable.allowed = port->allowed;
}

NwfLearnPort *
nwf_learn_port_new(NwfBook *book, const NwfLearnOptions *options)
{
    NwfLearnPort *port = g_new0(NwfLearnPort, 1);

    port->book = book;
    memcpy(port->mac, options->mac, sizeof(port->mac));
    port->servers = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    port->trusted.mac = port->mac;
    port->trusted.usable.holder = options->holder;
    port->trusted.usable.holder_data = options->holder_data;
    set_trust(port, options);
    port->entry = nwf_book_open(book, options->name, options->ifindex, options->key, options->mode, options->max);
    return port;
}

void
nwf_learn_port_trust(NwfLearnPort *port, const NwfLearnOptions *options)
{
    set_trust(port, options);
    nwf_book_limit(port->entry, options->max);
}

void
nwf_learn_port_free(NwfLearnPort *port)
{
    if (port == NULL)
        return;
    nwf_book_close(port->book, port->entry);
    g_array_unref(port->servers);
    nwf_allowed_unref(port->allowed);
    g_free(port);
}

/* ---- one frame ---- */

static NwfReason
learn_source(NwfLearnPort *port, const NwfSighting *sighting, gint64 now)
{
    NwfHow how = sighting->kind == NWF_SIGHT_ARP ? NWF_HOW_ARP : NWF_HOW_IP;
    NwfReason reason = NWF_REASON_NONE;

    if (nwf_book_port_mode(port->entry) == NWF_LEARN_ANY)
        reason = nwf_usable(&sighting->source, NULL, &port->trusted.usable);
    return reason != NWF_REASON_NONE ? reason : nwf_book_learn(port->book, port->entry, &sighting->source, how, now);
}

static NwfReason
apply(NwfLearnPort *port, const NwfLesson *lesson, NwfOutcome *outcome, gint64 now)
{
    outcome->address = lesson->address;
    return nwf_book_apply(port->book, port->entry, lesson, now);
}

/* In mode any a DHCP message that has a source address shows it like any other packet. */
static NwfReason
from_client(NwfLearnPort *port, const NwfSighting *sighting, NwfOutcome *outcome, gint64 now)
{
    NwfLesson lesson;
    NwfReason reason;

    nwf_transactions_client(&port->transactions, sighting, &port->trusted, now, &lesson);
    reason = apply(port, &lesson, outcome, now);
    if (nwf_book_port_mode(port->entry) == NWF_LEARN_ANY && nwf_address_is_set(&sighting->source)) {
        outcome->address = sighting->source;
        reason = learn_source(port, sighting, now);
    }
    return reason;
}

static NwfReason
from_server(NwfLearnPort *port, const NwfSighting *sighting, NwfOutcome *outcome, gint64 now)
{
    NwfLesson lesson;

    nwf_transactions_server(&port->transactions, sighting, &port->trusted, now, &lesson);
    if (lesson.reason == NWF_REASON_NONE)
        port->counters.last_server = lesson.server;
    return apply(port, &lesson, outcome, now);
}

static NwfReason
take(NwfLearnPort *port, const NwfSighting *sighting, NwfOutcome *outcome, gint64 now)
{
    switch (sighting->kind) {
    case NWF_SIGHT_ARP:
    case NWF_SIGHT_IP:
        outcome->address = sighting->source;
        return learn_source(port, sighting, now);
    case NWF_SIGHT_DHCP_CLIENT:
        return from_client(port, sighting, outcome, now);
    case NWF_SIGHT_DHCP_SERVER:
        return from_server(port, sighting, outcome, now);
    case NWF_SIGHT_NOTHING:
        break;
    }
    return sighting->reason;
}

/* Refusals that are about an address are told to the administrator, each address once. */
static gboolean
is_about_the_address(NwfReason reason)
{
    return (reason >= NWF_REASON_SPECIAL && reason <= NWF_REASON_NOT_ALLOWED) || reason == NWF_REASON_FULL ||
           reason == NWF_REASON_LOCKED;
}

NwfOutcome
nwf_learn_port_frame(NwfLearnPort *port, NwfBytes frame, gsize wire_length, NwfWay way, gint64 now)
{
    guint64 changes = nwf_book_changes(port->book);
    NwfCounters *counters = &port->counters;
    NwfOutcome outcome = {.reason = NWF_REASON_RATE};
    NwfSighting sighting;

    counters->seen++;
    if (nwf_budget_take(&port->budgets[way], now)) {
        nwf_sight(&sighting, frame, wire_length, way, port->mac);
        outcome.reason = take(port, &sighting, &outcome, now);
    }
    outcome.accepted = nwf_book_changes(port->book) != changes;
    if (outcome.accepted && outcome.reason == NWF_REASON_NONE)
        counters->accepted++;
    else
        nwf_counters_refuse(counters, outcome.reason);
    outcome.news = is_about_the_address(outcome.reason) && nwf_address_is_set(&outcome.address) &&
                   nwf_counters_tell(counters, &outcome.address, now);
    return outcome;
}

/* ---- asking ---- */

NwfWants
nwf_learn_port_wants(const NwfLearnPort *port, gint64 now, gint64 *until)
{
    const NwfLease *lease = nwf_book_first(port->entry);
    gboolean provisional;

    *until = NWF_NEVER;
    if (nwf_book_port_mode(port->entry) == NWF_LEARN_DHCP)
        return NWF_WANT_DHCP;
    if (lease == NULL)
        return NWF_WANT_DHCP | NWF_WANT_SOURCES;
    provisional = nwf_address_is_link_local(&lease->address);
    if (now - lease->learned > NWF_GRACE || (lease->how == NWF_HOW_ACK && !provisional))
        return 0;
    *until = lease->learned + NWF_GRACE + 1;
    return provisional ? NWF_WANT_DHCP | NWF_WANT_SOURCES : NWF_WANT_DHCP;
}

NwfBookPort *
nwf_learn_port_book(const NwfLearnPort *port)
{
    return port->entry;
}

const NwfCounters *
nwf_learn_port_counters(const NwfLearnPort *port)
{
    return &port->counters;
}

guint64
nwf_learn_port_rate_news(NwfLearnPort *port, NwfWay way, gint64 now)
{
    return nwf_budget_news(&port->budgets[way], now);
}
