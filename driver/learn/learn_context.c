/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learn_context.c: what the parts of the learner share; see learn_context.h
 */
#include "driver/learn/learn_context.h"

#include <time.h>

#define COUNTERS_LATE (2 * G_USEC_PER_SEC) /* how late the file of counters may be */

gint64
nwf_learn_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

void
nwf_learn_schedule_locked(NwfLearnContext *context, gint64 at)
{
    context->due = MIN(context->due, at);
}

void
nwf_learn_count_locked(NwfLearnContext *context, gint64 now)
{
    context->save_counters = MIN(context->save_counters, now + COUNTERS_LATE);
    nwf_learn_schedule_locked(context, context->save_counters);
}

void
nwf_learn_log_locked(NwfLearnContext *context, NwfLearnLevel level, const char *format, ...)
{
    NwfLogLine line = {.level = level};
    va_list args;

    va_start(args, format);
    line.text = g_strdup_vprintf(format, args);
    va_end(args);
    g_array_append_val(context->lines, line);
}

guint
nwf_learn_index_locked(const NwfLearnContext *context, const char *name)
{
    const NwfLink *link = nwf_links_find(context->links, name);

    return link ? link->index : 0;
}
