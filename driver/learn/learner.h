/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learner.h: one thread that finds the addresses of ports
 *
 * The engine tells the learner which ports want an address and how (watch), and which addresses other ports have by
 * configuration (hold). The learner captures on those ports, believes what transactions.h and book.h believe, keeps the
 * book and its files, and tells the engine by name that the addresses of a port are others now. What they are, the
 * engine asks each time it makes a plan: the book is the truth, nothing is copied into a binding.
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
#include "driver/learn/lease_db.h"

/* What is learned for a port; immutable, reference counted. */
typedef struct NwfLearnTerms {
    gatomicrefcount refs;
    NwfLearnMode mode;
    char *portdev;
    char *linkdev;    /* of a macvtap: frames are captured there; NULL: on the port */
    guint8 owner[16]; /* uuid */
    guint8 mac[6];
    GArray *servers;     /* (element-type NwfAddress): DHCPSERVER; empty: any */
    NwfAllowed *allowed; /* CTRL_IP_ALLOWED; NULL: all */
    guint max;           /* CTRL_IP_MAX: addresses of one key in mode dhcp, 1 to NWF_LEARN_MAX */
} NwfLearnTerms;

enum { NWF_LEARN_MAX = NWF_LEASES_MAX, NWF_LEARN_MAX_DEFAULT = NWF_LEASES_DEFAULT };

/** nwf_learn_terms_new: with empty lists and defaults; all arguments are copied. */
NwfLearnTerms *nwf_learn_terms_new(NwfLearnMode mode, const char *portdev, const char *linkdev, const guint8 owner[16],
                                   const guint8 mac[6]);
NwfLearnTerms *nwf_learn_terms_ref(NwfLearnTerms *terms);
void nwf_learn_terms_unref(NwfLearnTerms *terms);
/** nwf_learn_terms_equal: whether both ask for the same. */
gboolean nwf_learn_terms_equal(const NwfLearnTerms *a, const NwfLearnTerms *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLearnTerms, nwf_learn_terms_unref)

typedef enum NwfLearnLevel { NWF_LEARN_DEBUG = 1, NWF_LEARN_INFO, NWF_LEARN_WARNING, NWF_LEARN_ERROR } NwfLearnLevel;

typedef struct NwfLearnerConfig {
    const char *state_dir;  /* /run/libvirt/nwfilter-learn; made if missing */
    const char *lease_file; /* /run/libvirt/network/nwfilter.leases, shared with the stock driver */
    void (*changed)(const char *portdev, gpointer data); /* the addresses of a watched port are others now */
    void (*log)(NwfLearnLevel level, const char *message, gpointer data);
    gpointer data;
} NwfLearnerConfig;

typedef struct NwfLearner NwfLearner;

/**
 * nwf_learner_new: reads the files and starts the thread. Damaged files are told of and never stop it.
 *
 * Returns: (transfer full): the learner, or NULL with NWF_ERROR_SYSTEM: no thread, no descriptors
 */
NwfLearner *nwf_learner_new(const NwfLearnerConfig *config, GError **error);
/** nwf_learner_free: ends the thread; the book is on disk. */
void nwf_learner_free(NwfLearner *learner);

/**
 * nwf_learner_begin: all ports that are there when a daemon starts are watched or held; only from now on it captures,
 * and so learns. Before, a VM could get what belongs to another port that nobody has told the learner of yet. Captures
 * of the ports that are watched by now are open when it returns.
 */
void nwf_learner_begin(NwfLearner *learner);

/**
 * nwf_learner_watch: @request is in force for its port from now on; equal to the one in force: nothing changes. Another
 * owner or MAC than before, and what mode any had learned is forgotten.
 */
void nwf_learner_watch(NwfLearner *learner, NwfLearnTerms *terms);
/** nwf_learner_unwatch: nothing is learned for the port any more; what mode any had learned is forgotten. */
void nwf_learner_unwatch(NwfLearner *learner, const char *portdev);

/**
 * nwf_learner_addresses: what is known for @request now, watched or not, in order of arrival. For a port that is not
 * watched these are live leases of its key, or what mode any had learned before a restart for the same device.
 *
 * Returns: (transfer full) (element-type NwfAddress): maybe empty
 */
GArray *nwf_learner_addresses(NwfLearner *learner, const NwfLearnTerms *terms);

/** nwf_learner_reserve: @addresses (may be NULL: none) are the port's by configuration: no other port of its bridge
 * learns them. */
void nwf_learner_reserve(NwfLearner *learner, const char *portdev, const GArray *addresses);
