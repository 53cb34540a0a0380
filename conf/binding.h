/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * binding.h: which filter a VM's port has, and with which parameters
 *
 * As filters, bindings are immutable once parsed and reference counted.
 */
#pragma once

#include "conf/filter.h"

typedef struct NwfBinding {
    gatomicrefcount refs;
    char *owner_name;
    guint8 owner_uuid[16];
    char *portdev;
    char *linkdev; /* NULL if none */
    guint8 mac[6];
    char *filter;
    NwfParams *params; /* as given; MAC only if the document had it */
    char *backend;     /* only from a document of libvirt 12.8 on; NULL if none */
} NwfBinding;

NWF_DECLARE_REFS(NwfBinding, nwf_binding)

/* Parameters of a binding that control how its address is learned, whether or not a rule uses them. */
typedef enum NwfControl {
    NWF_CONTROL_LEARNING,
    NWF_CONTROL_MAX,
    NWF_CONTROL_ALLOWED,
    NWF_CONTROL_SERVER,
    NWF_CONTROLS
} NwfControl;

extern const char *const nwf_binding_controls[NWF_CONTROLS + 1]; /* their names, ended by NULL */

/** nwf_binding_parse: reads a <filterbinding> document; errors NWF_ERROR_XML_* and _INTERNAL. (transfer full) */
NwfBinding *nwf_binding_parse(const char *xml, const NwfReading *reading, NwfNotes *notes, GError **error);

/** nwf_binding_status_parse: the same from a <filterbindingstatus> document, the form of the files of bindings. */
NwfBinding *nwf_binding_status_parse(const char *xml, const NwfReading *reading, NwfNotes *notes, GError **error);

/* What access control may look at before it has decided. */
typedef struct NwfBindingIdentity {
    char *portdev; /* "" if the document has none */
    char *linkdev; /* NULL if none */
    char *filter;  /* "" if the document has none */
} NwfBindingIdentity;

/**
 * nwf_binding_identify:
 * @identity: (out): filled on success
 * @error: NWF_ERROR_XML_SYNTAX or NWF_ERROR_XML_ROOT
 *
 * Takes only these from @xml. Whether they can be used, nwf_binding_parse() says afterwards.
 */
gboolean nwf_binding_identify(const char *xml, NwfBindingIdentity *identity, GError **error);
void nwf_binding_identity_clear(NwfBindingIdentity *identity);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfBindingIdentity, nwf_binding_identity_clear)

/**
 * nwf_binding_format:
 * @params: parameters to print; NULL for those of @binding (the engine passes a list that has MAC added)
 * @backend: that filters the port, as <backend name='…'/> from NWF_DIALECT_12 on
 *
 * Returns: (transfer full): the canonical <filterbinding> document
 */
char *nwf_binding_format(const NwfBinding *binding, const NwfParams *params, NwfDialect dialect, const char *backend);
char *nwf_binding_status_format(const NwfBinding *binding, const NwfParams *params, NwfDialect dialect,
                                const char *backend);
