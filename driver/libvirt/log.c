/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log.c: one libvirt log source for each part of the driver
 *
 * libvirt writes into a source whenever the daemon's filters change, from any thread and as long as the process lives.
 * Sources are therefore made once for each name and never freed; their number is that of the names in our code.
 */
#include "driver/libvirt/log.h"
#include "driver/libvirt/message.h"
#include "driver/libvirt/symbols.h"

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
