/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file.h: reading and replacing one file, whatever is in the way
 *
 * Only regular files are read, without blocking, and no more of each than a limit. A new file is made beside the old
 * one and synced before it takes its place; what was in the way of it (a link, a FIFO) is taken away, never written to.
 */
#pragma once

#include "conf/error.h"

/** nwf_file_read_fd: what can be read from @fd, at most @max bytes; FALSE with errno, EFBIG if there are more. */
gboolean nwf_file_read_fd(int fd, gsize max, GString *text);

/** nwf_file_write_new: @text as a new file of mode 0600 in @directory, synced; FALSE with errno, and then there is
 * none. */
gboolean nwf_file_write_new(int directory, const char *file, const char *text);

/**
 * nwf_file_read:
 * @cut: (out): whether the file is longer than @max; then the first @max bytes are given
 * @modified: (out): when it was last written, wall clock in microseconds
 *
 * Returns: (transfer full): the content, which may have zero bytes; an empty one with @modified 0 if there is no such
 *   file; NULL with NWF_ERROR_SYSTEM
 */
GString *nwf_file_read(const char *path, gsize max, gboolean *cut, gint64 *modified, GError **error);

/**
 * nwf_file_replace: gives @path this content in one step, mode 0600, file and directory synced. The directory is made
 * with mode 0700 if it is missing. Returns: FALSE with NWF_ERROR_SYSTEM; then the file is as it was
 */
gboolean nwf_file_replace(const char *path, const char *text, GError **error);

/**
 * nwf_file_backup_damaged: what @path is now stays as @path with ".bad" behind it when the file is replaced, unless
 * there is such a file already. Returns: whether it was put there
 */
gboolean nwf_file_backup_damaged(const char *path);
