/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transactions.h: which DHCP messages are believed
 *
 * A message of a server counts only as the answer to a question that the VM asked before. Questions are a REQUEST, or a
 * DISCOVER with rapid commit; at most NWF_TRANSACTIONS_MAX are open at a time for a port, each NWF_TRANSACTION_LIFE
 * long; one more drops the oldest (only the VM itself can cause that). An ACK or a NAK that is
 * believed closes its question.
 *
 * RELEASE and DECLINE are believed from the VM alone. An OFFER teaches nothing, an ACK to an INFORM neither.
 *
 * Each check has a refusal of its own. That a server's identifier differs from the source of its message is no check:
 * behind a relay that is normal.
 */
#pragma once

#include "driver/learn/classify.h"
#include "driver/learn/learn_terms.h"

enum { NWF_TRANSACTIONS_MAX = 8 };
#define NWF_TRANSACTION_LIFE (120 * G_USEC_PER_SEC)

typedef struct NwfTransaction {
    guint32 xid;
    guint64 number;       /* in the order of asking, from 1; 0: not open */
    gint64 asked;         /* CLOCK_BOOTTIME, microseconds */
    gboolean rapid;       /* a DISCOVER: the ACK must say so too */
    NwfAddress requested; /* option 50, else ciaddr, of a REQUEST (in a DISCOVER it is a wish) */
    NwfAddress server;    /* option 54 */
    NwfClientId client;   /* option 61 */
} NwfTransaction;

/* All zero is one that nobody asked anything. Plain memory, nothing to free. */
typedef struct NwfTransactions {
    guint64 count;   /* questions so far */
    guint64 version; /* grows when a question is asked or answered */
    NwfTransaction slots[NWF_TRANSACTIONS_MAX];
} NwfTransactions;

typedef enum NwfLeaseEventKind {
    NWF_LEASE_UNCHANGED, /* refusal says why; NONE: a question is now open, or a NAK ended no lease */
    NWF_LEASE_GRANTED,   /* address is the VM's, for the given time */
    NWF_LEASE_ENDED,     /* address is not the VM's any more, if it was: RELEASE, DECLINE, NAK, a lease time of 0 */
} NwfLeaseEventKind;

typedef struct NwfLeaseEvent {
    NwfLeaseEventKind kind;
    NwfRefusal refusal;
    NwfAddress address;
    gboolean infinite;
    guint32 seconds;
    NwfAddress server;      /* option 54, or the source if there is none; of messages of servers */
    NwfAddress listed;      /* source of the packet, which is in DHCPSERVER; none: no servers are listed */
    NwfAddress next_server; /* siaddr: what the stock lease file calls the server */
    NwfClientId client;     /* of the question */
} NwfLeaseEvent;

/**
 * nwf_transactions_await: whether what is seen of an answer at a glance may be one to an open question: its number, and
 * its source if @servers (element-type NwfAddress) are listed. Cheap: a flood is judged by it.
 */
gboolean nwf_transactions_await(const NwfTransactions *transactions, const NwfAnswerGlance *glance,
                                const GArray *servers, gint64 now);
/**
 * nwf_transactions_open:
 * @xids: (out): numbers of the open questions
 * @until: (out): when one of them is over, or G_MAXINT64
 *
 * Returns: how many there are
 */
guint nwf_transactions_open(const NwfTransactions *transactions, gint64 now, guint32 xids[NWF_TRANSACTIONS_MAX],
                            gint64 *until);

/** nwf_transactions_client: takes a NWF_EVIDENCE_DHCP_CLIENT; @now is CLOCK_BOOTTIME in microseconds. */
NwfLeaseEvent nwf_transactions_client(NwfTransactions *transactions, const NwfEvidence *evidence,
                                      const NwfAddressPolicy *policy, gint64 now);
/** nwf_transactions_server: takes a NWF_EVIDENCE_DHCP_SERVER. */
NwfLeaseEvent nwf_transactions_server(NwfTransactions *transactions, const NwfEvidence *evidence,
                                      const NwfAddressPolicy *policy, gint64 now);
