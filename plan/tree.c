/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree.c: a filter with all that it refers to, expanded within bounds
 *
 * Two walks. The survey visits each filter once, whatever the number of ways that lead to it, and learns how many rules
 * it stands for and how deep it goes; loops, missing filters and trees beyond the bounds end here. Only then the
 * expansion runs; it passes over references that bring no rule, so that its work is bounded by rules times depth.
 *
 * Names are resolved once a tree: it cannot see two versions of one filter.
 *
 * Limits: NWF_TREE_DEPTH_MAX filters on one way, NWF_PORT_RULES_MAX rules. The survey never recurses deeper than the
 * depth allowed, so a loop longer than that is reported as too deep.
 */
#include "plan/inside.h"

#include <glib/gi18n-lib.h>

typedef struct NwfNode {
    NwfFilter *filter;
    guint n_rules; /* after expansion; NWF_PORT_RULES_MAX + 1 stands for all larger numbers */
    guint height;  /* filters on the longest way down, this one included */
    gboolean open; /* on the way that the survey is on */
} NwfNode;

struct NwfTree {
    gatomicrefcount refs;
    char *root;
    GHashTable *nodes; /* name to NwfNode */
    GArray *rules;     /* (element-type NwfTreeRule) */
    GPtrArray *scopes; /* (element-type NwfScope) */
};

typedef struct NwfSurvey {
    GHashTable *nodes;
    NwfFilterLookup lookup;
    gpointer data;
} NwfSurvey;

static void
node_free(gpointer data)
{
    NwfNode *node = data;

    nwf_filter_unref(node->filter);
    g_free(node);
}

static gboolean
too_deep(const char *name, GError **error)
{
    return nwf_set_error(
        error, NWF_ERROR_INTERNAL,
        _("filter '%s' is reached over more than %d references: at most %d filters may stand one below the other"),
        name, NWF_TREE_DEPTH_MAX - 1, NWF_TREE_DEPTH_MAX);
}

static gboolean
missing(const char *name, const NwfFilter *from, guint line, GError **error)
{
    if (from == NULL)
        return nwf_set_error(error, NWF_ERROR_INTERNAL, _("filter '%s' does not exist"), name);
    return nwf_set_error(error, NWF_ERROR_INTERNAL,
                         _("filter '%s', reference at line %u: the referenced filter '%s' does not exist"), from->name,
                         line, name);
}

static NwfNode *survey(const NwfSurvey *self, const char *name, const NwfFilter *from, guint line, guint level,
                       GError **error);

static gboolean
survey_entries(const NwfSurvey *self, NwfNode *node, guint level, GError **error)
{
    const NwfFilter *filter = node->filter;

    for (guint i = 0; i < filter->entries->len; i++) {
        const NwfEntry *entry = g_ptr_array_index(filter->entries, i);
        const NwfNode *child = NULL;

        if (entry->ref != NULL) {
            child = survey(self, entry->ref->filter, filter, entry->ref->line, level + 1, error);
            if (child == NULL)
                return FALSE;
            node->height = MAX(node->height, child->height + 1);
        }
        node->n_rules = MIN(node->n_rules + (child != NULL ? child->n_rules : 1), NWF_PORT_RULES_MAX + 1);
    }
    return TRUE;
}

static NwfNode *
survey(const NwfSurvey *self, const char *name, const NwfFilter *from, guint line, guint level, GError **error)
{
    NwfNode *node = g_hash_table_lookup(self->nodes, name);
    NwfFilter *filter;

    if (node != NULL && node->open) {
        nwf_set_error(error, NWF_ERROR_OPERATION_FAILED,
                      _("filter '%s', reference at line %u: the reference to filter '%s' closes a loop"), from->name,
                      line, name);
        return NULL;
    }
    if (level + (node != NULL ? node->height : 1) - 1 > NWF_TREE_DEPTH_MAX) {
        too_deep(name, error);
        return NULL;
    }
    if (node != NULL)
        return node;

    filter = self->lookup(name, self->data);
    if (filter == NULL) {
        missing(name, from, line, error);
        return NULL;
    }
    node = g_new0(NwfNode, 1);
    node->filter = nwf_filter_ref(filter);
    node->height = 1;
    node->open = TRUE;
    g_hash_table_insert(self->nodes, g_strdup(name), node);
    if (!survey_entries(self, node, level, error))
        return NULL;
    node->open = FALSE;
    return node;
}

static const NwfScope *
scope_within(NwfTree *tree, const NwfScope *outer, const NwfParams *params)
{
    NwfScope *scope;

    if (params == NULL)
        return outer;
    scope = g_new(NwfScope, 1);
    scope->outer = outer;
    scope->params = params;
    g_ptr_array_add(tree->scopes, scope);
    return scope;
}

static void
expand(NwfTree *tree, const NwfNode *node, const NwfScope *scope)
{
    for (guint i = 0; i < node->filter->entries->len; i++) {
        const NwfEntry *entry = g_ptr_array_index(node->filter->entries, i);

        if (entry->rule != NULL) {
            NwfTreeRule rule = {node->filter, entry->rule, scope};

            g_array_append_val(tree->rules, rule);
        } else {
            const NwfNode *child = g_hash_table_lookup(tree->nodes, entry->ref->filter);

            if (child->n_rules > 0)
                expand(tree, child, scope_within(tree, scope, entry->ref->params));
        }
    }
}

NwfTree *
nwf_tree_new(const char *root, NwfFilterLookup lookup, gpointer data, GError **error)
{
    g_autoptr(NwfTree) tree = g_new0(NwfTree, 1);
    NwfSurvey self = {NULL, lookup, data};
    const NwfNode *node;

    g_atomic_ref_count_init(&tree->refs);
    tree->root = g_strdup(root);
    tree->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_free);
    tree->rules = g_array_new(FALSE, FALSE, sizeof(NwfTreeRule));
    tree->scopes = g_ptr_array_new_with_free_func(g_free);

    self.nodes = tree->nodes;
    node = survey(&self, root, NULL, 0, 1, error);
    if (node == NULL)
        return NULL;
    if (node->n_rules > NWF_PORT_RULES_MAX) {
        nwf_set_error(error, NWF_ERROR_INTERNAL, _("filter '%s' and the filters it refers to make more than %d rules"),
                      root, NWF_PORT_RULES_MAX);
        return NULL;
    }
    expand(tree, node, NULL);
    return g_steal_pointer(&tree);
}

NwfTree *
nwf_tree_ref(NwfTree *tree)
{
    g_atomic_ref_count_inc(&tree->refs);
    return tree;
}

void
nwf_tree_unref(NwfTree *tree)
{
    if (tree == NULL || !g_atomic_ref_count_dec(&tree->refs))
        return;
    g_free(tree->root);
    g_hash_table_unref(tree->nodes);
    g_array_unref(tree->rules);
    g_ptr_array_unref(tree->scopes);
    g_free(tree);
}

const char *
nwf_tree_root(const NwfTree *tree)
{
    return tree->root;
}

gboolean
nwf_tree_uses(const NwfTree *tree, const char *name)
{
    return g_hash_table_contains(tree->nodes, name);
}

guint
nwf_tree_n_rules(const NwfTree *tree)
{
    return tree->rules->len;
}

const NwfTreeRule *
nwf_tree_rule(const NwfTree *tree, guint index)
{
    return &g_array_index(tree->rules, NwfTreeRule, index);
}
