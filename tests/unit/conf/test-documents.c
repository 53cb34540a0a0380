/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-documents.c: filter documents as a whole: what is XML, names, uuids, references, escapes, identity, schema
 */
#include "story.h"

#include "conf/schema.h"

#include <string.h>

#define RULE "<rule action='drop' direction='in'/>"
#define IN   "<rule action='drop' direction='in'>"

static const struct {
    const char *xml;
    NwfErrorCode code;
    const char *words;
} refused[] = {
    {"", NWF_ERROR_XML_SYNTAX, ""},
    {"plain text", NWF_ERROR_XML_SYNTAX, "line 1"},
    {"<filter name='f'>", NWF_ERROR_XML_SYNTAX, "line 1"},
    {"<filter\nname='f'\nname='g'/>", NWF_ERROR_XML_SYNTAX, "line 3"},
    {"<filter name='f'/><filter/>", NWF_ERROR_XML_SYNTAX, "line 1"},
    {"<filter name='&nosuch;'/>", NWF_ERROR_XML_SYNTAX, "nosuch"},
    {"<filter name='f\xff'/>", NWF_ERROR_XML_SYNTAX, "line 1: the text is not UTF-8 (byte 16 of the line is 0xff)"},
    {"<?xml version='1.0' encoding='ISO-8859-1'?>\n<filter\nname='\xe4'/>", NWF_ERROR_XML_SYNTAX,
     "line 3: the text is not UTF-8 (byte 7 of the line is 0xe4)"},
    {"<!DOCTYPE filter><filter name='f'/>", NWF_ERROR_XML_SYNTAX, "document type"},
    {"<!DOCTYPE filter [<!ENTITY e 'x'>]><filter name='&e;'/>", NWF_ERROR_XML_SYNTAX, "document type"},
    {"<!DOCTYPE f SYSTEM 'file:///etc/passwd'><filter name='f'/>", NWF_ERROR_XML_SYNTAX, "document type"},
    {"\n<network/>", NWF_ERROR_XML_ROOT, "line 2: the root element is <network>, where <filter> is expected"},
    {"<!DOCTYPE html>\n<html><head><meta></head></html>", NWF_ERROR_XML_SYNTAX,
     "line 1: this is an HTML document, where <filter> is expected"},
    {"\n<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN' 'http://www.w3.org/TR/html4/strict.dtd'><HTML></HTML>",
     NWF_ERROR_XML_SYNTAX, "line 2: this is an HTML document, where <filter> is expected"},
    {"<html><body>404<br></body></html>", NWF_ERROR_XML_SYNTAX, "line 1: this is an HTML document"},
    {"<html xmlns='http://www.w3.org/1999/xhtml'/>", NWF_ERROR_XML_ROOT, "line 1: this is an HTML document"},
    {"<Filter name='f'/>", NWF_ERROR_XML_ROOT, "<Filter>"},
    {"<network>", NWF_ERROR_XML_SYNTAX, ""}, /* syntax comes before the root */
    {"<filter/>", NWF_ERROR_INTERNAL, "no name"},
    {"<filter name=''/>", NWF_ERROR_INTERNAL, "no name"},
    {"<filter xmlns:x='u' x:name='f'/>", NWF_ERROR_INTERNAL, "no name"},
    {"<filter name='' chain='foo'/>", NWF_ERROR_INTERNAL, "no name"},
    {"<filter name='f'><uuid>bad</uuid></filter>", NWF_ERROR_XML_VALUE, "<uuid>bad</uuid>"},
    {"<filter name='f'><uuid> </uuid></filter>", NWF_ERROR_XML_VALUE, "uuid"},
    {"<filter name='f'><uuid>bad</uuid><uuid>" STORY_UUID "</uuid></filter>", NWF_ERROR_XML_VALUE, "bad"},
    {"<filter name='f'><uuid>" STORY_UUID "<b>z</b></uuid></filter>", NWF_ERROR_XML_VALUE, "uuid"},
    {"<filter name='f'><rule/><uuid>bad</uuid></filter>", NWF_ERROR_XML_VALUE, "bad"}, /* uuid comes before rules */
    {"<filter name='f'><rule/></filter", NWF_ERROR_XML_SYNTAX, ""},
    {"<filter name='f'><filterref/></filter>", NWF_ERROR_RULE_INCOMPLETE, "<filterref>"},
    {"<filter name='f'><filterref/><rule/></filter>", NWF_ERROR_RULE_INCOMPLETE, "<filterref>"},
};

static void
test_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_test_message("row %u", i);
        story_refused(refused[i].xml, NWF_DIALECT_9, refused[i].code, refused[i].words);
        story_refused(refused[i].xml, NWF_DIALECT_11, refused[i].code, refused[i].words);
    }
}

/* libxml2 quotes names in its messages; ours stay a line. */
static void
test_long_names(void)
{
    g_autofree char *name = g_strnfill(40000, 'x');
    g_autofree char *xml = g_strdup_printf("<%s></y>", name);
    g_autoptr(GError) error = NULL;
    g_assert_null(nwf_filter_parse(xml, &(NwfReading){.dialect = NWF_DIALECT_9}, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_XML_SYNTAX);
    g_assert_cmpuint(strlen(error->message), <, 2 * NWF_CLIP_MAX);
}

/* What the reader overlooks: documents on the left are printed as the one on the right. */
static const char *const overlooked[][2] = {
    {"<?xml version='1.0'?><!-- c --><?pi x?><filter name='f'>" RULE "</filter><!-- d -->", RULE},
    {"<?xml version='1.0' encoding='UTF-16'?><filter name='f'>" RULE "</filter>", RULE},
    {"\n  <filter name='f'>" RULE "</filter>\n", RULE},
    {"<x:filter xmlns:x='u' name='f'>" RULE "</x:filter>", RULE},
    {"<filter xmlns='u' name='f'>" RULE "</filter>", RULE},
    {"<filter name='f' nonsense='1'>text<unknown><rule/></unknown>" RULE "<![CDATA[<rule/>]]></filter>", RULE},
    {"<filter name='f'><rule action='drop' direction='in'><x><tcp/></x>t</rule></filter>", RULE},
    {"<filter name='f'><rule action='drop' direction='in'><!-- --></rule></filter>", RULE},
};

/* The inside of a printed filter without its uuid, which may be random. */
static char *
inside_of(const char *xml)
{
    g_autofree char *dump = story_dump(xml, NWF_DIALECT_9);
    const char *end = strstr(dump, "</uuid>\n");
    g_test_message("%s", xml);
    g_assert_nonnull(end);
    return g_strdup(end + strlen("</uuid>\n"));
}

static void
test_overlooked(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(overlooked); i++) {
        g_autofree char *plain = story_filter(overlooked[i][1]);
        g_autofree char *expected = inside_of(plain);
        g_autofree char *inside = inside_of(overlooked[i][0]);
        g_assert_cmpstr(inside, ==, expected);
    }
}

static const struct {
    const char *inside;
    gboolean generated;
} uuids[] = {
    {"<uuid>" STORY_UUID "</uuid>", FALSE},
    {"<uuid><![CDATA[" STORY_UUID "]]></uuid>", FALSE},
    {RULE "<uuid> " STORY_UUID "\n</uuid>", FALSE},
    {"<uuid>" STORY_UUID "</uuid><uuid>bad</uuid>", FALSE},
    {"", TRUE},
    {"<uuid/>", TRUE},
    {"<uuid/><uuid>" STORY_UUID "</uuid>", TRUE},
    {"<uuid xmlns='u'>" STORY_UUID "</uuid>", TRUE},
    {"<x><uuid>" STORY_UUID "</uuid></x>", TRUE},
};

static void
test_uuids(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(uuids); i++) {
        g_autofree char *xml = g_strdup_printf("<filter name='f'>%s</filter>", uuids[i].inside);
        g_autoptr(NwfFilter) a = story_parse(xml, NWF_DIALECT_9);
        g_autoptr(NwfFilter) b = story_parse(xml, NWF_DIALECT_9);
        char text[37];
        nwf_uuid_format(text, a->uuid);
        g_test_message("%s", xml);
        g_assert_cmpint(a->uuid_generated, ==, uuids[i].generated);
        g_assert_cmpint(strcmp(text, STORY_UUID) == 0, ==, !uuids[i].generated);
        g_assert_cmpint(nwf_filter_equal(a, b), ==, !uuids[i].generated);
    }
}

static void
test_references(void)
{
    g_autofree char *xml = story_filter("<filterref filter='b'><parameter name='Z' value='2'/>"
                                        "<parameter name='A' value='1'/><parameter name='Z' value='1'/>"
                                        "<parameter name='bad-name' value='1'/><parameter name='Z' value='a/b'/>"
                                        "<parameter name='Z'/><parameter value='1'/><parameter name='' value='1'/>"
                                        "<other name='Q' value='1'/></filterref>" RULE "<filterref filter=''/>");
    g_autofree char *dump = story_dump(xml, NWF_DIALECT_9);
    g_assert_cmpstr(dump, ==,
                    "<filter name='f' chain='root'>\n"
                    "  <uuid>" STORY_UUID "</uuid>\n"
                    "  <filterref filter='b'>\n"
                    "    <parameter name='' value='1'/>\n"
                    "    <parameter name='A' value='1'/>\n"
                    "    <parameter name='Z' value='2'/>\n"
                    "    <parameter name='Z' value='1'/>\n"
                    "  </filterref>\n"
                    "  <rule action='drop' direction='in' priority='500'/>\n"
                    "  <filterref filter=''/>\n"
                    "</filter>\n");
    story_settled(xml, NWF_DIALECT_9);
}

/* Whatever a name or a comment holds, the printed document is XML and says the same. */
static void
test_escapes(void)
{
    static const char *const texts[] = {
        "a&lt;b&gt;c&amp;d&apos;e&quot;f",
        "&#10;&#9;&#13;&#32;",
        "ünïcödé \xf0\x9f\x90\xa7",
        "--&gt;&lt;!-- ]]&gt;",
        "a  b",
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *xml = g_strdup_printf("<filter name='%s'><uuid>" STORY_UUID "</uuid><filterref filter='%s'/>"
                                               "<rule action='drop' direction='in'><tcp comment='%s'/></rule></filter>",
                                               texts[i], texts[i], texts[i]);
        g_autofree char *dump = story_dump(xml, NWF_DIALECT_9);
        g_autoptr(NwfFilter) first = story_parse(xml, NWF_DIALECT_9);
        g_autoptr(NwfFilter) second = story_parse(dump, NWF_DIALECT_9);
        g_assert_cmpstr(first->name, ==, second->name);
        g_assert_true(nwf_filter_equal(first, second));
    }
}

/* What is missing or malformed is none of its business, as long as the text is a filter document. */
static void
test_identity(void)
{
    static const struct {
        const char *xml, *name, *uuid; /* NULL: a random uuid */
        int code;                      /* -1: identified */
    } cases[] = {
        {"<filter name='f' chain='bad'><rule/><uuid>" STORY_UUID "</uuid></filter>", "f", STORY_UUID, -1},
        {"<filter name='f'><rule><uuid>x</uuid></rule><uuid>" STORY_UUID "</uuid><uuid/></filter>", "f", STORY_UUID,
         -1},
        {"<filter name='f'/>", "f", NULL, -1},
        {"<filter name='f'><uuid>x</uuid></filter>", "f", NULL, -1},
        {"<filter name='f'><uuid/><uuid>" STORY_UUID "</uuid></filter>", "f", NULL, -1},
        {"<filter name=''/>", "", NULL, -1},
        {"<filter x:name='f' xmlns:x='x:x'/>", "", NULL, -1},
        {"<filter/>", "", NULL, -1},
        {"<filter name='f'>", NULL, NULL, NWF_ERROR_XML_SYNTAX},
        {"<network name='f'/>", NULL, NULL, NWF_ERROR_XML_ROOT},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *name = NULL;
        guint8 uuid[16] = {0};
        char text[37];
        gboolean generated = FALSE;
        gboolean found = nwf_filter_identify(cases[i].xml, &name, uuid, &generated, &error);
        g_assert_cmpint(error ? error->code : -1, ==, cases[i].code);
        g_assert_cmpint(found, ==, !error);
        g_assert_cmpstr(name, ==, cases[i].name);
        nwf_uuid_format(text, uuid);
        g_assert_cmpint(generated, ==, found && !cases[i].uuid);
        if (cases[i].uuid)
            g_assert_cmpstr(text, ==, cases[i].uuid);
        else if (found)
            g_assert_true(g_uuid_string_is_valid(text) && text[14] == '4'); /* a random one */
    }
}

/* Where nothing is accepted without validation, nobody is sent there. */
static void
test_schema_and_strict(void)
{
    const NwfReading reading = {.dialect = NWF_DIALECT_11, .validate = TRUE, .strict = TRUE};
    g_autoptr(GError) error = NULL;

    g_assert_null(nwf_filter_parse("<filter name='f'><unknown/></filter>", &reading, NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_XML_SCHEMA);
    g_assert_cmpstr(error->message, ==, "filter 'f', line 1: the element <unknown> is unknown and is ignored");
}

static NwfFilter *
parse_valid(const char *xml, GError **error)
{
    return nwf_filter_parse(xml, &(NwfReading){.dialect = NWF_DIALECT_11, .validate = TRUE}, NULL, error);
}

/* Asked to validate, the reader refuses what it otherwise overlooks; syntax and root still come first. */
static void
test_schema(void)
{
    static const struct {
        const char *xml;
        int code; /* -1: accepted */
        const char *words;
    } cases[] = {
        {"<filter name='f'>" RULE "</filter>", -1, NULL},
        {"<filter name='f'><rule action='drop' direction='in'><tcp dstportstart='$P[@1]'/></rule></filter>", -1, NULL},
        {"<filter name='f'><unknown/></filter>", NWF_ERROR_XML_SCHEMA,
         "filter 'f', line 1: the element <unknown> is unknown and is ignored (accepted without validation)"},
        {"<filter name='f'>\n" IN "<tcp srpipaddr='1.2.3.4'/></rule></filter>", NWF_ERROR_XML_SCHEMA,
         "filter 'f', rule at line 2: <tcp srpipaddr='1.2.3.4'>: the attribute is unknown"},
        {"<filter chain='foo'/>", NWF_ERROR_XML_SCHEMA, "line 1: the filter has no name"},
        {"\n<filter name='f' chain='foo'/>", NWF_ERROR_XML_SCHEMA, "filter 'f', line 2: the name of chain 'foo'"},
        {"<filter name='f'>\n\n<uuid>bad</uuid></filter>", NWF_ERROR_XML_SCHEMA, "filter 'f', line 3: <uuid>bad</uuid>"},
        /* the first fault, whatever is worse later */
        {"<filter name='f'>\n" IN "<ip protocol='udp'/><udp dstportstart='67'/></rule>" IN "<tcp dscp='x'/></rule>"
         "<uuid>bad</uuid></filter>",
         NWF_ERROR_XML_SCHEMA, "rule at line 2: <udp>: a second protocol in a rule is ignored"},
        {"<filter name='f'>" IN "\n<tcp dscp='x' dstportstart='y'/></rule>" IN "<foo/></rule></filter>",
         NWF_ERROR_XML_SCHEMA, "<tcp dscp='x'>: expected a number from 0 to 63"},
        {"<filter name='f'>" IN "<tcp dstportstart='y' dscp='x'/></rule></filter>", NWF_ERROR_XML_SCHEMA,
         "<tcp dstportstart='y'>: expected a port number"},
        {"<filter name='f'><rule/><uuid>bad</uuid></filter>", NWF_ERROR_XML_SCHEMA, "'action' is missing"},
        /* what the schema accepts and the reader does not keeps its code; what only the schema refuses has its words */
        {"<filter name='f'>" IN "<tcp srcipaddr='256.0.0.1'/></rule></filter>", NWF_ERROR_INTERNAL, "256.0.0.1"},
        {"<filter name='f'>" IN "<tcp dscp='a'/></rule></filter>", NWF_ERROR_XML_SCHEMA, "does not fit the schema: line 1"},
        {"<filter name='f'><rule/></filter", NWF_ERROR_XML_SYNTAX, "line 1"},
        {"<network/>", NWF_ERROR_XML_ROOT, "<network>"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NwfFilter) filter = parse_valid(cases[i].xml, &error);
        g_test_message("%s", cases[i].xml);
        g_assert_cmpint(filter == NULL, ==, cases[i].code >= 0);
        if (cases[i].code < 0)
            g_assert_no_error(error);
        else
            g_assert_error(error, NWF_ERROR, cases[i].code);
        if (error && !strstr(error->message, cases[i].words))
            g_test_message("'%s' is not in: %s", cases[i].words, error->message);
        g_assert_true(!error || strstr(error->message, cases[i].words));
    }
}

/* What is printed fits the schema: each protocol with all its attributes, of one sign and of two. */
static void
test_printed_is_valid(void)
{
    const NwfProtocol *protocol = NULL;
    for (protocol = nwf_protocols; protocol < nwf_protocols + NWF_PROTOCOLS; protocol++) {
        g_autoptr(GString) elements = g_string_new(NULL);
        for (guint i = 0; i < protocol->n_attributes; i++) {
            const NwfAttribute *attribute = &protocol->attributes[i];
            g_string_append_printf(elements, "<%s%s %s='%s'/>", protocol->name, i % 2 ? " match='no'" : "",
                                   attribute->name, attribute->match == NWF_MATCH_IP_PROTOCOL ? "tcp" : "$A[3]");
        }
        for (NwfDialect dialect = NWF_DIALECT_9; dialect <= NWF_DIALECT_12; dialect++) {
            g_autoptr(GError) error = NULL;
            g_autofree char *xml = story_rule(elements->str);
            g_autofree char *dump = story_dump(xml, dialect);
            if (!nwf_schema_validate(NWF_SCHEMA_FILTER, dump, &error))
                g_test_message("%s", dump);
            g_assert_no_error(error);
        }
    }
}

/* The filters that libvirt ships: read without a remark, printed, read again, the same. */
static void
test_shipped(void)
{
    const char *path = "/usr/share/libvirt/nwfilter";
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name = NULL;
    guint n = 0;
    if (!folder) {
        g_test_skip("libvirt's filters are not installed");
        return;
    }
    while ((name = g_dir_read_name(folder))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *xml = NULL;
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_autoptr(NwfFilter) filter = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_true(g_file_get_contents(file, &xml, NULL, NULL));
        filter = nwf_filter_parse(xml, &(NwfReading){.dialect = NWF_DIALECT_9, .validate = TRUE}, notes, &error);
        g_test_message("%s", name);
        g_assert_no_error(error);
        g_assert_cmpuint(notes->len, ==, 0);
        for (NwfDialect dialect = NWF_DIALECT_9; dialect <= NWF_DIALECT_12; dialect++) {
            g_autofree char *dump = nwf_filter_format(filter, dialect);
            g_autoptr(NwfFilter) again = story_parse(dump, dialect);
            g_assert_true(nwf_filter_equal(filter, again));
        }
        n++;
    }
    g_assert_cmpuint(n, >=, 20);
}

static void
test_dialects(void)
{
    g_assert_cmpint(nwf_dialect_of_version(9000000), ==, NWF_DIALECT_9);
    g_assert_cmpint(nwf_dialect_of_version(11003000), ==, NWF_DIALECT_11);
    g_assert_cmpint(nwf_dialect_of_version(12008000), ==, NWF_DIALECT_12);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/documents/refused", test_refused);
    g_test_add_func("/conf/documents/long-names", test_long_names);
    g_test_add_func("/conf/documents/overlooked", test_overlooked);
    g_test_add_func("/conf/documents/uuids", test_uuids);
    g_test_add_func("/conf/documents/references", test_references);
    g_test_add_func("/conf/documents/escapes", test_escapes);
    g_test_add_func("/conf/documents/identity", test_identity);
    g_test_add_func("/conf/documents/schema", test_schema);
    g_test_add_func("/conf/documents/schema-and-strict", test_schema_and_strict);
    g_test_add_func("/conf/documents/printed-is-valid", test_printed_is_valid);
    g_test_add_func("/conf/documents/shipped", test_shipped);
    g_test_add_func("/conf/documents/dialects", test_dialects);
    return g_test_run();
}
