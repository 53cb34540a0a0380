/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learn_terms.h: which addresses may be learned at all
 *
 * Never: what no host can have (0/8, 127/8, 224/4, 240/4 with the limited broadcast), the address of a network or its
 * broadcast address if the mask is known, what the host itself has, what is another port's, and what is not in
 * CTRL_IP_ALLOWED if that is given. Who has an address is asked of the caller.
 */
#pragma once

#include "conf/error.h"
#include "driver/learn/address.h"
#include "driver/learn/refusal.h"

/* CTRL_IP_ALLOWED: a list of networks; a plain address is one of a single address. Immutable, reference counted. */
typedef struct NwfAllowed NwfAllowed;

/**
 * nwf_allowed_parse:
 * @texts: (element-type utf8): values of the variable, each "10.0.0.1", "10.0.0.0/8", or "10.0.0.0_8": a value of a
 *   parameter cannot have a slash in libvirt
 *
 * Returns: (transfer full): the list, or NULL with NWF_ERROR_PARSE; the caller names the filter or port
 */
NwfAllowed *nwf_allowed_parse(const GPtrArray *texts, GError **error);
NwfAllowed *nwf_allowed_ref(NwfAllowed *allowed);
void nwf_allowed_unref(NwfAllowed *allowed);
/** nwf_allowed_equal: whether both are written the same, network by network; either may be NULL. */
gboolean nwf_allowed_equal(const NwfAllowed *a, const NwfAllowed *b);
gboolean nwf_allowed_has(const NwfAllowed *allowed, const NwfAddress *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfAllowed, nwf_allowed_unref)

/**
 * NwfAddressOwner: whether @address is the host's (an interface of this network namespace, the bridge) or another
 * port's (learned or configured, on the same bridge, with another key)
 *
 * Returns: NWF_REFUSAL_NONE, NWF_REFUSAL_HELD_BY_HOST or NWF_REFUSAL_HELD_BY_PORT
 */
typedef NwfRefusal (*NwfAddressOwner)(const NwfAddress *address, gpointer data);

typedef struct NwfUsable {
    NwfAddressOwner holder; /* NULL: nobody has anything */
    gpointer holder_data;
    const NwfAllowed *allowed; /* NULL: all */
} NwfUsable;

/**
 * nwf_address_policy:
 * @mask: the network's, or no address or NULL if it is not known
 * @usable: or NULL for the special ranges alone (what is read from files)
 *
 * Returns: NWF_REFUSAL_NONE if @address may be learned
 */
NwfRefusal nwf_address_policy(const NwfAddress *address, const NwfAddress *mask, const NwfUsable *usable);
