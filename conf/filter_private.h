/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter_private.h: what the sources about filters and bindings share
 *
 * While it is read, a filter belongs to its reader and grows; the functions here make and fill its parts.
 */
#pragma once

#include "conf/filter.h"
#include "conf/schema.h"
#include "conf/xml.h"

/* By NwfAction, and by NwfDirection less one; ended by NULL. */
extern const char *const nwf_action_words[], *const nwf_direction_words[];

NwfFilter *nwf_filter_new(void);
/** nwf_filter_add: appends an entry; exactly one of @rule and @ref is given, both (transfer full). */
void nwf_filter_add(NwfFilter *filter, NwfRule *rule, NwfFilterRef *ref);
void nwf_rule_free(NwfRule *rule);
/**
 * nwf_rule_new_open: (transfer full): for a rule that has no protocol yet, and which it takes over: one with room for
 * all fields of @protocol, at their places, while it is read
 */
NwfRule *nwf_rule_new_open(NwfRule *from, const NwfProtocol *protocol);
/** nwf_rule_close: (transfer full): for the rule @open, which it takes over: one that has the fields which are present. */
NwfRule *nwf_rule_close(NwfRule *open);
void nwf_filter_ref_free(NwfFilterRef *ref);
void nwf_field_clear(NwfField *field, NwfType type);

/* reading.c */
/** nwf_place: (transfer full): "filter 'f', line 17"; @filter may be NULL. */
char *nwf_place(const char *filter, guint line);
/** nwf_note_unknown: the remark on what no reader knows. */
void nwf_note_unknown(NwfNotes *notes, const char *filter, const NwfXmlUnknown *what);
/** nwf_is_no_document: whether @error says that the text is no XML, or has another root. */
gboolean nwf_is_no_document(const GError *error);
/** nwf_reading_notes: (transfer full): the list that a reader fills; NULL if nobody wants remarks. */
NwfNotes *nwf_reading_notes(const NwfReading *reading, const NwfNotes *notes);
/**
 * nwf_reading_end: whether the document @xml is accepted
 * @found: all remarks, or NULL
 * @fault: (transfer full): the error of the reader, which is not before the first remark; NULL: there is none
 */
gboolean nwf_reading_end(const NwfReading *reading, NwfSchema schema, const char *xml, const NwfNotes *found,
                         GError *fault, GError **error);

/* Where a rule is read, and what its messages quote. */
typedef struct NwfRulePlace {
    NwfDialect dialect;
    const char *filter; /* name */
    guint line;
    NwfNotes *notes;
    char *written[NWF_ATTRIBUTES_MAX]; /* texts of the fields as they stand in the document */
    char *unknown;                     /* first unknown element of a rule that has no known one yet */
} NwfRulePlace;

void nwf_rule_place_clear(NwfRulePlace *place);

/** nwf_rule_label: (transfer full): "filter 'f', rule at line 17: <tcp dstportstart='70000'>"; @attribute: or NULL. */
char *nwf_rule_label(const NwfRulePlace *place, const char *element, const char *attribute, const char *value);
/** nwf_rule_note: notes @remark behind the label of the other arguments. */
void nwf_rule_note(const NwfRulePlace *place, const char *element, const char *attribute, const char *value,
                   const char *remark);

/** nwf_rule_parse_start: (transfer full): a rule from its start tag, without a protocol. */
NwfRule *nwf_rule_parse_start(const NwfXmlTag *tag, NwfRulePlace *place, GError **error);
/** nwf_rule_parse_element: takes one element inside of *@rule, which may move in memory. */
gboolean nwf_rule_parse_element(NwfRule **rule, const NwfXmlTag *tag, NwfRulePlace *place, GError **error);
/**
 * nwf_rule_check_ports: ports of the elements ip and ipv6 need a literal protocol that has ports. The oldest dialect
 * asks for it after each element, the newer ones when the whole rule is known.
 */
gboolean nwf_rule_check_ports(const NwfRule *rule, const NwfRulePlace *place, GError **error);
/** nwf_rule_parse_end: completes signs and ipset flags, checks what spans several attributes; @rule is open. */
gboolean nwf_rule_parse_end(NwfRule *rule, const NwfRulePlace *place, GError **error);

/* The attributes of <parameter>. */
extern const char *const nwf_parameter_attributes[];

/**
 * nwf_params_parse_tag: takes one <parameter>; bad ones are dropped with a remark. Messages name @filter, if it is not
 * NULL. FALSE if the list has NWF_LIST_MAX items already.
 */
gboolean nwf_params_parse_tag(NwfParams *params, const NwfXmlTag *tag, const char *filter, NwfNotes *notes,
                              GError **error);
/** nwf_filter_ref_format: appends <filterref> with one <parameter/> for each value, indented by @indent blanks. */
void nwf_filter_ref_format(GString *out, const char *filter, const NwfParams *params, int indent);

/**
 * nwf_hint: completes @error, that @text is no value of attribute @index, if it looks like a mask, a range or a list
 * that is written otherwise
 */
void nwf_hint(const NwfProtocol *protocol, guint index, const char *text, GError **error);

/** nwf_field_format: appends the text of an attribute, unescaped. */
void nwf_field_format(GString *out, const NwfField *field, NwfType type);
