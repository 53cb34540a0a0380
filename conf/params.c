/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * params.c: lists of parameters, and the <parameter> elements of filters' references and of bindings
 *
 * A tree from names to lists: its order is the order of dumpxml. Lists keep their order and their duplicates. The
 * characters of names and values are so few that no text of a parameter can mean anything but itself to a tool. A
 * parameter with other characters is dropped, as released drivers do and OpenStack relies on (it writes "/128" after an
 * address); a note says so, and it is remembered for the message that the variable has no value.
 */
#include "conf/filter_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct NwfParams {
    GTree *lists;   /* char * -> GPtrArray of char * */
    GTree *dropped; /* char * -> char *: the first value of each name that could not be taken; NULL: none */
};

static const char name_characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_";
static const char value_characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:";

static int
compare_names(gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
    return strcmp(a, b);
}

NwfParams *
nwf_params_new(void)
{
    NwfParams *params = g_new0(NwfParams, 1);
    params->lists = g_tree_new_full(compare_names, NULL, g_free, (GDestroyNotify)g_ptr_array_unref);
    return params;
}

void
nwf_params_free(NwfParams *params)
{
    if (!params)
        return;
    g_tree_destroy(params->lists);
    g_clear_pointer(&params->dropped, g_tree_destroy);
    g_free(params);
}

static gboolean
copy_list(gpointer name, gpointer list, gpointer copy)
{
    GPtrArray *values = list;
    for (guint i = 0; i < values->len; i++)
        nwf_params_add(copy, name, g_ptr_array_index(values, i));
    return FALSE;
}

static void
remember_dropped(NwfParams *params, const char *name, const char *value)
{
    if (!params->dropped)
        params->dropped = g_tree_new_full(compare_names, NULL, g_free, g_free);
    if (!g_tree_lookup(params->dropped, name))
        g_tree_insert(params->dropped, g_strdup(name), nwf_clip(value));
}

static gboolean
copy_dropped(gpointer name, gpointer value, gpointer copy)
{
    remember_dropped(copy, name, value);
    return FALSE;
}

NwfParams *
nwf_params_copy(const NwfParams *params)
{
    NwfParams *copy = nwf_params_new();
    g_tree_foreach(params->lists, copy_list, copy);
    if (params->dropped)
        g_tree_foreach(params->dropped, copy_dropped, copy);
    return copy;
}

gboolean
nwf_params_add(NwfParams *params, const char *name, const char *value)
{
    GPtrArray *values = NULL;
    if (name[strspn(name, name_characters)] || !*value || value[strspn(value, value_characters)])
        return FALSE;
    values = g_tree_lookup(params->lists, name);
    if (!values) {
        values = g_ptr_array_new_with_free_func(g_free);
        g_tree_insert(params->lists, g_strdup(name), values);
    }
    g_ptr_array_add(values, g_strdup(value));
    return TRUE;
}

const GPtrArray *
nwf_params_get(const NwfParams *params, const char *name)
{
    return g_tree_lookup(params->lists, name);
}

const char *
nwf_params_dropped(const NwfParams *params, const char *name)
{
    return params->dropped ? g_tree_lookup(params->dropped, name) : NULL;
}

void
nwf_params_remove(NwfParams *params, const char *name)
{
    g_tree_remove(params->lists, name);
}

static gboolean
add_name(gpointer name, G_GNUC_UNUSED gpointer list, gpointer names)
{
    g_ptr_array_add(names, name);
    return FALSE;
}

GPtrArray *
nwf_params_names(const NwfParams *params)
{
    GPtrArray *names = g_ptr_array_sized_new((guint)g_tree_nnodes(params->lists));
    g_tree_foreach(params->lists, add_name, names);
    return names;
}

/* ---- XML ---- */

const char *const nwf_parameter_attributes[] = {"name", "value", NULL};

static void
remark_dropped(const NwfXmlTag *tag, const char *name, const char *value, const char *filter, NwfNotes *notes)
{
    g_autofree char *place = nwf_place(filter, nwf_xml_line(tag));
    g_autofree char *quoted_name = nwf_clip(name ? name : "");
    g_autofree char *quoted_value = nwf_clip(value ? value : "");
    if (!name || !value)
        nwf_note(notes, _("%s: a <parameter> without name or value is ignored"), place);
    else
        nwf_note(notes,
                 _("%s: <parameter name='%s' value='%s'/> is ignored: a name may only have letters, digits and '_', a "
                   "value also '.' and ':', and it is not empty"),
                 place, quoted_name, quoted_value);
}

gboolean
nwf_params_parse_tag(NwfParams *params, const NwfXmlTag *tag, const char *filter, NwfNotes *notes, GError **error)
{
    g_autofree char *name = nwf_xml_attribute(tag, "name");
    g_autofree char *value = nwf_xml_attribute(tag, "value");
    const GPtrArray *list = name ? nwf_params_get(params, name) : NULL;

    if (list && list->len >= NWF_LIST_MAX) {
        g_autofree char *place = nwf_place(filter, nwf_xml_line(tag));
        g_autofree char *quoted = nwf_clip(name);
        return nwf_set_error(error, NWF_ERROR_INTERNAL, _("%s: the parameter '%s' has too many values (limit: %d)"),
                             place, quoted, (int)NWF_LIST_MAX);
    }
    if (name && value && nwf_params_add(params, name, value))
        return TRUE;
    if (name && value)
        remember_dropped(params, name, value);
    if (nwf_notes_wanted(notes))
        remark_dropped(tag, name, value, filter, notes);
    return TRUE;
}

void
nwf_filter_ref_format(GString *out, const char *filter, const NwfParams *params, int indent)
{
    g_autoptr(GPtrArray) names = nwf_params_names(params);
    g_string_append_printf(out, "%*s<filterref filter='", indent, "");
    nwf_xml_escape(out, filter, FALSE);
    g_string_append(out, names->len ? "'>\n" : "'/>\n");
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        const GPtrArray *values = nwf_params_get(params, name);
        for (guint k = 0; k < values->len; k++)
            g_string_append_printf(out, "%*s<parameter name='%s' value='%s'/>\n", indent + 2, "", name,
                                   (const char *)g_ptr_array_index(values, k));
    }
    if (names->len)
        g_string_append_printf(out, "%*s</filterref>\n", indent, "");
}
