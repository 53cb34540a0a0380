/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-hostile.c: documents of 4 MiB of any shape are answered in bounded time and memory
 *
 * Each shape is made here, read with remarks, printed again if it was accepted, and read with validation. Time is the
 * processor time of this process: tenths of a second, where work that grows with the square of the text would take
 * minutes; under a sanitizer it is not judged. Memory is the growth of the largest
 * resident size over what the text itself needs.
 */
#include "story.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { SIZE = 4 * 1024 * 1024, MEMORY_MAX_MIB = 400, SECONDS_MAX = 10 };

typedef struct Shape {
    const char *name;
    const char *before; /* once */
    const char *unit;   /* as often as it fits; "%u" becomes a running number */
    const char *after;  /* once */
    int code;           /* of the error; -1: accepted */
} Shape;

#define HEAD "<filter name='h'><uuid>" STORY_UUID "</uuid>"
#define TAIL "</filter>"
#define RULE "<rule action='drop' direction='in'>"

static const Shape shapes[] = {
    {"deep", HEAD, "<a>", "", NWF_ERROR_XML_SYNTAX},
    {"deep-rules", HEAD, RULE, "", NWF_ERROR_XML_SYNTAX},
    {"rules", HEAD, "<rule action='drop' direction='in'/>", TAIL, -1},
    {"empty-rules", HEAD, "<rule/>", TAIL, NWF_ERROR_RULE_INCOMPLETE},
    {"wide-rules", HEAD, RULE "<stp/></rule>", TAIL, -1},
    {"usual-rules", HEAD,
     RULE "<tcp srcmacaddr='1:2:3:4:5:6' srcipaddr='10.0.0.1' srcipmask='24' dstportstart='22' state='NEW'/></rule>",
     TAIL, -1},
    {"mixed-signs", HEAD, RULE "<arp match='no' srcmacaddr='$A'/><arp hwtype='1'/></rule>", TAIL, -1},
    {"one-rule", HEAD RULE, "<stp age='1'/>", "</rule>" TAIL, -1},
    {"other-protocols", HEAD RULE "<tcp/>", "<udp/>", "</rule>" TAIL, -1},
    {"elements", HEAD, "<a/>", TAIL, -1},
    {"names", HEAD, "<a%u/>", TAIL, NWF_ERROR_XML_SYNTAX},
    {"instructions", HEAD, "<?a%u?>", TAIL, NWF_ERROR_XML_SYNTAX},
    {"same-instructions", HEAD, "<?a?>", TAIL, -1},
    {"attributes", HEAD "<a", " a%u=''", "/>" TAIL, NWF_ERROR_XML_SYNTAX},
    {"spaced-attributes", HEAD "<a", " a%u\n=\n''", "/>" TAIL, NWF_ERROR_XML_SYNTAX},
    {"same-attributes", HEAD "<a", " a=''", "/>" TAIL, NWF_ERROR_XML_SYNTAX},
    {"namespaces", HEAD "<a", " xmlns:a%u='u'", "/>" TAIL, NWF_ERROR_XML_SYNTAX},
    {"nested-namespaces", HEAD, "<a xmlns:a%u='u:u'>", "", NWF_ERROR_XML_SYNTAX},
    {"default-namespaces", HEAD, "<a xmlns='u:u'/>", TAIL, -1},
    {"relative-namespaces", HEAD, "<a xmlns='u'/>", TAIL, NWF_ERROR_XML_SYNTAX},
    {"unknown-prefixes", HEAD, "<a:b/>", TAIL, NWF_ERROR_XML_SYNTAX},
    {"references", HEAD, "<filterref filter=''/>", TAIL, -1},
    {"one-list", HEAD "<filterref filter='x'>", "<parameter name='A' value='1'/>", "</filterref>" TAIL,
     NWF_ERROR_INTERNAL},
    {"lists", HEAD "<filterref filter='x'>", "<parameter name='A%u' value='1'/>", "</filterref>" TAIL, -1},
    {"bad-parameters", HEAD "<filterref filter='x'>", "<parameter name='-' value=''/>", "</filterref>" TAIL, -1},
    {"addresses", HEAD, RULE "<all srcipaddr='1' dstipaddr='1'/></rule>", TAIL, -1},
    {"scopes", HEAD, RULE "<all-ipv6 srcipaddr='fe80::1%lo'/></rule>", TAIL, -1},
    {"huge-comment", HEAD RULE "<tcp comment='", "x", "'/></rule>" TAIL, -1},
    {"huge-value", HEAD RULE "<tcp srcipaddr='", "x", "'/></rule>" TAIL, NWF_ERROR_INTERNAL},
    {"huge-variable", HEAD RULE "<tcp srcipaddr='$", "x", "'/></rule>" TAIL, -1},
    {"huge-states", HEAD RULE "<tcp state='", "NEW,", "'/></rule>" TAIL, -1},
    {"huge-number", HEAD RULE "<stp age='", "1", "'/></rule>" TAIL, NWF_ERROR_INTERNAL},
    {"huge-name", "<filter name='", "x", "'/>", -1},
    {"huge-chain", "<filter name='f' chain='", "x", "'/>", NWF_ERROR_ARGUMENT},
    {"huge-element", "<", "x", "/>", NWF_ERROR_XML_SYNTAX},
    {"huge-uuid", "<filter name='f'><uuid>", "5", "</uuid></filter>", NWF_ERROR_XML_VALUE},
    {"uuids", "<filter name='f'>", "<uuid>" STORY_UUID "</uuid>", "</filter>", -1},
    {"entities", HEAD RULE "<tcp comment='", "&amp;", "'/></rule>" TAIL, -1},
    {"characters", HEAD RULE "<tcp comment='", "&#9;", "'/></rule>" TAIL, -1},
    {"text", HEAD, "&lt;", TAIL, -1},
    {"lines", HEAD, "\n", TAIL, -1},
    {"comments", HEAD, "<!---->", TAIL, -1},
    {"sections", HEAD, "<![CDATA[]]>", TAIL, -1},
    {"less-thans", "", "<", "", NWF_ERROR_XML_SYNTAX},
    {"equals", "<a ", "= ", "", NWF_ERROR_XML_SYNTAX},
    {"blanks", "<a =", " ", "", NWF_ERROR_XML_SYNTAX},
    {"entity-declarations", "<!DOCTYPE filter [", "<!ENTITY a 'x'>", "]>" HEAD TAIL, NWF_ERROR_XML_SYNTAX},
    {"binding", "<filterbinding>", "<owner><name>x</name></owner>", "</filterbinding>", NWF_ERROR_XML_ROOT},
};

static char *
make(const Shape *shape, gsize size)
{
    GString *text = g_string_sized_new(size);
    g_auto(GStrv) parts = g_strsplit(shape->unit, "%u", 2);
    gsize length = strlen(shape->unit) + 12, rest = strlen(shape->after);
    g_string_append(text, shape->before);
    for (guint i = 0; text->len + length + rest < size; i++) {
        g_string_append(text, parts[0]);
        if (parts[1])
            g_string_append_printf(text, "%u%s", i, parts[1]);
    }
    g_string_append(text, shape->after);
    return g_string_free(text, FALSE);
}

static long
resident_mib(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static gboolean
judged(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return FALSE;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
    return FALSE;
#endif
#endif
    return TRUE;
}

static void
check_time(const char *what, clock_t start)
{
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    g_test_message("%s: %.3f s, largest %ld MiB", what, seconds, resident_mib());
    if (judged())
        g_assert_cmpfloat(seconds, <, SECONDS_MAX);
}

static void
test_shape(gconstpointer data)
{
    const Shape *shape = data;
    g_autofree char *xml = make(shape, SIZE);
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;
    long before = resident_mib();
    clock_t start = clock();
    g_autoptr(NwfFilter) filter = nwf_filter_parse(xml, &(NwfReading){.dialect = NWF_DIALECT_9}, notes, &error);

    check_time("read", start);
    g_assert_cmpint(error ? error->code : -1, ==, shape->code);
    if (error)
        g_assert_cmpuint(strlen(error->message), <, 1000);
    if (filter) {
        g_autofree char *printed = NULL;
        start = clock();
        printed = nwf_filter_format(filter, NWF_DIALECT_9);
        check_time("printed", start);
        g_assert_cmpuint(strlen(printed), <, (gsize)SIZE * 4);
    }
    if (judged())
        g_assert_cmpint(resident_mib() - before, <, MEMORY_MAX_MIB);
}

/* With validation: as large as is validated at all, and 4 MiB, which are refused. */
static void
test_validated(gconstpointer data)
{
    static const NwfReading reading = {.dialect = NWF_DIALECT_9, .validate = TRUE};
    const Shape *shape = data;
    g_autofree char *fitting = make(shape, SIZE / 4);
    g_autofree char *large = make(shape, SIZE);
    g_autoptr(GError) error = NULL;
    clock_t start = clock();
    nwf_filter_unref(nwf_filter_parse(fitting, &reading, NULL, NULL)); /* either way */
    check_time("validated", start);
    start = clock();
    g_assert_null(nwf_filter_parse(large, &reading, NULL, &error));
    check_time("refused", start);
    g_assert_nonnull(error);
}

static void
add_shapes(const char *folder, GTestDataFunc test)
{
    for (guint i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autofree char *name = g_strdup_printf("/conf/hostile/%s/%s", folder, shapes[i].name);
        g_test_add_data_func(name, &shapes[i], test);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_shapes("plain", test_shape);
    add_shapes("validated", test_validated);
    return g_test_run();
}
