/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * services.c: names of services as ports
 *
 * A variable may hold "http" where a port is wanted, because the stock driver's tools understood it. Only the local file
 * is asked, never the name service switch: a rule must not depend on a server, and a root process must not wait for one. The file
 * is read once; a name stands for the same port with every transport.
 */
#include <stdlib.h>
#include <string.h>

#include "driver/engine/internal.h"

#define SERVICES_FILE "/etc/services"

static void
add_line(GHashTable *table, char *line)
{
    line[strcspn(line, "#")] = '\0';
    g_auto(GStrv) words = g_strsplit_set(line, " \t\r", -1);
    const char *name = words[0];
    char *end;

    if (!name || !*name)
        return;
    for (guint i = 1, seen = 0, port = 0; words[i]; i++) {
        if (!*words[i])
            continue;
        if (seen++ == 0) {
            port = (guint)strtoul(words[i], &end, 10);
            if (*end != '/' || port > G_MAXUINT16)
                return;
        } else {
            name = words[i];
        }
        if (!g_hash_table_contains(table, name))
            g_hash_table_insert(table, g_strdup(name), GUINT_TO_POINTER(port + 1));
    }
}

static gpointer
read_services(gpointer data G_GNUC_UNUSED)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *text = NULL;

    if (g_file_get_contents(SERVICES_FILE, &text, NULL, NULL)) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (guint i = 0; lines[i]; i++)
            add_line(table, lines[i]);
    }
    return table;
}

int
nwf_service_port(const char *name, gpointer data G_GNUC_UNUSED)
{
    static GOnce once = G_ONCE_INIT;
    GHashTable *table = g_once(&once, read_services, NULL);

    return (int)GPOINTER_TO_UINT(g_hash_table_lookup(table, name)) - 1;
}
