/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_file.h: the stock driver's lease file, kept in step so that a user can go back
 *
 *     <expiry> <uuid>-<mac> <ip> <server>
 *
 * Expiry in seconds of the wall clock; 0: the lease ended; 18446744073709551615: without end. The server is siaddr.
 * Later lines of the same key and address replace earlier ones.
 *
 * Reading skips damaged lines, the others count; nwf_state_load() keeps a damaged file as NAME.bad, unless there is
 * one. Writing replaces the whole file in one step, with at most one line a key, the lease granted last, which is all
 * that the stock driver can use. The other leases are in our own file (state_file.h).
 */
#pragma once

#include "driver/learn/lease_db.h"

#define NWF_LEASE_FILE "/run/libvirt/network/nwfilter.leases"
enum { NWF_LEASE_LINE_MAX = 255, NWF_LEASE_FILE_MAX = 4 << 20 };

typedef struct NwfLeaseFile {
    GArray *records; /* (element-type NwfRecord): mode dhcp; the last line of each key and address, in order of their
                        first lines. A lease that ended has expiry 0 and is not infinite. */
    guint bad;       /* damaged lines, one more if the file is too long */
    gint64 modified; /* when the file was last written, wall clock in microseconds; 0: there is none */
} NwfLeaseFile;

NwfLeaseFile *nwf_lease_file_new(void);
void nwf_lease_file_free(NwfLeaseFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NwfLeaseFile, nwf_lease_file_free)

/** nwf_lease_file_parse: pure. Times are clamped: a lease is never longer than NWF_LEASE_SECONDS_MAX from now on. */
void nwf_lease_file_parse(NwfLeaseFile *file, NwfBytes text, const NwfClock *clock);
/** nwf_lease_file_format: (transfer full): pure. @records: of the whole database; those of mode any are left out. */
char *nwf_lease_file_format(const GArray *records, const NwfClock *clock);

/**
 * nwf_lease_file_read:
 * @notes: bad lines, once for the file
 *
 * Returns: (transfer full): what the file at @path says, nothing if there is none; NULL with NWF_ERROR_SYSTEM if it
 * cannot be read
 */
NwfLeaseFile *nwf_lease_file_read(const char *path, const NwfClock *clock, NwfNotes *notes, GError **error);
/** nwf_lease_file_note: notes @bad lines of @path, and that it was @cut at @max bytes, which counts as one more. */
void nwf_lease_file_note(NwfNotes *notes, const char *path, guint *bad, gboolean cut, guint max);
/**
 * nwf_lease_file_merge:
 * @records: (element-type NwfRecord) (inout): from our own file
 *
 * What the stock driver did while it ran in between: its times replace ours, its ends end ours, what it has more is
 * added.
 */
void nwf_lease_file_merge(GArray *records, const NwfLeaseFile *file);
