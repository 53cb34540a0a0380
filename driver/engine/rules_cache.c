/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_cache.c: filter trees and their templates, kept for the ports that share them
 *
 * Tree and template are the expensive half of making rules, and the same for all ports that use one root filter and
 * give variables of the same names.
 *
 * Two kinds of caches. The applier's has trees of published filters alone. A filter that is being defined has a cache
 * in the request that defines it: its entries are adopted when the definition is published, and end with the request
 * when it is refused, so that no other port can meet them.
 *
 * Limits: ENTRIES_MAX entries, which only bindings with ever new names of parameters bring about; the one that was not
 * asked for longest is forgotten. Ports keep their entries alive.
 */
#include "driver/engine/rules_cache.h"

#include "driver/tech/services.h"

#include <string.h>

enum { ENTRIES_MAX = 1000 };

struct NwfRulesEntry {
    gatomicrefcount refs;
    char *key;
    NwfParams *names; /* some binding's parameters: their names count */
    NwfTree *tree;
    NwfTemplate *t; /* NULL until rules are asked for */

    /* whether values made for the template of @compared fit this one's; the last answer */
    NwfRulesEntry *compared;
    gboolean same_groups;
};

struct NwfRulesCache {
    NwfFilterLookup lookup;
    gpointer data;
    NwfFilter *defined;  /* may be NULL */
    GHashTable *entries; /* key -> link of @used */
    GQueue used;         /* of NwfRulesEntry, the latest first */
    GHashTable *renewed; /* entry of another cache -> entry of this one */
};

/* ---- entries ---- */

NwfRulesEntry *
nwf_rules_entry_ref(NwfRulesEntry *entry)
{
    g_atomic_ref_count_inc(&entry->refs);
    return entry;
}

void
nwf_rules_entry_unref(NwfRulesEntry *entry)
{
    if (!entry || !g_atomic_ref_count_dec(&entry->refs))
        return;
    g_free(entry->key);
    nwf_params_free(entry->names);
    nwf_tree_unref(entry->tree);
    g_clear_pointer(&entry->t, nwf_template_unref);
    g_free(entry);
}

gboolean
nwf_rules_entry_uses(const NwfRulesEntry *entry, const char *filter)
{
    return nwf_tree_uses(entry->tree, filter);
}

NwfTree *
nwf_rules_entry_tree(const NwfRulesEntry *entry)
{
    return entry->tree;
}

static NwfTemplate *
template_of(NwfRulesEntry *entry, const NwfParams *params, GError **error)
{
    if (!entry->t)
        entry->t = nwf_template_new(entry->tree, params, error);
    return entry->t;
}

NwfRules *
nwf_rules_entry_build(NwfRulesEntry *entry, const NwfParams *params, NwfNotes *notes, GError **error)
{
    static const NwfHost host = {nwf_service_port, NULL};
    const NwfTemplate *t = template_of(entry, params, error);

    return t ? nwf_rules_new(t, params, &host, notes, error) : NULL;
}

gboolean
nwf_rules_entry_rebuild(NwfRulesEntry *entry, NwfRulesEntry *old, NwfRules *rules, NwfRules **built, NwfNotes *notes,
                        GError **error)
{
    *built = NULL;
    if (entry->compared != old) {
        const NwfTemplate *t = old->t ? template_of(entry, entry->names, NULL) : NULL;
        entry->same_groups = t && nwf_template_same_groups(old->t, t);
        entry->compared = old; /* which the cache of this entry keeps alive until it is adopted */
    }
    if (!entry->same_groups)
        return FALSE;
    *built = nwf_rules_with_template(rules, entry->t, notes, error);
    return TRUE;
}

/* Names of parameters, then a character that none of them has, then the filter's name, which may have any. */
static char *
key_of(const char *root, const NwfParams *params)
{
    g_autoptr(GPtrArray) names = nwf_params_names(params);
    g_autoptr(GString) key = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(key, "%s,", (const char *)g_ptr_array_index(names, i));
    g_string_append_printf(key, "/%s", root);
    return g_string_free(g_steal_pointer(&key), FALSE);
}

/* ---- the cache ---- */

NwfRulesCache *
nwf_rules_cache_new(NwfFilterLookup lookup, gpointer data, NwfFilter *defined)
{
    NwfRulesCache *cache = g_new0(NwfRulesCache, 1);

    cache->lookup = lookup;
    cache->data = data;
    cache->defined = defined ? nwf_filter_ref(defined) : NULL;
    cache->entries = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&cache->used);
    cache->renewed =
        g_hash_table_new_full(NULL, NULL, (GDestroyNotify)nwf_rules_entry_unref, (GDestroyNotify)nwf_rules_entry_unref);
    return cache;
}

void
nwf_rules_cache_free(NwfRulesCache *cache)
{
    if (!cache)
        return;
    g_hash_table_unref(cache->renewed);
    g_hash_table_unref(cache->entries);
    g_queue_clear_full(&cache->used, (GDestroyNotify)nwf_rules_entry_unref);
    g_clear_pointer(&cache->defined, nwf_filter_unref);
    g_free(cache);
}

static NwfFilter *
lookup_filter(const char *name, gpointer data)
{
    const NwfRulesCache *cache = data;

    if (cache->defined && strcmp(cache->defined->name, name) == 0)
        return cache->defined;
    return cache->lookup(name, cache->data);
}

static void
forget_link(NwfRulesCache *cache, GList *link)
{
    NwfRulesEntry *entry = link->data;

    g_hash_table_remove(cache->entries, entry->key);
    g_queue_delete_link(&cache->used, link);
    nwf_rules_entry_unref(entry);
}

/* Takes over @entry. */
static void
put(NwfRulesCache *cache, NwfRulesEntry *entry)
{
    if (cache->used.length >= ENTRIES_MAX)
        forget_link(cache, cache->used.tail);
    g_queue_push_head(&cache->used, entry);
    g_hash_table_insert(cache->entries, entry->key, cache->used.head);
}

/* Takes over @key. */
static NwfRulesEntry *
get(NwfRulesCache *cache, char *key, const char *root, const NwfParams *params, GError **error)
{
    g_autofree char *own_key = key;
    GList *link = g_hash_table_lookup(cache->entries, key);

    if (link) {
        g_queue_unlink(&cache->used, link);
        g_queue_push_head_link(&cache->used, link);
        return link->data;
    }
    NwfTree *tree = nwf_tree_new(root, lookup_filter, cache, error);
    if (!tree)
        return NULL;
    NwfRulesEntry *entry = g_new0(NwfRulesEntry, 1);
    g_atomic_ref_count_init(&entry->refs);
    entry->key = g_steal_pointer(&own_key);
    entry->names = nwf_params_copy(params);
    entry->tree = tree;
    put(cache, entry);
    return entry;
}

NwfRulesEntry *
nwf_rules_cache_get(NwfRulesCache *cache, const char *root, const NwfParams *params, GError **error)
{
    return get(cache, key_of(root, params), root, params, error);
}

NwfRulesEntry *
nwf_rules_cache_renew(NwfRulesCache *cache, NwfRulesEntry *old, GError **error)
{
    NwfRulesEntry *entry = g_hash_table_lookup(cache->renewed, old);

    if (entry)
        return entry;
    entry = get(cache, g_strdup(old->key), nwf_tree_root(old->tree), old->names, error);
    if (entry)
        g_hash_table_insert(cache->renewed, nwf_rules_entry_ref(old), nwf_rules_entry_ref(entry));
    return entry;
}

void
nwf_rules_cache_forget(NwfRulesCache *cache, const char *filter)
{
    for (GList *link = cache->used.head, *next; link; link = next) {
        next = link->next;
        if (nwf_rules_entry_uses(link->data, filter))
            forget_link(cache, link);
    }
}

void
nwf_rules_cache_adopt(NwfRulesCache *cache, NwfRulesCache *from)
{
    NwfRulesEntry *entry;

    g_hash_table_remove_all(from->renewed);
    g_hash_table_remove_all(from->entries);
    while ((entry = g_queue_pop_tail(&from->used))) {
        entry->compared = NULL;
        put(cache, entry);
    }
}
