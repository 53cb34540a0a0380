/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stock_nft.c: what the stock driver left if it filtered with nft itself
 *
 * Since libvirt 12.8 the stock driver may keep its rules in two tables of its own. They go on filtering beside ours
 * when that driver is replaced, and would go on for ever: a frame has to pass both. So they are removed, but not before
 * every port has its rules from us. Both are taken away in one transaction, with nft, which that driver has used, too.
 */
#include "driver/tech/ebiptables/ebiptables_private.h"

#include <string.h>

enum { TIMEOUT_MS = 30 * 1000 };

static const char *const tables[] = {"bridge libvirt_nwfilter_ethernet", "bridge libvirt_nwfilter_inet"};

/* The commands that remove those of the tables that are in @listing; empty if there are none. */
static GString *
commands_for(const char *listing)
{
    GString *commands = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(listing, "\n", -1);

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *line = g_strdup_printf("table %s", tables[i]);
        if (g_strv_contains((const char *const *)lines, line))
            g_string_append_printf(commands, "delete table %s\n", tables[i]);
    }
    return commands;
}

gboolean
nwf_ebiptables_retire_stock(NwfBackend *backend, GError **error)
{
    NwfEbiptables *self = (NwfEbiptables *)backend;
    g_autofree char *nft = nwf_command_find("nft");
    const char *const list[] = {nft, "list", "tables", "bridge", NULL}, *const apply[] = {nft, "-f", "-", NULL};
    g_auto(NwfCommandResult) listed = {0}, applied = {0};

    if (!nft)
        return TRUE; /* then that driver has not used it either */
    if (!nwf_command_run(NULL, list, NULL, 0, TIMEOUT_MS, &listed, error))
        return FALSE;
    g_autoptr(GString) commands = commands_for(listed.out);
    return commands->len == 0 ||
           nwf_command_run(self->lock, apply, commands->str, (gssize)commands->len, TIMEOUT_MS, &applied, error);
}
