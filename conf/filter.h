/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.h: a filter as the user defined it
 *
 * Filters are immutable once parsed and are passed by reference count: a reader keeps the one it has while a newer one
 * takes its place. Each rule remembers its line in the document, so that later messages can point at the source.
 */
#pragma once

#include "conf/protocol.h"
#include "conf/refs.h"
#include "conf/variable.h"

/*
 * The driver speaks as the libvirt that hosts it: a few error codes and the printed form of rules that mix signs
 * changed between the releases 9.0.0 and 11.3.0, bindings got a <backend/> element by 12.8.0. Dialects are ordered.
 */
typedef enum NwfDialect {
    NWF_DIALECT_9,  /* 9.0.0: mixed signs print as runs; a rule priority that is no number is 500 */
    NWF_DIALECT_11, /* 11.3.0: positive attributes first, then negative; such a priority is an error */
    NWF_DIALECT_12, /* 12.8.0: bindings carry <backend name='iptables'/> */
} NwfDialect;

/** nwf_dialect_of_version: what the release with this number speaks; @version is as of virGetVersion(). */
NwfDialect nwf_dialect_of_version(unsigned long version);

typedef enum NwfAction {
    NWF_ACTION_DROP,
    NWF_ACTION_ACCEPT,
    NWF_ACTION_REJECT,
    NWF_ACTION_RETURN,
    NWF_ACTION_CONTINUE,
} NwfAction;
/* Seen from the VM. */
typedef enum NwfDirection { NWF_DIRECTION_IN = 1, NWF_DIRECTION_OUT = 2, NWF_DIRECTION_INOUT = 3 } NwfDirection;

typedef struct NwfField {
    guint present : 1;
    guint negated : 1;     /* match='no', after inheritance of signs */
    guint element : 30;    /* in which of the rule's protocol elements it stands, from 0; combinations follow it */
    NwfVariable *variable; /* owned; NULL for a literal */
    NwfValue value;        /* of a literal */
} NwfField;

typedef struct NwfRule {
    NwfAction action;
    NwfDirection direction;
    int priority;
    gboolean statematch; /* TRUE unless switched off */
    guint line;          /* of the <rule> in its document, from 1; 0 if unknown */
    const NwfProtocol *protocol; /* NULL: no protocol element, matches everything at the Ethernet layer */
    guint n_elements;            /* with that name, whose attributes are merged here */
    guint32 kept;                /* a bit for each row of protocol->attributes that has an entry in @fields */
    NwfField fields[];           /* of these rows, in their order; read with nwf_rule_field() */
} NwfRule;

/** nwf_rule_field: (transfer none): the field of the row @index of protocol->attributes, present or not. */
const NwfField *nwf_rule_field(const NwfRule *rule, guint index);

typedef struct NwfFilterRef {
    char *filter;
    NwfParams *params;
    guint line;
} NwfFilterRef;

/* One entry of a filter: exactly one of the two is set. */
typedef struct NwfEntry {
    NwfRule *rule;
    NwfFilterRef *ref;
} NwfEntry;

typedef struct NwfFilter {
    gatomicrefcount refs;
    char *name;
    guint8 uuid[16];
    gboolean uuid_generated; /* the document had none */
    char *chain;             /* "root" by default */
    const NwfChainKind *kind;
    int priority;            /* of the chain */
    gboolean priority_explicit;
    GPtrArray *entries;      /* (element-type NwfEntry), in document order */
} NwfFilter;

NWF_DECLARE_REFS(NwfFilter, nwf_filter)

/* How a document is read. */
typedef struct NwfReading {
    NwfDialect dialect;
    gboolean strict; /* the first remark is an error, NWF_ERROR_UNSUPPORTED */
    /* The first fault of the document is an error, remarks count as faults; then the text is held against the schema,
     * for which it must not be longer than 1 MiB. NWF_ERROR_XML_SCHEMA, unless the schema accepts what the reader does
     * not. */
    gboolean validate;
} NwfReading;

/**
 * nwf_filter_parse:
 * @xml: the document, NUL ended
 * @reading: dialect, and what is forgiven
 * @notes: remarks (unknown attributes, dropped parameters …), or NULL; also of a document that is refused
 * @error: NWF_ERROR_XML_*, _ARGUMENT, _INTERNAL, _RULE_*, _UNSUPPORTED
 *
 * Reads a filter. Nothing outside the text is read: no entity, no file, no network. A document of 4 MiB of any shape is
 * answered in under a second.
 *
 * Returns: (transfer full): the filter, or NULL with @error set
 * Source: libvirt's format document "Network Filters"; docs/format.md
 */
NwfFilter *nwf_filter_parse(const char *xml, const NwfReading *reading, NwfNotes *notes, GError **error);

/**
 * nwf_filter_identify:
 * @name: (out) (transfer full): name of the filter; "" if it has none
 * @uuid: (out): its uuid, or a random one if the document has none or it is malformed
 * @generated: (out): whether it is the random one
 * @error: NWF_ERROR_XML_SYNTAX or NWF_ERROR_XML_ROOT
 *
 * Takes only name and uuid from @xml: all that access control may look at before it has decided. Whether they can be
 * used, nwf_filter_parse() says afterwards.
 */
gboolean nwf_filter_identify(const char *xml, char **name, guint8 uuid[16], gboolean *generated, GError **error);

/** nwf_filter_format: (transfer full): the canonical document, as dumpxml prints it in @dialect. */
char *nwf_filter_format(const NwfFilter *filter, NwfDialect dialect);

/** nwf_filters_freed: whether filters of at least @entries entries in all were freed since this was last the case. */
gboolean nwf_filters_freed(guint entries);

/** nwf_filter_equal: whether two filters have the same canonical document. */
gboolean nwf_filter_equal(const NwfFilter *a, const NwfFilter *b);
