/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apply.c: three tools made to act as one
 *
 * Each tool is atomic, the three together are not. What keeps a moment between them harmless:
 *
 *   - The IP layers go first, the Ethernet layer last. In between, frames meet the old Ethernet rules and the new IP
 *     rules. That is harmless if the port had no rules at that IP layer (the old filter lets such a frame pass) or will
 *     have none at the Ethernet layer (the new filter does).
 *   - Else, when both change, the port is first closed at the Ethernet layer (both directions drop), then the IP layers
 *     are switched, then ebtables fills in the new rules. Frames are lost, none leaks.
 *   - One layer changes: one batch, no gap at all.
 *   - Both IP layers change: one after the other; no frame is judged by both.
 *
 * All ports or none. If a tool refuses, its table is read again, since somebody may have changed it; if that makes
 * another batch, or if the tool was killed, it is tried once more, and a few times more if somebody else wrote during
 * each run or the reading around it. Then the layers that were switched go back to the old plans by the same machinery,
 * the Ethernet layer last. If that fails too, closed ports stay closed, the error says so, and what these ports hold
 * counts as unknown until a later batch has gone through. If nobody knows whether the last batch, that of the Ethernet
 * layer, was taken, the IP layers stay new: old ones beside new Ethernet rules would leak.
 *
 * A port whose old plan is not known (taken over at start) cannot go back: if it was closed, it stays closed for the
 * caller to decide; the error says that, too.
 */
#include "driver/tech/ebiptables/ebiptables_private.h"

#include <glib/gi18n-lib.h>

typedef enum Stage { STAGE_CLOSE, STAGE_IPV4, STAGE_IPV6, STAGE_ETHERNET, STAGES } Stage;

static const NwfLayer stage_layers[STAGES] = {
    [STAGE_CLOSE] = NWF_LAYER_ETHERNET,
    [STAGE_IPV4] = NWF_LAYER_IPV4,
    [STAGE_IPV6] = NWF_LAYER_IPV6,
    [STAGE_ETHERNET] = NWF_LAYER_ETHERNET,
};

/* --- what has to be done --- */

/* Whether the layer has something of @port before the change. */
static gboolean
had(const NwfJob *job, const NwfJobPort *port, NwfLayer layer)
{
    if (port->known[layer])
        return port->known[layer]->uses[layer];
    return nwf_model_holds(job->self->tools[layer].model, port->change->port);
}

static gboolean
port_differs(const NwfJob *job, const NwfJobPort *port, NwfLayer layer)
{
    const NwfPlan *new_plan = port->change->new_plan;

    if (port->known[layer])
        return !nwf_plan_layer_equal(port->known[layer], new_plan, layer);
    return (new_plan && new_plan->uses[layer]) || had(job, port, layer);
}

/*
 * The layers of @port that differ, or those that do not, are as they should be now. For the latter this is called
 * before anything is run: a port that a later stage of the same call marks as suspect stays marked.
 */
static void
trust(NwfJob *job, const NwfJobPort *port, gboolean differs)
{
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        if (port->differs[layer] == differs)
            g_hash_table_remove(job->self->tools[layer].suspects, port->change->port);
}

/*
 * The call has failed, and the caller goes on with the old plans. A layer that somebody else has made as the new plan
 * wants it is not what the old plan says.
 */
static void
distrust(NwfJob *job)
{
    for (const NwfJobPort *port = job->ports; port < job->end; port++)
        for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
            if (!port->known[layer] && !port->differs[layer] &&
                !nwf_plan_layer_equal(port->change->old_plan, port->change->new_plan, layer))
                g_hash_table_add(job->self->tools[layer].suspects, g_strdup(port->change->port));
}

/* Whether its Ethernet rules change, and IP rules that it had, too. */
static gboolean
closes(const NwfJob *job, const NwfJobPort *port)
{
    const NwfPlan *new_plan = port->change->new_plan;

    if (!new_plan || !new_plan->uses[NWF_LAYER_ETHERNET] || !port->differs[NWF_LAYER_ETHERNET])
        return FALSE;
    return (port->differs[NWF_LAYER_IPV4] && had(job, port, NWF_LAYER_IPV4)) ||
           (port->differs[NWF_LAYER_IPV6] && had(job, port, NWF_LAYER_IPV6));
}

static void
add_ports(NwfJob *job, GPtrArray *changes, NwfNotes *notes)
{
    for (NwfJobPort *port = job->ports; port < job->end; port++) {
        port->change = g_ptr_array_index(changes, (guint)(port - job->ports));
        port->held = port->change->old_plan != NULL;
        for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
            /* else the layer may hold something else of it than the caller thinks */
            if (!g_hash_table_contains(job->self->uncertain, port->change->port) &&
                !g_hash_table_contains(job->self->tools[layer].suspects, port->change->port))
                port->known[layer] = port->change->old_plan;
            port->held = port->held || had(job, port, layer);
            port->differs[layer] = port_differs(job, port, layer);
        }
    }
    nwf_skip_unchanged(job, notes);
    for (NwfJobPort *port = job->ports; port < job->end; port++) {
        port->closes = closes(job, port);
        trust(job, port, FALSE);
    }
}

static gboolean
layer_is_needed(const NwfJob *job, NwfLayer layer)
{
    for (const NwfJobPort *port = job->ports; port < job->end; port++)
        if (port->differs[layer])
            return TRUE;
    return FALSE;
}

/* --- stages --- */

/* From what the layer of @stage holds of each port, to what it shall hold; @back: to the old plans. */
static GPtrArray *
changes_of(const NwfJob *job, Stage stage, gboolean back)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    NwfLayer layer = stage_layers[stage];

    for (const NwfJobPort *port = job->ports; port < job->end; port++) {
        const NwfPlanChange *whole = port->change;
        NwfPlan *closed = port->closes ? nwf_rules_plan(job->self->closed, NULL) : NULL;
        NwfPlan *from = stage == STAGE_ETHERNET && closed ? closed : port->known[layer];
        NwfPlan *to = stage == STAGE_CLOSE ? closed : whole->new_plan;

        if (!(stage == STAGE_CLOSE ? port->closes : port->differs[layer]))
            continue;
        if (!back)
            g_ptr_array_add(changes, nwf_plan_change_new(whole->port, from, to));
        else if (!port->held || whole->old_plan) /* else it cannot go back */
            g_ptr_array_add(changes, nwf_plan_change_new(whole->port, to, whole->old_plan));
    }
    return changes;
}

/*
 * After a run that failed the table is read. There is a second run if it turns out to be another than was thought, or
 * if the tool died and nobody knows what the kernel took: a batch that replaces in place may be given twice. As long
 * as somebody else writes from before a table is read to after it is read again, there are some more: else the tool has
 * refused what we know of, and would do so again.
 */
static gboolean
run_again(NwfTool *tool, GPtrArray *changes, const NwfBatch *batch, NwfSetback *setback, GError **refusal)
{
    for (guint tries = 1; tries < NWF_TRIES_MAX; tries++) {
        g_autofree char *before = nwf_tool_stamp(tool);
        g_autoptr(NwfBatch) again =
            nwf_tool_read(tool, NULL) ? nwf_render(tool->model, tool->layer, changes, NULL) : NULL;
        gboolean helps = again && (setback->in_doubt || !g_string_equal(again->text, batch->text));

        if (!again || !((helps && tries == 1) || nwf_was_disturbed(tool, setback)))
            return FALSE;
        nwf_setback_clear(setback);
        setback->since = g_steal_pointer(&before);
        g_clear_error(refusal);
        if (again->n_lines == 0 || nwf_write(tool, changes, again, setback, refusal))
            return TRUE;
    }
    return FALSE;
}

/* Runs one stage. @ran: something was or may have been changed, and is to be put back if a later stage fails. */
static gboolean
run_stage(NwfJob *job, Stage stage, gboolean back, gboolean *ran, GError **error)
{
    NwfTool *tool = &job->self->tools[stage_layers[stage]];
    g_autoptr(GPtrArray) changes = changes_of(job, stage, back);
    g_autoptr(NwfBatch) batch = nwf_render(tool->model, tool->layer, changes, error);
    g_autoptr(GError) refusal = NULL;
    g_auto(NwfSetback) setback = {FALSE, FALSE, NULL};

    if (!batch)
        return FALSE;
    *ran = batch->n_lines > 0;
    if (!*ran || nwf_write(tool, changes, batch, &setback, &refusal))
        return TRUE;
    if (changes->len == 0 && job->ports != job->end) {
        /* what belongs to no port, and cannot be put right, holds up none */
        *ran = FALSE;
        return TRUE;
    }
    if (run_again(tool, changes, batch, &setback, &refusal))
        return TRUE; /* with *ran: what is there may be the work of the first run */
    *ran = FALSE;
    job->in_doubt = job->in_doubt || setback.in_doubt;
    g_propagate_error(error, g_steal_pointer(&refusal));
    return FALSE;
}

/* --- and back --- */

/* Puts back what @ran of the stages before the last; FALSE if something could not be, with the reason in @trouble. */
static gboolean
put_back(NwfJob *job, const gboolean ran[STAGES], GString *trouble)
{
    static const Stage order[] = {STAGE_IPV4, STAGE_IPV6, STAGE_CLOSE};
    gboolean whole = !job->in_doubt, changed;

    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        g_autoptr(GError) error = NULL;
        if (!ran[order[i]] || (order[i] == STAGE_CLOSE && !whole) || run_stage(job, order[i], TRUE, &changed, &error))
            continue;
        whole = FALSE;
        g_string_append(trouble, "; ");
        g_string_append_printf(trouble, _("the old rules could not be put back: %s"), error->message);
    }
    return whole;
}

/* How a call failed. */
typedef struct Failure {
    Stage stage;
    const gboolean *ran; /* of each stage: something was or may have been changed */
    gboolean undecided;  /* the last stage, of which nobody knows whether it was taken: nothing is put back */
    gboolean whole;      /* all is as before, but for ports that cannot go back */
} Failure;

/* What it leaves of a port. */
typedef enum Left { LEFT_AS_BEFORE, LEFT_CLOSED, LEFT_PERHAPS_CLOSED, LEFT_CLOSED_OR_NEW, LEFT_OLD_OR_NEW, LEFTS } Left;

static Left
left_of(const NwfJobPort *port, const Failure *failure)
{
    if (failure->whole)
        return port->closes && failure->ran[STAGE_CLOSE] && !port->change->old_plan ? LEFT_CLOSED : LEFT_AS_BEFORE;
    if (port->closes && failure->stage == STAGE_CLOSE)
        return LEFT_PERHAPS_CLOSED;
    if (port->closes)
        return failure->undecided ? LEFT_CLOSED_OR_NEW : LEFT_CLOSED;
    for (Stage stage = STAGE_IPV4; stage < STAGES; stage++)
        if (port->differs[stage_layers[stage]] && (failure->ran[stage] || stage == failure->stage))
            return LEFT_OLD_OR_NEW;
    return LEFT_AS_BEFORE;
}

static void
say_left(GString *trouble, Left left, const char *ports)
{
    g_string_append(trouble, "; ");
    switch (left) {
    case LEFT_CLOSED:
        g_string_append_printf(trouble, _("these ports are closed until the next change: %s"), ports);
        break;
    case LEFT_PERHAPS_CLOSED:
        g_string_append_printf(trouble, _("these ports may be closed until the next change: %s"), ports);
        break;
    case LEFT_CLOSED_OR_NEW:
        g_string_append_printf(trouble, _("these ports are closed or have the new rules until the next change: %s"),
                               ports);
        break;
    case LEFT_OLD_OR_NEW:
        g_string_append_printf(trouble, _("these ports have the old rules or the new ones until the next change: %s"),
                               ports);
        break;
    case LEFT_AS_BEFORE:
    case LEFTS:
        break;
    }
}

static void
name_ports(const NwfJob *job, const Failure *failure, GString *trouble)
{
    for (Left left = LEFT_AS_BEFORE + 1; left < LEFTS; left++) {
        g_autoptr(GString) who = g_string_new(NULL);
        for (const NwfJobPort *port = job->ports; port < job->end; port++)
            if (left_of(port, failure) == left)
                g_string_append_printf(who, "%s'%s'", who->len > 0 ? ", " : "", port->change->port);
        if (who->len > 0)
            say_left(trouble, left, who->str);
    }
}

/* After the stage @failed; returns what there is to say about it, empty if all is as before. */
static char *
go_back(NwfJob *job, Stage failed, const gboolean ran[STAGES])
{
    g_autoptr(GString) trouble = g_string_new(NULL);
    Failure failure = {failed, ran, failed == STAGE_ETHERNET && job->in_doubt, FALSE};

    failure.whole = !failure.undecided && put_back(job, ran, trouble);
    name_ports(job, &failure, trouble);
    if (!failure.whole)
        for (const NwfJobPort *port = job->ports; port < job->end; port++)
            g_hash_table_add(job->self->uncertain, g_strdup(port->change->port));
    return g_string_free(g_steal_pointer(&trouble), FALSE);
}

static gboolean
run_all(NwfJob *job, GError **error)
{
    gboolean ran[STAGES] = {FALSE};
    g_autoptr(GError) failure = NULL;

    for (Stage stage = 0; stage < STAGES; stage++) {
        if (run_stage(job, stage, FALSE, &ran[stage], &failure))
            continue;
        g_autofree char *trouble = go_back(job, stage, ran);
        return nwf_set_error(error, (NwfErrorCode)failure->code, "%s%s", failure->message, trouble);
    }
    for (const NwfJobPort *port = job->ports; port < job->end; port++) {
        g_hash_table_remove(job->self->uncertain, port->change->port);
        trust(job, port, TRUE);
    }
    return TRUE;
}

/* --- bridge netfilter --- */

/*
 * iptables and ip6tables see what a bridge forwards only through br_netfilter, and only if its setting for the IP
 * version is on. With the setting off, or the module not there, the rules are taken and see nothing. It is read anew
 * each time: an administrator changes it while we run. That of a single bridge, which can only widen it, is not looked
 * at.
 */
static const char *const bridge_settings[NWF_LAYERS] = {
    [NWF_LAYER_IPV4] = "net.bridge.bridge-nf-call-iptables",
    [NWF_LAYER_IPV6] = "net.bridge.bridge-nf-call-ip6tables",
};

/* Whether the kernel does not consult rules of @layer. */
static gboolean
is_blind(NwfLayer layer)
{
    if (!bridge_settings[layer])
        return FALSE;
    g_autofree char *setting = g_strdelimit(g_strdup(bridge_settings[layer]), ".", '/');
    g_autofree char *path = g_strconcat("/proc/sys/", setting, NULL);
    g_autofree char *text = NULL;

    return !g_file_get_contents(path, &text, NULL, NULL) || g_ascii_strtoll(text, NULL, 10) == 0;
}

/* Notes each layer of a port whose rules are not consulted; if that is @demanded: FALSE for the first. */
static gboolean
report_blindness(const NwfJob *job, gboolean demanded, NwfNotes *notes, GError **error)
{
    for (const NwfJobPort *port = job->ports; port < job->end; port++) {
        const NwfPlan *plan = port->change->new_plan;
        for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
            if (!plan || !plan->uses[layer] || (port->known[layer] && !port->differs[layer]) || !is_blind(layer))
                continue;
            if (demanded)
                return nwf_set_error(error, NWF_ERROR_UNSUPPORTED,
                                     _("port '%s': its filter has IP rules, which the kernel does not apply to bridged "
                                       "packets unless %s is 1, as require_bridge_netfilter demands"),
                                     port->change->port, bridge_settings[layer]);
            nwf_note(
                notes,
                _("port '%s': its filter has IP rules, which the kernel does not apply to bridged packets; set %s to "
                  "1 (module br_netfilter)"),
                port->change->port, bridge_settings[layer]);
        }
    }
    return TRUE;
}

/* --- the call --- */

/* Reads tables that were not read yet, or whose content is not known. A layer without tool, and an IP layer that cannot
 * be read, matter only if they are needed. */
static gboolean
know_tables(NwfJob *job, GError **error)
{
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        NwfTool *tool = &job->self->tools[layer];
        gboolean must = layer == NWF_LAYER_ETHERNET;
        if (!tool->known && nwf_tool_find(tool, NULL) && !nwf_tool_read(tool, must ? error : NULL) && must)
            return FALSE;
    }
    return TRUE;
}

static gboolean
tools_are_there(NwfJob *job, GError **error)
{
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        NwfTool *tool = &job->self->tools[layer];
        if (layer_is_needed(job, layer) && !(nwf_tool_find(tool, error) && (tool->known || nwf_tool_read(tool, error))))
            return FALSE;
    }
    return TRUE;
}

gboolean
nwf_ebiptables_apply(NwfEbiptables *self, GPtrArray *changes, NwfNotes *notes, GError **error)
{
    g_autofree NwfJobPort *ports = g_new0(NwfJobPort, changes->len + 1);
    NwfJob job = {self, ports, ports + changes->len, FALSE};

    if (!know_tables(&job, error))
        return FALSE;
    add_ports(&job, changes, notes);
    gboolean demanded = self->require_bridge_netfilter;
    gboolean all = tools_are_there(&job, error) && (!demanded || report_blindness(&job, TRUE, notes, error)) &&
                   run_all(&job, error);
    if (!all)
        distrust(&job);
    return all && report_blindness(&job, FALSE, notes, NULL); /* now: the first such rule may have loaded the module */
}
