/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * expected_listing.c: how the tool would list the rules that should be there
 *
 * Whether the kernel's rules are those that a port should have cannot be read off a listing: each version of each tool
 * lists in other words than those of a batch. But the tool itself can say how it would list our rules: in a dry run, in
 * a network namespace that is made for this and is empty, it is given the batch and then lists. What it lists on the
 * host is compared with that byte by byte (compare.c).
 *
 * A namespace belongs to a thread, and children inherit it from the thread that starts them. So threads are started
 * that leave the daemon's namespace, run both programs and end, and with them the namespaces go.
 *
 * What a tool takes for a batch grows faster than the batch: 1,000 ports at once cost it four times what they cost in
 * ten pieces. So the ports are listed in pieces, each in a namespace of its own, AT_ONCE at a time. A port's chains
 * and rules are listed in the same words whatever ports are listed with it. Only tools of the older form go one after
 * the other, because they wait for a lock that namespaces share. When a piece has failed no other one is begun: tools
 * that hang cost their time limit once.
 *
 * A run that a killed daemon leaves behind does no harm, and so does not hold the lock of the tools (child_lock.c).
 *
 * Sets of ipset that the rules name are made in there, empty and of whatever type: a listing names a set and no more.
 *
 * Limits: without the program ipset, rules that name a set are refused in there. Some confined daemons may not make
 * namespaces.
 */
#include "driver/run/parallel.h"
#include "driver/tech/ebiptables/ebiptables_private.h"
#include "driver/tech/ebiptables/print.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sched.h>

enum { SETS_TIMEOUT_MS = 10 * 1000, AT_ONCE = 2 };

/* One piece while it is run. */
typedef struct DryRun {
    const NwfTool *tool;
    GPtrArray *changes; /* not owned; those of the piece are from @from to before @to */
    guint from, to;
    const NwfBatch *batch;
    NwfModel *listed;
} DryRun;

/* Adds the names of the sets that the rules of @plan at @layer refer to. */
static void
add_sets(GPtrArray *sets, const NwfPlan *plan, NwfLayer layer)
{
    for (guint i = 0; i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);
        for (guint j = 0; chain->layer == layer && j < chain->rules->len; j++) {
            const NwfCondition *set = nwf_condition_find(g_ptr_array_index(chain->rules, j), NWF_MATCH_IPSET);
            if (set)
                g_ptr_array_add(sets, set->operands[0].value.text);
        }
    }
}

static gboolean
make_sets(const DryRun *run, GError **error)
{
    g_autofree char *ipset = nwf_command_find("ipset");
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(NwfCommandResult) result = {0};

    for (guint i = run->from; i < run->to; i++)
        add_sets(sets, ((const NwfPlanChange *)g_ptr_array_index(run->changes, i))->new_plan, run->tool->layer);
    if (sets->len == 0)
        return TRUE;
    if (!ipset)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("the program %s is not installed"), "ipset");
    for (guint i = 0; i < sets->len; i++)
        g_string_append_printf(text, "create \"%s\" hash:ip family %s\n", (const char *)g_ptr_array_index(sets, i),
                               run->tool->layer == NWF_LAYER_IPV6 ? "inet6" : "inet");
    const char *const argv[] = {ipset, "-exist", "restore", NULL};
    return nwf_command_run(NULL, argv, text->str, (gssize)text->len, SETS_TIMEOUT_MS, &result, error);
}

static gboolean
dry_run(const DryRun *run, GError **error)
{
    g_auto(NwfCommandResult) result = {0};

    if (unshare(CLONE_NEWNET) < 0)
        return nwf_set_error(error, NWF_ERROR_SYSTEM, _("a network namespace cannot be made: %s"), g_strerror(errno));
    if (!make_sets(run, error))
        return FALSE;
    if (!nwf_tool_restore(run->tool, run->batch, &result, error)) {
        if (result.err && result.exit_status == 0)
            (*error)->code = NWF_ERROR_INTERNAL;
        return FALSE;
    }
    if (!nwf_tool_list(run->tool, run->listed, error))
        return FALSE;
    /* a tool that was given another input than ours makes nothing and succeeds, and then its listing is empty, too */
    for (guint i = run->from; i < run->to; i++)
        if (!nwf_model_holds(run->listed, ((NwfPlanChange *)g_ptr_array_index(run->changes, i))->port))
            return nwf_set_error(error, NWF_ERROR_INTERNAL, _("%s reports success, but has made no rules"),
                                 run->tool->restore);
    return TRUE;
}

/* ---- pieces ---- */

typedef struct Work {
    NwfTool tool;
    GPtrArray *changes;
    GPtrArray *pieces; /* (element-type NwfExpected) */
} Work;

static gboolean
list_piece(const Work *work, NwfExpected *piece, GError **error)
{
    g_autoptr(GPtrArray) changes = g_ptr_array_new();
    g_autoptr(NwfModel) empty = nwf_model_new(work->tool.layer), listed = nwf_model_new(work->tool.layer);

    for (guint i = piece->from; i < piece->to; i++)
        g_ptr_array_add(changes, g_ptr_array_index(work->changes, i));
    g_autoptr(NwfBatch) batch = nwf_render(empty, work->tool.layer, changes, error);
    const DryRun run = {&work->tool, work->changes, piece->from, piece->to, batch, listed};
    if (!batch || !dry_run(&run, error))
        return FALSE;
    piece->listed = g_steal_pointer(&listed);
    return TRUE;
}

static gboolean
work_on(guint number, gpointer data)
{
    Work *work = data;
    NwfExpected *piece = g_ptr_array_index(work->pieces, number);

    return list_piece(work, piece, &piece->error);
}

static void
expected_free(gpointer data)
{
    NwfExpected *piece = data;

    g_clear_pointer(&piece->listed, nwf_model_free);
    g_clear_error(&piece->error);
    g_free(piece);
}

/* Lines that the batch of a plan has at @layer, about. */
static guint
lines_of(const NwfPlan *plan, NwfLayer layer)
{
    guint lines = 0;

    for (guint i = 0; i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);
        lines += chain->layer == layer ? 1 + chain->rules->len : 0;
    }
    return lines;
}

static GPtrArray *
cut(GPtrArray *changes, NwfLayer layer, guint lines_max)
{
    GPtrArray *pieces = g_ptr_array_new_with_free_func(expected_free);
    NwfExpected *piece = NULL;
    guint lines = 0;

    for (guint i = 0; i < changes->len; i++) {
        guint more = lines_of(((const NwfPlanChange *)g_ptr_array_index(changes, i))->new_plan, layer);
        if (!piece || lines + more > lines_max) {
            piece = g_new0(NwfExpected, 1);
            piece->from = i;
            lines = 0;
            g_ptr_array_add(pieces, piece);
        }
        piece->to = i + 1;
        lines += more;
    }
    return pieces;
}

GPtrArray *
nwf_expected_listings(const NwfTool *tool, GPtrArray *changes, guint lines_max)
{
    g_autoptr(GPtrArray) pieces = cut(changes, tool->layer, lines_max);
    Work work = {*tool, changes, pieces};
    g_autoptr(GError) why = NULL;

    work.tool.lock = NULL;
    if (!nwf_parallel("nwf-dry-run", pieces->len, tool->legacy ? 1 : AT_ONCE, work_on, &work, &why))
        ((NwfExpected *)g_ptr_array_index(pieces, 0))->error = g_steal_pointer(&why);
    return g_steal_pointer(&pieces);
}
