/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xml.c: XML documents read as a stream
 *
 * libxml2 calls back for each tag (SAX); a stack of rows of the reader's table says which functions to call. Below an
 * unknown element nothing is known, only its depth is counted.
 *
 * Order of errors: not well-formed, then the root, then what the table's functions find. So after the first error of a
 * function the parser runs on, calling nothing. A page of HTML is called so whatever else is wrong with it: nobody
 * wrote it to be a filter.
 *
 * Bounds. Released libxml2 compares each attribute of a tag with each other one, looks namespaces up one by one, and
 * keeps names in a table that does not grow with them. So attributes are bounded before the parser sees the text (what
 * looks like an attribute is counted between two "<", which cannot occur inside a tag), namespaces in scope and
 * different names while it runs. Messages that are no errors to libxml2 (unknown prefixes) are bounded, too. The text
 * must be UTF-8, whatever the XML declaration says, so that what is counted is what the parser sees.
 */
#include "conf/xml.h"

#include <glib/gi18n-lib.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

enum { ATTRIBUTES_MAX = 200, NAMESPACES_MAX = 100, NAMES_MAX = 5000 };
enum { COMPLAINTS_MAX = 99 }; /* newer libxml2 tells of the first hundred errors and warnings only */

/* libxml2 gives attributes as groups of five pointers. */
enum { ATTR_NAME, ATTR_PREFIX, ATTR_URI, ATTR_VALUE, ATTR_END, ATTR_SIZE };

const char *const nwf_xml_no_attributes[] = {NULL};

struct NwfXmlTag {
    const xmlChar *name;
    const xmlChar *plain_name; /* without the prefix that @name may have, and of the parser's dictionary */
    guint line;
    guint n_attributes;
    const xmlChar **attributes;
};

typedef struct NwfXmlRun {
    const NwfXmlReader *reader;
    xmlParserCtxtPtr parser;
    GPtrArray *rows;    /* (element-type NwfXmlElement): of the known elements that are open */
    GPtrArray *names;   /* (element-type utf8): of the same; the parser's dictionary has them */
    GArray *namespaces; /* (element-type guint): declared by each open element */
    guint n_namespaces;
    guint unknown;   /* how many elements are open below the last known one */
    gboolean rooted; /* the document has a root element */
    GString *text;
    gboolean wants_text;
    gboolean text_reported; /* since the last tag */
    guint html;             /* line where the document says that it is HTML; 0: it is something else */
    guint complaints;
    GError *syntax, *error;
} NwfXmlRun;

static void
refuse(NwfXmlRun *run, const char *reason)
{
    if (!run->syntax)
        nwf_set_error(&run->syntax, NWF_ERROR_XML_SYNTAX, _("line %d: %s"), xmlSAX2GetLineNumber(run->parser), reason);
    xmlStopParser(run->parser);
}

/* libxml2 before 2.12 has no const here. */
static void
on_complaint(gpointer data, const xmlError *complaint)
{
    NwfXmlRun *run = data;
    g_autofree char *message = NULL;
    g_autofree char *reason = NULL;
    if (run->syntax)
        return;
    if (complaint->level < XML_ERR_FATAL) {
        if (++run->complaints > COMPLAINTS_MAX)
            refuse(run, _("there are too many namespace errors"));
        return;
    }
    message = g_strstrip(g_strdup(complaint->message ? complaint->message : ""));
    reason = nwf_clip(message); /* it may quote a name of the document */
    nwf_set_error(&run->syntax, NWF_ERROR_XML_SYNTAX, _("line %d: %s"), complaint->line, reason);
}

static void
notice_html(NwfXmlRun *run, const xmlChar *name)
{
    if (!run->html && g_ascii_strcasecmp((const char *)name, "html") == 0)
        run->html = (guint)xmlSAX2GetLineNumber(run->parser);
}

static void
on_doctype(gpointer data, const xmlChar *name, G_GNUC_UNUSED const xmlChar *id, G_GNUC_UNUSED const xmlChar *uri)
{
    notice_html(data, name);
    refuse(data, _("document type declarations are not accepted"));
}

/* Names of elements, attributes and processing instructions all end in the parser's dictionary. */
static gboolean
few_names(NwfXmlRun *run)
{
    if (xmlDictSize(run->parser->dict) <= NAMES_MAX)
        return TRUE;
    refuse(run, _("there are too many different names"));
    return FALSE;
}

static void
on_instruction(gpointer data, G_GNUC_UNUSED const xmlChar *target, G_GNUC_UNUSED const xmlChar *content)
{
    few_names(data);
}

static const NwfXmlElement *
find_row(const NwfXmlElement *children, const xmlChar *name, const xmlChar *uri)
{
    for (const NwfXmlElement *row = children; row && (row->name || row->start); row++)
        if (!row->name || (strcmp(row->name, (const char *)name) == 0 && !(row->plain && uri)))
            return row;
    return NULL;
}

static void
report_unknown(const NwfXmlRun *run, const NwfXmlUnknown *what)
{
    if (run->reader->unknown && !run->error)
        run->reader->unknown(what, run->reader->data);
}

static gboolean
is_known(const NwfXmlElement *row, const NwfXmlAttribute *attribute)
{
    if (attribute->prefix && (!attribute->declared || row->plain_attributes))
        return FALSE;
    return g_strv_contains(row->attributes, attribute->name);
}

static void
report_unknown_attributes(const NwfXmlRun *run, const NwfXmlElement *row, const NwfXmlTag *tag)
{
    NwfXmlAttribute attribute;

    for (guint i = 0; run->reader->unknown && row->attributes && nwf_xml_attribute_at(tag, i, &attribute); i++) {
        g_autofree char *name = NULL;
        g_autofree char *text = NULL;
        if (is_known(row, &attribute))
            continue;
        name = attribute.prefix ? g_strdup_printf("%s:%s", attribute.prefix, attribute.name) : g_strdup(attribute.name);
        text = nwf_xml_attribute_text(tag, i);
        report_unknown(run, &(NwfXmlUnknown){NWF_XML_ATTRIBUTE, tag->line, nwf_xml_name(tag), name, text});
    }
}

static void
start_element(NwfXmlRun *run, const NwfXmlElement *row, const NwfXmlTag *tag)
{
    if (row->start && !run->error)
        row->start(tag, run->reader->data, &run->error);
    report_unknown_attributes(run, row, tag);
}

static void
open_root(NwfXmlRun *run, const NwfXmlTag *tag)
{
    const NwfXmlElement *root = run->reader->root;
    g_autofree char *name = NULL;
    run->rooted = TRUE;
    g_ptr_array_add(run->rows, (gpointer)root);
    g_ptr_array_add(run->names, (gpointer)tag->plain_name);
    if (strcmp((const char *)tag->name, root->name) == 0) {
        start_element(run, root, tag);
        return;
    }
    notice_html(run, tag->name);
    name = nwf_clip((const char *)tag->name);
    nwf_set_error(&run->error, NWF_ERROR_XML_ROOT, _("line %u: the root element is <%s>, where <%s> is expected"),
                  tag->line, name, root->name);
}

static void
open_child(NwfXmlRun *run, const NwfXmlTag *tag, const xmlChar *uri)
{
    const NwfXmlElement *parent = g_ptr_array_index(run->rows, run->rows->len - 1);
    const NwfXmlElement *row = run->unknown ? NULL : find_row(parent->children, tag->name, uri);
    if (!row) {
        if (run->unknown++ == 0)
            report_unknown(run, &(NwfXmlUnknown){NWF_XML_ELEMENT, tag->line, nwf_xml_name(tag), NULL, NULL});
        return;
    }
    g_ptr_array_add(run->rows, (gpointer)row);
    g_ptr_array_add(run->names, (gpointer)tag->plain_name);
    if (row->text) {
        run->wants_text = TRUE;
        g_string_truncate(run->text, 0);
    }
    start_element(run, row, tag);
}

static void
on_start(gpointer data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
         G_GNUC_UNUSED const xmlChar **namespaces, int n_attributes, G_GNUC_UNUSED int n_defaulted,
         const xmlChar **attributes)
{
    NwfXmlRun *run = data;
    guint declared = (guint)n_namespaces;
    /* With a prefix that nobody declared, prefix and name are one name, which no table has. */
    g_autofree char *whole = prefix && !uri ? g_strdup_printf("%s:%s", (const char *)prefix, (const char *)name) : NULL;
    NwfXmlTag tag = {whole ? (const xmlChar *)whole : name, name, (guint)xmlSAX2GetLineNumber(run->parser),
                     (guint)n_attributes, attributes};

    run->text_reported = FALSE;
    g_array_append_val(run->namespaces, declared);
    run->n_namespaces += declared;
    if (!few_names(run))
        return;
    if (run->n_namespaces > NAMESPACES_MAX)
        refuse(run, _("there are too many namespaces"));
    else if (!run->rooted)
        open_root(run, &tag);
    else
        open_child(run, &tag, uri);
}

static void
on_end(gpointer data, G_GNUC_UNUSED const xmlChar *name, G_GNUC_UNUSED const xmlChar *prefix,
       G_GNUC_UNUSED const xmlChar *uri)
{
    NwfXmlRun *run = data;
    const NwfXmlElement *row = NULL;
    run->text_reported = FALSE;
    run->n_namespaces -= g_array_index(run->namespaces, guint, run->namespaces->len - 1);
    g_array_set_size(run->namespaces, run->namespaces->len - 1);
    if (run->unknown) {
        run->unknown--;
        return;
    }
    row = g_ptr_array_steal_index(run->rows, run->rows->len - 1);
    g_ptr_array_set_size(run->names, (gint)run->rows->len);
    if (row->end && !run->error)
        row->end(row->text ? run->text->str : "", run->reader->data, &run->error);
    if (row->text)
        run->wants_text = FALSE;
}

/* Text where none belongs; the parser may give it in pieces, of which the first is reported. */
static void
report_text(NwfXmlRun *run, const char *text, gsize length)
{
    gsize blanks = 0;
    guint line = (guint)xmlSAX2GetLineNumber(run->parser);
    g_autofree char *shown = NULL;

    while (blanks < length && g_ascii_isspace(text[blanks]))
        blanks++;
    if (blanks == length)
        return;
    run->text_reported = TRUE;
    for (gsize i = blanks; i < length; i++) /* the parser is at the end of the text */
        line -= text[i] == '\n' && line > 1;
    shown = g_strchomp(g_strndup(text + blanks, length - blanks));
    report_unknown(
        run, &(NwfXmlUnknown){NWF_XML_TEXT, line, g_ptr_array_index(run->names, run->names->len - 1), NULL, shown});
}

static void
on_text(gpointer data, const xmlChar *text, int length)
{
    NwfXmlRun *run = data;
    if (run->wants_text)
        g_string_append_len(run->text, (const char *)text, length);
    else if (!run->unknown && !run->text_reported && run->rows->len > 0 && run->reader->unknown)
        report_text(run, (const char *)text, (gsize)length);
}

/* The line of @xml, from 1, in which @place is. */
static guint
line_of(const char *xml, const char *place)
{
    guint line = 1;
    for (; xml < place; xml++)
        line += *xml == '\n';
    return line;
}

/* Whether no tag can have more than ATTRIBUTES_MAX attributes: counts equal signs before a quote between two "<". */
static gboolean
few_attributes(const char *xml, GError **error)
{
    guint found = 0;
    for (const char *start = xml; *xml; xml++) {
        const char *next = xml + 1;
        if (*xml == '<')
            found = 0;
        if (*xml != '=')
            continue;
        while (g_ascii_isspace(*next))
            next++;
        if ((*next == '\'' || *next == '"') && ++found > ATTRIBUTES_MAX)
            return nwf_set_error(error, NWF_ERROR_XML_SYNTAX,
                                 _("line %u: an element has too many attributes (limit: %d)"), line_of(start, xml),
                                 (int)ATTRIBUTES_MAX);
        xml = next - 1;
    }
    return TRUE;
}

static gboolean
is_utf8(const char *xml, gsize length, GError **error)
{
    const char *end = NULL, *line = NULL;
    if (length > G_MAXINT)
        return nwf_set_error(error, NWF_ERROR_XML_SYNTAX, _("the text is too long"));
    if (g_utf8_validate(xml, (gssize)length, &end))
        return TRUE;
    for (line = end; line > xml && line[-1] != '\n';)
        line--;
    return nwf_set_error(error, NWF_ERROR_XML_SYNTAX,
                         _("line %u: the text is not UTF-8 (byte %u of the line is 0x%02x)"), line_of(xml, end),
                         (guint)(end - line) + 1, (guchar)*end);
}

int
nwf_xml_options(void)
{
    return XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC |
           XML_PARSE_BIG_LINES | XML_PARSE_NOCDATA;
}

static void
run_parser(NwfXmlRun *run, const char *xml, gsize length)
{
    static const xmlSAXHandler handler = {
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_doctype,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .processingInstruction = on_instruction,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .serror = (xmlStructuredErrorFunc)on_complaint,
    };
    xmlDocPtr document = NULL;
    run->parser = xmlNewParserCtxt();
    if (!run->parser) {
        nwf_set_error(&run->syntax, NWF_ERROR_XML_SYNTAX, _("there is not enough memory"));
        return;
    }
    *run->parser->sax = handler;
    run->parser->userData = run;
    /* From libxml2 2.15 on "no errors" and "no warnings" would silence on_complaint() too. */
    document = xmlCtxtReadMemory(run->parser, xml, (int)length, NULL, NULL,
                                 nwf_xml_options() & ~(XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
    xmlFreeDoc(document);
    if (!run->syntax && !(run->parser->wellFormed && run->rooted && run->rows->len == 0))
        refuse(run, _("the document is incomplete"));
    xmlFreeParserCtxt(run->parser);
}

gboolean
nwf_xml_read(const char *xml, const NwfXmlReader *reader, GError **error)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GArray) namespaces = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GString) text = g_string_new(NULL);
    NwfXmlRun run = {.reader = reader, .rows = rows, .names = names, .namespaces = namespaces, .text = text};
    gsize length = strlen(xml);

    if (!is_utf8(xml, length, error) || !few_attributes(xml, error))
        return FALSE;
    run_parser(&run, xml, length);
    if (!run.syntax && !run.error)
        return TRUE;
    if (run.html)
        nwf_set_error(error, run.syntax ? NWF_ERROR_XML_SYNTAX : NWF_ERROR_XML_ROOT,
                      _("line %u: this is an HTML document, where <%s> is expected"), run.html, reader->root->name);
    else
        g_propagate_error(error, run.syntax ? g_steal_pointer(&run.syntax) : g_steal_pointer(&run.error));
    g_clear_error(&run.syntax);
    g_clear_error(&run.error);
    return FALSE;
}

const char *
nwf_xml_name(const NwfXmlTag *tag)
{
    return (const char *)tag->name;
}

guint
nwf_xml_line(const NwfXmlTag *tag)
{
    return tag->line;
}

gboolean
nwf_xml_attribute_at(const NwfXmlTag *tag, guint index, NwfXmlAttribute *attribute)
{
    const xmlChar **at = NULL;
    if (index >= tag->n_attributes)
        return FALSE;
    at = tag->attributes + index * ATTR_SIZE;
    attribute->prefix = (const char *)at[ATTR_PREFIX];
    attribute->name = (const char *)at[ATTR_NAME];
    attribute->declared = !at[ATTR_PREFIX] || at[ATTR_URI];
    return TRUE;
}

char *
nwf_xml_attribute_text(const NwfXmlTag *tag, guint index)
{
    const xmlChar **at = tag->attributes + index * ATTR_SIZE;
    return g_strndup((const char *)at[ATTR_VALUE], (gsize)(at[ATTR_END] - at[ATTR_VALUE]));
}

/* The first attribute @name; @plain: only without a prefix. */
static char *
find_attribute(const NwfXmlTag *tag, const char *name, gboolean plain)
{
    NwfXmlAttribute attribute;
    /* a tag is asked for each attribute that its element may have; nearly all differ in their first letter */
    for (guint i = 0; nwf_xml_attribute_at(tag, i, &attribute); i++)
        if (attribute.name[0] == name[0] && strcmp(attribute.name, name) == 0 && attribute.declared &&
            !(plain && attribute.prefix))
            return nwf_xml_attribute_text(tag, i);
    return NULL;
}

char *
nwf_xml_attribute(const NwfXmlTag *tag, const char *name)
{
    return find_attribute(tag, name, FALSE);
}

char *
nwf_xml_plain_attribute(const NwfXmlTag *tag, const char *name)
{
    return find_attribute(tag, name, TRUE);
}

void
nwf_xml_escape(GString *out, const char *text, gboolean in_element)
{
    static const char *const escapes[128] = {
        ['&'] = "&amp;",  ['<'] = "&lt;",   ['>'] = "&gt;",  ['\''] = "&apos;",
        ['"'] = "&quot;", ['\n'] = "&#10;", ['\t'] = "&#9;", ['\r'] = "&#13;",
    };
    for (; *text; text++) {
        guchar character = (guchar)*text;
        const char *escape = character < G_N_ELEMENTS(escapes) ? escapes[character] : NULL;
        if (escape && !(in_element && (character == '\n' || character == '\t')))
            g_string_append(out, escape);
        else
            g_string_append_c(out, *text);
    }
}
