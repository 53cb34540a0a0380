/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * look.c: what does the kernel hold? Looking before writing, and after somebody else has written
 *
 * Before writing: of a port whose old plan is not known, after a start or when somebody has changed a table, the rules
 * that were listed are compared with those that a rehearsal lists for its new plan (rehearse.c, agree.c). A layer that
 * agrees is left alone. So an unchanged restart writes nothing, and a port whose Ethernet layer alone is another one is
 * not closed meanwhile.
 *
 * A rehearsal takes all ports at once. If it is refused it is halved, a few times and for a short time; ports that could not be compared are
 * written, as if nothing were known.
 *
 * After somebody else has written: the tables that were touched are read again, and those that were found changed in the
 * middle of a change. Suspects are those ports that lost or gained chains or dispatch rules (tool.c), and the owners of
 * chains whose rules were changed. At that layer nothing is known of a suspect until it was applied again.
 */
#include "driver/tech/ebiptables/compare.h"
#include "driver/tech/ebiptables/ebiptables_private.h"
#include "driver/tech/ebiptables/expected_listing.h"

#include <glib/gi18n-lib.h>

enum { REFUSALS_MAX = 12, PATIENCE = 5 * G_TIME_SPAN_SECOND };

/* --- before writing --- */

/* A layer while it is compared. */
typedef struct Comparison {
    NwfJob *job;
    NwfLayer layer;
    GPtrArray *ports; /* (element-type NwfJobPort) */
    NwfNotes *notes;
    guint refusals;
    gint64 begin;
} Comparison;

/* Whether any frame comes to the chains of @port. If not, it must be written; nothing has to be compared to know that. */
static gboolean
is_reached(const NwfModel *model, const char *port)
{
    for (guint i = 0; i < NWF_DISPATCHES; i++)
        if (nwf_model_dispatch(model, port, i) > 0)
            return TRUE;
    return FALSE;
}

static gboolean
may_be_the_same(const NwfJob *job, const NwfJobPort *port, NwfLayer layer)
{
    const NwfPlan *plan = port->change->new_plan;

    return !port->known[layer] && plan && plan->uses[layer] &&
           is_reached(job->self->tools[layer].model, port->change->port);
}

static gboolean
rehearse(Comparison *comparison, guint from, guint to, NwfModel *listed, GError **error)
{
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);

    for (guint i = from; i < to; i++) {
        const NwfPortChange *change = ((NwfJobPort *)g_ptr_array_index(comparison->ports, i))->change;
        g_ptr_array_add(changes, nwf_port_change_new(change->port, NULL, change->new_plan));
    }
    return nwf_expected_listing(&comparison->job->self->tools[comparison->layer], changes, listed, error);
}

static void
say_once(Comparison *comparison, gboolean *said, const char *why)
{
    if (!*said)
        nwf_note(comparison->notes, _("the kernel's rules cannot be compared with those that should be there, so all "
                                      "are written again: %s"),
                 why);
    *said = TRUE;
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
    say_once(comparison, &self->cannot_rehearse, why->message);
    return TRUE;
}

/* Of a table that is outlined only the chains are known. */
static gboolean
can_compare(Comparison *comparison)
{
    NwfTool *tool = &comparison->job->self->tools[comparison->layer];

    if (!nwf_model_is_outlined(tool->model))
        return TRUE;
    g_autofree char *why = nwf_model_unlistable(tool->model);
    say_once(comparison, &tool->outline_told, why);
    return FALSE;
}

static void
compare(Comparison *comparison, guint from, guint to)
{
    NwfModel *held = comparison->job->self->tools[comparison->layer].model;
    g_autoptr(NwfModel) wanted = nwf_model_new(comparison->layer);
    g_autoptr(GError) error = NULL;

    if (from == to || comparison->refusals > REFUSALS_MAX)
        return;
    if (!rehearse(comparison, from, to, wanted, &error)) {
        if (is_hopeless(comparison, error) || to - from == 1)
            return;
        guint middle = from + (to - from) / 2;
        compare(comparison, from, middle);
        compare(comparison, middle, to);
        return;
    }
    for (guint i = from; i < to; i++) {
        NwfJobPort *port = g_ptr_array_index(comparison->ports, i);
        if (!nwf_compare(held, wanted, port->change->port))
            continue;
        port->differs[comparison->layer] = FALSE;
        nwf_model_confirm(held, port->change->port);
    }
}

void
nwf_look(NwfJob *job, NwfNotes *notes)
{
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(GPtrArray) ports = g_ptr_array_new();
        Comparison comparison = {job, layer, ports, notes, 0, g_get_monotonic_time()};

        for (guint i = 0; i < job->ports->len; i++) {
            NwfJobPort *port = &g_array_index(job->ports, NwfJobPort, i);
            if (may_be_the_same(job, port, layer))
                g_ptr_array_add(ports, port);
        }
        if (ports->len > 0 && can_compare(&comparison))
            compare(&comparison, 0, ports->len);
    }
}

/* --- after somebody else --- */

/* (transfer full): name of a chain -> the port that has it; the strings belong to @names. */
static GHashTable *
owners(const NwfModel *model, GPtrArray *names)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < names->len; i++) {
        const char *port = g_ptr_array_index(names, i);
        g_autoptr(GHashTable) owned = nwf_model_owned(model, port);
        GHashTableIter iter;
        gpointer chain;

        g_hash_table_iter_init(&iter, owned);
        while (g_hash_table_iter_next(&iter, &chain, NULL))
            g_hash_table_insert(table, g_strdup(chain), (gpointer)port);
    }
    return table;
}

/* Whether @touched (NULL: anything) has something of the table of @tool. */
static gboolean
is_of_table(const NwfTool *tool, GPtrArray *touched)
{
    gboolean is = touched == NULL;

    for (guint i = 0; !is && i < touched->len; i++)
        is = ((const NwfTouched *)g_ptr_array_index(touched, i))->table == &nwf_ebiptables_tables[tool->layer];
    return is;
}

/* The owners of changed chains become suspects. Returns whether any of @touched is ours or leads to what is ours. */
static gboolean
suspect_owners(NwfTool *tool, GPtrArray *touched, GPtrArray *ports)
{
    g_autoptr(GHashTable) owner_of = owners(tool->model, ports);
    gboolean concerned = FALSE;

    for (guint i = 0; i < touched->len; i++) {
        NwfTouched *what = g_ptr_array_index(touched, i);
        if (what->table != &nwf_ebiptables_tables[tool->layer])
            continue;
        const char *port = what->chain ? g_hash_table_lookup(owner_of, what->chain) : NULL;
        what->concerned = port || !what->chain || nwf_chain_leads_to_all(tool->layer, what->chain);
        concerned = concerned || what->concerned;
        if (port)
            g_hash_table_add(tool->suspects, g_strdup(port));
    }
    return concerned;
}

/* Whether the table of @tool is to be read again because of @touched (NULL: anything). */
static gboolean
concerns(NwfTool *tool, GPtrArray *touched)
{
    g_autoptr(GPtrArray) ports = nwf_model_ports(tool->model);

    if (!is_of_table(tool, touched) && !tool->missed)
        return FALSE;
    if (ports->len == 0 && !nwf_model_has_chain(tool->model, nwf_base_jumps[0].base) && !tool->missed) {
        tool->known = FALSE; /* there is nothing to be harmed; it is read when it is needed */
        return FALSE;
    }
    if (touched)
        return suspect_owners(tool, touched, ports) || tool->missed || nwf_model_is_outlined(tool->model);
    for (guint i = 0; i < ports->len; i++)
        g_hash_table_add(tool->suspects, g_strdup(g_ptr_array_index(ports, i)));
    return TRUE;
}

static void
add_suspects(GHashTable *all, const NwfTool *tool)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, tool->suspects);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_hash_table_add(all, name);
}

gboolean
nwf_ebiptables_look(NwfBackend *backend, GPtrArray *touched, GPtrArray **ports, GError **error)
{
    NwfEbiptables *self = (NwfEbiptables *)backend;
    g_autoptr(GHashTable) suspects = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean concerned = FALSE;
    GHashTableIter iter;
    gpointer name;

    *ports = NULL;
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        NwfTool *tool = &self->tools[layer];
        if (!nwf_tool_find(tool, NULL) || !concerns(tool, touched))
            continue;
        concerned = TRUE;
        if (!nwf_tool_read(tool, error))
            return FALSE;
        tool->missed = FALSE;
        add_suspects(suspects, tool);
    }
    if (!concerned)
        return TRUE;
    *ports = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_iter_init(&iter, suspects);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(*ports, g_strdup(name));
    return TRUE;
}
