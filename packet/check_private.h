/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check_private.h: how a check that guards something is written, so that tests can prove that it is needed
 *
 * The tests compile the checking sources once more with NWF_MUTANTS. In that build each check can be left out by its
 * number, and a test must fail then. What is shipped has the plain condition and nothing that could leave it out.
 */
#pragma once

#include <glib.h>

/** NWF_FAILS: whether the check numbered @id, below 64, fails, which is when @condition does not hold. */
#ifdef NWF_MUTANTS
extern guint64 nwf_mutant_skip; /* bit n: check n is left out; the test defines it */
#define NWF_FAILS(condition, id) ((nwf_mutant_skip >> (id)&1) == 0 && !(condition))
#else
#define NWF_FAILS(condition, id) (!(condition))
#endif
