/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stage.h: the engine's applier over the fake backend and the fake learner, turn by turn
 *
 * There is no thread: a test says what one turn of the applier is about, so that any two things can happen in the same
 * turn or in the middle of each other. Time passes when the test says so. Catalog, cache, requests, files, commit,
 * retries and reconciliation are the real ones.
 */
#pragma once

#include "driver/engine/applier.h"
#include "tests/unit/engine/calls.h"
#include "tests/unit/engine/fake_backend.h"
#include "tests/unit/engine/fake_learner.h"

#define OWN_ADDRESS "<rule action='accept' direction='out'><ip srcipaddr='$IP'/></rule>"

#define assert_state(stage, port, which_, known_)                                                                      \
    do {                                                                                                               \
        g_assert_cmpint(stage_state(stage, port).which, ==, NWF_WHICH_##which_);                                       \
        g_assert_cmpint(stage_state(stage, port).known, ==, NWF_KNOWN_##known_);                                       \
    } while (0)

typedef struct Stage {
    char *folder;
    NwfEngineConfig config;
    NwfCatalog *catalog;
    NwfInbox *inbox;
    NwfApplier *applier;
    FakeBackend *fake; /* the applier's */
    gint64 clock;      /* of the applier's pace: stands still unless stage_pass() or fake_backend_slow() moves it */
} Stage;

/** stage_new: an empty kernel and no file; (transfer full). */
Stage *stage_new(void);
/** stage_two_ports: the filters "web" and "own", which needs an address; "lo" is bound to "web", "va" to "own", whose
 * address is known; (transfer full). */
Stage *stage_two_ports(void);
void stage_free(Stage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stage, stage_free)

/** stage_restart: the daemon ends and starts again; the kernel stays. */
void stage_restart(Stage *stage);

/** stage_define, stage_bind, stage_unbind: (transfer full): requests for stage_turn(); ports are "v0", "v1", … */
NwfRequest *stage_define(const char *name, const char *body);
NwfRequest *stage_undefine(Stage *stage, const char *name);
NwfRequest *stage_bind(const char *port, const char *filter);
NwfRequest *stage_unbind(Stage *stage, const char *port);

/**
 * stage_turn: one turn with @request (transfer full) (NULL: none), the addresses that changed, and the events that were
 * posted
 *
 * Returns: whether the request was carried out; *@error has its error otherwise
 */
gboolean stage_turn(Stage *stage, NwfRequest *request, GError **error);
/** stage_retry: the same for ports that wait for a later try, as if their time had come. */
void stage_retry(Stage *stage);

/** stage_pass: so much time passes; what is due then happens in the next turn. */
void stage_pass(Stage *stage, gint64 microseconds);
/** stage_waits: whether @port waits for rules with other addresses. */
gboolean stage_waits(Stage *stage, const char *port);

/** stage_loss: the monitor reports that it has lost the announcements of the transactions behind @generation up to now.
 */
void stage_loss(Stage *stage, guint32 generation);

/** stage_event: somebody touched @port in the kernel (NULL: everything); the monitor reports it. */
void stage_event(Stage *stage, const char *port);

/** stage_state: of a bound port. */
NwfPortState stage_state(Stage *stage, const char *port);

/** stage_is_right: whether the kernel holds the rules of the filters in force with the addresses in force, if all
 * filters of the port are there. */
gboolean stage_is_right(Stage *stage, const char *port);
/** stage_is_closed: whether the kernel drops everything of @port. */
gboolean stage_is_closed(Stage *stage, const char *port);

/** stage_check: files = catalog = kernel: no bound port is open or allows an address that it does not have, no refused
 * filter is in force, nothing is left behind. */
void stage_check(Stage *stage);
