/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file.c: reading and replacing one file; see file.h
 */
#include <glib/gi18n-lib.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "driver/run/fd.h"
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
    g_auto(Fd) fd = openat(directory, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return FALSE;
    if (write_all(fd, text, strlen(text)))
        return TRUE;
    int saved = errno;
    unlinkat(directory, file, 0);
    errno = saved;
    return FALSE;
}

static gboolean
system_error(GError **error, const char *what, const char *path)
{
    return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s: %s: %s", path, what, g_strerror(errno));
}

GString *
nwf_file_read(const char *path, gsize max, gboolean *cut, gint64 *modified, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(Fd) fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info;

    *cut = FALSE;
    *modified = 0;
    if (fd < 0 && errno == ENOENT)
        return g_steal_pointer(&text);
    if (fd < 0) {
        system_error(error, _("the file cannot be opened"), path);
        return NULL;
    }
    gboolean whole = fstat(fd, &info) == 0 && nwf_file_read_fd(fd, max, text);
    *cut = !whole && errno == EFBIG;
    if (!whole && !*cut) {
        system_error(error, _("the file cannot be read"), path);
        return NULL;
    }
    *modified = (gint64)info.st_mtim.tv_sec * G_USEC_PER_SEC + info.st_mtim.tv_nsec / 1000;
    return g_steal_pointer(&text);
}

gboolean
nwf_file_replace(const char *path, const char *text, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *file = g_path_get_basename(path);
    g_autofree char *fresh = g_strconcat(file, SUFFIX_NEW, NULL);

    if (g_mkdir_with_parents(folder, 0700) < 0)
        return system_error(error, _("the directory cannot be made"), folder);
    g_auto(Fd) directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return system_error(error, _("the directory cannot be opened"), folder);
    if (!nwf_file_write_new(directory, fresh, text))
        return system_error(error, _("the file cannot be written"), path);
    if (renameat(directory, fresh, directory, file) < 0) {
        system_error(error, _("the file cannot be written"), path);
        unlinkat(directory, fresh, 0);
        return FALSE;
    }
    fsync(directory); /* there is no way back from here */
    return TRUE;
}

gboolean
nwf_file_backup_damaged(const char *path)
{
    g_autofree char *kept = g_strconcat(path, SUFFIX_BAD, NULL);

    return link(path, kept) == 0;
}
