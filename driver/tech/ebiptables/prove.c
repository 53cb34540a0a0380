/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prove.c: whether the kernel has what a tool reports as done
 *
 * A tool can report success and have done nothing: a security policy gives it another input, or it is a wrapper. So its
 * word is not enough. Usually the kernel has announced the tool's transaction (announced.c), and nothing has to be
 * read.
 *
 * Else, with the legacy tools always, the table is listed. All that leads to chains of the ports of the batch must be
 * there, all their chains, and nothing that was to go. If it is not even known that the table has changed, the rules
 * are compared, too, with those that the tool lists in a rehearsal.
 *
 * What others have changed meanwhile does not matter here, unless they have taken away what we have just made.
 *
 * Limits: where no rehearsal is possible, or the table cannot be listed but by its outline, old rules in chains that
 * keep their names pass for new ones, if somebody else has changed a table in the same moment.
 */
#include "driver/tech/ebiptables/prove.h"

#include "driver/tech/ebiptables/compare.h"
#include "driver/tech/ebiptables/expected_listing.h"

#include <glib/gi18n-lib.h>

/* Whether the chains of all ports are reached in @now as in @expected. */
static gboolean
has_base(const NwfModel *now, const NwfModel *expected)
{
    for (guint i = 0; i < NWF_BASE_JUMPS; i++)
        if (nwf_model_base_jump(expected, i) > 0 && nwf_model_base_jump(now, i) == 0)
            return FALSE;
    return TRUE;
}

static gboolean
has_outline(const NwfModel *now, const NwfModel *expected, GPtrArray *changes)
{
    for (guint i = 0; i < changes->len; i++)
        if (!nwf_compare_reach(now, expected, ((const NwfPortChange *)g_ptr_array_index(changes, i))->port))
            return FALSE;
    return has_base(now, expected);
}

/* Whether the chains in @now have the rules of the new plans; TRUE also if nobody can tell. */
static gboolean
has_rules(const NwfTool *tool, const NwfModel *now, GPtrArray *changes)
{
    g_autoptr(GPtrArray) filled = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);
    g_autoptr(NwfModel) wanted = nwf_model_new(tool->layer);
    g_autoptr(GError) why = NULL;
    gboolean same = TRUE;

    for (guint i = 0; i < changes->len; i++) {
        const NwfPortChange *change = g_ptr_array_index(changes, i);
        if (change->new_plan && change->new_plan->uses[tool->layer])
            g_ptr_array_add(filled, nwf_port_change_new(change->port, NULL, change->new_plan));
    }
    if (filled->len == 0 || nwf_model_is_outlined(now))
        return TRUE;
    if (!nwf_expected_listing(tool, filled, wanted, &why))
        return why->code != NWF_ERROR_INTERNAL;
    for (guint i = 0; same && i < filled->len; i++)
        same = nwf_compare_rules(now, wanted, ((const NwfPortChange *)g_ptr_array_index(filled, i))->port);
    return same;
}

static gboolean
read_back(NwfTool *tool, GPtrArray *changes, NwfProof proof, GError **error)
{
    g_autoptr(NwfModel) now = nwf_model_new(tool->layer);

    if (!nwf_tool_list(tool, now, error)) {
        g_prefix_error(error, "%s: ", _("the rules of the kernel cannot be read"));
        return FALSE;
    }
    if (!has_outline(now, tool->model, changes) || (proof == NWF_PROOF_UNKNOWN && !has_rules(tool, now, changes)))
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s reports success, but the kernel does not have the rules"),
                             tool->restore);
    nwf_tool_suspect(tool, tool->model, now);
    return TRUE;
}

gboolean
nwf_prove(NwfTool *tool, GPtrArray *changes, NwfProof proof, GError **error)
{
    if (proof == NWF_PROOF_DONE || read_back(tool, changes, proof, error))
        return TRUE;
    tool->known = FALSE;
    g_array_index(tool->runs, NwfRun, tool->runs->len - 1).announced = FALSE;
    return FALSE;
}
