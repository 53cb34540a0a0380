/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learn_terms.h: how a port may learn, and which addresses that lets in
 *
 * Never learned is what no host can have (0/8, 127/8, 224/4, 240/4 with the limited broadcast), the address of a
 * network or its broadcast address if the mask is known, what CTRL_IP_ALLOWED leaves out if that is given, what the
 * host itself has, and what is another port's. Who has an address is asked of the caller.
 */
#pragma once

#include "conf/error.h"
#include "packet/address.h"
#include "driver/learn/refusal.h"

typedef enum NwfLearnMode { NWF_LEARN_ANY, NWF_LEARN_DHCP, NWF_LEARN_MODES } NwfLearnMode;
extern const char *const nwf_learn_mode_words[NWF_LEARN_MODES]; /* for variables and files; never translated */

typedef enum NwfLearnLevel { NWF_LEARN_DEBUG = 1, NWF_LEARN_INFO, NWF_LEARN_WARNING, NWF_LEARN_ERROR } NwfLearnLevel;

/* CTRL_IP_ALLOWED: a list of networks, as they are written; a plain address is one of a single address. */
typedef GArray NwfAllowed;

/**
 * nwf_allowed_parse:
 * @texts: (element-type utf8): values of the variable, each "10.0.0.1", "10.0.0.0/8", or "10.0.0.0_8": a value of a
 *   parameter cannot have a slash in libvirt
 *
 * Returns: (transfer full): the list, or NULL with NWF_ERROR_PARSE; the caller names the filter or port
 */
NwfAllowed *nwf_allowed_parse(const GPtrArray *texts, GError **error);
gboolean nwf_allowed_has(const NwfAllowed *allowed, const NwfAddress *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfAllowed, g_array_unref)

/** nwf_addresses_have: whether @address is in @list (element-type NwfAddress). */
gboolean nwf_addresses_have(const GArray *list, const NwfAddress *address);
/** nwf_addresses_equal: whether both have the same addresses (or networks) in the same order; NULL: as NULL alone. */
gboolean nwf_addresses_equal(const GArray *a, const GArray *b);

enum { NWF_LEARN_MAX = 64, NWF_LEARN_MAX_DEFAULT = 16 };

/* What a binding asks for; reference counted; nobody changes it once the learner has it. */
typedef struct NwfLearnTerms {
    gatomicrefcount references;
    NwfLearnMode mode;
    char *portdev;
    guint8 owner[16]; /* uuid */
    guint8 mac[6];
    GArray *servers;     /* (element-type NwfAddress): DHCPSERVER; empty: any */
    NwfAllowed *allowed; /* CTRL_IP_ALLOWED; NULL: all */
    guint max;           /* CTRL_IP_MAX: addresses of one key in mode dhcp, 1 to NWF_LEARN_MAX */
} NwfLearnTerms;

/** nwf_learn_terms_new: with empty lists and defaults; all arguments are copied. */
NwfLearnTerms *nwf_learn_terms_new(NwfLearnMode mode, const char *portdev, const guint8 owner[16], const guint8 mac[6]);
NwfLearnTerms *nwf_learn_terms_ref(NwfLearnTerms *terms);
void nwf_learn_terms_unref(NwfLearnTerms *terms);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLearnTerms, nwf_learn_terms_unref)
/** nwf_learn_terms_equal: whether both ask for the same. */
gboolean nwf_learn_terms_equal(const NwfLearnTerms *a, const NwfLearnTerms *b);
/** nwf_learn_terms_same_client: whether what was learned on one is true of the other. */
gboolean nwf_learn_terms_same_client(const NwfLearnTerms *a, const NwfLearnTerms *b);

/**
 * NwfAddressOwner: whether @address is the host's (an interface of this network namespace, the bridge) or another
 * port's (learned or configured, on the same bridge, with another key)
 * @listed: a server in DHCPSERVER gives it; then what others have without such a lease does not count
 *
 * Returns: NWF_REFUSAL_NONE, NWF_REFUSAL_HELD_BY_HOST or NWF_REFUSAL_HELD_BY_PORT
 */
typedef NwfRefusal (*NwfAddressOwner)(const NwfAddress *address, gboolean listed, gpointer data);

/** NwfAddressTaken: a server in DHCPSERVER gave @address to the port: those that did not count have it no more. */
typedef void (*NwfAddressTaken)(const NwfAddress *address, gpointer data);

/* What decides about the messages and addresses of one port. */
typedef struct NwfAddressPolicy {
    NwfLearnTerms *terms;
    NwfAddressOwner owner; /* NULL: nobody has anything */
    NwfAddressTaken taken; /* NULL: nothing is to be done */
    gpointer owner_data;
} NwfAddressPolicy;

/**
 * nwf_address_policy:
 * @policy: NULL: the special ranges and the edges of the network alone, as for what is read from files
 * @mask: the network's, or no address or NULL if it is not known
 * @listed: as of NwfAddressOwner
 *
 * Returns: NWF_REFUSAL_NONE if @address may be learned
 */
NwfRefusal nwf_address_policy(const NwfAddressPolicy *policy, const NwfAddress *address, const NwfAddress *mask,
                              gboolean listed);
