/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree.h: a filter with all that it refers to
 *
 * A tree is the expansion of a root filter: depth first, in document order. Each rule in it knows the filter it stands
 * in and the parameters it can see. Building a tree is bounded before it begins: depth, rules and references are
 * counted without expanding anything, so that thirty filters that each refer twice to the next cost neither time nor
 * memory.
 */
#pragma once

#include "conf/filter.h"

/* References count after expansion, if they lead to rules, and their parameters with them. */
enum { NWF_TREE_DEPTH_MAX = 64, NWF_PORT_RULES_MAX = 20000, NWF_TREE_REFERENCES_MAX = 200000 };

typedef struct NwfTree NwfTree;

/** The filter called @name, or NULL; (transfer none), valid until the call that asked returns. */
typedef NwfFilter *(*NwfFilterLookup)(const char *name, gpointer data);

/**
 * nwf_tree_new:
 * @root: name of the filter to expand
 * @error: NWF_ERROR_INTERNAL for a filter that does not exist (the first one missing in document order) and for a tree
 *   that is too deep or too large; NWF_ERROR_OPERATION_FAILED for a loop
 *
 * Returns: (transfer full): the tree, which holds references on its filters
 */
NwfTree *nwf_tree_new(const char *root, NwfFilterLookup lookup, gpointer data, GError **error);
NWF_DECLARE_REFS(NwfTree, nwf_tree)

const char *nwf_tree_root(const NwfTree *tree);
/** nwf_tree_size: the number of its rules. */
guint nwf_tree_size(const NwfTree *tree);
/** nwf_tree_uses: whether the filter @name is in the tree. */
gboolean nwf_tree_uses(const NwfTree *tree, const char *name);

/**
 * nwf_tree_missing:
 * @params: what the binding supplies, MAC included
 *
 * Returns: (transfer container) (element-type utf8): spellings (NAME, NAME[2], NAME[@1]) of all accesses that have no
 *   value, each once, in order of first use; empty if none. Owned by the array.
 */
GPtrArray *nwf_tree_missing(const NwfTree *tree, const NwfParams *params);

/**
 * nwf_tree_explain_missing:
 * @missing: what nwf_tree_missing() found
 * @but: a spelling that is left out, or NULL
 *
 * Returns: (transfer full): the spellings with what is known about each: how many values its list has, or the text that
 *   was given as value and could not be taken
 */
char *nwf_tree_explain_missing(const NwfTree *tree, const NwfParams *params, const GPtrArray *missing, const char *but);

/** nwf_tree_variables: (transfer none) (element-type utf8): the set of the names of variables that rules use; it is
 * made when it is asked for first, so one thread at a time may ask. */
GHashTable *nwf_tree_variables(NwfTree *tree);
/** nwf_rule_add_variables: adds the names of the variables that @rule uses, which lie in it, to the set @names. */
void nwf_rule_add_variables(const NwfRule *rule, GHashTable *names);

/** nwf_tree_dropped: (transfer none): the first text that was given for @name and could not be taken, or NULL. */
const char *nwf_tree_dropped(const NwfTree *tree, const NwfParams *params, const char *name);

/**
 * nwf_tree_way:
 * @from: a filter, maybe not defined yet
 * @target: name looked for
 *
 * Looks for @target in the references of @from, over filters that exist; linear in the number of filters and
 * references. Defining @from under the name @target then would close a loop.
 *
 * Returns: (transfer full): the way for a message, "'from' -> 'other' -> 'target'"; NULL: there is none
 */
char *nwf_tree_way(const NwfFilter *from, const char *target, NwfFilterLookup lookup, gpointer data);
