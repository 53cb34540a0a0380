/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.c: both files together; see state_file.h
 */
#include "driver/learn/state_file.h"
#include "driver/store/file.h"

/* Before it is replaced by what could be read of it. */
static void
keep_damaged(const char *path, guint bad)
{
    if (bad > 0)
        nwf_file_keep(path);
}

GArray *
nwf_state_load(const char *state_path, const char *lease_path, const char *boot_id, const NwfClock *clock,
               NwfNotes *notes)
{
    g_autoptr(GError) state_error = NULL;
    g_autoptr(GError) lease_error = NULL;
    g_autoptr(NwfStateFile) state = nwf_state_file_read(state_path, boot_id, clock, notes, &state_error);
    g_autoptr(NwfLeaseFile) leases = nwf_lease_file_read(lease_path, clock, notes, &lease_error);
    GArray *records = state != NULL ? g_array_ref(state->records) : g_array_new(FALSE, FALSE, sizeof(NwfRecord));

    keep_damaged(state_path, state != NULL ? state->bad : 0);
    keep_damaged(lease_path, leases != NULL ? leases->bad : 0);
    if (state == NULL)
        nwf_note(notes, "%s", state_error->message);
    if (leases == NULL)
        nwf_note(notes, "%s", lease_error->message);
    else if (leases->modified > (state != NULL ? state->modified : 0))
        nwf_lease_file_merge(records, leases);
    return records;
}

gboolean
nwf_state_save(const NwfLeaseDb *db, const char *state_path, const char *lease_path, const char *boot_id,
               const NwfClock *clock, GError **error)
{
    g_autoptr(GArray) records = nwf_lease_db_records(db);

    return nwf_state_write(records, state_path, lease_path, boot_id, clock, error);
}

gboolean
nwf_state_write(const GArray *records, const char *state_path, const char *lease_path, const char *boot_id,
                const NwfClock *clock, GError **error)
{
    gboolean stock = nwf_lease_file_write(lease_path, records, clock, error);

    return nwf_state_file_write(state_path, records, boot_id, stock ? error : NULL) && stock;
}
