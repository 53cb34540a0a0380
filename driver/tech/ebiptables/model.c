/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model.c: what the kernel's table holds of ours, as far as it has acknowledged
 *
 * A listing of a -save tool and a batch for a -restore tool are the same language, so one interpreter reads both: a
 * listing is a batch that begins with an empty table. What a single rule says to us is found out in parse_rule.c.
 *
 * A chain knows where its rules lead and how many rules lead to it; dispatch rules are counted apart. From this follows
 * which chains belong to a port (walk from its root chains, whose names are unambiguous, over names that are this
 * port's), and whether anybody else leads into one of them.
 *
 * What else a chain holds is remembered as it was listed, until a batch changes it. A batch is not remembered: the
 * tools list in other words than those of a batch. So of each chain either the listing is known, or that a batch wrote
 * it.
 *
 * Of a table that the tool cannot list there is an outline, in the same language (outline.c). What the chains hold is
 * not known then. And the tool may not find a rule of ours behind one that it does not know, so what may stand behind
 * others' rules is not taken out: a new one is put before it where that matters.
 */
#include "driver/tech/ebiptables/model.h"

#include "driver/tech/ebiptables/parse_rule.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static void
forget_listing(NwfModelChain *chain)
{
    if (chain->listed)
        g_string_free(g_steal_pointer(&chain->listed), TRUE);
}

static void
chain_free(gpointer data)
{
    NwfModelChain *chain = data;

    g_ptr_array_unref(chain->leads_to);
    forget_listing(chain);
    g_free(chain);
}

static void
forget_everything(NwfModel *model)
{
    g_hash_table_remove_all(model->chains);
    g_hash_table_remove_all(model->ports);
    *model = (NwfModel){.layer = model->layer, .chains = model->chains, .ports = model->ports};
}

NwfModel *
nwf_model_new(NwfLayer layer)
{
    NwfModel *model = g_new0(NwfModel, 1);

    model->layer = layer;
    model->chains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, chain_free);
    model->ports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return model;
}

void
nwf_model_free(NwfModel *model)
{
    g_hash_table_unref(model->chains);
    g_hash_table_unref(model->ports);
    g_free(model);
}

static gboolean
is_empty(const NwfModelPort *port)
{
    static const NwfModelPort none;

    return memcmp(port, &none, sizeof(none)) == 0;
}

/* Adds @by (1 or -1) to a counter that never goes below zero. */
static void
count(guint *counter, int by)
{
    if (by > 0 || *counter > 0)
        *counter += by;
}

const NwfModelChain *
nwf_model_chain(const NwfModel *model, const char *name)
{
    return g_hash_table_lookup(model->chains, name);
}

static gboolean
chain_has_foreign_rules(const NwfModel *model, const char *name)
{
    const NwfModelChain *chain = nwf_model_chain(model, name);

    return chain && chain->foreign_rules;
}

/* In a listing a rule stands behind those that came before it. We put ours before those of others. */
static void
mark_place(NwfModel *model, NwfModelPort *of_port, int dispatch, int by)
{
    guint bit = 1u << dispatch;

    if (by > 0 && model->listing && chain_has_foreign_rules(model, nwf_dispatches[dispatch].base))
        of_port->shadowed |= model->outlined && of_port->count[dispatch] > 1 ? 0 : bit;
    else if ((by > 0 && !model->listing) || of_port->count[dispatch] == 0)
        of_port->shadowed &= ~bit;
}

static void
count_dispatch(NwfModel *model, const char *port, int dispatch, int by)
{
    NwfModelPort *of_port = g_hash_table_lookup(model->ports, port);

    if (!of_port) {
        of_port = g_new0(NwfModelPort, 1);
        g_hash_table_insert(model->ports, g_strdup(port), of_port);
    }
    count(&of_port->count[dispatch], by);
    mark_place(model, of_port, dispatch, by);
    if (is_empty(of_port))
        g_hash_table_remove(model->ports, port);
}

static void
count_lead(NwfModel *model, const NwfParsedRule *rule, int by)
{
    NwfModelChain *from = g_hash_table_lookup(model->chains, rule->chain);
    if (from && by > 0)
        from->foreign_rules = TRUE;
    NwfModelChain *to = rule->target ? g_hash_table_lookup(model->chains, rule->target) : NULL;

    if (!from || !to)
        return;
    guint at;
    if (by > 0)
        g_ptr_array_add(from->leads_to, g_strdup(rule->target));
    else if (g_ptr_array_find_with_equal_func(from->leads_to, rule->target, g_str_equal, &at))
        g_ptr_array_remove_index(from->leads_to, at);
    else
        return;
    count(&to->references, by);
}

/* The first base jump out of the built-in chain @name, or -1. */
static int
first_jump(const char *name)
{
    for (int i = 0; i < NWF_BASE_JUMPS; i++)
        if (g_str_equal(nwf_base_jumps[i].builtin, name))
            return i;
    return -1;
}

/* Where @jump belongs in its built-in chain: behind those that there are before it. A listing names all chains first.
 */
static guint
place_of(const NwfModel *model, int first, int jump)
{
    guint place = 0;

    for (int i = first; i < jump; i++)
        place += nwf_model_chain(model, nwf_base_jumps[i].base) ? 1 : 0;
    return place;
}

/*
 * A listing is read: is the jump in its place, before all other rules of its chain? A batch that names base jumps puts
 * all of them there.
 */
static void
watch_places(NwfModel *model, const char *chain, int jump)
{
    int first = nwf_layer_is_ip(model->layer) ? first_jump(chain) : -1;

    if (first < 0)
        return;
    if (!model->listing)
        model->misplaced = model->misplaced && jump < 0;
    else if (jump >= 0 && model->outlined && model->base_jumps[jump] > 0)
        return; /* we have put another one before it */
    else if (jump >= 0 && model->places[first] != place_of(model, first, jump))
        model->misplaced = TRUE;
    model->places[first]++;
}

static void
rule_changed(NwfModel *model, const GStrv words, int by)
{
    NwfParsedRule rule = nwf_parse_rule(words);
    int dispatch = nwf_parsed_dispatch(&rule, model->layer);
    int jump = nwf_parsed_base_jump(&rule, model->layer);

    watch_places(model, rule.chain, jump);
    if (dispatch >= 0)
        count_dispatch(model, rule.device, dispatch, by);
    else if (jump >= 0)
        count(&model->base_jumps[jump], by);
    else
        count_lead(model, &rule, by);
}

/* The dispatch rules and base jumps in @name are gone. */
static void
flush_counts(NwfModel *model, const char *name)
{
    GHashTableIter iter;
    gpointer value;

    for (guint i = 0; i < NWF_BASE_JUMPS; i++)
        if (g_str_equal(nwf_base_jumps[i].builtin, name))
            model->base_jumps[i] = 0;
    if (!nwf_chain_leads_to_all(model->layer, name))
        return;
    g_hash_table_iter_init(&iter, model->ports);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        NwfModelPort *of_port = value;
        for (guint i = 0; i < NWF_DISPATCHES; i++)
            if (g_str_equal(nwf_dispatches[i].base, name)) {
                of_port->count[i] = 0;
                of_port->shadowed &= ~(1u << i);
            }
        if (is_empty(of_port))
            g_hash_table_iter_remove(&iter);
    }
}

static void
flush(NwfModel *model, const char *name)
{
    NwfModelChain *chain = g_hash_table_lookup(model->chains, name);

    flush_counts(model, name);
    if (!chain)
        return;
    for (guint i = 0; i < chain->leads_to->len; i++) {
        NwfModelChain *to = g_hash_table_lookup(model->chains, g_ptr_array_index(chain->leads_to, i));
        if (to)
            count(&to->references, -1);
    }
    g_ptr_array_set_size(chain->leads_to, 0);
    chain->foreign_rules = FALSE;
}

/* @line is about the chain @name. */
static void
remember(NwfModel *model, const char *name, const char *line)
{
    NwfModelChain *chain = g_hash_table_lookup(model->chains, name);

    if (chain && !model->listing) {
        forget_listing(chain);
        chain->written = TRUE;
    } else if (chain && chain->listed) {
        g_string_append_printf(chain->listed, "%s\n", line);
    }
}

/* ":NAME POLICY": makes a chain, or empties it if it exists. */
static void
declare(NwfModel *model, const char *line)
{
    g_autofree char *name = g_strndup(line + 1, strcspn(line + 1, " "));

    if (nwf_model_chain(model, name)) {
        flush(model, name);
    } else {
        NwfModelChain *chain = g_new0(NwfModelChain, 1);
        chain->leads_to = g_ptr_array_new_with_free_func(g_free);
        chain->listed = g_string_new(NULL);
        g_hash_table_insert(model->chains, g_strdup(name), chain);
    }
    remember(model, name, line);
}

static void
follow_words(NwfModel *model, const GStrv words, const char *line)
{
    const char *command = words[0], *name = words[0] ? words[1] : NULL;

    if (!name)
        return;
    remember(model, name, line);
    if (g_str_equal(command, "-A") || g_str_equal(command, "-I")) {
        rule_changed(model, words, 1);
    } else if (g_str_equal(command, "-D")) {
        rule_changed(model, words, -1);
    } else if (g_str_equal(command, "-F")) {
        flush(model, name);
    } else if (g_str_equal(command, "-X")) {
        flush(model, name);
        g_hash_table_remove(model->chains, name);
    }
}

static void
follow_line(NwfModel *model, const char *line)
{
    if (*line == '*') {
        model->in_table = g_str_equal(line + 1, nwf_layer_table(model->layer));
    } else if (!model->in_table) {
        return;
    } else if (*line == ':') {
        declare(model, line);
    } else if (*line == '-') {
        g_auto(GStrv) words = nwf_parse_words(line);
        follow_words(model, words, line);
    }
}

static void
follow_text(NwfModel *model, const char *text, gboolean listing)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    model->in_table = FALSE;
    model->listing = listing;
    for (guint i = 0; lines[i];) {
        g_autofree char *line = nwf_parse_line(lines, &i);
        follow_line(model, line);
    }
}

gboolean
nwf_model_read(NwfModel *model, const char *save_text, GError **error)
{
    if (*save_text && *save_text != '#' && *save_text != '*') {
        g_autofree char *beginning = nwf_clip(save_text);
        return nwf_set_error(error, NWF_ERROR_FIREWALL,
                             _("the listing of the table '%s' is not understood; it begins with '%s'"),
                             nwf_layer_table(model->layer), beginning);
    }
    g_autofree char *unlisted = g_strdup_printf("\n# Table `%s' is incompatible", nwf_layer_table(model->layer));
    if (g_str_has_prefix(save_text, unlisted + 1) || strstr(save_text, unlisted)) {
        g_autofree char *why = nwf_model_unlistable(model);
        return nwf_set_error(error, NWF_ERROR_UNSUPPORTED, "%s", why);
    }
    forget_everything(model);
    follow_text(model, save_text, TRUE);
    return TRUE;
}

char *
nwf_model_unlistable(const NwfModel *model)
{
    return g_strdup_printf(
        _("the table '%s' holds rules that the tool cannot list; another program changes it with nft"),
        nwf_layer_table(model->layer));
}

void
nwf_model_read_outline(NwfModel *model, const char *outline)
{
    GHashTableIter iter;
    gpointer chain;

    forget_everything(model);
    model->outlined = TRUE;
    follow_text(model, outline, TRUE);
    g_hash_table_iter_init(&iter, model->chains);
    while (g_hash_table_iter_next(&iter, NULL, &chain))
        forget_listing(chain);
}

void
nwf_model_applied(NwfModel *model, const char *batch_text)
{
    follow_text(model, batch_text, FALSE);
}

/* --- questions --- */

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
nwf_sorted_names(GHashTable *set)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array(set, NULL);

    for (guint i = 0; keys[i]; i++)
        g_ptr_array_add(names, g_strdup(keys[i]));
    g_ptr_array_sort(names, compare_names);
    return names;
}

GPtrArray *
nwf_model_ports(const NwfModel *model)
{
    return nwf_sorted_names(model->ports);
}

/* Adds the chains of @port that @name, a chain that is in @owned, leads to. */
static void
own_what_it_leads_to(const NwfModel *model, GHashTable *owned, GQueue *open, const char *root, const char *name,
                     const char *port)
{
    const NwfModelChain *chain = g_hash_table_lookup(model->chains, name);

    for (guint i = 0; i < chain->leads_to->len; i++) {
        const char *next = g_ptr_array_index(chain->leads_to, i);
        if (nwf_model_chain(model, next) && nwf_chain_name_is_sub(next, root, port) &&
            g_hash_table_add(owned, g_strdup(next)))
            g_queue_push_tail(open, (gpointer)next);
    }
}

GHashTable *
nwf_model_owned(const NwfModel *model, const char *port)
{
    GHashTable *owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < NWF_DISPATCHES; i++) {
        g_autofree char *root = nwf_dispatch_target(&nwf_dispatches[i], port);
        g_auto(GQueue) open = G_QUEUE_INIT;
        const char *name = root;

        if (!root || nwf_dispatches[i].ip != nwf_layer_is_ip(model->layer) || !nwf_model_chain(model, root) ||
            !g_hash_table_add(owned, g_strdup(root)))
            continue;
        for (; name; name = g_queue_pop_head(&open))
            own_what_it_leads_to(model, owned, &open, root, name, port);
    }
    return owned;
}

gboolean
nwf_model_base_is_empty(const NwfModel *model, guint jump)
{
    const NwfModelChain *chain = nwf_model_chain(model, nwf_base_jumps[jump].base);

    return chain && chain->leads_to->len == 0 && !chain->foreign_rules;
}

gboolean
nwf_model_holds(const NwfModel *model, const char *port)
{
    g_autoptr(GHashTable) owned = nwf_model_owned(model, port);

    return g_hash_table_size(owned) > 0 || g_hash_table_contains(model->ports, port);
}

void
nwf_model_confirm(NwfModel *model, const char *port)
{
    g_autoptr(GHashTable) owned = nwf_model_owned(model, port);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, owned);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        ((NwfModelChain *)g_hash_table_lookup(model->chains, name))->written = TRUE;
}

gboolean
nwf_model_shared(const NwfModel *model, const char *name, GHashTable *owned)
{
    const NwfModelChain *chain = g_hash_table_lookup(model->chains, name);
    guint own = 0;
    GHashTableIter iter;
    gpointer from;

    if (!chain)
        return FALSE;
    g_hash_table_iter_init(&iter, owned);
    while (g_hash_table_iter_next(&iter, &from, NULL)) {
        const NwfModelChain *mine = g_hash_table_lookup(model->chains, from);
        for (guint i = 0; mine && i < mine->leads_to->len; i++)
            own += g_str_equal(g_ptr_array_index(mine->leads_to, i), name);
    }
    return chain->references > own;
}

/* Of all ways to read @name as port and suffix, the one that a root chain confirms. */
char *
nwf_model_other_owner(const NwfModel *model, const char *name, const char *port)
{
    if (model->layer != NWF_LAYER_ETHERNET || !nwf_model_chain(model, name) || !name[0] || name[1] != '-')
        return NULL;
    for (const char *dash = strchr(name + 2, '-'); dash; dash = strchr(dash + 1, '-')) {
        g_autofree char *other = g_strndup(name + 2, (gsize)(dash - name - 2));
        if (g_str_equal(other, port))
            continue;
        g_autoptr(GHashTable) owned = nwf_model_owned(model, other);
        if (g_hash_table_contains(owned, name))
            return g_steal_pointer(&other);
    }
    return NULL;
}

guint
nwf_model_dispatch(const NwfModel *model, const char *port, guint dispatch)
{
    const NwfModelPort *of_port = g_hash_table_lookup(model->ports, port);

    return of_port ? of_port->count[dispatch] : 0;
}

gboolean
nwf_model_is_shadowed(const NwfModel *model, const char *port, guint dispatch)
{
    const NwfModelPort *of_port = g_hash_table_lookup(model->ports, port);

    return nwf_layer_is_ip(model->layer) && of_port && (of_port->shadowed & 1u << dispatch);
}

gboolean
nwf_model_has_foreign_rules(const NwfModel *model, guint dispatch)
{
    return nwf_layer_is_ip(model->layer) && chain_has_foreign_rules(model, nwf_dispatches[dispatch].base);
}

gboolean
nwf_model_base_is_right(const NwfModel *model)
{
    gboolean right = !model->misplaced;

    for (guint i = 0; i < NWF_BASE_JUMPS; i++) {
        guint want = nwf_model_chain(model, nwf_base_jumps[i].base) ? 1 : 0;
        right = right && (model->outlined ? model->base_jumps[i] >= want : model->base_jumps[i] == want);
    }
    return right;
}

gboolean
nwf_model_is_undeletable(const NwfModel *model, const char *port, guint dispatch)
{
    gboolean is_first = nwf_layer_is_ip(model->layer) && nwf_model_dispatch(model, port, dispatch) == 1 &&
                        !nwf_model_is_shadowed(model, port, dispatch);

    return model->outlined && !is_first && chain_has_foreign_rules(model, nwf_dispatches[dispatch].base);
}
