/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * params_xml.c: <parameter> elements, of filters' references and of bindings
 *
 * A parameter with other characters than allowed is dropped, as released drivers do and OpenStack relies on (it writes
 * "/128" after an address); a remark says so.
 */
#include "conf/filter_internal.h"

#include <glib/gi18n-lib.h>

/* Where @tag is, for messages. */
static char *
place_of(const NwfXmlTag *tag, const char *filter)
{
    g_autofree char *quoted = filter ? nwf_clip(filter) : NULL;
    if (!quoted)
        return g_strdup_printf(_("line %u"), nwf_xml_line(tag));
    return g_strdup_printf(_("filter '%s', line %u"), quoted, nwf_xml_line(tag));
}

static void
remark_dropped(const NwfXmlTag *tag, const char *name, const char *value, const char *filter, NwfNotes *notes)
{
    g_autofree char *place = place_of(tag, filter);
    g_autofree char *quoted_name = nwf_clip(name ? name : "");
    g_autofree char *quoted_value = nwf_clip(value ? value : "");
    if (!name || !value)
        nwf_note(notes, _("%s: a <parameter> without name or value is ignored"), place);
    else
        nwf_note(notes,
                 _("%s: <parameter name='%s' value='%s'/> is ignored: a name may only have letters, digits and '_', a "
                   "value also '.' and ':'"),
                 place, quoted_name, quoted_value);
}

gboolean
nwf_params_parse_tag(NwfParams *params, const NwfXmlTag *tag, const char *filter, NwfNotes *notes, GError **error)
{
    g_autofree char *name = nwf_xml_attribute(tag, "name");
    g_autofree char *value = nwf_xml_attribute(tag, "value");
    const GPtrArray *list = name ? nwf_params_get(params, name) : NULL;

    if (list && list->len >= NWF_LIST_MAX) {
        g_autofree char *place = place_of(tag, filter);
        g_autofree char *quoted = nwf_clip(name);
        return nwf_set_error(error, NWF_ERROR_INTERNAL, _("%s: the parameter '%s' has too many values (limit: %d)"),
                             place, quoted, (int)NWF_LIST_MAX);
    }
    if (name && value && nwf_params_add(params, name, value))
        return TRUE;
    if (nwf_notes_wanted(notes))
        remark_dropped(tag, name, value, filter, notes);
    return TRUE;
}

void
nwf_params_format(GString *out, const NwfParams *params, guint indent)
{
    g_autoptr(GPtrArray) names = nwf_params_names(params);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        const GPtrArray *values = nwf_params_get(params, name);
        for (guint k = 0; k < values->len; k++)
            g_string_append_printf(out, "%*s<parameter name='%s' value='%s'/>\n", (int)indent, "", name,
                                   (const char *)g_ptr_array_index(values, k));
    }
}
