/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call.c: the state of the driver as a whole, the number of calls that run, and what calls have in common
 *
 * libvirt waits for running calls before it cleans up, but not for ever. The lock is held to count calls, never while
 * one runs.
 */
#include "driver/libvirt/call.h"
#include "driver/libvirt/messages.h"

#include <glib/gi18n-lib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Entries of freed filters, of which each had one to two hundred bytes. */
enum { FREED_ENTRIES = 100 * 1000 };

/* Longer than any call should take: libvirt itself has waited for 30 s before. */
enum { STOP_WAIT_SECONDS = 10 };

typedef enum NwfDriverState {
    NWF_DRIVER_NOT_STARTED,
    NWF_DRIVER_RUNNING,
    NWF_DRIVER_REFUSING, /* the driver cannot work; each call fails with the reason */
    NWF_DRIVER_STOPPED,
} NwfDriverState;

static struct {
    GMutex lock;
    GCond call_ended;
    NwfDriverState state;
    guint running;     /* calls */
    NwfEngine *engine; /* NULL also while an unprivileged driver runs */
    NwfDialect dialect;
    GError *reason; /* while refusing */
} driver;

void
nwf_calls_start(NwfEngine *engine, NwfDialect dialect)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&driver.lock);

    driver.engine = engine;
    driver.dialect = dialect;
    driver.state = NWF_DRIVER_RUNNING;
}

void
nwf_calls_refuse(const GError *reason)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&driver.lock);

    if (!driver.reason)
        driver.reason = g_error_copy(reason);
    driver.state = NWF_DRIVER_REFUSING;
}

gboolean
nwf_calls_refused(void)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&driver.lock);

    return driver.state == NWF_DRIVER_REFUSING;
}

gboolean
nwf_calls_stop(void)
{
    gint64 deadline = g_get_monotonic_time() + STOP_WAIT_SECONDS * G_TIME_SPAN_SECOND;
    NwfEngine *engine;

    g_mutex_lock(&driver.lock);
    driver.state = NWF_DRIVER_STOPPED;
    while (driver.running > 0 && g_cond_wait_until(&driver.call_ended, &driver.lock, deadline))
        ;
    gboolean idle = driver.running == 0;
    engine = idle ? g_steal_pointer(&driver.engine) : NULL;
    g_mutex_unlock(&driver.lock);

    if (engine && nwf_engine_close(engine, STOP_WAIT_SECONDS * G_TIME_SPAN_SECOND))
        nwf_engine_free(g_steal_pointer(&engine));
    if (!engine)
        return idle;
    g_mutex_lock(&driver.lock);
    driver.engine = engine;
    g_mutex_unlock(&driver.lock);
    return FALSE;
}

/* Returns: (transfer full): why calls are refused, or NULL */
static GError *
refusal_locked(void)
{
    switch (driver.state) {
    case NWF_DRIVER_RUNNING:
        return NULL;
    case NWF_DRIVER_REFUSING:
        return g_error_new(NWF_ERROR, NWF_ERROR_UNSUPPORTED, _("the nwfilter driver is switched off: %s"),
                           driver.reason->message);
    case NWF_DRIVER_STOPPED:
        return g_error_new(NWF_ERROR, NWF_ERROR_INTERNAL, _("the nwfilter driver has been stopped"));
    case NWF_DRIVER_NOT_STARTED:
        break;
    }
    return g_error_new(NWF_ERROR, NWF_ERROR_INTERNAL, _("the nwfilter driver has not been started"));
}

NwfCall
nwf_call_begin(void)
{
    NwfCall call = {0};
    g_autoptr(GError) refusal = NULL;

    g_mutex_lock(&driver.lock);
    refusal = refusal_locked();
    if (!refusal) {
        driver.running++;
        call = (NwfCall){.valid = TRUE, .engine = driver.engine, .reading = {.dialect = driver.dialect}};
        call.reading.strict = driver.engine && nwf_engine_is_strict(driver.engine);
    }
    g_mutex_unlock(&driver.lock);

    if (refusal)
        nwf_report(refusal);
    return call;
}

void
nwf_call_end(NwfCall *call)
{
    if (!call->valid)
        return;
    g_mutex_lock(&driver.lock);
    driver.running--;
    g_cond_broadcast(&driver.call_ended);
    g_mutex_unlock(&driver.lock);
    call->valid = FALSE;
}

/*
 * The C library keeps what is freed unless it lies at the end of a heap: each thread that reads documents has a heap,
 * and something that stays at its end.
 */
void
nwf_call_return_memory(void)
{
#ifdef __GLIBC__
    if (nwf_filters_freed(FREED_ENTRIES))
        malloc_trim(0);
#endif
}

gboolean
nwf_call_can_change(const NwfCall *call, GError **error)
{
    return call->engine || nwf_set_error(error, NWF_ERROR_OPERATION_INVALID,
                                         _("network filters need a privileged daemon; this one runs for a user"));
}

int
nwf_call_list_handles(virConnectPtr conn, const GPtrArray *objects, NwfHandleMake make, NwfHandleFree free_one,
                      gpointer **handles)
{
    if (!handles)
        return (int)objects->len;

    g_autofree gpointer *list = g_new0(gpointer, objects->len + 1);
    for (guint i = 0; i < objects->len; i++) {
        g_autoptr(GError) error = NULL;

        list[i] = make(conn, objects->pdata[i]);
        if (list[i])
            continue;
        for (guint made = 0; made < i; made++)
            free_one(list[made]); /* a public function, which clears the error: the report comes last */
        nwf_set_error(&error, NWF_ERROR_INTERNAL, _("libvirt cannot make object %u of %u"), i + 1, objects->len);
        nwf_report(error);
        return -1;
    }
    *handles = g_steal_pointer(&list);
    return (int)objects->len;
}
