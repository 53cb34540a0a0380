/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * calls.h: what a user of the engine asks, and what the engine logs, in short forms for tests
 */
#pragma once

#include "driver/engine/engine.h"

/* Rules of one line each; BAD is refused by the kernel, because there is no such set. */
#define ETHER(type) "<rule action='drop' direction='in'><mac protocolid='0x" type "'/></rule>"
#define TCP(port)   "<rule action='drop' direction='out'><tcp dstportstart='" port "' state='NEW'/></rule>"
#define TCP6(port)  "<rule action='drop' direction='out'><tcp-ipv6 dstportstart='" port "' state='NEW'/></rule>"
#define BAD         "<rule action='drop' direction='out'><all ipset='no-such-set' ipsetflags='src'/></rule>"
#define NEEDS_NET   "<rule action='drop' direction='in'><ip srcipaddr='$NET'/></rule>"

/** engine_filter: (transfer full): from the elements inside of <filter>; its uuid follows from its name. */
NwfFilter *engine_filter(const char *name, const char *body);
/** engine_binding: (transfer full). */
NwfBinding *engine_binding(const char *port, const char *filter, const char *owner);

/** engine_define: a filter; its uuid follows from its name. */
gboolean engine_define(NwfEngine *engine, const char *name, const char *body, GError **error);
gboolean engine_undefine(NwfEngine *engine, const char *name, GError **error);

/** engine_bind: @owner may be NULL. */
gboolean engine_bind(NwfEngine *engine, const char *port, const char *filter, const char *owner, GError **error);
gboolean engine_unbind(NwfEngine *engine, const char *port, GError **error);

/** engine_lay_filter, engine_lay_binding: puts a file into @folder as somebody else would; @file: its name without
 * ending. */
void engine_lay_filter(const char *folder, const char *file, const char *name, const char *body);
void engine_lay_binding(const char *folder, const char *file, const char *port, const char *filter);

/** expect_done: @done, and no error; the error is cleared. */
#define expect_done(done) expect_done_at((done), &error, G_STRLOC)
void expect_done_at(gboolean done, GError **error, const char *place);

/** expect_refused: not @done, with this code; the error is cleared. */
#define expect_refused(done, code) expect_refused_at((done), &error, (code), G_STRLOC)
void expect_refused_at(gboolean done, GError **error, NwfErrorCode code, const char *place);

/** engine_log_line: for NwfEngineConfig. */
void engine_log_line(NwfLogLevel level, const char *source, const char *message);
/** engine_logged: how many log lines of at least @level there were that contain @part. */
guint engine_logged(NwfLogLevel level, const char *part);
void engine_forget_log(void);
