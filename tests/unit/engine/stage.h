/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stage.h: an engine over the fake backend and the fake learner, with files in a temporary folder
 */
#pragma once

#include "tests/unit/engine/calls.h"
#include "tests/unit/engine/fake_backend.h"
#include "tests/unit/engine/fake_learner.h"

typedef struct Stage {
    char *folder;
    NwfEngine *engine;
    FakeBackend *fake; /* the engine's */
} Stage;

/** stage_new: an empty kernel, no file, and a running engine; (transfer full). */
Stage *stage_new(void);
void stage_free(Stage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stage, stage_free)

/** stage_wait_queue: returns when @n requests wait for the applier, which is busy meanwhile. */
void stage_wait_queue(Stage *stage, guint n);

/** stage_idle: returns when the applier has nothing to do now. */
void stage_idle(Stage *stage);

/**
 * stage_right: (transfer full): what the kernel should hold of @port: the rules of the filters in force with the addresses
 * in force. Its filter uses no variables but MAC and IP.
 */
NwfPlan *stage_right(Stage *stage, const char *port);

/** stage_is_right: whether the kernel holds that of @port. */
gboolean stage_is_right(Stage *stage, const char *port);
