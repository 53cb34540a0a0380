/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * foreign_changes.c: the thread that learns what others do to the firewall, and to the devices of ports
 *
 * It is a thread of its own because neither a tool that runs nor a flood of frames may delay it: the kernel drops
 * announcements that nobody reads. It reads them (driver/watch/nft_monitor.h), drops those about tables that are not
 * ours, and posts the others as events for the applier. It changes nothing. firewalld's signals become events, too.
 * Devices are watched in the same thread (unseen_ports.h): to list them takes milliseconds, and happens at the start
 * and when their announcements were lost; a kernel that does not answer holds the thread up for some seconds each time
 * that it is tried. What is lost meanwhile the thread learns as lost.
 *
 * Our own transactions are announced like anybody's; the applier asks the backend which they are. That holds for those,
 * too, whose announcements were lost because they, or others, were too large for the socket: their numbers are known.
 * What cannot be told apart counts as foreign: looking once too often costs some reading.
 *
 * Limits: a transaction that touches more than TOUCHED_MAX chains is an event about everything.
 */
#include "driver/engine/foreign_changes.h"

#include "driver/engine/unseen_ports.h"
#include "driver/run/thread.h"
#include "driver/watch/nft_monitor.h"
#include "driver/watch/firewalld.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <string.h>

enum { TOUCHED_MAX = 20000 };

struct NwfForeignChanges {
    const NwfEngineConfig *config;
    const NwfTable *tables;
    NwfInbox *inbox;
    NwfNftMonitor *monitor; /* NULL: the kernel announces nothing */

    NwfUnseenPorts *unseen;
    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    NwfChangeEvent *event; /* of the transaction that is being announced */
    GHashTable *has;       /* set of its chains, by table and name */
};

/* ---- the thread ---- */

static const NwfTable *
find_table(const NwfForeignChanges *changes, guint8 family, const char *name)
{
    for (const NwfTable *table = changes->tables; table->name; table++)
        if (table->family == family && strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static void
on_touched(guint8 family, const char *name, const char *chain, gpointer data)
{
    NwfForeignChanges *changes = data;
    const NwfTable *table = find_table(changes, family, name);

    if (!table || changes->event->everything)
        return;
    if (!g_hash_table_add(changes->has, g_strdup_printf("%u %s %s", family, name, chain ? chain : "")))
        return;
    nwf_change_event_touch(changes->event, table, chain);
    changes->event->everything = changes->event->touched->len > TOUCHED_MAX;
}

static void
on_done(guint32 generation, guint32 process, const char *program, gpointer data)
{
    NwfForeignChanges *changes = data;

    if (changes->event->touched->len == 0 && !changes->event->everything)
        return;
    NwfChangeEvent *event = g_steal_pointer(&changes->event);
    changes->event = nwf_change_event_new(FALSE);
    g_hash_table_remove_all(changes->has);
    event->first = event->last = generation;
    event->process = process;
    event->program = g_utf8_make_valid(program, -1);
    nwf_inbox_post_event(changes->inbox, event);
}

static void
on_lost(guint32 first, guint32 last, gpointer data)
{
    NwfForeignChanges *changes = data;
    NwfChangeEvent *event = nwf_change_event_new(TRUE);

    event->first = first;
    event->last = last;
    nwf_inbox_post_event(changes->inbox, event);
}

static gboolean
on_readable(int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
    NwfForeignChanges *changes = data;

    nwf_nft_monitor_read(changes->monitor);
    return G_SOURCE_CONTINUE;
}

static void
on_firewalld(gpointer data)
{
    NwfForeignChanges *changes = data;
    NwfChangeEvent *event = nwf_change_event_new(TRUE);

    event->program = g_strdup("firewalld");
    nwf_inbox_post_event(changes->inbox, event);
}

static gpointer
run(gpointer data)
{
    NwfForeignChanges *changes = data;

    g_main_context_push_thread_default(changes->context);
    NwfFirewalld *firewalld = nwf_firewalld_new(on_firewalld, changes);
    if (changes->monitor) {
        g_autoptr(GSource) source = g_unix_fd_source_new(nwf_nft_monitor_fd(changes->monitor), G_IO_IN);
        g_source_set_callback(source, G_SOURCE_FUNC(on_readable), changes, NULL);
        g_source_attach(source, changes->context);
    }
    nwf_unseen_ports_begin(changes->unseen);
    g_main_loop_run(changes->loop);
    nwf_firewalld_free(firewalld);
    g_main_context_pop_thread_default(changes->context);
    return NULL;
}

/* ---- beginning and end ---- */

NwfForeignChanges *
nwf_foreign_changes_new(const NwfEngineConfig *config, const NwfTable *tables, NwfInbox *inbox, NwfCatalog *catalog)
{
    static const NwfMonitorCallbacks callbacks = {on_touched, on_done, on_lost};
    NwfForeignChanges *changes = g_new0(NwfForeignChanges, 1);
    g_autoptr(GError) error = NULL;

    changes->config = config;
    changes->tables = tables;
    changes->inbox = inbox;
    changes->context = g_main_context_new();
    changes->loop = g_main_loop_new(changes->context, FALSE);
    changes->unseen = nwf_unseen_ports_new(config, catalog, changes->context);
    changes->event = nwf_change_event_new(FALSE);
    changes->has = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    changes->monitor = nwf_nft_monitor_new(&callbacks, changes, &error);
    if (!changes->monitor)
        nwf_engine_log(config, error->code == NWF_ERROR_UNSUPPORTED ? NWF_LOG_INFO : NWF_LOG_WARNING, "engine",
                       _("changes of nf_tables are not watched: %s"), error->message);
    return changes;
}

void
nwf_foreign_changes_begin(NwfForeignChanges *changes)
{
    g_autoptr(GError) error = NULL;

    changes->thread = nwf_thread_new("nwf-monitor", run, changes, &error);
    if (!changes->thread)
        nwf_engine_log(changes->config, NWF_LOG_ERROR, "engine", "%s", error->message);
}

void
nwf_foreign_changes_ports(NwfForeignChanges *changes)
{
    nwf_unseen_ports_look(changes->unseen);
}

static gboolean
quit(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void
stop(NwfForeignChanges *changes)
{
    g_autoptr(GSource) source = g_idle_source_new();

    g_source_set_priority(source, G_PRIORITY_HIGH);
    g_source_set_callback(source, quit, changes->loop, NULL);
    g_source_attach(source, changes->context);
    g_thread_join(g_steal_pointer(&changes->thread));
}

void
nwf_foreign_changes_free(NwfForeignChanges *changes)
{
    if (!changes)
        return;
    if (changes->thread)
        stop(changes);
    nwf_unseen_ports_free(changes->unseen);
    nwf_nft_monitor_free(changes->monitor);
    nwf_change_event_free(changes->event);
    g_hash_table_unref(changes->has);
    g_main_loop_unref(changes->loop);
    g_main_context_unref(changes->context);
    g_free(changes);
}
