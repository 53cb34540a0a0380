/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config.c: nwfilter.conf
 *
 * One table row per key. A key that nobody knows is noted and passed over, so that a file for another release of
 * libvirt still works; a line that is no assignment, or a known key with an unusable value, is an error, because the
 * user meant something that would silently not happen.
 */
#include "driver/libvirt/config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct Reader {
    const char *path;
    NwfConfig *config;
    NwfNotes *notes;
} Reader;

/* FALSE if @value is none of the key; a remark about a value that has no effect goes into the notes. */
typedef gboolean (*NwfConfigSetter)(const Reader *reader, gsize offset, const char *value);

static gboolean
set_bool(const Reader *reader, gsize offset, const char *value)
{
    if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
        return FALSE;
    G_STRUCT_MEMBER(gboolean, reader->config, offset) = value[0] == '1';
    return TRUE;
}

static gboolean
set_backend(const Reader *reader, gsize offset G_GNUC_UNUSED, const char *value)
{
    const NwfBackendKind *backend = nwf_backend_kind(value);

    if (!backend)
        return FALSE;
    if (!backend->new)
        nwf_note(reader->notes, _("firewall_backend = '%s' is not available in this driver: using '%s'"), value,
                 nwf_backend_kinds->name);
    reader->config->backend = backend->new ? backend : nwf_backend_kinds;
    return TRUE;
}

static gboolean
set_nothing(const Reader *reader, gsize offset G_GNUC_UNUSED, const char *value)
{
    if (strcmp(value, "1") == 0)
        nwf_note(reader->notes,
                 _("enable_trace and enable_counters have no effect with firewall_backend = 'iptables'"));
    return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

static const struct {
    const char *key;
    NwfConfigSetter set;
    gsize offset;
    const char *expects;
} config_keys[] = {
    {"firewall_backend", set_backend, 0, NULL}, /* the names of the backends */
    {"enable_trace", set_nothing, 0, "0, 1"},
    {"enable_counters", set_nothing, 0, "0, 1"},
    {"require_bridge_netfilter", set_bool, G_STRUCT_OFFSET(NwfConfig, require_bridge_netfilter), "0, 1"},
    {"strict", set_bool, G_STRUCT_OFFSET(NwfConfig, strict), "0, 1"},
    {"learning_open_until_known", set_bool, G_STRUCT_OFFSET(NwfConfig, learning_open_until_known), "0, 1"},
};

#define LINE_PATTERN "^\\s*(?:#.*|(\\w+)\\s*=\\s*(?:\"([^\"]*)\"|'([^']*)'|(-?\\d+)|(\\[.*\\]))\\s*(?:#.*)?)?$"

/* The value in whatever form it was written; NULL for an empty line or a comment. */
static char *
line_value(GMatchInfo *match)
{
    for (int group = 2; group <= 5; group++) {
        g_autofree char *value = g_match_info_fetch(match, group);
        int start, end;
        if (g_match_info_fetch_pos(match, group, &start, &end) && start >= 0)
            return g_steal_pointer(&value);
    }
    return NULL;
}

/* What the key accepts, for a message. (transfer full) */
static char *
expected(gsize key)
{
    g_autoptr(GString) words = g_string_new(NULL);

    if (config_keys[key].expects)
        return g_strdup(config_keys[key].expects);
    for (const NwfBackendKind *backend = nwf_backend_kinds; backend->name; backend++)
        g_string_append_printf(words, "%s'%s'", words->len > 0 ? ", " : "", backend->name);
    return g_string_free(g_steal_pointer(&words), FALSE);
}

static gboolean
apply_line(const Reader *reader, guint line, const char *key, const char *value, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(config_keys); i++) {
        if (strcmp(key, config_keys[i].key) != 0)
            continue;
        if (config_keys[i].set(reader, config_keys[i].offset, value))
            return TRUE;
        g_autofree char *words = expected(i);
        return nwf_set_error(error, NWF_ERROR_UNSUPPORTED,
                             _("%s, line %u: the value '%s' of '%s' is wrong; expected one of %s"), reader->path, line,
                             value, key, words);
    }
    nwf_note(reader->notes, _("%s, line %u: the key '%s' is unknown and is ignored"), reader->path, line, key);
    return TRUE;
}

gboolean
nwf_config_read(const char *path, NwfConfig *config, NwfNotes *notes, GError **error)
{
    const Reader reader = {path, config, notes};
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;
    gsize length;

    *config = (NwfConfig){.backend = nwf_backend_kinds};
    if (!g_file_get_contents(path, &text, &length, &local)) {
        if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s", local->message);
    }
    if (strlen(text) != length)
        return nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("%s: the file contains a zero byte"), path);
    g_autoptr(GRegex) regex = g_regex_new(LINE_PATTERN, G_REGEX_RAW, 0, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_autoptr(GMatchInfo) match = NULL;
        if (!g_regex_match(regex, lines[i], 0, &match))
            return nwf_set_error(error, NWF_ERROR_UNSUPPORTED, _("%s, line %u: '%s' has not the form KEY = VALUE"),
                                 path, i + 1, lines[i]);
        g_autofree char *key = g_match_info_fetch(match, 1);
        g_autofree char *value = line_value(match);
        if (value && !apply_line(&reader, i + 1, key, value, error))
            return FALSE;
    }
    return TRUE;
}
