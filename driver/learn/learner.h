/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner.h: one thread that finds the addresses of ports
 *
 * The engine says which ports want an address and on what terms (watch), and which addresses other ports have by
 * configuration (reserve). The learner captures on those ports, believes what transactions.h and lease_db.h believe,
 * keeps the database and its files, and calls back with the name of a port whose addresses changed. The engine asks for
 * the addresses themselves each time it makes a plan: the database is the truth, nothing is copied into a binding.
 *
 * Addresses come with a version. The engine keeps the version that it made a plan with; nwf_learner_version() says
 * whether it is still current. The callback reports each change after nwf_learner_watch(); the engine compares versions
 * once after that call, since addresses may have changed before it.
 *
 * All calls may come from any thread, return at once and never wait for the learner's thread, but for free(), which
 * ends it (well below a second). The callbacks come from the learner's thread, with no lock of the learner held; they
 * must not block and must not call free().
 *
 * A learner reads its files when it is made and answers from them; it captures nothing before begin().
 *
 * A port whose device is not there, or down, is waited for. When a device of the same name but another index appears, a
 * port in mode any forgets its address; leases belong to owner and MAC and stay.
 */
#pragma once

#include "conf/error.h"
#include "driver/learn/learn_terms.h"

typedef struct NwfLearnerConfig {
    const char *state_dir;  /* /run/libvirt/nwfilter-learn; made if missing */
    const char *lease_file; /* /run/libvirt/network/nwfilter.leases, shared with the stock driver */
    void (*changed)(const char *portdev, gpointer data); /* the addresses of a watched port changed */
    void (*log)(NwfLearnLevel level, const char *message, gpointer data);
    gpointer data;
} NwfLearnerConfig;

typedef struct NwfLearner NwfLearner;

/**
 * nwf_learner_new: reads the files and starts the thread. Damaged files are logged and never stop it.
 *
 * Returns: (transfer full): the learner, or NULL with NWF_ERROR_SYSTEM: no thread, no descriptors
 */
NwfLearner *nwf_learner_new(const NwfLearnerConfig *config, GError **error);
/** nwf_learner_free: ends the thread; the database is on disk. */
void nwf_learner_free(NwfLearner *learner);

/**
 * nwf_learner_begin: all ports that are there when a daemon starts are watched or have their addresses reserved; only
 * from now on it captures, and so learns. Before, a VM could get what belongs to another port that the learner does not
 * know yet. Captures of the ports that are watched by now are open when it returns.
 */
void nwf_learner_begin(NwfLearner *learner);

/**
 * nwf_learner_watch: @terms are in force for their port from now on; equal to those in force: nothing changes. Another
 * owner or MAC than before, and what mode any had learned is forgotten.
 */
void nwf_learner_watch(NwfLearner *learner, NwfLearnTerms *terms);
/** nwf_learner_unwatch: nothing is learned for the port any more; what mode any had learned is forgotten. */
void nwf_learner_unwatch(NwfLearner *learner, const char *portdev);

/**
 * nwf_learner_addresses: what is known for @terms now, watched or not, in order of arrival. For a port that is not
 * watched these are live leases of its key, or what mode any had learned before a restart for the same device.
 * @version: (out): of these addresses, never 0; another one when they change. Only equality counts: it begins anew with
 * a session of a client that has nothing
 *
 * Returns: (transfer full) (element-type NwfAddress): maybe empty
 */
GArray *nwf_learner_addresses(NwfLearner *learner, const NwfLearnTerms *terms, guint64 *version);
/** nwf_learner_version: of the addresses that nwf_learner_addresses() would return. */
guint64 nwf_learner_version(NwfLearner *learner, const NwfLearnTerms *terms);

/**
 * nwf_learner_reserve: @addresses (may be NULL: none) are the port's by configuration: no other port of its bridge
 * learns them.
 */
void nwf_learner_reserve(NwfLearner *learner, const char *portdev, const GArray *addresses);
