/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file.c: reading and replacing one file; see file.h
 */
#include <glib/gi18n-lib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/store/file.h"

#define SUFFIX_NEW ".new"
#define SUFFIX_BAD ".bad"

gboolean
nwf_file_read_fd(int fd, gsize max, GString *text)
{
    struct stat info;
    char buffer[16384];
    ssize_t got;

    if (fstat(fd, &info) < 0)
        return FALSE;
    if (!S_ISREG(info.st_mode)) {
        errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
        return FALSE;
    }
    while ((got = read(fd, buffer, sizeof(buffer))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return FALSE;
        gsize room = max - text->len;
        g_string_append_len(text, buffer, (gssize)MIN((gsize)got, room));
        if ((gsize)got > room) {
            errno = EFBIG;
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
write_all(int fd, const char *text, size_t left)
{
    while (left > 0) {
        ssize_t done = write(fd, text, left);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return FALSE;
        text += done;
        left -= (size_t)done;
    }
    return fsync(fd) == 0;
}

gboolean
nwf_file_write_new(int directory, const char *file, const char *text)
{
    unlinkat(directory, file, 0);
    int fd = openat(directory, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return FALSE;
    gboolean written = write_all(fd, text, strlen(text));
    int saved = errno;
    close(fd);
    if (!written)
        unlinkat(directory, file, 0);
    errno = saved;
    return written;
}

static gboolean
system_error(GError **error, const char *what, const char *path)
{
    int saved = errno;
    return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s: %s: %s", path, what, g_strerror(saved));
}

/* Fills @text from the open file; FALSE with errno. */
static gboolean
read_open(int fd, gsize max, GString *text, gboolean *cut, gint64 *modified)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        return FALSE;
    *modified = (gint64)info.st_mtim.tv_sec * G_USEC_PER_SEC + info.st_mtim.tv_nsec / 1000;
    if (nwf_file_read_fd(fd, max, text))
        return TRUE;
    *cut = errno == EFBIG;
    return *cut;
}

GString *
nwf_file_read(const char *path, gsize max, gboolean *cut, gint64 *modified, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    *cut = FALSE;
    *modified = 0;
    if (fd < 0 && errno == ENOENT)
        return g_steal_pointer(&text);
    if (fd < 0) {
        system_error(error, _("the file cannot be opened"), path);
        return NULL;
    }
    gboolean good = read_open(fd, max, text, cut, modified);
    if (!good)
        system_error(error, _("the file cannot be read"), path);
    close(fd);
    return good ? g_steal_pointer(&text) : NULL;
}

/* In an open directory: FALSE with errno; the new file is gone then. */
static gboolean
replace_in(int directory, const char *file, const char *text)
{
    g_autofree char *fresh = g_strconcat(file, SUFFIX_NEW, NULL);

    if (!nwf_file_write_new(directory, fresh, text))
        return FALSE;
    if (renameat(directory, fresh, directory, file) < 0) {
        int saved = errno;
        unlinkat(directory, fresh, 0);
        errno = saved;
        return FALSE;
    }
    fsync(directory); /* there is no way back from here */
    return TRUE;
}

gboolean
nwf_file_replace(const char *path, const char *text, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *file = g_path_get_basename(path);

    if (g_mkdir_with_parents(folder, 0700) < 0)
        return system_error(error, _("the directory cannot be made"), folder);
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return system_error(error, _("the directory cannot be opened"), folder);
    gboolean replaced = replace_in(directory, file, text);
    if (!replaced)
        system_error(error, _("the file cannot be written"), path);
    close(directory);
    return replaced;
}

gboolean
nwf_file_backup_damaged(const char *path)
{
    g_autofree char *kept = g_strconcat(path, SUFFIX_BAD, NULL);

    return link(path, kept) == 0;
}
