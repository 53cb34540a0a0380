/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * library.h: filters from files, by name
 */
#pragma once

#include "conf/filter.h"

typedef struct NwfLibrary NwfLibrary;

/**
 * nwf_library_new:
 * @directory: where filters that were not given as files are looked up as NAME.xml, or NULL
 */
NwfLibrary *nwf_library_new(const char *directory, const NwfReading *reading);
void nwf_library_free(NwfLibrary *library);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLibrary, nwf_library_free)

/** nwf_library_add: reads a file. (transfer none): its filter, or NULL. */
NwfFilter *nwf_library_add(NwfLibrary *library, const char *path, GError **error);

/** nwf_library_lookup: a NwfFilterLookup; @data is the library. A file that cannot be read is reported on standard error.
 */
NwfFilter *nwf_library_lookup(const char *name, gpointer data);

/** nwf_read_text: (transfer full): contents of a file, or NULL with NWF_ERROR_SYSTEM. */
char *nwf_read_text(const char *path, GError **error);

/** nwf_print_notes: tells @notes on standard error and forgets them. */
void nwf_print_notes(NwfNotes *notes, const char *about);
