/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rehearse.c: what the kernel would hold after a batch, in the words of the tool's listing
 *
 * Whether the kernel's rules are those that a port should have cannot be read off a listing: each version of each tool
 * lists in other words than it is told. But the tool itself can say how it would list our rules: it is given the batch,
 * and asked for the listing, in a network namespace that is made for this and is empty. What it lists on the host is
 * then compared byte by byte (agree.c).
 *
 * A namespace belongs to a thread, and children inherit it from the thread that starts them. So a thread is started that
 * leaves the daemon's namespace, runs both programs and ends, and with it the namespace goes.
 *
 * Sets of ipset that the rules name are made in there, empty and of whatever type: a listing names a set and no more.
 *
 * Limits: without the program ipset, rules that name a set are refused in there. Some confined daemons may not make
 * namespaces.
 */
#include "driver/tech/ebiptables/rehearse.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sched.h>

enum { SETS_TIMEOUT_MS = 10 * 1000 };

typedef struct Rehearsal {
    const NwfTool *tool;
    const NwfBatch *batch;
    GPtrArray *sets;
    NwfState *listed;
    GError *error;
} Rehearsal;

static gboolean
make_sets(const Rehearsal *rehearsal, GError **error)
{
    g_autofree char *ipset = nwf_command_find("ipset");
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(NwfCommandResult) result = {0};

    if (rehearsal->sets->len == 0)
        return TRUE;
    if (!ipset)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("the program %s is not installed"), "ipset");
    for (guint i = 0; i < rehearsal->sets->len; i++)
        g_string_append_printf(text, "create \"%s\" hash:ip family %s\n",
                               (const char *)g_ptr_array_index(rehearsal->sets, i),
                               rehearsal->tool->layer == NWF_LAYER_IPV6 ? "inet6" : "inet");
    const char *const argv[] = {ipset, "-exist", "restore", NULL};
    return nwf_command_run(argv, text->str, (gssize)text->len, SETS_TIMEOUT_MS, &result, error);
}

static gboolean
rehearse(Rehearsal *rehearsal)
{
    g_auto(NwfCommandResult) result = {0};

    if (unshare(CLONE_NEWNET) < 0)
        return nwf_set_error(&rehearsal->error, NWF_ERROR_SYSTEM, _("a network namespace cannot be made: %s"),
                             g_strerror(errno));
    return make_sets(rehearsal, &rehearsal->error) &&
           nwf_tool_restore(rehearsal->tool, rehearsal->batch, &result, &rehearsal->error) &&
           nwf_tool_list(rehearsal->tool, rehearsal->listed, &rehearsal->error);
}

static gpointer
rehearsal_thread(gpointer rehearsal)
{
    return GINT_TO_POINTER(rehearse(rehearsal));
}

gboolean
nwf_rehearse(const NwfTool *tool, const NwfBatch *batch, GPtrArray *sets, NwfState *listed, GError **error)
{
    Rehearsal rehearsal = {.tool = tool, .batch = batch, .sets = sets, .listed = listed};
    g_autoptr(GError) local = NULL;
    GThread *thread = g_thread_try_new("nwf-rehearsal", rehearsal_thread, &rehearsal, &local);

    if (!thread)
        return nwf_set_error(error, NWF_ERROR_SYSTEM, _("cannot start a thread: %s"), local->message);
    if (GPOINTER_TO_INT(g_thread_join(thread)))
        return TRUE;
    g_propagate_error(error, rehearsal.error);
    return FALSE;
}
