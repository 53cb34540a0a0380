/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-store.c: files, and everything that is none
 */
#include "driver/store/file.h"
#include "driver/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A store in a folder of its own; the folder is gone with it. */
typedef struct Place {
    char *folder;
    NwfStore *store;
} Place;

static void
place_init(Place *place, NwfStoreKind kind)
{
    g_autoptr(GError) error = NULL;

    place->folder = g_dir_make_tmp("nwf-store-XXXXXX", &error);
    g_assert_no_error(error);
    place->store = nwf_store_new(kind, place->folder, &error);
    g_assert_no_error(error);
}

static void
place_clear(Place *place)
{
    g_autofree char *quoted = g_shell_quote(place->folder);
    g_autofree char *command = g_strconcat("rm -rf ", quoted, NULL);

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(place->folder);
    nwf_store_free(place->store);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static char *
path_of(const Place *place, const char *file)
{
    return g_build_filename(place->folder, file, NULL);
}

static char *
text_of(const Place *place, const char *file)
{
    g_autofree char *path = path_of(place, file);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void
lay(const Place *place, const char *file, const char *text, gssize length)
{
    g_autofree char *path = path_of(place, file);

    g_assert_true(g_file_set_contents(path, text, length, NULL));
}

static NwfPending *
prepare(const Place *place, const char *name, const char *xml)
{
    g_autoptr(GError) error = NULL;
    NwfPending *pending = nwf_store_prepare(place->store, name, "the-uuid", xml, &error);

    g_assert_no_error(error);
    return pending;
}

static void
commit(NwfPending *pending)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GError) error = NULL;

    nwf_store_commit(pending, notes, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(notes->len, ==, 0);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
assert_files(const Place *place, const char *expected)
{
    g_autoptr(GDir) dir = g_dir_open(place->folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    while ((name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    g_autofree char *joined = g_strjoinv(" ", (char **)names->pdata);
    g_assert_cmpstr(joined, ==, expected);
}

/* ---- writing ---- */

/* Until it is committed the old text stands; then the new one does, complete, for root alone. */
static void
test_two_steps(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    struct stat info;

    commit(prepare(&place, "web", "<filter name='old'/>\n"));
    NwfPending *pending = prepare(&place, "web", "<filter name='new'/>\n");
    g_autofree char *before = text_of(&place, "web.xml");
    g_assert_true(g_str_has_suffix(before, "-->\n\n<filter name='old'/>\n"));
    assert_files(&place, "web.xml web.xml.new");
    commit(pending);
    g_autofree char *after = text_of(&place, "web.xml");
    g_assert_true(g_str_has_suffix(after, "-->\n\n<filter name='new'/>\n"));
    assert_files(&place, "web.xml");
    g_autofree char *path = path_of(&place, "web.xml");
    g_assert_cmpint(stat(path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 07777, ==, 0600);
}

static void
test_abandoned(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);

    nwf_store_abandon(prepare(&place, "web", "<filter/>"));
    nwf_store_abandon(NULL);
    assert_files(&place, "");
}

/* What is in the way of the new file is taken away: not followed, not written to, not waited for. */
static void
test_what_is_in_the_way(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    g_autofree char *way = path_of(&place, "web.xml.new");
    g_autofree char *victim = path_of(&place, "victim");

    lay(&place, "victim", "precious", -1);
    for (guint i = 0; i < 4; i++) {
        g_assert_cmpint(i == 0   ? symlink("victim", way)
                        : i == 1 ? link(victim, way)
                        : i == 2 ? mkfifo(way, 0600)
                                 : symlink("nowhere", way),
                        ==, 0);
        commit(prepare(&place, "web", "<filter/>"));
        g_autofree char *text = text_of(&place, "victim");
        g_assert_cmpstr(text, ==, "precious");
        assert_files(&place, "victim web.xml");
    }
}

/* A folder where a file should be is told, and nothing is left behind. */
static void
test_folder_in_the_way(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_BINDINGS);
    g_autofree char *target = path_of(&place, "va.xml");
    g_autofree char *new_file = path_of(&place, "vb.xml.new");
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir(target, 0700), ==, 0);
    g_assert_false(nwf_store_commit(prepare(&place, "va", "<x/>"), NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "va.xml"));
    g_clear_error(&error);
    g_assert_cmpint(g_mkdir(new_file, 0700), ==, 0);
    g_assert_null(nwf_store_prepare(place.store, "vb", NULL, "<x/>", &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    g_clear_error(&error);
    g_assert_false(nwf_store_remove(place.store, "va", NULL, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    assert_files(&place, "va.xml vb.xml.new");
}

static void
test_removed(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    g_autoptr(GError) error = NULL;

    commit(prepare(&place, "web", "<filter/>"));
    for (guint i = 0; i < 2; i++) { /* once more: what is gone already is success */
        g_assert_true(nwf_store_remove(place.store, "web", NULL, &error));
        g_assert_no_error(error);
        assert_files(&place, "");
    }
}

static void
test_renamed(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_BINDINGS);
    g_autoptr(GError) error = NULL;

    lay(&place, "other.xml", "<x/>", -1);
    g_assert_true(nwf_store_rename(place.store, "other", "va", &error));
    g_assert_no_error(error);
    assert_files(&place, "va.xml");
    lay(&place, "copy.xml", "<y/>", -1);
    g_assert_false(nwf_store_rename(place.store, "copy", "va", &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_OPERATION_FAILED);
    g_clear_error(&error);
    g_assert_false(nwf_store_rename(place.store, "nobody", "vb", &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    g_autofree char *text = text_of(&place, "va.xml");
    g_assert_cmpstr(text, ==, "<x/>");
}

/* A prepared file stays with its folder; the next one goes where the path leads now. */
static void
test_replaced_folder(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    g_autofree char *moved = g_strconcat(place.folder, ".moved", NULL);

    NwfPending *pending = prepare(&place, "one", "<filter/>");
    g_assert_cmpint(g_rename(place.folder, moved), ==, 0);
    commit(pending);
    commit(prepare(&place, "two", "<filter/>"));
    assert_files(&place, "two.xml");
    g_autofree char *one = g_build_filename(moved, "one.xml", NULL);
    g_assert_cmpint(g_unlink(one), ==, 0);
    g_assert_cmpint(g_rmdir(moved), ==, 0);
}

/* ---- names ---- */

static void
test_names_that_are_no_files(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    g_autofree char *longest = g_strnfill(247, 'n'), *longer = g_strnfill(248, 'n');
    const char *const refused[] = {"/", "a/b", "../a", "..", ".", "/etc/passwd", "a/", longer};

    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        NwfErrorCode code = strlen(refused[i]) > 100 ? NWF_ERROR_SYSTEM : NWF_ERROR_ARGUMENT;
        g_autoptr(GError) write = NULL, read = NULL, remove = NULL, from = NULL, to = NULL, check = NULL;
        g_assert_null(nwf_store_prepare(place.store, refused[i], NULL, "<x/>", &write));
        g_assert_error(write, NWF_ERROR, (gint)code);
        g_assert_null(nwf_store_read(place.store, refused[i], &read));
        g_assert_error(read, NWF_ERROR, (gint)code);
        g_assert_false(nwf_store_remove(place.store, refused[i], NULL, &remove));
        g_assert_error(remove, NWF_ERROR, (gint)code);
        g_assert_false(nwf_store_rename(place.store, refused[i], "a", &from));
        g_assert_error(from, NWF_ERROR, (gint)code);
        g_assert_false(nwf_store_rename(place.store, "a", refused[i], &to));
        g_assert_error(to, NWF_ERROR, (gint)code);
        g_assert_false(nwf_store_check_name(refused[i], NWF_ERROR_INTERNAL, &check));
    }
    assert_files(&place, "");
    commit(prepare(&place, longest, "<x/>"));
    g_assert_true(nwf_store_remove(place.store, longest, NULL, NULL));
}

/* The comment names the object by what is safe to type and to write into a comment. */
static void
test_the_comment_never_spoils_the_file(void)
{
    static const struct {
        NwfStoreKind kind;
        const char *name, *uuid, *command;
    } rows[] = {
        {NWF_STORE_FILTERS, "web", "U", "nwfilter-edit web\n"},
        {NWF_STORE_FILTERS, "a.b_c:d+e@f-g", "U", "nwfilter-edit a.b_c:d+e@f-g\n"},
        {NWF_STORE_FILTERS, "a b", "U", "nwfilter-edit U\n"},
        {NWF_STORE_FILTERS, "a--b", "U", "nwfilter-edit U\n"},
        {NWF_STORE_FILTERS, "-a", "U", "nwfilter-edit U\n"},
        {NWF_STORE_FILTERS, "$(reboot)", "U", "nwfilter-edit U\n"},
        {NWF_STORE_FILTERS, "-->\n<x>", "U", "nwfilter-edit U\n"},
        {NWF_STORE_BINDINGS, "vnet7", NULL, "nwfilter-binding-create vnet7\n"},
        {NWF_STORE_BINDINGS, "a--b", NULL, "nwfilter-binding-create\n"},
        {NWF_STORE_BINDINGS, "-->", NULL, "nwfilter-binding-create\n"},
        {NWF_STORE_BINDINGS, "a\nb", NULL, "nwfilter-binding-create\n"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Place) place = {0};
        place_init(&place, rows[i].kind);
        g_autoptr(GError) error = NULL;
        g_assert_true(
            nwf_store_commit(nwf_store_prepare(place.store, rows[i].name, rows[i].uuid, "<x/>", NULL), NULL, &error));
        g_assert_no_error(error);
        g_autofree char *text = nwf_store_read(place.store, rows[i].name, &error);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(text, rows[i].command));
        g_assert_true(g_str_has_prefix(text, "<!--\n"));
        g_assert_true(strstr(text + 4, "--") == strstr(text, "-->\n\n<x/>"));
    }
}

/* ---- reading ---- */

static void
assert_unreadable(const Place *place, const char *name, NwfErrorCode code)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = nwf_store_read(place->store, name, &error);

    g_assert_null(text);
    g_assert_error(error, NWF_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, name));
}

/* All *.xml are listed, in order, whatever they are; each tells for itself whether it can be read. */
static void
test_listed_and_read(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    g_autofree char *big = g_strnfill((16 << 20) + 1, ' ');
    static const struct {
        const char *file, *to;
    } links[] = {
        {"link.xml", "web.xml"}, {"dead.xml", "nowhere"}, {"round.xml", "round.xml"}, {"zero.xml", "/dev/zero"}};

    for (guint i = 0; i < G_N_ELEMENTS(links); i++) {
        g_autofree char *path = path_of(&place, links[i].file);
        g_assert_cmpint(symlink(links[i].to, path), ==, 0);
    }
    g_autofree char *folder = path_of(&place, "folder.xml"), *fifo = path_of(&place, "fifo.xml");
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    lay(&place, "web.xml", "<filter/>", -1);
    lay(&place, ".hidden.xml", "<hidden/>", -1);
    lay(&place, "half.xml.new", "<half", -1);
    lay(&place, "other.txt", "", -1);
    lay(&place, "bytes.xml", "<a>\0</a>", 8);
    lay(&place, "big.xml", big, -1);
    lay(&place, "fits.xml", big, 16 << 20);

    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = nwf_store_list(place.store, &error);
    g_assert_no_error(error);
    g_ptr_array_add(names, NULL);
    g_autofree char *list = g_strjoinv(" ", (char **)names->pdata);
    g_assert_cmpstr(list, ==, ".hidden big bytes dead fifo fits folder link round web zero");

    for (guint i = 0; i < 2; i++) {
        g_autofree char *text = nwf_store_read(place.store, i ? "link" : "web", &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, "<filter/>");
    }
    g_autofree char *fits = nwf_store_read(place.store, "fits", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(fits), ==, 16 << 20);
    static const char *const bad[] = {"big", "dead", "fifo", "folder", "nobody", "round", "zero"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_unreadable(&place, bad[i], NWF_ERROR_SYSTEM);
    assert_unreadable(&place, "bytes", NWF_ERROR_XML_SYNTAX);
}

/* A file is cut if it has one byte more than the limit, whatever the limit. */
static void
test_one_byte_too_many(void)
{
    static const gsize limits[] = {1, 1000, 16384, 20000};
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    g_autofree char *path = path_of(&place, "file");

    for (guint i = 0; i < 2 * G_N_ELEMENTS(limits); i++) {
        gsize limit = limits[i / 2];
        g_autofree char *text = g_strnfill(limit + i % 2, 'x');
        gboolean cut;
        gint64 modified;
        g_autoptr(GError) error = NULL;

        lay(&place, "file", text, -1);
        g_autoptr(GString) got = nwf_file_read(path, limit, &cut, &modified, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(got->len, ==, limit);
        g_assert_cmpint(cut, ==, i % 2);
    }
}

/* Rights count for those for whom they count. */
static void
test_no_right_to_read(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    g_autofree char *path = path_of(&place, "web.xml");

    lay(&place, "web.xml", "<filter/>", -1);
    g_assert_cmpint(g_chmod(path, 0), ==, 0);
    g_assert_cmpint(g_chmod(place.folder, 0755), ==, 0);
    gboolean root = geteuid() == 0;
    g_assert_cmpint(root ? seteuid(65534) : 0, ==, 0);
    assert_unreadable(&place, "web", NWF_ERROR_SYSTEM);
    g_assert_cmpint(root ? seteuid(0) : 0, ==, 0);
}

static void
test_missing_folder(void)
{
    g_auto(Place) place = {0};
    place_init(&place, NWF_STORE_FILTERS);
    g_autofree char *deep = path_of(&place, "a/b");
    g_autofree char *file = path_of(&place, "file");
    g_autoptr(GError) error = NULL;
    struct stat info;

    NwfStore *store = nwf_store_new(NWF_STORE_FILTERS, deep, &error);
    g_assert_no_error(error);
    g_assert_cmpint(stat(deep, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 07777, ==, 0700);
    g_assert_cmpint(g_rmdir(deep), ==, 0);
    g_assert_null(nwf_store_list(store, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    g_clear_error(&error);
    g_assert_null(nwf_store_read(store, "web", &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    nwf_store_free(store);
    g_clear_error(&error);

    lay(&place, "file", "", -1);
    g_assert_null(nwf_store_new(NWF_STORE_FILTERS, file, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/two-steps", test_two_steps);
    g_test_add_func("/store/abandoned", test_abandoned);
    g_test_add_func("/store/in-the-way", test_what_is_in_the_way);
    g_test_add_func("/store/folder-in-the-way", test_folder_in_the_way);
    g_test_add_func("/store/removed", test_removed);
    g_test_add_func("/store/renamed", test_renamed);
    g_test_add_func("/store/replaced-folder", test_replaced_folder);
    g_test_add_func("/store/names", test_names_that_are_no_files);
    g_test_add_func("/store/comment", test_the_comment_never_spoils_the_file);
    g_test_add_func("/store/read", test_listed_and_read);
    g_test_add_func("/store/one-byte-too-many", test_one_byte_too_many);
    g_test_add_func("/store/rights", test_no_right_to_read);
    g_test_add_func("/store/missing-folder", test_missing_folder);
    return g_test_run();
}
