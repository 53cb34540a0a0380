/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-variables.c: references to variables, lists of parameters
 */
#include "story.h"

#include <string.h>

static const struct {
    const char *text;
    const char *spelling; /* NULL: refused */
    guint remarks;
} references[] = {
    {"$NAME", "NAME", 0},
    {"$NAME[@0]", "NAME", 0},
    {"$NAME[@-0]", "NAME", 0},
    {"$NAME[@1]", "NAME[@1]", 0},
    {"$NAME[@1000]", "NAME[@1000]", 0},
    {"$NAME[ @ 1\t]", "NAME[@1]", 0},
    {"$NAME[0]", "NAME[0]", 0},
    {"$NAME[ +07 ]", "NAME[7]", 0},
    {"$NAME[4294967295]", "NAME[4294967295]", 0},
    {"$NAME[-1]", "NAME[4294967295]", 0},
    {"$IP[1]x", "IP[1]", 1},
    {"$IP[1][2]", "IP[1]", 1},
    {"$IP[@0]]", "IP", 1},
    {"$", "", 0},
    {"$[0]", "[0]", 0},
    {"$_9a", "_9a", 0},
    {"$9", "9", 0},
    {"$NAME[@1001]", NULL, 0},
    {"$NAME[@-1]", NULL, 0},
    {"$NAME[4294967296]", NULL, 0},
    {"$NAME[-4294967296]", NULL, 0},
    {"$NAME[99999999999999999999]", NULL, 0},
    {"$NAME[-99999999999999999999]", NULL, 0},
    {"$NAME[]", NULL, 0},
    {"$NAME[ ]", NULL, 0},
    {"$NAME[@]", NULL, 0},
    {"$NAME[@@1]", NULL, 0},
    {"$NAME[x]", NULL, 0},
    {"$NAME[0x1]", NULL, 0},
    {"$NAME[1 x]", NULL, 0},
    {"$NAME[", NULL, 0},
    {"$NAME[1", NULL, 0},
    {"$ NAME", NULL, 0},
    {"$NAME ", NULL, 0},
    {"$A-B", NULL, 0},
    {"$$A", NULL, 0},
    {"$\303\244", NULL, 0},
};

static void
test_references(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(references); i++) {
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfVariable) variable = nwf_variable_parse(references[i].text, notes, &error);
        g_autoptr(GString) spelling = g_string_new(NULL);
        g_test_message("%s", references[i].text);
        g_assert_cmpint(variable != NULL, ==, references[i].spelling != NULL);
        if (!variable) {
            g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
            continue;
        }
        nwf_variable_spelling(spelling, variable);
        g_assert_cmpstr(spelling->str, ==, references[i].spelling);
        g_assert_cmpuint(notes->len, ==, references[i].remarks);
    }
}

static void
test_lists_keep_order_and_duplicates(void)
{
    g_autoptr(NwfParams) params = nwf_params_new();
    const GPtrArray *list = NULL;
    g_assert_true(nwf_params_add(params, "IP", "10.0.0.2"));
    g_assert_true(nwf_params_add(params, "IP", "10.0.0.1"));
    g_assert_true(nwf_params_add(params, "IP", "10.0.0.2"));
    list = nwf_params_get(params, "IP");
    g_assert_cmpuint(list->len, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(list, 0), ==, "10.0.0.2");
    g_assert_cmpstr(g_ptr_array_index(list, 1), ==, "10.0.0.1");
    g_assert_cmpstr(g_ptr_array_index(list, 2), ==, "10.0.0.2");
    nwf_params_remove(params, "IP");
    g_assert_null(nwf_params_get(params, "IP"));
}

static void
test_names_are_ordered_by_bytes(void)
{
    static const char *const expected[] = {"", "1", "A", "MAC", "_", "a", "mac"};
    g_autoptr(NwfParams) params = nwf_params_new();
    g_autoptr(GPtrArray) names = NULL;
    for (guint i = G_N_ELEMENTS(expected); i > 0; i--)
        g_assert_true(nwf_params_add(params, expected[i - 1], "1"));
    names = nwf_params_names(params);
    g_assert_cmpuint(names->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < names->len; i++)
        g_assert_cmpstr(g_ptr_array_index(names, i), ==, expected[i]);
}

static void
test_characters(void)
{
    static const char *const bad_names[] = {"a-b", "a b", "a.b", "\303\244", "a:b", "$A"};
    static const char *const bad_values[] = {"", "a-b", "10.0.0.0/8", "a b", "a,b", "$A", "50%", "\303\274", "a\nb"};
    g_autoptr(NwfParams) params = nwf_params_new();
    g_autoptr(GPtrArray) names = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(bad_names); i++)
        g_assert_false(nwf_params_add(params, bad_names[i], "1"));
    for (guint i = 0; i < G_N_ELEMENTS(bad_values); i++)
        g_assert_false(nwf_params_add(params, "A", bad_values[i]));
    names = nwf_params_names(params);
    g_assert_cmpuint(names->len, ==, 0);
    g_assert_true(nwf_params_add(params, "azAZ09_", "azAZ09_.:"));
}

/* The engine adds MAC to a copy; what the user gave stays as it is. */
static void
test_a_copy_is_another_list(void)
{
    g_autoptr(NwfParams) params = nwf_params_new();
    g_autoptr(NwfParams) copy = NULL;
    nwf_params_add(params, "B", "1");
    nwf_params_add(params, "A", "2");
    nwf_params_add(params, "A", "1");
    copy = nwf_params_copy(params);
    g_assert_cmpuint(nwf_params_get(copy, "A")->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(nwf_params_get(copy, "A"), 0), ==, "2");
    g_assert_cmpstr(g_ptr_array_index(nwf_params_get(copy, "B"), 0), ==, "1");
    nwf_params_add(copy, "A", "3");
    nwf_params_remove(copy, "B");
    g_assert_cmpuint(nwf_params_get(params, "A")->len, ==, 2);
    g_assert_nonnull(nwf_params_get(params, "B"));
}

/* The list may have 4096 values; one more is an error, in a filter as in a binding. */
static void
test_long_lists(void)
{
    g_autoptr(GString) inside = g_string_new("<filterref filter='x'>");
    g_autofree char *good = NULL;
    g_autofree char *bad = NULL;
    g_autoptr(NwfFilter) filter = NULL;
    for (guint i = 0; i < NWF_LIST_MAX; i++)
        g_string_append(inside, "<parameter name='A' value='1'/>");
    g_string_append(inside, "<parameter name='B' value='1'/></filterref>");
    good = story_filter(inside->str);
    filter = story_parse(good, NWF_DIALECT_9);
    g_string_truncate(inside, inside->len - strlen("</filterref>"));
    g_string_append(inside, "<parameter name='A' value='1'/></filterref>");
    bad = story_filter(inside->str);
    story_refused(bad, NWF_DIALECT_9, NWF_ERROR_INTERNAL, "line 1: the parameter 'A' has too many values (limit: 4096)");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/variables/references", test_references);
    g_test_add_func("/conf/variables/lists", test_lists_keep_order_and_duplicates);
    g_test_add_func("/conf/variables/names", test_names_are_ordered_by_bytes);
    g_test_add_func("/conf/variables/characters", test_characters);
    g_test_add_func("/conf/variables/copy", test_a_copy_is_another_list);
    g_test_add_func("/conf/variables/long-lists", test_long_lists);
    return g_test_run();
}
