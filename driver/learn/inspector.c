/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inspector.c: what becomes of one frame that was seen at a port; see port.h
 */
#include "driver/learn/inspector.h"

#include <string.h>

struct NwfInspector {
    NwfLeaseDb *db;
    NwfLeasePort *entry;
    guint8 mac[6];
    GArray *servers; /* of NwfAddress */
    NwfAllowed *allowed;
    NwfTrusted trusted;
    NwfTransactions transactions;
    NwfRateLimit limits[NWF_LEARN_DIRECTIONS];
    NwfCounters counters;
};

static void
set_trust(NwfInspector *port, const NwfLearnOptions *options)
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

NwfInspector *
nwf_inspector_new(NwfLeaseDb *db, const NwfLearnOptions *options)
{
    NwfInspector *port = g_new0(NwfInspector, 1);

    port->db = db;
    memcpy(port->mac, options->mac, sizeof(port->mac));
    port->servers = g_array_new(FALSE, FALSE, sizeof(NwfAddress));
    port->trusted.mac = port->mac;
    port->trusted.usable.holder = options->holder;
    port->trusted.usable.holder_data = options->holder_data;
    set_trust(port, options);
    port->entry = nwf_lease_db_open(db, options->name, options->ifindex, options->key, options->mode, options->max);
    return port;
}

void
nwf_inspector_trust(NwfInspector *port, const NwfLearnOptions *options)
{
    set_trust(port, options);
    nwf_lease_db_limit(port->entry, options->max);
}

void
nwf_inspector_free(NwfInspector *port)
{
    if (port == NULL)
        return;
    nwf_lease_db_close(port->db, port->entry);
    g_array_unref(port->servers);
    nwf_allowed_unref(port->allowed);
    g_free(port);
}

/* ---- one frame ---- */

static NwfRefusal
learn_source(NwfInspector *port, const NwfEvidence *evidence, gint64 now)
{
    NwfLeaseSource source = evidence->kind == NWF_EVIDENCE_ARP ? NWF_SOURCE_ARP : NWF_SOURCE_IP;
    NwfRefusal refusal = NWF_REFUSAL_NONE;

    if (nwf_lease_port_mode(port->entry) == NWF_LEARN_ANY)
        refusal = nwf_address_policy(&evidence->source, NULL, &port->trusted.usable);
    return refusal != NWF_REFUSAL_NONE ? refusal
                                       : nwf_lease_db_learn(port->db, port->entry, &evidence->source, source, now);
}

static NwfRefusal
apply(NwfInspector *port, const NwfLeaseEvent *event, NwfOutcome *outcome, gint64 now)
{
    outcome->address = event->address;
    return nwf_lease_db_apply(port->db, port->entry, event, now);
}

/* In mode any a DHCP message that has a source address shows it like any other packet. */
static NwfRefusal
from_client(NwfInspector *port, const NwfEvidence *evidence, NwfOutcome *outcome, gint64 now)
{
    NwfLeaseEvent event;
    NwfRefusal refusal;

    nwf_transactions_client(&port->transactions, evidence, &port->trusted, now, &event);
    refusal = apply(port, &event, outcome, now);
    if (nwf_lease_port_mode(port->entry) == NWF_LEARN_ANY && nwf_address_is_set(&evidence->source)) {
        outcome->address = evidence->source;
        refusal = learn_source(port, evidence, now);
    }
    return refusal;
}

static NwfRefusal
from_server(NwfInspector *port, const NwfEvidence *evidence, NwfOutcome *outcome, gint64 now)
{
    NwfLeaseEvent event;

    nwf_transactions_server(&port->transactions, evidence, &port->trusted, now, &event);
    if (event.refusal == NWF_REFUSAL_NONE)
        port->counters.last_server = event.server;
    return apply(port, &event, outcome, now);
}

static NwfRefusal
take(NwfInspector *port, const NwfEvidence *evidence, NwfOutcome *outcome, gint64 now)
{
    switch (evidence->kind) {
    case NWF_EVIDENCE_ARP:
    case NWF_EVIDENCE_IP:
        outcome->address = evidence->source;
        return learn_source(port, evidence, now);
    case NWF_EVIDENCE_DHCP_CLIENT:
        return from_client(port, evidence, outcome, now);
    case NWF_EVIDENCE_DHCP_SERVER:
        return from_server(port, evidence, outcome, now);
    case NWF_EVIDENCE_NOTHING:
        break;
    }
    return evidence->refusal;
}

/* Refusals that are about an address are told to the administrator, each address once. */
static gboolean
is_about_the_address(NwfRefusal refusal)
{
    return (refusal >= NWF_REFUSAL_SPECIAL && refusal <= NWF_REFUSAL_NOT_ALLOWED) || refusal == NWF_REFUSAL_FULL ||
           refusal == NWF_REFUSAL_LOCKED;
}

NwfOutcome
nwf_inspector_frame(NwfInspector *port, NwfBytes frame, gsize wire_length, NwfLearnDirection direction, gint64 now)
{
    guint64 changes = nwf_lease_db_changes(port->db);
    NwfCounters *counters = &port->counters;
    NwfOutcome outcome = {.refusal = NWF_REFUSAL_RATE};
    NwfEvidence evidence;

    counters->seen++;
    if (nwf_ratelimit_take(&port->limits[direction], now)) {
        nwf_classify(&evidence, frame, wire_length, direction, port->mac);
        outcome.refusal = take(port, &evidence, &outcome, now);
    }
    outcome.accepted = nwf_lease_db_changes(port->db) != changes;
    if (outcome.accepted && outcome.refusal == NWF_REFUSAL_NONE)
        counters->accepted++;
    else
        nwf_counters_refuse(counters, outcome.refusal);
    outcome.news = is_about_the_address(outcome.refusal) && nwf_address_is_set(&outcome.address) &&
                   nwf_counters_report(counters, &outcome.address, now);
    return outcome;
}

/* ---- asking ---- */

NwfWants
nwf_inspector_wants(const NwfInspector *port, gint64 now, gint64 *until)
{
    const NwfLease *lease = nwf_lease_db_first(port->entry);
    gboolean provisional;

    *until = NWF_NEVER;
    if (nwf_lease_port_mode(port->entry) == NWF_LEARN_DHCP)
        return NWF_WANT_DHCP;
    if (lease == NULL)
        return NWF_WANT_DHCP | NWF_WANT_SOURCES;
    provisional = nwf_address_is_link_local(&lease->address);
    if (now - lease->learned > NWF_GRACE || (lease->source == NWF_SOURCE_ACK && !provisional))
        return 0;
    *until = lease->learned + NWF_GRACE + 1;
    return provisional ? NWF_WANT_DHCP | NWF_WANT_SOURCES : NWF_WANT_DHCP;
}

NwfLeasePort *
nwf_inspector_book(const NwfInspector *port)
{
    return port->entry;
}

const NwfCounters *
nwf_inspector_counters(const NwfInspector *port)
{
    return &port->counters;
}

guint64
nwf_inspector_rate_news(NwfInspector *port, NwfLearnDirection direction, gint64 now)
{
    return nwf_ratelimit_overflow(&port->limits[direction], now);
}
