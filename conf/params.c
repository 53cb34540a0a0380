/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * params.c: lists of parameters
 *
 * A tree from names to lists: its order is the order of dumpxml. Lists keep their order and their duplicates. The
 * characters of names and values are so few that no text of a parameter can mean anything but itself to a tool.
 */
#include "conf/variable.h"

#include <string.h>

struct NwfParams {
    GTree *lists; /* char * -> GPtrArray of char * */
};

static const char name_characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_";
static const char value_characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:";

static int
compare_names(gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
    return strcmp(a, b);
}

static void
free_list(gpointer list)
{
    g_ptr_array_unref(list);
}

NwfParams *
nwf_params_new(void)
{
    NwfParams *params = g_new0(NwfParams, 1);
    params->lists = g_tree_new_full(compare_names, NULL, g_free, free_list);
    return params;
}

void
nwf_params_free(NwfParams *params)
{
    if (!params)
        return;
    g_tree_destroy(params->lists);
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

NwfParams *
nwf_params_copy(const NwfParams *params)
{
    NwfParams *copy = nwf_params_new();
    g_tree_foreach(params->lists, copy_list, copy);
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
