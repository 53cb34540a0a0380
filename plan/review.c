/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * review.c: remarks on what only other filters show to mean nothing
 *
 * A reference to a filter that does not exist keeps every port from using the filter. A parameter that no rule below
 * its reference uses changes nothing, most often because its name is misspelt. MAC is given by every binding, so in a
 * reference it never counts; the variables of address learning count in a binding alone, and there they are used by the
 * driver itself.
 *
 * What references lead to is visited once a referenced filter, not once a way, so that this costs about the size of the
 * filters. Where a filter below is missing nobody knows what it would use, and nothing is said about parameters.
 *
 * Limits: ENTRIES_MAX rules and references are looked at; parameters beyond are not remarked on.
 */
#include "plan/review.h"

#include <glib/gi18n-lib.h>
#include <string.h>

enum { ENTRIES_MAX = 500000 };

static gboolean
is_control(const char *name)
{
    return g_str_has_prefix(name, "CTRL_");
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
        else if (is_control(name))
            nwf_note(notes, _("%s: the parameter '%s' has no effect: it counts in a binding alone"), place, name);
        else if (used && strcmp(name, "DHCPSERVER") != 0 && !g_hash_table_contains(used, name))
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

void
nwf_review_params(const char *place, NwfTree *tree, const NwfParams *params, NwfNotes *notes)
{
    g_autoptr(GPtrArray) names = nwf_params_names(params);
    GHashTable *used = nwf_tree_variables(tree);

    for (guint i = 0; i < names->len && nwf_notes_wanted(notes); i++) {
        const char *name = g_ptr_array_index(names, i);

        if (strcmp(name, "MAC") != 0 && strcmp(name, "DHCPSERVER") != 0 && !is_control(name) &&
            !g_hash_table_contains(used, name))
            remark_unused(place, name, nwf_tree_root(tree), used, notes);
    }
}
