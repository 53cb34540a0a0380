/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print.h: rules of a plan as words of the tools
 *
 * Every value is formatted from its binary form; the only texts that come from a user as they are, names of sets and
 * comments, are quoted. So no value can end its argument or be read as an option.
 */
#pragma once

#include "plan/plan.h"

/** nwf_print_ebtables: appends the matches of @rule, but for DSCP, which has forms of its own (below). */
void nwf_print_ebtables(GString *out, const NwfPlanRule *rule);

/** nwf_print_guard: appends the matches that a frame must pass on its way into a chain of @kind. */
void nwf_print_guard(GString *out, const NwfChainKind *kind);

/** nwf_print_iptables: appends the matches of @rule. */
void nwf_print_iptables(GString *out, const NwfPlanRule *rule);

/** nwf_print_verdict: appends the target; nothing for a verdict that needs none. Not for jumps. */
void nwf_print_verdict(GString *out, NwfLayer layer, NwfVerdict verdict);

/*
 * The form that a rule takes in ebtables because of its DSCP condition. The field is six bits of the TOS byte and
 * ebtables compares all eight, so a value n stands for the four bytes 4n to 4n+3.
 */
typedef enum NwfForm {
    NWF_FORM_PLAIN, /* no DSCP: one rule */
    NWF_FORM_EQUAL, /* one rule for each TOS byte of the value */
    /*
     * Not the value: a rule that calls a helper chain, which sends the value's TOS bytes back and has the verdict for
     * the others. Its policy is RETURN, so that its end goes back too.
     */
    NWF_FORM_HELPER,
    /* Not the value, and the verdict is RETURN, which a helper cannot give: one rule for each other byte. */
    NWF_FORM_OTHERS,
} NwfForm;

enum { NWF_TOS_PER_DSCP = 4, NWF_TOS_BYTES = 256 };

/** nwf_condition_find: the condition of @rule that @match leads, or NULL. */
const NwfCondition *nwf_condition_find(const NwfPlanRule *rule, NwfMatch match);

/** nwf_form: the form of @rule; @dscp: (out), may be NULL: the value, if it has one. */
NwfForm nwf_form(NwfLayer layer, const NwfPlanRule *rule, guint *dscp);

/** nwf_form_lines: how many lines of a batch the rule needs, the declaration of a helper included. */
guint nwf_form_lines(NwfLayer layer, const NwfPlanRule *rule);
