/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state_inside.h: what the files of the state share
 */
#pragma once

#include "driver/tech/ebiptables/state.h"

/* A chain that is not built in. */
typedef struct NwfStateChain {
    GPtrArray *leads_to; /* (element-type utf8): names of chains, one for each rule that leads there */
    guint references;    /* rules that lead here, dispatch rules not counted */
    GString *listed;     /* policy and rules as they were listed; NULL: not, or a batch has changed the chain since */
    gboolean written;    /* it is what our last batch for it made, or would have made */
    gboolean strangers;  /* rules of no form of ours in it; of interest in the base chains */
} NwfStateChain;

/* The dispatch rules of a port, by form. */
typedef struct NwfStatePort {
    guint behind; /* a bit for each form: one stands behind a rule of somebody else */
    guint count[NWF_DISPATCHES];
} NwfStatePort;

struct NwfState {
    NwfLayer layer;
    GHashTable *chains;           /* name -> NwfStateChain */
    GHashTable *ports;            /* name -> NwfStatePort; only ports that have some */
    guint base_jumps[NWF_BASE_JUMPS];
    guint places[NWF_BASE_JUMPS]; /* of the first jump of each built-in chain: how many rules the chain has so far */
    gboolean astray;              /* a base jump stood behind somebody else's rule, or behind another base jump */
    gboolean outlined;            /* was read from an outline */
    gboolean in_table;            /* the lines now read are of our table */
    gboolean listing;             /* and what the -save tool printed */
};

/** nwf_state_chain_has_strangers: whether the chain @name has rules of no form of ours. */
gboolean nwf_state_chain_has_strangers(const NwfState *state, const char *name);
