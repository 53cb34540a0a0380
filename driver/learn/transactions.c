/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transactions.c: which DHCP messages are believed; see transactions.h
 *
 * Sources: RFC 2131 (who sends what with which fields), 4039 (rapid commit), 2132.
 */
#include "driver/learn/transactions.h"

#include <string.h>

#include "packet/check_private.h"

/* ---- what the VM sends ---- */

static NwfRefusal
check_client(const NwfEvidence *evidence, const NwfLearnTerms *terms)
{
    const NwfDhcp *dhcp = &evidence->dhcp;

    NWF_REFUSE_UNLESS(dhcp->op == NWF_DHCP_REQUEST_OP, OPCODE);
    NWF_REFUSE_UNLESS(dhcp->htype == NWF_DHCP_ETHERNET && dhcp->hlen == 6, HARDWARE);
    NWF_REFUSE_UNLESS(memcmp(dhcp->chaddr, terms->mac, 6) == 0, CHADDR);
    switch (dhcp->type) {
    case NWF_DHCP_RELEASE:
        NWF_REFUSE_UNLESS(nwf_address_is_set(&dhcp->ciaddr), NO_ADDRESS);
        NWF_REFUSE_UNLESS(nwf_address_equal(&dhcp->ciaddr, &evidence->source), NOT_FROM_ADDRESS);
        break;
    case NWF_DHCP_DECLINE:
        NWF_REFUSE_UNLESS(nwf_address_is_set(&dhcp->requested), NO_ADDRESS);
        break;
    default:
        NWF_REFUSE_UNLESS(dhcp->type == NWF_DHCP_REQUEST || (dhcp->type == NWF_DHCP_DISCOVER && dhcp->rapid_commit),
                          TYPE);
    }
    return NWF_REFUSAL_NONE;
}

static NwfTransaction *
find(NwfTransactions *transactions, guint32 xid)
{
    for (guint i = 0; i < NWF_TRANSACTIONS_MAX; i++)
        if (transactions->slots[i].number > 0 && transactions->slots[i].xid == xid)
            return &transactions->slots[i];
    return NULL;
}

/* The one with this xid, else a free one, else the one asked longest ago: by number, for many are read at one time. */
static NwfTransaction *
place_for(NwfTransactions *transactions, guint32 xid)
{
    NwfTransaction *place = find(transactions, xid);

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
    NwfTransaction question = {.xid = dhcp->xid, .asked = now, .server = dhcp->server, .client = dhcp->client};

    question.number = ++transactions->count;
    question.rapid = dhcp->type == NWF_DHCP_DISCOVER;
    if (!question.rapid)
        question.requested = nwf_address_is_set(&dhcp->requested) ? dhcp->requested : dhcp->ciaddr;
    *place_for(transactions, dhcp->xid) = question;
    transactions->version++;
}

NwfLeaseEvent
nwf_transactions_client(NwfTransactions *transactions, const NwfEvidence *evidence, const NwfAddressPolicy *policy,
                        gint64 now)
{
    const NwfDhcp *dhcp = &evidence->dhcp;
    NwfLeaseEvent event = {.refusal = check_client(evidence, policy->terms)};

    if (event.refusal != NWF_REFUSAL_NONE)
        return event;
    if (dhcp->type == NWF_DHCP_RELEASE || dhcp->type == NWF_DHCP_DECLINE) {
        event.kind = NWF_LEASE_ENDED;
        event.address = dhcp->type == NWF_DHCP_RELEASE ? dhcp->ciaddr : dhcp->requested;
    } else {
        ask(transactions, dhcp, now);
    }
    return event;
}

/* ---- what a server sends ---- */

static gboolean
is_open(const NwfTransaction *question, gint64 now)
{
    return question->number > 0 && now - question->asked <= NWF_TRANSACTION_LIFE;
}

gboolean
nwf_transactions_await(const NwfTransactions *transactions, const NwfAnswerGlance *glance, const GArray *servers,
                       gint64 now)
{
    const NwfTransaction *question = find((NwfTransactions *)transactions, glance->xid);

    return question && is_open(question, now) && (servers->len == 0 || nwf_addresses_have(servers, &glance->source));
}

guint
nwf_transactions_open(const NwfTransactions *transactions, gint64 now, guint32 xids[NWF_TRANSACTIONS_MAX],
                      gint64 *until)
{
    guint n = 0;

    *until = G_MAXINT64;
    for (guint i = 0; i < NWF_TRANSACTIONS_MAX; i++) {
        const NwfTransaction *question = &transactions->slots[i];
        if (!is_open(question, now))
            continue;
        xids[n++] = question->xid;
        *until = MIN(*until, question->asked + NWF_TRANSACTION_LIFE + 1);
    }
    return n;
}

/* @question: with the xid of the message; not open if there is none. */
static NwfRefusal
check_answer(const NwfEvidence *evidence, const NwfTransaction *question, const NwfLearnTerms *terms, gint64 now)
{
    const NwfDhcp *dhcp = &evidence->dhcp;
    const GArray *servers = terms->servers;

    NWF_REFUSE_UNLESS(dhcp->op == NWF_DHCP_REPLY_OP, OPCODE);
    NWF_REFUSE_UNLESS(memcmp(dhcp->chaddr, terms->mac, 6) == 0, CHADDR);
    NWF_REFUSE_UNLESS(dhcp->type == NWF_DHCP_ACK || dhcp->type == NWF_DHCP_NAK, TYPE);
    NWF_REFUSE_UNLESS(question->number > 0, NOT_ASKED);
    NWF_REFUSE_UNLESS(now - question->asked <= NWF_TRANSACTION_LIFE, TOO_LATE);
    NWF_REFUSE_UNLESS(servers->len == 0 || nwf_addresses_have(servers, &evidence->source), SERVER);
    NWF_REFUSE_UNLESS(!nwf_address_is_set(&question->server) || nwf_address_equal(&question->server, &dhcp->server),
                      OTHER_SERVER);
    return NWF_REFUSAL_NONE;
}

static NwfRefusal
check_ack(const NwfDhcp *dhcp, const NwfTransaction *question, const NwfAddressPolicy *policy)
{
    NWF_REFUSE_UNLESS(!question->rapid || dhcp->rapid_commit, NOT_RAPID);
    NWF_REFUSE_UNLESS(nwf_address_is_set(&dhcp->yiaddr), NO_ADDRESS);
    NWF_REFUSE_UNLESS(!nwf_address_is_set(&question->requested) ||
                          nwf_address_equal(&question->requested, &dhcp->yiaddr),
                      OTHER_ADDRESS);
    NWF_REFUSE_UNLESS(dhcp->has_lease_time, NO_LEASE_TIME);
    return nwf_address_policy(policy, &dhcp->yiaddr, &dhcp->mask, policy->terms->servers->len > 0);
}

NwfLeaseEvent
nwf_transactions_server(NwfTransactions *transactions, const NwfEvidence *evidence, const NwfAddressPolicy *policy,
                        gint64 now)
{
    const NwfDhcp *dhcp = &evidence->dhcp;
    gboolean nak = dhcp->type == NWF_DHCP_NAK;
    NwfTransaction none = {0}, *question = find(transactions, dhcp->xid);
    NwfLeaseEvent event = {.address = dhcp->yiaddr};

    if (!question)
        question = &none;
    event.server = nwf_address_is_set(&dhcp->server) ? dhcp->server : evidence->source;
    event.refusal = check_answer(evidence, question, policy->terms, now);
    if (event.refusal == NWF_REFUSAL_NONE && !nak)
        event.refusal = check_ack(dhcp, question, policy);
    if (event.refusal != NWF_REFUSAL_NONE)
        return event;
    if (policy->terms->servers->len > 0)
        event.listed = evidence->source;
    event.next_server = dhcp->siaddr;
    event.client = question->client;
    if (!nak) {
        event.kind = dhcp->lease_time > 0 ? NWF_LEASE_GRANTED : NWF_LEASE_ENDED;
        event.infinite = dhcp->lease_time == NWF_DHCP_INFINITE;
        event.seconds = event.infinite ? 0 : dhcp->lease_time;
    } else if (nwf_address_is_set(&question->requested)) { /* a NAK about nothing only closes the question */
        event.kind = NWF_LEASE_ENDED;
        event.address = question->requested;
    }
    question->number = 0;
    transactions->version++;
    return event;
}
