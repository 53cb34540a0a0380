/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_backend.h: a backend whose kernel is a table in memory, and that follows a script
 *
 * The script orders events in time, which real tools cannot: a refusal at one call, a late answer, an outcome that
 * nobody knows, and anything that happens in the middle of a call. Without a script it takes every change. All functions
 * may be called from any thread, and from inside a step.
 */
#pragma once

#include "driver/tech/backend.h"

typedef struct FakeBackend FakeBackend;

typedef enum FakeOutcome {
    FAKE_TAKES,        /* all changes are made */
    FAKE_REFUSES,      /* none is made */
    FAKE_LOSES,        /* refused, and what the kernel holds of the ports is not known: half of them are changed */
} FakeOutcome;

/* What one call of apply does. @meanwhile runs first, without a lock; NULL: nothing. */
typedef struct FakeStep {
    FakeOutcome outcome;
    void (*meanwhile)(FakeBackend *fake, gpointer data);
    gpointer data;
} FakeStep;

/** fake_backend_new: with an empty kernel; the engine that gets it frees it. */
FakeBackend *fake_backend_new(void);
/** fake_backend_base: (transfer none): as the engine sees it. */
NwfBackend *fake_backend_base(FakeBackend *fake);

/** fake_backend_then: appends a step to the script. */
void fake_backend_then(FakeBackend *fake, FakeStep step);

/** fake_backend_holds: (transfer full): what the kernel holds of @port; NULL: nothing, so that all frames pass. */
NwfPlan *fake_backend_holds(FakeBackend *fake, const char *port);

/** fake_backend_calls: how many calls of apply had changes. */
guint fake_backend_calls(FakeBackend *fake);
