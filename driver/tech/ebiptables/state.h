/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.h: what of ours is in the tables, as far as we know
 *
 * One NwfState for each of the three tools: the user chains that exist, the dispatch rules of each port, the base
 * chains and their jumps. Read once from the -save tool at start and after a batch was refused; kept in step with each
 * batch that the kernel acknowledged. Ownership is never guessed from a name's beginning: a chain is ours if it can be
 * reached from a dispatch rule of the stock form for an interface and is named for exactly that interface and a suffix.
 */
#pragma once

#include "driver/tech/ebiptables/names.h"

typedef struct NwfState NwfState;

NwfState *nwf_state_new(NwfLayer layer); /* an empty table */
void nwf_state_free(NwfState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfState, nwf_state_free)

/**
 * nwf_state_read: fills @state from the text of the layer's -save tool, replacing what it held; NWF_ERROR_FIREWALL if
 * the text is no listing, NWF_ERROR_UNSUPPORTED if it says that the tool cannot list the table (then nothing changes).
 */
gboolean nwf_state_read(NwfState *state, const char *save_text, GError **error);

/** nwf_state_read_outline: fills @state from the outline of its table (outline.h), which says nothing of other rules. */
void nwf_state_read_outline(NwfState *state, const char *outline);

/** nwf_state_is_outlined: whether it is known from an outline only: the tool stumbles over somebody else's rules. */
gboolean nwf_state_is_outlined(const NwfState *state);

/**
 * nwf_state_is_stuck: whether the tool may fail to take out a dispatch rule of this form of @port: others' rules stand in
 * its chain, and it is not known that they all stand behind.
 */
gboolean nwf_state_is_stuck(const NwfState *state, const char *port, guint dispatch);

/** nwf_state_is_empty: whether the chain @name is there and has no rules. */
gboolean nwf_state_is_empty(const NwfState *state, const char *name);

/** nwf_state_stumbled: (transfer full): words for that the tool cannot list the table. */
char *nwf_state_stumbled(const NwfState *state);

/** nwf_state_applied: @batch text was acknowledged by the kernel: follow it. */
void nwf_state_applied(NwfState *state, const char *batch_text);

/** nwf_state_ports: (transfer full) (element-type utf8): the ports that have chains or dispatch rules of ours. */
GPtrArray *nwf_state_ports(const NwfState *state);

/** nwf_state_holds: whether the table has anything of @port. */
gboolean nwf_state_holds(const NwfState *state, const char *port);

/** nwf_state_has_chain: whether a chain @name exists, whoever made it. */
gboolean nwf_state_has_chain(const NwfState *state, const char *name);

/** nwf_state_listed: the chain @name as it was listed, policy and rules; NULL if it was not or a batch wrote it. */
const char *nwf_state_listed(const NwfState *state, const char *name);

/** nwf_state_written: whether the chain @name exists as a batch of ours made it, or was confirmed. */
gboolean nwf_state_written(const NwfState *state, const char *name);

/**
 * nwf_state_owned:
 *
 * Returns: (transfer full): (element-type utf8) set of the existing chains that belong to @port: its root chains, final
 *   and temporary, and what they lead to under names of this port
 */
GHashTable *nwf_state_owned(const NwfState *state, const char *port);

/** nwf_state_confirm: the chains of @port were listed exactly as our own batch would write them: they count as written. */
void nwf_state_confirm(NwfState *state, const char *port);

/** nwf_state_shared: whether a rule in a chain outside of @owned (a set of names) leads to the chain @name. */
gboolean nwf_state_shared(const NwfState *state, const char *name, GHashTable *owned);

/** nwf_state_other_owner: (transfer full): another port than @port to which the chain @name belongs, or NULL. */
char *nwf_state_other_owner(const NwfState *state, const char *name, const char *port);

/** nwf_state_dispatch: how many dispatch rules of this form @port has. */
guint nwf_state_dispatch(const NwfState *state, const char *port, guint dispatch);

/**
 * nwf_state_is_behind: whether a dispatch rule of this form of @port stands behind somebody else's rule in a base chain of
 * ours. Always FALSE at the Ethernet layer, where the chains are not ours.
 */
gboolean nwf_state_is_behind(const NwfState *state, const char *port, guint dispatch);

/** nwf_state_has_strangers: whether somebody else has rules in the base chain of ours for this form of dispatch. */
gboolean nwf_state_has_strangers(const NwfState *state, guint dispatch);

/** nwf_state_base_jump: how many of these base jumps there are. */
guint nwf_state_base_jump(const NwfState *state, guint jump);

/**
 * nwf_state_base_is_right: whether each base chain is reached once, by a rule that stands before all others' rules. In a
 * table that is outlined it may be reached again.
 */
gboolean nwf_state_base_is_right(const NwfState *state);
