/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-attributes.c: every condition of a rule is printed, with all its operands and its sign
 *
 * A rule is printed as it is, and once more with something of it taken away or turned round: the words must be others.
 */
#include "driver/tech/ebiptables/names.h"
#include "driver/tech/ebiptables/print.h"

#include "every_attribute.h"

static char *
print(const AttributeRule *rule, const NwfPlanRule *copy)
{
    NwfLayer layer = rule->protocol->layer;
    GString *text = g_string_new(NULL);
    guint dscp = 0;
    NwfForm form = nwf_form(layer, copy, &dscp);

    g_string_append_printf(text, "form %d for dscp %u:", (int)form, dscp);
    (nwf_layer_is_ip(layer) ? nwf_print_iptables : nwf_print_ebtables)(text, copy);
    return g_string_free(text, FALSE);
}

/* The words of @copy with its condition at @index left out (NULL), or replaced. */
static char *
print_with(const AttributeRule *rule, const NwfPlanRule *copy, guint index, const NwfCondition *instead)
{
    NwfPlanRule other = *copy;
    g_autoptr(GArray) conditions = g_array_new(FALSE, FALSE, sizeof(NwfCondition));

    g_array_append_vals(conditions, copy->conditions->data, copy->conditions->len);
    if (instead)
        g_array_index(conditions, NwfCondition, index) = *instead;
    else
        g_array_remove_index(conditions, index);
    other.conditions = conditions;
    return print(rule, &other);
}

static void
check_condition(const AttributeRule *rule, const NwfPlanRule *copy, guint index)
{
    const NwfCondition *condition = &g_array_index(copy->conditions, NwfCondition, index);
    const NwfOperand *operand = attribute_operand(rule->protocol, rule->tried[0], condition, copy->swapped);
    NwfCondition other = *condition;
    g_autofree char *whole = print(rule, copy);
    g_autofree char *without = print_with(rule, copy, index, NULL);

    if (g_str_equal(whole, without))
        g_error("%s: a condition is not printed:%s", rule->text, whole);
    if (condition->match != NWF_MATCH_COMMENT && !condition->automatic) {
        other.negated = !condition->negated;
        g_autofree char *turned = print_with(rule, copy, index, &other);
        if (g_str_equal(whole, turned))
            g_error("%s: a sign is not printed:%s", rule->text, whole);
    }
    if (operand && operand != &condition->operands[0]) {
        other = *condition;
        other.operands[operand - condition->operands] = (NwfOperand){.group = -1, .column = -1};
        g_autofree char *shorter = print_with(rule, copy, index, &other);
        if (g_str_equal(whole, shorter))
            g_error("%s: %s is not printed:%s", rule->text, rule->tried[0]->name, whole);
    }
}

static void
check(const AttributeRule *rule)
{
    for (guint i = 0; rule->plan && i < rule->plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(rule->plan->chains, i);
        for (guint j = 0; j < chain->rules->len; j++) {
            const NwfPlanRule *copy = g_ptr_array_index(chain->rules, j);
            for (guint k = 0; k < copy->conditions->len; k++)
                check_condition(rule, copy, k);
        }
    }
}

static void
test_every_condition_is_printed(void)
{
    every_attribute(check);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tech/attributes/printed", test_every_condition_is_printed);
    return g_test_run();
}
