/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-plan.c: plans as values: equality, the closed port, cost
 */
#include "story.h"

#define ETHERNET_RULE "<rule action='drop' direction='inout'><ip srcipaddr='$IP'/></rule>"
#define IP_RULE       "<rule action='drop' direction='in'><tcp dstportstart='$P' comment='x'/></rule>"

static NwfPlan *
plan_of_rules(const char *rules, const char *params)
{
    g_autoptr(World) world = world_of_rules(rules);
    g_autoptr(GError) error = NULL;
    NwfPlan *plan = plan_of(world, params, &error);

    g_assert_no_error(error);
    return plan;
}

/* A row: does a plan with these rules equal the plan of ETHERNET_RULE and IP_RULE, layer by layer? */
static const struct {
    const char *rules, *params;
    gboolean equal[NWF_LAYERS];
} pairs[] = {
    {ETHERNET_RULE IP_RULE, "IP=1.1.1.1 P=80", {TRUE, TRUE, TRUE}},
    {"\n" IP_RULE "\n\n" ETHERNET_RULE, "IP=1.1.1.1 P=80", {TRUE, TRUE, TRUE}},
    {ETHERNET_RULE IP_RULE, "IP=1.1.1.2 P=80", {FALSE, TRUE, TRUE}},
    {ETHERNET_RULE IP_RULE, "IP=1.1.1.1 P=81", {TRUE, FALSE, TRUE}},
    {ETHERNET_RULE IP_RULE, "IP=1.1.1.1,2.2.2.2 P=80", {FALSE, TRUE, TRUE}},
    {ETHERNET_RULE, "IP=1.1.1.1", {TRUE, FALSE, TRUE}},
    {IP_RULE, "P=80", {FALSE, TRUE, TRUE}},
    {ETHERNET_RULE IP_RULE "<rule action='drop' direction='in'><icmpv6/></rule>",
     "IP=1.1.1.1 P=80",
     {TRUE, TRUE, FALSE}},
    {ETHERNET_RULE "<rule action='drop' direction='in'><tcp dstportstart='80' comment='y'/></rule>",
     "IP=1.1.1.1",
     {TRUE, FALSE, TRUE}},
    {ETHERNET_RULE "<rule action='drop' direction='in'><tcp dstportstart='80'/></rule>",
     "IP=1.1.1.1",
     {TRUE, FALSE, TRUE}},
    {ETHERNET_RULE "<rule action='accept' direction='in' statematch='0'><tcp dstportstart='80' comment='x'/></rule>",
     "IP=1.1.1.1",
     {TRUE, FALSE, TRUE}},
    {ETHERNET_RULE "<rule action='drop' direction='in'><udp dstportstart='80' comment='x'/></rule>",
     "IP=1.1.1.1",
     {TRUE, FALSE, TRUE}},
    {"<rule action='drop' direction='inout'><ip match='no' srcipaddr='$IP'/></rule>" IP_RULE,
     "IP=1.1.1.1 P=80",
     {FALSE, TRUE, TRUE}},
    {"<rule action='drop' direction='out'><ip srcipaddr='$IP'/></rule>" IP_RULE,
     "IP=1.1.1.1 P=80",
     {FALSE, TRUE, TRUE}},
};

static void
test_equality_by_layer(void)
{
    g_autoptr(NwfPlan) plan = plan_of_rules(ETHERNET_RULE IP_RULE, "IP=1.1.1.1 P=80");

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autoptr(NwfPlan) other = plan_of_rules(pairs[i].rules, pairs[i].params);

        for (guint layer = 0; layer < NWF_LAYERS; layer++) {
            g_assert_cmpint(nwf_plan_layer_equal(plan, other, layer), ==, pairs[i].equal[layer]);
            g_assert_cmpint(nwf_plan_layer_equal(other, plan, layer), ==, pairs[i].equal[layer]);
        }
    }
}

static NwfPlan *
plan_with_chain(const char *chain)
{
    g_autoptr(World) world = world_new();
    g_autofree char *document =
        g_strdup_printf("<filter name='sub' chain='%s'><rule action='drop' direction='out'><mac/></rule></filter>"
                        "<filter name='root'><filterref filter='sub'/></filter>",
                        chain);

    world_add(world, document);
    return plan_of(world, NULL, NULL);
}

static void
test_equality_of_chains(void)
{
    g_autoptr(NwfPlan) a = plan_with_chain("arp-a"), same = plan_with_chain("arp-a"), b = plan_with_chain("arp-b");

    g_assert_true(nwf_plan_layer_equal(a, same, NWF_LAYER_ETHERNET));
    g_assert_false(nwf_plan_layer_equal(a, b, NWF_LAYER_ETHERNET));
}

static void
test_no_plan(void)
{
    g_autoptr(NwfPlan) ethernet = plan_of_rules(ETHERNET_RULE, "IP=1.1.1.1"), nothing = plan_of_rules("", NULL);

    g_assert_true(nwf_plan_layer_equal(NULL, NULL, NWF_LAYER_ETHERNET));
    g_assert_true(nwf_plan_layer_equal(NULL, nothing, NWF_LAYER_ETHERNET));
    g_assert_false(nwf_plan_layer_equal(NULL, ethernet, NWF_LAYER_ETHERNET));
    g_assert_false(nwf_plan_layer_equal(ethernet, NULL, NWF_LAYER_ETHERNET));
    g_assert_true(nwf_plan_layer_equal(ethernet, NULL, NWF_LAYER_IPV4));
}

/* A layer with rules that yield no copy is in use and is not the same as a layer without rules. */
static void
test_empty_chains_are_in_use(void)
{
    g_autoptr(NwfPlan) empty =
        plan_of_rules("<rule action='drop' direction='in'><icmp srcmacaddr='1:1:1:1:1:1' state='NEW'/></rule>", NULL);
    g_autoptr(NwfPlan) nothing = plan_of_rules("", NULL);

    g_assert_true(empty->uses[NWF_LAYER_IPV4]);
    g_assert_false(empty->uses[NWF_LAYER_IPV6]);
    g_assert_cmpuint(empty->chains->len, ==, 3);
    g_assert_false(nwf_plan_layer_equal(empty, nothing, NWF_LAYER_IPV4));
}

static void
test_closed_port(void)
{
    g_autoptr(NwfRules) closed = nwf_rules_new_closed();
    NwfPlan *plan = nwf_rules_plan(closed, NULL);
    g_autofree char *text = plan_text(plan);

    g_assert_cmpstr(text, ==, "I DROP\nO DROP\n");
    g_assert_null(((NwfPlanRule *)g_ptr_array_index(((NwfChain *)plan->chains->pdata[0])->rules, 0))->filter);
    g_assert_true(nwf_rules_are_closed(closed));
}

/* Each layer that is asked for, with all its chains, and no other. */
static void
test_closed_at_layers(void)
{
    const gboolean layers[NWF_LAYERS] = {[NWF_LAYER_IPV6] = TRUE};
    g_autoptr(NwfRules) closed = nwf_rules_new_closed_at(layers);
    NwfPlan *plan = nwf_rules_plan(closed, NULL);
    g_autofree char *text = plan_text(plan);

    g_assert_cmpstr(text, ==, "FI6 DROP\nFO6 DROP\nHI6 DROP\n");
    for (NwfLayer layer = 0; layer < NWF_LAYERS; layer++)
        g_assert_cmpint(plan->uses[layer], ==, layers[layer]);
    g_assert_true(nwf_rules_are_closed(closed));
}

/* Everything that a plan is made of may go before it. */
static void
test_plan_outlives_its_sources(void)
{
    NwfPlan *plan = plan_of_rules(ETHERNET_RULE IP_RULE, "IP=1.1.1.1 P=80"), *second = nwf_plan_ref(plan);
    g_autofree char *text = NULL;

    nwf_plan_unref(plan);
    text = plan_text(second);
    g_assert_nonnull(strstr(text, "FO tcp dport=80 comment=x DROP\n"));
    nwf_plan_unref(second);
}

static char *
many_rules(guint n)
{
    GString *rules = g_string_new(NULL);

    for (guint i = 0; i < n; i++)
        g_string_append_printf(rules,
                               "<rule action='accept' direction='out'><ip srcmacaddr='$MAC[0]' srcipaddr='$IP' "
                               "protocol='tcp' dstportstart='%u'/></rule>",
                               i + 1);
    return g_string_free(rules, FALSE);
}

static void
test_cost_of_many_ports(void)
{
    g_autofree char *rules = many_rules(30);
    g_autoptr(World) world = world_of_rules(rules);
    g_autoptr(NwfTemplate) template = template_of(world, "MAC=1:2:3:4:5:6 IP=10.0.0.1", NULL);
    gint64 began = g_get_monotonic_time(), took;

    for (guint i = 0; i < 200; i++) {
        g_autofree char *text = g_strdup_printf("MAC=1:2:3:4:5:%x IP=10.0.0.%u", i, i);
        g_autoptr(NwfParams) params = params_of(text);
        g_autoptr(NwfValues) values = nwf_values_new(template, params, NULL, NULL, NULL);
        g_autoptr(NwfPlan) plan = nwf_plan_new(template, values, NULL);

        g_assert_cmpuint(plan->n_rules, ==, 30);
    }
    took = g_get_monotonic_time() - began;
    g_test_message("200 ports of 30 rules: %" G_GINT64_FORMAT " us", took);
    g_assert_cmpint(took, <, 20 * G_USEC_PER_SEC); /* usually hundredths of a second */
}

static void
test_cost_of_many_rules(void)
{
    g_autofree char *rules = many_rules(100);
    g_autoptr(World) world = world_of_rules(rules);
    g_autoptr(GString) params = g_string_new("MAC=1:2:3:4:5:6 IP=10.0.0.0");
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = NULL;
    gint64 began, took;

    for (guint i = 1; i < 200; i++)
        g_string_append_printf(params, ",10.0.0.%u", i);
    began = g_get_monotonic_time();
    plan = plan_of(world, params->str, &error);
    took = g_get_monotonic_time() - began;
    g_assert_no_error(error);
    g_assert_cmpuint(plan->n_rules, ==, NWF_PORT_RULES_MAX);
    g_test_message("%u rules: %" G_GINT64_FORMAT " us", plan->n_rules, took);
    g_assert_cmpint(took, <, 20 * G_USEC_PER_SEC); /* usually tenths of a second */
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/plan/equality-by-layer", test_equality_by_layer);
    g_test_add_func("/plan/plan/equality-of-chains", test_equality_of_chains);
    g_test_add_func("/plan/plan/no-plan", test_no_plan);
    g_test_add_func("/plan/plan/empty-chains-are-in-use", test_empty_chains_are_in_use);
    g_test_add_func("/plan/plan/closed-port", test_closed_port);
    g_test_add_func("/plan/plan/closed-at-layers", test_closed_at_layers);
    g_test_add_func("/plan/plan/plan-outlives-its-sources", test_plan_outlives_its_sources);
    g_test_add_func("/plan/plan/cost-of-many-ports", test_cost_of_many_ports);
    g_test_add_func("/plan/plan/cost-of-many-rules", test_cost_of_many_rules);
    return g_test_run();
}
