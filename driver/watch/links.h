/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * links.h: the network devices of the host and the addresses it has, kept up to date by the kernel
 *
 * A table that is filled once and follows the kernel's messages (rtnetlink). When messages were lost the table is
 * filled anew. It belongs to whoever made it: no thread, no lock of its own; its descriptor goes into the owner's poll
 * loop. It sees the network namespace of the thread that made it.
 */
#pragma once

#include <net/if.h>

#include "conf/error.h"

typedef struct NwfLink {
    guint index;
    guint master;        /* index of the bridge, or something like it, that it is a port of, 0: none */
    gboolean up;         /* administratively: whether it has a carrier is another matter */
    gboolean macvlan;    /* it is a macvlan or macvtap: what its user sends goes out through it */
    char name[IFNAMSIZ]; /* not necessarily UTF-8 */
    char kind[16];       /* "bridge", "veth", "macvtap" …; "" if the kernel says none, as of a card */
} NwfLink;

typedef struct NwfLinks NwfLinks;

/** nwf_links_new: Returns: (transfer full): the filled table, or NULL with NWF_ERROR_SYSTEM */
NwfLinks *nwf_links_new(GError **error);
void nwf_links_free(NwfLinks *links);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLinks, nwf_links_free)

/** nwf_links_fd: readable when nwf_links_read() has something to do. */
int nwf_links_fd(const NwfLinks *links);

/**
 * nwf_links_read:
 * @error: the table is empty because it cannot be filled: NWF_ERROR_SYSTEM; the next call tries it anew
 *
 * Takes in all messages that have come. Never blocks.
 *
 * Returns: TRUE if a device may be another one, or in another state, than before
 */
gboolean nwf_links_read(NwfLinks *links, GError **error);

/** nwf_links_find: (transfer none): the device called @name, or NULL; valid until the next nwf_links_read(). */
const NwfLink *nwf_links_find(const NwfLinks *links, const char *name);
/** nwf_links_at: (transfer none): the same for the device with this index; 0 is none. */
const NwfLink *nwf_links_at(const NwfLinks *links, guint index);
/** nwf_links_has_address: whether an interface of the host has the IPv4 (@family 4) or IPv6 (6) address @bytes. */
gboolean nwf_links_has_address(const NwfLinks *links, guint8 family, const guint8 *bytes);
