/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * world.h: an engine of its own with real tools, files and kernel
 */
#pragma once

#include "driver/engine/engine.h"
#include "tests/unit/tech/kernel/sandbox.h"

/* Rules of one line each; BAD is refused by the kernel, because there is no such set. */
#define ETHER(type) "<rule action='drop' direction='in'><mac protocolid='0x" type "'/></rule>"
#define TCP(port)   "<rule action='drop' direction='out'><tcp dstportstart='" port "' state='NEW'/></rule>"
#define TCP6(port)  "<rule action='drop' direction='out'><tcp-ipv6 dstportstart='" port "' state='NEW'/></rule>"
#define BAD         "<rule action='drop' direction='out'><all ipset='no-such-set' ipsetflags='src'/></rule>"
#define NEEDS_NET   "<rule action='drop' direction='in'><ip srcipaddr='$NET'/></rule>"

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

/** world_define: a filter; its uuid follows from its name. */
gboolean world_define(World *world, const char *name, const char *body, GError **error);
gboolean world_undefine(World *world, const char *name, GError **error);

/** world_bind: @owner may be NULL. */
gboolean world_bind(World *world, const char *port, const char *filter, const char *owner, GError **error);
gboolean world_unbind(World *world, const char *port, GError **error);

/** world_lay_filter, world_lay_binding: puts a file in place as somebody else would; @file: its name without ending. */
void world_lay_filter(World *world, const char *file, const char *name, const char *body);
void world_lay_binding(World *world, const char *file, const char *port, const char *filter);

/** world_expect: @done, and no error; the error is cleared. */
#define world_expect(done) world_expect_at((done), &error, G_STRLOC)
void world_expect_at(gboolean done, GError **error, const char *place);

/** world_refused: not @done, with this code; the error is cleared. */
#define world_refused(done, code) world_refused_at((done), &error, (code), G_STRLOC)
void world_refused_at(gboolean done, GError **error, NwfErrorCode code, const char *place);

/** world_kernel: (transfer full): the sorted lines of all three listings. */
char *world_kernel(void);
/** world_rules: (transfer full): those lines of the listings that name @port. */
char *world_rules(const char *port);

/** world_runs: how many tools ran since the last question. */
guint world_runs(void);

/** world_logged: how many log lines of at least @level there were that contain @part. */
guint world_logged(NwfLogLevel level, const char *part);
void world_forget_log(void);

/** world_holds: waits up to @seconds until the kernel's rules of @port contain @part. */
gboolean world_holds(const char *port, const char *part, guint seconds);

/**
 * world_agrees: API and files say the same, nothing is half-written, and the kernel holds what a new engine makes of
 * the files on an empty kernel. Leaves that new engine and that kernel in place.
 */
void world_agrees(World *world);

/** world_main: runs the tests that @add adds, or says why it cannot. */
int world_main(int argc, char **argv, void (*add)(void));
