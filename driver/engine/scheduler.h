/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scheduler.h: when the applier does what
 */
#pragma once

#include "driver/engine/applier.h"

/** nwf_scheduler_begin: brings up what the files say. */
void nwf_scheduler_begin(NwfApplier *applier);
/** nwf_scheduler_turn: carries out one turn; its requests have their errors or none then. */
void nwf_scheduler_turn(NwfApplier *applier, NwfTurn *turn);
/** nwf_scheduler_run: takes turns, and answers their requests, until the inbox is closed and empty. */
void nwf_scheduler_run(NwfApplier *applier);
