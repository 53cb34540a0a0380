/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command.h: run one program with input and output, in bounded time
 */
#pragma once

#include <sys/types.h>

#include "driver/run/child_lock.h"

typedef struct NwfCommandResult {
    pid_t pid;       /* of the child that is gone */
    int exit_status; /* exit code; 128 + signal if it was killed */
    gboolean timed_out;
    char *out; /* standard output, NUL ended */
    char *err; /* standard error, NUL ended, cut after 64 KiB */
} NwfCommandResult;

void nwf_command_result_clear(NwfCommandResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NwfCommandResult, nwf_command_result_clear)

/** nwf_command_find: (transfer full): absolute path of @program in the fixed search path, or NULL. */
char *nwf_command_find(const char *program);

/** NwfCommandSlow: @program has been running for @seconds and is killed after @limit seconds. */
typedef void (*NwfCommandSlow)(const char *program, guint seconds, guint limit);

/** nwf_command_when_slow: @slow is called, in the thread that waits, for each program that takes long; before all runs.
 */
void nwf_command_when_slow(NwfCommandSlow slow);

/**
 * nwf_command_run:
 * @lock: what the child holds as descriptor 3; may be NULL
 * @argv: absolute path and arguments, NULL ended
 * @input: what the child reads on standard input, to its end; may be NULL
 * @timeout_ms: after this time the child is killed
 * @result: filled whenever the child could be started
 *
 * The child gets LC_ALL=C, a fixed PATH, the default signal mask and no descriptor but 0, 1, 2 and the lock. Safe in a
 * process with other children and threads: waits for this one child only.
 *
 * Returns: TRUE if the program read its input and exited with 0; else FALSE with @error set: NWF_ERROR_SYSTEM if it
 * could not be started, NWF_ERROR_FIREWALL with the program's own words if it failed or was too slow. Of a child that
 * exited with 0 and did not read everything nobody knows what it has done.
 */
gboolean nwf_command_run(NwfChildLock *lock, const char *const *argv, const char *input, gssize length,
                         guint timeout_ms, NwfCommandResult *result, GError **error);
