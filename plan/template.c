/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * template.c: from a tree to chains and rules in order
 *
 * Order. Rules of root filters come first, then all others; priority orders the rules inside each half, and equal
 * priorities keep document order. At the IP layers this is the order of the rules; chains of filters mean nothing
 * there. At the Ethernet layer a rule goes to the sub-chain that its filter names, or to the root chain of its
 * direction. A jump stands in the root chain before the first rule whose priority is not smaller than that of the
 * jump's sub-chain; all other jumps stand at the end. Jumps of equal priority keep document order.
 *
 * If filters name one sub-chain with different priorities, the smallest counts, for each direction by itself.
 *
 * A root chain exists for a direction that has rules; the three chains of an IP layer exist if the tree has any rule
 * for that layer, even one that yields no copy.
 */
#include "plan/plan_private.h"

#include <glib/gi18n-lib.h>

typedef struct NwfSubChain {
    NwfChain *chain;
    int priority;
    guint first; /* place in the tree of the first rule, in document order */
} NwfSubChain;

typedef struct NwfHookDraft {
    GPtrArray *root;         /* (element-type NwfPlanRule): rules of the root chain */
    GArray *root_priorities; /* (element-type int): of these rules */
    GPtrArray *subs;         /* (element-type NwfSubChain) */
    GHashTable *by_suffix;   /* suffix to NwfSubChain */
} NwfHookDraft;

/* Collects what becomes a template. */
typedef struct NwfDraft {
    NwfTemplate *template;
    GHashTable *groups; /* key of a group to its index */
    guint n_rules;
    NwfHookDraft hooks[NWF_LAYERS][NWF_HOOKS];
} NwfDraft;

typedef struct NwfSortKey {
    gboolean in_sub;
    int priority;
    guint index;
} NwfSortKey;

/* ---- collecting ---- */

static void
sub_chain_free(gpointer data)
{
    NwfSubChain *sub = data;

    nwf_chain_free(sub->chain);
    g_free(sub);
}

static void
draft_init(NwfDraft *draft)
{
    draft->groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < NWF_LAYERS * NWF_HOOKS; i++) {
        NwfHookDraft *hook = &draft->hooks[i / NWF_HOOKS][i % NWF_HOOKS];

        hook->root = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_plan_rule_free);
        hook->root_priorities = g_array_new(FALSE, FALSE, sizeof(int));
        hook->subs = g_ptr_array_new_with_free_func(sub_chain_free);
        hook->by_suffix = g_hash_table_new(g_str_hash, g_str_equal);
    }
}

static void
draft_clear(NwfDraft *draft)
{
    g_hash_table_unref(draft->groups);
    for (guint i = 0; i < NWF_LAYERS * NWF_HOOKS; i++) {
        NwfHookDraft *hook = &draft->hooks[i / NWF_HOOKS][i % NWF_HOOKS];

        g_ptr_array_unref(hook->root);
        g_array_unref(hook->root_priorities);
        g_hash_table_unref(hook->by_suffix);
        g_ptr_array_unref(hook->subs);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfDraft, draft_clear)

static NwfSubChain *
sub_chain_for(NwfHookDraft *draft, NwfHook hook, const NwfFilter *filter, guint index)
{
    NwfSubChain *sub = g_hash_table_lookup(draft->by_suffix, filter->chain);

    if (!sub) {
        sub = g_new(NwfSubChain, 1);
        *sub = (NwfSubChain){nwf_chain_new(NWF_LAYER_ETHERNET, hook, filter->chain, filter->kind), G_MAXINT, index};
        g_ptr_array_add(draft->subs, sub);
        g_hash_table_insert(draft->by_suffix, sub->chain->suffix, sub);
    }
    sub->priority = MIN(sub->priority, filter->priority);
    sub->first = MIN(sub->first, index);
    return sub;
}

/* Appends @rule (transfer full) to its chain, if there is anything that it can match. */
static gboolean
draft_add(NwfDraft *draft, const NwfSource *source, NwfHook hook, NwfPlanRule *rule, GError **error)
{
    const NwfFilter *filter = source->origin->filter;
    NwfLayer layer = rule->protocol ? rule->protocol->layer : NWF_LAYER_ETHERNET;
    NwfHookDraft *at = &draft->hooks[layer][hook];
    g_autoptr(NwfPlanRule) owned = rule;

    if (!nwf_rule_normalize(rule, error))
        return FALSE;
    if (nwf_rule_never_matches(rule))
        return TRUE;
    if (layer == NWF_LAYER_ETHERNET && !nwf_chain_is_root(filter->chain)) {
        g_ptr_array_add(sub_chain_for(at, hook, filter, source->index)->chain->rules, g_steal_pointer(&owned));
    } else {
        g_ptr_array_add(at->root, g_steal_pointer(&owned));
        g_array_append_val(at->root_priorities, source->rule->priority);
    }
    if (++draft->n_rules > NWF_PORT_RULES_MAX)
        return nwf_set_error(error, NWF_ERROR_INTERNAL,
                             _("filter '%s' and those it refers to make too many rules (limit: %d)"),
                             nwf_tree_root(draft->template->tree), NWF_PORT_RULES_MAX);
    return TRUE;
}

static void
note_negated_lists(NwfTemplate *template, const NwfSource *source)
{
    guint n_attributes = source->rule->protocol ? source->rule->protocol->n_attributes : 0;

    for (guint i = 0; i < n_attributes; i++) {
        const NwfField *field = nwf_rule_field(source->rule, i);
        NwfCaution caution = {0, source->origin};

        if (!field->present || !field->negated || source->places[i].group < 0)
            continue;
        caution.group = g_array_index(source->groups, guint, source->places[i].group);
        g_array_append_val(template->cautions, caution);
        return;
    }
}

static gboolean
draft_rule(NwfDraft *draft, guint index, const NwfParams *supplied, GError **error)
{
    const NwfTreeRule *at = &g_array_index(draft->template->tree->rules, NwfTreeRule, index);
    NwfLayer layer = at->rule->protocol ? at->rule->protocol->layer : NWF_LAYER_ETHERNET;
    NwfCopy copies[NWF_COPIES_MAX];
    g_auto(NwfSource) source;
    gboolean fits = TRUE;
    guint n;

    nwf_source_init(&source, at);
    source.index = index;
    draft->template->uses[layer] = TRUE;
    if (!nwf_groups_assign(draft->template, draft->groups, supplied, &source, error))
        return FALSE;
    note_negated_lists(draft->template, &source);
    n = nwf_source_copies(&source, copies);
    for (guint i = 0; i < n; i++) {
        if (fits)
            fits = draft_add(draft, &source, copies[i].hook, copies[i].rule, error);
        else
            nwf_plan_rule_free(copies[i].rule);
    }
    return fits;
}

static int
compare_keys(gconstpointer a, gconstpointer b)
{
    const NwfSortKey *x = a, *y = b;

    if (x->in_sub != y->in_sub)
        return x->in_sub - y->in_sub;
    if (x->priority != y->priority)
        return x->priority - y->priority;
    return x->index < y->index ? -1 : 1;
}

static GArray *
sorted_rules(const NwfTree *tree)
{
    GArray *keys = g_array_new(FALSE, FALSE, sizeof(NwfSortKey));

    for (guint i = 0; i < tree->rules->len; i++) {
        const NwfTreeRule *at = &g_array_index(tree->rules, NwfTreeRule, i);
        NwfSortKey key = {!nwf_chain_is_root(at->filter->chain), at->rule->priority, i};

        g_array_append_val(keys, key);
    }
    g_array_sort(keys, compare_keys);
    return keys;
}

/* ---- putting together ---- */

static int
compare_sub_chains(gconstpointer a, gconstpointer b)
{
    const NwfSubChain *x = *(NwfSubChain *const *)a, *y = *(NwfSubChain *const *)b;

    if (x->priority != y->priority)
        return x->priority - y->priority;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void
assemble(NwfTemplate *template, NwfHookDraft *draft, NwfLayer layer, NwfHook hook)
{
    NwfChain *root = nwf_chain_new(layer, hook, NULL, NULL);
    guint next = 0;

    g_ptr_array_add(template->chains, root);
    g_ptr_array_sort(draft->subs, compare_sub_chains);
    for (guint i = 0; i <= draft->root->len; i++) {
        int priority = i < draft->root->len ? g_array_index(draft->root_priorities, int, i) : G_MAXINT;

        for (; next < draft->subs->len; next++) {
            const NwfSubChain *sub = g_ptr_array_index(draft->subs, next);
            NwfPlanRule *jump = NULL;

            if (sub->priority > priority)
                break;
            jump = nwf_plan_rule_new(NWF_VERDICT_JUMP);
            jump->target = sub->chain;
            g_ptr_array_add(root->rules, jump);
        }
        if (i < draft->root->len)
            g_ptr_array_add(root->rules, g_steal_pointer(&draft->root->pdata[i]));
    }
    for (guint i = 0; i < draft->subs->len; i++) {
        NwfSubChain *sub = g_ptr_array_index(draft->subs, i);

        g_ptr_array_add(template->chains, g_steal_pointer(&sub->chain));
    }
}

static gboolean
hook_is_of(NwfHook hook, NwfLayer layer)
{
    return (hook == NWF_HOOK_FROM_VM || hook == NWF_HOOK_TO_VM) == (layer == NWF_LAYER_ETHERNET);
}

static gboolean
chain_exists(const NwfTemplate *template, const NwfHookDraft *draft, NwfLayer layer, NwfHook hook)
{
    if (layer == NWF_LAYER_ETHERNET)
        return draft->root->len > 0 || draft->subs->len > 0;
    return template->uses[layer] && hook_is_of(hook, layer);
}

/* ---- templates ---- */

static NwfTemplate *
template_create(NwfTree *tree)
{
    NwfTemplate *template = g_new0(NwfTemplate, 1);

    g_atomic_ref_count_init(&template->refs);
    template->tree = tree;
    template->chains = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_chain_free);
    template->groups = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    template->cautions = g_array_new(FALSE, FALSE, sizeof(NwfCaution));
    return template;
}

NwfTemplate *
nwf_template_new(const NwfTree *tree, const NwfParams *supplied, GError **error)
{
    g_autoptr(NwfTemplate) template = template_create(nwf_tree_ref((NwfTree *)tree));
    g_autoptr(GArray) keys = sorted_rules(tree);
    g_auto(NwfDraft) draft = {.template = template};

    draft_init(&draft);
    for (guint i = 0; i < keys->len; i++)
        if (!draft_rule(&draft, g_array_index(keys, NwfSortKey, i).index, supplied, error))
            return NULL;
    for (guint layer = 0; layer < NWF_LAYERS; layer++)
        for (guint hook = 0; hook < NWF_HOOKS; hook++)
            if (chain_exists(template, &draft.hooks[layer][hook], layer, hook))
                assemble(template, &draft.hooks[layer][hook], layer, hook);
    return g_steal_pointer(&template);
}

NwfTemplate *
nwf_template_closed(const gboolean layers[NWF_LAYERS])
{
    NwfTemplate *template = template_create(NULL);

    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++) {
        template->uses[layer] = layers[layer];
        for (NwfHook hook = 0; layers[layer] && hook < NWF_HOOKS; hook++) {
            if (!hook_is_of(hook, layer))
                continue;
            NwfChain *chain = nwf_chain_new(layer, hook, NULL, NULL);
            g_ptr_array_add(chain->rules, nwf_plan_rule_new(NWF_VERDICT_DROP));
            g_ptr_array_add(template->chains, chain);
        }
    }
    return template;
}

static void
template_free(NwfTemplate *t)
{
    g_ptr_array_unref(t->chains);
    g_ptr_array_unref(t->groups);
    g_array_unref(t->cautions);
    nwf_tree_unref(t->tree);
    g_free(t);
}
NWF_DEFINE_REFS(NwfTemplate, nwf_template, template_free)
