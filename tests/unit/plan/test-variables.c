/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-variables.c: lists, iterators, scopes, and values that do not fit
 */
#include "story.h"

/* The letters of the table below as addresses. */
#define LISTS                                                                                                          \
    "A=10.0.0.1,10.0.0.2 B=10.0.1.1,10.0.1.2 C=10.0.2.1,10.0.2.2,10.0.2.3 D=10.0.3.1,10.0.3.2,10.0.3.1 "               \
    "E=10.0.4.1,10.0.4.2,10.0.4.1 F=10.0.5.1,10.0.5.2,10.0.5.3"

static const char letters[] = "abcdef";

/* Which combinations a rule with one or two variables makes, in order. */
static const struct {
    const char *first, *second, *expected;
} iterations[] = {
    {"$A", NULL, "a1 / a2"},
    {"$A", "$B", "a1 b1 / a2 b2"},
    {"$A[@1]", "$C[@2]", "a1 c1 / a2 c1 / a1 c2 / a2 c2 / a1 c3 / a2 c3"},
    {"$A[@2]", "$C[@1]", "a1 c1 / a2 c1 / a1 c2 / a2 c2 / a1 c3 / a2 c3"},
    {"$A", "$C[@1]", "a1 c1 / a2 c1 / a1 c2 / a2 c2 / a1 c3 / a2 c3"},
    {"$A[@1]", "$C", "a1 c1 / a1 c2 / a1 c3 / a2 c1 / a2 c2 / a2 c3"},
    {"$A[@1]", "$A[@2]", "a1 a1 / a2 a1 / a1 a2 / a2 a2"},
    {"$A", "$A", "a1 a1 / a2 a2"},
    {"$A[@0]", "$A", "a1 a1 / a2 a2"},
    {"$A[1]", "$C", "a2 c1 / a2 c2 / a2 c3"},
    {"$A[1]", "$A[0]", "a2 a1"},
    {"$A[1]", "$A[1]", "a2 a2"},
    {"$A[1]", "$A", "a2 a1 / a2 a2"},
    {"$D", NULL, "d1 / d2"},
    {"$D", "$E", "d1 e1 / d2 e2"},
    {"$D", "$F", "d1 f1 / d2 f2 / d1 f3"},
    {"$D[@1]", "$B[@2]", "d1 b1 / d2 b1 / d1 b2 / d2 b2"},
};

static void
put_address(GString *out, const NwfCondition *condition)
{
    const guint8 *address = condition->operands[0].value.address;

    g_string_append_printf(out, "%c%u", letters[address[2]], address[3]);
}

static char *
combinations_of(const NwfPlan *plan)
{
    const NwfChain *chain = g_ptr_array_index(plan->chains, 0);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < chain->rules->len; i++) {
        const NwfPlanRule *rule = g_ptr_array_index(chain->rules, i);

        g_string_append(out, i > 0 ? " / " : "");
        for (guint j = 0; j < rule->conditions->len; j++) {
            g_string_append(out, j > 0 ? " " : "");
            put_address(out, &g_array_index(rule->conditions, NwfCondition, j));
        }
    }
    return g_string_free(out, FALSE);
}

static char *
rule_with(const char *first, const char *second)
{
    g_autofree char *other = second != NULL ? g_strdup_printf("dstipaddr='%s'", second) : g_strdup("");

    return g_strdup_printf("<rule action='drop' direction='out'><ip srcipaddr='%s' %s/></rule>", first, other);
}

static void
test_iterations(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(iterations); i++) {
        g_autofree char *rules = rule_with(iterations[i].first, iterations[i].second);
        g_autoptr(World) world = world_of_rules(rules);
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfPlan) plan = plan_of(world, LISTS, &error);
        g_autofree char *made = NULL;

        g_assert_no_error(error);
        made = combinations_of(plan);
        g_assert_cmpstr(made, ==, iterations[i].expected);
    }
}

/* Iterators count from their first use in the text: elements as written, not the table of attributes. */
static void
test_elements_in_document_order(void)
{
    g_autoptr(World) world = world_of_rules("<rule action='drop' direction='out'>"
                                            "<ip dstipaddr='$B[@1]'/><ip srcipaddr='$A[@2]'/></rule>");
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = plan_of(world, LISTS, &error);
    g_autofree char *made = NULL;

    g_assert_no_error(error);
    made = combinations_of(plan);
    g_assert_cmpstr(made, ==, "a1 b1 / a1 b2 / a2 b1 / a2 b2");
}

/* A single value beside a list is an error too: values are not repeated. */
static void
test_uneven_lists(void)
{
    g_autofree char *two_and_three = rule_with("$A", "$C"), *one_and_two = rule_with("$ONE", "$A");

    assert_refused(two_and_three, LISTS, NWF_ERROR_INTERNAL, "'root'", "dstipaddr='$C'", "'A'", "2", "3", NULL);
    assert_refused(one_and_two, LISTS " ONE=1.1.1.1", NWF_ERROR_INTERNAL, "dstipaddr='$A'", "'ONE'", NULL);
}

/* One variable may be an address here and a port there, by itself or hand in hand; repeated values are skipped in both.
 */
static void
test_one_list_in_two_types(void)
{
    assert_plan("<rule action='drop' direction='out'><ip srcipaddr='$N' protocol='udp' srcportstart='$N[@1]'/></rule>",
                "N=7,8,7", "I",
                "I ip src=0.0.0.7 proto=udp sport=7 DROP\nI ip src=0.0.0.8 proto=udp sport=7 DROP\n"
                "I ip src=0.0.0.7 proto=udp sport=8 DROP\nI ip src=0.0.0.8 proto=udp sport=8 DROP\n");
    assert_plan("<rule action='drop' direction='out'><ip srcipaddr='$N' protocol='udp' srcportstart='$N'/></rule>",
                "N=7,8", "I", "I ip src=0.0.0.7 proto=udp sport=7 DROP\nI ip src=0.0.0.8 proto=udp sport=8 DROP\n");
}

/* Lists of attributes that make no condition multiply the rule all the same, and must exist. */
static void
test_unused_attributes_take_part(void)
{
    assert_plan("<rule action='drop' direction='out'><ip srcipaddr='1.1.1.1' comment='$X'/></rule>", "X=a,b", NULL,
                "I ip src=1.1.1.1 DROP\nI ip src=1.1.1.1 DROP\n");
    assert_refused("<rule action='drop' direction='out'><ip comment='$X'/></rule>", NULL, NWF_ERROR_INTERNAL,
                   "comment='$X'", NULL);
}

static const char scopes[] =
    "<filter name='leaf'><rule action='drop' direction='out'><udp dstportstart='$P'/></rule></filter>"
    "<filter name='middle'><filterref filter='leaf'><parameter name='P' value='3'/></filterref>"
    "<filterref filter='leaf'/></filter>"
    "<filter name='root'><filterref filter='middle'><parameter name='P' value='2'/><parameter name='P' "
    "value='22'/></filterref></filter>";

/* The outer reference wins over the inner one, as a whole list; the binding wins over both. */
static void
test_outermost_wins(void)
{
    g_autoptr(World) world = world_new();

    world_add(world, scopes);
    assert_world_plan(world, NULL, "FI",
                      "FI udp dport=2 DROP\nFI udp dport=22 DROP\nFI udp dport=2 DROP\nFI udp dport=22 DROP\n");
    assert_world_plan(world, "P=1", "FI", "FI udp dport=1 DROP\nFI udp dport=1 DROP\n");
}

/* A parameter is seen in the referenced filter and below, not beside it and not where it is written. */
static void
test_parameters_stay_below(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(NwfParams) none = nwf_params_new();
    g_autoptr(NwfTree) tree = NULL;
    g_autoptr(GPtrArray) missing = NULL;

    world_add(
        world,
        "<filter name='leaf'><rule action='drop' direction='out'><udp dstportstart='$P'/></rule></filter>"
        "<filter name='other'><rule action='drop' direction='out'><udp dstportstart='$P[@1]'/></rule></filter>"
        "<filter name='root'><filterref filter='leaf'><parameter name='P' value='3'/></filterref>"
        "<filterref filter='other'/><rule action='drop' direction='out'><udp srcportstart='$P[0]'/></rule></filter>");
    tree = world_tree(world, "root", NULL);
    missing = nwf_tree_missing(tree, none);
    g_assert_cmpuint(missing->len, ==, 2);
    g_assert_cmpstr(missing->pdata[0], ==, "P[@1]");
    g_assert_cmpstr(missing->pdata[1], ==, "P[0]");
}

/* The same filter referenced twice has each time its own values. */
static void
test_two_references_two_values(void)
{
    g_autoptr(World) world = world_new();

    world_add(world, "<filter name='leaf'><rule action='drop' direction='out'><udp dstportstart='$P'/></rule></filter>"
                     "<filter name='root'><filterref filter='leaf'><parameter name='P' value='3'/></filterref>"
                     "<filterref filter='leaf'><parameter name='P' value='4'/></filterref></filter>");
    assert_world_plan(world, NULL, "FI", "FI udp dport=3 DROP\nFI udp dport=4 DROP\n");
}

/* Each access without value is named once, with its brackets, in order of first use. */
static void
test_missing_accesses(void)
{
    g_autoptr(World) world =
        world_of_rules("<rule action='drop' direction='out'><ip srcipaddr='$IP' dstipaddr='$FOO[2]'/></rule>"
                       "<rule action='drop' direction='out'><ip srcipaddr='$IP[@1]' dstipaddr='$IP'/></rule>"
                       "<rule action='drop' direction='out'><mac srcmacaddr='$MAC'/></rule>");
    g_autoptr(NwfParams) some = params_of("MAC=1:2:3:4:5:6 FOO=1.1.1.1,2.2.2.2");
    g_autoptr(NwfTree) tree = world_tree(world, "root", NULL);
    g_autoptr(GPtrArray) missing = nwf_tree_missing(tree, some);

    g_assert_cmpuint(missing->len, ==, 3);
    g_assert_cmpstr(missing->pdata[0], ==, "IP");
    g_assert_cmpstr(missing->pdata[1], ==, "FOO[2]");
    g_assert_cmpstr(missing->pdata[2], ==, "IP[@1]");
}

static void
test_nothing_missing(void)
{
    g_autoptr(World) world = world_of_rules(
        "<rule action='drop' direction='out'><ip srcipaddr='$IP[1]'/></rule><rule action='drop' direction='in'/>");
    g_autoptr(NwfParams) some = params_of("IP=1.1.1.1,2.2.2.2");
    g_autoptr(NwfTree) tree = world_tree(world, "root", NULL);
    g_autoptr(GPtrArray) missing = nwf_tree_missing(tree, some);

    g_assert_cmpuint(missing->len, ==, 0);
}

/* A template made for a port with the variable meets a port without it, or with a shorter list. */
static void
test_port_without_value(void)
{
    g_autoptr(World) world = world_of_rules("<rule action='drop' direction='out'><ip srcipaddr='$IP[1]'/></rule>");
    g_autoptr(NwfParams) none = nwf_params_new(), one = params_of("IP=1.1.1.1");
    g_autoptr(NwfTemplate) template = template_of(world, "IP=1.1.1.1,2.2.2.2", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(nwf_values_new(template, none, NULL, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
    g_clear_error(&error);
    g_assert_null(nwf_values_new(template, one, NULL, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
    g_assert_nonnull(strstr(error->message, "$IP[1]"));
}

/* A text that is not of the attribute's type never gets near a tool. */
static const struct {
    const char *attribute, *value;
} misfits[] = {
    {"<ip srcipaddr='$V'/>", "host.example.org"},
    {"<ip srcipaddr='$V'/>", "fe80::1"},
    {"<ipv6 srcipaddr='$V'/>", "10.0.0.1"},
    {"<ip srcipaddr='1.1.1.1' srcipmask='$V'/>", "33"},
    {"<tcp dstportstart='$V'/>", "70000"},
    {"<tcp dstportstart='$V'/>", "nosuchservice"},
    {"<mac srcmacaddr='$V'/>", "1:2:3:4:5"},
    {"<mac protocolid='$V'/>", "ipv7"},
    {"<icmp type='$V'/>", "256"},
    {"<tcp dscp='$V'/>", "64"},
    {"<tcp connlimit-above='$V'/>", "0x5"},
    {"<tcp state='$V'/>", "NEWX"},
    {"<tcp flags='$V'/>", "SYN"},
    {"<tcp ipset='x' ipsetflags='$V'/>", "both"},
    {"<vlan vlanid='$V'/>", "4096"},
    {"<arp opcode='$V'/>", "Shout"},
    {"<tcp option='$V'/>", "300"},
    {"<stp root-cost='$V'/>", "4294967296"},
};

static void
test_values_that_do_not_fit(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(misfits); i++) {
        g_autofree char *rules = g_strdup_printf("<rule action='drop' direction='out'>%s</rule>", misfits[i].attribute);
        g_autofree char *params = g_strdup_printf("V=%s", misfits[i].value);

        assert_refused(rules, params, NWF_ERROR_INTERNAL, "filter 'root', rule at line 1", "='$V'", misfits[i].value,
                       NULL);
    }
}

/* Ports may be names of services of this host, and ranges, as users rely on. */
static void
test_ports_by_name_and_range(void)
{
    assert_plan("<rule action='drop' direction='out'><tcp dstportstart='$V'/></rule>", "V=http,22:25,7:7", "FI",
                "FI tcp dport=80 DROP\nFI tcp dport=22-25 DROP\nFI tcp dport=7 DROP\n");
}

/* Values that a literal would have had: states, flags, comments. */
static void
test_values_of_every_kind(void)
{
    assert_plan("<rule action='drop' direction='out'><tcp state='$S' comment='$C'/></rule>", "S=NEW C=hello", NULL,
                "FI tcp state=NEW comment=hello DROP\nFO (empty)\nHI tcp state=NEW comment=hello DROP\n");
    assert_plan("<rule action='drop' direction='out'><tcp state='$S'/></rule>", "S=NONE", "FI", "FI tcp DROP\n");
    assert_plan("<rule action='drop' direction='in'><arp gratuitous='$G'/></rule>", "G=true", "O",
                "O arp gratuitous=true DROP\n");
    assert_plan("<rule action='drop' direction='in'><arp gratuitous='$G' opcode='1'/></rule>", "G=false", "O",
                "O arp op=Request DROP\n");
    assert_plan("<rule action='drop' direction='out'><all ipset='$N' ipsetflags='$F'/></rule>", "N=web F=src", NULL,
                "FI all set=web:src DROP\nFO all set=web:dst DROP\nHI all set=web:src DROP\n");
}

/* A list in a negated condition matches everything; that is worth a remark. */
static void
test_negated_list_is_remarked(void)
{
    g_autoptr(World) world =
        world_of_rules("<rule action='drop' direction='inout'><ip match='no' srcipaddr='$IP'/></rule>");
    g_autoptr(NwfTemplate) template = template_of(world, "IP=1.1.1.1", NULL);
    g_autoptr(NwfParams) one = params_of("IP=1.1.1.1,1.1.1.1"), two = params_of("IP=1.1.1.1,2.2.2.2");
    g_autoptr(GPtrArray) notes = nwf_notes_new();
    g_autoptr(NwfRules) quiet = nwf_rules_new(template, one, NULL, notes, NULL), loud = NULL;

    g_assert_nonnull(quiet);
    g_assert_cmpuint(notes->len, ==, 0);
    loud = nwf_rules_new(template, two, NULL, notes, NULL);
    g_assert_nonnull(loud);
    g_assert_cmpuint(notes->len, ==, 1);
    g_assert_nonnull(strstr(notes->pdata[0], "filter 'root', rule at line 1"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/variables/iterations", test_iterations);
    g_test_add_func("/plan/variables/elements-in-document-order", test_elements_in_document_order);
    g_test_add_func("/plan/variables/uneven-lists", test_uneven_lists);
    g_test_add_func("/plan/variables/one-list-in-two-types", test_one_list_in_two_types);
    g_test_add_func("/plan/variables/unused-attributes-take-part", test_unused_attributes_take_part);
    g_test_add_func("/plan/variables/outermost-wins", test_outermost_wins);
    g_test_add_func("/plan/variables/parameters-stay-below", test_parameters_stay_below);
    g_test_add_func("/plan/variables/two-references-two-values", test_two_references_two_values);
    g_test_add_func("/plan/variables/missing-accesses", test_missing_accesses);
    g_test_add_func("/plan/variables/nothing-missing", test_nothing_missing);
    g_test_add_func("/plan/variables/port-without-value", test_port_without_value);
    g_test_add_func("/plan/variables/values-that-do-not-fit", test_values_that_do_not_fit);
    g_test_add_func("/plan/variables/ports-by-name-and-range", test_ports_by_name_and_range);
    g_test_add_func("/plan/variables/values-of-every-kind", test_values_of_every_kind);
    g_test_add_func("/plan/variables/negated-list-is-remarked", test_negated_list_is_remarked);
    return g_test_run();
}
