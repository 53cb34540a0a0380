/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * every_attribute.h: rules with each attribute of each element, and with each two of them
 *
 * The rules follow from the table of elements (conf/protocol.h), so that an attribute that is new there is tried
 * without a word here. A type that is new needs a sample.
 */
#pragma once

#include "plan/plan.h"

typedef struct AttributeRule {
    const NwfProtocol *protocol;
    const NwfAttribute *tried[2]; /* the rule is about these; the second may be NULL */
    NwfAction action;
    NwfDirection direction;
    gboolean negated;
    gboolean variable; /* the values are the binding's */
    char *text;        /* the rule, for messages */
    NwfPlan *plan;     /* NULL: refused, as one rule cannot compare this in both directions */
} AttributeRule;

/** every_attribute: calls @visit for each attribute in rules of all actions, directions, signs and forms. */
void every_attribute(void (*visit)(const AttributeRule *rule));
/** every_pair: calls @visit for each two attributes of one element that can stand in a rule together. */
void every_pair(void (*visit)(const AttributeRule *rule));

/** attribute_lead: the attribute without which @attribute says nothing; maybe itself. */
const NwfAttribute *attribute_lead(const NwfProtocol *protocol, const NwfAttribute *attribute);
/** attribute_counterpart: the one at the packet's other end: dstipaddr of srcipaddr; itself if it has no end; NULL. */
const NwfAttribute *attribute_counterpart(const NwfProtocol *protocol, const NwfAttribute *attribute);
/** attribute_operand: the operand of @condition that holds the sample of @attribute, or NULL. */
const NwfOperand *attribute_operand(const NwfProtocol *protocol, const NwfAttribute *attribute,
                                    const NwfCondition *condition, gboolean swapped);
