/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-child-lock.c: a daemon that was killed leaves no tool behind that works on
 *
 * The daemon is a child of the test that starts a program on the lock and is killed while it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/run/command.h"

enum { LONG = 60 * 1000 };

typedef struct Place {
    char *folder, *lock, *mark;
} Place;

static void
place_set_up(Place *place, gconstpointer data G_GNUC_UNUSED)
{
    place->folder = g_dir_make_tmp("lock-XXXXXX", NULL);
    place->lock = g_build_filename(place->folder, "tools", NULL);
    place->mark = g_build_filename(place->folder, "mark", NULL);
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0); /* orphans come to us, so that their end is seen */
}

static void
place_tear_down(Place *place, gconstpointer data G_GNUC_UNUSED)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    g_remove(place->mark);
    g_remove(place->lock);
    g_rmdir(place->folder);
    g_free(place->folder);
    g_free(place->lock);
    g_free(place->mark);
}

/* Waits until the daemon has noted the number of its tool, which may have begun its work before. */
static void
wait_for_note(const Place *place)
{
    gint64 number = 0;

    for (guint i = 0; i < 2000 && number == 0; i++) {
        g_autofree char *text = NULL;
        if (g_file_get_contents(place->lock, &text, NULL, NULL))
            number = g_ascii_strtoll(text, NULL, 10);
        g_usleep(number ? 0 : 5000);
    }
    g_assert_cmpint(number, >, 0);
}

/* A daemon that runs @script, which makes the mark as its first act; returns when the mark is there. */
static pid_t
start_daemon(const Place *place, const char *script)
{
    g_autofree char *whole = g_strdup_printf("echo $$ > '%s.new'; mv '%s.new' '%s'; %s", place->mark, place->mark,
                                             place->mark, script);
    const char *const argv[] = {"/bin/sh", "-c", whole, NULL};
    pid_t daemon = fork();

    if (daemon == 0) {
        NwfChildLock *lock = nwf_child_lock_new(place->lock, NULL);
        NwfCommandResult result = {0};
        _exit(lock && nwf_command_run(lock, argv, NULL, 0, LONG, &result, NULL) ? 0 : 1);
    }
    for (guint i = 0; i < 2000 && g_access(place->mark, F_OK) != 0; i++)
        g_usleep(5000);
    g_assert_cmpint(g_access(place->mark, F_OK), ==, 0);
    return daemon;
}

static pid_t
tool_of(const Place *place)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(place->mark, &text, NULL, NULL));
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static void
kill_daemon(pid_t daemon)
{
    kill(daemon, SIGKILL);
    g_assert_cmpint(waitpid(daemon, NULL, 0), ==, daemon);
}

/* Whether @pid is a process that still does something. */
static gboolean
lives(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == 0;
}

static void
test_an_orphan_is_ended(Place *place, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    pid_t daemon = start_daemon(place, "sleep 50");
    wait_for_note(place);
    kill_daemon(daemon);
    pid_t tool = tool_of(place);
    g_assert_true(lives(tool));
    gint64 begin = g_get_monotonic_time();
    g_autoptr(NwfChildLock) lock G_GNUC_UNUSED = nwf_child_lock_new(place->lock, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 4 * G_TIME_SPAN_SECOND);
    g_assert_false(lives(tool));
}

/* Its number was erased, as it is before each start: it is not killed but waited for. */
static void
test_an_unknown_orphan_is_waited_for(Place *place, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    kill_daemon(start_daemon(place, "sleep 1"));
    int fd = g_open(place->lock, O_WRONLY, 0);
    g_assert_cmpint(write(fd, "0           \n", 13), ==, 13);
    close(fd);
    g_autoptr(NwfChildLock) lock G_GNUC_UNUSED = nwf_child_lock_new(place->lock, &error);
    g_assert_no_error(error);
}

/* A child's end gives the lock back, and nobody is killed for it. */
static void
test_after_a_good_end(Place *place, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    pid_t daemon = start_daemon(place, "true");
    int status;

    g_assert_cmpint(waitpid(daemon, &status, 0), ==, daemon);
    g_assert_cmpint(status, ==, 0);
    g_autofree char *note = NULL;
    g_assert_true(g_file_get_contents(place->lock, &note, NULL, NULL));
    g_assert_cmpint(g_ascii_strtoll(note, NULL, 10), ==, 0); /* its number may be somebody else's by now */
    gint64 begin = g_get_monotonic_time();
    g_autoptr(NwfChildLock) lock G_GNUC_UNUSED = nwf_child_lock_new(place->lock, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, G_TIME_SPAN_SECOND);
}

static void
test_a_place_that_cannot_be(Place *place, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(place->lock, "deeper", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(nwf_child_lock_new(path, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, path));
}

static void
add(const char *path, void (*test)(Place *place, gconstpointer data))
{
    g_test_add(path, Place, NULL, place_set_up, test, place_tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/run/child-lock/orphan", test_an_orphan_is_ended);
    add("/run/child-lock/unknown-orphan", test_an_unknown_orphan_is_waited_for);
    add("/run/child-lock/good-end", test_after_a_good_end);
    add("/run/child-lock/no-place", test_a_place_that_cannot_be);
    return g_test_run();
}
