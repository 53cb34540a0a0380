/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state_file.c: our own file of learned addresses; see state_file.h
 *
 *     nwfilter-learn 1
 *     <checksum> <boot> <mode> <name> <ifindex> <key>
 *         <address> <expiry> <learned> <granted> <how> <server> <next> <client>
 *
 * Times are CLOCK_BOOTTIME: of another boot no line counts, and a step of the wall clock, while we run or while we are
 * away, makes no lease longer or shorter. A dash stands for what is not there. The checksum is the beginning of the
 * SHA-256 of the rest of the line: against damage, not against somebody who may write here. Mode and origin are words
 * of tables.
 */
#include <glib/gi18n-lib.h>
#include <string.h>

#include "driver/learn/state_file.h"
#include "driver/store/file.h"

#define VERSION "nwfilter-learn 1"
#define NOTHING "-"
enum { SUM_LENGTH = 16 };
#define TIME_MAX (G_GINT64_CONSTANT(1) << 53)

/* In the order of the line. */
enum {
    AT_SUM,
    AT_BOOT,
    AT_MODE,
    AT_NAME,
    AT_IFINDEX,
    AT_KEY,
    AT_ADDRESS,
    AT_EXPIRY,
    AT_LEARNED,
    AT_GRANTED,
    AT_HOW,
    AT_SERVER,
    AT_NEXT,
    AT_CLIENT,
    FIELDS
};

NwfStateFile *
nwf_state_file_new(void)
{
    NwfStateFile *file = g_new0(NwfStateFile, 1);

    file->records = g_array_new(FALSE, FALSE, sizeof(NwfRecord));
    return file;
}

void
nwf_state_file_free(NwfStateFile *file)
{
    if (!file)
        return;
    g_array_unref(file->records);
    g_free(file);
}

static char *
sum_of(const char *text)
{
    char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    sum[SUM_LENGTH] = '\0';
    return sum;
}

/* ---- writing ---- */

static void
append_time(GString *line, gint64 time)
{
    g_string_append_printf(line, " %" G_GINT64_FORMAT, time);
}

static void
append_address(GString *line, const NwfAddress *address)
{
    char text[NWF_ADDRESS_TEXT];

    g_string_append_printf(line, " %s", nwf_address_is_set(address) ? nwf_address_format(text, address) : NOTHING);
}

static void
append_client(GString *line, const NwfClientId *client)
{
    g_string_append(line, client->length > 0 ? " " : " " NOTHING);
    for (guint i = 0; i < client->length; i++)
        g_string_append_printf(line, "%02x", client->bytes[i]);
}

static void
format_line(GString *text, const NwfRecord *record, const char *boot_id)
{
    const NwfLease *lease = &record->lease;
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *sum = NULL;

    g_string_append_printf(line, "%s %s %s %u %s", boot_id, nwf_learn_mode_words[record->mode],
                           *record->name ? record->name : NOTHING, record->ifindex, record->key);
    append_address(line, &lease->address);
    if (lease->infinite)
        g_string_append(line, " " NOTHING);
    else
        append_time(line, lease->expiry);
    append_time(line, lease->learned);
    append_time(line, lease->granted);
    g_string_append_printf(line, " %s", nwf_lease_source_words[lease->source]);
    append_address(line, &lease->server);
    append_address(line, &lease->next_server);
    append_client(line, &lease->client);
    sum = sum_of(line->str);
    g_string_append_printf(text, "%s %s\n", sum, line->str);
}

char *
nwf_state_file_format(const GArray *records, const char *boot_id)
{
    GString *text = g_string_new(VERSION "\n");

    for (guint i = 0; i < records->len; i++)
        format_line(text, &g_array_index(records, NwfRecord, i), boot_id);
    return g_string_free(text, FALSE);
}

/* ---- reading ---- */

static gboolean
parse_word(guint *number, const char *const *words, guint n, const char *text)
{
    for (guint i = 0; i < n; i++)
        if (strcmp(words[i], text) == 0) {
            *number = i;
            return TRUE;
        }
    return FALSE;
}

/* A dash, or an address. */
static gboolean
parse_address(NwfAddress *address, const char *text)
{
    return strcmp(text, NOTHING) == 0 || (nwf_address_parse(address, text) && nwf_address_is_set(address));
}

static gboolean
parse_time(gint64 *time, const char *text)
{
    return g_ascii_string_to_signed(text, 10, -TIME_MAX, TIME_MAX, time, NULL);
}

/* What has been cannot be to come; if it seems so it was long ago, and no time of grace is left. */
static gboolean
parse_past(gint64 *time, const char *text, const NwfClock *clock)
{
    if (!parse_time(time, text))
        return FALSE;
    if (*time > clock->boot)
        *time = clock->boot - NWF_GRACE - 1;
    return TRUE;
}

static gboolean
parse_expiry(NwfLease *lease, const char *text, const NwfClock *clock)
{
    lease->infinite = strcmp(text, NOTHING) == 0;
    if (lease->infinite)
        return TRUE;
    if (!parse_time(&lease->expiry, text))
        return FALSE;
    lease->expiry = MIN(lease->expiry, clock->boot + (gint64)NWF_LEASE_SECONDS_MAX * G_USEC_PER_SEC);
    return TRUE;
}

static gboolean
parse_client(NwfClientId *client, const char *text)
{
    gsize length = strlen(text);

    if (strcmp(text, NOTHING) == 0)
        return TRUE;
    if (length % 2 != 0 || length / 2 > sizeof(client->bytes))
        return FALSE;
    for (gsize i = 0; i < length; i += 2) {
        if (!g_ascii_isxdigit(text[i]) || !g_ascii_isxdigit(text[i + 1]))
            return FALSE;
        client->bytes[i / 2] = (guint8)(g_ascii_xdigit_value(text[i]) * 16 + g_ascii_xdigit_value(text[i + 1]));
    }
    client->length = (guint8)(length / 2);
    return TRUE;
}

/* What the modes have of name, index and end. */
static gboolean
fits_its_mode(const NwfRecord *record)
{
    if (record->mode == NWF_LEARN_ANY)
        return *record->name != '\0' && record->lease.infinite;
    return *record->name == '\0' && record->ifindex == 0 && record->lease.source == NWF_SOURCE_ACK;
}

static gboolean
parse_fields(NwfRecord *record, char *const fields[FIELDS], const NwfClock *clock)
{
    NwfLease *lease = &record->lease;
    guint64 ifindex = 0;
    guint mode = 0, source = 0;

    memset(record, 0, sizeof(*record));
    if (!parse_word(&mode, nwf_learn_mode_words, NWF_LEARN_MODES, fields[AT_MODE]) ||
        !parse_word(&source, nwf_lease_source_words, NWF_SOURCES, fields[AT_HOW]) ||
        strlen(fields[AT_NAME]) >= sizeof(record->name) ||
        !g_ascii_string_to_unsigned(fields[AT_IFINDEX], 10, 0, G_MAXINT32, &ifindex, NULL) ||
        !nwf_lease_key_parse(record->key, fields[AT_KEY]) || !parse_address(&lease->address, fields[AT_ADDRESS]) ||
        nwf_address_policy(NULL, &lease->address, NULL) != NWF_REFUSAL_NONE ||
        !parse_expiry(lease, fields[AT_EXPIRY], clock) || !parse_past(&lease->learned, fields[AT_LEARNED], clock) ||
        !parse_past(&lease->granted, fields[AT_GRANTED], clock) || !parse_address(&lease->server, fields[AT_SERVER]) ||
        !parse_address(&lease->next_server, fields[AT_NEXT]) || !parse_client(&lease->client, fields[AT_CLIENT]))
        return FALSE;
    record->mode = mode;
    lease->source = source;
    record->ifindex = (guint)ifindex;
    if (strcmp(fields[AT_NAME], NOTHING) != 0)
        g_strlcpy(record->name, fields[AT_NAME], sizeof(record->name));
    return fits_its_mode(record);
}

static void
take_line(NwfStateFile *file, const char *line, const char *boot_id, const NwfClock *clock)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", FIELDS + 1);
    g_autofree char *sum = NULL;
    NwfRecord record;

    if (g_strv_length(fields) != FIELDS) {
        file->bad++;
        return;
    }
    sum = sum_of(line + strlen(fields[AT_SUM]) + 1);
    if (strcmp(sum, fields[AT_SUM]) != 0 || !parse_fields(&record, fields, clock))
        file->bad++;
    else if (strcmp(fields[AT_BOOT], boot_id) != 0)
        file->foreign++;
    else if (record.lease.infinite || record.lease.expiry > clock->boot)
        g_array_append_val(file->records, record);
}

/* A file of another version is damaged as a whole. */
void
nwf_state_file_parse(NwfStateFile *file, NwfBytes text, const char *boot_id, const NwfClock *clock)
{
    gboolean known = FALSE;
    NwfBytes piece;
    gsize at = 0;

    if (nwf_bytes_line(text, &at, &piece)) {
        g_autofree char *version = g_strndup((const char *)piece.data, piece.length);
        known = strcmp(version, VERSION) == 0;
        if (!known)
            file->bad++;
    }
    while (known && nwf_bytes_line(text, &at, &piece)) {
        g_autofree char *line = g_strndup((const char *)piece.data, MIN(piece.length, NWF_STATE_LINE_MAX + 1));
        if (piece.length > NWF_STATE_LINE_MAX || strlen(line) != piece.length)
            file->bad++;
        else
            take_line(file, line, boot_id, clock);
    }
}

NwfStateFile *
nwf_state_file_read(const char *path, const char *boot_id, const NwfClock *clock, NwfNotes *notes, GError **error)
{
    g_autoptr(NwfStateFile) file = nwf_state_file_new();
    gboolean cut;
    g_autoptr(GString) text = nwf_file_read(path, NWF_STATE_FILE_MAX, &cut, &file->modified, error);

    if (!text)
        return NULL;
    nwf_state_file_parse(file, (NwfBytes){(const guint8 *)text->str, text->len}, boot_id, clock);
    nwf_lease_file_note(notes, path, &file->bad, cut, NWF_STATE_FILE_MAX);
    return g_steal_pointer(&file);
}

gboolean
nwf_state_file_write(const char *path, const GArray *records, const char *boot_id, GError **error)
{
    g_autofree char *text = nwf_state_file_format(records, boot_id);

    return nwf_file_replace(path, text, error);
}

/* ---- both files ---- */

GArray *
nwf_state_load(const char *state_path, const char *lease_path, const char *boot_id, const NwfClock *clock,
               NwfNotes *notes)
{
    g_autoptr(GError) state_error = NULL;
    g_autoptr(GError) lease_error = NULL;
    g_autoptr(NwfStateFile) state = nwf_state_file_read(state_path, boot_id, clock, notes, &state_error);
    g_autoptr(NwfLeaseFile) leases = nwf_lease_file_read(lease_path, clock, notes, &lease_error);
    GArray *records = state ? g_array_ref(state->records) : g_array_new(FALSE, FALSE, sizeof(NwfRecord));

    if (state && state->bad > 0)
        nwf_file_backup_damaged(state_path);
    if (leases && leases->bad > 0)
        nwf_file_backup_damaged(lease_path);
    if (!state)
        nwf_note(notes, "%s", state_error->message);
    if (!leases)
        nwf_note(notes, "%s", lease_error->message);
    else if (leases->modified > (state ? state->modified : 0))
        nwf_lease_file_merge(records, leases);
    return records;
}

gboolean
nwf_state_write(const GArray *records, const char *state_path, const char *lease_path, const char *boot_id,
                const NwfClock *clock, GError **error)
{
    g_autofree char *text = nwf_lease_file_format(records, clock);
    gboolean stock = nwf_file_replace(lease_path, text, error);

    return nwf_state_file_write(state_path, records, boot_id, stock ? error : NULL) && stock;
}
