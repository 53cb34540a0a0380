/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unseen_ports.c: warns of bound ports whose frames no rule can see
 *
 * The rules of a port are in the kernel, and still nothing is filtered, if its device is in no Linux bridge or has got
 * another name (driver/watch/reach.h). Nobody would notice: so it is logged, with port and reason.
 *
 * What is seen of a device is compared after each change of a device or a binding. A device that is being made is in no
 * bridge for a moment; so it is not warned of before REST has passed without another reason. One warning for each
 * reason, and a line when rules see the port again. A device that does not exist, or not yet, is none to be warned of.
 *
 * Looks are at least PAUSE apart, whatever the devices of a host do. While devices cannot be listed, which is logged
 * once until they can, it is tried again after growing delays, also if that was so from the beginning.
 *
 * Limits: a device that was renamed before the daemon began is not known to be the same.
 */
#include "driver/engine/unseen_ports.h"

#include "driver/engine/applier.h"
#include "driver/watch/reach.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

enum { REST = 2 * G_TIME_SPAN_SECOND, PAUSE = G_TIME_SPAN_SECOND / 4, TRY_LAST = 60 * G_TIME_SPAN_SECOND };

/* What is known of a bound port. */
typedef struct Watched {
    NwfBinding *binding;
    guint index; /* of the device that had the name last; 0: none was seen */
    NwfReach reach;
    gint64 since; /* monotonic time at which @reach was seen first */
    gboolean warned;
} Watched;

struct NwfUnseenPorts {
    const NwfEngineConfig *config;
    NwfCatalog *catalog;
    GMainContext *context;
    GSource *timer; /* goes off when it is time to look */
    GMutex lock;    /* over the next */
    gint64 planned; /* what the timer is set to; -1: nothing */

    /* the thread's own */
    NwfLinks *links; /* NULL: devices could not be listed yet */
    gint64 delay;    /* before they are listed again; 0: the last time it worked */
    gint64 retry_at; /* not before this, while @delay is not 0 */
    GSource *readable;
    GHashTable *watched; /* name of a port -> Watched */
};

static void
watched_free(gpointer data)
{
    Watched *watched = data;

    nwf_binding_unref(watched->binding);
    g_free(watched);
}

/* ---- when ---- */

static void
look_at(NwfUnseenPorts *ports, gint64 when)
{
    g_mutex_lock(&ports->lock);
    if (ports->planned < 0 || ports->planned > when) {
        ports->planned = when;
        g_source_set_ready_time(ports->timer, when);
    }
    g_mutex_unlock(&ports->lock);
}

/* Before a look: what is published later asks for another one. */
static void
take_plan(NwfUnseenPorts *ports)
{
    g_mutex_lock(&ports->lock);
    ports->planned = -1;
    g_source_set_ready_time(ports->timer, -1);
    g_mutex_unlock(&ports->lock);
}

void
nwf_unseen_ports_look(NwfUnseenPorts *ports)
{
    look_at(ports, g_get_monotonic_time() + PAUSE);
}

/* ---- what ---- */

static Watched *
watched_of(NwfUnseenPorts *ports, const NwfPort *port)
{
    Watched *watched = g_hash_table_lookup(ports->watched, port->binding->portdev);

    if (watched && watched->binding == port->binding)
        return watched;
    watched = g_new0(Watched, 1);
    watched->binding = nwf_binding_ref(port->binding);
    watched->index = port->ifindex;
    g_hash_table_replace(ports->watched, watched->binding->portdev, watched);
    return watched;
}

static void
log_reach(const NwfUnseenPorts *ports, const Watched *watched, const NwfLink *link, const NwfLink *master)
{
    g_autofree char *why = nwf_reach_text(watched->reach, link, master);

    nwf_engine_log(ports->config, NWF_LOG_WARNING, "engine",
                   _("port '%s' of '%s' is not filtered, for no rule can see its frames: %s"),
                   watched->binding->portdev, watched->binding->owner_name, why);
}

/* Returns when to look at the port again; 0: when something has changed. */
static gint64
look_at_port(NwfUnseenPorts *ports, Watched *watched, gint64 now)
{
    const NwfLink *link = nwf_links_find(ports->links, watched->binding->portdev);
    const NwfLink *master = link ? nwf_links_at(ports->links, link->master) : NULL;
    NwfReach reach = nwf_reach_of(link, master);

    if (!link && (link = nwf_links_at(ports->links, watched->index)))
        reach = NWF_REACH_RENAMED;
    watched->index = link ? link->index : 0;
    if (reach == NWF_REACH_SEEN && watched->warned)
        nwf_engine_log(ports->config, NWF_LOG_INFO, "engine", _("port '%s': its rules see its frames again"),
                       watched->binding->portdev);
    if (reach != watched->reach || !watched->since) {
        watched->reach = reach;
        watched->since = now;
        watched->warned = FALSE;
    }
    if (reach == NWF_REACH_SEEN || reach == NWF_REACH_NO_DEVICE || watched->warned)
        return 0;
    if (now - watched->since < REST)
        return watched->since + REST;
    log_reach(ports, watched, link, master);
    watched->warned = TRUE;
    return 0;
}

static gboolean
is_unbound(gpointer name G_GNUC_UNUSED, gpointer watched, gpointer bound)
{
    return !g_hash_table_contains(bound, ((const Watched *)watched)->binding);
}

static void
look_at_all(NwfUnseenPorts *ports)
{
    g_autoptr(GPtrArray) all = nwf_catalog_ports(ports->catalog);
    g_autoptr(GHashTable) bound = g_hash_table_new(NULL, NULL);
    gint64 now = g_get_monotonic_time(), next = 0;

    for (guint i = 0; i < all->len; i++) {
        const NwfPort *port = g_ptr_array_index(all, i);
        gint64 again = look_at_port(ports, watched_of(ports, port), now);
        g_hash_table_add(bound, port->binding);
        next = again && (!next || again < next) ? again : next;
    }
    g_hash_table_foreach_remove(ports->watched, is_unbound, bound);
    if (next)
        look_at(ports, next);
}

/* ---- sources ---- */

static gboolean
dispatch(GSource *source G_GNUC_UNUSED, GSourceFunc callback, gpointer data)
{
    return callback(data);
}

static void
end_source(GSource *source)
{
    if (!source)
        return;
    g_source_destroy(source);
    g_source_unref(source);
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data);

/* What is readable meanwhile has no effect: the next try lists everything. */
static void
list_later(NwfUnseenPorts *ports, const GError *why)
{
    if (!ports->delay)
        nwf_engine_log(ports->config, NWF_LOG_WARNING, "engine", _("ports that no rule can see are not warned of: %s"),
                       why->message);
    g_clear_pointer(&ports->readable, end_source);
    ports->delay = CLAMP(ports->delay * 2, REST, TRY_LAST);
    ports->retry_at = g_get_monotonic_time() + ports->delay;
    look_at(ports, ports->retry_at);
}

/* FALSE: the devices are not known now; that is tried again. */
static gboolean
read_links(NwfUnseenPorts *ports, gboolean *changed)
{
    g_autoptr(GError) error = NULL;

    *changed = TRUE;
    if (ports->links)
        *changed = nwf_links_read(ports->links, &error);
    else
        ports->links = nwf_links_new(&error);
    if (error) {
        list_later(ports, error);
        return FALSE;
    }
    if (!ports->readable) {
        ports->readable = g_unix_fd_source_new(nwf_links_fd(ports->links), G_IO_IN);
        g_source_set_callback(ports->readable, G_SOURCE_FUNC(on_readable), ports, NULL);
        g_source_attach(ports->readable, ports->context);
    }
    if (ports->delay)
        nwf_engine_log(ports->config, NWF_LOG_INFO, "engine", _("network devices can be listed again"));
    ports->delay = 0;
    return TRUE;
}

static gboolean
on_readable(int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
    NwfUnseenPorts *ports = data;
    gboolean changed;

    if (read_links(ports, &changed) && changed)
        nwf_unseen_ports_look(ports);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_timer(gpointer data)
{
    NwfUnseenPorts *ports = data;
    gboolean changed;

    take_plan(ports);
    if (ports->delay && g_get_monotonic_time() < ports->retry_at)
        look_at(ports, ports->retry_at); /* a binding was made meanwhile */
    else if (read_links(ports, &changed))
        look_at_all(ports);
    return G_SOURCE_CONTINUE;
}

/* ---- beginning and end ---- */

NwfUnseenPorts *
nwf_unseen_ports_new(const NwfEngineConfig *config, NwfCatalog *catalog, GMainContext *context)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    NwfUnseenPorts *ports = g_new0(NwfUnseenPorts, 1);

    ports->config = config;
    ports->catalog = catalog;
    ports->context = g_main_context_ref(context);
    ports->watched = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, watched_free);
    g_mutex_init(&ports->lock);
    ports->planned = -1;
    ports->timer = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(ports->timer, on_timer, ports, NULL);
    g_source_attach(ports->timer, context);
    return ports;
}

void
nwf_unseen_ports_begin(NwfUnseenPorts *ports)
{
    gboolean changed;

    if (read_links(ports, &changed))
        nwf_unseen_ports_look(ports);
}

void
nwf_unseen_ports_free(NwfUnseenPorts *ports)
{
    if (!ports)
        return;
    end_source(ports->timer);
    end_source(ports->readable);
    nwf_links_free(ports->links);
    g_hash_table_unref(ports->watched);
    g_main_context_unref(ports->context);
    g_mutex_clear(&ports->lock);
    g_free(ports);
}
