/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * messages.c: errors and log lines for libvirt
 *
 * Clients decide by the numbers of errors, so they are the stock driver's, of the same release. They changed once,
 * between 9.0.0 and 11.3.0, for what is missing or misspelt in a rule.
 *
 * libvirt writes into a log source whenever the daemon's filters of the log change, from any thread and as long as the
 * process lives. So each part of the driver gets one source, which is never freed.
 *
 * Messages quote names, values, lines of files and words of tools, and not all of these are short or UTF-8: whoever may
 * create bindings can write megabytes into the name of a filter. So each message is first made valid UTF-8 of a bounded
 * length.
 */
#include "driver/libvirt/messages.h"
#include "driver/libvirt/symbols.h"

#include <glib/gi18n-lib.h>
#include <libvirt/virterror.h>
#include <string.h>

char *
nwf_message_fit(const char *message)
{
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    gsize length = strlen(valid);

    if (length <= NWF_MESSAGE_MAX)
        return g_steal_pointer(&valid);
    const char *head_end = g_utf8_find_prev_char(valid, valid + NWF_MESSAGE_MAX / 2 + 1);
    const char *tail = g_utf8_find_next_char(valid + length - NWF_MESSAGE_MAX / 2 - 1, NULL);
    return g_strdup_printf("%.*s … %s", (int)(head_end - valid), valid, tail);
}

typedef struct NwfNumbers {
    int code; /* 0: no own numbers */
    int domain;
} NwfNumbers;

typedef struct NwfErrorRow {
    NwfNumbers numbers;
    NwfNumbers from_11; /* where NWF_DIALECT_11 and later differ */
} NwfErrorRow;

static const NwfErrorRow error_rows[NWF_ERROR_CODES] = {
    [NWF_ERROR_INTERNAL] = {{VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER}},
    [NWF_ERROR_ARGUMENT] = {{VIR_ERR_INVALID_ARG, VIR_FROM_NWFILTER}},
    [NWF_ERROR_OPERATION_FAILED] = {{VIR_ERR_OPERATION_FAILED, VIR_FROM_NWFILTER}},
    [NWF_ERROR_OPERATION_INVALID] = {{VIR_ERR_OPERATION_INVALID, VIR_FROM_NWFILTER}},
    [NWF_ERROR_UNSUPPORTED] = {{VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_NWFILTER}},
    [NWF_ERROR_RULE_INCOMPLETE] = {{VIR_ERR_INTERNAL_ERROR, VIR_FROM_NWFILTER}, {VIR_ERR_XML_ERROR, VIR_FROM_XML}},
    [NWF_ERROR_RULE_WORD] = {{VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_NWFILTER}, {VIR_ERR_XML_ERROR, VIR_FROM_XML}},
    [NWF_ERROR_RULE_PRIORITY] = {{VIR_ERR_XML_ERROR, VIR_FROM_XML}},
    [NWF_ERROR_XML_VALUE] = {{VIR_ERR_XML_ERROR, VIR_FROM_NWFILTER}},
    [NWF_ERROR_XML_ROOT] = {{VIR_ERR_XML_ERROR, VIR_FROM_XML}},
    [NWF_ERROR_XML_SYNTAX] = {{VIR_ERR_XML_DETAIL, VIR_FROM_NWFILTER}},
    [NWF_ERROR_XML_SCHEMA] = {{VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML}},
    [NWF_ERROR_PARSE] = {{VIR_ERR_PARSE_FAILED, VIR_FROM_NWFILTER}},
    [NWF_ERROR_NO_FILTER] = {{VIR_ERR_NO_NWFILTER, VIR_FROM_NWFILTER}},
    [NWF_ERROR_NO_BINDING] = {{VIR_ERR_NO_NWFILTER_BINDING, VIR_FROM_NWFILTER}},
    [NWF_ERROR_FIREWALL] = {{VIR_ERR_INTERNAL_ERROR, VIR_FROM_FIREWALL}},
    [NWF_ERROR_NO_TOOL] = {{VIR_ERR_INTERNAL_ERROR, VIR_FROM_FIREWALL}},
    [NWF_ERROR_SYSTEM] = {{VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE}},
};

static NwfDialect error_dialect = NWF_DIALECT_9;

void
nwf_errors_set_dialect(NwfDialect dialect)
{
    error_dialect = dialect;
}

/* An error of another domain (GLib's own) is an internal one. */
static NwfNumbers
numbers_of(const GError *error)
{
    gboolean known = error->domain == NWF_ERROR && error->code >= 0 && error->code < NWF_ERROR_CODES;
    const NwfErrorRow *row = &error_rows[known ? error->code : NWF_ERROR_INTERNAL];

    return error_dialect >= NWF_DIALECT_11 && row->from_11.code ? row->from_11 : row->numbers;
}

gpointer
nwf_report_from(const GError *error, const char *function, int line)
{
    NwfNumbers numbers = numbers_of(error);
    g_autofree char *message = nwf_message_fit(error->message);

    nwf_symbols.virReportErrorHelper(numbers.domain, numbers.code, "nwfilter", function, line, "%s", message);
    return NULL;
}

gboolean
nwf_flags_fit(const char *call, unsigned int flags, unsigned int allowed)
{
    if ((flags & ~allowed) == 0)
        return TRUE;
    nwf_symbols.virRaiseErrorFull(
        "nwfilter", call, __LINE__, VIR_FROM_NWFILTER, VIR_ERR_INVALID_ARG, VIR_ERR_ERROR, call, "flags", NULL, 0, 0,
        _("unsupported flags 0x%x in function %s; accepted are 0x%x"), flags & ~allowed, call, allowed);
    return FALSE;
}

static NwfAbiLogSource *
source_of(const char *name)
{
    static GMutex lock;
    static GHashTable *sources; /* name -> NwfAbiLogSource */
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    if (!sources)
        sources = g_hash_table_new(g_str_hash, g_str_equal);
    NwfAbiLogSource *source = g_hash_table_lookup(sources, name);
    if (!source) {
        source = g_new0(NwfAbiLogSource, 1);
        source->name = g_strdup_printf("nwfilter.%s", name);
        source->priority = NWF_ABI_LOG_PRIORITY_INITIAL;
        g_hash_table_insert(sources, g_strdup(name), source);
    }
    return source;
}

void
nwf_log(NwfLogLevel level, const char *source, const char *message)
{
    NwfAbiLogSource *known = source_of(source);
    g_autofree char *fitting = nwf_message_fit(message);

    if (nwf_symbols.virLogMessage)
        nwf_symbols.virLogMessage(known, level, "nwfilter", 0, known->name, NULL, "%s", fitting);
    else if (level >= NWF_LOG_WARNING)
        g_printerr("%s: %s\n", known->name, fitting);
}

void
nwf_log_libvirt(NwfLogLevel level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    nwf_log(level, "libvirt", message);
}

void
nwf_log_notes(const NwfNotes *notes)
{
    for (guint i = 0; i < notes->len; i++)
        nwf_log(NWF_LOG_WARNING, "conf", notes->pdata[i]);
}
