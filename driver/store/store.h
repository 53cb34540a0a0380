/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.h: files of filters and bindings
 *
 * Same places, names and formats as the stock driver's, so that a user can change over and back. A file is replaced in
 * two steps: nwf_store_prepare() writes and syncs NAME.xml.new, nwf_store_commit() renames it and syncs the
 * directory; between the two the engine changes the kernel. A prepared file that is not committed is removed by
 * nwf_store_abandon().
 *
 * A store is its path: each call looks the directory up anew, so that one that was replaced by a mount or a restored
 * copy is written where it will be read. A prepared file stays with the directory it was prepared in.
 */
#pragma once

#include "conf/binding.h"

typedef enum NwfStoreKind { NWF_STORE_FILTERS, NWF_STORE_BINDINGS } NwfStoreKind;

typedef struct NwfStore NwfStore;
typedef struct NwfPending NwfPending; /* a prepared file */

/** nwf_store_new: @directory is made with mode 0700 if it is missing, now and later. NULL with NWF_ERROR_SYSTEM. */
NwfStore *nwf_store_new(NwfStoreKind kind, const char *directory, GError **error);
void nwf_store_free(NwfStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfStore, nwf_store_free)

/** nwf_store_check_name: FALSE with @code set if @name cannot be a file of the directory ("/", ".", "..", too long). */
gboolean nwf_store_check_name(const char *name, NwfErrorCode code, GError **error);

/** nwf_store_prepare: @uuid: what the object may be called if @name is unsafe in a shell or in a comment; or NULL. */
NwfPending *nwf_store_prepare(NwfStore *store, const char *name, const char *uuid, const char *xml, GError **error);
gboolean nwf_store_commit(NwfPending *pending, NwfNotes *notes, GError **error); /* frees @pending, also on error */
void nwf_store_abandon(NwfPending *pending);                                     /* frees @pending; NULL is fine */
/** nwf_store_remove: a file that is already gone is success. */
gboolean nwf_store_remove(NwfStore *store, const char *name, NwfNotes *notes, GError **error);

/** nwf_store_rename: gives the file @from the name @to; FALSE with NWF_ERROR_OPERATION_FAILED if that one exists. */
gboolean nwf_store_rename(NwfStore *store, const char *from, const char *to, GError **error);

/** nwf_store_list: (transfer full) (element-type utf8): names without ending of all *.xml, in bytewise order. */
GPtrArray *nwf_store_list(NwfStore *store, GError **error);

/** nwf_store_read: (transfer full): the file of @name; NWF_ERROR_SYSTEM for what is no readable regular file. */
char *nwf_store_read(NwfStore *store, const char *name, GError **error);
