/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_files.h: the files of learned addresses: our own, so that a restart forgets nothing, and the stock driver's
 *
 * The first line of our own is the version, every other one an address with all that the database knows of it and a
 * checksum. A line whose checksum or form is wrong is refused alone, and so is one of another boot of the host: the
 * numbers of interfaces mean something else then. Times are CLOCK_BOOTTIME in microseconds, which goes on while the
 * daemon is away and which nobody sets.
 *
 * The stock driver's is kept in step so that a user can go back. It has at most one line a key, the lease granted last,
 * which is all that the stock driver can use.
 *
 * Reading skips damaged lines, the others count; nwf_state_load() keeps a damaged file as NAME.bad, unless there is
 * one. A file is replaced in one step, mode 0600, file and directory synced: after a crash there is the old one or the
 * new one.
 */
#pragma once

#include "driver/learn/lease_db.h"

enum { NWF_STATE_LINE_MAX = 1024, NWF_STATE_FILE_MAX = 16 << 20 };
enum { NWF_LEASE_LINE_MAX = 255, NWF_LEASE_FILE_MAX = 4 << 20 }; /* of the stock driver's */

typedef struct NwfLeaseFile {
    GArray *records; /* (element-type NwfRecord). The stock driver's: mode dhcp; the last line of each key and address,
                        in order of their first lines. A lease that ended has expiry 0 and is not infinite. */
    guint bad;       /* damaged lines, one more if the file is too long */
    guint foreign;   /* lines of another boot */
    gint64 modified; /* when the file was last written, wall clock in microseconds; 0: there is none */
} NwfLeaseFile;

NwfLeaseFile *nwf_lease_file_new(void);
void nwf_lease_file_free(NwfLeaseFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLeaseFile, nwf_lease_file_free)

/**
 * nwf_lease_file_read:
 * @boot_id: of this boot, as /proc/sys/kernel/random/boot_id has it, without newline; NULL: it is the stock driver's
 * @notes: bad lines, once for the file
 *
 * Returns: (transfer full): what the file at @path says, nothing if there is none; NULL with NWF_ERROR_SYSTEM if it
 * cannot be read
 */
NwfLeaseFile *nwf_lease_file_read(const char *path, const char *boot_id, const NwfClock *clock, NwfNotes *notes,
                                  GError **error);

/** nwf_state_file_parse: pure; our own file. @boot_id: as of nwf_lease_file_read(). */
void nwf_state_file_parse(NwfLeaseFile *file, NwfBytes text, const char *boot_id, const NwfClock *clock);
/** nwf_state_file_format: (transfer full): pure. */
char *nwf_state_file_format(const GArray *records, const char *boot_id);
gboolean nwf_state_file_write(const char *path, const GArray *records, const char *boot_id, GError **error);

/**
 * nwf_lease_file_parse: pure; the stock driver's file. Times are clamped: a lease is never longer than
 * NWF_LEASE_SECONDS_MAX from now on.
 */
void nwf_lease_file_parse(NwfLeaseFile *file, NwfBytes text, const NwfClock *clock);
/** nwf_lease_file_format: (transfer full): pure. @records: of the whole database; those of mode any are left out. */
char *nwf_lease_file_format(const GArray *records, const NwfClock *clock);
/**
 * nwf_lease_file_merge:
 * @records: (element-type NwfRecord) (inout): from our own file
 *
 * What the stock driver did while it ran in between: its times replace ours, its ends end ours, what it has more is
 * added. Of which server they are is not known of any.
 */
void nwf_lease_file_merge(GArray *records, const NwfLeaseFile *file);

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
