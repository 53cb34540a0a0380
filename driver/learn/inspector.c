/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inspector.c: what becomes of one frame that was seen at a port; see inspector.h
 */
#include "driver/learn/inspector.h"

/* ---- rate limit ---- */

#define TOKEN G_GINT64_CONSTANT(1000000)
#define FULL  (NWF_RATELIMIT_BURST * TOKEN)

gboolean
nwf_ratelimit_take(NwfRateLimit *limit, gint64 now)
{
    gint64 elapsed = now - limit->filled;

    if (!limit->used || elapsed > G_USEC_PER_SEC * NWF_RATELIMIT_BURST / NWF_RATELIMIT_RATE)
        limit->tokens = FULL;
    else if (elapsed > 0)
        limit->tokens = MIN(FULL, limit->tokens + elapsed * NWF_RATELIMIT_RATE);
    limit->used = TRUE;
    limit->filled = now;
    if (limit->tokens < TOKEN) {
        limit->dropped++;
        return FALSE;
    }
    limit->tokens -= TOKEN;
    return TRUE;
}

guint64
nwf_ratelimit_overflow(NwfRateLimit *limit, gint64 now)
{
    guint64 overflow = limit->dropped - limit->reported;

    if (overflow == 0 || (limit->reported > 0 && now - limit->reported_at < NWF_REPORT_AGAIN))
        return 0;
    limit->reported = limit->dropped;
    limit->reported_at = now;
    return overflow;
}

/* ---- making and freeing ---- */

NwfInspector *
nwf_inspector_new(NwfLeaseDb *db, NwfLearnTerms *terms, guint ifindex, NwfAddressOwner owner, NwfAddressTaken taken,
                  gpointer owner_data)
{
    NwfInspector *inspector = g_new0(NwfInspector, 1);
    char key[NWF_KEY_LENGTH + 1];

    inspector->db = db;
    inspector->policy = (NwfAddressPolicy){nwf_learn_terms_ref(terms), owner, taken, owner_data};
    nwf_lease_key_format(key, terms->owner, terms->mac);
    inspector->port = nwf_lease_db_open(db, terms->portdev, ifindex, key, terms->mode, terms->max);
    nwf_lease_db_trust(inspector->port, terms->servers);
    return inspector;
}

void
nwf_inspector_change(NwfInspector *inspector, NwfLearnTerms *terms)
{
    nwf_learn_terms_ref(terms);
    nwf_learn_terms_unref(inspector->policy.terms);
    inspector->policy.terms = terms;
    nwf_lease_db_limit(inspector->port, terms->max);
    nwf_lease_db_trust(inspector->port, terms->servers);
}

void
nwf_inspector_free(NwfInspector *inspector)
{
    if (!inspector)
        return;
    nwf_lease_db_close(inspector->db, inspector->port);
    nwf_learn_terms_unref(inspector->policy.terms);
    g_free(inspector);
}

/* ---- one frame ---- */

static NwfRefusal
learn_source(NwfInspector *inspector, const NwfEvidence *evidence, NwfOutcome *outcome, gint64 now)
{
    NwfLeaseSource source = evidence->kind == NWF_EVIDENCE_ARP ? NWF_SOURCE_ARP : NWF_SOURCE_IP;
    NwfRefusal refusal = NWF_REFUSAL_NONE;

    outcome->address = evidence->source;
    if (inspector->port->mode == NWF_LEARN_ANY)
        refusal = nwf_address_policy(&inspector->policy, &evidence->source, NULL, FALSE);
    if (refusal == NWF_REFUSAL_NONE)
        refusal = nwf_lease_db_learn(inspector->db, inspector->port, &evidence->source, source, now);
    return refusal;
}

/* In mode any a DHCP message of the VM that has a source address shows it like any other packet. */
static NwfRefusal
take_dhcp(NwfInspector *inspector, const NwfEvidence *evidence, NwfOutcome *outcome, gint64 now)
{
    gboolean client = evidence->kind == NWF_EVIDENCE_DHCP_CLIENT;
    NwfLeaseEvent event = (client ? nwf_transactions_client : nwf_transactions_server)(
        &inspector->transactions, evidence, &inspector->policy, now);

    if (!client && event.refusal == NWF_REFUSAL_NONE)
        inspector->counters.last_server = event.server;
    outcome->address = event.address;
    NwfRefusal refusal = nwf_lease_db_apply(inspector->db, inspector->port, &event, now);
    if (event.kind == NWF_LEASE_GRANTED && refusal == NWF_REFUSAL_NONE && inspector->policy.taken &&
        nwf_lease_db_has_listed(inspector->port, &event.address))
        inspector->policy.taken(&event.address, inspector->policy.owner_data);
    if (client && inspector->port->mode == NWF_LEARN_ANY && nwf_address_is_set(&evidence->source))
        refusal = learn_source(inspector, evidence, outcome, now);
    return refusal;
}

static NwfRefusal
take(NwfInspector *inspector, const NwfEvidence *evidence, NwfOutcome *outcome, gint64 now)
{
    if (evidence->kind == NWF_EVIDENCE_NOTHING)
        return evidence->refusal;
    if (evidence->kind == NWF_EVIDENCE_ARP || evidence->kind == NWF_EVIDENCE_IP)
        return learn_source(inspector, evidence, outcome, now);
    return take_dhcp(inspector, evidence, outcome, now);
}

/* Refusals that are about an address are reported to the administrator, each address once. */
static gboolean
is_about_the_address(NwfRefusal refusal)
{
    return (refusal >= NWF_REFUSAL_SPECIAL && refusal <= NWF_REFUSAL_NOT_ALLOWED) || refusal == NWF_REFUSAL_FULL ||
           refusal == NWF_REFUSAL_LOCKED;
}

static NwfBudget
budget_of(const NwfInspector *inspector, NwfBytes frame, NwfLearnDirection direction, gint64 now)
{
    NwfAnswerGlance glance;

    if (direction == NWF_FROM_VM)
        return NWF_BUDGET_FROM_VM;
    return nwf_classify_glance(&glance, frame) &&
                   nwf_transactions_await(&inspector->transactions, &glance, inspector->policy.terms->servers, now)
               ? NWF_BUDGET_ANSWERS
               : NWF_BUDGET_STRAY;
}

NwfOutcome
nwf_inspector_frame(NwfInspector *inspector, NwfBytes frame, gsize wire_length, NwfLearnDirection direction, gint64 now)
{
    guint64 changes = nwf_lease_db_changes(inspector->db);
    NwfCounters *counters = &inspector->counters;
    NwfOutcome outcome = {.refusal = NWF_REFUSAL_RATE, .budget = budget_of(inspector, frame, direction, now)};

    counters->seen++;
    if (nwf_ratelimit_take(&inspector->limits[outcome.budget], now)) {
        NwfEvidence evidence;
        nwf_classify(&evidence, frame, wire_length, direction, inspector->policy.terms->mac);
        outcome.refusal = take(inspector, &evidence, &outcome, now);
    }
    outcome.accepted = nwf_lease_db_changes(inspector->db) != changes;
    if (outcome.accepted && outcome.refusal == NWF_REFUSAL_NONE)
        counters->accepted++;
    else
        nwf_counters_refuse(counters, outcome.refusal);
    outcome.report = is_about_the_address(outcome.refusal) && nwf_address_is_set(&outcome.address) &&
                     nwf_counters_report(counters, &outcome.address, now);
    return outcome;
}

/* ---- what it wants to see ---- */

NwfWants
nwf_inspector_wants(const NwfInspector *inspector, gint64 now, gint64 *until)
{
    const NwfLease *lease = nwf_lease_db_first(inspector->port);

    *until = NWF_NEVER;
    if (inspector->port->mode == NWF_LEARN_DHCP)
        return NWF_WANT_DHCP;
    if (!lease)
        return NWF_WANT_DHCP | NWF_WANT_SOURCES;
    gboolean provisional = nwf_address_is_link_local(&lease->address);
    if (now - lease->learned > NWF_GRACE || (lease->source == NWF_SOURCE_ACK && !provisional))
        return 0;
    *until = lease->learned + NWF_GRACE + 1;
    return provisional ? NWF_WANT_DHCP | NWF_WANT_SOURCES : NWF_WANT_DHCP;
}
