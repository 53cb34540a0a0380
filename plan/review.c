/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * review.c: remarks on what only other filters show to mean nothing
 *
 * A reference to a filter that does not exist keeps every port from using the filter. A parameter that no rule below
 * its reference uses changes nothing, most often because its name is misspelt. MAC is given by every binding, so in a
 * reference it never counts; the variables of address learning count in a binding alone, and there they are used by the
 * driver itself, as is an IP, which no other port of the bridge may learn.
 *
 * What references lead to is visited once a referenced filter, not once a way, so that this costs about the size of the
 * filters. Where a filter below is missing nobody knows what it would use, and nothing is said about parameters.
 *
 * Limits: ENTRIES_MAX rules and references are looked at; parameters beyond are not remarked on.
 */
#include "plan/review.h"

#include "conf/binding.h"

#include <arpa/inet.h>
#include <glib/gi18n-lib.h>
#include <string.h>

enum { ENTRIES_MAX = 500000 };

#define CONTROL_PREFIX "CTRL_"

static gboolean
is_control(const char *name)
{
    return g_strv_contains(nwf_binding_controls, name);
}

/* A name that differs from @name in its case alone, or NULL. */
static const char *
other_case(GHashTable *used, const char *name)
{
    GHashTableIter names;
    gpointer other;

    g_hash_table_iter_init(&names, used);
    while (g_hash_table_iter_next(&names, &other, NULL))
        if (g_ascii_strcasecmp(other, name) == 0)
            return other;
    return NULL;
}

static void
remark_unused(const char *place, const char *name, const char *filter, GHashTable *used, NwfNotes *notes)
{
    const char *other = other_case(used, name);
    g_autofree char *quoted = nwf_clip(filter);

    if (other)
        nwf_note(notes,
                 _("%s: the parameter '%s' has no effect: no rule of filter '%s' and those it refers to uses it; they "
                   "use '%s', and names are case sensitive"),
                 place, name, quoted, other);
    else
        nwf_note(notes,
                 _("%s: the parameter '%s' has no effect: no rule of filter '%s' and those it refers to uses it"),
                 place, name, quoted);
}

/* ---- definitions ---- */

typedef struct NwfReview {
    NwfFilterLookup lookup;
    gpointer data;
    guint n_entries;     /* looked at so far */
    GHashTable *targets; /* name of a filter to the set of the variables that are used below; NULL: not known */
} NwfReview;

/* The variables that @root and what it refers to use; NULL if a filter is missing or there is too much to look at. */
static GHashTable *
variables_below(NwfReview *self, NwfFilter *root)
{
    g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) waiting = g_ptr_array_new();

    g_ptr_array_add(waiting, root);
    while (waiting->len > 0) {
        const NwfFilter *filter = g_ptr_array_steal_index_fast(waiting, waiting->len - 1);

        self->n_entries += 1 + filter->entries->len;
        if (self->n_entries > ENTRIES_MAX)
            return NULL;
        for (guint i = 0; i < filter->entries->len; i++) {
            const NwfEntry *entry = g_ptr_array_index(filter->entries, i);
            NwfFilter *next = NULL;

            if (entry->rule)
                nwf_rule_add_variables(entry->rule, used);
            else if (g_hash_table_add(seen, entry->ref->filter) &&
                     !(next = self->lookup(entry->ref->filter, self->data)))
                return NULL;
            if (next)
                g_ptr_array_add(waiting, next);
        }
    }
    return g_steal_pointer(&used);
}

static GHashTable *
variables_of(NwfReview *self, NwfFilter *target)
{
    gpointer used = NULL;

    if (!g_hash_table_lookup_extended(self->targets, target->name, NULL, &used)) {
        used = variables_below(self, target);
        g_hash_table_insert(self->targets, target->name, used);
    }
    return used;
}

static void
review_params_of(NwfReview *self, const NwfFilterRef *reference, NwfFilter *target, const char *place, NwfNotes *notes)
{
    g_autoptr(GPtrArray) names = nwf_params_names(reference->params);
    GHashTable *used = names->len ? variables_of(self, target) : NULL;

    for (guint i = 0; i < names->len && nwf_notes_wanted(notes); i++) {
        const char *name = g_ptr_array_index(names, i);

        if (strcmp(name, "MAC") == 0)
            nwf_note(notes, _("%s: the parameter 'MAC' has no effect: each binding gives it"), place);
        else if (used && g_hash_table_contains(used, name))
            continue;
        else if (is_control(name) && strcmp(name, nwf_binding_controls[NWF_CONTROL_SERVER]) != 0)
            nwf_note(notes, _("%s: the parameter '%s' has no effect: it counts in a binding alone"), place, name);
        else if (used && !is_control(name))
            remark_unused(place, name, reference->filter, used, notes);
    }
}

static void
free_variables(gpointer used)
{
    if (used)
        g_hash_table_unref(used);
}

void
nwf_review_references(const NwfFilter *filter, NwfFilterLookup lookup, gpointer data, NwfNotes *notes)
{
    g_autoptr(GHashTable) targets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_variables);
    NwfReview self = {lookup, data, 0, targets};

    for (guint i = 0; i < filter->entries->len && nwf_notes_wanted(notes); i++) {
        const NwfFilterRef *reference = ((const NwfEntry *)g_ptr_array_index(filter->entries, i))->ref;
        g_autofree char *place = NULL;
        NwfFilter *target;

        if (!reference)
            continue;
        target = lookup(reference->filter, data);
        place = g_strdup_printf(_("filter '%s', reference at line %u"), filter->name, reference->line);
        if (target)
            review_params_of(&self, reference, target, place, notes);
        else
            nwf_note(notes, _("%s: filter '%s' does not exist: no port can use this filter"), place, reference->filter);
    }
}

/* ---- bindings ---- */

/* A name that looks like one of those that control learning, and is none. */
static void
remark_no_control(const char *place, const char *name, const char *filter, NwfNotes *notes)
{
    g_autofree char *quoted = nwf_clip(filter);
    g_autofree char *controls = g_strjoinv(", ", (char **)nwf_binding_controls);

    nwf_note(
        notes,
        _("%s: the parameter '%s' has no effect: no rule of filter '%s' and those it refers to uses it; those that "
          "control learning are %s"),
        place, name, quoted, controls);
}

/* Whether the driver reserves an address for the port: it takes the values that are plain IPv4 addresses. */
static gboolean
reserves(const NwfParams *params)
{
    const GPtrArray *list = nwf_params_get(params, "IP");
    struct in_addr address;

    for (guint i = 0; list && i < list->len; i++)
        if (inet_pton(AF_INET, g_ptr_array_index(list, i), &address) == 1 && address.s_addr != INADDR_ANY)
            return TRUE;
    return FALSE;
}

void
nwf_review_params(const char *place, NwfTree *tree, const NwfParams *params, NwfNotes *notes)
{
    g_autoptr(GPtrArray) names = nwf_params_names(params);
    GHashTable *used = nwf_tree_variables(tree);

    for (guint i = 0; i < names->len && nwf_notes_wanted(notes); i++) {
        const char *name = g_ptr_array_index(names, i);

        if (strcmp(name, "MAC") == 0 || is_control(name) || (strcmp(name, "IP") == 0 && reserves(params)) ||
            g_hash_table_contains(used, name))
            continue;
        if (g_ascii_strncasecmp(name, CONTROL_PREFIX, strlen(CONTROL_PREFIX)) == 0)
            remark_no_control(place, name, nwf_tree_root(tree), notes);
        else
            remark_unused(place, name, nwf_tree_root(tree), used, notes);
    }
}
