/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lower.h: what a rule of the plan becomes when a tool cannot say it in one
 */
#pragma once

#include "plan/plan.h"

/* The form that a rule takes in ebtables because of its DSCP condition. */
typedef enum NwfForm {
    NWF_FORM_PLAIN,  /* no DSCP: one rule */
    NWF_FORM_EQUAL,  /* one rule for each TOS byte of the value */
    NWF_FORM_HELPER, /* not the value: a rule that calls a helper chain, which sends the value's TOS bytes back */
    NWF_FORM_OTHERS, /* not the value, and the verdict must be given in the chain itself: one rule for each other byte
                      */
} NwfForm;

enum { NWF_TOS_PER_DSCP = 4, NWF_TOS_BYTES = 256 };

NwfForm nwf_lower_form(NwfLayer layer, const NwfPlanRule *rule, guint *dscp);

/** nwf_lower_lines: how many lines of a batch the rule needs, the declaration of a helper included. */
guint nwf_lower_lines(NwfLayer layer, const NwfPlanRule *rule);

/** nwf_lower_names: (transfer full) (element-type utf8): names of the chains that @plan (may be NULL) needs for @port.
 */
GPtrArray *nwf_lower_names(const NwfPlan *plan, NwfLayer layer, const char *port);
