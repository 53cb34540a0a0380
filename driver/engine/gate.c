/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gate.c: bounds how many callers wait for the applier
 *
 * libvirt serves the calls of its clients with a bounded number of threads: five at first, five more for calls of high
 * priority, which creates and deletes are and lists are not, up to 20 (max_workers) when calls queue. A caller that
 * waits for a firewall tool holds one of them, and a list that queues behind callers who have them all is never even
 * heard of here. So fewer callers than the least number of threads wait for the applier. Others wait at the gate. When
 * nobody inside has been answered for a short time all of them are refused, and so are those that come, until somebody
 * inside is answered. What is refused was not begun. Those whose turn comes late, while others are answered, wait on.
 *
 * Where tools do their work this is not noticed: then somebody is answered each few milliseconds.
 *
 * Limits: where an administrator sets max_workers and prio_workers so low that they are not more than what is let in,
 * readers wait as long as the tools take.
 */
#include "driver/engine/gate.h"

#include <glib/gi18n-lib.h>

struct NwfGate {
    guint most;
    gint64 patience;
    GMutex lock; /* over all below */
    GCond left;  /* somebody left, or the gate is shut */
    guint inside;
    gboolean shut;
    gint64 answered; /* when somebody inside was last answered */
};

NwfGate *
nwf_gate_new(guint inside, gint64 patience)
{
    NwfGate *gate = g_new0(NwfGate, 1);

    gate->most = inside;
    gate->patience = patience;
    g_mutex_init(&gate->lock);
    g_cond_init(&gate->left);
    return gate;
}

void
nwf_gate_free(NwfGate *gate)
{
    g_cond_clear(&gate->left);
    g_mutex_clear(&gate->lock);
    g_free(gate);
}

gboolean
nwf_gate_enter(NwfGate *gate, GError **error)
{
    gint64 now = g_get_monotonic_time(), begin = now;

    g_mutex_lock(&gate->lock);
    while (gate->inside >= gate->most && !gate->shut) {
        gint64 end = MAX(begin, gate->answered) + gate->patience;
        if (now >= end)
            gate->shut = TRUE;
        else
            g_cond_wait_until(&gate->left, &gate->lock, end);
        now = g_get_monotonic_time();
    }
    gboolean in = gate->inside < gate->most;
    if (in)
        gate->inside++;
    else
        g_cond_broadcast(&gate->left);
    g_mutex_unlock(&gate->lock);
    return in ||
           nwf_set_error(error, NWF_ERROR_FIREWALL,
                         _("the firewall tools have not finished for %d s, and %u changes wait for them; this one "
                           "was not begun, try it again later"),
                         (int)(gate->patience / G_USEC_PER_SEC), gate->most);
}

void
nwf_gate_leave(NwfGate *gate)
{
    g_mutex_lock(&gate->lock);
    gate->inside--;
    gate->shut = FALSE;
    gate->answered = g_get_monotonic_time();
    g_cond_broadcast(&gate->left);
    g_mutex_unlock(&gate->lock);
}
