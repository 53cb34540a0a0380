/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gate.c: state of the driver as a whole, and who is inside
 *
 * libvirt waits for calls that are running before it cleans up, but not for ever. The mutex is held to count calls in
 * and out, never while one is inside.
 */
#include "driver/libvirt/gate.h"
#include "driver/libvirt/errors.h"

#include <glib/gi18n-lib.h>

/* Longer than any call should take: libvirt itself has waited for 30 s before. */
enum { CLOSE_WAIT_SECONDS = 10 };

static struct {
    GMutex lock;
    GCond left; /* somebody went out */
    NwfGateState state;
    guint inside;
    NwfEngine *engine;
    NwfDialect dialect;
    GError *reason;
} gate;

void
nwf_gate_open(NwfEngine *engine, NwfDialect dialect)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&gate.lock);

    gate.engine = engine;
    gate.dialect = dialect;
    gate.state = engine ? NWF_GATE_OPEN : NWF_GATE_EMPTY;
}

void
nwf_gate_degrade(const GError *reason)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&gate.lock);

    if (!gate.reason)
        gate.reason = g_error_copy(reason);
    gate.state = NWF_GATE_DEGRADED;
}

gboolean
nwf_gate_is_degraded(void)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&gate.lock);

    return gate.state == NWF_GATE_DEGRADED;
}

gboolean
nwf_gate_close(void)
{
    gint64 deadline = g_get_monotonic_time() + CLOSE_WAIT_SECONDS * G_TIME_SPAN_SECOND;
    NwfEngine *engine;

    g_mutex_lock(&gate.lock);
    gate.state = NWF_GATE_CLOSED;
    while (gate.inside > 0 && g_cond_wait_until(&gate.left, &gate.lock, deadline))
        ;
    gboolean empty = gate.inside == 0;
    engine = empty ? g_steal_pointer(&gate.engine) : NULL;
    g_mutex_unlock(&gate.lock);

    if (engine)
        nwf_engine_free(engine);
    return empty;
}

/* Returns: (transfer full): why nobody is let in, or NULL */
static GError *
refusal_locked(void)
{
    switch (gate.state) {
    case NWF_GATE_OPEN:
    case NWF_GATE_EMPTY:
        return NULL;
    case NWF_GATE_DEGRADED:
        return g_error_new(NWF_ERROR, NWF_ERROR_UNSUPPORTED, _("the nwfilter driver is switched off: %s"),
                           gate.reason->message);
    case NWF_GATE_CLOSED:
        return g_error_new(NWF_ERROR, NWF_ERROR_INTERNAL, _("the nwfilter driver has been stopped"));
    case NWF_GATE_NOT_STARTED:
        break;
    }
    return g_error_new(NWF_ERROR, NWF_ERROR_INTERNAL, _("the nwfilter driver has not been started"));
}

NwfPass
nwf_gate_enter(void)
{
    NwfPass pass = {0};
    g_autoptr(GError) refusal = NULL;

    g_mutex_lock(&gate.lock);
    refusal = refusal_locked();
    if (!refusal) {
        gate.inside++;
        pass = (NwfPass){.valid = TRUE, .engine = gate.engine, .dialect = gate.dialect};
    }
    g_mutex_unlock(&gate.lock);

    if (refusal)
        nwf_report(refusal);
    return pass;
}

void
nwf_pass_return(NwfPass *pass)
{
    if (!pass->valid)
        return;
    g_mutex_lock(&gate.lock);
    gate.inside--;
    g_cond_broadcast(&gate.left);
    g_mutex_unlock(&gate.lock);
    pass->valid = FALSE;
}
