/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-review.c: what only other filters show to mean nothing, and what is said of variables without value
 */
#include "plan/review.h"
#include "story.h"

#include <string.h>

static const char *const filters =
    "<filter name='leaf'><rule action='drop' direction='out'><udp dstportstart='$PORT'/></rule></filter>"
    "<filter name='inner'><filterref filter='leaf'/></filter>"
    "<filter name='broken'><filterref filter='leaf'/><filterref filter='gone'/></filter>"
    "<filter name='empty'></filter>"
    "<filter name='around'><filterref filter='circle'/></filter>"
    "<filter name='circle'><filterref filter='around'/></filter>";

/* What a filter refers to, from line 2 on, and the remarks on it, which are separated by newlines. */
static const char *const references[][2] = {
    {"<filterref filter='leaf'/>", ""},
    {"<filterref filter='leaf'><parameter name='PORT' value='1'/></filterref>", ""},
    {"<filterref filter='inner'><parameter name='PORT' value='1'/></filterref>", ""},
    {"<filterref filter='leaf'><parameter name='DHCPSERVER' value='1'/></filterref>", ""},
    {"<filterref filter='gone'/>", "filter 'new', reference at line 2: filter 'gone' does not exist: no port can use this filter"},
    {"<filterref filter='gone'><parameter name='X' value='1'/></filterref>\n<filterref filter='away'/>",
     "filter 'new', reference at line 2: filter 'gone' does not exist: no port can use this filter\n"
     "filter 'new', reference at line 3: filter 'away' does not exist: no port can use this filter"},
    {"<filterref filter='inner'><parameter name='HOST' value='1'/></filterref>",
     "filter 'new', reference at line 2: the parameter 'HOST' has no effect: no rule of filter 'inner' and those it refers to uses it"},
    {"<filterref filter='empty'><parameter name='PORT' value='1'/></filterref>",
     "filter 'new', reference at line 2: the parameter 'PORT' has no effect: no rule of filter 'empty' and those it refers to uses it"},
    {"<filterref filter='leaf'><parameter name='port' value='1'/></filterref>",
     "filter 'new', reference at line 2: the parameter 'port' has no effect: no rule of filter 'leaf' and those it refers to uses it; "
     "they use 'PORT', and names are case sensitive"},
    {"<filterref filter='leaf'><parameter name='MAC' value='1:2:3:4:5:6'/></filterref>",
     "filter 'new', reference at line 2: the parameter 'MAC' has no effect: each binding gives it"},
    {"<filterref filter='leaf'><parameter name='CTRL_IP_LEARNIG' value='dhcp'/></filterref>",
     "filter 'new', reference at line 2: the parameter 'CTRL_IP_LEARNIG' has no effect: no rule of filter 'leaf' and those it refers to "
     "uses it"},
    {"<filterref filter='leaf'><parameter name='IP' value='10.0.0.5'/></filterref>",
     "filter 'new', reference at line 2: the parameter 'IP' has no effect: no rule of filter 'leaf' and those it refers to uses it"},
    {"<filterref filter='leaf'><parameter name='CTRL_IP_LEARNING' value='dhcp'/></filterref>",
     "filter 'new', reference at line 2: the parameter 'CTRL_IP_LEARNING' has no effect: it counts in a binding alone"},
    /* what the missing filter would use nobody knows */
    {"<filterref filter='broken'><parameter name='HOST' value='1'/></filterref>", ""},
    {"<filterref filter='around'><parameter name='HOST' value='1'/></filterref>",
     "filter 'new', reference at line 2: the parameter 'HOST' has no effect: no rule of filter 'around' and those it refers to uses it"},
};

static char *
joined(NwfNotes *notes)
{
    g_ptr_array_add(notes, NULL);
    return g_strjoinv("\n", (char **)notes->pdata);
}

static void
test_references(void)
{
    g_autoptr(World) world = world_new();

    world_add(world, filters);
    for (guint i = 0; i < G_N_ELEMENTS(references); i++) {
        g_autofree char *document = g_strdup_printf("<filter name='new'>\n%s</filter>", references[i][0]);
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_autofree char *text = NULL;

        world_add(world, document);
        nwf_review_references(world_lookup("new", world), world_lookup, world, notes);
        text = joined(notes);
        g_assert_cmpstr(text, ==, references[i][1]);
    }
}

/* A filter that refers 20,000 times to the next, whose 20,000 rules use other variables each. */
static void
test_wide_references(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GString) leaf = g_string_new("<filter name='leaf'>");
    g_autoptr(GString) root = g_string_new("<filter name='root'>");
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    gint64 began = 0;

    for (guint i = 0; i < 20000; i++) {
        g_string_append_printf(leaf, "<rule action='drop' direction='out'><udp dstportstart='$P%u'/></rule>", i);
        g_string_append_printf(root, "<filterref filter='leaf'><parameter name='Q%u' value='1'/></filterref>", i);
    }
    g_string_append(leaf, "</filter>");
    g_string_append(root, "</filter>");
    world_add(world, leaf->str);
    world_add(world, root->str);
    began = g_get_monotonic_time();
    nwf_review_references(world_lookup("root", world), world_lookup, world, notes);
    g_assert_cmpuint(notes->len, ==, NWF_NOTES_MAX + 1);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 10 * G_USEC_PER_SEC);
}

#define NO_EFFECT(name) "port 'v': the parameter '" name "' has no effect: no rule of filter 'inner' and those it refers to uses it"
#define NO_CONTROL(name) \
    NO_EFFECT(name) "; those that control learning are CTRL_IP_LEARNING, CTRL_IP_MAX, CTRL_IP_ALLOWED, DHCPSERVER"

/* Variables of a binding, and the remarks on them. */
static const char *const bindings[][2] = {
    {"PORT=1", ""},
    {"PORT=1 MAC=1:2:3:4:5:6 DHCPSERVER=10.0.0.1 CTRL_IP_LEARNING=any CTRL_IP_MAX=2 CTRL_IP_ALLOWED=10.0.0.1", ""},
    {"CTRL_IP_LEARNIG=dhcp", NO_CONTROL("CTRL_IP_LEARNIG")},
    {"ctrl_ip_learning=dhcp", NO_CONTROL("ctrl_ip_learning")},
    /* an address is reserved for the port, whatever its rules use */
    {"IP=10.0.0.5", ""},
    {"IP=2001:db8::1,10.0.0.5", ""},
    {"IP=2001:db8::1", NO_EFFECT("IP")},
    {"IP=0.0.0.0", NO_EFFECT("IP")},
    {"IP=10.0.0", NO_EFFECT("IP")},
    {"PORT=1 HOST=2", "port 'v': the parameter 'HOST' has no effect: no rule of filter 'inner' and those it refers to uses it"},
    {"Port=1",
     "port 'v': the parameter 'Port' has no effect: no rule of filter 'inner' and those it refers to uses it; they use 'PORT', and "
     "names are case sensitive"},
};

static void
test_bindings(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(NwfTree) tree = NULL;

    world_add(world, filters);
    tree = world_tree(world, "inner", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(bindings); i++) {
        g_autoptr(NwfParams) params = params_of(bindings[i][0]);
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_autofree char *text = NULL;

        nwf_review_params("port 'v'", tree, params, notes);
        text = joined(notes);
        g_assert_cmpstr(text, ==, bindings[i][1]);
    }
}

static NwfParams *
given_params(const char *inside)
{
    g_autofree char *xml = g_strdup_printf(
        "<filter name='f'><filterref filter='g'>%s</filterref></filter>", inside);
    g_autoptr(NwfFilter) filter = nwf_filter_parse(xml, &(NwfReading){.dialect = NWF_DIALECT_9}, NULL, NULL);

    return nwf_params_copy(((NwfEntry *)g_ptr_array_index(filter->entries, 0))->ref->params);
}

/* What the message about missing values says of each; texts stand as their authors wrote them. */
static void
test_what_is_missing(void)
{
    g_autoptr(World) world = world_of_rules(
        "<rule action='drop' direction='out'><udp dstportstart='$PORT[5]' srcportstart='$PORT[ -1]'/></rule>"
        "<rule action='drop' direction='out'><ip srcipaddr='$NET' dstipaddr='$IP'/></rule>"
        "<rule action='drop' direction='out'><udp dstportstart='$NONE'/></rule>");
    g_autoptr(NwfParams) params = given_params("<parameter name='PORT' value='1'/><parameter name='PORT' value='2'/>"
                                               "<parameter name='NET' value='10.0.0.0/8'/>"
                                               "<parameter name='NET' value='11.0.0.0/8'/>");
    g_autoptr(NwfTree) tree = world_tree(world, "root", NULL);
    g_autoptr(GPtrArray) missing = nwf_tree_missing(tree, params);
    g_autofree char *text = nwf_tree_explain_missing(tree, params, missing, "IP");

    g_assert_cmpstr(text, ==,
                    "PORT[ -1] (values: 2, the first has index 0), PORT[5] (values: 2, the first has index 0), "
                    "NET (the value '10.0.0.0/8' is ignored: it may only have letters, digits, '_', '.', ':', and is not empty), NONE");
}

/* A default in a reference that was dropped is named, too. */
static void
test_a_dropped_default(void)
{
    g_autoptr(World) world = world_new();
    g_autoptr(NwfTree) tree = NULL;
    g_autoptr(GPtrArray) missing = NULL;
    g_autofree char *text = NULL;

    world_add(world, filters);
    world_add(world, "<filter name='root'><filterref filter='leaf'><parameter name='PORT' value='80-90'/></filterref>"
                     "</filter>");
    tree = world_tree(world, "root", NULL);
    missing = nwf_tree_missing(tree, NULL);
    text = nwf_tree_explain_missing(tree, NULL, missing, NULL);
    g_assert_true(g_str_has_prefix(text, "PORT (the value '80-90' is ignored"));
}

/* The filters that libvirt ships refer to each other without a remark. */
static void
test_shipped(void)
{
    static const char folder[] = "/usr/share/libvirt/nwfilter";
    g_autoptr(World) world = world_new();
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    GHashTableIter all;
    gpointer filter;
    const char *name;

    if (!dir) {
        g_test_skip("libvirt's filters are not installed");
        return;
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        world_add(world, text);
    }
    g_assert_cmpuint(g_hash_table_size(world), >=, 24);
    g_hash_table_iter_init(&all, world);
    while (g_hash_table_iter_next(&all, NULL, &filter)) {
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_autofree char *text = NULL;

        nwf_review_references(filter, world_lookup, world, notes);
        text = joined(notes);
        g_assert_cmpstr(text, ==, "");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/review/references", test_references);
    g_test_add_func("/plan/review/wide-references", test_wide_references);
    g_test_add_func("/plan/review/bindings", test_bindings);
    g_test_add_func("/plan/review/missing", test_what_is_missing);
    g_test_add_func("/plan/review/dropped-default", test_a_dropped_default);
    g_test_add_func("/plan/review/shipped", test_shipped);
    return g_test_run();
}
