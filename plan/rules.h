/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules.h: the rules of one port: a template, and the values that the port supplies
 */
#pragma once

#include "plan/plan.h"

/* Immutable and reference counted; asking for the plan is for one thread at a time. */
typedef struct NwfRules NwfRules;

/**
 * nwf_rules_new:
 * @params: of the binding, MAC included; learned addresses stand here as IP
 * @host: look-ups; may be NULL
 * @notes: what the values make doubtful
 *
 * Returns: (transfer full): the rules, or NULL with NWF_ERROR_INTERNAL as of nwf_values_new(), and for more than
 *   NWF_PORT_RULES_MAX rules
 */
NwfRules *nwf_rules_new(const NwfTemplate *t, const NwfParams *params, const NwfHost *host, NwfNotes *notes,
                        GError **error);

/** nwf_rules_of_tree: the same, for somebody who needs the template of @tree for one port only. */
NwfRules *nwf_rules_of_tree(const NwfTree *tree, const NwfParams *params, const NwfHost *host, NwfNotes *notes,
                            GError **error);

/**
 * nwf_rules_with_template:
 * @t: a template that needs the same values as that of @rules, see nwf_template_same_groups()
 *
 * Returns: (transfer full): the rules of @t with the values of @rules, or NULL with NWF_ERROR_INTERNAL as above
 */
NwfRules *nwf_rules_with_template(const NwfRules *rules, const NwfTemplate *t, NwfNotes *notes, GError **error);

/** nwf_rules_new_closed: (transfer full): rules that drop every frame of the port in both directions. */
NwfRules *nwf_rules_new_closed(void);

/**
 * nwf_rules_new_closed_at: (transfer full): rules that drop at each of @layers all that the port's chains there see.
 * For a backend that cannot have the rules of nwf_rules_new_closed().
 */
NwfRules *nwf_rules_new_closed_at(const gboolean layers[NWF_LAYERS]);

/** nwf_rules_are_closed: whether they were made by one of the two. */
gboolean nwf_rules_are_closed(const NwfRules *rules);

NWF_DECLARE_REFS(NwfRules, nwf_rules)

/**
 * nwf_rules_plan:
 *
 * Returns: (transfer none): the literal plan, made at the first call and kept; NULL with NWF_ERROR_INTERNAL: values
 * that make a rule impossible
 */
NwfPlan *nwf_rules_plan(NwfRules *rules, GError **error);
