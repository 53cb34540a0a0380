/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_learner.h: the functions of driver/learn/learner.h over a table that a test fills
 *
 * A program that links this has it in place of the real learner: no thread, no capture, no file. There is one at a
 * time.
 */
#pragma once

#include "driver/learn/learner.h"

/** fake_learner_learn: @text, IPv4 addresses with a space between them or NULL for none, are the port's now; its
 * watcher is called. */
void fake_learner_learn(const char *portdev, const char *text);

/** fake_learner_addresses: (transfer full): what was learned last; NULL: nothing. */
char *fake_learner_addresses(const char *portdev);
