/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * params_xml.c: <parameter> elements, of filters' references and of bindings
 *
 * A parameter with other characters than allowed is dropped, as released drivers do and OpenStack relies on (it writes
 * "/128" after an address); a remark says so.
 */
#include "conf/filter_internal.h"

#include <glib/gi18n-lib.h>

gboolean
nwf_params_parse_tag(NwfParams *params, const NwfXmlTag *tag, NwfNotes *notes, GError **error)
{
    g_autofree char *name = nwf_xml_attribute(tag, "name");
    g_autofree char *value = nwf_xml_attribute(tag, "value");
    g_autofree char *quoted_name = nwf_clip(name ? name : "");
    g_autofree char *quoted_value = nwf_clip(value ? value : "");
    const GPtrArray *list = name ? nwf_params_get(params, name) : NULL;

    if (list && list->len >= NWF_LIST_MAX)
        return nwf_set_error(error, NWF_ERROR_INTERNAL, _("line %u: parameter '%s' has more than %d values"),
                             nwf_xml_line(tag), quoted_name, (int)NWF_LIST_MAX);
    if (!name || !value)
        nwf_note(notes, _("line %u: parameter name='%s' value='%s' is dropped: it needs both attributes"),
                 nwf_xml_line(tag), quoted_name, quoted_value);
    else if (!nwf_params_add(params, name, value))
        nwf_note(notes,
                 _("line %u: parameter name='%s' value='%s' is dropped: a name is made of letters, digits and '_', a "
                   "value also of '.' and ':'"),
                 nwf_xml_line(tag), quoted_name, quoted_value);
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
