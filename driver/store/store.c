/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.c: files of filters and bindings
 *
 * A directory holds one file NAME.xml for each object, opened with mode 0600, beginning with a comment that tells an
 * administrator which command to use instead of an editor. Replacing a file is two steps, so that the kernel can be
 * changed between them: the new text is written and synced as NAME.xml.new, then renamed over the old one and the
 * directory synced. Whatever happens in between, a reader finds the old text or the new one, never half of one.
 *
 * All names go through nwf_store_check_name() first: nothing here can leave the directory. Only regular files are read,
 * without blocking, and no more than NWF_FILE_MAX bytes of each.
 */
#include <glib/gi18n-lib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/store/store.h"

enum { NWF_FILE_MAX = 16 << 20, NWF_FILE_NAME_MAX = 255 };

#define SUFFIX ".xml"
#define SUFFIX_NEW ".xml.new"

struct NwfStore {
    NwfStoreKind kind;
    char *directory;
    int fd; /* of the directory */
};

struct NwfPending {
    NwfStore *store;
    char *name;
};

/* Row per kind: the command that a file's first lines recommend. */
static const char *const edit_command[] = {
    [NWF_STORE_FILTERS] = "nwfilter-edit",
    [NWF_STORE_BINDINGS] = "nwfilter-binding-create",
};

static gboolean
system_error(GError **error, const char *what, const char *directory, const char *name)
{
    int saved = errno;
    return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s '%s/%s': %s", what, directory, name, g_strerror(saved));
}

/* After a rename or a removal there is no way back: a directory that cannot be synced is told, nothing more. */
static void
sync_directory(NwfStore *store, const char *file, NwfNotes *notes)
{
    if (fsync(store->fd) < 0)
        nwf_note(notes, _("cannot sync the directory of '%s/%s': %s"), store->directory, file, g_strerror(errno));
}

NwfStore *
nwf_store_new(NwfStoreKind kind, const char *directory, GError **error)
{
    if (g_mkdir_with_parents(directory, 0700) < 0) {
        system_error(error, _("cannot make the directory"), directory, "");
        return NULL;
    }
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        system_error(error, _("cannot open the directory"), directory, "");
        return NULL;
    }
    NwfStore *store = g_new0(NwfStore, 1);
    store->kind = kind;
    store->directory = g_strdup(directory);
    store->fd = fd;
    return store;
}

void
nwf_store_free(NwfStore *store)
{
    if (!store)
        return;
    close(store->fd);
    g_free(store->directory);
    g_free(store);
}

gboolean
nwf_store_check_name(const char *name, NwfErrorCode code, GError **error)
{
    size_t longest = NWF_FILE_NAME_MAX - strlen(SUFFIX_NEW);

    if (strchr(name, '/'))
        return nwf_set_error(error, code, _("the name '%s' cannot be a file name: it must not contain '/'"), name);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return nwf_set_error(error, code, _("the name '%s' cannot be a file name"), name);
    if (strlen(name) > longest)
        return nwf_set_error(error, NWF_ERROR_SYSTEM, _("the name '%.40s…' is too long: at most %zu bytes"), name, longest);
    return TRUE;
}

/* A name that would be unsafe in a shell or in an XML comment is not put into the recommended command. */
static gboolean
name_is_plain(const char *name)
{
    if (strstr(name, "--") || name[0] == '-')
        return FALSE;
    for (const char *c = name; *c; c++) {
        if (!g_ascii_isalnum(*c) && !strchr("_.:+@-", *c))
            return FALSE;
    }
    return TRUE;
}

static char *
file_text(NwfStoreKind kind, const char *name, const char *uuid, const char *xml)
{
    return g_strdup_printf("<!--\n"
                           "This file was written by libvirt's network filter driver, which will overwrite it: an edit\n"
                           "made here can get lost. Please use this command, or a program that uses libvirt's API:\n"
                           "  virsh %s %s\n"
                           "The text in force is shown by the matching dumpxml command.\n"
                           "-->\n\n%s",
                           edit_command[kind], name_is_plain(name) || !uuid ? name : uuid, xml);
}

static gboolean
write_all(int fd, const char *text)
{
    size_t left = strlen(text);

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

NwfPending *
nwf_store_prepare(NwfStore *store, const char *name, const char *uuid, const char *xml, GError **error)
{
    if (!nwf_store_check_name(name, NWF_ERROR_ARGUMENT, error))
        return NULL;

    g_autofree char *text = file_text(store->kind, name, uuid, xml);
    g_autofree char *file = g_strconcat(name, SUFFIX_NEW, NULL);
    int fd = openat(store->fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        system_error(error, _("cannot write"), store->directory, file);
        return NULL;
    }
    gboolean written = fchmod(fd, 0600) == 0 && write_all(fd, text);
    if (!written)
        system_error(error, _("cannot write"), store->directory, file);
    close(fd);
    if (!written) {
        unlinkat(store->fd, file, 0);
        return NULL;
    }
    NwfPending *pending = g_new0(NwfPending, 1);
    pending->store = store;
    pending->name = g_strdup(name);
    return pending;
}

static void
pending_free(NwfPending *pending)
{
    g_free(pending->name);
    g_free(pending);
}

gboolean
nwf_store_commit(NwfPending *pending, NwfNotes *notes, GError **error)
{
    NwfStore *store = pending->store;
    g_autofree char *from = g_strconcat(pending->name, SUFFIX_NEW, NULL);
    g_autofree char *to = g_strconcat(pending->name, SUFFIX, NULL);

    if (renameat(store->fd, from, store->fd, to) < 0) {
        system_error(error, _("cannot put in place"), store->directory, to);
        nwf_store_abandon(pending);
        return FALSE;
    }
    sync_directory(store, to, notes);
    pending_free(pending);
    return TRUE;
}

void
nwf_store_abandon(NwfPending *pending)
{
    if (!pending)
        return;
    g_autofree char *file = g_strconcat(pending->name, SUFFIX_NEW, NULL);
    unlinkat(pending->store->fd, file, 0);
    pending_free(pending);
}

gboolean
nwf_store_remove(NwfStore *store, const char *name, NwfNotes *notes, GError **error)
{
    if (!nwf_store_check_name(name, NWF_ERROR_ARGUMENT, error))
        return FALSE;

    g_autofree char *file = g_strconcat(name, SUFFIX, NULL);
    if (unlinkat(store->fd, file, 0) < 0 && errno != ENOENT)
        return system_error(error, _("cannot remove"), store->directory, file);
    sync_directory(store, file, notes);
    return TRUE;
}

/* The content of a regular file of bounded size, or NULL with @error. */
static char *
read_file(NwfStore *store, const char *file, GError **error)
{
    struct stat info;
    int fd = openat(store->fd, file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        system_error(error, _("cannot open"), store->directory, file);
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean good = fstat(fd, &info) == 0;
    if (good && (!S_ISREG(info.st_mode) || info.st_size > NWF_FILE_MAX)) {
        errno = S_ISREG(info.st_mode) ? EFBIG : S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
        good = FALSE;
    }
    while (good) {
        char buffer[16384];
        ssize_t got = read(fd, buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || text->len > NWF_FILE_MAX) {
            good = got == 0;
            break;
        }
        g_string_append_len(text, buffer, got);
    }
    if (!good)
        system_error(error, _("cannot read"), store->directory, file);
    close(fd);
    if (good && strlen(text->str) != text->len) {
        nwf_set_error(error, NWF_ERROR_XML_SYNTAX, _("'%s/%s' is not XML: it contains a zero byte"), store->directory, file);
        return NULL;
    }
    return good ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

gboolean
nwf_store_load(NwfStore *store, NwfStoreVisit visit, gpointer data, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GDir) dir = g_dir_open(store->directory, 0, &local);
    if (!dir)
        return nwf_set_error(error, NWF_ERROR_SYSTEM, _("cannot read the directory '%s': %s"), store->directory, local->message);

    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    const char *entry;
    while ((entry = g_dir_read_name(dir)))
        if (g_str_has_suffix(entry, SUFFIX))
            g_ptr_array_add(files, g_strdup(entry));
    g_ptr_array_sort(files, compare_names);

    for (guint i = 0; i < files->len; i++) {
        const char *file = g_ptr_array_index(files, i);
        g_autofree char *name = g_strndup(file, strlen(file) - strlen(SUFFIX));
        g_autoptr(GError) problem = NULL;
        g_autofree char *text = read_file(store, file, &problem);
        visit(name, text, problem, data);
    }
    return TRUE;
}
