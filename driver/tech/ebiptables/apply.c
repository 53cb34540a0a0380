/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apply.c: the backend: three tools made to act as one
 *
 * Each tool is atomic, the three together are not. What keeps a moment between them harmless:
 *
 *   - The IP layers go first, the Ethernet layer last. Between the two, a frame that passes the old Ethernet rules and
 *     the new IP rules passes the port. If the port had no rules at that IP layer, the old filter allows this frame; if
 *     it has none at the Ethernet layer any more, the new one does: new ports, removed ports, a layer that comes or goes.
 *   - Else, when both change, the port is first closed at the Ethernet layer (both directions drop), then the IP layers
 *     are switched, then ebtables fills in the new rules. Frames are lost, none leaks.
 *   - One layer changes: one batch, no gap at all.
 *   - Both IP layers change: one after the other; no frame is judged by both.
 *
 * All ports or none. If a tool refuses, its table is read again, since somebody may have changed it; if that makes
 * another batch, or if the tool was killed, it is tried once more. Then the layers that were switched go back to the
 * old plans by the same machinery, the Ethernet layer last. If that fails too, closed ports stay closed, the error says
 * so, and what these ports hold counts as unknown until a later batch has gone through. If nobody knows whether the last
 * batch, that of the Ethernet layer, was taken, the IP layers stay new: old ones beside new Ethernet rules would leak.
 *
 * A port whose old plan is not known (taken over at start) cannot go back: if it was closed, it stays closed for the
 * caller to decide; that is said too.
 */
#include "driver/tech/ebiptables/bridge.h"
#include "driver/tech/ebiptables/tool.h"

#include <glib/gi18n-lib.h>

typedef struct Ebiptables {
    NwfBackend backend;
    gboolean require_bridge_netfilter;
    NwfTool tools[NWF_LAYERS];
    NwfPlan *closed;
    GHashTable *uncertain; /* ports whose rules are not what the caller thinks */
} Ebiptables;

/* One port while a call of apply works on it. */
typedef struct Port {
    const NwfPortChange *change;
    NwfPlan *known; /* what the kernel certainly holds; NULL: ask the state */
    gboolean held;  /* there was something of this port before */
    gboolean differs[NWF_LAYERS];
    gboolean closes; /* is closed ahead of the other layers */
} Port;

typedef enum Stage { STAGE_CLOSE, STAGE_IPV4, STAGE_IPV6, STAGE_ETHERNET, STAGES } Stage;

static const NwfLayer stage_layers[STAGES] = {
    [STAGE_CLOSE] = NWF_LAYER_ETHERNET,
    [STAGE_IPV4] = NWF_LAYER_IPV4,
    [STAGE_IPV6] = NWF_LAYER_IPV6,
    [STAGE_ETHERNET] = NWF_LAYER_ETHERNET,
};

typedef struct Job {
    Ebiptables *self;
    GArray *ports;     /* (element-type Port) */
    gboolean in_doubt; /* the stage that failed may have been taken nevertheless, the first or the second time */
} Job;

/* --- what has to be done --- */

/* Whether the layer has something of @port before the change. */
static gboolean
had(const Job *job, const Port *port, NwfLayer layer)
{
    if (port->known)
        return port->known->uses[layer];
    return nwf_state_holds(job->self->tools[layer].state, port->change->port);
}

static gboolean
port_differs(const Job *job, const Port *port, NwfLayer layer)
{
    const NwfPlan *new_plan = port->change->new_plan;

    if (port->known)
        return !nwf_plan_layer_equal(port->known, new_plan, layer);
    return (new_plan && new_plan->uses[layer]) || had(job, port, layer);
}

static void
add_port(Job *job, const NwfPortChange *change)
{
    gboolean filters = change->new_plan && change->new_plan->uses[NWF_LAYER_ETHERNET];
    Port port = {.change = change, .held = change->old_plan != NULL};

    if (!g_hash_table_contains(job->self->uncertain, change->port))
        port.known = change->old_plan;
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        port.held = port.held || had(job, &port, layer);
        port.differs[layer] = port_differs(job, &port, layer);
        port.closes = port.closes || (nwf_layer_is_ip(layer) && port.differs[layer] && had(job, &port, layer));
    }
    port.closes = port.closes && port.differs[NWF_LAYER_ETHERNET] && filters;
    g_array_append_val(job->ports, port);
}

static gboolean
layer_is_needed(const Job *job, NwfLayer layer)
{
    for (guint i = 0; i < job->ports->len; i++)
        if (g_array_index(job->ports, Port, i).differs[layer])
            return TRUE;
    return FALSE;
}

static gboolean
plans_fit(GPtrArray *changes, GError **error)
{
    for (guint i = 0; i < changes->len; i++) {
        const NwfPortChange *change = g_ptr_array_index(changes, i);
        if (change->new_plan && !nwf_render_check(change->port, change->new_plan, error))
            return FALSE;
    }
    return TRUE;
}

/* --- stages --- */

/* From what the layer of @stage holds of @port, to what it shall hold; @back: to the old plan. */
static NwfPortChange *
change_of(const Job *job, const Port *port, Stage stage, gboolean back)
{
    NwfPlan *closed = port->closes ? job->self->closed : NULL;
    NwfPlan *from = stage == STAGE_ETHERNET && closed ? closed : port->known;
    NwfPlan *to = stage == STAGE_CLOSE ? closed : port->change->new_plan;

    if (back)
        return nwf_port_change_new(port->change->port, to, port->change->old_plan);
    return nwf_port_change_new(port->change->port, from, to);
}

static GPtrArray *
changes_of(const Job *job, Stage stage, gboolean back)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_port_change_free);

    for (guint i = 0; i < job->ports->len; i++) {
        const Port *port = &g_array_index(job->ports, Port, i);
        gboolean concerned = stage == STAGE_CLOSE ? port->closes : port->differs[stage_layers[stage]];
        gboolean stuck = back && port->held && !port->change->old_plan;

        if (concerned && !stuck)
            g_ptr_array_add(changes, change_of(job, port, stage, back));
    }
    return changes;
}

static NwfBatch *
batch_of(const Job *job, Stage stage, gboolean back, GError **error)
{
    g_autoptr(GPtrArray) changes = changes_of(job, stage, back);

    return nwf_render(job->self->tools[stage_layers[stage]].state, stage_layers[stage], changes, error);
}

/*
 * Runs one stage; a second time if the table turns out to be another than was thought, or if the tool died and nobody
 * knows whether it was heard: a batch that replaces in place may be said twice. @ran: something was or may have been
 * changed, and is to be put back if a later stage fails.
 */
static gboolean
run_stage(Job *job, Stage stage, gboolean back, gboolean *ran, GError **error)
{
    NwfTool *tool = &job->self->tools[stage_layers[stage]];
    g_autoptr(NwfBatch) batch = batch_of(job, stage, back, error);
    g_autoptr(GError) refusal = NULL;
    gboolean in_doubt = FALSE;

    if (!batch)
        return FALSE;
    *ran = batch->n_lines > 0;
    if (!*ran || nwf_tool_run(tool, batch, &in_doubt, &refusal))
        return TRUE;

    g_autoptr(NwfBatch) again = nwf_tool_read(tool, NULL) ? batch_of(job, stage, back, NULL) : NULL;
    if (again && (in_doubt || !g_string_equal(again->text, batch->text))) {
        g_clear_error(&refusal);
        if (again->n_lines == 0 || nwf_tool_run(tool, again, &in_doubt, &refusal))
            return TRUE; /* with *ran: what is there may be the work of the first run */
    }
    *ran = FALSE;
    job->in_doubt = job->in_doubt || in_doubt;
    g_propagate_error(error, g_steal_pointer(&refusal));
    return FALSE;
}

/* --- and back --- */

/* The ports that were closed; @stuck: only those that cannot go back. Empty if there are none. */
static char *
closed_ports(const Job *job, gboolean stuck)
{
    g_autoptr(GString) who = g_string_new(NULL);

    for (guint i = 0; i < job->ports->len; i++) {
        const Port *port = &g_array_index(job->ports, Port, i);
        if (port->closes && !(stuck && port->change->old_plan))
            g_string_append_printf(who, "%s'%s'", who->len > 0 ? ", " : "", port->change->port);
    }
    return g_string_free(g_steal_pointer(&who), FALSE);
}

/* Puts back what @ran of the stages before the last; FALSE if something could not be, with the reason in @trouble. */
static gboolean
put_back(Job *job, const gboolean ran[STAGES], GString *trouble)
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

/* After the stage @failed; returns what there is to say about it, empty if all is as before. */
static char *
go_back(Job *job, Stage failed, const gboolean ran[STAGES])
{
    g_autoptr(GString) trouble = g_string_new(NULL);
    gboolean undecided = failed == STAGE_ETHERNET && job->in_doubt;
    gboolean whole = !undecided && put_back(job, ran, trouble);
    g_autofree char *closed = undecided || ran[STAGE_CLOSE] ? closed_ports(job, whole) : g_strdup("");

    if (*closed) {
        g_string_append(trouble, "; ");
        g_string_append_printf(trouble,
                               undecided ? _("these ports are closed or have the new rules until the next change: %s")
                                         : _("these ports are closed until the next change: %s"),
                               closed);
    }
    if (!whole)
        for (guint i = 0; i < job->ports->len; i++)
            g_hash_table_add(job->self->uncertain, g_strdup(g_array_index(job->ports, Port, i).change->port));
    return g_string_free(g_steal_pointer(&trouble), FALSE);
}

static gboolean
run_all(Job *job, GError **error)
{
    gboolean ran[STAGES] = {FALSE};
    g_autoptr(GError) failure = NULL;

    for (Stage stage = 0; stage < STAGES; stage++) {
        if (run_stage(job, stage, FALSE, &ran[stage], &failure))
            continue;
        g_autofree char *trouble = go_back(job, stage, ran);
        return nwf_set_error(error, (NwfErrorCode)failure->code, "%s%s", failure->message, trouble);
    }
    for (guint i = 0; i < job->ports->len; i++)
        g_hash_table_remove(job->self->uncertain, g_array_index(job->ports, Port, i).change->port);
    return TRUE;
}

/* --- bridge netfilter --- */

/* The setting that keeps the rules of @port at @layer from being consulted, or NULL. */
static const char *
blind(const Port *port, NwfLayer layer)
{
    const NwfPlan *plan = port->change->new_plan;

    return plan && plan->uses[layer] && port->differs[layer] ? nwf_bridge_netfilter(layer) : NULL;
}

static gboolean
bridge_is_fit(const Job *job, GError **error)
{
    for (guint i = 0; i < job->ports->len; i++) {
        const Port *port = &g_array_index(job->ports, Port, i);
        for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
            const char *setting = blind(port, layer);
            if (setting)
                return nwf_set_error(error, NWF_ERROR_UNSUPPORTED,
                                     _("port '%s': its filter has IP rules, which the kernel does not apply to bridged "
                                       "packets unless %s is 1, as require_bridge_netfilter demands"),
                                     port->change->port, setting);
        }
    }
    return TRUE;
}

static void
note_blindness(const Job *job, NwfNotes *notes)
{
    for (guint i = 0; i < job->ports->len; i++) {
        const Port *port = &g_array_index(job->ports, Port, i);
        for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
            const char *setting = blind(port, layer);
            if (setting)
                nwf_note(notes,
                         _("port '%s': its filter has IP rules, which the kernel does not apply to bridged packets; "
                           "set %s to 1 (module br_netfilter)"),
                         port->change->port, setting);
        }
    }
}

/* --- the backend --- */

static Ebiptables *
self_of(NwfBackend *backend)
{
    return (Ebiptables *)backend;
}

/* An IP layer that cannot be used harms only those who need it. */
static void
note_loss(NwfNotes *notes, NwfLayer layer, const GError *why)
{
    nwf_note(notes,
             layer == NWF_LAYER_IPV4 ? _("%s: filters with IPv4 rules cannot be used")
                                     : _("%s: filters with IPv6 rules cannot be used"),
             why->message);
}

static gboolean
ebiptables_probe(NwfBackend *backend, NwfNotes *notes, GError **error)
{
    Ebiptables *self = self_of(backend);

    for (NwfLayer layer = NWF_LAYER_IPV4; layer < NWF_LAYERS; layer++) {
        g_autoptr(GError) missing = NULL;
        if (!nwf_tool_find(&self->tools[layer], &missing))
            note_loss(notes, layer, missing);
    }
    return nwf_tool_find(&self->tools[NWF_LAYER_ETHERNET], error);
}

static void
add_names(GHashTable *all, const NwfState *state)
{
    g_autoptr(GPtrArray) ports = nwf_state_ports(state);

    for (guint i = 0; i < ports->len; i++)
        g_hash_table_add(all, g_strdup(g_ptr_array_index(ports, i)));
}

static gboolean
ebiptables_read(NwfBackend *backend, GPtrArray **ports, NwfNotes *notes, GError **error)
{
    Ebiptables *self = self_of(backend);
    g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iter;
    gpointer name;

    if (!nwf_tool_read(&self->tools[NWF_LAYER_ETHERNET], error))
        return FALSE;
    add_names(all, self->tools[NWF_LAYER_ETHERNET].state);
    for (NwfLayer layer = NWF_LAYER_IPV4; layer < NWF_LAYERS; layer++) {
        g_autoptr(GError) failure = NULL;
        if (!nwf_tool_find(&self->tools[layer], NULL))
            continue;
        if (nwf_tool_read(&self->tools[layer], &failure))
            add_names(all, self->tools[layer].state);
        else
            note_loss(notes, layer, failure);
    }
    *ports = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_iter_init(&iter, all);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_hash_table_iter_steal(&iter);
        g_ptr_array_add(*ports, name);
    }
    return TRUE;
}

/* Tables that were not read yet, or lost sight of. An IP layer that cannot be read matters only if it is needed. */
static gboolean
know_tables(Job *job, GError **error)
{
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        NwfTool *tool = &job->self->tools[layer];
        gboolean installed = nwf_tool_find(tool, NULL) || layer == NWF_LAYER_ETHERNET;
        if (!tool->known && installed && !nwf_tool_read(tool, layer == NWF_LAYER_ETHERNET ? error : NULL) &&
            layer == NWF_LAYER_ETHERNET)
            return FALSE;
    }
    return TRUE;
}

static gboolean
tools_are_there(Job *job, GError **error)
{
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        NwfTool *tool = &job->self->tools[layer];
        if (layer_is_needed(job, layer) && !(nwf_tool_find(tool, error) && (tool->known || nwf_tool_read(tool, error))))
            return FALSE;
    }
    return TRUE;
}

static gboolean
ebiptables_apply(NwfBackend *backend, GPtrArray *changes, NwfNotes *notes, GError **error)
{
    g_autoptr(GArray) ports = g_array_sized_new(FALSE, TRUE, sizeof(Port), changes->len);
    Job job = {.self = self_of(backend), .ports = ports};

    if (!plans_fit(changes, error) || !know_tables(&job, error))
        return FALSE;
    for (guint i = 0; i < changes->len; i++)
        add_port(&job, g_ptr_array_index(changes, i));
    if (!tools_are_there(&job, error))
        return FALSE;
    if (job.self->require_bridge_netfilter && !bridge_is_fit(&job, error))
        return FALSE;
    if (!run_all(&job, error))
        return FALSE;
    note_blindness(&job, notes); /* now: the first such rule may have loaded the module */
    return TRUE;
}

static gboolean
ebiptables_is_certain(NwfBackend *backend, const char *port)
{
    return !g_hash_table_contains(self_of(backend)->uncertain, port);
}

static void
ebiptables_free(NwfBackend *backend)
{
    Ebiptables *self = self_of(backend);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        nwf_tool_clear(&self->tools[layer]);
    nwf_plan_unref(self->closed);
    g_hash_table_unref(self->uncertain);
    g_free(self);
}

NwfBackend *
nwf_ebiptables_new(gboolean require_bridge_netfilter)
{
    Ebiptables *self = g_new0(Ebiptables, 1);

    self->backend = (NwfBackend){
        .name = "iptables",
        .probe = ebiptables_probe,
        .read = ebiptables_read,
        .apply = ebiptables_apply,
        .is_certain = ebiptables_is_certain,
        .free = ebiptables_free,
    };
    self->require_bridge_netfilter = require_bridge_netfilter;
    self->closed = nwf_plan_new_closed();
    self->uncertain = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        nwf_tool_init(&self->tools[layer], layer);
    return &self->backend;
}
