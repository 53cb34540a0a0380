/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guard.c: hearing of what others do to the firewall
 *
 * A thread of its own, because neither a tool that runs nor a flood of frames may keep it from hearing: it takes in the
 * kernel's announcements (driver/watch/nft_monitor.h), drops those about tables that are not ours, and hands the others to
 * the applier as news. It knows nothing about ports and changes nothing. firewalld's signals become news, too.
 *
 * Our own transactions are announced like anybody's. The applier tells them apart: it asks the kernel for the number of
 * the last transaction before and after each of its own calls. If the number grew by as many as the tools made for
 * certain, all in between were ours; runs that were refused do not count, for somebody else may be why. Else those are
 * ours that came from processes which we started. Process numbers alone would not do, since the kernel counts processes
 * otherwise than a daemon in a container.
 *
 * What cannot be told apart counts as foreign; looking once too often costs some reading.
 */
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/engine/internal.h"
#include "driver/run/thread.h"
#include "driver/watch/nft_monitor.h"
#include "driver/watch/firewalld.h"

enum {
    TOUCHED_MAX = 20000,            /* chains of one transaction */
    WAITING_MAX = 10 * TOUCHED_MAX, /* and of all that wait */
    NEWS_MAX = 1000,
    OWN_MAX = 256,
};

/* Transactions (@before, @after] ran while we were changing the kernel. */
typedef struct Own {
    guint32 before, after;
    GArray *runs; /* (element-type NwfRun) */
} Own;

struct NwfGuard {
    NwfEngine *engine;
    NwfNftMonitor *firewall; /* NULL: the kernel announces nothing */

    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    NwfNews *news;   /* of the transaction that is being announced */
    GHashTable *has; /* set of its chains, by table and name */

    GQueue own; /* the applier's: of Own, the latest last */
};

/* ---- news ---- */

static void
touched_free(gpointer data)
{
    NwfTouched *touched = data;

    g_free(touched->chain);
    g_free(touched);
}

static NwfNews *
news_new(void)
{
    NwfNews *news = g_new0(NwfNews, 1);

    news->touched = g_ptr_array_new_with_free_func(touched_free);
    return news;
}

void
nwf_news_free(NwfNews *news)
{
    if (!news)
        return;
    g_ptr_array_unref(news->touched);
    g_free(news->program);
    g_free(news);
}

NwfNews *
nwf_news_new_everything(void)
{
    NwfNews *news = news_new();

    news->everything = TRUE;
    return news;
}

static gboolean
is_too_much_locked(const NwfEngine *engine, const NwfNews *news)
{
    guint waiting = news->touched->len;

    for (const GList *i = engine->news.head; i; i = i->next)
        waiting += ((const NwfNews *)i->data)->touched->len;
    return waiting > WAITING_MAX || engine->news.length >= NEWS_MAX;
}

/* Takes over @news. When nobody takes them away they become one, which is about more than one transaction. */
void
nwf_guard_tell(NwfEngine *engine, NwfNews *news)
{
    g_mutex_lock(&engine->lock);
    if (is_too_much_locked(engine, news)) {
        g_queue_clear_full(&engine->news, (GDestroyNotify)nwf_news_free);
        g_ptr_array_set_size(news->touched, 0);
        news->everything = TRUE;
        news->generation = 0;
    }
    g_queue_push_tail(&engine->news, news);
    g_cond_signal(&engine->wake);
    g_mutex_unlock(&engine->lock);
}

/* ---- hearing ---- */

static const NwfTable *
find_table(const NwfGuard *guard, guint8 family, const char *name)
{
    for (const NwfTable *table = guard->engine->config.backend->tables; table->name; table++)
        if (table->family == family && strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static void
on_touched(guint8 family, const char *name, const char *chain, gpointer data)
{
    NwfGuard *guard = data;
    const NwfTable *table = find_table(guard, family, name);

    if (!table || guard->news->everything)
        return;
    if (!g_hash_table_add(guard->has, g_strdup_printf("%u %s", family, chain ? chain : "")))
        return;
    NwfTouched *touched = g_new0(NwfTouched, 1);
    touched->table = table;
    touched->chain = g_strdup(chain);
    g_ptr_array_add(guard->news->touched, touched);
    guard->news->everything = guard->news->touched->len > TOUCHED_MAX;
}

static void
on_done(guint32 generation, guint32 process, const char *program, gpointer data)
{
    NwfGuard *guard = data;

    if (guard->news->touched->len == 0 && !guard->news->everything)
        return;
    NwfNews *news = g_steal_pointer(&guard->news);
    guard->news = news_new();
    g_hash_table_remove_all(guard->has);
    news->generation = generation;
    news->process = process;
    news->program = g_utf8_make_valid(program, -1);
    nwf_guard_tell(guard->engine, news);
}

static void
on_lost(gpointer data)
{
    NwfGuard *guard = data;

    nwf_guard_tell(guard->engine, nwf_news_new_everything());
}

static gboolean
on_readable(int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
    static const NwfMonitorCallbacks callbacks = {on_touched, on_done, on_lost};
    NwfGuard *guard = data;

    nwf_nft_monitor_read(guard->firewall, &callbacks, guard);
    return G_SOURCE_CONTINUE;
}

static void
on_firewalld(gpointer data)
{
    NwfGuard *guard = data;
    NwfNews *news = nwf_news_new_everything();

    news->program = g_strdup("firewalld");
    nwf_guard_tell(guard->engine, news);
}

static gpointer
guard_thread(gpointer data)
{
    NwfGuard *guard = data;

    g_main_context_push_thread_default(guard->context);
    NwfFirewalld *firewalld = nwf_firewalld_new(on_firewalld, guard);
    if (guard->firewall) {
        g_autoptr(GSource) source = g_unix_fd_source_new(nwf_nft_monitor_fd(guard->firewall), G_IO_IN);
        g_source_set_callback(source, G_SOURCE_FUNC(on_readable), guard, NULL);
        g_source_attach(source, guard->context);
    }
    g_main_loop_run(guard->loop);
    nwf_firewalld_free(firewalld);
    g_main_context_pop_thread_default(guard->context);
    return NULL;
}

/* ---- our own ---- */

static void
own_free(gpointer data)
{
    Own *own = data;

    g_array_unref(own->runs);
    g_free(own);
}

gboolean
nwf_guard_apply(NwfEngine *engine, GPtrArray *changes, NwfNotes *notes, GError **error)
{
    NwfBackend *backend = engine->config.backend;
    NwfNftMonitor *firewall = engine->guard->firewall;
    guint32 before = 0, after = 0;
    gboolean known = firewall && nwf_nft_generation(&before);
    gboolean done = backend->apply(backend, changes, notes, error);
    g_autoptr(GArray) runs = backend->take_runs(backend);

    engine->writes += runs->len;
    if (!known || runs->len == 0 || !nwf_nft_generation(&after))
        return done;
    Own *own = g_new0(Own, 1);
    *own = (Own){before, after, g_steal_pointer(&runs)};
    g_queue_push_tail(&engine->guard->own, own);
    if (g_queue_get_length(&engine->guard->own) > OWN_MAX)
        own_free(g_queue_pop_head(&engine->guard->own));
    return done;
}

static gboolean
has_run(const Own *own, guint32 process)
{
    for (guint i = 0; i < own->runs->len; i++)
        if ((guint32)g_array_index(own->runs, NwfRun, i).process == process)
            return TRUE;
    return FALSE;
}

static guint32
announced(const Own *own)
{
    guint32 n = 0;

    for (guint i = 0; i < own->runs->len; i++)
        n += g_array_index(own->runs, NwfRun, i).announced ? 1 : 0;
    return n;
}

/* The numbers may pass their greatest value: only differences count. */
gboolean
nwf_guard_is_own(NwfEngine *engine, const NwfNews *news)
{
    for (GList *i = engine->guard->own.tail; news->generation && i; i = i->prev) {
        const Own *own = i->data;
        if (news->generation - own->before - 1 < own->after - own->before)
            return own->after - own->before == announced(own) || has_run(own, news->process);
    }
    return FALSE;
}

/* ---- beginning and end ---- */

/* Hears from now on, and tells from nwf_guard_begin() on. */
NwfGuard *
nwf_guard_new(NwfEngine *engine)
{
    NwfGuard *guard = g_new0(NwfGuard, 1);
    g_autoptr(GError) error = NULL;

    guard->engine = engine;
    guard->context = g_main_context_new();
    guard->loop = g_main_loop_new(guard->context, FALSE);
    guard->news = news_new();
    guard->has = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_queue_init(&guard->own);
    guard->firewall = nwf_nft_monitor_new(&error);
    if (!guard->firewall)
        nwf_engine_log(engine, error->code == NWF_ERROR_UNSUPPORTED ? NWF_LOG_INFO : NWF_LOG_WARNING, "engine",
                       _("changes of nf_tables are not watched: %s"), error->message);
    return guard;
}

void
nwf_guard_begin(NwfGuard *guard)
{
    g_autoptr(GError) error = NULL;

    guard->thread = nwf_thread_new("nwf-guard", guard_thread, guard, &error);
    if (!guard->thread)
        nwf_engine_log(guard->engine, NWF_LOG_ERROR, "engine", "%s", error->message);
}

static gboolean
quit(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void
stop(NwfGuard *guard)
{
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_HIGH);
    g_source_set_callback(source, quit, guard->loop, NULL);
    g_source_attach(source, guard->context);
    g_thread_join(g_steal_pointer(&guard->thread));
}

void
nwf_guard_free(NwfGuard *guard)
{
    if (!guard)
        return;
    if (guard->thread)
        stop(guard);
    nwf_nft_monitor_free(guard->firewall);
    nwf_news_free(guard->news);
    g_hash_table_unref(guard->has);
    g_queue_clear_full(&guard->own, own_free);
    g_main_loop_unref(guard->loop);
    g_main_context_unref(guard->context);
    g_free(guard);
}
