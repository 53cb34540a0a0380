/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-order.c: where rules and jumps stand, and which chains exist
 */
#include "story.h"

#define TYPED(priority, type)                                                                                          \
    "<rule action='drop' direction='out' priority='" priority "'><mac protocolid='" type "'/></rule>"
#define OUT_RULE(priority) "<rule action='drop' direction='out' priority='" priority "'><mac/></rule>"
#define CHAIN(chain)       "<filter name='" chain "' chain='" chain "'>" OUT_RULE("500") "</filter>"

/* A root rule stands before a jump only if its priority is strictly smaller. */
static void
test_jumps_between_rules(void)
{
    g_autoptr(World) world = world_new();

    world_add(world, CHAIN("stp") CHAIN("arp") CHAIN("ipv6") CHAIN("ipv4") CHAIN("vlan") CHAIN("mac"));
    world_add(
        world,
        "<filter name='root'>" TYPED("0", "0x1005") TYPED("-690", "0x1004") TYPED("-700", "0x1003") TYPED("-710",
                                                                                                          "0x1002")
            TYPED("-900",
                  "0x1001") "<filterref filter='stp'/><filterref filter='arp'/><filterref filter='ipv6'/>"
                            "<filterref filter='ipv4'/><filterref filter='vlan'/><filterref filter='mac'/></filter>");
    assert_world_plan(
        world, NULL, "I",
        "I mac type=0x1001 DROP\nI JUMP mac\nI JUMP vlan\nI mac type=0x1002 DROP\nI JUMP ipv4\nI mac type=0x1003 DROP\n"
        "I mac type=0x1004 DROP\nI JUMP ipv6\nI JUMP arp\nI JUMP stp\nI mac type=0x1005 DROP\n");
}

/* Both directions have their own root chain, and only those chains exist that have a rule. */
static void
test_chains_that_exist(void)
{
    g_autoptr(World) world = world_new();

    world_add(
        world,
        "<filter name='four' chain='ipv4'><rule action='drop' direction='out'><ip "
        "dstipaddr='10.0.0.99'/></rule></filter>"
        "<filter name='root'><rule action='accept' direction='inout' priority='400'><mac protocolid='arp'/></rule>"
        "<rule action='drop' direction='out' priority='900'><mac/></rule><filterref filter='four'/></filter>");
    assert_world_plan(
        world, NULL, NULL,
        "I JUMP ipv4\nI mac type=arp ACCEPT\nI mac DROP\nI/ipv4 ip dst=10.0.0.99 DROP\nO mac type=arp ACCEPT\n");
}

static void
test_one_direction_makes_one_chain(void)
{
    assert_plan("<rule action='drop' direction='in'><mac/></rule>", NULL, NULL, "O mac DROP\n");
}

static void
test_only_ip_rules(void)
{
    assert_plan("<rule action='drop' direction='in'><udp/></rule>", NULL, NULL,
                "FI udp DROP\nFO udp DROP\nHI udp DROP\n");
}

static void
test_no_rules_no_chains(void)
{
    assert_plan("", NULL, NULL, "");
}

/* Equal priorities keep document order, also across filters; the sub-chain merges its filters by priority. */
static void
test_sub_chain_of_two_filters(void)
{
    g_autoptr(World) world = world_new();

    world_add(
        world,
        "<filter name='a' chain='arp-x'>" TYPED("500", "0x1001") TYPED(
            "700",
            "0x1002") "</filter>"
                      "<filter name='b' chain='arp-x'>" TYPED("500", "0x1003") TYPED(
                          "600",
                          "0x1004") "</filter>"
                                    "<filter name='root'><filterref filter='a'/><filterref filter='b'/></filter>");
    assert_world_plan(
        world, NULL, NULL,
        "I JUMP arp-x\nI/arp-x mac type=0x1001 DROP\nI/arp-x mac type=0x1003 DROP\nI/arp-x mac type=0x1004 DROP\n"
        "I/arp-x mac type=0x1002 DROP\n");
}

/* A chain belongs below the root, however deep the filter is referenced. */
static void
test_nested_reference_hangs_below_root(void)
{
    g_autoptr(World) world = world_new();

    world_add(world, "<filter name='arp' chain='arp'>" OUT_RULE(
                         "500") "</filter>"
                                "<filter name='four' chain='ipv4'><filterref filter='arp'/>" OUT_RULE(
                                    "500") "</filter>"
                                           "<filter name='root'><filterref filter='four'/></filter>");
    assert_world_plan(world, NULL, NULL, "I JUMP ipv4\nI JUMP arp\nI/ipv4 mac DROP\nI/arp mac DROP\n");
}

/* Mended: jumps of equal priority stand in document order. */
static void
test_equal_priorities_in_document_order(void)
{
    g_autoptr(World) world = world_new();

    world_add(world, "<filter name='b' chain='mac-b' priority='-100'>" OUT_RULE(
                         "500") "</filter>"
                                "<filter name='a' chain='mac-a' priority='-100'>" OUT_RULE(
                                    "400") "</filter>"
                                           "<filter name='c' chain='mac-c' priority='-100'>" OUT_RULE(
                                               "-900") "</filter>"
                                                       "<filter name='root'><filterref filter='b'/><filterref "
                                                       "filter='a'/><filterref filter='c'/></filter>");
    assert_world_plan(world, NULL, "I", "I JUMP mac-b\nI JUMP mac-a\nI JUMP mac-c\n");
}

/* Mended: the smallest priority of a sub-chain counts, wherever its rules stand. */
static void
test_two_priorities_of_one_chain(void)
{
    g_autoptr(World) world = world_new();

    world_add(
        world,
        "<filter name='a' chain='ipv4' priority='-700'>" TYPED(
            "-650", "0x1001") "</filter>"
                              "<filter name='b' chain='ipv4' priority='-100'>" TYPED(
                                  "20",
                                  "0x1002") "</filter>"
                                            "<filter name='root'><filterref filter='a'/><filterref filter='b'/>" TYPED(
                                                "-660", "0x1003") TYPED("-710", "0x1004") "</filter>");
    assert_world_plan(world, NULL, NULL,
                      "I mac type=0x1004 DROP\nI JUMP ipv4\nI mac type=0x1003 DROP\nI/ipv4 mac type=0x1001 "
                      "DROP\nI/ipv4 mac type=0x1002 DROP\n");
}

/* The priority of a chain is a matter of each direction. */
static void
test_priorities_by_direction(void)
{
    g_autoptr(World) world = world_new();

    world_add(world,
              "<filter name='a' chain='ipv4' priority='-700'>" OUT_RULE(
                  "500") "</filter>"
                         "<filter name='b' chain='ipv4' priority='-100'><rule action='drop' "
                         "direction='in'><mac/></rule></filter>"
                         "<filter name='root'><rule action='accept' direction='inout' priority='-300'><mac/></rule>"
                         "<filterref filter='a'/><filterref filter='b'/></filter>");
    assert_world_plan(world, NULL, NULL,
                      "I JUMP ipv4\nI mac ACCEPT\nI/ipv4 mac DROP\nO mac ACCEPT\nO JUMP ipv4\nO/ipv4 mac DROP\n");
}

/* At the IP layers the rules of root filters come first, whatever their priority. */
static void
test_ip_rules_of_root_come_first(void)
{
    g_autoptr(World) world = world_new();

    world_add(
        world,
        "<filter name='four' chain='ipv4'><rule action='drop' direction='out' priority='-900'><tcp/></rule></filter>"
        "<filter name='root'><filterref filter='four'/><rule action='drop' direction='out' priority='900'><udp/></rule>"
        "<rule action='drop' direction='out' priority='100'><esp/></rule></filter>");
    assert_world_plan(world, NULL, "FI", "FI esp DROP\nFI udp DROP\nFI tcp DROP\n");
}

/* Each copy of an iterated rule stands at the place of the rule, also between others. */
static void
test_copies_stand_together(void)
{
    assert_plan("<rule action='drop' direction='out' priority='1'><mac protocolid='arp'/></rule>"
                "<rule action='accept' direction='inout' priority='2'><ip srcipaddr='$IP'/></rule>"
                "<rule action='drop' direction='out' priority='3'><mac/></rule>",
                "IP=1.1.1.1,2.2.2.2", NULL,
                "I mac type=arp DROP\nI ip dst=1.1.1.1 ACCEPT\nI ip dst=2.2.2.2 ACCEPT\nI mac DROP\nO ip src=1.1.1.1 "
                "ACCEPT\nO ip src=2.2.2.2 ACCEPT\n");
}

/* A jump of the plan leads into the plan, not into the template. */
static void
test_jumps_lead_into_the_plan(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = NULL;
    const NwfChain *root, *sub;

    world_add(world, CHAIN("arp") "<filter name='root'><filterref filter='arp'/></filter>");
    plan = plan_of(world, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(plan->chains->len, ==, 2);
    root = g_ptr_array_index(plan->chains, 0);
    sub = g_ptr_array_index(plan->chains, 1);
    g_assert_true(((NwfPlanRule *)g_ptr_array_index(root->rules, 0))->target == sub);
    g_assert_null(root->kind);
    g_assert_cmpuint(sub->kind->ethertype, ==, 0x0806);
}

/* Every rule knows where it was written. */
static void
test_rules_know_their_place(void)
{
    g_autoptr(World) world = world_of_rules("\n\n<rule action='drop' direction='out'><tcp dstportstart='$P'/></rule>");
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = plan_of(world, "P=1,2", &error);

    g_assert_no_error(error);
    for (guint i = 0; i < plan->chains->len; i++) {
        const NwfChain *chain = g_ptr_array_index(plan->chains, i);

        for (guint j = 0; j < chain->rules->len; j++) {
            const NwfPlanRule *rule = g_ptr_array_index(chain->rules, j);

            g_assert_cmpstr(rule->filter, ==, "root");
            g_assert_cmpuint(rule->line, ==, 3);
            g_assert_cmpint(rule->swapped, ==, chain->hook == NWF_HOOK_FORWARD_OUT);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/order/jumps-between-rules", test_jumps_between_rules);
    g_test_add_func("/plan/order/chains-that-exist", test_chains_that_exist);
    g_test_add_func("/plan/order/one-direction-makes-one-chain", test_one_direction_makes_one_chain);
    g_test_add_func("/plan/order/only-ip-rules", test_only_ip_rules);
    g_test_add_func("/plan/order/no-rules-no-chains", test_no_rules_no_chains);
    g_test_add_func("/plan/order/sub-chain-of-two-filters", test_sub_chain_of_two_filters);
    g_test_add_func("/plan/order/nested-reference-hangs-below-root", test_nested_reference_hangs_below_root);
    g_test_add_func("/plan/order/equal-priorities-in-document-order", test_equal_priorities_in_document_order);
    g_test_add_func("/plan/order/two-priorities-of-one-chain", test_two_priorities_of_one_chain);
    g_test_add_func("/plan/order/priorities-by-direction", test_priorities_by_direction);
    g_test_add_func("/plan/order/ip-rules-of-root-come-first", test_ip_rules_of_root_come_first);
    g_test_add_func("/plan/order/copies-stand-together", test_copies_stand_together);
    g_test_add_func("/plan/order/jumps-lead-into-the-plan", test_jumps_lead_into_the_plan);
    g_test_add_func("/plan/order/rules-know-their-place", test_rules_know_their_place);
    return g_test_run();
}
