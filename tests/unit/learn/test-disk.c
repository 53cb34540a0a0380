/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-disk.c: both files on a disk that may be full, in the way, or left in the middle of writing
 */
#include "driver/store/file.h"
#include "records.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Place {
    char *folder, *state, *leases;
} Place;

static void
place_init(Place *place)
{
    place->folder = g_dir_make_tmp("nwf-learn-XXXXXX", NULL);
    g_assert_nonnull(place->folder);
    place->state = g_build_filename(place->folder, "learn", "state", NULL);
    place->leases = g_build_filename(place->folder, "network", "nwfilter.leases", NULL);
}

static void
place_clear(Place *place)
{
    g_autofree char *command = g_strconcat("rm -rf ", place->folder, NULL);

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(place->folder);
    g_free(place->state);
    g_free(place->leases);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static char *
load(const Place *place, NwfNotes *notes)
{
    g_autoptr(GArray) records = nwf_state_load(place->state, place->leases, BOOT, &records_now, notes);

    return records_summary(records);
}

static void
assert_load(const Place *place, const char *expected, guint n_notes)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autofree char *got = load(place, notes);

    g_assert_cmpstr(got, ==, expected);
    g_assert_cmpuint(notes->len, ==, n_notes);
}

static void
save(const Place *place, const GArray *records)
{
    g_autoptr(NwfLeaseDb) db = nwf_lease_db_new();
    g_autoptr(GError) error = NULL;

    nwf_lease_db_restore(db, records);
    g_autoptr(GArray) restored = nwf_lease_db_records(db);
    nwf_state_write(restored, place->state, place->leases, BOOT, &records_now, &error);
    g_assert_no_error(error);
}

static void
test_saved_and_loaded(void)
{
    g_auto(Place) place = {0};
    g_autoptr(GArray) records = records_some();
    struct stat info;

    place_init(&place);
    assert_load(&place, "", 0);
    save(&place, records);
    assert_load(&place, RECORDS_ALL, 0);
    g_assert_cmpint(g_stat(place.state, &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 07777, ==, 0600);
    save(&place, records);
    assert_load(&place, RECORDS_ALL, 0);
}

/* Of which leases it is known that a listed server gave them. */
static void
assert_listed(const Place *place, const char *expected)
{
    g_autoptr(NwfNotes) notes = nwf_notes_new();
    g_autoptr(GArray) records = nwf_state_load(place->state, place->leases, BOOT, &records_now, notes);
    g_autoptr(GString) got = g_string_new(NULL);

    for (guint i = 0; i < records->len; i++)
        g_string_append_printf(got, "%s%s", i > 0 ? " " : "",
                               nwf_address_is_set(&g_array_index(records, NwfRecord, i).lease.listed) ? "yes" : "no");
    g_assert_cmpstr(got->str, ==, expected);
}

/* The stock driver ran in between: what it ended is ended, what it granted is granted, the rest is ours. Who gave what
 * it renewed is not known. */
static void
test_stock_in_between(void)
{
    g_auto(Place) place = {0};
    g_autoptr(GArray) records = records_some();
    const char *stock =
        "0 " KEY_A " 10.0.0.5 0.0.0.0\n2500 " KEY_B " 10.0.0.9 10.0.0.1\n2040 " KEY_A " 10.0.0.6 0.0.0.0\n";
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

    place_init(&place);
    for (guint i = 0; i < records->len; i++)
        g_array_index(records, NwfRecord, i).lease.listed = nwf_address_ipv4(0x0a000001);
    save(&place, records);
    g_assert_true(nwf_file_replace(place.leases, stock, NULL));
    g_assert_cmpint(utimensat(AT_FDCWD, place.leases, times, 0), ==, 0);
    assert_load(&place, RECORDS_ALL, 0); /* older than ours */
    assert_listed(&place, "yes yes yes");
    g_assert_true(nwf_file_replace(place.leases, stock, NULL));
    g_assert_cmpint(utimensat(AT_FDCWD, place.state, times, 0), ==, 0);
    assert_load(&place, "A:10.0.0.6:40 B:10.0.0.7:never B:10.0.0.9:500", 0);
    assert_listed(&place, "no yes no");
    g_unlink(place.state);
    assert_load(&place, "B:10.0.0.9:500 A:10.0.0.6:40", 0);
}

/* A damaged file is kept aside, the first one only, and its good lines count. */
static void
test_damaged_files_are_kept_aside(void)
{
    g_auto(Place) place = {0};
    g_autofree char *aside = NULL, *text = NULL;

    place_init(&place);
    aside = g_strconcat(place.leases, ".bad", NULL);
    g_assert_true(nwf_file_replace(place.leases, "nonsense\n2060 " KEY_A " 10.0.0.5 10.0.0.1\n", NULL));
    assert_load(&place, "A:10.0.0.5:60", 1);
    g_assert_true(g_file_get_contents(aside, &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(text, "nonsense\n2060"));
    g_clear_pointer(&text, g_free);
    g_assert_true(nwf_file_replace(place.leases, "other nonsense\n", NULL));
    assert_load(&place, "", 1);
    g_assert_true(g_file_get_contents(aside, &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(text, "nonsense"));
}

static void
test_files_that_are_no_files(void)
{
    g_auto(Place) place = {0};
    g_autoptr(GArray) records = records_some();

    place_init(&place);
    g_assert_cmpint(g_mkdir_with_parents(place.state, 0700), ==, 0); /* a directory in the place of ours */
    g_assert_true(nwf_file_replace(place.leases, "2060 " KEY_A " 10.0.0.5 10.0.0.1\n", NULL));
    assert_load(&place, "A:10.0.0.5:60", 1);
    g_rmdir(place.state);
    g_assert_cmpint(symlink("nowhere", place.state), ==, 0);
    save(&place, records);
    assert_load(&place, RECORDS_ALL, 0);
    g_assert_false(g_file_test(place.state, G_FILE_TEST_IS_SYMLINK));
}

static void
test_a_huge_file_is_read_up_to_a_limit(void)
{
    g_auto(Place) place = {0};
    g_autoptr(GString) text = g_string_new("2060 " KEY_A " 10.0.0.5 10.0.0.1\n");

    place_init(&place);
    while (text->len < NWF_LEASE_FILE_MAX + 100)
        g_string_append(text, "2060 " KEY_B " 10.0.0.6 10.0.0.1\n");
    g_assert_true(nwf_file_replace(place.leases, text->str, NULL));
    assert_load(&place, "A:10.0.0.5:60 B:10.0.0.6:60", 2); /* damaged: the line that was cut; and too long */
}

/* The disk is full: the old file stays, and nothing is left beside it. */
static void
test_disk_full(void)
{
    g_auto(Place) place = {0};
    g_autoptr(GArray) records = records_some();
    g_autoptr(GError) error = NULL;
    g_autofree char *fresh = NULL;
    struct rlimit limit, small;

    place_init(&place);
    fresh = g_strconcat(place.state, ".new", NULL);
    save(&place, records);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    small = limit;
    small.rlim_cur = 100;
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    g_assert_false(nwf_state_file_write(place.state, records, BOOT, &error));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    g_assert_false(g_file_test(fresh, G_FILE_TEST_EXISTS));
    assert_load(&place, RECORDS_ALL, 0);
}

/* Killed while writing, at any moment: the file is one of the two that were written, whole. */
static void
test_killed_while_writing(void)
{
    g_auto(Place) place = {0};
    g_autoptr(GArray) one = records_some();
    g_autoptr(GArray) two = records_some();

    place_init(&place);
    g_array_set_size(two, 1);
    save(&place, one);
    for (guint round = 0; round < 40; round++) {
        g_autofree char *got = NULL;
        g_autoptr(NwfNotes) notes = nwf_notes_new();
        g_autoptr(NwfLeaseFile) file = NULL;
        pid_t child = fork();
        g_assert_cmpint(child, >=, 0);
        if (child == 0) {
            for (;;) {
                nwf_state_file_write(place.state, one, BOOT, NULL);
                nwf_state_file_write(place.state, two, BOOT, NULL);
            }
        }
        g_usleep(500 + round * 137);
        kill(child, SIGKILL);
        g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
        file = nwf_lease_file_read(place.state, BOOT, &records_now, notes, NULL);
        g_assert_nonnull(file);
        got = records_summary(file->records);
        g_assert_true(strcmp(got, RECORDS_ALL) == 0 || strcmp(got, "A:10.0.0.5:60") == 0);
        g_assert_cmpuint(notes->len, ==, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/learn/disk/saved-and-loaded", test_saved_and_loaded);
    g_test_add_func("/learn/disk/stock-in-between", test_stock_in_between);
    g_test_add_func("/learn/disk/damaged-files-are-kept-aside", test_damaged_files_are_kept_aside);
    g_test_add_func("/learn/disk/files-that-are-no-files", test_files_that_are_no_files);
    g_test_add_func("/learn/disk/a-huge-file-is-read-up-to-a-limit", test_a_huge_file_is_read_up_to_a_limit);
    g_test_add_func("/learn/disk/full", test_disk_full);
    g_test_add_func("/learn/disk/killed-while-writing", test_killed_while_writing);
    return g_test_run();
}
