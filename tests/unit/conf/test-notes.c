/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-notes.c: remarks on what is accepted, though it does not mean what it says
 */
#include "story.h"

#include <string.h>

static NwfNotes *
notes_of(const char *xml)
{
    NwfNotes *notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(NwfFilter) filter = nwf_filter_parse(xml, &(NwfReading){.dialect = NWF_DIALECT_9}, notes, &error);
    g_assert_no_error(error);
    g_assert_nonnull(filter);
    return notes;
}

/* The elements of a rule that drops, and the one remark that they get; NULL: none. */
static const char *const remarks[][2] = {
    {"<tcp srcipaddr='10.0.0.0' srcipmask='8' dstportstart='5' dstportend='6' comment='fine'/>", NULL},
    {"<tcp srpipaddr='10.0.0.1'/>", "<tcp srpipaddr='10.0.0.1'>: the attribute is unknown and is ignored"},
    {"<tcp xmlns:x='u' x:srpipaddr='10.0.0.1'/>", "<tcp x:srpipaddr='10.0.0.1'>: the attribute is unknown and is ignored"},
    {"<tcp x:dscp='1'/>", "<tcp x:dscp='1'>: the attribute is unknown and is ignored"},
    {"<tcp xmlns:x='u' x:dscp='1'/>", NULL},
    {"<bogus/>", "<bogus>: the element is unknown and is ignored: the rule has no other one and matches everything"},
    {"<tcp/><bogus/>", "<bogus>: the element is unknown and is ignored"},
    {"<bogus/><tcp/>", "<bogus>: the element is unknown and is ignored"},
    {"<tcp/><udp/>", "<udp>: a second protocol in a rule is ignored"},
    {"<tcp srcipmask='8'/>", "<tcp srcipmask='8'>: this has no effect without 'srcipaddr'"},
    {"<tcp dstportend='8'/>", "<tcp dstportend='8'>: this has no effect without 'dstportstart'"},
    {"<tcp srcipto='10.0.0.1'/>", "<tcp srcipto='10.0.0.1'>: this has no effect without 'srcipfrom'"},
    {"<arp arpsrcipmask='8'/>", "<arp arpsrcipmask='8'>: this has no effect without 'arpsrcipaddr'"},
    {"<arp srcmacmask='ff:0:0:0:0:0'/>", "<arp srcmacmask='ff:0:0:0:0:0'>: this has no effect without 'srcmacaddr'"},
    {"<stp max-age-hi='8'/>", "<stp max-age-hi='8'>: this has no effect without 'max-age'"},
    {"<icmp code='$C'/>", "<icmp code='$C'>: this has no effect without 'type'"},
    {"<ipv6 typeend='5'/>", NULL},
    {"<tcp ipsetflags='src'/>", "<tcp ipsetflags='src'>: this has no effect without 'ipset'"},
    {"<tcp ipset='a'/>", NULL},
    {"<tcp srcipaddr='10.0.0.1' srcipfrom='10.0.0.2'/>", "<tcp srcipfrom='10.0.0.2'>: a range has no effect"},
    {"<tcp match='no' state='NEW'/>", "<tcp state='NEW'>: match='no' has no effect on states"},
    {"<ip match='no' srcipaddr='$IP'/>", NULL}, /* with one value this is no list: plan/values.c */
    {"<ip match='no' srcipaddr='$IP[0]'/>", NULL},
    {"<ip match='no' srcmacaddr='$MAC'/>", NULL},
    {"<tcp match='NO' dscp='1'/>", "<tcp match='NO'>: this counts as 'yes'"},
    {"<arp gratuitous='TRUE'/>", "<arp gratuitous='TRUE'>: this counts as 'false'"},
    {"<arp gratuitous='true'/>", NULL},
    {"<tcp srcipaddr='010.0.0.1'/>", "<tcp srcipaddr='010.0.0.1'>: the address is read as 8.0.0.1"},
    {"<tcp srcipaddr='10.1'/>", "<tcp srcipaddr='10.1'>: the address is read as 10.0.0.1"},
    {"<mac srcmacaddr='1:2:3:4:5:6 x'/>", "<mac srcmacaddr='1:2:3:4:5:6 x'>: text after the MAC address is ignored"},
    {"<tcp comment='$A[1]x'/>", "<tcp comment='$A[1]x'>: text after ']' is ignored"},
    {"<all-ipv6 srcipaddr='fe80::1%1'/>", "<all-ipv6 srcipaddr='fe80::1%1'>: the scope is an interface of this host"},
    {"<all-ipv6 dstipfrom='::1' dstipto='10.0.0.1'/>", "<all-ipv6 dstipto='10.0.0.1'>: an IPv6 address is needed"},
};

static void
test_rules(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(remarks); i++) {
        g_autofree char *elements =
            g_strconcat("\n", "<rule action='drop' direction='in'>", remarks[i][0], "</rule>", NULL);
        g_autofree char *xml = story_filter(elements);
        g_autofree char *expected = g_strdup_printf("filter 'f', rule at line 2: %s", remarks[i][1] ? remarks[i][1] : "");
        g_autoptr(NwfNotes) notes = notes_of(xml);
        g_test_message("%s: %s", remarks[i][0], notes->len ? (char *)g_ptr_array_index(notes, 0) : "nothing");
        g_assert_cmpuint(notes->len, ==, remarks[i][1] ? 1 : 0);
        if (remarks[i][1])
            g_assert_true(g_str_has_prefix(g_ptr_array_index(notes, 0), expected));
    }
}

static const char *const others[][2] = {
    {"<rule action='drop' direction='in' priority='1001'/>", "<rule priority='1001'>: the priority is not a number from -1000 to 1000; 500 is used instead"},
    {"<rule action='drop' direction='in' priority='x'/>", "<rule priority='x'>: the priority is not a number from -1000 to 1000; 500 is used instead"},
    {"<rule action='drop' direction='in' statematch='no'/>", "<rule statematch='no'>: this counts as 'true'"},
    {"<rule action='drop' direction='in' statematch='0'/>", "<rule>: statematch has no effect here"},
    {"<rule action='drop' direction='in' statematch='0'><ip/></rule>", "<rule>: statematch has no effect here"},
    {"<rule action='drop' direction='in' prio='1'/>", "<rule prio='1'>: the attribute is unknown and is ignored"},
    {"<x/>", "filter 'f', line 1: the element <x> is unknown and is ignored"},
    {"<x y='1'>text<z/></x>", "filter 'f', line 1: the element <x> is unknown and is ignored"},
    {"<uuid>other</uuid>", "filter 'f', line 1: a second <uuid> is ignored: 'other'"},
    {"\n\n\n words\nmore \n", "filter 'f', line 4: <filter>: the text 'words?more' is ignored"},
    {"<![CDATA[<rule/>]]>", "filter 'f', line 1: <filter>: the text '<rule/>' is ignored"},
    {"<rule action='drop' direction='in'>\ntcp<tcp/></rule>", "filter 'f', line 2: <rule>: the text 'tcp' is ignored"},
    {"<rule action='drop' direction='in'><tcp>80</tcp></rule>", "filter 'f', line 1: <tcp>: the text '80' is ignored"},
    {"<filterref filter='a'>b</filterref>", "filter 'f', line 1: <filterref>: the text 'b' is ignored"},
    {"<filterref filter='a' priority='700'/>", "filter 'f', line 1: <filterref priority='700'>: the attribute is unknown and is ignored"},
    {"<filterref filter='a'><parameter name='A' value='1' type='list'/></filterref>", "line 1: <parameter type='list'>: the attribute is unknown"},
    {"<filterref filter='a'><param name='A' value='1'/></filterref>", "line 1: the element <param> is unknown and is ignored"},
    {"<filterref filter='a'><parameter name='A-' value='1'/></filterref>", "filter 'f', line 1: <parameter name='A-' value='1'/> is ignored: "},
    {"<filterref filter='a'><parameter name='A' value='fe80::/64'/></filterref>", "value='fe80::/64'/> is ignored: "},
    {"<filterref filter='a'><parameter name='A'/></filterref>", "line 1: a <parameter> without name or value is ignored"},
};

static void
test_others(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *xml = story_filter(others[i][0]);
        g_autoptr(NwfNotes) notes = notes_of(xml);
        g_assert_cmpuint(notes->len, ==, 1);
        g_test_message("%s", (char *)g_ptr_array_index(notes, 0));
        g_assert_nonnull(strstr(g_ptr_array_index(notes, 0), others[i][1]));
    }
}

/* The start tag of a filter, or what else there is outside of rules, and its one remark; NULL: none. */
static const char *const filters[][2] = {
    {"<filter name='f'/>", NULL},
    {"<filter name='f' xmlns:x='u' chain='arp' priority='1'><!-- c --><?pi x?>\n</filter>", NULL},
    {"<filter name='f' chain='root' order='7'/>", "filter 'f', line 1: <filter order='7'>: the attribute is unknown and is ignored"},
    {"<filter name='f' xmlns:x='u' x:chain='arp'/>", "filter 'f', line 1: <filter x:chain='arp'>: the attribute is unknown"},
    {"<filter name='f'\npriority='-700'/>", "filter 'f', line 2: the chain priority '-700' is ignored without a chain"},
    {"<filter name='f' chain='root' priority='-700'/>", "filter 'f', line 1: the priority '-700' of the chain 'root' has no effect"},
    {"<filter name='f'><uuid a='1'>" STORY_UUID "</uuid></filter>", "filter 'f', line 1: <uuid a='1'>: the attribute is unknown"},
};

static void
test_filters(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autoptr(NwfNotes) notes = notes_of(filters[i][0]);
        g_test_message("%s: %s", filters[i][0], notes->len ? (char *)g_ptr_array_index(notes, 0) : "nothing");
        g_assert_cmpuint(notes->len, ==, filters[i][1] ? 1 : 0);
        if (filters[i][1])
            g_assert_true(g_str_has_prefix(g_ptr_array_index(notes, 0), filters[i][1]));
    }
}

/* What is at fault is named in the order of the document; strict reading refuses the first. */
static void
test_strict(void)
{
    static const char xml[] = "<filter name='f'>\n<rule action='drop' direction='in'>\n<tcp a='1'/></rule>\n<x/></filter>";
    static const NwfReading strict = {.dialect = NWF_DIALECT_9, .strict = TRUE};
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfNotes) again = notes_of(xml);
    g_autoptr(GError) error = NULL;

    g_assert_cmpuint(again->len, ==, 2);
    g_assert_null(nwf_filter_parse(xml, &strict, notes, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
    g_assert_true(g_str_has_prefix(error->message, g_ptr_array_index(again, 0)));
    g_assert_true(g_str_has_suffix(error->message, "(refused because strict is 1 in nwfilter.conf)"));
    g_assert_cmpuint(notes->len, ==, 2);
    g_clear_error(&error);
    g_assert_null(nwf_filter_parse(xml, &strict, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
    g_clear_error(&error);
    g_assert_null(nwf_filter_parse("<filter name='f'><rule/><x/></filter>", &strict, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_RULE_INCOMPLETE); /* an error before any remark stays what it is */
    g_clear_error(&error);
    g_autoptr(NwfFilter) good = nwf_filter_parse("<filter name='f'/>", &strict, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(good);
}

static void
test_long_comment(void)
{
    g_autofree char *text = g_strnfill(300, 'x');
    g_autofree char *element = g_strdup_printf("<tcp comment='%s'/>", text);
    g_autofree char *xml = story_rule(element);
    g_autoptr(NwfNotes) notes = notes_of(xml);
    g_assert_cmpuint(notes->len, ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(notes, 0), "too long and is cut (limit in bytes: 256)"));
    g_assert_cmpuint(strlen(g_ptr_array_index(notes, 0)), <, 300);
}

/* A million misspelt attributes do not make a million remarks. */
static void
test_bounded(void)
{
    g_autoptr(GString) inside = g_string_new(NULL);
    g_autofree char *xml = NULL;
    g_autoptr(NwfNotes) notes = NULL;
    for (guint i = 0; i < 3 * NWF_NOTES_MAX; i++)
        g_string_append(inside, "<x/>");
    xml = story_filter(inside->str);
    notes = notes_of(xml);
    g_assert_cmpuint(notes->len, ==, NWF_NOTES_MAX + 1);
    g_assert_cmpstr(g_ptr_array_index(notes, NWF_NOTES_MAX), ==, "there are more remarks; they are left out");
}

/* Texts of a document cannot forge lines of a log, nor flood it. */
static void
test_clipping(void)
{
    g_autofree char *forged = nwf_clip("a\nerror: forged\x1b[2J");
    g_autofree char *wide = g_strnfill(NWF_CLIP_MAX - 1, 'x');
    g_autofree char *split = g_strconcat(wide, "ü", NULL);
    g_autofree char *clipped = nwf_clip(split);
    g_assert_cmpstr(forged, ==, "a?error: forged?[2J");
    g_assert_true(g_utf8_validate(clipped, -1, NULL));
    g_assert_true(g_str_has_prefix(clipped, wide));
    g_assert_true(g_str_has_suffix(clipped, "x…"));
}

/* A name to look up comes from the client as it is: any bytes. */
static void
test_clipping_of_bytes(void)
{
    g_autofree char *tails = g_strnfill(3 * NWF_CLIP_MAX, (char)0x80);
    g_autofree char *clipped = nwf_clip(tails);
    g_autofree char *mixed = nwf_clip("a\xff" "b\xc3\xbc\xc2\x85" "c");
    g_assert_true(g_utf8_validate(clipped, -1, NULL));
    g_assert_cmpuint(strlen(clipped), <=, NWF_CLIP_MAX + strlen("…"));
    g_assert_cmpstr(mixed, ==, "a\xef\xbf\xbd" "bü?c");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/notes/rules", test_rules);
    g_test_add_func("/conf/notes/others", test_others);
    g_test_add_func("/conf/notes/filters", test_filters);
    g_test_add_func("/conf/notes/strict", test_strict);
    g_test_add_func("/conf/notes/long-comment", test_long_comment);
    g_test_add_func("/conf/notes/bounded", test_bounded);
    g_test_add_func("/conf/notes/clipping", test_clipping);
    g_test_add_func("/conf/notes/clipping-of-bytes", test_clipping_of_bytes);
    return g_test_run();
}
