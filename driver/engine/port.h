/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port.h: a bound port as it stands in the kernel, and the states that it can be in
 *
 * A port is an immutable object once it is in the catalog; whoever changes something makes another one.
 */
#pragma once

#include "conf/binding.h"
#include "driver/engine/rules_cache.h"
#include "driver/learn/learner.h"

/* Which rules a port has. */
typedef enum NwfWhich {
    NWF_WHICH_FILTER,  /* those of its filter */
    NWF_WHICH_INTERIM, /* those for the time in which its address is not known */
    NWF_WHICH_CLOSED,  /* everything is dropped, because the right ones cannot be made or placed */
} NwfWhich;

/* What is known of the kernel. */
typedef enum NwfKnown {
    NWF_KNOWN_ACKNOWLEDGED, /* it holds these rules */
    NWF_KNOWN_REFUSED,      /* it holds these rules, because it refused the right ones, which it should have taken, or
                               because a tool for these is not installed */
    NWF_KNOWN_UNKNOWN,      /* nobody knows whether it holds them */
} NwfKnown;

typedef struct NwfPortState {
    NwfWhich which;
    NwfKnown known;
} NwfPortState;

/* What a state means; see the table in port.c. */
typedef struct NwfStateMeaning {
    gboolean legal;
    gboolean retried;   /* with growing delays, until the state is another */
    gboolean revisited; /* when a definition has changed: it may be what the port lacked */
    gboolean trouble;   /* its beginning and its end are logged, not its repetition */
} NwfStateMeaning;

const NwfStateMeaning *nwf_state_meaning(NwfPortState state);
/** nwf_state_may_follow: whether a port in the state @from may get into the state @to. */
gboolean nwf_state_may_follow(NwfPortState from, NwfPortState to);

typedef struct NwfPort {
    gatomicrefcount refs;
    NwfBinding *binding;
    NwfPortState state;
    NwfRules *rules; /* of the state; NULL: no device can have this name, or nothing was tried yet */
    NwfRulesEntry
        *filters;     /* its filter with all that it refers to, also while it is closed; NULL: a filter is missing */
    unsigned ifindex; /* of the device when it was first seen: then MAC is shown among the parameters; 0: never */

    NwfLearnTerms *terms;      /* its address is learned; NULL: it is configured, or of no interest */
    guint64 addresses_version; /* of the learned addresses that the rules were made with; 0: nothing is learned */
    GArray *addresses;         /* (element-type NwfAddress): those that the rules allow; NULL: none was learned */
} NwfPort;

/** nwf_port_new: a port that nothing was tried for yet; (transfer full). */
NwfPort *nwf_port_new(NwfBinding *binding);
/** nwf_port_copy: (transfer full). */
NwfPort *nwf_port_copy(const NwfPort *port);
/** nwf_port_copy_unknown: (transfer full): with the same rules, or closed if it has none; the kernel may not hold them.
 */
NwfPort *nwf_port_copy_unknown(const NwfPort *port);
NwfPort *nwf_port_ref(NwfPort *port);
void nwf_port_unref(NwfPort *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfPort, nwf_port_unref)

/** nwf_port_set: @rules (transfer full) (may be NULL) become those of @port, which is in the state @which, @known; they
 * allow no learned address. */
void nwf_port_set(NwfPort *port, NwfRules *rules, NwfWhich which, NwfKnown known);
/** nwf_port_close: @port gets the rules that let nothing pass. */
void nwf_port_close(NwfPort *port, NwfKnown known);
/** nwf_port_close_for: the same because of @why: it is tried again if the right rules only lack a tool. */
void nwf_port_close_for(NwfPort *port, const GError *why);

/** nwf_port_saw_device: @ifindex: of the port's device, 0 if there is none. The first one seen is remembered. */
void nwf_port_saw_device(NwfPort *port, unsigned ifindex);

/** nwf_port_uses: whether the filter of @port is or refers to @filter; if a filter is missing the root alone is known.
 */
gboolean nwf_port_uses(const NwfPort *port, const char *filter);

/** nwf_port_is_new: whether nothing was tried for @port yet. */
gboolean nwf_port_is_new(const NwfPort *port);

/** nwf_port_params: (transfer full): the parameters of @binding with MAC, which is a variable of every port. */
NwfParams *nwf_port_params(const NwfBinding *binding);

/** nwf_port_shown_params: (transfer full): what users see: MAC is there as soon as the device was. */
NwfParams *nwf_port_shown_params(const NwfPort *port);

/** nwf_port_name_is_possible: whether a device can have the name; if not nobody can send a frame from it. */
gboolean nwf_port_name_is_possible(const char *name);

/** nwf_port_name_is_usable: FALSE with NWF_ERROR_INTERNAL for a name that is possible but that tools would take for
 * something else. */
gboolean nwf_port_name_is_usable(const char *name, GError **error);
