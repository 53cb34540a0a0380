/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ebiptables.c: the backend of ebtables, iptables and ip6tables: which tools there are, what of ours is in their tables
 *
 * A layer whose tool is missing harms only ports that have rules there; check() refuses them. So does an IP layer whose
 * table cannot be read. An Ethernet layer that cannot be read is needed by everybody: nobody knows what it lets pass.
 *
 * Limits: rules at the Ethernet layer that were made before its tool went away stay in force there.
 *
 * After somebody else has written, the tables that were touched are read again, and those that were found changed in
 * the middle of a change. Suspects are those ports that lost or gained chains or dispatch rules (tool.c), and the
 * owners of chains whose rules were changed. At that layer nothing is known of a suspect until it was applied again.
 */
#include "driver/tech/ebiptables/ebiptables.h"

#include "driver/tech/ebiptables/ebiptables_private.h"

#include <glib/gi18n-lib.h>

static void
note_loss(NwfNotes *notes, NwfLayer layer, const GError *why)
{
    if (layer == NWF_LAYER_ETHERNET)
        nwf_note(
            notes,
            _("%s: filters with rules of mac, vlan, stp, arp, rarp, ip or ipv6 cannot be used, and a port that must "
              "be closed is closed for IPv4 and IPv6 packets alone"),
            why->message);
    else
        nwf_note(notes,
                 layer == NWF_LAYER_IPV4 ? _("%s: filters with IPv4 rules cannot be used")
                                         : _("%s: filters with IPv6 rules cannot be used"),
                 why->message);
}

static gboolean
ebiptables_probe(NwfBackend *backend, NwfNotes *notes, GError **error)
{
    NwfEbiptables *self = (NwfEbiptables *)backend;
    g_autoptr(GError) trouble = NULL;

    /* this ends what a daemon that was killed may have left running */
    if (self->lock_path && !self->lock)
        self->lock = nwf_child_lock_new(self->lock_path, &trouble);
    if (trouble)
        nwf_note(notes, "%s", trouble->message);
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        self->tools[layer].lock = self->lock;
    guint found = 0;
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(GError) missing = NULL;
        if (nwf_tool_find(&self->tools[layer], &missing))
            found++;
        else
            note_loss(notes, layer, missing);
    }
    return found > 0 || nwf_tool_find(&self->tools[NWF_LAYER_ETHERNET], error);
}

static void
add_names(GHashTable *all, GHashTable *names)
{
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array(names, NULL);

    for (guint i = 0; keys[i]; i++)
        g_hash_table_add(all, g_strdup(keys[i]));
}

static gboolean
ebiptables_read(NwfBackend *backend, GPtrArray **ports, NwfNotes *notes, GError **error)
{
    NwfEbiptables *self = (NwfEbiptables *)backend;
    g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GError) missing = NULL;
    guint found = 0;

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        g_autoptr(GError) failure = NULL;
        if (!nwf_tool_find(&self->tools[layer], missing ? NULL : &missing))
            continue;
        found++;
        if (nwf_tool_read(&self->tools[layer], &failure)) {
            add_names(all, self->tools[layer].model->ports);
        } else if (layer == NWF_LAYER_ETHERNET) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        } else {
            note_loss(notes, layer, failure);
        }
    }
    if (found == 0) {
        g_propagate_error(error, g_steal_pointer(&missing));
        return FALSE;
    }
    *ports = nwf_sorted_names(all);
    return TRUE;
}

/* --- after somebody else has written --- */

/* Whether @touched (NULL: anything) has something of the table of @tool. */
static gboolean
is_of_table(const NwfTool *tool, GPtrArray *touched)
{
    gboolean is = touched == NULL;

    for (guint i = 0; !is && i < touched->len; i++)
        is = ((const NwfTouched *)g_ptr_array_index(touched, i))->table == &nwf_ebiptables_tables[tool->layer];
    return is;
}

/*
 * The owners of changed chains become suspects. Returns whether any of @touched is ours or leads to what is ours;
 * @first: (inout) the index of the first such, of all tables.
 */
static gboolean
suspect_owners(NwfTool *tool, GPtrArray *touched, GPtrArray *ports, int *first)
{
    g_autoptr(GHashTable) owner_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean concerned = FALSE;

    for (guint i = 0; i < ports->len; i++) {
        g_autoptr(GHashTable) owned = nwf_model_owned(tool->model, g_ptr_array_index(ports, i));
        g_autofree gpointer *chains = g_hash_table_get_keys_as_array(owned, NULL);
        for (guint j = 0; chains[j]; j++)
            g_hash_table_insert(owner_of, g_strdup(chains[j]), g_ptr_array_index(ports, i));
    }
    for (guint i = 0; i < touched->len; i++) {
        const NwfTouched *what = g_ptr_array_index(touched, i);
        if (what->table != &nwf_ebiptables_tables[tool->layer])
            continue;
        const char *port = what->chain ? g_hash_table_lookup(owner_of, what->chain) : NULL;
        if (port)
            g_hash_table_add(tool->suspects, g_strdup(port));
        if (!port && what->chain && !nwf_chain_leads_to_all(tool->layer, what->chain))
            continue;
        concerned = TRUE;
        if (*first < 0 || (int)i < *first)
            *first = (int)i;
    }
    return concerned;
}

/* Whether the table of @tool is to be read again because of @touched (NULL: anything). */
static gboolean
concerns(NwfTool *tool, GPtrArray *touched, int *first)
{
    g_autoptr(GPtrArray) ports = nwf_model_ports(tool->model);

    if (!is_of_table(tool, touched) && !tool->stale)
        return FALSE;
    if (ports->len == 0 && !nwf_model_chain(tool->model, nwf_base_jumps[0].base) && !tool->stale) {
        tool->known = FALSE; /* there is nothing to be harmed; it is read when it is needed */
        return FALSE;
    }
    if (touched)
        return suspect_owners(tool, touched, ports, first) || tool->stale || tool->model->outlined;
    add_names(tool->suspects, tool->model->ports);
    return TRUE;
}

static gboolean
ebiptables_reread(NwfBackend *backend, GPtrArray *touched, NwfReread *found, GError **error)
{
    NwfEbiptables *self = (NwfEbiptables *)backend;
    g_autoptr(GHashTable) suspects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean concerned = FALSE, whole = TRUE;

    *found = (NwfReread){NULL, -1};
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        NwfTool *tool = &self->tools[layer];
        if (!nwf_tool_find(tool, NULL) || !concerns(tool, touched, &found->first))
            continue;
        concerned = TRUE;
        if (nwf_tool_read(tool, whole ? error : NULL))
            tool->stale = FALSE;
        else
            whole = FALSE; /* what is known of the other layers is put right all the same */
        add_names(suspects, tool->suspects);
    }
    if (concerned)
        found->ports = nwf_sorted_names(suspects);
    return whole;
}

/* --- the contract --- */

/* The first rule of @plan at @layer that stands in a filter; NULL: none does. */
static const NwfPlanRule *
first_rule(const NwfPlan *plan, NwfLayer layer)
{
    for (guint i = 0; i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);
        for (guint j = 0; chain->layer == layer && j < chain->rules->len; j++) {
            const NwfPlanRule *rule = g_ptr_array_index(chain->rules, j);
            if (rule->filter)
                return rule;
        }
    }
    return NULL;
}

/* Whether each layer that @rules need has its tool. */
static gboolean
check_tools(NwfEbiptables *self, NwfRules *rules, GError **error)
{
    const NwfPlan *plan = nwf_rules_plan(rules, NULL);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        NwfTool *tool = &self->tools[layer];
        if (!plan->uses[layer] || nwf_tool_is_found(tool) || nwf_tool_find(tool, error))
            continue;
        const NwfPlanRule *rule = first_rule(plan, layer);
        g_autofree char *place =
            rule ? g_strdup_printf(_("filter '%s', rule at line %u"), rule->filter, rule->line) : NULL;
        if (place)
            g_prefix_error(error, "%s: ", place);
        return FALSE;
    }
    return TRUE;
}

static gboolean
ebiptables_check(NwfBackend *backend, const char *port, NwfRules *rules, GError **error)
{
    return nwf_ebiptables_check(port, rules, error) && check_tools((NwfEbiptables *)backend, rules, error);
}

static gboolean
plans_of(NwfEbiptables *self, const NwfPortChange *changes, guint n, NwfRules **substitute, GPtrArray *plans,
         NwfApplyResult *result, GError **error)
{
    for (guint i = 0; i < n; i++) {
        NwfRules *was = nwf_closed_old(self, &changes[i]), *wanted = nwf_closed_new(self, &changes[i], substitute);
        NwfPlan *old = was ? nwf_rules_plan(was, NULL) : NULL;
        NwfPlan *new = wanted ? nwf_rules_plan(wanted, error) : NULL;
        if (wanted && !new) {
            result->culprit = (int)i;
            return FALSE;
        }
        g_ptr_array_add(plans, nwf_plan_change_new(changes[i].port, old, new));
    }
    return TRUE;
}

/* The tools' words name a line, but not always the right one: the culprit of a refusal is not known. */
static gboolean
ebiptables_apply(NwfBackend *backend, const NwfPortChange *changes, guint n, NwfNotes *notes, NwfApplyResult *result,
                 GError **error)
{
    NwfEbiptables *self = (NwfEbiptables *)backend;
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
    g_autoptr(NwfRules) substitute = NULL;

    *result = (NwfApplyResult){NWF_APPLIED_NONE, NWF_NO_CULPRIT, FALSE};
    if (!plans_of(self, changes, n, &substitute, plans, result, error))
        return FALSE;
    nwf_own_transactions_begin(&self->own);
    gboolean all = nwf_ebiptables_apply(self, plans, notes, error);
    result->wrote = nwf_own_transactions_end(&self->own);
    result->applied = all ? NWF_APPLIED_ALL : NWF_APPLIED_NONE;
    if (all)
        nwf_closed_remember(self, plans, substitute, notes);
    for (guint i = 0; !all && i < n; i++)
        if (g_hash_table_contains(self->uncertain, changes[i].port))
            result->applied = NWF_APPLIED_UNKNOWN;
    return all;
}

static gboolean
ebiptables_is_own(NwfBackend *backend, guint32 first, guint32 last, guint32 process)
{
    return nwf_own_transactions_has(&((NwfEbiptables *)backend)->own, first, last, process);
}

static gboolean
ebiptables_needs_poll(NwfBackend *backend)
{
    const NwfEbiptables *self = (const NwfEbiptables *)backend;
    gboolean needs = FALSE;

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        needs = needs || self->tools[layer].legacy || self->tools[layer].stale;
    return needs;
}

static gboolean
ebiptables_poll(NwfBackend *backend)
{
    const NwfEbiptables *self = (const NwfEbiptables *)backend;
    gboolean changed = FALSE;

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        changed = changed || nwf_tool_has_changed(&self->tools[layer]);
    return changed;
}

/* As many ports at once as one apply takes: a batch has a time in which the tool must be done with it. */
static gboolean
remove_ports(NwfEbiptables *self, GError **error)
{
    g_autoptr(GPtrArray) ports = NULL;

    if (!ebiptables_read(&self->backend, &ports, NULL, error))
        return FALSE;
    for (guint from = 0; from < ports->len; from += self->backend.ports_max) {
        g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_change_free);
        for (guint i = from; i < MIN(ports->len, from + self->backend.ports_max); i++)
            g_ptr_array_add(plans, nwf_plan_change_new(g_ptr_array_index(ports, i), NULL, NULL));
        if (!nwf_ebiptables_apply(self, plans, NULL, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
remove_base_once(NwfTool *tool, NwfSetback *setback, GError **error)
{
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();
    g_autoptr(NwfBatch) batch = NULL;

    nwf_setback_clear(setback);
    setback->refused = FALSE;
    setback->since = nwf_tool_stamp(tool);
    if (!nwf_tool_read(tool, error))
        return FALSE;
    batch = nwf_render_no_base(tool->model, tool->layer);
    return batch->n_lines == 0 || (nwf_write(tool, nothing, batch, setback, error) && nwf_tool_read(tool, error));
}

/* Base chains in which somebody else has rules stay. */
static gboolean
remove_base(NwfTool *tool, GError **error)
{
    g_auto(NwfSetback) setback = {FALSE, FALSE, NULL};

    if (!nwf_tool_find(tool, NULL))
        return TRUE;
    gboolean done = remove_base_once(tool, &setback, error);
    for (guint tries = 1; !done && tries < NWF_TRIES_MAX && nwf_was_disturbed(tool, &setback); tries++) {
        g_clear_error(error);
        done = remove_base_once(tool, &setback, error);
    }
    if (!done)
        return FALSE;
    for (guint i = 0; i < NWF_BASE_JUMPS; i++)
        if (nwf_model_base_is_empty(tool->model, i))
            return nwf_set_error(error, NWF_ERROR_FIREWALL,
                                 _("%s reports success, but the kernel does not have the rules"), tool->restore);
    return TRUE;
}

static gboolean
ebiptables_remove_all(NwfBackend *backend, GError **error)
{
    NwfEbiptables *self = (NwfEbiptables *)backend;

    nwf_own_transactions_begin(&self->own);
    gboolean all = remove_ports(self, error) && remove_base(&self->tools[NWF_LAYER_IPV4], error) &&
                   remove_base(&self->tools[NWF_LAYER_IPV6], error);
    nwf_own_transactions_end(&self->own);
    return all;
}

static void
ebiptables_free(NwfBackend *backend)
{
    NwfEbiptables *self = (NwfEbiptables *)backend;

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        nwf_tool_clear(&self->tools[layer]);
    nwf_child_lock_free(self->lock);
    g_free(self->lock_path);
    nwf_own_transactions_clear(&self->own);
    nwf_rules_unref(self->closed);
    g_hash_table_unref(self->closed_at_ip);
    g_hash_table_unref(self->uncertain);
    g_free(self);
}

NwfBackend *
nwf_ebiptables_new(const NwfBackendOptions *options)
{
    NwfEbiptables *self = g_new0(NwfEbiptables, 1);

    self->backend = (NwfBackend){
        .name = "iptables",
        .tables = nwf_ebiptables_tables,
        .ports_max = 200,
        .probe = ebiptables_probe,
        .check = ebiptables_check,
        .read = ebiptables_read,
        .apply = ebiptables_apply,
        .is_own = ebiptables_is_own,
        .reread = ebiptables_reread,
        .needs_poll = ebiptables_needs_poll,
        .poll = ebiptables_poll,
        .remove_all = ebiptables_remove_all,
        .free = ebiptables_free,
    };
    self->require_bridge_netfilter = options->require_bridge_netfilter;
    self->lock_path = g_strdup(options->child_lock);
    self->own.runs = g_array_new(FALSE, FALSE, sizeof(NwfRun));
    self->closed = nwf_rules_new_closed();
    self->closed_at_ip = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)nwf_rules_unref);
    self->uncertain = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        nwf_tool_init(&self->tools[layer], layer, &self->own);
    return &self->backend;
}

/* --- what the stock driver left if it filtered with nft itself --- */

/*
 * Since libvirt 12.8 the stock driver may keep its rules in two tables of its own. They go on filtering beside ours
 * when that driver is replaced, and would go on for ever: a frame has to pass both. So they are removed, but not before
 * every port has its rules from us. Both are taken away in one transaction, with nft, which that driver has used, too.
 */
enum { NFT_TIMEOUT_MS = 30 * 1000 };

static const char *const stock_tables[] = {"bridge libvirt_nwfilter_ethernet", "bridge libvirt_nwfilter_inet"};

gboolean
nwf_stock_nft_remove(GError **error)
{
    g_autofree char *nft = nwf_command_find("nft");
    const char *const list[] = {nft, "list", "tables", "bridge", NULL}, *const apply[] = {nft, "-f", "-", NULL};
    g_auto(NwfCommandResult) listed = {0}, applied = {0};

    if (!nft)
        return TRUE; /* then that driver has not used it either */
    if (!nwf_command_run(NULL, list, NULL, 0, NFT_TIMEOUT_MS, &listed, error))
        return FALSE;
    g_autoptr(GString) commands = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(listed.out, "\n", -1);
    for (guint i = 0; i < G_N_ELEMENTS(stock_tables); i++) {
        g_autofree char *line = g_strdup_printf("table %s", stock_tables[i]);
        if (g_strv_contains((const char *const *)lines, line))
            g_string_append_printf(commands, "delete table %s\n", stock_tables[i]);
    }
    return commands->len == 0 ||
           nwf_command_run(NULL, apply, commands->str, (gssize)commands->len, NFT_TIMEOUT_MS, &applied, error);
}
