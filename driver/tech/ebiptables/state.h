/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.h: what of ours is in the tables, as far as we know
 *
 * One NwfState for each of the three tools: the user chains that exist, the dispatch rules of each port, the base chains and
 * their jumps. Read once from the -save tool at start and after a batch was refused; kept in step with each batch that the
 * kernel acknowledged. Ownership is never guessed from a name's beginning: a chain is ours if it can be reached
 * from a dispatch rule of the stock form for an interface and is named for exactly that interface and a suffix.
 */
#pragma once

#include "plan/plan.h"

typedef struct NwfState NwfState;

NwfState *nwf_state_new(NwfLayer layer); /* an empty table */
void nwf_state_free(NwfState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfState, nwf_state_free)

/** nwf_state_read: fills @state from the text of the layer's -save tool, replacing what it held. */
gboolean nwf_state_read(NwfState *state, const char *save_text, GError **error);

/** nwf_state_applied: @batch text was acknowledged by the kernel: follow it. */
void nwf_state_applied(NwfState *state, const char *batch_text);

/** nwf_state_ports: (transfer full) (element-type utf8): the ports that have chains or dispatch rules of ours. */
GPtrArray *nwf_state_ports(const NwfState *state);
