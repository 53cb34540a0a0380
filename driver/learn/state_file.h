/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state_file.h: our own file of learned addresses, so that a restart forgets nothing
 *
 * Its first line is the version, every other one an address with all that the database knows of it and a checksum. A
 * line whose checksum or form is wrong is refused alone, and so is one of another boot of the host: the numbers of
 * interfaces mean something else then. Times are CLOCK_BOOTTIME in microseconds, which goes on while the daemon is away
 * and which nobody sets. The file is replaced in one step, mode 0600, file and directory synced: after a crash there is
 * the old one or the new one.
 */
#pragma once

#include "driver/learn/lease_file.h"

#define NWF_STATE_FILE "/run/libvirt/nwfilter-learn/state"
enum { NWF_STATE_LINE_MAX = 1024, NWF_STATE_FILE_MAX = 16 << 20 };

typedef struct NwfStateFile {
    GArray *records; /* (element-type NwfRecord) */
    guint bad;       /* damaged lines */
    guint foreign;   /* lines of another boot */
    gint64 modified; /* wall clock in microseconds; 0: there is no file */
} NwfStateFile;

NwfStateFile *nwf_state_file_new(void);
void nwf_state_file_free(NwfStateFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfStateFile, nwf_state_file_free)

/** nwf_state_file_parse: pure. @boot_id: of this boot, as /proc/sys/kernel/random/boot_id has it, without newline. */
void nwf_state_file_parse(NwfStateFile *file, NwfBytes text, const char *boot_id, const NwfClock *clock);
/** nwf_state_file_format: (transfer full): pure. */
char *nwf_state_file_format(const GArray *records, const char *boot_id);

/** nwf_state_file_read: as nwf_lease_file_read(). */
NwfStateFile *nwf_state_file_read(const char *path, const char *boot_id, const NwfClock *clock, NwfNotes *notes,
                                  GError **error);
gboolean nwf_state_file_write(const char *path, const GArray *records, const char *boot_id, GError **error);

/**
 * nwf_state_load:
 *
 * What a database starts with: our own file, and the stock lease file if that was written later or ours does not exist.
 * A file that cannot be read is a note, and the other one counts.
 *
 * Returns: (transfer full) (element-type NwfRecord): for nwf_lease_db_restore()
 */
GArray *nwf_state_load(const char *state_path, const char *lease_path, const char *boot_id, const NwfClock *clock,
                       NwfNotes *notes);
/** nwf_state_write: both files, the stock one first, so that ours is the newer one unless the stock driver writes. */
gboolean nwf_state_write(const GArray *records, const char *state_path, const char *lease_path, const char *boot_id,
                         const NwfClock *clock, GError **error);
