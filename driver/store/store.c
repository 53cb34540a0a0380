/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.c: files of filters and bindings
 *
 * A directory holds one file NAME.xml for each object, opened with mode 0600, beginning with a comment that tells an
 * administrator which command to use instead of an editor. Replacing a file is two steps, so that the kernel can be
 * changed between them: the new text is written and synced as NAME.xml.new, then renamed over the old one and the
 * directory synced. Whatever happens in between, a reader finds the old text or the new one, never half of one.
 *
 * All names go through nwf_store_check_name() first: nothing here can leave the directory. What is in the way of a new
 * file is taken away, and no more than NWF_FILE_MAX bytes of a file are read (file.h).
 */
#include <glib/gi18n-lib.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "driver/run/fd.h"
#include "driver/store/file.h"
#include "driver/store/store.h"

enum { NWF_FILE_MAX = 16 << 20, NWF_FILE_NAME_MAX = 255 };

#define SUFFIX     ".xml"
#define SUFFIX_NEW ".xml.new"

struct NwfStore {
    NwfStoreKind kind;
    char *directory;
};

struct NwfPending {
    NwfStore *store;
    char *name;
    Fd directory; /* descriptor of the one it was written in */
};

/* Row per kind: the command that a file's first lines recommend. */
static const char *const edit_command[] = {
    [NWF_STORE_FILTERS] = "nwfilter-edit",
    [NWF_STORE_BINDINGS] = "nwfilter-binding-create",
};

static gboolean
system_error(GError **error, const char *what, const char *directory, const char *name)
{
    return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s/%s: %s: %s", directory, name, what, g_strerror(errno));
}

/* After a rename or a removal there is no way back. A directory that cannot be synced is noted; the change stands. */
static void
sync_directory(NwfStore *store, int directory, const char *file, NwfNotes *notes)
{
    if (fsync(directory) < 0)
        nwf_note(notes, _("%s/%s: the directory cannot be synced: %s"), store->directory, file, g_strerror(errno));
}

/* A descriptor of the directory, in which @name (may be NULL) can be a file; or -1 with @error. */
static int
open_directory(NwfStore *store, const char *name, gboolean make, GError **error)
{
    if (name && !nwf_store_check_name(name, NWF_ERROR_ARGUMENT, error))
        return -1;
    if (make && g_mkdir_with_parents(store->directory, 0700) < 0) {
        system_error(error, _("the directory cannot be made"), store->directory, "");
        return -1;
    }
    int fd = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        system_error(error, _("the directory cannot be opened"), store->directory, "");
    return fd;
}

NwfStore *
nwf_store_new(NwfStoreKind kind, const char *directory, GError **error)
{
    g_autoptr(NwfStore) store = g_new(NwfStore, 1);

    *store = (NwfStore){kind, g_strdup(directory)};
    g_auto(Fd) fd = open_directory(store, NULL, TRUE, error);
    return fd >= 0 ? g_steal_pointer(&store) : NULL;
}

void
nwf_store_free(NwfStore *store)
{
    if (!store)
        return;
    g_free(store->directory);
    g_free(store);
}

gboolean
nwf_store_check_name(const char *name, NwfErrorCode code, GError **error)
{
    g_autofree char *shown = nwf_clip(name);
    size_t longest = NWF_FILE_NAME_MAX - strlen(SUFFIX_NEW);

    if (strchr(name, '/'))
        return nwf_set_error(error, code, _("the name '%s' cannot be a file name: it must not contain '/'"), shown);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return nwf_set_error(error, code, _("the name '%s' cannot be a file name"), shown);
    if (strlen(name) > longest)
        return nwf_set_error(error, NWF_ERROR_SYSTEM, _("the name '%s' is too long for a file (limit in bytes: %zu)"),
                             shown, longest);
    return TRUE;
}

/*
 * A name that would be unsafe in a shell or in an XML comment is not put into the recommended command: "--" alone would
 * make the file unreadable.
 */
static gboolean
name_is_plain(const char *name)
{
    return !strstr(name, "--") && name[0] != '-' &&
           name[strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:+@-")] == '\0';
}

static char *
file_text(NwfStoreKind kind, const char *name, const char *uuid, const char *xml)
{
    const char *object = name_is_plain(name) ? name : uuid;

    return g_strdup_printf(
        "<!--\n"
        "This file was written by libvirt's network filter driver, which will overwrite it: an edit\n"
        "made here can get lost. Please use this command, or a program that uses libvirt's API:\n"
        "  virsh %s%s%s\n"
        "The text in force is shown by the matching dumpxml command.\n"
        "-->\n\n%s",
        edit_command[kind], object ? " " : "", object ? object : "", xml);
}

NwfPending *
nwf_store_prepare(NwfStore *store, const char *name, const char *uuid, const char *xml, GError **error)
{
    g_autofree char *text = file_text(store->kind, name, uuid, xml);
    g_autofree char *file = g_strconcat(name, SUFFIX_NEW, NULL);
    g_auto(Fd) directory = open_directory(store, name, TRUE, error);

    if (directory < 0)
        return NULL;
    if (!nwf_file_write_new(directory, file, text)) {
        system_error(error, _("the file cannot be written"), store->directory, file);
        return NULL;
    }
    NwfPending *pending = g_new(NwfPending, 1);
    *pending = (NwfPending){store, g_strdup(name), fd_steal(&directory)};
    return pending;
}

static void
pending_free(NwfPending *pending)
{
    fd_clear(&pending->directory);
    g_free(pending->name);
    g_free(pending);
}

gboolean
nwf_store_commit(NwfPending *pending, NwfNotes *notes, GError **error)
{
    NwfStore *store = pending->store;
    g_autofree char *from = g_strconcat(pending->name, SUFFIX_NEW, NULL);
    g_autofree char *to = g_strconcat(pending->name, SUFFIX, NULL);

    if (renameat(pending->directory, from, pending->directory, to) < 0) {
        system_error(error, _("the file cannot be put in place"), store->directory, to);
        nwf_store_abandon(pending);
        return FALSE;
    }
    sync_directory(store, pending->directory, to, notes);
    pending_free(pending);
    return TRUE;
}

void
nwf_store_abandon(NwfPending *pending)
{
    if (!pending)
        return;
    g_autofree char *file = g_strconcat(pending->name, SUFFIX_NEW, NULL);
    unlinkat(pending->directory, file, 0);
    pending_free(pending);
}

gboolean
nwf_store_remove(NwfStore *store, const char *name, NwfNotes *notes, GError **error)
{
    g_autofree char *file = g_strconcat(name, SUFFIX, NULL);
    g_auto(Fd) directory = open_directory(store, name, TRUE, error);

    if (directory < 0)
        return FALSE;
    if (unlinkat(directory, file, 0) < 0 && errno != ENOENT)
        return system_error(error, _("the file cannot be removed"), store->directory, file);
    sync_directory(store, directory, file, notes);
    return TRUE;
}

gboolean
nwf_store_rename(NwfStore *store, const char *from, const char *to, GError **error)
{
    if (!nwf_store_check_name(from, NWF_ERROR_ARGUMENT, error))
        return FALSE;

    g_autofree char *file = g_strconcat(from, SUFFIX, NULL);
    g_autofree char *other = g_strconcat(to, SUFFIX, NULL);
    g_auto(Fd) directory = open_directory(store, to, FALSE, error);
    struct stat info;
    if (directory < 0)
        return FALSE;
    if (fstatat(directory, other, &info, AT_SYMLINK_NOFOLLOW) == 0)
        return nwf_set_error(error, NWF_ERROR_OPERATION_FAILED,
                             _("it should be named '%s', but there is such a file already"), other);
    if (renameat(directory, file, directory, other) < 0)
        return system_error(error, _("the file cannot be put in place"), store->directory, other);
    sync_directory(store, directory, other, NULL);
    return TRUE;
}

char *
nwf_store_read(NwfStore *store, const char *name, GError **error)
{
    g_autofree char *file = g_strconcat(name, SUFFIX, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(Fd) directory = open_directory(store, name, FALSE, error);

    if (directory < 0)
        return NULL;
    g_auto(Fd) fd = openat(directory, file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        system_error(error, _("the file cannot be opened"), store->directory, file);
    else if (!nwf_file_read_fd(fd, NWF_FILE_MAX, text))
        system_error(error, _("the file cannot be read"), store->directory, file);
    else if (strlen(text->str) != text->len)
        nwf_set_error(error, NWF_ERROR_XML_SYNTAX, _("%s/%s: this is not XML, it contains a zero byte"),
                      store->directory, file);
    else
        return g_string_free(g_steal_pointer(&text), FALSE);
    return NULL;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
nwf_store_list(NwfStore *store, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GDir) dir = g_dir_open(store->directory, 0, &local);
    const char *entry;

    if (!dir) {
        nwf_set_error(error, NWF_ERROR_SYSTEM, _("%s: the directory cannot be read: %s"), store->directory,
                      local->message);
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    while ((entry = g_dir_read_name(dir)))
        if (g_str_has_suffix(entry, SUFFIX))
            g_ptr_array_add(names, g_strndup(entry, strlen(entry) - strlen(SUFFIX)));
    g_ptr_array_sort(names, compare_names);
    return names;
}
