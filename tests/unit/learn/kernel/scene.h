/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scene.h: a learner, and an engine that does nothing but ask and write down
 */
#pragma once

#include "driver/learn/learner.h"
#include "tests/unit/learn/kernel/net.h"

typedef struct Scene {
    NwfLearner *learner;
    char *dir;
    GMutex lock;
    GCond told;
    GHashTable *requests; /* name -> NwfLearnTerms */
    GHashTable *reports;  /* name -> how many */
    GPtrArray *log;
    gboolean stall; /* keep the learner's thread at its next line of the log */
    gboolean stalled;
    char *state; /* our own file at the moment of the first report: what a killed daemon would have left */
} Scene;

/** scene_begin: in a fresh network; the learner runs, with files in a new directory. */
Scene *scene_begin(void);
void scene_end(Scene *scene);
/** scene_restart: ends the learner and starts another one with the same files. */
void scene_restart(Scene *scene);
void scene_stop(Scene *scene);
void scene_start(Scene *scene);
/** scene_wake: as scene_start(), but for nwf_learner_begin(). */
void scene_wake(Scene *scene);

/** scene_watch: as a create would: asks, then watches. @mode: "any" or "dhcp", then servers=A,B allowed=A,B max=N. */
void scene_watch(Scene *scene, const char *port, guint vm, const char *mode);
void scene_unwatch(Scene *scene, const char *port);
/** scene_reserve: @addresses with blanks between, or NULL. */
void scene_reserve(Scene *scene, const char *port, const char *addresses);

/** scene_addresses: (transfer full): what the learner says for the port, with blanks between. */
char *scene_addresses(Scene *scene, const char *port);
/** scene_expect: within a second or two the port has these addresses, and the engine was told. */
void scene_expect(Scene *scene, const char *port, const char *addresses);
/** scene_expect_still: all that was sent is read; the port has these addresses. */
void scene_expect_still(Scene *scene, const char *port, guint vm, const char *addresses);
/** scene_reports: how many reports of @port there were. */
guint scene_reports(Scene *scene, const char *port);
/** scene_stall: keeps the learner's thread busy with a line about @port, until scene_go_on(). */
void scene_stall(Scene *scene, const char *port, guint vm);
void scene_go_on(Scene *scene);
/** scene_logged: within a second or two a line with @part was logged. */
void scene_logged(Scene *scene, const char *part);
guint scene_count_logged(Scene *scene, const char *part);
