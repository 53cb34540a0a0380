/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * schema.c: validation against the grammars in xmlschemas/
 *
 * The grammars are compiled into the library, so that they cannot be missing and cannot differ from it. One is parsed
 * for each validation: nothing is kept. libxml2 sets its tables of types up on first use without a lock of its own; two
 * first uses at once can make a grammar unreadable. So the parsing of a grammar has a mutex, and in a process where
 * others validate, too, as libvirt does, nwf_schema_prepare() comes before all of them.
 *
 * Limits: libxml2 needs tens of microseconds for each element and compiles the pattern of a type anew for each value.
 * So documents of more than SIZE_MAX_VALIDATED bytes, some thousands of rules, are not validated; without validation
 * they are as good as others.
 */
#include "conf/schema.h"

#include "conf-resources.h"
#include "conf/xml.h"

#include <glib/gi18n-lib.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNG, xmlRelaxNGFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGParserCtxt, xmlRelaxNGFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGValidCtxt, xmlRelaxNGFreeValidCtxt)

enum { SIZE_MAX_VALIDATED = 1024 * 1024 };

static const char *const paths[] = {"/nwfilter/nwfilter.rng", "/nwfilter/nwfilterbinding.rng"};
static const NwfXmlElement roots[] = {{.name = "filter"}, {.name = "filterbinding"}};

/* Keeps the first complaint; later ones are mostly its consequences. */
static void
on_complaint(gpointer data, const xmlError *complaint)
{
    GString *reason = data;
    g_autofree char *text = NULL;
    g_autofree char *clipped = NULL;
    if (reason->len || !complaint->message)
        return;
    text = g_strstrip(g_strdup(complaint->message));
    clipped = nwf_clip(text);
    g_string_printf(reason, _("line %d: %s"), complaint->line, clipped);
}

static xmlRelaxNG *
parse_grammar(NwfSchema schema, GString *reason)
{
    static GMutex mutex;
    g_autoptr(GBytes) text = g_resource_lookup_data(nwf_conf_get_resource(), paths[schema], 0, NULL);
    g_autoptr(xmlRelaxNGParserCtxt) parser = NULL;
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&mutex);
    if (!text)
        return NULL;
    parser = xmlRelaxNGNewMemParserCtxt(g_bytes_get_data(text, NULL), (int)g_bytes_get_size(text));
    if (!parser)
        return NULL;
    xmlRelaxNGSetParserStructuredErrors(parser, (xmlStructuredErrorFunc)on_complaint, reason);
    return xmlRelaxNGParse(parser);
}

void
nwf_schema_prepare(void)
{
    g_autoptr(GString) reason = g_string_new(NULL); /* reported when a document is validated */
    G_GNUC_UNUSED g_autoptr(xmlRelaxNG) grammar = parse_grammar(NWF_SCHEMA_FILTER, reason);
}

gboolean
nwf_schema_validate(NwfSchema schema, const char *xml, GError **error)
{
    g_autoptr(GString) reason = g_string_new(NULL);
    g_autoptr(xmlRelaxNG) grammar = NULL;
    g_autoptr(xmlDoc) document = NULL;
    g_autoptr(xmlRelaxNGValidCtxt) validator = NULL;
    gsize size = strlen(xml);
    int result = -1;

    if (!nwf_xml_read(xml, &(NwfXmlReader){.root = &roots[schema]}, error))
        return FALSE;
    if (size > SIZE_MAX_VALIDATED)
        return nwf_set_error(
            error, NWF_ERROR_XML_SCHEMA,
            _("the document is too large to be validated (limit in bytes: %d); use it without validation"),
            (int)SIZE_MAX_VALIDATED);
    grammar = parse_grammar(schema, reason);
    document = xmlReadMemory(xml, (int)size, NULL, NULL, nwf_xml_options());
    if (grammar && document)
        validator = xmlRelaxNGNewValidCtxt(grammar);
    if (validator) {
        xmlRelaxNGSetValidStructuredErrors(validator, (xmlStructuredErrorFunc)on_complaint, reason);
        result = xmlRelaxNGValidateDoc(validator, document);
    }
    if (result == 0)
        return TRUE;
    if (!reason->len)
        return nwf_set_error(error, NWF_ERROR_XML_SCHEMA, _("the document could not be validated"));
    return nwf_set_error(error, NWF_ERROR_XML_SCHEMA, _("the document does not fit the schema: %s"), reason->str);
}
