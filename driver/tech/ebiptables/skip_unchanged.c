/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * skip_unchanged.c: finds layers of ports that hold already what they should
 *
 * Of a port whose old plan is not known, after a start or when somebody has changed a table, the rules that were listed
 * are compared with those that the tool would list for its new plan (expected_listing.c, compare.c). A layer that
 * agrees is left alone. So an unchanged restart writes nothing, and a port whose Ethernet layer alone is another one is
 * not closed meanwhile.
 *
 * A part of the ports whose dry run is refused is halved, a few times and for a short time; ports that could not be
 * compared are written, as if nothing were known.
 */
#include "driver/tech/ebiptables/ebiptables_private.h"

#include <glib/gi18n-lib.h>

enum { REFUSALS_MAX = 12, PATIENCE = 5 * G_TIME_SPAN_SECOND };

/* A layer while it is compared. */
typedef struct Comparison {
    NwfJob *job;
    NwfLayer layer;
    GPtrArray *ports; /* (element-type NwfJobPort) */
    NwfNotes *notes;
    guint refusals;
    gint64 begin;
} Comparison;

/* Nothing has to be compared to know that a port must be written whose chains no frame comes to. */
static gboolean
may_be_the_same(const NwfJob *job, const NwfJobPort *port, NwfLayer layer)
{
    const NwfPlan *plan = port->change->new_plan;
    gboolean reached = FALSE;

    for (guint i = 0; i < NWF_DISPATCHES; i++)
        reached = reached || nwf_model_dispatch(job->self->tools[layer].model, port->change->port, i) > 0;
    return !port->known[layer] && plan && plan->uses[layer] && reached;
}

static GPtrArray *
expected(const Comparison *comparison, guint from, guint to)
{
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);

    for (guint i = from; i < to; i++) {
        const NwfPlanChange *change = ((NwfJobPort *)g_ptr_array_index(comparison->ports, i))->change;
        g_ptr_array_add(changes, nwf_plan_change_new(change->port, NULL, change->new_plan));
    }
    return nwf_expected_listings(&comparison->job->self->tools[comparison->layer], changes, NWF_EXPECTED_LINES);
}

static void
warn_once(Comparison *comparison, gboolean *warned, const char *why)
{
    if (!*warned)
        nwf_note(comparison->notes,
                 _("the kernel's rules cannot be compared with those that should be there, so all "
                   "are written again: %s"),
                 why);
    *warned = TRUE;
}

/* TRUE if it is of no use to try again with fewer ports. */
static gboolean
is_hopeless(Comparison *comparison, const GError *why)
{
    NwfEbiptables *self = comparison->job->self;

    comparison->refusals++;
    if (g_get_monotonic_time() - comparison->begin > PATIENCE)
        comparison->refusals = REFUSALS_MAX + 1; /* a tool that hangs, or a lock that somebody holds */
    if (why->code == NWF_ERROR_FIREWALL)
        return comparison->refusals > REFUSALS_MAX;
    comparison->refusals = REFUSALS_MAX + 1;
    warn_once(comparison, &self->dry_run_warned, why->message);
    return TRUE;
}

/* Of a table that is outlined only the chains are known. */
static gboolean
can_compare(Comparison *comparison)
{
    NwfTool *tool = &comparison->job->self->tools[comparison->layer];

    if (!tool->model->outlined)
        return TRUE;
    g_autofree char *why = nwf_model_unlistable(tool->model);
    warn_once(comparison, &tool->outline_warned, why);
    return FALSE;
}

/* Ports [from, to), of which @wanted is how they should be listed. */
static void
skip_same(const Comparison *comparison, guint from, guint to, const NwfModel *wanted)
{
    NwfModel *held = comparison->job->self->tools[comparison->layer].model;

    for (guint i = from; i < to; i++) {
        NwfJobPort *port = g_ptr_array_index(comparison->ports, i);
        if (!nwf_compare(held, wanted, port->change->port))
            continue;
        port->differs[comparison->layer] = FALSE;
        nwf_model_confirm(held, port->change->port);
    }
}

static void
compare(Comparison *comparison, guint from, guint to)
{
    if (from == to || comparison->refusals > REFUSALS_MAX)
        return;

    g_autoptr(GPtrArray) pieces = expected(comparison, from, to);
    for (guint i = 0; i < pieces->len; i++) {
        const NwfExpected *piece = g_ptr_array_index(pieces, i);
        if (piece->listed)
            skip_same(comparison, from + piece->from, from + piece->to, piece->listed);
    }
    for (guint i = 0; i < pieces->len; i++) {
        const NwfExpected *piece = g_ptr_array_index(pieces, i);
        guint begin = from + piece->from, end = from + piece->to, middle = begin + (end - begin) / 2;
        if (!piece->listed && !piece->error) {
            compare(comparison, begin, to); /* all that was not begun */
            return;
        }
        if (piece->listed || is_hopeless(comparison, piece->error) || end - begin == 1)
            continue;
        compare(comparison, begin, middle);
        compare(comparison, middle, end);
    }
}

void
nwf_skip_unchanged(NwfJob *job, NwfNotes *notes)
{
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(GPtrArray) ports = g_ptr_array_new();
        Comparison comparison = {job, layer, ports, notes, 0, g_get_monotonic_time()};

        for (NwfJobPort *port = job->ports; port < job->end; port++)
            if (may_be_the_same(job, port, layer))
                g_ptr_array_add(ports, port);
        if (ports->len > 0 && can_compare(&comparison))
            compare(&comparison, 0, ports->len);
    }
}
