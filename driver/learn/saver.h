/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * saver.h: when the files of learned addresses are read and written
 *
 * Times are those of nwf_learn_now(). For the learner's thread alone, but for what comes before that begins.
 */
#pragma once

#include "driver/learn/lease_db.h"

typedef struct NwfSaver NwfSaver;

/** nwf_saver_new: (transfer full): for the files at these two paths, see lease_files.h; they may not be there. */
NwfSaver *nwf_saver_new(const char *state_path, const char *lease_path);
void nwf_saver_free(NwfSaver *saver);

/** nwf_saver_load: (transfer full) (element-type NwfRecord): what the files say; what is wrong with them is noted. */
GArray *nwf_saver_load(NwfSaver *saver, const NwfClock *clock, NwfNotes *notes);

/** nwf_saver_begin: a database with so many @changes is what the files say. */
void nwf_saver_begin(NwfSaver *saver, guint64 changes);

/** nwf_saver_want: a database with so many @changes is to be in the files, if possible at the time @when. */
void nwf_saver_want(NwfSaver *saver, guint64 changes, gint64 when);
/** nwf_saver_due: when the files are to be written; NWF_NEVER: they are current. */
gint64 nwf_saver_due(const NwfSaver *saver);
/** nwf_saver_is_current: whether a database with so many @changes is in the files. */
gboolean nwf_saver_is_current(const NwfSaver *saver, guint64 changes);

/**
 * nwf_saver_write: writes both files now; with how long that takes begins a rest
 * @records: (element-type NwfRecord): of a database with so many @changes
 *
 * Returns: FALSE with NWF_ERROR_SYSTEM; then it is tried again after a while
 */
gboolean nwf_saver_write(NwfSaver *saver, const GArray *records, guint64 changes, const NwfClock *clock,
                         GError **error);

/** nwf_saver_wrote: what nwf_saver_write() remembers: files with so many @changes were written from @begin to @end, or
 * could not be. */
void nwf_saver_wrote(NwfSaver *saver, guint64 changes, gint64 begin, gint64 end, gboolean done);
