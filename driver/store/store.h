/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.h: files of filters and bindings
 *
 * Same places, names and formats as the stock driver's, so that a user can change over and back. A file is replaced in
 * two steps: nwf_store_prepare() writes and syncs NAME.xml.new, nwf_store_commit() renames it and syncs the
 * directory; between the two the engine changes the kernel. A prepared file that is not committed is removed by
 * nwf_store_abandon().
 */
#pragma once

#include "conf/binding.h"

typedef enum NwfStoreKind { NWF_STORE_FILTERS, NWF_STORE_BINDINGS } NwfStoreKind;

typedef struct NwfStore NwfStore;
typedef struct NwfPending NwfPending; /* a prepared file */

/** nwf_store_new: @directory is made with mode 0700 if it is missing. NULL with NWF_ERROR_SYSTEM. */
NwfStore *nwf_store_new(NwfStoreKind kind, const char *directory, GError **error);
void nwf_store_free(NwfStore *store);

/** nwf_store_check_name: FALSE with @code set if @name cannot be a file of the directory ("/", ".", "..", too long). */
gboolean nwf_store_check_name(const char *name, NwfErrorCode code, GError **error);

NwfPending *nwf_store_prepare(NwfStore *store, const char *name, const char *uuid, const char *xml, GError **error);
gboolean nwf_store_commit(NwfPending *pending, NwfNotes *notes, GError **error); /* frees @pending, also on error */
void nwf_store_abandon(NwfPending *pending);                    /* frees @pending; NULL is fine */
/** nwf_store_remove: a file that is already gone is success. */
gboolean nwf_store_remove(NwfStore *store, const char *name, NwfNotes *notes, GError **error);

/** Called for each *.xml: @name without the ending, @text its content; or @error why it could not be read. */
typedef void (*NwfStoreVisit)(const char *name, const char *text, const GError *error, gpointer data);
gboolean nwf_store_load(NwfStore *store, NwfStoreVisit visit, gpointer data, GError **error);
