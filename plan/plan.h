/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h: ordered chains and rules of one port
 *
 *     tree + names of variables  ->  template     (once per filter tree)
 *     template + parameters      ->  values       (per port)
 *     template + values          ->  plan         (per port: all operands literal)
 *
 * The template holds everything that is the same for all ports of a tree: chains with layer, hook, suffix, guard and
 * order; the copies of a rule per direction with fields swapped and states added; operands that are literals or columns
 * of a group. A group is the set of variables of one rule that advance together. Values are typed tuples per group,
 * duplicates removed. Nothing here is text of a tool: the printers are in driver/tech/. simulate/ computes what a
 * plan does to a frame.
 *
 * Every rule knows its filter and line. All objects are immutable and reference counted.
 */
#pragma once

#include "plan/tree.h"

/* From where a chain is called. The letters are those of the stock driver's chain names, seen from the host. */
typedef enum NwfHook {
    NWF_HOOK_FROM_VM,     /* Ethernet: "I", bridge prerouting */
    NWF_HOOK_TO_VM,       /* Ethernet: "O", bridge postrouting */
    NWF_HOOK_FORWARD_IN,  /* IP: "FI", forwarded, came from the VM */
    NWF_HOOK_FORWARD_OUT, /* IP: "FO", forwarded, goes to the VM */
    NWF_HOOK_HOST_IN,     /* IP: "HI", from the VM to the host */
    NWF_HOOKS
} NwfHook;

typedef enum NwfVerdict {
    NWF_VERDICT_ACCEPT,
    NWF_VERDICT_DROP,
    NWF_VERDICT_REJECT,
    NWF_VERDICT_RETURN,
    NWF_VERDICT_CONTINUE,
    NWF_VERDICT_JUMP, /* into rule->target, which returns only by RETURN */
} NwfVerdict;

enum { NWF_CT_ORIGINAL = 1, NWF_CT_REPLY = 2 }; /* operand of NWF_MATCH_CT_DIRECTION */

/*
 * A condition is named by the match that leads it and carries its operands in the order of the table below; an operand
 * may be absent (a mask not given).
 *   SRC_MAC, DST_MAC, STP_*_ADDRESS     address, mask
 *   SRC_IP, DST_IP, ARP_SRC_IP, ARP_DST_IP   address, prefix length
 *   SRC_IP_FROM, DST_IP_FROM            first, last
 *   SRC_PORT, DST_PORT, STP ranges      first, last      (ports: each operand is a NWF_TYPE_PORT)
 *   TYPE                                type, type end, code, code end   (ICMP: type, -, code, -)
 *   IPSET                               name, flags
 *   all others                          one operand
 */
enum { NWF_OPERANDS_MAX = 4 };

typedef struct NwfOperand {
    gboolean present;
    NwfType type;
    int group, column; /* template: index into the rule's groups and column there; -1, -1 for a literal */
    gboolean mirrored; /* template: set flags whose src and dst change places once the value is known */
    NwfValue value;    /* of a literal */
} NwfOperand;

typedef struct NwfCondition {
    NwfMatch match;
    gboolean negated;
    gboolean automatic; /* a state that nobody asked for; left out where the kernel tracks nothing */
    NwfOperand operands[NWF_OPERANDS_MAX];
} NwfCondition;

typedef struct NwfChain NwfChain;

typedef struct NwfPlanRule {
    const NwfProtocol *protocol; /* NULL: no protocol element, or a jump */
    NwfVerdict verdict;
    gboolean swapped;            /* copy for the way back: source and destination have changed places */
    NwfChain *target;            /* of a jump; (transfer none), belongs to the same template or plan */
    GArray *conditions;          /* (element-type NwfCondition), in the order in which they are printed */
    GArray *groups;              /* (element-type guint): template only: indices of its groups, first varies fastest */
    GRefString *filter;          /* where the rule stands; NULL for jumps and for rules of built-in sets */
    guint line;
} NwfPlanRule;

struct NwfChain {
    NwfLayer layer;
    NwfHook hook;
    char *suffix;             /* the filter's chain name; NULL for a root chain */
    const NwfChainKind *kind; /* guard of the jump that leads here; NULL for a root chain */
    GPtrArray *rules;         /* (element-type NwfPlanRule) */
};

typedef struct NwfTemplate NwfTemplate;
typedef struct NwfValues NwfValues;

/* Of lists, in all groups of a template together; groups that share a list count it each. */
enum { NWF_PORT_VALUES_MAX = 200000 };

typedef struct NwfPlan {
    gatomicrefcount refs;
    GPtrArray *chains;        /* (element-type NwfChain): per layer and hook the root chain first, then its sub-chains
                                 in the order of their jumps; only chains that exist */
    gboolean uses[NWF_LAYERS];/* the layer has rules: IP layers then have all three chains, even if empty */
    guint n_rules;
} NwfPlan;

/**
 * nwf_template_new:
 * @tree: the expanded filter
 * @supplied: parameters of the binding; only their names matter here
 *
 * Order of chains and rules: docs/architecture.md, "From tree to plan".
 *
 * Returns: (transfer full): the template, or NULL with NWF_ERROR_INTERNAL: a variable without value, a combination that
 *   cannot be expressed (named with filter, rule and line)
 */
NwfTemplate *nwf_template_new(const NwfTree *tree, const NwfParams *supplied, GError **error);

/**
 * nwf_template_same_groups: whether both need the same values: variables, constants, types and the lists that advance
 * together; then values that were made for one fit the other.
 */
gboolean nwf_template_same_groups(const NwfTemplate *a, const NwfTemplate *b);

/** nwf_template_closed: drops at each of @layers all that the port's chains there see. */
NwfTemplate *nwf_template_closed(const gboolean layers[NWF_LAYERS]);

NWF_DECLARE_REFS(NwfTemplate, nwf_template)

/**
 * nwf_values_new:
 * @params: of the binding, MAC included; learned addresses stand here as IP
 * @host: look-ups; may be NULL
 *
 * Parses each value to the type of the attribute that uses it, groups them and removes repeated tuples.
 *
 * Returns: (transfer full): the values, or NULL with NWF_ERROR_INTERNAL that names filter, line, attribute, variable,
 *   value, and what would be accepted; also for lists of different length in one group, and for more than
 *   NWF_PORT_VALUES_MAX values (checked before they are parsed)
 */
NwfValues *nwf_values_new(const NwfTemplate *t, const NwfParams *params, const NwfHost *host, NwfNotes *notes,
                          GError **error);
NWF_DECLARE_REFS(NwfValues, nwf_values)

/**
 * nwf_plan_new:
 * @values: made for this template; NULL if it uses no variable
 *
 * Specialises. Ports that came from a variable as START:END become two operands; conditions whose value says nothing
 * (gratuitous false, state NONE) vanish.
 *
 * Returns: (transfer full): the plan, or NULL with NWF_ERROR_INTERNAL: a variable that makes a rule impossible in one
 *   direction
 */
NwfPlan *nwf_plan_new(const NwfTemplate *t, const NwfValues *values, GError **error);

NWF_DECLARE_REFS(NwfPlan, nwf_plan)

/**
 * nwf_plan_rule_refuse: for a backend that cannot have @condition of @rule: sets @error with @code, and a message that
 * names filter, line, and the attributes with their values before @text. Returns: FALSE
 */
gboolean nwf_plan_rule_refuse(const NwfPlanRule *rule, const NwfCondition *condition, NwfErrorCode code,
                              const char *text, GError **error);

/** nwf_chain_equal: whether two chains are called from the same place by the same name and mean the same. */
gboolean nwf_chain_equal(const NwfChain *a, const NwfChain *b);

/** nwf_plan_layer_equal: whether two plans (NULL: none) mean the same rules at @layer, in the same order. */
gboolean nwf_plan_layer_equal(const NwfPlan *a, const NwfPlan *b, NwfLayer layer);
