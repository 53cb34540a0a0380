/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_backend.h: a backend whose kernel is a table in memory, and that follows a script
 *
 * The script orders events in time, which real tools cannot: a refusal at one call, a late answer, an outcome that
 * nobody knows, and anything that happens in the middle of a call. Without a script it takes every change that the
 * kernel can hold. One thread uses it, as with any backend.
 */
#pragma once

#include "driver/tech/backend.h"

typedef struct FakeBackend FakeBackend;

typedef enum FakeOutcome {
    FAKE_TAKES,   /* all changes are made */
    FAKE_REFUSES, /* none is made */
    FAKE_LOSES,   /* the call fails, every second change is made, and the backend says that it does not know */
} FakeOutcome;

/* What one call of apply does. */
typedef struct FakeStep {
    FakeOutcome outcome;
    void (*meanwhile)(FakeBackend *fake, gpointer data); /* runs before the outcome; NULL: nothing */
    gpointer data;
    gboolean silent; /* a refusal names no culprit */
} FakeStep;

/** fake_backend_new: with an empty kernel; whoever gets fake_backend_base() frees it. */
FakeBackend *fake_backend_new(void);
/** fake_backend_base: (transfer none): as the engine sees it. */
NwfBackend *fake_backend_base(FakeBackend *fake);

/** fake_backend_then: appends a step to the script; each call of apply with changes takes one. */
void fake_backend_then(FakeBackend *fake, FakeStep step);
/** fake_backend_forget: ends the script. */
void fake_backend_forget(FakeBackend *fake);

/**
 * fake_backend_refuse_line: rules that came from this line of a filter are refused by the kernel from now on; 0: none.
 * @by_check: already by check()
 */
void fake_backend_refuse_line(FakeBackend *fake, guint line, gboolean by_check);
/** fake_backend_break: no call with changes succeeds while @broken. */
void fake_backend_break(FakeBackend *fake, gboolean broken);
/** fake_backend_limit: of ports of one call; 0: none. */
void fake_backend_limit(FakeBackend *fake, guint ports_max);
/** fake_backend_slow: from now on each call that tries to change the kernel moves @clock on by @cost microseconds. */
void fake_backend_slow(FakeBackend *fake, gint64 *clock, gint64 cost);
/** fake_backend_forbid_reassert: the backend has no reassert() from now on. */
void fake_backend_forbid_reassert(FakeBackend *fake);

/** fake_backend_set: somebody else makes the kernel hold @rules (NULL: nothing) of @port. */
void fake_backend_set(FakeBackend *fake, const char *port, NwfRules *rules);
/** fake_backend_flush: somebody else removes everything. */
void fake_backend_flush(FakeBackend *fake);

/** fake_backend_holds: (transfer none): what the kernel holds of @port; NULL: nothing, so that all frames pass. */
NwfRules *fake_backend_holds(FakeBackend *fake, const char *port);
/** fake_backend_size: of how many ports the kernel holds something. */
guint fake_backend_size(FakeBackend *fake);

/** fake_backend_listing: (transfer full): ports, and rules by their addresses. */
char *fake_backend_listing(FakeBackend *fake);
/** fake_backend_generation: the number of the last transaction, whosever it was. */
guint32 fake_backend_generation(FakeBackend *fake);

/** fake_backend_calls: how many calls of apply had changes. */
guint fake_backend_calls(FakeBackend *fake);
/** fake_backend_spent: processor time of the thread in apply, in nanoseconds. */
gint64 fake_backend_spent(FakeBackend *fake);
