/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simulate.h: plans for targets that simulate, made once
 */
#pragma once

#include "plan/plan.h"

enum { FUZZ_PLANS = 5, FUZZ_PLAN_CLOSED = 0 };

/** fuzz_plan: (transfer none): FUZZ_PLAN_CLOSED drops every frame; the others use all matches that the language has. */
NwfPlan *fuzz_plan(guint index);
