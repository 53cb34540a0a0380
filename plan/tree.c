/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree.c: a filter with all that it refers to, expanded within bounds
 *
 * Two walks. The survey visits each filter once, whatever the number of ways that lead to it, and learns how many rules
 * and references it stands for and how deep it goes; loops, missing filters and trees beyond the bounds end here. Only
 * then the expansion runs; it passes over references that bring no rule, so that its work is what was counted.
 *
 * On its way the expansion keeps the parameters that are visible where it is: a reference adds those that no reference
 * further out gives, and takes them away at its end. So what the references give a rule is recorded at once.
 *
 * Names are resolved once a tree: it cannot see two versions of one filter.
 *
 * Limits: NWF_TREE_DEPTH_MAX filters on one way, NWF_PORT_RULES_MAX rules, NWF_TREE_REFERENCES_MAX references. The
 * survey never recurses deeper than the depth allowed, so a loop longer than that is reported as too deep.
 */
#include "plan/plan_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct NwfNode {
    NwfFilter *filter;
    /* Both after expansion; one more than the bound stands for all larger numbers. */
    guint n_rules;
    guint n_references; /* with their parameters */
    guint height;       /* filters on the longest way down, this one included */
    gboolean open;      /* on the way that the survey is on */
} NwfNode;

typedef struct NwfSurvey {
    GHashTable *nodes;
    GPtrArray *way; /* (element-type utf8): the filters that are open */
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

static NwfNode *survey(const NwfSurvey *self, const char *name, const NwfFilter *from, guint line, guint level,
                       GError **error);

/* Adds what the entry of @child, or a rule if that is NULL, brings to @node. */
static void
count(NwfNode *node, const NwfNode *child, const NwfFilterRef *reference)
{
    g_autoptr(GPtrArray) names = child ? nwf_params_names(reference->params) : NULL;
    guint n_references = child && child->n_rules > 0 ? 1 + names->len + child->n_references : 0;

    node->n_rules = MIN(node->n_rules + (child ? child->n_rules : 1), NWF_PORT_RULES_MAX + 1);
    node->n_references = MIN(node->n_references + n_references, NWF_TREE_REFERENCES_MAX + 1);
}

static gboolean
survey_entries(const NwfSurvey *self, NwfNode *node, guint level, GError **error)
{
    const NwfFilter *filter = node->filter;

    for (guint i = 0; i < filter->entries->len; i++) {
        const NwfEntry *entry = g_ptr_array_index(filter->entries, i);
        const NwfNode *child = NULL;

        if (entry->ref) {
            child = survey(self, entry->ref->filter, filter, entry->ref->line, level + 1, error);
            if (!child)
                return FALSE;
            node->height = MAX(node->height, child->height + 1);
        }
        count(node, child, entry->ref);
    }
    return TRUE;
}

/* A way for a message: of a long one the ends. */
static char *
way_text(const GPtrArray *names)
{
    enum { ENDS = 5 };
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name = nwf_clip(g_ptr_array_index(names, i));

        if (i == ENDS && names->len > 2 * ENDS) {
            g_string_append(text, " -> …");
            i = names->len - ENDS - 1;
            continue;
        }
        g_string_append_printf(text, "%s'%s'", i ? " -> " : "", name);
    }
    return g_string_free(text, FALSE);
}

static void
report_loop(const NwfSurvey *self, const NwfFilter *from, guint line, const char *name, GError **error)
{
    g_autoptr(GPtrArray) loop = g_ptr_array_new();
    g_autofree char *text = NULL;
    guint start = 0;

    while (!g_str_equal(g_ptr_array_index(self->way, start), name))
        start++;
    for (guint i = start; i < self->way->len; i++)
        g_ptr_array_add(loop, g_ptr_array_index(self->way, i));
    g_ptr_array_add(loop, (gpointer)name);
    text = way_text(loop);
    nwf_set_error(error, NWF_ERROR_OPERATION_FAILED,
                  _("filter '%s', reference at line %u: the references close a loop: %s"), from->name, line, text);
}

static NwfNode *
survey(const NwfSurvey *self, const char *name, const NwfFilter *from, guint line, guint level, GError **error)
{
    NwfNode *node = g_hash_table_lookup(self->nodes, name);
    NwfFilter *filter;

    if (node && node->open) {
        report_loop(self, from, line, name, error);
        return NULL;
    }
    if (level + (node ? node->height : 1) - 1 > NWF_TREE_DEPTH_MAX) {
        nwf_set_error(error, NWF_ERROR_INTERNAL, _("the tree of filters is too deep at filter '%s' (limit: %d)"), name,
                      NWF_TREE_DEPTH_MAX);
        return NULL;
    }
    if (node)
        return node;

    filter = self->lookup(name, self->data);
    if (!filter) {
        if (!from)
            nwf_set_error(error, NWF_ERROR_INTERNAL, _("filter '%s' does not exist"), name);
        else
            nwf_set_error(error, NWF_ERROR_INTERNAL, _("filter '%s', reference at line %u: filter '%s' does not exist"),
                          from->name, line, name);
        return NULL;
    }
    node = g_new0(NwfNode, 1);
    node->filter = nwf_filter_ref(filter);
    node->height = 1;
    node->open = TRUE;
    g_hash_table_insert(self->nodes, g_strdup(name), node);
    g_ptr_array_add(self->way, node->filter->name);
    if (!survey_entries(self, node, level, error))
        return NULL;
    g_ptr_array_set_size(self->way, (gint)self->way->len - 1);
    node->open = FALSE;
    return node;
}

static void
rule_clear(gpointer rule)
{
    g_free(((NwfTreeRule *)rule)->given);
}

/* @visible: name of a variable to the texts that the references on the way here give it. */
static void
add_rule(NwfTree *tree, const NwfFilter *filter, const NwfRule *rule, GHashTable *visible)
{
    guint n_attributes = rule->protocol ? rule->protocol->n_attributes : 0;
    NwfTreeRule at = {filter, rule, NULL};

    for (guint i = 0; g_hash_table_size(visible) > 0 && i < n_attributes; i++) {
        const NwfField *field = nwf_rule_field(rule, i);

        if (!field->present || !field->variable)
            continue;
        if (!at.given)
            at.given = g_new0(const GPtrArray *, n_attributes);
        at.given[i] = g_hash_table_lookup(visible, field->variable->name);
    }
    g_array_append_val(tree->rules, at);
}

/* Makes those of @params visible that nobody further out gives. Returns: (transfer full): their names. */
static GPtrArray *
enter(GHashTable *visible, const NwfParams *params)
{
    g_autoptr(GPtrArray) names = nwf_params_names(params);
    GPtrArray *added = g_ptr_array_new();

    for (guint i = 0; i < names->len; i++) {
        char *name = g_ptr_array_index(names, i);

        if (g_hash_table_contains(visible, name))
            continue;
        g_hash_table_insert(visible, name, (gpointer)nwf_params_get(params, name));
        g_ptr_array_add(added, name);
    }
    return added;
}

static void
expand(NwfTree *tree, const NwfNode *node, GHashTable *visible)
{
    for (guint i = 0; i < node->filter->entries->len; i++) {
        const NwfEntry *entry = g_ptr_array_index(node->filter->entries, i);
        const NwfNode *child = entry->ref ? g_hash_table_lookup(tree->nodes, entry->ref->filter) : NULL;
        g_autoptr(GPtrArray) added = NULL;

        if (!child) {
            add_rule(tree, node->filter, entry->rule, visible);
            continue;
        }
        if (child->n_rules == 0)
            continue;
        added = enter(visible, entry->ref->params);
        expand(tree, child, visible);
        for (guint j = 0; j < added->len; j++)
            g_hash_table_remove(visible, g_ptr_array_index(added, j));
    }
}

static gboolean
fits(const NwfNode *root, GError **error)
{
    if (root->n_rules > NWF_PORT_RULES_MAX)
        return nwf_set_error(error, NWF_ERROR_INTERNAL,
                             _("filter '%s' and those it refers to make too many rules (limit: %d)"),
                             root->filter->name, NWF_PORT_RULES_MAX);
    if (root->n_references > NWF_TREE_REFERENCES_MAX)
        return nwf_set_error(
            error, NWF_ERROR_INTERNAL,
            _("filter '%s' and those it refers to make too many references and parameters of references "
              "(limit: %d)"),
            root->filter->name, NWF_TREE_REFERENCES_MAX);
    return TRUE;
}

NwfTree *
nwf_tree_new(const char *root, NwfFilterLookup lookup, gpointer data, GError **error)
{
    g_autoptr(NwfTree) tree = g_new0(NwfTree, 1);
    g_autoptr(GHashTable) visible = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) way = g_ptr_array_new();
    NwfSurvey self = {NULL, way, lookup, data};
    const NwfNode *node;

    g_atomic_ref_count_init(&tree->refs);
    tree->root = g_strdup(root);
    tree->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_free);
    tree->rules = g_array_new(FALSE, FALSE, sizeof(NwfTreeRule));
    g_array_set_clear_func(tree->rules, rule_clear);

    self.nodes = tree->nodes;
    node = survey(&self, root, NULL, 0, 1, error);
    if (!node || !fits(node, error))
        return NULL;
    expand(tree, node, visible);
    return g_steal_pointer(&tree);
}

static void
tree_free(NwfTree *tree)
{
    g_free(tree->root);
    g_clear_pointer(&tree->variables, g_hash_table_unref);
    g_hash_table_unref(tree->nodes);
    g_array_unref(tree->rules);
    g_free(tree);
}
NWF_DEFINE_REFS(NwfTree, nwf_tree, tree_free)

const char *
nwf_tree_root(const NwfTree *tree)
{
    return tree->root;
}

guint
nwf_tree_size(const NwfTree *tree)
{
    return tree->rules->len;
}

gboolean
nwf_tree_uses(const NwfTree *tree, const char *name)
{
    return g_hash_table_contains(tree->nodes, name);
}

/* ---- questions ---- */

/*
 * A variable has a value if the binding or a reference on the way to the rule gives it; an element access also needs
 * the list to be long enough. The binding wins over every reference, the outer reference over the inner one.
 */
static gboolean
has_value(const NwfTreeRule *at, guint index, const NwfParams *params)
{
    const NwfVariable *variable = nwf_rule_field(at->rule, index)->variable;
    const GPtrArray *list = params ? nwf_params_get(params, variable->name) : NULL;

    if (!list && at->given)
        list = at->given[index];
    if (!list || list->len == 0)
        return FALSE;
    return variable->access == NWF_ACCESS_ITERATOR || variable->index < list->len;
}

static void
add_missing(GPtrArray *missing, GHashTable *listed, const NwfVariable *variable)
{
    GString *spelling = g_string_new(NULL);

    if (variable->access == NWF_ACCESS_ELEMENT)
        nwf_variable_show(spelling, variable);
    else
        nwf_variable_spelling(spelling, variable);
    if (g_hash_table_contains(listed, spelling->str)) {
        g_string_free(spelling, TRUE);
        return;
    }
    g_ptr_array_add(missing, g_string_free(spelling, FALSE));
    g_hash_table_add(listed, missing->pdata[missing->len - 1]);
}

GPtrArray *
nwf_tree_missing(const NwfTree *tree, const NwfParams *params)
{
    GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < tree->rules->len; i++) {
        const NwfTreeRule *at = &g_array_index(tree->rules, NwfTreeRule, i);
        guint n_fields = at->rule->protocol ? at->rule->protocol->n_attributes : 0;

        for (guint j = 0; j < n_fields; j++) {
            const NwfField *field = nwf_rule_field(at->rule, j);

            if (field->present && field->variable && !has_value(at, j, params))
                add_missing(missing, listed, field->variable);
        }
    }
    return missing;
}

void
nwf_rule_add_variables(const NwfRule *rule, GHashTable *names)
{
    for (guint i = 0; rule->protocol && i < rule->protocol->n_attributes; i++)
        if (nwf_rule_field(rule, i)->variable)
            g_hash_table_add(names, nwf_rule_field(rule, i)->variable->name);
}

GHashTable *
nwf_tree_variables(NwfTree *tree)
{
    GHashTableIter nodes;
    gpointer node;

    if (tree->variables)
        return tree->variables;
    tree->variables = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_iter_init(&nodes, tree->nodes);
    while (g_hash_table_iter_next(&nodes, NULL, &node)) {
        const GPtrArray *entries = ((const NwfNode *)node)->filter->entries;

        for (guint i = 0; i < entries->len; i++) {
            const NwfEntry *entry = g_ptr_array_index(entries, i);

            if (entry->rule)
                nwf_rule_add_variables(entry->rule, tree->variables);
        }
    }
    return tree->variables;
}

const char *
nwf_tree_dropped(const NwfTree *tree, const NwfParams *params, const char *name)
{
    const char *dropped = params ? nwf_params_dropped(params, name) : NULL;
    GHashTableIter nodes;
    gpointer node;

    g_hash_table_iter_init(&nodes, tree->nodes);
    while (!dropped && g_hash_table_iter_next(&nodes, NULL, &node)) {
        const GPtrArray *entries = ((const NwfNode *)node)->filter->entries;

        for (guint i = 0; !dropped && i < entries->len; i++) {
            const NwfFilterRef *reference = ((const NwfEntry *)g_ptr_array_index(entries, i))->ref;

            dropped = reference ? nwf_params_dropped(reference->params, name) : NULL;
        }
    }
    return dropped;
}

/* What is known of the missing access @spelling, which begins with a name. */
static void
explain(GString *text, const NwfTree *tree, const NwfParams *params, const char *spelling)
{
    g_autofree char *name = g_strndup(spelling, strcspn(spelling, "["));
    const GPtrArray *list = params ? nwf_params_get(params, name) : NULL;
    const char *dropped = list ? NULL : nwf_tree_dropped(tree, params, name);

    if (list)
        g_string_append_printf(text, _("%s (values: %u, the first has index 0)"), spelling, list->len);
    else if (dropped)
        g_string_append_printf(
            text,
            _("%s (the value '%s' is ignored: it may only have letters, digits, '_', '.', ':', and is not empty)"),
            spelling, dropped);
    else
        g_string_append(text, spelling);
}

char *
nwf_tree_explain_missing(const NwfTree *tree, const NwfParams *params, const GPtrArray *missing, const char *but)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < missing->len; i++) {
        const char *spelling = g_ptr_array_index(missing, i);

        if (g_strcmp0(spelling, but) == 0)
            continue;
        if (text->len)
            g_string_append(text, ", ");
        explain(text, tree, params, spelling);
    }
    return g_string_free(text, FALSE);
}

/* @parents: of each filter that was met, by name, the one that refers to it. */
static char *
way_to(const char *target, const char *from, GHashTable *parents)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    g_ptr_array_add(names, (gpointer)target);
    for (const char *name = target; names->len == 1 || !g_str_equal(name, from);) {
        name = g_hash_table_lookup(parents, name);
        g_ptr_array_add(names, (gpointer)name);
    }
    for (guint i = 0; i < names->len / 2; i++) {
        gpointer *first = &names->pdata[i], *last = &names->pdata[names->len - 1 - i], swapped = *first;

        *first = *last;
        *last = swapped;
    }
    return way_text(names);
}

/* Follows each filter once, without recursion, so that a long chain or a wide net of references costs its size alone.
 */
char *
nwf_tree_way(const NwfFilter *from, const char *target, NwfFilterLookup lookup, gpointer data)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_filter_unref);
    g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func((GDestroyNotify)nwf_filter_unref);

    g_ptr_array_add(waiting, nwf_filter_ref((NwfFilter *)from));
    while (waiting->len > 0) {
        NwfFilter *filter = g_ptr_array_steal_index_fast(waiting, waiting->len - 1);

        g_ptr_array_add(done, filter); /* keeps the names in @seen alive */
        for (guint i = 0; i < filter->entries->len; i++) {
            const NwfEntry *entry = g_ptr_array_index(filter->entries, i);
            NwfFilter *next;

            if (!entry->ref || g_hash_table_contains(seen, entry->ref->filter))
                continue;
            g_hash_table_insert(seen, entry->ref->filter, filter->name);
            if (g_str_equal(entry->ref->filter, target))
                return way_to(target, from->name, seen);
            next = lookup(entry->ref->filter, data);
            if (next)
                g_ptr_array_add(waiting, nwf_filter_ref(next));
        }
    }
    return NULL;
}
