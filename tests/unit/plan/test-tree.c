/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-tree.c: trees of filters and their bounds
 */
#include "story.h"

#include <time.h>

static void
refused(World *world, const char *root, NwfErrorCode code, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfTree) tree = world_tree(world, root, &error);

    g_assert_null(tree);
    g_assert_error(error, NWF_ERROR, (int)code);
    if (strstr(error->message, word) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, word);
}

/* f0 refers to f1, which refers to f2 …, each @times times; the last one has @rules rules. */
static World *
ladder(guint length, guint times, guint rules)
{
    World *world = world_new();

    for (guint i = 0; i < length; i++) {
        g_autoptr(GString) document = g_string_new(NULL);

        g_string_append_printf(document, "<filter name='f%u'>", i);
        for (guint j = 0; i + 1 < length && j < times; j++)
            g_string_append_printf(document, "<filterref filter='f%u'><parameter name='P' value='%u'/></filterref>",
                                   i + 1, j);
        for (guint j = 0; i + 1 == length && j < rules; j++)
            g_string_append(document, "<rule action='drop' direction='out'><mac/></rule>");
        g_string_append(document, "</filter>");
        world_add(world, document->str);
    }
    return world;
}

static void
test_missing_filter(void)
{
    g_autoptr(World) world = world_new();

    world_add(world, "<filter name='root'>\n<filterref filter='there'/>\n<filterref filter='gone'/></filter>"
                     "<filter name='there'>\n\n\n<filterref filter='away'/></filter>");
    refused(world, "nothing", NWF_ERROR_INTERNAL, "'nothing'");
    refused(world, "root", NWF_ERROR_INTERNAL, "filter 'there', reference at line 4: filter 'away' does not exist");
    world_add(world, "<filter name='away'></filter>");
    refused(world, "root", NWF_ERROR_INTERNAL, "filter 'root', reference at line 3: filter 'gone' does not exist");
}

static void
test_loops(void)
{
    g_autoptr(World) world = world_new();

    world_add(world,
              "<filter name='self'><filterref filter='self'/></filter>"
              "<filter name='a'><filterref filter='b'/></filter><filter name='b'><filterref filter='c'/></filter>"
              "<filter name='c'><filterref filter='a'/></filter>");
    refused(world, "self", NWF_ERROR_OPERATION_FAILED, "close a loop: 'self' -> 'self'");
    refused(world, "a", NWF_ERROR_OPERATION_FAILED,
            "filter 'c', reference at line 1: the references close a loop: 'a' -> 'b' -> 'c' -> 'a'");
    world_add(world, "<filter name='top'><filterref filter='ok'/><filterref filter='b'/></filter>"
                     "<filter name='ok'></filter>");
    refused(world, "top", NWF_ERROR_OPERATION_FAILED, "close a loop: 'b' -> 'c' -> 'a' -> 'b'");
}

/* Two ways to one filter are no loop; each way brings its rules. */
static void
test_diamond(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(NwfTree) tree = NULL;

    world_add(world, "<filter name='root'><filterref filter='a'/><filterref filter='b'/></filter><filter "
                     "name='a'><filterref filter='c'/></filter>"
                     "<filter name='b'><filterref filter='c'/></filter><filter name='c'><rule action='drop' "
                     "direction='out'><mac/></rule></filter>");
    assert_world_plan(world, NULL, NULL, "I mac DROP\nI mac DROP\n");
    tree = world_tree(world, "root", NULL);
    g_assert_cmpstr(nwf_tree_root(tree), ==, "root");
    g_assert_true(nwf_tree_uses(tree, "c"));
    g_assert_true(nwf_tree_uses(tree, "root"));
    g_assert_false(nwf_tree_uses(tree, "d"));
}

static void
test_depth(void)
{
    g_autoptr(World) deep = ladder(NWF_TREE_DEPTH_MAX, 1, 1), deeper = ladder(NWF_TREE_DEPTH_MAX + 1, 1, 1);
    g_autoptr(World) endless = ladder(50000, 1, 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfTree) tree = world_tree(deep, "f0", &error);

    g_assert_no_error(error);
    g_assert_nonnull(tree);
    refused(deeper, "f0", NWF_ERROR_INTERNAL, "64");
    refused(endless, "f0", NWF_ERROR_INTERNAL, "64");
}

/* A filter that was seen at a small depth counts with its own height when it is met again further down. */
static void
test_depth_of_a_known_filter(void)
{
    g_autoptr(World) world = ladder(40, 1, 1);
    g_autoptr(GString) text =
        g_string_new("<filter name='root'><filterref filter='f0'/><filterref filter='g0'/></filter>");

    for (guint i = 0; i < 30; i++)
        g_string_append_printf(text, "<filter name='g%u'><filterref filter='%c%u'/></filter>", i,
                               i + 1 < 30 ? 'g' : 'f', i + 1 < 30 ? i + 1 : 0);
    world_add(world, text->str);
    refused(world, "root", NWF_ERROR_INTERNAL, "64");
}

/* Processor time of this process alone: other work on the machine does not count. */
static gint64
own_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Work that grows without a bound would take years; what is done takes milliseconds, also on a slow and busy machine.
 */
static void
assert_bounded(gint64 began)
{
    g_assert_cmpint(own_time() - began, <, 20 * G_USEC_PER_SEC);
}

/* Thirty filters, each twice the next, would be half a milliard of rules: refused before any is made. */
static void
test_doubling(void)
{
    g_autoptr(World) world = ladder(30, 2, 1);
    gint64 began = own_time();

    refused(world, "f0", NWF_ERROR_INTERNAL, "20000");
    assert_bounded(began);
}

/* The same without any rule at the end is an empty tree, and as cheap. */
static void
test_doubling_of_nothing(void)
{
    g_autoptr(World) world = ladder(60, 3, 0);
    gint64 began = own_time();
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfTree) tree = world_tree(world, "f0", &error);
    g_autoptr(GPtrArray) missing = NULL;

    g_assert_no_error(error);
    missing = nwf_tree_missing(tree, NULL);
    g_assert_cmpuint(missing->len, ==, 0);
    assert_bounded(began);
}

static void
test_number_of_rules(void)
{
    g_autoptr(World) full = ladder(3, 100, 2), over = ladder(2, 1, NWF_PORT_RULES_MAX + 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfTree) tree = world_tree(full, "f0", &error);

    g_assert_no_error(error);
    g_assert_nonnull(tree);
    refused(over, "f0", NWF_ERROR_INTERNAL, "20000");
}

/* Rules of a port are counted after lists and copies. */
static void
test_number_of_copies(void)
{
    g_autoptr(GString) params = g_string_new("A=");

    for (guint i = 0; i < 200; i++)
        g_string_append_printf(params, "%s10.0.%u.1", i > 0 ? "," : "", i);
    assert_refused("<rule action='drop' direction='out'>\n<ip srcipaddr='$A[@1]' dstipaddr='$A[@2]'/></rule>",
                   params->str, NWF_ERROR_INTERNAL, "20000", "filter 'root', rule at line 1", NULL);
}

/* Products beyond all numbers are refused as quickly. */
static void
test_product_of_many_lists(void)
{
    g_autoptr(GString) params = g_string_new("A=1:1:1:1:1:0");
    g_autoptr(World) world = world_of_rules(
        "<rule action='drop' direction='out'><arp srcmacaddr='$A[@1]' dstmacaddr='$A[@2]' arpsrcmacaddr='$A[@3]' "
        "arpdstmacaddr='$A[@4]' hwtype='$N[@5]' protocoltype='$N[@6]' opcode='$N[@7]'/></rule>");
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = NULL;
    gint64 began;

    for (guint i = 1; i < NWF_LIST_MAX; i++)
        g_string_append_printf(params, ",1:1:1:1:%x:%x", i / 256, i % 256);
    g_string_append(params, " N=0");
    for (guint i = 1; i < NWF_LIST_MAX; i++)
        g_string_append_printf(params, ",%u", i);
    began = own_time();
    plan = plan_of(world, params->str, &error);
    g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
    g_assert_null(plan);
    assert_bounded(began);
}

/* Few rules behind very many references with parameters: bounded too. */
static void
test_number_of_references(void)
{
    const guint repeats[] = {1600, 1700}; /* of 120 references and parameters */

    for (guint i = 0; i < G_N_ELEMENTS(repeats); i++) {
        g_autoptr(World) world = ladder(60, 1, 1);
        g_autoptr(GString) text = g_string_new("<filter name='root'>");
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfTree) tree = NULL;

        for (guint j = 0; j < repeats[i]; j++)
            g_string_append(text, "<filterref filter='f0'><parameter name='Q' value='1'/></filterref>");
        g_string_append(text, "</filter>");
        world_add(world, text->str);
        tree = world_tree(world, "root", &error);
        if (i == 0)
            g_assert_no_error(error);
        else
            g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
        g_assert_true((tree != NULL) == (i == 0));
        g_assert_true(error == NULL || strstr(error->message, "200000") != NULL);
    }
}

/* Twenty lists in a thousand combinations: refused before four million values are parsed. */
static void
test_number_of_values(void)
{
    g_autoptr(GString) rules = g_string_new(NULL), params = g_string_new(NULL);
    g_autoptr(World) world = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfPlan) plan = NULL;

    for (guint i = 0; i < 1000; i++)
        g_string_append_printf(rules,
                               "<rule action='drop' direction='out'><ip protocol='tcp' srcportstart='$A%u' "
                               "dstportstart='$A%u' dscp='$B%u'/></rule>",
                               i % 10, i / 10 % 10, i / 100);
    for (guint i = 0; i < 10; i++) {
        g_string_append_printf(params, " A%u=0", i);
        for (guint j = 1; j < NWF_LIST_MAX; j++)
            g_string_append(params, ",0");
        g_string_append_printf(params, " B%u=0", i);
        for (guint j = 1; j < NWF_LIST_MAX; j++)
            g_string_append(params, ",0");
    }
    g_strchug(params->str);
    world = world_of_rules(rules->str);
    plan = plan_of(world, params->str, &error);
    g_assert_null(plan);
    g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
    g_assert_nonnull(strstr(error->message, "200000"));
}

static void
assert_way(World *world, const char *from, const char *target, const char *expected)
{
    g_autofree char *way = nwf_tree_way(world_lookup(from, world), target, world_lookup, world);

    g_assert_cmpstr(way, ==, expected);
}

static void
test_ways(void)
{
    g_autoptr(World) world = ladder(20000, 2, 0);
    gint64 began = own_time();

    world_add(world,
              "<filter name='new'><filterref filter='missing'/><filterref filter='f3'/></filter>"
              "<filter name='x'><filterref filter='y'/></filter><filter name='y'><filterref filter='x'/></filter>");
    assert_way(world, "new", "f19999", "'new' -> 'f3' -> 'f4' -> 'f5' -> 'f6' -> … -> 'f19995' -> 'f19996' -> 'f19997' "
                                       "-> 'f19998' -> 'f19999'");
    assert_way(world, "new", "f10", "'new' -> 'f3' -> 'f4' -> 'f5' -> 'f6' -> 'f7' -> 'f8' -> 'f9' -> 'f10'");
    assert_way(world, "new", "missing", "'new' -> 'missing'");
    assert_way(world, "new", "f1", NULL);
    assert_way(world, "new", "new", NULL);
    assert_way(world, "x", "x", "'x' -> 'y' -> 'x'");
    assert_way(world, "x", "z", NULL);
    assert_bounded(began);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/tree/missing-filter", test_missing_filter);
    g_test_add_func("/plan/tree/loops", test_loops);
    g_test_add_func("/plan/tree/diamond", test_diamond);
    g_test_add_func("/plan/tree/depth", test_depth);
    g_test_add_func("/plan/tree/depth-of-a-known-filter", test_depth_of_a_known_filter);
    g_test_add_func("/plan/tree/doubling", test_doubling);
    g_test_add_func("/plan/tree/doubling-of-nothing", test_doubling_of_nothing);
    g_test_add_func("/plan/tree/number-of-rules", test_number_of_rules);
    g_test_add_func("/plan/tree/number-of-copies", test_number_of_copies);
    g_test_add_func("/plan/tree/product-of-many-lists", test_product_of_many_lists);
    g_test_add_func("/plan/tree/number-of-references", test_number_of_references);
    g_test_add_func("/plan/tree/number-of-values", test_number_of_values);
    g_test_add_func("/plan/tree/ways", test_ways);
    return g_test_run();
}
