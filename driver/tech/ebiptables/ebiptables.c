/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ebiptables.c: the backend of ebtables, iptables and ip6tables: which tools there are, what of ours is in their tables
 *
 * The Ethernet layer is needed for everything, since it is where a port is closed. An IP layer whose tool is missing,
 * or whose table cannot be read, harms only those who need it.
 *
 * After somebody else has written, the tables that were touched are read again, and those that were found changed in
 * the middle of a change. Suspects are those ports that lost or gained chains or dispatch rules (tool.c), and the
 * owners of chains whose rules were changed. At that layer nothing is known of a suspect until it was applied again.
 */
#include "driver/tech/ebiptables/ebiptables_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static NwfEbiptables *
self_of(NwfBackend *backend)
{
    return (NwfEbiptables *)backend;
}

static void
note_loss(NwfNotes *notes, NwfLayer layer, const GError *why)
{
    nwf_note(notes,
             layer == NWF_LAYER_IPV4 ? _("%s: filters with IPv4 rules cannot be used")
                                     : _("%s: filters with IPv6 rules cannot be used"),
             why->message);
}

/* What a daemon that was killed may have left running. */
static void
end_orphans(NwfEbiptables *self, NwfNotes *notes)
{
    g_autoptr(GError) trouble = NULL;

    if (self->lock_path && !self->lock)
        self->lock = nwf_child_lock_new(self->lock_path, &trouble);
    if (trouble)
        nwf_note(notes, "%s", trouble->message);
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        self->tools[layer].lock = self->lock;
}

static gboolean
ebiptables_probe(NwfBackend *backend, NwfNotes *notes, GError **error)
{
    NwfEbiptables *self = self_of(backend);

    end_orphans(self, notes);
    for (NwfLayer layer = NWF_LAYER_IPV4; layer < NWF_LAYERS; layer++) {
        g_autoptr(GError) missing = NULL;
        if (!nwf_tool_find(&self->tools[layer], &missing))
            note_loss(notes, layer, missing);
    }
    return nwf_tool_find(&self->tools[NWF_LAYER_ETHERNET], error);
}

/* (transfer full): the names in @set. */
static GPtrArray *
list_of(GHashTable *set)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, set);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, g_strdup(name));
    return names;
}

static void
add_names(GHashTable *all, const NwfModel *model)
{
    g_autoptr(GPtrArray) ports = nwf_model_ports(model);

    for (guint i = 0; i < ports->len; i++)
        g_hash_table_add(all, g_strdup(g_ptr_array_index(ports, i)));
}

static gboolean
ebiptables_read(NwfBackend *backend, GPtrArray **ports, NwfNotes *notes, GError **error)
{
    NwfEbiptables *self = self_of(backend);
    g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (!nwf_tool_read(&self->tools[NWF_LAYER_ETHERNET], error))
        return FALSE;
    add_names(all, self->tools[NWF_LAYER_ETHERNET].model);
    for (NwfLayer layer = NWF_LAYER_IPV4; layer < NWF_LAYERS; layer++) {
        g_autoptr(GError) failure = NULL;
        if (!nwf_tool_find(&self->tools[layer], NULL))
            continue;
        if (nwf_tool_read(&self->tools[layer], &failure))
            add_names(all, self->tools[layer].model);
        else
            note_loss(notes, layer, failure);
    }
    *ports = list_of(all);
    return TRUE;
}

/* --- after somebody else has written --- */

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

    if (!is_of_table(tool, touched) && !tool->stale)
        return FALSE;
    if (ports->len == 0 && !nwf_model_chain(tool->model, nwf_base_jumps[0].base) && !tool->stale) {
        tool->known = FALSE; /* there is nothing to be harmed; it is read when it is needed */
        return FALSE;
    }
    if (touched)
        return suspect_owners(tool, touched, ports) || tool->stale || tool->model->outlined;
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

static gboolean
ebiptables_reread(NwfBackend *backend, GPtrArray *touched, GPtrArray **ports, GError **error)
{
    NwfEbiptables *self = self_of(backend);
    g_autoptr(GHashTable) suspects = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean concerned = FALSE;

    *ports = NULL;
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        NwfTool *tool = &self->tools[layer];
        if (!nwf_tool_find(tool, NULL) || !concerns(tool, touched))
            continue;
        concerned = TRUE;
        if (!nwf_tool_read(tool, error))
            return FALSE;
        tool->stale = FALSE;
        add_suspects(suspects, tool);
    }
    if (!concerned)
        return TRUE;
    *ports = list_of(suspects);
    return TRUE;
}

/* --- what the stock driver left if it filtered with nft itself --- */

/*
 * Since libvirt 12.8 the stock driver may keep its rules in two tables of its own. They go on filtering beside ours
 * when that driver is replaced, and would go on for ever: a frame has to pass both. So they are removed, but not before
 * every port has its rules from us. Both are taken away in one transaction, with nft, which that driver has used, too.
 */
enum { NFT_TIMEOUT_MS = 30 * 1000 };

static const char *const stock_tables[] = {"bridge libvirt_nwfilter_ethernet", "bridge libvirt_nwfilter_inet"};

/* The commands that remove those of the tables that are in @listing; empty if there are none. */
static GString *
commands_for(const char *listing)
{
    GString *commands = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(listing, "\n", -1);

    for (guint i = 0; i < G_N_ELEMENTS(stock_tables); i++) {
        g_autofree char *line = g_strdup_printf("table %s", stock_tables[i]);
        if (g_strv_contains((const char *const *)lines, line))
            g_string_append_printf(commands, "delete table %s\n", stock_tables[i]);
    }
    return commands;
}

static gboolean
ebiptables_retire_stock(NwfBackend *backend, GError **error)
{
    NwfEbiptables *self = self_of(backend);
    g_autofree char *nft = nwf_command_find("nft");
    const char *const list[] = {nft, "list", "tables", "bridge", NULL}, *const apply[] = {nft, "-f", "-", NULL};
    g_auto(NwfCommandResult) listed = {0}, applied = {0};

    if (!nft)
        return TRUE; /* then that driver has not used it either */
    if (!nwf_command_run(NULL, list, NULL, 0, NFT_TIMEOUT_MS, &listed, error))
        return FALSE;
    g_autoptr(GString) commands = commands_for(listed.out);
    return commands->len == 0 ||
           nwf_command_run(self->lock, apply, commands->str, (gssize)commands->len, NFT_TIMEOUT_MS, &applied, error);
}

/* --- the rest of the contract --- */

static GArray *
ebiptables_take_runs(NwfBackend *backend)
{
    NwfEbiptables *self = self_of(backend);
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(NwfRun));

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        GArray *of_tool = self->tools[layer].runs;
        g_array_append_vals(runs, of_tool->data, of_tool->len);
        g_array_set_size(of_tool, 0);
    }
    return runs;
}

static gboolean
ebiptables_is_mute(NwfBackend *backend)
{
    NwfEbiptables *self = self_of(backend);
    gboolean mute = FALSE;

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        mute = mute || self->tools[layer].legacy;
    return mute;
}

static gboolean
ebiptables_is_stirred(NwfBackend *backend)
{
    NwfEbiptables *self = self_of(backend);
    gboolean stirred = FALSE;

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        stirred = stirred || nwf_tool_has_changed(&self->tools[layer]);
    return stirred;
}

static gboolean
ebiptables_is_certain(NwfBackend *backend, const char *port)
{
    return !g_hash_table_contains(self_of(backend)->uncertain, port);
}

static void
ebiptables_free(NwfBackend *backend)
{
    NwfEbiptables *self = self_of(backend);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        nwf_tool_clear(&self->tools[layer]);
    nwf_child_lock_free(self->lock);
    g_free(self->lock_path);
    nwf_plan_unref(self->closed);
    g_hash_table_unref(self->uncertain);
    g_free(self);
}

NwfBackend *
nwf_ebiptables_new(gboolean require_bridge_netfilter, const char *lock_path)
{
    NwfEbiptables *self = g_new0(NwfEbiptables, 1);

    self->backend = (NwfBackend){
        .name = "iptables",
        .tables = nwf_ebiptables_tables,
        .probe = ebiptables_probe,
        .read = ebiptables_read,
        .apply = nwf_ebiptables_apply,
        .look = ebiptables_reread,
        .retire_stock = ebiptables_retire_stock,
        .is_mute = ebiptables_is_mute,
        .is_stirred = ebiptables_is_stirred,
        .take_runs = ebiptables_take_runs,
        .is_certain = ebiptables_is_certain,
        .free = ebiptables_free,
    };
    self->require_bridge_netfilter = require_bridge_netfilter;
    self->lock_path = g_strdup(lock_path);
    self->closed = nwf_plan_new_closed();
    self->uncertain = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        nwf_tool_init(&self->tools[layer], layer);
    return &self->backend;
}
