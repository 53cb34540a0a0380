/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules.c: the rules of one port: a template, and the values that the port supplies
 *
 * The only way from a tree to rules. Ports of one filter share its template, and a port keeps its values when the
 * template changes but needs the same variables. The literal plan, which costs most, is made when somebody first asks
 * for it.
 *
 * The number of rules is known before the first is written, so that a product of long lists costs an error and nothing
 * else.
 */
#include "plan/plan_private.h"
#include "plan/rules.h"

#include <glib/gi18n-lib.h>

struct NwfRules {
    gatomicrefcount refs;
    NwfTemplate *t;
    NwfValues *values; /* NULL: closed rules */
    NwfPlan *plan;     /* NULL until somebody asks */
};

/* How often @rule is written, at most NWF_PORT_RULES_MAX + 1. */
static guint
n_copies(const NwfPlanRule *rule, const NwfValues *values)
{
    guint64 n = 1;

    for (guint i = 0; i < nwf_rule_n_groups(rule) && n <= NWF_PORT_RULES_MAX; i++)
        n *= nwf_rule_tuples(rule, i, values)->n;
    return (guint)MIN(n, NWF_PORT_RULES_MAX + 1);
}

static gboolean
fits(const NwfTemplate *t, const NwfValues *values, GError **error)
{
    const NwfPlanRule *largest = NULL;
    guint total = 0, most = 0;

    for (guint i = 0; i < t->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(t->chains, i);

        for (guint j = 0; j < chain->rules->len; j++) {
            const NwfPlanRule *rule = g_ptr_array_index(chain->rules, j);
            guint n = n_copies(rule, values);

            total = MIN(total + n, NWF_PORT_RULES_MAX + 1);
            if (n > most) {
                most = n;
                largest = rule;
            }
        }
    }
    if (total <= NWF_PORT_RULES_MAX)
        return TRUE;
    return nwf_set_error(error, NWF_ERROR_INTERNAL,
                         _("filter '%s' makes too many rules (limit: %d); most come from the lists of filter '%s', "
                           "rule at line %u"),
                         nwf_tree_root(t->tree), NWF_PORT_RULES_MAX, largest->filter ? largest->filter : "",
                         largest->line);
}

static NwfRules *
rules_of(const NwfTemplate *t, NwfValues *values)
{
    NwfRules *rules = g_new0(NwfRules, 1);

    g_atomic_ref_count_init(&rules->refs);
    rules->t = nwf_template_ref((NwfTemplate *)t);
    rules->values = values;
    return rules;
}

NwfRules *
nwf_rules_new(const NwfTemplate *t, const NwfParams *params, const NwfHost *host, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfValues) values = nwf_values_new(t, params, host, notes, error);

    if (!values || !fits(t, values, error))
        return NULL;
    nwf_values_remark(t, values, notes);
    return rules_of(t, g_steal_pointer(&values));
}

NwfRules *
nwf_rules_of_tree(const NwfTree *tree, const NwfParams *params, const NwfHost *host, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfTemplate) t = nwf_template_new(tree, params, error);

    return t ? nwf_rules_new(t, params, host, notes, error) : NULL;
}

NwfRules *
nwf_rules_with_template(const NwfRules *rules, const NwfTemplate *t, NwfNotes *notes, GError **error)
{
    if (!fits(t, rules->values, error))
        return NULL;
    nwf_values_remark(t, rules->values, notes);
    return rules_of(t, nwf_values_ref(rules->values));
}

NwfRules *
nwf_rules_new_closed_at(const gboolean layers[NWF_LAYERS])
{
    g_autoptr(NwfTemplate) t = nwf_template_closed(layers);

    return rules_of(t, NULL);
}

/* The Ethernet layer sees every frame. */
NwfRules *
nwf_rules_new_closed(void)
{
    static const gboolean ethernet[NWF_LAYERS] = {[NWF_LAYER_ETHERNET] = TRUE};

    return nwf_rules_new_closed_at(ethernet);
}

gboolean
nwf_rules_are_closed(const NwfRules *rules)
{
    return rules->values == NULL;
}

static void
rules_free(NwfRules *rules)
{
    g_clear_pointer(&rules->plan, nwf_plan_unref);
    g_clear_pointer(&rules->values, nwf_values_unref);
    nwf_template_unref(rules->t);
    g_free(rules);
}
NWF_DEFINE_REFS(NwfRules, nwf_rules, rules_free)

NwfPlan *
nwf_rules_plan(NwfRules *rules, GError **error)
{
    if (!rules->plan)
        rules->plan = nwf_plan_new(rules->t, rules->values, error);
    return rules->plan;
}
