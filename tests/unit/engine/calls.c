/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * calls.c: what a user of the engine asks, and what the engine logs, in short forms for tests
 *
 * The log has no place for a pointer of ours, so there is one for the process.
 */
#include "tests/unit/engine/calls.h"

#include <glib/gprintf.h>
#include <string.h>

static struct {
    GMutex lock;
    GPtrArray *lines; /* (element-type utf8): level as a digit, then the text */
} engine_log;

void
engine_log_line(NwfLogLevel level, const char *source, const char *message)
{
    g_mutex_lock(&engine_log.lock);
    if (!engine_log.lines)
        engine_log.lines = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(engine_log.lines, g_strdup_printf("%d %s: %s", (int)level, source, message));
    g_mutex_unlock(&engine_log.lock);
    if (g_test_verbose())
        g_printerr("# %d %s: %s\n", (int)level, source, message);
}

guint
engine_logged(NwfLogLevel level, const char *part)
{
    guint n = 0;

    g_mutex_lock(&engine_log.lock);
    for (guint i = 0; engine_log.lines && i < engine_log.lines->len; i++) {
        const char *line = g_ptr_array_index(engine_log.lines, i);
        n += line[0] - '0' >= (int)level && strstr(line, part) != NULL;
    }
    g_mutex_unlock(&engine_log.lock);
    return n;
}

void
engine_forget_log(void)
{
    g_mutex_lock(&engine_log.lock);
    if (engine_log.lines)
        g_ptr_array_set_size(engine_log.lines, 0);
    g_mutex_unlock(&engine_log.lock);
}

/* @text as the value of an attribute; a newline stays one. */
static char *
escape(const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_auto(GStrv) lines = g_strsplit(escaped, "\n", -1);

    return g_strjoinv("&#10;", lines);
}

static char *
filter_text(const char *name, const char *body)
{
    g_autofree char *digits = g_compute_checksum_for_string(G_CHECKSUM_MD5, name, -1);
    g_autofree char *escaped = escape(name);

    return g_strdup_printf("<filter name='%s'><uuid>%s</uuid>%s</filter>", escaped, digits, body);
}

NwfFilter *
engine_filter(const char *name, const char *body)
{
    static const NwfReading reading = {.dialect = NWF_DIALECT_9};
    g_autofree char *text = filter_text(name, body);
    g_autoptr(GError) error = NULL;
    NwfFilter *filter = nwf_filter_parse(text, &reading, NULL, &error);

    g_assert_no_error(error);
    return filter;
}

gboolean
engine_define(NwfEngine *engine, const char *name, const char *body, GError **error)
{
    g_autoptr(NwfFilter) filter = engine_filter(name, body);
    g_autoptr(NwfFilter) defined = nwf_engine_define(engine, filter, error);

    return defined != NULL;
}

gboolean
engine_undefine(NwfEngine *engine, const char *name, GError **error)
{
    g_autoptr(NwfFilter) filter = engine_filter(name, "");

    return nwf_engine_undefine(engine, filter, error);
}

static char *
binding_text(const char *port, const char *filter, const char *owner)
{
    g_autofree char *uuid = g_compute_checksum_for_string(G_CHECKSUM_MD5, owner, -1);
    g_autofree char *port_text = escape(port), *name = escape(filter);

    return g_strdup_printf("<filterbinding><owner><name>%s</name><uuid>%s</uuid></owner><portdev name='%s'/>"
                           "<mac address='52:54:00:00:00:01'/><filterref filter='%s'></filterref></filterbinding>",
                           owner, uuid, port_text, name);
}

NwfBinding *
engine_binding(const char *port, const char *filter, const char *owner)
{
    static const NwfReading reading = {.dialect = NWF_DIALECT_9};
    g_autofree char *text = binding_text(port, filter, owner);
    g_autoptr(GError) error = NULL;
    NwfBinding *binding = nwf_binding_parse(text, &reading, NULL, &error);

    g_assert_no_error(error);
    return binding;
}

gboolean
engine_bind(NwfEngine *engine, const char *port, const char *filter, const char *owner, GError **error)
{
    g_autoptr(NwfBinding) binding = engine_binding(port, filter, owner ? owner : "guest");
    g_autoptr(NwfBinding) bound = nwf_engine_bind(engine, binding, error);

    return bound != NULL;
}

gboolean
engine_unbind(NwfEngine *engine, const char *port, GError **error)
{
    g_autoptr(NwfBinding) binding = nwf_engine_binding(engine, port, error);

    return binding && nwf_engine_unbind(engine, binding, error);
}

static void
lay(const char *folder, const char *file, const char *text)
{
    g_autofree char *path = g_strdup_printf("%s/%s.xml", folder, file);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

void
engine_lay_filter(const char *folder, const char *file, const char *name, const char *body)
{
    g_autofree char *text = filter_text(name, body);

    lay(folder, file, text);
}

void
engine_lay_binding(const char *folder, const char *file, const char *port, const char *filter)
{
    g_autofree char *inner = binding_text(port, filter, "guest");
    g_autofree char *text = g_strconcat("<filterbindingstatus>", inner, "</filterbindingstatus>", NULL);

    lay(folder, file, text);
}

void
expect_done_at(gboolean done, GError **error, const char *place)
{
    if (!done || *error)
        g_error("%s: %s", place, *error ? (*error)->message : "failed without an error");
}

void
expect_refused_at(gboolean done, GError **error, NwfErrorCode code, const char *place)
{
    if (done || !*error)
        g_error("%s: was not refused", place);
    if (!g_error_matches(*error, NWF_ERROR, (gint)code))
        g_error("%s: refused with code %d, not %d: %s", place, (*error)->code, (int)code, (*error)->message);
    g_clear_error(error);
}
