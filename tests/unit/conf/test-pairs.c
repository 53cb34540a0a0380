/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-pairs.c: documents and how they are printed, in files
 *
 * pairs/NAME.in.xml is read; pairs/NAME.9.xml and pairs/NAME.11.xml is what libvirt 9.0.0 and 11.3.0 print. All are
 * byte for byte what the stock drivers printed, except for pair06 (dscp of ipv6 is kept), pair08 (an ipset with flags
 * is kept) and pair11 (the range of destination ports has a sign of its own).
 */
#include "story.h"

static char *
read_file(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "pairs", name, NULL);
    char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void
check(const char *name, const char *ending, NwfDialect dialect)
{
    g_autofree char *in_name = g_strdup_printf("%s.in.xml", name);
    g_autofree char *out_name = g_strdup_printf("%s.%s.xml", name, ending);
    g_autofree char *in = read_file(in_name);
    g_autofree char *expected = read_file(out_name);
    g_autofree char *dump = story_dump(in, dialect);
    g_assert_cmpstr(dump, ==, expected);
    story_settled(in, dialect);
}

static void
test_pair(gconstpointer name)
{
    check(name, "9", NWF_DIALECT_9);
    check(name, "11", NWF_DIALECT_11);
    check(name, "11", NWF_DIALECT_12);
}

int
main(int argc, char **argv)
{
    g_autoptr(GDir) folder = NULL;
    g_autofree char *path = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *file = NULL;

    g_test_init(&argc, &argv, NULL);
    path = g_test_build_filename(G_TEST_DIST, "pairs", NULL);
    folder = g_dir_open(path, 0, NULL);
    g_assert_nonnull(folder);
    while ((file = g_dir_read_name(folder))) {
        g_autofree char *test = NULL;
        if (!g_str_has_suffix(file, ".in.xml"))
            continue;
        g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(".in.xml")));
        test = g_strdup_printf("/conf/pairs/%s", (char *)g_ptr_array_index(names, names->len - 1));
        g_test_add_data_func(test, g_ptr_array_index(names, names->len - 1), test_pair);
    }
    g_assert_cmpuint(names->len, >=, 12);
    return g_test_run();
}
