/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_private.h: what the files of plan/ share and nobody else sees
 *
 * The way of a rule: tree.c finds it, groups.c finds its variables, conditions.c turns its attributes into conditions,
 * copies.c makes the copies per direction, template.c puts them in order, values.c parses what a port supplies,
 * specialise.c replaces columns by values, normalize.c drops conditions that say nothing and refuses what cannot be.
 *
 * Everything that points into a filter (names, variables, texts) is kept alive by the tree, and the tree by the
 * template.
 */
#pragma once

#include "plan/plan.h"

/* One rule of the expanded tree. */
typedef struct NwfTreeRule {
    const NwfFilter *filter;
    const NwfRule *rule;
    /* For each attribute the texts that the references on the way here give its variable; may be NULL. */
    const GPtrArray **given;
} NwfTreeRule;

struct NwfTree {
    gatomicrefcount refs;
    char *root;
    GHashTable *nodes;     /* name to NwfNode of tree.c */
    GArray *rules;         /* (element-type NwfTreeRule) */
    GHashTable *variables; /* see nwf_tree_variables(); NULL: nobody has asked */
};

/* One variable in one type: a column of a group. The place is that of its first use and serves messages only. */
typedef struct NwfColumn {
    const NwfVariable *variable;
    const GPtrArray *constant; /* texts that a reference to a filter gives; NULL: the binding supplies them */
    NwfType type;
    const NwfTreeRule *rule;
    const char *attribute;
} NwfColumn;

/* A list in which a condition is negated: worth a remark when it has several values. */
typedef struct NwfCaution {
    guint group; /* of the template */
    const NwfTreeRule *rule;
} NwfCaution;

struct NwfTemplate {
    gatomicrefcount refs;
    NwfTree *tree;     /* NULL for built-in sets */
    GPtrArray *chains; /* (element-type NwfChain), as in NwfPlan */
    GPtrArray *groups; /* (element-type GArray of NwfColumn) */
    GArray *cautions;  /* (element-type NwfCaution) */
    gboolean uses[NWF_LAYERS];
};

/* The tuples of one group for one port. */
typedef struct NwfTuples {
    GArray *columns; /* shared with the group of the template that the values were made for */
    guint n;
    NwfValue *cells; /* n rows of columns->len values */
} NwfTuples;

/*
 * They fit each template whose groups are equal. Only the types of @columns may be used: the other pointers in a
 * NwfColumn end with its template.
 */
struct NwfValues {
    gatomicrefcount refs;
    GPtrArray *tuples; /* (element-type NwfTuples), one for each group of the template */
};

/* Of a rule of a template: its groups, and the tuples of that at @index. */
static inline guint
nwf_rule_n_groups(const NwfPlanRule *rule)
{
    return rule->groups ? rule->groups->len : 0;
}

static inline const NwfTuples *
nwf_rule_tuples(const NwfPlanRule *rule, guint index, const NwfValues *values)
{
    return g_ptr_array_index(values->tuples, g_array_index(rule->groups, guint, index));
}

/* Where the value of an attribute comes from: index into the rule's groups and column there; -1, -1 for a literal. */
typedef struct NwfPlace {
    int group, column;
} NwfPlace;

/* A rule of the tree while its copies are made. */
typedef struct NwfSource {
    const NwfTreeRule *origin;
    const NwfRule *rule;
    int at[NWF_MATCHES]; /* index into rule->fields, -1 if the rule does not have it */
    NwfPlace places[NWF_ATTRIBUTES_MAX];
    GArray *groups; /* (element-type guint): of the template */
    GRefString *filter;
    guint index; /* place of the rule in the tree */
} NwfSource;

/* groups.c */
gboolean nwf_groups_assign(NwfTemplate *template, GHashTable *known, const NwfParams *supplied, NwfSource *source,
                           GError **error);
char *nwf_column_place(const NwfColumn *column);

/* values.c: notes what the lists of a port make doubtful in the rules of @t. */
void nwf_values_remark(const NwfTemplate *t, const NwfValues *values, NwfNotes *notes);

/* conditions.c */
void nwf_source_init(NwfSource *source, const NwfTreeRule *origin);
void nwf_source_clear(NwfSource *source);
const NwfField *nwf_source_field(const NwfSource *source, NwfMatch match);
NwfPlanRule *nwf_source_rule(const NwfSource *source, NwfVerdict verdict, gboolean swapped);
gboolean nwf_source_add(const NwfSource *source, NwfPlanRule *rule, NwfMatch primary);
gboolean nwf_match_follows(NwfMatch match);
const NwfMatch *nwf_match_family(NwfMatch primary);
NwfMatch nwf_match_mirror(NwfMatch match);
void nwf_set_flags_mirror(NwfValue *flags);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfSource, nwf_source_clear)

/* copies.c */
/* One copy of a rule, for the chains of one hook. */
typedef struct NwfCopy {
    NwfHook hook;
    NwfPlanRule *rule;
} NwfCopy;

enum { NWF_COPIES_MAX = 3 };

/* nwf_source_copies: makes the rule's copies, which the caller owns. Returns: how many */
guint nwf_source_copies(const NwfSource *source, NwfCopy copies[NWF_COPIES_MAX]);

/* normalize.c */
gboolean nwf_rule_normalize(NwfPlanRule *rule, GError **error);
gboolean nwf_rule_never_matches(const NwfPlanRule *rule);

/* plan_objects.c */
NwfPlanRule *nwf_plan_rule_new(NwfVerdict verdict);
void nwf_plan_rule_free(NwfPlanRule *rule);
NwfChain *nwf_chain_new(NwfLayer layer, NwfHook hook, const char *suffix, const NwfChainKind *kind);
void nwf_chain_free(NwfChain *chain);
void nwf_operand_literal(NwfOperand *operand, NwfType type, const NwfValue *value);
void nwf_operand_number(NwfOperand *operand, NwfType type, guint32 number);
gboolean nwf_operand_is_literal(const NwfOperand *operand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfPlanRule, nwf_plan_rule_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfChain, nwf_chain_free)
