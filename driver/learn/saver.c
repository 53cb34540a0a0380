/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * saver.c: when the files of learned addresses are read and written
 *
 * They are replaced as a whole, so that what a guest does costs as much as all guests together have leases. After each
 * time, done or not, they rest REST times as long as it took: the learner spends about a twentieth of its time on them,
 * however many guests change their leases all the time. What changes meanwhile is written together when the rest ends.
 *
 * A daemon that is killed loses what was learned, renewed or given back since the last time: after a quiet while
 * nothing, else what happened within one rest, REST_MAX at the most, and the writing itself. An orderly end writes
 * without a rest.
 *
 * What cannot be written is tried again after SAVE_AGAIN.
 */
#include "driver/learn/saver.h"

#include "driver/learn/lease_files.h"
#include "driver/learn/session.h"

enum {
    REST = 20, /* times what the last writing took */
    REST_MAX = 5 * G_USEC_PER_SEC,
    SAVE_AGAIN = 5 * G_USEC_PER_SEC,
};

struct NwfSaver {
    char *state_path, *lease_path;
    char *boot_id; /* NULL before the files were read */
    guint64 saved; /* changes of the database that are in the files */
    gint64 due;    /* when they are to be written; NWF_NEVER: they are current */
    gint64 rested; /* end of the rest */
};

NwfSaver *
nwf_saver_new(const char *state_path, const char *lease_path)
{
    NwfSaver *saver = g_new0(NwfSaver, 1);

    saver->state_path = g_strdup(state_path);
    saver->lease_path = g_strdup(lease_path);
    saver->due = NWF_NEVER;
    return saver;
}

void
nwf_saver_free(NwfSaver *saver)
{
    if (!saver)
        return;
    g_free(saver->state_path);
    g_free(saver->lease_path);
    g_free(saver->boot_id);
    g_free(saver);
}

GArray *
nwf_saver_load(NwfSaver *saver, const NwfClock *clock, NwfNotes *notes)
{
    g_autoptr(GError) error = NULL;

    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &saver->boot_id, NULL, &error)) {
        nwf_note(notes, "%s", error->message);
        saver->boot_id = g_strdup("unknown");
    }
    g_strstrip(saver->boot_id);
    return nwf_state_load(saver->state_path, saver->lease_path, saver->boot_id, clock, notes);
}

void
nwf_saver_begin(NwfSaver *saver, guint64 changes)
{
    saver->saved = changes;
}

void
nwf_saver_want(NwfSaver *saver, guint64 changes, gint64 when)
{
    if (changes != saver->saved)
        saver->due = MIN(saver->due, MAX(when, saver->rested));
}

gint64
nwf_saver_due(const NwfSaver *saver)
{
    return saver->due;
}

gboolean
nwf_saver_is_current(const NwfSaver *saver, guint64 changes)
{
    return saver->saved == changes;
}

void
nwf_saver_wrote(NwfSaver *saver, guint64 changes, gint64 begin, gint64 end, gboolean done)
{
    saver->rested = end + MIN(REST * (end - begin), REST_MAX);
    saver->due = done ? NWF_NEVER : MAX(saver->rested, end + SAVE_AGAIN);
    if (done)
        saver->saved = changes;
}

gboolean
nwf_saver_write(NwfSaver *saver, const GArray *records, guint64 changes, const NwfClock *clock, GError **error)
{
    gint64 begin = nwf_learn_now();
    gboolean done = nwf_state_write(records, saver->state_path, saver->lease_path, saver->boot_id, clock, error);

    nwf_saver_wrote(saver, changes, begin, nwf_learn_now(), done);
    return done;
}
