/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lease_file.c: the stock driver's lease file; see lease_file.h
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/learn/lease_file.h"
#include "driver/store/file.h"

#define WITHOUT_END "18446744073709551615"
enum { FIELDS = 4 };

NwfLeaseFile *
nwf_lease_file_new(void)
{
    NwfLeaseFile *file = g_new0(NwfLeaseFile, 1);

    file->records = g_array_new(FALSE, FALSE, sizeof(NwfRecord));
    return file;
}

void
nwf_lease_file_free(NwfLeaseFile *file)
{
    if (!file)
        return;
    g_array_unref(file->records);
    g_free(file);
}

/* ---- reading ---- */

/* Splits at blanks. A line of fewer fields than FIELDS is none, more are ignored. */
static gboolean
split(char *line, const char *fields[FIELDS])
{
    char *rest = line;
    guint n = 0;

    while (n < FIELDS) {
        char *field = strsep(&rest, " ");
        if (!field)
            return FALSE;
        if (*field != '\0')
            fields[n++] = field;
    }
    return TRUE;
}

static gboolean
parse_expiry(NwfLease *lease, const char *text, const NwfClock *clock)
{
    guint64 seconds = 0;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &seconds, NULL))
        return FALSE;
    lease->infinite = seconds == G_MAXUINT64;
    gint64 left = (gint64)MIN(seconds, (guint64)G_MAXINT64 / G_USEC_PER_SEC) * G_USEC_PER_SEC - clock->wall;
    if (!lease->infinite && left > 0)
        lease->expiry = clock->boot + MIN(left, (gint64)NWF_LEASE_SECONDS_MAX * G_USEC_PER_SEC);
    return TRUE;
}

/* FALSE for a damaged line, of which nothing is believed. A server that is no address is none. */
static gboolean
parse_line(NwfRecord *record, char *line, const NwfClock *clock)
{
    NwfLease *lease = &record->lease;
    const char *fields[FIELDS];

    memset(record, 0, sizeof(*record));
    record->mode = NWF_LEARN_DHCP;
    lease->source = NWF_SOURCE_ACK;
    lease->learned = lease->granted = clock->boot;
    if (!split(line, fields) || !parse_expiry(lease, fields[0], clock) ||
        !nwf_lease_key_parse(record->key, fields[1]) || !nwf_address_parse(&lease->address, fields[2]) ||
        nwf_address_policy(NULL, &lease->address, NULL) != NWF_REFUSAL_NONE)
        return FALSE;
    nwf_address_parse(&lease->next_server, fields[3]);
    return TRUE;
}

static char *
identity(const NwfRecord *record)
{
    char text[NWF_ADDRESS_TEXT];

    return g_strconcat(record->key, " ", nwf_address_format(text, &record->lease.address), NULL);
}

/* What the last line of a key and address says counts. @places: where each of them stands in @records. */
static void
take_line(GArray *records, GHashTable *places, const NwfRecord *record)
{
    g_autofree char *name = identity(record);
    gpointer place;

    if (g_hash_table_lookup_extended(places, name, NULL, &place)) {
        g_array_index(records, NwfRecord, GPOINTER_TO_UINT(place)) = *record;
        return;
    }
    g_hash_table_insert(places, g_steal_pointer(&name), GUINT_TO_POINTER(records->len));
    g_array_append_val(records, *record);
}

void
nwf_lease_file_parse(NwfLeaseFile *file, NwfBytes text, const NwfClock *clock)
{
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char line[NWF_LEASE_LINE_MAX + 1];
    NwfRecord record;
    NwfBytes piece;

    for (gsize at = 0; nwf_bytes_line(text, &at, &piece);) {
        gboolean fits = piece.length <= NWF_LEASE_LINE_MAX && nwf_bytes_copy(piece, 0, (guint8 *)line, piece.length);
        if (fits)
            line[piece.length] = '\0';
        if (!fits || strlen(line) != piece.length || !parse_line(&record, line, clock))
            file->bad++;
        else
            take_line(file->records, places, &record);
    }
}

void
nwf_lease_file_note(NwfNotes *notes, const char *path, guint *bad, gboolean cut, guint max)
{
    if (*bad > 0)
        nwf_note(notes, _("%s: damaged lines were left out: %u"), path, *bad);
    if (!cut)
        return;
    nwf_note(notes, _("%s: the file is longer than %u bytes; the rest was left out"), path, max);
    ++*bad;
}

NwfLeaseFile *
nwf_lease_file_read(const char *path, const NwfClock *clock, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfLeaseFile) file = nwf_lease_file_new();
    gboolean cut;
    g_autoptr(GString) text = nwf_file_read(path, NWF_LEASE_FILE_MAX, &cut, &file->modified, error);

    if (!text)
        return NULL;
    nwf_lease_file_parse(file, (NwfBytes){(const guint8 *)text->str, text->len}, clock);
    nwf_lease_file_note(notes, path, &file->bad, cut, NWF_LEASE_FILE_MAX);
    return g_steal_pointer(&file);
}

/* ---- writing ---- */

/* Of each key the lease granted last, in force; records of one key stand together. */
static const NwfRecord *
newest_of_key(const GArray *records, guint *at, const NwfClock *clock)
{
    const NwfRecord *first = &g_array_index(records, NwfRecord, *at), *newest = NULL;

    for (; *at < records->len; (*at)++) {
        const NwfRecord *record = &g_array_index(records, NwfRecord, *at);
        if (record->mode != first->mode || strcmp(record->key, first->key) != 0)
            break;
        if (!record->lease.infinite && record->lease.expiry <= clock->boot)
            continue;
        if (!newest || record->lease.granted >= newest->lease.granted)
            newest = record;
    }
    return first->mode == NWF_LEARN_DHCP ? newest : NULL;
}

static void
format_line(GString *text, const NwfRecord *record, const NwfClock *clock)
{
    const NwfLease *lease = &record->lease;
    char address[NWF_ADDRESS_TEXT], server[NWF_ADDRESS_TEXT];
    gint64 seconds = (lease->expiry - clock->boot + clock->wall) / G_USEC_PER_SEC;

    nwf_address_format(address, &lease->address);
    nwf_address_format(server, &lease->next_server);
    if (lease->infinite)
        g_string_append_printf(text, WITHOUT_END " %s %s %s\n", record->key, address, server);
    else if (seconds > 0)
        g_string_append_printf(text, "%" G_GINT64_FORMAT " %s %s %s\n", seconds, record->key, address, server);
}

char *
nwf_lease_file_format(const GArray *records, const NwfClock *clock)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < records->len;) {
        const NwfRecord *newest = newest_of_key(records, &i, clock);
        if (newest)
            format_line(text, newest, clock);
    }
    return g_string_free(text, FALSE);
}

/* ---- merging ---- */

static gboolean
has_ended(const NwfRecord *record)
{
    return !record->lease.infinite && record->lease.expiry == 0;
}

void
nwf_lease_file_merge(GArray *records, const NwfLeaseFile *file)
{
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gpointer place;

    for (guint i = 0; i < records->len; i++)
        if (g_array_index(records, NwfRecord, i).mode == NWF_LEARN_DHCP)
            g_hash_table_insert(places, identity(&g_array_index(records, NwfRecord, i)), GUINT_TO_POINTER(i));
    for (guint i = 0; i < file->records->len; i++) {
        const NwfRecord *theirs = &g_array_index(file->records, NwfRecord, i);
        g_autofree char *name = identity(theirs);
        if (g_hash_table_lookup_extended(places, name, NULL, &place)) {
            NwfLease *ours = &g_array_index(records, NwfRecord, GPOINTER_TO_UINT(place)).lease;
            ours->infinite = theirs->lease.infinite;
            ours->expiry = theirs->lease.expiry;
            ours->next_server = theirs->lease.next_server;
        } else if (!has_ended(theirs)) {
            g_array_append_val(records, *theirs);
        }
    }
    for (guint i = records->len; i-- > 0;)
        if (has_ended(&g_array_index(records, NwfRecord, i)))
            g_array_remove_index(records, i);
}
