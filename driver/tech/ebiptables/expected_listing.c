/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * expected_listing.c: how the tool would list the rules that should be there
 *
 * Whether the kernel's rules are those that a port should have cannot be read off a listing: each version of each tool
 * lists in other words than those of a batch. But the tool itself can say how it would list our rules: in a dry run, in
 * a network namespace that is made for this and is empty, it is given the batch and then lists. What it lists on the
 * host is compared with that byte by byte (compare.c).
 *
 * A namespace belongs to a thread, and children inherit it from the thread that starts them. So a thread is started
 * that leaves the daemon's namespace, runs both programs and ends, and with it the namespace goes.
 *
 * Sets of ipset that the rules name are made in there, empty and of whatever type: a listing names a set and no more.
 *
 * Limits: without the program ipset, rules that name a set are refused in there. Some confined daemons may not make
 * namespaces.
 */
#include "driver/run/thread.h"
#include "driver/tech/ebiptables/ebiptables_private.h"
#include "driver/tech/ebiptables/print.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sched.h>

enum { SETS_TIMEOUT_MS = 10 * 1000 };

typedef struct DryRun {
    const NwfTool *tool;
    GPtrArray *changes;
    const NwfBatch *batch;
    NwfModel *listed;
    GError *error;
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

    for (guint i = 0; i < run->changes->len; i++)
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
dry_run(DryRun *run, GError **error)
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
    for (guint i = 0; i < run->changes->len; i++)
        if (!nwf_model_holds(run->listed, ((NwfPlanChange *)g_ptr_array_index(run->changes, i))->port))
            return nwf_set_error(error, NWF_ERROR_INTERNAL, _("%s reports success, but has made no rules"),
                                 run->tool->restore);
    return TRUE;
}

static gpointer
dry_run_thread(gpointer data)
{
    DryRun *run = data;

    dry_run(run, &run->error);
    return NULL;
}

gboolean
nwf_expected_listing(const NwfTool *tool, GPtrArray *changes, NwfModel *listed, GError **error)
{
    g_autoptr(NwfModel) empty = nwf_model_new(tool->layer);
    g_autoptr(NwfBatch) batch = nwf_render(empty, tool->layer, changes, error);
    DryRun run = {.tool = tool, .changes = changes, .batch = batch, .listed = listed};
    GThread *thread = batch ? nwf_thread_new("nwf-dry-run", dry_run_thread, &run, error) : NULL;

    if (!thread)
        return FALSE;
    g_thread_join(thread);
    if (run.error)
        g_propagate_error(error, run.error);
    return !run.error;
}
