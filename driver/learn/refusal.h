/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * refusal.h: why something that was seen taught nothing, and how often
 *
 * One list for all of driver/learn, so that the counters of a port are one array and the text of a log line one look
 * into a table. Every check has a refusal of its own. In a build of their own the tests leave out the check of each
 * refusal in turn, and one of their stories must fail then (packet/check_private.h).
 *
 * The counters of a port say what was seen and why it was refused. A few refused addresses are remembered, so that
 * each is reported once in the log and not with every packet.
 */
#pragma once

#include "packet/address.h"

/* clang-format off */
/* Rows: name, word for counters and files, text for the log. */
#define NWF_REFUSAL_LIST(row)                                                                                          \
    row(NONE, "none", N_("accepted"))                                                                                  \
    /* classify.h: the frame */                                                                                        \
    row(SHORT, "short", N_("the frame is cut off"))                                                                    \
    row(TAGGED, "tagged", N_("the frame has a VLAN tag"))                                                              \
    row(FOREIGN_MAC, "foreign-mac", N_("the frame is from or for another MAC address"))                                \
    row(OTHER_TYPE, "other-type", N_("the frame is of a kind that teaches nothing"))                                   \
    row(ARP_FORM, "arp-form", N_("the ARP message is not about Ethernet and IPv4"))                                    \
    row(ARP_SENDER, "arp-sender", N_("the ARP sender's MAC address is not the port's"))                                \
    row(ARP_PROBE, "arp-probe", N_("an ARP probe only asks whether an address is free"))                               \
    row(IP_HEADER, "ip-header", N_("the IP header is damaged"))                                                        \
    row(FRAGMENT, "fragment", N_("the DHCP message is a fragment"))                                                    \
    row(TRUNCATED, "truncated", N_("the DHCP message is longer than what was captured"))                               \
    row(UDP_LENGTH, "udp-length", N_("the UDP length is wrong"))                                                       \
    row(UDP_CHECKSUM, "udp-checksum", N_("the UDP checksum is wrong"))                                                 \
    /* dhcp.h: the message */                                                                                          \
    row(DHCP_SHORT, "dhcp-short", N_("the DHCP message is cut off"))                                                   \
    row(DHCP_COOKIE, "dhcp-cookie", N_("the message has no DHCP options"))                                             \
    row(DHCP_OPTIONS, "dhcp-options", N_("a DHCP option runs past the end of its field"))                              \
    row(DHCP_REPEATED, "dhcp-repeated", N_("a DHCP option that may appear once appears again"))                        \
    row(DHCP_OPTION_LENGTH, "dhcp-option-length", N_("a DHCP option has a wrong length"))                              \
    row(DHCP_OVERLOAD, "dhcp-overload", N_("the DHCP option 52 has an unknown value"))                                 \
    /* transactions.h: a message and what is known of the conversation */                                              \
    row(OPCODE, "opcode", N_("the DHCP opcode does not fit the direction"))                                            \
    row(HARDWARE, "hardware", N_("the DHCP hardware type or length is not Ethernet's"))                                \
    row(CHADDR, "chaddr", N_("the DHCP message is about another MAC address"))                                         \
    row(TYPE, "type", N_("a DHCP message of this type teaches nothing"))                                               \
    row(NOT_ASKED, "not-asked", N_("the DHCP message answers nothing that the VM asked"))                              \
    row(TOO_LATE, "too-late", N_("the DHCP message answers a question that is too old"))                               \
    row(SERVER, "server", N_("the DHCP message is not from a server in DHCPSERVER"))                                   \
    row(OTHER_SERVER, "other-server", N_("the DHCP message is not from the server that the VM chose"))                 \
    row(NOT_RAPID, "not-rapid", N_("the DHCP message does not confirm the rapid commit"))                              \
    row(NO_LEASE_TIME, "no-lease-time", N_("the DHCP message has no lease time"))                                      \
    row(OTHER_ADDRESS, "other-address", N_("the DHCP message gives another address than the VM asked for"))            \
    row(NOT_FROM_ADDRESS, "not-from-address", N_("the address is released from another address"))                      \
    row(NO_ADDRESS, "no-address", N_("the DHCP message names no address"))                                             \
    /* learn_terms.h: the address */                                                                                   \
    row(SPECIAL, "special", N_("the address is not one that a host can have"))                                         \
    row(NETWORK, "network", N_("the address is that of a network or its broadcast address"))                           \
    row(HELD_BY_HOST, "held-by-host", N_("the address belongs to the host"))                                           \
    row(HELD_BY_PORT, "held-by-port", N_("the address belongs to another port"))                                       \
    row(NOT_ALLOWED, "not-allowed", N_("the address is not in CTRL_IP_ALLOWED"))                                       \
    /* lease_db.h: what is known */                                                                                    \
    row(LOCKED, "locked", N_("the port has its address already"))                                                      \
    row(ONLY_DHCP, "only-dhcp", N_("this port learns from DHCP alone"))                                                \
    row(FULL, "full", N_("the port has as many addresses as it may have"))                                             \
    row(NO_LEASE, "no-lease", N_("the port has no such address"))                                                      \
    /* inspector.h */                                                                                                  \
    row(RATE, "rate", N_("too many messages"))

/* clang-format on */

typedef enum NwfRefusal {
#define NWF_REFUSAL_ENUM(name, word, text) NWF_REFUSAL_##name,
    NWF_REFUSAL_LIST(NWF_REFUSAL_ENUM)
#undef NWF_REFUSAL_ENUM
        NWF_REFUSALS
} NwfRefusal;

/**
 * NWF_REFUSE_UNLESS: returns NWF_REFUSAL_@name from the function that it stands in if @condition does not hold. For
 * those who include packet/check_private.h.
 */
#define NWF_REFUSE_UNLESS(condition, name)                                                                             \
    do {                                                                                                               \
        if (NWF_FAILS(condition, NWF_REFUSAL_##name))                                                                  \
            return NWF_REFUSAL_##name;                                                                                 \
    } while (0)

/** nwf_refusal_word: "udp-checksum"; for counters. Never changes. */
const char *nwf_refusal_word(NwfRefusal refusal);
/** nwf_refusal_text: a translated clause for the log. */
const char *nwf_refusal_text(NwfRefusal refusal);

enum { NWF_REPORTED_MAX = 16 };
#define NWF_REPORT_AGAIN (60 * G_USEC_PER_SEC) /* between two reports of one kind about one port */

/* All zero: nothing was seen. Times are CLOCK_BOOTTIME in microseconds. */
typedef struct NwfCounters {
    guint64 seen;
    guint64 accepted;              /* what changed or renewed something */
    guint64 refused[NWF_REFUSALS]; /* under NWF_REFUSAL_NONE: there was nothing to learn and nothing to refuse */
    NwfRefusal last;
    NwfAddress last_server; /* of the last believed message of a server */
    struct {
        NwfAddress address;
        gint64 at;
    } reported[NWF_REPORTED_MAX];
    guint next_reported;
} NwfCounters;

void nwf_counters_refuse(NwfCounters *counters, NwfRefusal refusal);
/**
 * nwf_counters_report: whether a refusal of @address is to be reported; remembers it. However many addresses a VM
 * tries, no more than NWF_REPORTED_MAX a minute are.
 */
gboolean nwf_counters_report(NwfCounters *counters, const NwfAddress *address, gint64 now);
/** nwf_counters_write: adds them to @group of a file of counters (learner.h). */
void nwf_counters_write(const NwfCounters *counters, GKeyFile *file, const char *group);
