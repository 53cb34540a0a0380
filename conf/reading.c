/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reading.c: what becomes of the remarks on a document
 *
 * A remark names something in a document that means nothing, or more than it says. The reader of filters and that of
 * bindings collect them in the order of the document, and here it is decided about them, for both alike: they are left
 * to the caller, who logs them; or the first one is an error, because the reading is strict or validation was asked
 * for. A fault that the reader does not forgive ends the remarks, so the first remark comes before it.
 *
 * Validation. What the reader says of a fault names the place and the way out, what a grammar says often neither. So
 * the grammar is asked last. Clients of libvirt expect its error code whenever the grammar refuses a document, and get
 * it, with the reader's words.
 */
#include "conf/filter_private.h"

#include <glib/gi18n-lib.h>

char *
nwf_place(const char *filter, guint line)
{
    g_autofree char *quoted = filter ? nwf_clip(filter) : NULL;
    if (!quoted)
        return g_strdup_printf(_("line %u"), line);
    return g_strdup_printf(_("filter '%s', line %u"), quoted, line);
}

void
nwf_note_unknown(NwfNotes *notes, const char *filter, const NwfXmlUnknown *what)
{
    g_autofree char *place = NULL;
    g_autofree char *element = NULL;
    g_autofree char *text = NULL;

    if (!nwf_notes_wanted(notes))
        return;
    place = nwf_place(filter, what->line);
    element = nwf_clip(what->element);
    text = what->text ? nwf_clip(what->text) : NULL;
    if (what->kind == NWF_XML_ELEMENT) {
        nwf_note(notes, _("%s: the element <%s> is unknown and is ignored"), place, element);
    } else if (what->kind == NWF_XML_TEXT) {
        nwf_note(notes, _("%s: <%s>: the text '%s' is ignored"), place, element, text);
    } else {
        g_autofree char *attribute = nwf_clip(what->attribute);
        nwf_note(notes, _("%s: <%s %s='%s'>: the attribute is unknown and is ignored"), place, element, attribute,
                 text);
    }
}

gboolean
nwf_is_no_document(const GError *error)
{
    return g_error_matches(error, NWF_ERROR, NWF_ERROR_XML_SYNTAX) ||
           g_error_matches(error, NWF_ERROR, NWF_ERROR_XML_ROOT);
}

NwfNotes *
nwf_reading_notes(const NwfReading *reading, const NwfNotes *notes)
{
    return notes || reading->strict || reading->validate ? nwf_notes_new() : NULL;
}

/* A fault that the reader does not forgive. */
static gboolean
refuse(const NwfReading *reading, NwfSchema schema, const char *xml, GError *fault, GError **error)
{
    if (reading->validate && !nwf_is_no_document(fault) && !nwf_schema_validate(schema, xml, NULL))
        fault->code = NWF_ERROR_XML_SCHEMA;
    g_propagate_error(error, fault);
    return FALSE;
}

gboolean
nwf_reading_end(const NwfReading *reading, NwfSchema schema, const char *xml, const NwfNotes *found, GError *fault,
                GError **error)
{
    gboolean remarked = (reading->strict || reading->validate) && found->len > 0;

    if (fault && (!remarked || nwf_is_no_document(fault)))
        return refuse(reading, schema, xml, fault, error);
    g_clear_error(&fault);
    if (remarked && !reading->validate)
        return nwf_notes_refuse(found, error);
    if (remarked)
        return nwf_set_error(error, NWF_ERROR_XML_SCHEMA,
                             reading->strict ? "%s" : _("%s (accepted without validation)"),
                             (const char *)g_ptr_array_index(found, 0));
    return !reading->validate || nwf_schema_validate(schema, xml, error);
}
