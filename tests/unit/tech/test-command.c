/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-command.c: a child is fed, heard and bounded, and the process around it is left alone
 */
#include "driver/run/command.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static gboolean
sh(const char *script, const char *input, guint timeout_ms, NwfCommandResult *result, GError **error)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};

    return nwf_command_run(NULL, argv, input, -1, timeout_ms, result, error);
}

static void
test_input_reaches_the_child_and_output_comes_back(void)
{
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(sh("cat; echo aside >&2", "one\ntwo\n", 5000, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(result.out, ==, "one\ntwo\n");
    g_assert_cmpstr(result.err, ==, "aside\n");
    g_assert_cmpint(result.exit_status, ==, 0);
}

/* More than any pipe holds, in both directions at once, while the child has not read a byte yet. */
static void
test_large_input_and_output_do_not_deadlock(void)
{
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *input = g_malloc(4 * 1024 * 1024 + 1);

    memset(input, 'x', 4 * 1024 * 1024);
    input[4 * 1024 * 1024] = '\0';
    g_assert_true(sh("head -c 1000000 /dev/zero | tr '\\0' y; cat; head -c 300000 /dev/zero | tr '\\0' z >&2", input,
                     20000, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(result.out), ==, 1000000 + 4 * 1024 * 1024);
    g_assert_cmpuint(strlen(result.err), ==, 64 * 1024);
}

static void
test_without_input_the_child_reads_nothing(void)
{
    g_auto(NwfCommandResult) result = {0};

    g_assert_true(sh("cat", NULL, 5000, &result, NULL));
    g_assert_cmpstr(result.out, ==, "");
}

/* A policy may replace the input, or a program may stop reading: neither is a success, and neither ends us by SIGPIPE. */
static void
test_success_without_reading_is_a_failure(void)
{
    static const char *const scripts[] = {"cat </dev/null", "exec <&-; true", "head -c 100 >/dev/null", "true"};
    static const gsize sizes[] = {200, 100 * 1000, 3 * 1000 * 1000};

    for (guint i = 0; i < G_N_ELEMENTS(scripts); i++)
        for (guint j = 0; j < G_N_ELEMENTS(sizes); j++) {
            g_autofree char *input = g_strnfill(sizes[j], 'x');
            g_auto(NwfCommandResult) result = {0};
            g_autoptr(GError) error = NULL;
            g_assert_false(sh(scripts[i], input, 5000, &result, &error));
            g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
            g_assert_nonnull(strstr(error->message, "has not read its input"));
            g_assert_cmpint(result.exit_status, ==, 0);
        }
}

/* Without privileges a pipe cannot hold everything, and is filled while the child reads. */
static void
test_a_small_pipe_is_filled_on_the_way(void)
{
    if (g_test_subprocess()) {
        g_auto(NwfCommandResult) result = {0};
        g_autofree char *input = g_strnfill(5 * 1000 * 1000, 'x');
        g_assert_cmpint(seteuid(65534), ==, 0);
        g_assert_true(sh("sleep 0.1; cat", input, 20000, &result, NULL));
        g_assert_cmpstr(result.out, ==, input);
        nwf_command_result_clear(&result);
        g_assert_false(sh("head -c 2000000 >/dev/null", input, 20000, &result, NULL));
        g_assert_cmpint(seteuid(0), ==, 0);
        return;
    }
    if (geteuid() != 0) {
        g_test_skip("needs root");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

/* What a daemon wants done is complete before the child starts, so a daemon that is killed leaves nothing half done. */
static void
test_input_is_whole_before_the_child_starts(void)
{
    g_auto(NwfCommandResult) result = {0};
    g_autofree char *input = g_strnfill(1000 * 1000, 'x');

    g_assert_true(sh("kill -STOP $PPID; cat | wc -c; kill -CONT $PPID", input, 20000, &result, NULL));
    g_assert_cmpint(g_ascii_strtoll(result.out, NULL, 10), ==, 1000 * 1000);
}

static void
test_failure_carries_status_and_words(void)
{
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) error = NULL;

    g_assert_false(sh("echo no good >&2; exit 3", NULL, 5000, &result, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    g_assert_nonnull(strstr(error->message, "/bin/sh"));
    g_assert_nonnull(strstr(error->message, "no good"));
    g_assert_cmpint(result.exit_status, ==, 3);
    g_assert_false(result.timed_out);
}

static void
test_a_killed_child_is_a_failure(void)
{
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) error = NULL;

    g_assert_false(sh("kill -TERM $$", NULL, 5000, &result, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    g_assert_cmpint(result.exit_status, ==, 128 + SIGTERM);
}

static void
test_what_cannot_start_is_a_system_error(void)
{
    const char *const argv[] = {"/nonexistent/program", NULL};
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) error = NULL;

    g_assert_false(nwf_command_run(NULL, argv, "x", -1, 5000, &result, &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "/nonexistent/program"));
    g_assert_null(result.out);
}

/* The child and what it started are gone when the call returns, after the limit and not much later. */
static void
test_the_time_limit_ends_the_whole_group(void)
{
    g_auto(NwfCommandResult) result = {0};
    g_autoptr(GError) error = NULL;
    gint64 start = g_get_monotonic_time();

    g_assert_false(sh("sleep 100 & echo $!; wait", NULL, 300, &result, &error));
    gint64 took = g_get_monotonic_time() - start;
    g_assert_error(error, NWF_ERROR, NWF_ERROR_FIREWALL);
    g_assert_true(result.timed_out);
    g_assert_cmpint(took, >=, 300 * 1000);
    g_assert_cmpint(took, <, 5 * 1000 * 1000);

    pid_t grandchild = (pid_t)g_ascii_strtoll(result.out, NULL, 10);
    g_assert_cmpint(grandchild, >, 1);
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", grandchild);
    for (guint i = 0; i < 100; i++) { /* its new parent reaps it in its own time */
        g_autofree char *stat = NULL;
        if (!g_file_get_contents(path, &stat, NULL, NULL) || strstr(stat, ") Z"))
            return;
        g_usleep(20 * 1000);
    }
    g_error("process %d still runs", grandchild);
}

/* A grandchild that keeps the outputs open holds nobody up. */
static void
test_the_end_of_the_child_is_enough(void)
{
    g_auto(NwfCommandResult) result = {0};
    gint64 start = g_get_monotonic_time();

    g_assert_true(sh("sleep 3 & echo done", NULL, 10000, &result, NULL));
    g_assert_cmpstr(result.out, ==, "done\n");
    g_assert_cmpint(g_get_monotonic_time() - start, <, 2 * 1000 * 1000);
}

/* A child that has closed its outputs is still waited for. */
static void
test_closed_outputs_are_not_the_end(void)
{
    g_auto(NwfCommandResult) result = {0};
    gint64 start = g_get_monotonic_time();

    g_assert_false(sh("exec >&- 2>&-; sleep 0.3; exit 7", NULL, 10000, &result, NULL));
    g_assert_cmpint(result.exit_status, ==, 7);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 250 * 1000);
}

/* Neither descriptors that are close-on-exec nor those that are not reach the child. */
static void
test_no_descriptor_leaks(void)
{
    g_auto(NwfCommandResult) result = {0};
    int leaky = open("/dev/null", O_RDONLY);
    int high = fcntl(leaky, F_DUPFD, 200);

    g_assert_cmpint(leaky, >, 2);
    g_assert_true(sh("ls /proc/self/fd | tr '\\n' ' '", NULL, 5000, &result, NULL));
    g_assert_cmpstr(result.out, ==, "0 1 2 3 "); /* 3 is ls reading the directory */
    close(high);
    close(leaky);
}

static void
test_our_own_descriptors_stay_as_they_were(void)
{
    guint counts[2];

    for (guint i = 0; i < 2; i++) {
        g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
        counts[i] = 0;
        while (g_dir_read_name(dir))
            counts[i]++;
        for (guint n = 0; n < 20; n++) {
            g_auto(NwfCommandResult) result = {0};
            const char *const missing[] = {"/nonexistent", NULL};
            g_assert_true(sh("cat", "input", 5000, &result, NULL));
            nwf_command_result_clear(&result);
            g_assert_false(nwf_command_run(NULL, missing, "input", -1, 100, &result, NULL));
        }
    }
    g_assert_cmpuint(counts[0], ==, counts[1]);
}

/* A daemon may run without the standard three; its child has them all the same. */
static void
test_a_parent_without_standard_descriptors(void)
{
    if (g_test_subprocess()) {
        g_auto(NwfCommandResult) result = {0};
        int report = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 50);
        close(0);
        close(1);
        close(2);
        gboolean ran = sh("cat; echo err >&2", "in", 5000, &result, NULL);
        gboolean right = ran && g_str_equal(result.out, "in") && g_str_equal(result.err, "err\n");
        (void)!write(report, right ? "right" : "wrong", 5);
        _exit(right ? 0 : 1);
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stdout("*right*");
}

static void
test_the_environment_is_ours(void)
{
    g_auto(NwfCommandResult) result = {0};

    g_setenv("NWF_TEST_SECRET", "x", TRUE);
    g_setenv("LC_ALL", "de_DE.UTF-8", TRUE);
    g_assert_true(sh("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort", NULL, 5000, &result, NULL));
    g_assert_cmpstr(result.out, ==, "LC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
}

static void
test_signals_are_as_a_program_expects(void)
{
    const char *const argv[] = {"/bin/sed",          "-n", "-e", "s/^SigBlk:\t//p", "-e", "s/^SigIgn:\t//p",
                                "/proc/self/status", NULL};
    g_auto(NwfCommandResult) result = {0};
    sigset_t blocked, old;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

    sigfillset(&blocked);
    pthread_sigmask(SIG_BLOCK, &blocked, &old);
    sigaction(SIGPIPE, &ignore, &before);
    g_assert_true(nwf_command_run(NULL, argv, NULL, 0, 5000, &result, NULL)); /* no shell: it would clear the mask itself */
    sigaction(SIGPIPE, &before, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    g_auto(GStrv) masks = g_strsplit(result.out, "\n", -1);
    g_assert_cmpuint(g_strv_length(masks), ==, 3);
    g_assert_cmphex(g_ascii_strtoull(masks[0], NULL, 16), ==, 0);
    g_assert_cmphex(g_ascii_strtoull(masks[1], NULL, 16) & 0x7fffffff, ==, 0); /* above: the C library's own two */
}

/* Another child of this process ends meanwhile: its status is still there for whoever started it. */
static void
test_other_children_are_not_reaped(void)
{
    pid_t other = fork();
    int status = 0;

    if (other == 0)
        _exit(42);
    g_usleep(50 * 1000);
    for (guint i = 0; i < 5; i++) {
        g_auto(NwfCommandResult) result = {0};
        g_assert_true(sh("true", NULL, 5000, &result, NULL));
    }
    g_assert_cmpint(waitpid(other, &status, 0), ==, other);
    g_assert_cmpint(WEXITSTATUS(status), ==, 42);
}

static gpointer
many_runs(gpointer data)
{
    for (guint i = 0; i < 20; i++) {
        g_auto(NwfCommandResult) result = {0};
        g_autofree char *text = g_strdup_printf("%d-%u", GPOINTER_TO_INT(data), i);
        g_assert_true(sh("cat", text, 10000, &result, NULL));
        g_assert_cmpstr(result.out, ==, text);
    }
    return NULL;
}

static void
test_threads_do_not_mix_up_their_children(void)
{
    GThread *threads[4];

    for (int i = 0; i < 4; i++)
        threads[i] = g_thread_new("run", many_runs, GINT_TO_POINTER(i));
    for (int i = 0; i < 4; i++)
        g_thread_join(threads[i]);
}

static void
test_programs_are_found_in_fixed_places_only(void)
{
    g_autofree char *found = nwf_command_find("sh");
    g_autofree char *missing = nwf_command_find("no-such-program-here");

    g_assert_nonnull(found);
    g_assert_true(g_path_is_absolute(found));
    g_assert_null(missing);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"feed-and-hear", test_input_reaches_the_child_and_output_comes_back},
        {"large", test_large_input_and_output_do_not_deadlock},
        {"no-input", test_without_input_the_child_reads_nothing},
        {"success-without-reading", test_success_without_reading_is_a_failure},
        {"small-pipe", test_a_small_pipe_is_filled_on_the_way},
        {"whole-input", test_input_is_whole_before_the_child_starts},
        {"failure", test_failure_carries_status_and_words},
        {"killed", test_a_killed_child_is_a_failure},
        {"cannot-start", test_what_cannot_start_is_a_system_error},
        {"time-limit", test_the_time_limit_ends_the_whole_group},
        {"grandchild", test_the_end_of_the_child_is_enough},
        {"closed-outputs", test_closed_outputs_are_not_the_end},
        {"no-leak", test_no_descriptor_leaks},
        {"own-descriptors", test_our_own_descriptors_stay_as_they_were},
        {"no-standard-descriptors", test_a_parent_without_standard_descriptors},
        {"environment", test_the_environment_is_ours},
        {"signals", test_signals_are_as_a_program_expects},
        {"other-children", test_other_children_are_not_reaped},
        {"threads", test_threads_do_not_mix_up_their_children},
        {"find", test_programs_are_found_in_fixed_places_only},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/run/command/", tests[i].name, NULL);
        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
