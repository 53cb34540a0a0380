/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter_private.h: what the sources about filters and bindings share
 *
 * While it is read, a filter belongs to its reader and grows; the functions here make and fill its parts.
 */
#pragma once

#include "conf/filter.h"
#include "conf/xml.h"

/* By NwfAction, and by NwfDirection less one; ended by NULL. */
extern const char *const nwf_action_words[], *const nwf_direction_words[];

NwfFilter *nwf_filter_new(void);
/** nwf_filter_add: appends an entry; exactly one of @rule and @ref is given, both (transfer full). */
void nwf_filter_add(NwfFilter *filter, NwfRule *rule, NwfFilterRef *ref);
void nwf_rule_free(NwfRule *rule);
void nwf_filter_ref_free(NwfFilterRef *ref);
void nwf_field_clear(NwfField *field, NwfType type);

/* Where a rule is read: for its messages. */
typedef struct NwfRulePlace {
    NwfDialect dialect;
    const char *filter; /* name */
    guint line;
    NwfNotes *notes;
} NwfRulePlace;

/** nwf_rule_label: (transfer full): "filter 'f', rule at line 17: <tcp dstportstart='70000'>"; @attribute: or NULL. */
char *nwf_rule_label(const NwfRulePlace *place, const char *element, const char *attribute, const char *value);
/** nwf_rule_note: notes @remark behind the label of the other arguments. */
void nwf_rule_note(const NwfRulePlace *place, const char *element, const char *attribute, const char *value,
                   const char *remark);

/** nwf_rule_parse_start: (transfer full): a rule from its start tag, without a protocol. */
NwfRule *nwf_rule_parse_start(const NwfXmlTag *tag, const NwfRulePlace *place, GError **error);
/** nwf_rule_parse_element: takes one element inside of *@rule, which may move in memory. */
gboolean nwf_rule_parse_element(NwfRule **rule, const NwfXmlTag *tag, const NwfRulePlace *place, GError **error);
/**
 * nwf_rule_check_ports: ports of the elements ip and ipv6 need a literal protocol that has ports. The oldest dialect
 * asks for it after each element, the newer ones when the whole rule is known.
 */
gboolean nwf_rule_check_ports(const NwfRule *rule, const NwfRulePlace *place, GError **error);
/** nwf_rule_parse_end: completes signs and ipset flags, checks what spans several attributes. */
gboolean nwf_rule_parse_end(NwfRule *rule, const NwfRulePlace *place, GError **error);

/**
 * nwf_params_parse_tag: takes one <parameter>; bad ones are dropped with a remark. Messages name @filter, if it is not
 * NULL. FALSE if the list has NWF_LIST_MAX items already.
 */
gboolean nwf_params_parse_tag(NwfParams *params, const NwfXmlTag *tag, const char *filter, NwfNotes *notes,
                              GError **error);
/** nwf_filter_ref_format: appends <filterref> with one <parameter/> for each value, indented by @indent blanks. */
void nwf_filter_ref_format(GString *out, const char *filter, const NwfParams *params, int indent);

/** nwf_field_format: appends the text of an attribute, unescaped. */
void nwf_field_format(GString *out, const NwfField *field, NwfType type);
