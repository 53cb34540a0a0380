/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model.h: what the kernel's table holds of ours, as far as it has acknowledged
 *
 * One NwfModel for each of the three tools: the user chains that exist, the dispatch rules of each port, the base
 * chains and their jumps. Read once from the -save tool at start and after a batch was refused; kept in step with each
 * batch that the kernel acknowledged. Ownership is never guessed from a name's beginning: a chain is ours if it can be
 * reached from a dispatch rule of the stock form for an interface and is named for exactly that interface and a suffix.
 */
#pragma once

#include "driver/tech/ebiptables/names.h"

/* A chain that is not built in. */
typedef struct NwfModelChain {
    GPtrArray *leads_to; /* (element-type utf8): names of chains, one for each rule that leads there */
    guint references;    /* rules that lead here, dispatch rules not counted */
    GString *listed;     /* policy and rules as they were listed; NULL: not, or a batch has changed the chain since */
    gboolean written;    /* it is what our last batch for it made, or would have made */
    gboolean foreign_rules; /* rules of no form of ours in it; of interest in the base chains */
} NwfModelChain;

/* The dispatch rules of a port, by form. */
typedef struct NwfModelPort {
    guint shadowed; /* a bit for each form: one stands behind a rule of somebody else */
    guint count[NWF_DISPATCHES];
} NwfModelPort;

/* Only the functions below change it. */
typedef struct NwfModel {
    NwfLayer layer;
    GHashTable *chains; /* name -> NwfModelChain */
    GHashTable *ports;  /* name -> NwfModelPort; only ports that have some */
    guint base_jumps[NWF_BASE_JUMPS];
    guint places[NWF_BASE_JUMPS]; /* of the first jump of each built-in chain: how many rules the chain has so far */
    gboolean misplaced;           /* a base jump stood behind somebody else's rule, or behind another base jump */
    gboolean outlined;            /* was read from an outline */
    gboolean in_table;            /* the lines now read are of our table */
    gboolean listing;             /* and what the -save tool printed */
} NwfModel;

NwfModel *nwf_model_new(NwfLayer layer); /* an empty table */
void nwf_model_free(NwfModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfModel, nwf_model_free)

/**
 * nwf_model_read: fills @model from the text of the layer's -save tool, replacing what it held; NWF_ERROR_FIREWALL if
 * the text is no listing, NWF_ERROR_UNSUPPORTED if it says that the tool cannot list the table (then nothing changes).
 */
gboolean nwf_model_read(NwfModel *model, const char *save_text, GError **error);

/** nwf_model_read_outline: fills @model from the outline of its table (outline.h), without other rules. */
void nwf_model_read_outline(NwfModel *model, const char *outline);

/**
 * nwf_model_is_undeletable: whether the tool may fail to take out a dispatch rule of this form of @port: others' rules
 * stand in its chain, and it is not known that they all stand behind.
 */
gboolean nwf_model_is_undeletable(const NwfModel *model, const char *port, guint dispatch);

/** nwf_model_unlistable: (transfer full): why the tool cannot list the table. */
char *nwf_model_unlistable(const NwfModel *model);

/** nwf_model_applied: @batch text was acknowledged by the kernel: follow it. */
void nwf_model_applied(NwfModel *model, const char *batch_text);

/** nwf_sorted_names: (transfer full) (element-type utf8): copies of the keys of @set, which are strings. */
GPtrArray *nwf_sorted_names(GHashTable *set);

/** nwf_model_ports: (transfer full) (element-type utf8): the ports that have chains or dispatch rules of ours. */
GPtrArray *nwf_model_ports(const NwfModel *model);

/** nwf_model_chain: the chain @name, whoever made it; NULL if there is none, or it is built in. */
const NwfModelChain *nwf_model_chain(const NwfModel *model, const char *name);

/** nwf_model_base_is_empty: whether the base chain of this jump is there and has no rules. */
gboolean nwf_model_base_is_empty(const NwfModel *model, guint jump);

/** nwf_model_holds: whether the table has anything of @port. */
gboolean nwf_model_holds(const NwfModel *model, const char *port);

/**
 * nwf_model_owned:
 *
 * Returns: (transfer full): (element-type utf8) set of the existing chains that belong to @port: its root chains, final
 *   and temporary, and what they lead to under names of this port
 */
GHashTable *nwf_model_owned(const NwfModel *model, const char *port);

/** nwf_model_confirm: the chains of @port were listed as our own batch would write them: they count as written. */
void nwf_model_confirm(NwfModel *model, const char *port);

/** nwf_model_shared: whether a rule in a chain outside of @owned (a set of names) leads to the chain @name. */
gboolean nwf_model_shared(const NwfModel *model, const char *name, GHashTable *owned);

/** nwf_model_other_owner: (transfer full): another port than @port to which the chain @name belongs, or NULL. */
char *nwf_model_other_owner(const NwfModel *model, const char *name, const char *port);

/** nwf_model_dispatch: how many dispatch rules of this form @port has. */
guint nwf_model_dispatch(const NwfModel *model, const char *port, guint dispatch);

/**
 * nwf_model_is_shadowed: whether a dispatch rule of this form of @port stands behind somebody else's rule in a base
 * chain of ours. Always FALSE at the Ethernet layer, where the chains are not ours.
 */
gboolean nwf_model_is_shadowed(const NwfModel *model, const char *port, guint dispatch);

/** nwf_model_has_foreign_rules: whether somebody else has rules in the base chain of ours for this form of dispatch. */
gboolean nwf_model_has_foreign_rules(const NwfModel *model, guint dispatch);

/**
 * nwf_model_base_is_right: whether each base chain is reached once, by a rule that stands before all others' rules. In
 * a table that is outlined it may be reached again.
 */
gboolean nwf_model_base_is_right(const NwfModel *model);

/* Two models of one table, compared port by port (compare.c). */

/**
 * nwf_compare: whether @held, the table as it was listed, has of @port exactly what @wanted has, the listing of what it
 * should be: the same chains with the same rules in the same words, and the same dispatch rules. FALSE also if one of
 * its chains was not listed.
 */
gboolean nwf_compare(const NwfModel *held, const NwfModel *wanted, const char *port);

/** nwf_compare_rules: whether the chains of @port in @wanted are in @held with the same rules in the same words. */
gboolean nwf_compare_rules(const NwfModel *held, const NwfModel *wanted, const char *port);

/** nwf_compare_reach: whether frames of @port reach the same chains, however many rules lead there. */
gboolean nwf_compare_reach(const NwfModel *a, const NwfModel *b, const char *port);

/** nwf_compare_outline: whether both have the same chains and dispatch rules of @port, whatever is in the chains. */
gboolean nwf_compare_outline(const NwfModel *a, const NwfModel *b, const char *port);
