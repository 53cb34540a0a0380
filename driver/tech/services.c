/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * services.c: names of services as ports
 *
 * A variable may hold "http" where a port is wanted, because the stock driver's tools understood it. Only the local
 * file is asked, never the name service switch: a rule must not depend on a server, and a root process must not wait
 * for one. The companion command looks here too, so that it shows what the daemon does. The file is read once; a name
 * stands for the same port with every transport.
 */
#include "driver/tech/services.h"

#include <string.h>

#define SERVICES_FILE "/etc/services"

static void
add_line(GHashTable *table, char *line)
{
    line[strcspn(line, "#")] = '\0';
    g_auto(GStrv) words = g_strsplit_set(g_strchug(line), " \t\r", -1);
    const char *name = words[0];
    guint64 port = 0;

    for (guint i = 1, seen = 0; name && *name && words[i]; i++) {
        if (!*words[i])
            continue;
        if (seen++ == 0) {
            char *slash = strchr(words[i], '/');
            if (slash)
                *slash = '\0';
            if (!slash || !g_ascii_string_to_unsigned(words[i], 10, 0, G_MAXUINT16, &port, NULL))
                return;
        } else {
            name = words[i]; /* an alias */
        }
        if (!g_hash_table_contains(table, name))
            g_hash_table_insert(table, g_strdup(name), GUINT_TO_POINTER((guint)port + 1));
    }
}

GHashTable *
nwf_services_parse(const char *text)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++)
        add_line(table, lines[i]);
    return table;
}

static gpointer
read_services(gpointer data G_GNUC_UNUSED)
{
    g_autofree char *text = NULL;

    g_file_get_contents(SERVICES_FILE, &text, NULL, NULL);
    return nwf_services_parse(text ? text : "");
}

int
nwf_service_port(const char *name, gpointer data G_GNUC_UNUSED)
{
    static GOnce once = G_ONCE_INIT;
    GHashTable *table = g_once(&once, read_services, NULL);

    return (int)GPOINTER_TO_UINT(g_hash_table_lookup(table, name)) - 1;
}
