/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * world.h: an engine of its own with real tools, files and kernel
 */
#pragma once

#include "tests/unit/engine/calls.h"
#include "tests/unit/tech/kernel/sandbox.h"

typedef struct World {
    char *filters; /* folders, in a file system that ends with the process */
    char *bindings;
    char *learned;
    char *leases; /* a file */
    NwfEngine *engine; /* NULL while it is stopped */
} World;

/** world_new: an empty kernel, empty folders and a running engine; (transfer full). */
World *world_new(void);
void world_free(World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/** world_start, world_stop: of the engine alone; files and rules stay. */
void world_start(World *world);
void world_stop(World *world);

/** world_device: makes a network device. */
void world_device(const char *name);

/** world_kernel: (transfer full): the sorted lines of all three listings. */
char *world_kernel(void);
/** world_rules: (transfer full): those lines of the listings that name @port. */
char *world_rules(const char *port);

/** world_runs: how many tools ran since the last question. */
guint world_runs(void);

/** world_holds: waits up to @seconds until the kernel's rules of @port contain @part. */
gboolean world_holds(const char *port, const char *part, guint seconds);

/**
 * world_agrees: API and files say the same, nothing is half-written, and the kernel holds what a new engine makes of
 * the files on an empty kernel. Leaves that new engine and that kernel in place.
 */
void world_agrees(World *world);

/** world_main: runs the tests that @add adds, or says why it cannot. */
int world_main(int argc, char **argv, void (*add)(void));
