/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transactions.c: which DHCP messages are believed; see transactions.h
 *
 * Sources: RFC 2131 (who sends what with which fields), 4039 (rapid commit), 2132.
 *
 * A message goes through tables of checks, each a small predicate over the case: what was seen, the question it may
 * answer, and what is trusted. The first that does not hold gives the refusal.
 */
#include "driver/learn/transactions.h"

#include <string.h>

#include "packet/check_private.h"

typedef struct Case {
    const NwfEvidence *evidence;
    const NwfDhcp *dhcp;
    const NwfTransaction *question; /* with the xid of the message, or NULL */
    const NwfLearnTerms *terms;
    gint64 now;
} Case;

typedef struct Check {
    NwfRefusal refusal;
    gboolean (*holds)(const Case *at);
} Check;

static NwfRefusal
first_failing(const Check *checks, gsize n, const Case *at)
{
    for (gsize i = 0; i < n; i++)
        if (NWF_FAILS(checks[i].holds(at), checks[i].refusal))
            return checks[i].refusal;
    return NWF_REFUSAL_NONE;
}

#define FIRST_FAILING(checks, at) first_failing(checks, G_N_ELEMENTS(checks), at)

/* ---- predicates ---- */

static gboolean
is_request(const Case *at)
{
    return at->dhcp->op == NWF_DHCP_REQUEST_OP;
}

static gboolean
is_reply(const Case *at)
{
    return at->dhcp->op == NWF_DHCP_REPLY_OP;
}

static gboolean
is_ethernet(const Case *at)
{
    return at->dhcp->htype == NWF_DHCP_ETHERNET && at->dhcp->hlen == 6;
}

static gboolean
is_about_the_port(const Case *at)
{
    return memcmp(at->dhcp->chaddr, at->terms->mac, 6) == 0;
}

static gboolean
is_question(const Case *at)
{
    return at->dhcp->type == NWF_DHCP_REQUEST || (at->dhcp->type == NWF_DHCP_DISCOVER && at->dhcp->rapid_commit);
}

static gboolean
is_answer(const Case *at)
{
    return at->dhcp->type == NWF_DHCP_ACK || at->dhcp->type == NWF_DHCP_NAK;
}

static gboolean
was_asked(const Case *at)
{
    return at->question != NULL;
}

static gboolean
is_in_time(const Case *at)
{
    return !at->question || at->now - at->question->asked <= NWF_TRANSACTION_LIFE;
}

static gboolean
is_from_a_trusted_server(const Case *at)
{
    const GArray *servers = at->terms->servers;

    return servers->len == 0 || nwf_addresses_have(servers, &at->evidence->source);
}

static gboolean
is_from_the_chosen_server(const Case *at)
{
    return !at->question || !nwf_address_is_set(&at->question->server) ||
           nwf_address_equal(&at->question->server, &at->dhcp->server);
}

static gboolean
is_rapid_if_asked_so(const Case *at)
{
    return !at->question || !at->question->rapid || at->dhcp->rapid_commit;
}

static gboolean
gives_an_address(const Case *at)
{
    return nwf_address_is_set(&at->dhcp->yiaddr);
}

static gboolean
gives_what_was_asked(const Case *at)
{
    return !at->question || !nwf_address_is_set(&at->question->requested) ||
           nwf_address_equal(&at->question->requested, &at->dhcp->yiaddr);
}

static gboolean
gives_a_time(const Case *at)
{
    return at->dhcp->has_lease_time;
}

static gboolean
names_its_address(const Case *at)
{
    return nwf_address_is_set(&at->dhcp->ciaddr);
}

static gboolean
comes_from_its_address(const Case *at)
{
    return nwf_address_equal(&at->dhcp->ciaddr, &at->evidence->source);
}

static gboolean
names_what_it_declines(const Case *at)
{
    return nwf_address_is_set(&at->dhcp->requested);
}

/* ---- what the VM sends ---- */

static const Check client_checks[] = {
    {NWF_REFUSAL_OPCODE, is_request},
    {NWF_REFUSAL_HARDWARE, is_ethernet},
    {NWF_REFUSAL_CHADDR, is_about_the_port},
};
static const Check question_checks[] = {{NWF_REFUSAL_TYPE, is_question}};
static const Check release_checks[] = {
    {NWF_REFUSAL_NO_ADDRESS, names_its_address},
    {NWF_REFUSAL_NOT_FROM_ADDRESS, comes_from_its_address},
};
static const Check decline_checks[] = {{NWF_REFUSAL_NO_ADDRESS, names_what_it_declines}};

static NwfTransaction *
find(NwfTransactions *transactions, guint32 xid)
{
    for (guint i = 0; i < NWF_TRANSACTIONS_MAX; i++)
        if (transactions->slots[i].open && transactions->slots[i].xid == xid)
            return &transactions->slots[i];
    return NULL;
}

/* The one with this xid, else a free one, else the one asked longest ago: by number, since many are read at one time.
 */
static NwfTransaction *
place_for(NwfTransactions *transactions, guint32 xid)
{
    NwfTransaction *place = find(transactions, xid);

    for (guint i = 0; !place && i < NWF_TRANSACTIONS_MAX; i++)
        if (!transactions->slots[i].open)
            place = &transactions->slots[i];
    if (place)
        return place;
    place = &transactions->slots[0];
    for (guint i = 1; i < NWF_TRANSACTIONS_MAX; i++)
        if (transactions->slots[i].number < place->number)
            place = &transactions->slots[i];
    return place;
}

static void
ask(NwfTransactions *transactions, const NwfDhcp *dhcp, gint64 now)
{
    NwfTransaction *question = place_for(transactions, dhcp->xid);
    gboolean rapid = dhcp->type == NWF_DHCP_DISCOVER;

    memset(question, 0, sizeof(*question));
    question->open = TRUE;
    question->xid = dhcp->xid;
    question->number = ++transactions->count;
    question->asked = now;
    question->rapid = rapid;
    if (!rapid)
        question->requested = nwf_address_is_set(&dhcp->requested) ? dhcp->requested : dhcp->ciaddr;
    question->server = dhcp->server;
    question->client = dhcp->client;
}

static void
end(NwfLeaseEvent *event, NwfAddress address)
{
    event->kind = NWF_LEASE_ENDED;
    event->address = address;
}

NwfLeaseEvent
nwf_transactions_client(NwfTransactions *transactions, const NwfEvidence *evidence, const NwfAddressPolicy *policy,
                        gint64 now)
{
    const NwfDhcp *dhcp = &evidence->dhcp;
    Case at = {.evidence = evidence, .dhcp = dhcp, .terms = policy->terms, .now = now};
    NwfLeaseEvent event = {.refusal = FIRST_FAILING(client_checks, &at)};

    if (event.refusal != NWF_REFUSAL_NONE)
        return event;
    if (dhcp->type == NWF_DHCP_RELEASE) {
        event.refusal = FIRST_FAILING(release_checks, &at);
        if (event.refusal == NWF_REFUSAL_NONE)
            end(&event, dhcp->ciaddr);
    } else if (dhcp->type == NWF_DHCP_DECLINE) {
        event.refusal = FIRST_FAILING(decline_checks, &at);
        if (event.refusal == NWF_REFUSAL_NONE)
            end(&event, dhcp->requested);
    } else {
        event.refusal = FIRST_FAILING(question_checks, &at);
        if (event.refusal == NWF_REFUSAL_NONE)
            ask(transactions, dhcp, now);
    }
    return event;
}

/* ---- what a server sends ---- */

static const Check answer_checks[] = {
    {NWF_REFUSAL_OPCODE, is_reply},
    {NWF_REFUSAL_CHADDR, is_about_the_port},
    {NWF_REFUSAL_TYPE, is_answer},
    {NWF_REFUSAL_NOT_ASKED, was_asked},
    {NWF_REFUSAL_TOO_LATE, is_in_time},
    {NWF_REFUSAL_SERVER, is_from_a_trusted_server},
    {NWF_REFUSAL_OTHER_SERVER, is_from_the_chosen_server},
};
static const Check ack_checks[] = {
    {NWF_REFUSAL_NOT_RAPID, is_rapid_if_asked_so},
    {NWF_REFUSAL_NO_ADDRESS, gives_an_address},
    {NWF_REFUSAL_OTHER_ADDRESS, gives_what_was_asked},
    {NWF_REFUSAL_NO_LEASE_TIME, gives_a_time},
};

static void
take_ack(NwfLeaseEvent *event, const Case *at)
{
    const NwfDhcp *dhcp = at->dhcp;

    event->kind = dhcp->lease_time > 0 ? NWF_LEASE_GRANTED : NWF_LEASE_ENDED;
    event->address = dhcp->yiaddr;
    event->infinite = dhcp->lease_time == NWF_DHCP_INFINITE;
    event->seconds = event->infinite ? 0 : dhcp->lease_time;
}

/* A NAK about a lease that the VM named ends it; one about nothing only closes the question. */
static void
take_nak(NwfLeaseEvent *event, const Case *at)
{
    if (at->question && nwf_address_is_set(&at->question->requested))
        end(event, at->question->requested);
}

NwfLeaseEvent
nwf_transactions_server(NwfTransactions *transactions, const NwfEvidence *evidence, const NwfAddressPolicy *policy,
                        gint64 now)
{
    const NwfDhcp *dhcp = &evidence->dhcp;
    NwfTransaction *question = find(transactions, dhcp->xid);
    gboolean nak = dhcp->type == NWF_DHCP_NAK;
    Case at = {evidence, dhcp, question, policy->terms, now};
    NwfLeaseEvent event = {.refusal = FIRST_FAILING(answer_checks, &at), .address = dhcp->yiaddr};

    if (event.refusal == NWF_REFUSAL_NONE && !nak)
        event.refusal = FIRST_FAILING(ack_checks, &at);
    if (event.refusal == NWF_REFUSAL_NONE && !nak)
        event.refusal = nwf_address_policy(policy, &dhcp->yiaddr, &dhcp->mask);
    event.server = nwf_address_is_set(&dhcp->server) ? dhcp->server : evidence->source;
    if (event.refusal != NWF_REFUSAL_NONE)
        return event;
    event.next_server = dhcp->siaddr;
    if (nak)
        take_nak(&event, &at);
    else
        take_ack(&event, &at);
    if (question) {
        event.client = question->client;
        question->open = FALSE;
    }
    return event;
}
