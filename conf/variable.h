/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * variable.h: references to variables, and lists of parameters
 *
 * A reference is written $NAME, $NAME[n] or $NAME[@n] in an attribute. Parameters are the values: a name with an
 * ordered list of texts, given by a binding or by a reference to a filter. Their texts are checked for their characters
 * only; the type is known when a rule uses them (plan/).
 */
#pragma once

#include "conf/error.h"

enum { NWF_ITERATOR_MAX = 1000, NWF_LIST_MAX = 4096 };

typedef enum NwfAccess {
    NWF_ACCESS_ITERATOR, /* each value in turn; equal iterators advance together */
    NWF_ACCESS_ELEMENT,  /* one value by its index, from 0 */
} NwfAccess;

typedef struct NwfVariable {
    char *name;
    NwfAccess access;
    guint32 index; /* id of the iterator (0..1000) or index of the element */
    char *written; /* as it stands in the document, if that is not its spelling */
} NwfVariable;

/** nwf_variable_parse: @text begins with '$'. Returns: (transfer full): it, or NULL with NWF_ERROR_INTERNAL */
NwfVariable *nwf_variable_parse(const char *text, NwfNotes *notes, GError **error);
void nwf_variable_free(NwfVariable *variable);
/** nwf_variable_spelling: appends NAME, NAME[n] or NAME[@n] (the iterator 0 is not written) without the '$'. */
void nwf_variable_spelling(GString *out, const NwfVariable *variable);
/** nwf_variable_show: appends it for a message, as its author wrote it, without the '$'. */
void nwf_variable_show(GString *out, const NwfVariable *variable);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfVariable, nwf_variable_free)

/* NwfParams: names (ordered bytewise) to lists of texts. */
typedef struct NwfParams NwfParams;

NwfParams *nwf_params_new(void);
void nwf_params_free(NwfParams *params);
NwfParams *nwf_params_copy(const NwfParams *params);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfParams, nwf_params_free)

/** nwf_params_add: appends @value to the list @name. Returns: FALSE if a character is not allowed (adds nothing). */
gboolean nwf_params_add(NwfParams *params, const char *name, const char *value);
/** nwf_params_get: (transfer none) (element-type utf8): the list of @name, or NULL. */
const GPtrArray *nwf_params_get(const NwfParams *params, const char *name);
/**
 * nwf_params_dropped: (transfer none): the first value of @name that a document gave and that was dropped because of
 * its characters, fit for a message; NULL if none was
 */
const char *nwf_params_dropped(const NwfParams *params, const char *name);
void nwf_params_remove(NwfParams *params, const char *name);
/** nwf_params_names: (transfer container): the names in bytewise order. */
GPtrArray *nwf_params_names(const NwfParams *params);
