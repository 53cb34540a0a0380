/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netlink.h: questions to the kernel over netlink, and what it announces
 *
 * All of it sees the network namespace of the thread that asks or starts to listen. No message of the kernel is trusted
 * to be whole: attributes are checked before they are read.
 */
#pragma once

#include <libmnl/libmnl.h>

#include "conf/error.h"

typedef struct mnl_socket NwfNetlink;

/**
 * nwf_netlink_listen:
 * @groups: @n multicast groups of @bus, a NETLINK_ value
 * @buffer: bytes of announcements that may wait
 *
 * Returns: (transfer full): a socket that never blocks, or NULL with errno
 */
NwfNetlink *nwf_netlink_listen(int bus, const int *groups, guint n, int buffer);
void nwf_netlink_free(NwfNetlink *netlink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfNetlink, nwf_netlink_free)

/** nwf_netlink_fd: readable when nwf_netlink_receive() has something to do. */
int nwf_netlink_fd(const NwfNetlink *netlink);

/**
 * nwf_netlink_receive: calls @on_message for each message that waits, but stops after @max datagrams. FALSE if messages
 * were lost; then all that waited are gone, too.
 */
gboolean nwf_netlink_receive(NwfNetlink *netlink, guint max, mnl_cb_t on_message, gpointer data);

/** nwf_netlink_request: begins a request in @buffer with @head zero bytes behind its header. */
struct nlmsghdr *nwf_netlink_request(char *buffer, guint16 type, guint16 flags, gsize head);

/**
 * nwf_netlink_ask: sends @request and calls @on_answer for each message of the answer. Each question has a socket of
 * its own, so that no answer of another one, late or interrupted, can be taken for its own. At most @seconds pass
 * between two parts of the answer. FALSE with errno; EINTR: what was listed has changed meanwhile.
 */
gboolean nwf_netlink_ask(int bus, struct nlmsghdr *request, guint seconds, mnl_cb_t on_answer, gpointer data);

/** nwf_netlink_attributes: puts the attributes behind the first @head bytes of @message into @of, by type below @n. */
void nwf_netlink_attributes(const struct nlmsghdr *message, gsize head, const struct nlattr **of, guint n);

/** nwf_netlink_find: the attribute of this type in @nest (may be NULL), or NULL. */
const struct nlattr *nwf_netlink_find(const struct nlattr *nest, guint16 type);

/** nwf_netlink_text: of an attribute that may be NULL; NULL if it is no text. */
const char *nwf_netlink_text(const struct nlattr *attribute);

/** nwf_netlink_number: 32 bits in network order; 0 if the attribute is NULL or has another length. */
guint32 nwf_netlink_number(const struct nlattr *attribute);

/** nwf_nft_generation: the number of the last transaction of nf_tables. FALSE: the kernel does not say. */
gboolean nwf_nft_generation(guint32 *generation);
