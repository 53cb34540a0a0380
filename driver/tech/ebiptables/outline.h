/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outline.h: the chains of a table and what leads to them, asked of the kernel itself
 */
#pragma once

#include "driver/tech/ebiptables/names.h"

/**
 * nwf_outline: for a table of nf_tables that the tool of its layer cannot list, because somebody has put rules there
 * that it does not know. Sees the network namespace of the calling thread.
 *
 * Returns: (transfer full): a listing in the language of the -save tools, in which everything that is not a jump or a
 *   name of a device is one unknown option; NULL if the kernel does not answer
 */
char *nwf_outline(const NwfTable *table);
