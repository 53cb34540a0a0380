/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-bindings.c: filter bindings, alone and in the form of their files
 */
#include "story.h"

#include <string.h>

#define OWNER   "<owner><name>guest</name><uuid>" STORY_UUID "</uuid></owner>"
#define PORTDEV "<portdev name='vnet7'/>"
#define MAC     "<mac address='52:54:00:7B:35:93'/>"
#define FILTER  "<filterref filter='clean-traffic'/>"

static const NwfReading oldest = {.dialect = NWF_DIALECT_9};
static const NwfReading newest = {.dialect = NWF_DIALECT_12};
static const NwfReading strict = {.dialect = NWF_DIALECT_12, .validate = TRUE};

static NwfBinding *
parse(const char *xml, const NwfReading *reading)
{
    g_autoptr(GError) error = NULL;
    NwfBinding *binding = nwf_binding_parse(xml, reading, NULL, &error);
    g_assert_no_error(error);
    return binding;
}

static const char *const whole = "<filterbinding>\n"
                                 "  <owner>\n"
                                 "    <name>guest &amp; co</name>\n"
                                 "    <uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid>\n"
                                 "  </owner>\n"
                                 "  <portdev name='vnet7'/>\n"
                                 "  <linkdev name='eth0'/>\n"
                                 "  <mac address='52:54:00:7b:35:93'/>\n"
                                 "  <filterref filter='clean-traffic'>\n"
                                 "    <parameter name='IP' value='10.0.0.1'/>\n"
                                 "    <parameter name='IP' value='10.0.0.2'/>\n"
                                 "    <parameter name='MAC' value='52:54:00:7b:35:93'/>\n"
                                 "  </filterref>\n"
                                 "  <backend name='iptables'/>\n"
                                 "</filterbinding>\n";

static void
test_whole(void)
{
    g_autoptr(NwfBinding) binding = parse(whole, &strict);
    g_autofree char *printed = nwf_binding_format(binding, NULL, NWF_DIALECT_12, "iptables");
    g_autofree char *older = nwf_binding_format(binding, NULL, NWF_DIALECT_11, "iptables");
    g_assert_cmpstr(printed, ==, whole);
    g_assert_null(strstr(older, "backend"));
    g_assert_cmpstr(binding->backend, ==, "iptables");
}

/* The engine prints a binding with a list of parameters of its own. */
static void
test_other_parameters(void)
{
    g_autoptr(NwfBinding) binding = parse("<filterbinding>" MAC FILTER OWNER PORTDEV "</filterbinding>", &oldest);
    g_autoptr(NwfParams) params = nwf_params_copy(binding->params);
    g_autofree char *without = nwf_binding_format(binding, NULL, NWF_DIALECT_9, "iptables");
    g_autofree char *with = NULL;
    nwf_params_add(params, "MAC", "52:54:00:7b:35:93");
    with = nwf_binding_format(binding, params, NWF_DIALECT_9, "iptables");
    g_assert_nonnull(strstr(without, "  <filterref filter='clean-traffic'/>\n"));
    g_assert_nonnull(strstr(with, "    <parameter name='MAC' value='52:54:00:7b:35:93'/>\n  </filterref>\n"));
}

static const struct {
    const char *inside;
    const char *words; /* of the error; NULL: accepted */
} cases[] = {
    {OWNER PORTDEV MAC FILTER, NULL},
    {FILTER MAC PORTDEV OWNER "<unknown/>", NULL},
    {"<owner><uuid>" STORY_UUID "</uuid></owner><owner><name>g</name></owner>" PORTDEV MAC FILTER, NULL},
    {OWNER "<portdev/>" PORTDEV MAC FILTER, NULL},
    {OWNER PORTDEV "<mac address='01:00:5e:0:0:1'/>" FILTER, NULL},
    {OWNER PORTDEV MAC "<filterref/>" FILTER, NULL},
    {PORTDEV MAC FILTER, "<owner><name>"},
    {"<owner/>" PORTDEV MAC FILTER, "<owner><name>"},
    {"<owner><name/><name>g</name><uuid>" STORY_UUID "</uuid></owner>" PORTDEV MAC FILTER, "<owner><name>"},
    {"<owner><name>g</name></owner>" PORTDEV MAC FILTER, "<owner><uuid>"},
    {"<owner><name>g</name><uuid>bad</uuid></owner>" PORTDEV MAC FILTER, "<uuid>bad</uuid>"},
    {"<x>" OWNER "</x>" PORTDEV MAC FILTER, "<owner>"},
    {OWNER MAC FILTER, "<portdev"},
    {OWNER "<portdev name=''/>" PORTDEV MAC FILTER, "<portdev"},
    {OWNER "<portdev xmlns='u' name='v'/>" MAC FILTER, "<portdev"},
    {OWNER "<portdev xmlns:x='u' x:name='v'/>" MAC FILTER, "<portdev"},
    {OWNER PORTDEV "<linkdev/>" MAC FILTER, "<linkdev"},
    {OWNER PORTDEV "<linkdev name=''/>" MAC FILTER, "<linkdev"},
    {OWNER PORTDEV FILTER, "<mac"},
    {OWNER PORTDEV "<mac address='bad'/>" FILTER, "<mac address='bad'/>"},
    {OWNER PORTDEV MAC, "<filterref"},
    {OWNER PORTDEV MAC "<filterref/>", "<filterref"},
    {OWNER PORTDEV MAC "<filterref filter=''/>", "<filterref"},
    {"", "<portdev"},
};

static void
test_parts(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<filterbinding>%s</filterbinding>", cases[i].inside);
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfBinding) binding = nwf_binding_parse(xml, &oldest, NULL, &error);
        g_test_message("%s", xml);
        g_assert_cmpint(binding != NULL, ==, cases[i].words == NULL);
        if (binding)
            continue;
        g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
        g_assert_nonnull(strstr(error->message, cases[i].words));
    }
}

static void
test_first_one_counts(void)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(NwfBinding) binding = nwf_binding_parse(
        "<filterbinding>" OWNER OWNER PORTDEV "<portdev name='v2'/>" MAC "<mac address='bad'/>"
        "<filterref filter='a'><parameter name='A' value='1'/><parameter name='B-' value='1'/></filterref>"
        "<filterref filter='b'><parameter name='A' value='2'/></filterref></filterbinding>",
        &oldest, notes, NULL);
    g_assert_cmpstr(binding->portdev, ==, "vnet7");
    g_assert_cmpstr(binding->filter, ==, "a");
    g_assert_cmpuint(nwf_params_get(binding->params, "A")->len, ==, 1);
    g_assert_null(nwf_params_get(binding->params, "MAC"));
    g_assert_null(binding->linkdev);
    g_assert_null(binding->backend);
    g_assert_cmpuint(notes->len, ==, 6);
    for (guint i = 0; i < notes->len; i++) {
        g_test_message("%s", (char *)g_ptr_array_index(notes, i));
        g_assert_true(g_str_has_prefix(g_ptr_array_index(notes, i), "port 'vnet7', line 1: "));
    }
}

/* The inside of a binding that is good apart from this, and its one remark; NULL: none. */
static const char *const remarks[][2] = {
    {"", NULL},
    {"\n<backend name='nftables'/><!-- c -->\n", NULL},
    {"\n<x/>", "line 2: the element <x> is unknown and is ignored"},
    {"\n<linkdev name='l' dev='m'/>", "line 2: <linkdev dev='m'>: the attribute is unknown and is ignored"},
    {"\nwords", "line 2: <filterbinding>: the text 'words' is ignored"},
    {"<owner>x</owner>", "line 1: <owner>: the text 'x' is ignored"},
    {"<owner id='1'/>", "line 1: <owner id='1'>: the attribute is unknown"},
    {"<owner><title/></owner>", "line 1: the element <title> is unknown"},
    {"<owner><name>x</name></owner>", "line 1: a second <name> is ignored"},
    {"<owner><uuid>x</uuid></owner>", "line 1: a second <uuid> is ignored"},
    {"<mac address='x'/>", "line 1: a second <mac> is ignored"},
    {"<filterref filter='x'><parameter name='A' value='1'/></filterref>", "line 1: a second <filterref> is ignored"},
    {"<linkdev name='a'/><linkdev name='b'/>", "line 1: a second <linkdev> is ignored"},
};

static void
test_remarks(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(remarks); i++) {
        g_autofree char *xml =
            g_strconcat("<filterbinding>" OWNER PORTDEV MAC FILTER, remarks[i][0], "</filterbinding>", NULL);
        g_autofree char *expected = g_strconcat("port 'vnet7', ", remarks[i][1], NULL);
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_autoptr(NwfBinding) binding = nwf_binding_parse(xml, &oldest, notes, NULL);
        g_autoptr(NwfBinding) refused = NULL;
        g_autoptr(GError) error = NULL;
        g_test_message("%s: %s", xml, notes->len ? (char *)g_ptr_array_index(notes, 0) : "nothing");
        g_assert_nonnull(binding);
        g_assert_cmpuint(notes->len, ==, remarks[i][1] ? 1 : 0);
        if (remarks[i][1])
            g_assert_true(g_str_has_prefix(g_ptr_array_index(notes, 0), expected));
        refused = nwf_binding_parse(xml, &(NwfReading){.dialect = NWF_DIALECT_9, .strict = TRUE}, NULL, &error);
        g_assert_cmpint(refused == NULL, ==, remarks[i][1] != NULL);
        if (error)
            g_assert_true(g_str_has_prefix(error->message, g_ptr_array_index(notes, 0)));
    }
}

/* Asked to validate: the first fault of the document, whatever is looked at first otherwise. */
static void
test_first_fault(void)
{
    static const char *const faults[][2] = {
        {PORTDEV "\n<mac address='bad'/>\n<owner><name>g</name><uuid>bad</uuid></owner>" FILTER,
         "port 'vnet7', line 2: <mac address='bad'/>"},
        {"\n<owner><name>g</name><uuid>bad</uuid></owner>\n<mac address='bad'/>" PORTDEV FILTER,
         "port 'vnet7', line 2: <owner><uuid>bad</uuid>"},
        {"\n<x/>" PORTDEV "\n<mac address='bad'/>" OWNER FILTER, "port 'vnet7', line 2: the element <x>"},
        {PORTDEV "\n<mac address='bad'/>" OWNER FILTER "\n<x/>", "port 'vnet7', line 2: <mac"},
        {OWNER PORTDEV MAC, "port 'vnet7', line 1: the filter binding lacks <filterref"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *xml = g_strconcat("<filterbinding>", faults[i][0], "</filterbinding>", NULL);
        g_autoptr(GError) error = NULL;
        g_assert_null(nwf_binding_parse(xml, &strict, NULL, &error));
        g_test_message("%s", error->message);
        g_assert_error(error, NWF_ERROR, NWF_ERROR_XML_SCHEMA);
        g_assert_true(g_str_has_prefix(error->message, faults[i][1]));
    }
}

static void
test_wrong_documents(void)
{
    static const struct {
        const char *xml;
        int code;
    } wrong[] = {
        {"<filter/>", NWF_ERROR_XML_ROOT},
        {"<filterbinding>", NWF_ERROR_XML_SYNTAX},
        {"<!DOCTYPE filterbinding><filterbinding/>", NWF_ERROR_XML_SYNTAX},
        {"<filterbinding xmlns='u'>" OWNER PORTDEV MAC FILTER "</filterbinding>", NWF_ERROR_INTERNAL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(nwf_binding_parse(wrong[i].xml, &oldest, NULL, &error));
        g_assert_error(error, NWF_ERROR, wrong[i].code);
    }
}

/* Any word will do in the newest dialect, but there must be one; older ones do not look. */
static void
test_backend(void)
{
    static const char word[] = "<filterbinding>" OWNER PORTDEV MAC FILTER "<backend name='nftables'/></filterbinding>";
    static const char none[] = "<filterbinding>" OWNER PORTDEV MAC FILTER "<backend/></filterbinding>";
    g_autoptr(NwfBinding) binding = parse(word, &newest);
    g_autoptr(NwfBinding) old = parse(none, &oldest);
    g_autoptr(GError) error = NULL;
    g_autofree char *printed = nwf_binding_format(binding, NULL, NWF_DIALECT_12, "iptables");
    g_assert_cmpstr(binding->backend, ==, "nftables");
    g_assert_nonnull(strstr(printed, "<backend name='iptables'/>"));
    g_assert_null(nwf_binding_parse(none, &newest, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
    g_assert_nonnull(old);
}

static void
test_status(void)
{
    g_autoptr(NwfBinding) binding = parse(whole, &newest);
    g_autofree char *file = nwf_binding_status_format(binding, NULL, NWF_DIALECT_9, "iptables");
    g_autofree char *commented = g_strconcat("<!--\nWARNING: generated\n-->\n\n", file, NULL);
    g_autoptr(NwfBinding) again = nwf_binding_status_parse(commented, &strict, NULL, NULL);
    g_autofree char *printed = nwf_binding_format(again, NULL, NWF_DIALECT_12, "iptables");
    g_autoptr(GError) error = NULL;
    g_assert_true(g_str_has_prefix(file, "<filterbindingstatus>\n  <filterbinding>\n    <owner>\n      <name>"));
    g_assert_true(g_str_has_suffix(file, "    </filterref>\n  </filterbinding>\n</filterbindingstatus>\n"));
    g_assert_cmpstr(printed, ==, whole);
    g_assert_null(nwf_binding_status_parse(whole, &newest, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_XML_ROOT);
    g_clear_error(&error);
    g_assert_null(nwf_binding_status_parse("<filterbindingstatus/>", &newest, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_INTERNAL);
}

/* Only the first binding of a file counts, and none of its parts may come from a second one. */
static void
test_status_of_two(void)
{
    g_autoptr(NwfBinding) binding = nwf_binding_status_parse(
        "<filterbindingstatus><filterbinding>" OWNER PORTDEV MAC FILTER "</filterbinding>"
        "<filterbinding><linkdev name='eth9'/><portdev name='other'/></filterbinding></filterbindingstatus>",
        &oldest, NULL, NULL);
    g_assert_nonnull(binding);
    g_assert_null(binding->linkdev);
    g_assert_cmpstr(binding->portdev, ==, "vnet7");
}

/* An owner's name is any text, and is the same text after any number of round trips. */
static void
test_owner_names(void)
{
    static const char *const names[][2] = {
        {"   ", "   "},
        {"\t\n x\n", "\t\n x\n"},
        {"&#13;x&#13;&#10;", "\rx\r\n"},
        {"<![CDATA[<a>&amp;]]>", "<a>&amp;"},
        {"<![CDATA[ ]]>", " "},
        {"a<!-- c -->b<?p i?>c", "abc"},
        {"a<b>c</b>d", "acd"},
        {"&#x1F600;\xcc\x81&#x2028;&#x85;", "\xf0\x9f\x98\x80\xcc\x81\xe2\x80\xa8\xc2\x85"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *xml = g_strdup_printf("<filterbinding><owner><name>%s</name><uuid>" STORY_UUID
                                               "</uuid></owner>" PORTDEV MAC FILTER "</filterbinding>",
                                               names[i][0]);
        g_autoptr(NwfBinding) binding = parse(xml, &oldest);
        g_autofree char *printed = nwf_binding_format(binding, NULL, NWF_DIALECT_9, "iptables");
        g_autoptr(NwfBinding) again = parse(printed, &oldest);
        g_assert_cmpstr(binding->owner_name, ==, names[i][1]);
        g_assert_cmpstr(again->owner_name, ==, names[i][1]);
    }
}

static void
test_escapes(void)
{
    g_autoptr(NwfBinding) binding =
        parse("<filterbinding><owner><name>a&#10;b&#9;c&#13;&amp;&lt;'\"ü</name><uuid>" STORY_UUID
              "</uuid></owner><portdev name=\"v'&amp;\"/>" MAC "<filterref filter=\"a'&lt;\"/></filterbinding>",
              &oldest);
    g_autofree char *printed = nwf_binding_format(binding, NULL, NWF_DIALECT_9, "iptables");
    g_autoptr(NwfBinding) again = parse(printed, &oldest);
    g_assert_nonnull(strstr(printed, "<name>a\nb\tc&#13;&amp;&lt;&apos;&quot;ü</name>"));
    g_assert_cmpstr(binding->owner_name, ==, again->owner_name);
    g_assert_cmpstr(again->portdev, ==, "v'&");
    g_assert_cmpstr(again->filter, ==, "a'<");
}

/* What is missing is none of its business, as long as the text is a document of a binding. */
static void
test_identity(void)
{
    static const struct {
        const char *xml, *portdev, *linkdev, *filter;
        int code; /* -1: identified */
    } texts[] = {
        {"<filterbinding/>", "", NULL, "", -1},
        {"<filterbinding>" PORTDEV "<linkdev/><mac address='x'/></filterbinding>", "vnet7", NULL, "", -1},
        {"<filterbinding><linkdev name=''/>" FILTER "<filterref filter='g'/></filterbinding>", "", "", "clean-traffic",
         -1},
        {"<filterbinding>" PORTDEV, NULL, NULL, NULL, NWF_ERROR_XML_SYNTAX},
        {"<filter>" PORTDEV "</filter>", NULL, NULL, NULL, NWF_ERROR_XML_ROOT},
    };
    NwfBindingIdentity identity = {0};
    g_autoptr(GError) error = NULL;
    g_assert_true(nwf_binding_identify(whole, &identity, &error));
    g_assert_cmpstr(identity.portdev, ==, "vnet7");
    g_assert_cmpstr(identity.linkdev, ==, "eth0");
    g_assert_cmpstr(identity.filter, ==, "clean-traffic");
    nwf_binding_identity_clear(&identity);
    g_assert_null(identity.portdev);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_assert_cmpint(nwf_binding_identify(texts[i].xml, &identity, &error), ==, texts[i].code < 0);
        g_assert_cmpint(error ? error->code : -1, ==, texts[i].code);
        g_assert_cmpstr(identity.portdev, ==, texts[i].portdev);
        g_assert_cmpstr(identity.linkdev, ==, texts[i].linkdev);
        g_assert_cmpstr(identity.filter, ==, texts[i].filter);
        nwf_binding_identity_clear(&identity);
        g_clear_error(&error);
    }
}

static void
test_schema(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(nwf_binding_parse("<filterbinding>" OWNER PORTDEV MAC FILTER "<unknown/></filterbinding>", &strict,
                                    NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_XML_SCHEMA);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/bindings/whole", test_whole);
    g_test_add_func("/conf/bindings/other-parameters", test_other_parameters);
    g_test_add_func("/conf/bindings/parts", test_parts);
    g_test_add_func("/conf/bindings/first-one-counts", test_first_one_counts);
    g_test_add_func("/conf/bindings/remarks", test_remarks);
    g_test_add_func("/conf/bindings/first-fault", test_first_fault);
    g_test_add_func("/conf/bindings/wrong-documents", test_wrong_documents);
    g_test_add_func("/conf/bindings/backend", test_backend);
    g_test_add_func("/conf/bindings/status", test_status);
    g_test_add_func("/conf/bindings/status-of-two", test_status_of_two);
    g_test_add_func("/conf/bindings/owner-names", test_owner_names);
    g_test_add_func("/conf/bindings/escapes", test_escapes);
    g_test_add_func("/conf/bindings/identity", test_identity);
    g_test_add_func("/conf/bindings/schema", test_schema);
    return g_test_run();
}
