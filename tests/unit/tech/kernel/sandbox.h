/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sandbox.h: a network of our own with the real tools in it
 */
#pragma once

#include "tests/unit/tech/harness.h"

/** sandbox_enter: own mounts, and wrappers around the tools; FALSE if this needs rights that we do not have. */
gboolean sandbox_enter(void);

/** sandbox_fresh: an empty network namespace and an empty record. */
void sandbox_fresh(void);

/** sandbox_run: runs a shell script, which must succeed; (transfer full): what it printed. */
char *sandbox_run(const char *script);

/** sandbox_listing: (transfer full): all rules and chains of the layer's table, without anything that varies. */
char *sandbox_listing(NwfLayer layer);

/** sandbox_record: (transfer full): the tools that ran since the last call, in order, joined by blanks. */
char *sandbox_record(void);

/** sandbox_spoil: from now on @tool does @instead ("exit 3"), a line of shell; NULL: works again. $REAL runs the tool.
 */
void sandbox_spoil(const char *tool, const char *instead);
