/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command.c: run one program with input and output, in bounded time
 *
 * The daemon has threads and children of its own. So nothing here touches the process as a whole: no signal handler, no
 * wait for "any child", no change of environment, directory or mask. The child is started by posix_spawn with all it
 * needs said in the call: three descriptors and no other, an environment of two variables, default signals, a process
 * group of its own.
 *
 * The child reads its input from a pipe, and success counts only if it has read all of it: a security policy may give
 * the child another input, on which many programs do nothing and succeed. The pipe is made large enough for the whole
 * input, which is in it before the child starts; so a daemon that is killed leaves no child with half of it. Where the
 * kernel does not allow such a pipe (above 1 MiB, to a daemon without CAP_SYS_RESOURCE), the rest is written while the
 * child runs. We keep the reading end open, too: so what was not read can be counted after the child's end, and no
 * write raises SIGPIPE.
 *
 * One poll loop serves the input, both outputs and, where the kernel has it, a pidfd; the child itself is asked for by
 * its pid alone. The loop ends when the child has ended, not when its outputs are closed: a grandchild that keeps them
 * open does not delay the end. At the deadline the whole group is killed.
 *
 * Limits: standard error is kept up to 64 KiB and drained beyond; standard output that passes 256 MiB is a failure,
 * since a listing that was cut would be believed. A child that was killed and stays in uninterruptible sleep is waited
 * for without bound.
 */
#include "driver/run/command.h"

#include "driver/run/fd.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
    ERR_KEPT = 64 * 1024,
    OUT_KEPT = 256 * 1024 * 1024,
    CHUNK = 64 * 1024,
    PIPE_USUAL = 64 * 1024,
    PIPE_ALLOWED = 1024 * 1024,  /* the kernel's limit for those without CAP_SYS_RESOURCE */
    LOCK_FD = STDERR_FILENO + 1, /* where a child has it */
    FDS,
    SLOW_MS = 5 * 1000,
    WITHOUT_PIDFD_MS = 5, /* how often the child is asked for when there is no pidfd */
};

#define SEARCH_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const child_environment[] = {"LC_ALL=C", "PATH=" SEARCH_PATH, NULL};

/* What the child reads. */
typedef struct Input {
    Fd writing; /* -1 once everything is in the pipe */
    Fd reading; /* the child's */
    const char *rest;
    gsize left; /* bytes of @rest */
} Input;

static void
input_clear(Input *input)
{
    fd_clear(&input->writing);
    fd_clear(&input->reading);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Input, input_clear)

/* One output of the child. */
typedef struct Output {
    Fd fd; /* -1 once it is closed */
    GString *text;
    gsize kept_max;
    gboolean overflow;
} Output;

static void
output_clear(Output *output)
{
    fd_clear(&output->fd);
    if (output->text)
        g_string_free(g_steal_pointer(&output->text), TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Output, output_clear)

void
nwf_command_result_clear(NwfCommandResult *result)
{
    g_clear_pointer(&result->out, g_free);
    g_clear_pointer(&result->err, g_free);
    result->exit_status = 0;
    result->timed_out = FALSE;
}

char *
nwf_command_find(const char *program)
{
    g_auto(GStrv) directories = g_strsplit(SEARCH_PATH, ":", -1);

    for (guint i = 0; directories[i]; i++) {
        g_autofree char *path = g_build_filename(directories[i], program, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR) && access(path, X_OK) == 0)
            return g_steal_pointer(&path);
    }
    return NULL;
}

static gboolean
system_error(GError **error, const char *what, int code)
{
    return nwf_set_error(error, NWF_ERROR_SYSTEM, "%s: %s", what, g_strerror(code));
}

/* Moves @fd above the child's, which a daemon may have closed: the child's dup2 must not overwrite it. */
static gboolean
fd_lift(Fd *fd, GError **error)
{
    if (*fd >= FDS)
        return TRUE;
    int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, FDS);
    if (lifted < 0)
        return system_error(error, "fcntl", errno);
    fd_clear(fd);
    *fd = lifted;
    return TRUE;
}

/* Writes what the pipe takes now. */
static void
write_now(Input *input)
{
    while (input->writing >= 0 && input->left > 0) {
        ssize_t written = write(input->writing, input->rest, input->left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return;
        input->rest += written;
        input->left -= (gsize)written;
    }
    fd_clear(&input->writing);
}

/* How many bytes of its input the child has not read. */
static gsize
unread(const Input *input)
{
    int in_pipe = 0;

    return input->left + (ioctl(input->reading, FIONREAD, &in_pipe) == 0 ? (gsize)in_pipe : 0);
}

/* A pipe of which @ours, one of its ends, stays here and never blocks. */
static gboolean
make_pipe(Fd *reading, Fd *writing, const Fd *ours, GError **error)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return system_error(error, "pipe2", errno);
    *reading = ends[0];
    *writing = ends[1];
    if (!fd_lift(reading, error) || !fd_lift(writing, error))
        return FALSE;
    return fcntl(*ours, F_SETFL, O_NONBLOCK) >= 0 || system_error(error, "fcntl", errno);
}

/* @text may be NULL. */
static gboolean
make_input(Input *input, const char *text, gsize length, GError **error)
{
    if (!text) {
        input->reading = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return input->reading >= 0 ? fd_lift(&input->reading, error) : system_error(error, "/dev/null", errno);
    }
    if (!make_pipe(&input->reading, &input->writing, &input->writing, error))
        return FALSE;
    input->rest = text;
    input->left = length;
    if (length > PIPE_USUAL && length <= G_MAXINT && fcntl(input->writing, F_SETPIPE_SZ, (int)length) < 0)
        fcntl(input->writing, F_SETPIPE_SZ, PIPE_ALLOWED);
    write_now(input);
    return TRUE;
}

/* Returns 0 or an errno value. The last of @fds, the lock, may be -1. The two calls ..._init() cannot fail. */
static int
spawn(const char *const *argv, const Fd fds[FDS], pid_t *pid)
{
    static const short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int n = fds[LOCK_FD] < 0 ? LOCK_FD : FDS, rc = 0;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (int i = 0; rc == 0 && i < n; i++)
        rc = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
    rc = rc ? rc : posix_spawn_file_actions_addclosefrom_np(&actions, n);
    rc = rc ? rc : posix_spawnattr_setsigmask(&attributes, &none);
    rc = rc ? rc : posix_spawnattr_setsigdefault(&attributes, &all);
    rc = rc ? rc : posix_spawnattr_setpgroup(&attributes, 0);
    rc = rc ? rc : posix_spawnattr_setflags(&attributes, flags);
    rc = rc ? rc
            : posix_spawn(pid, argv[0], &actions, &attributes, (char *const *)argv, (char *const *)child_environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Takes what is there now. Beyond the limit it is read and forgotten. */
static void
read_now(Output *output)
{
    g_autofree char *chunk = g_malloc(CHUNK);

    while (output->fd >= 0) {
        ssize_t got = read(output->fd, chunk, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            fd_clear(&output->fd);
            return;
        }
        gsize room = output->kept_max - output->text->len;
        if ((gsize)got > room) {
            output->overflow = TRUE;
            g_string_append_len(output->text, chunk, (gssize)room);
            return; /* the deadline must be looked at, however much the child prints */
        }
        g_string_append_len(output->text, chunk, got);
    }
}

/* Has the child ended? Fills @status, with -1 if somebody else has taken it away (then nothing is known of its end). */
static gboolean
child_ended(pid_t pid, int *status)
{
    pid_t got;

    do
        got = waitpid(pid, status, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        *status = -1;
    return got != 0;
}

/* Milliseconds until @deadline (monotonic microseconds), rounded up; 0 if it has passed. */
static int
left_ms(gint64 deadline)
{
    gint64 left = deadline - g_get_monotonic_time();

    return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, G_MAXINT);
}

static NwfCommandSlow when_slow; /* may be NULL */

void
nwf_command_when_slow(NwfCommandSlow slow)
{
    when_slow = slow;
}

/* A child that is served. */
typedef struct Child {
    const char *program;
    pid_t pid;
    gint64 begin, deadline;
    gboolean is_slow; /* this was told */
} Child;

/* How long may be waited for it, in ms; tells once if it is slow. */
static int
patience(Child *child)
{
    gint64 slow = child->begin + SLOW_MS * 1000;
    int left = left_ms(child->deadline);

    if (child->is_slow || slow >= child->deadline)
        return left;
    if (left_ms(slow) > 0)
        return left_ms(slow);
    child->is_slow = TRUE;
    if (when_slow)
        when_slow(child->program, SLOW_MS / 1000, (guint)((child->deadline - child->begin) / G_USEC_PER_SEC));
    return left;
}

/* Serves the child until it has ended or the deadline has come; then it is killed. Returns its wait status. */
static int
serve(Child *child, Input *in, Output *out, Output *err, gboolean *timed_out)
{
    pid_t pid = child->pid;
    g_auto(Fd) pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int status = -1;

    while (!child_ended(pid, &status)) {
        if ((left_ms(child->deadline) == 0 || out->overflow) && !*timed_out) {
            *timed_out = !out->overflow;
            kill(-pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
            break;
        }
        struct pollfd wait[] = {
            {out->fd, POLLIN, 0}, {err->fd, POLLIN, 0}, {pidfd, POLLIN, 0}, {in->writing, POLLOUT, 0}};
        int left = patience(child);
        poll(wait, G_N_ELEMENTS(wait), pidfd < 0 ? MIN(left, WITHOUT_PIDFD_MS) : left);
        write_now(in);
        read_now(out);
        read_now(err);
    }
    read_now(out);
    read_now(err);
    return status;
}

/* Turns the end of the child into an answer. */
static gboolean
judge(const char *program, int status, gsize left, gboolean overflow, guint timeout_ms, NwfCommandResult *result,
      GError **error)
{
    if (result->timed_out)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s did not finish within %u ms and was killed"), program,
                             timeout_ms);
    if (overflow)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s printed too much and was killed"), program);
    if (status == -1)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s has ended, but it is not known how"), program);
    if (result->exit_status == 0 && left > 0)
        return nwf_set_error(error, NWF_ERROR_FIREWALL,
                             _("%s reports success, but has not read its input (bytes left: %zu)"), program, left);
    if (result->exit_status == 0)
        return TRUE;

    g_autofree char *words = g_strstrip(g_strdup(*result->err ? result->err : result->out));
    if (!*words)
        return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s failed (exit status %d) and said nothing"), program,
                             result->exit_status);
    return nwf_set_error(error, NWF_ERROR_FIREWALL, _("%s failed (exit status %d): %s"), program, result->exit_status,
                         words);
}

gboolean
nwf_command_run(NwfChildLock *lock, const char *const *argv, const char *input, gssize length, guint timeout_ms,
                NwfCommandResult *result, GError **error)
{
    g_auto(Fd) out_end = -1, err_end = -1;
    g_auto(Input) in = {.writing = -1, .reading = -1};
    g_auto(Output) out = {-1, g_string_new(NULL), OUT_KEPT, FALSE};
    g_auto(Output) err = {-1, g_string_new(NULL), ERR_KEPT, FALSE};
    gsize size = !input ? 0 : length < 0 ? strlen(input) : (gsize)length;
    gint64 begin = g_get_monotonic_time();
    pid_t pid;

    *result = (NwfCommandResult){0};
    if (!make_input(&in, input, size, error) || !make_pipe(&out.fd, &out_end, &out.fd, error) ||
        !make_pipe(&err.fd, &err_end, &err.fd, error))
        return FALSE;

    nwf_child_lock_note(lock, 0);
    int rc = spawn(argv, (const Fd[FDS]){in.reading, out_end, err_end, nwf_child_lock_fd(lock)}, &pid);
    if (rc) {
        g_autofree char *what = g_strdup_printf(_("%s cannot be started"), argv[0]);
        return system_error(error, what, rc);
    }
    nwf_child_lock_note(lock, pid);
    fd_clear(&out_end);
    fd_clear(&err_end);

    Child child = {argv[0], pid, begin, begin + (gint64)timeout_ms * 1000, FALSE};
    int status = serve(&child, &in, &out, &err, &result->timed_out);
    nwf_child_lock_note(lock, 0);
    result->pid = pid;
    result->exit_status = status == -1 ? -1 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    result->out = g_string_free(g_steal_pointer(&out.text), FALSE);
    result->err = g_string_free(g_steal_pointer(&err.text), FALSE);
    return judge(argv[0], status, unread(&in), out.overflow, timeout_ms, result, error);
}
