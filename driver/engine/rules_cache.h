/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_cache.h: filter trees and their templates, kept for the ports that share them
 */
#pragma once

#include "plan/rules.h"

/* A root filter expanded for bindings that give variables of the same names; immutable but for what it makes on demand.
 */
typedef struct NwfRulesEntry NwfRulesEntry;
NwfRulesEntry *nwf_rules_entry_ref(NwfRulesEntry *entry);
void nwf_rules_entry_unref(NwfRulesEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfRulesEntry, nwf_rules_entry_unref)

/** nwf_rules_entry_uses: whether its tree is or refers to @filter. */
gboolean nwf_rules_entry_uses(const NwfRulesEntry *entry, const char *filter);

/** nwf_rules_entry_tree: (transfer none). */
NwfTree *nwf_rules_entry_tree(const NwfRulesEntry *entry);

/** nwf_rules_entry_build: (transfer full): rules for @params, whose names are those of the entry; errors as of
 * nwf_rules_new(). */
NwfRules *nwf_rules_entry_build(NwfRulesEntry *entry, const NwfParams *params, NwfNotes *notes, GError **error);

/**
 * nwf_rules_entry_rebuild: the rules of a port of @old whose values are already known
 * @old: the entry that @rules were built from
 *
 * Returns: FALSE: the values do not fit this entry's template, so that the rules are to be built. Else *@built
 *   (transfer full) has them, or is NULL with @error as of nwf_rules_with_template()
 */
gboolean nwf_rules_entry_rebuild(NwfRulesEntry *entry, NwfRulesEntry *old, NwfRules *rules, NwfRules **built,
                                 NwfNotes *notes, GError **error);

typedef struct NwfRulesCache NwfRulesCache;

/**
 * nwf_rules_cache_new:
 * @lookup: gives filters by name, for the new trees of this cache
 * @defined: counts in place of the filter of its name; NULL: none does
 */
NwfRulesCache *nwf_rules_cache_new(NwfFilterLookup lookup, gpointer data, NwfFilter *defined);
void nwf_rules_cache_free(NwfRulesCache *cache);

/** nwf_rules_cache_get: (transfer none): for the filter @root and the names of @params; errors as of nwf_tree_new(). */
NwfRulesEntry *nwf_rules_cache_get(NwfRulesCache *cache, const char *root, const NwfParams *params, GError **error);

/** nwf_rules_cache_renew: (transfer none): for the root and the names of @old, an entry of another cache. */
NwfRulesEntry *nwf_rules_cache_renew(NwfRulesCache *cache, NwfRulesEntry *old, GError **error);

/** nwf_rules_cache_forget: all entries that use @filter, which is another one now. */
void nwf_rules_cache_forget(NwfRulesCache *cache, const char *filter);

/** nwf_rules_cache_adopt: takes the entries of @from over, whose filters are in force now; @from is empty afterwards.
 */
void nwf_rules_cache_adopt(NwfRulesCache *cache, NwfRulesCache *from);
